//! What photographs taught: weights and starting statistics, in `priors.bin`.
//!
//! Out: a [`Model`] for a segment, quick or dense. Bit-exact. The file was made by `tintype-dev fit --codec jpeg`.

use super::block_walk::Model;
use super::contexts::Priors;
use super::expectation::{WEIGHT_BYTES, Weights};
use super::mixed_tables::MixedTables;
use super::symbol_tables::{DISTRIBUTIONS, Distributions, SIGNS, Start, SymbolTables};
use fearless_simd::Simd;
use std::sync::LazyLock;

/// The file taken apart.
pub struct Learnt {
    weights: [Weights; 3],
    /// The quick model's signs and distributions, luma then chroma.
    quick: [(Vec<u8>, Start); 2],
    /// The dense model's tables, luma then chroma.
    dense: Vec<u8>,
}

impl Learnt {
    /// Takes `bytes` apart; what is missing is as if nothing had been learnt.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut rest = Priors { bytes };
        let weights = std::array::from_fn(|_| Weights::from_bytes(rest.take(WEIGHT_BYTES)));
        let quick = std::array::from_fn(|_| {
            (rest.take(SIGNS).to_vec(), Start::from_priors(rest.take(16 * DISTRIBUTIONS)))
        });
        Self { weights, quick, dense: rest.bytes.to_vec() }
    }

    /// The weights.
    pub fn weights(&self) -> &[Weights; 3] {
        &self.weights
    }

    /// The quick model at its start.
    #[inline(always)]
    pub fn quick<S: Simd>(&self, simd: S) -> Model<'_, SymbolTables<Distributions<S>>> {
        let tables = |i: usize| {
            SymbolTables::new(Distributions::new(simd, &self.quick[i].1), &self.quick[i].0)
        };
        Model { weights: &self.weights, tables: [tables(0), tables(1)] }
    }

    /// The dense model at its start.
    pub fn dense(&self) -> Model<'_, MixedTables> {
        let mut rest = Priors { bytes: &self.dense };
        let mut tables = || MixedTables::new(&mut rest);
        Model { weights: &self.weights, tables: [tables(), tables()] }
    }
}

static BYTES: &[u8] = include_bytes!("priors.bin");

/// What the program knows.
pub static LEARNT: LazyLock<Learnt> = LazyLock::new(|| Learnt::from_bytes(BYTES));

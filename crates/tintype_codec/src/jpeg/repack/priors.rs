//! What photographs taught: weights and starting statistics, in `priors.bin`.
//!
//! Out: a [`Model`] for a segment, quick or dense. Exact zone. The file was made by the example `jpeg_fit`.

use super::block_walk::{Bits, Model};
use super::contexts::Priors;
use super::expectation::{WEIGHT_BYTES, Weights};
use super::mixed_tables::MixedTables;
use super::symbol_tables::{DISTRIBUTIONS, Distribution, SymbolTables, distributions};
use std::sync::LazyLock;

/// The file taken apart.
pub struct Learnt {
    weights: [Weights; 3],
    /// Single bits of luma and chroma.
    bits: [Vec<u8>; 2],
    /// The quick model's distributions of luma and chroma.
    quick: [Vec<Distribution>; 2],
    /// The dense model's tables, luma then chroma.
    dense: Vec<u8>,
}

impl Learnt {
    /// Takes `bytes` apart; what is missing is as if nothing had been learnt.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut rest = Priors { bytes };
        let weights = std::array::from_fn(|_| Weights::from_bytes(rest.take(WEIGHT_BYTES)));
        let bits = std::array::from_fn(|_| rest.take(Bits::COUNT).to_vec());
        let quick = std::array::from_fn(|_| distributions(rest.take(16 * DISTRIBUTIONS)));
        Self { weights, bits, quick, dense: rest.bytes.to_vec() }
    }

    /// The weights.
    pub fn weights(&self) -> &[Weights; 3] {
        &self.weights
    }

    /// The quick model at its start.
    pub fn quick(&self) -> Model<'_, SymbolTables<Vec<Distribution>>> {
        let tables = |i: usize| SymbolTables::new(self.quick[i].clone(), &mut Priors { bytes: &self.bits[i] });
        Model { weights: &self.weights, tables: [tables(0), tables(1)] }
    }

    /// The dense model at its start.
    pub fn dense(&self) -> Model<'_, MixedTables> {
        let mut rest = Priors { bytes: &self.dense };
        let mut tables = |i: usize| MixedTables::new(&mut rest, &mut Priors { bytes: &self.bits[i] });
        Model { weights: &self.weights, tables: [tables(0), tables(1)] }
    }
}

static BYTES: &[u8] = include_bytes!("priors.bin");

/// What the program knows.
pub static LEARNT: LazyLock<Learnt> = LazyLock::new(|| Learnt::from_bytes(BYTES));

//! What photographs taught: weights and starting statistics, from `priors.bin`.
//!
//! Out: a [`SegmentModel`], quick or dense. Bit-exact: the file is part of the format. It was
//! made by `fit.rs`; how, docs/lab says.

use super::bit_table::PriorsReader;
use super::dense_model::DenseModel;
use super::distributions::{DISTRIBUTIONS, Distributions, StartDistributions};
use super::expected_magnitudes::{WEIGHT_BYTES, Weights};
use super::quick_model::{QuickModel, SIGNS};
use super::segment_walk::SegmentModel;
use fearless_simd::Simd;
use std::sync::LazyLock;

/// The priors file taken apart.
pub struct Priors {
    weights: [Weights; 3],
    /// The quick model's signs and distributions, luma then chroma.
    quick: [(Vec<u8>, StartDistributions); 2],
    /// The dense model's tables, luma then chroma.
    dense: Vec<u8>,
}

impl Priors {
    /// Takes `bytes` apart; what is missing starts untaught.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut rest = PriorsReader { bytes };
        let weights = std::array::from_fn(|_| Weights::from_bytes(rest.take(WEIGHT_BYTES)));
        let quick = std::array::from_fn(|_| {
            let signs = rest.take(SIGNS).to_vec();
            (signs, StartDistributions::from_priors(rest.take(16 * DISTRIBUTIONS)))
        });
        Self { weights, quick, dense: rest.bytes.to_vec() }
    }

    /// The weights of luma, Cb and Cr.
    pub fn weights(&self) -> &[Weights; 3] {
        &self.weights
    }

    /// The quick model at its start.
    #[inline(always)]
    pub fn quick<S: Simd>(&self, simd: S) -> SegmentModel<'_, QuickModel<Distributions<S>>> {
        let model = |i: usize| {
            let (signs, start) = &self.quick[i];
            QuickModel::new(Distributions::new(simd, start), signs)
        };
        SegmentModel { weights: &self.weights, models: [model(0), model(1)] }
    }

    /// The dense model at its start.
    pub fn dense(&self) -> SegmentModel<'_, DenseModel> {
        let mut rest = PriorsReader { bytes: &self.dense };
        let mut model = || DenseModel::new(&mut rest);
        SegmentModel { weights: &self.weights, models: [model(), model()] }
    }
}

/// The bytes of the priors file.
pub static PRIORS_FILE: &[u8] = include_bytes!("priors.bin");

/// The priors of the format.
pub static SHIPPED: LazyLock<Priors> = LazyLock::new(|| Priors::from_bytes(PRIORS_FILE));

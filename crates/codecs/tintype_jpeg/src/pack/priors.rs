//! What photographs taught: weights and starting statistics, from `priors.bin`, which
//! is packed inside the program.
//!
//! Out: a [`SegmentModel`], quick or dense. Bit-exact: the file is part of the format. It was
//! made by `fit.rs`; how, docs/lab says.

use super::bit_table::PriorsReader;
use super::dense_model::DenseModel;
use super::distributions::{DISTRIBUTIONS, Distributions, StartDistributions};
use super::expected_magnitudes::{WEIGHT_BYTES, Weights};
use super::priors_packing::{GROUP, unpacked};
use super::quick_model::{QuickModel, SIGNS};
use super::segment_walk::SegmentModel;
use fearless_simd::Simd;
use std::sync::{LazyLock, OnceLock};
use tintype_entropy::huffman::unpacked_bytes;

/// The priors file taken apart.
pub struct Priors {
    weights: [Weights; 3],
    /// The quick model's signs and distributions, luma then chroma.
    quick: [(Vec<u8>, StartDistributions); 2],
    dense: DensePriors,
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
        Self { weights, quick, dense: DensePriors::Plain(rest.bytes.to_vec()) }
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
        let mut rest = PriorsReader { bytes: self.dense.bytes() };
        let mut model = || DenseModel::new(&mut rest);
        SegmentModel { weights: &self.weights, models: [model(), model()] }
    }
}

/// `priors.bin`, packed by [`super::priors_packing`]: what every file needs is unpacked at the first
/// one, in about three milliseconds; what the dense model needs alone when that is first used, which
/// takes 15 to 40.
pub static PACKED: &[u8] = include_bytes!("priors.packed");

/// Bytes of `priors.bin` before the dense model's.
pub const QUICK_BYTES: usize = 3 * WEIGHT_BYTES + 2 * (SIGNS + 16 * DISTRIBUTIONS);

/// The dense model's bytes.
pub const DENSE_BYTES: usize = 1_648_862 - QUICK_BYTES;

/// The priors of the format.
pub static SHIPPED: LazyLock<Priors> = LazyLock::new(|| {
    let whole = "the packed priors are whole";
    let (quick, dense) = unpacked_bytes(PACKED, GROUP, QUICK_BYTES).expect(whole);
    let dense = DensePriors::Packed(dense, OnceLock::new());
    Priors { dense, ..Priors::from_bytes(&quick) }
});

/// The dense model's tables, luma then chroma.
enum DensePriors {
    Plain(Vec<u8>),
    /// Packed ones, unpacked when first used.
    Packed(&'static [u8], OnceLock<Vec<u8>>),
}

impl DensePriors {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Plain(bytes) => bytes,
            Self::Packed(packed, bytes) => bytes.get_or_init(|| unpacked(packed, DENSE_BYTES)),
        }
    }
}

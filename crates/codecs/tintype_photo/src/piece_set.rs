//! Affine pieces in integers.

use super::weights::UNIT;
use std::sync::OnceLock;
use tintype_block::{PairedRows, Predictor};

/// One affine piece in integers.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Of a block from its border.
    pub predictor: Predictor,
    /// `kept × n²`, by falling variance; empty for blocks of 32, whose basis is the DCT's.
    pub basis: Vec<i16>,
    /// One weight of the step for each row, of 32 a weight of 1.
    pub weights: Vec<u8>,
    /// 1 over each weight.
    pub(crate) reciprocals: Vec<f32>,
    /// The basis by samples: made when the first block is transformed.
    transform: OnceLock<PairedRows>,
}

impl Piece {
    /// A piece with a predictor, `kept × n²` entries of a basis (or none), and weights.
    pub fn new(predictor: Predictor, basis: Vec<i16>, weights: Vec<u8>) -> Self {
        let reciprocals = weights.iter().map(|&weight| UNIT as f32 / f32::from(weight)).collect();
        Self { predictor, basis, weights, reciprocals, transform: OnceLock::new() }
    }

    /// The basis as what a block's samples, `samples` of them, are transformed by: one row for each
    /// sample, one column for each basis row.
    pub(crate) fn transform(&self, samples: usize) -> &PairedRows {
        self.transform.get_or_init(|| {
            let kept = self.basis.len() / samples;
            let entry = |i: usize| self.basis[i % kept * samples + i / kept];
            let rows: Vec<i16> = (0..self.basis.len()).map(entry).collect();
            PairedRows::from_rows(&rows, kept)
        })
    }
}

/// Pieces for one block size and kind of plane.
#[derive(Clone, Debug, PartialEq)]
pub struct PieceSet {
    /// Side of the block: 8, 16 or 32.
    pub n: usize,
    /// Basis rows of each piece.
    pub kept: usize,
    /// By falling frequency of use.
    pub pieces: Vec<Piece>,
}

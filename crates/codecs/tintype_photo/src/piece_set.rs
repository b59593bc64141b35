//! Affine pieces in integers.

use tintype_block::Predictor;

/// One affine piece in integers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Of a block from its border.
    pub predictor: Predictor,
    /// `kept × n²`, by falling variance; empty for blocks of 32, whose basis is the DCT's.
    pub basis: Vec<i16>,
    /// One weight of the step for each row, of 32 a weight of 1.
    pub weights: Vec<u8>,
}

/// Pieces for one block size and kind of plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceSet {
    /// Side of the block: 8, 16 or 32.
    pub n: usize,
    /// Basis rows of each piece.
    pub kept: usize,
    /// By falling frequency of use.
    pub pieces: Vec<Piece>,
}

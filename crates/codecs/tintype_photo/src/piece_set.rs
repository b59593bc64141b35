//! Affine pieces in integers.

use super::weights::{UNIT, row_weights};
use std::sync::OnceLock;
use tintype_block::{BORDER_INPUTS, PairedRows, Predictor, RowReader};
use tintype_codec::CodecError;

/// One affine piece in integers. What a picture does not use of it is never unpacked: a model has more
/// rows than a small picture has samples.
#[derive(Clone, Debug)]
pub struct Piece {
    stored: Stored,
    predictor: OnceLock<Predictor>,
    basis: OnceLock<Basis>,
    /// The basis by samples.
    transform: OnceLock<PairedRows>,
}

/// A piece's rows as a model stores them.
#[derive(Clone, Debug, Default)]
struct Stored {
    /// Of the predictor, one row for each border input, then of the basis.
    rows: Vec<u8>,
    /// Side of the block.
    side: usize,
    /// Gain of the frequencies of rows.
    gain: i32,
}

/// Basis rows with their weights.
#[derive(Clone, Debug)]
struct Basis {
    /// `kept × n²`, by falling variance; empty for blocks of 32, whose basis is the DCT's.
    rows: Vec<i16>,
    /// One weight of the step for each row, of 32 a weight of 1.
    weights: Vec<u8>,
    /// 1 over each weight.
    reciprocals: Vec<f32>,
}

impl Basis {
    fn new(rows: Vec<i16>, weights: Vec<u8>) -> Self {
        let reciprocals = weights.iter().map(|&weight| UNIT as f32 / f32::from(weight)).collect();
        Self { rows, weights, reciprocals }
    }
}

impl Stored {
    /// `count` rows after the `skipped` first ones.
    fn entries(&self, skipped: usize, count: usize) -> Vec<i16> {
        let samples = self.side * self.side;
        let mut reader = RowReader { bytes: &self.rows, at: skipped * (2 + samples) };
        reader.rows(count, samples).expect("as many bytes as were taken for the rows")
    }

    fn basis(&self) -> Basis {
        let kept = self.rows.len() / (2 + self.side * self.side) - BORDER_INPUTS;
        let rows = self.entries(BORDER_INPUTS, kept);
        let weights = row_weights(&rows, self.side, self.gain);
        Basis::new(rows, weights)
    }
}

impl Piece {
    /// A piece with a predictor and the weights of a basis that is not its own.
    pub fn fixed(predictor: Predictor, weights: Vec<u8>) -> Self {
        let basis = Basis::new(Vec::new(), weights);
        Self {
            stored: Stored::default(),
            predictor: predictor.into(),
            basis: basis.into(),
            transform: OnceLock::new(),
        }
    }

    /// The next piece of a model, for blocks of `side`, with `kept` basis rows whose frequencies weigh
    /// `gain`.
    ///
    /// # Errors
    /// `Truncated` if there are fewer bytes.
    pub fn read(
        reader: &mut RowReader<'_>,
        side: usize,
        kept: usize,
        gain: i32,
    ) -> Result<Self, CodecError> {
        let rows = reader.take((BORDER_INPUTS + kept) * (2 + side * side))?.to_vec();
        let stored = Stored { rows, side, gain };
        Ok(Self {
            stored,
            predictor: OnceLock::new(),
            basis: OnceLock::new(),
            transform: OnceLock::new(),
        })
    }

    /// Of a block from its border.
    #[inline]
    pub fn predictor(&self) -> &Predictor {
        self.predictor.get_or_init(|| {
            let rows = self.stored.entries(0, BORDER_INPUTS);
            Predictor::from_rows(&rows, self.stored.side * self.stored.side)
        })
    }

    /// The basis, `kept × n²` entries by falling variance; none for blocks of 32, whose basis is the DCT's.
    #[inline]
    pub fn basis(&self) -> &[i16] {
        &self.whole_basis().rows
    }

    /// One weight of the step for each row, of 32 a weight of 1.
    #[inline]
    pub fn weights(&self) -> &[u8] {
        &self.whole_basis().weights
    }

    /// 1 over each weight.
    #[inline]
    pub(crate) fn reciprocals(&self) -> &[f32] {
        &self.whole_basis().reciprocals
    }

    #[inline]
    fn whole_basis(&self) -> &Basis {
        self.basis.get_or_init(|| self.stored.basis())
    }

    /// The basis as what a block's samples, `samples` of them, are transformed by: one row for each
    /// sample, one column for each basis row.
    pub(crate) fn transform(&self, samples: usize) -> &PairedRows {
        self.transform.get_or_init(|| {
            let basis = self.basis();
            let kept = basis.len() / samples;
            let entry = |i: usize| basis[i % kept * samples + i / kept];
            let rows: Vec<i16> = (0..basis.len()).map(entry).collect();
            PairedRows::from_rows(&rows, kept)
        })
    }
}

/// Pieces for one block size and kind of plane.
#[derive(Clone, Debug)]
pub struct PieceSet {
    /// Side of the block: 8, 16 or 32.
    pub n: usize,
    /// Basis rows of each piece.
    pub kept: usize,
    /// By falling frequency of use.
    pub pieces: Vec<Piece>,
}

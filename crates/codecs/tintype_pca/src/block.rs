//! Prediction and synthesis of one block: the same integer arithmetic in encoder and decoder.
//!
//! In: a border, a piece, quantised coefficients. Out: `n²` internal samples. Bit-exact: integers only; additions wrap,
//! so that hostile coefficients give some picture and never a panic.

use super::border::{BORDER_INPUTS, Border};
use super::model::Piece;
use tintype_block::ENTRY_BITS;
use tintype_block::INTERNAL_MAX;

/// Largest magnitude of a dequantised coefficient.
const COEFFICIENT_MAX: i32 = 1 << 17;

/// How coefficients are turned back into amplitudes: `sign · (|level| · step − shrink)`, in internal units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dequantiser {
    /// Step in internal units, at least 1.
    pub step: i32,
    /// What is taken off a level of 1; half of it off larger ones.
    pub shrink: i32,
}

impl Dequantiser {
    /// The amplitude of `level`.
    pub fn amplitude(&self, level: i16) -> i32 {
        let magnitude = i32::from(level.unsigned_abs());
        let shrink = match magnitude {
            0 => 0,
            1 => self.shrink,
            _ => self.shrink / 2,
        };
        let value = magnitude.saturating_mul(self.step).saturating_sub(shrink).min(COEFFICIENT_MAX);
        if level < 0 { -value } else { value }
    }
}

/// What the piece expects from the border, into `out` (`n²` sums with [`ENTRY_BITS`] fractional bits).
#[inline(always)]
pub fn predict(border: &Border, piece: &Piece, out: &mut [i32]) {
    let samples = out.len();
    out.fill(border.mean << ENTRY_BITS);
    for (input, row) in border.inputs.iter().zip(piece.predictor.chunks_exact(samples)) {
        add_row(out, *input, row);
    }
    debug_assert_eq!(piece.predictor.len(), BORDER_INPUTS * samples);
}

/// Adds the coefficients' part to the sums of [`predict`].
#[inline(always)]
pub fn synthesise(levels: &[i16], piece: &Piece, dequantiser: &Dequantiser, out: &mut [i32]) {
    let samples = out.len();
    for (level, row) in levels.iter().zip(piece.basis.chunks_exact(samples)) {
        if *level != 0 {
            add_row(out, dequantiser.amplitude(*level), row);
        }
    }
}

#[inline(always)]
fn add_row(out: &mut [i32], factor: i32, row: &[i16]) {
    for (sum, &entry) in out.iter_mut().zip(row) {
        *sum = sum.wrapping_add(factor.wrapping_mul(i32::from(entry)));
    }
}

/// A sum as an internal sample.
pub fn sample_from_sum(sum: i32) -> i16 {
    (sum.wrapping_add(1 << (ENTRY_BITS - 1)) >> ENTRY_BITS).clamp(-INTERNAL_MAX, INTERNAL_MAX)
        as i16
}

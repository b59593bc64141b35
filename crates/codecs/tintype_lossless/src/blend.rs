//! Eight simple predictions of a sample, blended by their errors nearby.
//!
//! In: a plane with its border, up to two reference planes. Out: predictions in sixteenths of
//! a sample step.
//! Bit-exact: integers, and `f32` in a fixed order for the weights (decision record 0001).
//! Source: weighting by the errors of neighbours as in JPEG XL's self-correcting predictor;
//! sets and powers our own.

use super::padded_plane::{PAD, PaddedPlane};
use fearless_simd::{Simd, SimdBase, SimdCvtFloat, f32x8, i32x8};

/// Number of predictions blended.
pub(super) const PREDICTORS: usize = 8;

/// The absolute errors of each prediction in the row above and in this row, with borders.
pub(super) struct Blend {
    above: Vec<[i32; PREDICTORS]>,
    current: Vec<[i32; PREDICTORS]>,
    width: usize,
}

impl Blend {
    pub fn new(width: usize) -> Self {
        let row = vec![[0; PREDICTORS]; width + 2 * PAD];
        Self { above: row.clone(), current: row, width }
    }

    pub fn begin_row(&mut self) {
        std::mem::swap(&mut self.above, &mut self.current);
        let (first, last) = (self.above[PAD], self.above[PAD + self.width - 1]);
        self.above[..PAD].fill(first);
        self.above[PAD + self.width..].fill(last);
        self.current[..PAD].fill(first);
    }

    /// The mean of `predictions` for column `x`, each weighted by the inverse cube of its
    /// errors around it. The power and the 8 that keeps weights finite (half a sample step)
    /// were chosen on photos/valid; single figures were not kept.
    #[inline(always)]
    pub fn blend<S: Simd>(&self, simd: S, x: usize, predictions: &[i32; PREDICTORS]) -> f32 {
        let column = x + PAD;
        let (last, before) = (&self.current[column - 1], &self.current[column - 2]);
        let north = i32x8::from_slice(simd, &self.above[column]);
        let sides = i32x8::from_slice(simd, &self.above[column - 1])
            + i32x8::from_slice(simd, &self.above[column + 1]);
        let row = i32x8::from_slice(simd, last);
        let errors = (sides + north + north) + (row + row + i32x8::from_slice(simd, before));
        let errors = f32x8::float_from(errors) + 8.0;
        let weights = f32x8::splat(simd, 1.0) / (errors * errors * errors);
        let terms = weights * f32x8::float_from(i32x8::from_slice(simd, predictions));
        simd.reduce_sum_f32x8(terms) / simd.reduce_sum_f32x8(weights)
    }

    /// Stores the errors of the predictions of column `x`.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, x: usize, predictions: &[i32; PREDICTORS], sample: i32) {
        let error = i32x8::splat(simd, sample << 4) - i32x8::from_slice(simd, predictions);
        error.max(-error).store_slice(&mut self.current[x + PAD]);
    }
}

/// Predictions of the sample at `i` of plane `d`, whose rows are `s` apart; `references` were
/// coded before, latest first.
#[inline(always)]
pub(super) fn predictions(
    d: &[i32],
    references: &[&PaddedPlane],
    s: usize,
    i: usize,
) -> [i32; PREDICTORS] {
    let (w, n, nw, ne) = (d[i - 1], d[i - s], d[i - s - 1], d[i - s + 1]);
    let (ww, nn, nne) = (d[i - 2], d[i - 2 * s], d[i - 2 * s + 1]);
    let Some(first) = references.first() else {
        return [
            (w + n - nw) << 4,
            (w + ne - n) << 4,
            n << 4,
            w << 4,
            (2 * n - nn) << 4,
            (n + ne - nne) << 4,
            (w * 4 + n * 3 + ne * 3 - nw * 2) * 2,
            (2 * w - ww) << 4,
        ];
    };
    let r = &first.data;
    let (c, rw, rn, rnw, rne) = (r[i], r[i - 1], r[i - s], r[i - s - 1], r[i - s + 1]);
    let average = match references.get(1) {
        Some(second) => {
            let r = &second.data;
            ((w + n - r[i - 1] - r[i - s]) << 3) + (r[i] << 4)
        }
        None => (n + ne - nne) << 4,
    };
    [
        (w + n - nw - rw - rn + rnw + c) << 4,
        (n - rn + c) << 4,
        (w - rw + c) << 4,
        (w + ne - n - rw - rne + rn + c) << 4,
        (w + n - nw) << 4,
        ((w - rw) * 4 + (n - rn) * 3 + (ne - rne) * 3 - (nw - rnw) * 2) * 2 + (c << 4),
        average,
        ((w + n) << 3) + ((2 * c - rw - rn) << 2),
    ]
}

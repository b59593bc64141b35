//! Eight simple predictions of a sample, blended by how wrong each was nearby.
//!
//! In: a plane with its border, up to two planes coded before. Out: predictions in sixteenths of a sample step.
//! Exact zone: integers, and `f32` in a fixed order for the weights (decision record 0001).
//! Source: weighting by the errors of neighbours as in JPEG XL's self-correcting predictor; sets and powers our own.

use super::grid::{Grid, PAD};

/// Number of predictions blended.
pub(super) const PREDICTORS: usize = 8;

/// The errors of the row above and of this row, with borders.
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

    /// The mean of `predictions` for column `x`, each weighted by the inverse cube of its errors around it.
    #[inline(always)]
    pub fn blend(&self, x: usize, predictions: &[i32; PREDICTORS]) -> f32 {
        let column = x + PAD;
        let (west, north, east) = (&self.above[column - 1], &self.above[column], &self.above[column + 1]);
        let (last, before) = (&self.current[column - 1], &self.current[column - 2]);
        let mut weights = [0f32; PREDICTORS];
        for k in 0..PREDICTORS {
            let error = west[k] + north[k] * 2 + east[k] + last[k] * 2 + before[k];
            let error = error as f32 + 8.0;
            weights[k] = 1.0 / (error * error * error);
        }
        let (mut sum, mut weight) = (0f32, 0f32);
        for k in 0..PREDICTORS {
            sum += weights[k] * predictions[k] as f32;
            weight += weights[k];
        }
        sum / weight
    }

    /// Notes how wrong each prediction of column `x` was.
    #[inline(always)]
    pub fn update(&mut self, x: usize, predictions: &[i32; PREDICTORS], sample: i32) {
        for k in 0..PREDICTORS {
            self.current[x + PAD][k] = ((sample << 4) - predictions[k]).abs();
        }
    }
}

/// Predictions of the sample at `i` of plane `d`, whose rows are `s` apart; `others` were coded before, latest first.
#[inline(always)]
pub(super) fn predictions(d: &[i32], others: &[&Grid], s: usize, i: usize) -> [i32; PREDICTORS] {
    let (w, n, nw, ne) = (d[i - 1], d[i - s], d[i - s - 1], d[i - s + 1]);
    let (ww, nn, nne) = (d[i - 2], d[i - 2 * s], d[i - 2 * s + 1]);
    let Some(first) = others.first() else {
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
    let other = match others.get(1) {
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
        other,
        ((w + n) << 3) + ((2 * c - rw - rn) << 2),
    ]
}

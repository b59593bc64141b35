//! Least squares over a window that fades with distance in both directions, solved anew at every
//! sample.
//!
//! In: a vector of `NP` numbers a sample, features first and the target last. Out: the linear
//! prediction of the target that fits best the samples coded so far, each weighted by
//! `fade^(|dx| + |dy|)` and a weight of its own. Products are kept as sums over blocks of
//! columns: what lies above is summed from the right once a row, what lies to the left is
//! carried along, so that a sample costs one outer product and one elimination.
//! Bit-exact: `f32` additions, multiplications and divisions, lane by lane in a fixed order
//! (decision record 0001).
//! Source: least-squares prediction as in X. Li and M. Orchard (2001); the two-sided window is
//! our own.

use super::two_levels::two_levels;
use tintype_image::Level;

/// Eight numbers that are computed together.
type Lane = [f32; 8];
/// Columns that share a weight; 4 divides the cost of moving sums by 4. Not tuned.
const BLOCK: usize = 4;

/// Sums of products and the weights solved from them; `NP` is a multiple of 8.
pub(super) struct WindowedLeastSquares<const NP: usize> {
    /// Number of features in use, below `NP`.
    count: usize,
    fade: f32,
    ridge: f32,
    /// Sums of each block of columns over the rows above, faded.
    columns: Vec<Lane>,
    /// For each block, the sums above it and to the right.
    right: Vec<Lane>,
    /// The sums of the blocks to the left, this row included.
    left: Vec<Lane>,
    /// The sums of this row's part of the current block.
    block: Vec<Lane>,
    /// `left` and `right` at the current block.
    around: Vec<Lane>,
    /// The matrix being factored.
    work: Vec<Lane>,
    /// Inverse pivots, 0 for features left out.
    inverse: [f32; NP],
}

impl<const NP: usize> WindowedLeastSquares<NP> {
    /// Lanes of the upper triangle without its last row; row `i` starts at the lane that holds
    /// its diagonal.
    const SIZE: usize = {
        let mut size = 0;
        let mut i = 0;
        while i < NP {
            size += (NP - i / 8 * 8) / 8;
            i += 1;
        }
        size
    };

    /// Index of the first stored lane of row `i`, which is its lane `i / 8`.
    #[inline(always)]
    const fn row(i: usize) -> usize {
        let (full, part) = (i / 8, i % 8);
        let lanes = NP / 8;
        // Rows of the groups before, then those of this group, less the lanes not stored.
        let mut start = 0;
        let mut g = 0;
        while g < full {
            start += 8 * (lanes - g);
            g += 1;
        }
        start + part * (lanes - full)
    }

    /// For planes `width` samples wide, with `count` features. `fade` is the factor of a
    /// weight from one sample to the next; `ridge` is added to the diagonal.
    pub fn new(width: usize, count: usize, fade: f32, ridge: f32) -> Self {
        assert!(NP.is_multiple_of(8) && NP <= 32 && count < NP);
        let blocks = width.div_ceil(BLOCK) + 1;
        let zeros = |n: usize| vec![[0f32; 8]; n * Self::SIZE];
        Self {
            count,
            fade,
            ridge,
            columns: zeros(blocks),
            right: zeros(blocks),
            left: zeros(1),
            block: zeros(1),
            around: zeros(1),
            work: zeros(1),
            inverse: [0.0; NP],
        }
    }

    /// Sums from the right what lies above the next row.
    pub fn begin_row(&mut self, level: Level) {
        two_levels!(level, _simd => self.begin_row_with_vectors());
    }

    #[inline(always)]
    fn begin_row_with_vectors(&mut self) {
        let fade = self.fade * self.fade * self.fade * self.fade;
        let size = Self::SIZE;
        let blocks = self.columns.len() / size;
        for b in (0..blocks - 1).rev() {
            let (these, next) = self.right.split_at_mut((b + 1) * size);
            let these = &mut these[b * size..];
            for ((to, column), from) in
                these.iter_mut().zip(&self.columns[b * size..][..size]).zip(&next[..size])
            {
                for k in 0..8 {
                    to[k] = column[k] + fade * from[k];
                }
            }
        }
        self.left.fill([0.0; 8]);
    }

    /// To be called before the sample in column `x` is predicted.
    #[inline(always)]
    pub fn begin_sample(&mut self, level: Level, x: usize) {
        if x.is_multiple_of(BLOCK) {
            two_levels!(level, _simd => self.begin_block(x));
        }
    }

    #[inline(always)]
    fn begin_block(&mut self, x: usize) {
        let size = Self::SIZE;
        if x > 0 {
            let b = x / BLOCK - 1;
            self.end_block(b);
        }
        let right = &self.right[x / BLOCK * size..][..size];
        for ((to, left), right) in self.around.iter_mut().zip(&self.left).zip(right) {
            for k in 0..8 {
                to[k] = left[k] + right[k];
            }
        }
        self.block.fill([0.0; 8]);
    }

    /// To be called after the last sample of a row of `width`.
    #[inline(always)]
    pub fn end_row(&mut self, width: usize) {
        self.end_block((width - 1) / BLOCK);
    }

    #[inline(always)]
    fn end_block(&mut self, b: usize) {
        let fade = self.fade;
        let fade4 = fade * fade * fade * fade;
        let columns = &mut self.columns[b * Self::SIZE..][..Self::SIZE];
        for ((left, column), block) in self.left.iter_mut().zip(columns).zip(&self.block) {
            for k in 0..8 {
                let sum = column[k] + block[k];
                left[k] = fade4 * (left[k] + sum);
                column[k] = fade * sum;
            }
        }
    }

    /// Factors the sums as they are at this sample.
    pub fn factor(&mut self, level: Level) {
        two_levels!(level, _simd => self.factor_with_vectors());
    }

    #[inline(always)]
    fn factor_with_vectors(&mut self) {
        for ((to, around), block) in self.work.iter_mut().zip(&self.around).zip(&self.block) {
            for k in 0..8 {
                to[k] = around[k] + block[k];
            }
        }
        let lanes = NP / 8;
        for i in 0..self.count {
            let (at, group) = (Self::row(i), i / 8);
            // A feature that the ones before it explain to the precision of `f32` is left out;
            // the factor on the diagonal keeps the others well conditioned.
            let pivot = self.work[at][i % 8] * 1.0001 + self.ridge;
            let whole = self.around[at][i % 8] + self.block[at][i % 8];
            let inverse = if pivot > whole * 1e-6 { 1.0 / pivot } else { 0.0 };
            self.inverse[i] = inverse;
            for h in group..lanes {
                let first = if h == group { i % 8 + 1 } else { 0 };
                let rows = Self::row(8 * h);
                let (head, tail) = self.work.split_at_mut(rows + first * (lanes - h));
                let (from, rows) =
                    (&head[at + h - group..], first..self.count.saturating_sub(8 * h).min(8).max(first));
                match lanes - h {
                    1 => eliminate::<1>(from, tail, rows, inverse),
                    2 => eliminate::<2>(from, tail, rows, inverse),
                    3 => eliminate::<3>(from, tail, rows, inverse),
                    _ => eliminate::<4>(from, tail, rows, inverse),
                }
            }
        }
    }

    /// The prediction for these features, by the sums as last factored.
    pub fn predict(&self, level: Level, features: &[f32; NP]) -> f32 {
        two_levels!(level, _simd => self.predict_with_vectors(features))
    }

    /// Eliminates the features as one more row; what then stands under the target is the
    /// prediction's negative.
    #[inline(always)]
    fn predict_with_vectors(&self, features: &[f32; NP]) -> f32 {
        let lanes = NP / 8;
        let mut row = [[0f32; 8]; 4];
        for (to, from) in row.iter_mut().zip(features.chunks_exact(8)) {
            to.copy_from_slice(from);
        }
        row[lanes - 1][7] = 0.0;
        for i in 0..self.count {
            let group = i / 8;
            let factor = row[group][i % 8] * self.inverse[i];
            let from = &self.work[Self::row(i)..][..lanes - group];
            for (to, from) in row[group..lanes].iter_mut().zip(from) {
                for k in 0..8 {
                    to[k] -= factor * from[k];
                }
            }
        }
        -row[lanes - 1][7]
    }

    /// Adds the sample just coded: its features, with the target in the last place.
    pub fn update(&mut self, level: Level, features: &[f32; NP], weight: f32) {
        two_levels!(level, _simd => self.update_with_vectors(features, weight));
    }

    #[inline(always)]
    fn update_with_vectors(&mut self, features: &[f32; NP], weight: f32) {
        let lanes = NP / 8;
        let mut row = [[0f32; 8]; 4];
        for (to, from) in row.iter_mut().zip(features.chunks_exact(8)) {
            to.copy_from_slice(from);
        }
        for h in 0..lanes {
            let scaled = row[h].map(|f| f * weight);
            let block = &mut self.block[Self::row(8 * h)..];
            match lanes - h {
                1 => accumulate::<1>(&row[h..], &scaled, block),
                2 => accumulate::<2>(&row[h..], &scaled, block),
                3 => accumulate::<3>(&row[h..], &scaled, block),
                _ => accumulate::<4>(&row[h..], &scaled, block),
            }
        }
    }
}

/// Subtracts from each of `rows` (of 8, the first of them first in `to`) its share of the row
/// `from`.
#[inline(always)]
fn eliminate<const L: usize>(
    from: &[Lane],
    to: &mut [Lane],
    rows: std::ops::Range<usize>,
    inverse: f32,
) {
    let Some(from) = from.first_chunk::<L>() else { return };
    for (k, to) in rows.zip(to.as_chunks_mut::<L>().0) {
        let factor = from[0][k] * inverse;
        for l in 0..L {
            for j in 0..8 {
                to[l][j] -= factor * from[l][j];
            }
        }
    }
}

/// Adds the products of eight numbers with `L` lanes.
#[inline(always)]
fn accumulate<const L: usize>(row: &[Lane], scaled: &Lane, to: &mut [Lane]) {
    let Some(row) = row.first_chunk::<L>() else { return };
    for (scaled, to) in scaled.iter().zip(to.as_chunks_mut::<L>().0) {
        for l in 0..L {
            for j in 0..8 {
                to[l][j] += scaled * row[l][j];
            }
        }
    }
}

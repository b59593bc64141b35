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
use fearless_simd::{Simd, SimdBase, f32x8};
use tintype_image::Level;

/// Eight numbers that are computed together.
type Lane = [f32; 8];

/// Rows that are factored together, so that their sums stay in registers and need not wait for each
/// other.
const TOGETHER: usize = 3;

/// Columns that share a weight; 4 divides the cost of moving sums by 4. Not tuned.
pub(super) const BLOCK: usize = 4;

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
    /// For each row what it took of each row above, when it was factored.
    taken: Vec<[f32; NP]>,
    /// Inverse pivots, 0 for features left out.
    inverse: [f32; NP],
    /// Shares of the features in the prediction.
    shares: [f32; NP],
}

impl<const NP: usize> WindowedLeastSquares<NP> {
    /// Lanes of a row that are stored at most.
    const LANES: usize = NP / 8;

    /// Index of the first stored lane of each row, which is lane `i / 8` of row `i`; then the number
    /// of lanes of the upper triangle without its last row.
    const ROWS: [usize; 33] = {
        assert!(NP.is_multiple_of(8) && NP <= 32);
        let mut rows = [0; 33];
        let mut i = 0;
        while i < NP {
            rows[i + 1] = rows[i] + NP / 8 - i / 8;
            i += 1;
        }
        rows
    };
    const SIZE: usize = Self::ROWS[NP];

    /// For planes `width` samples wide, with `count` features. `fade` is the factor of a
    /// weight from one sample to the next; `ridge` is added to the diagonal.
    pub fn new(width: usize, count: usize, fade: f32, ridge: f32) -> Self {
        assert!(count < NP);
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
            taken: vec![[0.0; NP]; NP + TOGETHER],
            inverse: [0.0; NP],
            shares: [0.0; NP],
        }
    }

    /// Sums from the right what lies above the next row.
    pub fn begin_row(&mut self, level: Level) {
        two_levels!(level, simd => self.begin_row_with_vectors(simd));
        self.left.fill([0.0; 8]);
    }

    #[inline(always)]
    fn begin_row_with_vectors<S: Simd>(&mut self, simd: S) {
        let fade = self.fade * self.fade * self.fade * self.fade;
        let size = Self::SIZE;
        let blocks = self.columns.len() / size;
        for b in (0..blocks - 1).rev() {
            let (these, next) = self.right.split_at_mut((b + 1) * size);
            let (to, from) = (&mut these[b * size..][..size], &next[..size]);
            let columns = &self.columns[b * size..][..size];
            for i in 0..size {
                (load(simd, &columns[i]) + load(simd, &from[i]) * fade).store_slice(&mut to[i]);
            }
        }
    }

    /// To be called before the sample in column `x`, a multiple of [`BLOCK`], is predicted.
    pub fn begin_block(&mut self, level: Level, x: usize) {
        two_levels!(level, simd => self.begin_block_with_vectors(simd, x));
    }

    #[inline(always)]
    fn begin_block_with_vectors<S: Simd>(&mut self, simd: S, x: usize) {
        let size = Self::SIZE;
        if x > 0 {
            self.end_block(simd, x / BLOCK - 1);
        }
        let right = &self.right[x / BLOCK * size..][..size];
        let (around, left) = (&mut self.around[..size], &self.left[..size]);
        for i in 0..size {
            (load(simd, &left[i]) + load(simd, &right[i])).store_slice(&mut around[i]);
        }
        self.block.fill([0.0; 8]);
    }

    /// To be called after the last sample of a row of `width`.
    pub fn end_row(&mut self, level: Level, width: usize) {
        two_levels!(level, simd => self.end_block(simd, (width - 1) / BLOCK));
    }

    #[inline(always)]
    fn end_block<S: Simd>(&mut self, simd: S, b: usize) {
        let (fade, size) = (self.fade, Self::SIZE);
        let fade4 = fade * fade * fade * fade;
        let columns = &mut self.columns[b * size..][..size];
        let (left, block) = (&mut self.left[..size], &self.block[..size]);
        for i in 0..size {
            let sum = load(simd, &columns[i]) + load(simd, &block[i]);
            ((load(simd, &left[i]) + sum) * fade4).store_slice(&mut left[i]);
            (sum * fade).store_slice(&mut columns[i]);
        }
    }

    /// Solves the equations as they are at this sample.
    pub fn solve(&mut self, level: Level) {
        two_levels!(level, simd => {
            self.factor(simd);
            self.substitute(simd);
        });
    }

    #[inline(always)]
    fn factor<S: Simd>(&mut self, simd: S) {
        for group in 0..self.count.div_ceil(8) {
            match Self::LANES - group {
                1 => self.factor_group::<S, 1>(simd, group),
                2 => self.factor_group::<S, 2>(simd, group),
                3 => self.factor_group::<S, 3>(simd, group),
                _ => self.factor_group::<S, 4>(simd, group),
            }
        }
    }

    /// Factors the rows of a group of eight, which have `L` lanes, once those above are.
    #[inline(always)]
    fn factor_group<S: Simd, const L: usize>(&mut self, simd: S, group: usize) {
        let end = self.count.min(8 * group + 8);
        let mut first = 8 * group;
        while first < end {
            self.factor_rows::<S, L>(simd, first, end.min(first + TOGETHER));
            first += TOGETHER;
        }
    }

    /// Factors the rows from `first` to `end`, at most [`TOGETHER`], of `L` lanes.
    #[inline(always)]
    fn factor_rows<S: Simd, const L: usize>(&mut self, simd: S, first: usize, end: usize) {
        let mut sums = [[f32x8::splat(simd, 0.0); L]; TOGETHER];
        for r in 0..end - first {
            let at = Self::ROWS[first + r];
            let (around, block) = (&self.around[at..][..L], &self.block[at..][..L]);
            for l in 0..L {
                sums[r][l] = load(simd, &around[l]) + load(simd, &block[l]);
            }
        }
        let place = first % 8;
        let (done, rest) = self.work.split_at_mut(Self::ROWS[first]);
        for i in 0..first {
            let row = &done[Self::ROWS[i + 1] - L..][..L];
            let inverse = self.inverse[i];
            for r in 0..TOGETHER {
                let taken = row[0][(place + r) & 7] * inverse;
                self.taken[first + r][i] = taken;
                let taken = f32x8::splat(simd, taken);
                for l in 0..L {
                    sums[r][l] -= load(simd, &row[l]) * taken;
                }
            }
        }
        for r in 0..end - first {
            let row = &mut rest[r * L..][..L];
            for l in 0..L {
                sums[r][l].store_slice(&mut row[l]);
            }
            // A feature that the ones before it explain to the precision of `f32` is left out;
            // the factor on the diagonal keeps the others well conditioned.
            let (at, place) = (Self::ROWS[first + r], place + r);
            let pivot = row[0][place & 7] * 1.0001 + self.ridge;
            let whole = self.around[at][place & 7] + self.block[at][place & 7];
            let inverse = if pivot > whole * 1e-6 { 1.0 / pivot } else { 0.0 };
            self.inverse[first + r] = inverse;
            for k in r + 1..TOGETHER {
                let taken = row[0][(place + k - r) & 7] * inverse;
                self.taken[first + k][first + r] = taken;
                let taken = f32x8::splat(simd, taken);
                for l in 0..L {
                    let share = sums[r][l] * taken;
                    sums[k][l] -= share;
                }
            }
        }
    }

    /// The shares, from the last feature to the first.
    #[inline(always)]
    fn substitute<S: Simd>(&mut self, simd: S) {
        let mut shares = [0.0; NP];
        for i in 0..self.count {
            shares[i] = self.work[Self::ROWS[i + 1] - 1][7] * self.inverse[i];
        }
        for i in (1..self.count).rev() {
            let share = f32x8::splat(simd, shares[i]);
            let taken = &self.taken[i];
            for l in 0..=(i - 1) / 8 {
                // What a row took is 0 from the diagonal on.
                let lane = &mut shares[8 * l..][..8];
                let left = f32x8::from_slice(simd, lane)
                    - f32x8::from_slice(simd, &taken[8 * l..][..8]) * share;
                left.store_slice(lane);
            }
        }
        self.shares = shares;
    }

    /// The prediction for these features, by the equations as last solved.
    #[inline(always)]
    pub fn predict<S: Simd>(&self, simd: S, features: &[f32; NP]) -> f32 {
        let mut sum = f32x8::splat(simd, 0.0);
        for l in 0..Self::LANES {
            let features = f32x8::from_slice(simd, &features[8 * l..][..8]);
            sum += f32x8::from_slice(simd, &self.shares[8 * l..][..8]) * features;
        }
        simd.reduce_sum_f32x8(sum)
    }

    /// Adds the sample just coded: its features, with the target in the last place.
    pub fn update(&mut self, level: Level, features: &[f32; NP], weight: f32) {
        two_levels!(level, simd => match Self::LANES {
            1 => self.update_with_vectors::<_, 1>(simd, features, weight),
            2 => self.update_with_vectors::<_, 2>(simd, features, weight),
            3 => self.update_with_vectors::<_, 3>(simd, features, weight),
            _ => self.update_with_vectors::<_, 4>(simd, features, weight),
        });
    }

    #[inline(always)]
    fn update_with_vectors<S: Simd, const L: usize>(
        &mut self,
        simd: S,
        features: &[f32; NP],
        weight: f32,
    ) {
        let mut row = [f32x8::splat(simd, 0.0); L];
        for l in 0..L {
            row[l] = f32x8::from_slice(simd, &features[8 * l..][..8]);
        }
        for group in 0..L {
            let rows = &mut self.block[Self::ROWS[8 * group]..][..8 * (L - group)];
            for place in 0..8 {
                let scaled = f32x8::splat(simd, features[8 * group + place] * weight);
                for l in group..L {
                    let to = &mut rows[place * (L - group) + l - group];
                    (load(simd, to) + row[l] * scaled).store_slice(to);
                }
            }
        }
    }
}

#[inline(always)]
fn load<S: Simd>(simd: S, lane: &Lane) -> f32x8<S> {
    f32x8::from_slice(simd, lane)
}

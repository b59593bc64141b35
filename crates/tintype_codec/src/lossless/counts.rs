//! A residual's distribution as the sum of counts kept under several contexts.
//!
//! In: which tables to ask, and the symbol when writing. Out: the symbol; the tables have learned it. Each table holds
//! cumulative counts of [`BINS`] symbols, so that asking is a sum of vectors and learning the addition of a row made
//! beforehand, which spreads an increment over a symbol's neighbours. A table that has seen more weighs more.
//! Exact zone: integers; the first counts by `f32` additions, multiplications and divisions (decision record 0001).
//! Source: our own; spreading is the kernel estimate of a density, see docs/format/lossless.md.

use fearless_simd::{Simd, SimdBase, SimdMask, u16x32};
use tintype_entropy::CountedWalk;

/// Symbols of a residual: -16 to 15 steps, both ends standing for all beyond.
pub(super) const BINS: usize = 32;
/// The symbol of a residual of 0.
pub(super) const CENTRE: i32 = 16;
/// What one symbol adds to a table.
const INCREMENT: u16 = 96;

/// Cumulative counts: entry `i` is the sum over symbols 0 to `i`.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Counts([u16; BINS]);

/// How far an increment spreads: what the symbol itself gets, then its neighbours on either side. Sums are
/// [`INCREMENT`]; what would fall outside goes to the last symbol.
const KERNELS: [[u16; 4]; 4] = [[96, 0, 0, 0], [86, 5, 0, 0], [70, 11, 2, 0], [44, 17, 7, 2]];

/// What each symbol adds under each kernel.
static ROWS: [[Counts; BINS]; 4] = {
    let mut rows = [[Counts([0; BINS]); BINS]; 4];
    let mut k = 0;
    while k < 4 {
        let mut symbol = 0;
        while symbol < BINS {
            let mut i = 0;
            while i < BINS {
                // How much of the kernel lies at or below `i`.
                let mut sum = if i + 1 == BINS { INCREMENT } else { 0 };
                let mut d = 0;
                while d < 4 && i + 1 < BINS {
                    if d > 0 && symbol <= i + d {
                        sum += KERNELS[k][d];
                    }
                    if symbol + d <= i {
                        sum += KERNELS[k][d];
                    }
                    d += 1;
                }
                rows[k][symbol].0[i] = sum;
                i += 1;
            }
            symbol += 1;
        }
        k += 1;
    }
    rows
};

/// One of each symbol, so that none is impossible.
static FLOOR: Counts = {
    let mut floor = [0; BINS];
    let mut i = 0;
    while i < BINS {
        floor[i] = i as u16 + 1;
        i += 1;
    }
    Counts(floor)
};

/// Running sums with a 0 before them.
#[repr(align(64))]
struct Sums([u16; 2 * BINS]);

impl Counts {
    /// What to expect of residuals of a mean absolute size of `mean` steps round `offset` steps: `total` counts.
    pub fn expected(mean: f32, offset: f32, total: f32) -> Self {
        let mut weights = [0f32; BINS];
        let mut sum = 0.0;
        for (i, weight) in weights.iter_mut().enumerate() {
            let u = ((i as i32 - CENTRE) as f32 - offset).abs() / (mean + 0.05);
            // exp(-u), with a tail that falls more slowly.
            *weight = 1.0 / (1.0 + u * (1.0 + u * (0.5 + u * (0.16666 + u * (0.04166 + u * 0.00833)))));
            sum += *weight;
        }
        let mut counts = Self([0; BINS]);
        let mut so_far = 0.0;
        for (count, weight) in counts.0.iter_mut().zip(weights) {
            so_far += weight / sum * total;
            *count = so_far as u16;
        }
        counts
    }

    /// Adds a row; past `limit` all counts fall by a quarter.
    #[inline(always)]
    fn learn<S: Simd>(&mut self, simd: S, row: &Self, limit: u16) {
        let mut sum = u16x32::from_slice(simd, &self.0) + u16x32::from_slice(simd, &row.0);
        if self.0[BINS - 1] > limit {
            sum -= sum >> 2;
        }
        sum.store_slice(&mut self.0);
    }
}

/// Codes `symbol` under the sum of the counts at `places`, which learn it; `limits` are the totals at which they forget.
#[inline(always)]
pub(super) fn code<S: Simd, W: CountedWalk, const K: usize>(
    simd: S,
    walk: &mut W,
    counts: &mut [Counts],
    places: [usize; K],
    limits: [u16; K],
    kernel: usize,
    symbol: usize,
) -> usize {
    let mut sum = u16x32::from_slice(simd, &FLOOR.0);
    for place in places {
        sum += u16x32::from_slice(simd, &counts[place].0);
    }
    let mut sums = Sums([0; 2 * BINS]);
    sum.store_slice(&mut sums.0[BINS..]);
    let slot = walk.slot(u32::from(sums.0[2 * BINS - 1]));
    let symbol = if W::READS {
        // How many running sums lie at or below the slot; the last one never does.
        let beyond = sum.simd_gt(u16x32::splat(simd, slot as u16));
        (beyond.to_bitmask().trailing_zeros() as usize).min(BINS - 1)
    } else {
        symbol & (BINS - 1)
    };
    let (start, end) = (sums.0[BINS - 1 + symbol], sums.0[BINS + symbol]);
    walk.take(u32::from(start), u32::from(end - start));
    let row = &ROWS[kernel & 3][symbol];
    for (place, limit) in places.into_iter().zip(limits) {
        counts[place].learn(simd, row, limit);
    }
    symbol
}

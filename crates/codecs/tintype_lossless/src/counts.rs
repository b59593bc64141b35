//! A residual's distribution as the sum of counts kept under several contexts.
//!
//! In: which tables to ask, and the symbol when writing. Out: the symbol; the tables have learned it. Each table holds
//! cumulative counts of [`BINS`] symbols, so that asking is a sum of vectors and learning the addition of a row made
//! beforehand, which spreads an increment over a symbol's neighbours. Tables that foretold worse than others weigh less.
//! Bit-exact: integers; the first counts by `f32` additions, multiplications and divisions (decision record 0001).
//! Source: our own; spreading is the kernel estimate of a density, see docs/format/lossless.md.

use fearless_simd::{Simd, SimdBase, SimdMask, u16x32};
use tintype_entropy::FrequencyWalk;

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
            *weight =
                1.0 / (1.0 + u * (1.0 + u * (0.5 + u * (0.16666 + u * (0.04166 + u * 0.00833)))));
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

/// Tables of counts, each with how well it has foretold symbols.
pub(super) struct Tables {
    counts: Vec<Counts>,
    /// Mean gain over the sum of tables, in bits of 2^23.
    skills: Vec<i32>,
}

/// How many halvings of its weight a table gets for each bit that it says worse than the best table.
const SLOPE: i32 = 8;
/// The most halvings.
const HALVINGS: i32 = 12;
/// Skills are means over about `2^SKILL_RATE` symbols.
const SKILL_RATE: u32 = 7;

impl Tables {
    /// `start` gives the first counts of table `0..count`.
    pub fn new(count: usize, start: impl FnMut(usize) -> Counts) -> Self {
        Self { counts: (0..count).map(start).collect(), skills: vec![0; count] }
    }

    /// Codes `symbol` under the sum of the counts at `places`, which learn it; `limits` are the totals at which they
    /// forget, together below 65 536 less [`BINS`] and an increment each.
    #[inline(always)]
    pub fn code<S: Simd, W: FrequencyWalk, const K: usize>(
        &mut self,
        simd: S,
        walk: &mut W,
        places: [usize; K],
        limits: [u16; K],
        kernel: usize,
        symbol: usize,
    ) -> usize {
        let best = places.iter().fold(i32::MIN, |best, &place| best.max(self.skills[place]));
        let mut sum = u16x32::from_slice(simd, &FLOOR.0);
        for place in places {
            let behind = ((best - self.skills[place]) * SLOPE + (1 << 21)) >> 22;
            sum += u16x32::from_slice(simd, &self.counts[place].0) >> behind.min(HALVINGS) as u32;
        }
        let mut sums = Sums([0; 2 * BINS]);
        sum.store_slice(&mut sums.0[BINS..]);
        let total = sums.0[2 * BINS - 1];
        let slot = walk.slot(u32::from(total));
        let symbol = if W::READS {
            // The first running sum above the slot; the last one always is.
            let beyond = sum.simd_gt(u16x32::splat(simd, slot as u16));
            (beyond.to_bitmask().trailing_zeros() as usize).min(BINS - 1)
        } else {
            symbol & (BINS - 1)
        };
        let (start, end) = (sums.0[BINS - 1 + symbol], sums.0[BINS + symbol]);
        walk.take(u32::from(start), u32::from(end - start));
        let row = &ROWS[kernel & 3][symbol];
        let mixed = log2(end - start) - log2(total);
        for (place, limit) in places.into_iter().zip(limits) {
            let table = &mut self.counts[place];
            let below = if symbol == 0 { 0 } else { table.0[symbol - 1] };
            let own = log2(table.0[symbol] - below + 1) - log2(table.0[BINS - 1] + BINS as u16);
            let skill = &mut self.skills[place];
            *skill += ((own - mixed) - *skill) >> SKILL_RATE;
            table.learn(simd, row, limit);
        }
        symbol
    }
}

/// The logarithm of `v` above 0 to base 2, straight between powers of two, in 2^-23 and up to a constant.
#[inline(always)]
fn log2(v: u16) -> i32 {
    f32::from(v).to_bits() as i32
}

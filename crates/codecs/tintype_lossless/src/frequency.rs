//! A residual's distribution as the sum of frequency tables kept under several contexts.
//!
//! In: one context for each kind of table, and the symbol when writing. Out: the symbol; the
//! tables have adapted to it. A table has cumulative frequencies of [`SYMBOLS`] symbols, so
//! that looking up is a sum of vectors and adapting the addition of a prepared row, which
//! spreads the increment over neighbouring symbols. Tables that predicted worse than others
//! weigh less.
//! Bit-exact: integers; the first frequencies by `f32` additions, multiplications and divisions
//! (decision record 0001).
//! Source: our own; spreading is the kernel estimate of a density, see docs/format/lossless.md.

use fearless_simd::{Simd, SimdBase, SimdMask, u16x32};
use tintype_entropy::FrequencyWalk;

/// Symbols of a residual: -16 to 15 steps; the first and the last also stand for all beyond. One
/// table is one cache line.
pub(super) const SYMBOLS: usize = 32;

/// The symbol of a residual of 0.
pub(super) const CENTRE: i32 = 16;

/// What one symbol adds to a table. With the limits of `blend_walk` a window is 125 to 145
/// symbols.
const INCREMENT: u16 = 96;

/// Cumulative frequencies: entry `i` is the sum over symbols 0 to `i`.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct FrequencyTable([u16; SYMBOLS]);

/// How an increment spreads at four levels of activity: the share of the symbol itself, then
/// of its neighbours on either side. A row's total is [`INCREMENT`]; what would fall outside
/// goes to the first or the last symbol. Wider kernels where residuals are large; the shares
/// were not measured one by one.
pub(super) const KERNELS: [[u16; 4]; 4] = [[96, 0, 0, 0], [86, 5, 0, 0], [70, 11, 2, 0], [44, 17, 7, 2]];

/// What each symbol adds under each kernel.
static ROWS: [[FrequencyTable; SYMBOLS]; 4] = {
    let mut rows = [[FrequencyTable([0; SYMBOLS]); SYMBOLS]; 4];
    let mut k = 0;
    while k < 4 {
        let mut symbol = 0;
        while symbol < SYMBOLS {
            rows[k][symbol] = spread_row(&KERNELS[k], symbol);
            symbol += 1;
        }
        k += 1;
    }
    rows
};

const fn spread_row(kernel: &[u16; 4], symbol: usize) -> FrequencyTable {
    let mut row = [0; SYMBOLS];
    row[SYMBOLS - 1] = INCREMENT;
    let mut i = 0;
    while i + 1 < SYMBOLS {
        // How much of the kernel lies at or below `i`.
        let mut d = 0;
        while d < 4 {
            if d > 0 && symbol <= i + d {
                row[i] += kernel[d];
            }
            if symbol + d <= i {
                row[i] += kernel[d];
            }
            d += 1;
        }
        i += 1;
    }
    FrequencyTable(row)
}

/// One of each symbol, so that none is impossible.
static FLOOR: FrequencyTable = {
    let mut floor = [0; SYMBOLS];
    let mut i = 0;
    while i < SYMBOLS {
        floor[i] = i as u16 + 1;
        i += 1;
    }
    FrequencyTable(floor)
};

/// Cumulative frequencies with a 0 before them.
#[repr(align(64))]
struct Sums([u16; 2 * SYMBOLS]);

impl FrequencyTable {
    /// A table of `total` for residuals of a mean absolute size of `mean` steps around
    /// `offset` steps.
    pub fn expected(mean: f32, offset: f32, total: f32) -> Self {
        let mut weights = [0f32; SYMBOLS];
        let mut sum = 0.0;
        for (i, weight) in weights.iter_mut().enumerate() {
            let u = ((i as i32 - CENTRE) as f32 - offset).abs() / (mean + 0.05);
            // exp(-u) by the first terms of its series, with a tail that falls more slowly.
            *weight = 1.0 / (1.0 + u * (1.0 + u * (0.5 + u * (0.16666 + u * (0.04166 + u * 0.00833)))));
            sum += *weight;
        }
        let mut table = Self([0; SYMBOLS]);
        let mut so_far = 0.0;
        for (entry, weight) in table.0.iter_mut().zip(weights) {
            so_far += weight / sum * total;
            *entry = so_far as u16;
        }
        table
    }

    /// Adds a row; past `limit` all frequencies fall by a quarter.
    #[inline(always)]
    fn update<S: Simd>(&mut self, simd: S, row: &Self, limit: u16) {
        let mut sum = u16x32::from_slice(simd, &self.0) + u16x32::from_slice(simd, &row.0);
        if self.0[SYMBOLS - 1] > limit {
            sum -= sum >> 2;
        }
        sum.store_slice(&mut self.0);
    }
}

/// Frequency tables, each with how well it predicts.
#[derive(Clone)]
pub(super) struct FrequencyTables {
    tables: Box<[FrequencyTable; PLACES]>,
    /// Mean code length saved against the mixture, in bits of 2^23. Apart from the tables, so that
    /// they stay in the nearest cache.
    gains: Box<[i32; PLACES]>,
}

/// Room for tables: a power of two, so that no index leaves it.
const PLACES: usize = 4096;

/// Halvings of a table's weight for each bit that it predicts worse than the best table. Bytes
/// of five pictures of photos/valid at 1, 2, 3, 4, 6, 8: 2 142 214, 2 132 281, 2 125 924, 2
/// 116 384, 2 111 902, 2 110 453.
const SLOPE: i32 = 8;

/// The most halvings; at 12 a table has no weight left beside a full one.
const HALVINGS_MAX: i32 = 12;

/// Gains are means over about `2^GAIN_RATE` symbols. Not tuned.
const GAIN_RATE: u32 = 7;

impl FrequencyTables {
    /// `start` gives table `0..count`, at most [`PLACES`].
    pub fn new(count: usize, start: impl FnMut(usize) -> FrequencyTable) -> Self {
        let mut tables: Vec<FrequencyTable> = (0..count).map(start).collect();
        tables.resize(PLACES, FLOOR);
        let tables = tables.into_boxed_slice().try_into();
        let tables = tables.unwrap_or_else(|_| unreachable!("resized to this length"));
        Self { tables, gains: Box::new([0; PLACES]) }
    }

    /// Codes `symbol` under the sum of the tables at `contexts`, which adapt; `limits` are the
    /// totals past which they decay, together below 65 536 less [`SYMBOLS`] and an increment
    /// each.
    #[inline(always)]
    pub fn code<S: Simd, W: FrequencyWalk, const K: usize>(
        &mut self,
        simd: S,
        walk: &mut W,
        contexts: [usize; K],
        limits: [u16; K],
        kernel: usize,
        symbol: usize,
    ) -> usize {
        let contexts = contexts.map(|at| at & (PLACES - 1));
        let best = contexts.iter().fold(i32::MIN, |best, &at| best.max(self.gains[at]));
        let mut sum = u16x32::from_slice(simd, &FLOOR.0);
        for at in contexts {
            let halvings = ((best - self.gains[at]) * SLOPE + (1 << 21)) >> 22;
            let table = u16x32::from_slice(simd, &self.tables[at].0);
            sum += table >> halvings.min(HALVINGS_MAX) as u32;
        }
        let mut sums = Sums([0; 2 * SYMBOLS]);
        sum.store_slice(&mut sums.0[SYMBOLS..]);
        let total = sums.0[2 * SYMBOLS - 1];
        let slot = walk.slot(u32::from(total));
        let symbol = if W::READS {
            // The first sum above the slot; the last one always is.
            let beyond = sum.simd_gt(u16x32::splat(simd, slot as u16));
            (beyond.to_bitmask().trailing_zeros() as usize).min(SYMBOLS - 1)
        } else {
            symbol & (SYMBOLS - 1)
        };
        let (start, end) = (sums.0[SYMBOLS - 1 + symbol], sums.0[SYMBOLS + symbol]);
        walk.take(u32::from(start), u32::from(end - start));

        let row = &ROWS[kernel & 3][symbol];
        let mixed = log2(end - start) - log2(total);
        for (at, limit) in contexts.into_iter().zip(limits) {
            let table = &mut self.tables[at];
            let below = if symbol == 0 { 0 } else { table.0[symbol - 1] };
            let own = log2(table.0[symbol] - below + 1) - log2(table.0[SYMBOLS - 1] + SYMBOLS as u16);
            let gain = &mut self.gains[at];
            *gain += ((own - mixed) - *gain) >> GAIN_RATE;
            table.update(simd, row, limit);
        }
        symbol
    }
}

/// The logarithm of `v` above 0 to base 2, linear between powers of two, in 2^-23 and up to a
/// constant.
#[inline(always)]
fn log2(v: u16) -> i32 {
    f32::from(v).to_bits() as i32
}

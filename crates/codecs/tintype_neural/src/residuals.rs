//! A tile's residual symbols, one binary decision after another, under adaptive contexts.
//!
//! The hyperprior selects a stored distribution for every latent. Where a picture deviates
//! from it, the symbols already coded show how: those to the left and above in the same
//! channel, those of the channels before at the same position, and all channels of the
//! neighbouring positions. The ratio of actual to expected magnitudes of each of these selects
//! an adaptive probability, which starts at the stored one; a mixer weighs these and the
//! stored one.
//!
//! In and out: symbols `[position][latent]`, tables of the same shape. Bit-exact: integers
//! only. Source: context mixing after Mahoney 2005 (PAQ); the ratios are our own decision
//! (decision record 0023).

use super::model::NeuralModel;
use super::statistics::{FRACTION, TableStatistics};
use tintype_entropy::{AdaptiveBit, BitWalk, Mixer, stretch};
use tintype_nn::FeatureMap;

/// Steps of a ratio, half a power of two each; the middle one means "as expected". Not measured.
const RATIOS: usize = 11;
/// Contexts distinguish tables up to this one.
const TABLES: usize = 64;
/// Window of adaptive bits, in bits seen. Not measured.
const LIMIT: u32 = 255;
/// Most exponents of the code for magnitudes beyond 1.
const EXPONENTS: usize = 20;
/// Predictions that are mixed for "not zero" and for "larger than one".
const INPUTS: usize = 5;

/// Adaptive state of one tile.
struct Contexts {
    /// For each of the two decisions: by table and ratio among channels, by table and ratio of
    /// neighbours in the channel, by channel and table, by table, ratio of neighbouring
    /// positions and magnitude before.
    bits: [[Vec<AdaptiveBit>; INPUTS - 1]; 2],
    mixers: [Mixer<INPUTS>; 2],
    exponents: Vec<[AdaptiveBit; EXPONENTS]>,
    mantissas: Vec<[AdaptiveBit; EXPONENTS]>,
}

/// Coarse tables in the contexts by channel.
const COARSE: usize = TABLES / 8;

impl Contexts {
    fn new(statistics: &[TableStatistics], channels: usize) -> Self {
        let start = |table: usize, decision: usize| {
            let stored = statistics[table.min(statistics.len() - 1)];
            AdaptiveBit::with_count([stored.nonzero, stored.larger][decision], 6)
        };
        let each = |decision: usize| {
            let list = |count: usize, table: &dyn Fn(usize) -> usize| -> Vec<AdaptiveBit> {
                (0..count).map(|i| start(table(i), decision)).collect()
            };
            [
                list(TABLES * RATIOS, &|i| i / RATIOS),
                list(TABLES * RATIOS, &|i| i / RATIOS),
                list(channels * COARSE, &|i| i % COARSE * 8 + 4),
                list(TABLES * RATIOS * 3, &|i| i / (3 * RATIOS)),
            ]
        };
        let mixer = || Mixer::with_weight(TABLES / 4, 5, (1 << 16) / 4);
        Self {
            bits: [each(0), each(1)],
            mixers: [mixer(), mixer()],
            exponents: vec![[AdaptiveBit::default(); EXPONENTS]; TABLES / 4],
            mantissas: vec![[AdaptiveBit::default(); EXPONENTS]; TABLES / 4],
        }
    }

    /// One decision (0: "not zero", 1: "larger than 1") under the mixed probabilities of its
    /// contexts.
    #[inline(always)]
    fn code_bit<W: BitWalk>(
        &mut self,
        walk: &mut W,
        bit: bool,
        decision: usize,
        table: usize,
        places: [usize; INPUTS - 1],
        stored: u32,
    ) -> bool {
        let bits = &mut self.bits[decision];
        let inputs = [
            stretch(bits[0][places[0]].p1()),
            stretch(bits[1][places[1]].p1()),
            stretch(bits[2][places[2]].p1()),
            stretch(bits[3][places[3]].p1()),
            stretch(stored),
        ];
        let bit = self.mixers[decision].code(walk, bit, table / 4, &inputs);
        for (list, place) in bits.iter_mut().zip(places) {
            list[place].update(bit, LIMIT);
        }
        bit
    }

    /// One symbol: "not zero", sign, "larger than 1", the rest of the magnitude.
    #[inline(always)]
    fn symbol<W: BitWalk>(
        &mut self,
        walk: &mut W,
        symbol: i32,
        table: usize,
        places: [usize; INPUTS - 1],
        stored: TableStatistics,
    ) -> i32 {
        let magnitude = symbol.unsigned_abs();
        if !self.code_bit(walk, magnitude != 0, 0, table, places, stored.nonzero) {
            return 0;
        }
        let negative = walk.bit(symbol < 0, 1 << 15);
        let mut magnitude = magnitude.max(1);
        if self.code_bit(walk, magnitude > 1, 1, table, places, stored.larger) {
            magnitude = 2 + self.rest(walk, magnitude.max(2) - 2, table);
        } else {
            magnitude = 1;
        }
        if negative { -(magnitude as i32) } else { magnitude as i32 }
    }

    /// A magnitude of at least 2, less 2: an Exp-Golomb code whose exponent and highest bit adapt.
    fn rest<W: BitWalk>(&mut self, walk: &mut W, rest: u32, table: usize) -> u32 {
        let (exponents, mantissas) = (&mut self.exponents[table / 4], &mut self.mantissas[table / 4]);
        let value = rest + 1;
        let mut exponent = 0;
        while exponent < EXPONENTS - 1
            && exponents[exponent].code(walk, value.ilog2() as usize > exponent, LIMIT)
        {
            exponent += 1;
        }
        if exponent == 0 {
            return 0;
        }
        let high = mantissas[exponent].code(walk, (value >> (exponent - 1)) & 1 == 1, LIMIT);
        let low = walk.bits(value & ((1 << (exponent - 1)) - 1), exponent as u32 - 1);
        ((1 << exponent) | u32::from(high) << (exponent - 1) | low) - 1
    }
}

/// Half-powers of two in `actual / expected`, 0 to `RATIOS - 1`; `floor` is added to both.
#[inline(always)]
fn ratio(actual: u32, expected: u32, floor: u32) -> usize {
    let log = |v: u32| {
        let whole = v.ilog2();
        (2 * whole + ((v >> (whole - 1)) & 1)) as i32
    };
    let middle = RATIOS as i32 / 2;
    (log(actual + floor) - log(expected + floor) + middle).clamp(0, RATIOS as i32 - 1) as usize
}

/// Magnitudes in sums are cut to this, so that sums stay within 32 bits.
const COUNTED_MAX: u32 = 1 << 12;

/// Codes residual symbols of a tile through `walk`. Tables of number 0 stand for zeros that
/// are not coded.
pub(super) fn walk_residuals<W: BitWalk>(
    model: &NeuralModel,
    tables: &FeatureMap,
    walk: &mut W,
    symbols: &mut [i32],
) {
    let (channels, statistics) = (model.latent, &model.statistics);
    let mut contexts = Contexts::new(statistics, channels);
    let stored = |table: i16| statistics[table as usize];
    let counted = |symbol: i32| symbol.unsigned_abs().min(COUNTED_MAX) << FRACTION;
    // Sums over channels of actual and expected magnitudes, for each position of the row above
    // and of this row.
    let mut above = vec![[0u32; 2]; tables.width + 1];
    for y in 0..tables.height {
        let mut row = vec![[0u32; 2]; tables.width + 1];
        for x in 0..tables.width {
            let at = (y * tables.width + x) * channels;
            let left = if x > 0 { row[x - 1] } else { [0; 2] };
            let beside = [0, 1].map(|k| left[k] + above[x][k] + above[x + 1][k]);
            let around = ratio(beside[0], beside[1], 256);
            let (mut actual, mut expected) = (0u32, 0u32);
            for c in 0..channels {
                let table = tables.values[at + c];
                if table == 0 {
                    symbols[at + c] = 0;
                    continue;
                }
                let own = stored(table);
                let (mut near, mut near_expected) = (0, 0);
                if x > 0 {
                    near += counted(symbols[at + c - channels]);
                    near_expected += stored(tables.values[at + c - channels]).mean;
                }
                if y > 0 {
                    let up = at + c - tables.width * channels;
                    near += counted(symbols[up]);
                    near_expected += stored(tables.values[up]).mean;
                }
                let before = if c > 0 { symbols[at + c - 1].unsigned_abs().min(2) as usize } else { 0 };
                let index = (table as usize).min(TABLES - 1);
                let places = [
                    index * RATIOS + ratio(actual, expected, 128),
                    index * RATIOS + ratio(near, near_expected, 24),
                    c * COARSE + index / 8,
                    (index * RATIOS + around) * 3 + before,
                ];
                let value = contexts.symbol(walk, symbols[at + c], index, places, own);
                symbols[at + c] = value;
                let amount = counted(value);
                row[x] = [row[x][0] + amount, row[x][1] + own.mean];
                // Running means over about eight channels, with three more bits.
                actual = actual + amount - (actual >> 3);
                expected = expected + own.mean - (expected >> 3);
            }
        }
        above = row;
    }
}

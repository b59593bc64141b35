//! A tile's residual symbols, one binary decision after another, under adaptive contexts.
//!
//! The hyperprior gives every latent a stored distribution. Where pictures differ from what it expects, that shows in symbols
//! already coded: the ones left and above in the same channel, the channels before at the same position, and the neighbours as
//! a whole. Each of these, as a ratio of what came to what was expected, selects an adaptive probability that starts at
//! the stored one; a mixer weighs them and the stored one by how well they do.
//!
//! In and out: symbols `[position][latent]`, tables of the same shape. Bit-exact: integers only. Source: context
//! mixing after Mahoney 2005 (PAQ); the ratios are our own decision (decision record 0023).

use super::model::NeuralModel;
use tintype_entropy::{AdaptiveBit, BitWalk, CdfFamily, Mixer, ProbabilitySource, stretch};
use tintype_nn::Map;

/// Steps of a ratio, half a power of two each; the middle one means "as expected".
const RATIOS: usize = 11;
/// Tables are told apart up to this one.
const TABLES: usize = 64;
/// Window of adaptive bits, in bits seen.
const LIMIT: u32 = 255;
/// Fraction bits of magnitudes and expected magnitudes.
const FRACTION: u32 = 6;
/// Most exponents of the code for magnitudes beyond 1.
const EXPONENTS: usize = 20;
/// Predictions that are mixed for "not zero" and for "larger than one".
const INPUTS: usize = 5;

/// What a stored distribution says, for use by the walk.
#[derive(Clone, Copy, Debug, Default)]
struct Stored {
    /// Probability of a value that is not zero, of 65 536.
    nonzero: u32,
    /// Probability of a magnitude above 1 once it is not zero.
    more: u32,
    /// Mean magnitude with [`FRACTION`] bits.
    mean: u32,
}

/// What the stored distributions say.
#[derive(Clone, Debug)]
pub(super) struct Expectations {
    list: Vec<Stored>,
}

impl Expectations {
    /// Of a family of tables.
    pub(super) fn new(tables: &CdfFamily) -> Self {
        let of = |index: usize| {
            let Some((least, table)) = tables.table(index) else { return Stored::default() };
            let total = 1u64 << table.precision();
            let (mut zero, mut one, mut sum) = (0u64, 0u64, 0u64);
            for symbol in 0..table.symbols() - 1 {
                let width = u64::from(table.interval(symbol).1);
                let magnitude = (least + symbol as i32).unsigned_abs();
                sum += width * u64::from(magnitude);
                zero += if magnitude == 0 { width } else { 0 };
                one += if magnitude == 1 { width } else { 0 };
            }
            let share =
                |part: u64, whole: u64| ((part << 16) / whole.max(1)).clamp(32, 65_504) as u32;
            Stored {
                nonzero: share(total - zero, total),
                more: share(total - zero - one.min(total - zero), total - zero),
                mean: ((sum << FRACTION) / total) as u32,
            }
        };
        Self { list: (0..tables.len()).map(of).collect() }
    }
}

/// Adaptive state of one tile.
struct Contexts {
    /// For each of the two decisions: by table and ratio among channels, by table and ratio of neighbours in the channel,
    /// by channel and table, by table, ratio of neighbouring positions and magnitude before.
    bits: [[Vec<AdaptiveBit>; INPUTS - 1]; 2],
    mixers: [Mixer<INPUTS>; 2],
    exponents: Vec<[AdaptiveBit; EXPONENTS]>,
    mantissas: Vec<[AdaptiveBit; EXPONENTS]>,
}

/// Coarse tables in the contexts by channel.
const COARSE: usize = TABLES / 8;

impl Contexts {
    fn new(expectations: &Expectations, channels: usize) -> Self {
        let start = |table: usize, decision: usize| {
            let stored = expectations.list[table.min(expectations.list.len() - 1)];
            AdaptiveBit::with_count([stored.nonzero, stored.more][decision], 6)
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

    #[inline(always)]
    fn decide<W: BitWalk>(
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

    /// One symbol.
    #[inline(always)]
    fn symbol<W: BitWalk>(
        &mut self,
        walk: &mut W,
        symbol: i32,
        table: usize,
        places: [usize; INPUTS - 1],
        stored: Stored,
    ) -> i32 {
        let magnitude = symbol.unsigned_abs();
        if !self.decide(walk, magnitude != 0, 0, table, places, stored.nonzero) {
            return 0;
        }
        let negative = walk.bit(symbol < 0, 1 << 15);
        let mut magnitude = magnitude.max(1);
        if self.decide(walk, magnitude > 1, 1, table, places, stored.more) {
            magnitude = 2 + self.rest(walk, magnitude.max(2) - 2, table);
        } else {
            magnitude = 1;
        }
        if negative { -(magnitude as i32) } else { magnitude as i32 }
    }

    /// A magnitude of at least 2, less 2: an Exp-Golomb code whose exponent and highest bit adapt.
    fn rest<W: BitWalk>(&mut self, walk: &mut W, rest: u32, table: usize) -> u32 {
        let (exponents, mantissas) =
            (&mut self.exponents[table / 4], &mut self.mantissas[table / 4]);
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

/// Largest magnitude that counts in sums.
const COUNTED_MAX: u32 = 1 << 12;

/// Codes residual symbols of a tile through `walk`. Tables of number 0 stand for zeros that are not coded.
pub(super) fn walk_residuals<W: BitWalk>(
    model: &NeuralModel,
    tables: &Map,
    walk: &mut W,
    symbols: &mut [i32],
) {
    let (channels, expectations) = (model.latent, &model.expectations);
    let mut contexts = Contexts::new(expectations, channels);
    let stored = |table: i16| expectations.list[table as usize];
    let counted = |symbol: i32| symbol.unsigned_abs().min(COUNTED_MAX) << FRACTION;
    // Sums over channels of what came and what was expected, for each position of the row above and of this row.
    let mut above = vec![[0u32; 2]; tables.width + 1];
    for y in 0..tables.height {
        let mut row = vec![[0u32; 2]; tables.width + 1];
        for x in 0..tables.width {
            let at = (y * tables.width + x) * channels;
            let left = if x > 0 { row[x - 1] } else { [0; 2] };
            let beside = [0, 1].map(|k| left[k] + above[x][k] + above[x + 1][k]);
            let around = ratio(beside[0], beside[1], 256);
            let (mut came, mut expected) = (0u32, 0u32);
            for c in 0..channels {
                let table = tables.values[at + c];
                if table == 0 {
                    symbols[at + c] = 0;
                    continue;
                }
                let own = stored(table);
                let (mut here, mut wanted) = (0, 0);
                if x > 0 {
                    here += counted(symbols[at + c - channels]);
                    wanted += stored(tables.values[at + c - channels]).mean;
                }
                if y > 0 {
                    let up = at + c - tables.width * channels;
                    here += counted(symbols[up]);
                    wanted += stored(tables.values[up]).mean;
                }
                let before =
                    if c > 0 { symbols[at + c - 1].unsigned_abs().min(2) as usize } else { 0 };
                let index = (table as usize).min(TABLES - 1);
                let places = [
                    index * RATIOS + ratio(came, expected, 128),
                    index * RATIOS + ratio(here, wanted, 24),
                    c * COARSE + index / 8,
                    (index * RATIOS + around) * 3 + before,
                ];
                let value = contexts.symbol(walk, symbols[at + c], index, places, own);
                symbols[at + c] = value;
                let amount = counted(value);
                row[x] = [row[x][0] + amount, row[x][1] + own.mean];
                // Running means over about eight channels, with three more bits.
                came = came + amount - (came >> 3);
                expected = expected + own.mean - (expected >> 3);
            }
        }
        above = row;
    }
}

//! The quick model: adaptive distributions of sixteen symbols, one look-up and one update for a whole magnitude.
//!
//! Each distribution is chosen by one context and starts at what photographs taught (`fit.rs`); bits that are equally
//! likely follow as they are. Bit-exact. Source: symbols of magnitudes as in JPEG XL's hybrid integers; contexts are
//! ours.

use super::block_walk::{CountPlace, DcPlace, EdgeCountPlace, EdgePlace, InnerPlace, Tables};
use super::contexts::{Bounds, MAGNITUDES, Priors, Single};
use super::expectation::LEVELS;
use fearless_simd::Simd;
use tintype_entropy::symbols::NibbleSource;
use tintype_entropy::{AdaptiveBit, SymbolWalk};

/// How far differences are shifted, less one, by symbols seen: windows of 8 to 128 symbols.
static SHIFTS: [u8; 256] = {
    let mut shifts = [0; 256];
    let mut seen = 0;
    while seen < 256 {
        shifts[seen] = match seen {
            0..=5 => 2,
            6..=17 => 3,
            18..=49 => 4,
            50..=149 => 5,
            _ => 6,
        };
        seen += 1;
    }
    shifts
};

/// `65536 * 2^(i / 16)`.
const ROOTS: [u64; 16] = [
    65_536, 68_438, 71_468, 74_632, 77_936, 81_386, 84_990, 88_752, 92_682, 96_785, 101_070,
    105_545, 110_218, 115_098, 120_194, 125_515,
];

/// The frequency that a byte of a prior stands for: 0, or `65536 * 2^(byte / 16)`, below 2^32.
static WEIGHTS: [u64; 256] = {
    let mut weights = [0; 256];
    let mut byte = 1;
    while byte < 256 {
        weights[byte] = ROOTS[byte & 15] << (byte >> 4);
        byte += 1;
    }
    weights
};

/// Symbols that a distribution has seen at its start, by class of certainty.
const SEEN: [u8; 4] = [0, 6, 18, 40];

/// From sixteen bytes: for symbols 0 to 14 sixteen times the binary logarithm of their frequency (0: never), then a class
/// of certainty.
fn bounds_from_prior(bytes: &[u8; 16]) -> Bounds {
    let weight = |s: usize| WEIGHTS[usize::from(bytes[s])];
    let total: u64 = (0..15).map(weight).sum::<u64>().max(1);
    // Weights are below 2^32, so that products below stay under 2^59.
    let scale = ((Bounds::TOTAL as u64) << 44) / total;
    let mut sum = 0;
    Bounds::from_ends(|s| {
        sum += weight(s);
        ((sum * scale) >> 44) as i16
    })
}

/// The bytes that stand for `counts` seen in training; see [`bounds_from_prior`].
pub fn prior_from_counts(counts: &[f64; 16]) -> [u8; 16] {
    let total: f64 = counts.iter().sum();
    let mut out = [0u8; 16];
    for s in 0..15 {
        let p = counts[s] / total.max(1e-9) * 32_768.0;
        out[s] = if p < 0.5 { 0 } else { (p.log2() * 16.0).round().clamp(1.0, 240.0) as u8 };
    }
    out[15] = match total as u64 {
        0..=3 => 0,
        4..=31 => 1,
        32..=255 => 2,
        _ => 3,
    };
    out
}

/// Adaptive distributions under numbered contexts.
#[derive(Clone)]
pub struct Distributions<S: Simd> {
    simd: S,
    bounds: Box<[Bounds; DISTRIBUTIONS]>,
    seen: Box<[u8; DISTRIBUTIONS]>,
}

impl<S: Simd> Distributions<S> {
    /// That start at `start`, which can be had of [`Start::from_priors`].
    pub fn new(simd: S, start: &Start) -> Self {
        Self { simd, bounds: start.bounds.clone(), seen: start.seen.clone() }
    }
}

/// Where distributions start.
pub struct Start {
    bounds: Box<[Bounds; DISTRIBUTIONS]>,
    seen: Box<[u8; DISTRIBUTIONS]>,
}

impl Start {
    /// From sixteen bytes for each of [`DISTRIBUTIONS`]; what is missing is even and has seen nothing.
    pub fn from_priors(bytes: &[u8]) -> Self {
        const EVEN: [u8; 16] = [16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 0];
        let (given, _) = bytes.as_chunks::<16>();
        let prior = |i: usize| given.get(i).unwrap_or(&EVEN);
        let bounds: Vec<_> = (0..DISTRIBUTIONS).map(|i| bounds_from_prior(prior(i))).collect();
        let seen: Vec<_> =
            (0..DISTRIBUTIONS).map(|i| SEEN[usize::from(prior(i)[15] & 3)]).collect();
        let all = "one for each distribution";
        Self { bounds: bounds.try_into().expect(all), seen: seen.try_into().expect(all) }
    }
}

impl<S: Simd> Contexts for Distributions<S> {
    #[inline(always)]
    fn code<W: SymbolWalk>(&mut self, walk: &mut W, at: usize, symbol: u32) -> u32 {
        let (bounds, seen) = (&mut self.bounds[at], self.seen[at]);
        let symbol = walk.symbol(symbol, &NibbleSource { simd: self.simd, table: bounds });
        bounds.update_rounded(self.simd, symbol, u32::from(SHIFTS[usize::from(seen)]));
        self.seen[at] = seen.saturating_add(1);
        symbol
    }
}

const INNER: usize = 49 * LEVELS * 8;
const INNER_HIGH: usize = 51 * 10;
const INNER_LOW: usize = 51 * 8;
const EDGE: usize = 14 * LEVELS * MAGNITUDES;
const EDGE_COUNT: usize = 2 * LEVELS * 8 * 4;
const DC: usize = MAGNITUDES * MAGNITUDES;
/// Distributions of one class of components.
pub const DISTRIBUTIONS: usize = INNER + INNER_HIGH + INNER_LOW + EDGE + EDGE_COUNT + DC;
const HIGH_AT: usize = INNER;
const LOW_AT: usize = HIGH_AT + INNER_HIGH;
const EDGE_AT: usize = LOW_AT + INNER_LOW;
const EDGE_COUNT_AT: usize = EDGE_AT + EDGE;
const DC_AT: usize = EDGE_COUNT_AT + EDGE_COUNT;

/// Takes symbols under numbered contexts: adaptive distributions, or counters in training.
pub trait Contexts {
    /// Codes `symbol` under context `at`.
    fn code<W: SymbolWalk>(&mut self, walk: &mut W, at: usize, symbol: u32) -> u32;
}

/// The quick model of one class of components.
pub struct SymbolTables<C> {
    /// One distribution for each context.
    pub contexts: C,
    /// Signs of the first row and column.
    edge_sign: Single,
    /// Whether a block among flat ones is flat.
    flat: AdaptiveBit,
}

/// How slowly adaptive bits learn in the end.
const LIMIT: u32 = 250;

/// Signs that have adaptive bits.
pub const SIGNS: usize = 14 * 32;

impl<C> SymbolTables<C> {
    /// With `contexts`, and signs that start at `signs`.
    pub fn new(contexts: C, signs: &[u8]) -> Self {
        Self {
            contexts,
            edge_sign: Single::new(&mut Priors { bytes: signs }, SIGNS, LIMIT),
            flat: AdaptiveBit::default(),
        }
    }

    /// What the signs have seen, as priors.
    pub fn signs(&self) -> impl Iterator<Item = u8> {
        self.edge_sign.priors()
    }
}

/// The symbol of a magnitude: 0 to 3 themselves, then two for each bit length up to 7 by the bit below the leading one,
/// one for 128 to 255, one for all above.
#[inline(always)]
fn symbol_of(magnitude: u32) -> u32 {
    // A look-up: a branch would often be mispredicted.
    static SYMBOLS: [u8; 257] = {
        let mut symbols = [0; 257];
        let mut magnitude = 0u32;
        while magnitude <= 256 {
            let length = 32 - magnitude.leading_zeros();
            symbols[magnitude as usize] = match magnitude {
                0..=3 => magnitude as u8,
                4..=127 => (2 * length - 2 + (magnitude >> (length - 2) & 1)) as u8,
                128..=255 => 14,
                _ => 15,
            };
            magnitude += 1;
        }
        symbols
    };
    u32::from(SYMBOLS[magnitude.min(256) as usize])
}

/// The least magnitude of each symbol, and how many plain bits follow.
static PARTS: [(u8, u8); 16] = [
    (0, 0),
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 1),
    (6, 1),
    (8, 2),
    (12, 2),
    (16, 3),
    (24, 3),
    (32, 4),
    (48, 4),
    (64, 5),
    (96, 5),
    (128, 7),
    (0, 0),
];

/// A magnitude above 255: its bit length less 9, three bits, then the bits below the leading one.
#[cold]
fn large<W: SymbolWalk>(walk: &mut W, magnitude: u32) -> u32 {
    let below = 8 + walk.bits_16(23u32.saturating_sub(magnitude.leading_zeros()) & 7, 3);
    1 << below | walk.bits_16(magnitude & ((1 << below) - 1), below)
}

/// A value and its magnitude under context `at`; its sign is a plain bit. `None` for 0.
#[inline(always)]
fn value<C: Contexts, W: SymbolWalk>(
    contexts: &mut C,
    walk: &mut W,
    at: usize,
    value: i32,
) -> Option<(i32, u32)> {
    let magnitude = value.unsigned_abs();
    let symbol = contexts.code(walk, at, symbol_of(magnitude));
    if symbol == 0 {
        return None;
    }
    let (least, count) = PARTS[symbol as usize & 15];
    let (least, count) = (u32::from(least), u32::from(count));
    let field =
        walk.bits_16((magnitude & ((1 << count) - 1)) << 1 | u32::from(value < 0), count + 1);
    let magnitude = if symbol == 15 { large(walk, magnitude) } else { least + (field >> 1) };
    let sign = (field & 1) as i32;
    Some(((magnitude as i32 ^ -sign) + sign, magnitude))
}

impl<C: Contexts> Tables for SymbolTables<C> {
    const MIXES: bool = false;

    #[inline(always)]
    fn flat<W: SymbolWalk>(&mut self, walk: &mut W, flat: bool) -> bool {
        self.flat.code(walk, flat, LIMIT)
    }

    #[inline(always)]
    fn inner_count<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        count: usize,
        place: CountPlace,
    ) -> usize {
        let high = self
            .contexts
            .code(walk, HIGH_AT + place.level * 10 + place.other, (count >> 3) as u32)
            .min(6);
        let low =
            self.contexts.code(walk, LOW_AT + place.level * 8 + high as usize, (count & 7) as u32)
                & 7;
        (8 * high + low).min(49) as usize
    }

    #[inline(always)]
    fn inner_value<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        own: i16,
        place: &InnerPlace,
    ) -> Option<(i16, u32)> {
        let at = (place.n * LEVELS + place.level) * 8 + place.left_bucket;
        value(&mut self.contexts, walk, at, i32::from(own))
            .map(|(value, magnitude)| (value as i16, magnitude))
    }

    #[inline(always)]
    fn edge_count<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        count: usize,
        place: &EdgeCountPlace,
    ) -> usize {
        let EdgeCountPlace { side, level, mean, other_side, .. } = *place;
        let at = EDGE_COUNT_AT + ((side * LEVELS + level) * 8 + mean) * 4 + other_side / 2;
        (self.contexts.code(walk, at, count as u32) & 7) as usize
    }

    #[inline(always)]
    fn edge_value<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        own: i16,
        place: &EdgePlace,
    ) -> Option<(i16, u32)> {
        let at = EDGE_AT + (place.at * LEVELS + place.level) * MAGNITUDES + place.expected;
        let magnitude = u32::from(own.unsigned_abs());
        let symbol = self.contexts.code(walk, at, symbol_of(magnitude));
        if symbol == 0 {
            return None;
        }
        let lean = if place.predicted < 0 { 16 + place.expected } else { place.expected };
        let sign = i32::from(self.edge_sign.code(walk, own < 0, place.at * 32 + lean));
        let (least, count) = PARTS[symbol as usize & 15];
        let (least, count) = (u32::from(least), u32::from(count));
        let magnitude = match symbol {
            1..=3 => symbol,
            15 => large(walk, magnitude),
            _ => least + walk.bits_16(magnitude & ((1 << count) - 1), count),
        };
        Some((((magnitude as i32 ^ -sign) + sign) as i16, magnitude))
    }

    #[inline(always)]
    fn dc_residual<W: SymbolWalk>(&mut self, walk: &mut W, residual: i32, place: &DcPlace) -> i32 {
        value(&mut self.contexts, walk, DC_AT + place.spread * MAGNITUDES + place.inner, residual)
            .map_or(0, |v| v.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Contexts, DISTRIBUTIONS, Distributions, Start, value};
    use fearless_simd::Fallback;
    use tintype_entropy::symbols::NibbleSource;
    use tintype_entropy::{BitDecoder, BitEncoder};

    #[test]
    fn parts_stay_whole_and_symbols_come_back() {
        for prior in [&[][..], &[200, 100, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3][..]] {
            let start = Start::from_priors(prior);
            let symbols: Vec<u32> =
                (0..4000u32).map(|i| if i < 2000 { i * i % 16 } else { 15 }).collect();
            let mut model = Distributions::new(Fallback::new(), &start);
            let mut encoder = BitEncoder::new();
            for symbol in &symbols {
                tintype_entropy::contract::check_source(&NibbleSource {
                    simd: Fallback::new(),
                    table: &model.bounds[0],
                });
                model.code(&mut encoder, 0, *symbol);
            }
            let bytes = encoder.finish();
            let (mut model, mut decoder) =
                (Distributions::new(Fallback::new(), &start), BitDecoder::whole(&bytes));
            assert!(symbols.iter().all(|s| model.code(&mut decoder, 0, 0) == *s));
        }
    }

    #[test]
    fn values_of_any_size_come_back() {
        let start = Start::from_priors(&[]);
        let values: Vec<i32> =
            (-70..70).chain((0..17).flat_map(|e| [(1 << e) - 1, 1 - (1 << e)])).collect();
        let (mut model, mut encoder) =
            (Distributions::new(Fallback::new(), &start), BitEncoder::new());
        for (i, v) in values.iter().enumerate() {
            let same = (*v != 0).then_some((*v, v.unsigned_abs()));
            assert_eq!(value(&mut model, &mut encoder, i % DISTRIBUTIONS, *v), same);
        }
        let bytes = encoder.finish();
        let (mut model, mut decoder) =
            (Distributions::new(Fallback::new(), &start), BitDecoder::whole(&bytes));
        for (i, v) in values.iter().enumerate() {
            let same = (*v != 0).then_some((*v, v.unsigned_abs()));
            assert_eq!(value(&mut model, &mut decoder, i % DISTRIBUTIONS, 0), same);
        }
    }
}

//! The quick model: adaptive distributions of sixteen symbols, one look-up and one update for a whole exponent.
//!
//! Each distribution is chosen by one context and starts at what photographs taught (`fit.rs`). Exact zone: 15-bit
//! cumulative counts, every symbol at least 1 of 32 768.
//! Source: adaptive cumulative counts with a target per symbol, as in AV1's entropy coder; rates and contexts are ours.

use super::block_walk::{Bits, CountPlace, EdgePlace, InnerPlace, Tables};
use super::contexts::{MAGNITUDES, Priors};
use super::expectation::LEVELS;
use tintype_entropy::{ProbabilitySource, SymbolWalk};

/// An adaptive distribution of sixteen symbols.
#[derive(Clone, Copy)]
pub struct Distribution {
    /// Upper bound of each symbol's part, of 32 768.
    bounds: [u16; 16],
    /// Symbols seen, up to a limit.
    seen: u16,
}

const SEEN_MAX: u16 = 255;

/// Where bounds move when a symbol is seen: every other symbol keeps a part of 1.
static TARGETS: [[u16; 16]; 16] = {
    let mut targets = [[0; 16]; 16];
    let mut at = 0;
    while at < 256 {
        let (symbol, lane) = (at / 16, at % 16);
        targets[symbol][lane] = if lane < symbol { lane as u16 + 1 } else { 32_768 - 15 + lane as u16 };
        at += 1;
    }
    targets
};

/// Twice the rate of learning, of 65 536, by symbols seen: windows of 8 to 128 symbols.
static RATES: [i16; 256] = {
    let mut rates = [0; 256];
    let mut seen = 0;
    while seen < 256 {
        rates[seen] = match seen {
            0..=5 => 16_384,
            6..=17 => 8_192,
            18..=49 => 4_096,
            50..=149 => 2_048,
            _ => 1_024,
        };
        seen += 1;
    }
    rates
};

/// `65536 * 2^(i / 16)`.
const ROOTS: [u64; 16] = [
    65_536, 68_438, 71_468, 74_632, 77_936, 81_386, 84_990, 88_752, 92_682, 96_785, 101_070, 105_545, 110_218, 115_098,
    120_194, 125_515,
];

impl Distribution {
    /// From sixteen bytes: for symbols 0 to 14 sixteen times the binary logarithm of their frequency (0: never), then
    /// a class of certainty.
    pub fn from_prior(bytes: &[u8]) -> Self {
        let weight = |s: usize| match bytes.get(s).copied().unwrap_or(if bytes.is_empty() { 16 } else { 0 }) {
            0 => 0,
            b => ROOTS[usize::from(b & 15)] << (b >> 4),
        };
        let total: u64 = (0..15).map(weight).sum::<u64>().max(1);
        let (mut bounds, mut sum) = ([0u16; 16], 0);
        for (s, bound) in bounds.iter_mut().enumerate() {
            sum += if s < 15 { weight(s) } else { 0 };
            *bound = ((32_768 - 16) * sum / total) as u16 + s as u16 + 1;
        }
        bounds[15] = 32_768;
        let seen = [0, 6, 18, 40][usize::from(bytes.get(15).copied().unwrap_or(0) & 3)];
        Self { bounds, seen }
    }

    /// The bytes that stand for `counts` seen in training.
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

    #[inline(always)]
    fn learn(&mut self, symbol: u32) {
        // Twice the rate, of 65 536; halved with rounding below.
        let rate = RATES[usize::from(self.seen) & 255];
        let (targets, old) = (&TARGETS[symbol as usize & 15], self.bounds);
        let mut new = [0u16; 16];
        for lane in 0..16 {
            // Differences fit 16 bits with sign; the last one is 0.
            let gap = targets[lane].wrapping_sub(old[lane]) as i16;
            let twice = ((i32::from(gap) * i32::from(rate)) >> 16) as i16;
            new[lane] = old[lane].wrapping_add((twice.wrapping_add(1) >> 1) as u16);
        }
        self.bounds = new;
        self.seen += u16::from(self.seen < SEEN_MAX);
    }

    /// Codes `symbol`, 0 to 15, and learns it.
    #[inline(always)]
    pub fn code<W: SymbolWalk>(&mut self, walk: &mut W, symbol: u32) -> u32 {
        let symbol = walk.symbol(symbol, self);
        self.learn(symbol);
        symbol
    }
}

impl ProbabilitySource for Distribution {
    #[inline(always)]
    fn precision(&self) -> u32 {
        15
    }

    #[inline(always)]
    fn symbols(&self) -> u32 {
        16
    }

    #[inline(always)]
    fn interval(&self, symbol: u32) -> (u32, u32) {
        let symbol = symbol as usize & 15;
        let start = if symbol == 0 { 0 } else { u32::from(self.bounds[symbol - 1]) };
        (start, u32::from(self.bounds[symbol]) - start)
    }

    #[inline(always)]
    fn find(&self, slot: u32) -> (u32, u32, u32) {
        // Bounds and slot are 15 bits, the last bound one more: the difference's sign says which is larger.
        let above =
            self.bounds.iter().fold(0i16, |sum, b| sum.wrapping_add((slot as u16).wrapping_sub(*b) as i16 >> 15));
        let below = (16 + above) as u16;
        let (start, width) = self.interval(u32::from(below));
        (u32::from(below), start, width)
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

impl Contexts for Vec<Distribution> {
    #[inline(always)]
    fn code<W: SymbolWalk>(&mut self, walk: &mut W, at: usize, symbol: u32) -> u32 {
        self[at].code(walk, symbol)
    }
}

/// The quick model of one class of components.
pub struct SymbolTables<C> {
    /// One distribution for each context.
    pub contexts: C,
    bits: Bits,
}

/// Distributions that start at `bytes`, sixteen for each.
pub fn distributions(bytes: &[u8]) -> Vec<Distribution> {
    (0..DISTRIBUTIONS).map(|i| Distribution::from_prior(bytes.get(16 * i..16 * i + 16).unwrap_or(&[]))).collect()
}

impl<C> SymbolTables<C> {
    /// With `contexts`, and single bits that start at `bits`.
    pub fn new(contexts: C, bits: &mut Priors<'_>) -> Self {
        Self { contexts, bits: Bits::new(bits) }
    }
}

/// Codes an exponent, 0 to 16: 15 and 16 share a symbol.
#[inline(always)]
fn exponent<C: Contexts, W: SymbolWalk>(contexts: &mut C, walk: &mut W, at: usize, e: u32) -> u32 {
    let symbol = contexts.code(walk, at, e.min(15));
    if symbol == 15 { 15 + u32::from(walk.bit(e > 15, 1 << 15)) } else { symbol }
}

impl<C: Contexts> Tables for SymbolTables<C> {
    const MIXES: bool = false;

    #[inline(always)]
    fn inner_count<W: SymbolWalk>(&mut self, walk: &mut W, count: usize, place: CountPlace) -> usize {
        let high = self.contexts.code(walk, HIGH_AT + place.level * 10 + place.other, (count >> 3) as u32).min(6);
        let low = self.contexts.code(walk, LOW_AT + place.level * 8 + high as usize, (count & 7) as u32) & 7;
        (8 * high + low) as usize
    }

    #[inline(always)]
    fn inner_exponent<W: SymbolWalk>(&mut self, walk: &mut W, e: u32, place: &InnerPlace) -> u32 {
        let at = (place.n * LEVELS + place.level) * 8 + place.left_bucket;
        exponent(&mut self.contexts, walk, at, e)
    }

    #[inline(always)]
    fn edge_count<W: SymbolWalk>(&mut self, walk: &mut W, count: usize, side: usize, views: [usize; 3]) -> usize {
        let at = EDGE_COUNT_AT + side * LEVELS * 32 + views[0];
        (self.contexts.code(walk, at, count as u32) & 7) as usize
    }

    #[inline(always)]
    fn edge_exponent<W: SymbolWalk>(&mut self, walk: &mut W, e: u32, place: &EdgePlace) -> u32 {
        let at = EDGE_AT + (place.at * LEVELS + place.level) * MAGNITUDES + place.expected;
        exponent(&mut self.contexts, walk, at, e)
    }

    #[inline(always)]
    fn dc_exponent<W: SymbolWalk>(&mut self, walk: &mut W, e: u32, views: [usize; 3]) -> u32 {
        exponent(&mut self.contexts, walk, DC_AT + views[0], e)
    }

    #[inline(always)]
    fn bits(&mut self) -> &mut Bits {
        &mut self.bits
    }
}

#[cfg(test)]
mod tests {
    use super::Distribution;
    use tintype_entropy::{BitDecoder, BitEncoder};

    #[test]
    fn parts_stay_whole_and_symbols_come_back() {
        for prior in [&[][..], &[200, 100, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3][..]] {
            let symbols: Vec<u32> = (0..4000u32).map(|i| if i < 2000 { i * i % 16 } else { 15 }).collect();
            let mut model = Distribution::from_prior(prior);
            let mut encoder = BitEncoder::new();
            for symbol in &symbols {
                tintype_entropy::contract::check_source(&model);
                model.code(&mut encoder, *symbol);
            }
            let bytes = encoder.finish();
            let (mut model, mut decoder) = (Distribution::from_prior(prior), BitDecoder::whole(&bytes));
            assert!(symbols.iter().all(|s| model.code(&mut decoder, 0) == *s));
        }
    }
}

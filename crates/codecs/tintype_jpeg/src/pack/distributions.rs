//! Adaptive distributions of sixteen symbols under the numbered contexts of the quick model.
//!
//! Each starts at what photographs taught (`fit.rs`). Bit-exact. Source: our own, decision 0011.

use super::buckets::{LEVELS, MAGNITUDES};
use fearless_simd::Simd;
use tintype_entropy::symbols::NibbleSource;
use tintype_entropy::{AdaptiveNibble, SymbolWalk};

/// Adaptive distributions of sixteen symbols, none less than 1 of 32 768.
pub type Distribution = AdaptiveNibble<1>;

const INNER: usize = 49 * LEVELS * 8;
const INNER_HIGH: usize = 51 * 10;
const INNER_LOW: usize = 51 * 8;
const EDGE: usize = 14 * LEVELS * MAGNITUDES;
const EDGE_COUNT: usize = 2 * LEVELS * 8 * 4;
const DC: usize = MAGNITUDES * MAGNITUDES;

/// First context of the upper bits of inner counts; inner magnitudes come before.
pub const HIGH_AT: usize = INNER;
/// First context of the lower bits of inner counts.
pub const LOW_AT: usize = HIGH_AT + INNER_HIGH;
/// First context of edge magnitudes.
pub const EDGE_AT: usize = LOW_AT + INNER_LOW;
/// First context of edge counts.
pub const EDGE_COUNT_AT: usize = EDGE_AT + EDGE;
/// First context of DC residuals.
pub const DC_AT: usize = EDGE_COUNT_AT + EDGE_COUNT;
/// Distributions of one class of components.
pub const DISTRIBUTIONS: usize = DC_AT + DC;

/// What is coded, and how many contexts it has, in order.
#[cfg(test)]
pub const KINDS: [(&str, usize); 6] = [
    ("inner magnitude", INNER),
    ("inner count, upper three bits", INNER_HIGH),
    ("inner count, lower three bits", INNER_LOW),
    ("edge magnitude", EDGE),
    ("edge count", EDGE_COUNT),
    ("DC residual", DC),
];

/// Takes symbols under numbered contexts: adaptive distributions, or counters in training.
pub trait SymbolContexts {
    /// Codes `symbol` under context `at`.
    fn code<W: SymbolWalk>(&mut self, walk: &mut W, at: usize, symbol: u32) -> u32;
}

/// How far differences are shifted, less one, by symbols seen: windows of 8 to 128 symbols. Not
/// measured.
static SHIFTS: [u8; 256] = stairs([5, 17, 49, 149], &[2, 3, 4, 5, 6]);

/// A table with `values[i]` up to and including `ends[i]`, and the last value behind the last end.
pub const fn stairs<const N: usize, const ENDS: usize>(ends: [usize; ENDS], values: &[u8]) -> [u8; N] {
    assert!(values.len() == ENDS + 1);
    let (mut table, mut at, mut stair) = ([0; N], 0, 0);
    while at < N {
        while stair < ENDS && at > ends[stair] {
            stair += 1;
        }
        table[at] = values[stair];
        at += 1;
    }
    table
}

/// `65536 * 2^(i / 16)`.
const ROOTS: [u64; 16] = [
    65_536, 68_438, 71_468, 74_632, 77_936, 81_386, 84_990, 88_752, 92_682, 96_785, 101_070, 105_545,
    110_218, 115_098, 120_194, 125_515,
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

/// Symbols that a distribution counts as seen at its start, by class of certainty. Not measured.
const SEEN: [u8; 4] = [0, 6, 18, 40];

/// From sixteen bytes: for symbols 0 to 14 sixteen times the binary logarithm of their frequency
/// (0: never), then a class of certainty.
fn bounds_from_prior(bytes: &[u8; 16]) -> Distribution {
    let weight = |s: usize| WEIGHTS[usize::from(bytes[s])];
    let total: u64 = (0..15).map(weight).sum::<u64>().max(1);
    // Weights are below 2^32, so that products below stay under 2^59.
    let scale = ((Distribution::TOTAL as u64) << 44) / total;
    let mut sum = 0;
    Distribution::from_ends(|s| {
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
    /// One for each context.
    pub bounds: Box<[Distribution; DISTRIBUTIONS]>,
    seen: Box<[u8; DISTRIBUTIONS]>,
}

impl<S: Simd> Distributions<S> {
    /// That start at `start`.
    pub fn new(simd: S, start: &StartDistributions) -> Self {
        Self { simd, bounds: start.bounds.clone(), seen: start.seen.clone() }
    }
}

/// Where distributions start.
pub struct StartDistributions {
    bounds: Box<[Distribution; DISTRIBUTIONS]>,
    seen: Box<[u8; DISTRIBUTIONS]>,
}

impl StartDistributions {
    /// From sixteen bytes for each of [`DISTRIBUTIONS`]; without bytes they are even.
    pub fn from_priors(bytes: &[u8]) -> Self {
        const EVEN: [u8; 16] = [16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 0];
        let (given, _) = bytes.as_chunks::<16>();
        let prior = |i: usize| given.get(i).unwrap_or(&EVEN);
        let bounds: Vec<_> = (0..DISTRIBUTIONS).map(|i| bounds_from_prior(prior(i))).collect();
        let seen: Vec<_> = (0..DISTRIBUTIONS).map(|i| SEEN[usize::from(prior(i)[15] & 3)]).collect();
        let all = "one for each distribution";
        Self { bounds: bounds.try_into().expect(all), seen: seen.try_into().expect(all) }
    }
}

impl<S: Simd> SymbolContexts for Distributions<S> {
    #[inline(always)]
    fn code<W: SymbolWalk>(&mut self, walk: &mut W, at: usize, symbol: u32) -> u32 {
        let (bounds, seen) = (&mut self.bounds[at], self.seen[at]);
        let symbol = walk.symbol(symbol, &NibbleSource { simd: self.simd, table: bounds });
        bounds.update_rounded(self.simd, symbol, u32::from(SHIFTS[usize::from(seen)]));
        self.seen[at] = seen.saturating_add(1);
        symbol
    }
}

#[cfg(test)]
mod tests {
    use super::{Distributions, StartDistributions, SymbolContexts};
    use fearless_simd::Fallback;
    use tintype_entropy::symbols::NibbleSource;
    use tintype_entropy::{BitDecoder, BitEncoder};

    #[test]
    fn distributions_stay_valid_and_symbols_decode() {
        for prior in [&[][..], &[200, 100, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3][..]] {
            let start = StartDistributions::from_priors(prior);
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
}

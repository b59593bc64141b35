//! The rANS encoder.

use super::{PRECISION_MAX, STATE_MIN};
use crate::symbols::{ProbabilitySource, Signed, SymbolWalk, symbol_then_sign};
use crate::{BitWalk, EntropyError};

/// Collects symbols and codes them in `LANES` lanes (1, 2, 4 or 8; each costs about four bytes).
///
/// ```
/// use tintype_entropy::{rans::{RansDecoder, RansEncoder}, symbols::{CdfTable, SymbolWalk}};
/// let table = CdfTable::from_frequencies(4, &[9, 4, 1, 2]).unwrap();
/// let mut encoder = RansEncoder::<1>::new();
/// for symbol in [0, 1, 0, 3, 2, 0, 0, 1] {
///     encoder.symbol(symbol, &table);
/// }
/// let bytes = encoder.finish();
/// assert_eq!(bytes, [0x00, 0x30, 0x9f, 0x79, 0xf4, 0x27, 0x00, 0x00]);
/// let mut decoder = RansDecoder::<1>::new(&bytes).unwrap();
/// assert_eq!([9; 8].map(|_| decoder.symbol(0, &table)), [0, 1, 0, 3, 2, 0, 0, 1]);
/// decoder.finish().unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct RansEncoder<const LANES: usize> {
    /// Start, and above it width less one, of each part, both on a scale of 16 bits.
    parts: Vec<u32>,
}

impl<const LANES: usize> RansEncoder<LANES> {
    /// An encoder of no symbols.
    pub fn new() -> Self {
        const { assert!(LANES.is_power_of_two() && LANES <= 8) };
        Self { parts: Vec::new() }
    }

    /// The number of symbols and bit fields so far.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    #[inline(always)]
    fn push(&mut self, start: u32, width: u32, precision: u32) {
        let shift = PRECISION_MAX - precision;
        self.parts.push(start << shift | ((width << shift) - 1) << 16);
    }

    /// The code: the lanes' states, eight bytes each, then words of four bytes, all lowest byte
    /// first.
    #[inline(always)]
    pub fn finish(self) -> Vec<u8> {
        let mut states = [STATE_MIN; LANES];
        let mut words = Vec::with_capacity(self.parts.len() / 8);
        let (turns, rest) = self.parts.as_chunks::<LANES>();
        for (state, &part) in states.iter_mut().zip(rest).rev() {
            code(state, part, &mut words);
        }
        for turn in turns.iter().rev() {
            for lane in (0..LANES).rev() {
                code(&mut states[lane], turn[lane], &mut words);
            }
        }
        let mut bytes = Vec::with_capacity(8 * LANES + 4 * words.len());
        states.iter().for_each(|state| bytes.extend_from_slice(&state.to_le_bytes()));
        words.iter().rev().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        bytes
    }

    /// The code of [`Self::finish`], if it has at most `max` bytes.
    ///
    /// # Errors
    /// `Limit` if it has more.
    pub fn finish_within(self, max: usize) -> Result<Vec<u8>, EntropyError> {
        let bytes = self.finish();
        if bytes.len() > max {
            return Err(EntropyError::Limit { what: "bytes written", max: max as u64 });
        }
        Ok(bytes)
    }
}

/// Codes one part into `state`: `state / width << 16 | (state % width + start)`, after a word has
/// left to make room.
///
/// The quotient, below 2^47, is computed as the product with a reciprocal of 53 bits. The
/// reciprocal comes from an f64 division that does not depend on the state. The product is too
/// small by less than two, so that one correction makes it exact.
#[inline(always)]
fn code(state: &mut u64, part: u32, words: &mut Vec<u32>) {
    let (start, width) = (part & 0xffff, u64::from(part >> 16) + 1);
    let below = ((1.0 - f64::EPSILON) / width as f64).to_bits();
    let (mantissa, shift) = (below << 11 | 1 << 63, 1022 - (below >> 52));
    if *state >= width << (63 - PRECISION_MAX) {
        words.push(*state as u32);
        *state >>= 32;
    }
    let quotient = ((u128::from(*state) * u128::from(mantissa)) >> 64) as u64 >> shift;
    let rest = *state - quotient * width;
    let correction = if rest >= width { (1 << PRECISION_MAX) - width } else { 0 };
    *state = (quotient << PRECISION_MAX) + rest + correction + u64::from(start);
}

impl<const LANES: usize> BitWalk for RansEncoder<LANES> {
    const READS: bool = false;

    #[inline(always)]
    fn bit(&mut self, bit: bool, p1: u32) -> bool {
        let (start, width) = if bit { (0, p1) } else { (p1, 65536 - p1) };
        self.push(start, width, 16);
        bit
    }

    #[inline(always)]
    fn bits_16(&mut self, value: u32, count: u32) -> u32 {
        self.push(value, 1, count);
        value
    }
}

impl<const LANES: usize> SymbolWalk for RansEncoder<LANES> {
    #[inline(always)]
    fn symbol<S: ProbabilitySource + ?Sized>(&mut self, symbol: u32, source: &S) -> u32 {
        let (start, width) = source.interval(symbol);
        self.push(start, width, source.precision());
        symbol
    }

    #[inline(always)]
    fn signed_symbol<S: ProbabilitySource + ?Sized>(&mut self, signed: Signed, source: &S) -> Signed {
        if source.precision() == PRECISION_MAX {
            return symbol_then_sign(self, signed, source);
        }
        let (symbol, negative) = (signed.0, signed.1 && signed.0 != 0);
        let (start, width) = source.interval(symbol);
        let (start, width) =
            (2 * start + if negative { width } else { 0 }, width << u32::from(symbol == 0));
        self.push(start, width, source.precision() + 1);
        (symbol, negative)
    }
}

#[cfg(test)]
mod tests {
    use super::{STATE_MIN, code};

    #[test]
    fn quotients_are_exact() {
        let mut seed = 1u64;
        for width in (1..=65536u64).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let top = width << 47;
            let near = (seed >> 17) % top / width * width;
            for state in [STATE_MIN, near, near + width - 1, near.wrapping_sub(1), top - 1] {
                if !(STATE_MIN..top).contains(&state) {
                    continue;
                }
                let (mut coded, mut words) = (state, Vec::new());
                code(&mut coded, ((width - 1) as u32) << 16, &mut words);
                assert_eq!(
                    (coded, words.len()),
                    (((state / width) << 16) + state % width, 0),
                    "{state} by {width}"
                );
            }
        }
    }
}

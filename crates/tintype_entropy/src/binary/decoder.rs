//! The range decoder, and the rule by which a truncated code ends.

use super::{BitWalk, FrequencyWalk, encoder::RANGE_MIN};
use crate::symbols::{ProbabilitySource, SymbolWalk};

/// Reads what a [`super::BitEncoder`] wrote.
///
/// A code may have been truncated at any byte. [`BitDecoder::cut`] keeps track of which low bits
/// of its window stand for missing bytes: the true value lies between the window with those bits
/// 0 and with those bits 1. Intervals are nested, so every decision so far was determined if and
/// only if both ends lie in the current interval. [`BitWalk::exhausted`] is that one comparison;
/// decoding a bit does no work for it.
///
/// ```
/// use tintype_entropy::{BitDecoder, BitWalk};
/// let bytes = [0x2f, 0x63, 0xcc, 0xe4, 0x8e];
/// let mut decoder = BitDecoder::whole(&bytes);
/// for i in 0..32 {
///     assert_eq!(decoder.bit(false, 20_000), i % 3 == 0);
/// }
/// assert_eq!(decoder.bits(0, 10), 0x2a5);
/// ```
#[derive(Clone, Debug)]
pub struct BitDecoder<'a> {
    /// The code less the interval's low end, missing bits taken for 0.
    value: u64,
    range: u64,
    bytes: &'a [u8],
    at: usize,
    /// How much larger the value would be with the missing bits all 1; `u64::MAX` once a decision
    /// was not determined.
    unknown: u64,
    cut: bool,
}

impl<'a> BitDecoder<'a> {
    /// Decodes a complete code; bytes past the end count as zero.
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self::start(bytes, false)
    }

    /// Decodes a code that may lack its end, so that bytes past the end are unknown.
    pub fn cut(bytes: &'a [u8]) -> Self {
        Self::start(bytes, true)
    }

    fn start(bytes: &'a [u8], cut: bool) -> Self {
        let mut decoder = Self { value: 0, range: u64::MAX, bytes, at: 0, unknown: 0, cut };
        decoder.value = u64::from(decoder.word());
        decoder.value = (decoder.value << 32) | u64::from(decoder.word());
        decoder
    }

    /// The number of bytes that entered the window, which is up to eight bytes ahead; it grows
    /// past the end too.
    pub fn position(&self) -> usize {
        self.at
    }

    /// How many bits the decisions so far took, fractions included; counts on past the end of a code that ends early.
    pub fn bits_taken(&self) -> f64 {
        8.0 * self.at as f64 - (self.range as f64).log2()
    }

    #[inline(always)]
    fn word(&mut self) -> u32 {
        let word = match self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<4>()) {
            Some(chunk) => u32::from_be_bytes(*chunk),
            None => return self.last_word(),
        };
        self.at += 4;
        word
    }

    #[cold]
    #[inline(never)]
    fn last_word(&mut self) -> u32 {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let mut word = [0; 4];
        word[..rest.len()].copy_from_slice(rest);
        if self.cut {
            let missing = (1u64 << (32 - 8 * rest.len())) - 1;
            // Exhausted stays exhausted. Otherwise unknown < range < 2^32 here, except for the
            // first two words.
            self.unknown = if self.exhausted() { u64::MAX } else { (self.unknown << 32) | missing };
        }
        self.at = self.at.saturating_add(4);
        u32::from_be_bytes(word)
    }

    #[inline(always)]
    fn renormalise(&mut self) {
        if self.range < RANGE_MIN {
            let word = self.word();
            self.value = (self.value << 32) | u64::from(word);
            self.range <<= 32;
        }
    }
}

impl BitWalk for BitDecoder<'_> {
    const READS: bool = true;

    #[inline(always)]
    fn bit(&mut self, _bit: bool, p1: u32) -> bool {
        debug_assert!((1..65536).contains(&p1));
        let bound = (self.range >> 16) * u64::from(p1);
        let bit = self.value < bound;
        self.range = if bit { bound } else { self.range - bound };
        self.value = if bit { self.value } else { self.value - bound };
        self.renormalise();
        bit
    }

    #[inline]
    fn bits_16(&mut self, _value: u32, count: u32) -> u32 {
        debug_assert!(count <= 16);
        self.range >>= count;
        let value = (self.value / self.range).min((1 << count) - 1);
        self.value -= self.range * value;
        self.renormalise();
        value as u32
    }

    #[inline(always)]
    fn exhausted(&self) -> bool {
        self.unknown != 0 && self.value.saturating_add(self.unknown) >= self.range
    }
}

impl SymbolWalk for BitDecoder<'_> {
    #[inline(always)]
    fn symbol<S: ProbabilitySource + ?Sized>(&mut self, _symbol: u32, source: &S) -> u32 {
        let unit = self.range >> source.precision();
        let slot = (self.value / unit).min((1 << source.precision()) - 1);
        let (symbol, start, width) = source.find(slot as u32);
        self.value -= unit * u64::from(start);
        self.range = unit * u64::from(width);
        self.renormalise();
        symbol
    }
}

impl FrequencyWalk for BitDecoder<'_> {
    #[inline(always)]
    fn slot(&mut self, total: u32) -> u32 {
        self.range /= u64::from(total);
        (self.value / self.range).min(u64::from(total) - 1) as u32
    }

    #[inline(always)]
    fn take(&mut self, start: u32, width: u32) {
        self.value -= self.range * u64::from(start);
        self.range *= u64::from(width);
        self.renormalise();
    }
}

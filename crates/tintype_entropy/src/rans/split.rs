//! Interleaved rANS with equally likely bits stored beside it as plain bits, which are faster to
//! read.
//!
//! In: symbols, modelled bits and plain bits in order, as a walk. Out: four bytes with the length
//! of the rANS code, that code, then the plain bits, first bit lowest.
//! [`crate::BitWalk::bits_16`] goes to the plain bits, everything else to the lanes.

use super::{RansDecoder, RansEncoder};
use crate::bits::{LsbReader, LsbWriter};
use crate::symbols::{ProbabilitySource, SymbolWalk};
use crate::{BitWalk, EntropyError};

/// The encoder; see the module.
///
/// ```
/// use tintype_entropy::{BitWalk, rans::{SplitDecoder, SplitEncoder}};
/// let mut encoder = SplitEncoder::<2>::new();
/// for i in 0..32 {
///     encoder.bit(i % 3 == 0, 20_000);
///     encoder.bits_16(i, 5);
/// }
/// let bytes = encoder.finish();
/// let mut decoder = SplitDecoder::<2>::new(&bytes).unwrap();
/// for i in 0..32 {
///     assert_eq!(decoder.bit(false, 20_000), i % 3 == 0);
///     assert_eq!(decoder.bits_16(0, 5), i);
/// }
/// decoder.finish().unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct SplitEncoder<const LANES: usize> {
    symbols: RansEncoder<LANES>,
    plain: LsbWriter,
}

impl<const LANES: usize> SplitEncoder<LANES> {
    /// An encoder of no symbols.
    pub fn new() -> Self {
        Self::default()
    }

    /// The code.
    ///
    /// # Panics
    /// Never: the plain bits have no limit.
    #[inline(always)]
    pub fn finish(self) -> Vec<u8> {
        let symbols = self.symbols.finish();
        let plain = self.plain.finish().expect("a writer without a limit");
        [&(symbols.len() as u32).to_le_bytes()[..], &symbols, &plain].concat()
    }
}

impl<const LANES: usize> BitWalk for SplitEncoder<LANES> {
    const READS: bool = false;

    #[inline(always)]
    fn bit(&mut self, bit: bool, p1: u32) -> bool {
        self.symbols.bit(bit, p1)
    }

    #[inline(always)]
    fn bits_16(&mut self, value: u32, count: u32) -> u32 {
        self.plain.write(value, count);
        value
    }
}

impl<const LANES: usize> SymbolWalk for SplitEncoder<LANES> {
    #[inline(always)]
    fn symbol<S: ProbabilitySource + ?Sized>(&mut self, symbol: u32, source: &S) -> u32 {
        self.symbols.symbol(symbol, source)
    }
}

/// Decodes the code of a [`SplitEncoder`] with as many lanes.
#[derive(Clone, Debug)]
pub struct SplitDecoder<'a, const LANES: usize> {
    symbols: RansDecoder<'a, LANES>,
    plain: LsbReader<'a>,
    plain_bytes: usize,
}

impl<'a, const LANES: usize> SplitDecoder<'a, LANES> {
    /// Starts to read `bytes`.
    ///
    /// # Errors
    /// `Truncated`, `Malformed` as [`RansDecoder::new`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, EntropyError> {
        let (length, rest) =
            bytes.split_first_chunk::<4>().ok_or(EntropyError::Truncated { needed: 4 })?;
        let length = u32::from_le_bytes(*length) as usize;
        let (symbols, plain) = rest
            .split_at_checked(length)
            .ok_or_else(|| EntropyError::Truncated { needed: length - rest.len() })?;
        Ok(Self {
            symbols: RansDecoder::new(symbols)?,
            plain: LsbReader::new(plain),
            plain_bytes: plain.len(),
        })
    }

    /// Checks that the code ends here.
    ///
    /// # Errors
    /// As [`RansDecoder::finish`]; `Truncated` too if plain bits were missing.
    pub fn finish(&self) -> Result<(), EntropyError> {
        self.plain.check()?;
        if self.plain.position_bits().div_ceil(8) != self.plain_bytes {
            return Err(EntropyError::Malformed { what: "plain bits after the last symbol", at: None });
        }
        self.symbols.finish()
    }
}

impl<const LANES: usize> BitWalk for SplitDecoder<'_, LANES> {
    const READS: bool = true;

    #[inline(always)]
    fn bit(&mut self, _bit: bool, p1: u32) -> bool {
        self.symbols.bit(false, p1)
    }

    #[inline(always)]
    fn bits_16(&mut self, _value: u32, count: u32) -> u32 {
        self.plain.read(count)
    }

    #[inline(always)]
    fn exhausted(&self) -> bool {
        self.plain.exhausted() || self.symbols.exhausted()
    }
}

impl<const LANES: usize> SymbolWalk for SplitDecoder<'_, LANES> {
    #[inline(always)]
    fn symbol<S: ProbabilitySource + ?Sized>(&mut self, _symbol: u32, source: &S) -> u32 {
        self.symbols.symbol(0, source)
    }
}

#[cfg(test)]
mod tests {
    use super::{SplitDecoder, SplitEncoder};
    use crate::{BitWalk, EntropyError};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn modelled_and_plain_bits_decode(values in prop::collection::vec((0u32..17, any::<u16>()), 0..300)) {
            let mut encoder = SplitEncoder::<2>::new();
            let field = |count: u32, value: u16| u32::from(value) & ((1 << count) - 1);
            for (count, value) in &values {
                encoder.bits_16(field(*count, *value), *count);
                encoder.bit(value % 3 == 0, 9000);
            }
            let bytes = encoder.finish();
            let mut decoder = SplitDecoder::<2>::new(&bytes).unwrap();
            for (count, value) in &values {
                prop_assert_eq!(decoder.bits_16(0, *count), field(*count, *value));
                prop_assert_eq!(decoder.bit(false, 9000), value % 3 == 0);
            }
            prop_assert!(decoder.finish().is_ok());
        }
    }

    #[test]
    fn a_truncated_code_is_an_error() {
        let mut encoder = SplitEncoder::<2>::new();
        (0..40).for_each(|i| _ = encoder.bits_16(i * 31 + 1, 11));
        let bytes = encoder.finish();
        for len in 0..bytes.len() {
            let read = SplitDecoder::<2>::new(&bytes[..len]).and_then(|mut decoder| {
                (0..40).for_each(|_| _ = decoder.bits_16(0, 11));
                decoder.finish()
            });
            assert!(matches!(read, Err(EntropyError::Truncated { .. })), "{len}: {read:?}");
        }
        let mut decoder = SplitDecoder::<2>::new(&bytes).unwrap();
        (0..39).for_each(|_| _ = decoder.bits_16(0, 11));
        assert!(decoder.finish().is_err());
    }
}

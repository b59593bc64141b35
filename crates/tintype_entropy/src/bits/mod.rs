//! Plain bits: writers and readers, highest bit first ([`MsbWriter`], [`MsbReader`]) or lowest bit first
//! ([`LsbWriter`], [`LsbReader`]).
//!
//! All are [`BitWalk`]s that spend a whole bit on every decision, so that a code written as a walk ([`crate::golomb`])
//! runs over them and over the range coder alike. A reader gives zeros past the end and remembers that it did; ask
//! [`BitWalk::exhausted`] or the reader's `check`.
//!
//! Bit-exact. Source: none needed.

mod lsb;
mod msb;

pub use lsb::{LsbReader, LsbWriter};
pub use msb::{MsbReader, MsbWriter};

use crate::{BitWalk, EntropyError};

/// Bytes under way: whole words leave the accumulator, and nothing is kept beyond the limit.
#[derive(Clone, Debug)]
struct Sink {
    bytes: Vec<u8>,
    max: usize,
    over: bool,
}

impl Sink {
    fn new(max: usize) -> Self {
        Self { bytes: Vec::new(), max, over: false }
    }

    #[inline(always)]
    fn push(&mut self, bytes: &[u8]) {
        if bytes.len() <= self.max - self.bytes.len() {
            self.bytes.extend_from_slice(bytes);
        } else {
            self.over = true;
        }
    }

    fn finish(self) -> Result<Vec<u8>, EntropyError> {
        if self.over {
            return Err(EntropyError::Limit { what: "bytes written", max: self.max as u64 });
        }
        Ok(self.bytes)
    }
}

/// Counts plain bits.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainCost {
    /// Bits so far.
    pub bits: u64,
}

impl BitWalk for PlainCost {
    const READS: bool = false;

    #[inline(always)]
    fn bit(&mut self, bit: bool, _p1: u32) -> bool {
        self.bits += 1;
        bit
    }

    #[inline(always)]
    fn bits_16(&mut self, value: u32, count: u32) -> u32 {
        self.bits += u64::from(count);
        value
    }
}

/// How many bytes `bits` bits reach beyond `len` bytes, if they do.
fn shortage(at_bits: usize, len: usize) -> Result<(), EntropyError> {
    match at_bits.div_ceil(8).checked_sub(len) {
        None | Some(0) => Ok(()),
        Some(needed) => Err(EntropyError::Truncated { needed }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields() -> impl Strategy<Value = Vec<(u32, u32)>> {
        prop::collection::vec((0u32..=32, any::<u32>()), 0..80)
            .prop_map(|v| v.into_iter().map(|(n, x)| (n, x & ((1u64 << n) - 1) as u32)).collect())
    }

    /// The slow twin: a vector of single bits, in the order in which they are written.
    fn bytes_of_bits(bits: &[bool], high_first: bool) -> Vec<u8> {
        let place = |i: usize| if high_first { 7 - i } else { i };
        bits.chunks(8)
            .map(|byte| {
                byte.iter().enumerate().fold(0, |sum, (i, &bit)| sum | (u8::from(bit) << place(i)))
            })
            .collect()
    }

    proptest! {
        #[test]
        fn high_first_matches_single_bits(fields in fields()) {
            let mut writer = MsbWriter::new();
            let mut bits = Vec::new();
            for &(n, x) in &fields {
                writer.write(x, n);
                bits.extend((0..n).rev().map(|i| (x >> i) & 1 != 0));
            }
            prop_assert_eq!(writer.len_bits(), bits.len() as u64);
            let bytes = writer.finish().unwrap();
            prop_assert_eq!(&bytes, &bytes_of_bits(&bits, true));
            let mut reader = MsbReader::new(&bytes);
            for &(n, x) in &fields {
                prop_assert_eq!(reader.read(n), x);
            }
            prop_assert!(reader.check().is_ok());
        }

        #[test]
        fn low_first_matches_single_bits(fields in fields()) {
            let mut writer = LsbWriter::new();
            let mut bits = Vec::new();
            for &(n, x) in &fields {
                writer.write(x, n);
                bits.extend((0..n).map(|i| (x >> i) & 1 != 0));
            }
            let bytes = writer.finish().unwrap();
            prop_assert_eq!(&bytes, &bytes_of_bits(&bits, false));
            let mut reader = LsbReader::new(&bytes);
            for &(n, x) in &fields {
                prop_assert_eq!(reader.read(n), x);
            }
            prop_assert!(reader.check().is_ok());
        }

        #[test]
        fn readers_say_when_bytes_are_missing(fields in fields(), cut in 0usize..40) {
            let mut writer = MsbWriter::new();
            fields.iter().for_each(|&(n, x)| writer.write(x, n));
            let bytes = writer.finish().unwrap();
            let cut = cut.min(bytes.len());
            let mut reader = MsbReader::new(&bytes[..cut]);
            let mut at = 0;
            for &(n, x) in &fields {
                let read = reader.read(n);
                at += n as usize;
                prop_assert_eq!(reader.exhausted(), at > 8 * cut);
                prop_assert!(reader.exhausted() || read == x);
            }
            let needed = at.div_ceil(8) - cut;
            prop_assert_eq!(reader.check(), if needed > 0 { Err(EntropyError::Truncated { needed }) } else { Ok(()) });
        }
    }

    #[test]
    fn writers_keep_to_their_limit() {
        let mut writer = MsbWriter::with_limit(5);
        (0..40).for_each(|_| writer.write(1, 1));
        assert_eq!(writer.finish().unwrap().len(), 5);
        let mut writer = LsbWriter::with_limit(5);
        (0..41).for_each(|_| writer.write(1, 1));
        assert_eq!(writer.finish(), Err(EntropyError::Limit { what: "bytes written", max: 5 }));
    }
}

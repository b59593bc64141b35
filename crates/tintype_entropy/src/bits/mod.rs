//! Plain bits: writers and readers, highest bit first ([`MsbWriter`], [`MsbReader`]) or lowest
//! bit first ([`LsbWriter`], [`LsbReader`]).
//!
//! All are [`BitWalk`]s that spend a whole bit on every decision, so that a code written as a
//! walk ([`crate::golomb`]) runs over them and over the range coder alike. A reader gives
//! zeros past the end; [`BitWalk::exhausted`] and the reader's `check` report it.
//!
//! Bit-exact. The order of JPEG is highest first, that of DEFLATE lowest first.

mod order;
mod reader;
mod writer;

pub use order::{BitOrder, HighFirst, LowFirst};
pub use reader::{BitReader, LsbReader, MsbReader};
pub use writer::{BitWriter, LsbWriter, MsbWriter};

use crate::BitWalk;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EntropyError;
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

    /// Fields as bytes and back, against `bits_of`, which lists the bits of one field in order.
    fn check_order<O: BitOrder>(
        fields: &[(u32, u32)],
        high_first: bool,
        bits_of: impl Fn(u32, u32) -> Vec<bool>,
    ) -> Result<(), TestCaseError> {
        let mut writer = BitWriter::<O>::new();
        let mut bits = Vec::new();
        for &(n, x) in fields {
            writer.write(x, n);
            bits.extend(bits_of(n, x));
        }
        prop_assert_eq!(writer.len_bits(), bits.len() as u64);
        let bytes = writer.finish().unwrap();
        prop_assert_eq!(&bytes, &bytes_of_bits(&bits, high_first));
        let mut reader = BitReader::<O>::new(&bytes);
        for &(n, x) in fields {
            prop_assert_eq!(reader.read(n), x);
        }
        prop_assert!(reader.check().is_ok());
        Ok(())
    }

    proptest! {
        #[test]
        fn both_orders_match_single_bits(fields in fields()) {
            let bit = |x: u32, i: u32| (x >> i) & 1 != 0;
            check_order::<HighFirst>(&fields, true, |n, x| {
                (0..n).rev().map(|i| bit(x, i)).collect()
            })?;
            check_order::<LowFirst>(&fields, false, |n, x| (0..n).map(|i| bit(x, i)).collect())?;
        }

        #[test]
        fn a_reader_reports_missing_bytes(fields in fields(), cut in 0usize..40) {
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
    fn a_writer_fails_beyond_its_limit() {
        let mut writer = MsbWriter::with_limit(5);
        (0..40).for_each(|_| writer.write(1, 1));
        assert_eq!(writer.finish().unwrap().len(), 5);
        let mut writer = LsbWriter::with_limit(5);
        (0..41).for_each(|_| writer.write(1, 1));
        assert_eq!(writer.finish(), Err(EntropyError::Limit { what: "bytes written", max: 5 }));
    }
}

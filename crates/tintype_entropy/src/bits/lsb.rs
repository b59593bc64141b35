//! Bits, lowest first.

use super::{Sink, shortage};
use crate::{BitWalk, EntropyError};

/// Writes fields of bits, the lowest bit of each first, from the lowest bit of each byte on.
///
/// ```
/// let mut writer = tintype_entropy::bits::LsbWriter::new();
/// writer.write(0b101, 3);
/// writer.write(0x3ff, 10);
/// assert_eq!(writer.finish().unwrap(), [0b1111_1101, 0b0001_1111]);
/// ```
#[derive(Clone, Debug)]
pub struct LsbWriter {
    sink: Sink,
    word: u64,
    used: u32,
}

impl Default for LsbWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl LsbWriter {
    /// A writer without a limit.
    pub fn new() -> Self {
        Self::with_limit(usize::MAX)
    }

    /// A writer that fails at its end if there were more than `max` bytes.
    pub fn with_limit(max: usize) -> Self {
        Self { sink: Sink::new(max), word: 0, used: 0 }
    }

    /// Appends `count` bits (0 to 32) of `value`, which is below `2^count`.
    #[inline(always)]
    pub fn write(&mut self, value: u32, count: u32) {
        debug_assert!(count <= 32 && u64::from(value) >> count == 0);
        self.word |= u64::from(value) << self.used;
        self.used += count;
        if self.used >= 32 {
            self.sink.push(&(self.word as u32).to_le_bytes());
            self.word >>= 32;
            self.used -= 32;
        }
    }

    /// How many bits were written.
    pub fn len_bits(&self) -> u64 {
        self.sink.bytes.len() as u64 * 8 + u64::from(self.used)
    }

    /// Pads with zeros to a whole byte and gives the bytes.
    ///
    /// # Errors
    /// `Limit` if there were more bytes than allowed.
    pub fn finish(mut self) -> Result<Vec<u8>, EntropyError> {
        let last = self.word.to_le_bytes();
        self.sink.push(&last[..self.used.div_ceil(8) as usize]);
        self.sink.finish()
    }
}

/// Reads what a [`LsbWriter`] wrote.
#[derive(Clone, Debug)]
pub struct LsbReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> LsbReader<'a> {
    /// Reads `bytes` from their first bit.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bits (0 to 32), which stay; zeros past the end.
    #[inline(always)]
    pub fn peek(&self, count: u32) -> u32 {
        let byte = self.at >> 3;
        let word = match self.bytes.get(byte..byte + 8) {
            Some(chunk) => u64::from_le_bytes(chunk.try_into().expect("eight bytes")),
            None => self.last_word(),
        };
        ((word >> (self.at & 7)) & ((1 << count) - 1)) as u32
    }

    #[cold]
    fn last_word(&self) -> u64 {
        let rest = self.bytes.get(self.at >> 3..).unwrap_or(&[]);
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        u64::from_le_bytes(word)
    }

    /// Passes over `count` bits.
    #[inline(always)]
    pub fn skip(&mut self, count: u32) {
        self.at += count as usize;
    }

    /// The next `count` bits (0 to 32); zeros past the end.
    #[inline(always)]
    pub fn read(&mut self, count: u32) -> u32 {
        let value = self.peek(count);
        self.skip(count);
        value
    }

    /// How many bits were read.
    pub fn position_bits(&self) -> usize {
        self.at
    }

    /// Whether all that was read was there.
    ///
    /// # Errors
    /// `Truncated` if not.
    pub fn check(&self) -> Result<(), EntropyError> {
        shortage(self.at, self.bytes.len())
    }
}

impl BitWalk for LsbWriter {
    const READS: bool = false;

    #[inline(always)]
    fn bit(&mut self, bit: bool, _p1: u32) -> bool {
        self.write(u32::from(bit), 1);
        bit
    }

    #[inline(always)]
    fn bits_16(&mut self, value: u32, count: u32) -> u32 {
        self.write(value, count);
        value
    }
}

impl BitWalk for LsbReader<'_> {
    const READS: bool = true;

    #[inline(always)]
    fn bit(&mut self, _bit: bool, _p1: u32) -> bool {
        self.read(1) != 0
    }

    #[inline(always)]
    fn bits_16(&mut self, _value: u32, count: u32) -> u32 {
        self.read(count)
    }

    #[inline(always)]
    fn exhausted(&self) -> bool {
        self.at > self.bytes.len().saturating_mul(8)
    }
}

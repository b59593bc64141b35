//! Writing plain bits.

use super::{BitOrder, HighFirst, LowFirst};
use crate::{BitWalk, EntropyError};
use std::marker::PhantomData;

/// Writes fields of bits, the highest bit of each first, from the highest bit of each byte on.
///
/// ```
/// let mut writer = tintype_entropy::bits::MsbWriter::new();
/// writer.write(0b101, 3);
/// writer.write(0x3ff, 10);
/// assert_eq!(writer.finish().unwrap(), [0b1011_1111, 0b1111_1000]);
/// ```
pub type MsbWriter = BitWriter<HighFirst>;

/// Writes fields of bits, the lowest bit of each first, from the lowest bit of each byte on.
///
/// ```
/// let mut writer = tintype_entropy::bits::LsbWriter::new();
/// writer.write(0b101, 3);
/// writer.write(0x3ff, 10);
/// assert_eq!(writer.finish().unwrap(), [0b1111_1101, 0b0001_1111]);
/// ```
pub type LsbWriter = BitWriter<LowFirst>;

/// Writes fields of bits in one of the two orders; see [`MsbWriter`] and [`LsbWriter`].
#[derive(Clone, Debug)]
pub struct BitWriter<O> {
    sink: Sink,
    /// Bits that do not yet fill four bytes.
    word: u64,
    used: u32,
    order: PhantomData<O>,
}

impl<O: BitOrder> Default for BitWriter<O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O: BitOrder> BitWriter<O> {
    /// A writer without a limit.
    pub fn new() -> Self {
        Self::with_limit(usize::MAX)
    }

    /// A writer that fails at its end if there were more than `max` bytes.
    pub fn with_limit(max: usize) -> Self {
        Self { sink: Sink::new(max), word: 0, used: 0, order: PhantomData }
    }

    /// Appends `count` bits (0 to 32) of `value`, which is below `2^count`.
    #[inline(always)]
    pub fn write(&mut self, value: u32, count: u32) {
        debug_assert!(count <= 32 && u64::from(value) >> count == 0);
        self.word = O::appended(self.word, self.used, value, count);
        self.used += count;
        if self.used >= 32 {
            let (bytes, rest) = O::split(self.word);
            self.sink.push(&bytes);
            self.word = rest;
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
        let last = O::to_bytes(self.word);
        self.sink.push(&last[..self.used.div_ceil(8) as usize]);
        self.sink.finish()
    }
}

impl<O: BitOrder> BitWalk for BitWriter<O> {
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

/// The bytes written; nothing is kept beyond the limit.
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

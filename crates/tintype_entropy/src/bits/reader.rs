//! Reading plain bits.

use super::{BitOrder, HighFirst, LowFirst};
use crate::{BitWalk, EntropyError};
use std::marker::PhantomData;

/// Reads what a [`super::MsbWriter`] wrote.
pub type MsbReader<'a> = BitReader<'a, HighFirst>;

/// Reads what a [`super::LsbWriter`] wrote.
pub type LsbReader<'a> = BitReader<'a, LowFirst>;

/// Reads fields of bits in one of the two orders; see [`MsbReader`] and [`LsbReader`].
#[derive(Clone, Debug)]
pub struct BitReader<'a, O> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
    order: PhantomData<O>,
}

impl<'a, O: BitOrder> BitReader<'a, O> {
    /// Reads `bytes` from their first bit.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, order: PhantomData }
    }

    /// The next `count` bits (0 to 32), without passing over them; zeros past the end.
    #[inline(always)]
    pub fn peek(&self, count: u32) -> u32 {
        let word = match O::load(self.bytes, self.at >> 3) {
            Some(word) => word,
            None => self.last_word(),
        };
        O::field(word, (self.at & 7) as u32, count)
    }

    #[cold]
    fn last_word(&self) -> u64 {
        let rest = self.bytes.get(self.at >> 3..).unwrap_or(&[]);
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        O::from_bytes(word)
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
        match self.at.div_ceil(8).checked_sub(self.bytes.len()) {
            None | Some(0) => Ok(()),
            Some(needed) => Err(EntropyError::Truncated { needed }),
        }
    }
}

impl<O: BitOrder> BitWalk for BitReader<'_, O> {
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

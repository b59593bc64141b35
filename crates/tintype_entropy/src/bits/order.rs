//! The two orders in which bits fill a byte.

use std::fmt::Debug;

/// How fields of bits lie in bytes: [`HighFirst`] or [`LowFirst`].
///
/// A writer gathers bits in a word of 64, of which the first 32 leave as four bytes; a reader
/// loads eight bytes as such a word. The first bits of a word are its highest or its lowest, as
/// the order has it.
pub trait BitOrder: Copy + Debug {
    /// `word`, whose first `used` bits are taken (0 to 31), followed by the `count` (0 to 32)
    /// bits of `value`.
    fn appended(word: u64, used: u32, value: u32, count: u32) -> u64;

    /// The first four bytes of `word`, and `word` without them.
    fn split(word: u64) -> ([u8; 4], u64);

    /// The bytes of `word`, first ones first.
    fn to_bytes(word: u64) -> [u8; 8];

    /// The word of eight bytes.
    fn from_bytes(bytes: [u8; 8]) -> u64;

    /// The word of eight bytes from `at` on; `None` if there are fewer.
    #[inline(always)]
    fn load(bytes: &[u8], at: usize) -> Option<u64> {
        bytes.get(at..)?.first_chunk().map(|chunk| Self::from_bytes(*chunk))
    }

    /// The `count` (0 to 32) bits of `word` that follow its first `skipped` (0 to 7).
    fn field(word: u64, skipped: u32, count: u32) -> u32;
}

/// The highest bit of each field first, from the highest bit of each byte on.
#[derive(Clone, Copy, Debug)]
pub struct HighFirst;

/// The lowest bit of each field first, from the lowest bit of each byte on.
#[derive(Clone, Copy, Debug)]
pub struct LowFirst;

impl BitOrder for HighFirst {
    #[inline(always)]
    fn appended(word: u64, used: u32, value: u32, count: u32) -> u64 {
        word | ((u64::from(value) << 32) >> used << (32 - count))
    }

    #[inline(always)]
    fn split(word: u64) -> ([u8; 4], u64) {
        (((word >> 32) as u32).to_be_bytes(), word << 32)
    }

    #[inline(always)]
    fn to_bytes(word: u64) -> [u8; 8] {
        word.to_be_bytes()
    }

    #[inline(always)]
    fn from_bytes(bytes: [u8; 8]) -> u64 {
        u64::from_be_bytes(bytes)
    }

    #[inline(always)]
    fn field(word: u64, skipped: u32, count: u32) -> u32 {
        ((word << skipped) >> 32 >> (32 - count)) as u32
    }
}

impl BitOrder for LowFirst {
    #[inline(always)]
    fn appended(word: u64, used: u32, value: u32, _count: u32) -> u64 {
        word | (u64::from(value) << used)
    }

    #[inline(always)]
    fn split(word: u64) -> ([u8; 4], u64) {
        ((word as u32).to_le_bytes(), word >> 32)
    }

    #[inline(always)]
    fn to_bytes(word: u64) -> [u8; 8] {
        word.to_le_bytes()
    }

    #[inline(always)]
    fn from_bytes(bytes: [u8; 8]) -> u64 {
        u64::from_le_bytes(bytes)
    }

    #[inline(always)]
    fn field(word: u64, skipped: u32, count: u32) -> u32 {
        ((word >> skipped) & ((1 << count) - 1)) as u32
    }
}

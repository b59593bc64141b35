//! The range encoder.

use std::hint::select_unpredictable;

use super::{BitWalk, FrequencyWalk};
use crate::symbols::{ProbabilitySource, SymbolWalk};

/// Below this range four bytes leave the window of 64 bits, so that `range` has at least 32 bits
/// at each decision.
pub(super) const RANGE_MIN: u64 = 1 << 32;

/// Writes decisions as bytes.
///
/// The state is an interval `[low, low + range)` in a window of 64 bits; four bytes leave at a
/// time, so that `range >> 16` never has fewer than 16 bits and a decision loses less than 2^-16
/// bits to rounding. Carries run back through the bytes written.
///
/// ```
/// use tintype_entropy::{BitEncoder, BitWalk};
/// let mut encoder = BitEncoder::new();
/// for i in 0..32 {
///     encoder.bit(i % 3 == 0, 20_000);
/// }
/// encoder.bits(0x2a5, 10);
/// assert_eq!(encoder.finish(), [0x2f, 0x63, 0xcc, 0xe4, 0x8e]);
/// ```
#[derive(Clone, Debug)]
pub struct BitEncoder {
    low: u64,
    range: u64,
    bytes: Vec<u8>,
}

impl Default for BitEncoder {
    fn default() -> Self {
        Self::new()
    }
}

impl BitEncoder {
    /// An encoder of an empty code.
    pub fn new() -> Self {
        Self::with_buffer(Vec::new())
    }

    /// An encoder that appends to `bytes`; carries never reach the bytes already in it.
    pub fn with_buffer(bytes: Vec<u8>) -> Self {
        Self { low: 0, range: u64::MAX, bytes }
    }

    /// About how many bytes, from the start of the buffer, determine every decision so far.
    ///
    /// The exact number depends on what is coded later: in at most 1 of 256 truncations the last
    /// decisions need a byte more. The decoder finds out by itself, so this serves to choose
    /// where to truncate.
    pub fn determined_len(&self) -> usize {
        self.bytes.len() + (64 - self.range.ilog2() as usize).div_ceil(8) + 1
    }

    /// The present place in the code, for [`BitMark::determined_len`] once the code is finished.
    pub fn mark(&self) -> BitMark {
        BitMark { low: self.low, range: self.range, len: self.bytes.len() }
    }

    /// Adds to `low` and propagates a carry.
    #[inline(always)]
    fn raise(&mut self, by: u64) {
        let (low, carry) = self.low.overflowing_add(by);
        self.low = low;
        if carry {
            self.carry();
        }
    }

    #[inline(never)]
    fn carry(&mut self) {
        for byte in self.bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }

    #[inline(always)]
    fn renormalise(&mut self) {
        if self.range < RANGE_MIN {
            self.bytes.extend_from_slice(&((self.low >> 32) as u32).to_be_bytes());
            self.low <<= 32;
            self.range <<= 32;
        }
    }

    /// Ends the code as short as possible; the decoder takes bytes past the end for zero.
    pub fn finish(mut self) -> Vec<u8> {
        self.flush(false);
        while self.bytes.last() == Some(&0) {
            self.bytes.pop();
        }
        self.bytes
    }

    /// Ends the code so that its bytes determine every decision, whatever follows them: at most a
    /// byte longer.
    pub fn finish_determined(mut self) -> Vec<u8> {
        self.flush(true);
        self.bytes
    }

    fn flush(&mut self, determined: bool) {
        let low = u128::from(self.low);
        let end = low + u128::from(self.range);
        for count in 0..=8usize {
            let mask = (1u128 << (64 - 8 * count)) - 1;
            let code = (low + mask) & !mask;
            let last = if determined { code + mask } else { code };
            if last < end {
                if code >> 64 != 0 {
                    self.carry();
                }
                self.bytes.extend_from_slice(&(code as u64).to_be_bytes()[..count]);
                return;
            }
        }
    }
}

/// A place in a code, from [`BitEncoder::mark`].
#[derive(Clone, Copy, Debug)]
pub struct BitMark {
    low: u64,
    range: u64,
    len: usize,
}

impl BitMark {
    /// The least number of leading bytes of `code`, as [`BitEncoder::finish_determined`] gave it,
    /// that determine every decision before the mark.
    pub fn determined_len(&self, code: &[u8]) -> usize {
        let mut window = [0; 8];
        for (to, from) in window.iter_mut().zip(code.get(self.len..).unwrap_or(&[])) {
            *to = *from;
        }
        let window = u64::from_be_bytes(window);
        for count in 0..8 {
            let missing = u64::MAX >> (8 * count);
            // Distances from low, modulo 2^64: a carry since the mark does not matter.
            let least = (window & !missing).wrapping_sub(self.low);
            let most = (window | missing).wrapping_sub(self.low);
            if least <= most && most < self.range {
                return (self.len + count).min(code.len());
            }
        }
        (self.len + 8).min(code.len())
    }
}

impl BitWalk for BitEncoder {
    const READS: bool = false;

    #[inline(always)]
    fn bit(&mut self, bit: bool, p1: u32) -> bool {
        debug_assert!((1..65536).contains(&p1));
        let bound = (self.range >> 16) * u64::from(p1);
        // Without a branch: bits near even probability would be mispredicted half of the time.
        self.raise(select_unpredictable(bit, 0, bound));
        self.range = select_unpredictable(bit, bound, self.range - bound);
        self.renormalise();
        bit
    }

    #[inline]
    fn bits_16(&mut self, value: u32, count: u32) -> u32 {
        debug_assert!(count <= 16 && value >> count == 0);
        self.range >>= count;
        self.raise(self.range * u64::from(value));
        self.renormalise();
        value
    }
}

impl SymbolWalk for BitEncoder {
    #[inline(always)]
    fn symbol<S: ProbabilitySource + ?Sized>(&mut self, symbol: u32, source: &S) -> u32 {
        let (start, width) = source.interval(symbol);
        self.range >>= source.precision();
        self.raise(self.range * u64::from(start));
        self.range *= u64::from(width);
        self.renormalise();
        symbol
    }
}

impl FrequencyWalk for BitEncoder {
    #[inline(always)]
    fn slot(&mut self, total: u32) -> u32 {
        self.range /= u64::from(total);
        0
    }

    #[inline(always)]
    fn take(&mut self, start: u32, width: u32) {
        self.raise(self.range * u64::from(start));
        self.range *= u64::from(width);
        self.renormalise();
    }
}

//! The cost of a walk in bits, without writing.

use super::{BitWalk, FrequencyWalk, encoder::RANGE_MIN};
use crate::symbols::{ProbabilitySource, SymbolWalk};

/// Counts bits as the encoder spends them: the same interval arithmetic, rounding included,
/// without a position.
#[derive(Clone, Copy, Debug)]
pub struct BitCost {
    range: u64,
    words: u64,
}

impl Default for BitCost {
    fn default() -> Self {
        Self::new()
    }
}

impl BitCost {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self { range: u64::MAX, words: 0 }
    }

    /// The cost so far in 1/65536 bits; the last fraction is off by at most 1/300 of a bit.
    ///
    /// ```
    /// use tintype_entropy::{BitCost, BitWalk};
    /// let mut cost = BitCost::new();
    /// cost.bit(true, 1 << 14);
    /// cost.bits(5, 3);
    /// assert_eq!((cost.cost_q16() + (1 << 15)) >> 16, 5);
    /// ```
    pub fn cost_q16(&self) -> u64 {
        let exponent = self.range.ilog2();
        let mantissa = (self.range << (63 - exponent) << 1) >> 56;
        let whole = self.words * 32 + 63 - u64::from(exponent);
        (whole << 16) + (1 << 16) - (u64::from(LOG2_Q12[mantissa as usize]) << 4)
    }

    /// The cost so far in whole bytes, rounded up.
    pub fn len_bytes(&self) -> usize {
        self.cost_q16().div_ceil(8 << 16) as usize
    }

    #[inline(always)]
    fn renormalise(&mut self) {
        if self.range < RANGE_MIN {
            self.range <<= 32;
            self.words += 1;
        }
    }
}

impl BitWalk for BitCost {
    const READS: bool = false;

    #[inline(always)]
    fn bit(&mut self, bit: bool, p1: u32) -> bool {
        debug_assert!((1..65536).contains(&p1));
        let bound = (self.range >> 16) * u64::from(p1);
        self.range = if bit { bound } else { self.range - bound };
        self.renormalise();
        bit
    }

    #[inline(always)]
    fn bits_16(&mut self, value: u32, count: u32) -> u32 {
        self.range >>= count;
        self.renormalise();
        value
    }
}

impl SymbolWalk for BitCost {
    #[inline]
    fn symbol<S: ProbabilitySource + ?Sized>(&mut self, symbol: u32, source: &S) -> u32 {
        self.range = (self.range >> source.precision()) * u64::from(source.interval(symbol).1);
        self.renormalise();
        symbol
    }
}

impl FrequencyWalk for BitCost {
    #[inline(always)]
    fn slot(&mut self, total: u32) -> u32 {
        self.range /= u64::from(total);
        0
    }

    #[inline(always)]
    fn take(&mut self, _start: u32, width: u32) {
        self.range *= u64::from(width);
        self.renormalise();
    }
}

/// The cost of an event of probability `p` of 65 536 (1 to 65 535), in 1/4096 bits; right to
/// 1/300 of a bit.
#[inline(always)]
pub fn cost_q12(p: u32) -> u32 {
    debug_assert!((1..65536).contains(&p));
    let zeros = p.leading_zeros();
    let mantissa = (p << zeros << 1) >> 24;
    // p = 2^(31 - zeros) * (1 + mantissa/256 ...), and cost = 16 - log2 p.
    ((zeros - 15) << 12) - u32::from(LOG2_Q12[mantissa as usize])
}

/// `log2(1 + (i + 1/2) / 256)` in 1/4096.
const LOG2_Q12: [u16; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = log2_q12(512 + 2 * i as u64 + 1) - (9 << 12);
        i += 1;
    }
    table
};

/// `log2(x)` in 1/4096, rounded, for x from 1 to 2^15: twelve squarings of the mantissa and a
/// half step.
pub(super) const fn log2_q12(x: u64) -> u16 {
    let exponent = x.ilog2();
    let mut mantissa = (x as u128) << (62 - exponent);
    let mut fraction = 0u32;
    let mut step = 0;
    while step < 13 {
        mantissa = (mantissa * mantissa) >> 62;
        fraction <<= 1;
        if mantissa >> 63 != 0 {
            mantissa >>= 1;
            fraction |= 1;
        }
        step += 1;
    }
    ((exponent << 12) + ((fraction + 1) >> 1)) as u16
}

//! Adaptive probabilities of one bit.

use std::hint::select_unpredictable;

use super::BitWalk;

/// A probability with a count: the mean of the bits so far while the count is small, then an
/// exponential window.
///
/// The upper 22 bits hold the probability of a 1, the lower 10 the number of bits so far, up to a
/// limit that the caller passes to each update. The n-th bit (from 0) moves the probability by `1
/// / (n + 1.5)` of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveBit(u32);

impl Default for AdaptiveBit {
    fn default() -> Self {
        Self::new(32768)
    }
}

impl AdaptiveBit {
    /// The largest limit.
    pub const LIMIT_MAX: u32 = 1023;

    /// Starts at `p1` of 65 536 with a count of 0.
    pub const fn new(p1: u32) -> Self {
        Self(p1 << 16)
    }

    /// Starts at `p1` of 65 536 with a count of `seen`, so that it moves more slowly.
    pub const fn with_count(p1: u32, seen: u32) -> Self {
        Self((p1 << 16) | if seen > Self::LIMIT_MAX { Self::LIMIT_MAX } else { seen })
    }

    /// The probability of a 1, clamped to 32 to 65 504 of 65 536: one bit costs at most 11 bits.
    #[inline(always)]
    pub fn p1(self) -> u32 {
        (self.0 >> 16).clamp(32, 65504)
    }

    /// The number of bits so far, up to the limit.
    #[inline(always)]
    pub fn count(self) -> u32 {
        self.0 & 1023
    }

    /// Moves towards `bit`; `limit` (up to 1023) is the count at which the window stops growing.
    #[inline(always)]
    pub fn update(&mut self, bit: bool, limit: u32) {
        let count = self.0 & 1023;
        let p = (self.0 >> 10) as i32;
        let error = (if bit { (1 << 22) - 1 } else { 0 }) - p;
        // 22 bits of error times 16 bits of rate: 64 bits, one multiplication.
        let step = (i64::from(error) * i64::from(RATE[count as usize])) >> 16;
        let p = (p + step as i32) as u32;
        self.0 = (p << 10) | if count < limit { count + 1 } else { count };
    }

    /// Codes one bit and updates.
    #[inline(always)]
    pub fn code<W: BitWalk>(&mut self, walk: &mut W, bit: bool, limit: u32) -> bool {
        let bit = walk.bit(bit, self.p1());
        self.update(bit, limit);
        bit
    }
}

/// `65536 / (n + 1.5)`.
static RATE: [u16; 1024] = {
    let mut table = [0; 1024];
    let mut n = 0;
    while n < 1024 {
        table[n] = (131072 / (2 * n + 3)) as u16;
        n += 1;
    }
    table
};

/// The mean of a fast and a slow exponential window. It needs no table and no multiplication, and
/// suits statistics that drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoRateBit {
    fast: u16,
    slow: u16,
}

impl Default for TwoRateBit {
    fn default() -> Self {
        Self::new(32768)
    }
}

impl TwoRateBit {
    /// Both windows start at `p1` of 65 536.
    pub const fn new(p1: u32) -> Self {
        Self { fast: p1 as u16, slow: p1 as u16 }
    }

    /// The probability of a 1, clamped to 16 to 65 520 of 65 536.
    #[inline(always)]
    pub fn p1(self) -> u32 {
        ((u32::from(self.fast) + u32::from(self.slow)) >> 1).clamp(16, 65520)
    }

    /// Moves towards `bit`; the windows are about `2^fast` and `2^slow` bits long.
    #[inline(always)]
    pub fn update(&mut self, bit: bool, fast: u32, slow: u32) {
        let target = select_unpredictable(bit, 65535, 0);
        let step = |p: u16, shift: u32| (i32::from(p) + ((target - i32::from(p)) >> shift)) as u16;
        self.fast = step(self.fast, fast);
        self.slow = step(self.slow, slow);
    }

    /// Codes one bit and updates, with windows of 16 and 128 bits (usual lengths of context
    /// mixers; not measured).
    #[inline(always)]
    pub fn code<W: BitWalk>(&mut self, walk: &mut W, bit: bool) -> bool {
        let bit = walk.bit(bit, self.p1());
        self.update(bit, 4, 7);
        bit
    }
}

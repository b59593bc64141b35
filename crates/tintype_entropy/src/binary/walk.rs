//! The one trait that a model's walk is written against.

/// Where the binary decisions of a walk go to, or come from.
///
/// A walk passes the bit it would encode and uses the bit returned: an encoder returns what it was given, a decoder
/// ignores the argument and returns what it read. A walk that follows this rule cannot drift apart in two directions.
pub trait BitWalk {
    /// Whether bits are read, so that the values handed in are without meaning.
    const READS: bool;

    /// One decision. `p1` is the probability of a 1, 1 to 65 535 of 65 536.
    fn bit(&mut self, bit: bool, p1: u32) -> bool;

    /// `count` bits (0 to 32) of `value`, highest first, each 0 or 1 with equal probability.
    #[inline]
    fn bits(&mut self, value: u32, count: u32) -> u32 {
        debug_assert!(count <= 32);
        let mut left = count;
        let mut read = 0u32;
        while left > 16 {
            left -= 16;
            read = self.bits_16((value >> left) & 0xffff, 16);
        }
        let low = self.bits_16(value & ((1 << left) - 1), left);
        if left == 32 { low } else { (read << left) | low }
    }

    /// `count` bits (0 to 16) of `value`, which is below `2^count`.
    fn bits_16(&mut self, value: u32, count: u32) -> u32;

    /// Whether some decision so far was not determined by the bytes present: then the last one read, and perhaps
    /// some before it back to the previous call, are void. Always `false` when writing or counting.
    #[inline(always)]
    fn exhausted(&self) -> bool {
        false
    }
}

//! The trait that a model's walk is written against.

/// An encoder, decoder or cost counter of binary decisions.
///
/// A walk passes the bit to encode and uses the bit returned: an encoder returns its argument, a
/// decoder ignores the argument and returns the bit it decoded. A walk that follows this rule is
/// the same in both directions.
pub trait BitWalk {
    /// Whether this is a decoder, so that the values passed in are ignored.
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

    /// Whether some decision so far was not determined by the bytes present: then the decisions
    /// since the previous call are to be discarded. Always `false` when encoding or counting.
    #[inline(always)]
    fn exhausted(&self) -> bool {
        false
    }
}

//! Integers as decisions under one context.

use super::{AdaptiveBit, BitWalk};
use crate::golomb;

/// Codes an unsigned integer: its first `UNARY` values by adaptive unary bits, the rest by an
/// Exp-Golomb escape.
///
/// The escape `e = value - UNARY` is coded as the bit length of `e + 1` in adaptive unary, the
/// highest fraction bit adaptively for each length, and what is left as raw bits. The largest
/// value is `u32::MAX - 1`.
#[derive(Clone, Debug)]
pub struct IntModel<const UNARY: usize> {
    unary: [AdaptiveBit; UNARY],
    length: [AdaptiveBit; 31],
    first: [AdaptiveBit; 31],
    limit: u32,
}

impl<const UNARY: usize> IntModel<UNARY> {
    /// All bits even; `limit` is the limit of the [`AdaptiveBit`]s.
    pub fn new(limit: u32) -> Self {
        Self {
            unary: [AdaptiveBit::default(); UNARY],
            length: [AdaptiveBit::default(); 31],
            first: [AdaptiveBit::default(); 31],
            limit,
        }
    }

    /// Codes `value` and updates the model.
    #[inline]
    pub fn code<W: BitWalk>(&mut self, walk: &mut W, value: u32) -> u32 {
        for i in 0..UNARY {
            if !self.unary[i].code(walk, value > i as u32, self.limit) {
                return i as u32;
            }
        }
        let escape = self.code_escape(walk, value.saturating_sub(UNARY as u32));
        escape.saturating_add(UNARY as u32)
    }

    fn code_escape<W: BitWalk>(&mut self, walk: &mut W, value: u32) -> u32 {
        let shifted = value.saturating_add(1);
        let wanted = shifted.ilog2();
        let mut length = 0;
        while length < 31 && self.length[length as usize].code(walk, wanted > length, self.limit) {
            length += 1;
        }
        if length == 0 {
            return 0;
        }
        let top =
            self.first[length as usize - 1].code(walk, (shifted >> (length - 1)) & 1 != 0, self.limit);
        let rest = length - 1;
        let low = walk.bits(shifted & ((1 << rest) - 1), rest);
        ((1 << length) | (u32::from(top) << rest) | low) - 1
    }

    /// Codes a signed integer in zigzag order: 0, -1, 1, -2, 2 …
    #[inline]
    pub fn code_signed<W: BitWalk>(&mut self, walk: &mut W, value: i32) -> i32 {
        golomb::signed_from_zigzag(self.code(walk, golomb::zigzag_from_signed(value)))
    }
}

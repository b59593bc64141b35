//! Golomb, Rice and Exp-Golomb codes: integers as plain bits, written once over [`BitWalk`].
//!
//! In: a `u32` and a parameter. Out: bits, over a plain writer or the range coder. A unary part
//! is ones ended by a zero. It has a bound, after which the value follows in plain bits, so that
//! any bytes end soon.
//!
//! Bit-exact.
//!
//! Source: S. W. Golomb, "Run-length encodings" (1966); R. F. Rice, "Some practical universal
//! noiseless coding techniques" (1979); J. Teuhola, "A compression method for clustered
//! bit-vectors" (1978).

use crate::BitWalk;

/// The largest quotient in unary; a larger one is written as this many ones and the whole value
/// in 32 bits.
pub const QUOTIENT_MAX: u32 = 32;

/// The probability of a plain bit.
const HALF: u32 = 1 << 15;

/// Up to `max` ones; the zero after them is left out when there are `max`.
fn unary<W: BitWalk>(walk: &mut W, value: u32, max: u32) -> u32 {
    let mut ones = 0;
    while ones < max && walk.bit(value > ones, HALF) {
        ones += 1;
    }
    ones
}

/// Rice code: `value >> shift` in unary, then `shift` bits (0 to 31).
///
/// ```
/// use tintype_entropy::{bits::{MsbReader, MsbWriter}, golomb};
/// let mut writer = MsbWriter::new();
/// for value in [0, 1, 5, 100] {
///     golomb::rice(&mut writer, value, 2);
/// }
/// let bytes = writer.finish().unwrap();
/// assert_eq!(bytes, [0b0000_0110, 0b0111_1111, 0b1111_1111, 0b1111_1111, 0b1110_0000]);
/// let mut reader = MsbReader::new(&bytes);
/// assert_eq!([0; 4].map(|_| golomb::rice(&mut reader, 0, 2)), [0, 1, 5, 100]);
/// ```
pub fn rice<W: BitWalk>(walk: &mut W, value: u32, shift: u32) -> u32 {
    debug_assert!(shift < 32);
    let quotient = unary(walk, value >> shift, QUOTIENT_MAX);
    if quotient == QUOTIENT_MAX {
        return walk.bits(value, 32);
    }
    let rest = walk.bits(value & ((1 << shift) - 1), shift);
    (quotient << shift) | rest
}

/// Golomb code: `value / divisor` in unary, then the remainder in truncated binary. `divisor` is
/// 1 to 2^31.
pub fn golomb<W: BitWalk>(walk: &mut W, value: u32, divisor: u32) -> u32 {
    let divisor = divisor.clamp(1, 1 << 31);
    let quotient = unary(walk, value / divisor, QUOTIENT_MAX);
    if quotient == QUOTIENT_MAX {
        return walk.bits(value, 32);
    }
    quotient.saturating_mul(divisor).saturating_add(truncated_binary(walk, value % divisor, divisor))
}

/// Truncated binary: `value` below `size` (1 to 2^31) in as few bits as a prefix code of equal
/// parts allows.
pub fn truncated_binary<W: BitWalk>(walk: &mut W, value: u32, size: u32) -> u32 {
    let size = size.clamp(1, 1 << 31);
    let short_bits = size.ilog2();
    if size.is_power_of_two() {
        return walk.bits(value, short_bits);
    }
    let short_count = (2 << short_bits) - size;
    let long = value >= short_count;
    let shifted = if long { value.wrapping_add(short_count) } else { value };
    let high = walk.bits(if long { shifted >> 1 } else { shifted }, short_bits);
    if high < short_count {
        return high;
    }
    ((high << 1) | u32::from(walk.bit(shifted & 1 != 0, HALF))) - short_count
}

/// Exp-Golomb code of order `order` (0 to 31): the bit length of `value + 2^order` in unary, then
/// its lower bits.
///
/// Values reach `u32::MAX - 2^order`.
pub fn exp_golomb<W: BitWalk>(walk: &mut W, value: u32, order: u32) -> u32 {
    debug_assert!(order < 32);
    let shifted = value.saturating_add(1 << order);
    let longer = unary(walk, shifted.ilog2() - order, 31 - order);
    let length = order + longer;
    let low = walk.bits(shifted & ((1 << length) - 1), length);
    ((1 << length) | low) - (1 << order)
}

/// Zigzag order: 0, -1, 1, -2, 2 … as 0, 1, 2, 3, 4 …
#[inline(always)]
pub fn zigzag_from_signed(value: i32) -> u32 {
    ((value as u32) << 1) ^ ((value >> 31) as u32)
}

/// The inverse of [`zigzag_from_signed`].
#[inline(always)]
pub fn signed_from_zigzag(value: u32) -> i32 {
    ((value >> 1) as i32) ^ -((value & 1) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::{MsbReader, MsbWriter, PlainCost};
    use crate::{BitDecoder, BitEncoder};
    use proptest::prelude::*;

    fn all<W: BitWalk>(walk: &mut W, value: u32, parameter: u32) -> [u32; 4] {
        let order = parameter % 31;
        let size = parameter.clamp(1, 1 << 31);
        [
            rice(walk, value, order),
            golomb(walk, value, parameter),
            exp_golomb(walk, value.min(u32::MAX - (1 << order)), order),
            truncated_binary(walk, value % size, size),
        ]
    }

    proptest! {
        #[test]
        fn codes_decode_to_the_values_encoded(
            list in prop::collection::vec((0u32..32, any::<u32>(), 0u32..32, any::<u32>()), 1..30)
        ) {
            let list: Vec<_> = list.into_iter().map(|(a, v, b, p)| (v >> a, p >> b)).collect();
            let (mut plain, mut range, mut cost) = (MsbWriter::new(), BitEncoder::new(), PlainCost::default());
            let expected: Vec<_> = list.iter().map(|&(v, p)| {
                all(&mut cost, v, p);
                all(&mut range, v, p);
                all(&mut plain, v, p)
            }).collect();
            prop_assert_eq!(cost.bits, plain.len_bits());
            let (plain, range) = (plain.finish().unwrap(), range.finish());
            let (mut plain, mut range) = (MsbReader::new(&plain), BitDecoder::whole(&range));
            for (&(_, p), want) in list.iter().zip(&expected) {
                prop_assert_eq!(&all(&mut plain, 0, p), want);
                prop_assert_eq!(&all(&mut range, 0, p), want);
            }
            prop_assert!(plain.check().is_ok());
        }

        #[test]
        fn any_bytes_end_soon(bytes in prop::collection::vec(any::<u8>(), 0..40), p in any::<u32>()) {
            let mut reader = MsbReader::new(&bytes);
            for _ in 0..50 {
                all(&mut reader, 0, p);
            }
        }
    }

    #[test]
    fn zigzag_alternates_signs() {
        assert_eq!(
            [0, -1, 1, -2, 2, i32::MAX, i32::MIN].map(zigzag_from_signed),
            [0, 1, 2, 3, 4, u32::MAX - 1, u32::MAX]
        );
        for v in [0, -1, 1, 77, i32::MIN, i32::MAX] {
            assert_eq!(signed_from_zigzag(zigzag_from_signed(v)), v);
        }
    }
}

//! Levels of activity: sums of residuals on a logarithmic scale.
//!
//! Bit-exact: integers.

use fearless_simd::{Bytes, Simd, SimdBase, SimdCvtFloat, f32x8, i32x8};

/// `4 log2(v + 2) - 4` in whole steps, at most `max`: four levels an octave.
#[inline(always)]
pub(super) fn activity_level(v: u32, max: u32) -> u32 {
    let v = v + 2;
    let octave = v.ilog2();
    (octave * 4 + ((v << 2 >> octave) & 3) - 4).min(max)
}

/// As [`activity_level`] without a limit, of numbers from 0 to 2^23: an exponent and the two highest
/// bits of a fraction.
#[inline(always)]
pub(super) fn activity_levels<S: Simd>(simd: S, v: i32x8<S>) -> i32x8<S> {
    let float = f32x8::float_from(v + i32x8::splat(simd, 2));
    (float.bitcast::<i32x8<S>>() >> 21) - i32x8::splat(simd, 4 * 128)
}

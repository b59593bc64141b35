//! The rounded product of sixteen pairs of numbers, which some machines have as one
//! instruction. Bit-exact.

use fearless_simd::{Simd, i16x16, prelude::*};

/// `a · b / 2^15`, rounded, halves up: for numbers of 15 bits, -2^14 to 2^14 - 1.
#[inline(always)]
pub fn rounded_product<S: Simd>(a: i16x16<S>, b: i16x16<S>) -> i16x16<S> {
    let simd = a.simd;
    let (mut left, mut right) = ([0i16; 16], [0i16; 16]);
    a.store_slice(&mut left);
    b.store_slice(&mut right);
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = simd.level().as_avx2() {
        return i16x16::from_slice(simd, &rounded_avx2(avx2, left, right));
    }
    for (left, right) in left.iter_mut().zip(right) {
        *left = rounded(*left, right);
    }
    i16x16::from_slice(simd, &left)
}

/// As [`rounded_product`]. Twice both numbers, so that only the upper halves of products are
/// needed, which vectors have.
#[inline(always)]
fn rounded(a: i16, b: i16) -> i16 {
    let upper = ((i32::from(2 * a) * i32::from(2 * b)) >> 16) as i16;
    (upper + 1) >> 1
}

#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    #[inline]
    fn rounded_avx2(avx2: Avx2, a: [i16; 16], b: [i16; 16]) -> [i16; 16] {
        use core::arch::x86_64::{__m256i, _mm256_mulhrs_epi16};
        let vector = |numbers: [i16; 16]| -> __m256i { i16x16::from_slice(avx2, &numbers).into() };
        let product: i16x16<_> =
            fearless_simd::SimdFrom::simd_from(avx2, _mm256_mulhrs_epi16(vector(a), vector(b)));
        let mut out = [0; 16];
        product.store_slice(&mut out);
        out
    }
);

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::{Level, dispatch};

    #[test]
    fn products_are_rounded_at_every_level() {
        let number = |seed: i32| (seed.wrapping_mul(40_503) >> 3).rem_euclid(32_768) - 16_384;
        for seed in 0..2000 {
            let a: [i16; 16] = std::array::from_fn(|i| number(seed * 16 + i as i32) as i16);
            let b: [i16; 16] = std::array::from_fn(|i| {
                if seed == 0 { -16_384 } else { number(7 * seed + i as i32) as i16 }
            });
            let expected: [i16; 16] =
                std::array::from_fn(|i| ((i32::from(a[i]) * i32::from(b[i]) + (1 << 14)) >> 15) as i16);
            for level in [Level::fallback(), Level::new()] {
                let made = dispatch!(level, simd => {
                    let mut out = [0; 16];
                    rounded_product(i16x16::from_slice(simd, &a), i16x16::from_slice(simd, &b)).store_slice(&mut out);
                    out
                });
                assert_eq!(made, expected);
            }
        }
    }
}

//! Two SIMD levels on x86 for what is large: AVX2, and what every machine has.
//!
//! The walks here are compiled for each level and each direction; a level more is 60 kB of program,
//! and no vector of theirs has more than 256 bits.

/// As `fearless_simd::dispatch!`, with two levels on x86.
macro_rules! two_levels {
    ($level:expr, $simd:pat => $op:expr) => {{
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        let done = match $level.as_avx2() {
            Some(avx2) => fearless_simd::Simd::vectorize(
                avx2,
                #[inline(always)]
                || {
                    let $simd = avx2;
                    $op
                },
            ),
            None => fearless_simd::dispatch!(tintype_image::Level::baseline(), $simd => $op),
        };
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        let done = fearless_simd::dispatch!($level, $simd => $op);
        done
    }};
}
pub(super) use two_levels;

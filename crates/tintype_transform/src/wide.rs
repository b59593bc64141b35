//! Dispatch for the few loops that gain from AVX-512.

/// As `fearless_simd::dispatch!`, with a copy of `$op` for AVX-512 where the processor has it.
///
/// Everything else is built without such copies (`.cargo/config.toml`), which are a sixth of the
/// size of all kernels. Of the encoders only `cluster` needs more time without (20 %); `photo`
/// needs 14 % less.
///
/// ```
/// use fearless_simd::Level;
/// use tintype_transform::dispatch_wide;
///
/// let sum: f32 = dispatch_wide!(Level::new(), _simd => [1.0, 2.0, 3.0].iter().sum());
/// assert_eq!(sum, 6.0);
/// ```
#[macro_export]
macro_rules! dispatch_wide {
    ($level:expr, $simd:pat => $op:expr) => {{
        let level: ::fearless_simd::Level = $level;
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        let out = match level.as_avx512() {
            Some(token) => {
                let $simd = token;
                ::fearless_simd::Simd::vectorize(token, #[inline(always)] || $op)
            }
            None => ::fearless_simd::dispatch!(level, $simd => $op),
        };
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        let out = ::fearless_simd::dispatch!(level, $simd => $op);
        out
    }};
}

//! The SIMD that every machine has which a build runs on: for code that is not worth a copy for
//! each level.

#[cfg(any(
    all(any(target_arch = "x86", target_arch = "x86_64"), target_feature = "sse2"),
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128")
))]
use fearless_simd::Level;
use fearless_simd::Simd;

/// SSE2.
#[cfg(all(any(target_arch = "x86", target_arch = "x86_64"), target_feature = "sse2"))]
pub fn baseline() -> impl Simd {
    Level::baseline().as_sse2().expect("a build for SSE2")
}

/// NEON.
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub fn baseline() -> impl Simd {
    Level::baseline().as_neon().expect("a build for NEON")
}

/// SIMD128.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub fn baseline() -> impl Simd {
    Level::baseline().as_wasm_simd128().expect("a build for SIMD128")
}

/// Scalar code.
#[cfg(not(any(
    all(any(target_arch = "x86", target_arch = "x86_64"), target_feature = "sse2"),
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
pub fn baseline() -> impl Simd {
    fearless_simd::Fallback::new()
}

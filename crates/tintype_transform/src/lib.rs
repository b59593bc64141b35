//! Transforms between samples and coefficients, quantisers, and searches among vectors.
//!
//! [`dct`] and [`dwt`] are the fixed transforms, [`klt`] the fitted one; [`quantise`] makes coefficients whole and
//! back; [`nearest`] finds the closest of many codes. All take the SIMD level as an argument
//! (`Level::fallback()` is plain scalar code) and give the same bits at every level.
#![forbid(unsafe_code)]

pub mod dct;
pub mod dwt;
pub mod klt;
#[cfg(test)]
mod levels;
pub mod nearest;
pub mod quantise;

//! Transforms between samples and coefficients, quantisers, and nearest-code search.
//!
//! * [`dct`]: the discrete cosine transform of blocks, in floats or with an exact inverse in
//!   integers.
//! * [`dwt`]: the discrete wavelet transforms 5/3 and 9/7 of planes.
//! * [`klt`]: the Karhunen–Loève transform, whose basis is fitted to data.
//! * [`quantise`]: dead-zone quantisers.
//! * [`nearest`]: the nearest of many code vectors.
//!
//! Every function takes the SIMD level as an argument (`Level::fallback()` is scalar code) and
//! gives the same bits at every level.
//!
//! A block codec in four lines: transform, quantise, dequantise, transform back.
//!
//! ```
//! use fearless_simd::Level;
//! use tintype_transform::dct::{Direction, Points, transform_blocks};
//! use tintype_transform::quantise::DeadZone;
//!
//! let simd = Level::new();
//! let samples: Vec<f32> = (0..64).map(|i| (i % 8 * 9 + i / 8 * 4) as f32).collect();
//! let quantiser = DeadZone { step: 4.0, threshold: 0.5, shift: 0.0 };
//!
//! let mut coefficients = samples.clone();
//! let mut levels = vec![0; 64];
//! transform_blocks(simd, Points::Eight, Direction::Forward, &mut coefficients);
//! quantiser.quantise(simd, &coefficients, &mut levels);
//!
//! quantiser.dequantise(simd, &levels, &mut coefficients);
//! transform_blocks(simd, Points::Eight, Direction::Inverse, &mut coefficients);
//! let error = samples.iter().zip(&coefficients).map(|(a, b)| (a - b).powi(2)).sum::<f32>() / 64.0;
//! assert!(levels.iter().filter(|level| **level != 0).count() < 16);
//! assert!(error < 2.0);
//! ```
#![forbid(unsafe_code)]

pub mod dct;
pub mod dwt;
pub mod klt;
#[cfg(test)]
mod levels;
pub mod nearest;
pub mod quantise;
mod wide;

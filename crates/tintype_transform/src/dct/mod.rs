//! The discrete cosine transform, orthonormal, of 4, 8, 16 or 32 points: DCT-II forwards, DCT-III
//! back.
//!
//! In and out: rows of blocks side by side, or blocks one after another, as `f32` (any range) or
//! `i32`. The float transform uses stored angles and separate sums and products, so that every
//! SIMD level gives the same bits. The integer transform is the same network with each rotation
//! made of three rounded shears. Its inverse is exact for any input (sums wrap), and it stays
//! within [`INTEGER_ERROR_MAX`] of the float transform while `|sample| * points <= 2^18`.
//!
//! Bit-exact: the integer transform, and the float transform as far as `f32` sums and products
//! are exact everywhere (IEEE 754, no fused operations).
//!
//! Source: G. Plonka, M. Tasche, "Fast and numerically stable algorithms for discrete cosine
//! transforms" (2005), the recursion between DCT-II and DCT-IV by rotations; lifting after I.
//! Daubechies, W. Sweldens (1998).

mod angles;
mod blocks;
mod network;
#[cfg(test)]
mod tests;

pub use blocks::{Direction, Points, transform_blocks, transform_line, transform_strip};
pub use network::Sample;

/// The largest difference between the integer and the float transform of a block, for samples of
/// up to 9 bits. The worst case is a flat block of 32 by 32, where all roundings add up in the
/// first coefficient, which is near 8000.
pub const INTEGER_ERROR_MAX: f32 = 32.0;

//! The 3×3 convolution of each channel by itself, in `f32`, forward and backward.
//!
//! Maps are rows of positions with [`CHANNELS`] numbers each. Beyond the edge the nearest
//! position stands in.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, f32x16};
use tintype_photo::filter::CHANNELS;
use tintype_transform::dispatch_wide;

/// Numbers of one position.
type Position = [f32; CHANNELS];

/// A map of `side` × `side` positions with `by` more on each side: the nearest position where
/// `repeat`, else zeros.
pub fn padded(map: &[f32], side: usize, channels: usize, by: usize, repeat: bool) -> Vec<f32> {
    let wide = side + 2 * by;
    let mut out = vec![0.0; wide * wide * channels];
    for (y, row) in out.chunks_exact_mut(wide * channels).enumerate() {
        let from = y.clamp(by, side + by - 1) - by;
        if !repeat && from + by != y {
            continue;
        }
        let source = &map[from * side * channels..][..side * channels];
        row[by * channels..][..side * channels].copy_from_slice(source);
        if repeat {
            for x in 0..by {
                row[x * channels..][..channels].copy_from_slice(&source[..channels]);
                let last = &source[(side - 1) * channels..];
                row[(side + by + x) * channels..][..channels].copy_from_slice(last);
            }
        }
    }
    out
}

/// The convolution of a `padded` map of `side + 2` positions on a side, giving `side`.
pub fn convolve(level: Level, padded: &[f32], side: usize, weights: &[f32], bias: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; side * side * CHANNELS];
    dispatch_wide!(level, simd => convolve_plain(simd, padded, side, weights, bias, &mut out));
    out
}

#[inline(always)]
fn convolve_plain<S: Simd>(
    simd: S,
    padded: &[f32],
    side: usize,
    weights: &[f32],
    bias: &[f32],
    out: &mut [f32],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let (positions, wide) = (padded.as_chunks::<CHANNELS>().0, side + 2);
            let weights: &[Position; 9] =
                weights.as_chunks().0.first_chunk().expect("nine weights a channel");
            for (y, row) in out.as_chunks_mut::<CHANNELS>().0.chunks_exact_mut(side).enumerate() {
                let rows: [&[Position]; 3] =
                    std::array::from_fn(|r| &positions[(y + r) * wide..][..wide]);
                for (x, out) in row.iter_mut().enumerate() {
                    let taps: [&[Position]; 3] = std::array::from_fn(|r| &rows[r][x..][..3]);
                    for half in [0, 16] {
                        let mut sum = f32x16::from_slice(simd, &bias[half..][..16]);
                        for (t, weight) in weights.iter().enumerate() {
                            let value = f32x16::from_slice(simd, &taps[t / 3][t % 3][half..][..16]);
                            sum = value.mul_add(f32x16::from_slice(simd, &weight[half..][..16]), sum);
                        }
                        sum.store_slice(&mut out[half..][..16]);
                    }
                }
            }
        },
    );
}

/// Adds to `into` the gradient by the map that was padded by repetition and convolved, given
/// the `gradient` by the result.
pub fn add_input_gradient(
    level: Level,
    gradient: &[f32],
    side: usize,
    weights: &[f32],
    into: &mut [f32],
) {
    let turned: Vec<f32> = weights.chunks_exact(CHANNELS).rev().flatten().copied().collect();
    let wide = padded(gradient, side, CHANNELS, 2, false);
    let made = convolve(level, &wide, side + 2, &turned, &[0.0; CHANNELS]);
    for (y, row) in made.chunks_exact((side + 2) * CHANNELS).enumerate() {
        let to = &mut into[y.clamp(1, side).saturating_sub(1) * side * CHANNELS..][..side * CHANNELS];
        for (x, values) in row.chunks_exact(CHANNELS).enumerate() {
            let place = &mut to[(x.clamp(1, side) - 1) * CHANNELS..][..CHANNELS];
            place.iter_mut().zip(values).for_each(|(p, v)| *p += v);
        }
    }
}

/// Adds to `into` the gradient by the nine weights of each channel.
pub fn add_weight_gradient(
    level: Level,
    padded: &[f32],
    gradient: &[f32],
    side: usize,
    into: &mut [f32],
) {
    dispatch_wide!(level, simd => weight_gradient(simd, padded, gradient, side, into));
}

#[inline(always)]
fn weight_gradient<S: Simd>(simd: S, padded: &[f32], gradient: &[f32], side: usize, into: &mut [f32]) {
    simd.vectorize(
        #[inline(always)]
        || {
            let (positions, wide) = (padded.as_chunks::<CHANNELS>().0, side + 2);
            let gradient = gradient.as_chunks::<CHANNELS>().0;
            for half in [0, 16] {
                let mut sums = [f32x16::splat(simd, 0.0); 9];
                for (y, row) in gradient.chunks_exact(side).enumerate() {
                    let rows: [&[Position]; 3] =
                        std::array::from_fn(|r| &positions[(y + r) * wide..][..wide]);
                    for (x, g) in row.iter().enumerate() {
                        let g = f32x16::from_slice(simd, &g[half..][..16]);
                        let taps: [&[Position]; 3] = std::array::from_fn(|r| &rows[r][x..][..3]);
                        for (t, sum) in sums.iter_mut().enumerate() {
                            let value = f32x16::from_slice(simd, &taps[t / 3][t % 3][half..][..16]);
                            *sum = value.mul_add(g, *sum);
                        }
                    }
                }
                for (t, sum) in sums.iter().enumerate() {
                    let place = &mut into[t * CHANNELS + half..][..16];
                    (f32x16::from_slice(simd, place) + *sum).store_slice(place);
                }
            }
        },
    );
}

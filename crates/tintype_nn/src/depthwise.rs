//! Depthwise layer: a 3×3 convolution of each channel by itself, zeros beyond the edge.
//!
//! `out[c] = saturate16((bias[c] + Σ weight[row][column][c] · in[c]) >> shift[c])`, rounding
//! as in [`crate::Pointwise`]. Bit-exact. Source: our own decision.

use crate::pointwise::check_sums;
use crate::{FeatureMap, NnError};
use fearless_simd::{Level, Simd, dispatch};

/// A depthwise 3×3 layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depthwise {
    channels: usize,
    /// `[row * 3 + column][channel]`.
    weights: Vec<i16>,
    bias: Vec<i32>,
    shift: Vec<u32>,
}

impl Depthwise {
    /// A layer from nine weights for each channel, `[channel][row][column]`.
    ///
    /// # Errors
    /// `Misuse` for lists of the wrong length, `Limit` if a sum could overflow.
    pub fn new(weights: &[i16], bias: &[i32], shift: &[u8]) -> Result<Self, NnError> {
        let channels = bias.len();
        if channels == 0 || weights.len() != 9 * channels || shift.len() != channels {
            return Err(NnError::Misuse {
                what: format!("{} weights for {channels} channels of 3×3", weights.len()),
            });
        }
        check_sums(weights, bias, shift)?;
        let turned = (0..9)
            .flat_map(|t| (0..channels).map(move |c| (c, t)))
            .map(|(c, t)| weights[c * 9 + t])
            .collect();
        let shift = shift.iter().map(|&s| u32::from(s)).collect();
        Ok(Self { channels, weights: turned, bias: bias.to_vec(), shift })
    }

    /// Channels it takes and gives.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The weights, as given to [`Depthwise::new`].
    pub fn weights(&self) -> Vec<i16> {
        let places = (0..self.channels).flat_map(|c| (0..9).map(move |t| (c, t)));
        places.map(|(c, t)| self.weights[t * self.channels + c]).collect()
    }

    /// The biases.
    pub fn bias(&self) -> &[i32] {
        &self.bias
    }

    /// The shifts.
    pub fn shift(&self) -> &[u32] {
        &self.shift
    }

    /// Applies the layer.
    ///
    /// # Errors
    /// `Misuse` if `input` has other channels.
    pub fn run(&self, level: Level, input: &FeatureMap) -> Result<FeatureMap, NnError> {
        if input.channels != self.channels {
            let what = format!("{} channels for a depthwise layer of {}", input.channels, self.channels);
            return Err(NnError::Misuse { what });
        }
        let mut out = FeatureMap::new(input.height, input.width, input.channels);
        dispatch!(level, simd => self.run_plain(simd, input, &mut out));
        Ok(out)
    }

    /// One row of results from three rows of inputs that have one position more on each side
    /// than `out`: what stands beyond the edge is the caller's.
    ///
    /// # Errors
    /// `Misuse` for rows of other lengths.
    pub fn run_row(&self, level: Level, rows: [&[i16]; 3], out: &mut [i16]) -> Result<(), NnError> {
        let wide = out.len() + 2 * self.channels;
        if !out.len().is_multiple_of(self.channels) || rows.iter().any(|row| row.len() != wide) {
            let what = format!("rows of {:?} values for one of {}", rows.map(<[i16]>::len), out.len());
            return Err(NnError::Misuse { what });
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = level.as_avx2()
            && self.channels.is_multiple_of(LANES)
        {
            for first in (0..self.channels).step_by(LANES) {
                row_avx2(avx2, &self.lanes(first), self.channels, first, &rows, out);
            }
            return Ok(());
        }
        dispatch!(level, simd => self.row_plain(simd, rows, out));
        Ok(())
    }

    /// The layer's numbers for the channels from `first` on, in the order of the kernel.
    #[cfg(target_arch = "x86_64")]
    fn lanes(&self, first: usize) -> Lanes {
        let weight = |tap: usize, lane: usize| match tap {
            9 => 0,
            _ => self.weights[tap * self.channels + first + lane],
        };
        // `unpack` works on halves of 128 bits: its low results are lanes 0 to 3 and 8 to 11.
        let low = |i: usize| i % 4 + i / 4 * 8;
        let weights =
            |pair: usize, by: usize| std::array::from_fn(|i| weight(2 * pair + i % 2, low(i / 2) + by));
        Lanes {
            weights: std::array::from_fn(|pair| [weights(pair, 0), weights(pair, 4)]),
            bias: [0, 4].map(|by| std::array::from_fn(|i| self.bias[first + low(i) + by])),
            shift: [0, 4].map(|by| std::array::from_fn(|i| self.shift[first + low(i) + by] as i32)),
        }
    }

    #[inline(always)]
    fn row_plain<S: Simd>(&self, simd: S, rows: [&[i16]; 3], out: &mut [i16]) {
        simd.vectorize(
            #[inline(always)]
            || {
                let channels = self.channels;
                let mut sums = vec![0i32; channels];
                for (x, out) in out.chunks_exact_mut(channels).enumerate() {
                    sums.copy_from_slice(&self.bias);
                    for (tap, weights) in self.weights.chunks_exact(channels).enumerate() {
                        let values = &rows[tap / 3][(x + tap % 3) * channels..][..channels];
                        for ((sum, &v), &w) in sums.iter_mut().zip(values).zip(weights) {
                            *sum += i32::from(v) * i32::from(w);
                        }
                    }
                    for ((o, &sum), &by) in out.iter_mut().zip(&sums).zip(&self.shift) {
                        *o = (sum >> (by & 31)).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
                    }
                }
            },
        );
    }

    #[inline(always)]
    fn run_plain<S: Simd>(&self, simd: S, input: &FeatureMap, out: &mut FeatureMap) {
        simd.vectorize(
            #[inline(always)]
            || {
                let mut sums = vec![0i32; self.channels];
                for y in 0..input.height {
                    for x in 0..input.width {
                        sums.copy_from_slice(&self.bias);
                        for row in usize::from(y == 0)..3 - usize::from(y + 1 == input.height) {
                            for column in usize::from(x == 0)..3 - usize::from(x + 1 == input.width) {
                                let weights =
                                    &self.weights[(row * 3 + column) * self.channels..][..self.channels];
                                let values = input.at(x + column - 1, y + row - 1);
                                for ((sum, &v), &w) in sums.iter_mut().zip(values).zip(weights) {
                                    *sum += i32::from(v) * i32::from(w);
                                }
                            }
                        }
                        for ((o, &sum), &by) in out.at_mut(x, y).iter_mut().zip(&sums).zip(&self.shift) {
                            *o = (sum >> (by & 31)).clamp(i32::from(i16::MIN), i32::from(i16::MAX))
                                as i16;
                        }
                    }
                }
            },
        );
    }
}

/// Channels that the kernel works on at a time.
#[cfg(target_arch = "x86_64")]
const LANES: usize = 16;

/// The numbers of [`LANES`] channels, in two halves as `unpacklo` and `unpackhi` order them.
#[cfg(target_arch = "x86_64")]
struct Lanes {
    /// Of each pair of taps, the tenth of which is 0.
    weights: [[[i16; LANES]; 2]; 5],
    bias: [[i32; LANES / 2]; 2],
    shift: [[i32; LANES / 2]; 2],
}

#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    fn row_avx2(
        avx2: Avx2,
        lanes: &Lanes,
        channels: usize,
        first: usize,
        rows: &[&[i16]; 3],
        out: &mut [i16],
    ) {
        use core::arch::x86_64::*;
        use fearless_simd::{SimdBase, SimdFrom, i16x16, i32x8};
        let weights: [[__m256i; 2]; 5] =
            lanes.weights.map(|pair| pair.map(|w| i16x16::from_slice(avx2, &w).into()));
        let bias: [__m256i; 2] = lanes.bias.map(|b| i32x8::from_slice(avx2, &b).into());
        let shift: [__m256i; 2] = lanes.shift.map(|s| i32x8::from_slice(avx2, &s).into());
        for (x, out) in out.chunks_exact_mut(channels).enumerate() {
            let mut taps = [_mm256_setzero_si256(); 10];
            for (three, row) in taps.as_chunks_mut::<3>().0.iter_mut().zip(rows) {
                let near = &row[x * channels..][..3 * channels];
                for (tap, from) in three.iter_mut().zip(near.chunks_exact(channels)) {
                    *tap = i16x16::from_slice(avx2, &from[first..first + LANES]).into();
                }
            }
            let mut sums = bias;
            for (pair, weights) in taps.as_chunks::<2>().0.iter().zip(&weights) {
                let low = _mm256_madd_epi16(_mm256_unpacklo_epi16(pair[0], pair[1]), weights[0]);
                let high = _mm256_madd_epi16(_mm256_unpackhi_epi16(pair[0], pair[1]), weights[1]);
                sums[0] = _mm256_add_epi32(sums[0], low);
                sums[1] = _mm256_add_epi32(sums[1], high);
            }
            let low = _mm256_srav_epi32(sums[0], shift[0]);
            let high = _mm256_srav_epi32(sums[1], shift[1]);
            let packed = i16x16::simd_from(avx2, _mm256_packs_epi32(low, high));
            packed.store_slice(&mut out[first..first + LANES]);
        }
    }
);

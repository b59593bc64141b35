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

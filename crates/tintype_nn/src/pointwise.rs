//! Pointwise layer: a 1×1 convolution of 16-bit values with 16-bit weights and 32-bit sums.
//!
//! `out[o] = saturate16((bias[o] + Σ weight[o][i] · in[i]) >> shift[o])`, the shift rounding
//! towards minus infinity (an exporter puts half a unit into the bias to round half up), then
//! `max(·, 0)` where the layer rectifies. Sums never leave 32 bits: a layer whose weights
//! could is refused when it is made. Bit-exact. Source: our own decision.

use crate::kernel::{GROUP, Packed, pointwise_rows};
use crate::{FeatureMap, NnError};
use fearless_simd::Level;

/// A pointwise layer, weights packed for the kernels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointwise {
    packed: Packed,
}

/// Largest magnitude of an input, as a sum's bound counts it.
const INPUT_MAX: u64 = 1 << 15;

/// Refuses `weights` (`outputs` rows) whose sums could leave 32 bits for any inputs.
pub(crate) fn check_sums(weights: &[i16], bias: &[i32], shift: &[u8]) -> Result<(), NnError> {
    let inputs = weights.len() / bias.len();
    for (row, &bias) in weights.chunks_exact(inputs.max(1)).zip(bias) {
        let sum: u64 = row.iter().map(|w| u64::from(w.unsigned_abs())).sum();
        if sum * INPUT_MAX + u64::from(bias.unsigned_abs()) > i32::MAX as u64 {
            return Err(NnError::Limit {
                what: "sum of a layer's weights (its 32-bit sums could overflow)",
                max: 65_535,
            });
        }
    }
    if shift.iter().any(|&s| s > 31) {
        return Err(NnError::Limit { what: "shift of a layer", max: 31 });
    }
    Ok(())
}

/// Where the weight from input `i` to output `o` stands in the packed list.
fn place(inputs: usize, o: usize, i: usize) -> usize {
    let pairs = inputs.div_ceil(2);
    ((o / GROUP * pairs + i / 2) * GROUP + o % GROUP) * 2 + i % 2
}

impl Pointwise {
    /// A layer from `outputs` rows of `inputs` weights.
    ///
    /// # Errors
    /// `Misuse` for lists of the wrong length, `Limit` if a sum could overflow.
    pub fn new(
        inputs: usize,
        weights: &[i16],
        bias: &[i32],
        shift: &[u8],
        rectified: bool,
    ) -> Result<Self, NnError> {
        let outputs = bias.len();
        if inputs == 0 || outputs == 0 || weights.len() != inputs * outputs || shift.len() != outputs {
            return Err(NnError::Misuse {
                what: format!("{} weights for {inputs} × {outputs}", weights.len()),
            });
        }
        check_sums(weights, bias, shift)?;
        let padded = outputs.next_multiple_of(GROUP);
        let mut packed = vec![0; inputs.div_ceil(2) * padded * 2];
        for o in 0..outputs {
            for i in 0..inputs {
                packed[place(inputs, o, i)] = weights[o * inputs + i];
            }
        }
        let mut padded_bias = bias.to_vec();
        padded_bias.resize(padded, 0);
        let mut padded_shift: Vec<u32> = shift.iter().map(|&shift| u32::from(shift)).collect();
        padded_shift.resize(padded, 0);
        let packed = Packed {
            inputs,
            outputs,
            weights: packed,
            bias: padded_bias,
            shift: padded_shift,
            rectified,
        };
        Ok(Self { packed })
    }

    /// Channels it takes.
    pub fn inputs(&self) -> usize {
        self.packed.inputs
    }

    /// Channels it gives.
    pub fn outputs(&self) -> usize {
        self.packed.outputs
    }

    /// The weights in rows, as given to [`Pointwise::new`].
    pub fn weights(&self) -> Vec<i16> {
        let pairs = (0..self.packed.outputs).flat_map(|o| (0..self.packed.inputs).map(move |i| (o, i)));
        pairs.map(|(o, i)| self.packed.weights[place(self.packed.inputs, o, i)]).collect()
    }

    /// The biases.
    pub fn bias(&self) -> &[i32] {
        &self.packed.bias[..self.packed.outputs]
    }

    /// The shifts.
    pub fn shift(&self) -> &[u32] {
        &self.packed.shift[..self.packed.outputs]
    }

    /// Applies the layer to every position.
    ///
    /// # Errors
    /// `Misuse` if `input` has other channels.
    pub fn run(&self, level: Level, input: &FeatureMap) -> Result<FeatureMap, NnError> {
        if input.channels != self.packed.inputs {
            return Err(NnError::Misuse {
                what: format!("{} channels for {} inputs", input.channels, self.packed.inputs),
            });
        }
        let mut out = FeatureMap::new(input.height, input.width, self.packed.outputs);
        pointwise_rows(level, &self.packed, &input.values, &mut out.values);
        Ok(out)
    }

    /// Applies the layer to positions one after the other: `input` has
    /// [`Pointwise::inputs`] values for each, `output` [`Pointwise::outputs`]. Positions that
    /// either lacks are left out.
    pub fn run_rows(&self, level: Level, input: &[i16], output: &mut [i16]) {
        pointwise_rows(level, &self.packed, input, output);
    }

    /// Whether negative outputs become 0.
    pub fn rectified(&self) -> bool {
        self.packed.rectified
    }
}

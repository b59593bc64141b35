//! RDO quantisation of one block's coefficients. Float: for the encoder's search only.

use super::context::BlockContext;
use super::cost::{magnitude_cost, nonzero_costs};
use super::symbols::{Pair, Place};
use tintype_block::{ContextSet, Dequantiser};

/// Chooses levels.
#[derive(Clone, Copy, Debug)]
pub struct Quantiser {
    /// Levels to amplitudes.
    pub dequantiser: Dequantiser,
    /// What a bit weighs, in squared internal units.
    pub lambda: f32,
}

/// A quantised block.
#[derive(Clone, Debug)]
pub struct Quantised {
    /// One level for each coefficient.
    pub levels: Vec<i16>,
    /// Estimated bits of the end and the levels.
    pub bits: f32,
    /// Squared error of the coefficients.
    pub distortion: f32,
}

impl Quantiser {
    /// The place after the last coefficient that is nearest to a level that is not 0.
    pub fn top(&self, coefficients: &[f32]) -> usize {
        let half = 0.5 * self.dequantiser.step as f32;
        coefficients.iter().rposition(|c| c.abs() >= half).map_or(0, |position| position + 1)
    }

    /// Each coefficient from the last down takes its nearest level, the next lower one, or 0;
    /// then the end is chosen. `end_bits` are the bits of each end that is possible.
    pub fn quantise(
        &self,
        contexts: &ContextSet,
        end_bits: &[f32],
        coefficients: &[f32],
        piece: usize,
        block: &BlockContext,
    ) -> Quantised {
        let dequantiser = &self.dequantiser;
        let step = dequantiser.step as f32;
        let kept = coefficients.len();
        let energy: f32 = coefficients.iter().map(|c| c * c).sum();
        let mut levels = vec![0i16; kept];
        let nearest = |c: f32| ((c.abs() / step + 0.5) as usize).min(32767);
        let Some(top) = self.top(coefficients).checked_sub(1) else {
            return Quantised { levels, bits: end_bits[0], distortion: energy };
        };

        // Lagrangians against a level of 0 at no rate: of the choice, and of the best level if
        // it is the block's last.
        let lambda = self.lambda;
        let mut own = vec![0f32; top + 1];
        let mut as_last = vec![f32::INFINITY; top + 1];
        let mut pair = Pair::default();
        let mut total = 0;
        for position in (0..=top).rev() {
            let c = coefficients[position];
            let place = Place { position, pair, end: top + 1, total, piece, block };
            let [zero_bits, nonzero_bits] = nonzero_costs(contexts, &place);
            let mut best = (lambda * zero_bits, 0usize);
            let high = nearest(c);
            for level in high.saturating_sub(1).max(1)..=high {
                let error = c.abs() - dequantiser.amplitude(level as i16) as f32;
                let bits = magnitude_cost(contexts, level, &place);
                let value = error * error - c * c + lambda * bits;
                as_last[position] = as_last[position].min(value);
                if value + lambda * nonzero_bits < best.0 {
                    best = (value + lambda * nonzero_bits, level);
                }
            }
            own[position] = best.0;
            levels[position] = if c < 0.0 { -(best.1 as i16) } else { best.1 as i16 };
            pair = pair.push(best.1);
            total += best.1;
        }

        let mut below = 0.0;
        let mut choice = (lambda * end_bits[0], 0usize);
        for position in 0..=top {
            if levels[position] != 0 {
                let value = below + as_last[position] + lambda * end_bits[position + 1];
                if value < choice.0 {
                    choice = (value, position + 1);
                }
            }
            below += own[position];
        }
        levels[choice.1..].fill(0);

        // What the Lagrangian holds beyond the distortion it saved is rate.
        let mut saved = 0f32;
        for (c, level) in coefficients.iter().zip(&levels).take(choice.1) {
            let error = c.abs() - dequantiser.amplitude(level.abs()) as f32;
            saved += c * c - error * error;
        }
        Quantised { levels, bits: (choice.0 + saved) / lambda, distortion: energy - saved }
    }
}

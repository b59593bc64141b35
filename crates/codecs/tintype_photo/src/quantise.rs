//! Trellis search for the levels of one block. Float: for the encoder's search only.

use super::context::BlockContext;
use super::cost::{magnitude_costs, nonzero_costs};
use super::symbols::{Pair, Place};
use tintype_block::{ContextSet, Dequantiser, STATES, TrellisState};

/// Chooses levels.
#[derive(Clone, Copy, Debug)]
pub struct Quantiser {
    /// Levels to amplitudes.
    pub dequantiser: Dequantiser,
    /// What a bit weighs, in squared internal units.
    pub lambda: f32,
    /// Whether each state's levels are counted by themselves, not by the best state's of the
    /// same quantiser: four times the work.
    pub exact: bool,
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

/// The best way to a state of the trellis.
#[derive(Clone, Copy, Debug)]
struct Path {
    /// Lagrangian against levels of 0 at no rate; infinite where no way leads.
    cost: f32,
    pair: Pair,
    total: usize,
    /// The block's end on this way.
    end: usize,
}

/// Where the best way to a state came from: the state before and the level's magnitude.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    from: u8,
    magnitude: u16,
}

/// Marks the level that a way begins with.
const BEGIN: u8 = 255;

const NOWHERE: Path = Path { cost: f32::INFINITY, pair: Pair::NONE, total: 0, end: 0 };

impl Quantiser {
    /// The effort from which each state of the trellis has its own bits: on crops of photos/valid
    /// 0.3 to 0.4 % fewer bytes at the same PSNR.
    pub const EXACT_EFFORT: u8 = 7;

    /// The place after the last coefficient that may have a level that is not 0.
    pub fn top(&self, coefficients: &[f32]) -> usize {
        let half = 0.5 * self.dequantiser.step as f32;
        coefficients.iter().rposition(|c| c.abs() >= half).map_or(0, |position| position + 1)
    }

    /// The levels of least Lagrangian. `end_bits` are the bits of each end that is possible.
    pub fn quantise(
        &self,
        contexts: &ContextSet,
        end_bits: &[f32],
        coefficients: &[f32],
        piece: usize,
        block: &BlockContext,
    ) -> Quantised {
        let step = self.dequantiser.step as f32;
        let lambda = self.lambda;
        let top = self.top(coefficients);
        let mut paths = [NOWHERE; STATES];
        let mut steps = vec![[Step::default(); STATES]; top];
        for position in (0..top).rev() {
            let size = coefficients[position].abs();
            let scaled = size / step;
            let mut next = [NOWHERE; STATES];
            let place = |path: &Path, state: TrellisState| {
                let Path { pair, end, total, .. } = *path;
                Place { position, pair, end, total, piece, state, block }
            };
            let error = |state: TrellisState, magnitude: usize| {
                let value = self.dequantiser.amplitude_of_halves(state.halves(magnitude)) as f32;
                (size - value) * (size - value) - size * size
            };
            let mut offer = |state: TrellisState, path: &Path, cost: f32, from: u8, magnitude: usize| {
                let to = state.after(magnitude).index();
                if cost < next[to].cost {
                    let (pair, total) = (path.pair.push(magnitude), path.total + magnitude);
                    next[to] = Path { cost, pair, total, end: path.end };
                    steps[position][to] = Step { from, magnitude: magnitude as u16 };
                }
            };
            if scaled > 0.5 {
                // A way that begins here.
                let state = TrellisState::default();
                let begin = Path { cost: 0.0, end: position + 1, ..NOWHERE };
                let low = (scaled as usize).clamp(1, 32_765);
                let bits = magnitude_costs(contexts, low, &place(&begin, state));
                for (magnitude, bits) in (low..).zip(bits) {
                    let cost = error(state, magnitude) + lambda * (bits + end_bits[position + 1]);
                    offer(state, &begin, cost, BEGIN, magnitude);
                }
            }
            // States whose levels' bits are counted together, on the best way to one of them.
            let groups = if self.exact { STATES } else { 2 };
            for group in 0..groups {
                let own = || (group..STATES).step_by(groups).filter(|&state| paths[state].end > 0);
                let Some(best) = own().min_by(|&a, &b| paths[a].cost.total_cmp(&paths[b].cost)) else {
                    continue;
                };
                let state = TrellisState::of_index(best);
                let of_best = place(&paths[best], state);
                let [zero_bits, nonzero_bits] = nonzero_costs(contexts, &of_best);
                // The levels on either side of the coefficient.
                let low = (scaled + if state.second() { 0.5 } else { 0.0 }) as usize;
                let low = low.min(32_765);
                let bits = magnitude_costs(contexts, low.max(1), &of_best);
                let cost = |magnitude, bits| error(state, magnitude) + lambda * (nonzero_bits + bits);
                let lower = if low == 0 { 1 } else { low };
                let choices = [
                    (0, lambda * zero_bits),
                    (lower, cost(lower, bits[0])),
                    (lower + 1, cost(lower + 1, bits[1])),
                ];
                // Neither 0 beside large coefficients nor 2 beside small ones.
                let choices = &choices[usize::from(low >= 2)..if low == 0 { 2 } else { 3 }];
                for index in own() {
                    for &(magnitude, cost) in choices {
                        let state = TrellisState::of_index(index);
                        let path = &paths[index];
                        offer(state, path, path.cost + cost, index as u8, magnitude);
                    }
                }
            }
            paths = next;
        }
        let mut choice = (lambda * end_bits[0], BEGIN);
        for (index, path) in paths.iter().enumerate() {
            if path.cost < choice.0 {
                choice = (path.cost, index as u8);
            }
        }
        self.followed(&steps, coefficients, choice)
    }

    /// The levels of the way back from the state of `choice`, whose Lagrangian stands before it.
    fn followed(&self, steps: &[[Step; STATES]], coefficients: &[f32], choice: (f32, u8)) -> Quantised {
        let mut levels = vec![0i16; coefficients.len()];
        let mut state = choice.1;
        let mut position = 0;
        while state != BEGIN {
            let step = steps[position][usize::from(state)];
            levels[position] = step.magnitude as i16;
            (state, position) = (step.from, position + 1);
        }
        // What the Lagrangian holds beyond the distortion it saved is rate.
        let mut saved = 0f32;
        let mut trellis = TrellisState::default();
        for (c, level) in coefficients[..position].iter().zip(&mut levels).rev() {
            let magnitude = *level as usize;
            let error = c.abs() - self.dequantiser.amplitude_of_halves(trellis.halves(magnitude)) as f32;
            saved += c * c - error * error;
            trellis = trellis.after(magnitude);
            if *c < 0.0 {
                *level = -*level;
            }
        }
        let energy: f32 = coefficients.iter().map(|c| c * c).sum();
        let bits = (choice.0 + saved) / self.lambda;
        Quantised { levels, bits, distortion: energy - saved }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::end_costs;
    use crate::symbols::{code_end, code_levels, contexts};
    use tintype_block::{EstimateWalk, half_steps};

    const BLOCK: BlockContext = BlockContext {
        size: 0,
        energy: 3,
        luma: 0,
        left: None,
        above: None,
        step: 4,
        ends: 0,
        luma_end: 0,
        rough: 2,
    };

    /// Distortion and bits of `levels`.
    fn cost(
        levels: &[i16],
        coefficients: &[f32],
        quantiser: &Quantiser,
        set: &ContextSet,
    ) -> (f32, f32) {
        let end = levels.iter().rposition(|&v| v != 0).map_or(0, |p| p + 1);
        let mut walk = EstimateWalk::new(set);
        code_end(&mut walk, end, levels.len(), 0, &BLOCK);
        code_levels(&mut walk, &mut levels.to_vec(), end, 0, &BLOCK);
        let mut halves = vec![0; end];
        half_steps(&levels[..end], &mut halves);
        halves.resize(levels.len(), 0);
        let errors = coefficients
            .iter()
            .zip(halves)
            .map(|(c, halves)| (c - quantiser.dequantiser.amplitude_of_halves(halves) as f32).powi(2));
        (errors.sum(), walk.bits())
    }

    #[test]
    fn the_trellis_finds_nearly_the_best_levels() {
        let set = contexts(&[]);
        let dequantiser = Dequantiser::new(256, 12);
        let lambda = 0.09 * 256.0 * 256.0;
        for seed in 0..40u32 {
            let value = |i: u32| {
                let noise = (seed * 4 + i + 1).wrapping_mul(2_654_435_761) >> 8;
                (noise as f32 / (1 << 23) as f32 - 1.0) * 700.0 / (1.0 + i as f32 / 2.0)
            };
            let mut coefficients = vec![0.0; 64];
            (0..4).for_each(|i| coefficients[i as usize] = value(i));
            let mut best = f32::INFINITY;
            for code in 0..7i32.pow(4) {
                let levels: Vec<i16> = (0..64)
                    .map(|i| if i < 4 { (code / 7i32.pow(i) % 7 - 3) as i16 } else { 0 })
                    .collect();
                let quantiser = Quantiser { dequantiser, lambda, exact: true };
                let (distortion, bits) = cost(&levels, &coefficients, &quantiser, &set);
                best = best.min(distortion + lambda * bits);
            }
            for exact in [false, true] {
                let quantiser = Quantiser { dequantiser, lambda, exact };
                let mut end_bits = vec![0.0; quantiser.top(&coefficients) + 1];
                end_costs(&set, &mut end_bits, (64, 0), &BLOCK);
                let found = quantiser.quantise(&set, &end_bits, &coefficients, 0, &BLOCK);
                let (distortion, bits) = cost(&found.levels, &coefficients, &quantiser, &set);
                let value = distortion + lambda * bits;
                assert!(value >= 0.999 * best && value <= 1.1 * best, "{seed} {exact} {value} {best}");
                assert!((found.distortion - distortion).abs() <= 0.01 * distortion + 1.0);
                if exact {
                    assert!((found.bits - bits).abs() < 0.01 * bits + 0.1, "{} {bits}", found.bits);
                }
            }
        }
    }
}

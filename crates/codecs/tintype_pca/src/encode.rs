//! Samples to symbols: which block sizes, pieces and coefficients cost least, bits and error together.
//!
//! The search is float and may differ between machines; what it decides is written by the walk. Distortions are squared
//! internal units; a bit weighs `LAMBDA · step²` of them.

use super::block::{Dequantiser, predict, sample_from_sum, synthesise};
use super::border::{Border, border};
use super::model::{PcaModel, PieceSet, set_index};
use super::plane_state::PlaneState;
use super::walk::{BlockContext, Contexts};
use fearless_simd::{Level, Simd, dispatch};
use tintype_block::ENTRY_BITS;
use tintype_entropy::BitWalk;
use tintype_image::Plane;

/// Lagrangian weight of a bit in squared steps.
const LAMBDA: f32 = 0.12;

/// What the encoder settles on for one block.
#[derive(Clone, Debug)]
struct Plan {
    piece: usize,
    levels: Vec<i16>,
    samples: Vec<i16>,
    /// Distortion plus weighted rate.
    lagrangian: f32,
}

/// Encodes planes with one model.
pub struct PlaneEncoder<'a> {
    model: &'a PcaModel,
    dequantiser: Dequantiser,
    lambda: f32,
    /// Pieces whose coefficients are searched in full.
    finalists: usize,
    /// Pieces that are transformed after all have predicted.
    transformed: usize,
    level: Level,
}

impl<'a> PlaneEncoder<'a> {
    /// `effort` 1 to 9.
    pub fn new(model: &'a PcaModel, dequantiser: Dequantiser, effort: u8, level: Level) -> Self {
        let lambda = LAMBDA * (dequantiser.step * dequantiser.step) as f32;
        Self {
            model,
            dequantiser,
            lambda,
            finalists: usize::from(effort).div_ceil(2),
            transformed: 4 + 2 * usize::from(effort),
            level,
        }
    }

    /// Searches and writes all blocks of one plane.
    pub fn encode_plane<W: BitWalk>(
        &self,
        walk: &mut W,
        contexts: &mut Contexts,
        source: &Plane<i16>,
        state: &mut PlaneState,
        other: Option<&PlaneState>,
    ) {
        for y in (0..source.height()).step_by(16) {
            for x in (0..source.width()).step_by(16) {
                self.encode_superblock(walk, contexts, source, state, other, (x, y));
            }
        }
    }

    fn encode_superblock<W: BitWalk>(
        &self,
        walk: &mut W,
        contexts: &mut Contexts,
        source: &Plane<i16>,
        state: &mut PlaneState,
        other: Option<&PlaneState>,
        (x, y): (usize, usize),
    ) {
        let (energy, depth) = state.split_context(x, y);
        let split_costs = contexts.split_costs(energy, depth);
        let large = self.plan(contexts, source, state, other, (x, y, 16));
        let mut small = Vec::with_capacity(4);
        let mut total = self.lambda * split_costs[1];
        for (dx, dy) in [(0, 0), (8, 0), (0, 8), (8, 8)] {
            let plan = self.plan(contexts, source, state, other, (x + dx, y + dy, 8));
            total += plan.lagrangian;
            self.apply(state, &plan, (x + dx, y + dy, 8));
            small.push(plan);
        }
        for row in 0..2 {
            state.cells.row_mut(y / 8 + row)[x / 8..][..2].fill(Default::default());
        }
        let split = total < large.lagrangian + self.lambda * split_costs[0];
        contexts.split(walk, split, energy, depth);
        if split {
            for (plan, (dx, dy)) in small.iter().zip([(0, 0), (8, 0), (0, 8), (8, 8)]) {
                self.write(walk, contexts, state, other, plan, (x + dx, y + dy, 8));
            }
        } else {
            self.write(walk, contexts, state, other, &large, (x, y, 16));
        }
    }

    fn write<W: BitWalk>(
        &self,
        walk: &mut W,
        contexts: &mut Contexts,
        state: &mut PlaneState,
        other: Option<&PlaneState>,
        plan: &Plan,
        (x, y, n): (usize, usize, usize),
    ) {
        let set = &self.model.sets[set_index(state.kind.chroma, n)];
        let block = state.context(x, y, n, other);
        contexts.piece(walk, plan.piece, set.pieces.len(), &block);
        contexts.levels(walk, &mut plan.levels.clone(), plan.piece, &block);
        self.apply(state, plan, (x, y, n));
    }

    fn apply(&self, state: &mut PlaneState, plan: &Plan, (x, y, n): (usize, usize, usize)) {
        for row in 0..n {
            state.samples.row_mut(y + row)[x..][..n].copy_from_slice(&plan.samples[row * n..][..n]);
        }
        state.note(x, y, n, plan.piece, &plan.levels);
    }

    /// The best piece and coefficients for one block.
    fn plan(
        &self,
        contexts: &Contexts,
        source: &Plane<i16>,
        state: &PlaneState,
        other: Option<&PlaneState>,
        (x, y, n): (usize, usize, usize),
    ) -> Plan {
        let set = &self.model.sets[set_index(state.kind.chroma, n)];
        let block = state.context(x, y, n, other);
        let border = border(&state.samples, x, y, n, state.kind.middle);
        let target: Vec<i16> =
            (0..n).flat_map(|row| source.row(y + row)[x..][..n].iter().copied()).collect();
        let weights = (self.dequantiser.step as f32, self.lambda, self.transformed);
        let piece_cost = |number: usize| contexts.piece_cost(number, set.pieces.len(), &block);
        let mut candidates = dispatch!(self.level, simd => simd.vectorize(
            #[inline(always)]
            || try_pieces(set, &border, &target, weights, &piece_cost)
        ));
        candidates.sort_by(|a, b| a.estimate.total_cmp(&b.estimate));
        candidates.truncate(self.finalists);
        let mut best: Option<Plan> = None;
        for Candidate { piece: number, coefficients, .. } in candidates {
            let plan = self.finish(contexts, set, &block, &border, &target, number, &coefficients);
            if best.as_ref().is_none_or(|b| plan.lagrangian < b.lagrangian) {
                best = Some(plan);
            }
        }
        best.expect("every set has a piece")
    }

    #[allow(clippy::too_many_arguments)] // The last step of the search above.
    fn finish(
        &self,
        contexts: &Contexts,
        set: &PieceSet,
        block: &BlockContext,
        border: &Border,
        target: &[i16],
        number: usize,
        coefficients: &[f32],
    ) -> Plan {
        let piece = &set.pieces[number];
        let (levels, bits) = self.quantise(contexts, coefficients, number, block);
        let mut sums = vec![0i32; target.len()];
        dispatch!(self.level, simd => simd.vectorize(
            #[inline(always)]
            || {
                predict(border, piece, &mut sums);
                synthesise(&levels, piece, &self.dequantiser, &mut sums);
            }
        ));
        let samples: Vec<i16> = sums.iter().map(|&s| sample_from_sum(s)).collect();
        let error = |(&a, &b): (&i16, &i16)| {
            let d = f32::from(a) - f32::from(b);
            d * d
        };
        let distortion: f32 = samples.iter().zip(target).map(error).sum();
        let bits = bits + contexts.piece_cost(number, set.pieces.len(), block);
        Plan { piece: number, levels, samples, lagrangian: distortion + self.lambda * bits }
    }

    /// Rate–distortion optimised quantisation: each coefficient from the last down takes its nearest level, the next
    /// lower one, or zero; then the end is chosen. Returns levels and estimated bits.
    fn quantise(
        &self,
        contexts: &Contexts,
        coefficients: &[f32],
        piece: usize,
        block: &BlockContext,
    ) -> (Vec<i16>, f32) {
        let step = self.dequantiser.step as f32;
        let kept = coefficients.len();
        let mut levels = vec![0i16; kept];
        let mut end_costs = vec![0f32; kept + 1];
        contexts.end_costs(&mut end_costs, block);
        let nearest = |c: f32| ((c.abs() / step + 0.5) as usize).min(32767);
        let Some(top) = coefficients.iter().rposition(|&c| nearest(c) > 0) else {
            return (levels, end_costs[0]);
        };
        let lambda = self.lambda;
        let mut own = vec![0f32; kept]; // Lagrangian of the choice, and its gain over zero at no rate.
        let mut as_last = vec![f32::INFINITY; kept];
        let (mut next, mut after) = (0usize, 0usize);
        for index in (0..=top).rev() {
            let c = coefficients[index];
            let local = next.min(2) * 3 + after.min(2);
            let sum = next.min(2) + after.min(2);
            let [zero_bits, nonzero_bits] = contexts.nonzero_costs(index, local, piece, block);
            let mut best = (lambda * zero_bits, 0usize);
            let high = nearest(c);
            for level in high.saturating_sub(1).max(1)..=high {
                let error = c.abs() - self.dequantiser.amplitude(level as i16) as f32;
                let bits = contexts.magnitude_cost(level, index, sum, block);
                let value = error * error - c * c + lambda * bits;
                as_last[index] = as_last[index].min(value);
                if value + lambda * nonzero_bits < best.0 {
                    best = (value + lambda * nonzero_bits, level);
                }
            }
            own[index] = best.0;
            levels[index] = if c < 0.0 { -(best.1 as i16) } else { best.1 as i16 };
            (after, next) = (next, best.1);
        }
        let mut below = 0.0;
        let mut choice = (lambda * end_costs[0], 0usize);
        for index in 0..=top {
            if levels[index] != 0 {
                let value = below + as_last[index] + lambda * end_costs[index + 1];
                if value < choice.0 {
                    choice = (value, index + 1);
                }
            }
            below += own[index];
        }
        levels[choice.1..].fill(0);
        // What the Lagrangian holds beyond the distortion it saved is rate.
        let saved: f32 = (0..choice.1)
            .map(|i| {
                let error =
                    coefficients[i].abs() - self.dequantiser.amplitude(levels[i].abs()) as f32;
                coefficients[i] * coefficients[i] - error * error
            })
            .sum();
        (levels, (choice.0 + saved) / lambda)
    }
}

/// One piece tried on a block.
struct Candidate {
    estimate: f32,
    piece: usize,
    coefficients: Vec<f32>,
}

/// Tries the pieces of `set`: all predict, those that leave least are transformed.
#[inline(always)]
fn try_pieces(
    set: &PieceSet,
    border: &Border,
    target: &[i16],
    (step, lambda, transformed): (f32, f32, usize),
    piece_cost: &dyn Fn(usize) -> f32,
) -> Vec<Candidate> {
    let samples = target.len();
    let scale = 1.0 / (1 << ENTRY_BITS) as f32;
    let mut residuals = vec![0f32; samples * set.pieces.len()];
    let mut energies: Vec<(f32, usize)> = Vec::with_capacity(set.pieces.len());
    let mut sums = [0i32; 256];
    let sums = &mut sums[..samples];
    for (number, (piece, residual)) in
        set.pieces.iter().zip(residuals.chunks_exact_mut(samples)).enumerate()
    {
        predict(border, piece, sums);
        let mut lanes = [0f32; 16];
        for ((r, t), s) in
            residual.chunks_exact_mut(16).zip(target.chunks_exact(16)).zip(sums.chunks_exact(16))
        {
            for i in 0..16 {
                r[i] = f32::from(t[i]) - s[i] as f32 * scale;
                lanes[i] += r[i] * r[i];
            }
        }
        energies.push((lanes.iter().sum(), number));
    }
    energies.sort_by(|a, b| a.0.total_cmp(&b.0));
    energies.truncate(transformed);
    let try_one = |&(energy, number): &(f32, usize)| {
        let residual = &residuals[number * samples..][..samples];
        let mut rest = energy;
        let mut estimate = lambda * piece_cost(number);
        let mut coefficients = Vec::with_capacity(set.kept);
        for row in set.pieces[number].basis.chunks_exact(samples) {
            let mut lanes = [0f32; 16];
            for (a, b) in residual.chunks_exact(16).zip(row.chunks_exact(16)) {
                for i in 0..16 {
                    lanes[i] += a[i] * f32::from(b[i]);
                }
            }
            let c = lanes.iter().sum::<f32>() * scale;
            let square = c * c;
            rest -= square;
            let ratio = square / (step * step);
            // Below about half a step a coefficient is dropped; above, it costs its bits.
            estimate += if ratio < 0.36 { square } else { lambda * (2.5 + ratio.log2().max(0.0)) };
            coefficients.push(c);
        }
        Candidate { estimate: estimate + rest.max(0.0), piece: number, coefficients }
    };
    energies.iter().map(try_one).collect()
}

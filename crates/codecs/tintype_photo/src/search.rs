//! Samples to symbols: which block sizes, pieces and coefficients cost least, bits and error
//! together.
//!
//! The search is float and may differ between machines; what it decides is written by the walk.
//! Distortions are squared internal units; a bit weighs `LAMBDA · step²` of them.

use super::context::{BlockContext, split_context};
use super::cost::{end_costs, magnitude_cost, nonzero_costs, piece_cost, split_costs};
use super::model::{PieceSet, set_index};
use super::symbols::{Pair, Place};
use super::walk::{BlockPlan, SuperblockPlan, Synthesis, block_border, cell};
use fearless_simd::{Simd, dispatch};
use tintype_block::{Border, Cell, ContextSet, ENTRY_BITS, PlaneState, predict, quarters};
use tintype_image::Plane;

/// Lagrangian weight of a bit in squared steps. Not measured.
const LAMBDA: f32 = 0.12;

/// What the search finds for one block.
#[derive(Clone, Debug)]
struct Found {
    plan: BlockPlan,
    samples: Vec<i16>,
    /// Distortion plus weighted rate.
    lagrangian: f32,
}

/// Searches the blocks of one plane.
pub struct PlaneSearch<'a> {
    synthesis: Synthesis<'a>,
    source: &'a Plane<i16>,
    luma: Option<&'a PlaneState>,
    lambda: f32,
    /// Pieces whose levels are searched in full.
    finalists: usize,
    /// Pieces that are transformed after all have predicted.
    transformed: usize,
}

/// A block under search.
struct Target<'a> {
    set: &'a PieceSet,
    block: BlockContext,
    border: Border,
    samples: Vec<i16>,
}

impl<'a> PlaneSearch<'a> {
    /// Of `source`; `luma` is the luma plane's state for chroma. `effort` is 1 to 9.
    pub fn new(
        synthesis: Synthesis<'a>,
        source: &'a Plane<i16>,
        luma: Option<&'a PlaneState>,
        effort: u8,
    ) -> Self {
        let step = synthesis.dequantiser.step;
        Self {
            synthesis,
            source,
            luma,
            lambda: LAMBDA * (step * step) as f32,
            finalists: usize::from(effort).div_ceil(2),
            transformed: 4 + 2 * usize::from(effort),
        }
    }

    /// What the superblock at `at` is best coded as; `state` is left as it was.
    pub fn superblock(
        &self,
        contexts: &ContextSet,
        state: &mut PlaneState,
        at: (usize, usize),
    ) -> SuperblockPlan {
        let split_costs = split_costs(contexts, split_context(state, at));
        let whole = self.block(contexts, state, at, 16);
        let mut split_total = self.lambda * split_costs[1];
        let quarters = quarters(at, 16).map(|at| {
            let found = self.block(contexts, state, at, 8);
            split_total += found.lagrangian;
            let cell = cell(8, found.plan.piece, &found.plan.levels);
            state.put_block(at, 8, &found.samples, cell);
            found.plan
        });
        state.fill_cells(at, 16, Cell::default());

        if split_total < whole.lagrangian + self.lambda * split_costs[0] {
            SuperblockPlan::Split(quarters)
        } else {
            SuperblockPlan::Whole(whole.plan)
        }
    }

    /// The best piece and levels for one block.
    fn block(
        &self,
        contexts: &ContextSet,
        state: &PlaneState,
        (x, y): (usize, usize),
        side: usize,
    ) -> Found {
        let set = &self.synthesis.model.sets[set_index(state.kind.chroma, side)];
        let block = BlockContext::of_block(state, self.luma, (x, y), side);
        let border = block_border(&state.samples, (x, y), side, state.kind.middle());
        let mut samples = Vec::with_capacity(side * side);
        for row in y..y + side {
            samples.extend_from_slice(&self.source.row(row)[x..][..side]);
        }
        let target = Target { set, block, border, samples };

        let step = self.synthesis.dequantiser.step as f32;
        let weights = (step, self.lambda, self.transformed);
        let rate = |number: usize| piece_cost(contexts, number, set.pieces.len(), &block);
        let mut candidates = dispatch!(self.synthesis.level, simd => simd.vectorize(
            #[inline(always)]
            || try_pieces(&target, weights, &rate)
        ));
        candidates.sort_by(|a, b| a.estimate.total_cmp(&b.estimate));
        candidates.truncate(self.finalists);

        let mut best: Option<Found> = None;
        for candidate in candidates {
            let found = self.quantised(contexts, &target, &candidate);
            if best.as_ref().is_none_or(|b| found.lagrangian < b.lagrangian) {
                best = Some(found);
            }
        }
        best.expect("every set has a piece")
    }

    /// The block under one piece, quantised and reconstructed.
    fn quantised(&self, contexts: &ContextSet, target: &Target<'_>, candidate: &Candidate) -> Found {
        let (number, block) = (candidate.piece, &target.block);
        let piece = &target.set.pieces[number];
        let (levels, bits) = self.quantise(contexts, &candidate.coefficients, number, block);
        let mut samples = vec![0i16; target.samples.len()];
        self.synthesis.samples(&target.border, piece, &levels, &mut samples);

        let error = |(&a, &b): (&i16, &i16)| {
            let d = f32::from(a) - f32::from(b);
            d * d
        };
        let distortion: f32 = samples.iter().zip(&target.samples).map(error).sum();
        let bits = bits + piece_cost(contexts, number, target.set.pieces.len(), block);
        let lagrangian = distortion + self.lambda * bits;
        Found { plan: BlockPlan { piece: number, levels }, samples, lagrangian }
    }

    /// RDO quantisation: each coefficient from the last down takes its nearest level, the next
    /// lower one, or 0; then the end is chosen. Returns levels and estimated bits.
    fn quantise(
        &self,
        contexts: &ContextSet,
        coefficients: &[f32],
        piece: usize,
        block: &BlockContext,
    ) -> (Vec<i16>, f32) {
        let dequantiser = &self.synthesis.dequantiser;
        let step = dequantiser.step as f32;
        let kept = coefficients.len();
        let mut levels = vec![0i16; kept];
        let mut end_bits = vec![0f32; kept + 1];
        end_costs(contexts, &mut end_bits, block);
        let nearest = |c: f32| ((c.abs() / step + 0.5) as usize).min(32767);
        let Some(top) = coefficients.iter().rposition(|&c| nearest(c) > 0) else {
            return (levels, end_bits[0]);
        };

        // Lagrangians against a level of 0 at no rate: of the choice, and of the best level if
        // it is the block's last.
        let lambda = self.lambda;
        let mut own = vec![0f32; kept];
        let mut as_last = vec![f32::INFINITY; kept];
        let mut pair = Pair::default();
        for position in (0..=top).rev() {
            let c = coefficients[position];
            let place = Place { position, pair, piece, block };
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
        (levels, (choice.0 + saved) / lambda)
    }
}

/// One piece tried on a block.
struct Candidate {
    estimate: f32,
    piece: usize,
    coefficients: Vec<f32>,
}

/// Tries the pieces of a set: all predict, those that leave least are transformed.
#[inline(always)]
fn try_pieces(
    target: &Target<'_>,
    (step, lambda, transformed): (f32, f32, usize),
    piece_cost: &dyn Fn(usize) -> f32,
) -> Vec<Candidate> {
    let (set, source) = (target.set, &target.samples);
    let samples = source.len();
    let scale = 1.0 / (1 << ENTRY_BITS) as f32;
    let mut residuals = vec![0f32; samples * set.pieces.len()];
    let mut energies: Vec<(f32, usize)> = Vec::with_capacity(set.pieces.len());
    let mut sums = [0i32; 256];
    let sums = &mut sums[..samples];
    for (number, (piece, residual)) in
        set.pieces.iter().zip(residuals.chunks_exact_mut(samples)).enumerate()
    {
        predict(&target.border, &piece.predictor, sums);
        let mut lanes = [0f32; 16];
        for ((r, t), s) in
            residual.chunks_exact_mut(16).zip(source.chunks_exact(16)).zip(sums.chunks_exact(16))
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

//! Samples to symbols: which block sizes, slopes, pieces and coefficients cost least, bits and
//! error together.
//!
//! The search is float and may differ between machines; what it decides is written by the walk.
//! Distortions are squared internal units, of coefficients over their rows' weights; a bit weighs
//! `LAMBDA · step²` of them.

use super::activity::StepMap;
use super::context::{BlockContext, colocated_step, expected_step, slope_context, split_context};
use super::cost::{end_costs, piece_costs, slope_cost, split_costs, step_cost};
use super::piece_set::PieceSet;
use super::pieces::{Candidate, Target, Tried, leftover, try_pieces};
use super::quantise::{Quantised, Quantiser};
use super::symbols::SLOPE_MIN;
use super::synthesis::{Slopes, Synthesis, block_border, coded_right};
use super::walk::{BlockPlan, NodePlan, References, SUPERBLOCK, cell, is_cut, quarters_inside};
use fearless_simd::{Simd, dispatch};
use std::cell::RefCell;
use tintype_block::{Border, Cell, ContextSet, PlaneState};
use tintype_image::Plane;

/// Lagrangian weight of a bit in squared steps. On crops of photos/valid, against 0.08, 0.07 and
/// 0.095 need 0.5 and 0.1 % more bytes at the same PSNR; at SSIMULACRA2 of 50 to 90 (seven crops)
/// 0.085 and 0.12 need 0.4 and 0.6 % more than 0.1.
const LAMBDA: f32 = 0.09;

/// How many pieces an effort tries on a block.
#[derive(Clone, Copy, Debug)]
struct Breadth {
    /// Pieces that predict, from the most frequent on.
    predicted: usize,
    /// Those of them that leave least and are transformed.
    transformed: usize,
    /// Those of them whose levels are searched in full.
    finalists: usize,
}

/// By effort, 1 to 9.
const BREADTHS: [Breadth; 9] = [
    Breadth { predicted: 8, transformed: 2, finalists: 1 },
    Breadth { predicted: 12, transformed: 3, finalists: 1 },
    Breadth { predicted: 20, transformed: 5, finalists: 1 },
    Breadth { predicted: 32, transformed: 8, finalists: 2 },
    Breadth { predicted: 64, transformed: 12, finalists: 2 },
    Breadth { predicted: 64, transformed: 16, finalists: 3 },
    Breadth { predicted: 64, transformed: 20, finalists: 4 },
    Breadth { predicted: 64, transformed: 32, finalists: 6 },
    Breadth { predicted: 64, transformed: 64, finalists: 10 },
];

/// What the search finds for one block.
#[derive(Clone, Debug)]
struct Found {
    plan: BlockPlan,
    /// Distortion plus weighted rate.
    lagrangian: f32,
}

/// Searches the blocks of one plane.
pub struct PlaneSearch<'a> {
    synthesis: Synthesis<'a>,
    source: &'a Plane<i16>,
    references: References<'a>,
    /// Room for what the pieces of a block leave.
    residuals: RefCell<Vec<i16>>,
    /// Step indices of the source, where the plane has its own.
    steps: StepMap,
    effort: u8,
    breadth: Breadth,
}

/// What the candidates of a block share.
struct Place<'a> {
    at: (usize, usize),
    side: usize,
    set: &'a PieceSet,
    block: BlockContext,
    /// The step that contexts see.
    expected: i32,
    /// Bits of each piece.
    piece_bits: Vec<f32>,
    /// Step index of the block.
    index: i8,
    quantiser: Quantiser,
}

impl Place<'_> {
    /// The levels of `candidate` in the block of context `block`.
    fn quantised(
        &self,
        contexts: &ContextSet,
        candidate: &Candidate,
        block: &BlockContext,
    ) -> Quantised {
        let top = self.quantiser.top(&candidate.coefficients);
        let mut end_bits = vec![0f32; top + 1];
        end_costs(contexts, &mut end_bits, (self.set.kept, candidate.piece), block);
        let coefficients = &candidate.coefficients;
        self.quantiser.quantise(contexts, &end_bits, coefficients, candidate.piece, block)
    }
}

impl<'a> PlaneSearch<'a> {
    /// Of `source`. `effort` is 1 to 9.
    pub fn new(
        synthesis: Synthesis<'a>,
        source: &'a Plane<i16>,
        references: References<'a>,
        effort: u8,
    ) -> Self {
        let steps = if synthesis.varies && references.luma.is_none() {
            StepMap::of_plane(source)
        } else {
            StepMap::default()
        };
        Self {
            synthesis,
            source,
            references,
            residuals: RefCell::default(),
            steps,
            effort,
            breadth: BREADTHS[usize::from(effort.clamp(1, 9)) - 1],
        }
    }

    /// What the superblock at `at` is best coded as; its cells are left as not coded.
    pub fn superblock(
        &self,
        contexts: &ContextSet,
        state: &mut PlaneState,
        at: (usize, usize),
    ) -> NodePlan {
        let (plan, _) = self.node(contexts, state, at, SUPERBLOCK, None);
        state.fill_cells(at, SUPERBLOCK, Cell::default());
        plan
    }

    /// The best plan of a node and its Lagrangian; `state` is left with the node decoded.
    /// `index` is the step index of the 16 × 16 that a block of 8 lies in.
    fn node(
        &self,
        contexts: &ContextSet,
        state: &mut PlaneState,
        at: (usize, usize),
        side: usize,
        index: Option<i8>,
    ) -> (NodePlan, f32) {
        let index = index.unwrap_or_else(|| self.step_index(state, at, side));
        if side == 8 {
            let place = self.place(contexts, state, at, side, index);
            let found = self.block(contexts, state, &place);
            self.put(state, at, side, &found.plan);
            return (NodePlan::Block(found.plan), found.lagrangian);
        }
        let lambda = self.lambda(index);
        let cut = is_cut(state, at, side);
        let [whole_bits, split_bits] =
            if cut { [0.0; 2] } else { split_costs(contexts, split_context(state, at, side)) };
        let whole = (!cut).then(|| {
            let place = self.place(contexts, state, at, side, index);
            let mut found = self.block(contexts, state, &place);
            found.lagrangian += lambda * whole_bits;
            found
        });

        if let Some(whole) = whole.as_ref().filter(|found| self.is_enough(found)) {
            self.put(state, at, side, &whole.plan);
            return (NodePlan::Block(whole.plan.clone()), whole.lagrangian);
        }
        let mut split_total = lambda * split_bits;
        let mut plans = Vec::with_capacity(4);
        for quarter in quarters_inside(state, at, side) {
            let own = (side == 16).then_some(index);
            let (plan, lagrangian) = self.node(contexts, state, quarter, side / 2, own);
            split_total += lagrangian;
            plans.push(plan);
        }
        match whole {
            Some(whole) if whole.lagrangian <= split_total => {
                self.put(state, at, side, &whole.plan);
                (NodePlan::Block(whole.plan), whole.lagrangian)
            }
            _ => (NodePlan::Split(plans), split_total),
        }
    }

    /// Whether smaller blocks need not be tried: nothing is left to code.
    fn is_enough(&self, found: &Found) -> bool {
        self.effort < 7 && found.plan.levels.iter().all(|&level| level == 0)
    }

    /// The step index of a block of `side`, 16 or 32.
    fn step_index(&self, state: &PlaneState, at: (usize, usize), side: usize) -> i8 {
        match self.references.luma {
            Some(luma) => colocated_step(luma, state, at),
            None => self.steps.of_block(at, side),
        }
    }

    fn lambda(&self, index: i8) -> f32 {
        let step = self.synthesis.dequantiser(index).step as f32;
        LAMBDA * step * step
    }

    /// Decodes a block into `state`.
    fn put(&self, state: &mut PlaneState, at: (usize, usize), side: usize, plan: &BlockPlan) {
        let set = self.synthesis.model.set(state.kind.chroma, side);
        let slopes = Slopes { values: plan.slopes, references: self.references.slopes };
        let border = block_border(state, &slopes, at, side);
        let mut samples = [0i16; SUPERBLOCK * SUPERBLOCK];
        let samples = &mut samples[..side * side];
        let end = plan.levels.iter().rposition(|&v| v != 0).map_or(0, |p| p + 1);
        let dequantiser = self.synthesis.dequantiser(plan.step);
        self.synthesis.samples(set, plan.piece, &border, (&plan.levels[..end], &dequantiser), samples);
        slopes.add_to(samples, at, side);
        // A block without levels keeps the step that is expected of it.
        let step = if end == 0 && self.references.luma.is_none() {
            expected_step(state, at)
        } else {
            plan.step
        };
        state.put_block(at, side, samples, cell(side, plan.piece, &plan.levels, step, plan.slopes));
    }

    /// The best slopes, piece and levels for one block.
    fn block(&self, contexts: &ContextSet, state: &PlaneState, place: &Place<'a>) -> Found {
        let plain = self.target(state, place, [0; 2]);
        let candidates = self.candidates(place, &plain);
        let slopes = self.slopes(state, place, &plain, &candidates);
        let mut best = self.best(contexts, state, place, (&plain, candidates), [0; 2]);
        if let Some(slopes) = slopes {
            let target = self.target(state, place, slopes);
            let candidates = self.candidates(place, &target);
            let found = self.best(contexts, state, place, (&target, candidates), slopes);
            if found.lagrangian < best.lagrangian {
                best = found;
            }
        }
        best
    }

    /// What the candidates of the block of `side` at `at` share, at step index `index`.
    fn place(
        &self,
        contexts: &ContextSet,
        state: &PlaneState,
        at: (usize, usize),
        side: usize,
        index: i8,
    ) -> Place<'a> {
        let set = self.synthesis.model.set(state.kind.chroma, side);
        let dequantiser = self.synthesis.dequantiser(index);
        let expected = match self.references.luma {
            Some(_) => dequantiser.step,
            None => self.synthesis.dequantiser(expected_step(state, at)).step,
        };
        let block = BlockContext::of_block(state, self.references.luma, at, side, expected);
        Place {
            at,
            side,
            set,
            piece_bits: piece_costs(contexts, set.pieces.len(), &block),
            block,
            expected,
            index,
            quantiser: Quantiser {
                dequantiser,
                lambda: self.lambda(index),
                exact: self.effort >= Quantiser::EXACT_EFFORT,
            },
        }
    }

    fn target(&self, state: &PlaneState, place: &Place<'a>, values: [i8; 2]) -> Target<'a> {
        let ((x, y), side) = (place.at, place.side);
        let slopes = Slopes { values, references: self.references.slopes };
        let mut samples = Vec::with_capacity(side * side);
        for row in y..y + side {
            samples.extend_from_slice(&self.source.row(row)[x..][..side]);
        }
        slopes.take_from(&mut samples, place.at, side);
        Target { set: place.set, border: block_border(state, &slopes, place.at, side), samples }
    }

    fn tried(&self, place: &Place<'_>) -> Tried<'_> {
        Tried {
            step: place.quantiser.dequantiser.step as f32,
            lambda: place.quantiser.lambda,
            predicted: self.breadth.predicted,
            transformed: self.breadth.transformed,
            synthesis: &self.synthesis,
        }
    }

    /// The pieces that seem best.
    fn candidates(&self, place: &Place<'_>, target: &Target<'_>) -> Vec<Candidate> {
        let tried = self.tried(place);
        let mut candidates = dispatch!(self.synthesis.level, simd => simd.vectorize(
            #[inline(always)]
            || try_pieces(target, &tried, &place.piece_bits, &mut self.residuals.borrow_mut())
        ));
        candidates.sort_by(|a, b| a.estimate.total_cmp(&b.estimate));
        candidates.truncate(self.breadth.finalists);
        candidates
    }

    /// The candidate that costs least when it is quantised.
    fn best(
        &self,
        contexts: &ContextSet,
        state: &PlaneState,
        place: &Place<'_>,
        (target, candidates): (&Target<'_>, Vec<Candidate>),
        slopes: [i8; 2],
    ) -> Found {
        let block = place.block.with_border(&target.border, place.expected);
        let mut common = 0.0;
        for which in 0..self.references.slopes.len() {
            let context = slope_context(state, place.at, which);
            common += slope_cost(contexts, slopes[which], which, context);
        }
        let step_bits = if self.synthesis.varies && self.references.luma.is_none() {
            step_cost(contexts, place.index, expected_step(state, place.at))
        } else {
            0.0
        };
        let mut best: Option<Found> = None;
        for candidate in candidates {
            let quantised = place.quantised(contexts, &candidate, &block);
            let mut bits = common + quantised.bits;
            bits += place.piece_bits[candidate.piece];
            if quantised.levels.iter().any(|&level| level != 0) {
                // The first block of a 16 × 16 pays for all of them.
                bits += step_bits * (place.side * place.side).min(256) as f32 / 256.0;
            }
            let distortion = candidate.rest + quantised.distortion;
            let lagrangian = distortion + place.quantiser.lambda * bits;
            if best.as_ref().is_none_or(|b| lagrangian < b.lagrangian) {
                let plan = BlockPlan {
                    piece: candidate.piece,
                    slopes,
                    step: place.index,
                    levels: quantised.levels,
                };
                best = Some(Found { plan, lagrangian });
            }
        }
        best.expect("every set has a piece")
    }

    /// Slopes under which the best candidate's prediction leaves least, by least squares; none
    /// where they are 0.
    fn slopes(
        &self,
        state: &PlaneState,
        place: &Place<'_>,
        plain: &Target<'_>,
        candidates: &[Candidate],
    ) -> Option<[i8; 2]> {
        let count = self.references.slopes.len();
        if count == 0 {
            return None;
        }
        let piece = &place.set.pieces[candidates.first()?.piece];
        let own = leftover(self.synthesis.level, &plain.border, &plain.samples, piece);
        let mut others = Vec::with_capacity(count);
        for reference in self.references.slopes {
            let ((x, y), side) = (place.at, place.side);
            let mut samples = Vec::with_capacity(side * side);
            for row in y..y + side {
                samples.extend_from_slice(&reference.samples.row(row)[x..][..side]);
            }
            let border = reference_border(reference, state, place);
            others.push(leftover(self.synthesis.level, &border, &samples, piece));
        }
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let solved = match &others[..] {
            [luma] => [dot(luma, &own) / (dot(luma, luma) + 1.0), 0.0],
            [luma, other, ..] => {
                let (aa, ab, bb) = (dot(luma, luma) + 1.0, dot(luma, other), dot(other, other) + 1.0);
                let (ac, bc) = (dot(luma, &own), dot(other, &own));
                let determinant = (aa * bb - ab * ab).max(1e-3 * aa * bb);
                [(ac * bb - bc * ab) / determinant, (bc * aa - ac * ab) / determinant]
            }
            [] => return None,
        };
        let slope = |value: f32| {
            let max = -f32::from(SLOPE_MIN) - 1.0;
            (8.0 * value).round().clamp(SLOPE_MIN.into(), max) as i8
        };
        let slopes = solved.map(slope);
        (slopes != [0; 2]).then_some(slopes)
    }
}

/// The border of a reference plane at a block's place, as far as the block's own is known.
fn reference_border(reference: &PlaneState, state: &PlaneState, place: &Place<'_>) -> Border {
    let right = coded_right(state, place.at, place.side);
    Border::of_block(&reference.samples, place.at, place.side, right, reference.kind.middle())
}

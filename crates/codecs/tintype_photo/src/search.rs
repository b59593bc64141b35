//! Samples to symbols: which block sizes, slopes, pieces and coefficients cost least, bits and
//! error together.
//!
//! The search is float and may differ between machines; what it decides is written by the walk.
//! Distortions are squared internal units, of coefficients over their rows' weights; a bit weighs
//! `LAMBDAS · step²` of them.

use super::activity::StepMap;
use super::context::{BlockContext, colocated_step, expected_step, slope_context, split_context};
use super::cost::{end_costs, piece_costs, slope_cost, split_costs, step_cost};
use super::piece_set::PieceSet;
use super::pieces::{Candidate, Room, Target, Tried, leftover, try_pieces};
use super::quantise::{Quantised, Quantiser};
use super::symbols::SLOPE_MIN;
use super::synthesis::{Slopes, Synthesis, block_border, coded_right};
use super::walk::{BlockPlan, NodePlan, References, SUPERBLOCK, cell, is_cut, quarters_inside};
use fearless_simd::{Simd, dispatch};
use std::cell::RefCell;
use tintype_block::{Border, Cell, ContextSet, PlaneState, Prices};
use tintype_image::Plane;

/// Lagrangian weight of a bit in squared steps: under `--tune psnr`, and under `--tune visual`. On 13
/// crops of photos/valid 0.09 and 0.1 need 0.2 and 0.3 % more bytes at the same PSNR than 0.08; at
/// SSIMULACRA2 of 50 to 90 (seven crops) 0.08 and 0.1 need 0.7 % more than 0.09.
const LAMBDAS: [f32; 2] = [0.08, 0.09];

/// Superblocks that are searched before prices are made anew. On 13 crops of photos/valid 1,
/// 16, 32 need 0.17, 0.11, 0.24 % more bytes at the same PSNR than 8, prices that stay as the model
/// starts them 0.6 %. The second number is for efforts up to 3, where making them is a tenth of the work.
const PRICES_FOR: [usize; 2] = [8, 64];

/// How many pieces an effort tries on a block.
#[derive(Clone, Copy, Debug)]
struct Breadth {
    /// Pieces that predict, from the most frequent on.
    predicted: usize,
    /// Those of them that seem cheapest by what they leave and are transformed.
    transformed: usize,
    /// Those of them whose levels are searched in full.
    finalists: usize,
}

/// By effort, 1 to 9. On 13 crops of photos/valid, PSNR, against 64, 40, 4: 8, 2, 1 needs 14.9 % more
/// bytes, 32, 12, 2 2.3 %, 64, 24, 3 0.3 % (0.6 % at SSIMULACRA2 of 50 to 90) in four fifths of the time.
const BREADTHS: [Breadth; 9] = [
    Breadth { predicted: 8, transformed: 2, finalists: 1 },
    Breadth { predicted: 16, transformed: 6, finalists: 1 },
    Breadth { predicted: 32, transformed: 12, finalists: 2 },
    Breadth { predicted: 64, transformed: 24, finalists: 3 },
    Breadth { predicted: 64, transformed: 40, finalists: 4 },
    Breadth { predicted: 64, transformed: 48, finalists: 6 },
    Breadth { predicted: 64, transformed: 64, finalists: 8 },
    Breadth { predicted: 64, transformed: 64, finalists: 12 },
    Breadth { predicted: 64, transformed: 64, finalists: 20 },
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
    /// Room for trying pieces.
    room: RefCell<Room>,
    /// What decisions cost, see [`PRICES_FOR`].
    prices: Prices,
    /// Superblocks searched under these prices.
    priced: usize,
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
    /// Bits of the step index, where the block has one.
    step_bits: f32,
    /// Step index of the block.
    index: i8,
    quantiser: Quantiser,
}

/// A block under slopes of its own.
struct Variant<'a> {
    slopes: [i8; 2],
    slope_bits: f32,
    target: Target<'a>,
    /// The block's context with its border.
    block: BlockContext,
    /// The pieces that seem best.
    candidates: Vec<Candidate>,
}

impl Place<'_> {
    /// The levels of `candidate` in the block of context `block`.
    fn quantised(&self, prices: &Prices, candidate: &Candidate, block: &BlockContext) -> Quantised {
        let top = self.quantiser.top(&candidate.coefficients);
        let mut end_bits = vec![0f32; top + 1];
        end_costs(prices, &mut end_bits, (self.set.kept, candidate.piece), block);
        let coefficients = &candidate.coefficients;
        self.quantiser.quantise(prices, &end_bits, coefficients, candidate.piece, block)
    }
}

impl<'a> PlaneSearch<'a> {
    /// Of `source`, under `contexts` at first. `effort` is 1 to 9.
    pub fn new(
        synthesis: Synthesis<'a>,
        source: &'a Plane<i16>,
        references: References<'a>,
        contexts: &ContextSet,
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
            room: RefCell::default(),
            prices: Prices::of(contexts),
            priced: 0,
            steps,
            effort,
            breadth: BREADTHS[usize::from(effort.clamp(1, 9)) - 1],
        }
    }

    /// What the superblock at `at` is best coded as under `contexts`; its cells are left as not
    /// coded.
    pub fn superblock(
        &mut self,
        contexts: &ContextSet,
        state: &mut PlaneState,
        at: (usize, usize),
    ) -> NodePlan {
        if self.priced == PRICES_FOR[usize::from(self.effort <= 3)] {
            self.prices.refresh(contexts);
            self.priced = 0;
        }
        self.priced += 1;
        let (plan, _) = self.node(state, at, SUPERBLOCK, None);
        state.fill_cells(at, SUPERBLOCK, Cell::default());
        plan
    }

    /// The best plan of a node and its Lagrangian; `state` is left with the node decoded.
    /// `index` is the step index of the 16 × 16 that a block of 8 lies in.
    fn node(
        &self,
        state: &mut PlaneState,
        at: (usize, usize),
        side: usize,
        index: Option<i8>,
    ) -> (NodePlan, f32) {
        let index = index.unwrap_or_else(|| self.step_index(state, at, side));
        if side == 8 {
            let place = self.place(state, at, side, index);
            let found = self.block(state, &place);
            self.put(state, at, side, &found.plan);
            return (NodePlan::Block(found.plan), found.lagrangian);
        }
        let lambda = self.lambda(index);
        let cut = is_cut(state, at, side);
        let [whole_bits, split_bits] =
            if cut { [0.0; 2] } else { split_costs(&self.prices, split_context(state, at, side)) };
        let whole = (!cut).then(|| {
            let place = self.place(state, at, side, index);
            let mut found = self.block(state, &place);
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
            if whole.as_ref().is_some_and(|whole| whole.lagrangian <= split_total) {
                break;
            }
            let own = (side == 16).then_some(index);
            let (plan, lagrangian) = self.node(state, quarter, side / 2, own);
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
        LAMBDAS[usize::from(self.synthesis.varies)] * step * step
    }

    /// Decodes a block into `state`.
    fn put(&self, state: &mut PlaneState, at: (usize, usize), side: usize, plan: &BlockPlan) {
        let set = self.synthesis.model.set(state.kind.chroma, side);
        let slopes = Slopes { values: plan.slopes, references: self.references.slopes };
        let border = block_border(state, &slopes, at, side);
        let mut samples = vec![0i16; side * side];
        let samples = &mut samples[..];
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
    fn block(&self, state: &PlaneState, place: &Place<'a>) -> Found {
        let plain = self.variant(state, place, [0; 2]);
        let slopes = self.slopes(state, place, &plain.target, &plain.candidates);
        let sloped = slopes.map(|slopes| self.variant(state, place, slopes));
        // The finalists of both together.
        let mut finalists: Vec<(&Candidate, &Variant<'_>)> = Vec::new();
        for variant in [Some(&plain), sloped.as_ref()].into_iter().flatten() {
            finalists.extend(variant.candidates.iter().map(|candidate| (candidate, variant)));
        }
        let lambda = place.quantiser.lambda;
        let estimate = |(candidate, variant): &(&Candidate, &Variant<'_>)| {
            candidate.estimate + lambda * variant.slope_bits
        };
        finalists.sort_by(|a, b| estimate(a).total_cmp(&estimate(b)));
        finalists.truncate(self.breadth.finalists);
        let found =
            finalists.into_iter().map(|(candidate, variant)| self.found(place, candidate, variant));
        found.min_by(|a, b| a.lagrangian.total_cmp(&b.lagrangian)).expect("every set has a piece")
    }

    fn variant(&self, state: &PlaneState, place: &Place<'a>, slopes: [i8; 2]) -> Variant<'a> {
        let target = self.target(state, place, slopes);
        let mut slope_bits = 0.0;
        for which in 0..self.references.slopes.len() {
            let context = slope_context(state, place.at, which);
            slope_bits += slope_cost(&self.prices, slopes[which], which, context);
        }
        let block = place.block.with_border(&target.border, place.expected);
        let candidates = self.candidates(place, &target);
        Variant { slopes, slope_bits, target, block, candidates }
    }

    /// What the candidates of the block of `side` at `at` share, at step index `index`.
    fn place(&self, state: &PlaneState, at: (usize, usize), side: usize, index: i8) -> Place<'a> {
        let set = self.synthesis.model.set(state.kind.chroma, side);
        let dequantiser = self.synthesis.dequantiser(index);
        let expected = match self.references.luma {
            Some(_) => dequantiser.step,
            None => self.synthesis.dequantiser(expected_step(state, at)).step,
        };
        let block = BlockContext::of_block(state, self.references.luma, at, side, expected);
        let has_step = self.synthesis.varies && self.references.luma.is_none();
        let step_bits =
            if has_step { step_cost(&self.prices, index, expected_step(state, at)) } else { 0.0 };
        Place {
            at,
            side,
            set,
            step_bits,
            piece_bits: piece_costs(&self.prices, set.pieces.len(), &block),
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
            || try_pieces(simd, target, &tried, &place.piece_bits, &mut self.room.borrow_mut())
        ));
        candidates.sort_by(|a, b| a.estimate.total_cmp(&b.estimate));
        candidates.truncate(self.breadth.finalists);
        candidates
    }

    /// What `candidate` under `variant` comes to when it is quantised.
    fn found(&self, place: &Place<'_>, candidate: &Candidate, variant: &Variant<'_>) -> Found {
        let quantised = place.quantised(&self.prices, candidate, &variant.block);
        let mut bits = variant.slope_bits + quantised.bits + place.piece_bits[candidate.piece];
        if quantised.levels.iter().any(|&level| level != 0) {
            // The first block of a 16 × 16 pays for all of them.
            bits += place.step_bits * (place.side * place.side).min(256) as f32 / 256.0;
        }
        let plan = BlockPlan {
            piece: candidate.piece,
            slopes: variant.slopes,
            step: place.index,
            levels: quantised.levels,
        };
        let distortion = candidate.rest + quantised.distortion;
        Found { plan, lagrangian: distortion + place.quantiser.lambda * bits }
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
    Border::of_block(&reference.samples, place.at, place.side, right, reference.middle)
}

//! The slopes, piece and levels that cost least for one block. Float: for the encoder's search only.

use super::{Found, PlaneSearch};
use crate::context::{BlockContext, expected_step, slope_context};
use crate::cost::{end_costs, piece_costs, slope_cost, step_cost};
use crate::piece_set::PieceSet;
use crate::pieces::{Candidate, Target, Tried, leftover, try_pieces};
use crate::quantise::{Quantised, Quantiser};
use crate::symbols::SLOPE_MIN;
use crate::synthesis::{Slopes, block_border, coded_right};
use crate::walk::BlockPlan;
use fearless_simd::{Simd, dispatch};
use tintype_block::{Border, PlaneState};

/// What the candidates of a block share.
pub(super) struct Place<'a> {
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
    pub(super) quantiser: Quantiser,
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

/// The slopes and pieces that seem best for a block.
pub(super) struct Tries<'a> {
    variants: Vec<Variant<'a>>,
    /// Estimated Lagrangians, numbers of variants and of candidates in them; the best first.
    finalists: Vec<(f32, usize, usize)>,
}

impl Tries<'_> {
    fn finalists(&self) -> impl Iterator<Item = (&Candidate, &Variant<'_>)> {
        self.finalists.iter().map(|&(_, number, at)| {
            let variant = &self.variants[number];
            (&variant.candidates[at], variant)
        })
    }

    /// The least estimate.
    pub(super) fn estimate(&self) -> f32 {
        self.finalists.first().map_or(0.0, |finalist| finalist.0)
    }

    /// Whether the best has no level that is not 0.
    pub(super) fn is_empty(&self, quantiser: &Quantiser) -> bool {
        self.finalists().next().is_some_and(|(best, _)| quantiser.top(&best.coefficients) == 0)
    }
}

impl Place<'_> {
    /// The levels of `candidate` in the block of context `block`.
    fn quantised(
        &self,
        search: &PlaneSearch<'_>,
        candidate: &Candidate,
        block: &BlockContext,
    ) -> Quantised {
        let prices = &search.prices;
        let mut room = search.trellis_room.borrow_mut();
        let top = self.quantiser.top(&candidate.coefficients);
        let mut end_bits = vec![0f32; top + 1];
        end_costs(prices, &mut end_bits, (self.set.kept, candidate.piece), block);
        let coefficients = &candidate.coefficients;
        self.quantiser.quantise(prices, &end_bits, coefficients, candidate.piece, block, &mut room)
    }
}

impl<'a> PlaneSearch<'a> {
    /// The best slopes, piece and levels for one block.
    pub(super) fn block(&self, state: &PlaneState, place: &Place<'a>) -> Found {
        self.best(place, &self.tries(state, place))
    }

    /// The slopes and pieces that seem best for one block.
    pub(super) fn tries(&self, state: &PlaneState, place: &Place<'a>) -> Tries<'a> {
        let plain = self.variant(state, place, [0; 2]);
        let slopes = self.slopes(state, place, &plain.target, &plain.candidates);
        let sloped = slopes.map(|slopes| self.variant(state, place, slopes));
        let variants: Vec<_> = [Some(plain), sloped].into_iter().flatten().collect();
        let lambda = place.quantiser.lambda;
        let mut finalists = Vec::new();
        for (number, variant) in variants.iter().enumerate() {
            let bits = lambda * variant.slope_bits;
            let candidates = variant.candidates.iter().enumerate();
            finalists.extend(candidates.map(|(at, candidate)| (candidate.estimate + bits, number, at)));
        }
        finalists.sort_by(|a, b| a.0.total_cmp(&b.0));
        finalists.truncate(self.breadth.finalists);
        Tries { variants, finalists }
    }

    /// The best of `tries` when they are quantised.
    pub(super) fn best(&self, place: &Place<'_>, tries: &Tries<'_>) -> Found {
        let found = tries.finalists().map(|(candidate, variant)| self.found(place, candidate, variant));
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
    pub(super) fn place(
        &self,
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
            quantiser: Quantiser { dequantiser, lambda: self.lambda(index), exact: self.breadth.exact },
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
            kept: self.breadth.finalists,
            synthesis: &self.synthesis,
        }
    }

    /// The pieces that seem best.
    fn candidates(&self, place: &Place<'_>, target: &Target<'_>) -> Vec<Candidate> {
        let tried = self.tried(place);
        dispatch!(self.synthesis.level, simd => simd.vectorize(
            #[inline(always)]
            || try_pieces(simd, target, &tried, &place.piece_bits, &mut self.room.borrow_mut())
        ))
    }

    /// What `candidate` under `variant` comes to when it is quantised.
    fn found(&self, place: &Place<'_>, candidate: &Candidate, variant: &Variant<'_>) -> Found {
        let quantised = place.quantised(self, candidate, &variant.block);
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

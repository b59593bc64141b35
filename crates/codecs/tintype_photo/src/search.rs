//! Samples to symbols: which block sizes, slopes, pieces and coefficients cost least, bits and
//! error together.
//!
//! The search is float and may differ between machines; what it decides is written by the walk.
//! Distortions are squared internal units, of coefficients over their rows' weights; a bit weighs
//! `LAMBDA · step²` of them.

mod block;

use super::activity::StepMap;
use super::context::{colocated_step, expected_step, split_context};
use super::cost::split_costs;
use super::partition::Ground;
use super::pieces::Room;
use super::quantise;
use super::synthesis::{Slopes, Synthesis, block_border};
use super::walk::{BlockPlan, NodePlan, References, SUPERBLOCK, cell, is_cut, quarters_inside};
use block::{Place, Tries};
use std::cell::RefCell;
use tintype_block::{Cell, ContextSet, PlaneState, Prices};
use tintype_image::Plane;

/// Lagrangian weight of a bit in squared steps. On 13 crops of photos/valid, with the filter, 0.072 and 0.09 need as many
/// bytes at the same PSNR within 0.15 %; at SSIMULACRA2 of 50 to 90 0.09 needs 0.3 % more, 0.1 0.7 %.
const LAMBDA: f32 = 0.08;

/// Superblocks that are searched before prices are made anew. On 13 crops of photos/valid 1,
/// 16, 32 need 0.17, 0.11, 0.24 % more bytes at the same PSNR than 8, prices that stay as the model
/// starts them 0.6 %. The second number is for efforts up to 3, where making them is a tenth of the work.
const PRICES_FOR: [usize; 2] = [8, 64];

/// What a block comes to is nearly always more than this times its estimate: on 150 encodes of parts
/// of photos/train in 98 to 99 of 100 blocks.
const ESTIMATE_SCALE: f32 = 1.05;

/// What an effort tries.
#[derive(Clone, Copy, Debug)]
struct Breadth {
    /// Pieces that predict, from the most frequent on.
    predicted: usize,
    /// Those of them that seem cheapest by what they leave and are transformed.
    transformed: usize,
    /// Those of them whose levels are searched in full.
    finalists: usize,
    /// Whether their levels are searched as [`quantise::Quantiser::exact`] says.
    exact: bool,
    /// Whether every size of block is tried.
    every_size: bool,
    /// Whether the likelier size alone is tried.
    one_size: bool,
}

impl Breadth {
    const fn of(predicted: usize, transformed: usize, finalists: usize) -> Self {
        Self { predicted, transformed, finalists, exact: false, every_size: false, one_size: false }
    }

    const fn exact(self) -> Self {
        Self { exact: true, ..self }
    }

    const fn one_size(self) -> Self {
        Self { one_size: true, ..self }
    }

    const fn every_size(self) -> Self {
        Self { every_size: true, ..self }
    }
}

/// By effort, 1 to 9. On 13 crops of photos/valid, PSNR, effort 5 needs 0.1 % fewer bytes than 64, 40, 4,
/// in 1.12 times its time; effort 1 21 % more in 0.29, 2 14 % more in 0.33, 3 2.3 % more in 0.65, 7 0.6 %
/// fewer in 1.6, 9 0.9 % fewer in 3.1 times. With exact levels 64, 64, 8 gains nothing over 64, 48, 5, nor 20
/// finalists over 8 where every size is tried.
const BREADTHS: [Breadth; 9] = [
    Breadth::of(8, 2, 1).one_size(),
    Breadth::of(16, 6, 1).one_size(),
    Breadth::of(32, 12, 2),
    Breadth::of(64, 24, 3),
    Breadth::of(64, 44, 5),
    Breadth::of(64, 40, 4).exact(),
    Breadth::of(64, 48, 5).exact(),
    Breadth::of(64, 48, 5).exact().every_size(),
    Breadth::of(64, 64, 8).exact().every_size(),
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
    /// Room for the trellis.
    trellis_room: RefCell<quantise::Room>,
    /// What decisions cost, see [`PRICES_FOR`].
    prices: Prices,
    /// Superblocks searched under these prices.
    priced: usize,
    /// Step indices of the source, where the plane has its own.
    steps: StepMap,
    /// What sizes are guessed from, where not every one is tried.
    ground: Option<Ground>,
    effort: u8,
    breadth: Breadth,
}

/// A whole block of a node that may be split.
struct Whole<'a> {
    place: Place<'a>,
    tries: Tries<'a>,
    /// Weighted bits of its split flag.
    flag: f32,
    /// It hardly comes to less.
    least: f32,
    /// Whether the quarters need not be tried.
    only: bool,
    /// What it comes to, once that was needed.
    found: Option<Found>,
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
        let breadth = BREADTHS[usize::from(effort.clamp(1, 9)) - 1];
        Self {
            synthesis,
            source,
            references,
            room: RefCell::default(),
            trellis_room: RefCell::default(),
            prices: Prices::of(contexts),
            priced: 0,
            steps,
            ground: (!breadth.every_size).then(|| Ground::of_plane(source)),
            effort,
            breadth,
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
        let mut whole = (!cut).then(|| self.whole(state, at, side, (index, whole_bits))).flatten();
        if let Some(found) = whole.as_ref().and_then(|whole| self.is_enough(whole)) {
            self.put(state, at, side, &found.plan);
            return (NodePlan::Block(found.plan.clone()), found.lagrangian);
        }
        let mut split_total = lambda * split_bits;
        let mut plans = Vec::with_capacity(4);
        for quarter in quarters_inside(state, at, side) {
            if self.is_within(whole.as_mut(), split_total) {
                break;
            }
            let own = (side == 16).then_some(index);
            let (plan, lagrangian) = self.node(state, quarter, side / 2, own);
            split_total += lagrangian;
            plans.push(plan);
        }
        if self.is_within(whole.as_mut(), split_total)
            && let Some(found) = whole.and_then(|whole| whole.found)
        {
            self.put(state, at, side, &found.plan);
            (NodePlan::Block(found.plan), found.lagrangian)
        } else {
            (NodePlan::Split(plans), split_total)
        }
    }

    /// A whole block of `side` with `flag_bits` for its split flag; none where it need not be
    /// tried.
    fn whole(
        &self,
        state: &PlaneState,
        at: (usize, usize),
        side: usize,
        (index, flag_bits): (i8, f32),
    ) -> Option<Whole<'a>> {
        let step = self.synthesis.dequantiser(index).step as f32;
        let ground = self.ground.as_ref();
        let node = ground.map(|ground| ground.node(at, side, step, state.kind.chroma));
        if node.is_some_and(|node| node.is_split()) {
            return None;
        }
        let place = self.place(state, at, side, index);
        let tries = self.tries(state, &place);
        let lambda = place.quantiser.lambda;
        let estimate = tries.estimate() + lambda * flag_bits;
        let bits = estimate / lambda;
        let only = if self.breadth.one_size {
            if node.is_some_and(|node| !node.is_likelier_whole(bits)) {
                return None;
            }
            true
        } else {
            node.is_some_and(|node| node.is_whole(bits))
        };
        let mut whole = Whole {
            place,
            tries,
            flag: lambda * flag_bits,
            least: ESTIMATE_SCALE * estimate,
            only,
            found: None,
        };
        if node.is_none() || only || whole.tries.is_empty(&whole.place.quantiser) {
            whole.found = Some(self.finished(&whole));
        }
        Some(whole)
    }

    fn finished(&self, whole: &Whole<'_>) -> Found {
        let mut found = self.best(&whole.place, &whole.tries);
        found.lagrangian += whole.flag;
        found
    }

    /// Whether the whole block comes to at most `total`; it is quantised only where that may be.
    fn is_within(&self, whole: Option<&mut Whole<'_>>, total: f32) -> bool {
        let Some(whole) = whole else { return false };
        if whole.found.is_none() && whole.least <= total {
            whole.found = Some(self.finished(whole));
        }
        whole.found.as_ref().is_some_and(|found| found.lagrangian <= total)
    }

    /// The whole block, if smaller ones need not be tried: they seem worse, or nothing is left to
    /// code.
    fn is_enough<'b>(&self, whole: &'b Whole<'_>) -> Option<&'b Found> {
        let empty = |found: &Found| found.plan.levels.iter().all(|&level| level == 0);
        let found = whole.found.as_ref();
        found.filter(|found| whole.only || self.ground.is_some() && empty(found))
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
}

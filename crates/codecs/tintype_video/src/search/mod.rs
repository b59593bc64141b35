//! What the blocks of a picture are coded as: the encoder's choices, in floats.
//!
//! In: the picture, its references, the contexts and what has been coded so far. Out: a plan for each
//! superblock. What a block is coded as costs its squared error and `lambda` for each bit; a node is split where its
//! quarters cost less.

pub mod costs;
pub mod difference;
mod inter;
mod intra;
pub mod look;
mod quantise;
mod tools;
mod vectors;

pub use tools::Tools;
pub use vectors::VectorSearch;

use crate::compensate::BLOCK;
use crate::frame::{CELL, Frame, FrameState};
use crate::intra::Place;
use crate::leaf::Leaf;
use crate::motion::{Cell, Vector};
use crate::order::REFERENCES;
use crate::reconstruct::{Setting, reconstruct};
use crate::symbols::{code_leaf, code_split, size_class};
use crate::transform::forward;
use crate::walk::{NodePlan, is_cut, quarters};
use costs::Costs;
use quantise::{Block as LevelBlock, Quantised, quantise};
use tintype_block::{ContextSet, EstimateWalk, Prices};

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Trials {
    /// Candidates whose residual is tried.
    pub merges: usize,
    /// How many times the difference of the best candidate another one may have to be tried.
    pub worse: f32,
    /// References that are searched.
    pub references: usize,
    /// Whether a block that needs no residual is not searched further, and from which side on.
    pub early_side: usize,
    /// The largest side at which vectors are searched; larger blocks take over a candidate's, or are split.
    pub side_max: usize,
    /// Whether the coarse search takes every second place first.
    pub skims: bool,
    /// From which side down a block without levels is not split.
    pub quiet_side: usize,
    /// What a sample must cost, in squared steps, for its block to be split where there are references.
    pub split_above: f32,
    /// The same for intra leaves to be tried.
    pub intra_above: f32,
    /// Whether transforms of half the side are tried.
    pub halves: bool,
    /// Intra modes whose residual is tried, in pictures of intra blocks and in others.
    pub modes: [usize; 2],
    /// Side of the smallest blocks.
    pub side_min: usize,
    /// Whether levels are counted as they will be coded, not as the quantiser counts them.
    pub exact_bits: bool,
}

impl Trials {
    /// Of the default effort.
    const DEFAULT: Self = Self {
        merges: 2,
        worse: 1.15,
        references: 3,
        early_side: 8,
        quiet_side: 16,
        side_max: BLOCK,
        skims: false,
        split_above: 0.0,
        intra_above: 0.3,
        halves: true,
        modes: [3, 1],
        side_min: 8,
        exact_bits: true,
    };

    /// Of effort 1 to 9.
    pub fn of_effort(effort: u8) -> Self {
        let quick = Self { merges: 1, halves: false, exact_bits: false, skims: true, ..Self::DEFAULT };
        match effort {
            ..=1 => Self {
                references: 1,
                modes: [1, 1],
                side_min: 16,
                side_max: 32,
                quiet_side: 32,
                split_above: 0.12,
                intra_above: 0.6,
                ..quick
            },
            2..=3 => Self { references: 2, modes: [2, 1], ..quick },
            4..=6 => Self::DEFAULT,
            7 => Self { references: 4, early_side: 16, quiet_side: 0, modes: [4, 2], ..Self::DEFAULT },
            _ => Self {
                merges: 4,
                worse: 2.0,
                references: 4,
                early_side: 128,
                quiet_side: 0,
                modes: [8, 3],
                ..Self::DEFAULT
            },
        }
    }
}

/// The search over a picture.
#[derive(Debug)]
pub struct Search<'a> {
    /// What samples and symbols depend on.
    pub setting: &'a Setting<'a>,
    /// The picture.
    pub source: &'a Frame,
    /// The search for vectors, where there are references.
    pub vectors: Option<VectorSearch<'a>>,
    /// For each reference, where each 32 × 32 best came from.
    pub coarse: Vec<Vec<(i16, i16)>>,
    /// Those in a row.
    pub coarse_across: usize,
    /// Squared error that a bit may cost.
    pub lambda: f32,
    /// Weight of squared errors of luma and chroma.
    pub weights: [f32; 2],
    /// How much is tried.
    pub trials: Trials,
}

/// What the search of a superblock sees.
struct Node<'a> {
    search: &'a Search<'a>,
    tools: &'a Tools,
    costs: Costs,
}

/// A block: first column and row, side.
type Block = ((usize, usize), usize);

/// Vectors that the blocks around found, for each reference.
#[derive(Clone, Copy, Debug, Default)]
struct Hints {
    vectors: [Option<Vector>; REFERENCES],
}

/// A leaf and its cost.
struct Choice {
    leaf: Leaf,
    cost: f32,
    /// Whether nothing better is expected of smaller blocks.
    settled: bool,
}

impl Choice {
    /// Keeps the cheaper one.
    fn offer(best: &mut Option<Self>, other: Self) {
        if best.as_ref().is_none_or(|best| other.cost < best.cost) {
            *best = Some(other);
        }
    }
}

impl Search<'_> {
    /// The plan of the superblock at `at`; its cells are left as not coded.
    pub fn superblock(
        &self,
        tools: &mut Tools,
        contexts: &ContextSet,
        state: &mut FrameState,
        at: (usize, usize),
    ) -> NodePlan {
        tools.prices.refresh(contexts);
        let node = Node { search: self, tools, costs: Costs::of(contexts) };
        let (plan, _) = node.plan(state, (at, BLOCK), Hints::default(), f32::INFINITY);
        clear(state, (at, BLOCK));
        plan
    }
}

/// Marks the cells of a block as not coded.
fn clear(state: &mut FrameState, ((x, y), side): Block) {
    let columns = x / CELL..((x + side) / CELL).min(state.across);
    for row in y / CELL..((y + side) / CELL).min(state.down) {
        state.cells[row * state.across..][columns.clone()].fill(Cell::default());
    }
}

impl Node<'_> {
    /// The cheapest plan of a node, and its cost; the state is then as the plan leaves it. Gives up where
    /// it costs more than `limit`.
    fn plan(
        &self,
        state: &mut FrameState,
        (at, side): Block,
        hints: Hints,
        limit: f32,
    ) -> (NodePlan, f32) {
        if is_cut(state, at, side) {
            return self.split(state, (at, side), hints, limit);
        }
        clear(state, (at, side));
        let mut hints = hints;
        let choice = self.leaf(state, (at, side), &mut hints);
        let Some(choice) = choice else {
            let (plan, cost) = self.split(state, (at, side), hints, limit);
            return (plan, cost + self.search.lambda);
        };
        let flag = |split| {
            self.bits(|walk| {
                code_split(walk, split, state, at, side);
            })
        };
        let lambda = self.search.lambda;
        if side == CELL {
            reconstruct(self.search.setting, state, (at, side), &choice.leaf);
            return (NodePlan::Leaf(Box::new(choice.leaf)), choice.cost);
        }
        let (whole, split) = (choice.cost + lambda * flag(false), lambda * flag(true));
        let area = (side * side) as f32 * (self.search.setting.steps[0] as f32 / 64.0).powi(2);
        let cheap =
            self.search.setting.around.is_inter() && whole < self.search.trials.split_above * area;
        let quiet = cheap || (side <= self.search.trials.quiet_side && !choice.leaf.has_levels());
        if !choice.settled && !quiet && side > self.search.trials.side_min {
            clear(state, (at, side));
            let (plan, cost) = self.split(state, (at, side), hints, whole.min(limit) - split);
            if cost + split < whole {
                return (plan, cost + split);
            }
        }
        clear(state, (at, side));
        reconstruct(self.search.setting, state, (at, side), &choice.leaf);
        (NodePlan::Leaf(Box::new(choice.leaf)), whole)
    }

    fn split(&self, state: &mut FrameState, block: Block, hints: Hints, limit: f32) -> (NodePlan, f32) {
        let (at, side) = block;
        let (mut plans, mut sum) = (Vec::new(), 0.0);
        for quarter in quarters(state, at, side) {
            let (plan, cost) = self.plan(state, (quarter, side / 2), hints, limit - sum);
            plans.push(plan);
            sum += cost;
            if sum > limit {
                break;
            }
        }
        (NodePlan::Split(plans), sum)
    }

    /// The bits of what `code` codes.
    fn bits(&self, code: impl FnOnce(&mut EstimateWalk<'_, Prices>)) -> f32 {
        let mut walk = EstimateWalk::new(&self.tools.prices);
        code(&mut walk);
        walk.bits()
    }

    /// The bits of a leaf of which the levels have `level_bits`, about.
    fn leaf_bits(&self, state: &FrameState, block: Block, leaf: &mut Leaf, level_bits: f32) -> f32 {
        let around = &self.search.setting.around;
        if self.search.trials.exact_bits {
            return self.bits(|walk| code_leaf::<true, _>(walk, around, state, block, leaf));
        }
        level_bits + self.bits(|walk| code_leaf::<false, _>(walk, around, state, block, leaf))
    }

    /// The best leaf; none where the block is to be split.
    fn leaf(&self, state: &mut FrameState, block: Block, hints: &mut Hints) -> Option<Choice> {
        let mut best = None;
        if self.search.setting.around.is_inter() {
            self.inter(state, block, hints, &mut best);
        }
        let settled = best.as_ref().is_some_and(|best: &Choice| best.settled);
        if !settled && block.1 > self.search.trials.side_max && self.search.setting.around.is_inter() {
            return None;
        }
        if !settled && self.wants_intra(block, best.as_ref()) {
            self.intra(state, block, &mut best);
        }
        Some(best.expect("blocks of pictures without references are intra"))
    }

    /// The levels of one transform block whose differences to its prediction are `differences`.
    fn levels(&self, place: &Place, inter: bool, differences: &[i16], levels: &mut [i16]) -> Quantised {
        let side_log2 = place.side.ilog2() as usize;
        let transform = &mut **self.tools.transform.borrow_mut();
        let coefficients = &mut transform.coefficients[..place.side * place.side];
        forward(self.search.setting.level, side_log2, differences, coefficients);
        let step = self.search.setting.step(place.plane) as f32 / 64.0;
        let size = size_class(place.plane, inter, place.side);
        let lambda = self.search.lambda / self.weight(place.plane);
        let block = LevelBlock { size, side_log2, coefficients, step, lambda };
        quantise(&self.costs, &block, &mut transform.places, levels)
    }

    fn weight(&self, plane: usize) -> f32 {
        self.search.weights[usize::from(plane > 0)]
    }

    /// The samples of the picture itself over a block of a plane.
    fn source(
        &self,
        plane: usize,
        (x, y): (usize, usize),
        (width, height): (usize, usize),
        out: &mut [u16],
    ) {
        let from = &self.search.source.planes[plane];
        for (row, to) in out.chunks_exact_mut(width).take(height).enumerate() {
            to.copy_from_slice(&from.row(y + row)[x..][..width]);
        }
    }
}

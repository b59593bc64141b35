//! The traversal of one plane, written once: an encoder and a decoder run the same function.
//! Bit-exact.
//!
//! Superblocks of 32 × 32, row by row; each is one block, or four quarters in Z order that are
//! blocks of 16 or four of 8. A node that reaches beyond the plane is always split. What a block
//! comes to is reconstructed here too, so that both directions keep the same [`PlaneState`].

use super::context::{
    BlockContext, colocated_step, end_digits, expected_step, slope_context, split_context,
};
use super::symbols::{code_end, code_levels, code_piece, code_slope, code_step, split_index};
use super::synthesis::{Slopes, Synthesis, block_border};
use tintype_block::{Border, Cell, ContextSet, ContextWalk, PlaneState, quarters};

/// Side of a superblock.
pub const SUPERBLOCK: usize = 32;

/// What a block is coded as.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockPlan {
    /// Number of its piece.
    pub piece: usize,
    /// Slopes against the planes before, in eighths.
    pub slopes: [i8; 2],
    /// Index of the step of the block, or of the 16 × 16 that it lies in.
    pub step: i8,
    /// One level for each basis row.
    pub levels: Vec<i16>,
}

/// What a node is coded as.
#[derive(Clone, Debug, PartialEq)]
pub enum NodePlan {
    /// One block.
    Block(BlockPlan),
    /// Its quarters, in Z order; those beyond the plane are left out.
    Split(Vec<NodePlan>),
}

/// The planes that the blocks of a plane may refer to.
#[derive(Clone, Copy, Debug, Default)]
pub struct References<'a> {
    /// The luma plane, for chroma.
    pub luma: Option<&'a PlaneState>,
    /// Planes of the same size that chroma is predicted from: luma, then the first chroma plane.
    pub slopes: &'a [PlaneState],
}

/// A block as it is coded.
#[derive(Clone, Copy, Debug)]
pub struct CodedBlock<'a> {
    /// Column and row of its first sample.
    pub at: (usize, usize),
    /// 8, 16 or 32.
    pub side: usize,
    /// Number of its piece.
    pub piece: usize,
    /// Slopes against the planes before, in eighths.
    pub slopes: [i8; 2],
    /// Its step, internal units.
    pub step: i32,
    /// The place after its last level that is not 0.
    pub end: usize,
    /// Its border, less the slopes' part.
    pub border: &'a Border,
}

/// Codes all blocks of the plane `state`. `choose` gives what the superblock at a place is coded
/// as, from the contexts and the state so far; a decoder's gives nothing. `observe` sees each block
/// before its samples are in the state, and how far the walk is.
pub fn walk_plane<W: ContextWalk>(
    walk: &mut W,
    synthesis: &Synthesis<'_>,
    state: &mut PlaneState,
    references: References<'_>,
    mut choose: impl FnMut(&ContextSet, &mut PlaneState, (usize, usize)) -> Option<NodePlan>,
    observe: impl FnMut(&CodedBlock<'_>, &W),
) {
    let (width, height) = (state.samples.width(), state.samples.height());
    let mut block =
        BlockWalk { walk, synthesis, references, observe, node_step: None, levels: [0; 256] };
    for y in (0..height).step_by(SUPERBLOCK) {
        for x in (0..width).step_by(SUPERBLOCK) {
            let plan = choose(block.walk.contexts(), state, (x, y));
            block.node(state, (x, y), SUPERBLOCK, plan.as_ref());
            if block.walk.exhausted() {
                return;
            }
        }
    }
}

/// The quarters of a node that begin inside the plane.
pub fn quarters_inside(
    state: &PlaneState,
    at: (usize, usize),
    side: usize,
) -> impl Iterator<Item = (usize, usize)> + use<> {
    let (width, height) = (state.samples.width(), state.samples.height());
    quarters(at, side).into_iter().filter(move |&(x, y)| x < width && y < height)
}

/// Whether a node reaches beyond the plane.
pub fn is_cut(state: &PlaneState, (x, y): (usize, usize), side: usize) -> bool {
    x + side > state.samples.width() || y + side > state.samples.height()
}

/// Column and row of a block's first sample.
type Place = (usize, usize);

/// What the blocks of a plane share.
struct BlockWalk<'a, W, O> {
    walk: &'a mut W,
    observe: O,
    synthesis: &'a Synthesis<'a>,
    references: References<'a>,
    /// The step index of the present 16 × 16 or block of 32, once it is coded.
    node_step: Option<i8>,
    /// Of the present block.
    levels: [i16; 256],
}

impl<W: ContextWalk, O: FnMut(&CodedBlock<'_>, &W)> BlockWalk<'_, W, O> {
    fn node(
        &mut self,
        state: &mut PlaneState,
        at: (usize, usize),
        side: usize,
        plan: Option<&NodePlan>,
    ) {
        if side >= 16 {
            self.node_step = None;
        }
        let split = matches!(plan, Some(NodePlan::Split(_)));
        let is_split = if is_cut(state, at, side) {
            true
        } else if side > 8 {
            self.walk.context_bit(split, split_index(split_context(state, at, side)))
        } else {
            false
        };
        if is_split {
            for (number, at) in quarters_inside(state, at, side).enumerate() {
                let quarter = match plan {
                    Some(NodePlan::Split(plans)) => Some(&plans[number]),
                    _ => None,
                };
                self.node(state, at, side / 2, quarter);
            }
        } else {
            let block = match plan {
                Some(NodePlan::Block(plan)) => Some(plan),
                _ => None,
            };
            self.block(state, at, side, block);
        }
    }

    fn block(&mut self, state: &mut PlaneState, at: Place, side: usize, plan: Option<&BlockPlan>) {
        let set = self.synthesis.model.set(state.kind.chroma, side);
        // The index of the block's step, if it is not sent, and the one that contexts see.
        let known = self.references.luma.map(|luma| colocated_step(luma, state, at));
        let expected = known.unwrap_or_else(|| expected_step(state, at));
        let expected_size = self.synthesis.dequantiser(expected).step;
        let block = BlockContext::of_block(state, self.references.luma, at, side, expected_size);
        let levels = &mut self.levels[..set.kept];
        if let Some(plan) = plan {
            levels.copy_from_slice(&plan.levels);
        }
        let mut values = [0i8; 2];
        for which in 0..self.references.slopes.len() {
            let given = plan.map_or(0, |plan| plan.slopes[which]);
            values[which] = code_slope(self.walk, given, which, slope_context(state, at, which));
        }
        let slopes = Slopes { values, references: self.references.slopes };
        let border = block_border(state, &slopes, at, side);
        let block = block.with_border(&border, expected_size);
        let given = plan.map_or(0, |plan| plan.piece);
        let number = code_piece(self.walk, given, set.pieces.len(), &block);
        let end = levels.iter().rposition(|&v| v != 0).map_or(0, |p| p + 1);
        let end = code_end(self.walk, end, levels.len(), number, &block);
        let step = if let Some(step) = known.or(self.node_step) {
            step
        } else {
            if end > 0 && self.synthesis.varies {
                let step = code_step(self.walk, plan.map_or(0, |plan| plan.step), expected);
                self.node_step = Some(step);
                step
            } else {
                expected
            }
        };
        code_levels(self.walk, levels, end, number, &block);

        let mut samples = [0i16; SUPERBLOCK * SUPERBLOCK];
        let samples = &mut samples[..side * side];
        let dequantiser = self.synthesis.dequantiser(step);
        let coded = CodedBlock {
            at,
            side,
            piece: number,
            slopes: values,
            step: dequantiser.step,
            end,
            border: &border,
        };
        (self.observe)(&coded, &*self.walk);
        self.synthesis.samples(set, number, &border, (&levels[..end], &dequantiser), samples);
        slopes.add_to(samples, at, side);
        state.put_block(at, side, samples, cell(side, number, levels, step, values));
    }
}

/// What the neighbours of a coded block see: its energy is for an area of 8 × 8.
pub fn cell(side: usize, piece: usize, levels: &[i16], step: i8, slopes: [i8; 2]) -> Cell {
    let sum: u32 = levels.iter().map(|v| u32::from(v.unsigned_abs())).sum();
    let energy = sum.div_ceil((side * side / 64) as u32);
    Cell {
        side: side as u8,
        mode: piece as u8,
        energy: energy.min(255) as u8,
        end: end_digits(levels.iter().rposition(|&v| v != 0).map_or(0, |p| p + 1)) as u8,
        step,
        slopes,
    }
}

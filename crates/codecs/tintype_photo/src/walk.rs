//! The traversal of one plane, written once: an encoder and a decoder run the same function.
//! Bit-exact.
//!
//! Superblocks of 16 × 16, row by row; each is one block of 16 or four of 8 in Z order. What a
//! block comes to is reconstructed here too, so that both directions keep the same
//! [`PlaneState`].

use super::context::{BlockContext, split_context};
use super::model::{PhotoModel, Piece, set_index};
use super::symbols::{code_levels, code_piece, split_index};
use fearless_simd::{Level, Simd, dispatch};
use tintype_block::{
    Border, Cell, ContextSet, ContextWalk, Dequantiser, PlaneState, add_row, predict, quarters,
    sample_from_sum,
};
use tintype_image::Plane;

/// What a block is coded as.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockPlan {
    /// Number of its piece.
    pub piece: usize,
    /// One level for each basis row.
    pub levels: Vec<i16>,
}

/// What a superblock is coded as: one block, or four.
#[derive(Clone, Debug, PartialEq)]
pub enum SuperblockPlan {
    /// One block of 16.
    Whole(BlockPlan),
    /// Four blocks of 8, in Z order.
    Split([BlockPlan; 4]),
}

/// How blocks are reconstructed.
#[derive(Clone, Copy)]
pub struct Synthesis<'a> {
    /// Pieces.
    pub model: &'a PhotoModel,
    /// Levels to amplitudes.
    pub dequantiser: Dequantiser,
    /// For the kernels.
    pub level: Level,
}

/// Codes all blocks of the plane `state`. `luma` is the luma plane's state for chroma. `choose`
/// gives what the superblock at a place is coded as, from the contexts and the state so far; a
/// decoder's gives nothing.
pub fn walk_plane<W: ContextWalk>(
    walk: &mut W,
    synthesis: &Synthesis<'_>,
    state: &mut PlaneState,
    luma: Option<&PlaneState>,
    mut choose: impl FnMut(&ContextSet, &mut PlaneState, (usize, usize)) -> Option<SuperblockPlan>,
) {
    let (width, height) = (state.samples.width(), state.samples.height());
    let mut block = BlockWalk { walk, synthesis, luma, levels: [0; 256] };
    for y in (0..height).step_by(16) {
        for x in (0..width).step_by(16) {
            let plan = choose(block.walk.contexts(), state, (x, y));
            block.superblock(state, (x, y), plan.as_ref());
            if block.walk.exhausted() {
                return;
            }
        }
    }
}

/// What the blocks of a plane share.
struct BlockWalk<'a, W> {
    walk: &'a mut W,
    synthesis: &'a Synthesis<'a>,
    luma: Option<&'a PlaneState>,
    /// Of the present block.
    levels: [i16; 256],
}

impl<W: ContextWalk> BlockWalk<'_, W> {
    fn superblock(&mut self, state: &mut PlaneState, at: (usize, usize), plan: Option<&SuperblockPlan>) {
        let split = matches!(plan, Some(SuperblockPlan::Split(_)));
        if self.walk.context_bit(split, split_index(split_context(state, at))) {
            for (number, at) in quarters(at, 16).into_iter().enumerate() {
                let quarter = match plan {
                    Some(SuperblockPlan::Split(plans)) => Some(&plans[number]),
                    _ => None,
                };
                self.block(state, at, 8, quarter);
            }
        } else {
            let whole = match plan {
                Some(SuperblockPlan::Whole(plan)) => Some(plan),
                _ => None,
            };
            self.block(state, at, 16, whole);
        }
    }

    fn block(
        &mut self,
        state: &mut PlaneState,
        at: (usize, usize),
        side: usize,
        plan: Option<&BlockPlan>,
    ) {
        let set = &self.synthesis.model.sets[set_index(state.kind.chroma, side)];
        let block = BlockContext::of_block(state, self.luma, at, side);
        let levels = &mut self.levels[..set.kept];
        if let Some(plan) = plan {
            levels.copy_from_slice(&plan.levels);
        }
        let given = plan.map_or(0, |plan| plan.piece);
        let number = code_piece(self.walk, given, set.pieces.len(), &block);
        code_levels(self.walk, levels, number, &block);

        let border = block_border(&state.samples, at, side, state.kind.middle());
        let mut samples = [0i16; 256];
        let samples = &mut samples[..side * side];
        self.synthesis.samples(&border, &set.pieces[number], levels, samples);
        state.put_block(at, side, samples, cell(side, number, levels));
    }
}

impl Synthesis<'_> {
    /// The samples of a block.
    pub fn samples(&self, border: &Border, piece: &Piece, levels: &[i16], out: &mut [i16]) {
        let mut sums = [0i32; 256];
        let sums = &mut sums[..out.len()];
        dispatch!(self.level, simd => simd.vectorize(
            #[inline(always)]
            || {
                predict(border, &piece.predictor, sums);
                for (level, row) in levels.iter().zip(piece.basis.chunks_exact(sums.len())) {
                    if *level != 0 {
                        add_row(sums, self.dequantiser.amplitude(*level), row);
                    }
                }
            }
        ));
        out.iter_mut().zip(sums).for_each(|(sample, sum)| *sample = sample_from_sum(*sum));
    }
}

/// The border of the block of `side` at (`x`, `y`); blocks of 16 go row by row, each with its
/// four of 8 in Z order.
pub fn block_border(samples: &Plane<i16>, (x, y): (usize, usize), side: usize, middle: i32) -> Border {
    let inside = y > 0 && x + side < samples.width();
    // The lower right block of 8: what lies right of it comes later.
    let last = side == 8 && x / 8 % 2 == 1 && y / 8 % 2 == 1;
    let right = if inside && !last { side } else { 0 };
    Border::of_block(samples, (x, y), side, right, middle)
}

/// What the neighbours of a coded block see: its energy is for an area of 8 × 8.
pub fn cell(side: usize, piece: usize, levels: &[i16]) -> Cell {
    let sum: u32 = levels.iter().map(|v| u32::from(v.unsigned_abs())).sum();
    let energy = if side == 16 { sum.div_ceil(4) } else { sum };
    Cell { side: side as u8, mode: piece as u8, energy: energy.min(255) as u8 }
}

//! The traversal of one plane, written once: an encoder and a decoder run the same function.
//! Bit-exact.
//!
//! Superblocks of 32 × 32, row by row; each is one block or four of 16 in Z order, each of
//! which may be four of 8. What a block comes to is reconstructed here too, so that both
//! directions keep the same [`PlaneState`].

use super::block::{GRID_SIDES, SIDES, Term, samples_from_sums};
use super::context::{BlockContext, split_context};
use super::model::SparseModel;
use super::symbols::SymbolCoder;
use fearless_simd::{Level, Simd, dispatch};
use tintype_block::{Border, Cell, ContextSet, ContextWalk, Dequantiser, PlaneState, add_row, quarters};

/// Largest number of samples in a block.
const SAMPLES_MAX: usize = 32 * 32;

/// Column and row of a block's first sample.
type Place = (usize, usize);

/// What a block is coded as: itself, or four of the next smaller size.
#[derive(Clone, Debug)]
pub enum BlockPlan {
    /// One block.
    Leaf(LeafPlan),
    /// Four, in Z order.
    Split(Vec<BlockPlan>),
}

/// A block that is not split.
#[derive(Clone, Debug, Default)]
pub struct LeafPlan {
    /// Number of its cluster.
    pub cluster: usize,
    /// Atoms in rising order.
    pub terms: Vec<Term>,
    /// What it decodes to, for the search; the walk makes it anew.
    pub samples: Vec<i16>,
}

/// How blocks are reconstructed.
#[derive(Clone, Copy)]
pub struct Synthesis<'a> {
    /// Clusters.
    pub model: &'a SparseModel,
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
    coder: &SymbolCoder,
    synthesis: &Synthesis<'_>,
    (state, luma): (&mut PlaneState, Option<&PlaneState>),
    mut choose: impl FnMut(&ContextSet, &mut PlaneState, (usize, usize)) -> Option<BlockPlan>,
) {
    let (width, height) = (state.samples.width(), state.samples.height());
    let mut block = BlockWalk { walk, coder, synthesis, luma, terms: Vec::new() };
    for y in (0..height).step_by(32) {
        for x in (0..width).step_by(32) {
            let plan = choose(block.walk.contexts(), state, (x, y));
            block.block(state, (x, y), 2, plan.as_ref());
        }
    }
}

/// What the blocks of a plane share.
struct BlockWalk<'a, W> {
    walk: &'a mut W,
    coder: &'a SymbolCoder,
    synthesis: &'a Synthesis<'a>,
    luma: Option<&'a PlaneState>,
    /// Of the present block.
    terms: Vec<Term>,
}

impl<W: ContextWalk> BlockWalk<'_, W> {
    fn block(&mut self, state: &mut PlaneState, at: Place, size: usize, plan: Option<&BlockPlan>) {
        if size > 0 {
            let split = matches!(plan, Some(BlockPlan::Split(_)));
            let context = split_context(state, self.luma, at, size);
            let context = SymbolCoder::split_context(size, state.kind.chroma, context);
            if self.walk.context_bit(split, context) {
                for (number, at) in quarters(at, SIDES[size]).into_iter().enumerate() {
                    let quarter = match plan {
                        Some(BlockPlan::Split(plans)) => plans.get(number),
                        _ => None,
                    };
                    self.block(state, at, size - 1, quarter);
                }
                return;
            }
        }
        let leaf = match plan {
            Some(BlockPlan::Leaf(leaf)) => Some(leaf),
            _ => None,
        };
        self.leaf(state, at, size, leaf);
    }

    fn leaf(&mut self, state: &mut PlaneState, at: Place, size: usize, plan: Option<&LeafPlan>) {
        let block = BlockContext::of_block(state, self.luma, at, size);
        if let Some(plan) = plan {
            self.terms.clone_from(&plan.terms);
        }
        let given = plan.map_or(0, |plan| plan.cluster);
        let cluster = self.coder.cluster(self.walk, given, &block);
        self.coder.terms(self.walk, &mut self.terms, cluster, &block);

        let mut samples = [0i16; SAMPLES_MAX];
        let samples = &mut samples[..SIDES[size] * SIDES[size]];
        let border = block_border(state, at, SIDES[size]);
        self.synthesis.samples(&border, (block.set, cluster), &self.terms, samples);
        state.put_block(at, SIDES[size], samples, cell(size, cluster, &self.terms));
    }
}

impl Synthesis<'_> {
    /// The samples of a block of `set` and `cluster`.
    pub fn samples(
        &self,
        border: &Border,
        (set, cluster): (usize, usize),
        terms: &[Term],
        samples: &mut [i16],
    ) {
        let size = set % 3;
        let cluster = &self.model.sets[set].clusters[cluster];
        let mut sums = [0i32; 256];
        let sums = &mut sums[..GRID_SIDES[size] * GRID_SIDES[size]];
        cluster.predictor.predict(self.level, border, sums);
        dispatch!(self.level, simd => simd.vectorize(
            #[inline(always)]
            || {
                for term in terms {
                    let atom = &cluster.atoms[usize::from(term.atom) * sums.len()..][..sums.len()];
                    add_row(sums, self.dequantiser.amplitude(term.level), atom);
                }
            }
        ));
        samples_from_sums(sums, size, samples);
    }
}

/// The border of the block of `side` at (`x`, `y`).
pub fn block_border(state: &PlaneState, (x, y): (usize, usize), side: usize) -> Border {
    let mut right = 0;
    while y > 0 && right < side && state.is_coded(x + side + right, y - 1) {
        // Cells of 8 × 8 are coded or not as a whole.
        right += 8;
    }
    Border::of_block(&state.samples, (x, y), side, right, state.kind.middle())
}

/// What the neighbours of a coded block see.
pub fn cell(size: usize, cluster: usize, terms: &[Term]) -> Cell {
    let energy: u32 = terms.iter().map(|term| u32::from(term.level.unsigned_abs())).sum();
    Cell {
        side: SIDES[size] as u8,
        mode: cluster as u8,
        energy: energy.min(255) as u8,
        ..Cell::default()
    }
}

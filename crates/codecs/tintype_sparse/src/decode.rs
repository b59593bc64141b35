//! Symbols to samples of one plane. Bit-exact.

use super::block::{
    Dequantiser, GRID_SIDES, SIDES, Term, border, predict, samples_from_sums, synthesise,
};
use super::model::SparseModel;
use super::state::PlaneState;
use super::walk::Contexts;
use fearless_simd::{Level, Simd, dispatch};
use tintype_entropy::BitWalk;

/// Largest number of samples in a block.
const SAMPLES_MAX: usize = 32 * 32;

/// Reads all blocks of one plane.
pub fn decode_plane<W: BitWalk>(
    walk: &mut W,
    contexts: &mut Contexts,
    model: &SparseModel,
    dequantiser: &Dequantiser,
    level: Level,
    state: &mut PlaneState,
    other: Option<&PlaneState>,
) {
    let mut reader =
        BlockReader { walk, contexts, model, dequantiser, level, other, terms: Vec::new() };
    for y in (0..state.samples.height()).step_by(32) {
        for x in (0..state.samples.width()).step_by(32) {
            reader.block(state, x, y, 2);
        }
    }
}

struct BlockReader<'a, W> {
    walk: &'a mut W,
    contexts: &'a mut Contexts,
    model: &'a SparseModel,
    dequantiser: &'a Dequantiser,
    level: Level,
    other: Option<&'a PlaneState>,
    terms: Vec<Term>,
}

impl<W: BitWalk> BlockReader<'_, W> {
    fn block(&mut self, state: &mut PlaneState, x: usize, y: usize, size: usize) {
        if size > 0 {
            let context = state.split_context(x, y, size, self.other);
            let level = size - 1 + if state.chroma { 2 } else { 0 };
            if self.contexts.split(self.walk, false, level, context) {
                let half = SIDES[size] / 2;
                for (dx, dy) in [(0, 0), (half, 0), (0, half), (half, half)] {
                    self.block(state, x + dx, y + dy, size - 1);
                }
                return;
            }
        }
        let block = state.context(x, y, size, self.other);
        let cluster = self.contexts.cluster(self.walk, 0, &block);
        self.contexts.terms(self.walk, &mut self.terms, cluster, &block);
        let mut samples = [0i16; SAMPLES_MAX];
        let samples = &mut samples[..SIDES[size] * SIDES[size]];
        render(
            state,
            self.model,
            (x, y, size),
            cluster,
            &self.terms,
            self.dequantiser,
            self.level,
            samples,
        );
        place(state, (x, y, size), cluster, &self.terms, samples);
    }
}

/// The samples of a block.
#[allow(clippy::too_many_arguments)] // All that a block is; encoder and decoder share it.
pub fn render(
    state: &PlaneState,
    model: &SparseModel,
    (x, y, size): (usize, usize, usize),
    cluster: usize,
    terms: &[Term],
    dequantiser: &Dequantiser,
    level: Level,
    samples: &mut [i16],
) {
    let set = &model.sets[size + if state.chroma { 3 } else { 0 }];
    let border = border(state, x, y, SIDES[size]);
    let mut sums = [0i32; 256];
    let sums = &mut sums[..GRID_SIDES[size] * GRID_SIDES[size]];
    let cluster = &set.clusters[cluster];
    dispatch!(level, simd => simd.vectorize(
        #[inline(always)]
        || {
            predict(&border, cluster, sums);
            synthesise(terms, cluster, dequantiser, sums);
        }
    ));
    samples_from_sums(sums, size, samples);
}

/// Puts a block into the plane and notes it.
pub fn place(
    state: &mut PlaneState,
    (x, y, size): (usize, usize, usize),
    cluster: usize,
    terms: &[Term],
    samples: &[i16],
) {
    let side = SIDES[size];
    for (row, line) in samples.chunks_exact(side).enumerate() {
        state.samples.row_mut(y + row)[x..][..side].copy_from_slice(line);
    }
    let energy = terms.iter().map(|t| u32::from(t.level.unsigned_abs())).sum();
    state.note(x, y, size, cluster, energy);
}

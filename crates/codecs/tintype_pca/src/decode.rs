//! Symbols to samples. Bit-exact.

use super::block::{Dequantiser, predict, sample_from_sum, synthesise};
use super::border::border;
use super::model::{PcaModel, set_index};
use super::plane_state::PlaneState;
use super::walk::Contexts;
use fearless_simd::{Level, Simd, dispatch};
use tintype_entropy::BitWalk;

/// Decodes all blocks of one plane.
pub fn decode_plane<W: BitWalk>(
    walk: &mut W,
    contexts: &mut Contexts,
    model: &PcaModel,
    dequantiser: &Dequantiser,
    level: Level,
    state: &mut PlaneState,
    other: Option<&PlaneState>,
) {
    let (width, height) = (state.samples.width(), state.samples.height());
    for y in (0..height).step_by(16) {
        for x in (0..width).step_by(16) {
            let (energy, depth) = state.split_context(x, y);
            if contexts.split(walk, false, energy, depth) {
                for (dx, dy) in [(0, 0), (8, 0), (0, 8), (8, 8)] {
                    decode_block(
                        walk,
                        contexts,
                        model,
                        dequantiser,
                        level,
                        state,
                        other,
                        (x + dx, y + dy, 8),
                    );
                }
            } else {
                decode_block(walk, contexts, model, dequantiser, level, state, other, (x, y, 16));
            }
            if walk.exhausted() {
                return;
            }
        }
    }
}

#[allow(clippy::too_many_arguments)] // One block of the loop above.
fn decode_block<W: BitWalk>(
    walk: &mut W,
    contexts: &mut Contexts,
    model: &PcaModel,
    dequantiser: &Dequantiser,
    level: Level,
    state: &mut PlaneState,
    other: Option<&PlaneState>,
    (x, y, n): (usize, usize, usize),
) {
    let set = &model.sets[set_index(state.kind.chroma, n)];
    let block = state.context(x, y, n, other);
    let mut levels = [0i16; 256];
    let levels = &mut levels[..set.kept];
    let number = contexts.piece(walk, 0, set.pieces.len(), &block);
    contexts.levels(walk, levels, number, &block);
    let mut sums = [0i32; 256];
    let sums = &mut sums[..n * n];
    let piece = &set.pieces[number];
    let border = border(&state.samples, x, y, n, state.kind.middle);
    dispatch!(level, simd => simd.vectorize(
        #[inline(always)]
        || {
            predict(&border, piece, sums);
            synthesise(levels, piece, dequantiser, sums);
        }
    ));
    for row in 0..n {
        for (out, &sum) in state.samples.row_mut(y + row)[x..][..n].iter_mut().zip(&sums[row * n..])
        {
            *out = sample_from_sum(sum);
        }
    }
    state.note(x, y, n, number, levels);
}

//! The traversal of a picture's blocks, written once: an encoder and a decoder run the same function.
//! Bit-exact.
//!
//! Superblocks of 64 × 64, row by row; each is one block, or four quarters in Z order, down to blocks of 8.
//! A node that reaches beyond the cells is always split, and quarters beyond them are left out.

use crate::compensate::BLOCK;
use crate::frame::{CELL, FrameState};
use crate::leaf::Leaf;
use crate::reconstruct::{Setting, reconstruct};
use crate::symbols::{code_leaf, code_split};
use tintype_block::{ContextSet, ContextWalk};

/// What a node is coded as.
#[derive(Clone, Debug, PartialEq)]
pub enum NodePlan {
    /// One block.
    Leaf(Box<Leaf>),
    /// Its quarters; those beyond the picture are left out.
    Split(Vec<NodePlan>),
}

/// The quarters of a node that begin inside the picture.
pub fn quarters(
    state: &FrameState,
    (x, y): (usize, usize),
    side: usize,
) -> impl Iterator<Item = (usize, usize)> + use<> {
    let (half, width, height) = (side / 2, state.across * CELL, state.down * CELL);
    let all = [(x, y), (x + half, y), (x, y + half), (x + half, y + half)];
    all.into_iter().filter(move |&(x, y)| x < width && y < height)
}

/// Whether a node reaches beyond the picture.
pub fn is_cut(state: &FrameState, (x, y): (usize, usize), side: usize) -> bool {
    x + side > state.across * CELL || y + side > state.down * CELL
}

/// Codes all blocks of a picture. `choose` gives what the superblock at a place is coded as; a
/// decoder's gives nothing. Whether the stream was long enough.
pub fn walk_picture<W: ContextWalk>(
    walk: &mut W,
    setting: &Setting<'_>,
    state: &mut FrameState,
    mut choose: impl FnMut(&ContextSet, &mut FrameState, (usize, usize)) -> Option<NodePlan>,
) -> bool {
    let (width, height) = (state.across * CELL, state.down * CELL);
    let mut scratch = Leaf::default();
    for y in (0..height).step_by(BLOCK) {
        for x in (0..width).step_by(BLOCK) {
            let plan = choose(walk.contexts(), state, (x, y));
            node(walk, setting, state, ((x, y), BLOCK), plan, &mut scratch);
            if walk.exhausted() {
                return false;
            }
        }
    }
    true
}

fn node<W: ContextWalk>(
    walk: &mut W,
    setting: &Setting<'_>,
    state: &mut FrameState,
    (at, side): ((usize, usize), usize),
    plan: Option<NodePlan>,
    scratch: &mut Leaf,
) {
    let split = matches!(plan, Some(NodePlan::Split(_)));
    let split = if is_cut(state, at, side) {
        true
    } else {
        side > CELL && code_split(walk, split, state, at, side)
    };
    match plan {
        Some(NodePlan::Leaf(mut leaf)) => {
            code_leaf::<true, _>(walk, &setting.around, state, (at, side), &mut leaf);
            reconstruct(setting, state, (at, side), &leaf);
        }
        None if !split => {
            code_leaf::<true, _>(walk, &setting.around, state, (at, side), scratch);
            reconstruct(setting, state, (at, side), scratch);
        }
        other => {
            let mut plans = match other {
                Some(NodePlan::Split(plans)) => plans.into_iter(),
                _ => Vec::new().into_iter(),
            };
            for quarter in quarters(state, at, side) {
                node(walk, setting, state, (quarter, side / 2), plans.next(), scratch);
            }
        }
    }
}

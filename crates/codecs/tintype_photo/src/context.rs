//! What encoder and decoder know of a block before its symbols. Bit-exact.

use tintype_block::{Border, Cell, PlaneState, energy_class};

/// Classes of a neighbourhood's energy.
pub const ENERGIES: usize = 9;

/// Sizes of blocks: sides of 8, 16 and 32.
pub const SIZES: usize = 3;

/// The class of a block's side: 0 for 8, 1 for 16, 2 for 32.
#[inline]
pub fn size_class(side: usize) -> usize {
    (side.ilog2() as usize).saturating_sub(3).min(SIZES - 1)
}

/// Context of one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockContext {
    /// The class of its side.
    pub size: usize,
    /// Energy left and above, 0 to 8.
    pub energy: usize,
    /// Energy of luma at the same place, 0 to 8; 0 for planes that are not chroma.
    pub luma: usize,
    /// Pieces of the blocks left and above, where they have the same size.
    pub pieces: [Option<usize>; 2],
    /// The class of the step that is expected, 0 to 15.
    pub step: usize,
    /// Digits of the ends left and above, 0 to 120.
    pub ends: usize,
    /// Digits of luma's end at the same place, 0 to 10.
    pub luma_end: usize,
    /// How rough the border is against the step, 0 to 9; 0 until [`BlockContext::with_border`].
    pub rough: usize,
}

/// Classes of a step.
pub const STEPS: usize = 16;
/// Classes of a neighbour's end.
const ENDS: usize = 11;
/// Classes of the ends of two neighbours.
pub const END_PAIRS: usize = ENDS * ENDS;
/// Classes of luma's end.
pub const LUMA_ENDS: usize = ENDS;
/// Classes of the border's roughness.
pub const ROUGHNESSES: usize = 10;

/// Digits of an end, 0 for no level.
pub fn end_digits(end: usize) -> usize {
    end.checked_ilog2().map_or(0, |digits| digits as usize + 1)
}

/// The class of the end of the block of `cell`, for a block of `side`: as many digits as it would
/// have at that side, 0 for none there.
fn end_class(cell: Option<Cell>, side: usize) -> usize {
    let Some(cell) = cell.filter(|cell| cell.side > 0) else { return 0 };
    let digits = match i32::from(cell.end) {
        0 => 0,
        digits => digits + 2 * (side.ilog2() as i32 - i32::from(cell.side).ilog2() as i32),
    };
    digits.clamp(0, ENDS as i32 - 2) as usize + 1
}

impl BlockContext {
    /// Of the block of `side` at (`x`, `y`) of the plane `state`; `luma` is the luma plane's
    /// state for chroma; `step` the one that is expected.
    pub fn of_block(
        state: &PlaneState,
        luma: Option<&PlaneState>,
        (x, y): (usize, usize),
        side: usize,
        step: i32,
    ) -> Self {
        let same_size = |cell: Option<Cell>| {
            cell.filter(|c| usize::from(c.side) == side).map(|c| usize::from(c.mode))
        };
        let neighbours = state.neighbours(x, y);
        let pieces = neighbours.map(same_size);
        let ends = neighbours.map(|cell| end_class(cell, side));
        let luma_cell = luma.map(|luma| {
            let (cx, cy) = colocated(luma, state, (x / 8, y / 8));
            luma.cells.row(cy)[cx]
        });
        // Blocks of 32 have four times the area of those of 16.
        let area_shift = if side == 32 { 2 } else { 0 };
        let luma = luma.map_or(0, |luma| {
            let sum = colocated_energy(luma, state, (x / 8, y / 8), side / 8);
            energy_class(sum >> area_shift, ENERGIES - 1)
        });
        Self {
            size: size_class(side),
            energy: edge_energy(state, (x, y), side),
            luma,
            pieces,
            step: step_class(step),
            ends: ends[0] * ENDS + ends[1],
            luma_end: end_class(luma_cell, side),
            rough: 0,
        }
    }

    /// With the roughness of the block's `border`, against its `step`.
    pub fn with_border(self, border: &Border, step: i32) -> Self {
        let differences =
            |inputs: &[i32]| inputs.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum::<i32>();
        let sum = differences(&border.inputs[..8]) + differences(&border.inputs[13..]);
        Self { rough: energy_class((4 * sum / step) as u32, ROUGHNESSES - 1), ..self }
    }
}

/// The class of the energy left of and above the block of `side` at (`x`, `y`).
fn edge_energy(state: &PlaneState, at: (usize, usize), side: usize) -> usize {
    let edge = state.edge_energy(at, side, |cell| cell.energy.into());
    // Blocks of 32 have twice the edge of those of 16.
    energy_class(edge >> usize::from(side == 32), ENERGIES - 1)
}

/// The class of a step in internal units: half octaves from 16 on.
fn step_class(step: i32) -> usize {
    let square = u64::from(step.unsigned_abs()).pow(2);
    (square.max(256).ilog2() as usize - 8).min(STEPS - 1)
}

/// Where cell (`cx`, `cy`) of `own` lies among the cells of `other`; planes may be subsampled
/// against each other.
fn colocated(other: &PlaneState, own: &PlaneState, (cx, cy): (usize, usize)) -> (usize, usize) {
    let scaled = |index: usize, count: usize, of: usize| (index * count / of.max(1)).min(count - 1);
    (
        scaled(cx, other.cells.width(), own.cells.width()),
        scaled(cy, other.cells.height(), own.cells.height()),
    )
}

/// The energy of `luma` in its cells that lie where cells (`cx`, `cy`) … of `state` do, a
/// square of `span`.
fn colocated_energy(
    luma: &PlaneState,
    state: &PlaneState,
    (cx, cy): (usize, usize),
    span: usize,
) -> u32 {
    let mut sum = 0u32;
    for y in cy..cy + span {
        for x in cx..cx + span {
            let (x, y) = colocated(luma, state, (x, y));
            sum += u32::from(luma.cells.row(y)[x].energy);
        }
    }
    sum
}

/// The step index of `luma` where the block at (`x`, `y`) of `state` begins.
pub fn colocated_step(luma: &PlaneState, state: &PlaneState, (x, y): (usize, usize)) -> i8 {
    let (x, y) = colocated(luma, state, (x / 8, y / 8));
    luma.cells.row(y)[x].step
}

/// Context of the split flag of the node of `side` at (`x`, `y`): 0 for sides of 16, 1 for 32;
/// energy left and above; how many of the two neighbours are smaller than `side`.
pub fn split_context(state: &PlaneState, (x, y): (usize, usize), side: usize) -> (usize, usize, usize) {
    let smaller = |cell: &&Cell| usize::from(cell.side) < side;
    let neighbours = state.neighbours(x, y);
    let count = neighbours.iter().flatten().filter(smaller).count();
    (size_class(side) - 1, edge_energy(state, (x, y), side), count)
}

/// The step index that the block at (`x`, `y`) is expected to have: the mean of those left and
/// above, halves rounded down.
pub fn expected_step(state: &PlaneState, (x, y): (usize, usize)) -> i8 {
    match state.neighbours(x, y).map(|cell| cell.map(|cell| cell.step)) {
        [Some(left), Some(above)] => (left + above).div_euclid(2),
        [Some(one), None] | [None, Some(one)] => one,
        [None, None] => 0,
    }
}

/// The class of the slopes numbered `which` left and above: each 0 for none, 1 below, 2 above
/// zero; 0 to 8.
pub fn slope_context(state: &PlaneState, (x, y): (usize, usize), which: usize) -> usize {
    let class = |cell: Option<Cell>| match cell.map_or(0, |cell| cell.slopes[which]) {
        0 => 0,
        slope if slope < 0 => 1,
        _ => 2,
    };
    let [left, above] = state.neighbours(x, y).map(class);
    left * 3 + above
}

//! What encoder and decoder know of a block before its symbols. Bit-exact.

use tintype_block::{Cell, PlaneState, energy_class};

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
    /// Piece of the left block if it has the same size.
    pub left: Option<usize>,
    /// Piece of the upper block if it has the same size.
    pub above: Option<usize>,
}

impl BlockContext {
    /// Of the block of `side` at (`x`, `y`) of the plane `state`; `luma` is the luma plane's
    /// state for chroma.
    pub fn of_block(
        state: &PlaneState,
        luma: Option<&PlaneState>,
        (x, y): (usize, usize),
        side: usize,
    ) -> Self {
        let same_size = |cell: Option<Cell>| {
            cell.filter(|c| usize::from(c.side) == side).map(|c| usize::from(c.mode))
        };
        let [left, above] = state.neighbours(x, y).map(same_size);
        let edge = state.edge_energy((x, y), side, |cell| cell.energy.into());
        // Blocks of 32 have twice the edge of those of 16, and four times the area.
        let (edge_shift, area_shift) = if side == 32 { (1, 2) } else { (0, 0) };
        let luma = luma.map_or(0, |luma| {
            let sum = colocated_energy(luma, state, (x / 8, y / 8), side / 8);
            energy_class(sum >> area_shift, ENERGIES - 1)
        });
        Self {
            size: size_class(side),
            energy: energy_class(edge >> edge_shift, ENERGIES - 1),
            luma,
            left,
            above,
        }
    }
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
    (size_class(side) - 1, BlockContext::of_block(state, None, (x, y), side).energy, count)
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

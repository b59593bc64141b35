//! What encoder and decoder know of a block before its symbols. Bit-exact.

use super::block::SIDES;
use tintype_block::{Cell, PlaneState, energy_class};

/// Classes of a neighbourhood's energy.
pub const ENERGIES: usize = 8;

/// Context of one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockContext {
    /// Size number (0, 1, 2 for 8, 16, 32), plus 3 for chroma.
    pub set: usize,
    /// Energy left and above, 0 to 7.
    pub energy: usize,
    /// Energy of luma at the same place, 0 to 7; 0 for planes that are not chroma.
    pub luma: usize,
    /// Cluster of the left block plus 1, or 0.
    pub left: usize,
    /// Cluster of the upper block plus 1, or 0.
    pub above: usize,
}

impl BlockContext {
    /// Of the block of size number `size` at (`x`, `y`) of the plane `state`; `luma` is the
    /// luma plane's state for chroma.
    pub fn of_block(
        state: &PlaneState,
        luma: Option<&PlaneState>,
        (x, y): (usize, usize),
        size: usize,
    ) -> Self {
        let span = SIDES[size] / 8;
        // Energy for an area of this block's size, left and above.
        let edge = state.edge_energy((x, y), SIDES[size], energy_q4);
        let [left, above] = coded_neighbours(state, (x, y));
        let cluster = |cell: Option<Cell>| cell.map_or(0, |c| usize::from(c.mode) + 1);
        Self {
            set: size + if state.kind.chroma { 3 } else { 0 },
            energy: energy_class(edge * span as u32 / 32, ENERGIES - 1),
            luma: luma.map_or(0, |luma| colocated_energy(luma, state, (x / 8, y / 8), span)),
            left: cluster(left),
            above: cluster(above),
        }
    }
}

/// The energy of one cell's share of its block, in sixteenths.
fn energy_q4(cell: Cell) -> u32 {
    u32::from(cell.energy) * 16 / u32::from(cell.side / 8).pow(2).max(1)
}

/// The cells left and above, where blocks are coded there.
fn coded_neighbours(state: &PlaneState, (x, y): (usize, usize)) -> [Option<Cell>; 2] {
    state.neighbours(x, y).map(|cell| cell.filter(|c| c.side != 0))
}

/// The energy of `luma` in its cells that lie where cells (`cx`, `cy`) … of `state` do, a
/// square of `span`; planes may be subsampled against each other.
fn colocated_energy(
    luma: &PlaneState,
    state: &PlaneState,
    (cx, cy): (usize, usize),
    span: usize,
) -> usize {
    let (cells, own) = (&luma.cells, &state.cells);
    let scaled = |index: usize, count: usize, of: usize| (index * count / of.max(1)).min(count - 1);
    let column = |x: usize| scaled(x, cells.width(), own.width());
    let row = |y: usize| scaled(y, cells.height(), own.height());
    let (left, right) = (column(cx), column(cx + span).max(column(cx) + 1));
    let (top, bottom) = (row(cy), row(cy + span).max(row(cy) + 1));

    let mut sum = 0;
    for y in top..bottom {
        sum += cells.row(y)[left..right].iter().map(|&cell| energy_q4(cell)).sum::<u32>();
    }
    energy_class(sum / 16, ENERGIES - 1)
}

/// Context of whether the block of size number `size` is split: energies, and how many
/// neighbours are smaller.
pub fn split_context(
    state: &PlaneState,
    luma: Option<&PlaneState>,
    at: (usize, usize),
    size: usize,
) -> (usize, usize) {
    let smaller = |cell: &&Cell| usize::from(cell.side) < SIDES[size];
    let neighbours = coded_neighbours(state, at);
    let split = neighbours.iter().flatten().filter(smaller).count();
    let context = BlockContext::of_block(state, luma, at, size);
    (context.energy * 3 + context.luma.min(2), split)
}

//! What encoder and decoder know of a block before its symbols. Bit-exact.

use tintype_block::{Cell, PlaneState, energy_class};

/// Classes of a neighbourhood's energy.
pub const ENERGIES: usize = 9;

/// Context of one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockContext {
    /// 0 for blocks of 8, 1 for blocks of 16.
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
        Self {
            size: side / 8 - 1,
            energy: energy_class(edge, ENERGIES - 1),
            luma: luma.map_or(0, |luma| colocated_energy(luma, state, (x / 8, y / 8), side / 8)),
            left,
            above,
        }
    }
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
    let mut sum = 0u32;
    for y in cy..cy + span {
        let row = cells.row(scaled(y, cells.height(), own.height()));
        for x in cx..cx + span {
            sum += u32::from(row[scaled(x, row.len(), own.width())].energy);
        }
    }
    energy_class(sum, ENERGIES - 1)
}

/// Context of a superblock's split flag: energy left and above, and how many of the two
/// neighbours are split.
pub fn split_context(state: &PlaneState, (x, y): (usize, usize)) -> (usize, usize) {
    let split = |cell: &&Cell| cell.side == 8;
    let neighbours = state.neighbours(x, y);
    let count = neighbours.iter().flatten().filter(split).count();
    (BlockContext::of_block(state, None, (x, y), 16).energy, count)
}

//! The filter after the loop: a small convolutional network that mends decoded planes, with a
//! switch for each square of 64 × 64 samples.
//!
//! In: the decoded internal planes of a tile (luma, or luma and the two colour differences),
//! luma's step, and what luma's blocks were. Out: the planes with corrections added where the switch is on. Bit-exact:
//! 16-bit integers with 32-bit sums, alike at every SIMD level. The choice of switches is the
//! encoder's.
//!
//! | file | what |
//! |---|---|
//! | `network` | the layers: bytes, and one row at a time |
//! | `run` | a tile: rows through the layers |
//! | `switches` | on or off: coded, and chosen |
//!
//! Source: residual blocks of depthwise and pointwise layers (Howard et al. 2017, arXiv
//! 1704.04861); restoration after decoding with the step as an input (Zhang et al. 2018, arXiv
//! 1710.04026); docs/decisions/0067.

mod network;
mod run;
mod switches;
#[cfg(test)]
pub(crate) mod tests;

pub use network::{BlockLayers, Filter};
pub use run::Blocks;
pub(crate) use switches::{Switches, chosen, code_switches, switch_contexts};

use tintype_block::{Cell, PlaneKind, energy_class};
use tintype_image::Plane;

/// Channels between the blocks of the network.
pub const CHANNELS: usize = 32;
/// Channels inside a block.
pub const HIDDEN: usize = 64;
/// Most blocks of a network.
pub const BLOCKS_MAX: usize = 8;
/// Numbers of a position at the input: four samples of each of three planes, then [`SIDE_INPUTS`].
pub const INPUTS: usize = OUTPUTS + SIDE_INPUTS;
/// Numbers of a position that say what its block was: the step, whether it lies at an upright
/// edge and at a level edge of the block, the energy of the levels.
pub const SIDE_INPUTS: usize = 4;
/// Corrections of a position.
pub const OUTPUTS: usize = 12;
/// Luma's middle, which the input is centred on; internal units.
pub const MIDDLE: i16 = 2040;
/// An output stands for its product with luma's step, shifted by this, in internal units.
pub const OUTPUT_SHIFT: u32 = 12;

/// The network's input for a luma step in internal units: its logarithm to base 2 in 1/256,
/// linear between powers of two, less 7.
fn step_input(step: u16) -> i16 {
    let step = u32::from(step.max(1));
    let whole = step.ilog2();
    ((whole << 8) + (((step << 8) >> whole) & 255)) as i16 - 7 * 256
}

/// What the network is told of the blocks at row `y` of positions, from luma's `cells` and its
/// step in internal units.
pub fn side_inputs(
    cells: &Plane<Cell>,
    step: u16,
    y: usize,
) -> impl Iterator<Item = [i16; SIDE_INPUTS]> {
    /// Positions across a cell.
    const ACROSS: usize = 4;
    /// An edge.
    const EDGE: i16 = 512;
    let plain = step_input(step);
    let at_edge = move |place: usize, side: usize| [0, side - 1].contains(&(place % side));
    let of_cell = move |(cx, cell): (usize, &Cell)| {
        let side = usize::from(cell.side).max(8) / 2;
        let energy = energy_class(cell.energy.into(), 8) as i16;
        let level = if at_edge(y, side) { EDGE } else { 0 };
        // A step index is a quarter of an octave.
        let step = plain + 64 * i16::from(cell.step);
        std::array::from_fn::<_, ACROSS, _>(move |x| {
            let upright = if at_edge(ACROSS * cx + x, side) { EDGE } else { 0 };
            [step, upright, level, 128 * energy]
        })
    };
    cells.row(y / ACROSS).iter().enumerate().flat_map(of_cell)
}

/// How many planes, from the first on, the filter mends in a picture with planes of these
/// `kinds`: the three of RGB, the first of gray and of YCbCr pictures, none of others.
pub(crate) fn filtered_planes(kinds: &[PlaneKind]) -> usize {
    match kinds {
        [] => 0,
        [_, second, _, ..] if second.centred => 3,
        [_] | [_, _] => 1,
        [_, second, ..] => usize::from(second.chroma),
    }
}

//! The filter after the loop: a small convolutional network that mends decoded planes, with a
//! switch for each square of 64 × 64 samples.
//!
//! In: the decoded internal planes of a tile (luma, or luma and the two colour differences) and
//! luma's step. Out: the planes with corrections added where the switch is on. Bit-exact:
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
pub(crate) use switches::{Switches, chosen, code_switches, switch_contexts};

use tintype_block::PlaneKind;

/// Channels between the blocks of the network.
pub const CHANNELS: usize = 32;
/// Channels inside a block.
pub const HIDDEN: usize = 64;
/// Most blocks of a network.
pub const BLOCKS_MAX: usize = 8;
/// Numbers of a position at the input: four samples of each of three planes, the step, and one
/// that is 0.
pub const INPUTS: usize = 14;
/// Corrections of a position.
pub const OUTPUTS: usize = 12;
/// Luma's middle, which the input is centred on; internal units.
pub const MIDDLE: i16 = 2040;
/// An output stands for its product with luma's step, shifted by this, in internal units.
pub const OUTPUT_SHIFT: u32 = 12;

/// The network's input for a luma step in internal units: its logarithm to base 2 in 1/256,
/// linear between powers of two, less 7.
///
/// ```
/// use tintype_photo::filter::step_input;
/// assert_eq!([64, 96, 128, 1264].map(step_input), [-256, -128, 0, 828]);
/// ```
pub fn step_input(step: u16) -> i16 {
    let step = u32::from(step.max(1));
    let whole = step.ilog2();
    ((whole << 8) + (((step << 8) >> whole) & 255)) as i16 - 7 * 256
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

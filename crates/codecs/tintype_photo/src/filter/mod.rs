//! The filter after the loop: a linear filter with soft limits, learned from pictures, with a switch
//! for each square of 64 × 64 samples.
//!
//! In: the decoded internal planes of a tile (luma, or luma and the two colour differences), and
//! luma's steps. Out: the planes with corrections added where the switch is on. Bit-exact:
//! integers, alike at every SIMD level. The choice of switches is the encoder's.
//!
//! Every group of 4 × 4 samples has a class: how steep luma is around it against the step, in
//! which direction, and how large the step is. A class has one weight for each of
//! [`FEATURES`] features: of ten pairs of opposite neighbours, the sums of their differences from
//! the sample, each difference limited to a part of the step.
//!
//! | file | what |
//! |---|---|
//! | `weights` | the weights: bytes |
//! | `classes` | groups of samples to classes |
//! | `padded` | a plane with its edges repeated |
//! | `run` | a tile: features, corrections |
//! | `switches` | on or off: coded, and chosen |
//!
//! Source: filters trained by least squares for classes of content (Kondo and Kawaguchi, US patent 5,946,044,
//! 1999; Zhao, Kirenko and de Haan, "Coding artifact reduction using a classification-based filter",
//! 2006); limits on differences as in bilateral and directional enhancement filters (Midtskogen and
//! Valin, arXiv 1602.05975); docs/decisions/0081.

mod classes;
mod padded;
mod run;
mod switches;
#[cfg(test)]
pub(crate) mod tests;
mod weights;

pub use classes::{Blocks, Groups};
pub use padded::Padded;
pub use run::features;
pub(crate) use switches::{Switches, chosen, code_switches, switch_contexts};
pub use weights::Filter;

use tintype_block::PlaneKind;

/// Side of a group.
pub const GROUP: usize = 4;
/// Half of the neighbours (column, row); the others are opposite to them.
pub const TAPS: [(isize, isize); 10] =
    [(1, 0), (0, 1), (1, 1), (-1, 1), (2, 0), (0, 2), (2, 1), (-2, 1), (1, 2), (-1, 2)];
/// How far neighbours are, at most.
pub const REACH: usize = 2;
/// Limits of differences, in 1/64 of the step. On 13 crops of photos/valid luma gains
/// 0.2 dB; 2 and 4 limits 0.19 and 0.2, other ones no more; docs/lab/photo.md.
pub const LIMITS: [i32; 3] = [10, 32, 128];
/// Numbers of a sample that weights multiply: for each of [`TAPS`], one for each of [`LIMITS`].
pub const FEATURES: usize = TAPS.len() * LIMITS.len();
/// Classes of the step: octaves.
pub const STEPS: usize = 8;
/// Classes of steepness.
pub const ACTIVITIES: usize = 7;
/// Classes of direction: none, across, down, and the two diagonals.
pub const DIRECTIONS: usize = 5;
/// Classes of groups.
pub const CLASSES: usize = STEPS * ACTIVITIES * DIRECTIONS;
/// Sets of weights: of luma, and of the colour differences.
pub const SETS: usize = 2;
/// Fractional bits of a weight.
pub const WEIGHT_BITS: u32 = 10;

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

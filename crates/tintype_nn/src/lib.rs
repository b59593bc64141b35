//! Integer inference for trained codecs, bit-exact on every machine.
//!
//! A [`Network`] has [`Program`]s over [`FeatureMap`]s of 16-bit values: pointwise and
//! depthwise layers with 16-bit weights and 32-bit sums, named shifts, saturation where
//! stated. No floats, no platform-dependent order; the bound on sums is checked when a layer
//! is made. Bit-exact, except [`Gradient`]s, which only encoders use.
#![forbid(unsafe_code)]

mod apply;
mod depthwise;
mod error;
mod feature_map;
mod gradient;
mod kernel;
mod network;
mod network_bytes;
mod pointwise;
mod program;
mod step;

pub use depthwise::Depthwise;
pub use error::NnError;
pub use feature_map::{FeatureMap, Map};
pub use gradient::{Gradient, Traced};
pub use network::{Array, Network};
pub use pointwise::Pointwise;
pub use program::Program;
pub use step::{Kind, Step};

#[cfg(test)]
mod tests;

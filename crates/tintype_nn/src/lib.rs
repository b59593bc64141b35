//! Integer inference for trained codecs, alike on every machine.
//!
//! A [`ModelFile`] holds [`Program`]s over [`Map`]s of 16-bit values: dense and depthwise layers with 16-bit weights
//! and 32-bit sums, named shifts, saturation where stated. No floats, no platform-dependent order; sums are proven
//! when a layer is made. Bit-exact, but for [`Gradient`]s, which only encoders use.
#![forbid(unsafe_code)]

mod dense;
mod depthwise;
mod error;
mod gradient;
mod hash;
mod kernel;
mod map;
mod model_file;
mod program;

pub use dense::Dense;
pub use depthwise::Depthwise;
pub use error::NnError;
pub use gradient::{Gradient, Traced};
pub use hash::{Hash, hash};
pub use map::Map;
pub use model_file::{Array, ModelFile, ModelLimits};
pub use program::{Kind, Program, Step};

#[cfg(test)]
mod tests;

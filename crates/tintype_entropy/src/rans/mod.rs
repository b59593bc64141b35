//! Interleaved rANS: symbols under stored distributions, with several coder states in turn whose
//! work overlaps.
//!
//! In: symbols and bits in order, as a walk; the encoder keeps them and codes them backwards in
//! `finish`. Out: one string of bytes for all lanes. Symbol `i` belongs to lane `i mod LANES`. A
//! truncated code cannot be decoded; use the range coder where a prefix must decode.
//!
//! Bit-exact.
//!
//! Source: J. Duda, "Asymmetric numeral systems" (arXiv:1311.2540); interleaving after F. Giesen,
//! "Interleaved entropy coders" (arXiv:1402.3392).

mod decoder;
mod encoder;
mod split;

pub use decoder::RansDecoder;
pub use encoder::RansEncoder;
pub use split::{SplitDecoder, SplitEncoder};

use crate::symbols::PRECISION_MAX;

/// A state lies in `STATE_MIN..STATE_MIN << 32` between symbols, and at `STATE_MIN` before the
/// first one coded.
const STATE_MIN: u64 = 1 << 31;

#[cfg(test)]
mod tests;

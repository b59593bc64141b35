//! Adaptive binary range coding with mixed contexts.
//!
//! A model is written once, as a walk over [`BitWalk`]: over a [`BitEncoder`] it encodes, over a
//! [`BitDecoder`] it decodes, over a [`BitCost`] it counts. Probabilities are those of a 1 on a
//! scale of 16 bits, 1 to 65 535.
//!
//! Bit-exact: integers only.
//!
//! Source: range coding after G. N. N. Martin, "Range encoding" (1979); logistic mixing after M.
//! Mahoney, "Adaptive weighing of context models for lossless data compression" (2005). Widths,
//! truncation rule and tables are our own: docs/format/entropy.md.

mod adaptive;
mod cost;
mod decoder;
mod encoder;
mod frequency;
mod integer;
mod logistic;
mod mixer;
mod refined_mix;
mod sse;
#[cfg(test)]
mod tests;
mod walk;

pub use adaptive::{AdaptiveBit, TwoRateBit};
pub use cost::{BitCost, cost_q12};
pub use decoder::BitDecoder;
pub use encoder::{BitEncoder, BitMark};
pub use frequency::FrequencyWalk;
pub use integer::IntModel;
pub use logistic::{STRETCH_MAX, squash, stretch};
pub use mixer::{Mixer, move_weights};
pub use refined_mix::RefinedMix;
pub use sse::Sse;
pub use walk::BitWalk;

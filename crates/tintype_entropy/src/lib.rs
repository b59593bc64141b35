//! Entropy coding: turns symbols into bytes and back, exactly.
//!
//! [`binary`] holds the adaptive binary range coder, the walk that encodes, decodes and counts with one piece of
//! code, and the probability models for single bits. [`symbols`] has distributions over more than two symbols, [`rans`]
//! the fast coder for stored ones. [`huffman`] and [`golomb`] are prefix codes over the plain bits of [`bits`].
//! [`contract`] holds what every model is tested against.
//!
//! Everything in this crate is bit-exact: integers, fixed shifts, the same bytes on every machine.
#![forbid(unsafe_code)]

pub mod binary;
pub mod bits;
pub mod contract;
mod error;
pub mod golomb;
pub mod huffman;
pub mod rans;
pub mod symbols;

pub use binary::{
    AdaptiveBit, BitCost, BitDecoder, BitEncoder, BitMark, BitWalk, FrequencyWalk, IntModel, Mixer,
    Sse, TwoRateBit, cost_q12, squash, stretch,
};
pub use error::EntropyError;
pub use symbols::{AdaptiveNibble, CdfFamily, CdfTable, ProbabilitySource, SymbolWalk};

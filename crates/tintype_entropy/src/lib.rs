//! Entropy coding: turns symbols into bytes and back, exactly.
//!
//! [`binary`] holds the adaptive binary range coder, the walk that encodes, decodes and counts with one piece of
//! code, and the probability models for single bits.
//!
//! Everything in this crate is in the exact zone: integers, fixed shifts, the same bytes on every machine.
#![forbid(unsafe_code)]

pub mod binary;

pub use binary::{
    AdaptiveBit, BitCost, BitDecoder, BitEncoder, BitWalk, DualBit, IntModel, Mixer, Sse, cost_q12, squash, stretch,
};

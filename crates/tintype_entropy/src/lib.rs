//! Entropy coding: symbols to bytes and back.
//!
//! Everything here is bit-exact: integers and fixed shifts, the same bytes on every machine. The
//! format is described in docs/format/entropy.md, precisely enough to write a decoder from.
//!
//! # A model is written once
//!
//! A model is a function over [`BitWalk`]. It passes each bit it would encode and uses the bit it
//! gets back, so the same function encodes over a [`BitEncoder`], decodes over a [`BitDecoder`]
//! and counts bits over a [`BitCost`]:
//!
//! ```
//! use tintype_entropy::{AdaptiveBit, BitCost, BitDecoder, BitEncoder, BitWalk};
//!
//! /// Pixels of a black and white row, each under the context of the pixel before it.
//! fn row<W: BitWalk>(walk: &mut W, pixels: &mut [bool]) {
//!     let mut contexts = [AdaptiveBit::default(); 2];
//!     let mut left = false;
//!     for pixel in pixels {
//!         *pixel = contexts[usize::from(left)].code(walk, *pixel, 255);
//!         left = *pixel;
//!     }
//! }
//!
//! let mut pixels: Vec<bool> = (0..200).map(|x| x > 40 && x < 150).collect();
//! let (mut encoder, mut cost) = (BitEncoder::new(), BitCost::new());
//! row(&mut encoder, &mut pixels);
//! row(&mut cost, &mut pixels);
//! let bytes = encoder.finish();
//! assert!(bytes.len() < 10 && bytes.len().abs_diff(cost.len_bytes()) <= 1);
//!
//! let mut decoded = vec![false; 200];
//! row(&mut BitDecoder::whole(&bytes), &mut decoded);
//! assert_eq!(decoded, pixels);
//! ```
//!
//! # What there is
//!
//! * [`binary`]: the adaptive range coder, and models of single bits: [`AdaptiveBit`], the
//!   context mixer [`Mixer`],
//!   secondary symbol estimation [`Sse`], integers [`IntModel`].
//! * [`symbols`]: distributions over more symbols, stored ([`CdfTable`], [`CdfFamily`]) or adaptive
//!   ([`AdaptiveNibble`]). [`SymbolWalk`] codes them.
//! * [`rans`]: interleaved rANS, the faster coder for stored distributions.
//! * [`bits`], [`huffman`], [`golomb`]: plain bits and the prefix codes over them.
//! * [`contract`]: the tests that every distribution and every walk passes.
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
    RefinedMix, STRETCH_MAX, Sse, TwoRateBit, cost_q12, move_weights, squash, stretch,
};
pub use error::EntropyError;
pub use symbols::{AdaptiveNibble, CdfFamily, CdfTable, ProbabilitySource, SymbolWalk};

//! What block codecs share.
//!
//! A block codec cuts a picture into tiles and each plane of a tile into blocks, predicts a
//! block from its decoded neighbours, and codes what is left. The codecs differ in transform
//! and symbols. This crate has the rest:
//!
//! | step | here |
//! |---|---|
//! | samples ⇄ internal planes | [`internal_planes`], [`samples_from_internal`], [`PlaneKind`] |
//! | what a decoder knows beside a block | [`Border`]: 21 means of the decoded samples above and to the left |
//! | prediction and synthesis by fitted rows | [`Predictor`], [`add_row`], [`sample_from_sum`] |
//! | quantised levels → amplitudes | [`Dequantiser`], for trellis-coded ones [`TrellisState`], [`half_steps`] |
//! | a plane while it is coded | [`PlaneState`]: decoded samples, and a [`Cell`] for each 8 × 8 of them |
//! | decisions under adaptive contexts | [`ContextSet`], [`PairMixer`]; one walk over [`ContextWalk`] encodes, decodes or counts |
//! | the codec's header | [`StreamHeader`] |
//! | the model: built in, the user's, or sent | [`ModelSource`] |
//! | tiles and requests | [`encode_tiles`], [`lossy_quality`], [`require_full_size`] |
//! | rows of a model file | [`RowReader`], [`write_row`] |
//!
//! Everything that a decoder runs is bit-exact: integers, named rounding, no effect of SIMD
//! level or threads. The crate knows no codec and no container, and of models only their hash.
//!
//! # A codec's walk
//!
//! A codec writes its traversal of blocks and symbols once, as a function over [`ContextWalk`].
//! [`CodingWalk`] runs it over an encoder or a decoder and lets the contexts adapt;
//! [`FrozenWalk`] and [`EstimateWalk`] only count bits.
//!
//! ```
//! use tintype_block::{CodingWalk, ContextSet, ContextWalk, EstimateWalk};
//! use tintype_entropy::{BitDecoder, BitEncoder};
//!
//! /// A number below 4 under three contexts.
//! fn number<W: ContextWalk>(walk: &mut W, number: usize) -> usize {
//!     let high = walk.context_bit(number > 1, 0);
//!     2 * usize::from(high) + usize::from(walk.context_bit(number & 1 == 1, 1 + usize::from(high)))
//! }
//!
//! let mut contexts = ContextSet::new(3, 255);
//! let mut estimate = EstimateWalk::new(&contexts);
//! number(&mut estimate, 2);
//! assert!((estimate.bits() - 2.0).abs() < 0.01);
//!
//! let mut encoder = BitEncoder::new();
//! number(&mut CodingWalk { walk: &mut encoder, contexts: &mut contexts }, 2);
//! let bytes = encoder.finish();
//!
//! let mut contexts = ContextSet::new(3, 255);
//! let mut decoder = BitDecoder::whole(&bytes);
//! assert_eq!(number(&mut CodingWalk { walk: &mut decoder, contexts: &mut contexts }, 0), 2);
//! ```
#![forbid(unsafe_code)]

mod border;
mod contexts;
mod dequantise;
mod header;
mod internal;
mod linear;
mod model_rows;
mod model_source;
mod pair_mixer;
mod predictor;
mod prices;
mod state;
mod tiles;
mod trellis;

pub use border::{BORDER_INPUTS, Border};
pub use contexts::{CodingWalk, ContextSet, ContextWalk, Costs, EstimateWalk, FrozenWalk, bit_costs};
pub use dequantise::Dequantiser;
pub use header::StreamHeader;
pub use internal::{
    INTERNAL_MAX, PlaneKind, internal_planes, plane_kinds, sample_from_internal, samples_from_internal,
};
pub use linear::{add_row, sample_from_sum};
pub use model_rows::{ENTRY_BITS, RowReader, write_row};
pub use model_source::ModelSource;
pub use pair_mixer::PairMixer;
pub use predictor::{PairedRows, Predictor};
pub use prices::Prices;
pub use state::{Cell, PlaneState, energy_class, quarters};
pub use tiles::{encode_tiles, lossy_quality, require_full_size, tile_decoder};
pub use trellis::{STATES, TrellisState, half_steps};

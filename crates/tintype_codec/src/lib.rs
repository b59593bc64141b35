//! The codecs: [`Planes`](tintype_image::Planes) in, [`Payload`] out, and back.
//!
//! A codec knows samples and symbols; it knows no files. [`registry`] lists those that are built in.

pub mod cluster;
mod codec;
mod error;
mod fitted_rows;
pub mod jpeg;
mod lossless;
pub mod neural;
mod parallel;
pub mod pca;
pub mod planes;
mod rate;
mod sent_model;
mod shipped;
pub mod sparse;
mod tiles;
mod wavelet;

pub use codec::{
    Codec, CodecId, DecodeRequest, EncodeSettings, Payload, PayloadView, Run, Section, SectionKey, SectionView, Target,
    Tune, codec_from_model, is_built_in, registry, sending_codec_from_model,
};
pub use error::CodecError;
pub use lossless::Lossless;
pub use parallel::{map_indexed, map_items};
pub use rate::{Goal, Search};
pub use shipped::{ShippedModel, shipped_model};
pub use wavelet::Wavelet;

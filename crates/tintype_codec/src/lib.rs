//! The contract between codecs and those who call them.
//!
//! A [`Codec`] turns [`Planes`](tintype_image::Planes) into a [`Payload`] and back. It knows samples and symbols; it
//! knows neither files nor other codecs. Which codecs there are, the hall (crate `tintype`) knows.
//!
//! Beside the trait this crate has what every codec needs: errors ([`CodecError`]), work over threads
//! ([`map_indexed`]), pictures from tiles ([`decode_tiles`]), the curve from quality to step ([`QualityCurve`]), and,
//! behind the feature `contract`, the tests that every codec passes.
#![forbid(unsafe_code)]

mod codec;
#[cfg(feature = "contract")]
pub mod contract;
mod error;
mod parallel;
mod payload;
mod quality;
mod tiles;

pub use codec::{
    Capabilities, Codec, CodecId, DecodeRequest, EncodeSettings, ExecOptions, Target, Tune,
};
pub use error::{CodecError, Result};
pub use parallel::{map_indexed, map_items};
pub use payload::{Payload, PayloadView, Section, SectionKey, SectionView};
pub use quality::QualityCurve;
pub use tiles::{TileSection, decode_tiles, section_of, tile_grid, wants_tile};

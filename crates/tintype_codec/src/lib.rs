//! The contract between codecs and their callers.
//!
//! A [`Codec`] turns [`Planes`](tintype_image::Planes) into a [`Payload`] and back. It sees
//! samples and symbols, neither files nor other codecs. The list of codecs is in the crate
//! `tintype`.
//!
//! Besides the trait, this crate has what every codec needs:
//!
//! * [`CodecError`], the errors;
//! * [`Capabilities`], by which callers decide what to ask for;
//! * [`map_indexed`], independent work on several threads;
//! * [`decode_tiles`], the tile driver;
//! * [`QualityCurve`], from quality to quantiser step;
//! * `contract` (a feature), the tests that every codec passes.
//!
//! A codec that stores samples as bytes:
//!
//! ```
//! use tintype_codec::*;
//! use tintype_image::{Planes, Shape, planes_cropped};
//!
//! struct Raw;
//!
//! impl Codec for Raw {
//!     fn id(&self) -> CodecId {
//!         CodecId::new(250, "raw")
//!     }
//!
//!     fn capabilities(&self) -> Capabilities {
//!         Capabilities { lossless: true, ..Capabilities::default() }
//!     }
//!
//!     fn encode(&self, source: &Planes, _: &EncodeSettings, _: &Exec) -> Result<Payload> {
//!         let samples = source.planes.iter().flat_map(|plane| plane.rows().flatten());
//!         let bytes = samples.flat_map(|sample| sample.to_le_bytes()).collect();
//!         Ok(Payload::from_tiles(Vec::new(), [bytes]))
//!     }
//!
//!     fn decode(
//!         &self,
//!         payload: &PayloadView<'_>,
//!         request: &DecodeRequest,
//!         exec: &Exec,
//!     ) -> Result<Planes> {
//!         payload.shape.check(&exec.limits)?;
//!         if request.scale_log2 != 0 {
//!             return Err(CodecError::Unsupported { what: "scales of raw samples".into() });
//!         }
//!         let mut words = section_of(payload, 0)?.bytes.chunks_exact(2);
//!         let mut planes = Planes::new(payload.shape.clone());
//!         for plane in &mut planes.planes {
//!             for y in 0..plane.height() {
//!                 for sample in plane.row_mut(y) {
//!                     let word = words.next().ok_or(CodecError::Truncated { needed: 2 })?;
//!                     *sample = u16::from_le_bytes([word[0], word[1]]);
//!                 }
//!             }
//!         }
//!         Ok(planes_cropped(&planes, request.region.unwrap_or(payload.shape.region()))?)
//!     }
//! }
//!
//! let source = Planes::new(Shape::gray(5, 4, 8));
//! let payload = Raw.encode(&source, &EncodeSettings::default(), &Exec::default())?;
//! let view = payload.view(&source.shape);
//! let decoded = Raw.decode(&view, &DecodeRequest::default(), &Exec::default())?;
//! assert_eq!(decoded, source);
//! # Ok::<(), CodecError>(())
//! ```
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
    Capabilities, Codec, CodecId, CodedPart, DecodeRequest, EncodeSettings, Exec, StreamModel, Target,
    Tune,
};
pub use error::{CodecError, Result};
pub use parallel::{map_indexed, map_items};
pub use payload::{Payload, PayloadView, Section, SectionKey, SectionView};
pub use quality::QualityCurve;
pub use tiles::{TileSection, decode_tiles, requested_region, section_of, tile_grid, wants_tile};

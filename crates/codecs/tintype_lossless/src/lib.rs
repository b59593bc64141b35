//! Codec `lossless`: every sample predicted from its causal neighbours, residuals coded under
//! mixed contexts.
//!
//! In: [`Planes`] of any shape (1 to 32 planes of 1 to 16 bits, each perhaps subsampled). Out:
//! a [`Payload`] with one section for each tile of 1024 × 1024 pixels. Tiles are independent,
//! so that threads and regions read only their own. [`Target::Lossless`] is the only target.
//!
//! A tile is coded in one of seven kinds, each a `…_walk` module. Efforts stand for rungs of a
//! ladder (module `rung`): instant (1, 2), quick (3, 4), blend (5, 6), fitted (7, 8) and dense (9) for
//! photographs; repeats (1 to 4) and colours (5 to 9) where screen content is likely. The first
//! two stand on tables that are sent before each tile's code, the others on statistics that adapt.
//!
//! Bit-exact, all of it: integers, and in some modules `f32` additions, multiplications and
//! divisions in a fixed order, which IEEE 754 defines to the bit (decision record 0001).
//! Source: X. Wu and N. Memon, CALIC (1997) for error contexts; M. Mahoney's logistic mixing;
//! docs/format/lossless.md.

mod activity;
mod bias;
mod blend;
mod blend_walk;
mod colour_walk;
mod colours;
mod context_mixer;
mod decision_tree;
mod decode;
mod dense_contexts;
mod dense_walk;
mod encode;
mod features;
mod fitted_walk;
mod frequency;
mod header;
mod instant_walk;
mod kind_choice;
mod least_squares;
mod logistic;
mod match_model;
mod packing;
mod padded_plane;
mod pixel_walk;
mod predictor;
mod quick_walk;
mod repeat_walk;
mod rung;
mod static_code;
mod static_tables;
mod tile;
mod token;
mod two_levels;

#[cfg(test)]
mod page;
#[cfg(test)]
mod pixel_walk_twin;
#[cfg(test)]
mod tests;

use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView,
    Result, SectionKey, Target, wants_tile,
};
use tintype_image::{Planes, Shape};

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(3, "lossless");

/// The codec.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lossless;

impl Codec for Lossless {
    fn id(&self) -> CodecId {
        ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { lossless: true, ..Capabilities::default() }
    }

    fn encode(&self, source: &Planes, settings: &EncodeSettings, exec: &Exec) -> Result<Payload> {
        if settings.target != Target::Lossless {
            let what = "codec lossless has no target but lossless".into();
            return Err(CodecError::Unsupported { what });
        }
        encode::encode(source, settings.effort.clamp(1, 9), exec)
    }

    fn wants(&self, shape: &Shape, bytes: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
        let Ok(header) = header::Header::from_bytes(bytes) else { return true };
        wants_tile(&header.tiles(shape), key, request)
    }

    fn decode(&self, payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Planes> {
        decode::decode(payload, request, exec)
    }
}

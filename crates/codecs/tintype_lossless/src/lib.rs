//! Codec `lossless`: every sample predicted from its causal neighbours, residuals coded under mixed contexts.
//!
//! In: [`Planes`] of any shape (1 to 32 planes of 1 to 16 bits, each perhaps subsampled). Out: a [`Payload`] with one
//! section a tile of 1024 × 1024 pixels; tiles are independent, so that threads and regions need no more than theirs.
//! Nothing is ever lost: [`Target::Lossless`] is the only target.
//!
//! Bit-exact, all of it. Integers, and where `walk` or `dense` say so `f32` additions, multiplications, divisions in
//! a fixed order, which IEEE 754 defines to the bit (decision record 0001).
//! Source: X. Wu and N. Memon, CALIC (1997) for error contexts; M. Mahoney's logistic mixing; docs/format/lossless.md.

mod blend;
mod choose;
mod counts;
mod decode;
mod dense;
mod encode;
mod grid;
mod header;
mod memory;
mod opinions;
mod quick;
mod remap;
mod screen;
mod spread;
mod squares;
mod tile;
mod tree;
mod walk;

#[cfg(test)]
mod tests;

use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, ExecOptions, Payload,
    PayloadView, Result, SectionKey, Target,
};
use tintype_image::{Planes, Shape};

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(3, "lossless");

/// The codec. Efforts 1 to 3 are quick, 4 to 6 the default walk, 7 to 9 the dense one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lossless;

impl Codec for Lossless {
    fn id(&self) -> CodecId {
        ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { lossless: true, ..Capabilities::default() }
    }

    fn encode(
        &self,
        source: &Planes,
        settings: &EncodeSettings,
        exec: &ExecOptions,
    ) -> Result<Payload> {
        if settings.target != Target::Lossless {
            return Err(CodecError::Unsupported {
                what: "codec lossless has no target but lossless".into(),
            });
        }
        encode::encode(source, settings.effort.clamp(1, 9), exec)
    }

    fn wants(
        &self,
        shape: &Shape,
        header: &[u8],
        key: SectionKey,
        request: &DecodeRequest,
    ) -> bool {
        match (header::Header::read(header), request.region) {
            (Ok(header), Some(region)) => {
                header::touches(&header.grid(shape), key.tile as usize, &region)
            }
            _ => true,
        }
    }

    fn decode(
        &self,
        payload: &PayloadView<'_>,
        request: &DecodeRequest,
        exec: &ExecOptions,
    ) -> Result<Planes> {
        let shape = payload.shape;
        decode::decode(shape, payload, request, exec)
    }
}

//! Wavelet codec: one embedded stream from a few bytes to lossless.
//!
//! In: planes of any shape. Out: a payload with a section for each (tile, layer): quality
//! layers outside, resolution groups inside. Any prefix of it decodes. Lossy: 9/7 transform of
//! RGB under a rotation fitted to the picture, dead-zone quantiser. Lossless: integer 5/3 of
//! YCoCg-R. Bit-planes are coded in blocks of 4 × 4 by an adaptive binary range coder.
//!
//! Never: uses a model beyond the tables in this crate, or reads `EncodeSettings::tune`: the
//! encoder minimises squared error under either tuning.
//!
//! Bit-exact: all from symbols to payload (`walk`, `model`, `band`), lossless reconstruction;
//! lossy reconstruction is single-precision arithmetic in a fixed order and bit-exact too.
//!
//! Source: bit-planes and their order after Taubman, High performance scalable image
//! compression with EBCOT (2000); zero blocks after Hsiang and Woods, Embedded image coding
//! using zeroblocks (2000); contexts from weighted neighbours after Wu, ECECOW (1997). See
//! docs/format/wavelet.md.

mod band;
mod colour;
mod decode;
mod encode;
mod fit;
mod header;
mod layout;
mod model;
#[cfg(test)]
mod page;
mod quality;
mod quantise;
mod rdo;
#[cfg(test)]
mod tests;
mod walk;

use header::Header;
use layout::tiles;
use tintype_codec::{
    Capabilities, Codec, CodecId, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView, Result,
    SectionKey, wants_tile,
};
use tintype_image::{Planes, Shape};

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(2, "wavelet");

/// The wavelet codec.
#[derive(Clone, Copy, Debug)]
pub struct Wavelet;

impl Wavelet {
    /// Fits the probabilities that streams start from to `pictures`, each coded at every
    /// quality. Returns the file `priors.bin` of this crate's source; changing it changes the
    /// format.
    ///
    /// # Errors
    /// As [`Codec::encode`].
    pub fn fit_priors(pictures: &[Planes], qualities: &[f32], exec: &Exec) -> Result<Vec<u8>> {
        fit::fit_priors(pictures, qualities, exec)
    }
}

impl Codec for Wavelet {
    fn id(&self) -> CodecId {
        ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            lossy: true,
            lossless: true,
            scales: true,
            embedded: true,
            ..Capabilities::default()
        }
    }

    fn encode(&self, source: &Planes, settings: &EncodeSettings, exec: &Exec) -> Result<Payload> {
        encode::encode(source, settings, exec)
    }

    fn wants(&self, shape: &Shape, bytes: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
        let Ok(header) = Header::from_bytes(bytes) else { return true };
        let groups = u32::from(header.groups);
        let (layer, group) = (key.layer / groups, key.layer % groups);
        let grid = tiles((shape.width_px, shape.height_px), &header);
        layer < request.layers.unwrap_or(u32::MAX)
            && group < u32::from(header.groups_for_scale(request.scale_log2))
            && wants_tile(&grid, key, request)
    }

    fn keeps_all(&self, _shape: &Shape, header: &[u8]) -> Option<bool> {
        let lossy = Header::from_bytes(header).is_ok_and(|header| !header.lossless);
        lossy.then_some(false)
    }

    fn truncate(&self, payload: &Payload, bytes: usize) -> Option<Payload> {
        let mut left = bytes;
        let mut sections = Vec::new();
        for section in &payload.sections {
            let mut section = section.clone();
            let whole = section.bytes.len() <= left;
            section.bytes.truncate(left);
            left -= section.bytes.len();
            sections.push(section);
            if !whole {
                break;
            }
        }
        Some(Payload { header: payload.header.clone(), sections })
    }

    fn decode(&self, payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Planes> {
        decode::decode(payload, request, exec)
    }
}

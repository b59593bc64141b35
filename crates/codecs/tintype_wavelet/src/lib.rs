//! Wavelet codec: one embedded stream from a few bytes to lossless.
//!
//! In: planes of any shape. Out: a payload whose sections are (tile, layer), quality layers outside and resolution
//! groups inside, of which any prefix decodes. Lossy: 9/7 transform of RGB rotated to fit the picture, dead-zone
//! quantiser; lossless: integer 5/3 of YCoCg-R. Bit-planes are coded in blocks by a binary range coder with mixed
//! contexts.
//!
//! Bit-exact: all from symbols to payload (`walk`, `model`, `grid`), lossless reconstruction; lossy reconstruction is
//! single-precision arithmetic in a fixed order and bit-exact too.
//!
//! Source: bit-planes and their order after Taubman, High performance scalable image compression with EBCOT (2000);
//! zero blocks after Hsiang and Woods, Embedded image coding using zeroblocks (2000); contexts from weighted neighbours
//! after Wu, ECECOW (1997); logistic mixing after Mahoney (2005). See docs/format/wavelet.md.

mod colour;
mod decode;
mod encode;
mod grid;
mod header;
mod layout;
mod model;
mod quantise;
mod rate;
#[cfg(test)]
mod tests;
mod trim;
mod walk;

use header::Header;
use layout::Tiling;
use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, ExecOptions, Payload,
    PayloadView, Result, SectionKey,
};
use tintype_image::{Planes, Shape};

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(2, "wavelet");

/// The wavelet codec.
#[derive(Clone, Copy, Debug)]
pub struct Wavelet;

impl Wavelet {
    /// Fits the probabilities that streams start from to `pictures`, each coded at every quality; the answer is the
    /// file `priors.bin` of this codec's source. Changing it changes the format.
    ///
    /// # Errors
    /// As [`Codec::encode`].
    pub fn fit_priors(
        pictures: &[Planes],
        qualities: &[f32],
        exec: &ExecOptions,
    ) -> Result<Vec<u8>> {
        encode::fit_priors(pictures, qualities, exec)
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

    fn encode(
        &self,
        source: &Planes,
        settings: &EncodeSettings,
        exec: &ExecOptions,
    ) -> Result<Payload> {
        source.shape.check(&exec.limits).map_err(|e| CodecError::Misuse { what: e.to_string() })?;
        encode::encode(source, settings, exec)
    }

    fn wants(
        &self,
        shape: &Shape,
        header: &[u8],
        key: SectionKey,
        request: &DecodeRequest,
    ) -> bool {
        let Ok(header) = Header::from_bytes(header) else { return true };
        let (layer, group) =
            (key.layer / u32::from(header.groups), key.layer % u32::from(header.groups));
        let (tiling, tile) = (Tiling::new(shape, &header), key.tile as usize);
        layer < request.layers.unwrap_or(u32::MAX)
            && group < u32::from(header.groups_for_scale(request.scale_log2))
            && request
                .region
                .is_none_or(|r| tile >= tiling.count() || tiling.region(tile).intersects(r))
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

//! Codec `planes`: pictures of many planes, each group of planes under the codec that suits it.
//!
//! In: planes of any shape. Out: one payload with the payloads of the groups. The encoder
//! makes one of three groupings: colour, lossy or not, with depth beside it without loss; lossy
//! colour with opacity beside it without loss; or bands, decorrelated by a spectral
//! Karhunen–Loève transform, under one codec. The codecs of
//! the groups are handed to [`ManyPlanes::new`].
//!
//! The transform is in whole numbers and undone exactly (`LiftedBasis` of
//! `tintype_transform`), so that it serves lossless coding as well as lossy coding. Bit-exact
//! as far as the inner codecs are. The fit of the transform is float, and its result is part
//! of the header.
//!
//! [`within_error`] prepares planes for lossless coding with a bounded error; the stream does
//! not record it.
//!
//! Source: Hao and Shi 2001 (lifted matrices); P. Hao, Q. Shi, "Reversible integer KLT for
//! progressive-to-lossless compression of multiple component images", 2003; our own format,
//! docs/format/planes.md.

mod bounded;
mod cursor;
mod decode;
mod depth;
mod encode;
mod groups;
mod guide;
mod header;
mod neighbours;
mod spectral;
#[cfg(test)]
mod tests;
mod values;

pub use bounded::within_error;

use encode::{code_groups, payload_of};
use header::Header;
use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView,
    Result, SectionKey, StreamModel,
};
use tintype_image::{Planes, Shape};

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(8, "planes");

/// Layers of each group: group `g` has those from `512 g` on.
const GROUP_LAYERS: u32 = 512;
/// The most groups.
const GROUPS_MAX: usize = 8;

/// The codec, over the two that code its groups.
///
/// No group holds groups: a small file could nest without end.
#[derive(Clone, Copy)]
pub struct ManyPlanes {
    lossy: &'static dyn Codec,
    lossless: &'static dyn Codec,
    /// Tried before `lossy` for colours beside opacity.
    photo: Option<&'static dyn Codec>,
}

impl ManyPlanes {
    /// Groups whose samples may change are coded by `lossy`, the others by `lossless`.
    pub const fn new(lossy: &'static dyn Codec, lossless: &'static dyn Codec) -> Self {
        Self { lossy, lossless, photo: None }
    }

    /// Colours beside opacity are coded by `photo` where it takes them.
    pub const fn with_photo(self, photo: &'static dyn Codec) -> Self {
        Self { photo: Some(photo), ..self }
    }

    fn inner_codecs(&self) -> impl Iterator<Item = &'static dyn Codec> {
        [Some(self.lossy), Some(self.lossless), self.photo].into_iter().flatten()
    }

    fn header(&self, bytes: &[u8], shape: &Shape) -> Result<Header> {
        let known: Vec<CodecId> = self.inner_codecs().map(|codec| codec.id()).chain([ID]).collect();
        Header::from_bytes(bytes, shape, &known)
    }

    fn inner(&self, id: CodecId) -> Result<&'static dyn Codec> {
        self.inner_codecs()
            .find(|codec| codec.id() == id)
            .ok_or_else(|| CodecError::Unsupported { what: format!("codec {id} for a group of planes") })
    }
}

impl Codec for ManyPlanes {
    fn id(&self) -> CodecId {
        ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { lossy: true, lossless: true, ..Capabilities::default() }
    }

    fn encode(&self, source: &Planes, settings: &EncodeSettings, exec: &Exec) -> Result<Payload> {
        source.shape.check(&exec.limits)?;
        payload_of(code_groups(self, source, settings, exec)?)
    }

    fn stream_model(&self, shape: &Shape, header: &[u8]) -> Option<StreamModel> {
        let groups = self.header(header, shape).ok()?.groups;
        groups.iter().filter(|group| group.codec != ID).find_map(|group| {
            self.inner(group.codec).ok()?.stream_model(&group.coded_shape(shape), &group.inner_header)
        })
    }

    fn wants(&self, shape: &Shape, header: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
        let Ok(header) = self.header(header, shape) else { return true };
        let Some(group) = header.groups.get((key.layer / GROUP_LAYERS) as usize) else {
            return true;
        };
        if header.groups.iter().any(|g| g.codec == ID) {
            return true;
        }
        let Ok(codec) = self.inner(group.codec) else { return true };
        let key = SectionKey { layer: key.layer % GROUP_LAYERS, ..key };
        codec.wants(&group.coded_shape(shape), &group.inner_header, key, request)
    }

    fn keeps_all(&self, shape: &Shape, header: &[u8]) -> Option<bool> {
        let groups = self.header(header, shape).ok()?.groups;
        let kept = groups.iter().map(|group| match group.codec {
            ID => Some(true),
            id => self.inner(id).ok()?.keeps_all(&group.coded_shape(shape), &group.inner_header),
        });
        let kept: Vec<Option<bool>> = kept.collect();
        // One that loses is enough; else all must be known to keep.
        if kept.contains(&Some(false)) {
            return Some(false);
        }
        kept.iter().all(|group| *group == Some(true)).then_some(true)
    }

    fn decode(&self, payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Planes> {
        decode::decode(self, payload, request, exec)
    }
}

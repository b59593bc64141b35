//! Codec `planes`: pictures of many planes, each group of planes under the codec that suits it.
//!
//! In: planes of any shape. Out: one payload that holds the payloads of the groups. Two groupings are made today: colour lossy with depth
//! and other planes of the picture beside it without loss; and bands, turned by a spectral Karhunen–Loève transform, under one codec.
//!
//! The transform is in whole numbers and undone exactly ([`tintype_transform::LiftedBasis`]), so it serves lossless coding as well as
//! lossy coding. Exact zone as far as the codecs within are. The fit of the transform is float; it is written down.
//!
//! [`within_error`] prepares planes for lossless coding with a bounded error: nothing in the stream tells of it.
//!
//! Source: Hao and Shi 2001 (lifted matrices); P. Hao, Q. Shi, "Reversible integer KLT for progressive-to-lossless compression
//! of multiple component images", 2003; our own format, docs/format/planes.md.

mod bounded;
mod groups;
mod header;
mod spectral;
#[cfg(test)]
mod tests;

pub use bounded::within_error;

use crate::{
    Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, Payload, PayloadView, Run, Section, SectionKey,
    SectionView, Target, registry,
};
use groups::{group_planes, put_group};
use header::{Group, Header};
use spectral::Spectral;
use tintype_image::{PlaneRole, Planes, Shape};

/// Layers that each group has to itself.
const GROUP_LAYERS: u32 = 512;
/// The most groups.
const GROUPS_MAX: usize = 8;

/// The codec.
#[derive(Clone, Copy, Debug, Default)]
pub struct ManyPlanes;

fn inner(id: CodecId) -> Result<&'static dyn Codec, CodecError> {
    // A group within a group would let a small file nest without end.
    let allowed = !matches!(id, CodecId::Planes | CodecId::Jpeg);
    registry(id)
        .filter(|_| allowed)
        .ok_or_else(|| CodecError::Unsupported { what: format!("codec {} for a group of planes", id.name()) })
}

/// One group coded.
struct CodedGroup {
    group: Group,
    sections: Vec<Section>,
}

impl CodedGroup {
    fn len_bytes(&self) -> usize {
        self.group.inner_header.len() + self.sections.iter().map(|s| s.bytes.len()).sum::<usize>()
    }
}

/// Codes the planes of `mask`, through the transform if one is given.
fn code_group(
    source: &Planes,
    mask: u32,
    codec: CodecId,
    spectral: Option<Spectral>,
    settings: &EncodeSettings,
    run: &Run,
) -> Result<CodedGroup, CodecError> {
    let mut planes = group_planes(source, mask);
    if let Some(spectral) = &spectral {
        planes = spectral.forward(&planes, run.level);
    }
    let payload = inner(codec)?.encode(&planes, settings, run)?;
    let group = Group { codec, mask, spectral, inner_header: payload.header };
    Ok(CodedGroup { group, sections: payload.sections })
}

impl Codec for ManyPlanes {
    fn id(&self) -> CodecId {
        CodecId::Planes
    }

    fn scales(&self) -> bool {
        false
    }

    fn encode(&self, source: &Planes, settings: &EncodeSettings, run: &Run) -> Result<Payload, CodecError> {
        let shape = &source.shape;
        shape.check(&run.limits).map_err(|error| CodecError::Misuse { what: error.to_string() })?;
        let all = (0..shape.planes.len()).fold(0u32, |mask, i| mask | 1 << i);
        let exact = EncodeSettings { target: Target::Lossless, ..settings.clone() };
        let lossless = settings.target == Target::Lossless;
        let depths = (0..shape.planes.len())
            .filter(|&i| shape.planes[i].role == PlaneRole::Depth)
            .fold(0u32, |mask, i| mask | 1 << i);
        let mut coded = Vec::new();
        if !lossless && depths != 0 {
            let rest = all & !depths;
            if rest != 0 {
                coded.push(code_group(source, rest, CodecId::Wavelet, None, settings, run)?);
            }
            coded.push(code_group(source, depths, CodecId::Lossless, None, &exact, run)?);
        } else {
            let codec = if lossless { CodecId::Lossless } else { CodecId::Wavelet };
            let plain = |spectral| code_group(source, all, codec, spectral, settings, run);
            let turned = Spectral::fit(source).map(|spectral| plain(Some(spectral))).transpose()?;
            coded.push(match turned {
                // Lossy sizes cannot be compared without their errors; the transform is never worse by more than rounding.
                Some(turned) if !lossless => turned,
                Some(turned) => {
                    let as_is = plain(None)?;
                    if turned.len_bytes() + turned.group.spectral_len() < as_is.len_bytes() { turned } else { as_is }
                }
                None => plain(None)?,
            });
        }
        let mut sections = Vec::new();
        for (number, coded) in coded.iter_mut().enumerate() {
            for section in coded.sections.drain(..) {
                if section.key.layer >= GROUP_LAYERS {
                    let what = format!("layer {} of a group of planes", section.key.layer);
                    return Err(CodecError::Unsupported { what });
                }
                let layer = section.key.layer + number as u32 * GROUP_LAYERS;
                sections.push(Section { key: SectionKey { layer, ..section.key }, bytes: section.bytes });
            }
        }
        let header = Header { groups: coded.into_iter().map(|c| c.group).collect() };
        Ok(Payload { header: header.to_bytes(), sections })
    }

    fn wants(&self, shape: &Shape, header: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
        let Ok(header) = Header::from_bytes(header, shape) else { return true };
        let Some(group) = header.groups.get((key.layer / GROUP_LAYERS) as usize) else { return true };
        let Ok(codec) = inner(group.codec) else { return true };
        let key = SectionKey { layer: key.layer % GROUP_LAYERS, ..key };
        codec.wants(&group.coded_shape(shape), &group.inner_header, key, request)
    }

    fn decode(
        &self,
        shape: &Shape,
        payload: &PayloadView<'_>,
        request: &DecodeRequest,
        run: &Run,
    ) -> Result<Planes, CodecError> {
        if request.scale_log2 != 0 {
            return Err(CodecError::Unsupported { what: "planes decode at full size only".into() });
        }
        let header = Header::from_bytes(payload.header, shape)?;
        let mut out: Option<Planes> = None;
        for (number, group) in header.groups.iter().enumerate() {
            let own = |s: &&SectionView<'_>| (s.key.layer / GROUP_LAYERS) as usize == number;
            let sections = payload
                .sections
                .iter()
                .filter(own)
                .map(|s| SectionView { key: SectionKey { layer: s.key.layer % GROUP_LAYERS, ..s.key }, ..*s });
            let view =
                PayloadView { header: &group.inner_header, sections: sections.collect(), cut_off: payload.cut_off };
            let coded = group.coded_shape(shape);
            coded.check(&run.limits).map_err(|error| CodecError::Malformed { what: error.to_string(), at: 0 })?;
            let mut planes = inner(group.codec)?.decode(&coded, &view, request, run)?;
            if let Some(spectral) = &group.spectral {
                planes = spectral.inverse(&planes, shape, run.level);
            }
            let whole = out.get_or_insert_with(|| {
                let size = (planes.shape.width_px, planes.shape.height_px);
                Planes::new(Shape { width_px: size.0, height_px: size.1, ..shape.clone() })
            });
            put_group(whole, &planes, group.mask);
        }
        out.ok_or_else(|| CodecError::Malformed { what: "no groups of planes".into(), at: 0 })
    }
}

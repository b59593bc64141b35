//! Codec `planes`: pictures of many planes, each group of planes under the codec that suits it.
//!
//! In: planes of any shape. Out: one payload that holds the payloads of the groups. Two groupings are made today: colour lossy with depth
//! and other planes of the picture beside it without loss; and bands, turned by a spectral Karhunen–Loève transform, under one codec.
//!
//! The transform is in whole numbers and undone exactly (`LiftedBasis` of `tintype_transform`), so it serves lossless coding as well as
//! lossy coding. Bit-exact as far as the codecs within are. The fit of the transform is float; it is written down.
//!
//! [`within_error`] prepares planes for lossless coding with a bounded error: nothing in the stream tells of it.
//!
//! Source: Hao and Shi 2001 (lifted matrices); P. Hao, Q. Shi, "Reversible integer KLT for progressive-to-lossless compression
//! of multiple component images", 2003; our own format, docs/format/planes.md.

mod bounded;
mod depth;
mod groups;
mod header;
mod spectral;
#[cfg(test)]
mod tests;

pub use bounded::within_error;

use depth::DepthWalk;
use groups::{group_planes, put_group};
use header::{Group, Header};
use spectral::Spectral;
use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, ExecOptions, Payload,
    PayloadView, Result, Section, SectionKey, SectionView, Target,
};
use tintype_entropy::{BitDecoder, BitEncoder};
use tintype_image::{ColourModel, Plane, PlaneRole, Planes, Shape, planes_cropped};

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(8, "planes");

/// Layers that each group has to itself.
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
}

impl ManyPlanes {
    /// Groups whose samples may change are coded by `lossy`, the others by `lossless`.
    pub const fn new(lossy: &'static dyn Codec, lossless: &'static dyn Codec) -> Self {
        Self { lossy, lossless }
    }

    fn header(&self, bytes: &[u8], shape: &Shape) -> Result<Header> {
        Header::from_bytes(bytes, shape, &[self.lossy.id(), self.lossless.id(), ID])
    }

    fn inner(&self, id: CodecId) -> Result<&'static dyn Codec> {
        let found = [self.lossy, self.lossless].into_iter().find(|codec| codec.id() == id);
        found.ok_or_else(|| CodecError::Unsupported {
            what: format!("codec {id} for a group of planes"),
        })
    }
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
    codec: &dyn Codec,
    spectral: Option<Spectral>,
    settings: &EncodeSettings,
    exec: &ExecOptions,
) -> Result<CodedGroup> {
    let mut planes = group_planes(source, mask);
    if let Some(spectral) = &spectral {
        planes = spectral.forward(&planes, exec.level);
    }
    let payload = codec.encode(&planes, settings, exec)?;
    let group = Group { codec: codec.id(), mask, spectral, inner_header: payload.header };
    Ok(CodedGroup { group, sections: payload.sections })
}

/// The picture as a decoder has it after the first group.
fn decoded_group(
    codec: &dyn Codec,
    source: &Planes,
    coded: &CodedGroup,
    exec: &ExecOptions,
) -> Result<Planes> {
    let sections =
        coded.sections.iter().map(|s| SectionView { key: s.key, bytes: &s.bytes, complete: true });
    let shape = &coded.group.coded_shape(&source.shape);
    let view = PayloadView {
        shape,
        header: &coded.group.inner_header,
        sections: sections.collect(),
        cut_off: false,
    };
    let planes = codec.decode(&view, &DecodeRequest::default(), exec)?;
    let mut whole = Planes::new(source.shape.clone());
    put_group(&mut whole, &planes, coded.group.mask);
    Ok(whole)
}

/// The plane of `decoded` that tells a depth plane of `size` most about edges, and its depth in bits.
fn guide_of(decoded: &Planes, mask: u32, size: (usize, usize)) -> Option<(&Plane<u16>, u32)> {
    // Of three colours the second: green, or what stands for it.
    let colours = decoded.shape.colour_planes();
    let index = if colours == 3 && decoded.shape.colour == ColourModel::Rgb { 1 } else { 0 };
    let plane = decoded
        .planes
        .get(index)
        .filter(|p| mask >> index & 1 == 1 && (p.width(), p.height()) == size)?;
    Some((plane, u32::from(decoded.shape.planes[index].bit_depth)))
}

/// Codes one depth plane by the walk of its own; `decoded` holds the planes of `mask`, which a decoder has by then.
fn code_depth(source: &Planes, index: usize, decoded: &Planes, mask: u32) -> Result<CodedGroup> {
    let mut plane = source.planes[index].clone();
    let guide = guide_of(decoded, mask, (plane.width(), plane.height()));
    let mut encoder = BitEncoder::new();
    DepthWalk::run(
        &mut encoder,
        &mut plane,
        u32::from(source.shape.planes[index].bit_depth),
        guide,
    )?;
    let group = Group { codec: ID, mask: 1 << index, spectral: None, inner_header: Vec::new() };
    let sections = vec![Section { key: SectionKey { tile: 0, layer: 0 }, bytes: encoder.finish() }];
    Ok(CodedGroup { group, sections })
}

/// Decodes what [`code_depth`] coded, whole.
fn decode_depth(
    shape: &Shape,
    index: usize,
    sections: &[SectionView<'_>],
    decoded: Option<(&Planes, u32)>,
) -> Result<Plane<u16>> {
    let Some(SectionView { bytes, complete: true, .. }) = sections.first() else {
        return Err(CodecError::Truncated { needed: 1 });
    };
    let (width, height) = shape.plane_size(index);
    let mut plane = Plane::new(width, height);
    let guide = decoded.and_then(|(planes, mask)| guide_of(planes, mask, (width, height)));
    let mut decoder = BitDecoder::whole(bytes);
    DepthWalk::run(&mut decoder, &mut plane, u32::from(shape.planes[index].bit_depth), guide)?;
    Ok(plane)
}

impl Codec for ManyPlanes {
    fn id(&self) -> CodecId {
        ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { lossy: true, lossless: true, ..Capabilities::default() }
    }

    fn encode(
        &self,
        source: &Planes,
        settings: &EncodeSettings,
        exec: &ExecOptions,
    ) -> Result<Payload> {
        let shape = &source.shape;
        shape
            .check(&exec.limits)
            .map_err(|error| CodecError::Misuse { what: error.to_string() })?;
        let all = (0..shape.planes.len()).fold(0u32, |mask, i| mask | 1 << i);
        let exact = EncodeSettings { target: Target::Lossless, ..settings.clone() };
        let lossless = settings.target == Target::Lossless;
        let depths = (0..shape.planes.len())
            .filter(|&i| shape.planes[i].role == PlaneRole::Depth)
            .fold(0u32, |mask, i| mask | 1 << i);
        let mut coded = Vec::new();
        if depths != 0 {
            let rest = all & !depths;
            if rest != 0 {
                let codec = if lossless { self.lossless } else { self.lossy };
                coded.push(code_group(source, rest, codec, None, settings, exec)?);
            }
            if depths.count_ones() == 1 {
                let index = depths.trailing_zeros() as usize;
                // The guide is what a decoder has: with lossy colours, those.
                let decoded = match coded.last() {
                    Some(colours) if !lossless => decoded_group(self.lossy, source, colours, exec)?,
                    _ => source.clone(),
                };
                coded.push(code_depth(source, index, &decoded, rest)?);
            } else {
                coded.push(code_group(source, depths, self.lossless, None, &exact, exec)?);
            }
        } else {
            let codec = if lossless { self.lossless } else { self.lossy };
            let plain = |spectral| code_group(source, all, codec, spectral, settings, exec);
            let turned = Spectral::fit(source).map(|spectral| plain(Some(spectral))).transpose()?;
            coded.push(match turned {
                // Lossy sizes cannot be compared without their errors; the transform is never worse by more than rounding.
                Some(turned) if !lossless => turned,
                Some(turned) => {
                    let as_is = plain(None)?;
                    if turned.len_bytes() + turned.group.spectral_len() < as_is.len_bytes() {
                        turned
                    } else {
                        as_is
                    }
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
                sections.push(Section {
                    key: SectionKey { layer, ..section.key },
                    bytes: section.bytes,
                });
            }
        }
        let header = Header { groups: coded.into_iter().map(|c| c.group).collect() };
        Ok(Payload { header: header.to_bytes(), sections })
    }

    fn wants(
        &self,
        shape: &Shape,
        header: &[u8],
        key: SectionKey,
        request: &DecodeRequest,
    ) -> bool {
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

    fn decode(
        &self,
        payload: &PayloadView<'_>,
        request: &DecodeRequest,
        exec: &ExecOptions,
    ) -> Result<Planes> {
        let shape = payload.shape;
        if request.scale_log2 != 0 {
            return Err(CodecError::Unsupported { what: "planes decode at full size only".into() });
        }
        let header = self.header(payload.header, shape)?;
        if let (Some(region), true) = (request.region, header.groups.iter().any(|g| g.codec == ID))
        {
            // A depth plane is one piece, and leans on all of the colours.
            let whole = self.decode(payload, &DecodeRequest { region: None, ..*request }, exec)?;
            return Ok(planes_cropped(&whole, region)?);
        }
        let mut done = 0u32;
        let mut out: Option<Planes> = None;
        for (number, group) in header.groups.iter().enumerate() {
            let coded = group.coded_shape(shape);
            let own = |s: &&SectionView<'_>| (s.key.layer / GROUP_LAYERS) as usize == number;
            let sections = payload.sections.iter().filter(own).map(|s| SectionView {
                key: SectionKey { layer: s.key.layer % GROUP_LAYERS, ..s.key },
                ..*s
            });
            let view = PayloadView {
                shape: &coded,
                header: &group.inner_header,
                sections: sections.collect(),
                cut_off: payload.cut_off,
            };
            if group.codec == ID {
                let index = group.mask.trailing_zeros() as usize;
                let sections: Vec<SectionView<'_>> = view.sections;
                let plane = decode_depth(
                    shape,
                    index,
                    &sections,
                    out.as_ref().map(|planes| (planes, done)),
                )?;
                out.get_or_insert_with(|| Planes::new(shape.clone())).planes[index] = plane;
                done |= group.mask;
                continue;
            }
            coded
                .check(&exec.limits)
                .map_err(|error| CodecError::Malformed { what: error.to_string(), at: None })?;
            let mut planes = self.inner(group.codec)?.decode(&view, request, exec)?;
            if let Some(spectral) = &group.spectral {
                planes = spectral.inverse(&planes, shape, exec.level);
            }
            let whole = out.get_or_insert_with(|| {
                Planes::new(shape.with_size(planes.shape.width_px, planes.shape.height_px))
            });
            put_group(whole, &planes, group.mask);
            done |= group.mask;
        }
        out.ok_or_else(|| CodecError::Malformed { what: "no groups of planes".into(), at: None })
    }
}

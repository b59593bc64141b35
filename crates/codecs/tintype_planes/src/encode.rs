//! Planes to payload: the grouping, and the groups under their codecs.

use super::depth::DepthCoder;
use super::groups::{group_planes, put_group};
use super::guide::guide_of;
use super::header::{Group, Header};
use super::spectral::Spectral;
use super::{GROUP_LAYERS, ID, ManyPlanes};
use tintype_codec::{
    Codec, CodecError, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView, Result, Section,
    SectionKey, SectionView, Target,
};
use tintype_entropy::BitEncoder;
use tintype_image::{PlaneRole, Planes};

/// One group coded.
pub(super) struct CodedGroup {
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
    exec: &Exec,
) -> Result<CodedGroup> {
    let mut planes = group_planes(source, mask);
    if let Some(spectral) = &spectral {
        planes = spectral.forward(&planes, exec.level);
    }
    let payload = codec.encode(&planes, settings, exec)?;
    let group = Group { codec: codec.id(), mask, spectral, inner_header: payload.header };
    Ok(CodedGroup { group, sections: payload.sections })
}

/// The picture with the planes of `coded` as a decoder has them.
fn decoded_group(codec: &dyn Codec, source: &Planes, coded: &CodedGroup, exec: &Exec) -> Result<Planes> {
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

/// Codes one depth plane by [`DepthCoder`]; `decoded` has the planes of `mask`, which a
/// decoder has by then.
fn code_depth(source: &Planes, index: usize, decoded: &Planes, mask: u32) -> Result<CodedGroup> {
    let mut plane = source.planes[index].clone();
    let guide = guide_of(decoded, mask, (plane.width(), plane.height()));
    let mut encoder = BitEncoder::new();
    DepthCoder::run(&mut encoder, &mut plane, u32::from(source.shape.planes[index].bit_depth), guide)?;
    let group = Group { codec: ID, mask: 1 << index, spectral: None, inner_header: Vec::new() };
    let sections = vec![Section { key: SectionKey { tile: 0, layer: 0 }, bytes: encoder.finish() }];
    Ok(CodedGroup { group, sections })
}

/// Lossy colours under the codec for photos, or else the usual one, and opacity without loss.
fn code_beside_alpha(
    codec: &ManyPlanes,
    source: &Planes,
    (colours, alphas): (u32, u32),
    settings: &EncodeSettings,
    exec: &Exec,
) -> Result<Vec<CodedGroup>> {
    let by = |inner| code_group(source, colours, inner, None, settings, exec);
    let colour_group = match codec.photo.map(by) {
        Some(Ok(group)) => group,
        _ => by(codec.lossy)?,
    };
    let exact = EncodeSettings { target: Target::Lossless, ..settings.clone() };
    let alpha_group = code_group(source, alphas, codec.lossless, None, &exact, exec)?;
    Ok(vec![colour_group, alpha_group])
}

/// All groups of `source`: depth apart from the rest if there is depth, opacity apart from lossy
/// colours, else one group of all planes.
pub(super) fn code_groups(
    codec: &ManyPlanes,
    source: &Planes,
    settings: &EncodeSettings,
    exec: &Exec,
) -> Result<Vec<CodedGroup>> {
    let shape = &source.shape;
    let mask_of = |wanted: &dyn Fn(usize) -> bool| {
        (0..shape.planes.len()).filter(|&i| wanted(i)).fold(0u32, |mask, i| mask | 1 << i)
    };
    let all = mask_of(&|_| true);
    let depths = mask_of(&|i| shape.planes[i].role == PlaneRole::Depth);
    let alphas = mask_of(&|i| shape.planes[i].role == PlaneRole::Alpha);
    if depths == 0 && alphas != 0 && shape.colour_planes() > 0 && settings.target != Target::Lossless {
        return code_beside_alpha(codec, source, (all & !alphas, alphas), settings, exec);
    }
    if depths == 0 {
        return Ok(vec![code_bands(codec, source, all, settings, exec)?]);
    }

    let mut coded = Vec::new();
    let lossless = settings.target == Target::Lossless;
    let rest = all & !depths;
    if rest != 0 {
        let inner = if lossless { codec.lossless } else { codec.lossy };
        coded.push(code_group(source, rest, inner, None, settings, exec)?);
    }
    if depths.count_ones() == 1 {
        let index = depths.trailing_zeros() as usize;
        // The guide must be what a decoder has: with lossy colours, the decoded ones.
        let decoded = match coded.last() {
            Some(colours) if !lossless => decoded_group(codec.lossy, source, colours, exec)?,
            _ => source.clone(),
        };
        coded.push(code_depth(source, index, &decoded, rest)?);
    } else {
        let exact = EncodeSettings { target: Target::Lossless, ..settings.clone() };
        coded.push(code_group(source, depths, codec.lossless, None, &exact, exec)?);
    }
    Ok(coded)
}

/// The planes of `mask` under one codec, through the spectral transform where it helps.
fn code_bands(
    codec: &ManyPlanes,
    source: &Planes,
    mask: u32,
    settings: &EncodeSettings,
    exec: &Exec,
) -> Result<CodedGroup> {
    let lossless = settings.target == Target::Lossless;
    let inner = if lossless { codec.lossless } else { codec.lossy };
    let code = |spectral| code_group(source, mask, inner, spectral, settings, exec);
    let Some(spectral) = Spectral::fit(source) else { return code(None) };
    let transformed = code(Some(spectral))?;
    // Lossy sizes cannot be compared without their errors; the transform is never worse by
    // more than rounding.
    if !lossless {
        return Ok(transformed);
    }
    let plain = code(None)?;
    let transformed_bytes = transformed.len_bytes() + transformed.group.spectral_len();
    Ok(if transformed_bytes < plain.len_bytes() { transformed } else { plain })
}

/// One payload of all groups.
pub(super) fn payload_of(coded: Vec<CodedGroup>) -> Result<Payload> {
    let (mut groups, mut sections) = (Vec::new(), Vec::new());
    for (number, coded) in coded.into_iter().enumerate() {
        for section in coded.sections {
            if section.key.layer >= GROUP_LAYERS {
                let what = format!("layer {} of a group of planes", section.key.layer);
                return Err(CodecError::Unsupported { what });
            }
            let layer = section.key.layer + number as u32 * GROUP_LAYERS;
            let key = SectionKey { layer, ..section.key };
            sections.push(Section { key, bytes: section.bytes });
        }
        groups.push(coded.group);
    }
    Ok(Payload { header: Header { groups }.to_bytes(), sections })
}

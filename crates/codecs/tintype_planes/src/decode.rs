//! Payload to planes: the groups in order, each under its codec. Bit-exact.

use super::depth::DepthCoder;
use super::groups::put_group;
use super::guide::guide_of;
use super::{GROUP_LAYERS, ID, ManyPlanes};
use tintype_codec::{CodecError, DecodeRequest, Exec, PayloadView, Result, SectionKey, SectionView};
use tintype_entropy::BitDecoder;
use tintype_image::{Plane, Planes, Shape, planes_cropped};

/// Decodes a depth plane, whole; `decoded` has the planes of the groups before, and their mask.
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
    DepthCoder::run(&mut decoder, &mut plane, u32::from(shape.planes[index].bit_depth), guide)?;
    Ok(plane)
}

/// Decodes what `request` asks for.
pub(super) fn decode(
    codec: &ManyPlanes,
    payload: &PayloadView<'_>,
    request: &DecodeRequest,
    exec: &Exec,
) -> Result<Planes> {
    let shape = payload.shape;
    if request.scale_log2 != 0 {
        return Err(CodecError::Unsupported { what: "planes decode at full size only".into() });
    }
    let header = codec.header(payload.header, shape)?;
    if let (Some(region), true) = (request.region, header.groups.iter().any(|g| g.codec == ID)) {
        // A depth plane is one section, and its contexts depend on all of its guide.
        let whole = decode(codec, payload, &DecodeRequest { region: None, ..*request }, exec)?;
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
            let plane =
                decode_depth(shape, index, &sections, out.as_ref().map(|planes| (planes, done)))?;
            out.get_or_insert_with(|| Planes::new(shape.clone())).planes[index] = plane;
            done |= group.mask;
            continue;
        }
        coded
            .check(&exec.limits)
            .map_err(|error| CodecError::Malformed { what: error.to_string(), at: None })?;
        let mut planes = codec.inner(group.codec)?.decode(&view, request, exec)?;
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

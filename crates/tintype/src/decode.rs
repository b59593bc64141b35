//! File to picture.

use crate::head::{Head, head_from_bytes};
use crate::reduce::{full_size_request, reduced};
use crate::registry::JPEG;
use crate::repack::restored;
use crate::{Error, Models, Step};
use std::io::{Read, Seek};
use tintype_codec::{
    Codec, CodecError, CodecId, DecodeRequest, ExecOptions, PayloadView, SectionKey, SectionView,
};
use tintype_container::{ContainerError, ContainerLimits, MetadataItem, Reader};
use tintype_image::{Limits, Metadata, Picture, Shape};

/// A picture, and what it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The picture.
    pub picture: Picture,
    /// Shape of the whole picture at full size, of which `picture` may be a part.
    pub full_shape: Shape,
    /// The codec that made the file.
    pub codec: CodecId,
    /// The JPEG file itself, if that is what was encoded.
    pub jpeg_file: Option<Vec<u8>>,
    /// If the file was cut off: the number of bytes that were there. The picture is then as good as they allow.
    pub cut_off_at: Option<u64>,
    /// What is wrong with the JPEG file that was encoded, in words; empty for a sound one.
    pub warnings: Vec<String>,
}

/// Decodes what `request` asks for from a file that seeks; sections it does not need are not read.
///
/// # Errors
/// `Container` for a damaged file, `Codec` where the codec fails or the file was cut off and the codec needs all of it,
/// `Unsupported` for a codec that is not built in, `Misuse` for a request that does not fit the picture.
pub fn decode(
    input: impl Read + Seek,
    request: &DecodeRequest,
    exec: &ExecOptions,
) -> Result<Decoded, Error> {
    decode_with_models(input, request, &Models::default(), exec)
}

/// As [`decode`], with `models` beside those that are built in.
///
/// # Errors
/// As [`decode`].
pub fn decode_with_models(
    input: impl Read + Seek,
    request: &DecodeRequest,
    models: &Models,
    exec: &ExecOptions,
) -> Result<Decoded, Error> {
    let reader = Reader::seek(input, container_limits(&exec.limits))?;
    decode_with(&|id, header| models.to_decode(id, header), reader, request, exec)
}

/// Decodes what `request` asks for from a stream.
///
/// # Errors
/// As [`decode`].
pub fn decode_stream(
    input: impl Read,
    request: &DecodeRequest,
    exec: &ExecOptions,
) -> Result<Decoded, Error> {
    decode_stream_with_models(input, request, &Models::default(), exec)
}

/// As [`decode_stream`], with `models` beside those that are built in.
///
/// # Errors
/// As [`decode`].
pub fn decode_stream_with_models(
    input: impl Read,
    request: &DecodeRequest,
    models: &Models,
    exec: &ExecOptions,
) -> Result<Decoded, Error> {
    let reader = Reader::stream(input, container_limits(&exec.limits))?;
    decode_with(&|id, header| models.to_decode(id, header), reader, request, exec)
}

/// Finds a codec by its number and a stream's header.
pub(crate) type Finder<'a> = &'a dyn Fn(CodecId, &[u8]) -> Option<&'a dyn Codec>;

/// The container's limits that follow from ours.
pub(crate) fn container_limits(limits: &Limits) -> ContainerLimits {
    ContainerLimits {
        // No codec here needs more than four bytes a sample; a file that has more is not ours.
        data_bytes_max: limits.samples_max.saturating_mul(4),
        metadata_bytes_max: limits.metadata_bytes_max,
        ..ContainerLimits::default()
    }
}

pub(crate) fn decode_with<R: Read>(
    find: Finder<'_>,
    mut reader: Reader<R>,
    request: &DecodeRequest,
    exec: &ExecOptions,
) -> Result<Decoded, Error> {
    let Head { codec: id, shape, codec_header_at } = head_from_bytes(reader.head(), &exec.limits)?;
    let header = reader.head()[codec_header_at..].to_vec();
    let codec = find(id, &header);
    if codec.is_none() && id != JPEG {
        return Err(Error::Unsupported {
            what: format!("the file needs codec {}, not in this build", id.name()),
        });
    }
    check_request(request, &shape)?;
    let reduces = request.scale_log2 > 0 && codec.is_some_and(|codec| !codec.capabilities().scales);
    let inner = if reduces { full_size_request(request, &shape) } else { *request };
    let wants = |key: tintype_container::SectionKey| {
        let key = SectionKey { tile: key.tile, layer: key.layer };
        codec.is_none_or(|codec| codec.wants(&shape, &header, key, &inner))
    };
    let data = reader.sections(wants)?;
    let view = PayloadView {
        shape: &shape,
        header: &header,
        sections: sections_of(&data.sections),
        cut_off: data.cut_off,
    };
    let decoded = match codec {
        Some(codec) => {
            let planes = codec.decode(&view, &inner, exec);
            let planes = planes.map_err(|error| Error::Codec { step: Step::Decode(id), error });
            planes
                .map(|planes| (None, Picture { planes, metadata: Metadata::default() }, Vec::new()))
        }
        None => restored(&shape, &view, request, exec)
            .map(|(file, picture, warnings)| (Some(file), picture, warnings)),
    };
    let (jpeg_file, mut picture, warnings) = decoded.map_err(|error| match error {
        // The codec knows only that bytes are missing; where the file ends is known here.
        Error::Codec { error: CodecError::Truncated { .. }, .. } if data.cut_off => {
            let at = reader.position();
            Error::Container(ContainerError::Truncated {
                needed: reader.data_end().saturating_sub(at),
                at,
            })
        }
        error => error,
    })?;
    if reduces {
        picture.planes = reduced(&picture.planes, request.scale_log2);
    }
    let whole = !data.cut_off && reader.finish()?;
    let cut_off_at = (!whole).then(|| reader.position());
    // A kept JPEG file holds its own metadata.
    if jpeg_file.is_none() {
        picture.metadata = metadata_from_items(reader.metadata());
    }
    Ok(Decoded { picture, full_shape: shape, codec: id, jpeg_file, cut_off_at, warnings })
}

/// The container's sections as codecs see them.
pub(crate) fn sections_of(sections: &[tintype_container::SectionRead]) -> Vec<SectionView<'_>> {
    fn view(section: &tintype_container::SectionRead) -> SectionView<'_> {
        let key = SectionKey { tile: section.key.tile, layer: section.key.layer };
        SectionView { key, bytes: &section.bytes, complete: section.complete }
    }
    sections.iter().map(view).collect()
}

pub(crate) fn check_request(request: &DecodeRequest, shape: &Shape) -> Result<(), Error> {
    let misuse = |what: String| Err(Error::Misuse { what });
    if request.scale_log2 > 5 {
        return misuse(format!("scale 1/2^{} (1/32 is the smallest)", request.scale_log2));
    }
    if request.layers == Some(0) {
        return misuse("0 layers (at least 1 is needed)".into());
    }
    if let Some(r) = request.region {
        let fits = |at: usize, len: usize, end: usize| {
            len > 0 && at.checked_add(len).is_some_and(|stop| stop <= end)
        };
        if !fits(r.x, r.width, shape.width_px) || !fits(r.y, r.height, shape.height_px) {
            return misuse(format!(
                "region {},{},{},{} does not lie in the picture of {} × {} pixels",
                r.x, r.y, r.width, r.height, shape.width_px, shape.height_px
            ));
        }
    }
    Ok(())
}

fn metadata_from_items(items: &[MetadataItem]) -> Metadata {
    use tintype_container::Metadata as Kind;
    let mut metadata = Metadata::default();
    for item in items {
        let bytes = item.bytes.clone();
        match &item.kind {
            Kind::Icc => metadata.icc = Some(bytes),
            Kind::Exif => metadata.exif = Some(bytes),
            Kind::Xmp => metadata.xmp = Some(bytes),
            Kind::Named(name) => metadata.other.push((name.clone(), bytes)),
        }
    }
    metadata
}

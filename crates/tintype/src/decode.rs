//! File to picture: the order of the steps, over any registry of codecs.
//!
//! In: a file whose head has been read. Out: the samples that were asked for, the same on every
//! machine. Sections that the request does not need are not read.

use crate::error::{Error, Result, Step};
use crate::frame::{codec_key, metadata_from_items, sections_of};
use crate::head::Head;
use crate::options::check_request;
use crate::reduce::{full_size_request, reduced};
use crate::registry::built_in::holds_file;
use crate::registry::takes;
use crate::warning::Warning;
use std::io::Read;
use tintype_codec::{Codec, CodecError, CodecId, CodedPart, DecodeRequest, Exec, PayloadView};
use tintype_container::{ContainerError, Reader};
use tintype_image::{Picture, Shape};

/// A picture, and what it came from.
///
/// ```
/// use tintype::{Decoder, Encoder, Picture, codec};
///
/// let picture = Picture::from_gray8(3, 1, &[10, 20, 30])?;
/// let tin = Encoder::lossless().encode(&picture)?;
/// let decoded = Decoder::new(std::io::Cursor::new(&tin))?.decode()?;
/// assert_eq!(decoded.picture.to_gray8()?, [10, 20, 30]);
/// assert_eq!(decoded.codec, codec::LOSSLESS);
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decoded {
    /// The picture.
    pub picture: Picture,
    /// Shape of the whole picture at full size, of which `picture` may be a part.
    pub full_shape: Shape,
    /// The codec that made the file.
    pub codec: CodecId,
    /// The JPEG file itself, if that is what was encoded.
    pub jpeg_file: Option<Vec<u8>>,
    /// What is missing or damaged; empty for a sound file.
    pub warnings: Vec<Warning>,
}

impl Decoded {
    /// If the file was cut off: the number of bytes that were there.
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture, codec};
    ///
    /// let picture = Picture::from_gray8(32, 32, &[90; 32 * 32])?;
    /// let tin = Encoder::lossless().codec(codec::WAVELET).encode(&picture)?;
    /// let cut = &tin.bytes[..tin.bytes.len() - 1];
    /// assert_eq!(Decoder::from_stream(cut)?.decode()?.cut_off_at(), Some(cut.len() as u64));
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn cut_off_at(&self) -> Option<u64> {
        self.warnings.iter().find_map(|warning| match warning {
            Warning::CutOff { at } => Some(*at),
            _ => None,
        })
    }
}

/// Finds a codec by its number and a stream's header.
pub(crate) type Finder<'a> = &'a dyn Fn(CodecId, &[u8]) -> Option<&'a dyn Codec>;

/// What a payload became.
struct Restored {
    picture: Picture,
    jpeg_file: Option<Vec<u8>>,
    warnings: Vec<Warning>,
}

/// Decodes what `request` asks for from the file under `reader`, whose head is `head`.
pub(crate) fn decode_with<R: Read>(
    find: Finder<'_>,
    head: &Head,
    mut reader: Reader<R>,
    request: &DecodeRequest,
    exec: &Exec,
) -> Result<Decoded> {
    let (id, shape) = (head.codec, &head.shape);
    let header = reader.head()[head.codec_header_at..].to_vec();
    let codec = codec_of(find, id, &header)?;
    check_request(request, shape)?;
    if !takes(id, shape) {
        let what = format!("RGB with planes of several sizes under codec {}", id.name());
        return Err(Error::Unsupported { what });
    }

    let reduces = request.scale_log2 > 0 && codec.is_some_and(|codec| !codec.capabilities().scales);
    let inner = if reduces { full_size_request(request, shape) } else { *request };
    let data = reader
        .sections(|key| codec.is_none_or(|codec| codec.wants(shape, &header, codec_key(key), &inner)))?;
    exec.limits.check_time()?;
    let view = PayloadView {
        shape,
        header: &header,
        sections: sections_of(&data.sections),
        cut_off: data.cut_off,
    };
    let restored = match codec {
        Some(codec) => codec
            .decode(&view, &inner, exec)
            .map_err(|error| Error::Codec { step: Step::Decode(id), error })
            .map(|planes| Restored {
                picture: Picture::new(planes),
                jpeg_file: None,
                warnings: Vec::new(),
            }),
        None => restored_file(id, &view, request, exec),
    };
    let Restored { mut picture, jpeg_file, mut warnings } = restored.map_err(|error| match error {
        Error::Codec { error: CodecError::Truncated { .. }, .. } if reader.damaged_at().is_some() => {
            let what = "the data, all of which this codec needs".into();
            Error::Container(ContainerError::Mismatch { what, at: reader.damaged_at().unwrap_or(0) })
        }
        // The codec knows only that bytes are missing; where the file ends is known here.
        Error::Codec { error: CodecError::Truncated { .. }, .. } if data.cut_off => {
            let at = reader.position();
            let needed = reader.data_end().saturating_sub(at);
            Error::Container(ContainerError::Truncated { needed, at })
        }
        error => error,
    })?;

    if reduces {
        picture.planes = reduced(&picture.planes, request.scale_log2);
    }
    if !head.facts.is_plain() {
        picture.planes = head.facts.restored(picture.planes);
    }
    if let Some(at) = reader.damaged_at() {
        let what = format!("the data is damaged from byte {at} on; the picture shows what is before it");
        warnings.push(Warning::DamagedFile { what });
        reader.finish()?;
    } else {
        let whole = !data.cut_off && reader.finish()?;
        if !whole {
            warnings.push(Warning::CutOff { at: reader.position() });
        }
    }
    for kind in reader.left_out() {
        let why = "it is packed, and this build lacks the feature `deflate`".into();
        warnings.push(Warning::MetadataLeftOut { name: kind.name().into(), why });
    }
    // A packed JPEG file holds its own metadata.
    if jpeg_file.is_none() {
        picture.metadata = metadata_from_items(reader.metadata(), head.profile);
    }
    let full_shape = head.facts.picture_shape(shape);
    Ok(Decoded { picture, full_shape, codec: id, jpeg_file, warnings })
}

/// What each part of the picture in the file under `reader` was coded as.
pub(crate) fn explain_with<R: Read>(
    find: Finder<'_>,
    head: &Head,
    mut reader: Reader<R>,
    exec: &Exec,
) -> Result<Vec<CodedPart>> {
    let header = reader.head()[head.codec_header_at..].to_vec();
    let Some(codec) = codec_of(find, head.codec, &header)? else { return Ok(Vec::new()) };
    let data = reader.sections(|_| true)?;
    let view = PayloadView {
        shape: &head.shape,
        header: &header,
        sections: sections_of(&data.sections),
        cut_off: data.cut_off,
    };
    codec.explain(&view, exec).map_err(|error| Error::Codec { step: Step::Decode(head.codec), error })
}

/// The codec to decode with; `None` for a payload that holds a file.
fn codec_of<'a>(find: Finder<'a>, id: CodecId, header: &[u8]) -> Result<Option<&'a dyn Codec>> {
    if let Some(codec) = find(id, header) {
        return Ok(Some(codec));
    }
    if holds_file(id) && cfg!(feature = "jpeg") {
        return Ok(None);
    }
    let what = format!("the file needs codec {}, which is not in this build", id.name());
    Err(Error::Unsupported { what })
}

#[cfg(feature = "jpeg")]
fn restored_file(
    _: CodecId,
    view: &PayloadView<'_>,
    request: &DecodeRequest,
    exec: &Exec,
) -> Result<Restored> {
    let (file, picture, warnings) = crate::files::packed::restored(view, request, exec)?;
    Ok(Restored { picture, jpeg_file: Some(file), warnings })
}

#[cfg(not(feature = "jpeg"))]
fn restored_file(id: CodecId, _: &PayloadView<'_>, _: &DecodeRequest, _: &Exec) -> Result<Restored> {
    Err(Error::Unsupported { what: format!("codec {} in this build", id.name()) })
}

//! Files that are kept as files: a JPEG in fewer bytes, which comes back byte for byte.
//!
//! In: the bytes of a JPEG file, whole or broken; out: a `.tin` file, and back. The picture's samples are those that
//! [`read_picture`] makes of the file, so that a repacked file and the file itself give the same picture. A file of
//! which no picture can be made is kept all the same; its head then says one gray pixel.

use crate::decode::{Decoded, check_request, container_limits, sections_of};
use crate::encode::{Encoded, Frame, write_payload};
use crate::head::head_from_bytes;
use crate::reduce::{full_size_request, reduced};
use crate::registry::JPEG;
use crate::{EncodeOptions, Error, Goal, Step};
use std::io::{Read, Seek};
use tintype_codec::{CodecError, DecodeRequest, ExecOptions, PayloadView};
use tintype_container::Reader;
use tintype_image::io::PictureFormat;
use tintype_image::{Limits, Picture, Shape, planes_cropped};
use tintype_jpeg::{
    CmykOutput, TakeRows, Verify, decode_jpeg, decode_jpeg_rows, repack, shape_of_jpeg, unpack,
};

/// Whether `file` begins as a JPEG file does, sound or not.
pub fn is_jpeg(file: &[u8]) -> bool {
    file.starts_with(&[0xff, 0xd8])
}

/// As [`read_picture_with_warnings`], without what was wrong.
///
/// # Errors
/// As [`read_picture_with_warnings`].
pub fn read_picture(file: &[u8], exec: &ExecOptions) -> Result<Picture, Error> {
    read_picture_with_warnings(file, exec).map(|(picture, _)| picture)
}

/// Reads a picture file: JPEG of every kind by our own decoder, as far as the file goes, others as
/// [`tintype_image::io::read_picture`] does. Also says in words what was wrong with the file; nothing for a sound one.
///
/// # Errors
/// `Codec` or `Picture` for a file of which no picture can be made.
pub fn read_picture_with_warnings(
    file: &[u8],
    exec: &ExecOptions,
) -> Result<(Picture, Vec<String>), Error> {
    if !is_jpeg(file) {
        return Ok(tintype_image::io::read_picture_with_warnings(file, &exec.limits)?);
    }
    let failed = |error| Error::Codec { step: Step::Decode(JPEG), error };
    let decoded = decode_jpeg(file, CmykOutput::Rgb, exec).map_err(failed)?;
    Ok((Picture { planes: decoded.planes, metadata: decoded.metadata }, decoded.warnings))
}

/// Whether `options` ask that `file` is kept as the JPEG it is.
pub(crate) fn keeps_file(file: &[u8], options: &EncodeOptions) -> bool {
    let exact = options.goal == Goal::Lossless && options.denoise.is_none();
    let unknown = PictureFormat::detect(file).is_none();
    exact
        && match options.codec {
            None => is_jpeg(file),
            Some(JPEG) => is_jpeg(file) || unknown,
            _ => false,
        }
}

/// The shape that a file's head shall name.
fn shape_of(file: &[u8], limits: &Limits) -> Shape {
    let shape = shape_of_jpeg(file, CmykOutput::Rgb, limits).ok();
    shape.filter(|shape| shape.check(limits).is_ok()).unwrap_or_else(|| Shape::gray(1, 1, 8))
}

/// Keeps any file in a `.tin` file, in fewer bytes if it is a JPEG; its metadata stays inside it. `verify` says whether
/// the file is restored and compared first.
///
/// # Errors
/// `Container` for a file that is too large for one.
pub fn pack_jpeg(
    file: &[u8],
    effort: u8,
    verify: Verify,
    exec: &ExecOptions,
) -> Result<Encoded, Error> {
    let payload = repack(file, effort, verify, exec);
    let mut bytes = Vec::new();
    write_payload(
        &mut bytes,
        Frame { codec: JPEG, short: false },
        &shape_of(file, &exec.limits),
        &payload,
        &[],
    )?;
    Ok(Encoded { bytes, codec: JPEG })
}

/// The file that [`pack_jpeg`] kept, without decoding its picture; `None` if `input` holds a picture and no file.
///
/// # Errors
/// `Container`, `Codec` for a damaged or cut file.
pub fn unpack_jpeg(input: impl Read + Seek, exec: &ExecOptions) -> Result<Option<Vec<u8>>, Error> {
    let mut reader = Reader::seek(input, container_limits(&exec.limits))?;
    let head = head_from_bytes(reader.head(), &exec.limits)?;
    if head.codec != JPEG {
        return Ok(None);
    }
    let header = reader.head()[head.codec_header_at..].to_vec();
    let data = reader.sections(|_| true)?;
    let shape = &head.shape;
    let view = PayloadView {
        shape,
        header: &header,
        sections: sections_of(&data.sections),
        cut_off: data.cut_off,
    };
    let file =
        unpack(&view, exec).map_err(|error| Error::Codec { step: Step::Decode(JPEG), error })?;
    reader.finish()?;
    Ok(Some(file))
}

/// The JPEG file in `view`, what `request` asks for of its picture, and what is wrong with the file.
pub(crate) fn restored(
    shape: &Shape,
    view: &PayloadView<'_>,
    request: &DecodeRequest,
    exec: &ExecOptions,
) -> Result<(Vec<u8>, Picture, Vec<String>), Error> {
    let failed = |error: CodecError| Error::Codec { step: Step::Decode(JPEG), error };
    let file = unpack(view, exec).map_err(failed)?;
    let (mut picture, warnings) = read_picture_with_warnings(&file, exec)?;
    if picture.planes.shape != *shape {
        let what = "the picture's shape differs from what the head says".into();
        return Err(failed(CodecError::Mismatch { what }));
    }
    reduce_to(request, &mut picture)?;
    Ok((file, picture, warnings))
}

/// What `request` asks for of the picture in a JPEG file that is in no `.tin` file; quality layers it has none.
///
/// # Errors
/// As [`read_picture_with_warnings`]; `Request` for a part that the picture does not have.
pub fn decode_jpeg_file(
    file: Vec<u8>,
    request: &DecodeRequest,
    exec: &ExecOptions,
) -> Result<Decoded, Error> {
    let (mut picture, warnings) = read_picture_with_warnings(&file, exec)?;
    let full_shape = picture.planes.shape.clone();
    check_request(request, &full_shape)?;
    reduce_to(request, &mut picture)?;
    Ok(Decoded {
        picture,
        full_shape,
        codec: JPEG,
        jpeg_file: Some(file),
        cut_off_at: None,
        warnings,
    })
}

/// As [`decode_jpeg_file`], some rows at a time without holding the picture: `take` gets its shape and the next rows of each
/// plane. Gives warnings; `None` for files that need to be held, and then what `take` got is of no use.
///
/// # Errors
/// `Codec`.
pub fn decode_jpeg_file_rows(
    file: &[u8],
    exec: &ExecOptions,
    take: &mut TakeRows<'_>,
) -> Result<Option<Vec<String>>, Error> {
    let failed = |error| Error::Codec { step: Step::Decode(JPEG), error };
    let done = decode_jpeg_rows(file, CmykOutput::Rgb, exec, take).map_err(failed)?;
    Ok(done.map(|(_, warnings)| warnings))
}

fn reduce_to(request: &DecodeRequest, picture: &mut Picture) -> Result<(), Error> {
    if let Some(region) = full_size_request(request, &picture.planes.shape).region {
        picture.planes = planes_cropped(&picture.planes, region)?;
    }
    if request.scale_log2 > 0 {
        picture.planes = reduced(&picture.planes, request.scale_log2);
    }
    Ok(())
}

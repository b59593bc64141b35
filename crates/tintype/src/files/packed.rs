//! JPEG files as a payload of their own: packed in fewer bytes, given back byte for byte.
//!
//! In: the bytes of a JPEG file, whole or broken; out: a `.tin` file, and back. The picture's
//! samples are those of the file itself, so that a packed file and the file give the same
//! picture. A file of which no picture can be made is stored all the same; its head then says
//! one gray pixel.

use crate::encode::Encoded;
use crate::error::{Error, Result, Step};
use crate::facts::Facts;
use crate::frame::{Frame, sections_of, write_payload};
use crate::head::Head;
use crate::reduce::reduce_to;
use crate::registry::ids::JPEG;
use crate::registry::jpeg_files::{Decoder, Verify, pack, unpack};
use crate::warning::Warning;
use std::io::Read;
use tintype_codec::{CodecError, DecodeRequest, Exec, PayloadView};
use tintype_container::Reader;
use tintype_image::{Picture, Shape};

fn decode_failed(error: CodecError) -> Error {
    Error::Codec { step: Step::Decode(JPEG), error }
}

fn warnings_from_text(texts: Vec<String>) -> Vec<Warning> {
    texts.into_iter().map(|what| Warning::DamagedFile { what }).collect()
}

/// The picture in a JPEG file, and what is wrong with the file.
pub(crate) fn picture_from_jpeg(file: &[u8], exec: &Exec) -> Result<(Picture, Vec<Warning>)> {
    let decoder = Decoder::new(file).map_err(decode_failed)?.exec(exec);
    let decoded = decoder.decode().map_err(decode_failed)?;
    let picture = Picture { planes: decoded.planes, metadata: decoded.metadata };
    Ok((picture, warnings_from_text(decoded.warnings)))
}

/// As [`crate::files::read_jpeg_rows`].
#[cfg(feature = "files")]
pub(crate) fn jpeg_rows(
    file: &[u8],
    exec: &Exec,
    take: &mut dyn FnMut(&Shape, &[&[u16]]),
) -> Result<Option<Vec<Warning>>> {
    let decoder = Decoder::new(file).map_err(decode_failed)?.exec(exec);
    let mut reader = decoder.rows().map_err(decode_failed)?;
    if !reader.streams() {
        return Ok(None);
    }
    let shape = reader.shape().clone();
    loop {
        match reader.next_rows() {
            Ok(Some(rows)) => take(&shape, &rows.planes),
            Ok(None) => return Ok(Some(warnings_from_text(reader.warnings().to_vec()))),
            // Decoding the file as a whole shows what can be had of it.
            Err(_) => return Ok(None),
        }
    }
}

/// Whether `options` ask that `file` is packed as the JPEG it is.
#[cfg(feature = "files")]
pub(crate) fn wants_packing(file: &[u8], options: &crate::encode::EncodeOptions) -> bool {
    use super::sniff::is_jpeg;

    let exact = options.goal == crate::goal::Goal::Lossless && options.denoise.is_none();
    let unknown = tintype_image::io::PictureFormat::detect(file).is_none();
    exact
        && match options.codec {
            None => is_jpeg(file),
            Some(JPEG) => is_jpeg(file) || unknown,
            _ => false,
        }
}

/// The shape that a file's head shall name.
fn shape_of(file: &[u8], exec: &Exec) -> Shape {
    let shape = Decoder::new(file).and_then(|decoder| decoder.exec(exec).shape());
    shape.unwrap_or_else(|_| Shape::gray(1, 1, 8))
}

/// Packs any file into a `.tin` file, in fewer bytes if it is a JPEG. `verify` says whether
/// the file is unpacked and compared first.
pub(crate) fn pack_file(file: &[u8], effort: u8, verify: Verify, exec: &Exec) -> Result<Encoded> {
    let payload = pack(file, effort, verify, exec);
    let frame = Frame { codec: JPEG, short: false, facts: Facts::PLAIN, profile: None };
    let shape = shape_of(file, exec);
    let mut bytes = Vec::new();
    write_payload(&mut bytes, frame, &shape, &payload, &[])?;
    Ok(Encoded::new(bytes, JPEG))
}

/// The file that [`pack_file`] packed; `None` if the `.tin` file under `reader` holds a picture.
pub(crate) fn unpack_file<R: Read>(
    head: &Head,
    mut reader: Reader<R>,
    exec: &Exec,
) -> Result<Option<Vec<u8>>> {
    if head.codec != JPEG {
        return Ok(None);
    }
    let header = reader.head()[head.codec_header_at..].to_vec();
    let data = reader.sections(|_| true)?;
    if data.cut_off {
        return Err(decode_failed(CodecError::Truncated { needed: 1 }));
    }
    let file = unpack(&header, &sections_of(&data.sections), exec).map_err(decode_failed)?;
    reader.finish()?;
    Ok(Some(file))
}

/// The JPEG file in `view`, what `request` asks for of its picture, and what is wrong with the
/// file.
pub(crate) fn restored(
    view: &PayloadView<'_>,
    request: &DecodeRequest,
    exec: &Exec,
) -> Result<(Vec<u8>, Picture, Vec<Warning>)> {
    if view.cut_off {
        return Err(decode_failed(CodecError::Truncated { needed: 1 }));
    }
    let file = unpack(view.header, &view.sections, exec).map_err(decode_failed)?;
    let (mut picture, warnings) = picture_from_jpeg(&file, exec)?;
    if picture.planes.shape != *view.shape {
        let what = "the picture's shape differs from what the head says".into();
        return Err(decode_failed(CodecError::Mismatch { what }));
    }
    reduce_to(request, &mut picture)?;
    Ok((file, picture, warnings))
}

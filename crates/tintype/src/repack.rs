//! Files that are kept as files: a JPEG in fewer bytes, which comes back byte for byte.
//!
//! In: the bytes of a JPEG file; out: a `.tin` file, and back. The picture's samples are those that our reader of JPEG
//! files makes of them, so that a repacked file and the file itself give the same picture.

use crate::encode::{Encoded, write_payload};
use crate::reduce::{full_size_request, reduced};
use crate::{EncodeOptions, Error, Goal, Step};
use tintype_codec::jpeg::{Verify, repack, unpack};
use tintype_codec::{CodecError, CodecId, DecodeRequest, PayloadView, Run};
use tintype_image::io::{PictureFormat, read_picture};
use tintype_image::{Picture, Shape, planes_cropped};

/// Whether `options` ask that `file` is kept as the JPEG it is.
pub(crate) fn keeps_file(file: &[u8], options: &EncodeOptions) -> bool {
    let exact = options.goal == Goal::Lossless && options.denoise.is_none();
    exact
        && matches!(options.codec, None | Some(CodecId::Jpeg))
        && PictureFormat::detect(file) == Some(PictureFormat::Jpeg)
}

/// Repacks a JPEG file; its metadata stays inside it.
pub(crate) fn repacked(file: &[u8], options: &EncodeOptions, run: &Run) -> Result<Encoded, Error> {
    let picture = read_picture(file, &run.limits)?;
    let payload = repack(file, options.effort, Verify::Yes, run);
    let mut bytes = Vec::new();
    write_payload(&mut bytes, CodecId::Jpeg, &picture.planes, &payload, &[])?;
    Ok(Encoded { bytes, codec: CodecId::Jpeg })
}

/// The JPEG file in `view`, and what `request` asks for of its picture.
pub(crate) fn restored(
    shape: &Shape,
    view: &PayloadView<'_>,
    request: &DecodeRequest,
    run: &Run,
) -> Result<(Vec<u8>, Picture), Error> {
    let failed = |error: CodecError| Error::Codec { step: Step::Decode(CodecId::Jpeg), error };
    let file = unpack(view, run).map_err(failed)?;
    let mut picture = read_picture(&file, &run.limits)?;
    if picture.planes.shape != *shape {
        let what = "the picture's shape differs from what the head says".into();
        return Err(failed(CodecError::Mismatch { what }));
    }
    if let Some(region) = full_size_request(request, shape).region {
        picture.planes = planes_cropped(&picture.planes, region)?;
    }
    if request.scale_log2 > 0 {
        picture.planes = reduced(&picture.planes, request.scale_log2);
    }
    Ok((file, picture))
}

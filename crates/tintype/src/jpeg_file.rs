//! Pictures to real JPEG files.

use crate::registry::JPEG;
use crate::{Error, Step};
use tintype_codec::{EncodeSettings, ExecOptions};
use tintype_image::Picture;
use tintype_jpeg::{JpegPlan, encode_jpeg};

/// A real JPEG file of `picture`, with its ICC profile, EXIF and XMP.
///
/// # Errors
/// `Codec` for planes that JPEG has no place for, and for a lossless target.
pub fn jpeg_from_picture(
    picture: &Picture,
    settings: &EncodeSettings,
    exec: &ExecOptions,
) -> Result<Vec<u8>, Error> {
    let plan = JpegPlan::from_settings(settings);
    let made = plan.and_then(|plan| encode_jpeg(&picture.planes, &picture.metadata, &plan, exec));
    made.map_err(|error| Error::Codec { step: Step::Encode(JPEG), error })
}

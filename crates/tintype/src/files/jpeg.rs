//! Pictures to real JPEG files.

use crate::encode::{EncodeOptions, Encoded};
use crate::error::{Error, Result};
use crate::goal::Goal;
use crate::registry::ids::JPEG;
use crate::registry::jpeg_files::Encoder;
use crate::warning::Warning;
use std::borrow::Cow;
use tintype_codec::{EncodeSettings, Exec, Target};
use tintype_image::Picture;
use tintype_image::filter::denoised;

/// A real JPEG file of `picture`, by our encoder; by that of `tintype_image` where ours has no
/// place for the planes.
pub(crate) fn jpeg_from_picture(
    picture: &Picture,
    options: &EncodeOptions,
    exec: &Exec,
) -> Result<Encoded> {
    options.check()?;
    picture.planes.check(&exec.limits)?;
    let Goal::Quality(quality) = options.goal else {
        let what = "a JPEG file can be asked for a quality only".into();
        return Err(Error::Misuse { what });
    };
    let picture = match options.denoise {
        None => Cow::Borrowed(picture),
        Some(filter) => {
            let planes = denoised(&picture.planes, filter, exec.threads)?;
            Cow::Owned(Picture { planes, metadata: picture.metadata.clone() })
        }
    };

    let target = Target::Quality(quality);
    let settings = EncodeSettings { target, tune: options.tune, effort: options.effort };
    let encoder = Encoder::new().settings(&settings).metadata(&picture.metadata).exec(exec);
    match encoder.encode(&picture.planes) {
        Ok(bytes) => {
            let mut encoded = Encoded::new(bytes, JPEG);
            for name in encoder.left_out() {
                let why = "it is too long for a JPEG file".into();
                encoded.warnings.push(Warning::MetadataLeftOut { name: name.into(), why });
            }
            Ok(encoded)
        }
        #[cfg(feature = "files")]
        Err(_) => {
            use tintype_image::io::{PictureFormat, WriteSettings, write_picture_with};

            let jpeg_quality = quality.round().clamp(1.0, 100.0) as u8;
            let settings = WriteSettings { jpeg_quality, effort: options.effort };
            let bytes = write_picture_with(PictureFormat::Jpeg, &picture, &settings)?;
            Ok(Encoded::new(bytes, JPEG))
        }
        #[cfg(not(feature = "files"))]
        Err(error) => Err(Error::Codec { step: crate::error::Step::Encode(JPEG), error }),
    }
}

//! One frame of a Y4M file as a picture, and a picture as a file of one frame.
//!
//! What the header says beside size, unless it is what [`write`] says of its own accord, is kept
//! in [`Metadata::Y4M_HEADER`].

use super::{Y4mHeader, Y4mReader, Y4mWriter};
use crate::colour::ycbcr_from_rgb;
use crate::io::reading::Reading;
use crate::{ColourModel, ImageError, Level, Limits, Metadata, Picture, YCbCrMatrix};

/// Frames a second of a picture without a header of its own.
const FRAME_RATE: (u32, u32) = (25, 1);
/// The header word for samples of full range, as FFmpeg writes it.
const FULL_RANGE: &str = "XCOLORRANGE=FULL";

/// Reads a frame, the first unless another is asked for.
pub(in crate::io) fn read(
    bytes: &[u8],
    limits: &Limits,
    reading: &mut Reading,
) -> Result<Picture, ImageError> {
    let mut frames = Y4mReader::new(bytes, limits)?;
    let first = frames.next().ok_or(ImageError::Truncated { needed: 6 })??;
    let words = frames.header().words();
    let wanted = reading.page.unwrap_or(0);
    let (mut count, mut chosen) = (1, (wanted == 0).then_some(first));
    for frame in &mut frames {
        match frame {
            Ok(frame) => {
                if count == wanted {
                    chosen = Some(frame);
                }
                count += 1;
            }
            Err(error) => {
                reading.damaged(error, &format!("{count} frames are whole"))?;
                break;
            }
        }
    }
    reading.choose(0, count, "frame")?;
    let planes = chosen.ok_or(ImageError::Truncated { needed: 6 })?;

    let mut metadata = Metadata::default();
    let usual = usual_header(&planes.shape).map(|header| header.words());
    if usual.ok().as_ref() != Some(&words) {
        metadata.set(Metadata::Y4M_HEADER, words.into_bytes());
    }
    Ok(Picture { planes, metadata })
}

fn usual_header(shape: &crate::Shape) -> Result<Y4mHeader, ImageError> {
    let mut header = Y4mHeader::new(shape.clone(), FRAME_RATE)?;
    header.parameters.push(FULL_RANGE.into());
    Ok(header)
}

/// A file of one frame; RGB becomes YCbCr 4:4:4.
pub(in crate::io) fn write(picture: &Picture) -> Result<Vec<u8>, ImageError> {
    let converted;
    let planes = if picture.planes.shape.colour == ColourModel::Rgb {
        converted = ycbcr_from_rgb(&picture.planes, YCbCrMatrix::Bt601, Level::new())?;
        &converted
    } else {
        &picture.planes
    };
    let kept = picture
        .metadata
        .item(Metadata::Y4M_HEADER)
        .and_then(|words| Y4mHeader::with_words(&planes.shape, std::str::from_utf8(words).ok()?).ok());
    let header = match kept {
        Some(header) => header,
        None => usual_header(&planes.shape)?,
    };
    let mut writer = Y4mWriter::new(Vec::new(), header)?;
    writer.write(planes)?;
    Ok(writer.into_inner())
}

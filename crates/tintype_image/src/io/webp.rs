//! WebP through the `image-webp` crate: lossy and lossless read, lossless written; 8-bit RGB with
//! or without alpha.
//!
//! Of an animation the first frame is read unless another is asked for. Deeper pictures are scaled
//! to 8 bits on writing; gray is written as RGB. ICC, EXIF and XMP are kept. Sides of at most 16 383
//! pixels.
//!
//! Source: RFC 9649 (WebP).

use super::interleave::{Interleaved, planes_from_bytes};
use super::reading::Reading;
use crate::{ImageError, Limits, Metadata, Picture, PlaneInfo, PlaneRole, Planes, Shape};
use image_webp::{ColorType, EncodingError, WebPDecoder, WebPEncoder};
use std::io::Cursor;

const SIDE_PX_MAX: usize = 16_383;

/// Reads a WebP file.
pub(super) fn read(bytes: &[u8], limits: &Limits, reading: &mut Reading) -> Result<Picture, ImageError> {
    let (mut decoder, shape) = opened(bytes, limits)?;
    let frames = if decoder.is_animated() { (decoder.num_frames() as usize).max(1) } else { 1 };
    let wanted = reading.choose(0, frames, "frame")?;
    let row_len = shape.width_px * shape.planes.len();
    let mut packed = vec![0; row_len * shape.height_px];
    if wanted == 0 {
        decoder.read_image(&mut packed)?;
    } else {
        for _ in 0..=wanted {
            decoder.read_frame(&mut packed)?;
        }
    }
    let planes = planes_from_bytes(shape, &packed);
    let metadata = Metadata {
        icc: decoder.icc_profile()?,
        exif: decoder.exif_metadata()?,
        xmp: decoder.xmp_metadata()?,
        other: Vec::new(),
    };
    Ok(Picture { planes, metadata })
}

type OpenDecoder<'a> = WebPDecoder<Cursor<&'a [u8]>>;

/// A decoder, and the shape of the pictures, which is within the limits.
fn opened<'a>(bytes: &'a [u8], limits: &Limits) -> Result<(OpenDecoder<'a>, Shape), ImageError> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes))?;
    decoder.set_memory_limit(usize::try_from(limits.metadata_bytes_max).unwrap_or(usize::MAX));
    let (width, height) = decoder.dimensions();
    let mut shape = Shape::rgb(width as usize, height as usize, 8);
    if decoder.has_alpha() {
        shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
    }
    shape.check(limits)?;
    Ok((decoder, shape))
}

/// The frames of an animated file.
pub(super) struct Frames<'a> {
    decoder: OpenDecoder<'a>,
    shape: Shape,
    left: u32,
    packed: Vec<u8>,
}

impl<'a> Frames<'a> {
    /// None for a picture that stands still.
    ///
    /// # Errors
    /// `Malformed`, `Limit`.
    pub fn new(bytes: &'a [u8], limits: &Limits) -> Result<Option<Self>, ImageError> {
        let (decoder, shape) = opened(bytes, limits)?;
        let left = if decoder.is_animated() { decoder.num_frames() } else { 0 };
        let packed = vec![0; shape.width_px * shape.height_px * shape.planes.len()];
        Ok((left > 1).then_some(Self { decoder, shape, left, packed }))
    }

    /// Goes to the next frame: for how many milliseconds it is shown; none after the last.
    ///
    /// # Errors
    /// `Malformed`, `Truncated`.
    pub fn next(&mut self) -> Result<Option<u32>, ImageError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        Ok(Some(self.decoder.read_frame(&mut self.packed)?))
    }

    /// What is shown.
    pub fn planes(&self) -> Planes {
        planes_from_bytes(self.shape.clone(), &self.packed)
    }
}

/// Writes a lossless WebP file.
pub(super) fn write(picture: &Picture) -> Result<Vec<u8>, ImageError> {
    let source = Interleaved::gray_or_rgb(picture, "WebP")?;
    let shape = &source.planes().shape;
    if shape.width_px.max(shape.height_px) > SIDE_PX_MAX {
        let what = format!(
            "WebP of {}×{} pixels; a side has at most {SIDE_PX_MAX}",
            shape.width_px, shape.height_px
        );
        return Err(ImageError::Unsupported { what });
    }
    let colour = match source.order.len() {
        1 => ColorType::L8,
        2 => ColorType::La8,
        3 => ColorType::Rgb8,
        _ => ColorType::Rgba8,
    };
    let (mut samples, mut packed) = (Vec::new(), Vec::new());
    for y in 0..shape.height_px {
        source.row(y, 8, &mut samples);
        packed.extend(samples.iter().map(|s| *s as u8));
    }
    let mut out = Vec::new();
    let mut encoder = WebPEncoder::new(&mut out);
    let metadata = &picture.metadata;
    encoder.set_icc_profile(metadata.icc.clone().unwrap_or_default());
    encoder.set_exif_metadata(metadata.exif.clone().unwrap_or_default());
    encoder.set_xmp_metadata(metadata.xmp.clone().unwrap_or_default());
    let failed = |e: EncodingError| ImageError::Misuse { what: format!("WebP: {e}") };
    encoder.encode(&packed, shape.width_px as u32, shape.height_px as u32, colour).map_err(failed)?;
    Ok(out)
}

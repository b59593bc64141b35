//! Plain JPEG: read through `zune-jpeg` to 8-bit gray or RGB, written through `jpeg-encoder` at
//! 4:4:4 (gray stays gray).
//!
//! In and out: samples of 8 bits; deeper pictures are scaled to 8 bits on writing, and those with
//! alpha stand before white. CMYK is converted to RGB by the reader. ICC, EXIF and XMP are kept;
//! EXIF and XMP of more than 64 KiB are left out on writing.

use super::WriteSettings;
use super::interleave::{Interleaved, planes_from_bytes};
use crate::colour::flattened;
use crate::{ColourModel, ImageError, Limits, Metadata, Picture, Shape};
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// What stands behind clear pixels, which JPEG does not have: white.
const BACKGROUND: [u8; 3] = [255; 3];
/// Longest body of a segment.
pub(super) const SEGMENT_MAX: usize = 65_533;
pub(super) const XMP_MARKER: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

impl From<DecodeErrors> for ImageError {
    fn from(error: DecodeErrors) -> Self {
        match error {
            DecodeErrors::ExhaustedData => Self::Truncated { needed: 1 },
            DecodeErrors::Unsupported(_) => Self::Unsupported {
                what: "JPEG of a kind other than 8-bit baseline or progressive, in this reader".into(),
            },
            DecodeErrors::Format(what) => Self::Malformed { what: format!("JPEG: {what}"), at: None },
            DecodeErrors::FormatStatic(what) => {
                Self::Malformed { what: format!("JPEG: {what}"), at: None }
            }
            other => Self::Malformed { what: format!("JPEG: {other}"), at: None },
        }
    }
}

/// Reads a JPEG file. Stray bytes between segments are stepped over; all else must be sound.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    match read_as(bytes, limits, true) {
        Err(ImageError::Malformed { what, .. }) if what.contains("Extra bytes between headers") => {
            read_as(bytes, limits, false)
        }
        result => result,
    }
}

fn read_as(bytes: &[u8], limits: &Limits, strict: bool) -> Result<Picture, ImageError> {
    let side = limits.side_px_max.min(65_535) as usize;
    let options =
        DecoderOptions::default().set_strict_mode(strict).set_max_width(side).set_max_height(side);
    // The reader that the `tiff` crate takes, so that the decoder stands in programs once.
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes.to_vec()), options);
    decoder.decode_headers()?;
    let gray = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let space = if gray { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let info = decoder.info().ok_or(ImageError::Truncated { needed: 1 })?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    let shape = if gray { Shape::gray(width, height, 8) } else { Shape::rgb(width, height, 8) };
    shape.check(limits)?;
    let row_len = width * shape.planes.len();
    let mut packed = vec![0; row_len * height];
    decoder.decode_into(&mut packed)?;
    let planes = planes_from_bytes(shape, &packed);
    let metadata = Metadata {
        icc: decoder.icc_profile(),
        exif: decoder.exif().cloned(),
        xmp: decoder.xmp().cloned(),
        other: Vec::new(),
    };
    Ok(Picture { planes, metadata })
}

/// Writes a JPEG file.
pub(super) fn write(picture: &Picture, settings: &WriteSettings) -> Result<Vec<u8>, ImageError> {
    let source = Interleaved::gray_or_rgb(picture, "JPEG")?;
    let flat;
    let source = match flattened(source.planes(), BACKGROUND) {
        Some(planes) => {
            flat = Picture::new(planes);
            Interleaved::gray_or_rgb(&flat, "JPEG")?
        }
        None => source,
    };
    let shape = &source.planes().shape;
    let channels = source.order.len() - usize::from(source.has_alpha);
    let (mut samples, mut packed) =
        (Vec::new(), Vec::with_capacity(shape.width_px * shape.height_px * channels));
    for y in 0..shape.height_px {
        source.row(y, 8, &mut samples);
        for pixel in samples.chunks_exact(source.order.len()) {
            packed.extend(pixel[..channels].iter().map(|s| *s as u8));
        }
    }
    let mut out = Vec::new();
    let failed = |e: jpeg_encoder::EncodingError| ImageError::Misuse { what: format!("JPEG: {e}") };
    let mut encoder = jpeg_encoder::Encoder::new(&mut out, settings.jpeg_quality.clamp(1, 100));
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_4_4);
    encoder.set_optimized_huffman_tables(settings.effort > 3);
    let metadata = &picture.metadata;
    if let Some(exif) = metadata.exif.as_ref().filter(|exif| exif.len() + 6 <= SEGMENT_MAX) {
        encoder.add_exif_metadata(exif).map_err(failed)?;
    }
    if let Some(xmp) = metadata.xmp.as_ref().filter(|xmp| xmp.len() + XMP_MARKER.len() <= SEGMENT_MAX) {
        encoder.add_app_segment(1, [XMP_MARKER, xmp].concat()).map_err(failed)?;
    }
    if let Some(icc) = &metadata.icc {
        encoder.add_icc_profile(icc).map_err(failed)?;
    }
    let gray = shape.colour != ColourModel::Rgb;
    let colour = if gray { jpeg_encoder::ColorType::Luma } else { jpeg_encoder::ColorType::Rgb };
    encoder.encode(&packed, shape.width_px as u16, shape.height_px as u16, colour).map_err(failed)?;
    Ok(out)
}

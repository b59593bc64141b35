//! Picture files in and out.
//!
//! In: the bytes of one file and [`Limits`]; out: a [`Picture`], and back. The format is detected
//! from the content, never from a name. Samples keep the depth that the file states (PNG 1 to 16
//! bits, PNM maxval, TIFF). Sizes are checked against the limits before samples are allocated.
//! Metadata is kept byte for byte. There is no colour management: samples are those of the file,
//! and the ICC profile is part of the metadata.

mod animation;
mod bmp;
mod bytes;
mod decoder_errors;
mod dicom;
#[cfg_attr(not(feature = "tiff"), allow(dead_code))] // TIFF writes blocks, others read them.
mod exif;
mod gif;
mod interleave;
mod jpeg;
mod kept;
mod orientation;
mod png;
mod pnm;
mod reading;
#[cfg_attr(not(feature = "tiff"), allow(dead_code))]
mod resolution;
#[cfg(feature = "tiff")]
mod tiff;
mod webp;
pub mod y4m;

pub use animation::Animation;
pub use exif::tiff_number;
pub use kept::left_out_by;
pub use orientation::{apply_orientation, exif_with_orientation, orientation_of};
pub use png::AnimatedPng;
pub use pnm::PnmWriter;
pub use reading::FileWarning;

use crate::colour::{self, Sampling, Upsampling};
use crate::{ColourModel, ImageError, Level, Limits, Picture, PlaneRole, Planes};
use reading::{Damage, Reading};
use std::borrow::Cow;
use std::io::Write;

/// A kind of picture file.
///
/// ```
/// use tintype_image::io::PictureFormat;
///
/// assert_eq!(PictureFormat::from_extension("JPEG"), Some(PictureFormat::Jpeg));
/// assert_eq!(PictureFormat::detect(b"P5 1 1 255 x"), Some(PictureFormat::Pnm));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureFormat {
    /// Portable Network Graphics, 1 to 16 bits, gray or RGB, alpha.
    Png,
    /// JPEG, 8 bits, gray or colour.
    Jpeg,
    /// Portable any-map, P1 to P6, 1 to 16 bits, gray or RGB.
    Pnm,
    /// Portable arbitrary map, P7, 1 to 16 bits, any number of planes.
    Pam,
    /// TIFF and BigTIFF, 1 to 16 bits, any number of planes.
    Tiff,
    /// DICOM with uncompressed samples, 1 to 16 bits; written only from one.
    Dicom,
    /// WebP, 8 bits; written without loss.
    WebP,
    /// YUV4MPEG2, 8 to 16 bits; as a picture, one of its frames.
    Y4m,
    /// GIF, one of its frames; read only.
    Gif,
    /// BMP without compression; read only.
    Bmp,
}

impl PictureFormat {
    /// All formats that can be read.
    pub const ALL: [Self; 10] = [
        Self::Png,
        Self::Jpeg,
        Self::Pnm,
        Self::Pam,
        Self::Tiff,
        Self::Dicom,
        Self::WebP,
        Self::Y4m,
        Self::Gif,
        Self::Bmp,
    ];

    /// Whether pictures can be written in this format.
    pub fn is_written(self) -> bool {
        !matches!(self, Self::Gif | Self::Bmp)
    }

    /// The format whose magic number `bytes` starts with, if any.
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        match bytes {
            // The 128 bytes before DICOM's mark are free, and some hold the start of a TIFF file.
            _ if dicom::detect(bytes) => Some(Self::Dicom),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'P', b'1'..=b'6', b' ' | b'\t' | b'\r' | b'\n' | b'#', ..] => Some(Self::Pnm),
            [b'P', b'7', b'\n' | b'\r', ..] => Some(Self::Pam),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            _ if bytes.starts_with(b"YUV4MPEG2 ") => Some(Self::Y4m),
            _ if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") => Some(Self::Gif),
            [b'B', b'M', ..] => Some(Self::Bmp),
            _ => None,
        }
    }

    /// The format that a file name's extension stands for (`"png"`, any case, no dot), if any.
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "png" => Some(Self::Png),
            "jpg" | "jpeg" | "jpe" | "jfif" => Some(Self::Jpeg),
            "pnm" | "pbm" | "pgm" | "ppm" => Some(Self::Pnm),
            "pam" => Some(Self::Pam),
            "tif" | "tiff" => Some(Self::Tiff),
            "dcm" | "dicom" => Some(Self::Dicom),
            "webp" => Some(Self::WebP),
            "y4m" => Some(Self::Y4m),
            "gif" => Some(Self::Gif),
            "bmp" | "dib" => Some(Self::Bmp),
            _ => None,
        }
    }

    /// A short name, which is also the usual extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Pnm => "pnm",
            Self::Pam => "pam",
            Self::Tiff => "tif",
            Self::Dicom => "dcm",
            Self::WebP => "webp",
            Self::Y4m => "y4m",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
        }
    }
}

/// Choices a writer has beyond the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteSettings {
    /// JPEG quality, 1 to 100.
    pub jpeg_quality: u8,
    /// How hard lossless formats compress, 1 (fast) to 9 (dense).
    pub effort: u8,
}

impl Default for WriteSettings {
    /// JPEG quality 95, effort 3.
    fn default() -> Self {
        Self { jpeg_quality: 95, effort: 3 }
    }
}

/// Reads a whole picture file.
///
/// # Errors
/// `Unsupported` for an unknown format or a variant we do not handle, `Truncated`, `Malformed`,
/// `Limit`.
pub fn read_picture(bytes: &[u8], limits: &Limits) -> Result<Picture, ImageError> {
    read(bytes, limits, &mut Reading::new(None, Damage::Refused))
}

/// Reads a picture file as far as it goes, and lists what was left out or is damaged: further
/// pages or frames, missing rows, items that are not kept. A PNG that ends early keeps the rows
/// that are there; the others are 0.
///
/// # Errors
/// As [`read_picture`], for files of which no picture can be made.
///
/// ```
/// use tintype_image::Limits;
/// use tintype_image::io::read_picture_with_warnings;
///
/// let frames = b"YUV4MPEG2 W2 H1 F25:1 Cmono\nFRAME\n\x01\x02FRAME\n\x03\x04";
/// let (picture, warnings) = read_picture_with_warnings(frames, &Limits::default())?;
/// assert_eq!((picture.planes.planes[0].row(0), warnings.len()), (&[1, 2][..], 1));
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
pub fn read_picture_with_warnings(
    bytes: &[u8],
    limits: &Limits,
) -> Result<(Picture, Vec<FileWarning>), ImageError> {
    let mut reading = Reading::new(None, Damage::Reported);
    let picture = read(bytes, limits, &mut reading)?;
    Ok((picture, reading.warnings))
}

/// As [`read_picture_with_warnings`], of page or frame number `page`, from 1. Frames of an
/// animation are drawn over those before them, as a player does.
///
/// # Errors
/// As there; `Misuse` for a page that the file does not have.
///
/// ```
/// use tintype_image::Limits;
/// use tintype_image::io::read_page;
///
/// let frames = b"YUV4MPEG2 W2 H1 F25:1 Cmono\nFRAME\n\x01\x02FRAME\n\x03\x04";
/// let (picture, warnings) = read_page(frames, 2, &Limits::default())?;
/// assert_eq!((picture.planes.planes[0].row(0), warnings.len()), (&[3, 4][..], 0));
/// assert!(read_page(frames, 3, &Limits::default()).is_err());
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
pub fn read_page(
    bytes: &[u8],
    page: usize,
    limits: &Limits,
) -> Result<(Picture, Vec<FileWarning>), ImageError> {
    let Some(index) = page.checked_sub(1) else {
        return Err(ImageError::Misuse { what: "page 0; pages count from 1".into() });
    };
    let mut reading = Reading::new(Some(index), Damage::Reported);
    let picture = read(bytes, limits, &mut reading)?;
    Ok((picture, reading.warnings))
}

fn read(bytes: &[u8], limits: &Limits, reading: &mut Reading) -> Result<Picture, ImageError> {
    let Some(format) = PictureFormat::detect(bytes) else { return Err(unknown_format(bytes)) };
    if matches!(format, PictureFormat::Jpeg | PictureFormat::Dicom | PictureFormat::Bmp) {
        reading.choose(0, 1, "page")?;
    }
    let picture = match format {
        PictureFormat::Png => png::read(bytes, limits, reading),
        PictureFormat::Jpeg => jpeg::read(bytes, limits),
        PictureFormat::Pnm | PictureFormat::Pam => pnm::read(bytes, limits, reading),
        #[cfg(feature = "tiff")]
        PictureFormat::Tiff => tiff::read(bytes, limits, reading),
        #[cfg(not(feature = "tiff"))]
        PictureFormat::Tiff => Err(without_tiff()),
        PictureFormat::Dicom => dicom::read(bytes, limits),
        PictureFormat::WebP => webp::read(bytes, limits, reading),
        PictureFormat::Y4m => y4m::read(bytes, limits, reading),
        PictureFormat::Gif => gif::read(bytes, limits, reading),
        PictureFormat::Bmp => bmp::read(bytes, limits),
    }?;
    picture.planes.shape.check(limits)?;
    Ok(picture)
}

#[cfg(not(feature = "tiff"))]
fn without_tiff() -> ImageError {
    ImageError::Unsupported { what: "TIFF, in a build without the feature `tiff`".into() }
}

/// Names the format if it is a well-known one, and says what to do.
fn unknown_format(bytes: &[u8]) -> ImageError {
    let brand = bytes.get(4..12).unwrap_or_default();
    let name = match bytes {
        [] => return ImageError::Truncated { needed: 1 },
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => "JPEG XL",
        [0, 0, 0, 12, b'j', b'P', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => "JPEG 2000",
        [b'8', b'B', b'P', b'S', ..] => "Photoshop",
        [0x76, 0x2f, 0x31, 0x01, ..] => "OpenEXR",
        [b'%', b'P', b'D', b'F', ..] => "PDF",
        _ if brand.starts_with(b"ftypavi") => "AVIF",
        _ if [&b"ftyphei"[..], b"ftypmif", b"ftypmsf"].iter().any(|b| brand.starts_with(b)) => "HEIC",
        _ if brand.starts_with(b"ftyp") => "MP4",
        _ => "",
    };
    let what = if name.is_empty() {
        "unknown format; PNG, JPEG, PNM, PAM, TIFF, DICOM, WebP, Y4M, GIF and BMP can be read".to_owned()
    } else {
        format!("{name} files cannot be read; convert to PNG or TIFF first")
    };
    ImageError::Unsupported { what }
}

/// Writes a picture file with default settings.
///
/// # Errors
/// As [`write_picture_with`].
///
/// ```
/// use tintype_image::Picture;
/// use tintype_image::io::{PictureFormat, write_picture};
///
/// let file = write_picture(PictureFormat::Pnm, &Picture::from_gray8(1, 1, &[65])?)?;
/// assert!(file.starts_with(b"P5") && file.ends_with(b"A"));
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
pub fn write_picture(format: PictureFormat, picture: &Picture) -> Result<Vec<u8>, ImageError> {
    write_picture_with(format, picture, &WriteSettings::default())
}

/// Writes a picture file. YCbCr becomes RGB where the format has no YCbCr; depths a format lacks
/// are scaled up to the next it has, or down to its largest.
///
/// # Errors
/// `Unsupported` for planes the format cannot hold; the message names formats that can.
pub fn write_picture_with(
    format: PictureFormat,
    picture: &Picture,
    settings: &WriteSettings,
) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    write_picture_to(format, picture, settings, &mut bytes)?;
    Ok(bytes)
}

/// As [`write_picture_with`], to `out`: PNG, PNM and PAM some rows at a time, so that the file is
/// never whole in memory. PNM, PAM and Y4M, which have no place for an orientation, get the
/// picture turned as its EXIF says; what else a format has no place for, [`left_out_by`] tells.
///
/// # Errors
/// As there, before anything is written; `Io` from `out`.
pub fn write_picture_to(
    format: PictureFormat,
    picture: &Picture,
    settings: &WriteSettings,
    out: &mut dyn Write,
) -> Result<(), ImageError> {
    picture.planes.shape.check(&Limits::default())?;
    let turned;
    let unturned = matches!(format, PictureFormat::Pnm | PictureFormat::Pam | PictureFormat::Y4m);
    let picture = match picture.metadata.exif.as_deref().and_then(orientation_of) {
        Some(2..) if unturned => {
            turned = apply_orientation(picture.clone());
            &turned
        }
        _ => picture,
    };
    let whole = match format {
        PictureFormat::Png => return png::write(picture, settings, out),
        PictureFormat::Pnm => return pnm::write_pnm(picture, out),
        PictureFormat::Pam => return pnm::write_pam(picture, out),
        PictureFormat::Jpeg => jpeg::write(picture, settings),
        #[cfg(feature = "tiff")]
        PictureFormat::Tiff => tiff::write(picture, settings),
        #[cfg(not(feature = "tiff"))]
        PictureFormat::Tiff => Err(without_tiff()),
        PictureFormat::Dicom => dicom::write(picture),
        PictureFormat::WebP => webp::write(picture),
        PictureFormat::Y4m => y4m::write(picture),
        PictureFormat::Gif | PictureFormat::Bmp => Err(ImageError::Unsupported {
            what: format!("{} files can be read, not written; use png", format.name()),
        }),
    }?;
    Ok(out.write_all(&whole)?)
}

/// The planes with YCbCr converted to RGB at full resolution and limited range to full range;
/// other planes, which must have full resolution, unchanged.
fn rgb_or_gray(picture: &Picture) -> Result<Cow<'_, Planes>, ImageError> {
    let planes = &picture.planes;
    if matches!(planes.shape.colour, ColourModel::YCbCr(_)) {
        let full = colour::planes_at_sampling(planes, Sampling::S444, Upsampling::Triangle)?;
        let depth = full.shape.planes[0].bit_depth;
        if !picture.metadata.is_limited_range() || depth < 8 {
            return Ok(Cow::Owned(colour::rgb_from_ycbcr(&full, Level::new())?));
        }
        // More bits than the result has, so that the two steps round about once.
        let wide = colour::full_from_limited(&full, 16);
        let mut rgb = colour::rgb_from_ycbcr(&wide, Level::new())?;
        for (plane, info) in rgb.planes.iter_mut().zip(&mut rgb.shape.planes) {
            if info.role == PlaneRole::Colour {
                let from = std::mem::replace(&mut info.bit_depth, depth);
                let scaled = |s: &mut u16| *s = colour::scaled_sample(*s, from, depth);
                (0..plane.height()).for_each(|y| plane.row_mut(y).iter_mut().for_each(scaled));
            }
        }
        return Ok(Cow::Owned(rgb));
    }
    if planes.shape.planes.iter().any(|p| p.subsample_x_log2 > 0 || p.subsample_y_log2 > 0) {
        return Err(ImageError::Unsupported { what: "subsampled planes that are not chroma".into() });
    }
    Ok(picture.full_range())
}

#[cfg(test)]
mod tests;

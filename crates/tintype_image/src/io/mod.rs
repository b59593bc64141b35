//! Picture files in and out.
//!
//! In: the bytes of one file and [`Limits`]; out: a [`Picture`], and back. The format is detected
//! from the content, never from a name. Samples keep the depth that the file states (PNG 1 to 16
//! bits, PNM maxval, TIFF). Sizes are checked against the limits before samples are allocated.
//! Metadata is kept byte for byte. There is no colour management: samples are those of the file,
//! and the ICC profile is part of the metadata.

mod bmp;
mod bytes;
mod decoder_errors;
mod dicom;
mod gif;
mod interleave;
mod jpeg;
mod orientation;
mod png;
mod pnm;
mod tiff;
mod webp;
pub mod y4m;

pub use orientation::{apply_orientation, orientation_of};
pub use pnm::PnmWriter;

use crate::colour::{self, Sampling, Upsampling};
use crate::{ColourModel, ImageError, Level, Limits, Metadata, Picture, Planes, YCbCrMatrix};
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
    /// YUV4MPEG2, 8 to 16 bits; as a picture, its first frame.
    Y4m,
    /// GIF, its first frame; read only.
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
    read(bytes, limits, &mut Warnings { list: Vec::new(), damage: Damage::Refused })
}

/// Reads a picture file as far as it goes, and lists in sentences what was left out or is
/// damaged: further pages or frames, missing rows, a sample range that is not kept. A PNG that
/// ends early keeps the rows that are there; the others are 0.
///
/// ```
/// use tintype_image::Limits;
/// use tintype_image::io::read_picture_with_warnings;
/// let frames = b"YUV4MPEG2 W2 H1 F25:1 Cmono\nFRAME\n\x01\x02FRAME\n\x03\x04";
/// let (picture, warnings) = read_picture_with_warnings(frames, &Limits::default())?;
/// assert_eq!(picture.planes.planes[0].row(0), [1, 2]);
/// assert_eq!(warnings, ["the first frame is read, further frames are left out"]);
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
///
/// # Errors
/// As [`read_picture`], for files of which no picture can be made.
pub fn read_picture_with_warnings(
    bytes: &[u8],
    limits: &Limits,
) -> Result<(Picture, Vec<String>), ImageError> {
    let mut warnings = Warnings { list: Vec::new(), damage: Damage::Reported };
    let picture = read(bytes, limits, &mut warnings)?;
    Ok((picture, warnings.list))
}

/// What a reader does with a damaged file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Damage {
    /// Returns the error.
    Refused,
    /// Adds a warning and keeps what was read.
    Reported,
}

/// What was left out of a picture or is damaged.
struct Warnings {
    list: Vec<String>,
    damage: Damage,
}

impl Warnings {
    fn add(&mut self, sentence: impl Into<String>) {
        self.list.push(sentence.into());
    }

    /// Turns damage into a warning, or returns it.
    fn damaged(&mut self, error: impl Into<ImageError>, kept: &str) -> Result<(), ImageError> {
        let error = error.into();
        if self.damage == Damage::Refused {
            return Err(error);
        }
        self.add(format!("{error}; {kept}"));
        Ok(())
    }
}

fn read(bytes: &[u8], limits: &Limits, warnings: &mut Warnings) -> Result<Picture, ImageError> {
    let Some(format) = PictureFormat::detect(bytes) else { return Err(unknown_format(bytes)) };
    let picture = match format {
        PictureFormat::Png => png::read(bytes, limits, warnings),
        PictureFormat::Jpeg => jpeg::read(bytes, limits),
        PictureFormat::Pnm | PictureFormat::Pam => pnm::read(bytes, limits),
        PictureFormat::Tiff => tiff::read(bytes, limits, warnings),
        PictureFormat::Dicom => dicom::read(bytes, limits),
        PictureFormat::WebP => webp::read(bytes, limits, warnings),
        PictureFormat::Y4m => first_frame(bytes, limits, warnings),
        PictureFormat::Gif => gif::read(bytes, limits, warnings),
        PictureFormat::Bmp => bmp::read(bytes, limits),
    }?;
    picture.planes.shape.check(limits)?;
    Ok(picture)
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
/// never whole in memory.
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
    let whole = match format {
        PictureFormat::Png => return png::write(picture, settings, out),
        PictureFormat::Pnm => return pnm::write_pnm(picture, out),
        PictureFormat::Pam => return pnm::write_pam(picture, out),
        PictureFormat::Jpeg => jpeg::write(picture, settings),
        PictureFormat::Tiff => tiff::write(picture, settings),
        PictureFormat::Dicom => dicom::write(picture),
        PictureFormat::WebP => webp::write(picture),
        PictureFormat::Y4m => one_frame(&picture.planes),
        PictureFormat::Gif | PictureFormat::Bmp => Err(ImageError::Unsupported {
            what: format!("{} files can be read, not written; use png", format.name()),
        }),
    }?;
    Ok(out.write_all(&whole)?)
}

fn first_frame(bytes: &[u8], limits: &Limits, warnings: &mut Warnings) -> Result<Picture, ImageError> {
    let mut frames = y4m::Y4mReader::new(bytes, limits)?;
    let planes = frames.next().ok_or(ImageError::Truncated { needed: 6 })??;
    if frames.header().parameters.iter().any(|word| word == "XCOLORRANGE=LIMITED") {
        warnings.add("samples of limited range are taken as full range");
    }
    if frames.next().is_some() {
        warnings.add("the first frame is read, further frames are left out");
    }
    Ok(Picture { planes, metadata: Metadata::default() })
}

/// A sequence of one frame; RGB becomes YCbCr 4:4:4.
fn one_frame(planes: &Planes) -> Result<Vec<u8>, ImageError> {
    let converted;
    let planes = if planes.shape.colour == ColourModel::Rgb {
        converted = colour::ycbcr_from_rgb(planes, YCbCrMatrix::Bt601, Level::new())?;
        &converted
    } else {
        planes
    };
    let mut writer =
        y4m::Y4mWriter::new(Vec::new(), y4m::Y4mHeader::new(planes.shape.clone(), (25, 1))?)?;
    writer.write(planes)?;
    Ok(writer.into_inner())
}

/// The planes with YCbCr converted to RGB at full resolution; other planes, which must have
/// full resolution, unchanged.
fn rgb_or_gray(planes: &Planes) -> Result<Cow<'_, Planes>, ImageError> {
    if matches!(planes.shape.colour, ColourModel::YCbCr(_)) {
        let full = colour::planes_at_sampling(planes, Sampling::S444, Upsampling::Triangle)?;
        return Ok(Cow::Owned(colour::rgb_from_ycbcr(&full, Level::new())?));
    }
    if planes.shape.planes.iter().any(|p| p.subsample_x_log2 > 0 || p.subsample_y_log2 > 0) {
        return Err(ImageError::Unsupported { what: "subsampled planes that are not chroma".into() });
    }
    Ok(Cow::Borrowed(planes))
}

#[cfg(test)]
mod tests;

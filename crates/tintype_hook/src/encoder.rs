//! Encoding for `image`.

use image::error::{EncodingError, ImageFormatHint, UnsupportedError, UnsupportedErrorKind};
use image::{ExtendedColorType, ImageEncoder, ImageError, ImageResult};
use std::io::Write;
use tintype::{Picture, PlaneRole};

/// Writes pixels that `image` has into a `.tin` file.
///
/// ```
/// let pixels = image::GrayImage::from_pixel(16, 16, image::Luma([90]));
/// let mut file = Vec::new();
/// pixels.write_with_encoder(tintype_hook::TinEncoder::new(&mut file))?;
/// assert!(file.starts_with(&tintype::MAGIC));
/// # Ok::<(), image::ImageError>(())
/// ```
#[derive(Debug)]
pub struct TinEncoder<W> {
    writer: W,
    encoder: tintype::Encoder,
    icc: Option<Vec<u8>>,
    exif: Option<Vec<u8>>,
}

impl<W: Write> TinEncoder<W> {
    /// Quality 75, the codec that fits the picture.
    ///
    /// ```
    /// let encoder = tintype_hook::TinEncoder::new(Vec::new());
    /// ```
    pub fn new(writer: W) -> Self {
        Self { writer, encoder: tintype::Encoder::new(), icc: None, exif: None }
    }

    /// As `encoder` says.
    ///
    /// ```
    /// let exact = tintype_hook::TinEncoder::new(Vec::new()).with(tintype::Encoder::lossless());
    /// ```
    pub fn with(mut self, encoder: tintype::Encoder) -> Self {
        self.encoder = encoder;
        self
    }
}

impl<W: Write> ImageEncoder for TinEncoder<W> {
    fn write_image(
        mut self,
        pixels: &[u8],
        width: u32,
        height: u32,
        colour: ExtendedColorType,
    ) -> ImageResult<()> {
        let mut picture = picture_of(pixels, (width as usize, height as usize), colour)?;
        picture.metadata.icc = self.icc;
        picture.metadata.exif = self.exif;
        let file = self.encoder.encode(&picture).map_err(|error| refused(error.into()))?;
        self.writer.write_all(&file.bytes)?;
        Ok(())
    }

    fn set_icc_profile(&mut self, icc: Vec<u8>) -> Result<(), UnsupportedError> {
        self.icc = Some(icc);
        Ok(())
    }

    fn set_exif_metadata(&mut self, exif: Vec<u8>) -> Result<(), UnsupportedError> {
        self.exif = Some(exif);
        Ok(())
    }
}

fn picture_of(
    pixels: &[u8],
    (width, height): (usize, usize),
    colour: ExtendedColorType,
) -> ImageResult<Picture> {
    let wide = || pixels.as_chunks::<2>().0.iter().map(|pair| u16::from_ne_bytes(*pair));
    let made = match colour {
        ExtendedColorType::L8 => Picture::from_gray8(width, height, pixels),
        ExtendedColorType::Rgb8 => Picture::from_rgb8(width, height, pixels),
        ExtendedColorType::Rgba8 => Picture::from_rgba8(width, height, pixels),
        ExtendedColorType::L16 => Picture::from_gray16(width, height, &wide().collect::<Vec<_>>()),
        ExtendedColorType::Rgb16 => Picture::from_rgb16(width, height, &wide().collect::<Vec<_>>()),
        ExtendedColorType::Rgba16 => Picture::from_rgba16(width, height, &wide().collect::<Vec<_>>()),
        ExtendedColorType::La8 => {
            let rgba =
                pixels.as_chunks::<2>().0.iter().flat_map(|[gray, alpha]| [*gray, *gray, *gray, *alpha]);
            Picture::from_rgba8(width, height, &rgba.collect::<Vec<_>>()).map(gray_alone)
        }
        ExtendedColorType::La16 => {
            let samples: Vec<u16> = wide().collect();
            let rgba = samples
                .as_chunks::<2>()
                .0
                .iter()
                .flat_map(|[gray, alpha]| [*gray, *gray, *gray, *alpha]);
            Picture::from_rgba16(width, height, &rgba.collect::<Vec<_>>()).map(gray_alone)
        }
        other => {
            let kind = UnsupportedErrorKind::Color(other);
            return Err(ImageError::Unsupported(UnsupportedError::from_format_and_kind(hint(), kind)));
        }
    };
    made.map_err(|error| refused(error.into()))
}

/// Gray and opacity of a picture whose red, green and blue are equal.
fn gray_alone(mut picture: Picture) -> Picture {
    let planes = &mut picture.planes;
    planes.shape.colour = tintype::ColourModel::Gray;
    planes.shape.planes.drain(1..3);
    planes.planes.drain(1..3);
    debug_assert_eq!(planes.shape.planes[1].role, PlaneRole::Alpha);
    picture
}

fn hint() -> ImageFormatHint {
    ImageFormatHint::Name("Tintype".into())
}

fn refused(error: Box<dyn std::error::Error + Send + Sync>) -> ImageError {
    ImageError::Encoding(EncodingError::new(hint(), error))
}

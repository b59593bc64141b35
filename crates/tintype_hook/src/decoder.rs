//! Decoding for `image`.

use image::error::{DecodingError, ImageFormatHint, LimitError, LimitErrorKind};
use image::{ColorType, ImageDecoder, ImageError, ImageResult};
use std::io::{Cursor, Read};
use tintype::{ColourModel, DecodeOptions, Decoded, Decoder, ErrorKind, Limits, PlaneRole, Shape};

/// A `.tin` file as `image` decodes it.
///
/// ```
/// use image::ImageDecoder;
///
/// let picture = tintype::Picture::from_gray8(3, 2, &[7; 6])?;
/// let tin = tintype::Encoder::lossless().encode(&picture)?;
/// let decoder = tintype_hook::TinDecoder::new(&tin.bytes[..])?;
/// assert_eq!(decoder.dimensions(), (3, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TinDecoder {
    file: Vec<u8>,
    options: DecodeOptions,
    size: (u32, u32),
    colour: ColorType,
    /// Once something was asked for that only decoding tells.
    decoded: Option<Decoded>,
}

impl TinDecoder {
    /// Reads a file, and its head.
    ///
    /// # Errors
    /// `Decoding` for a file that is not sound, `Unsupported` for what `image` has no place for.
    ///
    /// ```
    /// assert!(tintype_hook::TinDecoder::new(&b"something else"[..]).is_err());
    /// ```
    pub fn new(mut reader: impl Read) -> ImageResult<Self> {
        let mut file = Vec::new();
        reader.read_to_end(&mut file)?;
        let decoder = Decoder::new(Cursor::new(&file)).map_err(told)?;
        let shape = &decoder.info().shape;
        let size = (shape.width_px as u32, shape.height_px as u32);
        let colour = colour_of(shape)?;
        Ok(Self { file, options: DecodeOptions::new(), size, colour, decoded: None })
    }

    fn decoded(&mut self) -> ImageResult<&Decoded> {
        let decoded = match self.decoded.take() {
            Some(decoded) => decoded,
            None => {
                let decoder = Decoder::with_options(Cursor::new(&self.file), self.options.clone());
                let decoded = decoder.and_then(Decoder::decode).map_err(told)?;
                if decoded.cut_off_at().is_some() {
                    // `image` has no word for a part of a picture.
                    let text: Vec<String> = decoded.warnings.iter().map(ToString::to_string).collect();
                    return Err(ImageError::Decoding(DecodingError::new(hint(), text.join("; "))));
                }
                decoded
            }
        };
        Ok(self.decoded.insert(decoded))
    }
}

impl ImageDecoder for TinDecoder {
    fn dimensions(&self) -> (u32, u32) {
        self.size
    }

    fn color_type(&self) -> ColorType {
        self.colour
    }

    fn icc_profile(&mut self) -> ImageResult<Option<Vec<u8>>> {
        Ok(self.decoded()?.picture.metadata.icc.clone())
    }

    fn exif_metadata(&mut self) -> ImageResult<Option<Vec<u8>>> {
        Ok(self.decoded()?.picture.metadata.exif.clone())
    }

    fn xmp_metadata(&mut self) -> ImageResult<Option<Vec<u8>>> {
        Ok(self.decoded()?.picture.metadata.xmp.clone())
    }

    fn set_limits(&mut self, limits: image::Limits) -> ImageResult<()> {
        limits.check_dimensions(self.size.0, self.size.1)?;
        if let Some(bytes) = limits.max_alloc {
            self.options = self.options.clone().limits(Limits::within_memory(bytes));
        }
        Ok(())
    }

    fn read_image(mut self, pixels: &mut [u8]) -> ImageResult<()> {
        let colour = self.colour;
        let picture = &self.decoded()?.picture;
        let narrow = match colour {
            ColorType::L8 => picture.to_gray8(),
            ColorType::La8 => picture.to_rgba8().map(gray_and_opacity),
            ColorType::Rgb8 => picture.to_rgb8(),
            ColorType::Rgba8 => picture.to_rgba8(),
            _ => Ok(Vec::new()),
        };
        let wide = match colour {
            ColorType::L16 => picture.to_gray16(),
            ColorType::La16 => picture.to_rgba16().map(gray_and_opacity),
            ColorType::Rgb16 => picture.to_rgb16(),
            ColorType::Rgba16 => picture.to_rgba16(),
            _ => Ok(Vec::new()),
        };
        let (narrow, wide) = (narrow.map_err(told)?, wide.map_err(told)?);
        pixels.iter_mut().zip(narrow).for_each(|(to, from)| *to = from);
        let pairs = pixels.as_chunks_mut::<2>().0.iter_mut();
        pairs.zip(wide).for_each(|(to, from)| *to = from.to_ne_bytes());
        Ok(())
    }

    fn read_image_boxed(self: Box<Self>, pixels: &mut [u8]) -> ImageResult<()> {
        (*self).read_image(pixels)
    }
}

/// Red and opacity of each pixel; red is gray where the picture is.
fn gray_and_opacity<T: Copy>(pixels: Vec<T>) -> Vec<T> {
    pixels.as_chunks::<4>().0.iter().flat_map(|[gray, _, _, alpha]| [*gray, *alpha]).collect()
}

fn colour_of(shape: &Shape) -> ImageResult<ColorType> {
    let shown = shape.planes.iter().filter(|plane| plane.role != PlaneRole::Depth);
    let wide = shown.clone().any(|plane| plane.bit_depth > 8);
    let alpha = shown.clone().any(|plane| plane.role == PlaneRole::Alpha);
    Ok(match (shape.colour, alpha, wide) {
        (ColourModel::Bands, ..) => {
            let what = format!("a picture of {} bands without colour", shape.planes.len());
            return Err(told(tintype::Error::Unsupported { what }));
        }
        (ColourModel::Gray, false, false) => ColorType::L8,
        (ColourModel::Gray, true, false) => ColorType::La8,
        (ColourModel::Gray, false, true) => ColorType::L16,
        (ColourModel::Gray, true, true) => ColorType::La16,
        (_, false, false) => ColorType::Rgb8,
        (_, true, false) => ColorType::Rgba8,
        (_, false, true) => ColorType::Rgb16,
        (_, true, true) => ColorType::Rgba16,
    })
}

fn hint() -> ImageFormatHint {
    ImageFormatHint::Name("Tintype".into())
}

/// The library's error in the words of `image`, which keeps ours as its source.
pub(crate) fn told(error: impl Into<tintype::Error>) -> ImageError {
    let error = error.into();
    match error.kind() {
        ErrorKind::Limit => {
            ImageError::Limits(LimitError::from_kind(LimitErrorKind::InsufficientMemory))
        }
        _ => ImageError::Decoding(DecodingError::new(hint(), error)),
    }
}

//! Pictures from and to plain buffers of interleaved samples.
//!
//! In and out: rows from the top, pixels from the left, one, three or four samples a pixel
//! (gray; red, green, blue; and alpha) of 8 or 16 bits, full range. A stride counts samples
//! from the start of one row to the start of the next. YCbCr, subsampled planes and other
//! depths are converted on the way out. This module does not convert colour profiles.

use crate::colour::{
    Sampling, Upsampling, full_from_limited, gray_from_rgb, planes_at_depth, planes_at_sampling,
    rgb_from_ycbcr, scaled_sample, upsampled,
};
use crate::{
    ColourModel, ImageError, Level, Limits, Picture, Plane, PlaneInfo, PlaneRole, Planes, Shape,
    YCbCrMatrix,
};
use std::borrow::Cow;

/// The weights of luma where RGB becomes gray: those of JPEG files.
const GRAY_MATRIX: YCbCrMatrix = YCbCrMatrix::Bt601;

macro_rules! doors {
    ($bits:literal, $sample:ty, $name:literal, $from:ident, $strided:ident, $to:ident, $shape:expr,
     $channels:literal, $pixel:literal, $out:expr) => {
        #[doc = concat!("A picture of ", $name, ", ", $bits, " bits a sample, rows without gaps.")]
        ///
        /// # Errors
        /// `Misuse` unless `pixels` has exactly the samples of `width` × `height` pixels;
        /// `Malformed` or `Limit` for a side of 0 or above 65 535.
        ///
        /// ```
        /// use tintype_image::Picture;
        ///
        #[doc = concat!("let pixels = [7; ", $channels, " * 2];")]
        #[doc = concat!("let picture = Picture::", stringify!($from), "(2, 1, &pixels)?;")]
        /// assert_eq!((picture.width(), picture.height()), (2, 1));
        #[doc = concat!("assert!(Picture::", stringify!($from), "(3, 1, &pixels).is_err());")]
        /// # Ok::<(), tintype_image::ImageError>(())
        /// ```
        pub fn $from(width: usize, height: usize, pixels: &[$sample]) -> Result<Self, ImageError> {
            let needed = width.checked_mul(height).and_then(|n| n.checked_mul($channels));
            if needed != Some(pixels.len()) {
                return Err(wrong_len(width, height, $channels, pixels.len()));
            }
            Self::$strided(width, height, width * $channels, pixels)
        }

        #[doc = concat!("A picture of ", $name, ", ", $bits, " bits a sample, whose rows start")]
        /// every `stride` samples.
        ///
        /// # Errors
        /// `Misuse` for a stride below a row's samples and for too few `pixels`; `Malformed` or
        /// `Limit` for a side of 0 or above 65 535.
        ///
        /// ```
        /// use tintype_image::Picture;
        ///
        #[doc = concat!("let stride = ", $channels, " * 2 + 1;")]
        /// let pixels = vec![7; stride * 3];
        #[doc = concat!("let picture = Picture::", stringify!($strided), "(2, 3, stride, &pixels)?;")]
        #[doc = concat!("assert_eq!(picture.", stringify!($to), "()?.len(), ", $channels, " * 2 * 3);")]
        /// # Ok::<(), tintype_image::ImageError>(())
        /// ```
        pub fn $strided(
            width: usize,
            height: usize,
            stride: usize,
            pixels: &[$sample],
        ) -> Result<Self, ImageError> {
            let shape = $shape(width, height, $bits);
            planes_from_interleaved(shape, stride, pixels).map(Self::new)
        }

        #[doc = concat!("The picture as ", $name, ", ", $bits, " bits a sample, rows without gaps.")]
        ///
        /// # Errors
        /// `Unsupported` for a picture of bands, which has no colours; `Misuse` for planes
        /// that do not fit their shape.
        ///
        /// ```
        /// use tintype_image::Picture;
        ///
        #[doc = concat!("let picture = Picture::from_gray8(1, 1, &[255])?;")]
        #[doc = concat!("assert_eq!(picture.", stringify!($to), "()?, ", $pixel, ");")]
        /// # Ok::<(), tintype_image::ImageError>(())
        /// ```
        pub fn $to(&self) -> Result<Vec<$sample>, ImageError> {
            let planes = $out(self, $bits)?;
            Ok(interleaved(&planes, |sample| sample as $sample))
        }
    };
}

/// From and to buffers.
impl Picture {
    doors!(8, u8, "gray", from_gray8, from_gray8_strided, to_gray8, Shape::gray, 1, "[255]", gray_at);
    doors!(
        8,
        u8,
        "red, green and blue",
        from_rgb8,
        from_rgb8_strided,
        to_rgb8,
        Shape::rgb,
        3,
        "[255, 255, 255]",
        rgb_at
    );
    doors!(
        8,
        u8,
        "red, green, blue and alpha",
        from_rgba8,
        from_rgba8_strided,
        to_rgba8,
        rgba,
        4,
        "[255, 255, 255, 255]",
        rgba_at
    );
    doors!(
        16,
        u16,
        "gray",
        from_gray16,
        from_gray16_strided,
        to_gray16,
        Shape::gray,
        1,
        "[65535]",
        gray_at
    );
    doors!(
        16,
        u16,
        "red, green and blue",
        from_rgb16,
        from_rgb16_strided,
        to_rgb16,
        Shape::rgb,
        3,
        "[65535, 65535, 65535]",
        rgb_at
    );
    doors!(
        16,
        u16,
        "red, green, blue and alpha",
        from_rgba16,
        from_rgba16_strided,
        to_rgba16,
        rgba,
        4,
        "[65535, 65535, 65535, 65535]",
        rgba_at
    );
}

/// The shape of red, green, blue and alpha.
fn rgba(width_px: usize, height_px: usize, bit_depth: u8) -> Shape {
    let mut shape = Shape::rgb(width_px, height_px, bit_depth);
    shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, bit_depth));
    shape
}

fn wrong_len(width: usize, height: usize, channels: usize, len: usize) -> ImageError {
    let what = format!(
        "{len} samples for a picture of {width} × {height} pixels with {channels} samples a pixel"
    );
    ImageError::Misuse { what }
}

fn planes_from_interleaved<T: Copy + Into<u16>>(
    shape: Shape,
    stride: usize,
    pixels: &[T],
) -> Result<Planes, ImageError> {
    shape.check(&Limits { samples_max: u64::MAX, ..Limits::default() })?;
    let (width, height, channels) = (shape.width_px, shape.height_px, shape.planes.len());
    if stride < width * channels {
        let what = format!("a stride of {stride} for rows of {} samples", width * channels);
        return Err(ImageError::Misuse { what });
    }
    let needed = (height - 1).checked_mul(stride).and_then(|n| n.checked_add(width * channels));
    if needed.is_none_or(|needed| needed > pixels.len()) {
        return Err(wrong_len(width, height, channels, pixels.len()));
    }

    let mut planes = Planes::new(shape);
    for (y, row) in pixels.chunks(stride).take(height).enumerate() {
        for (channel, plane) in planes.planes.iter_mut().enumerate() {
            for (sample, pixel) in plane.row_mut(y).iter_mut().zip(row.chunks_exact(channels)) {
                *sample = pixel[channel].into();
            }
        }
    }
    Ok(planes)
}

/// The samples of `planes`, which are all of one size, pixel by pixel.
fn interleaved<T: Copy + Default>(planes: &[Cow<'_, Plane<u16>>], cast: fn(u16) -> T) -> Vec<T> {
    let (width, height, channels) = (planes[0].width(), planes[0].height(), planes.len());
    let mut out = vec![T::default(); width * height * channels];
    for (y, row) in out.chunks_exact_mut(width * channels).enumerate() {
        for (channel, plane) in planes.iter().enumerate() {
            for (pixel, sample) in row.chunks_exact_mut(channels).zip(plane.row(y)) {
                pixel[channel] = cast(*sample);
            }
        }
    }
    out
}

type FullPlanes<'a> = Vec<Cow<'a, Plane<u16>>>;

fn rgba_at(picture: &Picture, bits: u8) -> Result<FullPlanes<'_>, ImageError> {
    let mut planes = rgb_at(picture, bits)?;
    let shape = &picture.planes.shape;
    let alpha = shape.planes.iter().position(|plane| plane.role == PlaneRole::Alpha);
    planes.push(match alpha {
        Some(index) => full_plane(&picture.planes, index, bits)?,
        None => {
            let mut opaque = Plane::new(shape.width_px, shape.height_px);
            let max = ((1u32 << bits) - 1) as u16;
            if let Some(samples) = opaque.as_mut_slice() {
                samples.fill(max);
            }
            Cow::Owned(opaque)
        }
    });
    Ok(planes)
}

fn rgb_at(picture: &Picture, bits: u8) -> Result<FullPlanes<'_>, ImageError> {
    at_full_range(picture, |planes| rgb_of(planes, bits))
}

fn rgb_of(planes: &Planes, bits: u8) -> Result<FullPlanes<'_>, ImageError> {
    match planes.shape.colour {
        ColourModel::Gray => {
            let gray = full_plane(planes, 0, bits)?;
            Ok(vec![gray.clone(), gray.clone(), gray])
        }
        ColourModel::Rgb => (0..3).map(|index| full_plane(planes, index, bits)).collect(),
        ColourModel::YCbCr(_) => {
            let colours = three_even(planes);
            let full = planes_at_sampling(&colours, Sampling::S444, Upsampling::Triangle)?;
            let rgb = planes_at_depth(&rgb_from_ycbcr(&full, Level::new())?, bits);
            Ok(rgb.planes.into_iter().map(Cow::Owned).collect())
        }
        ColourModel::Bands => Err(no_colours(planes)),
    }
}

/// What `take` takes from the picture's planes; from planes at full range and at a depth that
/// rounds little, if the picture's are of limited range.
fn at_full_range(
    picture: &Picture,
    take: impl Fn(&Planes) -> Result<FullPlanes<'_>, ImageError>,
) -> Result<FullPlanes<'_>, ImageError> {
    picture.planes.check_sizes(&Limits { samples_max: u64::MAX, ..Limits::default() })?;
    if !picture.metadata.is_limited_range() {
        return take(&picture.planes);
    }
    if depth_max(&picture.planes) < 8 {
        return Err(ImageError::Misuse { what: "limited range of fewer than 8 bits".into() });
    }
    let full = full_from_limited(&picture.planes, 16);
    Ok(take(&full)?.into_iter().map(|plane| Cow::Owned(plane.into_owned())).collect())
}

fn gray_at(picture: &Picture, bits: u8) -> Result<FullPlanes<'_>, ImageError> {
    at_full_range(picture, |planes| gray_of(planes, bits))
}

fn gray_of(planes: &Planes, bits: u8) -> Result<FullPlanes<'_>, ImageError> {
    match planes.shape.colour {
        // Luma is gray already.
        ColourModel::Gray | ColourModel::YCbCr(_) => Ok(vec![full_plane(planes, 0, bits)?]),
        ColourModel::Rgb => {
            let mut rgb = three_even(planes);
            for (index, plane) in rgb.planes.iter_mut().enumerate() {
                *plane = full_plane(planes, index, rgb.shape.planes[index].bit_depth)?.into_owned();
            }
            rgb.shape = Shape::rgb(rgb.shape.width_px, rgb.shape.height_px, depth_max(planes));
            let gray = planes_at_depth(&gray_from_rgb(&rgb, GRAY_MATRIX)?, bits);
            Ok(gray.planes.into_iter().map(Cow::Owned).collect())
        }
        ColourModel::Bands => Err(no_colours(planes)),
    }
}

fn no_colours(planes: &Planes) -> ImageError {
    let what = format!(
        "a picture of {} bands has no colours that we know; use its planes",
        planes.planes.len()
    );
    ImageError::Unsupported { what }
}

/// The largest depth of the first three planes.
fn depth_max(planes: &Planes) -> u8 {
    planes.shape.planes.iter().take(3).map(|plane| plane.bit_depth).max().unwrap_or(1)
}

/// The first three planes at one depth, the largest among them.
fn three_even(planes: &Planes) -> Planes {
    let shape = Shape { planes: planes.shape.planes[..3].to_vec(), ..planes.shape.clone() };
    let colours = Planes { shape, planes: planes.planes[..3].to_vec() };
    planes_at_depth(&colours, depth_max(planes))
}

/// Plane `index` at full resolution and with `bits` bits a sample.
fn full_plane(planes: &Planes, index: usize, bits: u8) -> Result<Cow<'_, Plane<u16>>, ImageError> {
    let (shape, info) = (&planes.shape, &planes.shape.planes[index]);
    let mut plane = Cow::Borrowed(&planes.planes[index]);
    let ratios = (info.subsample_x_log2, info.subsample_y_log2);
    if ratios != (0, 0) {
        let size = (shape.width_px, shape.height_px);
        plane = Cow::Owned(upsampled(&plane, size, ratios, Upsampling::Triangle)?);
    }
    if info.bit_depth != bits {
        let mut scaled = plane.into_owned();
        for y in 0..scaled.height() {
            for sample in scaled.row_mut(y) {
                *sample = scaled_sample(*sample, info.bit_depth, bits);
            }
        }
        plane = Cow::Owned(scaled);
    }
    Ok(plane)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_comes_back_from_its_own_buffer() {
        let bytes: Vec<u8> = (0..48).map(|i| i * 5).collect();
        let words: Vec<u16> = (0..48).map(|i| i * 1365).collect();
        let gray = Picture::from_gray8(8, 6, &bytes).unwrap();
        assert_eq!(gray.to_gray8().unwrap(), bytes);
        assert_eq!(Picture::from_rgb8(4, 4, &bytes).unwrap().to_rgb8().unwrap(), bytes);
        assert_eq!(Picture::from_rgba8(4, 3, &bytes).unwrap().to_rgba8().unwrap(), bytes);
        assert_eq!(Picture::from_gray16(8, 6, &words).unwrap().to_gray16().unwrap(), words);
        assert_eq!(Picture::from_rgb16(4, 4, &words).unwrap().to_rgb16().unwrap(), words);
        assert_eq!(Picture::from_rgba16(4, 3, &words).unwrap().to_rgba16().unwrap(), words);
    }

    #[test]
    fn strides_skip_what_lies_between_rows_and_the_last_row_needs_no_gap() {
        let pixels = [1, 2, 3, 4, 5, 6, 99, 7, 8, 9, 10, 11, 12u8];
        let picture = Picture::from_rgb8_strided(2, 2, 7, &pixels).unwrap();
        assert_eq!(picture.to_rgb8().unwrap(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert!(Picture::from_rgb8_strided(2, 2, 7, &pixels[..12]).is_err());
        assert!(Picture::from_rgb8_strided(2, 2, 5, &pixels).is_err());
        assert!(Picture::from_rgb8_strided(2, 2, usize::MAX, &pixels).is_err());
    }

    #[test]
    fn empty_and_oversized_pictures_are_refused() {
        assert!(Picture::from_gray8(0, 5, &[]).is_err());
        assert!(Picture::from_gray8(usize::MAX, 2, &[1]).is_err());
        assert!(Picture::from_gray8(65_536, 1, &[0; 65_536]).is_err());
    }

    #[test]
    fn subsampled_luma_and_chroma_of_uneven_depths_become_rgb() {
        let mut shape = Shape::rgb(5, 3, 8);
        shape.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
        for info in &mut shape.planes[1..] {
            (info.subsample_x_log2, info.subsample_y_log2, info.bit_depth) = (1, 1, 10);
        }
        let mut planes = Planes::new(shape);
        for (index, plane) in planes.planes.iter_mut().enumerate() {
            plane.as_mut_slice().unwrap().fill([200, 512, 512][index]);
        }
        let picture = Picture::new(planes);
        assert_eq!(picture.to_gray8().unwrap(), [200; 15]);
        let rgb = picture.to_rgb8().unwrap();
        assert!(rgb.iter().all(|sample| sample.abs_diff(200) <= 1), "{rgb:?}");
        assert_eq!(picture.to_rgba16().unwrap()[3], 65_535);
    }

    #[test]
    fn depths_are_scaled_and_gray_of_colour_is_luma() {
        let rgb = Picture::from_rgb8(1, 1, &[255, 0, 0]).unwrap();
        assert_eq!(rgb.to_gray8().unwrap(), [76]);
        assert_eq!(rgb.to_rgb16().unwrap(), [65_535, 0, 0]);
        let mut one_bit = Planes::new(Shape::gray(2, 1, 1));
        one_bit.planes[0].row_mut(0)[1] = 1;
        assert_eq!(Picture::new(one_bit).to_gray8().unwrap(), [0, 255]);
    }

    #[test]
    fn planes_that_do_not_fit_their_shape_are_an_error_and_no_panic() {
        let mut picture = Picture::from_rgb8(2, 2, &[9; 12]).unwrap();
        picture.planes.planes[1] = Plane::new(1, 2);
        assert!(picture.to_rgb8().is_err() && picture.to_gray8().is_err());
        picture.planes.planes.truncate(1);
        assert!(picture.to_rgba16().is_err());
        let bands = Shape {
            colour: ColourModel::Bands,
            planes: vec![PlaneInfo::new(PlaneRole::Band, 8); 2],
            ..Shape::gray(2, 2, 8)
        };
        assert!(Picture::new(Planes::new(bands)).to_rgb8().is_err());
    }
}

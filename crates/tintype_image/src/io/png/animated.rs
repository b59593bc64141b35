//! Animated PNG out: whole pictures in, of each the rectangle that changed is stored.

use crate::io::interleave::{Interleaved, pack_row};
use crate::{ImageError, Picture};
use png::{BitDepth, BlendOp, ColorType, Encoder, Writer};
use std::io::Write;

/// Writes an animated PNG file, picture by picture. It is repeated for ever.
///
/// ```
/// use tintype_image::{Limits, Picture};
/// use tintype_image::io::{AnimatedPng, Animation};
///
/// let mut file = Vec::new();
/// let mut writer = AnimatedPng::new(&mut file, 2);
/// writer.write(&Picture::from_gray8(2, 1, &[9, 9])?, (1, 25))?;
/// writer.write(&Picture::from_gray8(2, 1, &[9, 7])?, (3, 10))?;
/// writer.finish()?;
/// let animation = Animation::open(&file, &Limits::default())?.expect("two frames");
/// assert_eq!((animation.rate(), animation.ticks()), (50, &[2, 15][..]));
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
pub struct AnimatedPng<W: Write> {
    target: Option<W>,
    count: u32,
    writer: Option<Writer<W>>,
    /// Rows of the picture before.
    last: Vec<Vec<u8>>,
}

fn failed(error: png::EncodingError) -> ImageError {
    match error {
        png::EncodingError::IoError(error) => ImageError::Io(error),
        error => ImageError::Misuse { what: format!("PNG: {error}") },
    }
}

impl<W: Write> AnimatedPng<W> {
    /// A file of `count` pictures on `target`.
    pub fn new(target: W, count: u32) -> Self {
        Self { target: Some(target), count, writer: None, last: Vec::new() }
    }

    /// Writes a picture that is shown for `time`, seconds as a fraction.
    ///
    /// # Errors
    /// `Unsupported` for what PNG cannot hold, `Misuse` for a picture of another shape or too many, `Io`.
    pub fn write(&mut self, picture: &Picture, time: (u64, u64)) -> Result<(), ImageError> {
        let source = Interleaved::gray_or_rgb(picture, "PNG")?;
        let bits = if source.bit_depth > 8 { 16 } else { 8 };
        let bytes = source.order.len() * usize::from(bits / 8);
        let (width, height) = (picture.planes.shape.width_px, picture.planes.shape.height_px);
        let (mut samples, mut rows) = (Vec::new(), Vec::with_capacity(height));
        for y in 0..height {
            source.row(y, bits, &mut samples);
            let mut row = Vec::with_capacity(width * bytes);
            pack_row(&samples, bits, &mut row);
            rows.push(row);
        }
        if let Some(target) = self.target.take() {
            let mut encoder = Encoder::new(target, width as u32, height as u32);
            encoder.set_color(match source.order.len() {
                1 => ColorType::Grayscale,
                2 => ColorType::GrayscaleAlpha,
                3 => ColorType::Rgb,
                _ => ColorType::Rgba,
            });
            encoder.set_depth(if bits == 8 { BitDepth::Eight } else { BitDepth::Sixteen });
            if self.count > 1 {
                encoder.set_animated(self.count, 0).map_err(failed)?;
            }
            self.writer = Some(encoder.write_header().map_err(failed)?);
        }
        let changed = changed(&self.last, &rows, bytes)?;
        let writer = self.writer.as_mut().ok_or(ImageError::Misuse { what: "no PNG writer".into() })?;
        let (left, top, wide, high) = changed;
        if self.count > 1 {
            let (number, per) = fraction(time);
            writer.set_frame_delay(number, per).map_err(failed)?;
            writer.set_blend_op(BlendOp::Source).map_err(failed)?;
            writer.reset_frame_position().map_err(failed)?;
            writer.set_frame_dimension(wide as u32, high as u32).map_err(failed)?;
            writer.set_frame_position(left as u32, top as u32).map_err(failed)?;
        }
        let mut data = Vec::with_capacity(wide * high * bytes);
        rows[top..top + high]
            .iter()
            .for_each(|row| data.extend_from_slice(&row[left * bytes..][..wide * bytes]));
        writer.write_image_data(&data).map_err(failed)?;
        self.last = rows;
        Ok(())
    }

    /// Writes the end.
    ///
    /// # Errors
    /// `Misuse` where pictures are missing, `Io`.
    pub fn finish(self) -> Result<(), ImageError> {
        let none = ImageError::Misuse { what: "a PNG without a picture".into() };
        self.writer.ok_or(none)?.finish().map_err(failed)
    }
}

/// The rectangle in which rows differ, at least one pixel: left, top, width, height. All of it where there was nothing.
fn changed(
    last: &[Vec<u8>],
    rows: &[Vec<u8>],
    bytes: usize,
) -> Result<(usize, usize, usize, usize), ImageError> {
    let width = rows[0].len() / bytes;
    if last.is_empty() {
        return Ok((0, 0, width, rows.len()));
    }
    if last.len() != rows.len() || last[0].len() != rows[0].len() {
        return Err(ImageError::Misuse { what: "a picture of another shape than the first".into() });
    }
    let differ = |y: &usize| last[*y] != rows[*y];
    let Some(top) = (0..rows.len()).find(differ) else { return Ok((0, 0, 1, 1)) };
    let bottom = (top..rows.len()).rev().find(differ).unwrap_or(top);
    let (mut left, mut right) = (width, 0);
    for (a, b) in last[top..=bottom].iter().zip(&rows[top..=bottom]) {
        let differs = |x: &usize| a[x * bytes..][..bytes] != b[x * bytes..][..bytes];
        left = (0..left).find(differs).unwrap_or(left);
        right = (right..width).rev().find(differs).unwrap_or(right);
    }
    Ok((left, top, right + 1 - left, bottom + 1 - top))
}

/// A fraction of small numbers; milliseconds where there is none.
fn fraction((number, per): (u64, u64)) -> (u16, u16) {
    let (mut high, mut low) = (number.max(1), per);
    while low > 0 {
        (high, low) = (low, high % low);
    }
    match (u16::try_from(number / high), u16::try_from(per / high)) {
        (Ok(number), Ok(per)) if per > 0 => (number, per),
        _ => (u16::try_from(number * 1000 / per.max(1)).unwrap_or(u16::MAX), 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::io::Animation;

    #[test]
    fn what_is_written_is_read_again() {
        let mut random = 7u32;
        let mut pixels = vec![0u8; 4 * 11 * 5];
        let mut pictures = Vec::new();
        for number in 0..6 {
            for _ in 0..number {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                pixels[(random >> 8) as usize % (4 * 11 * 5)] = (random >> 20) as u8;
            }
            pictures.push(Picture::from_rgba8(11, 5, &pixels).unwrap());
        }
        let mut file = Vec::new();
        let mut writer = AnimatedPng::new(&mut file, 6);
        pictures.iter().for_each(|picture| writer.write(picture, (1, 30)).unwrap());
        writer.finish().unwrap();
        let animation = Animation::open(&file, &Limits::default()).unwrap().unwrap();
        assert_eq!((animation.rate(), animation.ticks()), (30, &[1; 6][..]));
        for (frame, picture) in animation.zip(&pictures) {
            assert_eq!(frame.unwrap(), picture.planes);
        }
    }

    #[test]
    fn times_become_small_fractions() {
        assert_eq!(fraction((1001, 30_000)), (1001, 30_000));
        assert_eq!(
            (fraction((7, 100)), fraction((5000, 1000)), fraction((0, 25))),
            ((7, 100), (5, 1), (0, 25))
        );
        assert_eq!(fraction((1, 1_000_000)), (0, 1000));
    }
}

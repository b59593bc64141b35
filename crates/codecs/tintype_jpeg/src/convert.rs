//! Component samples to the rows of a picture: inverse DCT, upsampling, colour conversion.
//!
//! In: coefficients, or samples of each component at its own size. Out: full-size rows of each
//! plane.
//! Bit-exact: integers only, equal at every level and thread count.

use super::colour::{rgb_from_inverted_cmyk_row, rgb_from_ycbcr_row};
use super::frame::Frame;
use super::idct::samples_from_block;
use super::picture_shape::{CmykOutput, JpegColour, shape_of};
use super::upsample::{ComponentSamples, Factors, upsample_row};
use fearless_simd::{Simd, dispatch};
use std::ops::Range;
use tintype_codec::CodecError;
use tintype_image::{Level, Limits, Plane, Planes, Shape};

/// Dequantises and transforms rows of `stride` blocks into `out`, rows of `8 * stride` samples.
pub fn transform_rows(
    level: Level,
    blocks: &[[i16; 64]],
    stride: usize,
    quant: &[u16; 64],
    precision: u8,
    out: &mut [u16],
) {
    let quant = quant.map(i32::from);
    dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
        for (row, line) in blocks.chunks_exact(stride).zip(out.chunks_exact_mut(stride * 64)) {
            for (x, block) in row.iter().enumerate() {
                samples_from_block(simd, block, &quant, precision, &mut line[8 * x..], 8 * stride);
            }
        }
    }));
}

/// Upsampling and colour conversion of a picture.
pub struct Converter<'a> {
    frame: &'a Frame,
    colour: JpegColour,
    cmyk: CmykOutput,
    /// The shape of the picture.
    pub shape: Shape,
    /// Samples of each component.
    pub samples: Vec<ComponentSamples>,
}

impl<'a> Converter<'a> {
    /// For a picture whose components have `samples`.
    ///
    /// # Errors
    /// `Limit` if the picture is beyond `limits`.
    pub fn new(
        frame: &'a Frame,
        colour: JpegColour,
        cmyk: CmykOutput,
        samples: Vec<ComponentSamples>,
        limits: &Limits,
    ) -> Result<Self, CodecError> {
        let shape = shape_of(frame, colour, cmyk);
        shape.check(limits)?;
        Ok(Self { frame, colour, cmyk, shape, samples })
    }

    /// Room for `rows` rows of every component.
    ///
    /// Each plane is zeroed by itself, so that the system hands out its pages when they are
    /// written.
    pub fn planes(&self, rows: usize) -> Vec<Vec<u16>> {
        self.samples.iter().map(|_| vec![0; self.frame.width * rows]).collect()
    }

    /// Makes picture rows `rows`, from line `line` of `planes` on.
    ///
    /// Every component has a plane; those of the picture are the first ones.
    pub fn rows(&self, level: Level, rows: Range<usize>, planes: &mut [Vec<u16>], line: usize) {
        let width = self.frame.width;
        dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
            let mut scratch = Vec::new();
            for (line, y) in (line..).zip(rows) {
                let row = line * width..(line + 1) * width;
                for (index, plane) in planes.iter_mut().enumerate() {
                    let out = &mut plane[row.clone()];
                    let source = &self.samples[index];
                    upsample_row(source, self.factors(index), y, out, &mut scratch);
                }
                self.convert_row(planes, row);
            }
        }));
    }

    /// The picture made of whole `planes`.
    pub fn finish(self, planes: Vec<Vec<u16>>) -> Planes {
        let plane = |samples| {
            Plane::from_vec(self.frame.width, self.frame.height, samples).expect("every row was made")
        };
        let planes = planes.into_iter().take(self.shape.planes.len()).map(plane).collect();
        Planes { shape: self.shape, planes }
    }

    fn factors(&self, index: usize) -> Factors {
        let (whole_x, whole_y) = self.frame.sampling_max();
        let c = &self.frame.components[index];
        Factors { part_x: c.h, whole_x, part_y: c.v, whole_y }
    }

    #[inline(always)]
    fn convert_row(&self, planes: &mut [Vec<u16>], row: Range<usize>) {
        let max = ((1u32 << self.frame.precision) - 1) as u16;
        let [a, b, c, rest @ ..] = planes else { return };
        let (a, b, c) = (&mut a[row.clone()], &mut b[row.clone()], &mut c[row.clone()]);
        if matches!(self.colour, JpegColour::YCbCr | JpegColour::Ycck) {
            rgb_from_ycbcr_row(a, b, c, max);
        }
        if self.colour == JpegColour::Ycck {
            // YCCK holds inverted inks as RGB.
            for plane in [&mut *a, &mut *b, &mut *c] {
                plane.iter_mut().for_each(|v| *v = max - *v);
            }
        }
        if matches!(self.colour, JpegColour::Cmyk | JpegColour::Ycck)
            && let [k, ..] = rest
        {
            let k = &mut k[row];
            if self.cmyk == CmykOutput::Rgb {
                rgb_from_inverted_cmyk_row(a, b, c, k, max);
            } else {
                [a, b, c, k].into_iter().flatten().for_each(|v| *v = max - *v);
            }
        }
    }
}

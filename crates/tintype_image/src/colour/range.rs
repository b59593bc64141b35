//! Limited ("video") and full range of YCbCr and gray samples.
//!
//! In: planes whose luma lies in 16 to 235 and whose chroma lies in 16 to 240, times
//! `2^(depth - 8)`, as video stores them; out: planes of the whole range `0..2^depth`, and back.
//! Samples beyond the nominal range become 0 or the largest. Planes that are not colour pass
//! unchanged. Going to full range of the same or a larger depth and back returns every sample of
//! the nominal range.
//!
//! Source: ITU-R BT.601-7, section 2.5.3; ITU-T H.273, 8.3 (VideoFullRangeFlag).

use crate::{Picture, PlaneRole, Planes};
use std::borrow::Cow;

/// Zero and span of limited range at `bits` bits: of luma, or of chroma around its centre.
fn nominal(bits: u8, chroma: bool) -> (i64, i64) {
    let unit = if bits >= 8 { 1i64 << (bits - 8) } else { 0 };
    if chroma { (128 * unit, 224 * unit) } else { (16 * unit, 219 * unit) }
}

/// The same for full range.
fn full(bits: u8, chroma: bool) -> (i64, i64) {
    let max = (1i64 << bits) - 1;
    if chroma { (1 << (bits - 1), max) } else { (0, max) }
}

/// Planes of limited range of at least 8 bits as full range of `bit_depth` bits (8 to 16).
pub fn full_from_limited(source: &Planes, bit_depth: u8) -> Planes {
    converted(source, bit_depth, nominal, full)
}

/// Planes of full range as limited range of `bit_depth` bits (8 to 16).
pub fn limited_from_full(source: &Planes, bit_depth: u8) -> Planes {
    converted(source, bit_depth, full, nominal)
}

impl Picture {
    /// The planes at full range: converted where the metadata says that they are of limited
    /// range, as video is.
    ///
    /// ```
    /// use tintype_image::{Metadata, Picture};
    ///
    /// let mut picture = Picture::from_gray8(2, 1, &[16, 235])?;
    /// picture.metadata.set(Metadata::Y4M_HEADER, b"XCOLORRANGE=LIMITED".to_vec());
    /// assert_eq!(picture.full_range().planes[0].row(0), [0, 255]);
    /// # Ok::<(), tintype_image::ImageError>(())
    /// ```
    pub fn full_range(&self) -> Cow<'_, Planes> {
        let depth = self.planes.shape.planes.first().map_or(8, |plane| plane.bit_depth);
        if self.metadata.is_limited_range() && depth >= 8 {
            Cow::Owned(full_from_limited(&self.planes, depth))
        } else {
            Cow::Borrowed(&self.planes)
        }
    }
}

type Range = fn(u8, bool) -> (i64, i64);

fn converted(source: &Planes, bit_depth: u8, from: Range, to: Range) -> Planes {
    let mut out = source.clone();
    for (index, (plane, info)) in out.planes.iter_mut().zip(&mut out.shape.planes).enumerate() {
        if info.role != PlaneRole::Colour {
            continue;
        }
        let old = std::mem::replace(&mut info.bit_depth, bit_depth);
        let ((zero, span), (new_zero, new_span)) = (from(old, index > 0), to(bit_depth, index > 0));
        let max = (1i64 << bit_depth) - 1;
        let scaled = |sample: i64| {
            let twice = 2 * (sample - zero) * new_span + span;
            (twice.div_euclid(2 * span) + new_zero).clamp(0, max) as u16
        };
        let table: Vec<u16> = (0..1i64 << old).map(scaled).collect();
        for y in 0..plane.height() {
            plane.row_mut(y).iter_mut().for_each(|sample| *sample = table[usize::from(*sample)]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColourModel, Shape, YCbCrMatrix};

    fn ramp(bits: u8) -> Planes {
        let shape = Shape::rgb(1 << bits, 1, bits);
        let colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
        let mut planes = Planes::new(Shape { colour, ..shape });
        for plane in &mut planes.planes {
            (0..).zip(plane.row_mut(0)).for_each(|(value, sample)| *sample = value);
        }
        planes
    }

    #[test]
    fn the_ends_of_the_nominal_range_become_the_ends_of_the_full_range() {
        let full = full_from_limited(&ramp(8), 8);
        let (luma, chroma) = (full.planes[0].row(0), full.planes[2].row(0));
        assert_eq!([16, 235, 0, 255, 126].map(|at: usize| luma[at]), [0, 255, 0, 255, 128]);
        assert_eq!([128, 240, 16, 255].map(|at: usize| chroma[at]), [128, 255, 1, 255]);
    }

    #[test]
    fn nominal_samples_come_back() {
        for (bits, wide) in [(8, 8), (8, 12), (10, 10), (10, 16)] {
            let limited = ramp(bits);
            let back = limited_from_full(&full_from_limited(&limited, wide), bits);
            let unit = 1usize << (bits - 8);
            for (plane, top) in [(0, 235), (1, 240), (2, 240)] {
                let nominal = 16 * unit..=top * unit;
                let (back, limited) = (back.planes[plane].row(0), limited.planes[plane].row(0));
                assert_eq!(back[nominal.clone()], limited[nominal], "{bits} {wide} plane {plane}");
            }
        }
    }
}

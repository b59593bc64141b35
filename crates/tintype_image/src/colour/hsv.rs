//! RGB to hue, saturation, value and back, for analysis; never part of a codec.
//!
//! In: RGB planes of `0..2^n`. Out: three `f32` planes: hue in `0..1` of a turn (red 0, green
//! 1/3, blue 2/3; 0 where there is no colour), saturation and value in `0..=1`. Floats: not
//! bit-exact.
//!
//! Source: A. R. Smith, "Color Gamut Transform Pairs", SIGGRAPH 1978.

use super::even_colour_depth;
use crate::{ColourModel, ImageError, Plane, Planes, Shape};

/// Largest difference in any sample after [`hsv_from_rgb`] and [`rgb_from_hsv`] at up to 16 bits.
/// Seven roundings of `f32` (24 bits) keep a 16-bit sample within half a step.
pub const HSV_ERROR_MAX: u16 = 0;

/// Hue, saturation and value.
///
/// # Errors
/// `Misuse` unless `rgb` is RGB with colour planes of one depth.
pub fn hsv_from_rgb(rgb: &Planes) -> Result<[Plane<f32>; 3], ImageError> {
    let depth = even_colour_depth(rgb, ColourModel::Rgb)?;
    let scale = 1.0 / ((1u32 << depth) - 1) as f32;
    let (width, height) = (rgb.shape.width_px, rgb.shape.height_px);
    let mut out = [0, 1, 2].map(|_| Plane::new(width, height));
    for y in 0..height {
        for x in 0..width {
            let pixel = hsv([0, 1, 2].map(|i| f32::from(rgb.planes[i].row(y)[x])));
            out[0].row_mut(y)[x] = pixel[0];
            out[1].row_mut(y)[x] = pixel[1];
            out[2].row_mut(y)[x] = pixel[2] * scale;
        }
    }
    Ok(out)
}

fn hsv([r, g, b]: [f32; 3]) -> [f32; 3] {
    let max = r.max(g).max(b);
    let range = max - r.min(g).min(b);
    if range == 0.0 {
        return [0.0, 0.0, max];
    }
    let sixths = if max == r {
        (g - b) / range
    } else if max == g {
        2.0 + (b - r) / range
    } else {
        4.0 + (r - g) / range
    };
    let hue = if sixths < 0.0 { sixths + 6.0 } else { sixths } / 6.0;
    [if hue < 1.0 { hue } else { 0.0 }, range / max, max]
}

/// RGB of `bit_depth` bits from hue, saturation and value planes of one size; values outside
/// their ranges are clamped.
///
/// # Errors
/// `Misuse` for planes of unequal size or a depth outside 1 to 16.
pub fn rgb_from_hsv(hsv: [&Plane<f32>; 3], bit_depth: u8) -> Result<Planes, ImageError> {
    let (width, height) = (hsv[0].width(), hsv[0].height());
    if !(1..=16).contains(&bit_depth) || hsv.iter().any(|p| (p.width(), p.height()) != (width, height)) {
        return Err(ImageError::Misuse {
            what: format!("HSV planes of unequal size, or {bit_depth} bits"),
        });
    }
    let mut out = Planes::new(Shape::rgb(width, height, bit_depth));
    let max = ((1u32 << bit_depth) - 1) as f32;
    for y in 0..height {
        for x in 0..width {
            let [hue, saturation, value] = hsv.map(|p| p.row(y)[x].clamp(0.0, 1.0));
            for (plane, offset) in out.planes.iter_mut().zip([5.0, 3.0, 1.0f32]) {
                let k = (offset + hue * 6.0) % 6.0;
                let share = k.min(4.0 - k).clamp(0.0, 1.0);
                plane.row_mut(y)[x] = (value * max * (1.0 - saturation * share) + 0.5) as u16;
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dense_grid_comes_back() {
        for (bit_depth, step) in [(8u8, 3usize), (16, 1285)] {
            let values: Vec<u16> = (0..1usize << bit_depth).step_by(step).map(|v| v as u16).collect();
            let count = values.len();
            let mut rgb = Planes::new(Shape::rgb(count * count, count, bit_depth));
            for y in 0..count {
                for x in 0..count * count {
                    let pixel = [values[x % count], values[x / count], values[y]];
                    (0..3).for_each(|i| rgb.planes[i].row_mut(y)[x] = pixel[i]);
                }
            }
            let hsv = hsv_from_rgb(&rgb).unwrap();
            let back = rgb_from_hsv(hsv.each_ref(), bit_depth).unwrap();
            for (a, b) in back.planes.iter().zip(&rgb.planes) {
                let worst =
                    a.rows().flatten().zip(b.rows().flatten()).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(worst <= Some(HSV_ERROR_MAX), "{bit_depth} bits: {worst:?}");
            }
        }
    }

    #[test]
    fn pure_colours_have_the_hues_of_the_circle() {
        let mut rgb = Planes::new(Shape::rgb(3, 1, 8));
        (0..3).for_each(|i| rgb.planes[i].row_mut(0)[i] = 255);
        let [hue, saturation, value] = hsv_from_rgb(&rgb).unwrap();
        assert_eq!(hue.row(0), [0.0, 1.0 / 3.0, 2.0 / 3.0]);
        assert_eq!((saturation.row(0), value.row(0)), (&[1.0; 3][..], &[1.0; 3][..]));
    }
}

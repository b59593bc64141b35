//! RGB to full-range YCbCr and back with the BT.601 or BT.709 matrix, 1 to 16 bits, in fixed
//! point.
//!
//! In and out: three planes of `0..2^bit_depth`; chroma is centred on `2^(bit_depth - 1)`.
//! Forward: 16 fraction bits, products summed in 32 bits without loss. Backward: 16 fraction bits
//! up to 14-bit samples, 14 above, so that no sum leaves 32 bits. Rounding is to the nearest;
//! results are clamped to the range.
//!
//! Source: Rec. ITU-R BT.601-7 2.5.1; Rec. ITU-R BT.709-6 item 3; full-range scaling as in ITU-T
//! T.871 clause 7.

use super::{even_colour_depth, fixed_point, three};
use crate::{ColourModel, ImageError, Level, Plane, PlaneInfo, PlaneRole, Planes, Shape, YCbCrMatrix};
use fearless_simd::dispatch;

/// Largest difference in any sample after [`ycbcr_from_rgb`] and [`rgb_from_ycbcr`], for up to 16
/// bits: three roundings to integers, the chroma one weighted by up to 1.86.
pub const RGB_YCBCR_ERROR_MAX: u16 = 2;

struct Forward {
    /// Weights of R, G, B in Y; sum 2^16.
    y: [u32; 3],
    /// Weights of R, G in Cb, negated; their sum is 2^15, the weight of B.
    cb: [u32; 2],
    /// Weights of G, B in Cr, negated; their sum is 2^15, the weight of R.
    cr: [u32; 2],
    /// The chroma centre with 16 fraction bits, and a rounding constant.
    centre: u32,
}

impl Forward {
    fn new(matrix: YCbCrMatrix, bit_depth: u8) -> Self {
        let [red, _, blue] = matrix.luma_weights();
        let [cb_scale, cr_scale] = matrix.difference_scales();
        let (r, b) = (fixed_point(red, 16) as u32, fixed_point(blue, 16) as u32);
        let cb_r = fixed_point(red / cb_scale, 16) as u32;
        let cr_b = fixed_point(blue / cr_scale, 16) as u32;
        let centre = (1u32 << (bit_depth + 15)) + 0x7fff;
        Self { y: [r, 65_536 - r - b, b], cb: [cb_r, 32_768 - cb_r], cr: [32_768 - cr_b, cr_b], centre }
    }

    #[inline(always)]
    fn row(&self, r: &mut [u16], g: &mut [u16], b: &mut [u16]) {
        for ((r, g), b) in r.iter_mut().zip(g).zip(b) {
            let (red, green, blue) = (u32::from(*r), u32::from(*g), u32::from(*b));
            let luma = self.y[0] * red + self.y[1] * green + self.y[2] * blue + 0x8000;
            // Both lie in 0..2^32 as a whole though parts wrap.
            let cb =
                self.centre.wrapping_add(blue << 15).wrapping_sub(self.cb[0] * red + self.cb[1] * green);
            let cr =
                self.centre.wrapping_add(red << 15).wrapping_sub(self.cr[0] * green + self.cr[1] * blue);
            (*r, *g, *b) = ((luma >> 16) as u16, (cb >> 16) as u16, (cr >> 16) as u16);
        }
    }
}

struct Backward {
    fraction_bits: u32,
    /// Weights of Cr in R, Cb in G, Cr in G, Cb in B.
    weights: [i32; 4],
    half: i32,
    max: i32,
}

impl Backward {
    fn new(matrix: YCbCrMatrix, bit_depth: u8) -> Self {
        let fraction_bits = if bit_depth <= 14 { 16 } else { 14 };
        let weights = matrix.inverse_weights_fixed(fraction_bits);
        Self { fraction_bits, weights, half: 1 << (bit_depth - 1), max: (1 << bit_depth) - 1 }
    }

    #[inline(always)]
    fn row(&self, y: &mut [u16], cb: &mut [u16], cr: &mut [u16]) {
        let shift = self.fraction_bits;
        let rounding = 1 << (shift - 1);
        for ((y, cb), cr) in y.iter_mut().zip(cb).zip(cr) {
            let luma = (i32::from(*y) << shift) + rounding;
            let (b, r) = (i32::from(*cb) - self.half, i32::from(*cr) - self.half);
            let sample = |sum: i32| (sum >> shift).clamp(0, self.max) as u16;
            *y = sample(luma + self.weights[0] * r);
            let green = luma + self.weights[1] * b + self.weights[2] * r;
            *cr = sample(luma + self.weights[3] * b);
            *cb = sample(green);
        }
    }
}

/// Converts the colour planes to YCbCr at full resolution.
///
/// # Errors
/// `Misuse` unless `rgb` is RGB with colour planes of one depth.
pub fn ycbcr_from_rgb(rgb: &Planes, matrix: YCbCrMatrix, level: Level) -> Result<Planes, ImageError> {
    let depth = even_colour_depth(rgb, ColourModel::Rgb)?;
    let forward = Forward::new(matrix, depth);
    Ok(with_rows(rgb, ColourModel::YCbCr(matrix), |r, g, b| {
        dispatch!(level, _simd => forward.row(r, g, b));
    }))
}

/// A copy of `planes` as `colour`, each row of the three colour planes changed by `convert`.
fn with_rows(
    planes: &Planes,
    colour: ColourModel,
    convert: impl Fn(&mut [u16], &mut [u16], &mut [u16]),
) -> Planes {
    let mut out = planes.clone();
    out.shape.colour = colour;
    let height = out.shape.height_px;
    let [a, b, c] = three(&mut out);
    for y in 0..height {
        convert(a.row_mut(y), b.row_mut(y), c.row_mut(y));
    }
    out
}

/// Converts full-resolution YCbCr colour planes to RGB. Subsampled chroma wants
/// [`super::planes_at_sampling`] first.
///
/// # Errors
/// `Misuse` unless `ycbcr` is YCbCr with colour planes of one depth and full resolution.
pub fn rgb_from_ycbcr(ycbcr: &Planes, level: Level) -> Result<Planes, ImageError> {
    let ColourModel::YCbCr(matrix) = ycbcr.shape.colour else {
        return Err(ImageError::Misuse {
            what: format!("conversion of {} from YCbCr to RGB", ycbcr.shape.colour),
        });
    };
    let depth = even_colour_depth(ycbcr, ycbcr.shape.colour)?;
    let backward = Backward::new(matrix, depth);
    Ok(with_rows(ycbcr, ColourModel::Rgb, |a, b, c| {
        dispatch!(level, _simd => backward.row(a, b, c));
    }))
}

/// The luma of RGB as a gray picture without further planes.
///
/// # Errors
/// `Misuse` unless `rgb` is RGB with colour planes of one depth.
pub fn gray_from_rgb(rgb: &Planes, matrix: YCbCrMatrix) -> Result<Planes, ImageError> {
    let depth = even_colour_depth(rgb, ColourModel::Rgb)?;
    let [wr, wg, wb] = Forward::new(matrix, depth).y;
    let (width, height) = (rgb.shape.width_px, rgb.shape.height_px);
    let mut gray = Plane::new(width, height);
    for y in 0..height {
        let [r, g, b] = [0, 1, 2].map(|i| rgb.planes[i].row(y));
        for (x, sample) in gray.row_mut(y).iter_mut().enumerate() {
            *sample = ((wr * u32::from(r[x]) + wg * u32::from(g[x]) + wb * u32::from(b[x]) + 0x8000)
                >> 16) as u16;
        }
    }
    let planes = vec![PlaneInfo::new(PlaneRole::Colour, depth)];
    let shape = Shape { width_px: width, height_px: height, colour: ColourModel::Gray, planes };
    Ok(Planes { shape, planes: vec![gray] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(bit_depth: u8, step: usize) -> Planes {
        let max = (1usize << bit_depth) - 1;
        let values: Vec<u16> = (0..=max).step_by(step).chain([max]).map(|v| v as u16).collect();
        let count = values.len();
        let mut planes = Planes::new(Shape::rgb(count * count, count, bit_depth));
        for y in 0..count {
            for x in 0..count * count {
                planes.planes[0].row_mut(y)[x] = values[x % count];
                planes.planes[1].row_mut(y)[x] = values[x / count];
                planes.planes[2].row_mut(y)[x] = values[y];
            }
        }
        planes
    }

    /// The slow twin: the standard's formulas in f64.
    fn ycbcr_f64(matrix: YCbCrMatrix, max: f64, [r, g, b]: [f64; 3]) -> [f64; 3] {
        let [red, green, blue] = matrix.luma_weights();
        let [cb_scale, cr_scale] = matrix.difference_scales();
        let y = red * r + green * g + blue * b;
        let half = (max + 1.0) / 2.0;
        [y, half + (b - y) / cb_scale, half + (r - y) / cr_scale]
    }

    #[test]
    fn follows_the_formulas_and_comes_back_within_the_stated_error_at_every_level() {
        for (bit_depth, step) in [(1, 1), (4, 1), (8, 5), (10, 41), (14, 700), (15, 1300), (16, 2621)] {
            let rgb = grid(bit_depth, step);
            let max = f64::from(rgb.shape.planes[0].sample_max());
            for matrix in [YCbCrMatrix::Bt601, YCbCrMatrix::Bt709] {
                let ycbcr = ycbcr_from_rgb(&rgb, matrix, Level::fallback()).unwrap();
                assert_eq!(ycbcr, ycbcr_from_rgb(&rgb, matrix, Level::new()).unwrap());
                let back = rgb_from_ycbcr(&ycbcr, Level::fallback()).unwrap();
                assert_eq!(back, rgb_from_ycbcr(&ycbcr, Level::new()).unwrap());
                let samples = |p: &Planes, i: usize| p.planes[i].as_slice().unwrap().to_vec();
                let source = [0, 1, 2].map(|i| samples(&rgb, i));
                let coded = [0, 1, 2].map(|i| samples(&ycbcr, i));
                let decoded = [0, 1, 2].map(|i| samples(&back, i));
                for k in 0..source[0].len() {
                    let exact = ycbcr_f64(matrix, max, [0, 1, 2].map(|i| f64::from(source[i][k])));
                    for i in 0..3 {
                        // Half for rounding, the rest for 16-bit weights at 16-bit samples.
                        let error = (f64::from(coded[i][k]) - exact[i].min(max)).abs();
                        assert!(error <= 1.5, "{bit_depth} bits, plane {i}: off by {error}");
                        let off = decoded[i][k].abs_diff(source[i][k]);
                        assert!(
                            off <= RGB_YCBCR_ERROR_MAX,
                            "{bit_depth} bits, plane {i}: back off by {off}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn gray_is_the_luma_and_gray_axis_has_no_chroma() {
        let mut rgb = Planes::new(Shape::rgb(256, 1, 8));
        for plane in &mut rgb.planes {
            plane.row_mut(0).iter_mut().enumerate().for_each(|(x, s)| *s = x as u16);
        }
        let ycbcr = ycbcr_from_rgb(&rgb, YCbCrMatrix::Bt601, Level::new()).unwrap();
        assert_eq!(ycbcr.planes[0], rgb.planes[0]);
        assert!(ycbcr.planes[1].row(0).iter().chain(ycbcr.planes[2].row(0)).all(|c| *c == 128));
        assert_eq!(gray_from_rgb(&rgb, YCbCrMatrix::Bt709).unwrap().planes[0], rgb.planes[0]);
        assert!(rgb_from_ycbcr(&rgb, Level::new()).is_err());
    }
}

//! Colour conversion of JPEG: YCbCr, YCCK and CMYK to RGB, and RGB to YCbCr.
//!
//! Full range; chroma centred on half the range. Decoding equals libjpeg's 16-bit fixed point.
//! Bit-exact for decoding.
//! Source: JFIF 1.02 (ITU-T T.871), section 7.

use tintype_image::YCbCrMatrix;

/// Fraction bits of libjpeg's conversion.
const BITS: u32 = 16;

/// Weights of Cr in red, of Cb and Cr in green, of Cb in blue.
const WEIGHTS: [i32; 4] = YCbCrMatrix::Bt601.inverse_weights_fixed(BITS);

const LUMA: [f64; 3] = YCbCrMatrix::Bt601.luma_weights();
const SCALES: [f64; 2] = YCbCrMatrix::Bt601.difference_scales();

/// One row of YCbCr to RGB in place; samples lie in `0..=max`.
#[inline(always)]
pub fn rgb_from_ycbcr_row(y: &mut [u16], cb: &mut [u16], cr: &mut [u16], max: u16) {
    let (centre, max) = (i32::from(max / 2) + 1, i32::from(max));
    let half = 1 << (BITS - 1);
    for ((y, cb), cr) in y.iter_mut().zip(cb).zip(cr) {
        let (l, b, r) = (i32::from(*y), i32::from(*cb) - centre, i32::from(*cr) - centre);
        let red = l + ((WEIGHTS[0] * r + half) >> BITS);
        let green = l + ((WEIGHTS[1] * b + WEIGHTS[2] * r + half) >> BITS);
        let blue = l + ((WEIGHTS[3] * b + half) >> BITS);
        *y = red.clamp(0, max) as u16;
        *cb = green.clamp(0, max) as u16;
        *cr = blue.clamp(0, max) as u16;
    }
}

/// One row of inverted CMYK (as Adobe writes it) to RGB: the first three in place, `k` is left as
/// it is.
#[inline(always)]
pub fn rgb_from_inverted_cmyk_row(c: &mut [u16], m: &mut [u16], y: &mut [u16], k: &[u16], max: u16) {
    let max = u32::from(max);
    for plane in [c, m, y] {
        for (ink, k) in plane.iter_mut().zip(k) {
            *ink = ((u32::from(*ink) * u32::from(*k) + max / 2) / max) as u16;
        }
    }
}

/// RGB in `0..=max` to YCbCr as real numbers, `y` in `0..=max`, chroma around 0.
#[inline(always)]
pub fn ycbcr_from_rgb(r: f32, g: f32, b: f32) -> [f32; 3] {
    let y = LUMA[0] as f32 * r + LUMA[1] as f32 * g + LUMA[2] as f32 * b;
    [y, (b - y) * (1.0 / SCALES[0] as f32), (r - y) * (1.0 / SCALES[1] as f32)]
}

#[cfg(test)]
mod tests {
    use super::{rgb_from_ycbcr_row, ycbcr_from_rgb};

    #[test]
    fn there_and_back_is_within_one() {
        for seed in 0..4096u32 {
            let rgb = [seed & 15, seed >> 4 & 15, seed >> 8].map(|v| (v * 17) as f32);
            let [y, cb, cr] = ycbcr_from_rgb(rgb[0], rgb[1], rgb[2]);
            let mut planes = [y, cb + 128.0, cr + 128.0].map(|v| [(v + 0.5).clamp(0.0, 255.0) as u16]);
            let [a, b, c] = &mut planes;
            rgb_from_ycbcr_row(a, b, c, 255);
            for (is, should) in planes.iter().zip(rgb) {
                assert!((f32::from(is[0]) - should).abs() <= 1.5, "{is:?} for {should}");
            }
        }
    }
}

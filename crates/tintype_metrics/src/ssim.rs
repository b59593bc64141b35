//! SSIM and MS-SSIM of single planes.
//!
//! In: two planes of one size, range `0..2^bit_depth`; out: the mean over all positions where an
//! 11×11 Gaussian window (σ 1.5) fits whole, constants 0.01 and 0.03 of the peak. MS-SSIM halves
//! the planes four times by 2×2 means (an odd last row or column is left out) and weighs
//! contrast–structure of the first four scales and SSIM of the last; a negative term counts as 0.
//! Over a picture, the mean of its colour planes is taken, as the common Python packages do on
//! RGB. Rows are filtered through a ring of eleven, so memory is two planes of `f32` and little
//! more.
//!
//! Source: Wang et al., "Image quality assessment: from error visibility to structural
//! similarity", IEEE TIP 2004, eq. 13; Wang, Simoncelli, Bovik, "Multi-scale structural
//! similarity for image quality assessment", Asilomar 2003, eq. 7.

use fearless_simd::dispatch;
use tintype_image::{Level, Plane};

/// The window's side, and the smallest side of a plane that has an SSIM.
pub const SSIM_SIDE_MIN_PX: usize = 11;
/// The smallest side of a plane that has an MS-SSIM: a window fits after four halvings.
pub const MS_SSIM_SIDE_MIN_PX: usize = SSIM_SIDE_MIN_PX << 4;

const SCALE_WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/// The window, `exp(-x² / 4.5)` normalised to sum 1.
const WINDOW: [f32; SSIM_SIDE_MIN_PX] = [
    0.001_028_38,
    0.007_598_76,
    0.036_000_77,
    0.109_360_69,
    0.213_005_54,
    0.266_011_72,
    0.213_005_54,
    0.109_360_69,
    0.036_000_77,
    0.007_598_76,
    0.001_028_38,
];

/// Samples on a scale of −0.5 to 0.5: variances do not care, and squares near 0 leave `f32` more
/// digits for them.
struct Scaled {
    width: usize,
    height: usize,
    samples: Vec<f32>,
}

impl Scaled {
    fn of(plane: &Plane<u16>, bit_depth: u8) -> Self {
        let scale = 1.0 / ((1u32 << bit_depth) - 1) as f32;
        let samples =
            plane.rows().flat_map(|row| row.iter().map(|s| f32::from(*s) * scale - 0.5)).collect();
        Self { width: plane.width(), height: plane.height(), samples }
    }

    fn row(&self, y: usize) -> &[f32] {
        &self.samples[y * self.width..][..self.width]
    }

    /// 2×2 means, in place.
    fn halve(&mut self) {
        let (width, height) = (self.width / 2, self.height / 2);
        for y in 0..height {
            for x in 0..width {
                let at = 2 * y * self.width + 2 * x;
                let top = self.samples[at] + self.samples[at + 1];
                let bottom = self.samples[at + self.width] + self.samples[at + self.width + 1];
                self.samples[y * width + x] = (top + bottom) * 0.25;
            }
        }
        (self.width, self.height) = (width, height);
    }
}

/// SSIM of two planes of `bit_depth` bits; `None` if a side is below [`SSIM_SIDE_MIN_PX`].
pub fn ssim(a: &Plane<u16>, b: &Plane<u16>, bit_depth: u8) -> Option<f64> {
    let fits = a.width().min(a.height()) >= SSIM_SIDE_MIN_PX;
    fits.then(|| means(&Scaled::of(a, bit_depth), &Scaled::of(b, bit_depth)).0)
}

/// MS-SSIM of two planes of `bit_depth` bits; `None` if a side is below [`MS_SSIM_SIDE_MIN_PX`].
pub fn ms_ssim(a: &Plane<u16>, b: &Plane<u16>, bit_depth: u8) -> Option<f64> {
    if a.width().min(a.height()) < MS_SSIM_SIDE_MIN_PX {
        return None;
    }
    let (mut a, mut b) = (Scaled::of(a, bit_depth), Scaled::of(b, bit_depth));
    let mut product = 1.0;
    for (scale, weight) in SCALE_WEIGHTS.into_iter().enumerate() {
        if scale > 0 {
            a.halve();
            b.halve();
        }
        let (full, contrast) = means(&a, &b);
        let term: f64 = if scale + 1 == SCALE_WEIGHTS.len() { full } else { contrast };
        product *= term.max(0.0).powf(weight);
    }
    Some(product)
}

/// Means, variances and covariance under the window, before subtraction of the means' products:
/// a, b, aa, bb, ab.
type Moments = [Vec<f32>; 5];

/// Mean SSIM, and mean contrast–structure term.
fn means(a: &Scaled, b: &Scaled) -> (f64, f64) {
    let level = Level::new();
    let columns = a.width + 1 - SSIM_SIDE_MIN_PX;
    let empty = || -> Moments { [0; 5].map(|_| vec![0.0; columns]) };
    let mut ring: Vec<Moments> = (0..SSIM_SIDE_MIN_PX).map(|_| empty()).collect();
    let mut products: Moments = [0; 5].map(|_| vec![0.0; a.width]);
    let mut under = empty();
    let (mut full, mut contrast) = (0.0, 0.0);
    for y in 0..a.height {
        let slot = &mut ring[y % SSIM_SIDE_MIN_PX];
        dispatch!(level, _simd => {
            multiply(a.row(y), b.row(y), &mut products);
            (0..5).for_each(|i| blur_row(&products[i], &mut slot[i]));
        });
        if y + 1 < SSIM_SIDE_MIN_PX {
            continue;
        }
        let first = y + 1 - SSIM_SIDE_MIN_PX;
        let (row_full, row_contrast) = dispatch!(level, _simd => {
            (0..5).for_each(|i| blur_column(&ring, first, i, &mut under[i]));
            terms(&mut under)
        });
        full += row_full;
        contrast += row_contrast;
    }
    let count = (columns * (a.height + 1 - SSIM_SIDE_MIN_PX)) as f64;
    (full / count, contrast / count)
}

#[inline(always)]
fn multiply(a: &[f32], b: &[f32], out: &mut Moments) {
    let [ma, mb, aa, bb, ab] = out;
    for ((((((ma, mb), aa), bb), ab), a), b) in
        ma.iter_mut().zip(mb).zip(aa).zip(bb).zip(ab).zip(a).zip(b)
    {
        (*ma, *mb, *aa, *bb, *ab) = (*a, *b, a * a, b * b, a * b);
    }
}

#[inline(always)]
fn blur_row(source: &[f32], out: &mut [f32]) {
    for (index, weight) in WINDOW.iter().enumerate() {
        for (t, s) in out.iter_mut().zip(&source[index..]) {
            *t = if index == 0 { weight * s } else { *t + weight * s };
        }
    }
}

#[inline(always)]
fn blur_column(ring: &[Moments], first: usize, moment: usize, out: &mut [f32]) {
    for (index, weight) in WINDOW.iter().enumerate() {
        let row = &ring[(first + index) % SSIM_SIDE_MIN_PX][moment];
        for (t, s) in out.iter_mut().zip(row) {
            *t = if index == 0 { weight * s } else { *t + weight * s };
        }
    }
}

/// Sums of SSIM and of contrast–structure over one row of moments, which are used up.
#[inline(always)]
fn terms(under: &mut Moments) -> (f64, f64) {
    const C1: f32 = 0.01 * 0.01;
    const C2: f32 = 0.03 * 0.03;
    let [ma, mb, aa, bb, ab] = under;
    for ((((ma, mb), aa), bb), ab) in
        ma.iter_mut().zip(mb.iter()).zip(aa.iter()).zip(bb.iter()).zip(ab.iter_mut())
    {
        let (square_a, square_b, both) = (*ma * *ma, *mb * *mb, *ma * *mb);
        let variances = (aa - square_a) + (bb - square_b);
        let contrast = (2.0 * (*ab - both) + C2) / (variances + C2);
        let (mean_a, mean_b) = (*ma + 0.5, *mb + 0.5);
        let luminance = (2.0 * mean_a * mean_b + C1) / (mean_a * mean_a + mean_b * mean_b + C1);
        *ma = contrast * luminance;
        *ab = contrast;
    }
    let sum = |row: &[f32]| row.iter().map(|v| f64::from(*v)).sum::<f64>();
    (sum(ma), sum(ab))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(width: usize, height: usize, noise: u32) -> Plane<u16> {
        let sample = |i: usize| {
            let (x, y) = ((i % width) as f64, (i / width) as f64);
            let smooth = 128.0 + 60.0 * (x / 9.0).sin() + 50.0 * (y / 13.0).cos();
            let random = (i as u32).wrapping_mul(2_654_435_761) >> 16;
            (smooth as i32 + (random % (2 * noise + 1)) as i32 - noise as i32).clamp(0, 255) as u16
        };
        Plane::from_vec(width, height, (0..width * height).map(sample).collect()).unwrap()
    }

    /// The slow twin: the formulas at every position in f64.
    fn ssim_slow(a: &Plane<u16>, b: &Plane<u16>, peak: f64) -> f64 {
        let weight: Vec<f64> =
            (0..11).map(|i| (-f64::from(i - 5) * f64::from(i - 5) / 4.5).exp()).collect();
        let norm: f64 = weight.iter().sum();
        let mut total = 0.0;
        let (columns, rows) = (a.width() - 10, a.height() - 10);
        for y in 0..rows {
            for x in 0..columns {
                let mut m = [0.0; 5];
                for j in 0..11 {
                    for i in 0..11 {
                        let w = weight[i] * weight[j] / (norm * norm);
                        let (p, q) = (f64::from(a.row(y + j)[x + i]), f64::from(b.row(y + j)[x + i]));
                        m = [
                            m[0] + w * p,
                            m[1] + w * q,
                            m[2] + w * p * p,
                            m[3] + w * q * q,
                            m[4] + w * p * q,
                        ];
                    }
                }
                let (c1, c2) = ((0.01 * peak).powi(2), (0.03 * peak).powi(2));
                let luminance = (2.0 * m[0] * m[1] + c1) / (m[0] * m[0] + m[1] * m[1] + c1);
                let covariance = m[4] - m[0] * m[1];
                let variances = m[2] - m[0] * m[0] + m[3] - m[1] * m[1];
                total += luminance * (2.0 * covariance + c2) / (variances + c2);
            }
        }
        total / (columns * rows) as f64
    }

    #[test]
    fn agrees_with_the_slow_twin() {
        for (width, height) in [(11, 11), (40, 23), (31, 47)] {
            let (a, b) = (wave(width, height, 0), wave(width, height, 12));
            let (fast, slow) = (ssim(&a, &b, 8).unwrap(), ssim_slow(&a, &b, 255.0));
            assert!((fast - slow).abs() < 2e-5, "{width}×{height}: {fast} {slow}");
        }
    }

    #[test]
    fn equal_planes_have_one_and_small_planes_have_none() {
        let plane = wave(176, 180, 20);
        assert_eq!(ssim(&plane, &plane, 8), Some(1.0));
        assert_eq!(ms_ssim(&plane, &plane, 8), Some(1.0));
        assert_eq!(ms_ssim(&wave(175, 400, 0), &wave(175, 400, 0), 8), None);
        assert_eq!(ssim(&wave(10, 400, 0), &wave(10, 400, 0), 8), None);
    }

    #[test]
    fn more_noise_is_worse_and_depth_does_not_matter() {
        let clean = wave(200, 180, 0);
        let score = |noise| ms_ssim(&clean, &wave(200, 180, noise), 8).unwrap();
        assert!(score(2) > score(8) && score(8) > score(30) && score(30) > 0.2, "{}", score(30));
        let wide = |p: &Plane<u16>| {
            Plane::from_vec(200, 180, p.rows().flatten().map(|s| s * 257).collect()).unwrap()
        };
        let sixteen = ms_ssim(&wide(&clean), &wide(&wave(200, 180, 8)), 16).unwrap();
        assert!((sixteen - score(8)).abs() < 1e-6);
    }
}

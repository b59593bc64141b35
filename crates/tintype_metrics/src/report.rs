//! All metrics of a pair of pictures at once.

#[cfg(feature = "butteraugli")]
use crate::distance::butteraugli;
use crate::pair::Pair;
use crate::pointwise::{Pointwise, pointwise};
use crate::ssim::{ms_ssim, ssim};
use crate::{MetricError, perceptual};
use tintype_image::{PlaneRole, Planes};

/// Which of the costly metrics to compute; the pointwise ones always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// SSIM and MS-SSIM.
    pub structural: bool,
    /// SSIMULACRA2.
    pub ssimulacra2: bool,
    /// Butteraugli, in a build with the feature of that name.
    pub butteraugli: bool,
}

impl Wanted {
    /// Everything.
    pub const ALL: Self = Self { structural: true, ssimulacra2: true, butteraugli: true };
    /// Only the pointwise metrics.
    pub const POINTWISE: Self = Self { structural: false, ssimulacra2: false, butteraugli: false };
}

/// One plane's metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaneReport {
    /// The plane's name, or its role and number.
    pub name: String,
    /// Mean squared error, in squared steps of the plane's depth.
    pub mse: f64,
    /// Mean absolute error, in steps.
    pub mae: f64,
    /// dB against the largest sample; infinite for equal planes.
    pub psnr: f64,
    /// SSIM, or `None` below 11 pixels.
    pub ssim: Option<f64>,
    /// MS-SSIM, or `None` below 176 pixels.
    pub ms_ssim: Option<f64>,
}

/// A picture's metrics. A metric that cannot be computed for these pictures is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Mean squared error over all samples of the main planes (the colour planes, or all where
    /// there are none), in squared steps of the deepest of them.
    pub mse: f64,
    /// Mean absolute error over the same samples.
    pub mae: f64,
    /// dB of `mse` against the largest sample; **infinite for equal pictures**, which JSON
    /// writers show as `null`.
    pub psnr: f64,
    /// Mean over the main planes.
    pub ssim: Option<f64>,
    /// Mean over the main planes.
    pub ms_ssim: Option<f64>,
    /// 100 is equal.
    pub ssimulacra2: Option<f64>,
    /// 0 is equal; the largest distance.
    pub butteraugli: Option<f64>,
    /// Butteraugli's 3-norm, which weighs single spots less than the largest distance does.
    pub butteraugli_3norm: Option<f64>,
    /// Number of samples of all planes that differ.
    pub hamming: u64,
    /// Number of bits of all planes that differ.
    pub hamming_bits: u64,
    /// Cosine of the angle between the samples of the main planes.
    pub cosine: f64,
    /// Every plane on its own, alpha included.
    pub planes: Vec<PlaneReport>,
}

impl Report {
    /// Name and value of each picture-wide metric, in the order of the doors' contract. Infinite
    /// and missing values are `None`.
    pub fn entries(&self) -> [(&'static str, Option<f64>); 11] {
        [
            ("mse", Some(self.mse)),
            ("mae", Some(self.mae)),
            ("psnr", Some(self.psnr).filter(|p| p.is_finite())),
            ("ssim", self.ssim),
            ("ms_ssim", self.ms_ssim),
            ("ssimulacra2", self.ssimulacra2),
            ("butteraugli", self.butteraugli),
            ("butteraugli_3norm", self.butteraugli_3norm),
            ("hamming", Some(self.hamming as f64)),
            ("hamming_bits", Some(self.hamming_bits as f64)),
            ("cosine", Some(self.cosine)),
        ]
    }
}

/// All metrics of two pictures.
///
/// # Errors
/// `Mismatch` if they differ in size, planes or kind of colour.
pub fn compare(a: &Planes, b: &Planes) -> Result<Report, MetricError> {
    compare_with(a, b, Wanted::ALL)
}

/// The wanted metrics of two pictures.
///
/// # Errors
/// As [`compare`].
pub fn compare_with(a: &Planes, b: &Planes, wanted: Wanted) -> Result<Report, MetricError> {
    let pair = Pair::new(a, b)?;
    let infos = &pair.shape().planes;
    let sums: Vec<Pointwise> =
        pair.a.planes.iter().zip(&pair.b.planes).map(|(a, b)| pointwise(a, b)).collect();
    let planes: Vec<PlaneReport> =
        (0..sums.len()).map(|i| plane_report(&pair, i, &sums[i], wanted)).collect();
    let main = pair.main_planes();
    let depth = infos[..main].iter().map(|p| p.bit_depth).max().unwrap_or(8);
    let peak = |bits: u8| f64::from((1u32 << bits) - 1);
    // Planes of smaller depth count on the scale of the deepest.
    let (mut squared, mut absolute, mut samples) = (0.0, 0.0, 0.0);
    let mut vector = Pointwise::default();
    for (sum, info) in sums[..main].iter().zip(infos) {
        let gain = peak(depth) / peak(info.bit_depth);
        squared += sum.squared as f64 * gain * gain;
        absolute += sum.absolute as f64 * gain;
        samples += sum.samples as f64;
        vector = vector.and(sum);
    }
    let mse = squared / samples;
    let mean = |of: fn(&PlaneReport) -> Option<f64>| -> Option<f64> {
        let values: Option<Vec<f64>> = planes[..main].iter().map(of).collect();
        values.map(|v| v.iter().sum::<f64>() / v.len() as f64)
    };
    let butteraugli = if wanted.butteraugli { butteraugli(&pair)? } else { None };
    Ok(Report {
        mse,
        mae: absolute / samples,
        psnr: 10.0 * (peak(depth) * peak(depth) / mse).log10(),
        ssim: mean(|p| p.ssim),
        ms_ssim: mean(|p| p.ms_ssim),
        ssimulacra2: if wanted.ssimulacra2 { perceptual::ssimulacra2(&pair)? } else { None },
        butteraugli: butteraugli.map(|b| b.0),
        butteraugli_3norm: butteraugli.map(|b| b.1),
        hamming: sums.iter().map(|s| s.hamming_samples).sum(),
        hamming_bits: sums.iter().map(|s| s.hamming_bits).sum(),
        cosine: vector.cosine(),
        planes,
    })
}

#[cfg(not(feature = "butteraugli"))]
fn butteraugli(_: &Pair<'_>) -> Result<Option<(f64, f64)>, MetricError> {
    Ok(None)
}

fn plane_report(pair: &Pair<'_>, index: usize, sums: &Pointwise, wanted: Wanted) -> PlaneReport {
    let info = &pair.shape().planes[index];
    let (a, b, bits) = (&pair.a.planes[index], &pair.b.planes[index], info.bit_depth);
    let role = match info.role {
        PlaneRole::Colour => "colour",
        PlaneRole::Alpha => "alpha",
        PlaneRole::Depth => "depth",
        PlaneRole::Band => "band",
    };
    PlaneReport {
        name: if info.name.is_empty() { format!("{role} {index}") } else { info.name.clone() },
        mse: sums.mse(),
        mae: sums.mae(),
        psnr: sums.psnr(bits),
        ssim: if wanted.structural { ssim(a, b, bits) } else { None },
        ms_ssim: if wanted.structural { ms_ssim(a, b, bits) } else { None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tintype_image::colour::planes_at_depth;
    use tintype_image::{ColourModel, PlaneInfo, Shape};

    fn picture(shape: Shape, noise: u32) -> Planes {
        let mut planes = Planes::new(shape);
        for (index, plane) in planes.planes.iter_mut().enumerate() {
            for y in 0..plane.height() {
                for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                    let random = (x * 7919 + y * 104_729 + index) as u32;
                    let random = random.wrapping_mul(2_654_435_761) >> 20;
                    *sample = (60 + x as u32 / 2 + y as u32 / 3 + random % (noise + 1)) as u16 & 255;
                }
            }
        }
        planes
    }

    #[test]
    fn equal_pictures_have_the_best_of_every_metric() {
        let a = picture(Shape::rgb(180, 176, 8), 9);
        let report = compare(&a, &a).unwrap();
        assert_eq!((report.mse, report.mae, report.psnr), (0.0, 0.0, f64::INFINITY));
        assert_eq!((report.ssim, report.ms_ssim), (Some(1.0), Some(1.0)));
        assert_eq!((report.hamming, report.hamming_bits, report.cosine), (0, 0, 1.0));
        assert!((report.ssimulacra2.unwrap() - 100.0).abs() < 1e-6);
        assert!(report.butteraugli.unwrap() < 1e-6);
        assert_eq!(report.entries()[2], ("psnr", None));
    }

    #[test]
    fn noise_worsens_every_metric_at_eight_and_sixteen_bits_alike() {
        let shape = Shape::rgb(180, 176, 8);
        let (clean, noisy) = (picture(shape.clone(), 0), picture(shape, 20));
        let eight = compare(&clean, &noisy).unwrap();
        let sixteen = compare(&planes_at_depth(&clean, 16), &planes_at_depth(&noisy, 16)).unwrap();
        for ((name, a), (_, b)) in eight.entries().into_iter().zip(sixteen.entries()) {
            if matches!(
                name,
                "psnr" | "ssim" | "ms_ssim" | "ssimulacra2" | "butteraugli" | "hamming" | "cosine"
            ) {
                let (a, b) = (a.unwrap(), b.unwrap());
                assert!((a - b).abs() <= 0.002 * a.abs(), "{name}: {a} {b}");
            }
        }
        assert!(eight.psnr < 30.0 && eight.ssim.unwrap() < 0.9 && eight.ssimulacra2.unwrap() < 80.0);
        assert!(eight.butteraugli.unwrap() > 1.0 && eight.cosine < 1.0 && eight.hamming > 80_000);
    }

    #[test]
    fn smallest_pictures_have_what_can_be_computed() {
        let report =
            compare(&picture(Shape::gray(1, 1, 8), 0), &picture(Shape::gray(1, 1, 8), 9)).unwrap();
        assert!(report.ssim.is_none() && report.ms_ssim.is_none() && report.butteraugli.is_none());
        assert!(report.ssimulacra2.is_some());
        assert!(report.psnr.is_finite() || report.mse == 0.0);
    }

    #[test]
    fn bands_of_unequal_depth_count_on_one_scale() {
        let planes = vec![PlaneInfo::new(PlaneRole::Band, 8), PlaneInfo::new(PlaneRole::Band, 16)];
        let shape = Shape { width_px: 4, height_px: 4, colour: ColourModel::Bands, planes };
        let a = Planes::new(shape);
        let mut b = a.clone();
        b.planes[0].row_mut(0)[0] = 255;
        b.planes[1].row_mut(0)[0] = 65_535;
        let report = compare(&a, &b).unwrap();
        assert_eq!(report.mse, 65_535.0f64 * 65_535.0 / 16.0);
        assert!((report.psnr - report.planes[0].psnr).abs() < 1e-9 && report.ssimulacra2.is_none());
    }
}

//! Decoded picture against source: every metric of the house in one record.

use crate::LabError;
use crate::record::Metrics;
use tintype_image::Picture;
use tintype_metrics::{CurvePoint, compare};

/// PSNR written for equal pictures, whose true value is infinite; in decibels.
const PSNR_EQUAL: f64 = 100.0;

/// All metrics of `decoded` against `source`.
///
/// # Errors
/// `Mismatch` if they differ in size, planes or kind of colour.
pub fn measure(source: &Picture, decoded: &Picture) -> Result<Metrics, LabError> {
    let report = compare(&source.planes, &decoded.planes);
    let report = report.map_err(|error| LabError::mismatch(format!("decoded picture: {error}")))?;
    // Errors are given in 8-bit steps, so that sets of different depths can be averaged.
    let depth = source.planes.shape.planes.iter().map(|plane| plane.bit_depth).max().unwrap_or(8);
    let step = f64::from((1u32 << depth) - 1) / 255.0;
    Ok(Metrics {
        mse: report.mse / (step * step),
        mae: report.mae / step,
        psnr: report.psnr.min(PSNR_EQUAL),
        ssim: report.ssim,
        ms_ssim: report.ms_ssim,
        ssimulacra2: report.ssimulacra2,
        butteraugli: report.butteraugli,
    })
}

/// Checks that every sample came back.
///
/// # Errors
/// `Mismatch` if one did not, or if the shapes differ.
pub fn check_equal(source: &Picture, decoded: &Picture) -> Result<(), LabError> {
    let (a, b) = (&source.planes, &decoded.planes);
    let same_size = (a.shape.width_px, a.shape.height_px) == (b.shape.width_px, b.shape.height_px);
    let same_depth = a.shape.planes.iter().map(|p| p.bit_depth).eq(b.shape.planes.iter().map(|p| p.bit_depth));
    if !same_size || !same_depth {
        return Err(LabError::mismatch("the decoded picture has another size, number of planes or depth"));
    }
    let equal = |(a, b): (&tintype_image::Plane<u16>, _)| a.rows().eq(tintype_image::Plane::rows(b));
    if a.planes.iter().zip(&b.planes).all(equal) {
        return Ok(());
    }
    Err(LabError::mismatch("decoded samples differ from the source: not lossless"))
}

/// MS-SSIM in decibels, the scale on which curves are compared.
pub fn ms_ssim_db(ms_ssim: f64) -> f64 {
    -10.0 * (1.0 - ms_ssim.min(1.0 - 1e-9)).log10()
}

/// Rate of `curve` against `anchor` at equal quality, in per cent; points are (rate, quality).
pub fn bd_rate(anchor: &[(f64, f64)], curve: &[(f64, f64)]) -> Option<f64> {
    let points = |curve: &[(f64, f64)]| -> Vec<CurvePoint> {
        curve.iter().map(|&(rate, quality)| CurvePoint { rate, quality }).collect()
    };
    tintype_metrics::bd_rate(&points(curve), &points(anchor))
}

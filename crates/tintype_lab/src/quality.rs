//! Decoded picture against source: every metric of the house in one record.

use crate::LabError;
use crate::record::Metrics;
use tintype_image::{Picture, PlaneRole, Planes};
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
/// Programs that know fewer kinds of pictures may give gray as equal RGB, shallow samples as
/// 8-bit ones and an opaque alpha plane more or less; what counts is that every pixel shows
/// the same.
///
/// # Errors
/// `Mismatch` if one did not, or if the sizes differ.
pub fn check_equal(source: &Picture, decoded: &Picture) -> Result<(), LabError> {
    let (a, b) = (&source.planes, &decoded.planes);
    let size = |planes: &Planes| (planes.shape.width_px, planes.shape.height_px);
    let plain = |planes: &Planes| {
        let whole = |i: usize| planes.shape.plane_size(i) == size(planes);
        planes.planes.len() <= 4 && (0..planes.planes.len()).all(whole)
    };
    let planes_alike =
        a.shape.planes.iter().map(|p| p.bit_depth).eq(b.shape.planes.iter().map(|p| p.bit_depth));
    if size(a) != size(b) || !(planes_alike || plain(a) && plain(b)) {
        return Err(LabError::mismatch(
            "the decoded picture has another size, number of planes or depth",
        ));
    }
    let equal = if planes_alike {
        a.planes.iter().zip(&b.planes).all(|(a, b)| a.rows().eq(b.rows()))
    } else {
        (0..4).all(|channel| (0..size(a).1).all(|y| shown(a, channel, y).eq(shown(b, channel, y))))
    };
    if equal {
        Ok(())
    } else {
        Err(LabError::mismatch("decoded samples differ from the source: not lossless"))
    }
}

/// Row `y` of red, green, blue or opacity (`channel` 0 to 3), 0 to 65 535 whatever the depth.
fn shown(planes: &Planes, channel: usize, y: usize) -> impl Iterator<Item = u32> + '_ {
    let is_alpha = |i: &usize| planes.shape.planes[*i].role == PlaneRole::Alpha;
    let index = if channel == 3 {
        (0..planes.planes.len()).find(is_alpha)
    } else {
        let colours = (0..planes.planes.len()).filter(|i| !is_alpha(i)).count();
        Some(if colours < 3 { 0 } else { channel })
    };
    (0..planes.shape.width_px).map(move |x| match index {
        Some(i) => {
            u32::from(planes.planes[i].row(y)[x]) * 65535 / ((1 << planes.shape.planes[i].bit_depth) - 1)
        }
        None => 65535,
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use tintype_image::{ColourModel, Metadata, PlaneInfo, Shape};

    fn picture(
        colour: ColourModel,
        infos: Vec<PlaneInfo>,
        value: impl Fn(usize, usize) -> u16,
    ) -> Picture {
        let mut planes = Planes::new(Shape { width_px: 5, height_px: 3, colour, planes: infos });
        for (p, plane) in planes.planes.iter_mut().enumerate() {
            for y in 0..3 {
                for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                    *sample = value(p, y * 5 + x);
                }
            }
        }
        Picture { planes, metadata: Metadata::default() }
    }

    #[test]
    fn pictures_that_show_the_same_are_equal() {
        let colour = |depth| PlaneInfo::new(PlaneRole::Colour, depth);
        let gray = picture(ColourModel::Gray, vec![colour(1)], |_, at| (at % 2) as u16);
        let same = |_: usize, at: usize| (at % 2) as u16 * 255;
        let rgb = picture(ColourModel::Rgb, vec![colour(8); 3], same);
        assert!(check_equal(&gray, &rgb).is_ok());
        let opaque = vec![colour(8), colour(8), colour(8), PlaneInfo::new(PlaneRole::Alpha, 8)];
        let value = |p: usize, at: usize| if p == 3 { 255 } else { same(p, at) };
        assert!(check_equal(&gray, &picture(ColourModel::Rgb, opaque.clone(), value)).is_ok());
        let clear = |p: usize, at: usize| if p == 3 { 254 } else { same(p, at) };
        assert!(check_equal(&gray, &picture(ColourModel::Rgb, opaque, clear)).is_err());
        let tinted = |p: usize, at: usize| if p == 1 && at == 7 { 254 } else { same(p, at) };
        assert!(check_equal(&gray, &picture(ColourModel::Rgb, vec![colour(8); 3], tinted)).is_err());
    }
}

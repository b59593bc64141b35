//! From points to averages and rate differences.

use crate::launch::Cost;
use crate::quality::{bd_rate, ms_ssim_db};
use crate::record::{BdRate, Image, Metrics, Point, Summary};
use std::collections::BTreeMap;

/// Names of the metrics that rates are compared over.
pub const BD_METRICS: [&str; 3] = ["psnr", "ms_ssim", "ssimulacra2"];

/// The metric of a point that `name` stands for, on the scale on which curves are compared.
fn metric(point: &Point, name: &str) -> Option<f64> {
    let metrics = point.metrics.as_ref()?;
    match name {
        "psnr" => Some(metrics.psnr),
        "ms_ssim" => metrics.ms_ssim.map(ms_ssim_db),
        "ssimulacra2" => metrics.ssimulacra2,
        _ => None,
    }
}

/// Averages of every codec at every setting, in the order of `codecs` and of each codec's points.
pub fn summaries(points: &[Point], images: &[Image], codecs: &[String], timed: bool) -> Vec<Summary> {
    let pixels: BTreeMap<&str, (u64, u64)> = images
        .iter()
        .map(|image| (image.name.as_str(), (image.width as u64 * image.height as u64, image.raw_bytes)))
        .collect();
    let mut all = Vec::new();
    for codec in codecs {
        for (setting, group) in by_setting(points, codec) {
            let size = |point: &&Point| pixels.get(point.image.as_str()).copied().unwrap_or_default();
            let megapixels = group.iter().map(|p| size(p).0 as f64).sum::<f64>() / 1e6;
            let raw: u64 = group.iter().map(|p| size(p).1).sum();
            let bytes: u64 = group.iter().map(|p| p.bytes).sum();
            let per_second = |costs: Vec<&Cost>| {
                let seconds: f64 = costs.iter().map(|cost| cost.cpu_ms / 1e3).sum();
                (timed && costs.len() == group.len() && seconds > 0.0).then(|| megapixels / seconds)
            };
            let peak = |cost: &dyn Fn(&Point) -> Option<Cost>| {
                group.iter().filter_map(|p| cost(p)?.peak_memory_bytes).max()
            };
            all.push(Summary {
                codec: codec.clone(),
                setting,
                images: group.len(),
                bytes,
                bpp: mean(group.iter().map(|p| p.bpp)),
                ratio: raw as f64 / bytes.max(1) as f64,
                metrics: mean_metrics(&group),
                ms_ssim_db: mean_of_some(group.iter().map(|p| metric(p, "ms_ssim"))),
                encode_mp_per_s: per_second(group.iter().map(|p| &p.encode).collect()),
                decode_mp_per_s: per_second(group.iter().filter_map(|p| p.decode.as_ref()).collect()),
                encode_peak_bytes: peak(&|p| Some(p.encode)),
                decode_peak_bytes: peak(&|p| p.decode),
            });
        }
    }
    all
}

/// Points of `codec` by setting, settings in order of appearance.
fn by_setting<'a>(points: &'a [Point], codec: &str) -> Vec<(String, Vec<&'a Point>)> {
    let mut groups: Vec<(String, Vec<&Point>)> = Vec::new();
    for point in points.iter().filter(|point| point.codec == codec) {
        match groups.iter_mut().find(|(setting, _)| *setting == point.setting) {
            Some((_, group)) => group.push(point),
            None => groups.push((point.setting.clone(), vec![point])),
        }
    }
    groups
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn mean_of_some(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Option<Vec<f64>> = values.collect();
    values.filter(|values| !values.is_empty()).map(|values| mean(values.into_iter()))
}

fn mean_metrics(group: &[&Point]) -> Option<Metrics> {
    let all: Option<Vec<Metrics>> = group.iter().map(|point| point.metrics).collect();
    let all = all.filter(|all| !all.is_empty())?;
    let of = |value: fn(&Metrics) -> f64| mean(all.iter().map(value));
    let of_some = |value: fn(&Metrics) -> Option<f64>| mean_of_some(all.iter().map(value));
    Some(Metrics {
        mse: of(|m| m.mse),
        mae: of(|m| m.mae),
        psnr: of(|m| m.psnr),
        ssim: of_some(|m| m.ssim),
        ms_ssim: of_some(|m| m.ms_ssim),
        ssimulacra2: of_some(|m| m.ssimulacra2),
        butteraugli: of_some(|m| m.butteraugli),
    })
}

/// Rate differences of every codec against every other, over every metric.
pub fn bd_rates(points: &[Point], codecs: &[String]) -> Vec<BdRate> {
    let mut all = Vec::new();
    for anchor in codecs {
        for codec in codecs.iter().filter(|codec| *codec != anchor) {
            for name in BD_METRICS {
                all.push(bd_of_pair(points, codec, anchor, name));
            }
        }
    }
    all
}

fn bd_of_pair(points: &[Point], codec: &str, anchor: &str, name: &str) -> BdRate {
    let images = |codec: &str| {
        let mut names: Vec<&str> =
            points.iter().filter(|p| p.codec == codec).map(|p| p.image.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let of_anchor = images(anchor);
    let shared: Vec<&str> =
        images(codec).into_iter().filter(|image| of_anchor.contains(image)).collect();
    let curve = |codec: &str, images: &[&str]| -> Vec<(f64, f64)> {
        let groups = by_setting(points, codec).into_iter().filter_map(|(_, group)| {
            let group: Vec<&Point> =
                group.into_iter().filter(|p| images.contains(&p.image.as_str())).collect();
            let whole = group.len() == images.len() && !group.is_empty();
            let quality = mean_of_some(group.iter().map(|p| metric(p, name)))?;
            whole.then(|| (mean(group.iter().map(|p| p.bpp)), quality))
        });
        groups.collect()
    };
    let compare = |images: &[&str]| bd_rate(&curve(anchor, images), &curve(codec, images));
    let single: Vec<f64> = shared.iter().filter_map(|image| compare(&[image])).collect();
    BdRate {
        codec: codec.into(),
        anchor: anchor.into(),
        metric: name.into(),
        of_averages: if shared.is_empty() { None } else { compare(&shared) },
        mean_of_images: (!single.is_empty()).then(|| mean(single.iter().copied())),
        images: single.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(codec: &str, setting: &str, image: &str, bpp: f64, psnr: f64) -> Point {
        let cost = Cost { wall_ms: 20.0, cpu_ms: 10.0, peak_memory_bytes: Some(1000) };
        let metrics = Metrics {
            mse: 1.0,
            mae: 1.0,
            psnr,
            ssim: None,
            ms_ssim: None,
            ssimulacra2: Some(psnr),
            butteraugli: None,
        };
        Point {
            codec: codec.into(),
            setting: setting.into(),
            image: image.into(),
            bytes: (bpp * 1000.0) as u64,
            bpp,
            ratio: 24.0 / bpp,
            encode: cost,
            decode: Some(cost),
            encode_inside_ms: None,
            decode_inside_ms: None,
            metrics: Some(metrics),
            cached: false,
        }
    }

    /// Codec b needs exactly half the rate of codec a at each quality.
    fn points() -> Vec<Point> {
        let mut all = Vec::new();
        for image in ["x", "y"] {
            for step in 0..4 {
                let (bpp, psnr) = (0.25 * f64::from(1 << step), 30.0 + 3.0 * f64::from(step));
                all.push(point("a", &step.to_string(), image, bpp, psnr));
                all.push(point("b", &step.to_string(), image, bpp / 2.0, psnr));
            }
        }
        all
    }

    #[test]
    fn half_the_rate_is_minus_fifty_percent() {
        let rates = bd_rates(&points(), &["a".into(), "b".into()]);
        let of = |codec: &str| rates.iter().find(|r| r.codec == codec && r.metric == "psnr").unwrap();
        assert!((of("b").of_averages.unwrap() + 50.0).abs() < 1e-6, "{:?}", of("b"));
        assert!((of("a").mean_of_images.unwrap() - 100.0).abs() < 1e-6, "{:?}", of("a"));
        assert_eq!(of("a").images, 2);
    }

    #[test]
    fn averages_of_a_setting() {
        let image = |name: &str| Image {
            name: name.into(),
            width: 1000,
            height: 8,
            planes: 3,
            bit_depth: 8,
            raw_bytes: 24_000,
        };
        let mut points = points();
        points[0].metrics = points[0].metrics.map(|metrics| Metrics { psnr: 34.0, ..metrics });
        let all = summaries(&points, &[image("x"), image("y")], &["a".into()], true);
        assert_eq!(all.len(), 4);
        assert_eq!((all[0].images, all[0].bytes), (2, 500));
        assert!((all[0].metrics.unwrap().psnr - 32.0).abs() < 1e-9, "mean of 34 and 30");
        assert!((all[0].encode_mp_per_s.unwrap() - 0.8).abs() < 1e-9, "16000 pixels in 20 ms");
        assert_eq!(all[0].encode_peak_bytes, Some(1000));
        let untimed = summaries(&points, &[image("x"), image("y")], &["a".into()], false);
        assert_eq!(untimed[0].encode_mp_per_s, None);
    }
}

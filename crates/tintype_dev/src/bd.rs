//! BD-rate of the codecs of one CSV file against those of another, as `rd` writes them.
//!
//! Two figures each. First, of curves of means over pictures at each setting: right for codecs
//! that are swept alike. Second, the mean over pictures of each picture's BD-rate: a codec
//! swept by rate spends bits on easy pictures that one swept by quality saves, and this figure
//! does not depend on it.

use crate::Failure;
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tintype_metrics::{CurvePoint, bd_rate};

/// Options of `bd`.
#[derive(Args)]
pub struct BdArgs {
    /// Rows of the codecs to judge.
    ours: PathBuf,
    /// Rows of the codecs to compare with.
    peers: PathBuf,
    /// Only points from this rate on, in bits per pixel, and one below.
    #[arg(long, default_value_t = 0.0)]
    low: f64,
    /// Only points up to this rate, and one above.
    #[arg(long, default_value_t = f64::INFINITY)]
    high: f64,
    /// The column that holds the quality.
    #[arg(long, default_value = "psnr")]
    metric: String,
}

/// Points of one codec by setting and picture.
type Curves = BTreeMap<String, BTreeMap<String, CurvePoint>>;

/// Runs the command.
///
/// # Errors
/// Files that are no such CSV.
pub fn run(args: &BdArgs) -> Result<(), Failure> {
    let ours = load(&args.ours, &args.metric)?;
    let peers = load(&args.peers, &args.metric)?;
    let mut images = BTreeSet::new();
    for by_image in ours.values().flat_map(BTreeMap::values) {
        images.extend(by_image.keys().cloned());
    }
    for (name, curves) in &ours {
        for (peer, theirs) in &peers {
            print_line((name, curves), (peer, theirs), &images, args);
        }
    }
    Ok(())
}

fn print_line(
    (name, curves): (&str, &Curves),
    (peer, theirs): (&str, &Curves),
    images: &BTreeSet<String>,
    args: &BdArgs,
) {
    let of_means =
        bd_rate(&window(mean_curve(curves, images), args), &window(mean_curve(theirs, images), args));
    let mut each = Vec::new();
    for image in images {
        let ours = window(curve_of(curves, image), args);
        each.extend(bd_rate(&ours, &window(curve_of(theirs, image), args)));
    }
    if each.is_empty() {
        println!("{name} against {peer}: the curves do not overlap");
        return;
    }
    let mean = each.iter().sum::<f64>() / each.len() as f64;
    let better = each.iter().filter(|difference| **difference < 0.0).count();
    let of_means = of_means.map_or("no overlap".into(), |value| format!("{value:.2} %"));
    println!(
        "{name} against {peer}: curve of means {of_means}; mean of {} pictures {mean:.2} %, \
         fewer bits on {better}",
        each.len()
    );
}

fn load(path: &Path, metric: &str) -> Result<BTreeMap<String, Curves>, Failure> {
    let text = std::fs::read_to_string(path)?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| {
        let place = header.iter().position(|column| *column == name);
        place.ok_or_else(|| format!("{}: no column `{name}`", path.display()))
    };
    let columns = [column("codec")?, column("setting")?, column("image")?];
    let (rate, quality) = (column("bpp")?, column(metric)?);

    let mut codecs: BTreeMap<String, Curves> = BTreeMap::new();
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let field = |index: usize| fields.get(index).copied().unwrap_or_default();
        let [codec, setting, image] = columns.map(|index| field(index).to_string());
        let point = CurvePoint { rate: field(rate).parse()?, quality: field(quality).parse()? };
        let settings = codecs.entry(codec).or_default();
        settings.entry(setting).or_default().insert(image, point);
    }
    Ok(codecs)
}

/// Means over pictures, of settings that have all of them.
fn mean_curve(curves: &Curves, images: &BTreeSet<String>) -> Vec<CurvePoint> {
    let mut points = Vec::new();
    for by_image in curves.values() {
        let found: Vec<&CurvePoint> = images.iter().filter_map(|i| by_image.get(i)).collect();
        if found.len() == images.len() {
            let count = found.len() as f64;
            points.push(CurvePoint {
                rate: found.iter().map(|point| point.rate).sum::<f64>() / count,
                quality: found.iter().map(|point| point.quality).sum::<f64>() / count,
            });
        }
    }
    points
}

fn curve_of(curves: &Curves, image: &str) -> Vec<CurvePoint> {
    curves.values().filter_map(|by_image| by_image.get(image).copied()).collect()
}

/// The points between the rates asked for and one beyond at each end, by rate.
fn window(mut points: Vec<CurvePoint>, args: &BdArgs) -> Vec<CurvePoint> {
    points.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let inside = |point: &CurvePoint| (args.low..=args.high).contains(&point.rate);
    let first = points.iter().position(inside).unwrap_or(0).saturating_sub(1);
    let last = points.iter().rposition(inside).map_or(0, |last| (last + 2).min(points.len()));
    points.get(first..last).unwrap_or(&[]).to_vec()
}

//! BD-rate of one codec of a CSV against all codecs of another: `small_bd OURS.csv PEERS.csv LOW HIGH`.
//!
//! Two figures each. First, curves of means over pictures at each setting, as fits codecs that are swept alike. Second, the mean over
//! pictures of the BD-rate of each, which needs no likeness: a codec swept by rate spends bits on easy pictures that one swept by
//! quality saves. Points of both curves within LOW to HIGH bits a pixel, and one beyond at each end, are used.

use std::collections::{BTreeMap, BTreeSet};
use tintype_metrics::{CurvePoint, bd_rate};

type Rows = BTreeMap<String, BTreeMap<String, BTreeMap<String, (f64, f64)>>>;

fn load(path: &str) -> Result<Rows, Box<dyn std::error::Error>> {
    let mut rows = Rows::new();
    for line in std::fs::read_to_string(path)?.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let at = rows.entry(f[0].into()).or_default().entry(f[1].into()).or_default();
        at.insert(f[2].into(), (f[4].parse()?, f[5].parse()?));
    }
    Ok(rows)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let (ours, peers) = (load(&args[1])?, load(&args[2])?);
    let (low, high): (f64, f64) = (args[3].parse()?, args[4].parse()?);
    let images: BTreeSet<String> =
        ours.values().flat_map(|s| s.values()).flat_map(|i| i.keys().cloned()).collect();
    let curve = |settings: &BTreeMap<String, BTreeMap<String, (f64, f64)>>| {
        let mut points: Vec<CurvePoint> = Vec::new();
        for by in settings.values() {
            let rows: Vec<&(f64, f64)> = images.iter().filter_map(|i| by.get(i)).collect();
            if rows.len() == images.len() {
                let mean = |f: fn(&(f64, f64)) -> f64| {
                    rows.iter().map(|r| f(r)).sum::<f64>() / rows.len() as f64
                };
                points.push(CurvePoint { rate: mean(|r| r.0), quality: mean(|r| r.1) });
            }
        }
        points.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        points
    };
    let window = |all: Vec<CurvePoint>| {
        let inside = |p: &CurvePoint| (low..=high).contains(&p.rate);
        let first = all.iter().position(inside).unwrap_or(0).saturating_sub(1);
        let last = all.iter().rposition(inside).map_or(0, |last| (last + 2).min(all.len()));
        all.get(first..last).unwrap_or(&[]).to_vec()
    };
    let own = |settings: &BTreeMap<String, BTreeMap<String, (f64, f64)>>, image: &String| {
        let point = |p: &(f64, f64)| CurvePoint { rate: p.0, quality: p.1 };
        let mut points: Vec<CurvePoint> =
            settings.values().filter_map(|by| by.get(image)).map(point).collect();
        points.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        window(points)
    };
    for (name, settings) in &ours {
        for (peer, theirs) in &peers {
            let means = bd_rate(&window(curve(settings)), &window(curve(theirs)));
            let each: Vec<f64> = images
                .iter()
                .filter_map(|image| bd_rate(&own(settings, image), &own(theirs, image)))
                .collect();
            let mean = each.iter().sum::<f64>() / each.len().max(1) as f64;
            let better = each.iter().filter(|d| **d < 0.0).count();
            println!(
                "{name} against {peer}, {low} to {high} bpp: curve of means {means:?} %; mean of {} pictures {mean:.2} %, fewer bits on {better}",
                each.len()
            );
        }
    }
    Ok(())
}

//! BD-rate of one codec of a CSV against all codecs of another: `small_bd OURS.csv PEERS.csv LOW HIGH`.
//!
//! Curves are means over pictures of bits a pixel and PSNR at each setting; points of the first curve within LOW to HIGH bits
//! a pixel, and one beyond at each end, are used. Only pictures that both have count.

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
    let images: BTreeSet<String> = ours.values().flat_map(|s| s.values()).flat_map(|i| i.keys().cloned()).collect();
    let curve = |settings: &BTreeMap<String, BTreeMap<String, (f64, f64)>>| {
        let mut points: Vec<CurvePoint> = Vec::new();
        for by in settings.values() {
            let rows: Vec<&(f64, f64)> = images.iter().filter_map(|i| by.get(i)).collect();
            if rows.len() == images.len() {
                let mean = |f: fn(&(f64, f64)) -> f64| rows.iter().map(|r| f(r)).sum::<f64>() / rows.len() as f64;
                points.push(CurvePoint { rate: mean(|r| r.0), quality: mean(|r| r.1) });
            }
        }
        points.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        points
    };
    for (name, settings) in &ours {
        let all = curve(settings);
        let inside = |p: &CurvePoint| (low..=high).contains(&p.rate);
        let first = all.iter().position(inside).unwrap_or(0);
        let last = all.iter().rposition(inside).unwrap_or(all.len() - 1);
        let window = &all[first..=last];
        for (peer, settings) in &peers {
            let anchor = curve(settings);
            println!("{name} against {peer}, {low} to {high} bpp: {:?} %", bd_rate(window, &anchor));
        }
    }
    Ok(())
}

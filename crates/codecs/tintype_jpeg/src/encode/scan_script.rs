//! Which scans a progressive file has: a search over splits of the spectrum and of the bits, by
//! counted cost.
//!
//! In: quantised coefficients. Out: scan headers in order. Not bit-exact.
//! Source: ITU-T T.81, annex G; the candidates are our own.

use crate::coefficients::ComponentBlocks;
use crate::frame::{Frame, ScanComponent, ScanHeader};
use crate::scan_encode::{CountSink, ScanLayout, encode_scan};
use tintype_codec::{Exec, map_indexed};

/// A scan of one component's band.
fn band(index: usize, start: usize, end: usize, high: u32, low: u32) -> ScanHeader {
    ScanHeader {
        components: vec![ScanComponent { index, dc_table: 0, ac_table: 0 }],
        start,
        end,
        high,
        low,
    }
}

/// Bytes of a scan under ideal codes for its own symbols, tables included; close enough to choose
/// between scans.
pub fn scan_cost(
    frame: &Frame,
    header: &ScanHeader,
    restart_interval: usize,
    components: &[ComponentBlocks],
) -> u64 {
    let mut sink = CountSink::default();
    encode_scan(
        ScanLayout { frame, header, restart_interval, eob_run_breaks: &[] },
        components,
        &mut sink,
    );
    let mut bits = sink.raw_bits as f64 + 80.0;
    for counts in sink.dc.iter().chain(&sink.ac) {
        let total: u64 = counts.iter().sum();
        if total == 0 {
            continue;
        }
        let used = counts.iter().filter(|n| **n > 0);
        let codes: f64 = used.clone().map(|n| *n as f64 * (total as f64 / *n as f64).log2()).sum();
        // A code has one bit at least.
        bits += codes.max(total as f64) + 8.0 * (21 + used.count()) as f64;
    }
    (bits / 8.0) as u64
}

/// Splits of a band, each a list of (first, last).
const SPLITS: [&[(usize, usize)]; 5] = [
    &[(1, 63)],
    &[(1, 2), (3, 63)],
    &[(1, 5), (6, 63)],
    &[(1, 8), (9, 63)],
    &[(1, 5), (6, 18), (19, 63)],
];

/// The scans of one component's AC coefficients that cost least.
fn best_ac(
    frame: &Frame,
    components: &[ComponentBlocks],
    index: usize,
    restart: usize,
    wide: bool,
) -> Vec<ScanHeader> {
    let splits = if wide { &SPLITS[..] } else { &SPLITS[..3] };
    let cost = |scans: &[ScanHeader]| {
        scans.iter().map(|s| scan_cost(frame, s, restart, components)).sum::<u64>()
    };
    let first = |split: &[(usize, usize)], low: u32| {
        split.iter().map(|(s, e)| band(index, *s, *e, 0, low)).collect::<Vec<_>>()
    };
    let mut best: (u64, Vec<ScanHeader>) = (u64::MAX, Vec::new());
    for low in 0..if wide { 3 } else { 2 } {
        let refinements: Vec<ScanHeader> =
            (0..low).rev().map(|l| band(index, 1, 63, l + 1, l)).collect();
        let extra = cost(&refinements);
        for split in splits {
            let mut scans = first(split, low);
            let total = cost(&scans) + extra;
            if total < best.0 {
                scans.extend(refinements.iter().cloned());
                best = (total, scans);
            }
        }
    }
    best.1
}

/// Scans for a progressive file; `wide` searches more of them.
pub fn progressive(
    frame: &Frame,
    components: &[ComponentBlocks],
    restart: usize,
    wide: bool,
    exec: &Exec,
) -> Vec<ScanHeader> {
    let all = |high: u32, low: u32| {
        let parts = (0..components.len()).map(|index| ScanComponent {
            index,
            dc_table: index.min(1),
            ac_table: 0,
        });
        ScanHeader { components: parts.collect(), start: 0, end: 0, high, low }
    };
    let plain = scan_cost(frame, &all(0, 0), restart, components);
    let split = scan_cost(frame, &all(0, 1), restart, components)
        + scan_cost(frame, &all(1, 0), restart, components);
    let mut scans = if split < plain { vec![all(0, 1), all(1, 0)] } else { vec![all(0, 0)] };
    let bands = map_indexed(exec.threads, components.len(), |index| {
        best_ac(frame, components, index, restart, wide)
    });
    // First passes of all components before refinements, so that the picture builds up evenly.
    let (first, mut later): (Vec<_>, Vec<_>) = bands.into_iter().flatten().partition(|s| s.high == 0);
    scans.extend(first);
    later.sort_by_key(|s| std::cmp::Reverse(s.high));
    scans.extend(later);
    scans
}

/// The one scan of a sequential file, or one scan a component where an MCU would hold too many
/// blocks.
pub fn sequential(frame: &Frame) -> Vec<ScanHeader> {
    let part = |index: usize| ScanComponent { index, dc_table: index.min(1), ac_table: index.min(1) };
    let scan =
        |components: Vec<ScanComponent>| ScanHeader { components, start: 0, end: 63, high: 0, low: 0 };
    let blocks: usize = frame.components.iter().map(|c| c.h * c.v).sum();
    if blocks <= 10 {
        return vec![scan((0..frame.components.len()).map(part).collect())];
    }
    (0..frame.components.len()).map(|i| scan(vec![part(i)])).collect()
}

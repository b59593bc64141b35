//! Lossless JPEG (SOF3) to samples.
//!
//! In: file bytes and structure. Out: samples of each component. Bit-exact. Source: ITU-T T.81,
//! annex H.

use super::bits::BitReader;
use super::huffman::extend;
use super::scan_tables::{decode_symbol, tables_for_scan};
use super::structure::{Scan, Structure, restart_intervals};
use super::upsample::ComponentSamples;
use tintype_codec::CodecError;
use tintype_image::Limits;

/// Decodes all scans; the second value says whether data was damaged or missing.
///
/// # Errors
/// `Limit`, `Unsupported` (subsampled components in one scan).
pub fn decode(
    bytes: &[u8],
    structure: &Structure,
    limits: &Limits,
) -> Result<(Vec<ComponentSamples>, bool), CodecError> {
    let frame = &structure.frame;
    let data: usize = structure.scans.iter().map(|s| s.data.len()).sum();
    let samples = frame.width as u64 * frame.height as u64 * frame.components.len() as u64;
    // A sample takes one bit at least.
    let max = limits.samples_max.min((data as u64).saturating_mul(8).saturating_add(1 << 20));
    if samples > max {
        return Err(CodecError::Limit { what: "samples of a lossless JPEG for its data", max });
    }
    let mut planes: Vec<ComponentSamples> = (0..frame.components.len())
        .map(|index| {
            let (width, height) = frame.component_size(index);
            ComponentSamples {
                stride: width,
                width,
                height,
                kept: usize::MAX,
                samples: vec![0; width * height],
            }
        })
        .collect();
    let mut damaged = structure.damaged || !structure.ended;
    let mut visited = 0u64;
    for scan in &structure.scans {
        let equal = scan.header.components.iter().all(|c| {
            let info = &frame.components[c.index];
            (info.h, info.v) == (1, 1) || scan.header.components.len() == 1
        });
        if !equal {
            return Err(CodecError::Unsupported {
                what: "lossless JPEG with subsampled components".into(),
            });
        }
        limits.check_time()?;
        visited += samples;
        if visited > 8 * samples {
            return Err(CodecError::Limit { what: "scans of a lossless JPEG", max: 8 });
        }
        damaged |= !decode_scan(bytes, frame.precision, scan, &mut planes);
    }
    Ok((planes, damaged))
}

fn decode_scan(bytes: &[u8], precision: u8, scan: &Scan, planes: &mut [ComponentSamples]) -> bool {
    let tables = tables_for_scan(scan);
    let first = scan.header.components[0].index;
    let (width, height) = (planes[first].width, planes[first].height);
    let total = width * height;
    let interval = scan.restart_interval(total);
    let low = scan.header.low;
    let start = 1i32 << (u32::from(precision) - low - 1);
    let mut at = 0;
    let mut valid = true;
    for (_, data) in restart_intervals(&bytes[scan.data.clone()]) {
        let mut reader = BitReader::new(data);
        let end = (at + interval).min(total);
        let begin = at;
        while at < end && !reader.overrun() {
            let (x, y) = (at % width, at / width);
            for (slot, part) in scan.header.components.iter().enumerate() {
                let plane = &mut planes[part.index];
                let first_line = y == begin / width;
                let predicted = match (x, first_line) {
                    _ if at == begin => start,
                    (0, false) => i32::from(plane.samples[at - width] >> low),
                    (0, true) => start,
                    (_, true) => i32::from(plane.samples[at - 1] >> low),
                    _ => predict(scan.header.start, &plane.samples, at, width, low),
                };
                reader.refill();
                let size = match decode_symbol(&mut reader, &tables[slot].dc) {
                    Some(size @ 0..=16) => u32::from(size),
                    _ => {
                        valid = false;
                        0
                    }
                };
                let difference = if size == 16 { 32768 } else { extend(reader.take(size), size) };
                plane.samples[at] = ((predicted + difference) << low) as u16;
            }
            at += 1;
        }
        valid &= !reader.overrun();
        at = end;
        if at == total {
            break;
        }
    }
    valid && at == total
}

fn predict(which: usize, samples: &[u16], at: usize, width: usize, low: u32) -> i32 {
    let value = |i: usize| i32::from(samples[i] >> low);
    let (a, b, c) = (value(at - 1), value(at - width), value(at - width - 1));
    match which {
        1 => a,
        2 => b,
        3 => c,
        4 => a + b - c,
        5 => a + ((b - c) >> 1),
        6 => b + ((a - c) >> 1),
        _ => (a + b) >> 1,
    }
}

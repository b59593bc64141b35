//! Quantised coefficients into a JPEG file: segments, optimal Huffman tables, scans.
//!
//! In: frame, tables, coefficients, scan headers. Out: file bytes. Source: ITU-T T.81, annex B.

use crate::coefficients::ComponentBlocks;
use crate::frame::{Frame, NATURAL_FROM_ZIGZAG, Process, ScanHeader};
use crate::huffman::{HuffmanTable, optimal_lengths};
use crate::scan_encode::{ByteSink, CountSink, ScanLayout, encode_scan};
use crate::scan_tables::ComponentTables;
use std::sync::Arc;

/// What a file consists of beside its scans.
pub struct FileParts<'a> {
    /// The frame.
    pub frame: &'a Frame,
    /// Quantisation tables by number, natural order.
    pub quant: &'a [[u16; 64]],
    /// Application segments behind the first one, as bytes.
    pub app_segments: &'a [u8],
    /// Transform for an Adobe segment; a JFIF segment is written without one.
    pub adobe_transform: Option<u8>,
    /// MCUs between restart markers, or 0.
    pub restart_interval: usize,
}

fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    let length = body.len() + 2;
    out.extend([0xff, marker, (length >> 8) as u8, length as u8]);
    out.extend_from_slice(body);
}

/// Writes a whole file.
pub fn file(parts: &FileParts<'_>, components: &[ComponentBlocks], scans: &[ScanHeader]) -> Vec<u8> {
    let mut out = vec![0xff, 0xd8];
    match parts.adobe_transform {
        Some(transform) => {
            segment(&mut out, 0xee, &[b"Adobe\0\x64\0\0\0\0".as_slice(), &[transform]].concat());
        }
        None => segment(&mut out, 0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
    }
    out.extend_from_slice(parts.app_segments);
    segment(&mut out, 0xdb, &quant_tables(parts.quant));
    write_frame(&mut out, parts);
    if parts.restart_interval > 0 {
        segment(&mut out, 0xdd, &(parts.restart_interval as u16).to_be_bytes());
    }
    for header in scans {
        write_scan(&mut out, parts, components, header);
    }
    out.extend([0xff, 0xd9]);
    out
}

/// Whether a table needs 16 bits a step.
fn is_wide(table: &[u16; 64]) -> bool {
    table.iter().any(|q| *q > 255)
}

/// The body of a DQT segment.
fn quant_tables(tables: &[[u16; 64]]) -> Vec<u8> {
    let mut body = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        let wide = is_wide(table);
        body.push(number as u8 | u8::from(wide) << 4);
        for natural in NATURAL_FROM_ZIGZAG {
            let q = table[usize::from(natural)];
            if wide { body.extend(q.to_be_bytes()) } else { body.push(q as u8) }
        }
    }
    body
}

fn write_frame(out: &mut Vec<u8>, parts: &FileParts<'_>) {
    let frame = parts.frame;
    let marker = match frame.process {
        Process::Progressive => 0xc2,
        _ if parts.quant.iter().any(is_wide) => 0xc1,
        _ => 0xc0,
    };
    let mut body = vec![frame.precision];
    body.extend((frame.height as u16).to_be_bytes());
    body.extend((frame.width as u16).to_be_bytes());
    body.push(frame.components.len() as u8);
    for c in &frame.components {
        body.extend([c.id, (c.h << 4 | c.v) as u8, c.quant_index as u8]);
    }
    segment(out, marker, &body);
}

/// Optimal Huffman tables for the symbols in `counts`, none where there are none; appends them to
/// `dht`, the body of a DHT segment. `class` is 0 for DC, 1 for AC.
fn optimal_tables(
    counts: &[[u64; 256]; 4],
    class: u8,
    dht: &mut Vec<u8>,
) -> Vec<Option<Arc<HuffmanTable>>> {
    let mut tables = Vec::new();
    for (number, counts) in counts.iter().enumerate() {
        if counts.iter().all(|c| *c == 0) {
            tables.push(None);
            continue;
        }
        let (by_length, symbols) = optimal_lengths(counts);
        dht.push(class << 4 | number as u8);
        dht.extend_from_slice(&by_length);
        dht.extend_from_slice(&symbols);
        tables.push(HuffmanTable::new(&by_length, &symbols, class == 1).map(Arc::new));
    }
    tables
}

fn write_scan(
    out: &mut Vec<u8>,
    parts: &FileParts<'_>,
    components: &[ComponentBlocks],
    header: &ScanHeader,
) {
    let frame = parts.frame;
    let restart_interval = parts.restart_interval;
    let layout = ScanLayout { frame, header, restart_interval, eob_run_breaks: &[] };
    let mut count = CountSink::default();
    encode_scan(layout, components, &mut count);
    // Scan components that name one table share it.
    let (mut dc, mut ac) = ([[0u64; 256]; 4], [[0u64; 256]; 4]);
    for (slot, part) in header.components.iter().enumerate() {
        for s in 0..256 {
            dc[part.dc_table][s] += count.dc[slot][s];
            ac[part.ac_table][s] += count.ac[slot][s];
        }
    }
    let mut dht = Vec::new();
    let (dc, ac) = (optimal_tables(&dc, 0, &mut dht), optimal_tables(&ac, 1, &mut dht));
    if !dht.is_empty() {
        segment(out, 0xc4, &dht);
    }
    segment(out, 0xda, &scan_header(frame, header));
    let empty = || Arc::new(HuffmanTable::new(&[0; 16], &[], true).expect("no codes are a prefix code"));
    let pick = |t: &Option<Arc<HuffmanTable>>| t.clone().unwrap_or_else(empty);
    let tables = header
        .components
        .iter()
        .map(|p| ComponentTables { dc: pick(&dc[p.dc_table]), ac: pick(&ac[p.ac_table]) });
    let tables: Vec<ComponentTables> = tables.collect();
    let writer = Default::default();
    let mut sink = ByteSink { writer, tables: &tables, padding: &[], default_padding: 0x7f };
    sink.writer.bytes = std::mem::take(out);
    encode_scan(layout, components, &mut sink);
    *out = sink.writer.bytes;
}

/// The body of an SOS segment.
fn scan_header(frame: &Frame, header: &ScanHeader) -> Vec<u8> {
    let mut body = vec![header.components.len() as u8];
    for part in &header.components {
        body.extend([frame.components[part.index].id, (part.dc_table << 4 | part.ac_table) as u8]);
    }
    body.extend([header.start as u8, header.end as u8, (header.high << 4 | header.low) as u8]);
    body
}

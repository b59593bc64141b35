//! What the decoders of sequential, progressive and lossless scans share.
//!
//! In: the tables in force at a scan, its bits. Out: symbols; [`ScanSideInfo`]. Bit-exact.
//! Source: ITU-T T.81, F.2.2.

use super::bits::BitReader;
use super::huffman::{HuffmanTable, LOOKUP_BITS, extend};
use super::standard_tables::standard_huffman;
use super::structure::Scan;
use std::sync::Arc;

/// What an encoder needs beyond the coefficients to write a scan's bytes again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanSideInfo {
    /// Padding at the end of each restart interval: value, number of bits.
    pub padding: Vec<(u8, u8)>,
    /// Blocks, counted in scan order, before which a progressive encoder ended an end-of-band run
    /// that it could have made longer.
    pub eob_run_breaks: Vec<u32>,
    /// Whether codes were invalid or data was missing.
    pub damaged: bool,
    /// Whether some codes may differ from those of the canonical encoder, which writes the shortest
    /// form of everything. Found in sequential scans only; always set for progressive ones.
    pub non_canonical: bool,
    /// Blocks visited.
    pub visited: u64,
}

/// Huffman tables of one scan component.
pub struct ComponentTables {
    /// For DC.
    pub dc: Arc<HuffmanTable>,
    /// For AC.
    pub ac: Arc<HuffmanTable>,
}

/// The tables that each component of `scan` names.
///
/// Missing ones are those of annex K, as in Motion JPEG, or empty: then all codes are invalid.
pub fn tables_for_scan(scan: &Scan) -> Vec<ComponentTables> {
    let tables = &scan.tables;
    let standard = |class: u8, index: usize| {
        let wanted = class << 4 | index as u8;
        let found = standard_huffman().into_iter().find(|t| t.0 == wanted).map(|t| t.1);
        let (counts, symbols) = found.unwrap_or(([0; 16], &[]));
        let table = HuffmanTable::new(&counts, symbols, class == 1);
        Arc::new(table.expect("the standard's codes are prefix codes"))
    };
    let parts = scan.header.components.iter().map(|c| ComponentTables {
        dc: tables.dc[c.dc_table].clone().unwrap_or_else(|| standard(0, c.dc_table)),
        ac: tables.ac[c.ac_table].clone().unwrap_or_else(|| standard(1, c.ac_table)),
    });
    parts.collect()
}

/// One code of `table`: its symbol; `None` for an invalid code, which takes 16 bits.
#[inline(always)]
pub fn decode_symbol(reader: &mut BitReader<'_>, table: &HuffmanTable) -> Option<u8> {
    let entry = table.lookup[reader.peek(LOOKUP_BITS) as usize];
    if entry != 0 {
        reader.skip(u32::from(entry >> 8));
        return Some(entry as u8);
    }
    match table.decode_slow(reader.peek(16)) {
        Some((symbol, length)) => {
            reader.skip(length);
            Some(symbol)
        }
        None => {
            reader.skip(16);
            None
        }
    }
}

/// A DC difference; `None` for an invalid code.
#[inline(always)]
pub fn decode_dc_difference(reader: &mut BitReader<'_>, table: &HuffmanTable) -> Option<i32> {
    reader.refill();
    let entry = table.lookup_value[reader.peek(LOOKUP_BITS) as usize];
    if entry != 0 {
        reader.skip((entry & 0xff) as u32);
        return Some(entry >> 16);
    }
    let size = u32::from(decode_symbol(reader, table)?);
    if size > 16 {
        return None;
    }
    Some(extend(reader.take(size), size))
}

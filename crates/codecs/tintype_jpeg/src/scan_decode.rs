//! Huffman-coded scans into coefficients: sequential here, progressive in its own file.
//!
//! In: the bytes of a scan. Out: coefficients, and a [`ScanTrace`] with what a writer needs beyond them to make the
//! same bytes again. Damaged data leaves zeros. Bit-exact. Source: ITU-T T.81, F.2.2 and G.2.

use super::bits::BitReader;
use super::coefficients::{ComponentBlocks, ScanGeometry};
use super::huffman::{HuffmanTable, LOOKUP_BITS, extend};
use super::markers::{Frame, NATURAL_FROM_ZIGZAG, Process};
use super::progressive::{self, ProgressiveState};
use super::quant_tables::standard_huffman;
use super::structure::{ScanPlan, restart_pieces};
use fearless_simd::{Simd, dispatch};
use std::ops::Range;
use std::sync::Arc;
use tintype_image::Level;

/// What coefficients do not tell of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanTrace {
    /// Padding at the end of each restart interval: value, number of bits.
    pub padding: Vec<(u8, u8)>,
    /// Blocks (counted in scan order) before which a progressive encoder ended an end-of-band run early.
    pub early_ends: Vec<u32>,
    /// Whether codes were invalid or data was missing.
    pub damaged: bool,
    /// Whether something is not as a plain encoder would write it; only looked for in sequential scans.
    pub unusual: bool,
    /// Blocks visited.
    pub visited: u64,
}

/// Tables of one scan component.
pub struct SlotTables {
    /// For DC.
    pub dc: Arc<HuffmanTable>,
    /// For AC.
    pub ac: Arc<HuffmanTable>,
}

/// The tables a scan needs. Missing ones are those of annex K, as in Motion JPEG, or empty: then all codes are invalid.
pub fn slot_tables(plan: &ScanPlan) -> Vec<SlotTables> {
    let tables = &plan.tables;
    let standard = |class: u8, index: usize| {
        let wanted = class << 4 | index as u8;
        let found = standard_huffman().into_iter().find(|t| t.0 == wanted).map(|t| t.1);
        let (counts, symbols) = found.unwrap_or(([0; 16], &[]));
        Arc::new(
            HuffmanTable::new(&counts, symbols, class == 1)
                .expect("the standard's codes are prefix codes"),
        )
    };
    let parts = plan.header.components.iter().map(|c| SlotTables {
        dc: tables.dc[c.dc_table].clone().unwrap_or_else(|| standard(0, c.dc_table)),
        ac: tables.ac[c.ac_table].clone().unwrap_or_else(|| standard(1, c.ac_table)),
    });
    parts.collect()
}

/// Decodes one scan of `bytes` into `components`.
pub fn decode_scan(
    bytes: &[u8],
    frame: &Frame,
    plan: &ScanPlan,
    level: Level,
    components: &mut [ComponentBlocks],
) -> ScanTrace {
    let geometry = ScanGeometry::new(frame, &plan.header, components);
    let tables = slot_tables(plan);
    let unusual = frame.process == Process::Progressive
        || tables.iter().any(|t| t.dc.ambiguous || t.ac.ambiguous);
    let mut trace = ScanTrace { unusual, ..ScanTrace::default() };
    let interval = if plan.tables.restart_interval == 0 {
        geometry.mcus()
    } else {
        plan.tables.restart_interval
    };
    let mut mcu = 0;
    for (number, piece) in restart_pieces(&bytes[plan.data.clone()]) {
        if let Some(number) = number {
            if plan.tables.restart_interval == 0 {
                trace.damaged = true;
                break;
            }
            // A marker ahead of its time means that intervals got lost.
            let expected = (mcu / interval - 1) & 7;
            let ahead = (usize::from(number) + 8 - expected) & 7;
            trace.damaged |= ahead != 0;
            mcu += if ahead <= 2 { ahead * interval } else { 0 };
        }
        if mcu >= geometry.mcus() {
            trace.damaged = true;
            break;
        }
        let range = mcu..(mcu + interval).min(geometry.mcus());
        mcu += interval;
        let mut reader = BitReader::new(piece);
        if frame.process == Process::Progressive {
            let mut state = ProgressiveState::new(&plan.header, &geometry, &tables);
            progressive::decode_interval(&mut state, &mut reader, range, components, &mut trace);
        } else {
            let work = Interval { geometry: &geometry, tables: &tables, level };
            work.sequential(&mut reader, range, &mut [0; 4], components, &mut trace);
        }
        let (value, count) = reader.padding();
        trace.padding.push((value as u8, count as u8));
        trace.damaged |= reader.overrun();
        trace.unusual |= !reader.ended_cleanly();
    }
    trace.damaged |= mcu < geometry.mcus();
    trace
}

/// Decodes the one scan of a sequential file a row of MCUs at a time: `row` holds that row's blocks, and `done` gets it
/// with its number. Returns whether all was sound; if not, the rows before are of no use.
pub fn decode_rows(
    bytes: &[u8],
    frame: &Frame,
    plan: &ScanPlan,
    level: Level,
    row: &mut [ComponentBlocks],
    mut done: impl FnMut(usize, &[ComponentBlocks]),
) -> bool {
    let geometry = ScanGeometry::new(frame, &plan.header, row);
    let tables = slot_tables(plan);
    let total = geometry.mcus();
    let interval =
        if plan.tables.restart_interval == 0 { total } else { plan.tables.restart_interval };
    let pieces = restart_pieces(&bytes[plan.data.clone()]);
    let expected = |(index, (number, _)): (usize, &(Option<u8>, &[u8]))| match number {
        None => index == 0,
        Some(number) => index > 0 && usize::from(*number) == (index - 1) & 7,
    };
    if total == 0
        || pieces.len() != total.div_ceil(interval)
        || !pieces.iter().enumerate().all(expected)
    {
        return false;
    }
    let mut trace = ScanTrace::default();
    let work = Interval { geometry: &geometry, tables: &tables, level };
    let (mut reader, mut previous_dc, mut piece, mut left) =
        (BitReader::new(pieces[0].1), [0i32; 4], 0, interval);
    for y in 0..geometry.mcus_y {
        row.iter_mut().for_each(|c| c.blocks.fill([0; 64]));
        let mut x = 0;
        while x < geometry.mcus_x {
            if left == 0 {
                piece += 1;
                (reader, previous_dc, left) = (BitReader::new(pieces[piece].1), [0; 4], interval);
            }
            let count = left.min(geometry.mcus_x - x);
            let mcus = x..x + count;
            work.sequential(&mut reader, mcus, &mut previous_dc, row, &mut trace);
            if trace.damaged || reader.overrun() {
                return false;
            }
            (x, left) = (x + count, left - count);
        }
        done(y, row);
    }
    true
}

/// What restart intervals of a scan share.
struct Interval<'a> {
    geometry: &'a ScanGeometry,
    tables: &'a [SlotTables],
    level: Level,
}

impl Interval<'_> {
    fn sequential(
        &self,
        reader: &mut BitReader<'_>,
        mcus: Range<usize>,
        previous_dc: &mut [i32; 4],
        components: &mut [ComponentBlocks],
        trace: &mut ScanTrace,
    ) {
        let geometry = self.geometry;
        let (mut x, mut y) = (mcus.start % geometry.mcus_x, mcus.start / geometry.mcus_x);
        // No vectors, but the level's instructions for bits; a reader of its own, so that it can live in registers.
        let mut bits = reader.clone();
        dispatch!(self.level, simd => simd.vectorize(#[inline(always)] || {
            for _ in mcus {
                for (unit, (slot, _, _)) in geometry.units.iter().enumerate() {
                    let (index, at) = geometry.locate(components, unit, x, y);
                    let table = &self.tables[*slot];
                    let block = &mut components[index].blocks[at];
                    match sequential_block(&mut bits, &table.dc, &table.ac, &mut previous_dc[*slot], block) {
                        Block::Usual => {}
                        Block::Unusual => trace.unusual = true,
                        Block::Damaged => trace.damaged = true,
                    }
                    trace.visited += 1;
                }
                if bits.overrun() {
                    break;
                }
                x += 1;
                if x == geometry.mcus_x {
                    (x, y) = (0, y + 1);
                }
            }
        }));
        *reader = bits;
    }
}

/// One code of `table`: its symbol; an invalid code counts as symbol 0 of no bits, and `None`.
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
    let quick = table.lookup_value[reader.peek(LOOKUP_BITS) as usize];
    if quick != 0 {
        reader.skip((quick & 0xff) as u32);
        return Some(quick >> 16);
    }
    let size = u32::from(decode_symbol(reader, table)?);
    if size > 16 {
        return None;
    }
    Some(extend(reader.take(size), size))
}

/// What a block's codes were like.
enum Block {
    /// As every encoder writes them.
    Usual,
    /// There are shorter ones for the same coefficients, or DC beyond 16 bits.
    Unusual,
    /// Not all were codes.
    Damaged,
}

#[inline(always)]
fn sequential_block(
    reader: &mut BitReader<'_>,
    dc: &HuffmanTable,
    ac: &HuffmanTable,
    previous_dc: &mut i32,
    block: &mut [i16; 64],
) -> Block {
    let difference = decode_dc_difference(reader, dc);
    *previous_dc = previous_dc.wrapping_add(difference.unwrap_or(0));
    block[0] = *previous_dc as i16;
    let mut fine = difference.is_some();
    let mut usual = i32::from(block[0]) == *previous_dc;
    // Where the last run of sixteen zeros ended; a plain encoder has a coefficient there or later.
    let mut zeros_end = 0;
    let mut k = 1usize;
    while k < 64 {
        reader.refill();
        let quick = ac.lookup_value[reader.peek(LOOKUP_BITS) as usize];
        if quick != 0 {
            reader.skip((quick & 0xff) as u32);
            k += ((quick >> 8) & 15) as usize;
            if k > 63 {
                return Block::Damaged;
            }
            block[usize::from(NATURAL_FROM_ZIGZAG[k])] = (quick >> 16) as i16;
            k += 1;
            continue;
        }
        let symbol = decode_symbol(reader, ac).unwrap_or_else(|| {
            fine = false;
            0
        });
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run != 15 {
                usual &= run == 0;
                break;
            }
            k += 16;
            zeros_end = k;
            continue;
        }
        k += run;
        let value = extend(reader.take(size), size);
        if k > 63 {
            return Block::Damaged;
        }
        block[usize::from(NATURAL_FROM_ZIGZAG[k])] = value as i16;
        k += 1;
    }
    match (fine, usual && k != zeros_end) {
        (false, _) => Block::Damaged,
        (true, false) => Block::Unusual,
        (true, true) => Block::Usual,
    }
}

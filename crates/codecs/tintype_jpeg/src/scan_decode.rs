//! Huffman-coded scans into coefficients: sequential here, progressive in its own file.
//!
//! In: the bytes of a scan. Out: coefficients, and a [`ScanSideInfo`] with what an encoder needs
//! beyond them to write the same bytes again. Damaged data leaves zeros. Bit-exact.
//! Source: ITU-T T.81, F.2.2 and G.2.

use super::bits::BitReader;
use super::coefficients::{ComponentBlocks, ScanGeometry, row_for_frame};
use super::frame::{Frame, NATURAL_FROM_ZIGZAG, Process};
use super::huffman::{HuffmanTable, LOOKUP_BITS, extend};
use super::progressive::ProgressiveInterval;
use super::scan_tables::{
    ComponentTables, ScanSideInfo, decode_dc_difference, decode_symbol, tables_for_scan,
};
use super::structure::{Scan, restart_intervals};
use fearless_simd::{Simd, dispatch};
use std::ops::Range;
use tintype_image::Level;

/// Decodes one scan of `bytes` into `components`.
pub fn decode_scan(
    bytes: &[u8],
    frame: &Frame,
    scan: &Scan,
    level: Level,
    components: &mut [ComponentBlocks],
) -> ScanSideInfo {
    let geometry = ScanGeometry::new(frame, &scan.header, components);
    let tables = tables_for_scan(scan);
    let progressive = frame.process == Process::Progressive;
    let ambiguous = tables.iter().any(|t| t.dc.ambiguous || t.ac.ambiguous);
    let mut side = ScanSideInfo { non_canonical: progressive || ambiguous, ..ScanSideInfo::default() };
    let interval = scan.restart_interval(geometry.mcus());
    let mut mcu = 0;
    for (number, data) in restart_intervals(&bytes[scan.data.clone()]) {
        if let Some(number) = number {
            if scan.tables.restart_interval == 0 {
                side.damaged = true;
                break;
            }
            // A marker ahead of its time means that intervals got lost.
            let expected = (mcu / interval - 1) & 7;
            let ahead = (usize::from(number) + 8 - expected) & 7;
            side.damaged |= ahead != 0;
            mcu += if ahead <= 2 { ahead * interval } else { 0 };
        }
        if mcu >= geometry.mcus() {
            side.damaged = true;
            break;
        }
        let mcus = mcu..(mcu + interval).min(geometry.mcus());
        mcu += interval;
        let mut reader = BitReader::new(data);
        if progressive {
            ProgressiveInterval::new(&scan.header, &geometry, &tables, &mut side).decode(
                &mut reader,
                mcus,
                components,
            );
        } else {
            let scan = SequentialScan { geometry: &geometry, tables: &tables, level };
            scan.decode(&mut reader, mcus, &mut [0; 4], components, &mut side);
        }
        let (value, count) = reader.padding();
        side.padding.push((value as u8, count as u8));
        side.damaged |= reader.overrun();
        side.non_canonical |= !reader.ended_cleanly();
    }
    side.damaged |= mcu < geometry.mcus();
    side
}

/// Decodes the one scan of a sequential file a row of MCUs at a time.
pub struct McuRowDecoder<'a> {
    /// Blocks of the row that was decoded last.
    pub blocks: Vec<ComponentBlocks>,
    geometry: ScanGeometry,
    tables: Vec<ComponentTables>,
    level: Level,
    /// The data of each restart interval, and MCUs in one.
    intervals: Vec<&'a [u8]>,
    interval: usize,
    /// Where decoding stands: in interval `current`, of which `left` MCUs are still to come.
    reader: BitReader<'a>,
    current: usize,
    left: usize,
    previous_dc: [i32; 4],
}

impl<'a> McuRowDecoder<'a> {
    /// At the start of `scan`; `None` if restart markers are missing or out of order.
    pub fn new(bytes: &'a [u8], frame: &Frame, scan: &Scan, level: Level) -> Option<Self> {
        let blocks = row_for_frame(frame);
        let geometry = ScanGeometry::new(frame, &scan.header, &blocks);
        let total = geometry.mcus();
        let interval = scan.restart_interval(total);
        let found = restart_intervals(&bytes[scan.data.clone()]);
        let in_order = |(index, (number, _)): (usize, &(Option<u8>, &[u8]))| match number {
            None => index == 0,
            Some(number) => index > 0 && usize::from(*number) == (index - 1) & 7,
        };
        if total == 0
            || found.len() != total.div_ceil(interval)
            || !found.iter().enumerate().all(in_order)
        {
            return None;
        }
        let intervals: Vec<&[u8]> = found.into_iter().map(|(_, data)| data).collect();
        Some(Self {
            blocks,
            geometry,
            tables: tables_for_scan(scan),
            level,
            reader: BitReader::new(intervals[0]),
            intervals,
            interval,
            current: 0,
            left: interval,
            previous_dc: [0; 4],
        })
    }

    /// Decodes the next row of MCUs into [`Self::blocks`]; returns whether its data was sound.
    pub fn decode_row(&mut self) -> bool {
        self.blocks.iter_mut().for_each(|c| c.blocks.fill([0; 64]));
        let mut side = ScanSideInfo::default();
        let scan = SequentialScan { geometry: &self.geometry, tables: &self.tables, level: self.level };
        let mut x = 0;
        while x < self.geometry.mcus_x {
            if self.left == 0 {
                self.current += 1;
                self.reader = BitReader::new(self.intervals[self.current]);
                self.previous_dc = [0; 4];
                self.left = self.interval;
            }
            let count = self.left.min(self.geometry.mcus_x - x);
            let (reader, dc) = (&mut self.reader, &mut self.previous_dc);
            scan.decode(reader, x..x + count, dc, &mut self.blocks, &mut side);
            if side.damaged || self.reader.overrun() {
                return false;
            }
            (x, self.left) = (x + count, self.left - count);
        }
        true
    }
}

/// What the restart intervals of a sequential scan share.
struct SequentialScan<'a> {
    geometry: &'a ScanGeometry,
    tables: &'a [ComponentTables],
    level: Level,
}

impl SequentialScan<'_> {
    fn decode(
        &self,
        reader: &mut BitReader<'_>,
        mcus: Range<usize>,
        previous_dc: &mut [i32; 4],
        components: &mut [ComponentBlocks],
        side: &mut ScanSideInfo,
    ) {
        let geometry = self.geometry;
        let (mut x, mut y) = (mcus.start % geometry.mcus_x, mcus.start / geometry.mcus_x);
        // No vectors, but the level's instructions for bits; a reader of its own, so that it can
        // live in registers.
        let mut bits = reader.clone();
        dispatch!(self.level, simd => simd.vectorize(#[inline(always)] || {
            for _ in mcus {
                for (unit, (slot, _, _)) in geometry.units.iter().enumerate() {
                    let (index, at) = geometry.locate(components, unit, x, y);
                    let table = &self.tables[*slot];
                    let block = &mut components[index].blocks[at];
                    let dc = &mut previous_dc[*slot];
                    match sequential_block(&mut bits, &table.dc, &table.ac, dc, block) {
                        BlockCodes::Canonical => {}
                        BlockCodes::NonCanonical => side.non_canonical = true,
                        BlockCodes::Damaged => side.damaged = true,
                    }
                    side.visited += 1;
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

/// How a block was coded.
enum BlockCodes {
    /// As the canonical encoder writes it.
    Canonical,
    /// There are shorter codes for the same coefficients, or DC lies beyond 16 bits.
    NonCanonical,
    /// With invalid codes.
    Damaged,
}

#[inline(always)]
fn sequential_block(
    reader: &mut BitReader<'_>,
    dc: &HuffmanTable,
    ac: &HuffmanTable,
    previous_dc: &mut i32,
    block: &mut [i16; 64],
) -> BlockCodes {
    let difference = decode_dc_difference(reader, dc);
    *previous_dc = previous_dc.wrapping_add(difference.unwrap_or(0));
    block[0] = *previous_dc as i16;
    let mut valid = difference.is_some();
    let mut canonical = i32::from(block[0]) == *previous_dc;
    // Where the last run of sixteen zeros ended; canonically a coefficient follows.
    let mut zeros_end = 0;
    let mut k = 1usize;
    while k < 64 {
        reader.refill();
        let entry = ac.lookup_value[reader.peek(LOOKUP_BITS) as usize];
        if entry != 0 {
            reader.skip((entry & 0xff) as u32);
            k += ((entry >> 8) & 15) as usize;
            if k > 63 {
                return BlockCodes::Damaged;
            }
            block[usize::from(NATURAL_FROM_ZIGZAG[k])] = (entry >> 16) as i16;
            k += 1;
            continue;
        }
        let symbol = decode_symbol(reader, ac).unwrap_or_else(|| {
            valid = false;
            0
        });
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run != 15 {
                canonical &= run == 0;
                break;
            }
            k += 16;
            zeros_end = k;
            continue;
        }
        k += run;
        let value = extend(reader.take(size), size);
        if k > 63 {
            return BlockCodes::Damaged;
        }
        block[usize::from(NATURAL_FROM_ZIGZAG[k])] = value as i16;
        k += 1;
    }
    match (valid, canonical && k != zeros_end) {
        (false, _) => BlockCodes::Damaged,
        (true, false) => BlockCodes::NonCanonical,
        (true, true) => BlockCodes::Canonical,
    }
}

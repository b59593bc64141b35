//! Coefficients into Huffman-coded scans, sequential and progressive.
//!
//! In: coefficients, a scan header, breaks of end-of-band runs. Out: symbols and raw bits for a
//! [`ScanSink`], which writes or counts them. Bit-exact: the packer restores files byte for byte.
//! Source: ITU-T T.81, F.1.2 and G.1.2.

use super::bits::BitWriter;
use super::coefficients::{ComponentBlocks, ScanGeometry};
use super::frame::{Frame, NATURAL_FROM_ZIGZAG, Process, ScanHeader};
use super::huffman::{EOB_RUN_MAX, HuffmanTable};
use super::scan_tables::ComponentTables;

/// For each row of a block and each set of its columns (bit u for column u): bits at their zigzag
/// places.
static ZIGZAG_MASKS: [[u64; 256]; 8] = {
    let mut zigzag = [0; 64];
    let mut k = 0;
    while k < 64 {
        zigzag[NATURAL_FROM_ZIGZAG[k] as usize] = k;
        k += 1;
    }
    let mut table = [[0; 256]; 8];
    let mut at = 0;
    while at < 8 * 256 * 8 {
        let (v, set, u) = (at >> 11, at >> 3 & 255, at & 7);
        if set >> u & 1 == 1 {
            table[v][set] |= 1 << zigzag[8 * v + u];
        }
        at += 1;
    }
    table
};

/// Takes the symbols and bits of a scan.
pub trait ScanSink {
    /// A DC symbol of scan component `slot` with `count` bits behind it.
    fn dc(&mut self, slot: usize, symbol: u8, bits: u32, count: u32);
    /// An AC symbol of scan component `slot` with `count` bits behind it.
    fn ac(&mut self, slot: usize, symbol: u8, bits: u32, count: u32);
    /// `count` raw bits, at most 16.
    fn raw(&mut self, bits: u32, count: u32);
    /// The end of restart interval `index`; `marker` is the restart marker that follows, if one
    /// does.
    fn interval_end(&mut self, index: usize, marker: Option<u8>);
}

/// Writes the bytes of a scan.
pub struct ByteSink<'a> {
    /// The bits written.
    pub writer: BitWriter,
    /// Tables of the scan's components.
    pub tables: &'a [ComponentTables],
    /// Padding of each interval: value, number of bits.
    pub padding: &'a [(u8, u8)],
    /// Padding where that list has none of the right length.
    pub default_padding: u32,
}

impl ByteSink<'_> {
    #[inline(always)]
    fn put(&mut self, table: &HuffmanTable, symbol: u8, bits: u32, count: u32) {
        let (code, length) = table.codes[usize::from(symbol)];
        self.writer.put(u32::from(code) << count | bits, u32::from(length) + count);
    }
}

impl ScanSink for ByteSink<'_> {
    #[inline(always)]
    fn dc(&mut self, slot: usize, symbol: u8, bits: u32, count: u32) {
        let tables = self.tables;
        self.put(&tables[slot].dc, symbol, bits, count);
    }

    #[inline(always)]
    fn ac(&mut self, slot: usize, symbol: u8, bits: u32, count: u32) {
        let tables = self.tables;
        self.put(&tables[slot].ac, symbol, bits, count);
    }

    #[inline(always)]
    fn raw(&mut self, bits: u32, count: u32) {
        self.writer.put(bits, count);
    }

    fn interval_end(&mut self, index: usize, marker: Option<u8>) {
        let missing = self.writer.missing();
        let padding = match self.padding.get(index) {
            Some((value, count)) if u32::from(*count) == missing => u32::from(*value),
            _ => self.default_padding,
        };
        self.writer.align(padding);
        if let Some(marker) = marker {
            self.writer.bytes.extend([0xff, marker]);
        }
    }
}

/// Counts the symbols of a scan by table: `dc[slot][symbol]`, `ac[slot][symbol]`, and all raw bits.
pub struct CountSink {
    /// DC symbols of each scan component.
    pub dc: [[u64; 256]; 4],
    /// AC symbols of each scan component.
    pub ac: [[u64; 256]; 4],
    /// Bits that are not Huffman codes.
    pub raw_bits: u64,
}

impl Default for CountSink {
    fn default() -> Self {
        Self { dc: [[0; 256]; 4], ac: [[0; 256]; 4], raw_bits: 0 }
    }
}

impl ScanSink for CountSink {
    fn dc(&mut self, slot: usize, symbol: u8, _bits: u32, count: u32) {
        self.dc[slot][usize::from(symbol)] += 1;
        self.raw_bits += u64::from(count);
    }

    fn ac(&mut self, slot: usize, symbol: u8, _bits: u32, count: u32) {
        self.ac[slot][usize::from(symbol)] += 1;
        self.raw_bits += u64::from(count);
    }

    fn raw(&mut self, _bits: u32, count: u32) {
        self.raw_bits += u64::from(count);
    }

    fn interval_end(&mut self, _index: usize, _marker: Option<u8>) {}
}

/// A scan without its coefficients.
#[derive(Clone, Copy)]
pub struct ScanLayout<'a> {
    /// The frame header.
    pub frame: &'a Frame,
    /// The scan header.
    pub header: &'a ScanHeader,
    /// MCUs between restart markers, or 0.
    pub restart_interval: usize,
    /// Blocks before which an end-of-band run ends although it could be longer, ascending.
    pub eob_run_breaks: &'a [u32],
}

/// Size category and magnitude bits of `value` (T.81 F.1.2.1).
#[inline(always)]
fn magnitude(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = (value + (value >> 31)) as u32 & ((1u32 << size) - 1);
    (size, bits)
}

/// Walks over a scan; inlined so that a caller's SIMD level holds for it.
#[inline(always)]
pub fn encode_scan<S: ScanSink>(layout: ScanLayout<'_>, components: &[ComponentBlocks], sink: &mut S) {
    let geometry = ScanGeometry::new(layout.frame, layout.header, components);
    let total = geometry.mcus();
    let interval = if layout.restart_interval == 0 { total.max(1) } else { layout.restart_interval };
    let mut breaks = Some(layout.eob_run_breaks).into_iter().flatten().copied().peekable();
    let progressive = layout.frame.process == Process::Progressive;
    let mut previous_dc = [0i32; 4];
    let mut bands = Band::new(layout.header);
    let (mut x, mut y) = (0, 0);
    for mcu in 0..total {
        if mcu > 0 && mcu % interval == 0 {
            bands.end_run(sink);
            let index = mcu / interval - 1;
            sink.interval_end(index, Some(0xd0 + (index & 7) as u8));
            previous_dc = [0; 4];
        }
        for unit in 0..geometry.units.len() {
            let (index, at) = geometry.locate(components, unit, x, y);
            let slot = geometry.units[unit].0;
            let block = &components[index].blocks[at];
            if !progressive {
                sequential_block(block, slot, &mut previous_dc[slot], sink);
            } else if layout.header.start == 0 {
                progressive_dc(layout.header, block, slot, &mut previous_dc[slot], sink);
            } else {
                while breaks.next_if(|b| (*b as usize) < mcu).is_some() {}
                if breaks.next_if(|b| *b as usize == mcu).is_some() {
                    bands.end_run(sink);
                }
                if layout.header.high == 0 {
                    bands.first(block, sink)
                } else {
                    bands.refine(block, sink)
                }
            }
        }
        x += 1;
        if x == geometry.mcus_x {
            (x, y) = (0, y + 1);
        }
    }
    bands.end_run(sink);
    sink.interval_end(total.saturating_sub(1) / interval, None);
}

#[inline(always)]
fn code_dc<S: ScanSink>(value: i32, slot: usize, previous: &mut i32, sink: &mut S) {
    let (size, bits) = magnitude(value - *previous);
    *previous = value;
    sink.dc(slot, size as u8, bits, size);
}

/// Whether all AC coefficients are zero, as in many blocks.
#[inline(always)]
pub fn is_flat(block: &[i16; 64]) -> bool {
    let rows = block.as_chunks::<8>().0;
    let mut any = rows[0];
    any[0] = 0;
    for row in &rows[1..] {
        any.iter_mut().zip(row).for_each(|(a, c)| *a |= c);
    }
    // Not a fold over the eight: with one, LLVM's SLP vectoriser does not terminate in some builds.
    any == [0; 8]
}

/// Bit k says whether the coefficient at zigzag index k is nonzero.
#[inline(always)]
pub fn nonzero_mask(block: &[i16; 64]) -> u64 {
    if is_flat(block) {
        return u64::from(block[0] != 0);
    }
    // The top bit of what is not zero; a comparison would not become vectors.
    let mut nonzero = [0u8; 64];
    nonzero.iter_mut().zip(block).for_each(|(n, c)| *n = ((c | c.wrapping_neg()) as u16 >> 15) as u8);
    let mut mask = 0;
    for (row, masks) in nonzero.as_chunks().0.iter().zip(&ZIGZAG_MASKS) {
        // A product brings the lowest bits of eight bytes together.
        let set = u64::from_le_bytes(*row).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= masks[set as usize];
    }
    mask
}

#[inline(always)]
fn sequential_block<S: ScanSink>(block: &[i16; 64], slot: usize, previous_dc: &mut i32, sink: &mut S) {
    code_dc(i32::from(block[0]), slot, previous_dc, sink);
    let mut mask = nonzero_mask(block) & !1;
    let mut behind = 1u32;
    while mask != 0 {
        let k = mask.trailing_zeros();
        mask &= mask - 1;
        let mut run = k - behind;
        while run > 15 {
            sink.ac(slot, 0xf0, 0, 0);
            run -= 16;
        }
        let natural = usize::from(NATURAL_FROM_ZIGZAG[k as usize & 63]);
        let (size, bits) = magnitude(i32::from(block[natural & 63]));
        sink.ac(slot, (run << 4 | (size & 15)) as u8, bits, size);
        behind = k + 1;
    }
    if behind < 64 {
        sink.ac(slot, 0, 0, 0);
    }
}

fn progressive_dc<S: ScanSink>(
    header: &ScanHeader,
    block: &[i16; 64],
    slot: usize,
    previous: &mut i32,
    sink: &mut S,
) {
    let value = i32::from(block[0]);
    if header.high == 0 {
        code_dc(value >> header.low, slot, previous, sink);
    } else {
        sink.raw((value >> header.low) as u32 & 1, 1);
    }
}

/// Progressive AC coding of one band.
struct Band {
    start: usize,
    end: usize,
    low: u32,
    /// Blocks of the pending end-of-band run.
    run: u32,
    /// Correction bits that follow the pending run.
    corrections: Vec<u8>,
}

impl Band {
    fn new(header: &ScanHeader) -> Self {
        Self { start: header.start, end: header.end, low: header.low, run: 0, corrections: Vec::new() }
    }

    fn end_run<S: ScanSink>(&mut self, sink: &mut S) {
        if self.run > 0 {
            let size = 31 - self.run.leading_zeros();
            sink.ac(0, (size << 4) as u8, self.run & ((1 << size) - 1), size);
            self.run = 0;
        }
        for bit in self.corrections.drain(..) {
            sink.raw(u32::from(bit), 1);
        }
    }

    fn first<S: ScanSink>(&mut self, block: &[i16; 64], sink: &mut S) {
        let mut zeros = 0;
        for natural in &NATURAL_FROM_ZIGZAG[self.start..=self.end] {
            let value = i32::from(block[usize::from(*natural)]);
            let shifted = if value < 0 { -(-value >> self.low) } else { value >> self.low };
            if shifted == 0 {
                zeros += 1;
                continue;
            }
            self.end_run(sink);
            while zeros > 15 {
                sink.ac(0, 0xf0, 0, 0);
                zeros -= 16;
            }
            let (size, bits) = magnitude(shifted);
            sink.ac(0, (zeros << 4 | (size & 15)) as u8, bits, size);
            zeros = 0;
        }
        if zeros > 0 {
            self.lengthen(sink);
        }
    }

    fn lengthen<S: ScanSink>(&mut self, sink: &mut S) {
        self.run += 1;
        if self.run == EOB_RUN_MAX {
            self.end_run(sink);
        }
    }

    fn refine<S: ScanSink>(&mut self, block: &[i16; 64], sink: &mut S) {
        let absolute =
            |k: usize| i32::from(block[usize::from(NATURAL_FROM_ZIGZAG[k])]).abs() >> self.low;
        let last_new = (self.start..=self.end).rev().find(|k| absolute(*k) == 1);
        let mut pending: Vec<u8> = Vec::new();
        let mut zeros = 0u32;
        for k in self.start..=self.end {
            let value = i32::from(block[usize::from(NATURAL_FROM_ZIGZAG[k])]);
            let size = value.abs() >> self.low;
            if size == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 && last_new.is_some_and(|last| k <= last) {
                self.end_run(sink);
                sink.ac(0, 0xf0, 0, 0);
                zeros -= 16;
                flush(&mut pending, sink);
            }
            if size > 1 {
                pending.push((size & 1) as u8);
                continue;
            }
            self.end_run(sink);
            sink.ac(0, (zeros << 4 | 1) as u8, u32::from(value > 0), 1);
            flush(&mut pending, sink);
            zeros = 0;
        }
        if zeros > 0 || !pending.is_empty() {
            self.corrections.append(&mut pending);
            self.lengthen(sink);
        }
    }
}

fn flush<S: ScanSink>(pending: &mut Vec<u8>, sink: &mut S) {
    for bit in pending.drain(..) {
        sink.raw(u32::from(bit), 1);
    }
}

//! Progressive Huffman scans: first passes and refinements of DC and AC.
//!
//! Bit-exact. Source: ITU-T T.81, annex G.

use super::bits::BitReader;
use super::coefficients::{ComponentBlocks, ScanGeometry};
use super::frame::{NATURAL_FROM_ZIGZAG, ScanHeader};
use super::huffman::{EOB_RUN_MAX, LOOKUP_BITS, extend};
use super::scan_tables::{ComponentTables, ScanSideInfo, decode_dc_difference, decode_symbol};

/// One restart interval of a progressive scan.
pub struct ProgressiveInterval<'a> {
    header: &'a ScanHeader,
    geometry: &'a ScanGeometry,
    tables: &'a [ComponentTables],
    side: &'a mut ScanSideInfo,
    previous_dc: [i32; 4],
    /// Blocks that the current end-of-band run still covers.
    eob_run: u32,
    /// Whether the block before ended by a run that could have been longer.
    could_extend: bool,
    /// Number of the current MCU in the scan.
    mcu: usize,
}

impl<'a> ProgressiveInterval<'a> {
    /// At the start of an interval.
    pub fn new(
        header: &'a ScanHeader,
        geometry: &'a ScanGeometry,
        tables: &'a [ComponentTables],
        side: &'a mut ScanSideInfo,
    ) -> Self {
        Self {
            header,
            geometry,
            tables,
            side,
            previous_dc: [0; 4],
            eob_run: 0,
            could_extend: false,
            mcu: 0,
        }
    }

    /// Decodes `mcus` into `components`.
    pub fn decode(
        mut self,
        reader: &mut BitReader<'_>,
        mcus: std::ops::Range<usize>,
        components: &mut [ComponentBlocks],
    ) {
        let geometry = self.geometry;
        let (mut x, mut y) = (mcus.start % geometry.mcus_x, mcus.start / geometry.mcus_x);
        for mcu in mcus {
            self.mcu = mcu;
            for unit in 0..geometry.units.len() {
                let (index, at) = geometry.locate(components, unit, x, y);
                let block = &mut components[index].blocks[at];
                let valid = self.block(reader, geometry.units[unit].0, block);
                self.side.visited += 1;
                self.side.damaged |= !valid;
            }
            if reader.overrun() {
                return;
            }
            x += 1;
            if x == geometry.mcus_x {
                (x, y) = (0, y + 1);
            }
        }
    }

    /// Decodes one block of scan component `slot`; returns whether its codes were valid.
    fn block(&mut self, reader: &mut BitReader<'_>, slot: usize, block: &mut [i16; 64]) -> bool {
        let (dc, refinement) = (self.header.start == 0, self.header.high != 0);
        let low = self.header.low;
        match (dc, refinement) {
            (true, false) => {
                let difference = decode_dc_difference(reader, &self.tables[slot].dc);
                let previous = &mut self.previous_dc[slot];
                *previous = previous.wrapping_add(difference.unwrap_or(0));
                block[0] = (*previous << low) as i16;
                difference.is_some()
            }
            (true, true) => {
                block[0] |= (reader.bit() << low) as i16;
                true
            }
            (false, false) => self.first_ac(reader, block),
            (false, true) => self.refine_ac(reader, block),
        }
    }

    /// Starts the end-of-band run of code `run`; `first` says whether the block has nothing
    /// before it.
    fn start_eob_run(&mut self, reader: &mut BitReader<'_>, run: u32, first: bool) {
        reader.refill();
        let length = (1 << run) + reader.take(run);
        if first && self.could_extend {
            self.side.eob_run_breaks.push(self.mcu as u32);
        }
        self.eob_run = length - 1;
        self.could_extend = length < EOB_RUN_MAX;
    }

    fn first_ac(&mut self, reader: &mut BitReader<'_>, block: &mut [i16; 64]) -> bool {
        if self.eob_run > 0 {
            self.eob_run -= 1;
            return true;
        }
        let (start, end, low) = (self.header.start, self.header.end, self.header.low);
        let table = &self.tables[0].ac;
        let mut k = start;
        while k <= end {
            reader.refill();
            let entry = table.lookup_value[reader.peek(LOOKUP_BITS) as usize];
            if entry != 0 {
                reader.skip((entry & 0xff) as u32);
                k += ((entry >> 8) & 15) as usize;
                if k > end {
                    return false;
                }
                block[usize::from(NATURAL_FROM_ZIGZAG[k])] = ((entry >> 16) << low) as i16;
                k += 1;
                continue;
            }
            let Some(symbol) = decode_symbol(reader, table) else { return false };
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if run < 15 {
                    self.start_eob_run(reader, run, k == start);
                    return true;
                }
                k += 16;
                continue;
            }
            k += run as usize;
            let value = extend(reader.take(size), size);
            if k > end {
                return false;
            }
            block[usize::from(NATURAL_FROM_ZIGZAG[k])] = (value << low) as i16;
            k += 1;
        }
        self.could_extend = false;
        true
    }

    fn refine_ac(&mut self, reader: &mut BitReader<'_>, block: &mut [i16; 64]) -> bool {
        let (start, end) = (self.header.start, self.header.end);
        let bit = 1i16 << self.header.low;
        let mut k = start;
        // Whether the block has no code yet: only then could the run before have covered it.
        let mut first = true;
        if self.eob_run == 0 {
            while k <= end {
                reader.refill();
                let Some(symbol) = decode_symbol(reader, &self.tables[0].ac) else { return false };
                let (run, size) = (u32::from(symbol >> 4), symbol & 15);
                let mut value = 0;
                if size == 0 {
                    if run < 15 {
                        self.start_eob_run(reader, run, first);
                        // The rest of this block, which the run covers too, is corrected below.
                        self.eob_run += 1;
                        break;
                    }
                } else {
                    value = if reader.bit() != 0 { bit } else { -bit };
                }
                first = false;
                k = place_new(reader, block, k..end + 1, run, value, bit);
            }
            if self.eob_run == 0 {
                self.could_extend = false;
                return true;
            }
        }
        for natural in &NATURAL_FROM_ZIGZAG[k.min(64)..=end] {
            let coefficient = &mut block[usize::from(*natural)];
            if *coefficient != 0 {
                correct(reader, coefficient, bit);
            }
        }
        self.eob_run -= 1;
        true
    }
}

/// Puts `value` behind `run` zeros of `band` and corrects the nonzero coefficients on the way;
/// returns the zigzag index behind it.
fn place_new(
    reader: &mut BitReader<'_>,
    block: &mut [i16; 64],
    band: std::ops::Range<usize>,
    mut run: u32,
    value: i16,
    bit: i16,
) -> usize {
    for k in band.clone() {
        let coefficient = &mut block[usize::from(NATURAL_FROM_ZIGZAG[k])];
        if *coefficient != 0 {
            correct(reader, coefficient, bit);
        } else if run == 0 {
            *coefficient = value;
            return k + 1;
        } else {
            run -= 1;
        }
    }
    band.end
}

/// Adds a correction bit to a coefficient that is nonzero already.
#[inline(always)]
fn correct(reader: &mut BitReader<'_>, coefficient: &mut i16, bit: i16) {
    if reader.bit() != 0 && *coefficient & bit == 0 {
        *coefficient = coefficient.wrapping_add(if *coefficient > 0 { bit } else { -bit });
    }
}

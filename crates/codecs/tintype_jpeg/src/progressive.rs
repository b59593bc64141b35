//! Progressive Huffman scans: first passes and refinements of DC and AC.
//!
//! Bit-exact. Source: ITU-T T.81, annex G.

use super::bits::BitReader;
use super::coefficients::{ComponentBlocks, ScanGeometry};
use super::huffman::{LOOKUP_BITS, extend};
use super::markers::{NATURAL_FROM_ZIGZAG, ScanHeader};
use super::scan_decode::{ScanTrace, SlotTables, decode_dc_difference, decode_symbol};

/// Longest end-of-band run that a code can name.
pub const EOB_RUN_MAX: u32 = 0x7fff;

/// What lasts from block to block of a restart interval.
pub struct ProgressiveState<'a> {
    header: &'a ScanHeader,
    geometry: &'a ScanGeometry,
    tables: &'a [SlotTables],
    previous_dc: [i32; 4],
    /// Blocks that the current end-of-band run still covers.
    eob_run: u32,
    /// Whether the block before ended by a run that could have been longer.
    could_extend: bool,
}

impl<'a> ProgressiveState<'a> {
    /// The state at the start of an interval.
    pub fn new(
        header: &'a ScanHeader,
        geometry: &'a ScanGeometry,
        tables: &'a [SlotTables],
    ) -> Self {
        Self { header, geometry, tables, previous_dc: [0; 4], eob_run: 0, could_extend: false }
    }

    fn start_eob_run(
        &mut self,
        reader: &mut BitReader<'_>,
        run: u32,
        k: usize,
        at: u64,
        trace: &mut ScanTrace,
    ) {
        reader.refill();
        let length = (1 << run) + reader.take(run);
        if k == self.header.start && self.could_extend {
            trace.early_ends.push(at as u32);
        }
        self.eob_run = length - 1;
        self.could_extend = length < EOB_RUN_MAX;
    }
}

/// Decodes the MCUs of one restart interval.
pub fn decode_interval(
    state: &mut ProgressiveState<'_>,
    reader: &mut BitReader<'_>,
    mcus: std::ops::Range<usize>,
    components: &mut [ComponentBlocks],
    trace: &mut ScanTrace,
) {
    let geometry = state.geometry;
    let (dc, refine, low) = (state.header.start == 0, state.header.high != 0, state.header.low);
    let (mut x, mut y) = (mcus.start % geometry.mcus_x, mcus.start / geometry.mcus_x);
    for mcu in mcus {
        for unit in 0..geometry.units.len() {
            let (index, at) = geometry.locate(components, unit, x, y);
            let block = &mut components[index].blocks[at];
            let slot = geometry.units[unit].0;
            trace.visited += 1;
            let fine = match (dc, refine) {
                (true, false) => {
                    let difference = decode_dc_difference(reader, &state.tables[slot].dc);
                    let previous = &mut state.previous_dc[slot];
                    *previous = previous.wrapping_add(difference.unwrap_or(0));
                    block[0] = (*previous << low) as i16;
                    difference.is_some()
                }
                (true, true) => {
                    block[0] |= (reader.bit() << low) as i16;
                    true
                }
                (false, false) => first_ac(state, reader, block, mcu as u64, trace),
                (false, true) => refine_ac(state, reader, block, mcu as u64, trace),
            };
            trace.damaged |= !fine;
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

fn first_ac(
    state: &mut ProgressiveState<'_>,
    reader: &mut BitReader<'_>,
    block: &mut [i16; 64],
    at: u64,
    trace: &mut ScanTrace,
) -> bool {
    if state.eob_run > 0 {
        state.eob_run -= 1;
        return true;
    }
    let (mut k, end, low) = (state.header.start, state.header.end, state.header.low);
    let table = &state.tables[0].ac;
    while k <= end {
        reader.refill();
        let quick = table.lookup_value[reader.peek(LOOKUP_BITS) as usize];
        if quick != 0 {
            reader.skip((quick & 0xff) as u32);
            k += ((quick >> 8) & 15) as usize;
            if k > end {
                return false;
            }
            block[usize::from(NATURAL_FROM_ZIGZAG[k])] = ((quick >> 16) << low) as i16;
            k += 1;
            continue;
        }
        let Some(symbol) = decode_symbol(reader, table) else { return false };
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run < 15 {
                state.start_eob_run(reader, run, k, at, trace);
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
    state.could_extend = false;
    true
}

/// Adds a correction bit to a coefficient that is nonzero already.
#[inline(always)]
fn correct(reader: &mut BitReader<'_>, coefficient: &mut i16, bit: i16) {
    if reader.bit() != 0 && *coefficient & bit == 0 {
        *coefficient = coefficient.wrapping_add(if *coefficient > 0 { bit } else { -bit });
    }
}

fn refine_ac(
    state: &mut ProgressiveState<'_>,
    reader: &mut BitReader<'_>,
    block: &mut [i16; 64],
    at: u64,
    trace: &mut ScanTrace,
) -> bool {
    let (start, end) = (state.header.start, state.header.end);
    let bit = 1i16 << state.header.low;
    let mut k = start;
    // Whether a coefficient was newly coded, so that this block's run starts here and not earlier.
    let mut fresh = true;
    if state.eob_run == 0 {
        while k <= end {
            reader.refill();
            let Some(symbol) = decode_symbol(reader, &state.tables[0].ac) else { return false };
            let (mut run, size) = (u32::from(symbol >> 4), symbol & 15);
            let mut value = 0;
            if size == 0 {
                if run < 15 {
                    let first = if fresh { start } else { start + 1 };
                    state.start_eob_run(reader, run, first, at, trace);
                    // This block's rest is corrected below, as of a run that includes it.
                    state.eob_run += 1;
                    break;
                }
            } else {
                value = if reader.bit() != 0 { bit } else { -bit };
            }
            fresh = false;
            while k <= end {
                let coefficient = &mut block[usize::from(NATURAL_FROM_ZIGZAG[k])];
                if *coefficient != 0 {
                    correct(reader, coefficient, bit);
                } else if run == 0 {
                    if value != 0 {
                        *coefficient = value;
                    }
                    k += 1;
                    break;
                } else {
                    run -= 1;
                }
                k += 1;
            }
        }
        if state.eob_run == 0 {
            state.could_extend = false;
            return true;
        }
    }
    for natural in &NATURAL_FROM_ZIGZAG[k.min(64)..=end] {
        let coefficient = &mut block[usize::from(*natural)];
        if *coefficient != 0 {
            correct(reader, coefficient, bit);
        }
    }
    state.eob_run -= 1;
    true
}

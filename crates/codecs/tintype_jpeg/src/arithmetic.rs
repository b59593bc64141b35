//! Arithmetic-coded scans (SOF9, SOF10) into coefficients, and back.
//!
//! The walk over a block is written once, over [`Decisions`]: a decoder gives them, an encoder takes
//! those of the block it is handed. Bit-exact. Source: ITU-T T.81, annex D (the coder), F.2.4 and G.1.3 (its statistics).

use super::arithmetic_bins::{Bin, Decisions, Estimate};
use super::arithmetic_encoder::Encoder;
use super::coefficients::{ComponentBlocks, ScanGeometry};
use super::frame::{Frame, NATURAL_FROM_ZIGZAG, Process, ScanComponent, ScanHeader};
use super::scan_tables::ScanSideInfo;
use super::structure::{Scan, restart_intervals};

/// The decoder of annex D over one restart interval.
struct Decoder<'a> {
    data: &'a [u8],
    position: usize,
    c: u32,
    a: u32,
    count: i32,
    exhausted: u32,
}

impl<'a> Decoder<'a> {
    fn new(data: &'a [u8]) -> Self {
        let mut decoder = Self { data, position: 0, c: 0, a: 0x10000, count: 0, exhausted: 0 };
        decoder.byte_in();
        decoder.c <<= 8;
        decoder.byte_in();
        decoder.c <<= 8;
        decoder.count = 0;
        decoder
    }

    fn byte_in(&mut self) {
        let byte = match self.data.get(self.position) {
            Some(&byte) => {
                self.position += 1;
                if byte == 0xff && self.data.get(self.position) == Some(&0) {
                    self.position += 1;
                }
                byte
            }
            None => {
                self.exhausted += 1;
                0
            }
        };
        self.c += u32::from(byte) << 8;
        self.count = 8;
    }

    fn renormalise(&mut self) {
        loop {
            if self.count == 0 {
                self.byte_in();
            }
            self.a <<= 1;
            self.c <<= 1;
            self.count -= 1;
            if self.a >= 0x8000 {
                return;
            }
        }
    }
}

impl Decisions for Decoder<'_> {
    const READS: bool = true;

    fn bit(&mut self, bin: &mut Bin, _bit: bool) -> bool {
        let estimate = Estimate::of(*bin);
        self.a -= estimate.less;
        let (high, chosen_less) = (self.c >> 16 < self.a, self.a < estimate.less);
        if high && self.a >= 0x8000 {
            return estimate.more;
        }
        // Above the split lies the less probable symbol, unless the sizes have changed places.
        let less = if high {
            chosen_less
        } else {
            self.c -= self.a << 16;
            self.a = estimate.less;
            !chosen_less
        };
        *bin = estimate.next[usize::from(less)];
        self.renormalise();
        estimate.more != less
    }
}

/// Statistics and state of one scan component.
struct Statistics {
    dc: [Bin; 64],
    ac: [Bin; 256],
    dc_context: usize,
    previous_dc: i32,
    lower: u32,
    upper: u32,
    kx: usize,
    /// The first scan component that names the same DC table, and the first with the same AC table:
    /// theirs are the bins, since bins belong to tables.
    homes: (usize, usize),
}

/// Decodes one arithmetic-coded scan of `bytes` into `components`.
pub fn decode_scan(
    bytes: &[u8],
    frame: &Frame,
    scan: &Scan,
    components: &mut [ComponentBlocks],
) -> ScanSideInfo {
    let geometry = ScanGeometry::new(frame, &scan.header, components);
    let mut side = ScanSideInfo::default();
    let total = geometry.mcus();
    let interval = scan.restart_interval(total);
    let blocks = BlockWalk::new(frame, scan);
    let mut mcu = 0;
    for (_, data) in restart_intervals(&bytes[scan.data.clone()]) {
        let mut decoder = Decoder::new(data);
        let mut statistics = all_fresh(scan);
        for at in mcu..(mcu + interval).min(total) {
            for (slot, index, place) in geometry.blocks(components, at) {
                let block = &mut components[index].blocks[place];
                blocks.walk(&mut decoder, slot, &mut statistics, block);
                side.visited += 1;
            }
            if decoder.exhausted > 64 {
                side.damaged = true;
                break;
            }
        }
        mcu = (mcu + interval).min(total);
        if mcu == total {
            break;
        }
    }
    side.damaged |= mcu < total;
    side
}

/// Fresh statistics of each component of a scan.
fn all_fresh(scan: &Scan) -> Vec<Statistics> {
    (0..scan.header.components.len()).map(|slot| fresh(scan, slot)).collect()
}

/// The bytes of a scan, of `components`.
pub fn encode_scan(frame: &Frame, scan: &Scan, components: &[ComponentBlocks]) -> Vec<u8> {
    let geometry = ScanGeometry::new(frame, &scan.header, components);
    let total = geometry.mcus();
    let interval = scan.restart_interval(total).max(1);
    let blocks = BlockWalk::new(frame, scan);
    let mut out = Vec::new();
    for (index, start) in (0..total.max(1)).step_by(interval).enumerate() {
        if index > 0 {
            out.extend([0xff, 0xd0 + (index as u8 - 1) % 8]);
        }
        let mut encoder = Encoder::new(out);
        let mut statistics = all_fresh(scan);
        for at in start..(start + interval).min(total) {
            for (slot, index, place) in geometry.blocks(components, at) {
                let mut block = components[index].blocks[place];
                blocks.walk(&mut encoder, slot, &mut statistics, &mut block);
            }
        }
        out = encoder.finish();
    }
    out
}

/// The statistics of scan component `slot` at the start of a restart interval.
fn fresh(scan: &Scan, slot: usize) -> Statistics {
    let parts = &scan.header.components;
    let part = &parts[slot];
    let (lower, upper) = scan.tables.arithmetic_dc[part.dc_table];
    let home = |same: &dyn Fn(&ScanComponent) -> bool| parts.iter().position(same).unwrap_or(slot);
    Statistics {
        dc: [0; 64],
        ac: [0; 256],
        dc_context: 0,
        previous_dc: 0,
        lower: (1 << lower) >> 1,
        upper: (1 << upper) >> 1,
        kx: usize::from(scan.tables.arithmetic_ac[part.ac_table]),
        homes: (home(&|c| c.dc_table == part.dc_table), home(&|c| c.ac_table == part.ac_table)),
    }
}

/// What the blocks of a scan share.
struct BlockWalk<'a> {
    header: &'a ScanHeader,
    dc_shift: u32,
}

impl<'a> BlockWalk<'a> {
    fn new(frame: &Frame, scan: &'a Scan) -> Self {
        let dc_shift = if frame.process == Process::Progressive { scan.header.low } else { 0 };
        Self { header: &scan.header, dc_shift }
    }

    /// Codes what the scan holds of `block`.
    fn walk<D: Decisions>(
        &self,
        coder: &mut D,
        slot: usize,
        all: &mut [Statistics],
        block: &mut [i16; 64],
    ) {
        let header = self.header;
        let (dc_home, ac_home) = all[slot].homes;
        if header.start == 0 && header.high == 0 {
            let Statistics { dc_context, lower, upper, previous_dc, .. } = all[slot];
            let wanted = (i32::from(block[0]) >> self.dc_shift).wrapping_sub(previous_dc);
            let bins = &mut all[dc_home].dc;
            let (difference, next) = dc_difference(coder, bins, dc_context, (lower, upper), wanted);
            let own = &mut all[slot];
            own.dc_context = next;
            own.previous_dc = own.previous_dc.wrapping_add(difference);
            if D::READS {
                block[0] = (own.previous_dc << self.dc_shift) as i16;
            }
        } else if header.start == 0 {
            let bit = coder.fixed(block[0] >> header.low & 1 != 0);
            if D::READS {
                block[0] |= i16::from(bit) << header.low;
            }
        }
        if header.end > 0 {
            let home = &mut all[ac_home];
            let band = (header.start.max(1), header.end);
            if header.high == 0 {
                first_ac(coder, &mut home.ac, home.kx, band, header.low, block);
            } else {
                refine_ac(coder, &mut home.ac, band, header.low, block);
            }
        }
    }
}

fn dc_difference<D: Decisions>(
    coder: &mut D,
    bins: &mut [Bin; 64],
    context: usize,
    (lower, upper): (u32, u32),
    wanted: i32,
) -> (i32, usize) {
    if !coder.bit(&mut bins[context], wanted != 0) {
        return (0, 0);
    }
    let negative = usize::from(coder.bit(&mut bins[context + 1], wanted < 0));
    let below = wanted.unsigned_abs().wrapping_sub(1);
    let mut at = context + 2 + negative;
    let mut m = u32::from(coder.bit(&mut bins[at], below > 0));
    if m != 0 {
        at = 20;
        while coder.bit(&mut bins[at], below >> 1 >= m) {
            m <<= 1;
            if m >= 0x8000 {
                return (0, 0);
            }
            at += 1;
        }
    }
    let next = match () {
        () if m < lower => 0,
        () if m > upper => 12 + 4 * negative,
        () => 4 + 4 * negative,
    };
    let value = magnitude_bits(coder, &mut bins[at + 14], m, below) as i32 + 1;
    (if negative == 1 { -value } else { value }, next)
}

/// The bits below the leading one of `m`; `wanted` are those of an encoder.
fn magnitude_bits<D: Decisions>(coder: &mut D, bin: &mut Bin, m: u32, wanted: u32) -> u32 {
    let (mut value, mut bit) = (m, m >> 1);
    while bit != 0 {
        if coder.bit(bin, wanted & bit != 0) {
            value |= bit;
        }
        bit >>= 1;
    }
    value
}

/// The magnitude of the coefficient at zigzag index `k`, without its `low` bits.
fn magnitude(block: &[i16; 64], k: usize, low: u32) -> u32 {
    u32::from(block[usize::from(NATURAL_FROM_ZIGZAG[k])].unsigned_abs()) >> low
}

fn first_ac<D: Decisions>(
    coder: &mut D,
    bins: &mut [Bin; 256],
    kx: usize,
    (start, end): (usize, usize),
    low: u32,
    block: &mut [i16; 64],
) {
    let last = (start..=end).rev().find(|k| magnitude(block, *k, low) != 0).unwrap_or(0);
    let mut k = start;
    while k <= end {
        let mut at = 3 * (k - 1);
        if coder.bit(&mut bins[at], k > last) {
            return;
        }
        while !coder.bit(&mut bins[at + 1], magnitude(block, k, low) != 0) {
            at += 3;
            k += 1;
            if k > end {
                return;
            }
        }
        let place = usize::from(NATURAL_FROM_ZIGZAG[k]);
        let negative = coder.fixed(block[place] < 0);
        let below = magnitude(block, k, low).wrapping_sub(1);
        at += 2;
        let mut m = u32::from(coder.bit(&mut bins[at], below > 0));
        if m != 0 && coder.bit(&mut bins[at], below > 1) {
            m = 2;
            at = if k <= kx { 189 } else { 217 };
            while coder.bit(&mut bins[at], below >> 1 >= m) {
                m <<= 1;
                if m >= 0x8000 {
                    return;
                }
                at += 1;
            }
        }
        // A magnitude bin lies fourteen behind its category bin; below two no bit follows.
        let value = match m {
            0 | 1 => m,
            _ => magnitude_bits(coder, &mut bins[(at + 14).min(255)], m, below),
        } as i32
            + 1;
        if D::READS {
            block[place] = ((if negative { -value } else { value }) << low) as i16;
        }
        k += 1;
    }
}

fn refine_ac<D: Decisions>(
    coder: &mut D,
    bins: &mut [Bin; 256],
    (start, end): (usize, usize),
    low: u32,
    block: &mut [i16; 64],
) {
    let bit = 1i16 << low;
    // What was known before this scan: all that a decoder has, and what an encoder sent so far.
    let known = |block: &[i16; 64], k| magnitude(block, k, if D::READS { 0 } else { low + 1 }) != 0;
    let last = (start..=end).rev().find(|k| known(block, *k)).unwrap_or(0);
    let last_now = (start..=end).rev().find(|k| magnitude(block, *k, low) != 0).unwrap_or(0);
    let mut k = start;
    while k <= end {
        let mut at = 3 * (k - 1);
        if k > last && coder.bit(&mut bins[at], k > last_now) {
            return;
        }
        loop {
            let (was_known, now) = (known(block, k), magnitude(block, k, low));
            let coefficient = &mut block[usize::from(NATURAL_FROM_ZIGZAG[k])];
            if was_known {
                if coder.bit(&mut bins[at + 2], now & 1 != 0) && D::READS {
                    *coefficient = coefficient.wrapping_add(if *coefficient < 0 { -bit } else { bit });
                }
                break;
            }
            if coder.bit(&mut bins[at + 1], now != 0) {
                let negative = coder.fixed(*coefficient < 0);
                if D::READS {
                    *coefficient = if negative { -bit } else { bit };
                }
                break;
            }
            at += 3;
            k += 1;
            if k > end {
                return;
            }
        }
        k += 1;
    }
}

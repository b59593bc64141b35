//! Arithmetic-coded scans (SOF9, SOF10) into coefficients.
//!
//! Bit-exact. Source: ITU-T T.81, annex D (the coder), F.2.4 and G.1.3 (its statistics).

use super::coefficients::{ComponentBlocks, ScanGeometry};
use super::frame::{Frame, NATURAL_FROM_ZIGZAG, Process, ScanComponent, ScanHeader};
use super::scan_tables::ScanSideInfo;
use super::structure::{Scan, restart_intervals};

/// T.81 table D.3: probability estimate, next state if less probable, next if more probable,
/// whether to swap.
#[rustfmt::skip]
const STATES: [(u16, u8, u8, bool); 113] = [
    (0x5a1d,1,1,true),(0x2586,14,2,false),(0x1114,16,3,false),(0x080b,18,4,false),(0x03d8,20,5,false),(0x01da,23,6,false),
    (0x00e5,25,7,false),(0x006f,28,8,false),(0x0036,30,9,false),(0x001a,33,10,false),(0x000d,35,11,false),(0x0006,9,12,false),
    (0x0003,10,13,false),(0x0001,12,13,false),(0x5a7f,15,15,true),(0x3f25,36,16,false),(0x2cf2,38,17,false),(0x207c,39,18,false),
    (0x17b9,40,19,false),(0x1182,42,20,false),(0x0cef,43,21,false),(0x09a1,45,22,false),(0x072f,46,23,false),(0x055c,48,24,false),
    (0x0406,49,25,false),(0x0303,51,26,false),(0x0240,52,27,false),(0x01b1,54,28,false),(0x0144,56,29,false),(0x00f5,57,30,false),
    (0x00b7,59,31,false),(0x008a,60,32,false),(0x0068,62,33,false),(0x004e,63,34,false),(0x003b,32,35,false),(0x002c,33,9,false),
    (0x5ae1,37,37,true),(0x484c,64,38,false),(0x3a0d,65,39,false),(0x2ef1,67,40,false),(0x261f,68,41,false),(0x1f33,69,42,false),
    (0x19a8,70,43,false),(0x1518,72,44,false),(0x1177,73,45,false),(0x0e74,74,46,false),(0x0bfb,75,47,false),(0x09f8,77,48,false),
    (0x0861,78,49,false),(0x0706,79,50,false),(0x05cd,48,51,false),(0x04de,50,52,false),(0x040f,50,53,false),(0x0363,51,54,false),
    (0x02d4,52,55,false),(0x025c,53,56,false),(0x01f8,54,57,false),(0x01a4,55,58,false),(0x0160,56,59,false),(0x0125,57,60,false),
    (0x00f6,58,61,false),(0x00cb,59,62,false),(0x00ab,61,63,false),(0x008f,61,32,false),(0x5b12,65,65,true),(0x4d04,80,66,false),
    (0x412c,81,67,false),(0x37d8,82,68,false),(0x2fe8,83,69,false),(0x293c,84,70,false),(0x2379,86,71,false),(0x1edf,87,72,false),
    (0x1aa9,87,73,false),(0x174e,72,74,false),(0x1424,72,75,false),(0x119c,74,76,false),(0x0f6b,74,77,false),(0x0d51,75,78,false),
    (0x0bb6,77,79,false),(0x0a40,77,48,false),(0x5832,80,81,true),(0x4d1c,88,82,false),(0x438e,89,83,false),(0x3bdd,90,84,false),
    (0x34ee,91,85,false),(0x2eae,92,86,false),(0x299a,93,87,false),(0x2516,86,71,false),(0x5570,88,89,true),(0x4ca9,95,90,false),
    (0x44d9,96,91,false),(0x3e22,97,92,false),(0x3824,99,93,false),(0x32b4,99,94,false),(0x2e17,93,86,false),(0x56a8,95,96,true),
    (0x4f46,101,97,false),(0x47e5,102,98,false),(0x41cf,103,99,false),(0x3c3d,104,100,false),(0x375e,99,93,false),(0x5231,105,102,false),
    (0x4c0f,106,103,false),(0x4639,107,104,false),(0x415e,103,99,false),(0x5627,105,106,true),(0x50e7,108,107,false),(0x4b85,109,103,false),
    (0x5597,110,109,false),(0x504f,111,107,false),(0x5a10,110,111,true),(0x5522,112,109,false),(0x59eb,112,111,true),
];

/// A statistics bin: state in the low seven bits, the more probable symbol in the top bit.
type Bin = u8;

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

    fn bit(&mut self, bin: &mut Bin) -> u32 {
        let (estimate, if_less, if_more, swap) = STATES[usize::from(*bin & 127).min(112)];
        let (estimate, more) = (u32::from(estimate), *bin >> 7);
        self.a -= estimate;
        let (high, chosen_less) = (self.c >> 16 < self.a, self.a < estimate);
        if high && self.a >= 0x8000 {
            return u32::from(more);
        }
        // Above the split lies the less probable symbol, unless the sizes have changed places.
        let less = if high {
            chosen_less
        } else {
            self.c -= self.a << 16;
            self.a = estimate;
            !chosen_less
        };
        let symbol = if less { 1 - more } else { more };
        *bin =
            if less { if_less | (if swap { symbol } else { more }) << 7 } else { if_more | more << 7 };
        self.renormalise();
        u32::from(symbol)
    }

    /// A bit of fixed probability one half.
    fn fixed(&mut self) -> u32 {
        // libjpeg's state 113: the estimate 0x5a1d, which never changes.
        let mut bin = 0;
        self.bit(&mut bin)
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
    let blocks = BlockDecoder {
        header: &scan.header,
        dc_shift: if frame.process == Process::Progressive { scan.header.low } else { 0 },
    };
    let mut mcu = 0;
    for (_, data) in restart_intervals(&bytes[scan.data.clone()]) {
        let mut decoder = Decoder::new(data);
        let mut statistics: Vec<Statistics> =
            (0..scan.header.components.len()).map(|slot| fresh(scan, slot)).collect();
        for at in mcu..(mcu + interval).min(total) {
            let (x, y) = (at % geometry.mcus_x, at / geometry.mcus_x);
            for unit in 0..geometry.units.len() {
                let (index, place) = geometry.locate(components, unit, x, y);
                let slot = geometry.units[unit].0;
                let block = &mut components[index].blocks[place];
                blocks.decode(&mut decoder, slot, &mut statistics, block);
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
struct BlockDecoder<'a> {
    header: &'a ScanHeader,
    dc_shift: u32,
}

impl BlockDecoder<'_> {
    fn decode(
        &self,
        decoder: &mut Decoder<'_>,
        slot: usize,
        all: &mut [Statistics],
        block: &mut [i16; 64],
    ) {
        let header = self.header;
        let (dc_home, ac_home) = all[slot].homes;
        if header.start == 0 && header.high == 0 {
            let context = all[slot].dc_context;
            let (lower, upper) = (all[slot].lower, all[slot].upper);
            let (difference, next) = dc_difference(decoder, &mut all[dc_home].dc, context, lower, upper);
            let own = &mut all[slot];
            own.dc_context = next;
            own.previous_dc = own.previous_dc.wrapping_add(difference);
            block[0] = (own.previous_dc << self.dc_shift) as i16;
        } else if header.start == 0 {
            block[0] |= (decoder.fixed() << header.low) as i16;
        }
        if header.end > 0 {
            let home = &mut all[ac_home];
            let band = (header.start.max(1), header.end);
            if header.high == 0 {
                first_ac(decoder, &mut home.ac, home.kx, band, header.low, block);
            } else {
                refine_ac(decoder, &mut home.ac, band, header.low, block);
            }
        }
    }
}

fn dc_difference(
    decoder: &mut Decoder<'_>,
    bins: &mut [Bin; 64],
    context: usize,
    lower: u32,
    upper: u32,
) -> (i32, usize) {
    if decoder.bit(&mut bins[context]) == 0 {
        return (0, 0);
    }
    let negative = decoder.bit(&mut bins[context + 1]) as usize;
    let mut at = context + 2 + negative;
    let mut m = decoder.bit(&mut bins[at]);
    if m != 0 {
        at = 20;
        while decoder.bit(&mut bins[at]) != 0 {
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
    let value = magnitude_bits(decoder, &mut bins[at + 14], m) as i32 + 1;
    (if negative == 1 { -value } else { value }, next)
}

/// The bits below the leading one of `m`.
fn magnitude_bits(decoder: &mut Decoder<'_>, bin: &mut Bin, m: u32) -> u32 {
    let (mut value, mut bit) = (m, m >> 1);
    while bit != 0 {
        if decoder.bit(bin) != 0 {
            value |= bit;
        }
        bit >>= 1;
    }
    value
}

fn first_ac(
    decoder: &mut Decoder<'_>,
    bins: &mut [Bin; 256],
    kx: usize,
    (start, end): (usize, usize),
    low: u32,
    block: &mut [i16; 64],
) {
    let mut k = start;
    while k <= end {
        let mut at = 3 * (k - 1);
        if decoder.bit(&mut bins[at]) != 0 {
            return;
        }
        while decoder.bit(&mut bins[at + 1]) == 0 {
            at += 3;
            k += 1;
            if k > end {
                return;
            }
        }
        let negative = decoder.fixed();
        at += 2;
        let mut m = decoder.bit(&mut bins[at]);
        if m != 0 && decoder.bit(&mut bins[at]) != 0 {
            m = 2;
            at = if k <= kx { 189 } else { 217 };
            while decoder.bit(&mut bins[at]) != 0 {
                m <<= 1;
                if m >= 0x8000 {
                    return;
                }
                at += 1;
            }
        }
        // A magnitude bin lies fourteen behind its category bin; below two no bit follows.
        let value = if m >= 2 { magnitude_bits(decoder, &mut bins[(at + 14).min(255)], m) } else { m }
            as i32
            + 1;
        let signed = if negative == 1 { -value } else { value };
        block[usize::from(NATURAL_FROM_ZIGZAG[k])] = (signed << low) as i16;
        k += 1;
    }
}

fn refine_ac(
    decoder: &mut Decoder<'_>,
    bins: &mut [Bin; 256],
    (start, end): (usize, usize),
    low: u32,
    block: &mut [i16; 64],
) {
    let bit = 1i16 << low;
    let last =
        (start..=end).rev().find(|k| block[usize::from(NATURAL_FROM_ZIGZAG[*k])] != 0).unwrap_or(0);
    let mut k = start;
    while k <= end {
        let mut at = 3 * (k - 1);
        if k > last && decoder.bit(&mut bins[at]) != 0 {
            return;
        }
        loop {
            let coefficient = &mut block[usize::from(NATURAL_FROM_ZIGZAG[k])];
            if *coefficient != 0 {
                if decoder.bit(&mut bins[at + 2]) != 0 {
                    *coefficient = coefficient.wrapping_add(if *coefficient < 0 { -bit } else { bit });
                }
                break;
            }
            if decoder.bit(&mut bins[at + 1]) != 0 {
                *coefficient = if decoder.fixed() == 1 { -bit } else { bit };
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

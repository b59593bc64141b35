//! Probabilities of up to sixteen symbols that follow what they see.
//!
//! A table is fifteen places on a scale of 15 bits where one symbol ends and the next begins. A symbol pulls each place a
//! fraction of the way towards its side; every symbol keeps at least [`FLOOR`]. All sixteen lanes move in one step, so
//! that a symbol costs about as much as two or three binary decisions. Exact zone: integers only.
//!
//! Source: the shift-only adaptation of multi-symbol tables as in the AV1 specification, section 8.3.2; layout our own.

use tintype_entropy::{ProbabilitySource, cost_q12};

/// Symbols of one table.
pub const SYMBOLS: usize = 16;
/// Bits of the scale.
const PRECISION: u32 = 15;
/// Least width of a symbol on the scale.
const FLOOR: i32 = 4;
/// The part of the scale that moves.
const TOTAL: i16 = ((1 << PRECISION) - FLOOR * SYMBOLS as i32) as i16;

/// What the floors add to each symbol's end.
const FLOORS: [i16; SYMBOLS] = {
    let mut floors = [0; SYMBOLS];
    let mut i = 0;
    while i < SYMBOLS {
        floors[i] = (FLOOR * (i as i32 + 1)) as i16;
        i += 1;
    }
    floors
};

/// Sixteen adaptive probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adaptive16 {
    /// Where each symbol ends, floors left out; the last is `TOTAL`.
    ends: [i16; SYMBOLS],
}

impl Default for Adaptive16 {
    /// All alike.
    fn default() -> Self {
        Self { ends: std::array::from_fn(|i| ((i32::from(TOTAL) * (i as i32 + 1)) / SYMBOLS as i32) as i16) }
    }
}

impl Adaptive16 {
    /// Bytes of a table in a model.
    pub const LEN_BYTES: usize = 2 * (SYMBOLS - 1);

    /// Probabilities in proportion to `counts`, with a little for each of the first `used` symbols.
    pub fn from_counts(counts: &[u32; SYMBOLS], used: usize) -> Self {
        let weight = |i: usize| if i < used { u64::from(counts[i]) * 16 + 1 } else { 0 };
        let sum: u64 = (0..SYMBOLS).map(weight).sum::<u64>().max(1);
        let mut below = 0u64;
        let ends = std::array::from_fn(|i| {
            below += weight(i);
            if i + 1 == SYMBOLS { TOTAL } else { (below * TOTAL as u64 / sum) as i16 }
        });
        Self { ends }
    }

    /// Reads a table from a model; places out of order are brought into order.
    pub fn from_bytes(bytes: &[u8; Self::LEN_BYTES]) -> Self {
        let mut least = 0;
        let ends = std::array::from_fn(|i| {
            if i + 1 == SYMBOLS {
                return TOTAL;
            }
            let place = u16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]);
            least = (place.min(TOTAL as u16) as i16).max(least);
            least
        });
        Self { ends }
    }

    /// The table as it stands in a model.
    pub fn to_bytes(self) -> [u8; Self::LEN_BYTES] {
        let mut bytes = [0; Self::LEN_BYTES];
        for (pair, end) in bytes.chunks_exact_mut(2).zip(self.ends) {
            pair.copy_from_slice(&end.to_le_bytes());
        }
        bytes
    }

    /// Learns `symbol`; `2^rate` symbols are about its memory.
    #[inline(always)]
    pub fn update(&mut self, symbol: u32, rate: u32) {
        for (i, end) in self.ends.iter_mut().enumerate() {
            let goal = if i as i16 >= symbol as i16 { TOTAL } else { 0 };
            *end += (goal - *end) >> rate;
        }
    }

    /// Bits of `symbol` now.
    pub fn bits(&self, symbol: u32) -> f32 {
        let (_, width) = self.interval(symbol);
        (cost_q12((width << (16 - PRECISION)).min(65535)) as f32) / 4096.0
    }
}

impl ProbabilitySource for Adaptive16 {
    #[inline(always)]
    fn precision(&self) -> u32 {
        PRECISION
    }

    #[inline(always)]
    fn symbols(&self) -> u32 {
        SYMBOLS as u32
    }

    #[inline(always)]
    fn interval(&self, symbol: u32) -> (u32, u32) {
        let symbol = (symbol as usize).min(SYMBOLS - 1);
        let end = i32::from(self.ends[symbol]) + FLOOR * (symbol as i32 + 1);
        let start = if symbol == 0 { 0 } else { i32::from(self.ends[symbol - 1]) + FLOOR * symbol as i32 };
        (start as u32, (end - start) as u32)
    }

    #[inline(always)]
    fn find(&self, slot: u32) -> (u32, u32, u32) {
        // A slot is below 2^15, and so are all ends but the last, which wraps round and always counts as passed. Two
        // plain loops, because the compiler makes vector code of them.
        let slot = slot as i16;
        let mut hits = [0i16; SYMBOLS];
        for i in 0..SYMBOLS {
            hits[i] = i16::from(self.ends[i].wrapping_add(FLOORS[i]) <= slot);
        }
        let mut passed = -1;
        for hit in hits {
            passed += hit;
        }
        let (start, width) = self.interval(passed as u32);
        (passed as u32, start, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tintype_entropy::contract::check_source;

    #[test]
    fn tables_keep_the_contract_and_come_back() {
        let mut table = Adaptive16::default();
        check_source(&table);
        for i in 0..2000u32 {
            table.update((i * i / 7) % 16, 4 + i % 4);
            assert_eq!(Adaptive16::from_bytes(&table.to_bytes()), table);
        }
        check_source(&table);
        (0..500).for_each(|_| table.update(3, 5));
        check_source(&table);
        assert!(table.bits(3) < 0.05 && table.bits(9) > 8.0);
        check_source(&Adaptive16::from_counts(&std::array::from_fn(|i| i as u32 * 1000), 12));
        check_source(&Adaptive16::from_bytes(&[0xff; Adaptive16::LEN_BYTES]));
        check_source(&Adaptive16::from_bytes(&[0; Adaptive16::LEN_BYTES]));
    }
}

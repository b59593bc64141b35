//! Probabilities of up to sixteen symbols that follow what they see.
//!
//! A table is fifteen bounds on a scale of 15 bits where one symbol ends and the next begins. A symbol pulls each bound a
//! fraction of the way towards its side; every symbol keeps at least [`FLOOR`]. All sixteen lanes move in one step, so
//! that a symbol costs about as much as two or three binary decisions. Exact zone: integers only.
//!
//! Source: the shift-only adaptation of multi-symbol tables as in the AV1 specification, section 8.3.2; layout our own.

use fearless_simd::{Simd, i16x16, prelude::*};
use tintype_entropy::{ProbabilitySource, cost_q12};

/// Symbols of one table.
pub const SYMBOLS: usize = 16;
/// Bits of the scale.
const PRECISION: u32 = 15;
/// Least width of a symbol on the scale.
const FLOOR: i32 = 4;
/// The part of the scale that moves.
const TOTAL: i16 = ((1 << PRECISION) - FLOOR * SYMBOLS as i32) as i16;

/// Sixteen adaptive probabilities: upper bounds on the scale; the last one, its end, wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(32))]
pub struct Adaptive16 {
    bounds: [i16; SYMBOLS],
}

/// What the floors add to each bound.
const fn floor(lane: usize) -> i16 {
    (FLOOR * (lane as i32 + 1)) as i16
}

/// Where bounds move when a symbol is seen.
static TARGETS: [Adaptive16; SYMBOLS] = {
    let mut targets = [Adaptive16 { bounds: [0; SYMBOLS] }; SYMBOLS];
    let mut at = 0;
    while at < SYMBOLS * SYMBOLS {
        let (symbol, lane) = (at / SYMBOLS, at % SYMBOLS);
        targets[symbol].bounds[lane] = floor(lane).wrapping_add(if lane < symbol { 0 } else { TOTAL });
        at += 1;
    }
    targets
};

/// A table as a coder reads it.
pub struct Table<'a, S: Simd> {
    /// The instructions to find a symbol with.
    pub simd: S,
    /// The table.
    pub table: &'a Adaptive16,
}

impl Default for Adaptive16 {
    /// All alike.
    fn default() -> Self {
        Self::from_ends(|i| ((i32::from(TOTAL) * (i as i32 + 1)) / SYMBOLS as i32) as i16)
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
        Self::from_ends(|i| {
            below += weight(i);
            (below * TOTAL as u64 / sum) as i16
        })
    }

    /// Reads a table from a model; places out of order are brought into order.
    pub fn from_bytes(bytes: &[u8; Self::LEN_BYTES]) -> Self {
        let mut least = 0;
        Self::from_ends(|i| {
            if i + 1 == SYMBOLS {
                return TOTAL;
            }
            let place = u16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]);
            least = (place.min(TOTAL as u16) as i16).max(least);
            least
        })
    }

    /// The table as it stands in a model.
    pub fn to_bytes(self) -> [u8; Self::LEN_BYTES] {
        let mut bytes = [0; Self::LEN_BYTES];
        for (lane, pair) in bytes.chunks_exact_mut(2).enumerate() {
            pair.copy_from_slice(&(self.bounds[lane] - floor(lane)).to_le_bytes());
        }
        bytes
    }

    /// From where symbols end, floors left out; the last end is taken for [`TOTAL`].
    fn from_ends(mut end: impl FnMut(usize) -> i16) -> Self {
        let bound = |lane: usize| floor(lane).wrapping_add(if lane + 1 == SYMBOLS { TOTAL } else { end(lane) });
        Self { bounds: std::array::from_fn(bound) }
    }

    /// Learns `symbol`; `2^rate` symbols are about its memory.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, symbol: u32, rate: u32) {
        let old = i16x16::from_slice(simd, &self.bounds);
        let gap = i16x16::from_slice(simd, &TARGETS[symbol as usize & (SYMBOLS - 1)].bounds) - old;
        (old + (gap >> rate)).store_slice(&mut self.bounds);
    }

    /// Bits of `symbol` now.
    pub fn bits(&self, symbol: u32) -> f32 {
        let (_, width) = self.interval(symbol);
        (cost_q12((width << (16 - PRECISION)).min(65535)) as f32) / 4096.0
    }

    /// Start and width of `symbol` on the scale.
    #[inline(always)]
    fn interval(&self, symbol: u32) -> (u32, u32) {
        let symbol = symbol as usize & (SYMBOLS - 1);
        let bound = |lane: usize| u32::from(self.bounds[lane] as u16);
        // Before symbol 0 stands the last bound, which the mask makes 0.
        let start = bound((symbol + SYMBOLS - 1) & (SYMBOLS - 1)) & ((1 << PRECISION) - 1);
        (start, bound(symbol) - start)
    }
}

impl<S: Simd> ProbabilitySource for Table<'_, S> {
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
        self.table.interval(symbol)
    }

    #[inline(always)]
    fn find(&self, slot: u32) -> (u32, u32, u32) {
        let bounds = i16x16::from_slice(self.simd, &self.table.bounds);
        // The last bound does not fit sixteen bits with sign, but is above every slot.
        let above = bounds.simd_gt(i16x16::splat(self.simd, slot as i16)).to_bitmask() | 1 << (SYMBOLS - 1);
        let symbol = above.trailing_zeros();
        let (start, width) = self.table.interval(symbol);
        (symbol, start, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::Fallback;

    fn check_source(table: &Adaptive16) {
        tintype_entropy::contract::check_source(&Table { simd: Fallback::new(), table });
    }

    #[test]
    fn tables_keep_the_contract_and_come_back() {
        let mut table = Adaptive16::default();
        check_source(&table);
        for i in 0..2000u32 {
            table.update(Fallback::new(), (i * i / 7) % 16, 4 + i % 4);
            assert_eq!(Adaptive16::from_bytes(&table.to_bytes()), table);
        }
        check_source(&table);
        (0..500).for_each(|_| table.update(Fallback::new(), 3, 5));
        check_source(&table);
        assert!(table.bits(3) < 0.05 && table.bits(9) > 8.0);
        check_source(&Adaptive16::from_counts(&std::array::from_fn(|i| i as u32 * 1000), 12));
        check_source(&Adaptive16::from_bytes(&[0xff; Adaptive16::LEN_BYTES]));
        check_source(&Adaptive16::from_bytes(&[0; Adaptive16::LEN_BYTES]));
    }
}

//! Adaptive distributions over the sixteen values of a nibble, as a cumulative table of one
//! vector.
//!
//! A coded symbol moves every end of the table a fraction of the way to where it would be if that
//! symbol were certain; each symbol keeps a width of at least a floor. All sixteen ends move in
//! one vector operation, so that a symbol takes about the time of two or three binary decisions.
//!
//! Bit-exact: integers only.
//!
//! Source: the shift-only adaptation of cumulative tables in the AV1 specification, section
//! 8.3.2; the layout is our own, see docs/format/entropy.md.

use super::ProbabilitySource;
use crate::cost_q12;
use fearless_simd::{Simd, i8x32, i16x16, prelude::*};

/// Symbols of one distribution.
const SYMBOLS: usize = 16;
/// Bits of the scale.
const PRECISION: u32 = 15;

/// The cumulative table: where each of sixteen symbols ends on a scale of 15 bits, none narrower
/// than `FLOOR`.
///
/// The last end, 2^15, wraps to `i16::MIN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(32))]
pub struct AdaptiveNibble<const FLOOR: i16> {
    /// Rising by at least `FLOOR`, to 2^15.
    pub ends: [i16; SYMBOLS],
}

/// A table together with the SIMD token that finds symbols in it.
pub struct NibbleSource<'a, const FLOOR: i16, S: Simd> {
    /// The SIMD level in use.
    pub simd: S,
    /// The distribution.
    pub table: &'a AdaptiveNibble<FLOOR>,
}

impl<const FLOOR: i16> Default for AdaptiveNibble<FLOOR> {
    /// All symbols equally likely.
    fn default() -> Self {
        Self::from_ends(|i| ((i32::from(Self::TOTAL) * (i as i32 + 1)) / SYMBOLS as i32) as i16)
    }
}

impl<const FLOOR: i16> AdaptiveNibble<FLOOR> {
    /// The part of the scale that moves.
    pub const TOTAL: i16 = ((1 << PRECISION) - FLOOR as i32 * SYMBOLS as i32) as i16;

    /// Bytes of a stored distribution.
    pub const LEN_BYTES: usize = 2 * (SYMBOLS - 1);

    /// For each symbol, the ends that an update moves towards.
    const TARGETS: [Self; SYMBOLS] = {
        let mut targets = [Self { ends: [0; SYMBOLS] }; SYMBOLS];
        let mut at = 0;
        while at < SYMBOLS * SYMBOLS {
            let (symbol, lane) = (at / SYMBOLS, at % SYMBOLS);
            let part = if lane < symbol { 0 } else { Self::TOTAL };
            targets[symbol].ends[lane] = Self::floors(lane).wrapping_add(part);
            at += 1;
        }
        targets
    };

    /// What the floors add to an end.
    const fn floors(lane: usize) -> i16 {
        FLOOR * (lane as i16 + 1)
    }

    /// From where symbols 0 to 14 end, floors left out: rising, 0 to [`Self::TOTAL`].
    pub fn from_ends(mut end: impl FnMut(usize) -> i16) -> Self {
        let own = |lane: usize| if lane + 1 == SYMBOLS { Self::TOTAL } else { end(lane) };
        Self { ends: std::array::from_fn(own) }.raised()
    }

    fn raised(mut self) -> Self {
        self.ends
            .iter_mut()
            .enumerate()
            .for_each(|(lane, end)| *end = end.wrapping_add(Self::floors(lane)));
        self
    }

    /// Probabilities in proportion to `counts`, with a little for each of the first `used`
    /// symbols.
    pub fn from_counts(counts: &[u32; SYMBOLS], used: usize) -> Self {
        let weight = |i: usize| if i < used { u64::from(counts[i]) * 16 + 1 } else { 0 };
        let sum: u64 = (0..SYMBOLS).map(weight).sum::<u64>().max(1);
        let mut below = 0u64;
        Self::from_ends(|i| {
            below += weight(i);
            (below * Self::TOTAL as u64 / sum) as i16
        })
    }

    /// Reads what [`Self::to_bytes`] gave; ends out of order are brought into order, missing
    /// bytes count as 0.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut least = 0;
        Self::from_ends(|i| {
            let pair = bytes.get(2 * i..2 * i + 2).map_or([0; 2], |pair| [pair[0], pair[1]]);
            least = (u16::from_le_bytes(pair).min(Self::TOTAL as u16) as i16).max(least);
            least
        })
    }

    /// The ends of symbols 0 to 14, floors left out: [`Self::LEN_BYTES`], lowest byte first.
    pub fn to_bytes(self) -> impl Iterator<Item = u8> {
        (0..SYMBOLS - 1).flat_map(move |lane| (self.ends[lane] - Self::floors(lane)).to_le_bytes())
    }

    /// Moves every end `2^-shift` of the way to its target for `symbol`, rounded down.
    #[inline(always)]
    pub fn update<S: Simd>(&mut self, simd: S, symbol: u32, shift: u32) {
        let old = i16x16::from_slice(simd, &self.ends);
        // Differences fit 16 bits with sign; the last one is 0.
        let gap = i16x16::from_slice(simd, &Self::TARGETS[symbol as usize & 15].ends) - old;
        (old + (gap >> shift)).store_slice(&mut self.ends);
    }

    /// Moves every end `2^-(shift + 1)` of the way to its target for `symbol`, rounded to the
    /// nearest.
    #[inline(always)]
    pub fn update_rounded<S: Simd>(&mut self, simd: S, symbol: u32, shift: u32) {
        let old = i16x16::from_slice(simd, &self.ends);
        let gap = i16x16::from_slice(simd, &Self::TARGETS[symbol as usize & 15].ends) - old;
        (old + (((gap >> shift) + 1) >> 1)).store_slice(&mut self.ends);
    }

    /// Bits of `symbol` now.
    pub fn bits(&self, symbol: u32) -> f32 {
        let (_, width) = self.part(symbol);
        (cost_q12((width << (16 - PRECISION)).min(65535)) as f32) / 4096.0
    }

    #[inline(always)]
    fn part(&self, symbol: u32) -> (u32, u32) {
        let symbol = symbol as usize & (SYMBOLS - 1);
        let end = |lane: usize| u32::from(self.ends[lane] as u16);
        // Before symbol 0 stands the last end, which the mask makes 0.
        let start = end((symbol + SYMBOLS - 1) & (SYMBOLS - 1)) & ((1 << PRECISION) - 1);
        (start, end(symbol) - start)
    }
}

impl<const FLOOR: i16, S: Simd> ProbabilitySource for NibbleSource<'_, FLOOR, S> {
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
        self.table.part(symbol)
    }

    #[inline(always)]
    fn find(&self, slot: u32) -> (u32, u32, u32) {
        let ends = i16x16::from_slice(self.simd, &self.table.ends);
        // Negative where an end is above the slot; for the last end, which wraps, it always is.
        // The sign of each lane is in its odd byte, and masks of bytes are cheaper than masks of
        // words.
        let bytes: i8x32<S> = (i16x16::splat(self.simd, slot as i16) - ends).bitcast();
        let above = bytes.simd_lt(i8x32::splat(self.simd, 0)).to_bitmask() as u32 & 0xaaaa_aaaa;
        let symbol = (above | 1 << 31).trailing_zeros() >> 1;
        let (start, width) = self.table.part(symbol);
        (symbol, start, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::{Fallback, Level, dispatch};

    fn check<const FLOOR: i16>(table: &AdaptiveNibble<FLOOR>) {
        crate::contract::check_source(&NibbleSource { simd: Fallback::new(), table });
        dispatch!(Level::new(), simd => crate::contract::check_source(&NibbleSource { simd, table }));
        let bytes: Vec<u8> = table.to_bytes().collect();
        assert_eq!(
            (bytes.len(), AdaptiveNibble::from_bytes(&bytes)),
            (AdaptiveNibble::<FLOOR>::LEN_BYTES, *table)
        );
    }

    fn keeps_the_contract<const FLOOR: i16>() {
        let mut table = AdaptiveNibble::<FLOOR>::default();
        check(&table);
        for i in 0..2000u32 {
            let symbol = (i * i / 7) % 16;
            if i % 3 == 0 {
                table.update_rounded(Fallback::new(), symbol, 2 + i % 5);
            } else {
                table.update(Fallback::new(), symbol, 4 + i % 4);
            }
            if i % 50 == 0 {
                check(&table);
            }
        }
        (0..500).for_each(|_| table.update(Fallback::new(), 3, 5));
        check(&table);
        assert!(table.bits(3) < 0.05 && table.bits(9) > 8.0);
        check(&AdaptiveNibble::<FLOOR>::from_counts(&std::array::from_fn(|i| i as u32 * 1000), 12));
        check(&AdaptiveNibble::<FLOOR>::from_bytes(&[0xff; 30]));
        check(&AdaptiveNibble::<FLOOR>::from_bytes(&[0; 30]));
    }

    #[test]
    fn distributions_keep_the_contract_and_come_back() {
        keeps_the_contract::<1>();
        keeps_the_contract::<4>();
    }
}

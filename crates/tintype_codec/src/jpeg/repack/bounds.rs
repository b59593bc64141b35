//! Adaptive distributions of sixteen symbols, whose bounds fill a vector.
//!
//! Exact zone: 15-bit cumulative counts, every symbol at least 1 of 32 768. Source: adaptive cumulative counts with a
//! target per symbol, as in AV1's entropy coder; rates are ours.

use fearless_simd::{Simd, i16x16, prelude::*};
use tintype_entropy::ProbabilitySource;

/// Upper bounds of the parts of sixteen symbols, of 32 768; the last one, that itself, wraps.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub struct Bounds(pub [i16; 16]);

/// Where bounds move when a symbol is seen: every other symbol keeps a part of 1.
static TARGETS: [Bounds; 16] = {
    let mut targets = [Bounds([0; 16]); 16];
    let mut at = 0;
    while at < 256 {
        let (symbol, lane) = (at / 16, at % 16);
        targets[symbol].0[lane] = if lane < symbol { lane as i16 + 1 } else { (32_768 - 15 + lane) as u16 as i16 };
        at += 1;
    }
    targets
};

impl Bounds {
    /// Learns `symbol`: differences to where the bounds are to go, halved `shift + 1` times.
    #[inline(always)]
    pub fn learn<S: Simd>(&mut self, simd: S, symbol: u32, shift: u32) {
        let old = i16x16::from_slice(simd, &self.0);
        // Differences fit 16 bits with sign; the last one is 0.
        let gap = i16x16::from_slice(simd, &TARGETS[symbol as usize & 15].0) - old;
        (old + (((gap >> shift) + 1) >> 1)).store_slice(&mut self.0);
    }
}

/// A distribution as a coder reads it.
pub struct Parts<'a, S: Simd> {
    /// The instructions to find a symbol with.
    pub simd: S,
    /// The distribution.
    pub bounds: &'a Bounds,
}

impl<S: Simd> ProbabilitySource for Parts<'_, S> {
    #[inline(always)]
    fn precision(&self) -> u32 {
        15
    }

    #[inline(always)]
    fn symbols(&self) -> u32 {
        16
    }

    #[inline(always)]
    fn interval(&self, symbol: u32) -> (u32, u32) {
        let symbol = symbol as usize & 15;
        let bound = |symbol: usize| u32::from(self.bounds.0[symbol] as u16);
        // Before symbol 0 stands the last bound, which the mask makes 0.
        let start = bound((symbol + 15) & 15) & 0x7fff;
        (start, bound(symbol) - start)
    }

    #[inline(always)]
    fn find(&self, slot: u32) -> (u32, u32, u32) {
        let bounds = i16x16::from_slice(self.simd, &self.bounds.0);
        // The last bound does not fit sixteen bits with sign, but is above every slot.
        let above = bounds.simd_gt(i16x16::splat(self.simd, slot as i16)).to_bitmask() | 1 << 15;
        let symbol = above.trailing_zeros();
        let (start, width) = self.interval(symbol);
        (symbol, start, width)
    }
}

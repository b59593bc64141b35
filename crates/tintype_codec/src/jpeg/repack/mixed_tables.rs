//! The dense model: every decision is binary, predicted by several adaptive bits and mixed under learnt weights.
//!
//! Exact zone. Source: logistic mixing as in `tintype_entropy`; the views are ours.

use super::block_walk::{Bits, CountPlace, EdgePlace, InnerPlace, Tables};
use super::contexts::{EXPONENTS, MAGNITUDES, Priors, Single, bits_from_priors, prior_from_bit};
use super::expectation::LEVELS;
use tintype_entropy::{AdaptiveBit, Mixer, Sse, SymbolWalk, squash, stretch};

/// Views of a coefficient.
pub const VIEWS: usize = 6;
/// Views of a count and of DC.
pub const COUNT_VIEWS: usize = 3;
const LIMIT: u32 = 500;
/// Exponents of inner coefficients that have mixed contexts.
const INNER_EXPONENTS: usize = 4;
const EDGE_EXPONENTS: usize = 8;
const INNER_VIEW: usize = 49 * LEVELS * 8 * INNER_EXPONENTS;
const INNER_COUNT_VIEW: usize = 512 * 64;
const EDGE_VIEW: usize = 14 * LEVELS * MAGNITUDES * EDGE_EXPONENTS;
const EDGE_COUNT_VIEW: usize = 640 * 16;
const DC_VIEW: usize = MAGNITUDES * MAGNITUDES * EXPONENTS;

/// Adaptive bits in a table, `N` of them mixed twice, under weights chosen by two contexts, and then corrected.
struct Mixed<const N: usize> {
    slots: Vec<AdaptiveBit>,
    view: usize,
    mixers: [Mixer<N>; 2],
    corrections: Sse,
}

impl<const N: usize> Mixed<N> {
    /// `N` views of `view` adaptive bits each, two kinds of `sets` of weights.
    fn new(priors: &mut Priors<'_>, view: usize, sets: [usize; 2]) -> Self {
        let slots = bits_from_priors(priors.take(N * view), N * view);
        let mixers = sets.map(|sets| Mixer::with_weight(sets, 5, 65_536 * 12 / (10 * N as i32)));
        Self { slots, view, mixers, corrections: Sse::new(sets[1]) }
    }

    /// What the adaptive bits have seen, as priors.
    fn priors(&self) -> impl Iterator<Item = u8> {
        self.slots.iter().map(|b| prior_from_bit(*b))
    }

    /// Codes one decision under slot `slots[i]` of view `i`.
    #[inline]
    fn code<W: SymbolWalk>(&mut self, walk: &mut W, bit: bool, sets: [usize; 2], slots: [usize; N]) -> bool {
        let mut inputs = [0i32; N];
        for i in 0..N {
            inputs[i] = stretch(self.slots[i * self.view + slots[i]].p1());
        }
        let odds = [0, 1].map(|m| self.mixers[m].mix_stretched(sets[m], &inputs));
        let mean = squash((odds[0] + odds[1]) >> 1);
        let (corrected, place) = self.corrections.refine(sets[1], mean);
        let bit = walk.bit(bit, (3 * mean + corrected) >> 2);
        self.corrections.update(place, bit, 6);
        for m in 0..2 {
            self.mixers[m].update(sets[m], &inputs, squash(odds[m]), bit);
        }
        for (i, slot) in slots.iter().enumerate() {
            self.slots[i * self.view + slot].update(bit, LIMIT);
        }
        bit
    }
}

/// The dense model of one class of components.
pub struct MixedTables {
    inner_count: Mixed<COUNT_VIEWS>,
    inner: Mixed<VIEWS>,
    inner_large: Single,
    edge_count: Mixed<COUNT_VIEWS>,
    edge: Mixed<VIEWS>,
    dc: Mixed<COUNT_VIEWS>,
    bits: Bits,
}

impl MixedTables {
    /// Tables that start at `priors`, and single bits at `bits`.
    pub fn new(p: &mut Priors<'_>, bits: &mut Priors<'_>) -> Self {
        Self {
            inner_count: Mixed::new(p, INNER_COUNT_VIEW, [64, 51]),
            inner: Mixed::new(p, INNER_VIEW, [4 * 49, 4 * LEVELS]),
            inner_large: Single::new(p, EXPONENTS * LEVELS, LIMIT),
            edge_count: Mixed::new(p, EDGE_COUNT_VIEW, [16, LEVELS * 8]),
            edge: Mixed::new(p, EDGE_VIEW, [4 * 14, 8 * LEVELS]),
            dc: Mixed::new(p, DC_VIEW, [EXPONENTS, MAGNITUDES * EXPONENTS]),
            bits: Bits::new(bits),
        }
    }

    /// What the single bits have seen, as priors.
    pub fn bits_seen(&self) -> Vec<u8> {
        self.bits.priors()
    }

    /// What the others have seen, as priors.
    pub fn priors(&self) -> Vec<u8> {
        let mut out: Vec<u8> = self.inner_count.priors().chain(self.inner.priors()).collect();
        out.extend(self.inner_large.priors().chain(self.edge_count.priors()));
        out.extend(self.edge.priors().chain(self.dc.priors()));
        out
    }
}

impl Tables for MixedTables {
    const MIXES: bool = true;

    fn inner_count<W: SymbolWalk>(&mut self, walk: &mut W, count: usize, place: CountPlace) -> usize {
        let CountPlace { level, other, average, above, left } = place;
        let contexts = [level * 10 + other, average * 10 + other, above * 16 + left].map(|v| v * 64);
        let mut node = 1usize;
        while node < 64 {
            let depth = node.ilog2();
            let bit = count >> (5 - depth) & 1 == 1;
            let bit = self.inner_count.code(walk, bit, [node, level], contexts.map(|v| v + node));
            node = node << 1 | usize::from(bit);
        }
        node - 64
    }

    fn inner_exponent<W: SymbolWalk>(&mut self, walk: &mut W, size: u32, place: &InnerPlace) -> u32 {
        let InnerPlace { n, level, left_bucket, certain, .. } = *place;
        let share = (place.share * LEVELS + level) * 7 + n / 7;
        let [a, b, c, d] = place.more;
        let all = [(n * LEVELS + level) * 8 + left_bucket, share, a, b, c, d];
        let contexts = all.map(|v| v * INNER_EXPONENTS);
        let mut e = u32::from(certain);
        while (e as usize) < EXPONENTS - 1 {
            let sets = [n + 49 * (e as usize & 3), level * 4 + (e as usize & 3)];
            let more = if (e as usize) < INNER_EXPONENTS {
                self.inner.code(walk, size > e, sets, contexts.map(|v| v + e as usize))
            } else {
                self.inner_large.code(walk, size > e, e as usize * LEVELS + level)
            };
            if !more {
                break;
            }
            e += 1;
        }
        e
    }

    fn edge_count<W: SymbolWalk>(&mut self, walk: &mut W, count: usize, side: usize, views: [usize; 3]) -> usize {
        let contexts = views.map(|v| v * 16 + side * 8);
        let mut node = 1usize;
        while node < 8 {
            let bit = count >> (2 - node.ilog2()) & 1 == 1;
            let bit = self.edge_count.code(
                walk,
                bit,
                [side * 8 + node, views[0] / 32 * 8 + node],
                contexts.map(|v| v + node),
            );
            node = node << 1 | usize::from(bit);
        }
        node - 8
    }

    fn edge_exponent<W: SymbolWalk>(&mut self, walk: &mut W, size: u32, place: &EdgePlace) -> u32 {
        let EdgePlace { at, level, expected, left, certain, more } = *place;
        let first = (at * LEVELS + level) * MAGNITUDES + expected;
        let all = [first, (at * LEVELS + level) * 8 + left, more[0], more[1], more[2], more[3]];
        let contexts = all.map(|v| v * EDGE_EXPONENTS);
        let mut e = u32::from(certain);
        while (e as usize) < EXPONENTS - 1 {
            let capped = (e as usize).min(EDGE_EXPONENTS - 1);
            if !self.edge.code(
                walk,
                size > e,
                [at + 14 * capped.min(3), level * 8 + capped],
                contexts.map(|v| v + capped),
            ) {
                break;
            }
            e += 1;
        }
        e
    }

    fn dc_exponent<W: SymbolWalk>(&mut self, walk: &mut W, size: u32, views: [usize; 3]) -> u32 {
        let contexts = views.map(|v| v * EXPONENTS);
        let mut e = 0u32;
        while (e as usize) < EXPONENTS - 1 {
            if !self.dc.code(
                walk,
                size > e,
                [e as usize, views[0] / MAGNITUDES * EXPONENTS + e as usize],
                contexts.map(|v| v + e as usize),
            ) {
                break;
            }
            e += 1;
        }
        e
    }

    fn bits(&mut self) -> &mut Bits {
        &mut self.bits
    }
}

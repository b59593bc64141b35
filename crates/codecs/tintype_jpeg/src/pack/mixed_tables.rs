//! The dense model: every decision is binary, predicted by several adaptive bits and mixed under learnt weights.
//!
//! Bit-exact. Source: logistic mixing as in `tintype_entropy`; the views are ours.

use super::block_walk::{CountPlace, DcPlace, EdgeCountPlace, EdgePlace, InnerPlace, Tables};
use super::contexts::{
    COUNTS, EXPONENTS, MAGNITUDES, Priors, Single, bits_from_priors, count_bucket,
    magnitude_bucket, prior_from_bit,
};
use super::expectation::{LEVELS, log_level};
use tintype_entropy::{AdaptiveBit, Mixer, Sse, SymbolWalk, squash, stretch};

/// Views of a coefficient.
const VIEWS: usize = 8;
/// Levels of a predicted magnitude.
const FINE: usize = 48;
/// Views of an inner count.
const COUNT_VIEWS: usize = 3;
const LIMIT: u32 = 500;
/// How fast mixers learn.
const MIXING_RATE: i32 = 4;
/// Bits that weights lose in the file of priors.
const WEIGHT_SHIFT: u32 = 4;
/// Exponents of inner coefficients that have mixed contexts.
const INNER_EXPONENTS: usize = 4;
const EDGE_EXPONENTS: usize = 8;

/// Adaptive bits in a table, `N` of them mixed twice, under weights chosen by two contexts, and then corrected.
struct Mixed<const N: usize> {
    slots: Vec<AdaptiveBit>,
    /// Where each view's adaptive bits start.
    starts: [usize; N],
    mixers: [Mixer<N>; 2],
    corrections: Sse,
}

impl<const N: usize> Mixed<N> {
    /// `N` views of so many adaptive bits, two kinds of `sets` of weights.
    fn new(priors: &mut Priors<'_>, views: [usize; N], sets: [usize; 2]) -> Self {
        let all = views.iter().sum();
        let slots = bits_from_priors(priors.take(all), all);
        let starts = std::array::from_fn(|i| views[..i].iter().sum());
        let mixers = sets.map(|sets| {
            let mut mixer = Mixer::with_weight(sets, MIXING_RATE, 65_536 * 12 / (10 * N as i32));
            for set in 0..sets {
                if let (given, []) = priors.take(2 * N).as_chunks::<2>()
                    && let Ok(given) = <[[u8; 2]; N]>::try_from(given)
                {
                    mixer.set_weights(
                        set,
                        given.map(|w| i32::from(i16::from_le_bytes(w)) << WEIGHT_SHIFT),
                    );
                }
            }
            mixer
        });
        Self { slots, starts, mixers, corrections: Sse::new(sets[1]) }
    }

    /// What the adaptive bits have seen and the weights have learnt, as priors.
    fn priors(&self) -> impl Iterator<Item = u8> {
        let weights = self.mixers.iter().flat_map(|m| (0..m.sets()).flat_map(|set| m.weights(set)));
        let weights = weights.flat_map(|w| ((w >> WEIGHT_SHIFT) as i16).to_le_bytes());
        self.slots.iter().map(|b| prior_from_bit(*b)).chain(weights)
    }

    /// Takes the weights of `other`.
    fn keep_weights(&mut self, other: &Self) {
        self.mixers.clone_from(&other.mixers);
    }

    /// Codes one decision under slot `slots[i]` of view `i`.
    #[inline]
    fn code<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        bit: bool,
        sets: [usize; 2],
        slots: [usize; N],
    ) -> bool {
        let mut inputs = [0i32; N];
        for i in 0..N {
            inputs[i] = stretch(self.slots[self.starts[i] + slots[i]].p1());
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
            self.slots[self.starts[i] + slot].update(bit, LIMIT);
        }
        bit
    }
}

/// The limit of adaptive bits that are not mixed.
const SINGLE_LIMIT: u32 = 250;

/// Bits of a magnitude below its leading one: the first two under adaptive bits, the others raw.
#[inline(always)]
fn mantissa<W: SymbolWalk>(
    walk: &mut W,
    magnitude: u32,
    e: u32,
    mut code: impl FnMut(bool, usize, &mut W) -> bool,
) -> u32 {
    let mut out = 1u32;
    let mut below = e - 1;
    if below > 0 {
        below -= 1;
        out = out << 1 | u32::from(code(magnitude >> below & 1 == 1, 0, walk));
    }
    if below > 0 {
        below -= 1;
        out = out << 1 | u32::from(code(magnitude >> below & 1 == 1, 1 + (out & 1) as usize, walk));
    }
    if below > 0 {
        let bits = magnitude & ((1 << below) - 1);
        out = out << below | walk.bits_16(bits, below);
    }
    out
}

#[inline(always)]
fn signed(magnitude: u32, negative: bool) -> i16 {
    (if negative { (magnitude as i32).wrapping_neg() } else { magnitude as i32 }) as i16
}

/// The dense model of one class of components.
pub struct MixedTables {
    inner_count: Mixed<COUNT_VIEWS>,
    inner: Mixed<VIEWS>,
    inner_large: Single,
    inner_sign: Mixed<4>,
    edge_count: Mixed<5>,
    edge: Mixed<VIEWS>,
    edge_sign: Mixed<3>,
    edge_mantissa: Mixed<3>,
    dc: Mixed<5>,
    dc_sign: Mixed<3>,
    inner_mantissa: Single,
    dc_mantissa: Single,
}

impl MixedTables {
    /// Tables that start at `priors`.
    pub fn new(p: &mut Priors<'_>) -> Self {
        Self {
            inner_count: Mixed::new(
                p,
                [51 * COUNTS, 51 * COUNTS, 16 * COUNTS].map(|v| v * 64),
                [64, 51],
            ),
            inner: Mixed::new(
                p,
                [
                    49 * LEVELS * 8,
                    32 * LEVELS * 7,
                    49 * MAGNITUDES * MAGNITUDES,
                    49 * MAGNITUDES * 10,
                    49 * MAGNITUDES * 10,
                    49 * COUNTS * COUNTS,
                    64 * 50,
                    49 * MAGNITUDES * MAGNITUDES,
                ]
                .map(|v| v * INNER_EXPONENTS),
                [4 * 49, 4 * LEVELS],
            ),
            inner_large: Single::new(p, EXPONENTS * LEVELS, LIMIT),
            inner_sign: Mixed::new(
                p,
                [49 * 9, 16 * MAGNITUDES * MAGNITUDES, 49 * 8 * MAGNITUDES, 49 * 8 * MAGNITUDES],
                [49 * 3, 4],
            ),
            edge_count: Mixed::new(
                p,
                [LEVELS * 32, COUNTS * 64, COUNTS * 64, LEVELS * 64, FINE * 8 * COUNTS]
                    .map(|v| v * 16),
                [2 * 8 * 8, LEVELS * 8],
            ),
            edge: Mixed::new(
                p,
                [
                    14 * LEVELS * MAGNITUDES,
                    14 * LEVELS * 8,
                    14 * MAGNITUDES * MAGNITUDES,
                    14 * MAGNITUDES * MAGNITUDES,
                    14 * COUNTS * MAGNITUDES,
                    14 * MAGNITUDES * MAGNITUDES,
                    FINE * LEVELS,
                    14 * FINE * 8,
                ]
                .map(|v| v * EDGE_EXPONENTS),
                [4 * 14, 8 * LEVELS],
            ),
            edge_sign: Mixed::new(
                p,
                [2 * FINE * 14, 2 * FINE * EDGE_EXPONENTS * 3, 2 * FINE * LEVELS * 3],
                [14 * 3, 2 * FINE],
            ),
            edge_mantissa: Mixed::new(
                p,
                [24 * EDGE_EXPONENTS * 3, 12 * 14 * EDGE_EXPONENTS, 24 * LEVELS * 3],
                [12 * EDGE_EXPONENTS, 24],
            ),
            dc: Mixed::new(
                p,
                [
                    MAGNITUDES * MAGNITUDES,
                    MAGNITUDES * MAGNITUDES,
                    MAGNITUDES * MAGNITUDES,
                    FINE * 8,
                    FINE * COUNTS,
                ]
                .map(|v| v * EXPONENTS),
                [EXPONENTS, MAGNITUDES * EXPONENTS],
            ),
            dc_sign: Mixed::new(
                p,
                [2 * FINE * 8, 2 * FINE * EXPONENTS, 8 * COUNTS * EXPONENTS],
                [EXPONENTS, 2 * FINE],
            ),
            inner_mantissa: Single::new(p, EXPONENTS * LEVELS * 4, SINGLE_LIMIT),
            dc_mantissa: Single::new(p, EXPONENTS * 4, SINGLE_LIMIT),
        }
    }

    /// Takes the weights of `other`, not what its adaptive bits have seen.
    pub fn keep_weights(&mut self, other: &Self) {
        self.inner_count.keep_weights(&other.inner_count);
        self.inner.keep_weights(&other.inner);
        self.inner_sign.keep_weights(&other.inner_sign);
        self.edge_count.keep_weights(&other.edge_count);
        self.edge.keep_weights(&other.edge);
        self.edge_sign.keep_weights(&other.edge_sign);
        self.edge_mantissa.keep_weights(&other.edge_mantissa);
        self.dc.keep_weights(&other.dc);
        self.dc_sign.keep_weights(&other.dc_sign);
    }

    /// What they have seen, as priors.
    pub fn priors(&self) -> Vec<u8> {
        let mut out: Vec<u8> = self.inner_count.priors().chain(self.inner.priors()).collect();
        out.extend(self.inner_large.priors().chain(self.inner_sign.priors()));
        out.extend(self.edge_count.priors());
        out.extend(self.edge.priors().chain(self.edge_sign.priors()));
        out.extend(self.edge_mantissa.priors().chain(self.dc.priors()));
        out.extend(
            self.dc_sign
                .priors()
                .chain(self.inner_mantissa.priors())
                .chain(self.dc_mantissa.priors()),
        );
        out
    }
}

impl Tables for MixedTables {
    const MIXES: bool = true;

    fn flat<W: SymbolWalk>(&mut self, _walk: &mut W, _flat: bool) -> bool {
        false
    }

    fn inner_count<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        count: usize,
        place: CountPlace,
    ) -> usize {
        let CountPlace { level, other, average, above, left } = place;
        let contexts =
            [level * 10 + other, average * 10 + other, above * 16 + left].map(|v| v * 64);
        let mut node = 1usize;
        while node < 64 {
            let depth = node.ilog2();
            let bit = count >> (5 - depth) & 1 == 1;
            let bit = self.inner_count.code(walk, bit, [node, level], contexts.map(|v| v + node));
            node = node << 1 | usize::from(bit);
        }
        (node - 64).min(49)
    }

    fn inner_value<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        value: i16,
        place: &InnerPlace,
    ) -> Option<(i16, u32)> {
        let magnitude = u32::from(value.unsigned_abs());
        let size = 32 - magnitude.leading_zeros();
        let InnerPlace { n, level, left_bucket, certain, .. } = *place;
        let gap = place.gaps.map(|gap| magnitude_bucket(gap.unsigned_abs()));
        let share = (place.share * LEVELS + level) * 7 + n / 7;
        let m = place.more;
        let all = [
            (n * LEVELS + level) * 8 + left_bucket,
            share,
            (m.near * MAGNITUDES + m.inside) * 49 + n,
            (m.other * 10 + m.near.min(9)) * 49 + n,
            (m.above * 10 + m.left.min(9)) * 49 + n,
            (m.count * COUNTS + count_bucket(m.remaining)) * 49 + n,
            m.fine_level * 50 + m.remaining,
            (gap[0] * MAGNITUDES + gap[1]) * 49 + n,
        ];
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
        if e == 0 {
            return None;
        }
        let lean = place.gaps.map(|gap| {
            let bucket = magnitude_bucket(gap.unsigned_abs());
            if gap < 0 { MAGNITUDES + bucket } else { bucket }
        });
        let capped = (e as usize).min(4) - 1;
        let contexts = [
            n * 9 + place.witness,
            (lean[0] * 2 * MAGNITUDES + lean[1]) * 4 + capped,
            (n * 2 * MAGNITUDES + lean[0]) * 4 + capped,
            (n * 2 * MAGNITUDES + lean[1]) * 4 + capped,
        ];
        let negative =
            self.inner_sign.code(walk, value < 0, [n * 3 + place.witness, capped], contexts);
        let magnitude = mantissa(walk, magnitude, e, |bit, slot, walk: &mut W| {
            self.inner_mantissa.code(walk, bit, (e as usize * LEVELS + level) * 4 + slot)
        });
        Some((signed(magnitude, negative), magnitude))
    }

    fn edge_count<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        count: usize,
        place: &EdgeCountPlace,
    ) -> usize {
        let EdgeCountPlace {
            side,
            level,
            mean,
            above,
            left,
            other_side,
            inner,
            predicted,
            strength,
        } = *place;
        let strength = strength.min(FINE - 1);
        let views = [
            (level * 8 + mean) * 4 + other_side / 2,
            (inner * 8 + mean) * 8 + other_side,
            (inner * 8 + above) * 8 + left,
            (level * 8 + predicted) * 8 + other_side,
            (strength * 8 + mean) * COUNTS + inner,
        ];
        let contexts = views.map(|v| v * 16 + side * 8);
        let mut node = 1usize;
        while node < 8 {
            let bit = count >> (2 - node.ilog2()) & 1 == 1;
            let sets = [(side * 8 + predicted) * 8 + node, level * 8 + node];
            let bit = self.edge_count.code(walk, bit, sets, contexts.map(|v| v + node));
            node = node << 1 | usize::from(bit);
        }
        node - 8
    }

    fn edge_value<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        value: i16,
        place: &EdgePlace,
    ) -> Option<(i16, u32)> {
        let magnitude = u32::from(value.unsigned_abs());
        let size = 32 - magnitude.leading_zeros();
        let EdgePlace { at, level, predicted, expected, left, certain, witness, more } = *place;
        let fine = log_level(predicted.unsigned_abs()).min(FINE - 1);
        let all = [
            (at * LEVELS + level) * MAGNITUDES + expected,
            (at * LEVELS + level) * 8 + left,
            more[0],
            more[1],
            more[2],
            more[3],
            fine * LEVELS + level,
            (fine * 14 + at) * 8 + left,
        ];
        let contexts = all.map(|v| v * EDGE_EXPONENTS);
        let mut e = u32::from(certain);
        while (e as usize) < EXPONENTS - 1 {
            let capped = (e as usize).min(EDGE_EXPONENTS - 1);
            let sets = [at + 14 * capped.min(3), level * 8 + capped];
            if !self.edge.code(walk, size > e, sets, contexts.map(|v| v + capped)) {
                break;
            }
            e += 1;
        }
        if e == 0 {
            return None;
        }
        let capped = (e as usize).min(EDGE_EXPONENTS) - 1;
        let lean = 2 * fine + usize::from(predicted < 0);
        let contexts = [
            lean * 14 + at,
            (lean * EDGE_EXPONENTS + capped) * 3 + witness,
            (lean * LEVELS + level) * 3 + witness,
        ];
        let negative = self.edge_sign.code(walk, value < 0, [at * 3 + witness, lean], contexts);
        // Twice the prediction, if its sign is right.
        let guess = if (predicted < 0) == negative {
            predicted.unsigned_abs().min(1 << 20) as i32
        } else {
            0
        };
        let (mut out, mut below) = (1u32, e - 1);
        for depth in 0..3 {
            if below == 0 {
                break;
            }
            below -= 1;
            // How far the prediction lies from the middle of what is left, in quarters of half of it.
            let far = (guess - (out << 1 | 1).wrapping_shl(below + 1) as i32) >> below;
            let far = (2 * far).clamp(-12, 11) + 12;
            let prefix = (out as usize & 3) + 4 * depth;
            let contexts = [
                (far as usize * EDGE_EXPONENTS + capped) * 3 + depth,
                (prefix * 14 + at) * EDGE_EXPONENTS + capped,
                (level * 24 + far as usize) * 3 + depth,
            ];
            let bit = magnitude >> below & 1 == 1;
            out = out << 1
                | u32::from(self.edge_mantissa.code(
                    walk,
                    bit,
                    [prefix * EDGE_EXPONENTS + capped, far as usize],
                    contexts,
                ));
        }
        out = out << below | walk.bits_16(magnitude & ((1 << below) - 1), below);
        Some((signed(out, negative), out))
    }

    fn dc_residual<W: SymbolWalk>(&mut self, walk: &mut W, residual: i32, place: &DcPlace) -> i32 {
        let magnitude = residual.unsigned_abs();
        let size = 32 - magnitude.leading_zeros();
        let DcPlace { spread, inner, before, gap, fraction } = *place;
        let fine = log_level(gap.unsigned_abs()).min(FINE - 1);
        let views = [
            spread * MAGNITUDES + inner,
            before * MAGNITUDES + spread,
            inner * MAGNITUDES + before,
            fine * 8 + fraction,
            fine * COUNTS + inner,
        ];
        let contexts = views.map(|v| v * EXPONENTS);
        let mut e = 0u32;
        while (e as usize) < EXPONENTS - 1 {
            if !self.dc.code(
                walk,
                size > e,
                [e as usize, spread * EXPONENTS + e as usize],
                contexts.map(|v| v + e as usize),
            ) {
                break;
            }
            e += 1;
        }
        if e == 0 {
            return 0;
        }
        let capped = e as usize - 1;
        let lean = 2 * fine + usize::from(gap < 0);
        let contexts = [
            lean * 8 + fraction,
            lean * EXPONENTS + capped,
            (fraction * COUNTS + inner) * EXPONENTS + capped,
        ];
        let negative = self.dc_sign.code(walk, residual < 0, [capped, lean], contexts);
        let (mut out, mut below) = (1u32, e - 1);
        if below > 0 {
            below -= 1;
            let bit = magnitude >> below & 1 == 1;
            out = out << 1 | u32::from(self.dc_mantissa.code(walk, bit, e as usize * 4));
        }
        out = out << below | walk.bits_16(magnitude & ((1 << below) - 1), below);
        if negative { -(out as i32) } else { out as i32 }
    }
}

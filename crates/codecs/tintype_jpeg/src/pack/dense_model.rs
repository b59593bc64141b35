//! The dense model: every decision is binary and predicted under several contexts, which are mixed.
//!
//! Counts are coded in binary; values by exponent (number of bits of the magnitude, in unary),
//! sign, and the bits below the leading one. Bit-exact. Source: context mixing as in
//! `tintype_entropy`; the contexts are our own, followed on encodes of photos/valid.

use super::bit_table::{BitTable, PriorsReader};
use super::buckets::{COUNTS, EXPONENTS, LEVELS, MAGNITUDES};
use super::buckets::{count_bucket, log_level, magnitude_bucket};
use super::contexts::{
    Coded, CoefficientModel, DcContext, EdgeContext, EdgeCount, InnerContext, InnerCount,
};
use super::mixed_bits::{LIMIT, MixedBits, MixedSizes};
use tintype_entropy::SymbolWalk;

/// Count at which adaptive bits that are not mixed stop learning more slowly. Not measured.
const SINGLE_LIMIT: u32 = 250;
/// Levels of a predicted magnitude.
const FINE: usize = 48;
/// Exponents of inner coefficients whose contexts are mixed.
const INNER_EXPONENTS: usize = 4;
/// Exponents of edge coefficients that have contexts of their own.
const EDGE_EXPONENTS: usize = 8;
/// Values that combine a sign and a bucket of magnitude.
const SIGNED: usize = 2 * MAGNITUDES;

const fn times<const N: usize>(mut sizes: [usize; N], factor: usize) -> [usize; N] {
    let mut i = 0;
    while i < N {
        sizes[i] *= factor;
        i += 1;
    }
    sizes
}

const INNER_COUNT: MixedSizes<3> =
    MixedSizes { contexts: times([51 * COUNTS, 51 * COUNTS, 16 * COUNTS], 64), sets: [64, 51] };
const INNER: MixedSizes<8> = MixedSizes {
    contexts: times(
        [
            49 * LEVELS * 8,
            32 * LEVELS * 7,
            49 * MAGNITUDES * MAGNITUDES,
            49 * MAGNITUDES * 10,
            49 * MAGNITUDES * 10,
            49 * COUNTS * COUNTS,
            64 * 50,
            49 * MAGNITUDES * MAGNITUDES,
        ],
        INNER_EXPONENTS,
    ),
    sets: [4 * 49, 4 * LEVELS],
};
const INNER_LARGE: usize = EXPONENTS * LEVELS;
const INNER_SIGN: MixedSizes<4> = MixedSizes {
    contexts: [49 * 9, 4 * SIGNED * SIGNED, 49 * 4 * SIGNED, 49 * 4 * SIGNED],
    sets: [49 * 3, 4],
};
const EDGE_COUNT: MixedSizes<5> = MixedSizes {
    contexts: times([LEVELS * 32, COUNTS * 64, COUNTS * 64, LEVELS * 64, FINE * 8 * COUNTS], 16),
    sets: [2 * 8 * 8, LEVELS * 8],
};
const EDGE: MixedSizes<8> = MixedSizes {
    contexts: times(
        [
            14 * LEVELS * MAGNITUDES,
            14 * LEVELS * 8,
            14 * MAGNITUDES * MAGNITUDES,
            14 * MAGNITUDES * MAGNITUDES,
            14 * COUNTS * MAGNITUDES,
            14 * MAGNITUDES * MAGNITUDES,
            FINE * LEVELS,
            14 * FINE * 8,
        ],
        EDGE_EXPONENTS,
    ),
    sets: [4 * 14, 8 * LEVELS],
};
const EDGE_SIGN: MixedSizes<3> = MixedSizes {
    contexts: [2 * FINE * 14, 2 * FINE * EDGE_EXPONENTS * 3, 2 * FINE * LEVELS * 3],
    sets: [14 * 3, 2 * FINE],
};
const EDGE_MANTISSA: MixedSizes<3> = MixedSizes {
    contexts: [24 * EDGE_EXPONENTS * 3, 12 * 14 * EDGE_EXPONENTS, 24 * LEVELS * 3],
    sets: [12 * EDGE_EXPONENTS, 24],
};
const DC: MixedSizes<5> = MixedSizes {
    contexts: times(
        [
            MAGNITUDES * MAGNITUDES,
            MAGNITUDES * MAGNITUDES,
            MAGNITUDES * MAGNITUDES,
            FINE * 8,
            FINE * COUNTS,
        ],
        EXPONENTS,
    ),
    sets: [EXPONENTS, MAGNITUDES * EXPONENTS],
};
const DC_SIGN: MixedSizes<3> = MixedSizes {
    contexts: [2 * FINE * 8, 2 * FINE * EXPONENTS, 8 * COUNTS * EXPONENTS],
    sets: [EXPONENTS, 2 * FINE],
};
const INNER_MANTISSA: usize = EXPONENTS * LEVELS * 4;
const DC_MANTISSA: usize = EXPONENTS * 4;

/// The tables in the order of the priors file: name, adaptive bits of each context, sets of
/// weights.
#[cfg(test)]
pub const TABLES: [(&str, &[usize], &[usize]); 12] = [
    ("inner count", &INNER_COUNT.contexts, &INNER_COUNT.sets),
    ("inner exponent", &INNER.contexts, &INNER.sets),
    ("inner exponent from 4 on", &[INNER_LARGE], &[]),
    ("inner sign", &INNER_SIGN.contexts, &INNER_SIGN.sets),
    ("edge count", &EDGE_COUNT.contexts, &EDGE_COUNT.sets),
    ("edge exponent", &EDGE.contexts, &EDGE.sets),
    ("edge sign", &EDGE_SIGN.contexts, &EDGE_SIGN.sets),
    ("edge mantissa", &EDGE_MANTISSA.contexts, &EDGE_MANTISSA.sets),
    ("DC exponent", &DC.contexts, &DC.sets),
    ("DC sign", &DC_SIGN.contexts, &DC_SIGN.sets),
    ("inner mantissa", &[INNER_MANTISSA], &[]),
    ("DC mantissa", &[DC_MANTISSA], &[]),
];

/// The dense model of one class of components.
pub struct DenseModel {
    inner_count: MixedBits<3>,
    inner: MixedBits<8>,
    inner_large: BitTable,
    inner_sign: MixedBits<4>,
    edge_count: MixedBits<5>,
    edge: MixedBits<8>,
    edge_sign: MixedBits<3>,
    edge_mantissa: MixedBits<3>,
    dc: MixedBits<5>,
    dc_sign: MixedBits<3>,
    inner_mantissa: BitTable,
    dc_mantissa: BitTable,
}

impl DenseModel {
    /// A model that starts at the priors `p`.
    pub fn new(p: &mut PriorsReader<'_>) -> Self {
        Self {
            inner_count: MixedBits::new(p, &INNER_COUNT),
            inner: MixedBits::new(p, &INNER),
            inner_large: BitTable::new(p, INNER_LARGE, LIMIT),
            inner_sign: MixedBits::new(p, &INNER_SIGN),
            edge_count: MixedBits::new(p, &EDGE_COUNT),
            edge: MixedBits::new(p, &EDGE),
            edge_sign: MixedBits::new(p, &EDGE_SIGN),
            edge_mantissa: MixedBits::new(p, &EDGE_MANTISSA),
            dc: MixedBits::new(p, &DC),
            dc_sign: MixedBits::new(p, &DC_SIGN),
            inner_mantissa: BitTable::new(p, INNER_MANTISSA, SINGLE_LIMIT),
            dc_mantissa: BitTable::new(p, DC_MANTISSA, SINGLE_LIMIT),
        }
    }

    /// Takes the weights of `other`, but not its adaptive bits.
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

    /// Everything as priors.
    pub fn priors(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(self.inner_count.priors());
        out.extend(self.inner.priors());
        out.extend(self.inner_large.priors());
        out.extend(self.inner_sign.priors());
        out.extend(self.edge_count.priors());
        out.extend(self.edge.priors());
        out.extend(self.edge_sign.priors());
        out.extend(self.edge_mantissa.priors());
        out.extend(self.dc.priors());
        out.extend(self.dc_sign.priors());
        out.extend(self.inner_mantissa.priors());
        out.extend(self.dc_mantissa.priors());
        out
    }
}

/// Number of bits of a magnitude.
#[inline(always)]
fn size_of(magnitude: u32) -> usize {
    (32 - magnitude.leading_zeros()) as usize
}

/// An exponent in unary from `least` on: `code` takes "is it larger than e" and e.
#[inline(always)]
fn exponent<W: SymbolWalk>(
    walk: &mut W,
    size: usize,
    least: usize,
    mut code: impl FnMut(&mut W, bool, usize) -> bool,
) -> usize {
    let mut e = least;
    while e < EXPONENTS - 1 && code(walk, size > e, e) {
        e += 1;
    }
    e
}

/// A number of `depth` bits, highest first: `code` takes a bit and the node of the binary tree.
#[inline(always)]
fn binary<W: SymbolWalk>(
    walk: &mut W,
    number: usize,
    depth: u32,
    mut code: impl FnMut(&mut W, bool, usize) -> bool,
) -> usize {
    let mut node = 1usize;
    while node < 1 << depth {
        let bit = number >> (depth - 1 - node.ilog2()) & 1 == 1;
        node = node << 1 | usize::from(code(walk, bit, node));
    }
    node - (1 << depth)
}

/// The lowest `count` bits of `magnitude` as they are, below those in `upper`.
#[inline(always)]
fn plain_bits<W: SymbolWalk>(walk: &mut W, magnitude: u32, upper: u32, count: u32) -> u32 {
    upper << count | walk.bits_16(magnitude & ((1 << count) - 1), count)
}

/// Sign (0 or 1) and bucket of a value.
#[inline(always)]
fn signed_bucket(value: i32) -> usize {
    let bucket = magnitude_bucket(value.unsigned_abs());
    if value < 0 { MAGNITUDES + bucket } else { bucket }
}

#[inline(always)]
fn signed(magnitude: u32, negative: bool) -> i32 {
    if negative { (magnitude as i32).wrapping_neg() } else { magnitude as i32 }
}

impl DenseModel {
    /// The bits of an inner magnitude below its leading one: two under adaptive bits, the others
    /// plain.
    #[inline(always)]
    fn inner_mantissa<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        magnitude: u32,
        e: usize,
        level: usize,
    ) -> u32 {
        let (mut out, mut below) = (1u32, e as u32 - 1);
        for depth in 0..2 {
            if below == 0 {
                break;
            }
            below -= 1;
            let slot = if depth == 0 { 0 } else { 1 + (out & 1) as usize };
            let bit = magnitude >> below & 1 == 1;
            let at = (e * LEVELS + level) * 4 + slot;
            out = out << 1 | u32::from(self.inner_mantissa.code(walk, bit, at));
        }
        if below > 0 { plain_bits(walk, magnitude, out, below) } else { out }
    }

    /// The bits of an edge magnitude below its leading one: three under mixed contexts, the
    /// others plain.
    ///
    /// `guess` is twice the predicted magnitude, 0 if its sign is wrong.
    #[inline(always)]
    fn edge_mantissa<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        magnitude: u32,
        e: usize,
        guess: i32,
        context: &EdgeContext,
    ) -> u32 {
        let capped = e.min(EDGE_EXPONENTS) - 1;
        let (mut out, mut below) = (1u32, e as u32 - 1);
        for depth in 0..3 {
            if below == 0 {
                break;
            }
            below -= 1;
            // How far the prediction lies from the middle of the remaining interval, in quarters
            // of half of it.
            let middle = (out << 1 | 1).wrapping_shl(below + 1) as i32;
            let far = (2 * ((guess - middle) >> below)).clamp(-12, 11) + 12;
            let far = far as usize;
            let prefix = (out as usize & 3) + 4 * depth;
            let contexts = [
                (far * EDGE_EXPONENTS + capped) * 3 + depth,
                (prefix * 14 + context.position) * EDGE_EXPONENTS + capped,
                (context.level * 24 + far) * 3 + depth,
            ];
            let sets = [prefix * EDGE_EXPONENTS + capped, far];
            let bit = magnitude >> below & 1 == 1;
            out = out << 1 | u32::from(self.edge_mantissa.code(walk, bit, sets, contexts));
        }
        plain_bits(walk, magnitude, out, below)
    }
}

impl CoefficientModel for DenseModel {
    const MIXES: bool = true;

    fn flat<W: SymbolWalk>(&mut self, _walk: &mut W, _flat: bool) -> bool {
        false
    }

    fn inner_count<W: SymbolWalk>(&mut self, walk: &mut W, count: usize, context: InnerCount) -> usize {
        let InnerCount { level, reference, mean, above, left } = context;
        let contexts =
            [level * 10 + reference, mean * 10 + reference, above * 16 + left].map(|v| v * 64);
        let table = &mut self.inner_count;
        let count = binary(walk, count, 6, |walk, bit, node| {
            table.code(walk, bit, [node, level], contexts.map(|v| v + node))
        });
        count.min(49)
    }

    fn inner_value<W: SymbolWalk>(&mut self, walk: &mut W, value: i16, context: &InnerContext) -> Coded {
        let magnitude = u32::from(value.unsigned_abs());
        let InnerContext { position: n, level, remaining_bucket, certain, .. } = *context;
        let edges = context.edge_values.map(|value| magnitude_bucket(value.unsigned_abs()));
        let m = context.mixed;
        let all = [
            (n * LEVELS + level) * 8 + remaining_bucket,
            (context.share * LEVELS + level) * 7 + n / 7,
            (m.neighbours * MAGNITUDES + m.lower_frequencies) * 49 + n,
            (m.reference * 10 + m.neighbours.min(9)) * 49 + n,
            (m.above * 10 + m.left.min(9)) * 49 + n,
            (m.count * COUNTS + count_bucket(m.remaining)) * 49 + n,
            m.fine_level * 50 + m.remaining,
            (edges[0] * MAGNITUDES + edges[1]) * 49 + n,
        ];
        let contexts = all.map(|v| v * INNER_EXPONENTS);
        let (mixed, large) = (&mut self.inner, &mut self.inner_large);
        let e = exponent(walk, size_of(magnitude), usize::from(certain), |walk, bit, e| {
            if e < INNER_EXPONENTS {
                let sets = [n + 49 * (e & 3), level * 4 + (e & 3)];
                mixed.code(walk, bit, sets, contexts.map(|v| v + e))
            } else {
                large.code(walk, bit, e * LEVELS + level)
            }
        });
        if e == 0 {
            return None;
        }
        let lean = context.edge_values.map(signed_bucket);
        let capped = e.min(4) - 1;
        let contexts = [
            n * 9 + context.reference_sign,
            (lean[0] * SIGNED + lean[1]) * 4 + capped,
            (n * SIGNED + lean[0]) * 4 + capped,
            (n * SIGNED + lean[1]) * 4 + capped,
        ];
        let sets = [n * 3 + context.reference_sign, capped];
        let negative = self.inner_sign.code(walk, value < 0, sets, contexts);
        let magnitude = self.inner_mantissa(walk, magnitude, e, level);
        Some((signed(magnitude, negative) as i16, magnitude))
    }

    fn edge_count<W: SymbolWalk>(&mut self, walk: &mut W, count: usize, context: &EdgeCount) -> usize {
        let EdgeCount { side, level, mean, other_side, inner, .. } = *context;
        let predicted = context.predicted_nonzero;
        let all = [
            (level * 8 + mean) * 4 + other_side / 2,
            (inner * 8 + mean) * 8 + other_side,
            (inner * 8 + context.above) * 8 + context.left,
            (level * 8 + predicted) * 8 + other_side,
            (context.predicted_log.min(FINE - 1) * 8 + mean) * COUNTS + inner,
        ];
        let contexts = all.map(|v| v * 16 + side * 8);
        let table = &mut self.edge_count;
        binary(walk, count, 3, |walk, bit, node| {
            let sets = [(side * 8 + predicted) * 8 + node, level * 8 + node];
            table.code(walk, bit, sets, contexts.map(|v| v + node))
        })
    }

    fn edge_value<W: SymbolWalk>(&mut self, walk: &mut W, value: i16, context: &EdgeContext) -> Coded {
        let magnitude = u32::from(value.unsigned_abs());
        let EdgeContext { position, level, predicted, reference_sign, .. } = *context;
        let fine = log_level(predicted.unsigned_abs()).min(FINE - 1);
        let all = [
            (position * LEVELS + level) * MAGNITUDES + context.predicted_bucket,
            (position * LEVELS + level) * 8 + context.remaining,
            context.mixed[0],
            context.mixed[1],
            context.mixed[2],
            context.mixed[3],
            fine * LEVELS + level,
            (fine * 14 + position) * 8 + context.remaining,
        ];
        let contexts = all.map(|v| v * EDGE_EXPONENTS);
        let table = &mut self.edge;
        let least = usize::from(context.certain);
        let e = exponent(walk, size_of(magnitude), least, |walk, bit, e| {
            let capped = e.min(EDGE_EXPONENTS - 1);
            let sets = [position + 14 * capped.min(3), level * 8 + capped];
            table.code(walk, bit, sets, contexts.map(|v| v + capped))
        });
        if e == 0 {
            return None;
        }
        let capped = e.min(EDGE_EXPONENTS) - 1;
        let lean = 2 * fine + usize::from(predicted < 0);
        let contexts = [
            lean * 14 + position,
            (lean * EDGE_EXPONENTS + capped) * 3 + reference_sign,
            (lean * LEVELS + level) * 3 + reference_sign,
        ];
        let sets = [position * 3 + reference_sign, lean];
        let negative = self.edge_sign.code(walk, value < 0, sets, contexts);
        let guess =
            if (predicted < 0) == negative { predicted.unsigned_abs().min(1 << 20) as i32 } else { 0 };
        let magnitude = self.edge_mantissa(walk, magnitude, e, guess, context);
        Some((signed(magnitude, negative) as i16, magnitude))
    }

    fn dc_residual<W: SymbolWalk>(&mut self, walk: &mut W, residual: i32, context: &DcContext) -> i32 {
        let magnitude = residual.unsigned_abs();
        let DcContext { spread, count, neighbour_residual, difference, fraction } = *context;
        let fine = log_level(difference.unsigned_abs()).min(FINE - 1);
        let all = [
            spread * MAGNITUDES + count,
            neighbour_residual * MAGNITUDES + spread,
            count * MAGNITUDES + neighbour_residual,
            fine * 8 + fraction,
            fine * COUNTS + count,
        ];
        let contexts = all.map(|v| v * EXPONENTS);
        let table = &mut self.dc;
        let e = exponent(walk, size_of(magnitude), 0, |walk, bit, e| {
            table.code(walk, bit, [e, spread * EXPONENTS + e], contexts.map(|v| v + e))
        });
        if e == 0 {
            return 0;
        }
        let capped = e - 1;
        let lean = 2 * fine + usize::from(difference < 0);
        let contexts = [
            lean * 8 + fraction,
            lean * EXPONENTS + capped,
            (fraction * COUNTS + count) * EXPONENTS + capped,
        ];
        let negative = self.dc_sign.code(walk, residual < 0, [capped, lean], contexts);
        let (mut out, mut below) = (1u32, e as u32 - 1);
        if below > 0 {
            below -= 1;
            let bit = magnitude >> below & 1 == 1;
            out = out << 1 | u32::from(self.dc_mantissa.code(walk, bit, e * 4));
        }
        signed(plain_bits(walk, magnitude, out, below), negative)
    }
}

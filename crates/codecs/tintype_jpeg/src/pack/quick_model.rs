//! The quick model: one symbol of an adaptive distribution for a whole magnitude.
//!
//! One context chooses each distribution; equally likely bits follow as they are. Bit-exact.
//! Source: symbols of magnitudes as in JPEG XL's hybrid integers; contexts are our own.

use super::bit_table::{BitTable, PriorsReader};
use super::buckets::{LEVELS, MAGNITUDES};
use super::contexts::{
    Coded, CoefficientModel, DcContext, EdgeContext, EdgeCount, InnerContext, InnerCount,
};
use super::distributions::{DC_AT, EDGE_AT, EDGE_COUNT_AT, HIGH_AT, LOW_AT, SymbolContexts};
use tintype_entropy::{AdaptiveBit, SymbolWalk};

/// The quick model of one class of components.
pub struct QuickModel<C> {
    /// One distribution for each context.
    pub contexts: C,
    /// Signs of the first row and column.
    edge_sign: BitTable,
    /// Whether a block all of whose neighbours are flat is flat.
    flat: AdaptiveBit,
}

/// Count at which adaptive bits stop learning more slowly. Not measured.
const LIMIT: u32 = 250;

/// Signs that have adaptive bits.
pub const SIGNS: usize = 14 * 32;

impl<C> QuickModel<C> {
    /// With `contexts`, and signs that start at the priors `signs`.
    pub fn new(contexts: C, signs: &[u8]) -> Self {
        Self {
            contexts,
            edge_sign: BitTable::new(&mut PriorsReader { bytes: signs }, SIGNS, LIMIT),
            flat: AdaptiveBit::default(),
        }
    }

    /// The signs as priors.
    pub fn signs(&self) -> impl Iterator<Item = u8> {
        self.edge_sign.priors()
    }
}

/// The symbol of a magnitude: 0 to 3 themselves, then two for each bit length up to 7 by the bit
/// below the leading one, one for 128 to 255, one for all above.
#[inline(always)]
fn symbol_of(magnitude: u32) -> u32 {
    // A look-up: a branch would often be predicted wrongly.
    static SYMBOLS: [u8; 257] = {
        let mut symbols = [0; 257];
        let mut magnitude = 0u32;
        while magnitude <= 256 {
            let length = 32 - magnitude.leading_zeros();
            symbols[magnitude as usize] = match magnitude {
                0..=3 => magnitude as u8,
                4..=127 => (2 * length - 2 + (magnitude >> (length - 2) & 1)) as u8,
                128..=255 => 14,
                _ => 15,
            };
            magnitude += 1;
        }
        symbols
    };
    u32::from(SYMBOLS[magnitude.min(256) as usize])
}

/// The least magnitude of each symbol, and how many plain bits follow.
static PARTS: [(u8, u8); 16] = [
    (0, 0),
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 1),
    (6, 1),
    (8, 2),
    (12, 2),
    (16, 3),
    (24, 3),
    (32, 4),
    (48, 4),
    (64, 5),
    (96, 5),
    (128, 7),
    (0, 0),
];

/// A magnitude above 255: its bit length less 9, three bits, then the bits below the leading one.
#[cold]
fn large<W: SymbolWalk>(walk: &mut W, magnitude: u32) -> u32 {
    let below = 8 + walk.bits_16(23u32.saturating_sub(magnitude.leading_zeros()) & 7, 3);
    1 << below | walk.bits_16(magnitude & ((1 << below) - 1), below)
}

/// A value and its magnitude under context `at`; its sign is a plain bit. `None` for 0.
#[inline(always)]
fn value<C: SymbolContexts, W: SymbolWalk>(
    contexts: &mut C,
    walk: &mut W,
    at: usize,
    value: i32,
) -> Option<(i32, u32)> {
    let magnitude = value.unsigned_abs();
    let symbol = contexts.code(walk, at, symbol_of(magnitude));
    if symbol == 0 {
        return None;
    }
    let (least, count) = PARTS[symbol as usize & 15];
    let (least, count) = (u32::from(least), u32::from(count));
    let field = walk.bits_16((magnitude & ((1 << count) - 1)) << 1 | u32::from(value < 0), count + 1);
    let magnitude = if symbol == 15 { large(walk, magnitude) } else { least + (field >> 1) };
    let sign = (field & 1) as i32;
    Some(((magnitude as i32 ^ -sign) + sign, magnitude))
}

impl<C: SymbolContexts> CoefficientModel for QuickModel<C> {
    const MIXES: bool = false;

    #[inline(always)]
    fn flat<W: SymbolWalk>(&mut self, walk: &mut W, flat: bool) -> bool {
        self.flat.code(walk, flat, LIMIT)
    }

    #[inline(always)]
    fn inner_count<W: SymbolWalk>(&mut self, walk: &mut W, count: usize, context: InnerCount) -> usize {
        let high = self
            .contexts
            .code(walk, HIGH_AT + context.level * 10 + context.reference, (count >> 3) as u32)
            .min(6);
        let low =
            self.contexts.code(walk, LOW_AT + context.level * 8 + high as usize, (count & 7) as u32) & 7;
        (8 * high + low).min(49) as usize
    }

    #[inline(always)]
    fn inner_value<W: SymbolWalk>(&mut self, walk: &mut W, own: i16, context: &InnerContext) -> Coded {
        let at = (context.position * LEVELS + context.level) * 8 + context.remaining_bucket;
        value(&mut self.contexts, walk, at, i32::from(own))
            .map(|(value, magnitude)| (value as i16, magnitude))
    }

    #[inline(always)]
    fn edge_count<W: SymbolWalk>(&mut self, walk: &mut W, count: usize, context: &EdgeCount) -> usize {
        let EdgeCount { side, level, mean, other_side, .. } = *context;
        let at = EDGE_COUNT_AT + ((side * LEVELS + level) * 8 + mean) * 4 + other_side / 2;
        (self.contexts.code(walk, at, count as u32) & 7) as usize
    }

    #[inline(always)]
    fn edge_value<W: SymbolWalk>(&mut self, walk: &mut W, own: i16, context: &EdgeContext) -> Coded {
        let at = EDGE_AT
            + (context.position * LEVELS + context.level) * MAGNITUDES
            + context.predicted_bucket;
        let magnitude = u32::from(own.unsigned_abs());
        let symbol = self.contexts.code(walk, at, symbol_of(magnitude));
        if symbol == 0 {
            return None;
        }
        let lean =
            if context.predicted < 0 { 16 + context.predicted_bucket } else { context.predicted_bucket };
        let sign = i32::from(self.edge_sign.code(walk, own < 0, context.position * 32 + lean));
        let (least, count) = PARTS[symbol as usize & 15];
        let (least, count) = (u32::from(least), u32::from(count));
        let magnitude = match symbol {
            1..=3 => symbol,
            15 => large(walk, magnitude),
            _ => least + walk.bits_16(magnitude & ((1 << count) - 1), count),
        };
        Some((((magnitude as i32 ^ -sign) + sign) as i16, magnitude))
    }

    #[inline(always)]
    fn dc_residual<W: SymbolWalk>(&mut self, walk: &mut W, residual: i32, context: &DcContext) -> i32 {
        value(&mut self.contexts, walk, DC_AT + context.spread * MAGNITUDES + context.count, residual)
            .map_or(0, |v| v.0)
    }
}

#[cfg(test)]
mod tests {
    use super::value;
    use crate::pack::distributions::{DISTRIBUTIONS, Distributions, StartDistributions};
    use fearless_simd::Fallback;
    use tintype_entropy::{BitDecoder, BitEncoder};

    #[test]
    fn values_of_any_size_decode() {
        let start = StartDistributions::from_priors(&[]);
        let values: Vec<i32> =
            (-70..70).chain((0..17).flat_map(|e| [(1 << e) - 1, 1 - (1 << e)])).collect();
        let (mut model, mut encoder) = (Distributions::new(Fallback::new(), &start), BitEncoder::new());
        for (i, v) in values.iter().enumerate() {
            let same = (*v != 0).then_some((*v, v.unsigned_abs()));
            assert_eq!(value(&mut model, &mut encoder, i % DISTRIBUTIONS, *v), same);
        }
        let bytes = encoder.finish();
        let (mut model, mut decoder) =
            (Distributions::new(Fallback::new(), &start), BitDecoder::whole(&bytes));
        for (i, v) in values.iter().enumerate() {
            let same = (*v != 0).then_some((*v, v.unsigned_abs()));
            assert_eq!(value(&mut model, &mut decoder, i % DISTRIBUTIONS, 0), same);
        }
    }
}

//! Decisions under mixed contexts.
//!
//! Bit-exact. Source: logistic mixing as in `tintype_entropy`, after PAQ (Mahoney 2005).

use super::bit_table::{PriorsReader, bits_from_priors, prior_from_bit};
use tintype_entropy::{AdaptiveBit, Mixer, Sse, SymbolWalk, squash, stretch};

/// Count at which adaptive bits stop learning more slowly; other limits gained nothing on encodes
/// of photos/valid.
pub const LIMIT: u32 = 500;
/// How fast mixers learn; other rates gained nothing on encodes of photos/valid.
const MIXING_RATE: i32 = 4;
/// Sum of a set's weights before anything was learnt, in 1/65 536: 1.2. Not measured.
const WEIGHT_SUM: i32 = 65_536 * 12 / 10;
/// Bits that weights lose in the priors file.
const WEIGHT_SHIFT: u32 = 4;

/// How large a context mixer is.
pub struct MixedSizes<const N: usize> {
    /// Values of each context: as many adaptive bits.
    pub contexts: [usize; N],
    /// Sets of weights of either mixer.
    pub sets: [usize; 2],
}

/// A context mixer: `N` adaptive bits, each under its own context, predict a decision; two mixers
/// with sets of weights under further contexts combine them, and secondary estimation corrects
/// the result.
pub struct MixedBits<const N: usize> {
    slots: Vec<AdaptiveBit>,
    /// Where the adaptive bits of each context start.
    starts: [usize; N],
    mixers: [Mixer<N>; 2],
    corrections: Sse,
}

impl<const N: usize> MixedBits<N> {
    /// Bits and weights of `sizes` that start at `priors`.
    pub fn new(priors: &mut PriorsReader<'_>, sizes: &MixedSizes<N>) -> Self {
        let MixedSizes { contexts, sets } = *sizes;
        let all = contexts.iter().sum();
        let slots = bits_from_priors(priors.take(all), all);
        let starts = std::array::from_fn(|i| contexts[..i].iter().sum());
        let mixers = sets.map(|sets| {
            let mut mixer = Mixer::with_weight(sets, MIXING_RATE, WEIGHT_SUM / N as i32);
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

    /// Adaptive bits and weights as priors.
    pub fn priors(&self) -> impl Iterator<Item = u8> {
        let weights = self.mixers.iter().flat_map(|m| (0..m.sets()).flat_map(|set| m.weights(set)));
        let weights = weights.flat_map(|w| ((w >> WEIGHT_SHIFT) as i16).to_le_bytes());
        self.slots.iter().map(|b| prior_from_bit(*b)).chain(weights)
    }

    /// Takes the weights of `other`.
    pub fn keep_weights(&mut self, other: &Self) {
        self.mixers.clone_from(&other.mixers);
    }

    /// Codes one decision under context value `slots[i]` of context i and weights `sets`.
    #[inline]
    pub fn code<W: SymbolWalk>(
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

//! Decisions under several contexts at once: adaptive bits mixed, and the mix refined.

use super::{AdaptiveBit, BitWalk, Mixer, Sse, stretch};

/// Adaptive bits, of which each decision takes `N`, the mixer of their predictions, and the
/// refinement of the mixed probability. Bit-exact.
#[derive(Clone, Debug)]
pub struct RefinedMix<const N: usize> {
    bits: Vec<AdaptiveBit>,
    mixer: Mixer<N>,
    refinement: Sse,
    limit: u32,
}

impl<const N: usize> RefinedMix<N> {
    /// `bits` adaptive bits whose windows grow up to `limit`, `mixer`, and `curves` curves.
    pub fn new(bits: usize, limit: u32, mixer: Mixer<N>, curves: usize) -> Self {
        Self { bits: vec![AdaptiveBit::default(); bits], mixer, refinement: Sse::new(curves), limit }
    }

    /// Codes `bit` under the adaptive bits `at`, mixer weights `set` and the refinement `curve`.
    #[inline(always)]
    pub fn code<W: BitWalk>(
        &mut self,
        walk: &mut W,
        bit: bool,
        at: [usize; N],
        (set, curve): (usize, usize),
    ) -> bool {
        let inputs = at.map(|at| stretch(self.bits[at].p1()));
        let p1 = self.mixer.mix(set, &inputs);
        let (refined, place) = self.refinement.refine(curve, p1);
        let bit = walk.bit(bit, (p1 + refined).div_ceil(2).clamp(1, 65535));
        self.refinement.update(place, bit, 6);
        self.mixer.update(set, &inputs, p1, bit);
        for at in at {
            self.bits[at].update(bit, self.limit);
        }
        bit
    }
}

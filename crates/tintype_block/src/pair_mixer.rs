//! A mixer whose decisions stand under two sets of weights at once. Bit-exact.
//!
//! In: log-odds of a few contexts. Each of the two sets weighs them; the mean of both results is
//! the prediction, and each set learns from its own error.
//!
//! Source: Mahoney, "Adaptive weighing of context models for lossless data compression", 2005
//! (logistic mixing); paq8 (several sets of weights).

use tintype_entropy::{AdaptiveBit, STRETCH_MAX, move_weights, squash, stretch};

/// Most inputs of a decision.
pub(crate) const INPUTS_MAX: usize = 8;

/// A weight of one.
const ONE: i32 = 1 << 16;
/// Low bits of a weight that a sum leaves out: weights stay within ±8, so that `2^(19 - DROP) · 2^11 · 8`
/// fits 32 bits.
const DROP: u32 = 2;
/// Fractional bits of the weights in a model.
pub(crate) const STORED_BITS: u32 = 12;

/// How far a context that has seen few decisions is trusted, in 1/256 of its log-odds:
/// `0.4 + 0.6 · n / (n + 6)` for `n` decisions. On crops of photos/valid 0.3 % fewer bytes than
/// equal trust.
const TRUST: [u16; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        table[n] = (102 + 154 * n / (n + 6)) as u16;
        n += 1;
    }
    table
};

/// The input that `bit` is: its log-odds, less where it has seen little.
#[inline(always)]
pub(crate) fn input(bit: AdaptiveBit) -> i32 {
    (stretch(bit.p1()) * i32::from(TRUST[(bit.count() as usize).min(255)])) >> 8
}

/// Sets of weights.
#[derive(Clone, Debug, Default)]
pub struct PairMixer {
    weights: Vec<[i32; INPUTS_MAX]>,
    /// How many weights each set uses.
    inputs: Vec<u8>,
    rate: i32,
}

/// A prediction: of either set, and of both, log-odds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mixed {
    sets: [i32; 2],
    /// Log-odds of a 1, of both.
    pub log_odds: i32,
}

impl Mixed {
    /// Probability of a 1, of 65 536.
    #[inline(always)]
    pub(crate) fn p1(&self) -> u32 {
        squash(self.log_odds)
    }
}

impl PairMixer {
    /// No sets yet. `rate` is the learning rate: 2 (slow) to 14 (fast).
    pub fn new(rate: i32) -> Self {
        Self { weights: Vec::new(), inputs: Vec::new(), rate }
    }

    /// With `count` sets more for decisions of `inputs` inputs, which they weigh alike.
    pub fn with_sets(mut self, count: usize, inputs: usize) -> Self {
        let mut weights = [0; INPUTS_MAX];
        weights[..inputs].fill(ONE / inputs as i32);
        self.weights.resize(self.weights.len() + count, weights);
        self.inputs.resize(self.weights.len(), inputs as u8);
        self
    }

    /// Starts the weights where a model's `bytes` say, as far as they go: two bytes for each,
    /// little endian, signed, 12 fractional bits.
    pub(crate) fn start_from(&mut self, bytes: &[u8]) {
        let sets = self.weights.iter_mut().zip(&self.inputs);
        let used = sets.flat_map(|(weights, &inputs)| &mut weights[..inputs.into()]);
        for (weight, pair) in used.zip(bytes.as_chunks::<2>().0) {
            *weight = i32::from(i16::from_le_bytes(*pair)) << (16 - STORED_BITS);
        }
    }

    /// The present weights in the form that [`PairMixer::start_from`] reads.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let stored = |weight: &i32| ((weight >> (16 - STORED_BITS)) as i16).to_le_bytes();
        let sets = self.weights.iter().zip(&self.inputs);
        sets.flat_map(|(weights, &inputs)| &weights[..inputs.into()]).flat_map(stored).collect()
    }

    /// Number of sets.
    pub(crate) fn sets(&self) -> usize {
        self.weights.len()
    }

    /// Each set with [`STORED_BITS`] fractional bits, unused weights 0.
    pub(crate) fn stored_weights(&self) -> impl Iterator<Item = [i16; INPUTS_MAX]> + '_ {
        let sets = self.weights.iter().zip(&self.inputs);
        sets.map(|(weights, &inputs)| {
            let stored = |i: usize| (weights[i] >> (16 - STORED_BITS)) as i16;
            std::array::from_fn(|i| if i < usize::from(inputs) { stored(i) } else { 0 })
        })
    }

    /// Mixes `inputs` under `sets`.
    #[inline(always)]
    pub(crate) fn mix<const N: usize>(&self, sets: [usize; 2], inputs: &[i32; N]) -> Mixed {
        let sets = sets.map(|set| {
            let weights = &self.weights[set];
            let mut sum = 0i32;
            for i in 0..N {
                sum = sum.wrapping_add((weights[i] >> DROP).wrapping_mul(inputs[i]));
            }
            (sum >> (16 - DROP)).clamp(-STRETCH_MAX, STRETCH_MAX)
        });
        Mixed { sets, log_odds: (sets[0] + sets[1]) >> 1 }
    }

    /// Moves both sets towards `bit`.
    #[inline(always)]
    pub(crate) fn update<const N: usize>(
        &mut self,
        sets: [usize; 2],
        inputs: &[i32; N],
        mixed: Mixed,
        bit: bool,
    ) {
        for (set, log_odds) in sets.into_iter().zip(mixed.sets) {
            let error = (if bit { 65_535 } else { 0 }) - squash(log_odds) as i32;
            move_weights(&mut self.weights[set], inputs, (error * self.rate) >> 4);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_go_to_the_input_that_is_right() {
        let mut mixer = PairMixer::new(6).with_sets(2, 2);
        let inputs = [600, -600];
        for _ in 0..2000 {
            let mixed = mixer.mix([0, 1], &inputs);
            mixer.update([0, 1], &inputs, mixed, true);
        }
        let p1 = mixer.mix([0, 1], &inputs).p1();
        assert!(p1 > 60_000, "{p1}");
        let mut read = PairMixer::new(6).with_sets(2, 2);
        read.start_from(&mixer.to_bytes());
        assert_eq!(read.to_bytes(), mixer.to_bytes());
        let (a, b) = (mixer.mix([0, 1], &inputs).p1(), read.mix([0, 1], &inputs).p1());
        assert!(a.abs_diff(b) < 100, "{a} {b}");
    }

    #[test]
    fn a_new_context_counts_less() {
        let [new, old] = [0, 200].map(|seen| input(AdaptiveBit::with_count(60_000, seen)));
        assert!(2 * new < old && new > 0, "{new} {old}");
    }
}

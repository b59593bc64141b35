//! The context mixer: several predictions of one bit become one.

use super::{BitWalk, STRETCH_MAX, squash};

/// Logistic mixing of `N` predictions under a chosen set of weights, which learn from each bit.
///
/// Inputs are log-odds as [`super::stretch`] gives them, -2047 to 2047. The mixed probability is
/// `squash(sum(weight * input))`; after the bit is known each weight moves along the gradient of
/// the cost.
///
/// ```
/// use tintype_entropy::{AdaptiveBit, BitCost, Mixer, stretch};
/// let (mut a, mut b) = (AdaptiveBit::new(60_000), AdaptiveBit::new(20_000));
/// let mut mixer = Mixer::<2>::new(1, 6);
/// let mut cost = BitCost::new();
/// for _ in 0..400 {
///     let bit = mixer.code(&mut cost, true, 0, &[stretch(a.p1()), stretch(b.p1())]);
///     a.update(bit, 255);
///     b.update(bit, 30);
/// }
/// assert_eq!(cost.len_bytes(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Mixer<const N: usize> {
    weights: Vec<[i32; N]>,
    rate: i32,
}

/// A weight of one.
const ONE: i32 = 1 << 16;
/// Weights stay within ±8, so that the sum below fits 32 bits.
const WEIGHT_MAX: i32 = 8 * ONE - 1;

/// Moves `weights` by `step` along `inputs`: what a [`Mixer`], and mixers like it, do once a bit is
/// known. `step` is the error of the prediction (of 65 536) times a rate, in sixteenths.
#[inline(always)]
pub fn move_weights(weights: &mut [i32], inputs: &[i32], step: i32) {
    for (weight, input) in weights.iter_mut().zip(inputs) {
        let change = (input.wrapping_mul(step) + (1 << 12)) >> 13;
        *weight = (*weight + change).clamp(-WEIGHT_MAX, WEIGHT_MAX);
    }
}

impl<const N: usize> Mixer<N> {
    /// Low bits of a weight that the sum leaves out, so that `2^(19 - DROP) * 2^11 * N` stays
    /// within 2^31.
    const DROP: u32 = if N <= 8 { 2 } else { 2 + (N as u32 - 1).ilog2() + 1 - 3 };

    /// `sets` sets of weights of `1/N` each. `rate` is the learning rate: 2 (slow) to 14 (fast).
    ///
    /// # Panics
    /// If `sets` is 0.
    pub fn new(sets: usize, rate: i32) -> Self {
        Self::with_weight(sets, rate, ONE / N as i32)
    }

    /// `sets` sets in which every weight starts at `weight_q16` of 65 536.
    ///
    /// # Panics
    /// If `sets` is 0.
    pub fn with_weight(sets: usize, rate: i32, weight_q16: i32) -> Self {
        Self::with_weights(sets, rate, [weight_q16; N])
    }

    /// `sets` sets in which weights start at `weights_q16` of 65 536.
    ///
    /// # Panics
    /// If `sets` is 0.
    pub fn with_weights(sets: usize, rate: i32, weights_q16: [i32; N]) -> Self {
        assert!(sets > 0, "a mixer needs a set of weights");
        Self { weights: vec![weights_q16.map(|w| w.clamp(-WEIGHT_MAX, WEIGHT_MAX)); sets], rate }
    }

    /// How many sets of weights there are.
    pub fn sets(&self) -> usize {
        self.weights.len()
    }

    /// The weights of `set`, in 1/65 536.
    pub fn weights(&self, set: usize) -> [i32; N] {
        self.weights[set]
    }

    /// Sets the weights of `set`, in 1/65 536.
    pub fn set_weights(&mut self, set: usize, weights_q16: [i32; N]) {
        self.weights[set] = weights_q16.map(|w| w.clamp(-WEIGHT_MAX, WEIGHT_MAX));
    }

    /// The mixed log-odds.
    #[inline(always)]
    pub fn mix_stretched(&self, set: usize, inputs: &[i32; N]) -> i32 {
        let weights = &self.weights[set];
        let mut sum = 0i32;
        for i in 0..N {
            sum = sum.wrapping_add((weights[i] >> Self::DROP).wrapping_mul(inputs[i]));
        }
        (sum >> (16 - Self::DROP)).clamp(-STRETCH_MAX, STRETCH_MAX)
    }

    /// The mixed probability of a 1, 1 to 65 535 of 65 536.
    #[inline(always)]
    pub fn mix(&self, set: usize, inputs: &[i32; N]) -> u32 {
        squash(self.mix_stretched(set, inputs))
    }

    /// Moves the weights of `set` towards `bit`, which [`Mixer::mix`] predicted with `p1`.
    #[inline(always)]
    pub fn update(&mut self, set: usize, inputs: &[i32; N], p1: u32, bit: bool) {
        let error = (if bit { 65535 } else { 0 }) - p1 as i32;
        move_weights(&mut self.weights[set], inputs, (error * self.rate) >> 4);
    }

    /// Mixes, codes one bit and updates the weights.
    #[inline(always)]
    pub fn code<W: BitWalk>(&mut self, walk: &mut W, bit: bool, set: usize, inputs: &[i32; N]) -> bool {
        let p1 = self.mix(set, inputs);
        let bit = walk.bit(bit, p1);
        self.update(set, inputs, p1, bit);
        bit
    }
}

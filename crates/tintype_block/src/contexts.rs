//! Decisions under adaptive contexts, written once for encoding, decoding and counting.
//! Bit-exact but for the counts.
//!
//! A codec numbers its contexts and writes its symbols as functions over [`ContextWalk`]. A
//! decision stands under one context, or under two or three at once, whose predictions a mixer
//! weighs (docs/format/entropy.md, sections 2 and 3).

use crate::pair_mixer::{self, PairMixer};
use tintype_entropy::{AdaptiveBit, BitCost, BitWalk, Mixer, cost_q12, stretch};

/// Equal probabilities.
const EVEN: u32 = 32_768;

/// The adaptive state of a walk: probabilities and mixers.
#[derive(Clone, Debug)]
pub struct ContextSet {
    bits: Vec<AdaptiveBit>,
    mixer_2: Mixer<2>,
    mixer_3: Mixer<3>,
    pairs: PairMixer,
    /// Count at which a probability's window stops growing.
    limit: u32,
    /// Mixed probabilities lie in `margin..=65536 - margin`.
    margin: u32,
}

impl ContextSet {
    /// `count` contexts at probability one half, whose windows grow to `limit` decisions;
    /// mixers that weigh equally.
    pub fn new(count: usize, limit: u32) -> Self {
        Self {
            bits: vec![AdaptiveBit::default(); count],
            mixer_2: Mixer::new(1, 4),
            mixer_3: Mixer::new(1, 4),
            pairs: PairMixer::default(),
            limit,
            margin: 1,
        }
    }

    /// With these mixers of two and three contexts; mixed probabilities keep `margin` (of 65
    /// 536) from 0 and 1.
    pub fn with_mixers(mut self, mixer_2: Mixer<2>, mixer_3: Mixer<3>, margin: u32) -> Self {
        (self.mixer_2, self.mixer_3, self.margin) = (mixer_2, mixer_3, margin);
        self
    }

    /// With this mixer for decisions under pairs of weight sets.
    pub fn with_pair_mixer(mut self, pairs: PairMixer) -> Self {
        self.pairs = pairs;
        self
    }

    /// With windows that grow to `limit` decisions.
    pub fn with_limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// With the mixer of `other`.
    pub fn with_pair_mixer_of(mut self, other: &Self) -> Self {
        self.pairs.clone_from(&other.pairs);
        self
    }

    /// The mixer of pairs.
    pub(crate) fn pairs(&self) -> &PairMixer {
        &self.pairs
    }

    /// The contexts themselves, by number.
    pub fn bits(&self) -> &[AdaptiveBit] {
        &self.bits
    }

    /// The contexts themselves, to be set before the walk.
    pub fn bits_mut(&mut self) -> &mut [AdaptiveBit] {
        &mut self.bits
    }

    /// Starts contexts where a model's `bytes` say, as far as they go: two bytes each, little
    /// endian, 12 bits of probability over 4 bits of the count's logarithm, which is taken as
    /// at most `count_log2_max`.
    pub fn start_from(&mut self, bytes: &[u8], count_log2_max: u32) {
        for (bit, pair) in self.bits.iter_mut().zip(bytes.as_chunks::<2>().0) {
            let value = u32::from(u16::from_le_bytes(*pair));
            let count = (1 << (value & 15).min(count_log2_max)) - 1;
            *bit = AdaptiveBit::with_count((value >> 4) * 16 + 8, count);
        }
    }

    /// The present state in the form that [`ContextSet::start_from`] reads, counts of at most
    /// `2^count_log2_max - 1`.
    pub fn to_bytes(&self, count_log2_max: u32) -> Vec<u8> {
        let pair = |bit: &AdaptiveBit| {
            let count = (bit.count() + 1).ilog2().min(count_log2_max);
            (((bit.p1() >> 4) << 4) as u16 | count as u16).to_le_bytes()
        };
        self.bits.iter().flat_map(pair).collect()
    }

    /// Starts the mixer of pairs where a model's `bytes` say, as far as they go: two bytes for
    /// each weight, little endian, signed, 12 fractional bits.
    pub fn start_pair_mixer_from(&mut self, bytes: &[u8]) {
        self.pairs.start_from(bytes);
    }

    /// The present weights in the form that [`ContextSet::start_pair_mixer_from`] reads.
    pub fn pair_mixer_to_bytes(&self) -> Vec<u8> {
        self.pairs.to_bytes()
    }

    /// The probability of a 1 under one context.
    #[inline(always)]
    pub fn p1(&self, context: usize) -> u32 {
        self.bits[context].p1()
    }

    /// The mixed probability of a 1 under two contexts and weight set `set`.
    #[inline(always)]
    pub fn p1_of_2(&self, set: usize, contexts: [usize; 2]) -> u32 {
        self.kept(self.mixer_2.mix(set, &self.inputs(contexts)))
    }

    /// The mixed probability of a 1 under three contexts and weight set `set`.
    #[inline(always)]
    pub fn p1_of_3(&self, set: usize, contexts: [usize; 3]) -> u32 {
        self.kept(self.mixer_3.mix(set, &self.inputs(contexts)))
    }

    /// The mixed probability of a 1 under `N` contexts and two weight sets.
    #[inline(always)]
    pub fn p1_mixed<const N: usize>(&self, sets: [usize; 2], contexts: [usize; N]) -> u32 {
        let inputs = contexts.map(|context| pair_mixer::input(self.bits[context]));
        self.kept(self.pairs.mix(sets, &inputs).p1())
    }

    #[inline(always)]
    fn inputs<const N: usize>(&self, contexts: [usize; N]) -> [i32; N] {
        contexts.map(|context| stretch(self.bits[context].p1()))
    }

    #[inline(always)]
    fn kept(&self, p1: u32) -> u32 {
        p1.clamp(self.margin, 65_536 - self.margin)
    }
}

/// What a walk runs over: something that encodes, decodes or counts decisions under a
/// [`ContextSet`].
///
/// As with [`BitWalk`], use what comes back: when decoding, the values handed in are without
/// meaning.
pub trait ContextWalk {
    /// Whether decisions are read.
    const READS: bool;
    /// Whether contexts adapt.
    const LEARNS: bool;

    /// The contexts as they stand.
    fn contexts(&self) -> &ContextSet;

    /// A decision at probability `p1` of a 1, 1 to 65 535 of 65 536; nothing adapts.
    fn bit(&mut self, bit: bool, p1: u32) -> bool;

    /// `count` (at most 16) equally likely bits of `value`, highest first.
    fn even_bits(&mut self, value: u32, count: u32) -> u32;

    /// Lets one context learn a decision that was coded by [`ContextWalk::bit`].
    fn learn(&mut self, bit: bool, context: usize);

    /// A decision under one context.
    fn context_bit(&mut self, bit: bool, context: usize) -> bool;

    /// A decision under two contexts mixed by weight set `set`.
    fn mixed_2(&mut self, bit: bool, set: usize, contexts: [usize; 2]) -> bool;

    /// A decision under three contexts mixed by weight set `set`.
    fn mixed_3(&mut self, bit: bool, set: usize, contexts: [usize; 3]) -> bool;

    /// A decision under `N` contexts (at most 8) mixed by two weight sets.
    fn mixed<const N: usize>(&mut self, bit: bool, sets: [usize; 2], contexts: [usize; N]) -> bool;

    /// A decision between equals, such as a sign.
    #[inline(always)]
    fn even_bit(&mut self, bit: bool) -> bool {
        self.bit(bit, EVEN)
    }

    /// An Exp-Golomb code of order 0 in equally likely decisions: the number of digits of
    /// `value + 1` after the first, in unary, at most `digits_max`, then those digits.
    #[inline]
    fn exp_golomb(&mut self, value: u32, digits_max: u32) -> u32 {
        let value = value + 1;
        let mut digits = 0;
        while digits < digits_max && self.even_bit(value.ilog2() > digits) {
            digits += 1;
        }
        let low = self.even_bits(value & ((1 << digits) - 1), digits);
        ((1 << digits) | low) - 1
    }

    /// Whether the bytes of a cut-off stream are used up; see [`BitWalk::exhausted`].
    #[inline(always)]
    fn exhausted(&self) -> bool {
        false
    }
}

/// Encodes or decodes over `walk`; contexts adapt.
#[derive(Debug)]
pub struct CodingWalk<'a, W> {
    /// Encoder or decoder.
    pub walk: &'a mut W,
    /// What adapts.
    pub contexts: &'a mut ContextSet,
}

impl<W: BitWalk> CodingWalk<'_, W> {
    /// A decision under `contexts` mixed by weight set `set` of the mixer that `mixer` gives.
    #[inline(always)]
    fn mixed_by<const N: usize>(
        &mut self,
        mixer: impl Fn(&mut ContextSet) -> &mut Mixer<N>,
        bit: bool,
        set: usize,
        contexts: [usize; N],
    ) -> bool {
        let inputs = self.contexts.inputs(contexts);
        let mixed = mixer(self.contexts).mix(set, &inputs);
        let p1 = self.contexts.kept(mixed);
        let bit = self.walk.bit(bit, p1);
        mixer(self.contexts).update(set, &inputs, p1, bit);
        contexts.into_iter().for_each(|context| self.learn(bit, context));
        bit
    }
}

impl<W: BitWalk> ContextWalk for CodingWalk<'_, W> {
    const READS: bool = W::READS;
    const LEARNS: bool = true;

    #[inline(always)]
    fn contexts(&self) -> &ContextSet {
        self.contexts
    }

    #[inline(always)]
    fn bit(&mut self, bit: bool, p1: u32) -> bool {
        self.walk.bit(bit, p1)
    }

    #[inline(always)]
    fn even_bits(&mut self, value: u32, count: u32) -> u32 {
        self.walk.bits_16(value, count)
    }

    #[inline(always)]
    fn learn(&mut self, bit: bool, context: usize) {
        let limit = self.contexts.limit;
        self.contexts.bits[context].update(bit, limit);
    }

    #[inline(always)]
    fn context_bit(&mut self, bit: bool, context: usize) -> bool {
        let limit = self.contexts.limit;
        self.contexts.bits[context].code(self.walk, bit, limit)
    }

    #[inline(always)]
    fn mixed_2(&mut self, bit: bool, set: usize, contexts: [usize; 2]) -> bool {
        self.mixed_by(|contexts| &mut contexts.mixer_2, bit, set, contexts)
    }

    #[inline(always)]
    fn mixed_3(&mut self, bit: bool, set: usize, contexts: [usize; 3]) -> bool {
        self.mixed_by(|contexts| &mut contexts.mixer_3, bit, set, contexts)
    }

    #[inline(always)]
    fn mixed<const N: usize>(&mut self, bit: bool, sets: [usize; 2], contexts: [usize; N]) -> bool {
        let inputs = contexts.map(|context| pair_mixer::input(self.contexts.bits[context]));
        let mixed = self.contexts.pairs.mix(sets, &inputs);
        let bit = self.walk.bit(bit, self.contexts.kept(mixed.p1()));
        self.contexts.pairs.update(sets, &inputs, mixed, bit);
        contexts.into_iter().for_each(|context| self.learn(bit, context));
        bit
    }

    #[inline(always)]
    fn exhausted(&self) -> bool {
        self.walk.exhausted()
    }
}

/// Codes over a walk under contexts that do not adapt, from [`ContextWalk::bit`] alone.
macro_rules! frozen {
    () => {
        const READS: bool = false;
        const LEARNS: bool = false;

        #[inline(always)]
        fn learn(&mut self, _bit: bool, _context: usize) {}

        #[inline(always)]
        fn context_bit(&mut self, bit: bool, context: usize) -> bool {
            self.bit(bit, self.contexts().p1(context))
        }

        #[inline(always)]
        fn mixed_2(&mut self, bit: bool, set: usize, contexts: [usize; 2]) -> bool {
            self.bit(bit, self.contexts().p1_of_2(set, contexts))
        }

        #[inline(always)]
        fn mixed_3(&mut self, bit: bool, set: usize, contexts: [usize; 3]) -> bool {
            self.bit(bit, self.contexts().p1_of_3(set, contexts))
        }
    };
}

/// Counts bits as the range coder would need them, rounding included; contexts stay as they are.
#[derive(Clone, Debug)]
pub struct FrozenWalk<'a> {
    contexts: &'a ContextSet,
    cost: BitCost,
}

impl<'a> FrozenWalk<'a> {
    /// Nothing counted.
    pub fn new(contexts: &'a ContextSet) -> Self {
        Self { contexts, cost: BitCost::new() }
    }

    /// Bits so far.
    pub fn bits(&self) -> f32 {
        (self.cost.cost_q16() - BitCost::new().cost_q16()) as f32 / 65_536.0
    }
}

impl ContextWalk for FrozenWalk<'_> {
    frozen!();

    #[inline(always)]
    fn contexts(&self) -> &ContextSet {
        self.contexts
    }

    #[inline(always)]
    fn mixed<const N: usize>(&mut self, bit: bool, sets: [usize; 2], contexts: [usize; N]) -> bool {
        self.bit(bit, self.contexts.p1_mixed(sets, contexts))
    }

    #[inline(always)]
    fn bit(&mut self, bit: bool, p1: u32) -> bool {
        self.cost.bit(bit, p1)
    }

    #[inline(always)]
    fn even_bits(&mut self, value: u32, count: u32) -> u32 {
        self.cost.bits_16(value, count)
    }
}

/// Sums table costs of decisions, faster than [`FrozenWalk`]; contexts stay as they are.
///
/// The length of an Exp-Golomb code is taken as the smooth `2 log2(value + 1) + 1`: a search
/// that compares neighbouring values should see no steps at powers of two.
#[derive(Clone, Debug)]
pub struct EstimateWalk<'a, C = ContextSet> {
    costs: &'a C,
    bits: f32,
}

/// What decisions cost: a [`ContextSet`], or [`Prices`](crate::Prices) made of one.
pub trait Costs {
    /// The contexts whose costs these are.
    fn contexts(&self) -> &ContextSet;

    /// Bits of a 0 and of a 1 under `N` contexts mixed by two weight sets.
    fn mixed<const N: usize>(&self, sets: [usize; 2], contexts: [usize; N]) -> [f32; 2];
}

impl Costs for ContextSet {
    #[inline(always)]
    fn contexts(&self) -> &ContextSet {
        self
    }

    #[inline(always)]
    fn mixed<const N: usize>(&self, sets: [usize; 2], contexts: [usize; N]) -> [f32; 2] {
        bit_costs(self.p1_mixed(sets, contexts))
    }
}

impl<'a, C: Costs> EstimateWalk<'a, C> {
    /// Nothing counted.
    pub fn new(costs: &'a C) -> Self {
        Self { costs, bits: 0.0 }
    }

    /// Bits so far.
    pub fn bits(&self) -> f32 {
        self.bits
    }
}

impl<C: Costs> ContextWalk for EstimateWalk<'_, C> {
    frozen!();

    #[inline(always)]
    fn contexts(&self) -> &ContextSet {
        self.costs.contexts()
    }

    #[inline(always)]
    fn mixed<const N: usize>(&mut self, bit: bool, sets: [usize; 2], contexts: [usize; N]) -> bool {
        self.bits += self.costs.mixed(sets, contexts)[usize::from(bit)];
        bit
    }

    #[inline(always)]
    fn bit(&mut self, bit: bool, p1: u32) -> bool {
        self.bits += bit_cost(bit, p1);
        bit
    }

    #[inline(always)]
    fn even_bit(&mut self, bit: bool) -> bool {
        self.bits += 1.0;
        bit
    }

    #[inline(always)]
    fn even_bits(&mut self, value: u32, count: u32) -> u32 {
        self.bits += count as f32;
        value
    }

    #[inline]
    fn exp_golomb(&mut self, value: u32, _digits_max: u32) -> u32 {
        self.bits += 2.0 * ((value + 1) as f32).log2() + 1.0;
        value
    }
}

#[inline(always)]
fn bit_cost(bit: bool, p1: u32) -> f32 {
    cost_q12(if bit { p1 } else { 65_536 - p1 }) as f32 / 4096.0
}

/// Bits of a 0 and of a 1 at probability `p1` of a 1.
#[inline(always)]
pub fn bit_costs(p1: u32) -> [f32; 2] {
    [bit_cost(false, p1), bit_cost(true, p1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use tintype_entropy::{BitDecoder, BitEncoder};

    fn contexts() -> ContextSet {
        ContextSet::new(8, 30).with_mixers(Mixer::new(2, 4), Mixer::new(1, 5), 64)
    }

    /// Every kind of decision once for each number.
    fn walk<W: ContextWalk>(walk: &mut W, numbers: &mut [u32]) {
        for number in numbers {
            let low = walk.context_bit(*number & 1 == 1, 0);
            let middle = walk.mixed_2(*number & 2 == 2, usize::from(low), [1, 2]);
            let high = walk.mixed_3(*number & 4 == 4, 0, [3, 4, 5]);
            let p1 = walk.contexts().p1(6);
            let next = walk.bit(*number & 8 == 8, p1);
            walk.learn(next, 6);
            let rest = walk.exp_golomb(*number >> 4, 15);
            let bits = [low, middle, high, next];
            *number = bits.iter().rev().fold(rest, |value, &bit| value << 1 | u32::from(bit));
        }
    }

    #[test]
    fn a_walk_reads_what_it_wrote_and_counts_change_nothing() {
        let numbers: Vec<u32> = (0..300).map(|i: u32| i * i % 971 + (i % 7) * 3000).collect();
        let (mut learnt, mut encoder) = (contexts(), BitEncoder::new());
        walk(&mut CodingWalk { walk: &mut encoder, contexts: &mut learnt }, &mut numbers.clone());
        let bytes = encoder.finish();

        let (mut read, mut decoder) = (vec![0; numbers.len()], BitDecoder::whole(&bytes));
        let mut again = contexts();
        walk(&mut CodingWalk { walk: &mut decoder, contexts: &mut again }, &mut read);
        assert_eq!(read, numbers);
        assert_eq!(again.to_bytes(10), learnt.to_bytes(10));

        let (mut exact, mut estimate) = (FrozenWalk::new(&learnt), EstimateWalk::new(&learnt));
        walk(&mut exact, &mut numbers.clone());
        walk(&mut estimate, &mut numbers.clone());
        let ratio = estimate.bits() / exact.bits();
        assert!((0.9..1.1).contains(&ratio), "{} {}", estimate.bits(), exact.bits());
    }

    #[test]
    fn contexts_come_back_from_a_models_bytes() {
        let mut learnt = contexts();
        let mut encoder = BitEncoder::new();
        let mut numbers: Vec<u32> = (0..100).map(|i| i % 5).collect();
        walk(&mut CodingWalk { walk: &mut encoder, contexts: &mut learnt }, &mut numbers);
        let bytes = learnt.to_bytes(4);
        let mut back = contexts();
        back.start_from(&bytes, 6);
        assert_eq!(back.to_bytes(4), bytes);
    }
}

//! The context mixer of the dense walk: each decision of the tree is mixed from distributions
//! around the predictions and from adaptive bits under several contexts.
//!
//! In: predictions of a sample, its contexts, and the sample when writing. Out: the sample.
//! Bit-exact: `f32` additions, multiplications and divisions in a fixed order (decision record
//! 0001).
//! Source: our own; see `dense_walk`, also for how constants were tuned.

use super::decision_tree::{Decision, NODES, code_sample};
use super::logistic::LogisticTables;
use super::predictor::PREDICTIONS;
use tintype_entropy::{AdaptiveBit, BitWalk};

/// Contexts of adaptive bits, the last two of them for small pictures only.
pub(super) const CONTEXTS: usize = 13;

/// Distributions: one for each prediction, two more scales for the last.
pub(super) const SCALES: usize = PREDICTIONS + 2;

/// Choices of mixer weights.
pub(super) const SETS: usize = 4;

/// Inputs of a mixer: a constant, distributions, adaptive bits; the rest is zero.
const INPUTS: usize = 24;

/// Values of one context.
pub(super) const VALUES: usize = 1024;

/// Weight vectors of one choice.
const WEIGHTS: usize = 32;

/// The mixers' constant input.
const CONSTANT: f32 = 0.3;

/// First weights of distributions and of adaptive bits: their sum is near 1.75, as inputs
/// agree only in part.
const WEIGHT_SCALE: f32 = 0.14;
const WEIGHT_BIT: f32 = 0.07;

/// Learning rates: of weights, of the last mixer's weights, of a knot.
const RATE: f32 = 0.006;
/// Added to the first at the start, half of it after 20 000 decisions: −1 % on emoji/train.
const RATE_FIRST: f32 = 0.024;
const RATE_LAST: f32 = 0.003;
const RATE_KNOT: f32 = 0.015;

/// Shares in the result of the mixed probability and of the curve's.
const MIXED: f32 = 0.6;
const REFINED: f32 = 0.4;

/// Mixed log-odds stay within this.
const LOG_ODDS_MAX: f32 = 11.0;

/// Count at which the windows of adaptive bits stop growing.
const LIMIT: u32 = 250;

/// A bit that was seen `n` times enters with weight `n / (n + TRUST)`. On emoji/train 3 costs 0.3 %,
/// on photographs nothing; equal weights cost 0.1 % there.
const TRUST: f32 = 1.0;

/// Count past which sums of absolute errors are halved.
const SCALE_LIMIT: f32 = 400.0;

/// Scale of a logistic distribution from its mean absolute error: 2 ln 2 is 1.386.
const INVERSE_SCALE: f32 = 1.386;

/// Farther away than any sample.
const FAR: f32 = 1e9;

/// Indices into the statistics of one sample's decisions, and of the bias.
pub(super) struct SampleContexts {
    /// Of adaptive bits.
    pub bits: [usize; CONTEXTS],
    /// Level of activity.
    pub level: usize,
    /// Of mixer weights.
    pub sets: [usize; SETS],
    /// Of the distributions' scales.
    pub scales: [usize; SCALES],
    pub bias: [usize; 2],
    /// How many of `bits` there are.
    pub count: usize,
}

/// All that adapts to decisions.
pub(super) struct ContextMixer {
    bits: Vec<AdaptiveBit>,
    weights: Vec<[f32; INPUTS]>,
    last_weights: Vec<[f32; SETS]>,
    /// Sums and counts of absolute errors.
    scales: Vec<[(f32, f32); 256]>,
    curves: Vec<[f32; ContextMixer::KNOTS]>,
    logistic: &'static LogisticTables,
    /// Decisions so far; in `f32`, which counts up to 2^24.
    decisions: f32,
}

/// The distributions of one sample, on the side of the tree it is on.
struct Distributions {
    centre: [f32; SCALES],
    inverse: [f32; SCALES],
    below: bool,
}

impl Distributions {
    /// Turns to the side below the split.
    #[inline(always)]
    fn flip(&mut self) {
        if !self.below {
            self.below = true;
            self.centre = self.centre.map(|c| -c);
        }
    }
}

/// What the mixers make of a decision's inputs.
struct Mixed {
    outputs: [f32; SETS],
    probabilities: [f32; SETS],
    /// Log-odds of the last mixer, and their probability.
    log_odds: f32,
    probability: f32,
}

impl ContextMixer {
    /// Levels of activity for which curves refine the mixed probability.
    const LEVELS: usize = 40;
    /// Knots of a curve, half a unit of log-odds apart.
    const KNOTS: usize = 33;

    pub fn new(max: i32) -> Self {
        let logistic = LogisticTables::get();
        let mut weights = [0f32; INPUTS];
        weights[1..1 + SCALES].fill(WEIGHT_SCALE);
        weights[1 + SCALES..1 + SCALES + CONTEXTS].fill(WEIGHT_BIT);
        let mut curve = [0f32; Self::KNOTS];
        for (k, knot) in curve.iter_mut().enumerate() {
            *knot = logistic.above((16.0 - k as f32) * 0.5);
        }
        Self {
            bits: vec![AdaptiveBit::default(); CONTEXTS * VALUES * NODES],
            weights: vec![weights; SETS * WEIGHTS * NODES],
            last_weights: vec![[1.0 / SETS as f32; SETS]; NODES],
            scales: first_scales(max),
            curves: vec![curve; NODES * Self::LEVELS],
            logistic,
            decisions: 0.0,
        }
    }

    /// Codes `sample` in `0..=max`.
    #[inline(always)]
    pub fn code<W: BitWalk>(
        &mut self,
        walk: &mut W,
        contexts: &SampleContexts,
        predictions: &[f32; PREDICTIONS],
        max: i32,
        sample: i32,
    ) -> i32 {
        let base = split(predictions);
        let mut scale = [0f32; SCALES];
        for k in 0..SCALES {
            let (sum, count) = self.scales[k][contexts.scales[k]];
            scale[k] = sum / count;
        }
        let inverse = scale.map(|v| INVERSE_SCALE / (v + 0.02));
        let own = |k: usize| predictions[k.min(PREDICTIONS - 1)];
        let start = base as f32 - 0.5;
        let mut distributions = Distributions { centre: [0.0; SCALES], inverse, below: false };
        for k in 0..SCALES {
            distributions.centre[k] = own(k) - start;
        }
        let sample = code_sample(shift(contexts.level), base, max, sample, |decision, bit| {
            if decision.side == Some(false) {
                distributions.flip();
            }
            self.decide(walk, contexts, &distributions, &decision, bit)
        });
        for k in 0..SCALES {
            let entry = &mut self.scales[k][contexts.scales[k]];
            *entry = (entry.0 + (sample as f32 - own(k)).abs(), entry.1 + 1.0);
            if entry.1 > SCALE_LIMIT {
                *entry = (entry.0 * 0.5, entry.1 * 0.5);
            }
        }
        sample
    }

    /// One decision; distances are from the split.
    #[inline(always)]
    fn decide<W: BitWalk>(
        &mut self,
        walk: &mut W,
        contexts: &SampleContexts,
        distributions: &Distributions,
        decision: &Decision,
        bit: bool,
    ) -> bool {
        let node = decision.node;
        let mut inputs = [0f32; INPUTS];
        inputs[0] = CONSTANT;
        self.add_distributions(&mut inputs, distributions, decision);
        let mut at = [0usize; CONTEXTS];
        for k in 0..contexts.count {
            at[k] = (k * VALUES + contexts.bits[k]) * NODES + node;
            let (p, seen) = (self.bits[at[k]].p1() as f32, self.bits[at[k]].count() as f32);
            inputs[1 + SCALES + k] = self.logistic.ln(p / (65536.0 - p)) * (seen / (seen + TRUST));
        }
        let mixed = self.mix(contexts, node, &inputs);

        // A curve from predicted to observed probability, by node and activity.
        let position = (mixed.log_odds.clamp(-7.99, 7.99) + 8.0) * 2.0;
        let (knot, part) = (position as usize, position - (position as usize) as f32);
        let curve = node * Self::LEVELS + contexts.level.min(Self::LEVELS - 1);
        let knots = &self.curves[curve];
        let refined = knots[knot] + (knots[knot + 1] - knots[knot]) * part;
        let probability = mixed.probability * MIXED + refined * REFINED;
        let p1 = ((probability * 65536.0) as i32).clamp(12, 65524) as u32;
        let bit = walk.bit(bit, p1);

        let target = if bit { 1.0 } else { 0.0 };
        let value = &mut self.curves[curve][knot + usize::from(part > 0.5)];
        *value += (target - *value) * RATE_KNOT;
        let error = (target - mixed.probability) * RATE_LAST;
        let rate = RATE + RATE_FIRST / (1.0 + self.decisions * (1.0 / 20_000.0));
        self.decisions += 1.0;
        for m in 0..SETS {
            self.last_weights[node][m] += error * mixed.outputs[m];
            let step = (target - mixed.probabilities[m]) * rate;
            let weights = &mut self.weights[(m * WEIGHTS + contexts.sets[m]) * NODES + node];
            for k in 0..INPUTS {
                weights[k] += step * inputs[k];
            }
        }
        for &at in &at[..contexts.count] {
            self.bits[at].update(bit, LIMIT);
        }
        bit
    }

    /// Log-odds of the decision under each distribution, given the decisions before.
    #[inline(always)]
    fn add_distributions(
        &self,
        inputs: &mut [f32; INPUTS],
        distributions: &Distributions,
        decision: &Decision,
    ) {
        let edge = |e: i32| match e {
            i32::MIN => -FAR,
            i32::MAX => FAR,
            e => e as f32,
        };
        let edges = (edge(decision.low), edge(decision.middle), edge(decision.high));
        for k in 0..SCALES {
            let above = |edge: f32| {
                self.logistic.above((edge - distributions.centre[k]) * distributions.inverse[k])
            };
            let (low, middle, high) = (above(edges.0), above(edges.1), above(edges.2));
            let ratio = (middle - high + 1e-9) / (low - middle + 1e-9);
            inputs[1 + k] = self.logistic.ln(ratio.clamp(1e-5, 1e5));
        }
    }

    /// Mixes the inputs under each choice of weights, and those results once more.
    #[inline(always)]
    fn mix(&self, contexts: &SampleContexts, node: usize, inputs: &[f32; INPUTS]) -> Mixed {
        let mut outputs = [0f32; SETS];
        let mut probabilities = [0f32; SETS];
        for m in 0..SETS {
            let weights = &self.weights[(m * WEIGHTS + contexts.sets[m]) * NODES + node];
            let mut lanes = [0f32; 8];
            for k in 0..8 {
                lanes[k] = weights[k] * inputs[k]
                    + weights[k + 8] * inputs[k + 8]
                    + weights[k + 16] * inputs[k + 16];
            }
            let dot = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
                + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
            outputs[m] = dot.clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX);
            probabilities[m] = self.logistic.above(-outputs[m]);
        }
        let last = &self.last_weights[node];
        let dot = (outputs[0] * last[0] + outputs[1] * last[1])
            + (outputs[2] * last[2] + outputs[3] * last[3]);
        let log_odds = dot.clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX);
        Mixed { outputs, probabilities, log_odds, probability: self.logistic.above(-log_odds) }
    }
}

/// Sums and counts of absolute errors before anything was coded: twice the middle of each
/// bucket.
fn first_scales(max: i32) -> Vec<[(f32, f32); 256]> {
    let start = |bucket: usize| {
        // The middle of the bucket of `activity_level`, in samples.
        let octave = (bucket / 4) as u32;
        let value = f32::from(4u8 + (bucket % 4) as u8) * (1u64 << octave.min(24)) as f32 * 0.5;
        (value * (1.0 / 16.0)).min(max as f32 + 1.0)
    };
    let table: Vec<(f32, f32)> = (0..256).map(|b| (start(b.min(60)) * 2.0, 2.0)).collect();
    let mut scales = vec![[(0.0, 0.0); 256]; SCALES];
    for (k, entry) in scales.iter_mut().enumerate() {
        for b in 0..256 {
            // The last two are found by a third of the level, and one other class.
            entry[b] = match k {
                5 => table[b / 16 * 3],
                6 => table[b / 8 * 3],
                _ => table[b],
            };
        }
    }
    scales
}

/// The smallest sample above the mean of the predictions.
#[inline(always)]
pub(super) fn split(predictions: &[f32; PREDICTIONS]) -> i32 {
    let mean = predictions[PREDICTIONS - 1];
    let whole = mean as i32;
    if whole as f32 >= mean { whole } else { whole + 1 }
}

/// The base-2 logarithm of the steps in which distances are counted at this level of activity.
#[inline(always)]
pub(super) fn shift(level: usize) -> u32 {
    (level.saturating_sub(14) / 4).min(12) as u32
}

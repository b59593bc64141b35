//! The tree of decisions of one sample in the dense walk, each decision mixed from distributions and adaptive bits.
//!
//! In: predictions of the sample, contexts, and the sample when writing. Out: the sample.
//! Bit-exact: `f32` additions, multiplications and divisions in a fixed order (decision record 0001).
//! Source: our own; see `dense`.

use super::dense::VOICES;
use super::spread::Spread;
use super::tree::{Decision, NODES, code_sample};
use tintype_entropy::{AdaptiveBit, BitWalk};

/// Contexts of adaptive bits.
pub(super) const CONTEXTS: usize = 11;
/// Distributions: one for each voice, two more scales for the last.
pub(super) const SPREADS: usize = VOICES + 2;
/// Inputs of a mixer: a constant, distributions, adaptive bits; the rest is zero.
const INPUTS: usize = 24;
/// Choices of mixer weights.
const SETS: usize = 4;
/// Further away than any sample.
const FAR: f32 = 1e9;
/// Values of one context.
const VALUES: usize = 1024;

/// Where a sample's decisions find their statistics.
pub(super) struct Place {
    pub contexts: [usize; CONTEXTS],
    pub level: usize,
    pub sets: [usize; SETS],
    pub scales: [usize; SPREADS],
    pub bias: [usize; 2],
}

/// All that is learned about decisions.
pub(super) struct Opinions {
    bits: Vec<AdaptiveBit>,
    mixers: Vec<[f32; INPUTS]>,
    last: Vec<[f32; 4]>,
    /// Sum and count of absolute errors.
    scales: Vec<[(f32, f32); 256]>,
    refine: Vec<[f32; 33]>,
    spread: &'static Spread,
}

/// The distributions of one sample, on the side of the tree it is on.
struct Sides {
    centre: [f32; SPREADS],
    inverse: [f32; SPREADS],
    below: bool,
}

impl Sides {
    /// Turns to the side below the split.
    #[inline(always)]
    fn flip(&mut self) {
        if !self.below {
            self.below = true;
            self.centre = self.centre.map(|c| -c);
        }
    }
}

impl Opinions {
    pub fn new(max: i32) -> Self {
        let mut first = [0f32; INPUTS];
        for k in 0..SPREADS {
            first[1 + k] = 0.14;
        }
        for k in 0..CONTEXTS {
            first[1 + SPREADS + k] = 0.07;
        }
        let start = |bucket: usize| {
            // The middle of the bucket of `quarter_log`, in samples.
            let octave = (bucket / 4) as u32;
            let value = f32::from(4u8 + (bucket % 4) as u8) * (1u64 << octave.min(24)) as f32 * 0.5;
            (value * (1.0 / 16.0)).min(max as f32 + 1.0)
        };
        let mut curve = [0f32; 33];
        for (k, v) in curve.iter_mut().enumerate() {
            *v = Spread::get().above((16.0 - k as f32) * 0.5);
        }
        let table: Vec<(f32, f32)> = (0..256).map(|b| (start(b.min(60)) * 2.0, 2.0)).collect();
        let mut scales = vec![[(0.0, 0.0); 256]; SPREADS];
        for (k, entry) in scales.iter_mut().enumerate() {
            for b in 0..256 {
                entry[b] = match k {
                    5 => table[b / 16 * 3],
                    6 => table[b / 8 * 3],
                    _ => table[b],
                };
            }
        }
        Self {
            bits: vec![AdaptiveBit::default(); CONTEXTS * VALUES * NODES],
            mixers: vec![first; SETS * 32 * NODES],
            last: vec![[1.0 / SETS as f32; 4]; NODES],
            scales,
            refine: vec![curve; NODES * 40],
            spread: Spread::get(),
        }
    }

    /// One decision; distances are from the split.
    #[inline(always)]
    fn decide<W: BitWalk>(
        &mut self,
        walk: &mut W,
        place: &Place,
        sides: &Sides,
        decision: &Decision,
        bit: bool,
    ) -> bool {
        let node = decision.node;
        let edge = |e: i32| match e {
            i32::MIN => -FAR,
            i32::MAX => FAR,
            e => e as f32,
        };
        let edges = (edge(decision.low), edge(decision.middle), edge(decision.high));
        let mut inputs = [0f32; INPUTS];
        inputs[0] = 0.3;
        for k in 0..SPREADS {
            let above = |edge: f32| self.spread.above((edge - sides.centre[k]) * sides.inverse[k]);
            let (low, middle, high) = (above(edges.0), above(edges.1), above(edges.2));
            let ratio = (middle - high + 1e-9) / (low - middle + 1e-9);
            inputs[1 + k] = self.spread.ln(ratio.clamp(1e-5, 1e5));
        }
        let mut at = [0usize; CONTEXTS];
        for k in 0..CONTEXTS {
            at[k] = (k * VALUES + place.contexts[k]) * NODES + node;
            let (p, seen) = (self.bits[at[k]].p1() as f32, self.bits[at[k]].count() as f32);
            // What has been seen little says little.
            inputs[1 + SPREADS + k] = self.spread.ln(p / (65536.0 - p)) * (seen / (seen + 3.0));
        }
        let mut outputs = [0f32; SETS];
        let mut chances = [0f32; SETS];
        for m in 0..SETS {
            let weights = &self.mixers[(m * 32 + place.sets[m]) * NODES + node];
            let mut lanes = [0f32; 8];
            for k in 0..8 {
                lanes[k] = weights[k] * inputs[k]
                    + weights[k + 8] * inputs[k + 8]
                    + weights[k + 16] * inputs[k + 16];
            }
            let dot = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
                + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
            outputs[m] = dot.clamp(-11.0, 11.0);
            chances[m] = self.spread.above(-outputs[m]);
        }
        let last = &self.last[node];
        let dot = (outputs[0] * last[0] + outputs[1] * last[1])
            + (outputs[2] * last[2] + outputs[3] * last[3]);
        let dot = dot.clamp(-11.0, 11.0);
        let mixed = self.spread.above(-dot);
        let position = (dot.clamp(-7.99, 7.99) + 8.0) * 2.0;
        let (knot, part) = (position as usize, position - (position as usize) as f32);
        let curve = &self.refine[node * 40 + place.level.min(39)];
        let refined = curve[knot] + (curve[knot + 1] - curve[knot]) * part;
        let chance = mixed * 0.6 + refined * 0.4;
        let p1 = ((chance * 65536.0) as i32).clamp(12, 65524) as u32;
        let bit = walk.bit(bit, p1);

        let target = if bit { 1.0 } else { 0.0 };
        let knot = knot + usize::from(part > 0.5);
        let value = &mut self.refine[node * 40 + place.level.min(39)][knot];
        *value += (target - *value) * 0.015;
        let error = (target - mixed) * 0.003;
        for m in 0..SETS {
            self.last[node][m] += error * outputs[m];
            let step = (target - chances[m]) * 0.006;
            let weights = &mut self.mixers[(m * 32 + place.sets[m]) * NODES + node];
            for k in 0..INPUTS {
                weights[k] += step * inputs[k];
            }
        }
        for k in 0..CONTEXTS {
            self.bits[at[k]].update(bit, 250);
        }
        bit
    }

    /// Codes `sample` in `0..=max`.
    #[inline(always)]
    pub fn code<W: BitWalk>(
        &mut self,
        walk: &mut W,
        place: &Place,
        voices: &[f32; VOICES],
        max: i32,
        sample: i32,
    ) -> i32 {
        let base = split(voices);
        let mut scale = [0f32; SPREADS];
        for k in 0..SPREADS {
            let (sum, count) = self.scales[k][place.scales[k]];
            scale[k] = sum / count;
        }
        let inverse = scale.map(|v| 1.386 / (v + 0.02));
        let own = |k: usize| voices[k.min(VOICES - 1)];
        let start = base as f32 - 0.5;
        let mut sides = Sides { centre: [0.0; SPREADS], inverse, below: false };
        for k in 0..SPREADS {
            sides.centre[k] = own(k) - start;
        }
        let sample = code_sample(shift(place.level), base, max, sample, |decision, bit| {
            if decision.side == Some(false) {
                sides.flip();
            }
            self.decide(walk, place, &sides, &decision, bit)
        });
        for k in 0..SPREADS {
            let entry = &mut self.scales[k][place.scales[k]];
            *entry = (entry.0 + (sample as f32 - own(k)).abs(), entry.1 + 1.0);
            if entry.1 > 400.0 {
                *entry = (entry.0 * 0.5, entry.1 * 0.5);
            }
        }
        sample
    }
}

/// The smallest sample above the mean of the voices.
#[inline(always)]
pub(super) fn split(voices: &[f32; VOICES]) -> i32 {
    let mean = voices[VOICES - 1];
    let whole = mean as i32;
    if whole as f32 >= mean { whole } else { whole + 1 }
}

/// The base-2 logarithm of the steps in which distances are counted at this level of activity.
#[inline(always)]
pub(super) fn shift(level: usize) -> u32 {
    (level.saturating_sub(14) / 4).min(12) as u32
}

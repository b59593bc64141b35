//! The default kind: samples of the shared walk under summed frequency tables.
//!
//! In: sites with their predictions. Out: symbols of residuals, each under four tables that adapt.
//! Bit-exact: integers, and `f32` additions, multiplications and divisions in a fixed order
//! (decision record 0001).

use super::activity::activity_levels;
use super::bias::Biases;
use super::frequency::{CENTRE, FrequencyTable, FrequencyTables, SYMBOLS};
use super::match_model::MatchModel;
use super::pixel_walk::{Coded, ROWS, SampleCoder, Site, Wanted, whole, wholes};
use fearless_simd::{Select, Simd, SimdBase, SimdCvtFloat, f32x8, i32x8, mask32x8};
use std::sync::OnceLock;
use tintype_entropy::{AdaptiveBit, FrequencyWalk};

/// Levels of activity, see [`activity_levels`].
const LEVELS: usize = 48;

// Where each kind of frequency table starts. Two more kinds, by the pair of neighbouring
// residuals and by the form of the neighbourhood, cost 0.2 % each and were left out; one by N as
// that by W saved 0.4 % on photos/valid for a seventh of the instructions.

/// By activity and the prediction's fraction.
const BY_LEVEL: usize = 0;
/// By activity, fraction, and texture or the reference plane's residual here.
const BY_TEXTURE: usize = BY_LEVEL + LEVELS * 4;
/// By the symbol that the sample at W would be, and the step expected from there.
const BY_WEST: usize = BY_TEXTURE + 16 * 64;
/// By the symbol that the match model's sample would be, its hits, and the fraction.
const BY_MATCH: usize = BY_WEST + 15 * SYMBOLS;
/// Number of tables.
const TABLES: usize = BY_MATCH + 4 * SYMBOLS * 4;

/// Totals past which tables decay, in that order. Together they must stay below 65 536. Not
/// tuned.
pub(super) const LIMITS: [u16; 4] = [16000, 14000, 14000, 16000];

/// Count at which the windows of adaptive low bits stop growing. Not tuned.
const LIMIT_LOW: u32 = 255;

/// The same for the escape beyond the symbols, which is rare. Not tuned.
const LIMIT_ESCAPE: u32 = 60;

/// Octaves of the escape: no residual needs more.
const OCTAVES: usize = 18;

/// What all planes with references share, and all planes without.
pub(super) struct BlendModel {
    tables: FrequencyTables,
    matches: MatchModel,
    escape: [AdaptiveBit; OCTAVES],
    low: Vec<AdaptiveBit>,
    /// In sixteenths of a sample step.
    bias: Biases,
}

impl BlendModel {
    pub fn new() -> Self {
        // The first tables are the same for all tiles, and cost more than an icon's samples.
        static FIRST: OnceLock<FrequencyTables> = OnceLock::new();
        Self {
            tables: FIRST.get_or_init(|| FrequencyTables::new(TABLES, first_table)).clone(),
            matches: MatchModel::new(),
            escape: [AdaptiveBit::default(); OCTAVES],
            low: vec![AdaptiveBit::default(); 16 * SYMBOLS],
            bias: Biases::new(),
        }
    }

    /// Codes a residual, its increments spread by `kernel`: the symbol of its steps of `2^shift`, an escape beyond the symbols,
    /// lower bits.
    #[inline(always)]
    fn code<S: Simd, W: FrequencyWalk>(
        &mut self,
        simd: S,
        walk: &mut W,
        contexts: [usize; 4],
        (shift, kernel): (u32, usize),
        residual: i32,
    ) -> i32 {
        let steps = residual >> shift;
        let symbol = (steps + CENTRE).clamp(0, SYMBOLS as i32 - 1) as usize;
        let symbol = self.tables.code(simd, walk, contexts, LIMITS, kernel, symbol);
        let mut value = symbol as i32 - CENTRE;
        if symbol == 0 {
            value -= self.code_escape(walk, -CENTRE - steps);
        } else if symbol == SYMBOLS - 1 {
            value += self.code_escape(walk, steps - (SYMBOLS as i32 - 1 - CENTRE));
        }
        value <<= shift;
        if shift > 0 {
            let under = shift - 1;
            let first = self.low[shift as usize * SYMBOLS + symbol].code(
                walk,
                residual >> under & 1 != 0,
                LIMIT_LOW,
            );
            let rest = walk.bits_16((residual & ((1 << under) - 1)) as u32, under);
            value += (i32::from(first) << under) + rest as i32;
        }
        value
    }

    /// Codes `value`, 0 or more: the octave of `value + 1` in unary, then its lower bits.
    #[cold]
    fn code_escape<W: FrequencyWalk>(&mut self, walk: &mut W, value: i32) -> i32 {
        let value = value + 1;
        let mut octave = 0;
        while octave < OCTAVES && self.escape[octave].code(walk, value >> (octave + 1) > 0, LIMIT_ESCAPE)
        {
            octave += 1;
        }
        let low = walk.bits((value & ((1 << octave) - 1)) as u32, octave as u32);
        (1 << octave) + low as i32 - 1
    }
}

/// How many bits of a residual at this level of activity lie below its symbol: from level 17
/// on, so that 32 symbols cover nearly all residuals. Not tuned.
#[inline(always)]
fn shift(level: usize) -> u32 {
    (level as u32).saturating_sub(13) / 4
}

/// From so many pixels on, planes with two references have statistics apart from those with one.
/// They save 1.2 % on photos/valid and cost 4 % on icons of 64 × 64 pixels; sizes between were not
/// measured.
const PIXELS_OF_THREE: usize = 1 << 15;

/// Codes samples as symbols.
pub(super) struct BlendCoder<'a, W> {
    walk: &'a mut W,
    /// Of planes without references, with one, and with more.
    models: Vec<BlendModel>,
}

impl<'a, W: FrequencyWalk> BlendCoder<'a, W> {
    /// For a tile of `pixels` pixels.
    pub fn new(walk: &'a mut W, pixels: usize) -> Self {
        let models = if pixels < PIXELS_OF_THREE { 2 } else { 3 };
        Self { walk, models: (0..models).map(|_| BlendModel::new()).collect() }
    }
}

/// What is known of eight samples before any of them is coded.
struct Known<S: Simd> {
    level: i32x8<S>,
    /// Index of the bias, and of the match model's entry.
    bias: [i32; ROWS],
    matched: [i32; ROWS],
    /// The prediction in sixteenths, and the whole step that it is nearest to.
    prediction: i32x8<S>,
    base: i32x8<S>,
    /// -1 where the prediction is below that step, else 1: differences are multiplied by it, so
    /// that tables see one half only.
    turn: i32x8<S>,
    /// How many bits of a residual lie below its symbol.
    shift: i32x8<S>,
    /// The four tables of each sample.
    contexts: [[i32; ROWS]; 4],
}

impl<S: Simd> Known<S> {
    #[inline(always)]
    fn new(simd: S, site: &Site<S>, model: &BlendModel) -> Self {
        let (r, alone) = (site.residual, site.references == 0);
        let splat = |v: i32| i32x8::splat(simd, v);
        let float = |v: f32| f32x8::splat(simd, v);
        let Site { w, n, nw, ne, .. } = *site;
        let level = level(simd, site);

        // The mean residual where the same differences had the same signs corrects the
        // prediction.
        let bends = [
            w.simd_lt(n),
            n.simd_lt(nw),
            n.simd_lt(ne),
            site.blended.simd_lt(w + w - site.ww),
            site.blended.simd_lt(n + n - site.nn),
        ];
        let sign = float(0.6).simd_lt(r).select(splat(2), splat(0))
            | r.simd_lt(float(-0.6)).select(splat(1), splat(0));
        let double = |form: i32x8<S>, bend: mask32x8<S>| (form << 1) | bend.select(splat(1), splat(0));
        let form = bends.into_iter().fold(sign, double);
        // A sixth of the level: exact up to 47.
        let bias = ((form << 3) + ((level * splat(43)) >> 8)).to_array();
        let mut means = [0; ROWS];
        for (mean, &at) in means.iter_mut().zip(&bias) {
            *mean = model.bias.mean(at as usize);
        }
        let most = splat(whole(site.largest) << 4);
        let prediction = wholes(simd, site.blended * 16.0) + i32x8::from_slice(simd, &means);
        let prediction = prediction.max(splat(0)).min(most);
        let base = (prediction + splat(8)) >> 4;
        let fraction = prediction - (base << 4);
        let turn = (fraction >> 31) | splat(1);
        let part = ((fraction * turn) >> 1).min(splat(3));

        let texture = match alone {
            true => (w - nw).abs() + (n - ne).abs() + (nw - n).abs(),
            false => r.abs() * 2.0,
        };
        let texture = (activity_levels(simd, wholes(simd, texture)) >> 2).min(splat(7));
        let along = float(0.0).simd_lt(r * f32x8::float_from(turn));
        let texture = texture + along.select(splat(8), splat(0));
        let step = if alone { n - w } else { site.first[0] - site.first[1] };
        let step = wholes(simd, step.max(float(-7.0)).min(float(7.0))) * turn + splat(7);
        let values = match site.references {
            0 => [w, n, nw],
            1 => [site.first[0], site.first[1], w],
            _ => [float(0.0), site.first[0], site.second],
        };
        let matched = MatchModel::indices(simd, values.map(|v| wholes(simd, v))).to_array();
        let (mut sample, mut hits) = ([0; ROWS], [0; ROWS]);
        for lane in 0..ROWS {
            let entry = model.matches.entry(matched[lane] as usize);
            (sample[lane], hits[lane]) = (i32::from(entry.sample), i32::from(entry.hits));
        }
        let (sample, hits) = (i32x8::from_slice(simd, &sample), i32x8::from_slice(simd, &hits));

        let shift = (level - splat(13)).max(splat(0)) >> 2;
        let symbol_of = |sample: i32x8<S>| symbols(simd, ((sample - base) * turn) >> shift);
        // A third of the level: exact up to 47.
        let third = (level * splat(43)) >> 7;
        let contexts = [
            splat(BY_LEVEL as i32) + (level << 2) + part,
            splat(BY_TEXTURE as i32) + (third << 6) + (texture << 2) + part,
            splat(BY_WEST as i32) + (step << 5) + symbol_of(wholes(simd, w)),
            splat(BY_MATCH as i32) + (((hits << 5) + symbol_of(sample)) << 2) + part,
        ];
        let contexts = contexts.map(|contexts| contexts.to_array());
        Self { level, bias, matched, prediction, base, turn, shift, contexts }
    }
}

/// The symbols of so many steps.
#[inline(always)]
fn symbols<S: Simd>(simd: S, steps: i32x8<S>) -> i32x8<S> {
    let splat = |v: i32| i32x8::splat(simd, v);
    (steps + splat(CENTRE)).max(splat(0)).min(splat(SYMBOLS as i32 - 1))
}

impl<W: FrequencyWalk> SampleCoder for BlendCoder<'_, W> {
    const READS: bool = W::READS;

    #[inline(always)]
    fn code<S: Simd>(&mut self, simd: S, site: &Site<S>, (wanted, lanes): Wanted<'_>) -> Coded<S> {
        let last = self.models.len() - 1;
        let model = &mut self.models[site.references.min(last)];
        let known = Known::new(simd, site, model);
        let splat = |v: i32| i32x8::splat(simd, v);
        let mut residuals = [0; ROWS];
        if !W::READS {
            let wanted = wholes(simd, wanted.load(simd));
            ((wanted - known.base) * known.turn).store_slice(&mut residuals);
        }
        let level = known.level;
        let wider = |least: i32| splat(least - 1).simd_lt(level).select(splat(1), splat(0));
        let kernels = (wider(9) + wider(13) + wider(18)).to_array();
        let shifts = known.shift.to_array();
        for lane in lanes.clone() {
            let contexts = known.contexts.each_ref().map(|contexts| contexts[lane] as usize);
            let spread = (shifts[lane] as u32, kernels[lane] as usize);
            residuals[lane] = model.code(simd, self.walk, contexts, spread, residuals[lane]);
        }
        let samples = known.base + i32x8::from_slice(simd, &residuals) * known.turn;
        let samples = samples.max(splat(0)).min(splat(whole(site.largest)));
        let (values, errors) = (samples.to_array(), ((samples << 4) - known.prediction).to_array());
        for lane in lanes {
            model.matches.update(known.matched[lane] as usize, values[lane]);
            model.bias.update(known.bias[lane] as usize, errors[lane]);
        }
        let predictions = f32x8::float_from(known.prediction) * 0.0625;
        Coded { samples: f32x8::float_from(samples), predictions }
    }
}

/// The levels of a site's activity: four an octave.
#[inline(always)]
fn level<S: Simd>(simd: S, site: &Site<S>) -> i32x8<S> {
    // Weighted means of magnitudes, in eighths of a sample step.
    let scale = if site.references > 0 { 8.0 / 67.0 } else { 8.0 / 47.0 };
    activity_levels(simd, wholes(simd, site.energy * scale)).min(i32x8::splat(simd, LEVELS as i32 - 1))
}

/// A table before anything was coded: what the level of activity lets expect. The totals say
/// how many symbols the expectation weighs; not tuned.
fn first_table(at: usize) -> FrequencyTable {
    let expected = |level: usize, offset: f32, total: f32| {
        let level = level.min(LEVELS - 1);
        // The middle of the level, in eighths of a sample.
        let eighths = (4 + level as i32 % 4) as f32 * (1u32 << (level / 4)) as f32 * 0.5;
        let mean = (eighths - 2.0) * 0.125 / (1u32 << shift(level)) as f32 + 0.08;
        FrequencyTable::expected(mean, offset, total)
    };
    match at {
        BY_WEST.. => expected(16, 0.2, 40.0),
        BY_TEXTURE.. => expected((at - BY_TEXTURE) / 64 * 3 + 1, 0.2, 300.0),
        _ => expected(at / 4, (at % 4) as f32 * 0.125, 300.0),
    }
}

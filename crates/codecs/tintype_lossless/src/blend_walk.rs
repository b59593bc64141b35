//! The default kind: samples of the shared walk under summed frequency tables.
//!
//! In: sites with their predictions. Out: symbols of residuals, each under four tables that adapt.
//! Bit-exact: integers, and `f32` additions, multiplications and divisions in a fixed order
//! (decision record 0001).

use super::activity::activity_level;
use super::bias::Biases;
use super::frequency::{CENTRE, FrequencyTable, FrequencyTables, SYMBOLS};
use super::match_model::MatchModel;
use super::pixel_walk::{SampleCoder, Site, whole};
use fearless_simd::Simd;
use std::sync::OnceLock;
use tintype_entropy::{AdaptiveBit, FrequencyWalk};

/// Levels of activity, see [`activity_level`].
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

    /// Codes a residual: the symbol of its steps of `2^shift`, an escape beyond the symbols,
    /// lower bits.
    #[inline(always)]
    fn code<S: Simd, W: FrequencyWalk>(
        &mut self,
        simd: S,
        walk: &mut W,
        contexts: [usize; 4],
        level: usize,
        residual: i32,
    ) -> i32 {
        let shift = shift(level);
        let steps = residual >> shift;
        let symbol = (steps + CENTRE).clamp(0, SYMBOLS as i32 - 1) as usize;
        let symbol = self.tables.code(simd, walk, contexts, LIMITS, kernel(level), symbol);
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

/// Which kernel spreads increments at this level of activity. Not tuned.
#[inline(always)]
fn kernel(level: usize) -> usize {
    usize::from(level >= 9) + usize::from(level >= 13) + usize::from(level >= 18)
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

impl<W: FrequencyWalk> SampleCoder for BlendCoder<'_, W> {
    const READS: bool = W::READS;
    const FAST: bool = false;

    #[inline(always)]
    fn code<S: Simd>(&mut self, simd: S, site: &Site<'_>, wanted: i32) -> (i32, f32) {
        let last = self.models.len() - 1;
        let model = &mut self.models[site.references.min(last)];
        let level = level(site);
        let r = if site.references > 0 { site.first[0].residual } else { 0.0 };

        // The mean residual where the same differences had the same signs corrects the
        // prediction.
        let [w, n, nw, ne] = [site.w, site.n, site.nw, site.ne].map(|cell| cell.sample);
        let bends = [
            n > w,
            nw > n,
            ne > n,
            2.0 * w - site.ww.sample > site.blended,
            2.0 * n - site.nn.sample > site.blended,
        ];
        let sign = usize::from(r > 0.6) * 2 + usize::from(r < -0.6);
        let form = bends.iter().fold(sign, |form, &bend| form * 2 + usize::from(bend));
        let bias = form * 8 + (level / 6).min(7);
        let largest = whole(site.largest);
        let blended = whole(site.blended * 16.0);
        let prediction = (blended + model.bias.mean(bias)).clamp(0, largest << 4);
        let base = (prediction + 8) >> 4;
        let fraction = prediction - (base << 4);

        // Below the middle of a step all differences are negated, so that tables see one half
        // only.
        let turn = if fraction < 0 { -1 } else { 1 };
        let part = (fraction.unsigned_abs() as usize >> 1).min(3);
        let texture = match site.references {
            0 => texture_class((w - nw).abs() + (n - ne).abs() + (nw - n).abs()),
            _ => texture_class(r.abs() * 2.0) + usize::from(r * turn as f32 > 0.0) * 8,
        };
        let shift = shift(level);
        let symbol_of = |sample: i32| {
            ((((sample - base) * turn) >> shift) + CENTRE).clamp(0, SYMBOLS as i32 - 1) as usize
        };
        let step = |step: f32| ((whole(step) * turn).clamp(-7, 7) + 7) as usize;
        let index = MatchModel::index(site.match_values());
        let matched = model.matches.entry(index);
        let contexts = [
            BY_LEVEL + level * 4 + part,
            BY_TEXTURE + level / 3 * 64 + texture * 4 + part,
            BY_WEST + step(site.expected_step()) * SYMBOLS + symbol_of(whole(w)),
            BY_MATCH
                + (usize::from(matched.hits) * SYMBOLS + symbol_of(i32::from(matched.sample))) * 4
                + part,
        ];
        let distance = model.code(simd, self.walk, contexts, level, (wanted - base) * turn);
        let sample = (base + distance * turn).clamp(0, largest);
        model.matches.update(index, sample);
        model.bias.update(bias, (sample << 4) - prediction);
        (sample, prediction as f32 * 0.0625)
    }
}

/// The level of a site's activity: four an octave.
#[inline(always)]
fn level(site: &Site<'_>) -> usize {
    // Weighted means of magnitudes, in eighths of a sample step.
    let scale = if site.references > 0 { 8.0 / 67.0 } else { 8.0 / 47.0 };
    activity_level(whole(site.energy * scale).unsigned_abs(), LEVELS as u32 - 1) as usize
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

/// Eight classes of `v`, an octave each.
#[inline(always)]
fn texture_class(v: f32) -> usize {
    (activity_level(whole(v).unsigned_abs(), 31) / 4).min(7) as usize
}

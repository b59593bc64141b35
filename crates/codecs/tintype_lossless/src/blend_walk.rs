//! The default walk over a plane: predictions blended by their recent errors, residuals coded
//! under summed frequency tables.
//!
//! In: a plane of samples, up to two reference planes and their residuals. Out: the plane's
//! residuals in quarters of a sample step.
//! Bit-exact: integers, and `f32` additions, multiplications and divisions in a fixed order
//! (decision record 0001).

use super::activity::activity_level;
use super::bias::Biases;
use super::blend::{Blend, predictions};
use super::frequency::{CENTRE, FrequencyTable, FrequencyTables, SYMBOLS};
use super::match_model::{MatchModel, expected_step};
use super::padded_plane::PaddedPlane;
use fearless_simd::{Simd, dispatch};
use tintype_entropy::{AdaptiveBit, FrequencyWalk};
use tintype_image::Level;

/// Levels of activity, see [`activity_level`].
const LEVELS: usize = 48;

// Where each kind of frequency table starts. Two more kinds, by the pair of neighbouring
// residuals and by the form of the neighbourhood, cost 0.2 % each and were left out.

/// By activity and the prediction's fraction.
const BY_LEVEL: usize = 0;
/// By activity, fraction, and texture or the reference plane's residual here.
const BY_TEXTURE: usize = BY_LEVEL + LEVELS * 4;
/// By the symbol that the sample at W would be, and the step expected from there.
const BY_WEST: usize = BY_TEXTURE + 16 * 64;
/// The same for N.
const BY_NORTH: usize = BY_WEST + 15 * SYMBOLS;
/// By the symbol that the match model's sample would be, its hits, and the fraction.
const BY_MATCH: usize = BY_NORTH + 15 * SYMBOLS;
/// Number of tables.
const TABLES: usize = BY_MATCH + 4 * SYMBOLS * 4;

/// Totals past which tables decay, in that order. Together they must stay below 65 536. Not
/// tuned.
pub(super) const LIMITS: [u16; 5] = [14000, 12000, 12000, 12000, 14000];

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
        Self {
            tables: FrequencyTables::new(TABLES, first_table),
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
        contexts: [usize; 5],
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

/// The walk over one plane.
pub(super) struct BlendWalk<'a> {
    max: i32,
    /// Reference planes, latest first.
    samples: Vec<&'a PaddedPlane>,
    /// Their residuals.
    errors: Vec<&'a PaddedPlane>,
    model: &'a mut BlendModel,
}

impl<'a> BlendWalk<'a> {
    /// `samples` and `errors`: up to two reference planes, latest first, and their residuals.
    pub fn new(
        model: &'a mut BlendModel,
        max: i32,
        samples: Vec<&'a PaddedPlane>,
        errors: Vec<&'a PaddedPlane>,
    ) -> Self {
        Self { max, samples, errors, model }
    }

    /// Codes `plane` and returns its residuals in quarters.
    pub fn run<W: FrequencyWalk>(
        mut self,
        level: Level,
        walk: &mut W,
        plane: &mut PaddedPlane,
    ) -> PaddedPlane {
        dispatch!(level, simd => self.code_rows(simd, walk, plane))
    }

    #[inline(always)]
    fn code_rows<S: Simd, W: FrequencyWalk>(
        &mut self,
        simd: S,
        walk: &mut W,
        plane: &mut PaddedPlane,
    ) -> PaddedPlane {
        let (width, s) = (plane.width, plane.stride);
        let mut residuals = PaddedPlane::new(width, plane.height);
        let mut blend = Blend::new(width);
        for y in 0..plane.height {
            plane.begin_row(y);
            residuals.begin_row(y);
            blend.begin_row();
            for x in 0..width {
                let i = plane.at(x, y);
                let predictions = predictions(&plane.data, &self.samples, s, i);
                let blended = blend.blend(simd, x, &predictions) as i32;
                let (sample, residual) =
                    self.code_at(simd, walk, &plane.data, &residuals.data, s, i, blended);
                plane.data[i] = sample;
                residuals.data[i] = residual >> 2;
                blend.update(simd, x, &predictions, sample);
            }
            plane.end_row(y);
            residuals.end_row(y);
        }
        residuals
    }

    /// Codes the sample at `i` of `d`; `e` are residuals in quarters, rows are `s` apart,
    /// `blended` is in sixteenths. Returns the sample and its residual in sixteenths.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn code_at<S: Simd, W: FrequencyWalk>(
        &mut self,
        simd: S,
        walk: &mut W,
        d: &[i32],
        e: &[i32],
        s: usize,
        i: usize,
        blended: i32,
    ) -> (i32, i32) {
        let (w, n, nw, ne) = (d[i - 1], d[i - s], d[i - s - 1], d[i - s + 1]);
        let activity = self.activity(e, s, i);
        let (level, here) = (activity.level, activity.here);

        // The mean residual where the same differences had the same signs corrects the
        // prediction.
        let whole = blended >> 4;
        let bends = [n - w, nw - n, ne - n, 2 * w - d[i - 2] - whole, 2 * n - d[i - 2 * s] - whole];
        let form = bends.iter().fold(activity.sign, |form, &bend| form * 2 + usize::from(bend > 0));
        let bias = form * 8 + (level / 6).min(7);
        let prediction = (blended + self.model.bias.mean(bias)).clamp(0, self.max << 4);
        let base = (prediction + 8) >> 4;
        let fraction = prediction - (base << 4);

        // Below the middle of a step all differences are negated, so that tables see one half
        // only.
        let turn = if fraction < 0 { -1 } else { 1 };
        let part = (fraction.unsigned_abs() as usize >> 1).min(3);

        let texture = if self.errors.is_empty() {
            texture_class((w - nw).abs() + (n - ne).abs() + (nw - n).abs())
        } else {
            texture_class(here.abs() >> 1) + usize::from(here * turn > 0) * 8
        };
        let shift = shift(level);
        let symbol_of = |sample: i32| {
            ((((sample - base) * turn) >> shift) + CENTRE).clamp(0, SYMBOLS as i32 - 1) as usize
        };
        let step =
            |j: usize| ((expected_step(d, &self.samples, s, i, j) * turn).clamp(-7, 7) + 7) as usize;
        let index = MatchModel::index(d, &self.samples, s, i);
        let matched = self.model.matches.entry(index);
        let contexts = [
            BY_LEVEL + level * 4 + part,
            BY_TEXTURE + level / 3 * 64 + texture * 4 + part,
            BY_WEST + step(i - 1) * SYMBOLS + symbol_of(w),
            BY_NORTH + step(i - s) * SYMBOLS + symbol_of(n),
            BY_MATCH
                + (usize::from(matched.hits) * SYMBOLS + symbol_of(i32::from(matched.sample))) * 4
                + part,
        ];
        let distance = self.model.code(simd, walk, contexts, level, (d[i] - base) * turn);
        let sample = (base + distance * turn).clamp(0, self.max);
        self.model.matches.update(index, sample);
        let residual = (sample << 4) - prediction;
        self.model.bias.update(bias, residual);
        (sample, residual)
    }

    /// How large residuals are around sample `i`. Weights by nearness; not tuned one by one.
    #[inline(always)]
    fn activity(&self, e: &[i32], s: usize, i: usize) -> Activity {
        let (ew, en) = (e[i - 1], e[i - s]);
        let mut energy = ew.abs() * 5 + en.abs() * 4 + e[i - s - 1].abs() * 2 + e[i - s + 1].abs() * 3;
        energy += e[i - 2].abs() + e[i - 2 * s].abs();
        let (mut here, mut sign) = (0, 0);
        if let Some(errors) = self.errors.first() {
            let r = &errors.data;
            here = r[i];
            let around = r[i + 1].abs() + r[i + s].abs() + r[i - 1].abs() + r[i - s].abs();
            energy = (energy * 2 + here.abs() * 8 + around * 2) / 3;
            sign = usize::from(here > 2) * 2 + usize::from(here < -2);
        }
        let level = activity_level(energy as u32 >> 3, LEVELS as u32 - 1) as usize;
        Activity { level, here, sign }
    }
}

/// The residuals around a sample.
struct Activity {
    level: usize,
    /// The latest reference plane's residual here.
    here: i32,
    /// Its sign: 2 if clearly positive, 1 if clearly negative.
    sign: usize,
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
fn texture_class(v: i32) -> usize {
    (activity_level(v as u32, 31) / 4).min(7) as usize
}

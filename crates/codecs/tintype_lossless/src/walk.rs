//! The default walk over a plane: predictions blended by their recent errors, residuals under summed counts.
//!
//! In: a plane of samples, up to two planes coded before and their residuals. Out: the plane's residuals in quarters.
//! `f32` additions, multiplications and divisions in a fixed order; see decision record 0001.

use super::blend::{Blend, predictions};
use super::counts::{BINS, CENTRE, Counts, Tables};
use super::grid::Grid;
use super::memory::{Memory, step};
use fearless_simd::{Simd, dispatch};
use tintype_entropy::{AdaptiveBit, FrequencyWalk};
use tintype_image::Level;

/// Levels of activity, see [`quarter_log`].
const LEVELS: usize = 48;
/// Tables of counts, by what they look at: activity and the prediction's fraction ...
const BY_LEVEL: usize = 0;
/// ... texture, or what the plane looked at did here ...
const BY_TEXTURE: usize = BY_LEVEL + LEVELS * 4;
/// ... where the sample at W would lie and how the plane looked at went on from there ...
const BY_WEST: usize = BY_TEXTURE + 16 * 64;
/// ... the same for N ...
const BY_NORTH: usize = BY_WEST + 15 * BINS;
/// ... and where the sample would lie that followed the same values before.
const BY_MEMORY: usize = BY_NORTH + 15 * BINS;
/// How many there are.
const TABLES: usize = BY_MEMORY + 4 * BINS * 4;
/// Totals at which tables forget, in that order.
const LIMITS: [u16; 5] = [14000, 12000, 12000, 12000, 14000];
/// Count at which adaptive windows of low bits stop growing.
const LIMIT_LOW: u32 = 255;
/// Count at which adaptive windows of what lies beyond the symbols stop growing.
const LIMIT_FAR: u32 = 60;
/// Octaves of what lies beyond: no residual needs more.
const OCTAVES: usize = 18;

/// What planes that look at as many others share.
pub(super) struct Model {
    tables: Tables,
    memory: Memory,
    far: [AdaptiveBit; OCTAVES],
    low: Vec<AdaptiveBit>,
    /// Sum and number of residuals in sixteenths.
    bias: Vec<(i32, i32)>,
}

impl Model {
    pub fn new() -> Self {
        let expected = |level: usize, offset: f32, total: f32| {
            let level = level.min(LEVELS - 1);
            // The middle of the level, in eighths of a sample.
            let eighths = (4 + level as i32 % 4) as f32 * (1u32 << (level / 4)) as f32 * 0.5;
            Counts::expected(
                (eighths - 2.0) * 0.125 / (1u32 << shift(level)) as f32 + 0.08,
                offset,
                total,
            )
        };
        let start = |at: usize| match at {
            BY_WEST.. => expected(16, 0.2, 40.0),
            BY_TEXTURE.. => expected((at - BY_TEXTURE) / 64 * 3 + 1, 0.2, 300.0),
            _ => expected(at / 4, (at % 4) as f32 * 0.125, 300.0),
        };
        Self {
            tables: Tables::new(TABLES, start),
            memory: Memory::new(),
            far: [AdaptiveBit::default(); OCTAVES],
            low: vec![AdaptiveBit::default(); 16 * BINS],
            bias: vec![(0, 4); 4096],
        }
    }

    /// Codes how far a residual lies, in steps of `2^shift`, then its lower bits.
    #[inline(always)]
    fn code<S: Simd, W: FrequencyWalk>(
        &mut self,
        simd: S,
        walk: &mut W,
        places: [usize; 5],
        level: usize,
        residual: i32,
    ) -> i32 {
        let shift = shift(level);
        let steps = residual >> shift;
        let symbol = (steps + CENTRE).clamp(0, BINS as i32 - 1) as usize;
        let symbol = self.tables.code(simd, walk, places, LIMITS, kernel(level), symbol);
        let mut value = symbol as i32 - CENTRE;
        if symbol == 0 {
            value -= self.code_far(walk, -CENTRE - steps);
        } else if symbol == BINS - 1 {
            value += self.code_far(walk, steps - (BINS as i32 - 1 - CENTRE));
        }
        value <<= shift;
        if shift > 0 {
            let under = shift - 1;
            let first = self.low[shift as usize * BINS + symbol].code(
                walk,
                residual >> under & 1 != 0,
                LIMIT_LOW,
            );
            let rest = walk.bits_16((residual & ((1 << under) - 1)) as u32, under);
            value += (i32::from(first) << under) + rest as i32;
        }
        value
    }

    /// Codes `value`, 0 or more, with the octaves of `value + 1` in unary.
    #[cold]
    fn code_far<W: FrequencyWalk>(&mut self, walk: &mut W, value: i32) -> i32 {
        let value = value + 1;
        let mut octave = 0;
        while octave < OCTAVES && self.far[octave].code(walk, value >> (octave + 1) > 0, LIMIT_FAR)
        {
            octave += 1;
        }
        let low = walk.bits((value & ((1 << octave) - 1)) as u32, octave as u32);
        (1 << octave) + low as i32 - 1
    }

    /// The mean residual of a context, in sixteenths, rounded down.
    #[inline(always)]
    fn bias(&self, at: usize) -> i32 {
        let (sum, count) = self.bias[at];
        ((i64::from(sum) * i64::from(RECIPROCALS[count as usize & 127])) >> 16) as i32
    }

    #[inline(always)]
    fn learn_bias(&mut self, at: usize, residual: i32) {
        let bias = &mut self.bias[at];
        *bias = (bias.0 + residual, bias.1 + 1);
        if bias.1 >= 128 {
            *bias = (bias.0 / 2, bias.1 / 2);
        }
    }
}

/// How many bits of a residual at this level of activity lie below its symbol.
#[inline(always)]
fn shift(level: usize) -> u32 {
    (level as u32).saturating_sub(13) / 4
}

/// How far increments spread at this level of activity.
#[inline(always)]
fn kernel(level: usize) -> usize {
    usize::from(level >= 9) + usize::from(level >= 13) + usize::from(level >= 18)
}

/// What the walk over one plane refers to and learns.
pub(super) struct PlaneWalk<'a> {
    max: i32,
    samples: Vec<&'a Grid>,
    errors: Vec<&'a Grid>,
    model: &'a mut Model,
}

/// `4 log2(v + 2) - 4` in whole steps, at most `max`.
#[inline(always)]
pub(super) fn quarter_log(v: u32, max: u32) -> u32 {
    let v = v + 2;
    let octave = v.ilog2();
    (octave * 4 + ((v << 2 >> octave) & 3) - 4).min(max)
}

impl<'a> PlaneWalk<'a> {
    /// `samples` and `errors`: the planes coded last, of the same size, latest first, and their residuals.
    pub fn new(
        model: &'a mut Model,
        max: i32,
        samples: Vec<&'a Grid>,
        errors: Vec<&'a Grid>,
    ) -> Self {
        Self { max, samples, errors, model }
    }

    /// Codes `plane` and returns its residuals in quarters.
    pub fn run<W: FrequencyWalk>(mut self, level: Level, walk: &mut W, plane: &mut Grid) -> Grid {
        dispatch!(level, simd => self.code_rows(simd, walk, plane))
    }

    #[inline(always)]
    fn code_rows<S: Simd, W: FrequencyWalk>(
        &mut self,
        simd: S,
        walk: &mut W,
        plane: &mut Grid,
    ) -> Grid {
        let (width, s) = (plane.width, plane.stride);
        let mut residuals = Grid::new(width, plane.height, 0);
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

    /// Codes the sample at `i` of `d`; `e` are residuals in quarters, rows are `s` apart, `blended` is in sixteenths.
    /// Returns the sample and its residual in sixteenths.
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
        let (ew, en) = (e[i - 1], e[i - s]);
        let mut energy =
            ew.abs() * 5 + en.abs() * 4 + e[i - s - 1].abs() * 2 + e[i - s + 1].abs() * 3;
        energy += e[i - 2].abs() + e[i - 2 * s].abs();
        let (mut here, mut sign) = (0, 0);
        if let Some(errors) = self.errors.first() {
            let r = &errors.data;
            here = r[i];
            let around = r[i + 1].abs() + r[i + s].abs() + r[i - 1].abs() + r[i - s].abs();
            energy = (energy * 2 + here.abs() * 8 + around * 2) / 3;
            sign = usize::from(here > 2) * 2 + usize::from(here < -2);
        }
        let level = quarter_log(energy as u32 >> 3, LEVELS as u32 - 1) as usize;

        let whole = blended >> 4;
        let bends = [n - w, nw - n, ne - n, 2 * w - d[i - 2] - whole, 2 * n - d[i - 2 * s] - whole];
        let form = bends.iter().fold(sign, |form, &bend| form * 2 + usize::from(bend > 0));
        let bias = form * 8 + (level / 6).min(7);
        let prediction = (blended + self.model.bias(bias)).clamp(0, self.max << 4);
        let base = (prediction + 8) >> 4;
        let fraction = prediction - (base << 4);
        // Below the middle of a step everything is turned over, so that tables see one half only.
        let turn = if fraction < 0 { -1 } else { 1 };
        let part = (fraction.unsigned_abs() as usize >> 1).min(3);

        let texture = if self.errors.is_empty() {
            octave((w - nw).abs() + (n - ne).abs() + (nw - n).abs(), 31, 4)
        } else {
            octave(here.abs() >> 1, 31, 4) + usize::from(here * turn > 0) * 8
        };
        let shift = shift(level);
        let lies = |sample: i32| {
            ((((sample - base) * turn) >> shift) + CENTRE).clamp(0, BINS as i32 - 1) as usize
        };
        let step = |j: usize| ((step(d, &self.samples, s, i, j) * turn).clamp(-7, 7) + 7) as usize;
        let key = Memory::key(d, &self.samples, s, i);
        let remembered = self.model.memory.at(key);
        let places = [
            BY_LEVEL + level * 4 + part,
            BY_TEXTURE + level / 3 * 64 + texture * 4 + part,
            BY_WEST + step(i - 1) * BINS + lies(w),
            BY_NORTH + step(i - s) * BINS + lies(n),
            BY_MEMORY
                + (usize::from(remembered.hits) * BINS + lies(i32::from(remembered.sample))) * 4
                + part,
        ];
        let distance = self.model.code(simd, walk, places, level, (d[i] - base) * turn);
        let sample = (base + distance * turn).clamp(0, self.max);
        self.model.memory.learn(key, sample);
        let residual = (sample << 4) - prediction;
        self.model.learn_bias(bias, residual);
        (sample, residual)
    }
}

/// [`quarter_log`] up to `max`, in classes of `class`, at most 7.
#[inline(always)]
fn octave(v: i32, max: u32, class: u32) -> usize {
    (quarter_log(v as u32, max) / class).min(7) as usize
}

/// `65536 / n`, rounded down.
static RECIPROCALS: [u16; 128] = {
    let mut table = [0; 128];
    let mut n = 2;
    while n < 128 {
        table[n] = (65536 / n) as u16;
        n += 1;
    }
    table
};

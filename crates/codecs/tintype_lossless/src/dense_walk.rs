//! The dense walk over a plane: least-squares predictions, and every decision mixed from many
//! predictors.
//!
//! In: a plane of samples, up to two reference planes and their residuals. Out: the plane's
//! residuals in quarters of a sample step. Each sample is predicted by least squares over
//! three windows and by the default walk's blend; their error-weighted mean splits the
//! decision tree. The context mixer codes each decision.
//! Bit-exact: `f32` additions, multiplications and divisions in a fixed order (decision record
//! 0001).
//! Source: our own; kin to TMW (B. Meyer, P. Tischer, 1997), Vanilc (I. Matsuda et al.) and M.
//! Mahoney's mixing.
//!
//! Constants here, in `dense_contexts` and in `context_mixer` were tuned on crops of
//! photos/valid: fades, rates, limits and the share of the refinement each move the total by
//! less than 0.2 %.

use super::blend::{Blend, PREDICTORS, predictions};
use super::context_mixer::{ContextMixer, PREDICTIONS, SampleContexts, split};
use super::dense_contexts::Neighbourhood;
use super::features::{FeatureCounts, Features};
use super::least_squares::WindowedLeastSquares;
use super::match_model::{MatchModel, match_values};
use super::padded_plane::{PAD, PaddedPlane};
use super::two_levels::two_levels;
use tintype_entropy::BitWalk;
use tintype_image::Level;

/// The last prediction is the mean of the others.
const MEAN: usize = PREDICTIONS - 1;

/// Weights lost from one sample to the next, of the narrow, the middle and the wide window.
/// Narrower than 0.8 is better for the first: −0.13 % at 0.7.
const FADES: [f32; 3] = [0.7, 0.87, 0.965];

/// Added to the diagonal of the normal equations.
const RIDGE: f32 = 0.3;

/// Count past which sums of the bias are halved.
const BIAS_LIMIT: f32 = 200.0;

/// Features of the narrow, the middle and the wide window, by number of reference planes.
pub(super) const FEATURE_COUNTS: [[FeatureCounts; 3]; 3] = [
    [FeatureCounts(12, 0, 0), FeatureCounts(20, 0, 0), FeatureCounts(20, 0, 0)],
    [FeatureCounts(6, 7, 0), FeatureCounts(12, 9, 0), FeatureCounts(18, 13, 0)],
    [FeatureCounts(5, 5, 4), FeatureCounts(10, 7, 5), FeatureCounts(14, 10, 7)],
];

/// One least-squares window.
struct Window<const NP: usize> {
    squares: WindowedLeastSquares<NP>,
    features: Features,
}

impl<const NP: usize> Window<NP> {
    fn new(width: usize, counts: FeatureCounts, fade: f32) -> Self {
        let features = Features::new(width + 2 * PAD, counts);
        let squares = WindowedLeastSquares::new(width, features.count(), fade, RIDGE);
        Self { squares, features }
    }
}

/// The walk over one plane.
pub(super) struct DenseWalk<'a> {
    level: Level,
    max: i32,
    /// Reference planes, latest first.
    samples: Vec<&'a PaddedPlane>,
    /// Their residuals.
    errors: Vec<&'a PaddedPlane>,
    blend: Blend,
    narrow: Window<16>,
    middle: Window<24>,
    wide: Window<32>,
    /// Absolute errors of each prediction: this row, the row above, the one before.
    deviations: [Vec<[f32; PREDICTIONS]>; 3],
    /// Sums and counts of residuals by context.
    bias: [Vec<(f32, f32)>; 2],
    mixer: ContextMixer,
    matches: MatchModel,
}

/// All that is known of a sample before it is coded.
struct Prepared {
    narrow: [f32; 16],
    middle: [f32; 24],
    wide: [f32; 32],
    /// The mean of W and N, which was taken off the features.
    mean: f32,
    simple: [i32; PREDICTORS],
    predictions: [f32; PREDICTIONS],
    local: [f32; PREDICTIONS],
}

impl<'a> DenseWalk<'a> {
    /// `samples` and `errors`: up to two reference planes, latest first, and their residuals.
    pub fn new(
        level: Level,
        max: i32,
        width: usize,
        samples: Vec<&'a PaddedPlane>,
        errors: Vec<&'a PaddedPlane>,
        before: Option<ContextMixer>,
    ) -> Self {
        let [narrow, middle, wide] = FEATURE_COUNTS[samples.len().min(2)];
        let row = vec![[0.0; PREDICTIONS]; width + 2 * PAD];
        Self {
            level,
            max,
            blend: Blend::new(width),
            narrow: Window::new(width, narrow, FADES[0]),
            middle: Window::new(width, middle, FADES[1]),
            wide: Window::new(width, wide, FADES[2]),
            deviations: [row.clone(), row.clone(), row],
            bias: [vec![(0.0, 4.0); 8192], vec![(0.0, 4.0); 8192]],
            mixer: before.unwrap_or_else(|| ContextMixer::new(max)),
            matches: MatchModel::new(),
            samples,
            errors,
        }
    }

    /// Codes `plane` and returns its residuals in quarters.
    pub fn run<W: BitWalk>(
        mut self,
        walk: &mut W,
        plane: &mut PaddedPlane,
    ) -> (PaddedPlane, ContextMixer) {
        let width = plane.width;
        let mut residuals = PaddedPlane::new(width, plane.height);
        for y in 0..plane.height {
            plane.begin_row(y);
            residuals.begin_row(y);
            self.begin_row(width);
            for x in 0..width {
                self.code_at(walk, plane, &mut residuals, x, y);
            }
            self.narrow.squares.end_row(width);
            self.middle.squares.end_row(width);
            self.wide.squares.end_row(width);
            plane.end_row(y);
            residuals.end_row(y);
        }
        (residuals, self.mixer)
    }

    fn begin_row(&mut self, width: usize) {
        self.blend.begin_row();
        self.deviations.rotate_right(1);
        let (first, last) = (self.deviations[1][PAD], self.deviations[1][PAD + width - 1]);
        self.deviations[1][..PAD].fill(first);
        self.deviations[1][PAD + width..].fill(last);
        self.deviations[0][..PAD].fill(first);
        self.narrow.squares.begin_row(self.level);
        self.middle.squares.begin_row(self.level);
        self.wide.squares.begin_row(self.level);
    }

    #[inline(always)]
    fn code_at<W: BitWalk>(
        &mut self,
        walk: &mut W,
        plane: &mut PaddedPlane,
        residuals: &mut PaddedPlane,
        x: usize,
        y: usize,
    ) {
        let (i, s, max) = (plane.at(x, y), plane.stride, self.max);
        let d = &plane.data;
        let mut prepared = self.prepare(d, s, i, x);
        let near = Neighbourhood { d, e: &residuals.data, s, i };
        let mut contexts =
            SampleContexts::new(&near, &self.errors, &prepared.predictions, &prepared.local);

        let bias = [self.bias[0][contexts.bias[0]], self.bias[1][contexts.bias[1]]];
        let mean = prepared.predictions[MEAN];
        prepared.predictions[MEAN] =
            limited(mean + 0.5 * (bias[0].0 / bias[0].1 + bias[1].0 / bias[1].1), max);

        let index = MatchModel::index(match_values(d, &self.samples, s, i));
        let matched = self.matches.entry(index);
        contexts.add_exact(&near, &self.samples, matched, split(&prepared.predictions));
        let sample = self.mixer.code(walk, &contexts, &prepared.predictions, max, d[i]);

        self.matches.update(index, sample);
        plane.data[i] = sample;
        let error = sample as f32 - prepared.predictions[MEAN];
        residuals.data[i] = (error * 4.0) as i32;
        for (table, &at) in self.bias.iter_mut().zip(&contexts.bias) {
            let entry = &mut table[at];
            *entry = (entry.0 + error, entry.1 + 1.0);
            if entry.1 > BIAS_LIMIT {
                *entry = (entry.0 * 0.5, entry.1 * 0.5);
            }
        }
        self.adapt(x, sample, &mut prepared);
    }

    /// Predicts the sample at `i`, column `x`, of `d`.
    #[inline(always)]
    fn prepare(&mut self, d: &[i32], s: usize, i: usize, x: usize) -> Prepared {
        let mut means = [0.5 * (d[i - 1] + d[i - s]) as f32, 0.0, 0.0];
        for (mean, reference) in means[1..].iter_mut().zip(&self.samples) {
            *mean = 0.5 * (reference.data[i - 1] + reference.data[i - s]) as f32;
        }
        let narrow = self.narrow.features.gather::<16>(d, &self.samples, &means, i);
        let middle = self.middle.features.gather::<24>(d, &self.samples, &means, i);
        let wide = self.wide.features.gather::<32>(d, &self.samples, &means, i);
        self.narrow.squares.begin_sample(self.level, x);
        self.middle.squares.begin_sample(self.level, x);
        self.wide.squares.begin_sample(self.level, x);
        self.narrow.squares.factor(self.level);
        self.middle.squares.factor(self.level);
        // The wide window changes slowly, and factoring it is most of the work.
        if x.is_multiple_of(2) {
            self.wide.squares.factor(self.level);
        }

        let simple = predictions(d, &self.samples, s, i);
        let blended = two_levels!(self.level, simd => self.blend.blend(simd, x, &simple)) * 0.0625;
        let mut predictions = [
            limited(means[0] + self.narrow.squares.predict(self.level, &narrow), self.max),
            limited(means[0] + self.middle.squares.predict(self.level, &middle), self.max),
            limited(means[0] + self.wide.squares.predict(self.level, &wide), self.max),
            limited(blended, self.max),
            0.0,
        ];

        // Weights: the inverse fourth power of the local error, 0.1 of a step at least.
        let local = self.local_errors(x + PAD);
        let (mut sum, mut weight) = (0f32, 0f32);
        for k in 0..MEAN {
            let e = local[k] + 0.1;
            let e = e * e;
            let w = 1.0 / (e * e);
            sum += w * predictions[k];
            weight += w;
        }
        predictions[MEAN] = sum / weight;
        Prepared { narrow, middle, wide, mean: means[0], simple, predictions, local }
    }

    /// Adds the sample just coded to the windows and the errors.
    #[inline(always)]
    fn adapt(&mut self, x: usize, sample: i32, prepared: &mut Prepared) {
        let value = sample as f32;
        for k in 0..PREDICTIONS {
            self.deviations[0][x + PAD][k] = (value - prepared.predictions[k]).abs();
        }
        // Samples where predictions fail, as at edges, weigh less.
        let local = prepared.local[MEAN];
        let weight = 1.0 / (local * local + 3.0);
        let target = value - prepared.mean;
        prepared.narrow[15] = target;
        prepared.middle[23] = target;
        prepared.wide[31] = target;
        self.narrow.squares.update(self.level, &prepared.narrow, weight);
        self.middle.squares.update(self.level, &prepared.middle, weight);
        self.wide.squares.update(self.level, &prepared.wide, weight);
        two_levels!(self.level, simd => self.blend.update(simd, x, &prepared.simple, sample));
    }

    /// The mean absolute error of each prediction around `column`, nearer ones weighing more.
    #[inline(always)]
    fn local_errors(&self, column: usize) -> [f32; PREDICTIONS] {
        let [current, above, before] = &self.deviations;
        let mut out = [0f32; PREDICTIONS];
        for k in 0..PREDICTIONS {
            out[k] = (current[column - 1][k] * 5.0
                + current[column - 2][k] * 2.0
                + above[column][k] * 4.0
                + above[column - 1][k] * 2.0
                + above[column + 1][k] * 3.0
                + above[column + 2][k]
                + before[column][k])
                * (1.0 / 18.0);
        }
        out
    }
}

/// `v` within `0..=max`; what is not a number becomes 0.
#[inline(always)]
fn limited(v: f32, max: i32) -> f32 {
    if v > 0.0 { v.min(max as f32) } else { 0.0 }
}

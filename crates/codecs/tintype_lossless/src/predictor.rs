//! The predictions of kinds dense and fitted: least squares over three windows or two, a blend of
//! simple predictions, and their mean.
//!
//! In: a plane with its border, up to two reference planes. Out: predictions of a sample, and their
//! mean absolute errors nearby.
//! Bit-exact: `f32` additions, multiplications and divisions in a fixed order (decision record
//! 0001).
//! Source: our own; kin to TMW (B. Meyer, P. Tischer, 1997) and Vanilc (I. Matsuda et al.).
//!
//! Constants were tuned on crops of photos/valid: fades and the like each move the total by less than
//! 0.2 %.

use super::blend::{Blend, PREDICTORS, predictions};
use super::features::{FeatureCounts, Features};
use super::least_squares::{BLOCK, WindowedLeastSquares};
use super::padded_plane::{PAD, PaddedPlane};
use fearless_simd::Simd;
use tintype_image::Level;

/// Predictions of a sample: three by least squares, the blend, and their mean.
pub(super) const PREDICTIONS: usize = 5;

/// The last prediction is the mean of the others.
pub(super) const MEAN: usize = PREDICTIONS - 1;

/// What is left of weights from one sample to the next, in the narrow, the middle and the wide
/// window. Narrower than 0.8 is better for the first: −0.13 % at 0.7.
const FADES: [f32; 3] = [0.7, 0.87, 0.965];

/// The same of the middle window without a wide one. Halves of pictures of photos/train: with 0.95
/// 0.1 % more bytes.
const FADE_WIDEST: f32 = 0.92;

/// In every so many columns, a multiple of [`BLOCK`], the wide window is solved; the others are in
/// each block. Solving all of them at every sample saves 0.06 % on halves of pictures of photos/train.
const WIDE_PERIOD: usize = 2 * BLOCK;

/// Added to the diagonal of the normal equations.
const RIDGE: f32 = 0.3;

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

/// What predicts the samples of one plane; without the wide window unless `WIDE`.
pub(super) struct Predictor<'a, const WIDE: bool> {
    level: Level,
    max: i32,
    /// Reference planes, latest first.
    pub references: Vec<&'a PaddedPlane>,
    blend: Blend,
    narrow: Window<16>,
    middle: Window<24>,
    wide: Window<32>,
    /// Absolute errors of each prediction: this row, the row above, the one before.
    deviations: [Vec<[f32; PREDICTIONS]>; 3],
}

/// All that is known of a sample before it is coded.
pub(super) struct Prepared {
    narrow: [f32; 16],
    middle: [f32; 24],
    wide: [f32; 32],
    /// The mean of W and N, which was taken off the features.
    mean: f32,
    simple: [i32; PREDICTORS],
    pub predictions: [f32; PREDICTIONS],
    /// Mean absolute errors of the predictions around.
    pub local: [f32; PREDICTIONS],
}

impl<'a, const WIDE: bool> Predictor<'a, WIDE> {
    /// For samples up to `max` in rows of `width`; `references` are up to two planes coded before,
    /// latest first.
    pub fn new(level: Level, max: i32, width: usize, references: Vec<&'a PaddedPlane>) -> Self {
        let [narrow, middle, wide] = FEATURE_COUNTS[references.len().min(2)];
        let row = vec![[0.0; PREDICTIONS]; width + 2 * PAD];
        Self {
            level,
            max,
            references,
            blend: Blend::new(width),
            narrow: Window::new(width, narrow, FADES[0]),
            middle: Window::new(width, middle, if WIDE { FADES[1] } else { FADE_WIDEST }),
            wide: Window::new(if WIDE { width } else { 0 }, wide, FADES[2]),
            deviations: [row.clone(), row.clone(), row],
        }
    }

    /// To be called before a row of `width`.
    pub fn begin_row(&mut self, width: usize) {
        self.blend.begin_row();
        self.deviations.rotate_right(1);
        let (first, last) = (self.deviations[1][PAD], self.deviations[1][PAD + width - 1]);
        self.deviations[1][..PAD].fill(first);
        self.deviations[1][PAD + width..].fill(last);
        self.deviations[0][..PAD].fill(first);
        self.narrow.squares.begin_row(self.level);
        self.middle.squares.begin_row(self.level);
        if WIDE {
            self.wide.squares.begin_row(self.level);
        }
    }

    /// To be called after a row of `width`.
    pub fn end_row(&mut self, width: usize) {
        self.narrow.squares.end_row(self.level, width);
        self.middle.squares.end_row(self.level, width);
        if WIDE {
            self.wide.squares.end_row(self.level, width);
        }
    }

    /// Predicts the sample at `i`, column `x`, of `d`, whose rows are `s` apart.
    #[inline(always)]
    pub fn prepare<S: Simd>(&mut self, simd: S, d: &[i32], s: usize, i: usize, x: usize) -> Prepared {
        let mut means = [0.5 * (d[i - 1] + d[i - s]) as f32, 0.0, 0.0];
        for (mean, reference) in means[1..].iter_mut().zip(&self.references) {
            *mean = 0.5 * (reference.data[i - 1] + reference.data[i - s]) as f32;
        }
        let narrow = self.narrow.features.gather::<16>(d, &self.references, &means, i);
        let middle = self.middle.features.gather::<24>(d, &self.references, &means, i);
        let wide = match WIDE {
            true => self.wide.features.gather::<32>(d, &self.references, &means, i),
            false => [0.0; 32],
        };
        // Weights change slowly, and solving for them is most of the work.
        if x.is_multiple_of(BLOCK) {
            self.narrow.squares.begin_block(self.level, x);
            self.narrow.squares.solve(self.level);
            self.middle.squares.begin_block(self.level, x);
            self.middle.squares.solve(self.level);
            if WIDE {
                self.wide.squares.begin_block(self.level, x);
            }
            if WIDE && x.is_multiple_of(WIDE_PERIOD) {
                self.wide.squares.solve(self.level);
            }
        }

        let simple = predictions(d, &self.references, s, i);
        let max = self.max as f32;
        let mut predictions = [
            limited(means[0] + self.narrow.squares.predict(simd, &narrow), max),
            limited(means[0] + self.middle.squares.predict(simd, &middle), max),
            if WIDE { limited(means[0] + self.wide.squares.predict(simd, &wide), max) } else { 0.0 },
            limited(self.blend.blend(simd, x, &simple) * 0.0625, max),
            0.0,
        ];

        // Weights: the inverse fourth power of the local error, 0.1 of a step at least.
        let local = self.local_errors(x + PAD);
        let (mut sum, mut weight) = (0f32, 0f32);
        for k in (0..MEAN).filter(|&k| WIDE || k != 2) {
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
    pub fn adapt<S: Simd>(&mut self, simd: S, x: usize, sample: i32, prepared: &mut Prepared) {
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
        self.narrow.squares.update(self.level, &prepared.narrow, weight);
        self.middle.squares.update(self.level, &prepared.middle, weight);
        if WIDE {
            prepared.wide[31] = target;
            self.wide.squares.update(self.level, &prepared.wide, weight);
        }
        self.blend.update(simd, x, &prepared.simple, sample);
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
pub(super) fn limited(v: f32, max: f32) -> f32 {
    if v > 0.0 { v.min(max) } else { 0.0 }
}

//! The dense walk over a plane: every decision on a sample mixed from many predictors.
//!
//! In: a plane of samples, up to two reference planes and their residuals. Out: the plane's
//! residuals in quarters of a sample step. The mean of the predictions of `predictor` splits the
//! decision tree; the context mixer codes each decision.
//! Bit-exact: `f32` additions, multiplications and divisions in a fixed order (decision record
//! 0001).
//! Source: our own; kin to TMW (B. Meyer, P. Tischer, 1997), Vanilc (I. Matsuda et al.) and M.
//! Mahoney's mixing.
//!
//! Constants here, in `dense_contexts` and in `context_mixer` were tuned on crops of
//! photos/valid: rates, limits and the share of the refinement each move the total by less than
//! 0.2 %.

use super::context_mixer::{ContextMixer, SampleContexts, split};
use super::dense_contexts::Neighbourhood;
use super::match_model::{MatchModel, match_values};
use super::padded_plane::{PaddedPlane, References};
use super::predictor::{MEAN, Predictor, limited};
use super::two_levels::two_levels;
use fearless_simd::Simd;
use tintype_entropy::BitWalk;
use tintype_image::Level;

/// Count past which sums of the bias are halved.
const BIAS_LIMIT: f32 = 200.0;

/// Planes of fewer samples are taken for possibly symmetric: −1.8 % on emoji/train.
const SYMMETRIC_BELOW: usize = 1 << 15;

/// The walk over one plane.
pub(super) struct DenseWalk<'a> {
    level: Level,
    max: i32,
    predictor: Predictor<'a, true>,
    /// Residuals of the reference planes, latest first.
    errors: Vec<&'a PaddedPlane>,
    /// Sums and counts of residuals by context.
    bias: [Vec<(f32, f32)>; 2],
    mixer: ContextMixer,
    matches: MatchModel,
}

impl<'a> DenseWalk<'a> {
    /// For samples up to `max` in rows of `width`, with the mixer that the plane before left.
    pub fn new(
        level: Level,
        max: i32,
        width: usize,
        references: References<'a>,
        before: Option<ContextMixer>,
    ) -> Self {
        Self {
            level,
            max,
            predictor: Predictor::new(level, max, width, references.samples),
            errors: references.residuals,
            bias: [vec![(0.0, 4.0); 8192], vec![(0.0, 4.0); 8192]],
            mixer: before.unwrap_or_else(|| ContextMixer::new(max)),
            matches: MatchModel::new(),
        }
    }

    /// Codes `plane` and returns its residuals in quarters.
    pub fn run<W: BitWalk>(
        mut self,
        walk: &mut W,
        plane: &mut PaddedPlane,
    ) -> (PaddedPlane, ContextMixer) {
        let residuals = plane.walked(|plane, residuals, y| {
            self.predictor.begin_row(plane.width);
            two_levels!(self.level, simd => self.code_row(simd, walk, plane, residuals, y));
            self.predictor.end_row(plane.width);
        });
        (residuals, self.mixer)
    }

    #[inline(always)]
    fn code_row<S: Simd, W: BitWalk>(
        &mut self,
        simd: S,
        walk: &mut W,
        plane: &mut PaddedPlane,
        residuals: &mut PaddedPlane,
        y: usize,
    ) {
        let s = plane.stride;
        for x in 0..plane.width {
            let (i, max) = (plane.at(x, y), self.max);
            let d = &plane.data;
            let mut prepared = self.predictor.prepare(simd, d, s, i, x);
            let near = Neighbourhood { d, e: &residuals.data, s, i };
            let references = &self.predictor.references;
            let mut contexts =
                SampleContexts::new(&near, &self.errors, &prepared.predictions, &prepared.local);

            let bias = [self.bias[0][contexts.bias[0]], self.bias[1][contexts.bias[1]]];
            let mean = prepared.predictions[MEAN];
            prepared.predictions[MEAN] =
                limited(mean + 0.5 * (bias[0].0 / bias[0].1 + bias[1].0 / bias[1].1), max as f32);

            let index = MatchModel::index(match_values(d, references, s, i));
            let matched = self.matches.entry(index);
            contexts.add_exact(&near, references, matched, split(&prepared.predictions));
            if plane.width * plane.height < SYMMETRIC_BELOW {
                let (opposite, below) = (plane.width - 1 - x, plane.height - 1 - y);
                let across = (opposite + 1 < x).then(|| plane.at(opposite, y));
                let down = (below + 1 < y).then(|| plane.at(x, below));
                let base = split(&prepared.predictions);
                contexts.add_opposite(&near, references, [across, down], base);
            }
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
            self.predictor.adapt(simd, x, sample, &mut prepared);
        }
    }
}

//! Better latents for one picture, found by the encoder: a few rounds of gradients through the
//! synthesis.
//!
//! The analysis gives latents that are good on average. For this picture, with the symbols of
//! all other latents as they are, the best value of a latent is what it is now less the
//! gradient of half the squared error, over the synthesis' gain for that latent. Every round
//! moves all latents a part of that way from the cheapest choice so far, by bits + λ · error,
//! and chooses symbols anew; a round that finds nothing cheaper halves the part. Samples
//! beyond the picture's edge count for nothing.
//!
//! In: samples of a tile on the 1/8 grid, latents. Out: latents to quantise,
//! `[position][latent]`. Encoder only, floats; not bit-exact. Source: latent refinement
//! (Campos et al. 2019, arXiv 1906.02254; Yang, Bamler, Mandt 2020, arXiv 2006.04240), here as
//! damped coordinate steps.

use super::LATENT_PX;
use super::error::from_nn;
use super::model::NeuralModel;
use tintype_codec::CodecError;
use tintype_image::Level;
use tintype_nn::{FeatureMap, Gradient};

/// Side of a window in latents.
const WINDOW: usize = 32;
/// Part of the way that latents are moved at first.
pub(super) const PART: f32 = 0.5;
/// The synthesis' gain: squared change of normalised samples for a latent's change of 1. Tried
/// on two pictures of photos/valid.
const GAIN: f32 = 0.6;
/// Fraction bits of samples less those of latents, squared: what a gradient in integers is
/// divided by.
const UNITS: f32 = 16.0;
/// Samples lie between minus and plus this.
const SAMPLE_MAX: i16 = 4080;

/// Latents moved a `part` of the way from `analysed` to `target`.
pub(super) fn moved(analysed: &FeatureMap, target: &FeatureMap, part: f32) -> FeatureMap {
    let way =
        |(&t, &g): (&i16, &i16)| (f32::from(t) + part * (f32::from(g) - f32::from(t))).round() as i16;
    FeatureMap { values: analysed.values.iter().zip(&target.values).map(way).collect(), ..*analysed }
}

/// A tile to be met: its samples, of which `inside` (width, height in samples) lie in the
/// picture, at a level of the model.
pub(super) struct Objective<'a> {
    pub(super) model: &'a NeuralModel,
    pub(super) values: FeatureMap,
    pub(super) inside: [usize; 2],
    pub(super) level: usize,
    pub(super) simd: Level,
}

impl Objective<'_> {
    /// The sum of squared errors of `latents` in 8-bit units, and for the search to go on from
    /// them, the best value of each while the others stay.
    pub(super) fn error_and_target(
        &self,
        latents: &FeatureMap,
    ) -> Result<(f64, FeatureMap), CodecError> {
        let synthesis = &self.model.synthesis;
        let mut target = latents.clone();
        let error = self.windows(latents, |part, window| {
            let traced = synthesis.trace(self.simd, part, self.level).map_err(from_nn)?;
            let (gradient, error) = self.difference(traced.result(), &window);
            let pulled = synthesis.backward(self.simd, &traced, gradient).map_err(from_nn)?;
            window.each_latent(|[x, y], [column, row]| {
                let at = (row * pulled.width + column) * pulled.channels;
                let pulled = &pulled.values[at..at + pulled.channels];
                for ((target, &now), g) in
                    target.at_mut(x, y).iter_mut().zip(latents.at(x, y)).zip(pulled)
                {
                    *target = (f32::from(now) - g / (UNITS * GAIN)).round() as i16;
                }
            });
            Ok(error)
        })?;
        Ok((error, target))
    }

    /// The first half of [`Objective::error_and_target`], which takes a third of the time.
    pub(super) fn error(&self, latents: &FeatureMap) -> Result<f64, CodecError> {
        self.windows(latents, |part, window| {
            let made = self.model.synthesis.run(self.simd, part, self.level).map_err(from_nn)?;
            Ok(self.difference(&made, &window).1)
        })
    }

    /// Sums what `work` finds in windows of `latents` with margins.
    fn windows(
        &self,
        latents: &FeatureMap,
        mut work: impl FnMut(FeatureMap, Window) -> Result<f64, CodecError>,
    ) -> Result<f64, CodecError> {
        let margin = self.model.synthesis.margin();
        let mut sum = 0.0;
        for y in (0..latents.height).step_by(WINDOW) {
            for x in (0..latents.width).step_by(WINDOW) {
                let (left, top) = (x.min(margin), y.min(margin));
                let (width, height) = (WINDOW.min(latents.width - x), WINDOW.min(latents.height - y));
                let right = (x + width + margin).min(latents.width);
                let bottom = (y + height + margin).min(latents.height);
                let window = Window { first: [x - left, y - top], own: [left, top, width, height] };
                sum +=
                    work(latents.crop(x - left, y - top, right + left - x, bottom + top - y), window)?;
            }
        }
        Ok(sum)
    }

    /// Decoded less true samples of a window, and the squares of those that are its own.
    fn difference(&self, made: &FeatureMap, window: &Window) -> (Gradient, f64) {
        let fine = LATENT_PX / 8;
        let mut out = Gradient::new(made.height, made.width, made.channels);
        let mut sum = 0.0;
        let [left, top, width, height] = window.own.map(|v| v * fine);
        for y in 0..made.height {
            for x in 0..made.width {
                let (u, v) = (window.first[0] * fine + x, window.first[1] * fine + y);
                let [columns, rows] =
                    [(0, u), (1, v)].map(|(axis, at)| self.inside[axis].saturating_sub(at * 8).min(8));
                let row = &mut out.values[(y * made.width + x) * made.channels..][..made.channels];
                let mut squared = 0i64;
                for (place, ((g, &m), &t)) in
                    row.iter_mut().zip(made.at(x, y)).zip(self.values.at(u, v)).enumerate()
                {
                    if place / 24 < rows && place % 24 / 3 < columns {
                        let apart = i32::from(m.clamp(-SAMPLE_MAX, SAMPLE_MAX)) - i32::from(t);
                        *g = apart as f32;
                        squared += i64::from(apart) * i64::from(apart);
                    }
                }
                if (left..left + width).contains(&x) && (top..top + height).contains(&y) {
                    // Samples have five fraction bits.
                    sum += squared as f64 / 1024.0;
                }
            }
        }
        (out, sum)
    }
}

/// A window of latents with its margin.
struct Window {
    /// Column and row of its first latent in the tile.
    first: [usize; 2],
    /// What is not margin: left, top, width, height in the window.
    own: [usize; 4],
}

impl Window {
    /// Visits the latents that are not margin: column and row in the tile, and in the window.
    fn each_latent(&self, mut visit: impl FnMut([usize; 2], [usize; 2])) {
        let [left, top, width, height] = self.own;
        for row in top..top + height {
            for column in left..left + width {
                visit([self.first[0] + column, self.first[1] + row], [column, row]);
            }
        }
    }
}

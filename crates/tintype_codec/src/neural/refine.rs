//! Better latents for one picture, found by the encoder: a few rounds of gradients through the synthesis.
//!
//! The analysis gives latents that are good on average. For this picture, with the symbols of all other latents as they are, the best
//! value of a latent is what it is now less the gradient of half the squared error, over the synthesis' gain for that latent.
//! Every round moves all latents a part of that way from the cheapest choice so far, by bits + λ · error, and chooses symbols
//! anew; a round that finds nothing cheaper halves the part. Samples beyond the picture's edge count for nothing.
//!
//! In: samples of a tile on the 1/8 grid, latents. Out: latents to quantise, `[position][latent]`. Encoder only, floats; not
//! in the exact zone. Source: latent refinement (Campos et al. 2019, arXiv 1906.02254; Yang, Bamler, Mandt 2020, arXiv
//! 2006.04240), here as damped coordinate steps.

use super::LATENT_PX;
use super::model::{NeuralModel, from_nn};
use crate::CodecError;
use tintype_image::Level;
use tintype_nn::{Gradient, Map};

/// Side of a window in latents.
const WINDOW: usize = 32;
/// Part of the way that latents are moved at first.
pub(super) const PART: f32 = 0.5;
/// The synthesis' gain: squared change of normalised samples for a latent's change of 1. Tried on two pictures of photos/valid.
const GAIN: f32 = 0.6;
/// Fraction bits of samples less those of latents, squared: what a gradient in integers is divided by.
const UNITS: f32 = 16.0;
/// Samples lie between minus and plus this.
const SAMPLE_MAX: i16 = 4080;

/// What a round found.
pub(super) struct Round {
    /// Sum of squared errors, in 8-bit units.
    pub(super) error: f64,
    /// The best value of each latent while the others stay.
    pub(super) goal: Map,
}

/// Latents moved a `part` of the way from `truth` to `goal`.
pub(super) fn moved(truth: &Map, goal: &Map, part: f32) -> Map {
    let way = |(&t, &g): (&i16, &i16)| (f32::from(t) + part * (f32::from(g) - f32::from(t))).round() as i16;
    Map { values: truth.values.iter().zip(&goal.values).map(way).collect(), ..*truth }
}

/// The error of `latents`, and where each should be. `values` are the tile's samples, of which `inside` (width, height in samples) lie
/// in the picture.
pub(super) fn round(
    model: &NeuralModel,
    values: &Map,
    inside: [usize; 2],
    latents: &Map,
    level: usize,
    simd: Level,
) -> Result<Round, CodecError> {
    let margin = model.synthesis.margin();
    let mut goal = latents.clone();
    let mut error = 0.0;
    for y in (0..latents.height).step_by(WINDOW) {
        for x in (0..latents.width).step_by(WINDOW) {
            let (left, top) = (x.min(margin), y.min(margin));
            let (width, height) = (WINDOW.min(latents.width - x), WINDOW.min(latents.height - y));
            let (right, bottom) = ((x + width + margin).min(latents.width), (y + height + margin).min(latents.height));
            let (x0, y0) = (x - left, y - top);
            let part = latents.crop(x0, y0, right - x0, bottom - y0);
            let traced = model.synthesis.trace(simd, part, level).map_err(from_nn)?;
            let own = [left, top, width, height];
            let (gradient, squared) = difference(traced.result(), values, [x0, y0], own, inside);
            error += squared;
            let pulled = model.synthesis.pull_back(simd, &traced, gradient).map_err(from_nn)?;
            for row in 0..height {
                for column in 0..width {
                    let at = ((top + row) * pulled.width + left + column) * pulled.channels;
                    let pulled = &pulled.values[at..at + pulled.channels];
                    let now = latents.at(x + column, y + row);
                    for ((goal, &now), g) in goal.at_mut(x + column, y + row).iter_mut().zip(now).zip(pulled) {
                        *goal = (f32::from(now) - g / (UNITS * GAIN)).round() as i16;
                    }
                }
            }
        }
    }
    Ok(Round { error, goal })
}

/// Decoded less true samples of a window whose first latent is `first`; their squares are summed over the part that is the window's
/// `own` (left, top, width, height in latents).
fn difference(made: &Map, values: &Map, first: [usize; 2], own: [usize; 4], inside: [usize; 2]) -> (Gradient, f64) {
    let fine = LATENT_PX / 8;
    let mut out = Gradient::new(made.height, made.width, made.channels);
    let mut sum = 0.0;
    let own = own.map(|v| v * fine);
    for y in 0..made.height {
        for x in 0..made.width {
            let (v, u) = (first[1] * fine + y, first[0] * fine + x);
            let counts = (own[0]..own[0] + own[2]).contains(&x) && (own[1]..own[1] + own[3]).contains(&y);
            let [columns, rows] = [(0, u), (1, v)].map(|(axis, at)| inside[axis].saturating_sub(at * 8).min(8));
            let row = &mut out.values[(y * made.width + x) * made.channels..][..made.channels];
            let mut squared = 0i64;
            for (line, ((g, &m), &t)) in row.iter_mut().zip(made.at(x, y)).zip(values.at(u, v)).enumerate() {
                if line / 24 < rows && line % 24 / 3 < columns {
                    let apart = i32::from(m.clamp(-SAMPLE_MAX, SAMPLE_MAX)) - i32::from(t);
                    *g = apart as f32;
                    squared += i64::from(apart) * i64::from(apart);
                }
            }
            if counts {
                sum += squared as f64 / 1024.0;
            }
        }
    }
    (out, sum)
}

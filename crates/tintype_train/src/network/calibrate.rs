//! Fraction bits of every result of a network, measured on crops of pictures.

use super::data::{PictureSet, Random};
use super::model::{Model, Pass, Tensors, Weights};
use super::precision::Precision;
use crate::recipe::{AugmentRecipe, Recipe};
use tch::Tensor;

/// Batches of crops, and crops in each: one for every eighth of the range of qualities.
const BATCHES: usize = 8;
const CROPS: i64 = 8;

/// The precision of `tensors` on crops of `pictures`.
pub(super) fn measured_precision(
    recipe: &Recipe,
    tensors: &Tensors,
    pictures: &PictureSet,
) -> Precision {
    let model = Model::new(recipe);
    let weights = Weights::recording(tensors);
    let mut random = Random::new(recipe.seed, u64::MAX - 1);
    let top = (recipe.rate.anchors - 1) as f32;
    let qualities: Vec<f32> = (0..CROPS).map(|i| top * i as f32 / (CROPS - 1) as f32).collect();
    for _ in 0..BATCHES {
        let augment = AugmentRecipe::default();
        let samples = pictures.crops(&mut random, CROPS, recipe.schedule.crop_px, &augment);
        tch::no_grad(|| model.pass(&weights, &samples, &Tensor::from_slice(&qualities), Pass::Measure));
    }
    Precision::of(&weights.magnitudes(), recipe.network.block)
}

//! First weights: the linear codec.
//!
//! The shortcuts get the Karhunen–Loève basis of 16×16 RGB blocks of the training pictures, scales the measured standard
//! deviations, gains the step that is best for each anchor's lambda, the last layer of each branch zeros. Step 0 is
//! then a block transform coder. See LEARNED 2.14 in the project's notes; the start itself is our own decision.

use super::data::{PictureSet, Random};
use super::model::{CENTRE, Model, SPREAD, Tensors, fold};
use super::recipe::{AugmentRecipe, Recipe};
use tch::{Device, Kind, Tensor};

/// Standard deviation of a logistic distribution with scale 1.
const LOGISTIC_SPREAD: f64 = 1.813_799_364_234_218;

/// First weights for `recipe`, from crops of `pictures`.
pub(super) fn first_weights(recipe: &Recipe, model: &Model, pictures: &PictureSet) -> Tensors {
    tch::manual_seed(recipe.seed as i64);
    let mut tensors = Tensors::new();
    for (name, shape) in model.layers() {
        let inputs: i64 = shape[1..].iter().product();
        let last = ["a.leave", "s.leave", "c.mean", "hs.scale"].contains(&name.as_str());
        let soft = name.ends_with(".out") || name.ends_with(".narrow");
        let size = if last { 0.0 } else { (2.0 / inputs as f64).sqrt() * if soft { 0.3 } else { 1.0 } };
        let mut weight = Tensor::randn(shape.as_slice(), (Kind::Float, Device::Cpu)) * size;
        if name.ends_with(".join") {
            // What came in passes as it is; what was made joins softly.
            weight = weight * 0.3;
            weight.narrow(1, 0, shape[0]).copy_(&Tensor::eye(shape[0], (Kind::Float, Device::Cpu)));
        }
        tensors.insert(format!("{name}.w"), weight);
        tensors.insert(format!("{name}.b"), Tensor::zeros([shape[0]], (Kind::Float, Device::Cpu)));
    }
    insert_linear_codec(recipe, pictures, &mut tensors);
    let (k, n) = (recipe.rate.anchors, &recipe.network);
    let zeros = |width: i64| Tensor::zeros([k, width], (Kind::Float, Device::Cpu));
    tensors.insert("quality.hyper_gain".into(), zeros(n.hyper_latent));
    tensors.insert("quality.hyper_scale".into(), zeros(n.hyper_latent));
    tensors.insert("quality.s16".into(), zeros(n.synthesis16));
    tensors.insert("quality.s8".into(), zeros(n.synthesis8));
    tensors
}

fn insert_linear_codec(recipe: &Recipe, pictures: &PictureSet, tensors: &mut Tensors) {
    let mut random = Random::new(recipe.seed, u64::MAX);
    let latent = recipe.network.latent;
    let mut moments = Tensor::zeros([768, 768], (Kind::Double, Device::Cpu));
    let (rounds, side) = (64, 256);
    for _ in 0..rounds {
        let crops = (pictures.crops(&mut random, 8, side, &AugmentRecipe::default()) - CENTRE) / SPREAD;
        let blocks = fold(&fold(&crops, 8), 2).reshape([-1, 768]).to_kind(Kind::Double);
        moments = moments + blocks.tr().matmul(&blocks) / blocks.size()[0] as f64;
    }
    let (values, vectors) = (moments / f64::from(rounds)).linalg_eigh("L");
    let basis = vectors.flip([1]).narrow(1, 0, latent).to_kind(Kind::Float);
    let spread = values.flip([0]).narrow(0, 0, latent).clamp_min(1e-12).sqrt().to_kind(Kind::Float);
    tensors.insert("shortcut.analysis".into(), basis.tr().contiguous());
    tensors.insert("shortcut.synthesis".into(), basis.contiguous());
    tensors.insert("log_scale".into(), (&spread / LOGISTIC_SPREAD).log());
    tensors.insert("spread".into(), spread);
    let log_steps: Vec<f32> = (0..recipe.rate.anchors)
        .map(|k| ((18.0 / (recipe.lambda(k as f64) * std::f64::consts::LN_2)).sqrt() / SPREAD).ln() as f32)
        .collect();
    let step = Tensor::from_slice(&log_steps).unsqueeze(1).expand([-1, latent], false).contiguous();
    tensors.insert("quality.gain".into(), -&step);
    tensors.insert("quality.step".into(), step);
}

//! First weights: the linear codec.
//!
//! The shortcuts get the Karhunen–Loève basis of 16×16 RGB blocks of the training pictures,
//! scales the measured standard deviations, gains the step that is best for each anchor's
//! lambda, the last layer of each branch zeros. Step 0 is then a block transform coder. See
//! LEARNED 2.14 in the project's notes; the start itself is our own decision.

use super::Failure;
use super::data::{PictureSet, Random};
use super::model::{CENTRE, Model, SPREAD, Tensors, fold};
use crate::recipe::{AugmentRecipe, Recipe};
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

/// `fresh` weights that do what the narrower or shallower network `trained` does: new channels
/// are made at random but nothing known reads them yet, new blocks add nothing yet.
/// Function-preserving growth after Net2Net (Chen, Goodfellow, Shlens 2016, arXiv 1511.05641),
/// with zeros in place of copies.
///
/// # Errors
/// If a tensor is wider in `trained`.
pub(super) fn grown(trained: &Tensors, mut fresh: Tensors) -> Result<Tensors, Failure> {
    tch::no_grad(|| {
        for (name, new) in &mut fresh {
            let Some(old) = trained.get(name).map(|t| t.to_kind(Kind::Float)) else {
                if name.ends_with(".out.w") || name.ends_with(".narrow.w") {
                    let _ = new.zero_();
                }
                continue;
            };
            let (ours, theirs) = (new.size(), old.size());
            if ours.len() != theirs.len() || ours.iter().zip(&theirs).any(|(a, b)| a < b) {
                return Err(
                    format!("{name}: {theirs:?} to start from does not fit into {ours:?}").into()
                );
            }
            if name.starts_with("quality.") {
                let _ = new.zero_();
                new.narrow(1, 0, theirs[1]).copy_(&old);
                continue;
            }
            let (out, into) = stretches(name);
            let split = |t: &Tensor| match t.size().as_slice() {
                [rows, columns] => t.view([out, rows / out, into, columns / into]),
                [rows, ..] => t.view([out, rows / out, 1, -1]),
                [] => t.shallow_clone(),
            };
            let (new, old) = (split(new), split(&old));
            let known_rows = new.narrow(1, 0, old.size()[1]);
            let _ = known_rows.shallow_clone().zero_();
            known_rows.narrow(3, 0, old.size()[3]).copy_(&old);
        }
        Ok(fresh)
    })
}

/// In how many equal stretches a layer's outputs and inputs are ordered, each of which has
/// grown by itself.
fn stretches(name: &str) -> (i64, i64) {
    let layer = name.trim_end_matches(".w").trim_end_matches(".b");
    let with_bias = |out: i64, into: i64| if name.ends_with(".b") { (out, 1) } else { (out, into) };
    match layer {
        "a.enter16" | "ha.fold32" | "ha.fold64" => with_bias(1, 4),
        "hs.grow32" | "s.grow8" => with_bias(4, 1),
        "hs.grow16" => with_bias(8, 1),
        "hs.spread" => with_bias(2, 1),
        _ => (1, 1),
    }
}

fn insert_linear_codec(recipe: &Recipe, pictures: &PictureSet, tensors: &mut Tensors) {
    let mut random = Random::new(recipe.seed, u64::MAX);
    let latent = recipe.network.latent;
    let mut moments = Tensor::zeros([768, 768], (Kind::Double, Device::Cpu));
    let (rounds, side) = (64, recipe.schedule.crop_px);
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
        .map(|k| {
            ((18.0 / (recipe.lambda(k as f64) * std::f64::consts::LN_2)).sqrt() / SPREAD).ln() as f32
        })
        .collect();
    let step = Tensor::from_slice(&log_steps).unsqueeze(1).expand([-1, latent], false).contiguous();
    tensors.insert("quality.gain".into(), -&step);
    tensors.insert("quality.step".into(), step);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::model::{Pass, Weights};

    fn recipe(width: i64, blocks: usize) -> Recipe {
        let text = include_str!("../../../../recipes/photo-lite.toml");
        let mut recipe: Recipe = toml::from_str(text).expect("a recipe of ours");
        let n = &mut recipe.network;
        (n.latent, n.hyper_latent) = (24, 8);
        (n.analysis8, n.analysis16, n.synthesis8, n.synthesis16) = (width, width, width, width);
        n.context = width;
        (n.analysis8_blocks, n.synthesis8_blocks, n.synthesis16_blocks) = (blocks, blocks, blocks);
        recipe
    }

    #[test]
    fn a_grown_network_does_what_it_did() {
        let small = recipe(16, 1);
        let grown_recipe = recipe(24, 2);
        let pictures = PictureSet::of_noise(256, 256, 2);
        let model = Model::new(&small);
        let mut tensors = first_weights(&small, &model, &pictures);
        for (name, tensor) in &mut tensors {
            // Last layers are zero at the start, which would hide what reads the new channels.
            if name.ends_with(".w") {
                let _ = tensor.g_add_(&(tensor.randn_like() * 0.05));
            }
        }
        let larger = Model::new(&grown_recipe);
        let grown =
            grown(&tensors, first_weights(&grown_recipe, &larger, &pictures)).expect("wider everywhere");
        let samples = pictures.pictures[0].tensor(64);
        let at = Tensor::from_slice(&[3.5f32]);
        let before = tch::no_grad(|| model.pass(&Weights::new(&tensors), &samples, &at, Pass::Measure));
        let after = tch::no_grad(|| larger.pass(&Weights::new(&grown), &samples, &at, Pass::Measure));
        let apart = (&before.samples - &after.samples).abs().mean(Kind::Double).double_value(&[]);
        let bits = (&before.latent_bits / &after.latent_bits).double_value(&[0]);
        assert!(apart < 0.5 && (bits - 1.0).abs() < 0.01, "{apart} {bits}");
        assert!(super::grown(&grown, first_weights(&small, &model, &pictures)).is_err());
    }
}

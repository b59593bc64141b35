//! Distortions between decoded and true samples, and penalties on latents.
//!
//! In: samples `[N, H, W, 3]`, 0 to 255. Out: one value a sample, `[N]`, in the units that
//! each function names. All of them have gradients everywhere that matters.
//!
//! Sources: SSIM: Wang et al. 2004, equations 13 and 12; MS-SSIM: Wang, Simoncelli, Bovik
//! 2003, section 3.2 (weights); SSIMULACRA 2: its idea (opponent colours, several scales,
//! structure, artefacts and lost detail under two norms), not its weights; sparse
//! autoencoders: Ng 2011 (L1, KL), Makhzani and Frey 2014 (k-sparse).

use crate::recipe::LossRecipe;
use tch::{Kind, Tensor};

const EACH: [i64; 3] = [1, 2, 3];

fn mean(x: &Tensor) -> Tensor {
    x.mean_dim(EACH.as_slice(), false, Kind::Float)
}

/// The recipe's distortion, in units of squared 8-bit error as far as the weights make it so.
pub(super) fn distortion(recipe: &LossRecipe, made: &Tensor, truth: &Tensor) -> Tensor {
    let mut sum = mean(&(made - truth).square()) * recipe.mse;
    let mut add = |weight: f64, of: &dyn Fn() -> Tensor| {
        if weight != 0.0 {
            sum = &sum + of() * weight;
        }
    };
    add(recipe.mae, &|| mean(&(made - truth).abs()));
    add(recipe.bce, &|| cross_entropy(made, truth));
    add(recipe.ssim, &|| -structure(&planes(made), &planes(truth)).0 + 1.0);
    add(recipe.ms_ssim, &|| -multi_scale(&planes(made), &planes(truth)) + 1.0);
    add(recipe.ssimulacra2, &|| opponent(made, truth));
    sum
}

/// Binary cross-entropy in nats a sample, samples taken as probabilities.
fn cross_entropy(made: &Tensor, truth: &Tensor) -> Tensor {
    let p = (made / 255.0).clamp(1e-3, 1.0 - 1e-3);
    let t = truth / 255.0;
    -mean(&(&t * p.log() + (-&t + 1.0) * (-&p + 1.0).log()))
}

/// `[N, 3, H, W]`, 0 to 1.
fn planes(x: &Tensor) -> Tensor {
    (x / 255.0).permute([0, 3, 1, 2])
}

/// Gaussian blur of each plane, deviation 1.5, without a border.
fn blurred(x: &Tensor) -> Tensor {
    let radius = 5i64.min((x.size()[2].min(x.size()[3]) - 1) / 2);
    let taps: Vec<f32> = (-radius..=radius).map(|i| (-(i * i) as f32 / 4.5).exp()).collect();
    let taps = Tensor::from_slice(&taps);
    let taps = &taps / taps.sum(Kind::Float);
    let (c, n) = (x.size()[1], 2 * radius + 1);
    let line = |shape: [i64; 4]| taps.view(shape).repeat([c, 1, 1, 1]);
    let no: Option<&Tensor> = None;
    let across = x.conv2d(&line([1, 1, 1, n]), no, [1, 1], [0, 0], [1, 1], c);
    across.conv2d(&line([1, 1, n, 1]), no, [1, 1], [0, 0], [1, 1], c)
}

/// Mean SSIM, and of it the part without luminance, `[N]` each.
fn structure(a: &Tensor, b: &Tensor) -> (Tensor, Tensor) {
    let (one, two) = (1e-4, 9e-4);
    let (ma, mb) = (blurred(a), blurred(b));
    let va = blurred(&a.square()) - ma.square();
    let vb = blurred(&b.square()) - mb.square();
    let vab = blurred(&(a * b)) - &ma * &mb;
    let contrast = (vab * 2.0 + two) / (va + vb + two);
    let luminance = (&ma * &mb * 2.0 + one) / (ma.square() + mb.square() + one);
    (mean(&(luminance * &contrast)), mean(&contrast))
}

fn halved(x: &Tensor) -> Tensor {
    x.avg_pool2d([2i64, 2], [2i64, 2], [0i64, 0], false, true, None::<i64>)
}

/// MS-SSIM over as many of the five scales as fit, `[N]`.
fn multi_scale(a: &Tensor, b: &Tensor) -> Tensor {
    const WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
    let scales =
        WEIGHTS.len().min((a.size()[2].min(a.size()[3]) as u64 / 11).max(1).ilog2() as usize + 1);
    let total: f64 = WEIGHTS[..scales].iter().sum();
    let (mut a, mut b) = (a.shallow_clone(), b.shallow_clone());
    let mut product: Option<Tensor> = None;
    for (scale, weight) in WEIGHTS[..scales].iter().enumerate() {
        let (whole, contrast) = structure(&a, &b);
        let own = if scale + 1 == scales { whole } else { contrast };
        let own = own.clamp_min(1e-4).pow_tensor_scalar(weight / total);
        product = Some(product.map_or_else(|| own.shallow_clone(), |p| p * &own));
        (a, b) = (halved(&a), halved(&b));
    }
    product.expect("at least one scale")
}

/// Structure, artefacts and lost detail in opponent colours over four scales, `[N]`; 0 for
/// equal pictures.
fn opponent(made: &Tensor, truth: &Tensor) -> Tensor {
    // Cone responses of linear light, cube roots, then luminance and two differences.
    let mix = Tensor::from_slice(&[0.30f32, 0.622, 0.078, 0.23, 0.692, 0.078, 0.243, 0.205, 0.552])
        .view([3, 3]);
    let turn = Tensor::from_slice(&[0.5f32, 0.5, 0.0, 7.0, -7.0, 0.0, -0.5, -0.5, 1.0]).view([3, 3]);
    let colours = |x: &Tensor| {
        let light = (x / 255.0).clamp(0.0, 1.0).pow_tensor_scalar(2.2);
        let root = (light.matmul(&mix.tr()) + 0.004).pow_tensor_scalar(1.0 / 3.0);
        root.matmul(&turn.tr()).permute([0, 3, 1, 2])
    };
    let (mut a, mut b) = (colours(made), colours(truth));
    let mut sum: Option<Tensor> = None;
    for _ in 0..4 {
        if a.size()[2].min(a.size()[3]) < 16 {
            break;
        }
        let (ma, mb) = (blurred(&a), blurred(&b));
        let (va, vb) = (blurred(&a.square()) - ma.square(), blurred(&b.square()) - mb.square());
        let vab = blurred(&(&a * &b)) - &ma * &mb;
        let alike = (-(&ma - &mb).square() + 1.0) * (vab * 2.0 + 9e-4) / (&va + &vb + 9e-4);
        let distance = -alike + 1.0;
        let (da, db) = ((va.relu() + 1e-6).sqrt(), (vb.relu() + 1e-6).sqrt());
        let change = (da + 0.01) / (db + 0.01);
        let artefacts = (&change - 1.0).relu();
        let lost = (change.reciprocal() - 1.0).relu();
        for map in [distance.relu(), artefacts, lost] {
            let fourth = (mean(&map.pow_tensor_scalar(4)) + 1e-12).pow_tensor_scalar(0.25);
            let own = mean(&map) + fourth * 0.25;
            sum = Some(sum.map_or_else(|| own.shallow_clone(), |s| s + &own));
        }
        (a, b) = (halved(&a), halved(&b));
    }
    sum.unwrap_or_else(|| mean(&made.zeros_like()))
}

/// Penalty on latents divided by their spread, one number.
pub(super) fn activity(recipe: &LossRecipe, even: &Tensor) -> Option<Tensor> {
    let mut sum: Option<Tensor> = None;
    let mut add = |weight: f64, of: &dyn Fn() -> Tensor| {
        if weight != 0.0 {
            let own = of() * weight;
            sum = Some(sum.as_ref().map_or_else(|| own.shallow_clone(), |s| s + &own));
        }
    };
    add(recipe.activity_l1, &|| even.abs().mean(Kind::Float));
    add(recipe.activity_l2, &|| even.square().mean(Kind::Float));
    add(recipe.activity_kl, &|| {
        let target = recipe.activity_target;
        let share = even
            .abs()
            .tanh()
            .mean_dim([0i64, 1, 2].as_slice(), false, Kind::Float)
            .clamp(1e-4, 1.0 - 1e-4);
        let up = (share.reciprocal() * target).log() * target;
        let down = ((-&share + 1.0).reciprocal() * (1.0 - target)).log() * (1.0 - target);
        (up + down).mean(Kind::Float)
    });
    sum
}

/// Keeps the `count` largest magnitudes at every position, zeros the rest; gradients go to
/// those kept.
pub(super) fn largest(even: &Tensor, count: i64) -> Tensor {
    let magnitudes = even.abs();
    let (top, _) = magnitudes.detach().topk(count.min(even.size()[3]), -1, true, true);
    let least = top.narrow(-1, top.size()[3] - 1, 1);
    magnitudes.detach().ge_tensor(&least).to_kind(Kind::Float)
}

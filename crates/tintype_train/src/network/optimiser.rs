//! AdamW with warm-up, cosine decay, gradient clipping and a running mean of the weights.
//!
//! Source: Loshchilov and Hutter 2019 (arXiv 1711.05101), algorithm 2. State is plain tensors by name, so that a
//! checkpoint holds all of it.

use super::model::Tensors;
use super::recipe::ScheduleRecipe;
use tch::Tensor;

/// Tensors that are never trained.
pub(super) const FIXED: [&str; 1] = ["spread"];
const FIRST: f64 = 0.9;
const SECOND: f64 = 0.99;

/// Optimiser state beside the weights.
pub(super) struct Optimiser {
    pub(super) first: Tensors,
    pub(super) second: Tensors,
    pub(super) mean: Tensors,
}

impl Optimiser {
    /// A fresh state for `weights`.
    pub(super) fn new(weights: &Tensors) -> Self {
        let zeros = || weights.iter().map(|(k, v)| (k.clone(), v.zeros_like())).collect();
        let mean = weights.iter().map(|(k, v)| (k.clone(), v.detach().copy())).collect();
        Self { first: zeros(), second: zeros(), mean }
    }

    /// Learning rate at `step` of `schedule`.
    pub(super) fn rate(schedule: &ScheduleRecipe, step: u64) -> f64 {
        if step < schedule.warm_up {
            return schedule.rate_max * (step + 1) as f64 / schedule.warm_up as f64;
        }
        let part = (step - schedule.warm_up) as f64 / (schedule.steps - schedule.warm_up).max(1) as f64;
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * part.min(1.0)).cos());
        schedule.rate_min + (schedule.rate_max - schedule.rate_min) * cosine
    }

    /// One update from the gradients held by `weights`; returns the gradient norm before clipping.
    /// Without a finite norm nothing changes.
    pub(super) fn update(&mut self, weights: &Tensors, schedule: &ScheduleRecipe, step: u64) -> f64 {
        let trained = || weights.iter().filter(|(k, v)| !FIXED.contains(&k.as_str()) && v.grad().defined());
        let squares: Vec<Tensor> = trained().map(|(_, v)| v.grad().square().sum(tch::Kind::Float)).collect();
        let norm = Tensor::stack(&squares, 0).sum(tch::Kind::Float).sqrt().double_value(&[]);
        if !norm.is_finite() {
            return norm;
        }
        let clip = (schedule.clip_norm / (norm + 1e-12)).min(1.0);
        let rate = Self::rate(schedule, step);
        let t = (step + 1) as i32;
        let (one, two) = (1.0 - FIRST.powi(t), 1.0 - SECOND.powi(t));
        let keep = schedule.mean_decay.min((1 + step) as f64 / (10 + step) as f64);
        tch::no_grad(|| {
            for (name, weight) in trained() {
                let mut weight = weight.shallow_clone();
                let grad = weight.grad() * clip;
                let (first, second) = (self.first.get_mut(name), self.second.get_mut(name));
                let (first, second) = (first.expect("same names"), second.expect("same names"));
                let _ = first.g_mul_scalar_(FIRST).g_add_(&(&grad * (1.0 - FIRST)));
                let _ = second.g_mul_scalar_(SECOND).g_add_(&(grad.square() * (1.0 - SECOND)));
                let change = (&*first / one) / ((&*second / two).sqrt() + 1e-8);
                let scale = if name.starts_with("shortcut") { schedule.shortcut_rate } else { 1.0 };
                if name.ends_with(".w") {
                    let _ = weight.g_mul_scalar_(1.0 - rate * schedule.weight_decay);
                }
                let _ = weight.g_sub_(&(change * (rate * scale)));
                let mean = self.mean.get_mut(name).expect("same names");
                let _ = mean.g_mul_scalar_(keep).g_add_(&(&weight * (1.0 - keep)));
            }
        });
        norm
    }
}

//! Optimisers with warm-up, cosine decay, gradient clipping and a running mean of the weights.
//!
//! All weights live in one long tensor and are views of it, so that an update is a few passes
//! over long lists. State is two such lists and the running mean; checkpoints see them by
//! name.
//!
//! Sources: stochastic gradient with Nesterov's momentum; AdaGrad (Duchi, Hazan, Singer 2011);
//! Adam (arXiv 1412.6980); AdamW (arXiv 1711.05101, algorithm 2); Muon: Jordan 2024, with the
//! step size of Liu et al. 2025 (arXiv 2502.16982, equation 4), for matrices, beside AdamW for
//! everything else.

use super::model::Tensors;
use crate::recipe::{OptimiserKind, Recipe, ScheduleRecipe};
use std::collections::BTreeMap;
use tch::{Kind, Tensor};

/// Tensors that are never trained.
pub(super) const FIXED: [&str; 1] = ["spread"];
const FIRST: f64 = 0.9;
const SECOND: f64 = 0.99;
const TINY: f64 = 1e-8;
/// Momentum of Muon.
const MUON_MOMENTUM: f64 = 0.95;
/// Root mean square of AdamW's usual updates, to which Muon's are brought.
const USUAL_UPDATE: f64 = 0.2;

/// A stretch of the long tensor that is treated alike.
struct Group {
    start: i64,
    len: i64,
    rule: OptimiserKind,
    /// Factor on the learning rate.
    rate: f64,
    /// Whether weights decay.
    decays: bool,
    /// Names, starts and shapes of its matrices, where the rule needs them.
    matrices: Vec<(i64, [i64; 2])>,
}

/// A list of numbers and its named views.
pub(super) struct Flat {
    all: Tensor,
    pub(super) named: Tensors,
}

/// Where each name stands in the long tensor, and its shape.
type Places = BTreeMap<String, (i64, Vec<i64>)>;

impl Flat {
    fn new(all: Tensor, places: &Places) -> Self {
        let view = |(start, shape): &(i64, Vec<i64>)| {
            all.narrow(0, *start, shape.iter().product()).view(shape.as_slice()).detach()
        };
        let named = places.iter().map(|(k, p)| (k.clone(), view(p))).collect();
        Self { all, named }
    }
}

/// Weights and the optimiser's state.
pub(super) struct Optimiser {
    groups: Vec<Group>,
    places: Places,
    /// The weights; leaves that require gradients.
    pub(super) weights: Flat,
    /// First moments, or momentum.
    pub(super) first: Flat,
    /// Second moments.
    pub(super) second: Flat,
    /// Running mean of the weights.
    pub(super) mean: Flat,
}

/// Treatment of a tensor: rule, factor on the rate, whether it decays.
fn treatment(recipe: &Recipe, name: &str, shape: &[i64]) -> (OptimiserKind, bool, bool) {
    let shortcut = name.starts_with("shortcut");
    let kind = recipe.schedule.optimiser;
    let matrix = shape.len() == 2 && name.ends_with(".w");
    let rule = if kind == OptimiserKind::Muon && !matrix { OptimiserKind::AdamW } else { kind };
    (rule, shortcut, name.ends_with(".w"))
}

impl Optimiser {
    /// A fresh state for `weights`, on which it goes on from now.
    pub(super) fn new(recipe: &Recipe, weights: &Tensors) -> Self {
        let mut order: Vec<(&String, &Tensor)> =
            weights.iter().filter(|(k, _)| !FIXED.contains(&k.as_str())).collect();
        let of = |k: &str, v: &Tensor| treatment(recipe, k, &v.size());
        order.sort_by_key(|(k, v)| of(k, v));
        let (mut groups, mut places, mut start) = (Vec::<Group>::new(), Places::new(), 0);
        let mut known = None;
        for (name, tensor) in &order {
            let (rule, shortcut, decays) = of(name, tensor);
            if known != Some((rule, shortcut, decays)) {
                known = Some((rule, shortcut, decays));
                let rate = if shortcut { recipe.schedule.shortcut_rate } else { 1.0 };
                groups.push(Group { start, len: 0, rule, rate, decays, matrices: Vec::new() });
            }
            let group = groups.last_mut().expect("just made");
            if let &[rows, columns] = tensor.size().as_slice() {
                group.matrices.push((start, [rows, columns]));
            }
            let len = tensor.numel() as i64;
            places.insert((*name).clone(), (start, tensor.size()));
            group.len += len;
            start += len;
        }
        let parts: Vec<Tensor> =
            order.iter().map(|(_, v)| v.detach().to_kind(Kind::Float).reshape([-1])).collect();
        let all = Tensor::cat(&parts, 0);
        let zeros = || Flat::new(all.zeros_like(), &places);
        let (first, second, mean) = (zeros(), zeros(), Flat::new(all.copy(), &places));
        let mut flat = Flat::new(all.shallow_clone(), &places);
        for tensor in flat.named.values_mut() {
            *tensor = tensor.set_requires_grad(true);
        }
        let mut optimiser = Self { groups, places, weights: flat, first, second, mean };
        for name in FIXED {
            if let Some(tensor) = weights.get(name) {
                let keep = || tensor.detach().to_kind(Kind::Float);
                optimiser.weights.named.insert(name.into(), keep());
                optimiser.mean.named.insert(name.into(), keep());
            }
        }
        optimiser
    }

    /// Replaces the state by what a checkpoint holds.
    pub(super) fn restore(&mut self, first: &Tensors, second: &Tensors, mean: &Tensors) {
        tch::no_grad(|| {
            for (own, read) in [(&self.first, first), (&self.second, second), (&self.mean, mean)] {
                for (name, tensor) in &own.named {
                    if let Some(value) = read.get(name) {
                        tensor.shallow_clone().copy_(value);
                    }
                }
            }
        });
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

    /// Forgets gradients.
    pub(super) fn clear(&self) {
        for weight in self.weights.named.values() {
            weight.shallow_clone().zero_grad();
        }
    }

    /// One update from the gradients held by the weights; returns the gradient norm before
    /// clipping. Without a finite norm nothing changes.
    pub(super) fn update(&mut self, schedule: &ScheduleRecipe, step: u64) -> f64 {
        let mut order: Vec<(&String, &(i64, Vec<i64>))> = self.places.iter().collect();
        order.sort_by_key(|(_, (start, _))| *start);
        let gradient = |name: &String| {
            let grad = self.weights.named[name].grad();
            if grad.defined() {
                grad.reshape([-1])
            } else {
                self.first.named[name].zeros_like().reshape([-1])
            }
        };
        let mut grad = Tensor::cat(&order.iter().map(|(name, _)| gradient(name)).collect::<Vec<_>>(), 0);
        let norm = grad.norm().double_value(&[]);
        if !norm.is_finite() {
            return norm;
        }
        let rate = Self::rate(schedule, step);
        let keep = schedule.mean_decay.min((1 + step) as f64 / (10 + step) as f64);
        tch::no_grad(|| {
            let _ = grad.g_mul_scalar_((schedule.clip_norm / (norm + 1e-12)).min(1.0));
            for group in &self.groups {
                let part = |all: &Tensor| all.narrow(0, group.start, group.len);
                let mut weights = part(&self.weights.all);
                let grad = part(&grad);
                let change = change(group, &grad, &part(&self.first.all), &part(&self.second.all), step);
                if group.decays && group.rule != OptimiserKind::Adam {
                    let _ = weights.g_mul_scalar_(1.0 - rate * schedule.weight_decay);
                }
                let _ = weights.g_sub_(&(change * (rate * group.rate)));
            }
            let _ = self.mean.all.lerp_(&self.weights.all, 1.0 - keep);
        });
        norm
    }
}

/// What a rule makes of gradients, to be multiplied with the learning rate; updates both moments.
fn change(group: &Group, grad: &Tensor, first: &Tensor, second: &Tensor, step: u64) -> Tensor {
    let (mut first, mut second) = (first.shallow_clone(), second.shallow_clone());
    match group.rule {
        OptimiserKind::Sgd => {
            let _ = first.g_mul_scalar_(FIRST).g_add_(grad);
            grad + &first * FIRST
        }
        OptimiserKind::AdaGrad => {
            let _ = second.addcmul_(grad, grad);
            grad / (second.sqrt() + TINY)
        }
        OptimiserKind::Adam | OptimiserKind::AdamW => {
            let t = (step + 1) as i32;
            let (one, two) = (1.0 - FIRST.powi(t), 1.0 - SECOND.powi(t));
            let _ = first.lerp_(grad, 1.0 - FIRST);
            let _ = second.g_mul_scalar_(SECOND).addcmul_(&(grad * (1.0 - SECOND)), grad);
            let mut under = second.sqrt();
            let _ = under.g_mul_scalar_(one / two.sqrt()).g_add_scalar_(TINY * one);
            &first / under
        }
        OptimiserKind::Muon => {
            let _ = first.lerp_(grad, 1.0 - MUON_MOMENTUM);
            let pushed = grad.lerp(&first, MUON_MOMENTUM);
            let parts: Vec<Tensor> = group
                .matrices
                .iter()
                .map(|&(start, [rows, columns])| {
                    let matrix =
                        pushed.narrow(0, start - group.start, rows * columns).view([rows, columns]);
                    let size = USUAL_UPDATE * (rows.max(columns) as f64).sqrt();
                    (orthogonal(&matrix) * size).reshape([-1])
                })
                .collect();
            Tensor::cat(&parts, 0)
        }
    }
}

/// Roughly the nearest matrix with orthonormal rows or columns, by five Newton–Schulz steps in
/// bfloat16.
fn orthogonal(matrix: &Tensor) -> Tensor {
    let (rows, columns) = matrix.size2().expect("a matrix");
    let wide = if rows > columns { matrix.tr() } else { matrix.shallow_clone() };
    let mut x = (&wide / (wide.norm() + 1e-12)).to_kind(Kind::BFloat16);
    for _ in 0..5 {
        let gram = x.matmul(&x.tr());
        let curve = &gram * -4.775 + gram.matmul(&gram) * 2.0315;
        x = &x * 3.4445 + curve.matmul(&x);
    }
    let x = x.to_kind(Kind::Float);
    if rows > columns { x.tr().contiguous() } else { x }
}

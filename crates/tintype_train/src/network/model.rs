//! The hyperprior autoencoder that starts as a block transform coder.
//!
//! In: samples `[N, H, W, 3]`, 0 to 255, H and W multiples of 64; qualities `[N]`, 0 to
//! anchors − 1. Out: decoded samples of the same shape and bits `[N]`. Tensors are
//! channels-last; dense layers run in bfloat16, the linear shortcuts and everything about
//! probabilities in float32.
//!
//! Analysis and synthesis are each a linear 16×16 block transform (at the start the
//! Karhunen–Loève basis) plus a convolutional branch whose last layer starts at zero. The
//! hyper-latent gives every latent's scale in one shot; means come from it and from the
//! latents decoded before, in four steps over 2×2 positions. Gains per channel and quality
//! stand in for quantiser steps.
//!
//! Source: the block design follows DCVC-RT (arXiv 2502.20762, section 3), the hyperprior
//! Ballé et al. 2018 (arXiv 1802.01436), the four-step context ELIC and JPEG AI; the start
//! from the linear codec is our own.

use super::loss::{activity, largest};
use super::precision::{Precision, rounded_weights};
use crate::recipe::{BlockKind, LossRecipe, NetworkRecipe, Prior};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use tch::{Kind, Tensor};

/// Samples are mapped to `(sample − CENTRE) / SPREAD`.
pub(super) const CENTRE: f64 = 127.5;
/// See [`CENTRE`].
pub(super) const SPREAD: f64 = 64.0;
/// Smallest logarithm of a scale parameter in quantiser steps.
pub(super) const LOG_SCALE_MIN: f64 = -3.2;

/// Named float32 tensors.
pub type Tensors = BTreeMap<String, Tensor>;

/// The weights as one pass uses them: in float32, and layers' as they are multiplied.
pub struct Weights {
    full: Tensors,
    /// In bfloat16, or in float32 but on the grid of the exported integers.
    half: Tensors,
    kind: Kind,
    precision: Option<Rc<Precision>>,
    /// Largest magnitude of each named result, where they are being watched.
    watched: Option<RefCell<BTreeMap<String, f64>>>,
}

impl Weights {
    /// Casts `tensors` once for a pass.
    pub fn new(tensors: &Tensors) -> Self {
        let full = tensors.iter().map(|(k, v)| (k.clone(), v.shallow_clone())).collect();
        let half = tensors.iter().filter(|(k, _)| k.ends_with(".w") || k.ends_with(".b"));
        let half = half.map(|(k, v)| (k.clone(), v.to_kind(Kind::BFloat16))).collect();
        Self { full, half, kind: Kind::BFloat16, precision: None, watched: None }
    }

    /// Weights of a pass that rounds as the exported integers will be rounded, in float32.
    pub(super) fn rounding(tensors: &Tensors, precision: &Rc<Precision>) -> Self {
        let mut cast = Self::new(tensors);
        for (name, own) in &mut cast.half {
            let whole = &tensors[name];
            *own = if name.ends_with(".w") { rounded_weights(whole) } else { whole.shallow_clone() };
        }
        Self { kind: Kind::Float, precision: Some(Rc::clone(precision)), ..cast }
    }

    /// Weights whose passes record the largest magnitude of every result.
    pub(super) fn recording(tensors: &Tensors) -> Self {
        Self { watched: Some(RefCell::default()), ..Self::new(tensors) }
    }

    /// Passes do not give gradients of the linear shortcuts.
    pub(super) fn hold_shortcuts(&mut self) {
        for name in ["shortcut.analysis", "shortcut.synthesis"] {
            let held = self.full[name].detach();
            self.full.insert(name.into(), held);
        }
    }

    /// What was noted.
    pub(super) fn magnitudes(self) -> BTreeMap<String, f64> {
        self.watched.map(RefCell::into_inner).unwrap_or_default()
    }

    fn watch(&self, name: &str, x: Tensor) -> Tensor {
        if let Some(watched) = &self.watched {
            let most = x.abs().max().double_value(&[]);
            watched.borrow_mut().entry(name.into()).and_modify(|m| *m = m.max(most)).or_insert(most);
        }
        match &self.precision {
            Some(precision) => precision.rounded_result(name, &x),
            None => x,
        }
    }

    fn full(&self, name: &str) -> &Tensor {
        &self.full[name]
    }

    /// 1×1 convolution in bfloat16.
    fn dense(&self, name: &str, x: &Tensor) -> Tensor {
        self.watch(
            name,
            x.linear(&self.half[&format!("{name}.w")], Some(&self.half[&format!("{name}.b")])),
        )
    }

    /// Depthwise 3×3 convolution, zeros beyond the edge.
    fn depthwise(&self, name: &str, x: &Tensor) -> Tensor {
        let weight = &self.half[&format!("{name}.w")];
        let channels = weight.size()[0];
        let bias = &self.half[&format!("{name}.b")];
        let turned =
            x.permute([0, 3, 1, 2]).conv2d(weight, Some(bias), [1, 1], [1, 1], [1, 1], channels);
        self.watch(name, turned.permute([0, 2, 3, 1]))
    }

    /// A block; see [`BlockKind`].
    fn block(&self, kind: BlockKind, name: &str, x: &Tensor) -> Tensor {
        let part = |p: &str| format!("{name}.{p}");
        let inner = self.depthwise(&part("spread"), &self.dense(&part("in"), x).relu_());
        let mut first = self.dense(&part("out"), &inner);
        let after = |x: &Tensor| self.dense(&part("narrow"), &self.dense(&part("wide"), x).relu_());
        match kind {
            BlockKind::Residual => {
                let x = x + first;
                &x + after(&x)
            }
            BlockKind::Plain => after(&first.relu_()),
            BlockKind::Dense => self.dense(&part("join"), &Tensor::cat(&[x, &after(&first.relu_())], 3)),
        }
    }

    fn blocks(&self, kind: BlockKind, name: &str, count: usize, mut x: Tensor) -> Tensor {
        for index in 0..count {
            x = self.watch(name, x);
            x = self.watch(name, self.block(kind, &format!("{name}.{index}"), &x));
        }
        x
    }
}

/// `[N, H, W, C]` to `[N, H/f, W/f, f·f·C]`, channels ordered row, column, channel.
pub(super) fn fold(x: &Tensor, f: i64) -> Tensor {
    let (n, h, w, c) = x.size4().expect("four axes");
    x.view([n, h / f, f, w / f, f, c]).permute([0, 1, 3, 2, 4, 5]).reshape([n, h / f, w / f, f * f * c])
}

/// The inverse of [`fold`].
pub(super) fn unfold(x: &Tensor, f: i64) -> Tensor {
    let (n, h, w, c) = x.size4().expect("four axes");
    let c = c / (f * f);
    x.view([n, h, w, f, f, c]).permute([0, 1, 3, 2, 4, 5]).reshape([n, h * f, w * f, c])
}

/// Rounds in the forward pass, passes gradients unchanged.
fn round_through(x: &Tensor) -> Tensor {
    x + (x.round() - x).detach()
}

/// Bits of `value` in the unit interval around it under a logistic distribution with `log_scale`.
fn logistic_bits(value: &Tensor, log_scale: &Tensor) -> Tensor {
    let inverse = (-log_scale).exp();
    let upper = (-value.abs() + 0.5) * &inverse;
    let lower = (value.abs() + 0.5) * &inverse;
    let nats = upper.log_sigmoid() + lower.log_sigmoid() + (-(-inverse).exp()).log1p();
    nats * -std::f64::consts::LOG2_E
}

/// Keeps `x` above `floor`, with a small slope below so that it can come back.
fn soft_floor(x: &Tensor, floor: f64) -> Tensor {
    x.maximum(&((x - floor) * 0.1 + floor))
}

/// Quantisation as the rate sees it.
fn noisy(x: &Tensor, pass: Pass) -> Tensor {
    match pass {
        Pass::Train => x + x.rand_like() - 0.5,
        Pass::Measure => x.round(),
    }
}

/// What a pass gives.
pub struct Outcome {
    /// Decoded samples, `[N, H, W, 3]`, not clamped.
    pub samples: Tensor,
    /// Bits of the latents, `[N]`.
    pub latent_bits: Tensor,
    /// Bits of the hyper-latents, `[N]`.
    pub hyper_bits: Tensor,
    /// Penalty on the latents, where the recipe has one.
    pub activity: Option<Tensor>,
}

/// How quantisation enters a pass.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Uniform noise in the rate, rounding with straight-through gradients to the synthesis.
    Train,
    /// Rounding everywhere.
    Measure,
}

/// The network's structure; weights are passed in.
pub struct Model {
    network: NetworkRecipe,
    loss: LossRecipe,
    anchors: i64,
}

impl Model {
    /// The model a recipe describes.
    pub fn new(recipe: &super::Recipe) -> Self {
        Self { network: recipe.network.clone(), loss: recipe.loss.clone(), anchors: recipe.rate.anchors }
    }

    /// Names and shapes of dense (`.w` `[out, in]`) and depthwise (`.w` `[c, 1, 3, 3]`) layers.
    pub(super) fn layers(&self) -> Vec<(String, Vec<i64>)> {
        let n = &self.network;
        let mut list: Vec<(String, Vec<i64>)> = Vec::new();
        let mut dense = |name: &str, from: i64, to: i64| list.push((name.into(), vec![to, from]));
        dense("a.enter8", 192, n.analysis8);
        dense("a.enter16", 4 * n.analysis8, n.analysis16);
        dense("a.leave", n.analysis16, n.latent);
        dense("ha.enter", n.latent, n.context);
        dense("ha.fold32", 4 * n.context, n.context);
        dense("ha.fold64", 4 * n.context, n.hyper_latent);
        dense("hs.grow32", n.hyper_latent, 4 * n.context);
        dense("hs.grow16", n.context, 8 * n.context);
        dense("hs.scale", n.context, n.latent);
        dense("c.enter", n.latent, n.context);
        dense("c.mean", n.context, n.latent);
        dense("s.enter16", n.latent, n.synthesis16);
        dense("s.grow8", n.synthesis16, 4 * n.synthesis8);
        dense("s.leave", n.synthesis8, 192);
        for name in ["hs.spread", "c.step1", "c.step2", "c.step3"] {
            let width = if name == "hs.spread" { 2 * n.context } else { n.context };
            list.push((name.into(), vec![width, 1, 3, 3]));
        }
        let mut blocks = |name: &str, count: usize, width: i64| {
            for index in 0..count {
                list.push((format!("{name}.{index}.in"), vec![width, width]));
                list.push((format!("{name}.{index}.spread"), vec![width, 1, 3, 3]));
                list.push((format!("{name}.{index}.out"), vec![width, width]));
                list.push((format!("{name}.{index}.wide"), vec![2 * width, width]));
                list.push((format!("{name}.{index}.narrow"), vec![width, 2 * width]));
                if n.block == BlockKind::Dense {
                    list.push((format!("{name}.{index}.join"), vec![width, 2 * width]));
                }
            }
        };
        blocks("a.block8", n.analysis8_blocks, n.analysis8);
        blocks("a.block16", n.analysis16_blocks, n.analysis16);
        blocks("ha.block", 1, n.context);
        blocks("hs.block", 1, n.context);
        blocks("s.block16", n.synthesis16_blocks, n.synthesis16);
        blocks("s.block8", n.synthesis8_blocks, n.synthesis8);
        if n.prior == Prior::Factorised {
            list.retain(|(name, _)| name.starts_with("a.") || name.starts_with("s."));
        }
        list
    }

    /// Multiply-accumulates a pixel of encoder and decoder, in thousands.
    pub fn kmac_per_pixel(&self) -> (f64, f64) {
        let n = &self.network;
        let (mut encode, mut decode) =
            (768.0 * n.latent as f64 / 256.0, 768.0 * n.latent as f64 / 256.0);
        for (name, shape) in self.layers() {
            let macs = shape.iter().product::<i64>() as f64;
            let name = name.as_str();
            let area = match name {
                _ if name.contains("8.") || name == "a.enter8" || name == "s.leave" => 64.0,
                _ if name.starts_with("ha.b") || name.starts_with("hs.b") => 1024.0,
                "ha.fold32" | "hs.grow16" => 1024.0,
                "ha.fold64" | "hs.grow32" => 4096.0,
                _ => 256.0,
            };
            if name.starts_with("a.") || name.starts_with("ha.") {
                encode += macs / area;
            } else {
                decode += macs / area;
            }
        }
        (encode / 1000.0, decode / 1000.0)
    }

    /// Per-sample vectors `[N, 1, 1, C]` from anchors `[K, C]` at `qualities` `[N]`.
    fn at_quality(&self, anchors: &Tensor, qualities: &Tensor) -> Tensor {
        let places = Tensor::arange(self.anchors, (Kind::Float, qualities.device()));
        let hats: Tensor = (-(qualities.unsqueeze(1) - places).abs() + 1.0).clamp_min(0.0);
        hats.matmul(anchors).unsqueeze(1).unsqueeze(1)
    }

    /// Latents `[N, H/16, W/16, latent]` of normalised samples.
    pub(super) fn analysis(&self, w: &Weights, x: &Tensor) -> Tensor {
        let half = w.kind;
        let eighth = fold(x, 8);
        let straight = fold(&eighth, 2).matmul(&w.full("shortcut.analysis").tr());
        let h = w.dense("a.enter8", &eighth.to_kind(half));
        let h = w.blocks(self.network.block, "a.block8", self.network.analysis8_blocks, h);
        let h = w.dense("a.enter16", &fold(&h, 2));
        let h = w.blocks(self.network.block, "a.block16", self.network.analysis16_blocks, h);
        straight + w.dense("a.leave", &h).to_kind(Kind::Float) * w.full("spread")
    }

    /// Hyper-latents of latents divided by their spread.
    fn hyper_analysis(&self, w: &Weights, even: &Tensor) -> Tensor {
        let h = w.dense("ha.enter", even).relu_();
        let h = w.dense("ha.fold32", &fold(&h, 2)).relu_();
        let h = w.blocks(self.network.block, "ha.block", 1, h);
        w.dense("ha.fold64", &fold(&h, 2)).to_kind(Kind::Float)
    }

    /// Features for means and for scales, `[N, H/16, W/16, context]` each.
    fn hyper_synthesis(&self, w: &Weights, hyper: &Tensor) -> (Tensor, Tensor) {
        let h = unfold(&w.dense("hs.grow32", &hyper.to_kind(w.kind)), 2);
        let h = w.blocks(self.network.block, "hs.block", 1, h);
        let h = unfold(&w.dense("hs.grow16", &h), 2).relu_();
        let h = w.depthwise("hs.spread", &h);
        let c = self.network.context;
        (h.narrow(3, 0, c), h.narrow(3, c, c))
    }

    fn synthesis(&self, w: &Weights, latents: &Tensor, qualities: &Tensor) -> Tensor {
        let half = w.kind;
        let straight = unfold(&latents.matmul(&w.full("shortcut.synthesis").tr()), 2);
        let h = w.dense("s.enter16", &(latents / w.full("spread")).to_kind(half));
        let h = h + self.at_quality(w.full("quality.s16"), qualities).to_kind(half);
        let h = w.blocks(self.network.block, "s.block16", self.network.synthesis16_blocks, h);
        let h = unfold(&w.dense("s.grow8", &h), 2);
        let h = h + self.at_quality(w.full("quality.s8"), qualities).to_kind(half);
        let h = w.blocks(self.network.block, "s.block8", self.network.synthesis8_blocks, h);
        unfold(&(straight + w.dense("s.leave", &h).to_kind(Kind::Float)), 8)
    }

    /// Latents of `samples` over their spread, `[N, H/16, W/16, latent]`.
    pub(super) fn latents(&self, w: &Weights, samples: &Tensor) -> Tensor {
        self.analysis(w, &((samples - CENTRE) / SPREAD)) / w.full("spread")
    }

    /// As [`Model::pass`] with rounding everywhere, one latent channel not sent: it stays at
    /// its mean.
    pub(super) fn pass_without(
        &self,
        w: &Weights,
        samples: &Tensor,
        qualities: &Tensor,
        channel: Option<i64>,
    ) -> Outcome {
        let silent = Weights {
            full: w.full.iter().map(|(k, v)| (k.clone(), v.copy())).collect(),
            half: w.half.iter().map(|(k, v)| (k.clone(), v.shallow_clone())).collect(),
            kind: w.kind,
            precision: w.precision.clone(),
            watched: None,
        };
        if let Some(channel) = channel {
            // A gain of nearly nothing rounds every residual to zero.
            let _ = silent.full["quality.gain"].narrow(1, channel, 1).fill_(-20.0);
        }
        self.pass(&silent, samples, qualities, Pass::Measure)
    }

    /// Codes and decodes `samples` at `qualities`.
    pub fn pass(&self, w: &Weights, samples: &Tensor, qualities: &Tensor, pass: Pass) -> Outcome {
        let mut y = self.analysis(w, &((samples - CENTRE) / SPREAD));
        if self.loss.keep > 0 {
            y = &y * largest(&(&y / w.full("spread")), self.loss.keep);
        }
        let activity = activity(&self.loss, &(&y / w.full("spread")));
        if self.network.prior == Prior::Factorised {
            return Outcome { activity, ..self.pass_factorised(w, &y, qualities, pass) };
        }
        let even = (&y / w.full("spread")).to_kind(w.kind);
        let hyper_gain = self.at_quality(w.full("quality.hyper_gain"), qualities);
        let z = self.hyper_analysis(w, &even) * hyper_gain.exp();
        let z_rounded = round_through(&z);
        let noisy = |x: &Tensor| noisy(x, pass);
        let axes = [1i64, 2, 3].as_slice();
        let sum = |bits: Tensor| bits.sum_dim_intlist(axes, false, Kind::Float);
        let hyper_scale = self.at_quality(w.full("quality.hyper_scale"), qualities);
        let hyper_bits = sum(logistic_bits(&noisy(&z), &soft_floor(&hyper_scale, LOG_SCALE_MIN)));

        let (for_means, for_scales) = self.hyper_synthesis(w, &(&z_rounded * (-hyper_gain).exp()));
        let log_gain = self.at_quality(w.full("quality.gain"), qualities);
        let gain = log_gain.exp();
        let step = self.at_quality(w.full("quality.step"), qualities).exp();
        let scale = w.dense("hs.scale", &for_scales.relu()).to_kind(Kind::Float);
        let log_scale = soft_floor(&(scale + w.full("log_scale") + log_gain), LOG_SCALE_MIN);

        let (means, decoded) = self.in_steps(w, &for_means, &y, &gain, &step);
        let residual = (&y - means) * &gain;
        let latent_bits = sum(logistic_bits(&noisy(&residual), &log_scale));
        let samples = self.synthesis(w, &decoded, qualities) * SPREAD + CENTRE;
        Outcome { samples, latent_bits, hyper_bits, activity }
    }

    /// Latents under one scale a channel, means zero.
    fn pass_factorised(&self, w: &Weights, y: &Tensor, qualities: &Tensor, pass: Pass) -> Outcome {
        let log_gain = self.at_quality(w.full("quality.gain"), qualities);
        let step = self.at_quality(w.full("quality.step"), qualities).exp();
        let log_scale = soft_floor(&(w.full("log_scale") + &log_gain), LOG_SCALE_MIN);
        let scaled = y * log_gain.exp();
        let bits = logistic_bits(&noisy(&scaled, pass), &log_scale);
        let latent_bits = bits.sum_dim_intlist([1i64, 2, 3].as_slice(), false, Kind::Float);
        let decoded = round_through(&scaled) * step;
        let samples = self.synthesis(w, &decoded, qualities) * SPREAD + CENTRE;
        let hyper_bits = latent_bits.zeros_like();
        Outcome { samples, latent_bits, hyper_bits, activity: None }
    }

    /// Means and decoded latents, step by step, each on the quarter of positions that it
    /// decodes; a step sees the latents of earlier ones as the decoder has them, with
    /// gradients as if they were the true ones.
    fn in_steps(
        &self,
        w: &Weights,
        features: &Tensor,
        y: &Tensor,
        gain: &Tensor,
        step: &Tensor,
    ) -> (Tensor, Tensor) {
        let spread = w.full("spread");
        let (mut means, mut decoded) = (Vec::new(), Vec::new());
        let nothing = part_of(features, PLACES[0]).zeros_like();
        let mut seen = [0; 4].map(|_| nothing.shallow_clone());
        for (index, place) in PLACES.into_iter().enumerate() {
            let part = |x: &Tensor| part_of(x, place);
            let mut h = part(features);
            if index > 0 {
                h = h + part(&w.depthwise(&format!("c.step{index}"), &interleaved(&seen)));
            }
            let h = w.watch("c.features", h);
            let mean = w.dense("c.mean", &h.relu()).to_kind(Kind::Float) * spread;
            let truth = part(y);
            let here = &mean + round_through(&((&truth - &mean) * gain)) * step;
            if index < 3 {
                let known = &truth + (&here - &truth).detach();
                seen[index] = w.dense("c.enter", &(known / spread).to_kind(w.kind)).relu();
            }
            means.push(mean);
            decoded.push(here);
        }
        (interleaved(&means), interleaved(&decoded))
    }
}

/// Which of each 2 × 2 positions (row, column) is decoded in which step.
const PLACES: [(i64, i64); 4] = [(0, 0), (1, 1), (0, 1), (1, 0)];

/// Every other row from `down` on of every other column from `right` on.
fn part_of(x: &Tensor, (down, right): (i64, i64)) -> Tensor {
    x.slice(1, down, None::<i64>, 2).slice(2, right, None::<i64>, 2)
}

/// Puts the parts at [`PLACES`] together again.
fn interleaved(parts: &[Tensor]) -> Tensor {
    let upper = Tensor::stack(&[&parts[0], &parts[2]], 3);
    let lower = Tensor::stack(&[&parts[3], &parts[1]], 3);
    let both = Tensor::stack(&[upper, lower], 2);
    let (n, h, w, c) = parts[0].size4().expect("four axes");
    both.view([n, 2 * h, 2 * w, c])
}

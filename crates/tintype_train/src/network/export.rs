//! From trained weights to a model file of integers.
//!
//! Every layer's result gets the fraction bits that `precision` measures; every output's
//! weights get the largest power of two that keeps its sums within 32 bits for any input.
//! Distributions are stored as frequencies. See docs/format/neural.md for the names of
//! programs and arrays.

use super::Failure;
use super::calibrate::measured_precision;
use super::data::PictureSet;
use super::model::{SPREAD, Tensors};
use super::precision::Precision;
use crate::neural::Whole;
use crate::recipe::{BlockKind, Prior, Recipe};
use std::collections::BTreeMap;
use tch::{Kind as TensorKind, Tensor};
use tintype_entropy::CdfTable;
use tintype_neural::NeuralModel;
use tintype_nn::{Array, Depthwise, Kind, Network, Pointwise, Program, Step};

/// Fraction bits of latents, hyper-latents and normalised samples.
const LATENT_BITS: i32 = 9;
const HYPER_BITS: i32 = 8;
const SAMPLE_BITS: i32 = 11;
/// Quality levels between two anchors.
const LEVELS_PER_ANCHOR: i64 = 6;
/// Logarithm of the scale of table 0, distance of tables, their number.
const TABLE_FIRST: f64 = -3.0;
const TABLE_STEP: f64 = 0.11;
const TABLES: usize = 84;
/// Most values a table holds on either side.
const TABLE_REACH: i32 = 1000;

struct Exporter<'a> {
    tensors: &'a Tensors,
    precision: Precision,
    levels: usize,
    block: BlockKind,
}

fn list(tensor: &Tensor) -> Vec<f64> {
    Vec::<f64>::try_from(tensor.detach().to_kind(TensorKind::Double).contiguous().view([-1]))
        .expect("a list of numbers")
}

fn whole(weights: &[f64], bias: &[f64], from: i32, to: i32) -> Result<Whole, Failure> {
    let layer = crate::neural::whole(weights, bias, from, to);
    Ok(layer.ok_or("a layer's weights are too large for 32-bit sums")?)
}

fn step(from: u8, to: u8, kind: Kind) -> Step {
    Step { from, to, kind }
}

impl Exporter<'_> {
    fn values(&self, name: &str) -> Vec<f64> {
        list(&self.tensors[name])
    }

    /// Fraction bits of the result `name`.
    fn bits(&self, name: &str) -> i32 {
        self.precision.of_result(name)
    }

    /// A dense layer; `input` and `output` scale its channels.
    fn dense(
        &self,
        name: &str,
        (from, to): (i32, i32),
        rectified: bool,
        [input, output]: [Option<&[f64]>; 2],
    ) -> Result<Kind, Failure> {
        let (mut weights, mut bias) =
            (self.values(&format!("{name}.w")), self.values(&format!("{name}.b")));
        let inputs = weights.len() / bias.len();
        for (o, row) in weights.chunks_exact_mut(inputs).enumerate() {
            let by = output.map_or(1.0, |list| list[o]);
            bias[o] *= by;
            row.iter_mut().enumerate().for_each(|(i, w)| *w *= by * input.map_or(1.0, |list| list[i]));
        }
        let layer = whole(&weights, &bias, from, to).map_err(|e| format!("{name}: {e}"))?;
        Ok(Kind::Pointwise(Pointwise::new(
            inputs,
            &layer.weights,
            &layer.bias,
            &layer.shift,
            rectified,
        )?))
    }

    fn plain(&self, name: &str, bits: (i32, i32)) -> Result<Kind, Failure> {
        self.dense(name, bits, false, [None, None])
    }

    fn depthwise(&self, name: &str, from: i32, to: i32) -> Result<Kind, Failure> {
        let layer =
            whole(&self.values(&format!("{name}.w")), &self.values(&format!("{name}.b")), from, to)?;
        Ok(Kind::Depthwise(Depthwise::new(&layer.weights, &layer.bias, &layer.shift)?))
    }

    /// Blocks on register `r` whose values have `bits` fraction bits; register `r + 1` is spare.
    fn blocks(&self, steps: &mut Vec<Step>, name: &str, r: u8, bits: i32) -> Result<(), Failure> {
        let spare = r + 1;
        for index in 0.. {
            let part = |p: &str| format!("{name}.{index}.{p}");
            if !self.tensors.contains_key(&format!("{}.w", part("in"))) {
                return Ok(());
            }
            let (inner, spread, wide) =
                (self.bits(&part("in")), self.bits(&part("spread")), self.bits(&part("wide")));
            steps.push(step(r, spare, self.dense(&part("in"), (bits, inner), true, [None, None])?));
            steps.push(step(spare, spare, self.depthwise(&part("spread"), inner, spread)?));
            if self.block == BlockKind::Residual {
                steps.push(step(spare, spare, self.plain(&part("out"), (spread, bits))?));
                steps.push(step(r, r, Kind::Add(spare)));
                steps.push(step(r, spare, self.dense(&part("wide"), (bits, wide), true, [None, None])?));
                steps.push(step(spare, spare, self.plain(&part("narrow"), (wide, bits))?));
                steps.push(step(r, r, Kind::Add(spare)));
                continue;
            }
            let (out, narrow) = (self.bits(&part("out")), self.bits(&part("narrow")));
            steps.push(step(spare, spare, self.dense(&part("out"), (spread, out), true, [None, None])?));
            steps.push(step(spare, spare, self.dense(&part("wide"), (out, wide), true, [None, None])?));
            if self.block == BlockKind::Plain {
                steps.push(step(spare, r, self.plain(&part("narrow"), (wide, bits))?));
                continue;
            }
            steps.push(step(spare, spare, self.plain(&part("narrow"), (wide, narrow))?));
            steps.push(step(r, r, Kind::Concat(spare)));
            let width = self.tensors[&format!("{}.w", part("join"))].size()[0] as usize;
            let scales = [vec![1.0; width], vec![f64::from(bits - narrow).exp2(); width]].concat();
            steps.push(step(
                r,
                r,
                self.dense(&part("join"), (bits, bits), false, [Some(&scales), None])?,
            ));
        }
        Ok(())
    }

    /// A matrix without bias.
    fn shortcut(&self, name: &str, from: i32, to: i32) -> Result<Kind, Failure> {
        let size = self.tensors[name].size();
        let layer = whole(&self.values(name), &vec![0.0; size[0] as usize], from, to)?;
        Ok(Kind::Pointwise(Pointwise::new(
            size[1] as usize,
            &layer.weights,
            &layer.bias,
            &layer.shift,
            false,
        )?))
    }

    /// Anchors `[anchor][channel]` at every level, `[level][channel]`.
    fn at_levels(&self, name: &str) -> Vec<f64> {
        let size = self.tensors[name].size();
        let (anchors, channels) = (size[0] as usize, size[1] as usize);
        let values = self.values(name);
        let mut out = Vec::new();
        for level in 0..self.levels {
            let place = level as f64 / LEVELS_PER_ANCHOR as f64;
            let low = (place as usize).min(anchors - 2);
            let part = place - low as f64;
            out.extend((0..channels).map(|c| {
                values[low * channels + c] * (1.0 - part) + values[(low + 1) * channels + c] * part
            }));
        }
        out
    }

    fn vary(&self, name: &str, bits: i32) -> Kind {
        let scale = f64::from(bits).exp2();
        Kind::LevelBias(
            self.at_levels(name)
                .iter()
                .map(|v| (v * scale).round().clamp(-32_768.0, 32_767.0) as i16)
                .collect(),
        )
    }

    fn analysis(&self, spread: &[f64]) -> Result<Vec<Step>, Failure> {
        let (eighth, sixteenth) = (self.bits("a.enter8"), self.bits("a.enter16"));
        let mut steps = vec![
            step(0, 1, Kind::SpaceToDepth(2)),
            step(1, 1, self.shortcut("shortcut.analysis", SAMPLE_BITS, LATENT_BITS)?),
            step(0, 2, self.plain("a.enter8", (SAMPLE_BITS, eighth))?),
        ];
        self.blocks(&mut steps, "a.block8", 2, eighth)?;
        steps.push(step(2, 2, Kind::SpaceToDepth(2)));
        steps.push(step(2, 2, self.plain("a.enter16", (eighth, sixteenth))?));
        self.blocks(&mut steps, "a.block16", 2, sixteenth)?;
        steps.push(step(
            2,
            2,
            self.dense("a.leave", (sixteenth, LATENT_BITS), false, [None, Some(spread)])?,
        ));
        steps.push(step(1, 1, Kind::Add(2)));
        Ok(steps)
    }

    fn hyper_analysis(&self, even: &[f64]) -> Result<Vec<Step>, Failure> {
        let (enter, stream) = (self.bits("ha.enter"), self.bits("ha.fold32"));
        let mut steps = vec![
            step(0, 1, self.dense("ha.enter", (LATENT_BITS, enter), true, [Some(even), None])?),
            step(1, 1, Kind::SpaceToDepth(2)),
            step(1, 1, self.dense("ha.fold32", (enter, stream), true, [None, None])?),
        ];
        self.blocks(&mut steps, "ha.block", 1, stream)?;
        steps.push(step(1, 1, Kind::SpaceToDepth(2)));
        steps.push(step(1, 1, self.plain("ha.fold64", (stream, HYPER_BITS))?));
        Ok(steps)
    }

    fn hyper_synthesis(&self, features: i32, context: u16) -> Result<Vec<Step>, Failure> {
        let (stream, grown) = (self.bits("hs.grow32"), self.bits("hs.grow16"));
        let mut steps = vec![
            step(0, 1, self.plain("hs.grow32", (HYPER_BITS, stream))?),
            step(1, 1, Kind::DepthToSpace(2)),
        ];
        self.blocks(&mut steps, "hs.block", 1, stream)?;
        let per_log = vec![256.0 / TABLE_STEP; self.tensors["log_scale"].size()[0] as usize];
        steps.extend([
            step(1, 1, self.dense("hs.grow16", (stream, grown), true, [None, None])?),
            step(1, 1, Kind::DepthToSpace(2)),
            step(1, 1, self.depthwise("hs.spread", grown, features)?),
            step(1, 2, Kind::Slice { start: context, count: context }),
            step(1, 1, Kind::Slice { start: 0, count: context }),
            step(2, 2, Kind::Leaky(16)),
            step(2, 2, self.dense("hs.scale", (features, 0), false, [None, Some(&per_log)])?),
            step(1, 1, Kind::Concat(2)),
        ]);
        Ok(steps)
    }

    fn synthesis(&self, even: &[f64]) -> Result<Vec<Step>, Failure> {
        let (sixteenth, eighth) = (self.bits("s.enter16"), self.bits("s.grow8"));
        let mut steps = vec![
            step(0, 1, self.shortcut("shortcut.synthesis", LATENT_BITS, SAMPLE_BITS)?),
            step(1, 1, Kind::DepthToSpace(2)),
            step(0, 2, self.dense("s.enter16", (LATENT_BITS, sixteenth), false, [Some(even), None])?),
            step(2, 2, self.vary("quality.s16", sixteenth)),
        ];
        self.blocks(&mut steps, "s.block16", 2, sixteenth)?;
        steps.push(step(2, 2, self.plain("s.grow8", (sixteenth, eighth))?));
        steps.push(step(2, 2, Kind::DepthToSpace(2)));
        steps.push(step(2, 2, self.vary("quality.s8", eighth)));
        self.blocks(&mut steps, "s.block8", 2, eighth)?;
        steps.push(step(2, 2, self.plain("s.leave", (eighth, SAMPLE_BITS))?));
        steps.push(step(1, 1, Kind::Add(2)));
        Ok(steps)
    }

    fn programs(&self, recipe: &Recipe) -> Result<BTreeMap<String, Program>, Failure> {
        let n = &recipe.network;
        let spread = self.values("spread");
        let even: Vec<f64> = spread.iter().map(|s| 1.0 / s).collect();
        if n.prior == Prior::Factorised {
            return self.factorised_programs(n.latent as usize, &spread, &even);
        }
        let features = self.bits("hs.spread");
        let entered = self.bits("c.enter");
        let (latent, context) = (n.latent as usize, n.context as usize);
        let enter =
            vec![step(0, 1, self.dense("c.enter", (LATENT_BITS, entered), true, [Some(&even), None])?)];
        let mean = vec![
            step(0, 1, Kind::Leaky(16)),
            step(1, 1, self.dense("c.mean", (features, LATENT_BITS), false, [None, Some(&spread)])?),
        ];
        let mut programs = BTreeMap::new();
        let mut add = |name: &str, inputs: usize, levels: usize, steps: Vec<Step>| {
            programs.insert(name.to_string(), Program::new(inputs, levels, steps, 1)?);
            Ok::<(), Failure>(())
        };
        add("analysis", 192, 0, self.analysis(&spread)?)?;
        add("hyper_analysis", latent, 0, self.hyper_analysis(&even)?)?;
        add(
            "hyper_synthesis",
            n.hyper_latent as usize,
            0,
            self.hyper_synthesis(features, n.context as u16)?,
        )?;
        add("context_enter", latent, 0, enter)?;
        add("context_mean", context, 0, mean)?;
        for k in 1..4 {
            let layer = self.depthwise(&format!("c.step{k}"), entered, features)?;
            add(&format!("context_step{k}"), context, 0, vec![step(0, 1, layer)])?;
        }
        add("synthesis", latent, self.levels, self.synthesis(&even)?)?;
        Ok(programs)
    }

    /// Programs of a model without hyper-latents: one that is never coded, features and means
    /// of zero.
    fn factorised_programs(
        &self,
        latent: usize,
        spread: &[f64],
        even: &[f64],
    ) -> Result<BTreeMap<String, Program>, Failure> {
        let zero = |inputs: usize, outputs: usize| {
            let made = Pointwise::new(
                inputs,
                &vec![0; inputs * outputs],
                &vec![0; outputs],
                &vec![0; outputs],
                false,
            );
            Ok::<Kind, Failure>(Kind::Pointwise(made?))
        };
        let mut programs = BTreeMap::new();
        let mut add = |name: &str, inputs: usize, levels: usize, steps: Vec<Step>| {
            programs.insert(name.to_string(), Program::new(inputs, levels, steps, 1)?);
            Ok::<(), Failure>(())
        };
        add("analysis", 192, 0, self.analysis(spread)?)?;
        let down = vec![
            step(0, 1, zero(latent, 1)?),
            step(1, 1, Kind::SpaceToDepth(4)),
            step(1, 1, zero(16, 1)?),
        ];
        add("hyper_analysis", latent, 0, down)?;
        let up = vec![
            step(0, 1, zero(1, 16)?),
            step(1, 1, Kind::DepthToSpace(4)),
            step(1, 1, zero(1, 1 + latent)?),
        ];
        add("hyper_synthesis", 1, 0, up)?;
        add("context_enter", latent, 0, vec![step(0, 1, zero(latent, 1)?)])?;
        add("context_mean", 1, 0, vec![step(0, 1, zero(1, latent)?)])?;
        for k in 1..4 {
            let layer = Kind::Depthwise(Depthwise::new(&[0; 9], &[0], &[0])?);
            add(&format!("context_step{k}"), 1, 0, vec![step(0, 1, layer)])?;
        }
        add("synthesis", latent, self.levels, self.synthesis(even)?)?;
        Ok(programs)
    }

    fn arrays(&self, recipe: &Recipe) -> Result<BTreeMap<String, Array>, Failure> {
        let n = &recipe.network;
        let wide = |list: Vec<f64>| {
            Array::I32(list.into_iter().map(|v| v.round().clamp(0.0, 2e9) as i32).collect())
        };
        let short = |list: Vec<f64>| {
            Array::I16(list.into_iter().map(|v| v.round().clamp(-32_768.0, 32_767.0) as i16).collect())
        };
        let gain = self.at_levels("quality.gain");
        let factorised = n.prior == Prior::Factorised;
        let hyper_gain =
            if factorised { vec![0.0; self.levels] } else { self.at_levels("quality.hyper_gain") };
        let log_scale = self.values("log_scale");
        let unit = |bits: i32| f64::from(bits).exp2();
        let place = |log: f64| (log - TABLE_FIRST) / TABLE_STEP;
        let bias = gain
            .iter()
            .enumerate()
            .map(|(i, g)| place(g + log_scale[i % log_scale.len()]) * 256.0 + 128.0);
        let hyper_table = self.at_levels("quality.hyper_scale").into_iter();
        let hyper_table = hyper_table.map(|l| place(l).round().clamp(1.0, (TABLES - 1) as f64));
        let hyper_table = if factorised { vec![0.0; self.levels] } else { hyper_table.collect() };
        let qualities = (0..self.levels).map(|l| 1000.0 + 8500.0 * l as f64 / (self.levels - 1) as f64);
        let (hyper, context) = if factorised { (1, 1) } else { (n.hyper_latent, n.context) };
        let shape = [n.latent, hyper, context, self.levels as i64];
        Ok(BTreeMap::from([
            ("shape".into(), short(shape.iter().map(|&v| v as f64).collect())),
            ("scale_bias".into(), short(bias.collect())),
            ("gain".into(), wide(gain.iter().map(|g| g.exp() * unit(24 - LATENT_BITS)).collect())),
            (
                "step".into(),
                wide(
                    self.at_levels("quality.step")
                        .iter()
                        .map(|s| s.exp() * unit(8 + LATENT_BITS))
                        .collect(),
                ),
            ),
            (
                "hyper_gain".into(),
                wide(hyper_gain.iter().map(|g| g.exp() * unit(24 - HYPER_BITS)).collect()),
            ),
            (
                "hyper_step".into(),
                wide(hyper_gain.iter().map(|g| (-g).exp() * unit(8 + HYPER_BITS)).collect()),
            ),
            ("hyper_table".into(), short(hyper_table)),
            (
                "lambda".into(),
                wide((0..self.levels).map(|l| recipe.lambda(quality_of_level(l)) * unit(20)).collect()),
            ),
            ("qualities".into(), short(qualities.collect())),
            ("tables".into(), Array::I32(tables()?)),
        ]))
    }
}

/// Logistic distributions at every scale: least value, number of symbols, frequencies; the
/// last symbol is the escape.
fn tables() -> Result<Vec<i32>, Failure> {
    let mut out = Vec::new();
    for index in 0..TABLES {
        let scale = (TABLE_FIRST + TABLE_STEP * index as f64).exp();
        let reach = ((scale * 9.0).ceil() as i32).clamp(1, TABLE_REACH);
        let below = |x: f64| 1.0 / (1.0 + (-x / scale).exp());
        let count = |p: f64| (p * (1u64 << 40) as f64) as u64 + 1;
        let mut counts: Vec<u64> = (-reach..=reach)
            .map(|v| {
                // The upper half by symmetry, so that small differences keep their precision.
                let low = -f64::from(v.abs());
                count(below(low + 0.5) - below(low - 0.5))
            })
            .collect();
        counts.push(count(2.0 * below(-f64::from(reach) - 0.5)));
        let table = CdfTable::from_counts(16, &counts).map_err(|e| format!("table {index}: {e}"))?;
        out.extend([-reach, counts.len() as i32]);
        out.extend(table.frequencies().map(|f| f as i32));
    }
    Ok(out)
}

/// The model file of `tensors`, calibrated on crops of `pictures`.
///
/// # Errors
/// If a layer cannot be brought into 32-bit sums.
pub fn export(recipe: &Recipe, tensors: &Tensors, pictures: &PictureSet) -> Result<Vec<u8>, Failure> {
    let levels = ((recipe.rate.anchors - 1) * LEVELS_PER_ANCHOR + 1) as usize;
    let exporter = Exporter {
        tensors,
        precision: measured_precision(recipe, tensors, pictures),
        levels,
        block: recipe.network.block,
    };
    debug_assert_eq!(f64::from(SAMPLE_BITS).exp2(), 32.0 * SPREAD);
    let network = Network {
        name: recipe.name.clone(),
        programs: exporter.programs(recipe)?,
        arrays: exporter.arrays(recipe)?,
    };
    Ok(NeuralModel::file_of(&network).to_bytes())
}

/// Quality of the float model that a level stands for.
pub fn quality_of_level(level: usize) -> f64 {
    level as f64 / LEVELS_PER_ANCHOR as f64
}

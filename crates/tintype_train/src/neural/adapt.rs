//! Adapting a trained model to other pictures in closed form: no gradients, no framework.
//!
//! In: the bytes of a model and pictures. Out: the bytes of a model of the same structure, in which
//! 1. the stored distributions follow the symbols coded under each of them,
//! 2. each channel's place among the distributions follows its mean magnitude, and each channel's quantiser steps the
//!    best reconstruction of its latents,
//! 3. the synthesis' last layer is the least-squares one for the latents that the decoder has.
//!
//! Source: maximum likelihood and ridge regression; our own decision (decision record 0024).

use crate::FitError;
use nalgebra::DMatrix;
use tintype_codec::{CodecError, Exec};
use tintype_entropy::CdfTable;
use tintype_image::Planes;
use tintype_model::Model;
use tintype_neural::{Neural, NeuralModel, TileSymbols};
use tintype_nn::{Array, FeatureMap, Kind, Network, NnError, Pointwise, Program, Step};

use super::whole::whole;

/// Symbols that the stored distributions count for beside those seen.
const PRIOR: f64 = 4000.0;
/// Magnitudes a channel's own count must reach to be half trusted.
const TRUST: f64 = 60.0;
/// Distance between neighbouring tables in natural logarithms of the scale, by which they were
/// made.
const TABLE_STEP: f64 = 0.11;
/// Fraction bits of places among tables.
const PLACE_BITS: f64 = 256.0;
/// Share of the trace of the normal equations added to their diagonal.
const RIDGE: f64 = 1e-5;

/// The layer between a synthesis' features and its samples, and how to get both.
struct LastLayer {
    /// Position of the pointwise step.
    at: usize,
    /// To the features in front of it.
    features: Program,
    /// To what its result is added to.
    straight: Program,
}

/// Sums over pictures.
struct Sums {
    /// `[table][magnitude]`, the last one for all beyond.
    counts: Vec<Vec<f64>>,
    /// Magnitudes actual and expected, by channel.
    actual: Vec<[f64; 2]>,
    /// Products of true and decoded residuals, squares of the decoded, by channel.
    residuals: Vec<[f64; 2]>,
}

/// Fits a model; pictures are read again for the second half.
pub struct Adapter {
    network: Network,
    codec: Neural,
    levels: Vec<usize>,
    sums: Sums,
    latent: usize,
}

fn from_nn(error: NnError) -> FitError {
    FitError::Codec(CodecError::Malformed { what: error.to_string(), at: None })
}

/// One thread, so that sums come in one order.
fn exec() -> Exec {
    Exec { threads: tintype_image::Threads::ONE, ..Exec::default() }
}

impl Adapter {
    /// Begins with the model `bytes`.
    ///
    /// # Errors
    /// `Codec` for bytes that are no neural model.
    pub fn new(bytes: &[u8]) -> Result<Self, FitError> {
        let network = NeuralModel::network(bytes)?;
        let codec = Neural::new(NeuralModel::from_bytes(bytes)?);
        let shape = network.array_i16("shape", 4).map_err(from_nn)?;
        let latent = shape[0] as usize;
        let top = codec.model().levels - 1;
        let levels = [1, 3, 5, 7].map(|part| top * part / 8).to_vec();
        let counts = distributions(&network)?
            .iter()
            .map(|(least, f)| vec![0.0; least.len_of().min(f.len() + 1)])
            .collect();
        let sums = Sums { counts, actual: vec![[0.0; 2]; latent], residuals: vec![[0.0; 2]; latent] };
        Ok(Self { network, codec, levels, sums, latent })
    }

    /// Counts what coding `planes` gives.
    ///
    /// # Errors
    /// `Codec` if the picture cannot be coded.
    pub fn count(&mut self, planes: &Planes) -> Result<(), FitError> {
        let means = mean_magnitudes(&distributions(&self.network)?);
        for level in self.levels.clone() {
            let trace = self.codec.trace(planes, level, &exec())?;
            let levels = self.codec.model().levels;
            let steps = self.network.array_i32("step", levels * self.latent).map_err(from_nn)?;
            let steps = steps[level * self.latent..][..self.latent].to_vec();
            self.add(&trace.symbols, &means, &steps);
        }
        Ok(())
    }

    fn add(&mut self, tile: &TileSymbols, means: &[f64], steps: &[i32]) {
        for (at, (&symbol, &table)) in tile.symbols.iter().zip(&tile.priors.tables.values).enumerate() {
            if table == 0 {
                continue;
            }
            let (channel, table) = (at % self.latent, table as usize);
            let counts = &mut self.sums.counts[table];
            let place = (symbol.unsigned_abs() as usize).min(counts.len() - 1);
            counts[place] += 1.0;
            let actual = &mut self.sums.actual[channel];
            *actual = [actual[0] + f64::from(symbol.unsigned_abs()), actual[1] + means[table]];
            if symbol != 0 {
                let decoded = f64::from(symbol) * f64::from(steps[channel]) / 256.0;
                let mean = f64::from(tile.latents.values[at]) - decoded;
                let target = f64::from(tile.analysed.values[at]) - mean;
                let sums = &mut self.sums.residuals[channel];
                *sums = [sums[0] + target * decoded, sums[1] + decoded * decoded];
            }
        }
    }

    /// Distributions, places and steps from what was counted.
    ///
    /// # Errors
    /// `Codec` if the result is no model.
    pub fn refit_distributions(&mut self) -> Result<(), FitError> {
        let tables = distributions(&self.network)?;
        let mut list = Vec::new();
        for (index, (least, stored)) in tables.iter().enumerate() {
            let counts = mixed(least.0, stored, &self.sums.counts[index]);
            let table = CdfTable::from_counts(16, &counts).map_err(|error| {
                FitError::Codec(CodecError::Malformed { what: error.to_string(), at: None })
            })?;
            list.extend([least.0, counts.len() as i32]);
            list.extend(table.frequencies().map(|f| f as i32));
        }
        self.network.arrays.insert("tables".into(), Array::I32(list));
        let shift: Vec<f64> = self
            .sums
            .actual
            .iter()
            .map(|[actual, expected]| {
                let trusted = (actual + TRUST) / (expected + TRUST);
                (trusted.ln() / TABLE_STEP).clamp(-6.0, 6.0) * PLACE_BITS
            })
            .collect();
        let factor: Vec<f64> = self
            .sums
            .residuals
            .iter()
            .map(
                |[product, square]| {
                    if *square > 0.0 { (product / square).clamp(0.8, 1.2) } else { 1.0 }
                },
            )
            .collect();
        if let Some(Array::I16(bias)) = self.network.arrays.get_mut("scale_bias") {
            for (index, value) in bias.iter_mut().enumerate() {
                let moved = f64::from(*value) + shift[index % self.latent];
                *value = moved.round().clamp(-32_768.0, 32_767.0) as i16;
            }
        }
        if let Some(Array::I32(steps)) = self.network.arrays.get_mut("step") {
            for (index, value) in steps.iter_mut().enumerate() {
                *value = (f64::from(*value) * factor[index % self.latent]).round().min(2e9) as i32;
            }
        }
        self.codec = Neural::new(NeuralModel::from_file(&NeuralModel::file_of(&self.network))?);
        Ok(())
    }

    /// The least-squares last layer over `pictures`, if the synthesis ends in one.
    ///
    /// # Errors
    /// `Codec` if a picture cannot be coded; what `pictures` gives.
    pub fn refit_last_layer(
        &mut self,
        pictures: impl Iterator<Item = Result<Planes, FitError>>,
    ) -> Result<bool, FitError> {
        let synthesis = self.network.program("synthesis").map_err(from_nn)?.clone();
        let Some(last) = last_layer(&synthesis) else { return Ok(false) };
        let lambdas =
            self.network.array_i32("lambda", self.codec.model().levels).map_err(from_nn)?.to_vec();
        let inputs = last.features.outputs() + 1;
        let outputs = last.straight.outputs();
        let (mut gram, mut right) =
            (DMatrix::<f64>::zeros(inputs, inputs), DMatrix::<f64>::zeros(inputs, outputs));
        for planes in pictures {
            let planes = planes?;
            for &level in &self.levels {
                let trace = self.codec.trace(&planes, level, &exec())?;
                let with = |program: &Program| {
                    program.run(exec().level, trace.symbols.latents.clone(), level).map_err(from_nn)
                };
                let weight = f64::from(lambdas[level]).powf(0.65);
                accumulate(
                    &mut gram,
                    &mut right,
                    (&with(&last.features)?, &with(&last.straight)?, &trace.values),
                    weight,
                );
            }
        }
        let ridge = RIDGE * gram.trace() / inputs as f64;
        let Kind::Pointwise(old) = &synthesis.steps()[last.at].kind else { return Ok(false) };
        for (o, row) in old.weights().chunks_exact(inputs - 1).enumerate() {
            let unit = f64::from(old.shift()[o]).exp2();
            for (i, w) in row.iter().enumerate() {
                right[(i, o)] += ridge * f64::from(*w) / unit;
            }
        }
        (0..inputs).for_each(|i| gram[(i, i)] += ridge.max(1e-9));
        let Some(solved) = gram.cholesky().map(|c| c.solve(&right)) else { return Ok(false) };
        let weights: Vec<f64> = (0..outputs)
            .flat_map(|o| (0..inputs - 1).map(move |i| (o, i)))
            .map(|(o, i)| solved[(i, o)])
            .collect();
        let bias: Vec<f64> = (0..outputs).map(|o| solved[(inputs - 1, o)]).collect();
        let Some(layer) = whole(&weights, &bias, 0, 0) else { return Ok(false) };
        let dense = Pointwise::new(inputs - 1, &layer.weights, &layer.bias, &layer.shift, false)
            .map_err(from_nn)?;
        let mut steps: Vec<Step> = synthesis.steps().to_vec();
        steps[last.at].kind = Kind::Pointwise(dense);
        let made = Program::new(synthesis.inputs(), synthesis.levels(), steps, synthesis.result())
            .map_err(from_nn)?;
        self.network.programs.insert("synthesis".into(), made);
        self.codec = Neural::new(NeuralModel::from_file(&NeuralModel::file_of(&self.network))?);
        Ok(true)
    }

    /// The model as it is now.
    pub fn bytes(&self) -> Vec<u8> {
        NeuralModel::file_of(&self.network).to_bytes()
    }
}

/// The least value of a stored distribution.
#[derive(Clone, Copy, Debug)]
struct Least(i32);

impl Least {
    /// Magnitudes that are counted by themselves, and one more.
    fn len_of(self) -> usize {
        self.0.unsigned_abs() as usize + 2
    }
}

/// Each distribution's least value and frequencies; the last symbol is the escape.
fn distributions(network: &Network) -> Result<Vec<(Least, Vec<u32>)>, FitError> {
    let wrong =
        || FitError::Codec(CodecError::Malformed { what: "the model's tables".into(), at: None });
    let Some(Array::I32(list)) = network.arrays.get("tables") else { return Err(wrong()) };
    let (mut rest, mut out) = (list.as_slice(), Vec::new());
    while let [least, count, after @ ..] = rest {
        let part = after.get(..usize::try_from(*count).map_err(|_| wrong())?).ok_or_else(wrong)?;
        out.push((Least(*least), part.iter().map(|&f| f as u32).collect()));
        rest = &after[part.len()..];
    }
    Ok(out)
}

fn mean_magnitudes(tables: &[(Least, Vec<u32>)]) -> Vec<f64> {
    let mean = |(least, frequencies): &(Least, Vec<u32>)| {
        let values = frequencies[..frequencies.len() - 1].iter().enumerate();
        values.map(|(i, &f)| f64::from((least.0 + i as i32).unsigned_abs()) * f64::from(f)).sum::<f64>()
            / 65_536.0
    };
    tables.iter().map(mean).collect()
}

/// Counts of each symbol: what was seen of its magnitude, shared by both signs, beside the
/// stored frequencies.
fn mixed(least: i32, stored: &[u32], seen: &[f64]) -> Vec<u64> {
    let values = stored.len() - 1;
    (0..stored.len())
        .map(|symbol| {
            let prior = PRIOR * f64::from(stored[symbol]) / 65_536.0;
            let magnitude = (least + symbol as i32).unsigned_abs() as usize;
            let own = match (symbol == values, magnitude) {
                (true, _) => 0.0,
                (false, 0) => seen[0],
                (false, m) => seen.get(m).copied().unwrap_or(0.0) / 2.0,
            };
            ((prior + own) * 4096.0) as u64 + 1
        })
        .collect()
}

fn last_layer(synthesis: &Program) -> Option<LastLayer> {
    let [before @ .., dense, add] = synthesis.steps() else { return None };
    let (Kind::Pointwise(_), Kind::Add(other)) = (&dense.kind, &add.kind) else { return None };
    if *other != dense.to
        || add.to != synthesis.result()
        || add.from == dense.to
        || add.from == dense.from
    {
        return None;
    }
    let part =
        |result: u8| Program::new(synthesis.inputs(), synthesis.levels(), before.to_vec(), result).ok();
    Some(LastLayer { at: before.len(), features: part(dense.from)?, straight: part(add.from)? })
}

/// Adds one picture's normal equations.
fn accumulate(
    gram: &mut DMatrix<f64>,
    right: &mut DMatrix<f64>,
    (features, straight, values): (&FeatureMap, &FeatureMap, &FeatureMap),
    weight: f64,
) {
    let inputs = features.channels + 1;
    let positions = values.height * values.width;
    let row = |p: usize| &features.values[p * features.channels..][..features.channels];
    // Blocks of positions as matrices, so that the products are fast.
    for start in (0..positions).step_by(1024) {
        let count = 1024.min(positions - start);
        let x =
            DMatrix::from_fn(count, inputs, |p, i| row(start + p).get(i).map_or(1.0, |&v| f64::from(v)));
        let t = DMatrix::from_fn(count, straight.channels, |p, o| {
            let at = (start + p) * straight.channels + o;
            f64::from(values.values[at]) - f64::from(straight.values[at])
        });
        gram.gemm_tr(weight, &x, &x, 1.0);
        right.gemm_tr(weight, &x, &t, 1.0);
    }
}

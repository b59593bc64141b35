//! One tile's symbols: hyper-latents, then residuals of the latents, then the latents
//! themselves in four steps.
//!
//! The same code runs in encoder and decoder; a [`SymbolWalk`] either takes the values it is
//! given or returns those it reads. Bit-exact.

use super::error::from_nn;
use super::model::NeuralModel;
use super::rdo::RdoQuantiser;
use tintype_codec::CodecError;
use tintype_entropy::SymbolWalk;
use tintype_image::Level;
use tintype_nn::FeatureMap;

/// Largest magnitude of a coded value; what lies beyond is clamped by the encoder and refused
/// by the decoder.
const VALUE_MAX: i32 = 1 << 20;
/// Which of each 2 × 2 positions (column, row) is decoded in which step.
const STEPS: [(usize, usize); 4] = [(0, 0), (1, 1), (1, 0), (0, 1)];

/// What the hyper-latents give: the source of means, and the distributions.
#[derive(Debug)]
pub struct Priors {
    /// Context features, `[position][context]`.
    features: FeatureMap,
    /// Table of each latent; 0 stands for a symbol that is not coded.
    pub tables: FeatureMap,
}

/// Codes hyper-latent symbols (`[position][hyper]`) through `walk`.
pub(super) fn walk_hyper<W: SymbolWalk>(
    model: &NeuralModel,
    level: usize,
    walk: &mut W,
    symbols: &mut [i32],
) {
    let tables = NeuralModel::at(&model.hyper_table, level, model.hyper);
    for position in symbols.chunks_exact_mut(model.hyper) {
        for (symbol, &table) in position.iter_mut().zip(tables) {
            *symbol = if table == 0 { 0 } else { model.tables.code(walk, table as usize, *symbol) };
        }
    }
}

/// Hyper-latents of their symbols.
pub(super) fn hyper_from_symbols(
    model: &NeuralModel,
    level: usize,
    symbols: &[i32],
    width: usize,
    height: usize,
) -> Result<FeatureMap, CodecError> {
    let steps = NeuralModel::at(&model.hyper_step, level, model.hyper);
    let values = symbols
        .chunks_exact(model.hyper)
        .flat_map(|row| row.iter().zip(steps).map(|(&s, &by)| scaled(s, by)));
    let values: Vec<i16> = values.map(saturated).collect();
    check(symbols)?;
    Ok(FeatureMap { height, width, channels: model.hyper, values })
}

/// `symbol` steps of size `by`, 8 fraction bits dropped, rounding half up.
fn scaled(symbol: i32, by: i32) -> i64 {
    (i64::from(symbol) * i64::from(by) + 128) >> 8
}

fn saturated(value: i64) -> i16 {
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

fn check(symbols: &[i32]) -> Result<(), CodecError> {
    match symbols.iter().find(|s| s.unsigned_abs() > VALUE_MAX as u32) {
        Some(s) => Err(CodecError::Malformed { what: format!("a latent symbol of {s}"), at: None }),
        None => Ok(()),
    }
}

/// The nearest symbol of a difference: `difference · gain`, 24 fraction bits dropped, half
/// away from zero.
pub(super) fn symbol_of(difference: i32, gain: i32) -> i32 {
    let product = i64::from(difference) * i64::from(gain);
    let rounded = ((product.abs() + (1 << 23)) >> 24).min(i64::from(VALUE_MAX)) as i32;
    if product < 0 { -rounded } else { rounded }
}

/// Context features and tables of the latents, from the hyper-latents.
pub(super) fn priors(
    model: &NeuralModel,
    level: usize,
    hyper: FeatureMap,
    simd: Level,
) -> Result<Priors, CodecError> {
    let both = model.hyper_synthesis.run(simd, hyper, level).map_err(from_nn)?;
    let bias = NeuralModel::at(&model.scale_bias, level, model.latent);
    let mut features = FeatureMap::new(both.height, both.width, model.context);
    let mut tables = FeatureMap::new(both.height, both.width, model.latent);
    let last = (model.tables.len() - 1) as i32;
    let rows = features
        .values
        .chunks_exact_mut(model.context)
        .zip(tables.values.chunks_exact_mut(model.latent));
    for ((feature, table), row) in rows.zip(both.values.chunks_exact(both.channels)) {
        let (first, second) = row.split_at(model.context);
        feature.copy_from_slice(first);
        for ((t, &index), &by) in table.iter_mut().zip(second).zip(bias) {
            *t = ((i32::from(index) + i32::from(by)) >> 8).clamp(0, last) as i16;
        }
    }
    Ok(Priors { features, tables })
}

/// Where residual symbols come from while latents are reconstructed.
pub(super) enum SymbolSource<'a> {
    /// Decoded already.
    Symbols(&'a [i32]),
    /// Chosen by RDO from the latents of the analysis, and left in the list.
    Latents(&'a FeatureMap, &'a mut [i32], &'a RdoQuantiser),
}

/// The latents, in four steps; the means of each step depend on the positions of earlier ones.
pub(super) fn latents(
    model: &NeuralModel,
    level: usize,
    priors: &Priors,
    mut source: SymbolSource<'_>,
    simd: Level,
) -> Result<FeatureMap, CodecError> {
    let (height, width) = (priors.features.height, priors.features.width);
    let gain = NeuralModel::at(&model.gain, level, model.latent);
    let step = NeuralModel::at(&model.step, level, model.latent);
    if let SymbolSource::Symbols(symbols) = source {
        check(symbols)?;
    }
    let mut latents = FeatureMap::new(height, width, model.latent);
    let mut context = FeatureMap::new(height, width, model.context);
    for (index, (right, down)) in STEPS.into_iter().enumerate() {
        let mut features = phase_of(&priors.features, right, down);
        if index > 0 {
            let correction =
                model.context_steps[index - 1].run(simd, context.clone(), level).map_err(from_nn)?;
            let correction = phase_of(&correction, right, down);
            features
                .values
                .iter_mut()
                .zip(&correction.values)
                .for_each(|(a, &b)| *a = a.saturating_add(b));
        }
        let mut here = model.context_mean.run(simd, features, level).map_err(from_nn)?;
        for y in 0..here.height {
            for x in 0..here.width {
                let at = ((2 * y + down) * width + 2 * x + right) * model.latent;
                let means = here.at_mut(x, y);
                dequantise(means, at, &mut source, &priors.tables, gain, step);
                latents.values[at..at + model.latent].copy_from_slice(means);
            }
        }
        if index < 3 {
            let entered = model.context_enter.run(simd, here, level).map_err(from_nn)?;
            scatter(&entered, &mut context, right, down);
        }
    }
    Ok(latents)
}

/// Dequantises one position: adds the residuals to the means.
fn dequantise(
    means: &mut [i16],
    at: usize,
    source: &mut SymbolSource<'_>,
    tables: &FeatureMap,
    gain: &[i32],
    step: &[i32],
) {
    for (c, mean) in means.iter_mut().enumerate() {
        let symbol = match source {
            SymbolSource::Symbols(symbols) => symbols[at + c],
            SymbolSource::Latents(..) if tables.values[at + c] == 0 => 0,
            SymbolSource::Latents(analysed, symbols, quantiser) => {
                let difference = i32::from(analysed.values[at + c]) - i32::from(*mean);
                let product = i64::from(difference) * i64::from(gain[c]);
                symbols[at + c] = quantiser.symbol(product, c, tables.values[at + c] as usize);
                symbols[at + c]
            }
        };
        *mean = saturated(i64::from(*mean) + scaled(symbol, step[c]));
    }
}

/// One of the four phases of a map: every other column from `right` on, of every other row
/// from `down` on.
fn phase_of(map: &FeatureMap, right: usize, down: usize) -> FeatureMap {
    let mut out = FeatureMap::new(map.height / 2, map.width / 2, map.channels);
    for y in 0..out.height {
        for x in 0..out.width {
            out.at_mut(x, y).copy_from_slice(map.at(2 * x + right, 2 * y + down));
        }
    }
    out
}

/// The inverse of [`phase_of`]: writes `part` to its positions of `whole`.
fn scatter(part: &FeatureMap, whole: &mut FeatureMap, right: usize, down: usize) {
    for y in 0..part.height {
        for x in 0..part.width {
            whole.at_mut(2 * x + right, 2 * y + down).copy_from_slice(part.at(x, y));
        }
    }
}

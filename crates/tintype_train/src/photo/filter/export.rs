//! A trained filter as integers.
//!
//! Every map gets a power of two of its own as its scale, so that twice the largest magnitude
//! seen fits 16 bits; every output of a layer the largest shift at which its sums fit 32 bits.

use super::network::{Network, OUTPUTS_PADDED, Trace, UNIT};
use crate::FitError;
use tintype_model::{Model, ModelFile, ModelLimits};
use tintype_nn::{Depthwise, NnError, Pointwise};
use tintype_photo::PhotoModel;
use tintype_photo::filter::{BlockLayers, CHANNELS, Filter, HIDDEN, INPUTS, OUTPUT_SHIFT, OUTPUTS};

/// How much larger than any seen a magnitude may be before it saturates.
const HEADROOM: f32 = 2.0;
/// Largest shift of a layer.
const SHIFT_MAX: u8 = 24;

/// Largest magnitudes of the maps of a network.
#[derive(Clone, Debug)]
pub struct Ranges {
    map: f32,
    /// Of each block: after the depthwise layer, inside.
    blocks: Vec<[f32; 2]>,
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, v| v.abs().max(most))
}

impl Ranges {
    /// Nothing seen yet of a network of `blocks` blocks.
    pub fn new(blocks: usize) -> Self {
        Self { map: 0.0, blocks: vec![[0.0; 2]; blocks] }
    }

    /// Widens the ranges by what `trace` has.
    pub fn add(&mut self, trace: &Trace) {
        self.map = trace.maps.iter().map(|map| largest(map)).fold(self.map, f32::max);
        for (range, block) in self.blocks.iter_mut().zip(&trace.blocks) {
            range[0] = range[0].max(largest(&block.spread));
            range[1] = range[1].max(largest(&block.hidden));
        }
    }
}

/// The power of two that stands for 1 in a map of magnitudes up to `range`.
fn scale(range: f32) -> f32 {
    (32_767.0 / (HEADROOM * range.max(1e-3))).log2().floor().min(14.0).exp2()
}

/// Weights (output by output), biases and shifts.
type Integers = (Vec<i16>, Vec<i32>, Vec<u8>);

/// A layer in integers, from a map of scale `from` to one of scale `to`; `weight` gives the
/// weight from an input to an output.
fn integers(
    weight: impl Fn(usize, usize) -> f32,
    inputs: usize,
    bias: &[f32],
    [from, to]: [f32; 2],
) -> Result<Integers, FitError> {
    let (mut weights, mut biases, mut shifts) = (Vec::new(), Vec::new(), Vec::new());
    for (output, &bias) in bias.iter().enumerate() {
        let at = |shift: u8| {
            let unit = f64::from(shift).exp2();
            let scaled = |i: usize| f64::from(weight(i, output) * to / from) * unit;
            let row: Vec<i64> = (0..inputs).map(|i| scaled(i).round() as i64).collect();
            let bias = (f64::from(bias * to) * unit + 0.5 * unit).floor() as i64;
            let sum: i64 = row.iter().map(|w| w.abs()).sum();
            let fits = row.iter().all(|w| w.abs() <= i64::from(i16::MAX))
                && sum * (1 << 15) + bias.abs() <= i64::from(i32::MAX);
            fits.then_some((row, bias, shift))
        };
        let Some((row, bias, shift)) = (0..=SHIFT_MAX).rev().find_map(at) else {
            let what = format!(
                "output {output} of a layer of {inputs} inputs has too large weights for integers"
            );
            return Err(FitError::Misuse { what });
        };
        weights.extend(row.into_iter().map(|w| w as i16));
        biases.push(bias as i32);
        shifts.push(shift);
    }
    Ok((weights, biases, shifts))
}

fn refused(error: NnError) -> FitError {
    FitError::Misuse { what: format!("the trained filter: {error}") }
}

fn pointwise(
    matrix: &[f32],
    columns: usize,
    bias: &[f32],
    scales: [f32; 2],
    rectified: bool,
) -> Result<Pointwise, FitError> {
    let inputs = matrix.len() / columns;
    let (weights, bias, shift) = integers(|i, o| matrix[i * columns + o], inputs, bias, scales)?;
    Pointwise::new(inputs, &weights, &bias, &shift, rectified).map_err(refused)
}

/// `network` in integers, for maps within `ranges`.
pub fn integer_filter(network: &Network, ranges: &Ranges) -> Result<Filter, FitError> {
    let at = |span: &std::ops::Range<usize>| &network.values[span.clone()];
    let spans = &network.spans;
    let map = scale(ranges.map);
    debug_assert_eq!(at(&spans.first).len(), 9 * INPUTS * CHANNELS);
    let first = pointwise(at(&spans.first), CHANNELS, at(&spans.first_bias), [UNIT, map], true)?;
    let mut blocks = Vec::new();
    for (spans, range) in spans.blocks.iter().zip(&ranges.blocks) {
        let [spread, hidden] = range.map(scale);
        let nine = at(&spans.depthwise);
        let weight = |tap: usize, channel: usize| nine[tap * CHANNELS + channel];
        let bias = at(&spans.depthwise_bias);
        let (weights, bias, shift) = integers(weight, 9, bias, [map, spread])?;
        blocks.push(BlockLayers {
            depthwise: Depthwise::new(&weights, &bias, &shift).map_err(refused)?,
            widen: pointwise(at(&spans.widen), HIDDEN, at(&spans.widen_bias), [spread, hidden], true)?,
            narrow: pointwise(
                at(&spans.narrow),
                CHANNELS,
                at(&spans.narrow_bias),
                [hidden, map],
                false,
            )?,
        });
    }
    // An output of 1 is a quarter of the step.
    let out = ((OUTPUT_SHIFT - 2) as f32).exp2();
    let used = &at(&spans.last_bias)[..OUTPUTS];
    let last = pointwise(at(&spans.last), OUTPUTS_PADDED, used, [map, out], false)?;
    Ok(Filter { first, blocks, last })
}

/// `model` with `filter`.
pub fn model_with(model: &[u8], filter: &Filter) -> Result<Vec<u8>, FitError> {
    let wrong =
        |what: String| FitError::Misuse { what: format!("the model to give a filter to: {what}") };
    let file = ModelFile::read(model, &ModelLimits::default()).map_err(|e| wrong(e.to_string()))?;
    let payload = PhotoModel::payload_with_filter(file.payload(), Some(filter));
    Ok(PhotoModel::file_of(payload.map_err(|e| wrong(e.to_string()))?).to_bytes())
}

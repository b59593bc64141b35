//! The filter in `f32`: its parameters, what it makes of a patch, and the gradient of a loss by
//! its parameters.
//!
//! In: a square patch of positions (2×2 pixels each) with [`INPUTS`] numbers, as
//! `tintype_photo::filter` lays them out, in units of [`UNIT`] internal steps. Out: twelve
//! corrections for each position, in quarters of the luma step.

use super::depthwise::{add_input_gradient, add_weight_gradient, convolve, padded};
use super::matrix::{Left, add_outer, add_product, transposed};
use crate::random::Random;
use fearless_simd::Level;
use tintype_photo::filter::{CHANNELS, HIDDEN, INPUTS};

/// Internal steps that the number 1 at the network's input stands for.
pub const UNIT: f32 = 1024.0;
/// Columns of the last layer in memory.
pub const OUTPUTS_PADDED: usize = 16;

/// Where a layer's numbers stand among all parameters.
type Span = std::ops::Range<usize>;

/// The spans of one block: depthwise weights and bias, widening, narrowing.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // Named after the layers.
pub struct BlockSpans {
    pub depthwise: Span,
    pub depthwise_bias: Span,
    pub widen: Span,
    pub widen_bias: Span,
    pub narrow: Span,
    pub narrow_bias: Span,
}

/// Where each layer's numbers stand. Matrices have a row for each input.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // Named after the layers.
pub struct Spans {
    pub first: Span,
    pub first_bias: Span,
    pub blocks: Vec<BlockSpans>,
    pub last: Span,
    pub last_bias: Span,
    pub all: usize,
}

impl Spans {
    fn new(blocks: usize) -> Self {
        let mut all = 0;
        let mut span = |len: usize| {
            all += len;
            all - len..all
        };
        let (first, first_bias) = (span(9 * INPUTS * CHANNELS), span(CHANNELS));
        let blocks = (0..blocks)
            .map(|_| BlockSpans {
                depthwise: span(9 * CHANNELS),
                depthwise_bias: span(CHANNELS),
                widen: span(CHANNELS * HIDDEN),
                widen_bias: span(HIDDEN),
                narrow: span(HIDDEN * CHANNELS),
                narrow_bias: span(CHANNELS),
            })
            .collect();
        let (last, last_bias) = (span(CHANNELS * OUTPUTS_PADDED), span(OUTPUTS_PADDED));
        Self { first, first_bias, blocks, last, last_bias, all }
    }
}

/// A filter in training.
#[derive(Clone, Debug)]
pub struct Network {
    /// Where each layer stands in `values`.
    pub spans: Spans,
    /// All weights and biases.
    pub values: Vec<f32>,
}

/// What a pass over a patch leaves for the way back.
#[derive(Clone, Debug)]
pub struct Trace {
    side: usize,
    input: Vec<f32>,
    /// Maps of [`CHANNELS`] numbers: after the first layer, then after each block.
    pub maps: Vec<Vec<f32>>,
    pub blocks: Vec<BlockTrace>,
    /// [`OUTPUTS_PADDED`] numbers for each position.
    pub output: Vec<f32>,
}

#[derive(Clone, Debug)]
pub struct BlockTrace {
    pub padded: Vec<f32>,
    pub spread: Vec<f32>,
    pub hidden: Vec<f32>,
}

fn rows_of(bias: &[f32], count: usize) -> Vec<f32> {
    bias.iter().copied().cycle().take(bias.len() * count).collect()
}

fn whole(values: &[f32], inputs: usize) -> Left<'_> {
    Left { values, rows: values.len() / inputs, stride: inputs, inputs }
}

/// Rows of a padded map as the left side of row `dy` of a 3×3 convolution of row `y`.
fn three_positions(padded: &[f32], side: usize, y: usize) -> Left<'_> {
    let values = &padded[y * (side + 2) * INPUTS..][..(side + 2) * INPUTS];
    Left { values, rows: side, stride: INPUTS, inputs: 3 * INPUTS }
}

fn rectify(values: &mut [f32]) {
    values.iter_mut().for_each(|v| *v = v.max(0.0));
}

/// Sets `gradient` to 0 where `result` of a rectifier is 0.
fn through_rectifier(gradient: &mut [f32], result: &[f32]) {
    gradient.iter_mut().zip(result).for_each(|(g, &r)| *g = if r > 0.0 { *g } else { 0.0 });
}

fn add_sums(rows: &[f32], into: &mut [f32]) {
    for row in rows.chunks_exact(into.len()) {
        into.iter_mut().zip(row).for_each(|(s, v)| *s += v);
    }
}

impl Network {
    /// `blocks` blocks of random weights (uniform, variance 2 / inputs); the last layer is zero, so that a new
    /// filter changes nothing.
    pub fn new(blocks: usize, seed: u64) -> Self {
        let spans = Spans::new(blocks);
        let mut random = Random::new(seed);
        let mut values = vec![0.0; spans.all];
        let mut fill = |span: &Span, variance: f32| {
            let reach = (3.0 * variance).sqrt();
            for value in &mut values[span.clone()] {
                *value = (random.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0) * reach;
            }
        };
        fill(&spans.first, 2.0 / (9 * INPUTS) as f32);
        for block in &spans.blocks {
            fill(&block.depthwise, 1.0 / 9.0);
            fill(&block.widen, 2.0 / CHANNELS as f32);
            fill(&block.narrow, 0.5 / HIDDEN as f32);
        }
        Self { spans, values }
    }

    fn at(&self, span: &Span) -> &[f32] {
        &self.values[span.clone()]
    }

    /// Runs a patch of `side` × `side` positions, `input` padded by one position by repetition.
    pub fn forward(&self, level: Level, input: Vec<f32>, side: usize) -> Trace {
        let count = side * side;
        let mut map = rows_of(self.at(&self.spans.first_bias), count);
        let first = self.at(&self.spans.first);
        for (y, out) in map.chunks_exact_mut(side * CHANNELS).enumerate() {
            for (dy, weights) in first.chunks_exact(3 * INPUTS * CHANNELS).enumerate() {
                add_product::<CHANNELS>(level, three_positions(&input, side, y + dy), weights, out);
            }
        }
        rectify(&mut map);
        let (mut maps, mut blocks) = (vec![map], Vec::new());
        for spans in &self.spans.blocks {
            let map = &maps[maps.len() - 1];
            let padded = padded(map, side, CHANNELS, 1, true);
            let (weights, bias) = (self.at(&spans.depthwise), self.at(&spans.depthwise_bias));
            let spread = convolve(level, &padded, side, weights, bias);
            let mut hidden = rows_of(self.at(&spans.widen_bias), count);
            add_product::<HIDDEN>(level, whole(&spread, CHANNELS), self.at(&spans.widen), &mut hidden);
            rectify(&mut hidden);
            let mut next = rows_of(self.at(&spans.narrow_bias), count);
            add_product::<CHANNELS>(level, whole(&hidden, HIDDEN), self.at(&spans.narrow), &mut next);
            next.iter_mut().zip(map).for_each(|(n, m)| *n += m);
            maps.push(next);
            blocks.push(BlockTrace { padded, spread, hidden });
        }
        let mut output = rows_of(self.at(&self.spans.last_bias), count);
        let end = whole(&maps[maps.len() - 1], CHANNELS);
        add_product::<OUTPUTS_PADDED>(level, end, self.at(&self.spans.last), &mut output);
        Trace { side, input, maps, blocks, output }
    }

    /// Adds to `into` the gradient by all parameters, given the `gradient` by the output.
    pub fn add_gradient(&self, level: Level, trace: &Trace, gradient: &[f32], into: &mut [f32]) {
        let side = trace.side;
        let end = &trace.maps[trace.maps.len() - 1];
        let last = (&self.spans.last, &self.spans.last_bias);
        let mut by_map = self.back::<CHANNELS, OUTPUTS_PADDED>(level, last, end, gradient, into);

        for (spans, block) in self.spans.blocks.iter().zip(&trace.blocks).rev() {
            let narrow = (&spans.narrow, &spans.narrow_bias);
            let mut by_hidden =
                self.back::<HIDDEN, CHANNELS>(level, narrow, &block.hidden, &by_map, into);
            through_rectifier(&mut by_hidden, &block.hidden);
            let widen = (&spans.widen, &spans.widen_bias);
            let by_spread = self.back::<CHANNELS, HIDDEN>(level, widen, &block.spread, &by_hidden, into);

            add_weight_gradient(
                level,
                &block.padded,
                &by_spread,
                side,
                &mut into[spans.depthwise.clone()],
            );
            add_sums(&by_spread, &mut into[spans.depthwise_bias.clone()]);
            add_input_gradient(level, &by_spread, side, self.at(&spans.depthwise), &mut by_map);
        }
        through_rectifier(&mut by_map, &trace.maps[0]);
        add_sums(&by_map, &mut into[self.spans.first_bias.clone()]);
        let weights = &mut into[self.spans.first.clone()];
        for (y, rows) in by_map.chunks_exact(side * CHANNELS).enumerate() {
            for (dy, weights) in weights.chunks_exact_mut(3 * INPUTS * CHANNELS).enumerate() {
                add_outer::<CHANNELS>(level, three_positions(&trace.input, side, y + dy), rows, weights);
            }
        }
    }

    /// Through a layer of `IN` numbers to `OUT` that stands at `spans` (weights, bias): adds the
    /// gradient by the layer's parameters to `into`, and returns that by its `input`.
    fn back<const IN: usize, const OUT: usize>(
        &self,
        level: Level,
        (weights, bias): (&Span, &Span),
        input: &[f32],
        gradient: &[f32],
        into: &mut [f32],
    ) -> Vec<f32> {
        add_outer::<OUT>(level, whole(input, IN), gradient, &mut into[weights.clone()]);
        add_sums(gradient, &mut into[bias.clone()]);
        let mut by_input = vec![0.0; input.len()];
        let turned = transposed(self.at(weights), OUT, IN);
        add_product::<IN>(level, whole(gradient, OUT), &turned, &mut by_input);
        by_input
    }
}

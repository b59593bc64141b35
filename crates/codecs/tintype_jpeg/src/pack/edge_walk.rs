//! Coding a block's first row, first column and DC, each predicted from the neighbours' edges.
//!
//! In and out: the block, read when coding and filled when decoding. Bit-exact.

use super::buckets::{MAGNITUDES, count_bucket, level_of, log_level, magnitude_bucket};
use super::contexts::{CoefficientModel, DcContext, EdgeContext, EdgeCount};
use super::edge_projection::{EdgeSums, predict};
use super::expected_magnitudes::{ExpectedEdges, Magnitudes};
use super::neighbours::{BlockInputs, Neighbours};
use tintype_entropy::SymbolWalk;

/// What is known of a block when its first row or column is coded.
pub struct KnownCounts {
    /// Nonzero inner coefficients.
    pub inner: usize,
    /// Nonzero coefficients of the first row, once that is coded.
    pub row: usize,
}

/// Codes the first row (`SIDE` 0) or column (1) without DC; returns how many are nonzero.
#[inline(always)]
pub fn edge_coefficients<const SIDE: usize, T: CoefficientModel, W: SymbolWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    known: KnownCounts,
    inputs: &BlockInputs<'_>,
    edges: &mut ExpectedEdges,
    sums: &mut EdgeSums,
    model: &mut T,
) -> usize {
    let (step, around) = (if SIDE == 1 { 8 } else { 1 }, &inputs.around);
    let inverse = &inputs.projection.inverse[SIDE];
    let predict = || {
        if SIDE == 1 {
            predict(&around.left.right, &sums.left, inverse, around.left.exists)
        } else {
            predict(&around.above.bottom, &sums.top, inverse, around.above.exists)
        }
    };
    let early = if T::MIXES { predict() } else { [0; 8] };
    let inner = count_bucket(known.inner);
    let count = edge_count::<SIDE, T, W>(walk, block, known, around, edges, &early, model);
    if count == 0 {
        return 0;
    }
    let predictions = if T::MIXES { early } else { predict() };
    let (mut remaining, mut line) = (count, [0i16; 8]);
    for f in 1..8 {
        if remaining == 0 {
            break;
        }
        let (k, predicted) = (f * step, predictions[f]);
        let mut context = EdgeContext {
            position: SIDE * 7 + f - 1,
            level: level_of(u32::from(edges.0[8 * SIDE + f])),
            predicted,
            predicted_bucket: magnitude_bucket(predicted.unsigned_abs()),
            remaining,
            certain: remaining + f == 8,
            reference_sign: 0,
            mixed: [0; 4],
        };
        if T::MIXES {
            let before = if f > 1 { Some(line[f - 1].unsigned_abs()) } else { None };
            context.mixed = edge_mix_contexts(around, k, &context, inner, before);
            context.reference_sign = (around.reference.block[k].signum() + 1) as usize;
        }
        let Some((value, magnitude)) = model.edge_value(walk, block[k], &context) else { continue };
        (block[k], line[f]) = (value, value);
        remaining -= 1;
        edges.update(inputs.weights, k, magnitude);
    }
    sums.add_line(&line, SIDE, inputs.projection);
    count
}

/// Further contexts of edge coefficient `k`; `inner` is the bucket of the inner count, `before` the
/// magnitude of the coefficient before it in the row or column.
#[inline(always)]
fn edge_mix_contexts(
    around: &Neighbours<'_>,
    k: usize,
    context: &EdgeContext,
    inner: usize,
    before: Option<u16>,
) -> [usize; 4] {
    let size = |m: &Magnitudes| u32::from(m[k]);
    let (a, l) = (size(&around.above.magnitudes), size(&around.left.magnitudes));
    let neighbours = magnitude_bucket((13 * (a + l) + 6 * size(&around.above_left.magnitudes)) >> 4);
    let reference = magnitude_bucket(size(around.reference.magnitudes));
    // The bucket of the largest magnitudes also stands for "none before it".
    let before = before.map_or(11, |magnitude| magnitude_bucket(magnitude.into()));
    let predicted = context.predicted_bucket;
    let index = |first: usize, second: usize| (first * 14 + context.position) * MAGNITUDES + second;
    [
        index(predicted, neighbours),
        index(reference, predicted),
        index(inner, predicted),
        index(before, neighbours),
    ]
}

/// Codes the number of nonzero coefficients in the first row or column.
#[inline(always)]
fn edge_count<const SIDE: usize, T: CoefficientModel, W: SymbolWalk>(
    walk: &mut W,
    block: &[i16; 64],
    known: KnownCounts,
    around: &Neighbours<'_>,
    edges: &ExpectedEdges,
    predictions: &[i32; 8],
    model: &mut T,
) -> usize {
    let step = if SIDE == 1 { 8 } else { 1 };
    let count = if W::READS { 0 } else { (1..8).filter(|f| block[f * step] != 0).count() };
    let inner = count_bucket(known.inner);
    let (a, l) = (usize::from(around.above.edges[SIDE]), usize::from(around.left.edges[SIDE]));
    let other_side = if SIDE == 1 { known.row } else { 7 - (a + l) / 2 };
    let mean = (a + l).div_ceil(2);
    let sum: u32 = edges.0[8 * SIDE + 1..][..7].iter().map(|e| u32::from(*e)).sum();
    let level = level_of(sum);
    let context = EdgeCount {
        side: SIDE,
        level,
        mean,
        above: a,
        left: l,
        other_side,
        inner,
        predicted_nonzero: predictions[1..].iter().filter(|p| p.unsigned_abs() > 1).count(),
        predicted_log: log_level(
            predictions[1..].iter().fold(0, |sum, p| sum.saturating_add(p.unsigned_abs())),
        ),
    };
    model.edge_count(walk, count, &context)
}

/// Codes DC as the residual of its prediction; returns that residual's bucket.
#[inline(always)]
pub fn dc_coefficient<T: CoefficientModel, W: SymbolWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    count: usize,
    inputs: &BlockInputs<'_>,
    sums: &mut EdgeSums,
    model: &mut T,
) -> u8 {
    let (around, projection) = (&inputs.around, inputs.projection);
    let from = |far: i32, near: i32| {
        ((i64::from(far.wrapping_sub(near)) * i64::from(projection.inverse[0][0]) + (1 << 28)) >> 29)
            as i32
    };
    let (above, left) =
        (from(around.above.bottom[0], sums.top[0]), from(around.left.right[0], sums.left[0]));
    // Eighths of a quantisation step.
    let (predicted, spread) = match (around.above.exists, around.left.exists) {
        (true, true) => (above.wrapping_add(left) / 2, above.wrapping_sub(left).unsigned_abs() / 4),
        (true, false) => (above, 40),
        (false, true) => (left, 40),
        _ => (0, 200),
    };
    let (fraction, predicted) =
        ((predicted.wrapping_add(4) & 7) as usize, predicted.wrapping_add(4) >> 3);
    let residual = i32::from(block[0]).wrapping_sub(predicted);
    let context = DcContext {
        spread: magnitude_bucket(spread),
        count: count_bucket(count),
        neighbour_residual: usize::from(around.above.dc_residual.max(around.left.dc_residual)),
        difference: above.wrapping_sub(left),
        fraction,
    };
    let value = model.dc_residual(walk, residual.clamp(-0xffff, 0xffff), &context);
    block[0] = predicted.wrapping_add(value) as i16;
    sums.add_dc(block[0], projection);
    magnitude_bucket(value.unsigned_abs()) as u8
}

//! Coding a block's inner coefficients: the 49 outside the first row and column.
//!
//! In and out: the block, read when coding and filled when decoding. Bit-exact.

use super::buckets::{count_bucket, level_of, log_level, magnitude_bucket};
use super::contexts::{CoefficientModel, InnerContext, InnerCount, InnerMixContext};
use super::edge_projection::EdgeSums;
use super::expected_magnitudes::{ExpectedMagnitudes, Magnitudes};
use super::neighbours::{BlockInputs, Neighbours};
use crate::frame::NATURAL_FROM_ZIGZAG;
use crate::scan_encode;
use tintype_entropy::SymbolWalk;

/// Zigzag order of the 49 coefficients outside the first row and column: natural index, and index
/// in the transposed block; the last one stands there once more.
const INNER: [[u8; 2]; 50] = {
    let mut order = [[0u8; 2]; 50];
    let (mut k, mut n) = (0, 0);
    while k < 64 {
        let natural = NATURAL_FROM_ZIGZAG[k];
        if natural >= 8 && !natural.is_multiple_of(8) {
            order[n] = [natural, natural % 8 * 8 + natural / 8];
            n += 1;
        }
        k += 1;
    }
    order[49] = order[48];
    order
};

/// Number of nonzero coefficients outside the first row and column.
#[inline(always)]
fn nonzero_inner(block: &[i16; 64]) -> usize {
    if scan_encode::is_flat(block) {
        return 0;
    }
    let mut columns = [0u16; 8];
    for row in block[8..].chunks_exact(8) {
        // The top bit of what is not zero; a comparison would not become vectors.
        columns.iter_mut().zip(row).for_each(|(sum, c)| *sum += (c | c.wrapping_neg()) as u16 >> 15);
    }
    columns[0] = 0;
    usize::from(columns.iter().sum::<u16>())
}

/// Codes the number of nonzero inner coefficients.
#[inline(always)]
pub fn inner_count<T: CoefficientModel, W: SymbolWalk>(
    walk: &mut W,
    block: &[i16; 64],
    around: &Neighbours<'_>,
    expected: &ExpectedMagnitudes,
    model: &mut T,
) -> usize {
    let count = if W::READS { 0 } else { nonzero_inner(block) };
    let (a, l) = (usize::from(around.above.inner), usize::from(around.left.inner));
    let mean = match (around.above.exists, around.left.exists) {
        (true, true) => (a + l).div_ceil(2),
        (true, false) => a,
        (false, true) => l,
        _ => 50,
    };
    let context = InnerCount {
        level: log_level(expected.inner_sum / 4).min(50),
        reference: count_bucket(around.reference.inner),
        mean,
        above: count_bucket(a),
        left: count_bucket(l),
    };
    model.inner_count(walk, count, context)
}

/// Codes the inner coefficients, of which `count` are nonzero; returns their projection to the
/// edges.
#[inline(always)]
pub fn inner_coefficients<T: CoefficientModel, W: SymbolWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    count: usize,
    inputs: &BlockInputs<'_>,
    expected: &mut ExpectedMagnitudes,
    model: &mut T,
) -> EdgeSums {
    if count == 0 {
        return EdgeSums::default();
    }
    let (around, projection) = (&inputs.around, inputs.projection);
    let (mut remaining, mut columns) = (count, [0i16; 64]);
    let mut facing = [around.above.bottom, around.left.right];
    let mut remaining_log = 26 + log_level(4 * remaining as u32);
    let mut remaining_bucket = count_bucket(remaining).min(7);
    // Without mixing the level is that before the latest coefficient was known, so that a decoder
    // need not wait for it: 0.7 points of the file, 1.6 times the speed of unpacking.
    let mut next_level = level_of(u32::from(expected.values[usize::from(INNER[0][0])]));
    for position in 0..49 {
        let [k, transposed] = INNER[position].map(|k| usize::from(k) & 63);
        let own = u32::from(expected.values[k]);
        let level = if T::MIXES { level_of(own) } else { next_level };
        if !T::MIXES {
            let next = usize::from(INNER[position + 1][0]) & 63;
            next_level = level_of(u32::from(expected.values[next]));
        }
        // As many positions as nonzero coefficients: no question.
        let certain = remaining + position == 49;
        let mut context =
            InnerContext { position, level, remaining_bucket, certain, ..Default::default() };
        if T::MIXES {
            let log = remaining_log + log_level(own);
            context.share = log.saturating_sub(log_level(expected.inner_sum)).min(31);
            expected.inner_sum = expected.inner_sum.saturating_sub(own);
            context.mixed = inner_mix_context(around, block, k, (count, remaining, own));
            context.reference_sign = (around.reference.block[k].signum() + 1) as usize;
            let weights = [projection.near_row[k], projection.near_column[transposed]];
            context.edge_values =
                [facing[0][k % 8] / (weights[0] / 2).max(1), facing[1][k / 8] / (weights[1] / 2).max(1)];
        }
        let Some((value, magnitude)) = model.inner_value(walk, block[k], &context) else {
            continue;
        };
        (block[k], columns[transposed]) = (value, value);
        remaining -= 1;
        remaining_log = 26 + log_level(4 * remaining as u32);
        remaining_bucket = count_bucket(remaining).min(7);
        expected.update(inputs.weights, k, magnitude);
        if T::MIXES {
            let value = i32::from(value);
            let row = projection.near_row[k].wrapping_mul(value);
            let column = projection.near_column[transposed].wrapping_mul(value);
            facing[0][k % 8] = facing[0][k % 8].wrapping_sub(row);
            facing[1][k / 8] = facing[1][k / 8].wrapping_sub(column);
            expected.update_sum(inputs.weights, k, magnitude);
        }
        if remaining == 0 {
            break;
        }
    }
    EdgeSums::of_inner(block, &columns, projection)
}

/// Further contexts of inner coefficient `k`; `known` are the block's count, how many are to
/// come, and the expected magnitude.
#[inline(always)]
fn inner_mix_context(
    around: &Neighbours<'_>,
    block: &[i16; 64],
    k: usize,
    known: (usize, usize, u32),
) -> InnerMixContext {
    let size = |m: &Magnitudes| u32::from(m[k]);
    let (a, l) = (size(&around.above.magnitudes), size(&around.left.magnitudes));
    InnerMixContext {
        neighbours: magnitude_bucket((13 * (a + l) + 6 * size(&around.above_left.magnitudes)) >> 4),
        lower_frequencies: lower_frequencies_bucket(block, k),
        reference: magnitude_bucket(size(around.reference.magnitudes)),
        above: magnitude_bucket(a),
        left: magnitude_bucket(l),
        count: count_bucket(known.0),
        remaining: known.1,
        fine_level: log_level(known.2).min(63),
    }
}

/// Magnitudes of the lower frequencies next to `k` that are known.
#[inline(always)]
fn lower_frequencies_bucket(block: &[i16; 64], k: usize) -> usize {
    let (v, u) = (k >> 3, k & 7);
    let size = |k: usize| u32::from(block[k].unsigned_abs());
    let up = if v > 1 { 2 * size(k - 8) + if v > 2 { size(k - 16) } else { 0 } } else { 0 };
    let left = if u > 1 { 2 * size(k - 1) + if u > 2 { size(k - 2) } else { 0 } } else { 0 };
    let corner = if u > 1 && v > 1 { size(k - 9) } else { 0 };
    magnitude_bucket(up + left + corner)
}

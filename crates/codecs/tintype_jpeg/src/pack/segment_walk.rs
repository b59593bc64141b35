//! The walk over the coefficients of a segment: rows of MCUs, in each every component's rows of
//! blocks.
//!
//! In and out: the segment's [`BlockRows`], read when coding and filled when decoding. A
//! [`CoefficientModel`] codes counts and values. Bit-exact; one traversal for both directions.
//!
//! Source: order and prediction of a block's parts after Horn et al., NSDI 2017 (see
//! `edge_projection.rs`); contexts are our own. The format is docs/format/jpeg-repack.md.

use super::contexts::CoefficientModel;
use super::edge_projection::{EdgeProjection, EdgeSums};
use super::edge_walk::{KnownCounts, dc_coefficient, edge_coefficients};
use super::expected_magnitudes::{ExpectedEdges, ExpectedMagnitudes, Weights, magnitudes};
use super::inner_walk::{inner_coefficients, inner_count};
use super::neighbours::{ABSENT, BlockInputs, NeighbourState, Neighbours, ReferenceBlock};
use crate::coefficients::BlockRows;
use crate::scan_encode;
use tintype_entropy::SymbolWalk;

/// The model of a segment: weights of three classes of component, a model of luma and one of
/// chroma.
pub struct SegmentModel<'a, T> {
    /// Weights of luma, Cb and Cr.
    pub weights: &'a [Weights; 3],
    /// Models of luma and chroma.
    pub models: [T; 2],
}

/// Codes or decodes all coefficients of a segment.
///
/// `sampling` gives each component's blocks in an MCU, across and down; `quant` its quantisation
/// table.
#[inline(always)]
pub fn walk_segment<T: CoefficientModel, W: SymbolWalk>(
    walk: &mut W,
    model: &mut SegmentModel<'_, T>,
    components: &mut [BlockRows<'_>],
    sampling: &[(usize, usize)],
    quant: &[[u16; 64]],
) {
    let projections: Vec<EdgeProjection> = quant.iter().map(EdgeProjection::new).collect();
    // For each component the states of the row above and of the current row, and a block beyond
    // its end.
    let mut states: Vec<[Vec<NeighbourState>; 2]> =
        components.iter().map(|c| std::array::from_fn(|_| vec![ABSENT; c.stride + 1])).collect();
    let mut counts: Vec<Vec<u8>> = components.iter().map(|c| vec![0; c.stride * c.rows]).collect();
    let mcu_rows = components.first().map_or(0, |c| c.rows / sampling[0].1);
    for mcu_row in 0..mcu_rows {
        for index in 0..components.len() {
            let (earlier, rest) = components.split_at_mut(index);
            let (earlier_counts, own_counts) = counts.split_at_mut(index);
            let component = &mut rest[0];
            let reference = index.checked_sub(1).map(|i| Reference {
                rows: &earlier[i],
                counts: &earlier_counts[i],
                sampling: sampling[i],
            });
            // Black is like luma.
            let class = if index == 3 { 0 } else { index };
            let own = &mut model.models[class.min(1)];
            for y in mcu_row * sampling[index].1..(mcu_row + 1) * sampling[index].1 {
                let [above, now] = &mut states[index];
                let mut row = Row {
                    y,
                    stride: component.stride,
                    blocks: &mut *component.blocks,
                    above,
                    now,
                    counts: &mut own_counts[0],
                    sampling: sampling[index],
                    projection: &projections[index],
                    weights: &model.weights[class],
                };
                walk_row(walk, &mut row, reference, own);
                states[index].swap(0, 1);
            }
        }
    }
}

/// One row of blocks.
struct Row<'a> {
    y: usize,
    stride: usize,
    blocks: &'a mut [[i16; 64]],
    /// States of the row above, and one that does not exist.
    above: &'a [NeighbourState],
    now: &'a mut [NeighbourState],
    counts: &'a mut [u8],
    sampling: (usize, usize),
    projection: &'a EdgeProjection,
    weights: &'a Weights,
}

/// The reference component.
#[derive(Clone, Copy)]
struct Reference<'a> {
    rows: &'a BlockRows<'a>,
    /// For each block its nonzero inner coefficients, and [`FLAT`].
    counts: &'a [u8],
    sampling: (usize, usize),
}

static ZEROS: [i16; 64] = [0; 64];
/// Beside the count of a block's inner coefficients: it is flat.
const FLAT: u8 = 64;

#[inline(always)]
fn walk_row<T: CoefficientModel, W: SymbolWalk>(
    walk: &mut W,
    row: &mut Row<'_>,
    reference: Option<Reference<'_>>,
    model: &mut T,
) {
    let (y, stride, (h, v)) = (row.y, row.stride, row.sampling);
    let blocks = &mut row.blocks[y * stride..(y + 1) * stride];
    let counts = &mut row.counts[y * stride..(y + 1) * stride];
    let reference_row =
        reference.map_or(0, |r| (y * r.sampling.1 / v).min(r.rows.rows - 1) * r.rows.stride);
    for (x, block) in blocks.iter_mut().enumerate() {
        let (other, inner, flat) = match reference {
            Some(Reference { rows, counts, sampling }) => {
                // A division takes time, and most components are as wide as the one before.
                let column = if sampling.0 == h { x } else { x * sampling.0 / h };
                let at = reference_row + column.min(rows.stride - 1);
                (&rows.blocks[at], usize::from(counts[at] & 63), counts[at] & FLAT != 0)
            }
            None => (&ZEROS, 0, true),
        };
        let sizes = if flat { &ABSENT.magnitudes } else { &magnitudes(other) };
        let reference = ReferenceBlock { block: other, magnitudes: sizes, inner, flat };
        let (done, rest) = row.now.split_at_mut(x);
        let around = Neighbours {
            above: &row.above[x],
            left: done.last().unwrap_or(&ABSENT),
            above_left: if x > 0 { &row.above[x - 1] } else { &ABSENT },
            above_right: if x + 1 < stride { &row.above[x + 1] } else { &ABSENT },
            reference,
        };
        let (near, flat) = around.magnitudes();
        let mut own = if W::READS { [0; 64] } else { *block };
        let inputs = BlockInputs { around, projection: row.projection, weights: row.weights };
        rest[0] = if flat && model.flat(walk, !W::READS && scan_encode::is_flat(&own)) {
            walk_flat_block(walk, &mut own, &inputs, model)
        } else {
            let mut expected = if flat {
                ExpectedMagnitudes::from_zeros(row.weights)
            } else {
                ExpectedMagnitudes::new(row.weights, near)
            };
            walk_block(walk, &mut own, &inputs, &mut expected, model)
        };
        if W::READS {
            *block = own;
        }
        counts[x] = rest[0].inner | if rest[0].flat { FLAT } else { 0 };
    }
}

/// Codes a flat block.
#[inline(always)]
fn walk_flat_block<T: CoefficientModel, W: SymbolWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    inputs: &BlockInputs<'_>,
    model: &mut T,
) -> NeighbourState {
    let mut sums = EdgeSums::default();
    let dc_residual = dc_coefficient(walk, block, 0, inputs, &mut sums, model);
    NeighbourState { bottom: sums.bottom, right: sums.right, dc_residual, exists: true, ..ABSENT }
}

/// Codes one block; returns what later blocks need of it.
#[inline(always)]
fn walk_block<T: CoefficientModel, W: SymbolWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    inputs: &BlockInputs<'_>,
    expected: &mut ExpectedMagnitudes,
    model: &mut T,
) -> NeighbourState {
    let inner = inner_count(walk, block, &inputs.around, expected, model);
    let mut sums = inner_coefficients(walk, block, inner, inputs, expected, model);
    let mut edges = ExpectedEdges::new(expected);
    let known = KnownCounts { inner, row: 0 };
    let row = edge_coefficients::<0, T, W>(walk, block, known, inputs, &mut edges, &mut sums, model);
    let known = KnownCounts { inner, row };
    let column = edge_coefficients::<1, T, W>(walk, block, known, inputs, &mut edges, &mut sums, model);
    let count = inner + row + column;
    let dc_residual = dc_coefficient(walk, block, count, inputs, &mut sums, model);
    NeighbourState {
        bottom: sums.bottom,
        right: sums.right,
        magnitudes: if count == 0 { [0; 64] } else { magnitudes(block) },
        inner: inner as u8,
        edges: [row as u8, column as u8],
        dc_residual,
        exists: true,
        flat: count == 0,
    }
}

//! The quick walk: predictions blended by their recent errors, residuals under static tables.
//!
//! In: the planes of a tile. Out: the same planes. Planes of one size are walked pixel by pixel
//! together: what the next sample of one plane waits for hides behind the samples of the others.
//! Bit-exact: integers, and `f32` in a fixed order (decision record 0001).
//! Source: our own; the blend after JPEG XL's self-correcting predictor.

use super::static_code::{LANES, NumberWalk};
use fearless_simd::{Simd, SimdBase, dispatch, f32x8};
use tintype_image::{Level, Plane};

/// Columns beside a row: neighbours lie up to two away.
const PAD: usize = 2;
/// Classes of activity: two an octave, from an activity of 1 on.
const CLASSES: usize = 24;
/// Contexts of a plane: for each class four of the prediction's fraction.
const CONTEXTS: usize = 4 * CLASSES;

/// Added to the errors of a prediction, in sample steps. 1.5 and 4.4 cost 0.1 % on photos/valid,
/// 0.5 costs 0.7 %.
const ERROR_FLOOR: f32 = 2.5;

/// Added to a number below 2^22, it leaves no bits for a fraction.
const WHOLE: f32 = 12_582_912.0;

/// What each of the eight predictions takes of a neighbour.
type Share = [f32; 8];

/// Of N, NW, NE, NN, NNE, WW and W where nothing was coded before, in this order.
pub(super) const ALONE: [Share; 7] = [
    [1.0, -1.0, 1.0, 0.0, 2.0, 1.0, 0.375, 0.0],
    [-1.0, 0.0, 0.0, 0.0, 0.0, 0.0, -0.25, 0.0],
    [0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.375, 0.0],
    [0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0],
    [1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.5, 2.0],
];

/// Of N, NW and NE of the difference to the first reference; what the second reference (or the
/// first) adds to half of W and N; half of N and what the first adds; that here; W of the
/// difference, and W.
pub(super) const BESIDE: [Share; 8] = [
    [1.0, 1.0, 0.0, -1.0, 0.0, 0.375, 0.0, 0.0],
    [-1.0, 0.0, 0.0, 0.0, 0.0, -0.25, 0.0, 0.0],
    [0.0, 0.0, 0.0, 1.0, 0.0, 0.375, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    [1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0],
    [1.0, 0.0, 1.0, 1.0, 0.0, 0.5, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.5, 0.5],
];

/// How many contexts `planes` planes have.
pub(super) fn contexts(planes: usize) -> usize {
    planes * CONTEXTS
}

/// What is kept of a sample: a cache line.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Cell {
    /// Absolute errors of the predictions.
    errors: [f32; 8],
    sample: f32,
    /// The sample less that of the first reference, or the sample.
    difference: f32,
    /// How far the sample is from its blended prediction.
    magnitude: f32,
}

/// Codes `planes`, which are in coding order, with their largest samples. Planes of one size go
/// together; references are the planes of that size coded before.
pub(super) fn code_planes<W: NumberWalk>(
    walk: &mut W,
    planes: &mut [Plane<u16>],
    largest: &[i32],
    level: Level,
) {
    let size = |plane: &Plane<u16>| (plane.width(), plane.height());
    let mut done = vec![false; planes.len()];
    let mut walked = 0;
    while let Some(first) = done.iter().position(|&done| !done) {
        let alike = |&k: &usize| size(&planes[k]) == size(&planes[first]);
        let group: Vec<usize> = (0..planes.len()).filter(alike).collect();
        group.iter().for_each(|&k| done[k] = true);
        let largest: Vec<f32> = group.iter().map(|&k| largest[k] as f32).collect();
        dispatch!(level, simd => code_rows(simd, walk, planes, &group, &largest, walked * CONTEXTS));
        walked += group.len();
    }
}

/// Codes the planes `group` of `planes`, which have one size.
#[inline(always)]
fn code_rows<S: Simd, W: NumberWalk>(
    simd: S,
    walk: &mut W,
    planes: &mut [Plane<u16>],
    group: &[usize],
    largest: &[f32],
    first_context: usize,
) {
    let (width, height) = (planes[group[0]].width(), planes[group[0]].height());
    let count = group.len();
    // Cells of a pixel's planes stand side by side; row 0 is this one, the others lie above it.
    let row = || vec![Cell::default(); (width + 2 * PAD) * count];
    let mut rows = [row(), row(), row()];
    for y in 0..height {
        rows.rotate_right(1);
        let [row, above, above_that] = &mut rows;
        for x in 0..PAD {
            row[x * count..][..count].copy_from_slice(&above[PAD * count..][..count]);
        }
        if !W::READS {
            for (k, &index) in group.iter().enumerate() {
                let cells = row[PAD * count + k..].iter_mut().step_by(count);
                cells.zip(planes[index].row(y)).for_each(|(to, &from)| to.sample = f32::from(from));
            }
        }
        for x in 0..width {
            let (left, here) = row.split_at_mut((x + PAD) * count);
            let around = Around {
                left: &left[x * count..],
                above: &above[(x + 1) * count..][..3 * count],
                above_that: &above_that[(x + 2) * count..][..2 * count],
            };
            for k in 0..count {
                let context = first_context + k * CONTEXTS;
                code_sample(simd, walk, &around, &mut here[..count], k, (largest[k], context));
            }
        }
        let (body, border) = row.split_at_mut((width + PAD) * count);
        border
            .chunks_mut(count)
            .for_each(|cells| cells.copy_from_slice(&body[(width + PAD - 1) * count..]));
        if W::READS {
            for (k, &index) in group.iter().enumerate() {
                let cells = row[PAD * count + k..].iter().step_by(count);
                cells
                    .zip(planes[index].row_mut(y))
                    .for_each(|(from, to)| *to = whole(from.sample) as u16);
            }
        }
    }
}

/// The number nearest to `v`, a magnitude below 2^22; ties to even.
#[inline(always)]
fn whole(v: f32) -> i32 {
    (v + WHOLE).to_bits() as i32 - WHOLE.to_bits() as i32
}

/// Cells of the pixels around one, plane by plane.
struct Around<'a> {
    /// WW and W.
    left: &'a [Cell],
    /// NW, N and NE.
    above: &'a [Cell],
    /// NN and NNE.
    above_that: &'a [Cell],
}

/// The sum of these values' shares, in their order.
#[inline(always)]
fn shared<S: Simd, const N: usize>(simd: S, shares: &[Share; N], values: [f32; N]) -> f32x8<S> {
    let mut sum = f32x8::from_slice(simd, &shares[0]) * values[0];
    for i in 1..N {
        sum += f32x8::from_slice(simd, &shares[i]) * values[i];
    }
    sum
}

/// The eight predictions of the sample of plane `k`; `here` has the planes before it.
#[inline(always)]
fn predictions<S: Simd>(simd: S, around: &Around<'_>, here: &[Cell], k: usize) -> f32x8<S> {
    let count = here.len();
    let (left, above) = (around.left, around.above);
    let (w, n, nw, ne) = (&left[count + k], &above[count + k], &above[k], &above[2 * count + k]);
    if k == 0 {
        let (nn, nne) = (&around.above_that[k], &around.above_that[count + k]);
        let row = [n.sample, nw.sample, ne.sample];
        let values = [row[0], row[1], row[2], nn.sample, nne.sample, left[k].sample, w.sample];
        return shared(simd, &ALONE, values);
    }
    let reference = |r: usize| (here[r].sample, left[count + r].sample + above[count + r].sample);
    let (r, beside) = reference(k - 1);
    let (q, beside_that) = reference(k.saturating_sub(2));
    let across = q - beside_that * 0.5;
    let step = (r - beside * 0.5 + n.sample) * 0.5;
    let halves = n.sample * 0.5;
    let row = [n.difference, nw.difference, ne.difference];
    let values = [row[0], row[1], row[2], across + halves, step, r, w.difference, w.sample];
    shared(simd, &BESIDE, values)
}

/// Codes the sample of plane `k`; `here` are the pixel's cells, those before `k` filled.
#[inline(always)]
fn code_sample<S: Simd, W: NumberWalk>(
    simd: S,
    walk: &mut W,
    around: &Around<'_>,
    here: &mut [Cell],
    k: usize,
    (largest, first_context): (f32, usize),
) {
    let predictions = predictions(simd, around, here, k);
    let (count, left, above) = (here.len(), around.left, around.above);
    let (ww, w) = (&left[k], &left[count + k]);
    let (nw, n, ne) = (&above[k], &above[count + k], &above[2 * count + k]);
    let errors = |cell: &Cell| f32x8::from_slice(simd, &cell.errors);
    let (north, west) = (errors(n), errors(w));
    let far = errors(nw) + errors(ne) + (north + north) + errors(ww);
    let sum = (far + ERROR_FLOOR) + (west + west);
    let weights = f32x8::splat(simd, 1.0) / (sum * sum);
    let blended = simd.reduce_sum_f32x8(weights * predictions) / simd.reduce_sum_f32x8(weights);
    let blended = blended.max(0.0).min(largest);

    let mut energy = 12.0 * n.magnitude + 6.0 * nw.magnitude + 9.0 * ne.magnitude;
    energy = (energy + 4.0 * ww.magnitude) + 16.0 * w.magnitude;
    let mut reference = 0.0;
    if k > 0 {
        let r = &here[k - 1];
        energy += 16.0 * r.magnitude + 4.0 * left[count + k - 1].magnitude;
        reference = r.sample;
    }
    // Exponent and highest bit of the fraction.
    let class = ((energy + 1.0).to_bits() >> 22).saturating_sub(2 * 127).min(CLASSES as u32 - 1);

    // Below the middle of a step all differences are negated, so that tables see one half only:
    // `turn` is -1 there, else 0.
    let base = blended + WHOLE - WHOLE;
    let fraction = blended - base;
    let base = whole(base);
    let turn = fraction.to_bits() as i32 >> 31;
    let part = whole(fraction.abs() * 6.9) as u32 & 3;
    let context = first_context + (class * 4 + part) as usize;
    let cell = &mut here[k];
    let mut number = 0;
    if !W::READS {
        let distance = ((whole(cell.sample) - base) ^ turn) - turn;
        number = ((distance << 1) ^ (distance >> 31)) as u32;
    }
    let number = walk.number(k % LANES, context, number) as i32;
    let distance = (number >> 1) ^ -(number & 1);
    let sample = ((base + ((distance ^ turn) - turn)) as f32).max(0.0).min(largest);

    cell.sample = sample;
    cell.difference = sample - reference;
    cell.magnitude = (sample - blended).abs();
    (predictions - sample).abs().store_slice(&mut cell.errors);
}

//! The walk that kinds quick and blend share: predictions blended by their recent errors.
//!
//! In: the planes of a tile, and a coder for samples of which a prediction is known. Out: the same
//! planes. Planes of one size are walked pixel by pixel together: what the next sample of one plane
//! waits for hides behind the samples of the others.
//! Bit-exact: integers, and `f32` in a fixed order (decision record 0001).
//! Source: our own; the blend after JPEG XL's self-correcting predictor.

use super::two_levels::two_levels;
use fearless_simd::{Simd, SimdBase, f32x8};
use tintype_image::{Level, Plane};

/// Columns beside a row: neighbours lie up to two away.
const PAD: usize = 2;

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

/// What codes samples, once for both directions.
pub(super) trait SampleCoder {
    /// Whether samples are read.
    const READS: bool;
    /// Whether time matters so much that three planes have a walk of their own.
    const FAST: bool;

    /// Codes the sample of a site, `wanted` when writing; gives it, and the prediction that it was
    /// coded around.
    fn code<S: Simd>(&mut self, simd: S, site: &Site<'_>, wanted: i32) -> (i32, f32);
}

/// What is kept of a sample: a cache line.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
pub(super) struct Cell {
    /// Absolute errors of the predictions.
    errors: [f32; 8],
    pub sample: f32,
    /// The sample less that of the first reference, or the sample.
    difference: f32,
    /// The sample less the prediction that it was coded around, and the magnitude of that.
    pub residual: f32,
    magnitude: f32,
}

/// A sample to be coded, and what is known around it.
pub(super) struct Site<'a> {
    /// This plane's cells around.
    pub w: &'a Cell,
    pub n: &'a Cell,
    pub nw: &'a Cell,
    pub ne: &'a Cell,
    pub ww: &'a Cell,
    pub nn: &'a Cell,
    nne: &'a Cell,
    /// The first reference's cells here, at W and at N, and the second's, which is the first again
    /// if there is no other; without a reference, some cells.
    pub first: [&'a Cell; 3],
    pub second: [&'a Cell; 3],
    /// How many planes of the group were coded before.
    pub references: usize,
    /// Planes walked before, other groups' too.
    pub plane: usize,
    /// The largest sample.
    pub largest: f32,
    /// The blend of the predictions, 0 to `largest`.
    pub blended: f32,
    /// Weighted magnitudes around; the weights add up to 47, with references to 67.
    pub energy: f32,
}

impl Site<'_> {
    /// What is matched, as in `match_model`.
    #[inline(always)]
    pub fn match_values(&self) -> [i32; 3] {
        let values = match self.references {
            0 => [self.w, self.n, self.nw],
            1 => [self.first[0], self.first[1], self.w],
            _ => return [0, whole(self.first[0].sample), whole(self.second[0].sample)],
        };
        values.map(|cell| whole(cell.sample))
    }

    /// The step expected from W, as in `match_model`.
    #[inline(always)]
    pub fn expected_step(&self) -> f32 {
        match self.references {
            0 => self.n.sample - self.w.sample,
            _ => self.first[0].sample - self.first[1].sample,
        }
    }
}

/// The rows around a sample, planes of a pixel side by side.
struct Around<'a> {
    /// This row, before the sample, from WW of the first plane on.
    left: &'a [Cell],
    /// The rows above, from NW and from NN of the first plane on.
    above: &'a [Cell],
    above_that: &'a [Cell],
}

impl<'a> Around<'a> {
    /// The site of plane `k` of `count`.
    #[inline(always)]
    fn site(&self, k: usize, count: usize, plane: usize, largest: f32) -> Site<'a> {
        let (left, above, above_that) = (self.left, self.above, self.above_that);
        let (w, n) = (&left[count + k], &above[count + k]);
        let reference = |r: usize| [&left[2 * count + r], &left[count + r], &above[count + r]];
        let first = if k > 0 { reference(k - 1) } else { [w, w, n] };
        Site {
            w,
            n,
            nw: &above[k],
            ne: &above[2 * count + k],
            ww: &left[k],
            nn: &above_that[k],
            nne: &above_that[count + k],
            first,
            second: if k > 1 { reference(k - 2) } else { first },
            references: k,
            plane: plane + k,
            largest,
            blended: 0.0,
            energy: 0.0,
        }
    }
}

/// Codes `planes`, which are in coding order, with their largest samples. Planes of one size go
/// together; references are the planes of that size coded before.
pub(super) fn code_planes<C: SampleCoder>(
    coder: &mut C,
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
        let largest = &largest[..];
        if C::FAST && group.len() == 3 {
            two_levels!(level, simd => code_rows::<_, _, 3>(simd, coder, planes, &group, largest, walked));
        } else {
            two_levels!(level, simd => code_rows::<_, _, 0>(simd, coder, planes, &group, largest, walked));
        }
        walked += group.len();
    }
}

/// Codes the planes `group` of `planes`, which have one size: `N` of them, or any number if that is
/// 0. A number that is known spares a fifth of the instructions, most of them checks of indices.
#[inline(always)]
fn code_rows<S: Simd, C: SampleCoder, const N: usize>(
    simd: S,
    coder: &mut C,
    planes: &mut [Plane<u16>],
    group: &[usize],
    largest: &[f32],
    walked: usize,
) {
    let (width, height) = (planes[group[0]].width(), planes[group[0]].height());
    let count = if N == 0 { group.len() } else { N };
    let largest = &largest[..count];
    // Cells of a pixel's planes stand side by side; row 0 is this one, the others lie above it.
    let row = || vec![Cell::default(); (width + 2 * PAD) * count];
    let mut rows = [row(), row(), row()];
    for y in 0..height {
        rows.rotate_right(1);
        let [row, above, above_that] = &mut rows;
        for x in 0..PAD {
            row[x * count..][..count].copy_from_slice(&above[PAD * count..][..count]);
        }
        if !C::READS {
            for (k, &index) in group.iter().enumerate() {
                let cells = row[PAD * count + k..].iter_mut().step_by(count);
                cells.zip(planes[index].row(y)).for_each(|(to, &from)| to.sample = f32::from(from));
            }
        }
        // Plane k lies k pixels behind, so that no sample waits for the one coded just before.
        for step in 0..width + count - 1 {
            for k in 0..count {
                let x = step.wrapping_sub(k);
                if x >= width {
                    continue;
                }
                let (left, rest) = row.split_at_mut((x + PAD) * count + k);
                let around = Around {
                    left: &left[x * count..][..2 * count + k],
                    above: &above[(x + 1) * count..][..3 * count],
                    above_that: &above_that[(x + 2) * count..][..2 * count],
                };
                code_sample(simd, coder, around.site(k, count, walked, largest[k]), &mut rest[0]);
            }
        }
        let (body, border) = row.split_at_mut((width + PAD) * count);
        let last = &body[(width + PAD - 1) * count..];
        border.chunks_mut(count).for_each(|cells| cells.copy_from_slice(last));
        if C::READS {
            for (k, &index) in group.iter().enumerate() {
                let cells = row[PAD * count + k..].iter().step_by(count);
                let samples = planes[index].row_mut(y).iter_mut();
                samples.zip(cells).for_each(|(to, from)| *to = whole(from.sample) as u16);
            }
        }
    }
}

/// The number nearest to `v`, a magnitude below 2^22; ties to even.
#[inline(always)]
pub(super) fn whole(v: f32) -> i32 {
    (v + WHOLE).to_bits() as i32 - WHOLE.to_bits() as i32
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

/// The eight predictions of a sample.
#[inline(always)]
fn predictions<S: Simd>(simd: S, site: &Site<'_>) -> f32x8<S> {
    let (w, n, nw, ne) = (site.w, site.n, site.nw, site.ne);
    if site.references == 0 {
        let cells = [n, nw, ne, site.nn, site.nne, site.ww, w];
        return shared(simd, &ALONE, cells.map(|cell| cell.sample));
    }
    let [r, rw, rn] = site.first.map(|cell| cell.sample);
    let [q, qw, qn] = site.second.map(|cell| cell.sample);
    let across = (q - (qw + qn) * 0.5) + n.sample * 0.5;
    let step = ((r - (rw + rn) * 0.5) + n.sample) * 0.5;
    let row = [n.difference, nw.difference, ne.difference];
    let values = [row[0], row[1], row[2], across, step, r, w.difference, w.sample];
    shared(simd, &BESIDE, values)
}

/// Codes one sample into `cell`.
#[inline(always)]
fn code_sample<S: Simd, C: SampleCoder>(simd: S, coder: &mut C, mut site: Site<'_>, cell: &mut Cell) {
    let predictions = predictions(simd, &site);
    let (w, n, nw, ne, ww) = (site.w, site.n, site.nw, site.ne, site.ww);
    let errors = |cell: &Cell| f32x8::from_slice(simd, &cell.errors);
    let (north, west) = (errors(n), errors(w));
    let far = errors(nw) + errors(ne) + (north + north) + errors(ww);
    let sum = (far + ERROR_FLOOR) + (west + west);
    let weights = f32x8::splat(simd, 1.0) / (sum * sum);
    let blended = simd.reduce_sum_f32x8(weights * predictions) / simd.reduce_sum_f32x8(weights);
    site.blended = blended.max(0.0).min(site.largest);

    site.energy = 12.0 * n.magnitude + 6.0 * nw.magnitude + 9.0 * ne.magnitude;
    site.energy = (site.energy + 4.0 * ww.magnitude) + 16.0 * w.magnitude;
    let mut reference = 0.0;
    if site.references > 0 {
        let [r, rw, _] = site.first;
        site.energy += 16.0 * r.magnitude + 4.0 * rw.magnitude;
        reference = r.sample;
    }
    let (sample, prediction) = coder.code(simd, &site, whole(cell.sample));
    let sample = (sample as f32).max(0.0).min(site.largest);
    cell.sample = sample;
    cell.difference = sample - reference;
    cell.residual = sample - prediction;
    cell.magnitude = cell.residual.abs();
    (predictions - sample).abs().store_slice(&mut cell.errors);
}

//! The walk that kinds quick and blend share: predictions blended by their recent errors.
//!
//! In: the planes of a tile, and a coder for samples of which a prediction is known. Out: the same
//! planes. Eight rows go together, each two columns behind the one above, so that a vector holds a
//! sample of each; and planes of one size go together, each a column behind the one before, so that
//! what the next vector of one plane waits for hides behind the others.
//! Bit-exact: integers, and `f32` in a fixed order (decision record 0001).
//! Source: our own; the blend after JPEG XL's self-correcting predictor, the order of samples as in
//! wavefront decoding of video.

use super::two_levels::two_levels;
use fearless_simd::{Bytes, Simd, SimdBase, f32x8, i32x8};
use std::ops::Range;
use tintype_image::{Level, Plane};

/// Rows that go together.
pub(super) const ROWS: usize = 8;

/// By how many columns a row lags behind the one above: its upper right neighbour is known then.
const LAG: usize = 2;

/// How many predictions are blended.
const PREDICTIONS: usize = 8;

/// Added to the errors of a prediction, in sample steps. 1.5 and 4.4 cost 0.1 % on photos/valid,
/// 0.5 costs 0.7 %.
const ERROR_FLOOR: f32 = 2.5;

/// Added to a number below 2^22, it leaves no bits for a fraction.
const WHOLE: f32 = 12_582_912.0;

/// What codes samples, once for both directions.
pub(super) trait SampleCoder {
    /// Whether samples are read.
    const READS: bool;

    /// Codes the samples `lanes` of a site, `wanted` when writing; gives them, and the predictions
    /// that they were coded around. What other lanes give does not matter, if it is no sample's
    /// range away.
    fn code<S: Simd>(&mut self, simd: S, site: &Site<S>, wanted: Wanted<'_>) -> Coded<S>;
}

/// Samples, one a lane, and which of them are to be coded.
pub(super) type Wanted<'a> = (&'a Lanes, Range<usize>);

/// Samples, and the predictions that they were coded around.
pub(super) struct Coded<S: Simd> {
    pub samples: f32x8<S>,
    pub predictions: f32x8<S>,
}

/// A number for each row.
#[derive(Clone, Copy, Default)]
#[repr(align(32))]
pub(super) struct Lanes(pub [f32; ROWS]);

impl Lanes {
    #[inline(always)]
    pub fn load<S: Simd>(&self, simd: S) -> f32x8<S> {
        f32x8::from_slice(simd, &self.0)
    }

    #[inline(always)]
    pub fn store<S: Simd>(&mut self, from: f32x8<S>) {
        from.store_slice(&mut self.0);
    }
}

/// Samples to be coded, one in each of [`ROWS`] rows, and what is known around them.
pub(super) struct Site<S: Simd> {
    /// This plane's samples around.
    pub w: f32x8<S>,
    pub n: f32x8<S>,
    pub nw: f32x8<S>,
    pub ne: f32x8<S>,
    pub ww: f32x8<S>,
    pub nn: f32x8<S>,
    /// The first reference's samples here and at W, and the second's here, which is the first again
    /// if there is no other; 0 without a reference.
    pub first: [f32x8<S>; 2],
    pub second: f32x8<S>,
    /// The first reference's residuals here.
    pub residual: f32x8<S>,
    /// How many planes of the group were coded before, and of all groups.
    pub references: usize,
    pub plane: usize,
    /// The largest sample, and the blend of the predictions, 0 to that.
    pub largest: f32,
    pub blended: f32x8<S>,
    /// Weighted magnitudes around; the weights add up to 47, with references to 67.
    pub energy: f32x8<S>,
}

/// What the lowest row of eight leaves to the next eight, at one column.
#[derive(Clone, Copy, Default)]
struct Above {
    /// Weighted errors and magnitudes around, see [`Band`].
    errors: [f32; PREDICTIONS],
    magnitudes: f32,
    /// The sample, its difference from the first reference's, and the sample of the row above.
    sample: f32,
    difference: f32,
    before: f32,
}

/// One plane's part of the walk. Of lists by column the latest comes first.
#[derive(Default)]
struct Band {
    largest: f32,
    above: Vec<Above>,
    /// This eight's samples: row `l`'s of column `x` at `x + LAG * l`, lane `l`.
    skewed: Vec<Lanes>,
    samples: [Lanes; 4],
    /// Samples less those of the first reference.
    differences: Lanes,
    /// Samples less the predictions that they were coded around, and the magnitudes of that.
    residuals: [Lanes; 2],
    magnitudes: [Lanes; 3],
    /// Absolute errors of the predictions in the latest two columns: an even and an odd one.
    errors: [[Lanes; PREDICTIONS]; 2],
    /// NW + 2 N + NE of errors, and 6 NW + 12 N + 9 NE of magnitudes, for the row below.
    errors_below: [Lanes; PREDICTIONS],
    magnitudes_below: Lanes,
    /// Samples above: at NE, N, NW and once more to the left.
    north: [Lanes; 4],
    /// Those above `north`: at NNE and NN.
    far_north: [Lanes; 2],
    /// Differences above: at NE, N and NW.
    differences_north: [Lanes; 3],
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
        let width = planes[first].width();
        let bands = group.iter().map(|&k| Band::new(width, group.len(), largest[k] as f32)).collect();
        two_levels!(level, simd => code_group(simd, coder, planes, &group, bands, walked));
        walked += group.len();
    }
}

/// Codes the planes `group` of `planes`, which have one size.
#[inline(always)]
fn code_group<S: Simd, C: SampleCoder>(
    simd: S,
    coder: &mut C,
    planes: &mut [Plane<u16>],
    group: &[usize],
    mut bands: Vec<Band>,
    walked: usize,
) {
    let (width, height) = (planes[group[0]].width(), planes[group[0]].height());
    for top in (0..height).step_by(ROWS) {
        let rows = ROWS.min(height - top);
        for (band, &index) in bands.iter_mut().zip(group) {
            band.begin(simd);
            if !C::READS {
                band.load_rows(&planes[index], top, rows);
            }
        }
        for step in 0..width + LAG * (ROWS - 1) + group.len() {
            for k in 0..group.len().min(step + 1) {
                let at = At { width, rows, x: step - k, plane: walked + k };
                let (before, rest) = bands.split_at_mut(k);
                code_column(simd, coder, at, before, &mut rest[0]);
            }
        }
        if C::READS {
            for (band, &index) in bands.iter().zip(group) {
                band.store_rows(&mut planes[index], top, rows);
            }
        }
    }
}

/// Where a column of eight samples lies.
#[derive(Clone, Copy)]
struct At {
    width: usize,
    /// Rows that there are, up to [`ROWS`].
    rows: usize,
    /// Column of the first row's sample; row `l`'s is `LAG * l` less.
    x: usize,
    /// Planes walked before.
    plane: usize,
}

impl At {
    /// Rows whose sample lies in the plane.
    #[inline(always)]
    fn lanes(self) -> Range<usize> {
        let end = self.rows.min(self.x / LAG + 1);
        let start = if self.x < self.width { 0 } else { (self.x - self.width) / LAG + 1 };
        start.min(end)..end
    }

    /// The row whose sample lies in column `x`.
    #[inline(always)]
    fn lane_in(self, x: usize) -> Option<usize> {
        let lane = self.x.checked_sub(x)?;
        (lane.is_multiple_of(LAG) && lane < LAG * ROWS).then_some(lane / LAG)
    }
}

impl Band {
    /// For planes of this width in a group of `count`.
    fn new(width: usize, count: usize, largest: f32) -> Self {
        let zeros = Lanes::default();
        Self {
            largest,
            above: vec![Above::default(); width + 1],
            skewed: vec![zeros; width + LAG * (ROWS - 1) + count],
            ..Self::default()
        }
    }

    /// To be called before the first column: what lies above the first sample.
    fn begin<S: Simd>(&mut self, simd: S) {
        let first = self.above[0];
        self.north[0].store(f32x8::splat(simd, first.sample));
        self.far_north[0].store(f32x8::splat(simd, first.before));
        self.differences_north[0].store(f32x8::splat(simd, first.difference));
    }

    fn load_rows(&mut self, plane: &Plane<u16>, top: usize, rows: usize) {
        for lane in 0..rows {
            let to = self.skewed[LAG * lane..].iter_mut();
            to.zip(plane.row(top + lane)).for_each(|(to, &from)| to.0[lane] = f32::from(from));
        }
    }

    fn store_rows(&self, plane: &mut Plane<u16>, top: usize, rows: usize) {
        for lane in 0..rows {
            let to = plane.row_mut(top + lane).iter_mut();
            to.zip(&self.skewed[LAG * lane..]).for_each(|(to, from)| *to = whole(from.0[lane]) as u16);
        }
    }

    /// A sample in column 0 has its upper neighbour to the left, and mean errors of those above.
    #[cold]
    #[inline(never)]
    fn begin_row(&mut self, lane: usize) {
        let n = self.north[1].0[lane];
        for samples in &mut self.samples[..2] {
            samples.0[lane] = n;
        }
        self.north[2].0[lane] = n;
        self.differences.0[lane] = self.differences_north[1].0[lane];
        self.differences_north[2].0[lane] = self.differences.0[lane];
        let first = &self.above[0];
        for p in 0..PREDICTIONS {
            let above = if lane > 0 { self.errors_below[p].0[lane - 1] } else { first.errors[p] };
            for errors in &mut self.errors {
                errors[p].0[lane] = above * 0.25;
            }
        }
        let above = if lane > 0 { self.magnitudes_below.0[lane - 1] } else { first.magnitudes };
        for magnitudes in &mut self.magnitudes[..2] {
            magnitudes.0[lane] = above * (1.0 / 27.0);
        }
    }

    /// Right of a row everything is as at its last sample; `new` is the place of the latest errors.
    #[cold]
    #[inline(never)]
    fn end_row(&mut self, lane: usize, new: usize) {
        self.magnitudes[0].0[lane] = self.magnitudes[1].0[lane];
        let [even, odd] = &mut self.errors;
        let (to, from) = if new == 0 { (even, odd) } else { (odd, even) };
        for (to, from) in to.iter_mut().zip(from) {
            to.0[lane] = from.0[lane];
        }
    }

    /// Keeps what the eight rows below need.
    #[inline(always)]
    fn leave(&mut self, at: At) {
        const LAST: usize = ROWS - 1;
        let x = at.x.wrapping_sub(LAG * LAST);
        if let Some(above) = self.above.get_mut(x) {
            above.sample = self.samples[0].0[LAST];
            above.difference = self.differences.0[LAST];
        }
        if let Some(above) = self.above.get_mut(x.wrapping_sub(1)) {
            above.errors = self.errors_below.map(|lanes| lanes.0[LAST]);
            above.magnitudes = self.magnitudes_below.0[LAST];
        }
        if let Some(above) = self.above.get_mut(x.wrapping_add(LAG)) {
            above.before = self.samples[0].0[LAST - 1];
        }
    }
}

/// The number nearest to `v`, a magnitude below 2^22; ties to even.
#[inline(always)]
pub(super) fn whole(v: f32) -> i32 {
    (v + WHOLE).to_bits() as i32 - WHOLE.to_bits() as i32
}

/// The numbers nearest to `v`.
#[inline(always)]
pub(super) fn wholes<S: Simd>(simd: S, v: f32x8<S>) -> i32x8<S> {
    (v + WHOLE).bitcast::<i32x8<S>>() - i32x8::splat(simd, WHOLE.to_bits() as i32)
}

/// `v` of each row for the row below, and `first` for the first row.
#[inline(always)]
fn below<S: Simd>(simd: S, first: f32, v: &Lanes) -> f32x8<S> {
    f32x8::splat(simd, first).slide::<{ ROWS - 1 }>(v.load(simd))
}

/// Puts `latest` before the others, of which the last one goes.
#[inline(always)]
fn push<const N: usize>(list: &mut [Lanes; N], latest: Lanes) {
    for i in (1..N).rev() {
        list[i] = list[i - 1];
    }
    list[0] = latest;
}

/// The eight predictions of samples without a reference.
#[inline(always)]
fn predictions_alone<S: Simd>(site: &Site<S>, nne: f32x8<S>) -> [f32x8<S>; PREDICTIONS] {
    let Site { w, n, nw, ne, ww, nn, .. } = *site;
    let smooth = (w * 0.5 + n * 0.375) + (ne * 0.375 - nw * 0.25);
    [w + n - nw, w + ne - n, n, w, n + n - nn, n + ne - nne, smooth, w + w - ww]
}

/// The eight predictions of samples beside the planes `before`.
#[inline(always)]
fn predictions_beside<S: Simd>(
    simd: S,
    band: &Band,
    before: &[Band],
    site: &Site<S>,
) -> [f32x8<S>; PREDICTIONS] {
    let (first, r, q) = (&before[before.len() - 1], site.first[0], site.second);
    let (rw, rn) = (site.first[1], first.north[2].load(simd));
    let (qw, qn) = match before {
        [.., second, _] => (second.samples[3].load(simd), second.north[3].load(simd)),
        _ => (rw, rn),
    };
    let [dne, dn, dnw] = [0, 1, 2].map(|i| band.differences_north[i].load(simd));
    let dw = band.differences.load(simd);
    let half = (site.w + site.n) * 0.5;
    let smooth = (dw * 0.5 + dn * 0.375) + (dne * 0.375 - dnw * 0.25);
    [
        dw + dn - dnw + r,
        dn + r,
        dw + r,
        dw + dne - dn + r,
        site.w,
        smooth + r,
        half + (q - (qw + qn) * 0.5),
        half + (r - (rw + rn) * 0.5) * 0.5,
    ]
}

/// Codes one sample of each row of a plane; `before` are the planes of its group before it, which
/// are as many columns ahead.
#[inline(always)]
fn code_column<S: Simd, C: SampleCoder>(
    simd: S,
    coder: &mut C,
    at: At,
    before: &[Band],
    band: &mut Band,
) {
    let (x, references) = (at.x, before.len());
    let (here, right) = (band.above[x.min(at.width)], &band.above[(x + 1).min(at.width)]);
    let beside = |v: f32x8<S>| {
        let mut lanes = Lanes::default();
        lanes.store(v);
        lanes
    };
    if references == 0 {
        push(&mut band.far_north, beside(below(simd, right.before, &band.north[1])));
    } else {
        let difference = below(simd, right.difference, &band.differences);
        push(&mut band.differences_north, beside(difference));
    }
    push(&mut band.north, beside(below(simd, right.sample, &band.samples[0])));
    if let Some(lane) = at.lane_in(0) {
        band.begin_row(lane);
    }

    let zero = f32x8::splat(simd, 0.0);
    let [ne, n, nw] = [0, 1, 2].map(|i| band.north[i].load(simd));
    let mut site = Site {
        w: band.samples[0].load(simd),
        n,
        nw,
        ne,
        ww: band.samples[1].load(simd),
        nn: band.far_north[1].load(simd),
        first: [zero; 2],
        second: zero,
        residual: zero,
        references,
        plane: at.plane,
        largest: band.largest,
        blended: zero,
        energy: zero,
    };
    let [m, mw] = [0, 1].map(|i| band.magnitudes[i].load(simd));
    site.energy = below(simd, here.magnitudes, &band.magnitudes_below) + (m * 16.0 + mw * 4.0);
    let predictions = match before {
        [] => predictions_alone(&site, band.far_north[0].load(simd)),
        [.., first] => {
            site.first = [first.samples[1].load(simd), first.samples[2].load(simd)];
            site.second = match before {
                [.., second, _] => second.samples[2].load(simd),
                _ => site.first[0],
            };
            site.residual = first.residuals[1].load(simd);
            let [r, rw] = [1, 2].map(|i| first.magnitudes[i].load(simd));
            site.energy += r * 16.0 + rw * 4.0;
            predictions_beside(simd, band, before, &site)
        }
    };

    // Weighted by the inverse square of errors around; those to the left also go below.
    let (new, mut sum, mut weights) = (x & 1, zero, zero);
    for p in 0..PREDICTIONS {
        let (west, far) = (band.errors[new ^ 1][p].load(simd), band.errors[new][p].load(simd));
        let left = (west + west) + far;
        let around = below(simd, here.errors[p], &band.errors_below[p]) + left;
        band.errors_below[p].store(left);
        let around = around + ERROR_FLOOR;
        let weight = f32x8::splat(simd, 1.0) / (around * around);
        sum += weight * predictions[p];
        weights += weight;
    }
    let largest = f32x8::splat(simd, band.largest);
    site.blended = (sum / weights).max(zero).min(largest);

    let coded = coder.code(simd, &site, (&band.skewed[x], at.lanes()));
    let mut samples = beside(coded.samples.max(zero).min(largest));
    band.skewed[x] = samples;
    let ends = at.lane_in(at.width);
    if let Some(lane) = ends {
        samples.0[lane] = band.samples[0].0[lane];
    }
    push(&mut band.samples, samples);
    let samples = samples.load(simd);
    band.differences.store(samples - site.first[0]);
    let residuals = samples - coded.predictions;
    push(&mut band.residuals, beside(residuals));
    push(&mut band.magnitudes, beside(residuals.abs()));
    for p in 0..PREDICTIONS {
        band.errors[new][p].store((predictions[p] - samples).abs());
    }
    if let Some(lane) = ends {
        band.end_row(lane, new);
    }
    for p in 0..PREDICTIONS {
        let sum = band.errors_below[p].load(simd) + band.errors[new][p].load(simd);
        band.errors_below[p].store(sum);
    }
    let [m, mw, mww] = [0, 1, 2].map(|i| band.magnitudes[i].load(simd));
    band.magnitudes_below.store((mww * 6.0 + mw * 12.0) + m * 9.0);
    band.leave(at);
}

//! The contexts of a sample in the dense walk: which statistics its decisions use.
//!
//! In: a sample's neighbours, its predictions and their local errors. Out: indices into the
//! context mixer's tables. Bit-exact: integers, and `f32` comparisons of exact values.

use super::activity::activity_level;
use super::context_mixer::{CONTEXTS, SampleContexts, VALUES, shift};
use super::match_model::{MatchEntry, expected_step};
use super::padded_plane::PaddedPlane;
use super::predictor::{MEAN, PREDICTIONS};

/// Levels of activity.
const LEVELS: u32 = 40;

/// Where a sample is: plane, residuals so far, distance of rows, index.
pub(super) struct Neighbourhood<'a> {
    pub d: &'a [i32],
    pub e: &'a [i32],
    pub s: usize,
    pub i: usize,
}

/// The residuals of reference planes around a sample.
struct ReferenceErrors {
    /// Magnitude of the latest one's residual here, and the sum of the four around.
    here: u32,
    around: u32,
    /// 2 if it is clearly positive, 1 if clearly negative.
    sign: usize,
    /// The residual here of the one before.
    second: i32,
}

impl ReferenceErrors {
    #[inline(always)]
    fn new(errors: &[&PaddedPlane], s: usize, i: usize) -> Self {
        let second = errors.get(1).map_or(0, |r| r.data[i]);
        let Some(first) = errors.first() else {
            return Self { here: 0, around: 0, sign: 0, second };
        };
        let r = &first.data;
        let around = (r[i + 1].abs() + r[i + s].abs() + r[i - 1].abs() + r[i - s].abs()) as u32;
        let sign = usize::from(r[i] > 2) * 2 + usize::from(r[i] < -2);
        Self { here: r[i].unsigned_abs(), around, sign, second }
    }
}

impl SampleContexts {
    /// Finds the contexts of a sample, but for those of [`Self::add_exact`].
    #[inline(always)]
    pub fn new(
        near: &Neighbourhood<'_>,
        errors: &[&PaddedPlane],
        predictions: &[f32; PREDICTIONS],
        local: &[f32; PREDICTIONS],
    ) -> Self {
        let &Neighbourhood { d, e, s, i } = near;
        let (w, n, nw, ne) = (d[i - 1], d[i - s], d[i - s - 1], d[i - s + 1]);
        let mean = predictions[MEAN];
        let reference = ReferenceErrors::new(errors, s, i);
        let (here, sign) = (reference.here, reference.sign);

        let mut energy = local[MEAN] * 16.0;
        if !errors.is_empty() {
            energy = energy * 0.7 + (here * 2 + reference.around / 2) as f32 * 0.6;
        }
        let level = activity_level(energy as u32 >> 1, LEVELS - 1) as usize;
        let coarse = level / 3;

        // How far the predictions lie apart, in seven classes.
        let spread = (predictions[0] - predictions[1]).abs()
            + (predictions[2] - predictions[1]).abs()
            + (predictions[3] - predictions[1]).abs();
        let doubt = log_class((spread * 4.0) as u32, 7);
        let gap = |k: usize| signed_class(predictions[k] - mean);
        let flat = ((w - nw).abs() + (n - ne).abs() + (nw - n).abs()) as u32;
        let (west, north) = (e[i - 1], e[i - s]);

        let bits = [
            level,
            coarse * 64 + gap(0) * 8 + gap(2),
            coarse * 64 + log_class(west.unsigned_abs(), 7) * 8 + log_class(north.unsigned_abs(), 7),
            coarse * 64 + log_class(here, 7) * 8 + sign * 2 + usize::from(reference.second > 0),
            (log_class(flat * 2, 7) * 8 + doubt) * 16 + residual_class(west),
            coarse * 64 + signed_class(w as f32 - mean) * 8 + signed_class(n as f32 - mean),
            (residual_class(north) * 16 + residual_class(west)) * 4 + sign,
            coarse * 64 + gap(3) * 8 + gap(1),
            0,
            0,
            0,
            0,
            0,
        ];
        let local_class = |k: usize| activity_level((local[k] * 16.0) as u32, 47) as usize;
        let scales = [
            local_class(0),
            local_class(1),
            local_class(2),
            local_class(3),
            level,
            coarse * 16 + log_class(here, 15),
            coarse * 8 + doubt,
        ];
        let sets = [
            level / 2,
            doubt * 4 + sign,
            log_class(here + reference.around / 4, 7) * 4 + log_class(flat, 7) / 2,
            0,
        ];
        let shape = usize::from(n > w) * 4 + usize::from(nw > n) * 2 + usize::from(ne > n);
        let steep = usize::from((2 * w - d[i - 2]) as f32 > mean) * 2
            + usize::from((2 * n - d[i - 2 * s]) as f32 > mean);
        let bias = [
            (coarse.min(15) * 4 + sign) * 32 + shape * 4 + steep,
            ((doubt * 8 + gap(0)) * 8 + gap(2)) * 8 + gap(3),
        ];
        Self { bits, level, sets, scales, bias, count: CONTEXTS - 2 }
    }

    /// Adds the contexts of exact values, which need the split `base`: the samples at W and N
    /// with the step expected from there, and the match model's sample.
    #[inline(always)]
    pub fn add_exact(
        &mut self,
        near: &Neighbourhood<'_>,
        references: &[&PaddedPlane],
        matched: MatchEntry,
        base: i32,
    ) {
        let &Neighbourhood { d, s, i, .. } = near;
        let symbol_of =
            |sample: i32| (((sample - base) >> shift(self.level)) + 16).clamp(0, 31) as usize;
        let step = |j: usize| (expected_step(d, references, s, i, j).clamp(-7, 7) + 7) as usize;
        let (west, north, hits) = (step(i - 1), step(i - s), usize::from(matched.hits));
        let exact = [
            west * 32 + symbol_of(d[i - 1]),
            north * 32 + symbol_of(d[i - s]),
            (hits * 32 + symbol_of(i32::from(matched.sample))) * 4 + (self.level / 6).min(3),
        ];
        self.bits[CONTEXTS - 5..CONTEXTS - 2].copy_from_slice(&exact);
        self.sets[3] = hits * 8
            + usize::from(west == 7) * 4
            + usize::from(north == 7) * 2
            + usize::from(references.is_empty());
    }
}

impl SampleContexts {
    /// Adds the contexts of a small picture, which may well be symmetric: the samples at the indices
    /// `opposite`, across the middle column and the middle row, where they are known, and how many of
    /// their neighbours are those of this sample.
    #[inline(always)]
    pub fn add_opposite(
        &mut self,
        near: &Neighbourhood<'_>,
        references: &[&PaddedPlane],
        opposite: [Option<usize>; 2],
        base: i32,
    ) {
        let &Neighbourhood { d, s, i, .. } = near;
        let shift = shift(self.level);
        let mut alike = [0; 2];
        for (k, (west, north)) in [(1, -(s as isize)), (-1, s as isize)].into_iter().enumerate() {
            let Some(j) = opposite[k] else {
                self.bits[CONTEXTS - 2 + k] = VALUES - 1;
                continue;
            };
            let at = |offset: isize| d[j.wrapping_add_signed(offset)];
            let mut hits = usize::from(d[i - 1] == at(west));
            hits += match references.first() {
                Some(first) => 2 * usize::from(first.data[i] == first.data[j]),
                None => {
                    let corner = d[i - s - 1] == at(north + west);
                    usize::from(d[i - s] == at(north)) + usize::from(corner)
                }
            };
            let symbol = (((d[j] - base) >> shift) + 16).clamp(0, 31) as usize;
            self.bits[CONTEXTS - 2 + k] = (hits * 32 + symbol) * 4 + (self.level / 6).min(3);
            alike[k] = 1 + hits;
        }
        self.count = CONTEXTS;
        self.sets[2] = alike[0] * 5 + alike[1];
    }
}

/// Classes of `v` of three quarters of an octave each, up to `most`.
#[inline(always)]
fn log_class(v: u32, most: usize) -> usize {
    (activity_level(v, 255) as usize / 3).min(most)
}

/// Eight classes of a difference in sample steps: four sizes of either sign.
#[inline(always)]
fn signed_class(v: f32) -> usize {
    let size = if v.abs() < 0.3 {
        0
    } else if v.abs() < 1.0 {
        1
    } else if v.abs() < 3.0 {
        2
    } else {
        3
    };
    if v < 0.0 { 7 - size } else { size }
}

/// Classes 1 to 15 of a residual in quarters, one sample step each and two around 0.
#[inline(always)]
fn residual_class(v: i32) -> usize {
    (v.clamp(-31, 31) / 4 + 8) as usize & 15
}

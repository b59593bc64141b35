//! Non-local means: each sample becomes the mean of the window around it, weighted by the
//! similarity of patches.
//!
//! In and out: samples of one range, h in samples. The weight of a candidate is `exp(-d / h²)`, d
//! the mean squared difference of the two patches; the sample itself counts with the largest
//! weight found. Patch differences are running integer sums, so time grows with the window and
//! not with the patch. Weights come from a table of 1 024 steps.
//!
//! Source: Buades, Coll, Morel, "A non-local algorithm for image denoising", CVPR 2005, section
//! 3; Darbon et al., "Fast nonlocal filtering applied to electron cryomicroscopy", ISBI 2008
//! (running sums).

use crate::Plane;

/// Entries of the table of weights.
const STEPS: usize = 1024;

/// Patches further apart than this many h² have no weight: exp(-8) is 1/2981.
const DISTANCE_MAX: f32 = 8.0;

/// Fills rows from `first` on.
pub(super) fn rows(
    source: &Plane<u16>,
    (patch_px, window_px): (usize, usize),
    h: f32,
    first: usize,
    out: &mut [u16],
) {
    let (width, count) = (source.width(), out.len() / source.width());
    let (patch, reach) = (patch_px / 2, window_px / 2);
    let padded = Padded::new(source, first, count, patch + reach);
    let table: Vec<f32> =
        (0..STEPS).map(|i| (-(i as f32) * DISTANCE_MAX / STEPS as f32).exp()).collect();
    let scale = STEPS as f32 / (DISTANCE_MAX * h * h * (patch_px * patch_px) as f32);
    let mut sums = vec![0.0f32; out.len()];
    let mut totals = vec![0.0f32; out.len()];
    let mut largest = vec![0.0f32; out.len()];
    let mut columns = vec![0u64; width + 2 * patch];
    for offset in (0..window_px * window_px).filter(|o| *o != window_px * window_px / 2) {
        let (dx, dy) = (offset % window_px, offset / window_px);
        columns.fill(0);
        for row in 0..count + 2 * patch {
            padded.add_squares(&mut columns, row, (reach, dx, dy), true);
            if row >= patch_px {
                padded.add_squares(&mut columns, row - patch_px, (reach, dx, dy), false);
            }
            if row + 1 < patch_px {
                continue;
            }
            let y = row + 1 - patch_px;
            let candidates = &padded.row(y + patch + dy)[patch + dx..];
            let mut distance: u64 = columns[..patch_px - 1].iter().sum();
            for x in 0..width {
                distance += columns[x + patch_px - 1];
                let weight = table.get((distance as f32 * scale) as usize).copied().unwrap_or(0.0);
                let at = y * width + x;
                sums[at] += weight * f32::from(candidates[x]);
                totals[at] += weight;
                largest[at] = largest[at].max(weight);
                distance -= columns[x];
            }
        }
    }
    for (at, target) in out.iter_mut().enumerate() {
        let own = if largest[at] > 0.0 { largest[at] } else { 1.0 };
        let centre = f32::from(source.row(first + at / width)[at % width]);
        *target = ((sums[at] + own * centre) / (totals[at] + own) + 0.5) as u16;
    }
}

/// Some rows of a plane with replicated margins.
struct Padded {
    stride: usize,
    samples: Vec<u16>,
}

impl Padded {
    fn new(source: &Plane<u16>, first: usize, count: usize, margin: usize) -> Self {
        let stride = source.width() + 2 * margin;
        let mut samples = Vec::with_capacity(stride * (count + 2 * margin));
        let mut wide = Vec::new();
        for y in 0..count + 2 * margin {
            super::widened(super::row_near(source, first + y, -(margin as isize)), margin, &mut wide);
            samples.extend_from_slice(&wide);
        }
        Self { stride, samples }
    }

    fn row(&self, y: usize) -> &[u16] {
        &self.samples[y * self.stride..][..self.stride]
    }

    /// Adds or subtracts the squared differences of a row and its shifted copy, column by column.
    fn add_squares(
        &self,
        columns: &mut [u64],
        row: usize,
        (reach, dx, dy): (usize, usize, usize),
        add: bool,
    ) {
        let own = &self.row(row + reach)[reach..];
        let other = &self.row(row + dy)[dx..];
        for ((sum, a), b) in columns.iter_mut().zip(own).zip(other) {
            let difference = u64::from(a.abs_diff(*b));
            let square = difference * difference;
            *sum = if add { *sum + square } else { *sum - square };
        }
    }
}

//! Gaussian blur, separable, cut off at three deviations.
//!
//! In and out: samples of one range; sums in `f32` without fused operations, rounded to the
//! nearest at the end.

use super::{by_rows, row_near, widened};
use crate::{Level, Plane, Threads};
use fearless_simd::dispatch;

fn weights(sigma_px: f32) -> Vec<f32> {
    let radius = (3.0 * sigma_px).ceil() as i32;
    let bell: Vec<f64> = (-radius..=radius)
        .map(|i| (-0.5 * (f64::from(i) / f64::from(sigma_px)).powi(2)).exp())
        .collect();
    let sum: f64 = bell.iter().sum();
    bell.into_iter().map(|w| (w / sum) as f32).collect()
}

/// The plane under a Gaussian of deviation `sigma_px`.
pub(super) fn blurred(source: &Plane<u16>, sigma_px: f32, threads: Threads) -> Plane<u16> {
    let weights = weights(sigma_px);
    let radius = weights.len() / 2;
    let level = Level::new();
    let across: Plane<f32> = by_rows(source, threads, |source, first, out: &mut [f32]| {
        let (mut wide, mut real) = (Vec::new(), Vec::new());
        for (y, target) in (first..).zip(out.chunks_exact_mut(source.width())) {
            widened(source.row(y), radius, &mut wide);
            real.clear();
            real.extend(wide.iter().map(|s| f32::from(*s)));
            dispatch!(level, _simd => weighted(target, weights.iter().enumerate().map(|(i, w)| (*w, &real[i..]))));
        }
    });
    by_rows(&across, threads, |across, first, out: &mut [u16]| {
        let mut sums = vec![0.0; across.width()];
        for (y, target) in (first..).zip(out.chunks_exact_mut(across.width())) {
            let rows =
                weights.iter().zip(-(radius as isize)..).map(|(w, i)| (*w, row_near(across, y, i)));
            dispatch!(level, _simd => weighted(&mut sums, rows));
            target.iter_mut().zip(&sums).for_each(|(t, s)| *t = (s + 0.5) as u16);
        }
    })
}

#[inline(always)]
fn weighted<'a>(out: &mut [f32], rows: impl Iterator<Item = (f32, &'a [f32])>) {
    out.fill(0.0);
    for (weight, row) in rows {
        out.iter_mut().zip(row).for_each(|(sum, s)| *sum += weight * s);
    }
}

//! The walk's slow twin: the predictions and activities of docs/format/lossless.md, section 7, sample by
//! sample.

use super::pixel_walk::{Coded, ROWS, SampleCoder, Site, Wanted, code_planes};
use fearless_simd::Simd;
use std::collections::HashMap;
use tintype_image::{Level, Plane};

/// Keeps what the walk knows of each sample, in the order of coding.
struct Log(Vec<(f32, f32)>);

impl SampleCoder for Log {
    const READS: bool = false;

    fn code<S: Simd>(&mut self, simd: S, site: &Site<S>, (wanted, lanes): Wanted<'_>) -> Coded<S> {
        self.0.extend(lanes.map(|lane| (site.blended[lane], site.energy[lane])));
        Coded { samples: wanted.load(simd), predictions: site.blended }
    }
}

/// One plane's samples, and for each its magnitude and the errors of eight predictions.
struct Twin<'a> {
    plane: &'a Plane<u16>,
    magnitudes: HashMap<(isize, isize), f32>,
    errors: HashMap<(isize, isize), [f32; 8]>,
}

impl Twin<'_> {
    fn width(&self) -> isize {
        self.plane.width() as isize
    }

    fn sample(&self, x: isize, y: isize) -> f32 {
        match (x, y) {
            (_, ..0) => 0.0,
            (..0, _) => self.sample(0, y - 1),
            _ => f32::from(self.plane.row(y as usize)[x.min(self.width() - 1) as usize]),
        }
    }

    fn magnitude(&self, x: isize, y: isize) -> f32 {
        match (x, y) {
            (_, ..0) => 0.0,
            (..0, _) => self.magnitudes_around(0, y - 1) * (1.0 / 27.0),
            _ => self.magnitudes[&(x.min(self.width() - 1), y)],
        }
    }

    fn error(&self, p: usize, x: isize, y: isize) -> f32 {
        match (x, y) {
            (_, ..0) => 0.0,
            (..0, _) => self.errors_around(p, 0, y - 1) * 0.25,
            _ => self.errors[&(x.min(self.width() - 1), y)][p],
        }
    }

    fn errors_around(&self, p: usize, x: isize, y: isize) -> f32 {
        let e = |x| self.error(p, x, y);
        ((e(x) + e(x)) + e(x - 1)) + e(x + 1)
    }

    fn magnitudes_around(&self, x: isize, y: isize) -> f32 {
        let m = |x| self.magnitude(x, y);
        (m(x - 1) * 6.0 + m(x) * 12.0) + m(x + 1) * 9.0
    }
}

/// The blend and the activity of a sample, and its predictions.
fn expected(twins: &[Twin<'_>], k: usize, (x, y): (isize, isize), largest: f32) -> (f32, f32, [f32; 8]) {
    let own = &twins[k];
    let at = |dx: isize, dy: isize| match (x + dx, dx) {
        (..0, ..0) => own.sample(0, y - 1),
        (column, _) => own.sample(column, y + dy),
    };
    let [w, n, nw, ne] = [at(-1, 0), at(0, -1), at(-1, -1), at(1, -1)];
    let [ww, nn, nne] = [at(-2, 0), at(0, -2), at(1, -2)];
    let mut energy = own.magnitudes_around(x, y - 1);
    energy += own.magnitude(x - 1, y) * 16.0 + own.magnitude(x - 2, y) * 4.0;
    let predictions = if k == 0 {
        let smooth = w * 0.5 + n * 0.375 + ne * 0.375 - nw * 0.25;
        [w + n - nw, w + ne - n, n, w, 2.0 * n - nn, n + ne - nne, smooth, 2.0 * w - ww]
    } else {
        let (first, second) = (&twins[k - 1], &twins[k.saturating_sub(2)]);
        let around = |twin: &Twin<'_>, dx: isize, dy: isize| match (x + dx, dx) {
            (..0, ..0) => twin.sample(0, y - 1),
            (column, _) => twin.sample(column, y + dy),
        };
        let r = |dx, dy| around(first, dx, dy);
        let q = |dx, dy| around(second, dx, dy);
        let [dw, dn] = [w - r(-1, 0), n - r(0, -1)];
        let [dnw, dne] = [nw - r(-1, -1), ne - r(1, -1)];
        energy += first.magnitude(x, y) * 16.0 + first.magnitude(x - 1, y) * 4.0;
        let a = q(0, 0) - (q(-1, 0) + q(0, -1)) * 0.5;
        let b = (r(0, 0) - (r(-1, 0) + r(0, -1)) * 0.5) * 0.5;
        let smooth = dw * 0.5 + dn * 0.375 + dne * 0.375 - dnw * 0.25;
        let (half, r) = ((w + n) * 0.5, r(0, 0));
        [dw + dn - dnw + r, dn + r, dw + r, dw + dne - dn + r, w, smooth + r, half + a, half + b]
    };
    let (mut sum, mut weights) = (0.0, 0.0);
    for (p, prediction) in predictions.iter().enumerate() {
        let [west, far] = [own.error(p, x - 1, y), own.error(p, x - 2, y)];
        let around = (own.errors_around(p, x, y - 1) + ((west + west) + far)) + 2.5;
        let weight = 1.0 / (around * around);
        sum += weight * prediction;
        weights += weight;
    }
    ((sum / weights).max(0.0).min(largest), energy, predictions)
}

#[test]
fn vectors_know_what_single_samples_know() {
    for (width, height, count) in [(1, 9, 1), (2, 3, 3), (5, 17, 3), (23, 20, 4), (40, 8, 2)] {
        let mut random = fastrand::Rng::with_seed(width as u64);
        let mut planes: Vec<Plane<u16>> = (0..count)
            .map(|k| {
                let mut plane = Plane::new(width, height);
                for y in 0..height {
                    for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                        *sample = (x * 3 + y * 2 + k * 9) as u16 + random.u16(..7);
                    }
                }
                plane
            })
            .collect();
        let mut log = Log(Vec::new());
        code_planes(&mut log, &mut planes, &vec![255; count], Level::new());

        let mut twins: Vec<Twin<'_>> = planes
            .iter()
            .map(|plane| Twin { plane, magnitudes: HashMap::new(), errors: HashMap::new() })
            .collect();
        let mut known = HashMap::new();
        for y in 0..height as isize {
            for x in 0..width as isize {
                for k in 0..count {
                    let (blended, energy, predictions) = expected(&twins, k, (x, y), 255.0);
                    let sample = twins[k].sample(x, y);
                    twins[k].magnitudes.insert((x, y), (sample - blended).abs());
                    twins[k].errors.insert((x, y), predictions.map(|p| (p - sample).abs()));
                    known.insert((k, x, y), (blended, energy));
                }
            }
        }
        let mut logged = log.0.into_iter();
        for top in (0..height).step_by(ROWS) {
            for step in 0..(width + 2 * ROWS + count) as isize {
                for k in 0..count {
                    for lane in 0..ROWS.min(height - top) {
                        let (x, y) = (step - k as isize - 2 * lane as isize, (top + lane) as isize);
                        if (0..width as isize).contains(&x) {
                            assert_eq!(logged.next(), Some(known[&(k, x, y)]), "{k} {x} {y} of {width}");
                        }
                    }
                }
            }
        }
        assert_eq!(logged.next(), None);
    }
}

//! The fitted walk over a plane: the dense kind's predictions under the default kind's tables.
//!
//! In: a plane of samples, up to two reference planes and their residuals. Out: the plane's
//! residuals in sixteenths of a sample step.
//! Bit-exact: `f32` additions, multiplications and divisions in a fixed order (decision record
//! 0001).
//! Source: our own.

use super::padded_plane::{PaddedPlane, References};
use super::pixel_walk::{Lanes, SampleCoder, Site};
use super::predictor::{MEAN, Predictor};
use super::two_levels::two_levels;
use fearless_simd::{Simd, SimdBase, f32x8};
use tintype_image::Level;

/// The walk over one plane.
pub(super) struct FittedWalk<'a> {
    level: Level,
    max: i32,
    predictor: Predictor<'a, false>,
    /// Residuals of the reference planes, latest first.
    errors: Vec<&'a PaddedPlane>,
}

impl<'a> FittedWalk<'a> {
    /// For samples up to `max` in rows of `width`.
    pub fn new(level: Level, max: i32, width: usize, references: References<'a>) -> Self {
        let predictor = Predictor::new(level, max, width, references.samples);
        Self { level, max, predictor, errors: references.residuals }
    }

    /// Codes `plane` and returns its residuals in sixteenths.
    pub fn run<C: SampleCoder>(mut self, coder: &mut C, plane: &mut PaddedPlane) -> PaddedPlane {
        plane.walked(|plane, residuals, y| {
            self.predictor.begin_row(plane.width);
            two_levels!(self.level, simd => self.code_row(simd, coder, plane, residuals, y));
            self.predictor.end_row(plane.width);
        })
    }

    #[inline(always)]
    fn code_row<S: Simd, C: SampleCoder>(
        &mut self,
        simd: S,
        coder: &mut C,
        plane: &mut PaddedPlane,
        residuals: &mut PaddedPlane,
        y: usize,
    ) {
        for x in 0..plane.width {
            let i = plane.at(x, y);
            let mut prepared = self.predictor.prepare(simd, &plane.data, plane.stride, i, x);
            let site = self.site(simd, plane, residuals, i, prepared.predictions[MEAN]);
            let mut wanted = Lanes::default();
            wanted.0[0] = plane.data[i] as f32;
            let coded = coder.code(simd, &site, (&wanted, 0..1));
            let sample = coded.samples[0] as i32;
            plane.data[i] = sample;
            residuals.data[i] = ((coded.samples[0] - coded.predictions[0]) * 16.0) as i32;
            self.predictor.adapt(simd, x, sample, &mut prepared);
        }
    }

    /// What the coder needs to know of the sample at `i`.
    #[inline(always)]
    fn site<S: Simd>(
        &self,
        simd: S,
        plane: &PaddedPlane,
        residuals: &PaddedPlane,
        i: usize,
        blended: f32,
    ) -> Site<S> {
        let references = &self.predictor.references;
        let (d, e, s) = (&plane.data, &residuals.data, plane.stride);
        let float = |v: i32| f32x8::splat(simd, v as f32);
        let m = |i: usize| e[i].abs();
        let mut energy =
            12 * m(i - s) + 6 * m(i - s - 1) + 9 * m(i - s + 1) + 4 * m(i - 2) + 16 * m(i - 1);
        let mut site = Site {
            w: float(d[i - 1]),
            n: float(d[i - s]),
            nw: float(d[i - s - 1]),
            ne: float(d[i - s + 1]),
            ww: float(d[i - 2]),
            nn: float(d[i - 2 * s]),
            first: [float(0); 2],
            second: float(0),
            residual: float(0),
            references: references.len(),
            plane: references.len(),
            largest: self.max as f32,
            blended: f32x8::splat(simd, blended),
            energy: float(0),
        };
        if let (Some(first), Some(error)) = (references.first(), self.errors.first()) {
            site.first = [float(first.data[i]), float(first.data[i - 1])];
            site.second = references.get(1).map_or(site.first[0], |second| float(second.data[i]));
            let r = &error.data;
            site.residual = f32x8::splat(simd, r[i] as f32 * 0.0625);
            energy += 16 * r[i].abs();
            energy += r[i - 1].abs() + r[i + 1].abs() + r[i - s].abs() + r[i + s].abs();
        }
        site.energy = f32x8::splat(simd, energy as f32 * 0.0625);
        site
    }
}

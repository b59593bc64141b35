//! Uniform quantisers with a dead zone, and rounding by name.
//!
//! In: coefficients. Out: integer levels; dequantisation maps each level to a point of its
//! interval. Dequantisation is bit-exact: one product and one sum in `f32`, the same at every
//! SIMD level. Quantisation is the encoder's choice.
//!
//! Source: G. J. Sullivan, "Efficient scalar quantization of exponential and Laplacian random
//! variables" (1996).

use fearless_simd::{Level, dispatch};

/// How an integer division rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, halves away from zero.
    HalfAway,
    /// To the nearest, halves up.
    HalfUp,
    /// Down.
    Floor,
    /// Towards zero.
    TowardsZero,
}

impl Rounding {
    /// `value / divisor`, rounded; `divisor` is positive.
    ///
    /// ```
    /// use tintype_transform::quantise::Rounding;
    /// let halves = |rounding: Rounding| [-3, -1, 1, 3].map(|x| rounding.divide(x, 2));
    /// assert_eq!(halves(Rounding::HalfAway), [-2, -1, 1, 2]);
    /// assert_eq!(halves(Rounding::HalfUp), [-1, 0, 1, 2]);
    /// assert_eq!(halves(Rounding::Floor), [-2, -1, 0, 1]);
    /// assert_eq!(halves(Rounding::TowardsZero), [-1, 0, 0, 1]);
    /// ```
    ///
    /// # Panics
    /// If `divisor` is not positive.
    #[inline]
    pub fn divide(self, value: i64, divisor: i64) -> i64 {
        assert!(divisor > 0, "the divisor is positive");
        let (down, rest) = (value.div_euclid(divisor), value.rem_euclid(divisor));
        // rest >= divisor - rest is "at least half" without an overflow.
        let up = match self {
            Self::HalfAway => rest > divisor - rest || rest == divisor - rest && value > 0,
            Self::HalfUp => rest >= divisor - rest,
            Self::Floor => false,
            Self::TowardsZero => value < 0 && rest != 0,
        };
        down + i64::from(up)
    }
}

/// A uniform quantiser whose interval about zero may be wider than the others.
///
/// A coefficient of `a` steps becomes the level `floor(|a| + 1 - threshold)` with its sign, so
/// that `threshold` 0.5 rounds to the nearest and 1 truncates; a level `q` other than 0 is
/// reconstructed as `(|q| + shift) * step` with its sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeadZone {
    /// Width of an interval, above 0.
    pub step: f32,
    /// Fraction of a step from which a coefficient gets the next level, 0.5 to 1.
    pub threshold: f32,
    /// Offset of the reconstruction point from the level, in steps: about -0.2 to 0 for a
    /// threshold of 0.5.
    pub shift: f32,
}

/// The largest level; larger ones are clamped. Levels up to 2^23 are exact in f32.
pub const LEVEL_MAX: i32 = 1 << 23;

/// A candidate level of rate–distortion optimised quantisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The level.
    pub level: i32,
    /// Its squared error, in the coefficient's unit squared.
    pub squared_error: f32,
}

impl DeadZone {
    /// The level of one coefficient.
    #[inline(always)]
    pub fn level(&self, coefficient: f32) -> i32 {
        let steps = coefficient.abs() / self.step + (1.0 - self.threshold);
        let level = steps.min(LEVEL_MAX as f32) as i32;
        if coefficient < 0.0 { -level } else { level }
    }

    /// The coefficient at which a level is reconstructed.
    #[inline(always)]
    pub fn coefficient(&self, level: i32) -> f32 {
        let shift = if level == 0 { 0.0 } else { self.shift };
        let size = (level.unsigned_abs() as f32 + shift) * self.step;
        if level < 0 { -size } else { size }
    }

    /// The levels of many coefficients.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn quantise(&self, simd: Level, coefficients: &[f32], levels: &mut [i32]) {
        assert_eq!(coefficients.len(), levels.len(), "as many levels as coefficients");
        dispatch!(simd, _simd => for (level, &x) in levels.iter_mut().zip(coefficients) {
            *level = self.level(x);
        });
    }

    /// The coefficients of many levels.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn dequantise(&self, simd: Level, levels: &[i32], coefficients: &mut [f32]) {
        assert_eq!(coefficients.len(), levels.len(), "as many levels as coefficients");
        dispatch!(simd, _simd => for (x, &level) in coefficients.iter_mut().zip(levels) {
            *x = self.coefficient(level);
        });
    }

    /// The candidates of rate–distortion optimised quantisation: the nearest level, the next
    /// smaller magnitude, and zero. They may coincide.
    pub fn candidates(&self, coefficient: f32) -> [Candidate; 3] {
        let nearest = Self { threshold: 0.5, ..*self }.level(coefficient);
        [nearest, nearest - nearest.signum(), 0].map(|level| {
            let error = coefficient - self.coefficient(level);
            Candidate { level, squared_error: error * error }
        })
    }

    /// The shift that reconstructs each level at the mean of its `coefficients`, which minimises
    /// the squared error; 0 if all levels are 0.
    pub fn fitted_shift(&self, coefficients: &[f32]) -> f32 {
        let (mut sum, mut count) = (0.0f64, 0u64);
        for &x in coefficients {
            let level = self.level(x);
            if level != 0 {
                sum += f64::from(x.abs() / self.step) - f64::from(level.unsigned_abs());
                count += 1;
            }
        }
        if count == 0 { 0.0 } else { (sum / count as f64) as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::levels::at_every_level;

    const ROUND: DeadZone = DeadZone { step: 4.0, threshold: 0.5, shift: 0.0 };

    at_every_level!(levels_agree_with_the_slow_twin, |simd| {
        let mut random = fastrand::Rng::with_seed(2);
        let mut x: Vec<f32> =
            (0..1000).map(|_| random.i32(-(1 << 16)..=1 << 16) as f32 / 37.0).collect();
        x.extend([
            0.0,
            -0.0,
            2.0,
            -2.0,
            1.99,
            6.0,
            f32::MAX,
            f32::MIN,
            f32::INFINITY,
            f32::NAN,
            f32::MIN_POSITIVE,
        ]);
        let zone = DeadZone { step: 3.5, threshold: 0.66, shift: -0.11 };
        let (mut levels, mut back) = (vec![0; x.len()], vec![0.0; x.len()]);
        zone.quantise(simd, &x, &mut levels);
        zone.dequantise(simd, &levels, &mut back);
        for ((&x, &level), &back) in x.iter().zip(&levels).zip(&back).take(1000) {
            let twin = (f64::from(x.abs()) / 3.5 + 0.34).floor() as i32 * if x < 0.0 { -1 } else { 1 };
            assert_eq!(level, twin, "{x}");
            let size = if level == 0 { 0.0 } else { (f64::from(level.abs()) - 0.11) * 3.5 };
            assert!(
                (f64::from(back.abs()) - size).abs() < 1e-3
                    && (back == 0.0 || (back < 0.0) == (x < 0.0)),
                "{x}"
            );
        }
        assert_eq!(levels[1006..], [LEVEL_MAX, -LEVEL_MAX, LEVEL_MAX, LEVEL_MAX, 0]);
    });

    #[test]
    fn a_threshold_of_one_half_rounds_and_of_one_cuts() {
        assert_eq!([1.9, 2.0, -1.9, -2.0, 5.9].map(|x| ROUND.level(x)), [0, 1, 0, -1, 1]);
        let cut = DeadZone { threshold: 1.0, ..ROUND };
        assert_eq!([3.9, 4.0, -3.9, -4.0, 7.9].map(|x| cut.level(x)), [0, 1, 0, -1, 1]);
    }

    #[test]
    fn candidates_are_the_near_levels() {
        let levels = |x| ROUND.candidates(x).map(|c| c.level);
        assert_eq!(levels(9.0), [2, 1, 0]);
        assert_eq!(levels(-9.0), [-2, -1, 0]);
        assert_eq!(levels(1.0), [0, 0, 0]);
        assert_eq!(ROUND.candidates(9.0).map(|c| c.squared_error), [1.0, 25.0, 81.0]);
    }

    #[test]
    fn the_fitted_shift_is_the_mean_offset() {
        assert_eq!(ROUND.fitted_shift(&[1.0, 3.0, 7.0, -3.0, 0.0]), -0.25);
        assert_eq!(ROUND.fitted_shift(&[1.0]), 0.0);
    }

    #[test]
    fn rounding_matches_floats() {
        for value in -1000..1000i64 {
            for divisor in [1, 2, 3, 7, 16] {
                let exact = value as f64 / divisor as f64;
                assert_eq!(Rounding::HalfAway.divide(value, divisor), exact.round() as i64);
                assert_eq!(Rounding::HalfUp.divide(value, divisor), (exact + 0.5).floor() as i64);
                assert_eq!(Rounding::Floor.divide(value, divisor), exact.floor() as i64);
                assert_eq!(Rounding::TowardsZero.divide(value, divisor), exact.trunc() as i64);
            }
        }
        assert_eq!(Rounding::HalfAway.divide(i64::MIN, i64::MAX), -1);
    }
}

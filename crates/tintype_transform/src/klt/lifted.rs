//! A basis in integers with an exact inverse.

use super::DIMENSION_MAX;
use fearless_simd::{Level, dispatch};

/// One shear: band `to` gains band `from` times `factor / 4096`, rounded to the nearest,
/// halves up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiftStep {
    /// The band that changes.
    pub to: u8,
    /// The band that is added.
    pub from: u8,
    /// In 1/4096.
    pub factor: i16,
}

/// A rotation of bands as shears and then signs; sums wrap, so the inverse is exact for any
/// bands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiftedBasis {
    n: usize,
    steps: Vec<LiftStep>,
    /// Bit `k`: the sign of band `k` changes at the end.
    negated: u64,
}

impl LiftedBasis {
    /// The shears that come near to the orthonormal `rows` (`n` of `n` components each), `None`
    /// for other sizes.
    ///
    /// Rotations of two columns each, by a quarter of a turn at most, turn the matrix into one of
    /// 1 and -1 on the diagonal. The same rotations of bands, in this order, and the signs after
    /// them are the basis.
    pub fn from_rows(rows: &[f64], n: usize) -> Option<Self> {
        if !(1..=DIMENSION_MAX).contains(&n) || rows.len() != n * n {
            return None;
        }
        let mut r = rows.to_vec();
        let mut steps = Vec::new();
        // Columns j > i of row i are cleared by rotating columns i and j, so that rows = lower *
        // product of rotations.
        for i in 0..n {
            for j in i + 1..n {
                let (x, y) = (r[i * n + i], r[i * n + j]);
                let norm = (x * x + y * y).sqrt();
                if norm == 0.0 || y == 0.0 {
                    continue;
                }
                // Keeping the sign of x keeps the angle within a quarter of a turn, and the
                // tangent of its half below 1.
                let sign = if x < 0.0 { -1.0 } else { 1.0 };
                let (c, s) = (sign * x / norm, sign * y / norm);
                for k in 0..n {
                    let (x, y) = (r[k * n + i], r[k * n + j]);
                    (r[k * n + i], r[k * n + j]) = (c * x + s * y, c * y - s * x);
                }
                // On bands: (u, v) becomes (c u + s v, c v - s u).
                let q12 = |x: f64| (x * 4096.0).round() as i16;
                let (half_tangent, sine) = (q12(s / (1.0 + c)), q12(s));
                let (i, j) = (i as u8, j as u8);
                steps.push(LiftStep { to: i, from: j, factor: half_tangent });
                steps.push(LiftStep { to: j, from: i, factor: -sine });
                steps.push(LiftStep { to: i, from: j, factor: half_tangent });
            }
        }
        let negated = (0..n).filter(|&k| r[k * n + k] < 0.0).fold(0, |bits, k| bits | (1 << k));
        Some(Self { n, steps, negated })
    }

    /// The basis of these steps, as they were stored; `None` if a step names a band that does not
    /// exist, or itself.
    pub fn from_steps(n: usize, steps: Vec<LiftStep>, negated: u64) -> Option<Self> {
        let known = |band: u8| usize::from(band) < n;
        let fits = steps.iter().all(|s| known(s.to) && known(s.from) && s.to != s.from);
        ((1..=DIMENSION_MAX).contains(&n) && fits && (n == 64 || negated >> n == 0)).then_some(Self {
            n,
            steps,
            negated,
        })
    }

    /// The shears in order, and the bands negated after them.
    pub fn steps(&self) -> (&[LiftStep], u64) {
        (&self.steps, self.negated)
    }

    /// Bands to coefficients, in place; `n` bands of one length follow one another.
    ///
    /// # Panics
    /// If they are not `n` bands of one length.
    pub fn forward(&self, level: Level, bands: &mut [i32]) {
        let len = self.band_len(bands);
        for step in &self.steps {
            let (to, from) = pair(bands, len, *step);
            dispatch!(level, _simd => shear(to, from, i32::from(step.factor)));
        }
        self.negate(bands, len);
    }

    /// The inverse of [`Self::forward`].
    ///
    /// # Panics
    /// If they are not `n` bands of one length.
    pub fn inverse(&self, level: Level, bands: &mut [i32]) {
        let len = self.band_len(bands);
        self.negate(bands, len);
        for step in self.steps.iter().rev() {
            let (to, from) = pair(bands, len, *step);
            dispatch!(level, _simd => unshear(to, from, i32::from(step.factor)));
        }
    }

    fn band_len(&self, bands: &[i32]) -> usize {
        assert_eq!(bands.len() % self.n, 0, "bands of one length");
        bands.len() / self.n
    }

    fn negate(&self, bands: &mut [i32], len: usize) {
        for k in (0..self.n).filter(|k| (self.negated >> k) & 1 != 0) {
            bands[k * len..(k + 1) * len].iter_mut().for_each(|x| *x = x.wrapping_neg());
        }
    }
}

/// The band that a step changes, and the one it reads.
fn pair(bands: &mut [i32], len: usize, step: LiftStep) -> (&mut [i32], &[i32]) {
    let (to, from) = (usize::from(step.to), usize::from(step.from));
    let (low, high) = bands.split_at_mut(to.max(from) * len);
    if to < from {
        (&mut low[to * len..][..len], &high[..len])
    } else {
        (&mut high[..len], &low[from * len..][..len])
    }
}

#[inline(always)]
fn scaled(x: i32, factor: i32) -> i32 {
    x.wrapping_mul(factor).wrapping_add(2048) >> 12
}

#[inline(always)]
fn shear(to: &mut [i32], from: &[i32], factor: i32) {
    to.iter_mut().zip(from).for_each(|(t, &f)| *t = t.wrapping_add(scaled(f, factor)));
}

#[inline(always)]
fn unshear(to: &mut [i32], from: &[i32], factor: i32) {
    to.iter_mut().zip(from).for_each(|(t, &f)| *t = t.wrapping_sub(scaled(f, factor)));
}

#[cfg(test)]
mod tests {
    use super::super::{axes::tests::random_covariance, principal_axes};
    use super::*;
    use crate::levels::at_every_level;

    at_every_level!(whole_bands_come_back_and_stay_near_the_basis, |level| {
        for (n, len) in [(1, 4), (2, 9), (3, 40), (8, 17), (32, 5)] {
            let rows = principal_axes(&random_covariance(n, 4), n).rows;
            let basis = LiftedBasis::from_rows(&rows, n).unwrap();
            let mut random = fastrand::Rng::with_seed(1);
            let bands: Vec<i32> = (0..n * len).map(|_| random.i32(-1023..=1023)).collect();
            let mut out = bands.clone();
            basis.forward(level, &mut out);
            for (i, &x) in out.iter().enumerate() {
                let twin: f64 =
                    (0..n).map(|j| rows[i / len * n + j] * f64::from(bands[j * len + i % len])).sum();
                assert!((twin - f64::from(x)).abs() < 2.0 + n as f64 * 0.5, "{n} {i}: {twin} {x}");
            }
            basis.inverse(level, &mut out);
            assert_eq!(out, bands);
        }
    });

    at_every_level!(extreme_bands_come_back, |level| {
        let rows = principal_axes(&random_covariance(5, 4), 5).rows;
        let basis = LiftedBasis::from_rows(&rows, 5).unwrap();
        let bands: Vec<i32> =
            (0..50).map(|i| if i % 3 == 0 { i32::MIN } else { i32::MAX - i }).collect();
        let mut out = bands.clone();
        basis.forward(level, &mut out);
        basis.inverse(level, &mut out);
        assert_eq!(out, bands);
    });

    #[test]
    fn stored_steps_are_checked() {
        let step = |to, from| vec![LiftStep { to, from, factor: 5 }];
        assert!(LiftedBasis::from_steps(3, step(0, 2), 0b101).is_some());
        assert!(LiftedBasis::from_steps(3, step(0, 3), 0).is_none());
        assert!(LiftedBasis::from_steps(3, step(1, 1), 0).is_none());
        assert!(LiftedBasis::from_steps(3, step(0, 2), 0b1000).is_none());
        assert!(LiftedBasis::from_steps(0, vec![], 0).is_none());
    }
}

//! Applying a basis in floats.

use super::DIMENSION_MAX;
use fearless_simd::{Level, dispatch};

/// An orthonormal basis of `n` rows, 1 to 64.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis {
    n: usize,
    rows: Vec<f32>,
}

impl Basis {
    /// The basis with these rows, `None` unless there are 1 to 64 of as many components.
    pub fn new(rows: Vec<f32>, n: usize) -> Option<Self> {
        ((1..=DIMENSION_MAX).contains(&n) && rows.len() == n * n).then_some(Self { n, rows })
    }

    /// How many bands it takes and gives.
    pub fn dimension(&self) -> usize {
        self.n
    }

    /// The rows, one after another.
    pub fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// Bands to coefficients: `out[k] = sum over j of row[k][j] * bands[j]`, for bands of equal
    /// length that follow one another, in the order of `j`.
    ///
    /// # Panics
    /// If the slices are not `n` bands of one length.
    pub fn forward(&self, level: Level, bands: &[f32], out: &mut [f32]) {
        self.apply(level, bands, out, |k, j| k * self.n + j);
    }

    /// Coefficients to bands: the transposed basis. `first` coefficients suffice; the rest count
    /// as zero.
    ///
    /// # Panics
    /// If `coefficients` are not 1 to `n` bands as long as the `n` bands of `out`.
    pub fn inverse(&self, level: Level, coefficients: &[f32], out: &mut [f32]) {
        self.apply(level, coefficients, out, |k, j| j * self.n + k);
    }

    fn apply(&self, level: Level, bands: &[f32], out: &mut [f32], at: impl Fn(usize, usize) -> usize) {
        assert_eq!(out.len() % self.n, 0, "bands of one length");
        let len = out.len() / self.n;
        if len == 0 {
            return;
        }
        assert!(bands.len().is_multiple_of(len) && bands.len() <= out.len(), "bands of one length");
        for (k, out) in out.chunks_exact_mut(len).enumerate() {
            out.fill(0.0);
            for (j, band) in bands.chunks_exact(len).enumerate() {
                let weight = self.rows[at(k, j)];
                dispatch!(level, _simd => add_scaled(out, band, weight));
            }
        }
    }
}

#[inline(always)]
fn add_scaled(out: &mut [f32], band: &[f32], weight: f32) {
    for (out, &x) in out.iter_mut().zip(band) {
        *out += weight * x;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{axes::tests::random_covariance, principal_axes};
    use super::*;
    use crate::levels::at_every_level;

    at_every_level!(bands_follow_the_twin_and_come_back, |level| {
        for (n, len) in [(1, 5), (3, 33), (16, 7), (64, 20)] {
            let rows = principal_axes(&random_covariance(n, 9), n).rows;
            let basis = Basis::new(rows.iter().map(|&x| x as f32).collect(), n).unwrap();
            let mut random = fastrand::Rng::with_seed(1);
            let bands: Vec<f32> = (0..n * len).map(|_| random.i32(-255..=255) as f32).collect();
            let (mut out, mut scalar, mut back) =
                (vec![9.0; n * len], vec![0.0; n * len], vec![9.0; n * len]);
            basis.forward(level, &bands, &mut out);
            basis.forward(Level::fallback(), &bands, &mut scalar);
            assert_eq!(out, scalar);
            for (i, &x) in out.iter().enumerate() {
                let twin: f64 =
                    (0..n).map(|j| rows[i / len * n + j] * f64::from(bands[j * len + i % len])).sum();
                assert!((twin - f64::from(x)).abs() < 0.01, "{n} {i}");
            }
            basis.inverse(level, &out, &mut back);
            assert!(bands.iter().zip(&back).all(|(a, b)| (a - b).abs() < 0.01));
        }
    });

    #[test]
    fn wrong_sizes_are_refused() {
        assert!(Basis::new(vec![0.0; 65 * 65], 65).is_none());
        assert!(Basis::new(vec![], 0).is_none());
        assert!(Basis::new(vec![1.0; 3], 2).is_none());
    }
}

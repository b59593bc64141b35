//! Fitting: covariance and its eigenvectors, in f64.

use super::DIMENSION_MAX;

/// Eigenvectors of a symmetric matrix, the largest eigenvalue first.
#[derive(Clone, Debug, PartialEq)]
pub struct Axes {
    /// The eigenvalues, falling.
    pub values: Vec<f64>,
    /// The eigenvectors, one a row; the largest component of each is positive.
    pub rows: Vec<f64>,
}

/// Bound on the sweeps of the iteration; it converges in about ten.
const SWEEPS_MAX: usize = 64;

/// The mean and the covariance of vectors of `dimension` components that follow one another.
///
/// # Panics
/// If there are no vectors, or the last one is incomplete.
pub fn covariance(vectors: &[f32], dimension: usize) -> (Vec<f64>, Vec<f64>) {
    assert!(
        dimension > 0 && !vectors.is_empty() && vectors.len().is_multiple_of(dimension),
        "vectors are whole"
    );
    let count = (vectors.len() / dimension) as f64;
    let mut mean = vec![0.0; dimension];
    for vector in vectors.chunks_exact(dimension) {
        mean.iter_mut().zip(vector).for_each(|(m, &x)| *m += f64::from(x) / count);
    }
    let mut matrix = vec![0.0; dimension * dimension];
    for vector in vectors.chunks_exact(dimension) {
        for i in 0..dimension {
            let x = (f64::from(vector[i]) - mean[i]) / count;
            for j in 0..=i {
                matrix[i * dimension + j] += x * (f64::from(vector[j]) - mean[j]);
            }
        }
    }
    for i in 0..dimension {
        for j in 0..i {
            matrix[j * dimension + i] = matrix[i * dimension + j];
        }
    }
    (mean, matrix)
}

/// The principal axes of a symmetric `n` by `n` matrix, `n` up to 64, by cyclic Jacobi rotations.
///
/// ```
/// let axes = tintype_transform::klt::principal_axes(&[2.0, 1.0, 1.0, 2.0], 2);
/// assert!((axes.values[0] - 3.0).abs() < 1e-12 && (axes.values[1] - 1.0).abs() < 1e-12);
/// assert!((axes.rows[0] - axes.rows[1]).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the matrix is not `n` by `n`, or `n` is 0 or above 64.
pub fn principal_axes(matrix: &[f64], n: usize) -> Axes {
    assert!(
        (1..=DIMENSION_MAX).contains(&n) && matrix.len() == n * n,
        "a square matrix of 1 to 64 rows"
    );
    let mut a = matrix.to_vec();
    let mut vectors = vec![0.0; n * n];
    (0..n).for_each(|i| vectors[i * n + i] = 1.0);
    let scale: f64 = a.iter().map(|x| x * x).sum();
    for _ in 0..SWEEPS_MAX {
        let off: f64 = (0..n * n).filter(|i| i / n != i % n).map(|i| a[i] * a[i]).sum();
        // A matrix with a NaN ends here as well.
        if off.is_nan() || off <= scale * 1e-30 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                annihilate(&mut a, &mut vectors, n, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j * n + j].total_cmp(&a[i * n + i]));
    let values = order.iter().map(|&i| a[i * n + i]).collect();
    let rows = order.iter().flat_map(|&i| with_fixed_sign(&vectors[i * n..(i + 1) * n])).collect();
    Axes { values, rows }
}

/// Rotates rows and columns `p` and `q` so that element `(p, q)` vanishes.
fn annihilate(a: &mut [f64], vectors: &mut [f64], n: usize, p: usize, q: usize) {
    let element = a[p * n + q];
    if element == 0.0 {
        return;
    }
    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * element);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    let turn =
        |x: &mut [f64], i: usize, j: usize| (x[i], x[j]) = (c * x[i] - s * x[j], s * x[i] + c * x[j]);
    for k in 0..n {
        turn(a, k * n + p, k * n + q);
    }
    for k in 0..n {
        turn(a, p * n + k, q * n + k);
        turn(vectors, p * n + k, q * n + k);
    }
}

fn with_fixed_sign(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().fold(0.0f64, |best, &x| if x.abs() > best.abs() { x } else { best });
    row.iter().map(|x| if largest < 0.0 { -x } else { *x }).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A covariance with falling variances in a random direction each.
    pub(crate) fn random_covariance(n: usize, seed: u64) -> Vec<f64> {
        let mut random = fastrand::Rng::with_seed(seed);
        let data: Vec<f32> = (0..n * n * 4)
            .map(|i| random.i32(-1000..=1000) as f32 / (1 + i % n) as f32 + (i / n) as f32)
            .collect();
        covariance(&data, n).1
    }

    #[test]
    fn axes_diagonalise() {
        for n in [1, 2, 3, 8, 31, 64] {
            let matrix = random_covariance(n, n as u64);
            let axes = principal_axes(&matrix, n);
            let norm = matrix.iter().map(|x| x * x).sum::<f64>().sqrt();
            for (i, row) in axes.rows.chunks(n).enumerate() {
                for k in 0..n {
                    let image: f64 = (0..n).map(|j| matrix[k * n + j] * row[j]).sum();
                    assert!((image - axes.values[i] * row[k]).abs() < 1e-10 * norm, "{n} {i}");
                }
                for (j, other) in axes.rows.chunks(n).enumerate() {
                    let dot: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
                    assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-10);
                }
            }
            assert!(axes.values.windows(2).all(|pair| pair[0] >= pair[1]));
        }
    }

    #[test]
    fn hopeless_matrices_end() {
        principal_axes(&[0.0; 9], 3);
        principal_axes(&[f64::NAN; 9], 3);
        principal_axes(&[f64::MAX; 9], 3);
    }
}

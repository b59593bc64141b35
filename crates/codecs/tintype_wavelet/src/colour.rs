//! Samples of a tile to components and back: a rotation of RGB fitted to the picture, YCoCg-R,
//! or nothing.
//!
//! The rotation is orthonormal, so a squared error in the components is the same squared error
//! in the samples. Decoding uses single-precision additions, subtractions, multiplications and
//! divisions only, in a fixed order.

use tintype_image::{ColourModel, Level, Plane, Planes, Region, Shape};

/// Rows of an orthonormal matrix: component from RGB.
pub(crate) type Matrix = [[f32; 3]; 3];

/// Whether planes 0 to 2 of `shape` can be mixed.
pub(crate) fn can_mix(shape: &Shape) -> bool {
    let geometry = |plane: usize| {
        let info = &shape.planes[plane];
        (info.bit_depth, info.subsample_x_log2, info.subsample_y_log2)
    };
    shape.colour == ColourModel::Rgb && geometry(0) == geometry(1) && geometry(0) == geometry(2)
}

/// The rotation that a quaternion of signed bytes stands for.
pub(crate) fn matrix_from_quaternion(quaternion: [i8; 4]) -> Matrix {
    let q = quaternion.map(f32::from);
    let norm = q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3];
    let [w, x, y, z] = q;
    let two = 2.0 / norm;
    [
        [1.0 - two * (y * y + z * z), two * (x * y - w * z), two * (x * z + w * y)],
        [two * (x * y + w * z), 1.0 - two * (x * x + z * z), two * (y * z - w * x)],
        [two * (x * z - w * y), two * (y * z + w * x), 1.0 - two * (x * x + y * y)],
    ]
}

/// The quaternion of signed bytes nearest to a rotation matrix.
fn quaternion_from_matrix(m: [[f64; 3]; 3]) -> [i8; 4] {
    let squares = [
        1.0 + m[0][0] + m[1][1] + m[2][2],
        1.0 + m[0][0] - m[1][1] - m[2][2],
        1.0 - m[0][0] + m[1][1] - m[2][2],
        1.0 - m[0][0] - m[1][1] + m[2][2],
    ];
    let largest = (0..4).max_by(|&a, &b| squares[a].total_cmp(&squares[b])).unwrap_or(0);
    let (a, b, c) = (m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]);
    let (d, e, f) = (m[0][1] + m[1][0], m[0][2] + m[2][0], m[1][2] + m[2][1]);
    let s = squares[largest];
    let q = match largest {
        0 => [s, a, b, c],
        1 => [a, s, d, e],
        2 => [b, d, s, f],
        _ => [c, e, f, s],
    };
    let peak = q.iter().fold(0.0f64, |p, v| p.max(v.abs())).max(1e-9);
    q.map(|v| (v / peak * 127.0).round() as i8)
}

/// The rotation for which the picture's high-pass signal is decorrelated, strongest component
/// first.
pub(crate) fn fit_rotation(planes: &Planes) -> [i8; 4] {
    let mut covariance = [[0.0f64; 3]; 3];
    let (width, height) = planes.shape.plane_size(0);
    let step = (height / 256).max(1);
    for y in (0..height.saturating_sub(2)).step_by(step) {
        let rows: [[&[u16]; 2]; 3] =
            [0, 1, 2].map(|p| [planes.planes[p].row(y), planes.planes[p].row(y + 2)]);
        for x in 0..width.saturating_sub(2) {
            let across = rows.map(|r| f64::from(r[0][x]) - f64::from(r[0][x + 2]));
            let down = rows.map(|r| f64::from(r[0][x]) - f64::from(r[1][x]));
            for i in 0..3 {
                for j in 0..=i {
                    covariance[i][j] += across[i] * across[j] + down[i] * down[j];
                }
            }
        }
    }
    for i in 0..3 {
        for j in i + 1..3 {
            covariance[i][j] = covariance[j][i];
        }
    }
    let mut rows = eigenvectors(covariance);
    for row in &mut rows {
        if row.iter().sum::<f64>() < 0.0 {
            *row = row.map(|v| -v);
        }
    }
    rows[2] = cross(rows[0], rows[1]);
    quaternion_from_matrix(rows)
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Eigenvectors of a symmetric matrix by Jacobi rotations, largest eigenvalue first.
fn eigenvectors(mut a: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let mut v = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for _ in 0..12 {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            if a[p][q].abs() < 1e-12 * (a[p][p].abs() + a[q][q].abs()) + 1e-30 {
                continue;
            }
            let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
            let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
            let c = 1.0 / (t * t + 1.0).sqrt();
            let s = t * c;
            for k in 0..3 {
                (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]);
            }
            for k in 0..3 {
                (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]);
                (v[p][k], v[q][k]) = (c * v[p][k] - s * v[q][k], s * v[p][k] + c * v[q][k]);
            }
        }
    }
    let mut order = [0, 1, 2];
    order.sort_by(|&i, &j| a[j][j].total_cmp(&a[i][i]));
    order.map(|i| v[i])
}

/// `region` (in samples of plane `index`) as signed floats round 0.
pub(crate) fn centred_f32(planes: &Planes, index: usize, region: Region) -> Vec<f32> {
    let middle = (1u32 << (planes.shape.planes[index].bit_depth - 1)) as f32;
    converted(&planes.planes[index], region, |sample| f32::from(sample) - middle)
}

/// `region` (in samples of plane `index`) as signed integers round 0.
pub(crate) fn centred_i32(planes: &Planes, index: usize, region: Region) -> Vec<i32> {
    let middle = 1i32 << (planes.shape.planes[index].bit_depth - 1);
    converted(&planes.planes[index], region, |sample| i32::from(sample) - middle)
}

fn converted<T>(plane: &Plane<u16>, region: Region, convert: impl Fn(u16) -> T) -> Vec<T> {
    let mut out = Vec::with_capacity(region.width * region.height);
    for y in region.y..region.y + region.height {
        let row = &plane.row(y)[region.x..][..region.width];
        out.extend(row.iter().map(|&sample| convert(sample)));
    }
    out
}

/// `components = matrix · rgb`, in place.
pub(crate) fn rotate(level: Level, matrix: &Matrix, [a, b, c]: [&mut [f32]; 3]) {
    fearless_simd::dispatch!(level, _simd => for ((a, b), c) in a.iter_mut().zip(b.iter_mut()).zip(c.iter_mut()) {
        let m = |row: [f32; 3]| row[0] * *a + row[1] * *b + row[2] * *c;
        let (x, y, z) = (m(matrix[0]), m(matrix[1]), m(matrix[2]));
        (*a, *b, *c) = (x, y, z);
    });
}

/// The transposed matrix, which is the inverse of a rotation.
pub(crate) fn transposed(m: &Matrix) -> Matrix {
    [[m[0][0], m[1][0], m[2][0]], [m[0][1], m[1][1], m[2][1]], [m[0][2], m[1][2], m[2][2]]]
}

/// Floats round 0 to samples: scaled by `gain`, rounded to nearest, clamped.
pub(crate) fn plane_from_f32(
    level: Level,
    values: &[f32],
    gain: f32,
    bit_depth: u8,
    width: usize,
) -> Plane<u16> {
    let (middle, max) = ((1u32 << (bit_depth - 1)) as f32, ((1u32 << bit_depth) - 1) as f32);
    let mut samples = vec![0u16; values.len()];
    fearless_simd::dispatch!(level, _simd => for (s, v) in samples.iter_mut().zip(values) {
        *s = (*v * gain + middle + 0.5).clamp(0.0, max) as i32 as u16;
    });
    plane_from_samples(width, samples)
}

/// Integers round 0 to samples, clamped.
pub(crate) fn plane_from_i32(values: &[i32], bit_depth: u8, width: usize) -> Plane<u16> {
    let (middle, max) = (1i32 << (bit_depth - 1), (1i32 << bit_depth) - 1);
    let sample = |value: &i32| value.saturating_add(middle).clamp(0, max) as u16;
    plane_from_samples(width, values.iter().map(sample).collect())
}

fn plane_from_samples(width: usize, samples: Vec<u16>) -> Plane<u16> {
    let height = samples.len() / width.max(1);
    Plane::from_vec(width, height, samples).unwrap_or_else(|| Plane::new(0, 0))
}

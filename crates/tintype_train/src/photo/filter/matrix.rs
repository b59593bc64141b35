//! Products of small matrices in `f32`, as the filter's trainer needs them.
//!
//! Rows of the left matrix may overlap: row `m` starts at `m * stride`, so that a 3×3
//! convolution over positions with their channels together is three products without a copy.
//! All sums have a fixed order for a given SIMD level. Not bit-exact across levels.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, f32x16};
use tintype_transform::dispatch_wide;

/// Rows summed together in registers.
const ROWS: usize = 8;

/// The left matrix of a product: `rows` rows of `inputs` numbers, `stride` apart.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a> {
    /// The numbers.
    pub values: &'a [f32],
    /// How many rows.
    pub rows: usize,
    /// Distance between the starts of rows.
    pub stride: usize,
    /// Numbers in a row.
    pub inputs: usize,
}

/// `out += left · right`, where `right` has `N` columns (16, 32 or 64).
pub fn add_product<const N: usize>(level: Level, left: Left<'_>, right: &[f32], out: &mut [f32]) {
    dispatch_wide!(level, simd => {
        let right = &right.as_chunks::<N>().0[..left.inputs];
        let out = &mut out.as_chunks_mut::<N>().0[..left.rows];
        add_sums(simd, right, out, #[inline(always)] |first, count| {
            let rows: [&[f32]; ROWS] = std::array::from_fn(|r| {
                let row = first + r.min(count - 1);
                &left.values[row * left.stride..][..left.inputs]
            });
            #[inline(always)]
            move |k: usize| rows.map(|row| row[k])
        });
    });
}

/// `out += leftᵀ · right`: `out` has `left.inputs` rows of `N` numbers, `right` has
/// `left.rows`. The gradient of [`add_product`] by its right matrix.
pub fn add_outer<const N: usize>(level: Level, left: Left<'_>, right: &[f32], out: &mut [f32]) {
    dispatch_wide!(level, simd => {
        let right = &right.as_chunks::<N>().0[..left.rows];
        let out = &mut out.as_chunks_mut::<N>().0[..left.inputs];
        add_sums(simd, right, out, #[inline(always)] |first, count| {
            #[inline(always)]
            move |m: usize| {
                let from = &left.values[m * left.stride + first..];
                let mut inputs = [0.0; ROWS];
                match from.first_chunk() {
                    Some(whole) if count == ROWS => inputs = *whole,
                    _ => inputs[..count].copy_from_slice(&from[..count]),
                }
                inputs
            }
        });
    });
}

/// Adds to each row of `out` the sum of the rows of `right`, each times a number of its own.
/// `inputs_of(first, count)(k)` gives the numbers that row `k` of `right` is multiplied by in
/// the sums of the `count` rows (at most [`ROWS`]) of `out` from `first` on.
#[inline(always)]
fn add_sums<S: Simd, const N: usize, F: Fn(usize) -> [f32; ROWS]>(
    simd: S,
    right: &[[f32; N]],
    out: &mut [[f32; N]],
    inputs_of: impl Fn(usize, usize) -> F,
) {
    for column in (0..N).step_by(32) {
        if column + 32 <= N {
            add_columns::<_, N, 2, _>(simd, right, out, column, &inputs_of);
        } else {
            add_columns::<_, N, 1, _>(simd, right, out, column, &inputs_of);
        }
    }
}

/// As [`add_sums`], for the `16 V` columns from `column` on.
#[inline(always)]
fn add_columns<S: Simd, const N: usize, const V: usize, F: Fn(usize) -> [f32; ROWS]>(
    simd: S,
    right: &[[f32; N]],
    out: &mut [[f32; N]],
    column: usize,
    inputs_of: &impl Fn(usize, usize) -> F,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (group, rows_out) in out.chunks_mut(ROWS).enumerate() {
                let inputs = inputs_of(group * ROWS, rows_out.len());
                let mut sums = [[f32x16::splat(simd, 0.0); V]; ROWS];
                for (k, row) in right.iter().enumerate() {
                    let factors: [f32x16<S>; V] =
                        std::array::from_fn(|v| f32x16::from_slice(simd, &row[column + 16 * v..][..16]));
                    for (sum, input) in sums.iter_mut().zip(inputs(k)) {
                        let input = f32x16::splat(simd, input);
                        for (s, factor) in sum.iter_mut().zip(&factors) {
                            *s = input.mul_add(*factor, *s);
                        }
                    }
                }
                for (row, sum) in rows_out.iter_mut().zip(&sums) {
                    for (v, s) in sum.iter().enumerate() {
                        let part = &mut row[column + 16 * v..][..16];
                        (f32x16::from_slice(simd, part) + *s).store_slice(part);
                    }
                }
            }
        },
    );
}

/// The transpose of `matrix`, which has rows of `columns` numbers; rows of the result are padded
/// with zeros to `padded` numbers.
pub fn transposed(matrix: &[f32], columns: usize, padded: usize) -> Vec<f32> {
    let mut out = vec![0.0; columns * padded];
    for (r, row) in matrix.chunks_exact(columns).enumerate() {
        for (c, value) in row.iter().enumerate() {
            out[c * padded + r] = *value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 37 + seed * 11) % 19) as f32 - 9.0).collect()
    }

    fn check<const N: usize>(rows: usize, stride: usize, inputs: usize) {
        let values = numbers(rows * stride + inputs, 1);
        let left = Left { values: &values, rows, stride, inputs };
        let (right, gradient) = (numbers(inputs * N, 2), numbers(rows * N, 3));
        let (mut out, mut outer) = (vec![1.0; rows * N], vec![1.0; inputs * N]);
        add_product::<N>(Level::new(), left, &right, &mut out);
        add_outer::<N>(Level::new(), left, &gradient, &mut outer);
        for n in 0..N {
            for m in 0..rows {
                let sum: f32 = (0..inputs).map(|k| values[m * stride + k] * right[k * N + n]).sum();
                assert_eq!(out[m * N + n], 1.0 + sum, "row {m}, column {n}");
            }
            for k in 0..inputs {
                let sum: f32 = (0..rows).map(|m| values[m * stride + k] * gradient[m * N + n]).sum();
                assert_eq!(outer[k * N + n], 1.0 + sum, "input {k}, column {n}");
            }
        }
    }

    #[test]
    fn products_are_what_the_loops_say() {
        check::<16>(5, 7, 7);
        check::<32>(21, 14, 42);
        check::<64>(8, 32, 33);
    }
}

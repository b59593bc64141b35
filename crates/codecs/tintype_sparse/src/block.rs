//! One block: its grid and its samples, the same integer arithmetic in encoder and decoder.
//!
//! Samples are internal: `i16` in 1/16 of an 8-bit step. A block of 8 or 16 is its own grid; a
//! block of 32 is a grid of 16 × 16, each cell the mean of 2 × 2 samples, brought back by
//! interpolation. Bit-exact.

use tintype_block::sample_from_sum;

/// Sides of blocks, by size number.
pub const SIDES: [usize; 3] = [8, 16, 32];
/// Sides of their grids.
pub const GRID_SIDES: [usize; 3] = [8, 16, 16];

/// One atom in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Which atom of the cluster's dictionary.
    pub atom: u16,
    /// Its quantised weight, not 0.
    pub level: i16,
}

/// Grid sums as samples of a block of size number `size`.
pub fn samples_from_sums(sums: &[i32], size: usize, out: &mut [i16]) {
    if SIDES[size] == GRID_SIDES[size] {
        for (sample, &sum) in out.iter_mut().zip(sums) {
            *sample = sample_from_sum(sum);
        }
        return;
    }
    let cells: Vec<i16> = sums.iter().map(|&sum| sample_from_sum(sum)).collect();
    let grid = GRID_SIDES[size];
    let row = |y: usize| &cells[y * grid..][..grid];
    for (y, out) in out.chunks_exact_mut(2 * grid).enumerate() {
        let (near, far) = near_and_far(y, grid);
        doubled_row(row(near), row(far), out);
    }
}

/// The nearer and the further cell of sample `i` on a grid of `count` cells at half the
/// resolution; the same at the ends.
pub fn near_and_far(i: usize, count: usize) -> (usize, usize) {
    let near = i / 2;
    let far = if i.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(count - 1) };
    (near, far)
}

/// A row at twice the resolution from its nearer and further row of cells. Cell centres lie
/// between samples: three quarters of the nearer cell, one of the further, both ways.
pub fn doubled_row(near: &[i16], far: &[i16], out: &mut [i16]) {
    let value = |cell: i16| i32::from(cell);
    for (x, sample) in out.iter_mut().enumerate() {
        let (a, b) = near_and_far(x, near.len());
        let sum = 9 * value(near[a]) + 3 * (value(near[b]) + value(far[a])) + value(far[b]);
        *sample = ((sum + 8) >> 4) as i16;
    }
}

/// Means of 2 × 2 samples, for blocks that live on half the resolution.
pub fn half_grid(samples: &[f32], side: usize) -> Vec<f32> {
    let grid = side / 2;
    let at = |y: usize, x: usize| samples[y * side + x];
    let mean = |i: usize| {
        let (y, x) = (i / grid * 2, i % grid * 2);
        0.25 * (at(y, x) + at(y, x + 1) + at(y + 1, x) + at(y + 1, x + 1))
    };
    (0..grid * grid).map(mean).collect()
}

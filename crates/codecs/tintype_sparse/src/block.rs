//! One block: its border, its prediction and its synthesis, the same integer arithmetic in encoder and decoder.
//!
//! Samples are internal: `i16` in 1/16 of an 8-bit step. A block of 8 or 16 is its own grid; a block of 32 is a grid of 16 × 16,
//! each cell the mean of 2 × 2 samples, brought back by interpolation. Bit-exact: integers; additions wrap, so that
//! hostile weights give some picture and never a panic.

use super::model::{BORDER_INPUTS, Cluster};
use super::state::PlaneState;
use tintype_block::ENTRY_BITS;

/// Sides of blocks, by size number.
pub const SIDES: [usize; 3] = [8, 16, 32];
/// Sides of their grids.
pub const GRID_SIDES: [usize; 3] = [8, 16, 16];
/// Largest magnitude of an internal sample.
pub const INTERNAL_MAX: i32 = 8191;
/// Largest magnitude of a dequantised weight.
const WEIGHT_MAX: i32 = 1 << 17;

/// How weights are turned back into amplitudes: `sign · (|level| · step − shrink)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dequantiser {
    /// Step in internal units, at least 1.
    pub step: i32,
    /// What is taken off a level of 1; half of it off larger ones.
    pub shrink: i32,
}

impl Dequantiser {
    /// The amplitude of `level`.
    pub fn amplitude(&self, level: i16) -> i32 {
        let magnitude = i32::from(level.unsigned_abs());
        let shrink = match magnitude {
            0 => 0,
            1 => self.shrink,
            _ => self.shrink / 2,
        };
        let value = magnitude.saturating_mul(self.step).saturating_sub(shrink).min(WEIGHT_MAX);
        if level < 0 { -value } else { value }
    }
}

/// One atom in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Which atom of the cluster's dictionary.
    pub atom: u16,
    /// Its quantised weight, not 0.
    pub level: i16,
}

/// What a decoder knows beside a block: eight means above, four of the continuation to the right, the corner, eight to the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Border {
    /// Rounded mean of what lies above and to the left.
    pub mean: i32,
    /// Inputs less the mean.
    pub inputs: [i32; BORDER_INPUTS],
}

/// The border of the block of `side` samples at (`x`, `y`). Where nothing is coded beside it, the nearest coded sample stands in; `middle`
/// where there is none at all.
pub fn border(state: &PlaneState, x: usize, y: usize, side: usize) -> Border {
    let middle = state.middle;
    let (has_left, has_above) = (x > 0, y > 0);
    let mut above = [middle; 64];
    let mut left = [middle; 32];
    let mut corner = middle;
    if has_above {
        let row = state.samples.row(y - 1);
        for (value, &sample) in above.iter_mut().zip(&row[x..x + side]) {
            *value = i32::from(sample);
        }
        let right = state.is_coded(x + side, y - 1);
        for i in side..2 * side {
            // The cells further right are of one superblock with the first, or come after it.
            let known = right && state.is_coded(x + i, y - 1);
            above[i] = if known { i32::from(row[x + i]) } else { above[i - 1] };
        }
    }
    if has_left {
        for (i, value) in left.iter_mut().enumerate().take(side) {
            *value = i32::from(state.samples.row(y + i)[x - 1]);
        }
    }
    match (has_left, has_above) {
        (true, true) => corner = i32::from(state.samples.row(y - 1)[x - 1]),
        (true, false) => {
            above = [left[0]; 64];
            corner = left[0];
        }
        (false, true) => {
            left = [above[0]; 32];
            corner = above[0];
        }
        (false, false) => {}
    }
    reduced(&above, &left, corner, side)
}

fn reduced(above: &[i32; 64], left: &[i32; 32], corner: i32, side: usize) -> Border {
    let step = side / 8;
    let mean_of = |samples: &[i32]| {
        let len = samples.len() as i32;
        (samples.iter().sum::<i32>() + len / 2).div_euclid(len)
    };
    let mut inputs = [0; BORDER_INPUTS];
    for i in 0..8 {
        inputs[i] = mean_of(&above[i * step..][..step]);
        inputs[13 + i] = mean_of(&left[i * step..][..step]);
    }
    for i in 0..4 {
        inputs[8 + i] = mean_of(&above[side + i * 2 * step..][..2 * step]);
    }
    inputs[12] = corner;
    let sum: i32 = inputs[..8].iter().chain(&inputs[13..]).sum();
    let mean = (sum + 8).div_euclid(16);
    for value in &mut inputs {
        *value -= mean;
    }
    Border { mean, inputs }
}

/// What the cluster expects from the border, into `out` (grid sums with [`ENTRY_BITS`] fractional bits).
#[inline(always)]
pub fn predict(border: &Border, cluster: &Cluster, out: &mut [i32]) {
    let cells = out.len();
    out.fill(border.mean << ENTRY_BITS);
    for (input, row) in border.inputs.iter().zip(cluster.predictor.chunks_exact(cells)) {
        add_row(out, *input, row);
    }
}

/// Adds the atoms to the sums of [`predict`].
#[inline(always)]
pub fn synthesise(terms: &[Term], cluster: &Cluster, dequantiser: &Dequantiser, out: &mut [i32]) {
    let cells = out.len();
    for term in terms {
        let atom = &cluster.atoms[usize::from(term.atom) * cells..][..cells];
        add_row(out, dequantiser.amplitude(term.level), atom);
    }
}

#[inline(always)]
fn add_row(out: &mut [i32], factor: i32, row: &[i16]) {
    for (sum, &entry) in out.iter_mut().zip(row) {
        *sum = sum.wrapping_add(factor.wrapping_mul(i32::from(entry)));
    }
}

/// Grid sums as samples of a block of size number `size`.
pub fn samples_from_sums(sums: &[i32], size: usize, out: &mut [i16]) {
    let cell = |sum: i32| {
        (sum.wrapping_add(1 << (ENTRY_BITS - 1)) >> ENTRY_BITS).clamp(-INTERNAL_MAX, INTERNAL_MAX)
    };
    if SIDES[size] == GRID_SIDES[size] {
        for (sample, &sum) in out.iter_mut().zip(sums) {
            *sample = cell(sum) as i16;
        }
        return;
    }
    let (side, grid) = (SIDES[size], GRID_SIDES[size]);
    let cells: Vec<i32> = sums.iter().map(|&s| cell(s)).collect();
    for y in 0..side {
        // Cell centres lie between samples: three quarters of the nearer, one of the further.
        let (near_y, far_y) = neighbours(y, grid);
        for x in 0..side {
            let (near_x, far_x) = neighbours(x, grid);
            let at = |y: usize, x: usize| cells[y * grid + x];
            let sum = 9 * at(near_y, near_x)
                + 3 * (at(near_y, far_x) + at(far_y, near_x))
                + at(far_y, far_x);
            out[y * side + x] = ((sum + 8) >> 4) as i16;
        }
    }
}

/// The nearer and the further cell of sample `i`; the same one at the edges.
fn neighbours(i: usize, grid: usize) -> (usize, usize) {
    let near = i / 2;
    let far = if i.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(grid - 1) };
    (near, far)
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

//! The border of a block: what a decoder already knows beside it, reduced to a few inputs of the piece's predictor.
//!
//! In: a plane of internal samples (`i16`, 1/16 of an 8-bit step) decoded so far and a block's place and size (8 or 16).
//! Out: the border's mean and [`BORDER_INPUTS`] differences from it. Bit-exact: integers only.
//!
//! Layout: 8 inputs from the row above, 4 from its continuation to the right, the corner, 8 from the column to the left;
//! each the rounded mean of the samples it stands for.

use tintype_image::Plane;

/// Inputs taken from a block's border.
pub const BORDER_INPUTS: usize = 21;

/// The border of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Border {
    /// Rounded mean of the 16 inputs above and to the left.
    pub mean: i32,
    /// Inputs less the mean.
    pub inputs: [i32; BORDER_INPUTS],
}

/// Whether the samples above and to the right of the block at (`x`, `y`) are decoded before it, where blocks of 16 go row
/// by row and each holds four blocks of 8 in Z order. `width` is the plane's padded width.
pub fn has_above_right(x: usize, y: usize, n: usize, width: usize) -> bool {
    if y == 0 || x + n >= width {
        return false;
    }
    match (n, (x / 8) % 2, (y / 8) % 2) {
        (8, 1, 1) => false,
        (8, _, 1) => true,
        _ => true,
    }
}

/// Gathers the border of the `n` × `n` block at (`x`, `y`); `plane` is padded to whole blocks of 16. Where nothing is decoded
/// beside the block, the nearest decoded border sample stands in, and `middle` at the very first block.
pub fn border(plane: &Plane<i16>, x: usize, y: usize, n: usize, middle: i32) -> Border {
    let mut above = [middle; 32];
    let mut left = [middle; 16];
    let mut corner = middle;
    if y > 0 {
        let row = plane.row(y - 1);
        for i in 0..n {
            above[i] = i32::from(row[x + i]);
        }
        let available = has_above_right(x, y, n, plane.width());
        for i in n..n + n {
            above[i] = if available { i32::from(row[x + i]) } else { above[n - 1] };
        }
    }
    if x > 0 {
        for (i, value) in left.iter_mut().enumerate().take(n) {
            *value = i32::from(plane.row(y + i)[x - 1]);
        }
    }
    match (x > 0, y > 0) {
        (true, true) => corner = i32::from(plane.row(y - 1)[x - 1]),
        (true, false) => {
            above = [left[0]; 32];
            corner = left[0];
        }
        (false, true) => {
            left = [above[0]; 16];
            corner = above[0];
        }
        (false, false) => {}
    }
    reduce(&above, &left, corner, n)
}

/// Averages neighbouring samples so that both sizes give the same inputs.
fn reduce(above: &[i32; 32], left: &[i32; 16], corner: i32, n: usize) -> Border {
    let step = n / 8;
    let average = |samples: &[i32]| {
        let len = samples.len() as i32;
        (samples.iter().sum::<i32>() + len / 2).div_euclid(len)
    };
    let mut inputs = [0; BORDER_INPUTS];
    for i in 0..8 {
        inputs[i] = average(&above[i * step..][..step]);
        inputs[13 + i] = average(&left[i * step..][..step]);
    }
    for i in 0..4 {
        inputs[8 + i] = average(&above[n + i * 2 * step..][..2 * step]);
    }
    inputs[12] = corner;
    let sum: i32 = inputs[..8].iter().chain(&inputs[13..]).sum();
    let mean = (sum + 8).div_euclid(16);
    for value in &mut inputs {
        *value -= mean;
    }
    Border { mean, inputs }
}

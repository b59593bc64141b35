//! The border of a block: the decoded samples beside it, reduced to a few inputs of a linear
//! predictor.
//!
//! In: a plane of internal samples decoded so far, a block's place and side (a multiple of 8).
//! Out: the border's mean and [`BORDER_INPUTS`] differences from it. Bit-exact: integers.
//!
//! Layout of the inputs: 8 means from the row above, 4 from its continuation to the right, the
//! corner, 8 means from the column to the left.

use tintype_image::Plane;

/// Inputs taken from a block's border.
pub const BORDER_INPUTS: usize = 21;

/// Largest side of a block.
const SIDE_MAX: usize = 32;

/// The border of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Border {
    /// Rounded mean of the 16 inputs above and to the left.
    pub mean: i32,
    /// Inputs less the mean.
    pub inputs: [i32; BORDER_INPUTS],
}

impl Border {
    /// The border of the block of `side` (8, 16 or 32) samples at (`x`, `y`).
    ///
    /// `right` is how many samples of the row above are decoded beyond the block's right edge,
    /// at most `side`; the last one known is repeated after them. On the tile's left and upper
    /// edge the nearest decoded border sample stands in for what is missing. The first block
    /// has no decoded neighbour: all its inputs are `middle`.
    pub fn of_block(
        samples: &Plane<i16>,
        (x, y): (usize, usize),
        side: usize,
        right: usize,
        middle: i32,
    ) -> Self {
        let mut above = [middle; 2 * SIDE_MAX];
        let mut left = [middle; SIDE_MAX];
        let mut corner = middle;
        if y > 0 {
            let row = &samples.row(y - 1)[x..][..side + right];
            for (value, &sample) in above.iter_mut().zip(row) {
                *value = i32::from(sample);
            }
            let last = above[side + right - 1];
            above[side + right..2 * side].fill(last);
        }
        if x > 0 {
            for (i, value) in left.iter_mut().enumerate().take(side) {
                *value = i32::from(samples.row(y + i)[x - 1]);
            }
        }
        match (x > 0, y > 0) {
            (true, true) => corner = i32::from(samples.row(y - 1)[x - 1]),
            (true, false) => {
                above = [left[0]; 2 * SIDE_MAX];
                corner = left[0];
            }
            (false, true) => {
                left = [above[0]; SIDE_MAX];
                corner = above[0];
            }
            (false, false) => {}
        }
        Self::reduced(&above, &left, corner, side)
    }

    /// Means of neighbouring samples, so that every block size has the same inputs.
    fn reduced(above: &[i32; 2 * SIDE_MAX], left: &[i32; SIDE_MAX], corner: i32, side: usize) -> Self {
        let step = side / 8;
        let mut inputs = [0; BORDER_INPUTS];
        for i in 0..8 {
            inputs[i] = rounded_mean(&above[i * step..][..step]);
            inputs[13 + i] = rounded_mean(&left[i * step..][..step]);
        }
        for i in 0..4 {
            inputs[8 + i] = rounded_mean(&above[side + i * 2 * step..][..2 * step]);
        }
        inputs[12] = corner;

        let sum: i32 = inputs[..8].iter().chain(&inputs[13..]).sum();
        let mean = (sum + 8).div_euclid(16);
        for value in &mut inputs {
            *value -= mean;
        }
        Self { mean, inputs }
    }
}

/// The mean, halves rounded up.
fn rounded_mean(samples: &[i32]) -> i32 {
    let len = samples.len() as i32;
    (samples.iter().sum::<i32>() + len / 2).div_euclid(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 32 × 32 samples, each 100 · row + column.
    fn plane() -> Plane<i16> {
        let samples = (0..32 * 32).map(|i| (100 * (i / 32) + i % 32) as i16).collect();
        Plane::from_vec(32, 32, samples).unwrap()
    }

    #[test]
    fn inputs_are_the_decoded_samples_less_their_mean() {
        let border = Border::of_block(&plane(), (8, 8), 8, 8, 0);
        let value = |i: usize| border.inputs[i] + border.mean;
        assert_eq!([value(0), value(7)], [708, 715]);
        // Two samples for each input above right: (716 + 717 + 1) / 2.
        assert_eq!([value(8), value(11)], [717, 723]);
        assert_eq!([value(12), value(13), value(20)], [707, 807, 1507]);
        let sum: i32 = (708..716).sum::<i32>() + (0..8).map(|i| 807 + 100 * i).sum::<i32>();
        assert_eq!(border.mean, (sum + 8) / 16);
    }

    #[test]
    fn what_is_not_decoded_is_the_nearest_sample() {
        let repeated = Border::of_block(&plane(), (8, 8), 8, 0, 0);
        assert!(repeated.inputs[8..12].iter().all(|&v| v + repeated.mean == 715));
        let first = Border::of_block(&plane(), (0, 0), 16, 0, 2040);
        assert_eq!(first, Border { mean: 2040, inputs: [0; BORDER_INPUTS] });
        let top = Border::of_block(&plane(), (16, 0), 16, 0, 2040);
        assert!(top.inputs[..13].iter().all(|&v| v + top.mean == 15));
        let side = Border::of_block(&plane(), (0, 16), 16, 16, 2040);
        assert!(side.inputs[12..].iter().all(|&v| v + side.mean == 1500));
    }
}

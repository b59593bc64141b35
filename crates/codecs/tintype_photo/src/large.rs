//! The fixed pieces of blocks of 32 × 32: they are smooth, and a few predictors do. Bit-exact:
//! integers.

use super::dct::{KEPT, SIDE, waves};
use super::piece_set::{Piece, PieceSet};
use super::weights::{GAINS, weight};
use tintype_block::{BORDER_INPUTS, ENTRY_BITS, Predictor};

/// What one unit of a border input adds to each sample.
const ONE: i32 = 1 << ENTRY_BITS;

/// The pieces of luma or of chroma: the border's mean, a plane through the border's ends
/// ("planar"), rows from the left, columns from above, and the sum of both less the corner.
pub fn pieces(chroma: bool) -> PieceSet {
    let weights = dct_weights(GAINS[usize::from(chroma)]);
    let kinds: [fn(usize, usize, usize) -> i32; 5] = [|_, _, _| 0, planar, rows, columns, tilted];
    let piece = |kind: fn(usize, usize, usize) -> i32| {
        let entry = |i: usize| kind(i / (SIDE * SIDE), i % SIDE, i / SIDE % SIDE) as i16;
        let rows: Vec<i16> = (0..BORDER_INPUTS * SIDE * SIDE).map(entry).collect();
        let predictor = Predictor::from_rows(&rows, SIDE * SIDE);
        Piece::fixed(predictor, weights.clone())
    };
    PieceSet { n: SIDE, kept: KEPT, pieces: kinds.map(piece).into() }
}

/// The share of the `index`th of eight inputs at sample `at` of a side: linear between the
/// inputs' middles.
fn share(index: usize, at: usize) -> i32 {
    let place = (2 * at as i32 + 1).clamp(4, 60);
    let middle = 8 * index as i32 + 4;
    (8 - (place - middle).abs()).max(0) * ONE / 8
}

/// The row above at column `x`.
fn columns(input: usize, x: usize, _: usize) -> i32 {
    if input < 8 { share(input, x) } else { 0 }
}

/// The column to the left at row `y`.
fn rows(input: usize, _: usize, y: usize) -> i32 {
    if input >= 13 { share(input - 13, y) } else { 0 }
}

/// The mean of a row from the left to the last input above and a column from above to the last
/// input on the left.
fn planar(input: usize, x: usize, y: usize) -> i32 {
    let (across, down) = (2 * x as i32 + 1, 2 * y as i32 + 1);
    let side = 2 * SIDE as i32;
    let mut sum = (side - across) * rows(input, x, y) + (side - down) * columns(input, x, y);
    sum += if input == 7 { across * ONE } else { 0 };
    sum += if input == 20 { down * ONE } else { 0 };
    sum / (2 * side)
}

/// Left and above together, less the corner.
fn tilted(input: usize, x: usize, y: usize) -> i32 {
    let corner = if input == 12 { ONE } else { 0 };
    rows(input, x, y) + columns(input, x, y) - corner
}

/// Weights of the DCT's coefficients in coding order.
fn dct_weights(gain: i32) -> Vec<u8> {
    let ratio = |wave: &[i32; SIDE]| {
        let square = |v: i32| (i64::from(v) * i64::from(v)) as u64;
        let slopes: u64 = wave.windows(2).map(|pair| square(pair[1] - pair[0])).sum();
        let energy: u64 = wave.iter().map(|&v| square(v)).sum();
        (slopes << 16) / energy
    };
    let ratios = waves().each_ref().map(ratio);
    let of_place =
        |&(u, v): &(u8, u8)| weight(ratios[usize::from(u)] + ratios[usize::from(v)], 1 << 16, gain);
    super::dct::scan().iter().map(of_place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::Level;
    use tintype_block::Border;

    /// What the pieces make of a border whose samples are `base + 32 · column` above, and
    /// `base + 16 · row` on the left.
    fn predictions() -> Vec<Vec<i32>> {
        let mut inputs = [0; BORDER_INPUTS];
        for i in 0..8 {
            inputs[i] = 32 * (4 * i as i32) + 48;
            inputs[13 + i] = 16 * (4 * i as i32) + 24;
        }
        let last = inputs[7];
        inputs[8..12].fill(last);
        let mean = inputs[..8].iter().chain(&inputs[13..]).sum::<i32>() / 16;
        let border = Border { mean, inputs: inputs.map(|v| v - mean) };
        let samples = |piece: &Piece| {
            let mut sums = [0; SIDE * SIDE];
            piece.predictor().predict(Level::new(), &border, &mut sums);
            sums.map(|sum| sum >> ENTRY_BITS).to_vec()
        };
        pieces(false).pieces.iter().map(samples).collect()
    }

    #[test]
    fn predictors_continue_the_border() {
        let [mean, planar, rows, columns, tilted] = <[_; 5]>::try_from(predictions()).unwrap();
        let at = |block: &[i32], x: usize, y: usize| block[y * SIDE + x];
        assert!(mean.iter().all(|&v| v == mean[0]));
        assert_eq!(at(&columns, 10, 0), at(&columns, 10, 31));
        assert!((at(&columns, 10, 0) - 320).abs() <= 1, "{}", at(&columns, 10, 0));
        assert!((at(&rows, 3, 10) - 160).abs() <= 1, "{}", at(&rows, 3, 10));
        assert!((at(&tilted, 10, 10) - 480).abs() <= 2, "{}", at(&tilted, 10, 10));
        let (low, high) = (at(&planar, 0, 0), at(&planar, 31, 31));
        assert!(low < high && high < at(&tilted, 31, 31));
    }

    #[test]
    fn finer_waves_weigh_more() {
        let weights = dct_weights(8);
        assert_eq!(weights[0], super::super::weights::UNIT as u8);
        assert!(weights[255] > weights[100] && weights[100] > weights[3]);
    }
}

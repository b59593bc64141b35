//! The fixed pieces of blocks of 32 × 32: they are smooth, and a few predictors do. Bit-exact:
//! integers.

use super::dct::{KEPT, SIDE, waves};
use super::model::{Piece, PieceSet};
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
        Piece { predictor, basis: Vec::new(), weights: weights.clone() }
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

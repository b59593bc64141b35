//! How coarsely each basis row is quantised under `--tune visual`: the eye sees fine waves less.
//! Bit-exact: integers.

/// A weight of 1.
pub const UNIT: i32 = 32;

/// Gain of the frequency of luma's rows and of chroma's. On seven crops of photos/valid,
/// SSIMULACRA2 of 50 to 90: luma 2 and 6 need 0.7 % more bytes than 4; chroma 6 0.6 % more than 12,
/// 20 0.2 % (docs/lab/photo.md).
pub const GAINS: [i32; 2] = [4, 12];

/// Weights of basis rows with `side × side` entries, of [`UNIT`] a row that is flat: the
/// quantiser step of a row is the block's step times its weight. A row's frequency is that of
/// its mean squared slope.
pub fn row_weights(basis: &[i16], side: usize, gain: i32) -> Vec<u8> {
    basis.chunks_exact(side * side).map(|row| row_weight(row, side, gain)).collect()
}

fn row_weight(row: &[i16], side: usize, gain: i32) -> u8 {
    let square = |a: i16, b: i16| {
        let d = i64::from(a) - i64::from(b);
        (d * d) as u64
    };
    let mut slopes = 0u64;
    for y in 0..side {
        for x in 1..side {
            slopes += square(row[y * side + x], row[y * side + x - 1]);
            slopes += square(row[x * side + y], row[(x - 1) * side + y]);
        }
    }
    let energy: u64 = row.iter().map(|&v| square(v, 0)).sum();
    weight(slopes, energy, gain)
}

/// The weight of a wave whose mean squared slope is `slopes / energy` a sample, 0 to 8.
pub fn weight(slopes: u64, energy: u64, gain: i32) -> u8 {
    let frequency = ((slopes << 16) / energy.max(1)).isqrt() as i32;
    (UNIT + ((gain * frequency) >> 8)).clamp(8, 255) as u8
}

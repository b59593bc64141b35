//! The transform of blocks of 32: the lowest 16 × 16 coefficients of the separable DCT.
//!
//! In: levels' amplitudes in the order of [`scan`]. Out: sums with [`ENTRY_BITS`] fractional
//! bits. The way back is bit-exact: integers, right shifts that round halves up; additions wrap,
//! so that hostile amplitudes give some picture and no panic. The way there is float.
//!
//! Source: Ahmed, Natarajan and Rao, "Discrete cosine transform", 1974.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x16};
use std::f64::consts::PI;
use std::sync::OnceLock;
use tintype_block::ENTRY_BITS;

/// Side of the block.
pub const SIDE: usize = 32;
/// Waves kept along each side.
pub const WAVES: usize = 16;
/// Coefficients of a block.
pub const KEPT: usize = WAVES * WAVES;

/// Fractional bits between the passes.
const BETWEEN: u32 = 4;

/// One wave a row, orthonormal, 12 fractional bits: rounded from cosines, whose doubles agree on
/// every machine to far less than half a unit.
pub fn waves() -> &'static [[i32; SIDE]; WAVES] {
    static WAVES_Q12: OnceLock<[[i32; SIDE]; WAVES]> = OnceLock::new();
    WAVES_Q12.get_or_init(|| {
        let scale = f64::from(1 << ENTRY_BITS);
        std::array::from_fn(|k| {
            let norm = (if k == 0 { 1.0 } else { 2.0 } / SIDE as f64).sqrt();
            std::array::from_fn(|x| {
                let angle = PI * k as f64 * (x as f64 + 0.5) / SIDE as f64;
                (scale * norm * angle.cos()).round() as i32
            })
        })
    })
}

/// Where each coefficient in coding order stands: (wave along x, wave along y), by rising sum,
/// then rising wave along y.
pub fn scan() -> &'static [(u8, u8); KEPT] {
    static SCAN: OnceLock<[(u8, u8); KEPT]> = OnceLock::new();
    SCAN.get_or_init(|| {
        let mut order = [(0u8, 0u8); KEPT];
        for (i, place) in order.iter_mut().enumerate() {
            *place = ((i % WAVES) as u8, (i / WAVES) as u8);
        }
        order.sort_by_key(|&(u, v)| (u + v, v));
        order
    })
}

/// Adds to `sums` (32 × 32) the block whose amplitude at each place of the scan `amplitude` gives
/// for the first `end` places.
#[inline(always)]
pub fn add_inverse(sums: &mut [i32], end: usize, amplitude: impl Fn(usize) -> i32) {
    let (waves, scan) = (waves(), scan());
    let mut rows = [[0i32; SIDE]; WAVES];
    let mut used = [false; WAVES];
    for (position, &(u, v)) in scan.iter().enumerate().take(end) {
        let value = amplitude(position);
        if value != 0 {
            used[usize::from(v)] = true;
            for (sum, &wave) in rows[usize::from(v)].iter_mut().zip(&waves[usize::from(u)]) {
                *sum = sum.wrapping_add(value.wrapping_mul(wave));
            }
        }
    }
    for v in (0..WAVES).filter(|&v| used[v]) {
        let shift = ENTRY_BITS - BETWEEN;
        let row = rows[v].map(|sum| sum.wrapping_add(1 << (shift - 1)) >> shift);
        for (line, &wave) in sums.chunks_exact_mut(SIDE).zip(&waves[v]) {
            for (sum, value) in line.iter_mut().zip(row) {
                let product = value.wrapping_mul(wave);
                *sum = sum.wrapping_add(product.wrapping_add(1 << (BETWEEN - 1)) >> BETWEEN);
            }
        }
    }
}

/// The waves as columns: `[x][k]`, orthonormal.
fn columns() -> &'static [[f32; WAVES]; SIDE] {
    static COLUMNS: OnceLock<[[f32; WAVES]; SIDE]> = OnceLock::new();
    COLUMNS.get_or_init(|| {
        let scale = 1.0 / (1 << ENTRY_BITS) as f32;
        std::array::from_fn(|x| waves().each_ref().map(|wave| wave[x] as f32 * scale))
    })
}

/// The coefficients of `block` (32 × 32) in coding order.
#[inline(always)]
pub fn forward<S: Simd>(simd: S, block: &[i16], out: &mut Vec<f32>) {
    let waves = columns();
    let lines = block.as_chunks::<SIDE>().0;
    let mut sums = [[0f32; SIDE]; WAVES];
    for (y, line) in lines[..SIDE / 2].iter().enumerate() {
        // Even waves are symmetric, odd ones antisymmetric.
        let mirror = &lines[SIDE - 1 - y];
        let mut folded = [[0f32; SIDE]; 2];
        for x in 0..SIDE {
            let (a, b) = (f32::from(line[x]), f32::from(mirror[x]));
            (folded[0][x], folded[1][x]) = (a + b, a - b);
        }
        for v in 0..WAVES {
            let wave = waves[y][v];
            for x in 0..SIDE {
                sums[v][x] += wave * folded[v % 2][x];
            }
        }
    }
    let mut grid = [[0f32; WAVES]; WAVES];
    for (row, sums) in grid.iter_mut().zip(&sums) {
        let mut values = f32x16::splat(simd, 0.0);
        for (sum, waves) in sums.iter().zip(waves) {
            values += f32x16::from_slice(simd, waves) * *sum;
        }
        values.store_slice(row);
    }
    out.extend(scan().iter().map(|&(u, v)| grid[usize::from(v)][usize::from(u)]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::dispatch;

    #[test]
    fn low_waves_come_back() {
        let wave = |u: usize, v: usize, x: usize, y: usize| {
            let of = |k: usize, at: usize| (PI * k as f64 * (at as f64 + 0.5) / SIDE as f64).cos();
            of(u, x) * of(v, y)
        };
        let value = |i: usize| {
            let (x, y) = (i % SIDE, i / SIDE);
            (900.0 + 700.0 * wave(1, 0, x, y) - 300.0 * wave(15, 15, x, y)) as i16
        };
        let block: Vec<i16> = (0..SIDE * SIDE).map(value).collect();
        let mut coefficients = Vec::new();
        let level = fearless_simd::Level::new();
        dispatch!(level, simd => forward(simd, &block, &mut coefficients));
        // The first is the mean times the side.
        assert!((coefficients[0] - 900.0 * 32.0).abs() < 40.0, "{}", coefficients[0]);

        let mut sums = [0i32; SIDE * SIDE];
        add_inverse(&mut sums, KEPT, |at| coefficients[at].round() as i32);
        for (sum, &sample) in sums.iter().zip(&block) {
            assert!((sum - (i32::from(sample) << ENTRY_BITS)).abs() < 4 << ENTRY_BITS);
        }
    }

    #[test]
    fn the_scan_rises_and_has_every_place() {
        let mut places = scan().to_vec();
        assert!(places.is_sorted_by_key(|(u, v)| u + v));
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), KEPT);
    }
}

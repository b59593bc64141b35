//! The transform: a separable DCT of 4, 8, 16 or 32, and steps.
//!
//! In and out of the way back: amplitudes with [`AMPLITUDE_BITS`] fractional bits, row by row, and
//! differences of samples. It is bit-exact: integers that wrap, right shifts that round halves up. The
//! way there is float.
//!
//! Source: Ahmed, Natarajan and Rao, "Discrete cosine transform", 1974.

use fearless_simd::{Level, Simd, dispatch};
use std::f64::consts::PI;
use std::sync::OnceLock;

/// Fractional bits of amplitudes.
pub const AMPLITUDE_BITS: u32 = 2;
/// Largest side.
pub const SIDE_MAX: usize = 32;
/// Largest area.
pub const AREA_MAX: usize = SIDE_MAX * SIDE_MAX;
/// Fractional bits of the waves.
const WAVE_BITS: u32 = 11;
/// Fractional bits between the passes.
const BETWEEN: u32 = 4;
/// Amplitudes stay within this.
const AMPLITUDE_MAX: i64 = 1 << 20;
/// The largest step index.
pub const STEP_MAX: u8 = 95;

/// The step of index `index` for samples of `depth` bits, 6 fractional bits: half a sample of 8 bits
/// at index 0, twice that every 8. Products of two constants, so that every machine agrees.
pub fn step_q6(index: u8, depth: u8) -> i32 {
    /// `2^(k / 8)`, 12 fractional bits.
    const ROOTS: [u64; 8] = [4096, 4467, 4871, 5312, 5793, 6317, 6889, 7512];
    let index = index.min(STEP_MAX);
    let step = (ROOTS[usize::from(index & 7)] * 32) << (index >> 3) << (depth - 8);
    ((step + 2048) >> 12) as i32
}

/// The amplitude of a level.
#[inline(always)]
pub fn amplitude(level: i16, step: i32) -> i32 {
    let value = i64::from(level) * i64::from(step);
    ((value + 8) >> 4).clamp(-AMPLITUDE_MAX, AMPLITUDE_MAX) as i32
}

/// The waves of a side, integer and float, and the order in which coefficients are coded.
#[derive(Debug)]
pub struct Waves {
    /// Wave after wave, 11 fractional bits.
    integer: Vec<i32>,
    /// Wave after wave.
    float: Vec<f32>,
    /// Sample after sample.
    across: Vec<f32>,
    /// Places in rows of `side`, by rising sum of both waves, then rising wave along y.
    pub scan: Vec<u16>,
}

impl Waves {
    fn new(side: usize) -> Self {
        let wave = |k: usize, x: usize| {
            let norm = (if k == 0 { 1.0 } else { 2.0 } / side as f64).sqrt();
            norm * (PI * k as f64 * (x as f64 + 0.5) / side as f64).cos()
        };
        let places = || (0..side).flat_map(|a| (0..side).map(move |b| (a, b)));
        let mut scan: Vec<u16> = (0..(side * side) as u16).collect();
        scan.sort_by_key(|&place| {
            let (v, u) = (place as usize / side, place as usize % side);
            (u + v, v)
        });
        Self {
            integer: places()
                .map(|(k, x)| (wave(k, x) * f64::from(1 << WAVE_BITS)).round() as i32)
                .collect(),
            float: places().map(|(k, x)| wave(k, x) as f32).collect(),
            across: places().map(|(x, k)| wave(k, x) as f32).collect(),
            scan,
        }
    }
}

/// The waves of side `2^side_log2`, 2 to 5.
#[inline]
pub fn waves(side_log2: usize) -> &'static Waves {
    static WAVES: OnceLock<[Waves; 4]> = OnceLock::new();
    &WAVES.get_or_init(|| [4, 8, 16, 32].map(Waves::new))[side_log2 - 2]
}

/// The differences that `amplitudes` stand for; only the first `used` columns and rows are not 0.
pub fn inverse(
    level: Level,
    side_log2: usize,
    amplitudes: &[i32],
    used: (usize, usize),
    out: &mut [i32],
) {
    dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
        let waves = waves(side_log2);
        match side_log2 {
            2 => inverse_of::<4>(waves, amplitudes, used, out),
            3 => inverse_of::<8>(waves, amplitudes, used, out),
            4 => inverse_of::<16>(waves, amplitudes, used, out),
            _ => inverse_of::<32>(waves, amplitudes, used, out),
        }
    }));
}

#[inline(always)]
fn inverse_of<const N: usize>(waves: &Waves, amplitudes: &[i32], used: (usize, usize), out: &mut [i32]) {
    const FIRST: u32 = AMPLITUDE_BITS + WAVE_BITS - BETWEEN;
    const SECOND: u32 = BETWEEN + WAVE_BITS;
    let waves = waves.integer.as_chunks::<N>().0;
    let mut rows = [[0i32; N]; N];
    for (row, from) in rows.iter_mut().zip(amplitudes.as_chunks::<N>().0).take(used.1) {
        let mut sums = [1 << (FIRST - 1); N];
        for (&value, wave) in from.iter().zip(waves).take(used.0) {
            for x in 0..N {
                sums[x] = value.wrapping_mul(wave[x]).wrapping_add(sums[x]);
            }
        }
        *row = sums.map(|sum| sum >> FIRST);
    }
    for (y, to) in out.as_chunks_mut::<N>().0.iter_mut().enumerate().take(N) {
        let mut sums = [1 << (SECOND - 1); N];
        for (row, wave) in rows.iter().zip(waves).take(used.1) {
            for x in 0..N {
                sums[x] = row[x].wrapping_mul(wave[y]).wrapping_add(sums[x]);
            }
        }
        *to = sums.map(|sum| sum >> SECOND);
    }
}

/// The coefficients of `differences`.
pub fn forward(level: Level, side_log2: usize, differences: &[i16], out: &mut [f32]) {
    dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
        let waves = waves(side_log2);
        match side_log2 {
            2 => forward_of::<4>(waves, differences, out),
            3 => forward_of::<8>(waves, differences, out),
            4 => forward_of::<16>(waves, differences, out),
            _ => forward_of::<32>(waves, differences, out),
        }
    }));
}

#[inline(always)]
fn forward_of<const N: usize>(waves: &Waves, differences: &[i16], out: &mut [f32]) {
    let across = waves.across.as_chunks::<N>().0;
    let along = waves.float.as_chunks::<N>().0;
    let mut rows = [[0f32; N]; N];
    for (row, from) in rows.iter_mut().zip(differences.as_chunks::<N>().0) {
        let mut sums = [0f32; N];
        for (&value, wave) in from.iter().zip(across) {
            let value = f32::from(value);
            for u in 0..N {
                sums[u] += value * wave[u];
            }
        }
        *row = sums;
    }
    for (to, wave) in out.as_chunks_mut::<N>().0.iter_mut().zip(along) {
        let mut sums = [0f32; N];
        for y in 0..N {
            for u in 0..N {
                sums[u] += rows[y][u] * wave[y];
            }
        }
        *to = sums;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_on_every_level() {
        let mut random = fastrand::Rng::with_seed(7);
        for side_log2 in 2..=5 {
            let area = 1 << (2 * side_log2);
            let differences: Vec<i16> = (0..area).map(|_| random.i16(-255..256)).collect();
            let mut results = Vec::new();
            for level in [Level::new(), Level::fallback()] {
                let mut coefficients = vec![0f32; area];
                forward(level, side_log2, &differences, &mut coefficients);
                let amplitudes: Vec<i32> =
                    coefficients.iter().map(|v| (v * 4.0).round() as i32).collect();
                let mut back = vec![0; area];
                let side = 1 << side_log2;
                inverse(level, side_log2, &amplitudes, (side, side), &mut back);
                let worst = back.iter().zip(&differences).map(|(&a, &b)| a.abs_diff(b.into())).max();
                assert!(worst <= Some(1), "{side_log2}: {worst:?}");
                results.push(back);
            }
            assert_eq!(results[0], results[1]);
        }
    }

    #[test]
    fn hostile_amplitudes_wrap() {
        let amplitudes = vec![amplitude(i16::MIN, step_q6(STEP_MAX, 12)); AREA_MAX];
        let mut out = vec![0; AREA_MAX];
        inverse(Level::new(), 5, &amplitudes, (32, 32), &mut out);
    }

    #[test]
    fn steps_double_every_eight() {
        assert_eq!([0, 8, 16, 3].map(|index| step_q6(index, 8)), [32, 64, 128, 42]);
        assert_eq!(step_q6(8, 10), 256);
    }
}

//! The transforms against a slow twin in `f64`/`i64`, at every SIMD level, on odd sizes.

use super::*;
use fearless_simd::Level;
use std::collections::BTreeMap;

/// Sizes that reach every border case.
const SIZES: [(usize, usize); 12] = [
    (1, 1),
    (1, 7),
    (7, 1),
    (2, 2),
    (3, 2),
    (2, 3),
    (5, 5),
    (16, 16),
    (17, 9),
    (33, 64),
    (64, 31),
    (97, 3),
];

/// Every SIMD level this machine has, the scalar one first.
fn levels() -> Vec<Level> {
    let best = Level::new();
    let mut all = vec![Level::fallback(), best];
    #[cfg(target_arch = "x86_64")]
    {
        all.extend(best.as_sse2().map(Level::Sse2));
        all.extend(best.as_sse4_2().map(Level::Sse4_2));
        all.extend(best.as_avx2().map(Level::Avx2));
    }
    all
}

/// Deterministic samples in `-range..range`.
fn noise(count: usize, seed: u32, range: i32) -> Vec<i32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as i32 % range
    };
    (0..count).map(|_| next()).collect()
}

/// Index `i` mirrored into `0..n` about the end samples.
fn mirror(i: isize, n: usize) -> usize {
    let n = n as isize;
    let i = if i < 0 { -i } else { i };
    (if i >= n { 2 * (n - 1) - i } else { i }) as usize
}

/// One line forwards by the textbook definition, all in place.
fn slow_line(line: &mut [f64], steps: &[&dyn Fn(f64) -> f64]) {
    let n = line.len();
    if n < 2 {
        return;
    }
    for (s, step) in steps.iter().enumerate() {
        for i in (1 - s % 2..n).step_by(2) {
            line[i] += step(line[mirror(i as isize - 1, n)] + line[mirror(i as isize + 1, n)]);
        }
    }
}

/// Low samples first, then high ones.
fn parted(line: &[f64]) -> Vec<f64> {
    line.iter().step_by(2).chain(line.iter().skip(1).step_by(2)).copied().collect()
}

/// The slow twin: columns, then rows, of each level's low band; returns the classic nested
/// picture.
fn slow_plane(
    plane: &[i32],
    (w, h): (usize, usize),
    levels: u8,
    steps: &[&dyn Fn(f64) -> f64],
    scale: [f64; 2],
) -> Vec<f64> {
    let mut out: Vec<f64> = plane.iter().map(|&x| f64::from(x)).collect();
    let (mut lw, mut lh) = (w, h);
    for _ in 0..levels {
        let single = if scale[0] == 1.0 { 1.0 } else { 1.230_174_104_914 };
        for x in 0..lw {
            let mut column: Vec<f64> = (0..lh).map(|y| out[y * w + x]).collect();
            slow_line(&mut column, steps);
            for (y, v) in parted(&column).into_iter().enumerate() {
                out[y * w + x] = v * scale[usize::from(y >= lh.div_ceil(2))];
            }
        }
        for y in 0..lh {
            slow_line(&mut out[y * w..][..lw], steps);
            let row = parted(&out[y * w..][..lw]);
            for (x, v) in row.into_iter().enumerate() {
                out[y * w + x] = v * scale[usize::from(x >= lw.div_ceil(2))];
            }
        }
        let gain = [lw, lh].iter().filter(|&&n| n == 1).fold(1.0, |g, _| g * single);
        (lw, lh) = (lw.div_ceil(2), lh.div_ceil(2));
        for y in 0..lh {
            out[y * w..][..lw].iter_mut().for_each(|v| *v *= gain);
        }
    }
    out
}

fn slow_5_3(plane: &[i32], size: (usize, usize), levels: u8) -> Vec<f64> {
    slow_plane(
        plane,
        size,
        levels,
        &[&|s| -(s / 2.0).floor(), &|s| ((s + 2.0) / 4.0).floor()],
        [1.0, 1.0],
    )
}

fn slow_9_7(plane: &[i32], size: (usize, usize), levels: u8) -> Vec<f64> {
    const K: f64 = 1.230_174_104_914;
    let r = std::f64::consts::SQRT_2 / K;
    slow_plane(
        plane,
        size,
        levels,
        &[
            &|s| -1.586_134_342_059_924 * s,
            &|s| -0.052_980_118_572_961 * s,
            &|s| 0.882_911_075_530_934 * s,
            &|s| 0.443_506_852_043_971 * s,
        ],
        [r, 1.0 / r],
    )
}

/// Bands collected by row.
type Rows<T> = BTreeMap<(Band, usize), Vec<T>>;

fn bands<F: Filter>(
    level: Level,
    plane: &[F::Sample],
    size: (usize, usize),
    levels: u8,
) -> Rows<F::Sample> {
    let mut rows = Rows::new();
    analyse::<F>(level, &mut plane.to_vec(), size, levels, &mut |band, y, row| {
        assert_eq!(row.len(), band.size(size.0, size.1).0, "{band:?}");
        assert!(rows.insert((band, y), row.to_vec()).is_none());
    });
    rows
}

/// Where row `y` of `band` starts in the nested picture.
fn offset(band: Band, y: usize, (w, h): (usize, usize)) -> usize {
    let low = Band { level: band.level, orientation: Orientation::LowLow }.size(w, h);
    let (dx, dy) = match band.orientation {
        Orientation::LowLow => (0, 0),
        Orientation::HighLow => (low.0, 0),
        Orientation::LowHigh => (0, low.1),
        Orientation::HighHigh => low,
    };
    (y + dy) * w + dx
}

#[test]
fn integer_5_3_equals_the_slow_twin_and_comes_back() {
    for (seed, &size) in SIZES.iter().enumerate() {
        let plane = noise(size.0 * size.1, seed as u32, 1000);
        for count in 0..5 {
            let twin = slow_5_3(&plane, size, count);
            for level in levels() {
                let rows = bands::<Filter53>(level, &plane, size, count);
                assert_eq!(rows.values().map(Vec::len).sum::<usize>(), plane.len());
                for ((band, y), row) in &rows {
                    let expected = &twin[offset(*band, *y, size)..][..row.len()];
                    assert!(
                        row.iter().zip(expected).all(|(a, b)| f64::from(*a) == *b),
                        "{size:?} {band:?} {y}"
                    );
                }
                let fill =
                    |band: Band, y: usize, out: &mut [i32]| out.copy_from_slice(&rows[&(band, y)]);
                assert_eq!(
                    synthesise::<Filter53>(level, size, count, 0, &mut { fill }),
                    plane,
                    "{size:?} {count}"
                );
            }
        }
    }
}

#[test]
fn float_9_7_is_near_the_slow_twin_and_alike_at_every_level() {
    for (seed, &size) in SIZES.iter().enumerate() {
        let plane = noise(size.0 * size.1, seed as u32, 256);
        let float: Vec<f32> = plane.iter().map(|&x| x as f32).collect();
        let twin = slow_9_7(&plane, size, 3);
        let first = bands::<Filter97>(Level::fallback(), &float, size, 3);
        let fill = |band: Band, y: usize, out: &mut [f32]| out.copy_from_slice(&first[&(band, y)]);
        let back = synthesise::<Filter97>(Level::fallback(), size, 3, 0, &mut { fill });
        for ((band, y), row) in &first {
            for (a, b) in row.iter().zip(&twin[offset(*band, *y, size)..]) {
                assert!((f64::from(*a) - b).abs() < 1e-2, "{size:?} {band:?} {y}: {a} for {b}");
            }
        }
        assert!(back.iter().zip(&float).all(|(a, b)| (a - b).abs() < 1e-2), "{size:?}");
        for level in levels() {
            assert_eq!(bands::<Filter97>(level, &float, size, 3), first, "bit for bit at {level:?}");
            assert_eq!(
                synthesise::<Filter97>(level, size, 3, 0, &mut { fill }),
                back,
                "bit for bit at {level:?}"
            );
        }
    }
}

#[test]
fn leaving_out_levels_gives_the_low_band() {
    let size = (45, 38);
    let plane = noise(size.0 * size.1, 7, 256);
    let rows = bands::<Filter53>(Level::new(), &plane, size, 4);
    for skipped in 0..=4 {
        let expected: Vec<i32> = bands::<Filter53>(Level::new(), &plane, size, skipped)
            .into_iter()
            .filter(|((band, _), _)| band.orientation == Orientation::LowLow)
            .flat_map(|(_, row)| row)
            .collect();
        let fill = |band: Band, y: usize, out: &mut [i32]| out.copy_from_slice(&rows[&(band, y)]);
        assert_eq!(synthesise::<Filter53>(Level::new(), size, 4, skipped, &mut { fill }), expected);
    }
}

/// L2 norm of what one unit in the middle of `band` becomes.
fn impulse_norm<F: Filter>(band: Band, one: F::Sample, square: impl Fn(F::Sample) -> f64) -> f64 {
    let side = 64 << band.level.min(4);
    let (bw, bh) = band.size(side, side);
    let plane = synthesise::<F>(Level::new(), (side, side), band.level, 0, &mut |b, y, out| {
        out.fill(F::Sample::default());
        if b == band && y == bh / 2 {
            out[bw / 2] = one;
        }
    });
    plane.into_iter().map(square).sum::<f64>().sqrt()
}

#[test]
fn norm_tables_are_those_of_the_synthesis_functions() {
    for level in 1..=5 {
        for orientation in
            [Orientation::LowLow, Orientation::HighLow, Orientation::LowHigh, Orientation::HighHigh]
        {
            let band = Band { level, orientation };
            let float = impulse_norm::<Filter97>(band, 1.0, |x| f64::from(x).powi(2));
            assert!((float / f64::from(norm_9_7(band)) - 1.0).abs() < 2e-3, "9/7 {band:?}: {float}");
            let integer = impulse_norm::<Filter53>(band, 1 << 16, |x| f64::from(x).powi(2)) / 65_536.0;
            assert!((integer / f64::from(norm_5_3(band)) - 1.0).abs() < 2e-3, "5/3 {band:?}: {integer}");
        }
    }
}

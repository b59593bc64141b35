use super::*;
use crate::levels::at_every_level;
use fearless_simd::Level;

/// The slow twin: the definition, in f64.
fn by_definition(x: &[f64]) -> Vec<f64> {
    let n = x.len() as f64;
    (0..x.len())
        .map(|k| {
            let scale = if k == 0 { (1.0 / n).sqrt() } else { (2.0 / n).sqrt() };
            let angle = |j: usize| (2 * j + 1) as f64 * k as f64 * std::f64::consts::PI / (2.0 * n);
            scale * x.iter().enumerate().map(|(j, x)| x * angle(j).cos()).sum::<f64>()
        })
        .collect()
}

fn by_definition_2d(block: &[f64], side: usize) -> Vec<f64> {
    let rows: Vec<Vec<f64>> = block.chunks(side).map(by_definition).collect();
    let columns: Vec<Vec<f64>> =
        (0..side).map(|x| by_definition(&rows.iter().map(|row| row[x]).collect::<Vec<_>>())).collect();
    (0..side * side).map(|i| columns[i % side][i / side]).collect()
}

/// Random blocks, then edges: zeros, a constant, one sample, a checkerboard.
fn blocks(side: usize, max: i32) -> Vec<i32> {
    let mut random = fastrand::Rng::with_seed(side as u64);
    let area = side * side;
    let mut all: Vec<i32> = (0..7 * area).map(|_| random.i32(-max..=max)).collect();
    all.extend(vec![0; area]);
    all.extend(vec![max; area]);
    all.extend((0..area).map(|i| if i == 5 { -max } else { 0 }));
    all.extend((0..area).map(|i| if (i + i / side).is_multiple_of(2) { max } else { -max }));
    all
}

at_every_level!(float_blocks_follow_the_definition, |level| {
    for points in Points::ALL {
        let (side, samples) = (points.count(), blocks(points.count(), 255));
        let mut out: Vec<f32> = samples.iter().map(|&x| x as f32).collect();
        transform_blocks(level, points, Direction::Forward, &mut out);
        for (block, out) in samples.chunks(side * side).zip(out.chunks(side * side)) {
            let exact = by_definition_2d(&block.iter().map(|&x| f64::from(x)).collect::<Vec<_>>(), side);
            for (exact, &out) in exact.iter().zip(out) {
                assert!((exact - f64::from(out)).abs() < 0.01, "{points:?}: {exact} {out}");
            }
        }
        transform_blocks(level, points, Direction::Inverse, &mut out);
        for (&x, &back) in samples.iter().zip(&out) {
            assert!((x as f32 - back).abs() < 0.003, "{points:?}: {x} {back}");
        }
    }
});

at_every_level!(whole_blocks_come_back_and_stay_near_the_definition, |level| {
    for points in Points::ALL {
        let (side, samples) = (points.count(), blocks(points.count(), 255));
        let mut out = samples.clone();
        transform_blocks(level, points, Direction::Forward, &mut out);
        for (block, out) in samples.chunks(side * side).zip(out.chunks(side * side)) {
            let exact = by_definition_2d(&block.iter().map(|&x| f64::from(x)).collect::<Vec<_>>(), side);
            for (exact, &out) in exact.iter().zip(out) {
                assert!(
                    (exact - f64::from(out)).abs() < f64::from(INTEGER_ERROR_MAX),
                    "{points:?}: {exact} {out}"
                );
            }
        }
        transform_blocks(level, points, Direction::Inverse, &mut out);
        assert_eq!(out, samples, "{points:?}");
    }
});

at_every_level!(any_whole_numbers_come_back, |level| {
    for points in Points::ALL {
        let mut samples = blocks(points.count(), i32::MAX / 2);
        samples[..4].copy_from_slice(&[i32::MIN, i32::MAX, i32::MIN + 1, -1]);
        let mut out = samples.clone();
        transform_blocks(level, points, Direction::Forward, &mut out);
        transform_blocks(level, points, Direction::Inverse, &mut out);
        assert_eq!(out, samples, "{points:?}");
    }
});

at_every_level!(levels_agree_to_the_last_bit, |level| {
    for points in Points::ALL {
        for width in [1, 3, 8, 21] {
            let mut random = fastrand::Rng::with_seed(3);
            let strip: Vec<f32> = (0..points.count() * width)
                .map(|_| random.i32(-(1 << 20)..=1 << 20) as f32 / 77.0)
                .collect();
            for direction in [Direction::Forward, Direction::Inverse] {
                let (mut here, mut scalar) = (strip.clone(), strip.clone());
                transform_strip(level, points, direction, &mut here, width);
                transform_strip(Level::fallback(), points, direction, &mut scalar, width);
                assert!(
                    here.iter().zip(&scalar).all(|(a, b)| a.to_bits() == b.to_bits()),
                    "{points:?} {width}"
                );
            }
        }
    }
});

at_every_level!(a_line_is_a_strip_of_one_column, |level| {
    let mut line: Vec<f32> = (0..8).map(|i| (i * i) as f32).collect();
    let exact = by_definition(&line.iter().map(|&x| f64::from(x)).collect::<Vec<_>>());
    transform_line(level, Points::Eight, Direction::Forward, &mut line);
    assert!(
        line.iter().zip(&exact).all(|(&a, b)| (f64::from(a) - b).abs() < 1e-4),
        "{line:?} {exact:?}"
    );
});

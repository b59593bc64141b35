use super::*;
use crate::{PlaneInfo, Shape};

/// A faint chequerboard under even noise of up to `noise` steps either way.
fn noisy(width: usize, height: usize, noise: u32) -> Planes {
    let mut planes = Planes::new(Shape::gray(width, height, 8));
    let mut state = 1u32;
    for y in 0..height {
        for (x, sample) in planes.planes[0].row_mut(y).iter_mut().enumerate() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let step = if (x / 16 + y / 16) % 2 == 0 { 110 } else { 130 };
            *sample = (step + (state >> 16) % (2 * noise + 1) - noise) as u16;
        }
    }
    planes
}

fn squared_error(a: &Planes, b: &Planes) -> u64 {
    let pairs = a.planes[0].rows().flatten().zip(b.planes[0].rows().flatten());
    pairs.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum()
}

const ALL: [Denoise; 5] = [
    Denoise::Median3,
    Denoise::Median5,
    Denoise::Gaussian { sigma_px: 0.8 },
    Denoise::NonLocalMeans { patch_px: 3, window_px: 9, strength: 0.08 },
    Denoise::NonLocalMeans { patch_px: 7, window_px: 5, strength: 0.08 },
];

#[test]
fn medians_agree_with_sorting() {
    let planes = noisy(21, 70, 40);
    for (filter, radius) in [(Denoise::Median3, 1isize), (Denoise::Median5, 2)] {
        let out = denoised(&planes, filter, Threads::ONE).unwrap();
        let near = |v: usize, d: isize, size: usize| v.saturating_add_signed(d).min(size - 1);
        for y in 0..70 {
            for x in 0..21 {
                let mut square = Vec::new();
                for dy in -radius..=radius {
                    let row = planes.planes[0].row(near(y, dy, 70));
                    square.extend((-radius..=radius).map(|dx| row[near(x, dx, 21)]));
                }
                square.sort_unstable();
                assert_eq!(out.planes[0].row(y)[x], square[square.len() / 2], "{filter:?} at {x}, {y}");
            }
        }
    }
}

#[test]
fn gaussian_spreads_a_point_by_the_bell() {
    let mut planes = Planes::new(Shape::gray(15, 15, 16));
    planes.planes[0].row_mut(7)[7] = 60_000;
    let out = denoised(&planes, Denoise::Gaussian { sigma_px: 1.5 }, Threads::ONE).unwrap();
    let expected = |dx: f64, dy: f64| {
        60_000.0 * (-(dx * dx + dy * dy) / 4.5).exp() / (2.0 * std::f64::consts::PI * 2.25)
    };
    for (x, y) in [(7, 7), (8, 7), (5, 9), (7, 11)] {
        let (value, exact) =
            (f64::from(out.planes[0].row(y)[x]), expected(x as f64 - 7.0, y as f64 - 7.0));
        assert!((value - exact).abs() < 0.01 * exact + 2.0, "{value} {exact}");
    }
}

#[test]
fn every_filter_removes_noise_and_keeps_flat_pictures() {
    let (clean, dirty) = (noisy(96, 80, 0), noisy(96, 80, 20));
    for filter in ALL {
        let out = denoised(&dirty, filter, Threads::ONE).unwrap();
        let (before, after) = (squared_error(&dirty, &clean), squared_error(&out, &clean));
        assert!(after < before * 3 / 4, "{filter:?}: {before} to {after}");
        assert_eq!(
            out,
            denoised(&dirty, filter, Threads::new(3)).unwrap(),
            "{filter:?} on three threads"
        );
        for (width, height) in [(1, 1), (1, 9), (130, 2)] {
            let mut flat = Planes::new(Shape::gray(width, height, 16));
            (0..height).for_each(|y| flat.planes[0].row_mut(y).fill(65_535));
            assert_eq!(denoised(&flat, filter, Threads::new(2)).unwrap(), flat, "{filter:?}");
        }
    }
}

#[test]
fn alpha_passes_and_wrong_parameters_are_refused() {
    let mut planes = noisy(20, 20, 30);
    planes.shape.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
    planes.planes.push(planes.planes[0].clone());
    let out = denoised(&planes, Denoise::Median3, Threads::ONE).unwrap();
    assert!(out.planes[1] == planes.planes[1] && out.planes[0] != planes.planes[0]);
    for filter in [
        Denoise::Gaussian { sigma_px: 0.0 },
        Denoise::Gaussian { sigma_px: f32::NAN },
        Denoise::NonLocalMeans { patch_px: 4, window_px: 9, strength: 0.1 },
        Denoise::NonLocalMeans { patch_px: 3, window_px: 99, strength: 0.1 },
        Denoise::NonLocalMeans { patch_px: 3, window_px: 9, strength: -1.0 },
    ] {
        assert!(denoised(&planes, filter, Threads::ONE).is_err());
    }
}

//! Rate–distortion optimised quantisation: gives up what costs more bits than its error is worth.
//!
//! In: a band's coefficients and their plainly rounded magnitudes. Out: magnitudes, some of them one lower. What a
//! magnitude costs is estimated from how often it occurs, in this band, beside neighbours of the same energy: a lone 1
//! in a flat place costs 8 bits and more, one on an edge hardly 2. Encoder only; nothing here is written to the file.

use super::grid::{Grid, SIGN};

/// Classes of neighbourhood energy.
const CLASSES: usize = 16;

/// Magnitudes told apart in the statistics: 0, 1, 2 and above.
type Counts = [[f32; 3]; CLASSES];

/// Bits that a 1 costs over a 0, and a 2 over a 1, by class.
type Prices = [[f32; 2]; CLASSES];

/// Energy class of the place `at`: magnitudes around it, and one level up.
#[inline(always)]
fn class_at(near: &[u8], stride: usize, at: usize, parent: u32) -> usize {
    let row = |at: usize| -> [u32; 3] {
        let r = &near[at - 1..at + 2];
        [u32::from(r[0]), u32::from(r[1]), u32::from(r[2])]
    };
    let (n, c, s) = (row(at - stride), row(at), row(at + stride));
    let direct = n[1] + s[1] + c[0] + c[2];
    let diagonal = n[0] + n[2] + s[0] + s[2];
    let sum = 2 * direct + diagonal + parent;
    match sum {
        0..=7 => sum as usize,
        8..=9 => 8,
        10..=12 => 9,
        13..=16 => 10,
        17..=22 => 11,
        23..=30 => 12,
        31..=44 => 13,
        45..=70 => 14,
        _ => 15,
    }
}

/// Lowers magnitudes of `grid` where `lambda` (squared steps a bit) says so. `parent` is the band one level coarser,
/// already trimmed.
pub(crate) fn trim(
    grid: &mut Grid,
    parent: Option<&Grid>,
    coefficients: &[f32],
    step: f32,
    lambda: f32,
) {
    let near = &mut grid.seen;
    for (near, goal) in near.iter_mut().zip(&grid.goal) {
        *near = (goal & !SIGN).min(15) as u8;
    }
    let prices = prices(&count(grid, parent));
    let inverse = 1.0 / step;
    let (width, height, stride) = (grid.width, grid.height, grid.stride);
    for y in 0..height {
        for x in 0..width {
            let at = grid.at(x, y);
            let magnitude = grid.goal[at] & !SIGN;
            if magnitude == 0 || magnitude > 15 {
                continue;
            }
            let class = class_at(&grid.seen, stride, at, parent_energy(parent, x, y));
            let exact = coefficients[at].abs() * inverse;
            // Dropping from m to m - 1 adds (x - m + 1)² - (x - m)² = 2 (x - m) + 1 to the error.
            let worse = 2.0 * (exact - magnitude as f32) + 1.0;
            let saved = if magnitude == 1 { prices[class][0] } else { prices[class][1] };
            if worse < lambda * saved {
                let lower = magnitude - 1;
                grid.goal[at] = if lower == 0 { 0 } else { lower | grid.goal[at] & SIGN };
                grid.seen[at] = lower as u8;
            }
        }
    }
    grid.seen.fill(0);
}

#[inline(always)]
fn parent_energy(parent: Option<&Grid>, x: usize, y: usize) -> u32 {
    parent.map_or(0, |p| (p.goal[p.at(x / 2, y / 2)] & !SIGN).min(15))
}

fn count(grid: &Grid, parent: Option<&Grid>) -> Counts {
    // Before anything is counted: a 1 grows likelier with the energy around it.
    let mut counts: Counts = std::array::from_fn(|class| {
        let one = (0.01 + 0.03 * class as f32).min(0.4);
        [8.0 * (1.0 - one), 8.0 * one, 8.0 * one * one]
    });
    for y in 0..grid.height {
        for x in 0..grid.width {
            let at = grid.at(x, y);
            let class = class_at(&grid.seen, grid.stride, at, parent_energy(parent, x, y));
            counts[class][usize::from(grid.seen[at].min(2))] += 1.0;
        }
    }
    counts
}

fn prices(counts: &Counts) -> Prices {
    counts.map(|[zero, one, more]| {
        [(zero / (one + more)).max(0.5).log2() + 1.0, ((one + more) / more).max(1.0).log2()]
    })
}

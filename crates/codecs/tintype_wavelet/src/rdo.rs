//! Rate–distortion optimised quantisation: lowers magnitudes that cost more bits than they save
//! error.
//!
//! In: a band's coefficients and their plainly rounded magnitudes. Out: magnitudes, some of
//! them one lower. The rate of a magnitude is estimated from how often it occurs in this band
//! beside neighbours of the same energy: a lone 1 in a flat place costs 8 bits and more, one
//! on an edge hardly 2. Encoder only; nothing here is written to the file.

use super::band::{BandGrid, SIGN, direct_and_diagonal};
use super::model::classes;

/// Classes of neighbourhood energy; as many as the coder's own significance contexts have.
const CLASSES: usize = 16;

/// Magnitudes above this keep their value: one step less matters little to their rate. Not
/// measured.
const MAGNITUDE_MAX: u32 = 15;

/// Occurrences of magnitude 0, of 1, and of 2 and above, by class.
type Counts = [[f32; 3]; CLASSES];

/// Bits that a 1 costs over a 0, and a 2 over a 1, by class.
type Rates = [[f32; 2]; CLASSES];

/// Limits of the energy classes: steps of 1 at first, then about half an octave each. Not measured.
static CLASS: [u8; 128] = classes(&[1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 17, 23, 31, 45, 71]);

/// Energy class at `at`: magnitudes around it, and one level up.
#[inline(always)]
fn class_at(magnitudes: &[u8], stride: usize, at: usize, parent: u32) -> usize {
    let (direct, diagonal) = direct_and_diagonal(magnitudes, stride, at);
    let sum = 2 * direct + diagonal + parent;
    usize::from(CLASS[sum.min(127) as usize])
}

/// Lowers magnitudes of `grid` where `lambda` (squared steps a bit) allows. `parent` is the
/// band one level coarser, already optimised.
pub(crate) fn lower_magnitudes(
    grid: &mut BandGrid,
    parent: Option<&BandGrid>,
    coefficients: &[f32],
    step: f32,
    lambda: f32,
) {
    // The array of scaled magnitudes holds plain ones here.
    for (magnitude, coefficient) in grid.scaled.iter_mut().zip(&grid.coefficients) {
        *magnitude = (coefficient & !SIGN).min(MAGNITUDE_MAX) as u8;
    }
    let rates = rates(&counts(grid, parent));
    let inverse = 1.0 / step;

    for y in 0..grid.height {
        for x in 0..grid.width {
            let at = grid.at(x, y);
            let magnitude = grid.coefficients[at] & !SIGN;
            if magnitude == 0 || magnitude > MAGNITUDE_MAX {
                continue;
            }
            let class = class_at(&grid.scaled, grid.stride, at, parent_magnitude(parent, x, y));
            let exact = coefficients[at].abs() * inverse;

            // From m to m - 1 the squared error grows by (x - m + 1)² - (x - m)² = 2 (x - m) +
            // 1.
            let worse = 2.0 * (exact - magnitude as f32) + 1.0;
            let saved = if magnitude == 1 { rates[class][0] } else { rates[class][1] };
            if worse < lambda * saved {
                let lower = magnitude - 1;
                grid.coefficients[at] =
                    if lower == 0 { 0 } else { lower | grid.coefficients[at] & SIGN };
                grid.scaled[at] = lower as u8;
            }
        }
    }
    grid.scaled.fill(0);
}

#[inline(always)]
fn parent_magnitude(parent: Option<&BandGrid>, x: usize, y: usize) -> u32 {
    parent.map_or(0, |p| (p.coefficients[p.at(x / 2, y / 2)] & !SIGN).min(MAGNITUDE_MAX))
}

fn counts(grid: &BandGrid, parent: Option<&BandGrid>) -> Counts {
    // Eight occurrences to start with, in which a 1 grows likelier with the energy around it.
    // Only small bands notice; not measured.
    let mut counts: Counts = std::array::from_fn(|class| {
        let one = (0.01 + 0.03 * class as f32).min(0.4);
        [8.0 * (1.0 - one), 8.0 * one, 8.0 * one * one]
    });
    for y in 0..grid.height {
        for x in 0..grid.width {
            let at = grid.at(x, y);
            let class = class_at(&grid.scaled, grid.stride, at, parent_magnitude(parent, x, y));
            counts[class][usize::from(grid.scaled[at].min(2))] += 1.0;
        }
    }
    counts
}

fn rates(counts: &Counts) -> Rates {
    counts.map(|[zero, one, more]| {
        // A 1 costs a sign bit as well.
        let first = (zero / (one + more)).max(0.5).log2() + 1.0;
        let second = ((one + more) / more).max(1.0).log2();
        [first, second]
    })
}

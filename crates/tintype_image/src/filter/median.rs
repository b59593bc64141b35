//! The median of a square of samples.
//!
//! In and out: samples of any range; the result is one of the nine or twenty-five inputs. 3×3: a
//! network of 19 exchanges on whole rows; 5×5: selection.
//!
//! Source: Paeth, "Median finding on a 3×3 grid", Graphics Gems, 1990; Smith, XCELL 23, 1996
//! (rows, then diagonals).

use super::{row_near, widened};
use crate::{Level, Plane};
use fearless_simd::dispatch;

/// Fills rows from `first` on with medians of 3×3 samples.
pub(super) fn median_3x3(source: &Plane<u16>, first: usize, out: &mut [u16]) {
    let level = Level::new();
    let mut wide = [Vec::new(), Vec::new(), Vec::new()];
    for (y, target) in (first..).zip(out.chunks_exact_mut(source.width())) {
        for (row, offset) in wide.iter_mut().zip(-1..) {
            widened(row_near(source, y, offset), 1, row);
        }
        dispatch!(level, _simd => medians_of_nine([&wide[0], &wide[1], &wide[2]], target));
    }
}

#[inline(always)]
fn sorted([a, b, c]: [u16; 3]) -> [u16; 3] {
    let (low, high) = (a.min(b), a.max(b));
    let (middle, top) = (high.min(c), high.max(c));
    [low.min(middle), low.max(middle), top]
}

#[inline(always)]
fn medians_of_nine(rows: [&[u16]; 3], out: &mut [u16]) {
    let count = out.len();
    let [a, b, c] = rows.map(|r| [&r[..count], &r[1..][..count], &r[2..][..count]]);
    for (x, sample) in out.iter_mut().enumerate() {
        let [a, b, c] = [a, b, c].map(|r| sorted([r[0][x], r[1][x], r[2][x]]));
        let lowest = a[0].max(b[0]).max(c[0]);
        let middle = sorted([a[1], b[1], c[1]])[1];
        let highest = a[2].min(b[2]).min(c[2]);
        *sample = sorted([lowest, middle, highest])[1];
    }
}

/// Fills rows from `first` on with medians of 5×5 samples.
pub(super) fn median_5x5(source: &Plane<u16>, first: usize, out: &mut [u16]) {
    let mut wide = [const { Vec::new() }; 5];
    for (y, target) in (first..).zip(out.chunks_exact_mut(source.width())) {
        for (row, offset) in wide.iter_mut().zip(-2..) {
            widened(row_near(source, y, offset), 2, row);
        }
        for (x, sample) in target.iter_mut().enumerate() {
            let mut square = [0; 25];
            for (part, row) in square.chunks_exact_mut(5).zip(&wide) {
                part.copy_from_slice(&row[x..x + 5]);
            }
            *sample = *square.select_nth_unstable(12).1;
        }
    }
}

//! The class of each group of 4 × 4 samples. Bit-exact.

use super::padded::Padded;
use super::{ACTIVITIES, DIRECTIONS, GROUP, STEPS};
use crate::synthesis::step_at;
use fearless_simd::{Simd, dispatch};
use tintype_block::Cell;
use tintype_image::{Level, Plane};

/// What the filter knows of a tile's blocks.
#[derive(Clone, Copy, Debug)]
pub struct Blocks<'a> {
    /// Luma's cells.
    pub cells: &'a Plane<Cell>,
    /// Luma's step, internal units.
    pub step: u16,
}

/// The groups of a tile, row by row.
#[derive(Clone, Debug)]
pub struct Groups {
    /// Groups in a row.
    pub across: usize,
    /// Class and step of each.
    pub list: Vec<(u16, i32)>,
}

/// Absolute differences: across, down, down the diagonal to the right, to the left.
const KINDS: usize = 4;

/// Sums of differences over squares of 2 × 2 samples of a row of squares, with the first and
/// the last once more beyond the edges.
type Row = [Vec<i32>; KINDS];

impl Groups {
    /// Of the decoded `luma` of a tile; its sides are multiples of 4.
    pub fn of_luma(level: Level, luma: &Padded, blocks: &Blocks<'_>) -> Self {
        let (squares, rows) = (luma.width() / 2, luma.height() / 2);
        let across = luma.width() / GROUP;
        let mut list = Vec::with_capacity(across * luma.height() / GROUP);
        let empty = |_| -> Row { std::array::from_fn(|_| vec![0; squares + 2]) };
        let mut ring: [Row; 4] = std::array::from_fn(empty);
        let mut together = empty(0);
        let mut done = 0;
        for gy in 0..luma.height() / GROUP {
            while done < (2 * gy + 3).min(rows) {
                let row = &mut ring[done % 4];
                dispatch!(level, simd => sum_differences(simd, luma, done, row));
                done += 1;
            }
            // Squares of the group and one more on each side.
            let used: [&Row; 4] =
                std::array::from_fn(|i| &ring[(2 * gy + i).saturating_sub(1).min(rows - 1) % 4]);
            for (kind, sums) in together.iter_mut().enumerate() {
                let [a, b, c, d] = used.map(|row| &row[kind][..]);
                for (((sum, a), b), (c, d)) in sums.iter_mut().zip(a).zip(b).zip(c.iter().zip(d)) {
                    *sum = a + b + c + d;
                }
            }
            let cells = blocks.cells.row(gy * GROUP / 8);
            for gx in 0..across {
                let mut sums = [0; KINDS];
                for (sum, row) in sums.iter_mut().zip(&together) {
                    *sum = row[2 * gx..][..4].iter().sum();
                }
                let step = step_at(blocks.step.into(), cells[gx * GROUP / 8].step);
                list.push((class_of(sums, step) as u16, step));
            }
        }
        Self { across, list }
    }
}

#[inline(always)]
fn sum_differences<S: Simd>(simd: S, luma: &Padded, square_row: usize, sums: &mut Row) {
    simd.vectorize(
        #[inline(always)]
        || {
            sums.iter_mut().for_each(|sums| sums.fill(0));
            for y in 2 * square_row..2 * square_row + 2 {
                let [above, here, below] = [-1, 0, 1].map(|by| luma.row(y as isize + by));
                add_pairs(&here[1..], &here[3..], &mut sums[0]);
                add_pairs(&above[2..], &below[2..], &mut sums[1]);
                add_pairs(&above[1..], &below[3..], &mut sums[2]);
                add_pairs(&above[3..], &below[1..], &mut sums[3]);
            }
            for sums in sums {
                let last = sums.len() - 1;
                (sums[0], sums[last]) = (sums[1], sums[last - 1]);
            }
        },
    );
}

/// Adds absolute differences of `a` and `b`, two to each sum.
#[inline(always)]
fn add_pairs(a: &[i16], b: &[i16], sums: &mut [i32]) {
    let count = sums.len() - 2;
    let sums = &mut sums[1..=count];
    for ((a, b), sum) in a.as_chunks::<2>().0.iter().zip(b.as_chunks::<2>().0).zip(sums) {
        let first = (i32::from(a[0]) - i32::from(b[0])).abs();
        *sum += first + (i32::from(a[1]) - i32::from(b[1])).abs();
    }
}

/// The class of a group with these sums of differences over its 8 × 8 samples, and its step.
fn class_of([across, down, right, left]: [i32; KINDS], step: i32) -> usize {
    // About 2^3.5 / 64 times the sum over the step.
    let steepness = (i64::from(across + down) * 181 / (1024 * i64::from(step))).max(1);
    let activity = (steepness.ilog2() as usize).min(ACTIVITIES - 1);

    let least = i64::from(step) * 5 / 4;
    let ordered = |a: i32, b: i32| (i64::from(a.max(b)), i64::from(a.min(b)) + least);
    let ((most, other), (most_diagonal, other_diagonal)) = (ordered(across, down), ordered(right, left));
    let direction = if most * other_diagonal >= most_diagonal * other {
        if most <= 2 * other { 0 } else { 1 + usize::from(across <= down) }
    } else if most_diagonal <= 2 * other_diagonal {
        0
    } else {
        3 + usize::from(right <= left)
    };
    // The nearest power of two, from 16 on.
    let square = 2 * u64::from(step.unsigned_abs()).pow(2);
    let octave = (square.ilog2() as usize / 2).saturating_sub(4).min(STEPS - 1);
    (octave * ACTIVITIES + activity) * DIRECTIONS + direction
}

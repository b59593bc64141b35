//! Prediction of a block from decoded samples of its own picture. Bit-exact: integers.
//!
//! In: twice the block's side of samples above it and to its left, and the one between. Out: samples.
//! Modes: 0 the mean, 1 a plane between the borders, 2 the border sample that a gradient is nearest
//! to, then 13 directions from above and 13 from the left.
//!
//! Source: mean and directions as in H.264 and VP9; gradient: Paeth's predictor, PNG specification; plane: as the
//! smooth predictor of AV1.

use crate::frame::{CELL, Format, FrameState};

/// Number of modes.
pub const MODES: usize = 3 + 2 * DIRECTIONS;
/// The mean of the borders.
pub const MEAN: u8 = 0;
/// A plane between the borders.
pub const PLANAR: u8 = 1;
const GRADIENT: u8 = 2;
const DIRECTIONS: usize = 13;
/// How far a direction moves along the border for each sample away from it, in 1/32: tangents of steps of
/// 7.5 degrees.
const SLOPES: [i32; DIRECTIONS] = [-32, -25, -18, -13, -9, -4, 0, 4, 9, 13, 18, 25, 32];
/// Most samples of a side.
const SIDE_MAX: usize = 32;
/// Where the corner stands in [`Borders::line`].
const CORNER: usize = 2 * SIDE_MAX;

/// The decoded samples around a block.
#[derive(Clone, Debug)]
pub struct Borders {
    /// To the left from the lowest up, the corner, above from the left on.
    line: [u16; 4 * SIDE_MAX + 1],
    side: usize,
    sides: (bool, bool),
}

/// A transform block within a coded block, in samples of its plane.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Plane.
    pub plane: usize,
    /// First column and row.
    pub at: (usize, usize),
    /// Side.
    pub side: usize,
    /// First column and row of the coded block.
    pub block: (usize, usize),
    /// Columns and rows of the coded block.
    pub size: (usize, usize),
}

impl Borders {
    /// The borders of a block.
    pub fn of(state: &FrameState, format: &Format, place: &Place) -> Self {
        let Place { plane, at: (x, y), side, .. } = *place;
        let (sub_x, sub_y) = format.sub(plane);
        let samples = &state.frame.planes[plane];
        let mut line = [0; 4 * SIDE_MAX + 1];
        // Decoded: coded before, or an earlier transform block of the same coded block.
        let (right, bottom) = (place.block.0 + place.size.0, place.block.1 + place.size.1);
        let decoded = |column: isize, row: isize| -> bool {
            if column < 0 || row < 0 {
                return false;
            }
            let within = column >= place.block.0 as isize
                && row >= place.block.1 as isize
                && column < right as isize
                && row < bottom as isize;
            if within {
                return row < y as isize || (row < (y + side) as isize && column < x as isize);
            }
            state.cell(column << sub_x, row << sub_y).is_some()
        };
        let step = (CELL >> sub_x.max(sub_y)).min(side);
        let (x, y) = (x as isize, y as isize);
        let (has_left, has_above) = (decoded(x - 1, y), decoded(x, y - 1));

        let mut left_end = CORNER;
        if has_left {
            let mut row = 0;
            while row < 2 * side && decoded(x - 1, y + row as isize) {
                for k in row..row + step {
                    line[CORNER - 1 - k] = samples.row(y as usize + k)[x as usize - 1];
                }
                row += step;
            }
            left_end = CORNER - row;
        }
        let mut above_end = CORNER + 1;
        if has_above {
            let mut column = 0;
            while column < 2 * side && decoded(x + column as isize, y - 1) {
                let from = &samples.row(y as usize - 1)[x as usize + column..][..step];
                line[CORNER + 1 + column..][..step].copy_from_slice(from);
                column += step;
            }
            above_end = CORNER + 1 + column;
        }
        let middle = 1u16 << (format.depth - 1);
        line[CORNER] = if decoded(x - 1, y - 1) {
            samples.row(y as usize - 1)[x as usize - 1]
        } else if has_above {
            line[CORNER + 1]
        } else if has_left {
            line[CORNER - 1]
        } else {
            middle
        };
        let last = line[left_end];
        line[CORNER - 2 * side..left_end].fill(last);
        let last = line[above_end - 1];
        line[above_end..CORNER + 1 + 2 * side].fill(last);
        Self { line, side, sides: (has_left, has_above) }
    }

    #[inline(always)]
    fn above(&self, x: usize) -> i32 {
        self.line[CORNER + 1 + x].into()
    }

    #[inline(always)]
    fn left(&self, y: usize) -> i32 {
        self.line[CORNER - 1 - y].into()
    }

    /// The mean of the borders that there are.
    pub fn mean(&self) -> i32 {
        let side = self.side;
        let sum = |of: &dyn Fn(usize) -> i32| (0..side).map(of).sum::<i32>();
        let (above, left) = (sum(&|x| self.above(x)), sum(&|y| self.left(y)));
        let side = side as i32;
        match self.sides {
            (true, true) | (false, false) => (above + left + side) / (2 * side),
            (false, true) => (above + side / 2) / side,
            (true, false) => (left + side / 2) / side,
        }
    }

    /// The block under `mode`, `side` samples in a row of `out`.
    pub fn predict(&self, mode: u8, out: &mut [u16]) {
        match mode {
            MEAN => out[..self.side * self.side].fill(self.mean() as u16),
            PLANAR => self.planar(out),
            GRADIENT => self.gradient(out),
            _ => {
                let direction = usize::from(mode).min(MODES - 1) - 3;
                let (from_left, slope) = (direction >= DIRECTIONS, SLOPES[direction % DIRECTIONS]);
                self.directional(from_left, slope, out);
            }
        }
    }

    #[inline]
    fn planar(&self, out: &mut [u16]) {
        let side = self.side;
        let (corner_right, corner_below) = (self.above(side - 1), self.left(side - 1));
        let shift = side.ilog2() + 1;
        for (y, row) in out.chunks_exact_mut(side).take(side).enumerate() {
            let left = self.left(y);
            for (x, to) in row.iter_mut().enumerate() {
                let (right, down) = (x as i32 + 1, y as i32 + 1);
                let n = side as i32;
                let across = (n - right) * left + right * corner_right;
                let along = (n - down) * self.above(x) + down * corner_below;
                *to = ((across + along + n) >> shift) as u16;
            }
        }
    }

    #[inline]
    fn gradient(&self, out: &mut [u16]) {
        let corner = i32::from(self.line[CORNER]);
        for (y, row) in out.chunks_exact_mut(self.side).take(self.side).enumerate() {
            let left = self.left(y);
            for (x, to) in row.iter_mut().enumerate() {
                let above = self.above(x);
                let base = above + left - corner;
                let off = [left, above, corner].map(|v| base.abs_diff(v));
                let nearest = if off[0] <= off[1] && off[0] <= off[2] {
                    left
                } else if off[1] <= off[2] {
                    above
                } else {
                    corner
                };
                *to = nearest as u16;
            }
        }
    }

    /// Each row (or column) is the border, moved by `slope` for each row away.
    #[inline]
    fn directional(&self, from_left: bool, slope: i32, out: &mut [u16]) {
        const BEFORE: usize = SIDE_MAX + 1;
        let side = self.side;
        let place = |i: i32, own: bool| -> u16 {
            self.line[(CORNER as i32 + if own == from_left { -1 - i } else { 1 + i }) as usize]
        };
        // The border that is moved; before the corner, where the direction meets the other one.
        let mut border = [0u16; BEFORE + 2 * SIDE_MAX + 1];
        for i in 0..2 * side {
            border[BEFORE + i] = place(i as i32, true);
        }
        border[BEFORE + 2 * side] = border[BEFORE + 2 * side - 1];
        border[BEFORE - 1] = self.line[CORNER];
        if slope < 0 {
            let steep = -slope;
            for i in 1..=(side as i32 * steep + 31) / 32 {
                border[BEFORE - 1 - i as usize] = place((i * 32 + steep / 2) / steep - 1, false);
            }
        }
        let mut moved = [0u16; SIDE_MAX];
        for k in 0..side {
            let offset = (k as i32 + 1) * slope;
            let (whole, part) = (offset >> 5, (offset & 31) as u32);
            let from = &border[(BEFORE as i32 + whole) as usize..][..side + 1];
            for (to, pair) in moved[..side].iter_mut().zip(from.windows(2)) {
                *to = (((32 - part) * u32::from(pair[0]) + part * u32::from(pair[1]) + 16) >> 5) as u16;
            }
            if from_left {
                for (y, &sample) in moved[..side].iter().enumerate() {
                    out[y * side + k] = sample;
                }
            } else {
                out[k * side..][..side].copy_from_slice(&moved[..side]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_borders_predict_a_flat_block() {
        for side in [4, 8, 16, 32] {
            let borders = Borders { line: [77; 129], side, sides: (true, true) };
            for mode in 0..MODES as u8 {
                let mut out = [0; 1024];
                borders.predict(mode, &mut out);
                assert!(out[..side * side].iter().all(|&v| v == 77), "{mode}");
            }
        }
    }
}

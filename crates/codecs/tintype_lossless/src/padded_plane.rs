//! A plane of a tile with a border, so that a walk reads neighbours without bounds logic.

use tintype_image::Plane;

/// Width of the border on each side: the least-squares features reach four samples to the left.
pub(super) const PAD: usize = 4;

/// Samples or residuals in rows with a border of [`PAD`].
///
/// A walk fills the border as it goes: left from the row above, right from the row's last
/// sample, below the last row from the last row. Above the first row all is 0.
#[derive(Clone, Debug, Default)]
pub(super) struct PaddedPlane {
    pub width: usize,
    pub height: usize,
    /// Samples from one row to the next.
    pub stride: usize,
    pub data: Vec<i32>,
}

/// Up to two planes of one size that were coded before, latest first, and their residuals.
pub(super) struct References<'a> {
    pub samples: Vec<&'a PaddedPlane>,
    pub residuals: Vec<&'a PaddedPlane>,
}

impl PaddedPlane {
    /// All 0.
    pub fn new(width: usize, height: usize) -> Self {
        let stride = width + 2 * PAD;
        Self { width, height, stride, data: vec![0; stride * (height + 2 * PAD)] }
    }

    /// A plane to be read if `reads`, else a copy of `plane`.
    pub fn to_code(plane: &Plane<u16>, reads: bool) -> Self {
        let mut padded = Self::new(plane.width(), plane.height());
        if !reads {
            for y in 0..padded.height {
                let at = padded.at(0, y);
                for (to, from) in padded.data[at..].iter_mut().zip(plane.row(y)) {
                    *to = i32::from(*from);
                }
            }
        }
        padded
    }

    /// Copies the samples to `plane`, which is of this size.
    pub fn copy_to(&self, plane: &mut Plane<u16>) {
        for y in 0..self.height {
            for (to, &from) in plane.row_mut(y).iter_mut().zip(self.row(y)) {
                *to = from as u16;
            }
        }
    }

    /// Index of column `x`, row `y` in `data`.
    #[inline(always)]
    pub fn at(&self, x: usize, y: usize) -> usize {
        (y + PAD) * self.stride + x + PAD
    }

    /// Row `y` without its border.
    pub fn row(&self, y: usize) -> &[i32] {
        &self.data[self.at(0, y)..][..self.width]
    }

    /// Walks the rows, with their borders, of this plane and of its residuals, which are 0 at first; those it
    /// returns.
    pub fn walked(&mut self, mut row: impl FnMut(&mut Self, &mut Self, usize)) -> Self {
        let mut residuals = Self::new(self.width, self.height);
        for y in 0..self.height {
            self.begin_row(y);
            residuals.begin_row(y);
            row(self, &mut residuals, y);
            self.end_row(y);
            residuals.end_row(y);
        }
        residuals
    }

    /// Fills the left border of row `y` from the row above.
    pub fn begin_row(&mut self, y: usize) {
        let at = self.at(0, y);
        let above = self.data[at - self.stride];
        self.data[at - PAD..at].fill(above);
    }

    /// Fills the right border of row `y`, and after the last row those below.
    pub fn end_row(&mut self, y: usize) {
        let at = self.at(self.width, y);
        let last = self.data[at - 1];
        self.data[at..at + PAD].fill(last);
        if y + 1 == self.height {
            let start = self.at(0, y) - PAD;
            for k in 1..=PAD {
                self.data.copy_within(start..start + self.stride, start + k * self.stride);
            }
        }
    }
}

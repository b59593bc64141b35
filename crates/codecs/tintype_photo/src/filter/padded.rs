//! A plane with room around it.

use super::REACH;
use tintype_image::Plane;

/// Samples worked on together: rows are as long as a multiple of so many needs.
pub(super) const LANES: usize = 16;

/// A plane with its nearest samples repeated beyond its edges.
#[derive(Clone, Debug)]
pub struct Padded {
    size: (usize, usize),
    stride: usize,
    samples: Vec<i16>,
}

impl Padded {
    /// Of a plane that is not empty.
    pub fn of_plane(plane: &Plane<i16>) -> Self {
        let size = (plane.width(), plane.height());
        let stride = size.0.next_multiple_of(LANES) + 2 * REACH;
        let mut samples = Vec::with_capacity(stride * (size.1 + 2 * REACH));
        for y in 0..size.1 + 2 * REACH {
            let row = plane.row((y.max(REACH) - REACH).min(size.1 - 1));
            samples.extend([row[0]; REACH]);
            samples.extend_from_slice(row);
            samples.resize((y + 1) * stride, row[size.0 - 1]);
        }
        Self { size, stride, samples }
    }

    /// Samples in a row.
    pub fn width(&self) -> usize {
        self.size.0
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.size.1
    }

    /// Row `y`, which may be up to [`REACH`] beyond the edge, with [`REACH`] samples before its
    /// first one.
    #[inline(always)]
    pub fn row(&self, y: isize) -> &[i16] {
        let y = (y + REACH as isize) as usize;
        &self.samples[y * self.stride..][..self.stride]
    }

    /// Row `y` and those within [`REACH`] of it.
    pub(super) fn rows(&self, y: usize) -> Rows<'_> {
        std::array::from_fn(|by| self.row(y as isize + by as isize - REACH as isize))
    }
}

/// A row and its neighbours.
pub(super) type Rows<'a> = [&'a [i16]; 2 * REACH + 1];

//! Rectangles, and their size at a smaller scale or in a subsampled plane.
//!
//! Positions and sizes are in pixels of the full-size picture unless a function says otherwise. A
//! picture or plane that is reduced by `2^k` has `ceil(size / 2^k)` columns and rows:
//! [`reduced_len`] is the one place that says so.

use std::fmt;

/// `ceil(len / 2^log2)`: the columns or rows left of `len` when they are halved `log2` times.
///
/// ```
/// assert_eq!(tintype_image::reduced_len(13, 2), 4);
/// ```
#[inline]
pub const fn reduced_len(len: usize, log2: u8) -> usize {
    len.div_ceil(1 << log2)
}

/// A rectangle in pixels.
///
/// ```
/// use tintype_image::Region;
/// let tile = Region { x: 64, y: 0, width: 64, height: 48 };
/// let wanted = Region { x: 100, y: 20, width: 100, height: 100 };
/// let both = Region { x: 100, y: 20, width: 28, height: 28 };
/// assert_eq!(tile.intersection(wanted), Some(both));
/// assert_eq!(both.reduced(1, 1), Region { x: 50, y: 10, width: 14, height: 14 });
/// assert_eq!(both.to_string(), "28×28 pixels at (100, 20)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Left edge, pixels from the left.
    pub x: usize,
    /// Top edge, pixels from the top.
    pub y: usize,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{} pixels at ({}, {})", self.width, self.height, self.x, self.y)
    }
}

impl Region {
    /// `width` × `height` pixels from the top left corner on.
    pub const fn of_size(width: usize, height: usize) -> Self {
        Self { x: 0, y: 0, width, height }
    }

    /// The first column to the right of it.
    pub const fn right(self) -> usize {
        self.x.saturating_add(self.width)
    }

    /// The first row below it.
    pub const fn bottom(self) -> usize {
        self.y.saturating_add(self.height)
    }

    /// The part that lies in both, if any.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (self.right().min(other.right()), self.bottom().min(other.bottom()));
        (x < right && y < bottom).then(|| Self { x, y, width: right - x, height: bottom - y })
    }

    /// Whether the two share a pixel.
    pub fn intersects(self, other: Self) -> bool {
        self.intersection(other).is_some()
    }

    /// Whether it has pixels and all of them lie in `outer`.
    pub fn is_inside(self, outer: Self) -> bool {
        self.intersection(outer) == Some(self)
    }

    /// The samples that cover it where columns and rows are halved `x_log2` and `y_log2` times:
    /// in a subsampled plane, or in a picture at a smaller scale. Edges are rounded outwards.
    pub fn reduced(self, x_log2: u8, y_log2: u8) -> Self {
        let (x, y) = (self.x >> x_log2, self.y >> y_log2);
        let right = reduced_len(self.right(), x_log2);
        let bottom = reduced_len(self.bottom(), y_log2);
        Self { x, y, width: right - x, height: bottom - y }
    }
}

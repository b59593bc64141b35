//! One rectangular array of samples with a row stride.

use crate::Region;

/// Samples in rows; row `y` is `samples[y * stride .. y * stride + width]`.
///
/// ```
/// use tintype_image::Plane;
///
/// let plane = Plane::from_vec(3, 2, vec![1u16, 2, 3, 4, 5, 6]).expect("3 × 2 samples");
/// assert_eq!(plane.row(1), [4, 5, 6]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plane<T> {
    width: usize,
    height: usize,
    stride: usize,
    samples: Vec<T>,
}

impl<T: Copy + Default> Plane<T> {
    /// A plane of `width` × `height` default samples, rows without gaps.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, stride: width, samples: vec![T::default(); width * height] }
    }

    /// Takes over `samples`, `width * height` of them in rows without gaps.
    ///
    /// Returns `None` if the count does not fit.
    pub fn from_vec(width: usize, height: usize, samples: Vec<T>) -> Option<Self> {
        (samples.len() == width.checked_mul(height)?).then_some(Self {
            width,
            height,
            stride: width,
            samples,
        })
    }

    /// Takes over `samples` whose rows start every `stride` samples.
    ///
    /// Returns `None` if `stride < width` or the rows do not fit into `samples`.
    pub fn from_strided(width: usize, height: usize, stride: usize, samples: Vec<T>) -> Option<Self> {
        let needed =
            if height == 0 { 0 } else { (height - 1).checked_mul(stride)?.checked_add(width)? };
        (stride >= width && samples.len() >= needed).then_some(Self { width, height, stride, samples })
    }

    /// Width in samples.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in samples.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Row `y`, `width` samples.
    pub fn row(&self, y: usize) -> &[T] {
        &self.samples[y * self.stride..][..self.width]
    }

    /// Row `y`, `width` samples, to write to.
    pub fn row_mut(&mut self, y: usize) -> &mut [T] {
        &mut self.samples[y * self.stride..][..self.width]
    }

    /// All rows from the top.
    pub fn rows(&self) -> impl Iterator<Item = &[T]> {
        (0..self.height).map(|y| self.row(y))
    }

    /// The samples of all rows if rows have no gaps, else `None`.
    pub fn as_slice(&self) -> Option<&[T]> {
        (self.stride == self.width).then(|| &self.samples[..self.width * self.height])
    }

    /// The samples of all rows, to write to, if rows have no gaps.
    pub fn as_mut_slice(&mut self) -> Option<&mut [T]> {
        (self.stride == self.width).then(|| &mut self.samples[..self.width * self.height])
    }

    /// A copy of `region`, which must lie inside.
    pub fn crop(&self, region: Region) -> Self {
        let mut out = Self::new(region.width, region.height);
        for y in 0..region.height {
            out.row_mut(y).copy_from_slice(&self.row(region.y + y)[region.x..][..region.width]);
        }
        out
    }

    /// Copies `source` into this plane with its top left corner at (`x`, `y`); it must fit.
    pub fn paste(&mut self, source: &Self, x: usize, y: usize) {
        for row in 0..source.height {
            self.row_mut(y + row)[x..][..source.width].copy_from_slice(source.row(row));
        }
    }
}

//! Feature maps: 16-bit integers on a grid, channels together.

use crate::NnError;

/// `height` × `width` positions of `channels` values; position (x, y) is `values[(y * width +
/// x) * channels ..][.. channels]`. What a value stands for (its fraction bits) is up to the
/// program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map<T> {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values at one position.
    pub channels: usize,
    /// `height * width * channels` values.
    pub values: Vec<T>,
}

/// A map of the integers that a network computes with.
pub type FeatureMap = Map<i16>;

impl<T: Copy + Default> Map<T> {
    /// All zeros.
    pub fn new(height: usize, width: usize, channels: usize) -> Self {
        Self { height, width, channels, values: vec![T::default(); height * width * channels] }
    }

    /// The values at column `x` of row `y`.
    pub fn at(&self, x: usize, y: usize) -> &[T] {
        &self.values[(y * self.width + x) * self.channels..][..self.channels]
    }

    /// The values at column `x` of row `y`, to write to.
    pub fn at_mut(&mut self, x: usize, y: usize) -> &mut [T] {
        &mut self.values[(y * self.width + x) * self.channels..][..self.channels]
    }

    /// Copies the `width` × `height` positions from (`x`, `y`) on; they must lie inside.
    pub fn crop(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        let mut values = Vec::with_capacity(width * height * self.channels);
        for row in y..y + height {
            let start = (row * self.width + x) * self.channels;
            values.extend_from_slice(&self.values[start..start + width * self.channels]);
        }
        Self { height, width, channels: self.channels, values }
    }

    /// Copies `source` in with its top left position at (`x`, `y`); it must fit and have as
    /// many channels.
    pub fn paste(&mut self, source: &Self, x: usize, y: usize) {
        let length = source.width * source.channels;
        for row in 0..source.height {
            let start = ((y + row) * self.width + x) * self.channels;
            self.values[start..start + length].copy_from_slice(&source.values[row * length..][..length]);
        }
    }

    /// Puts each `factor` × `factor` group of positions into one, channels ordered row,
    /// column, channel.
    ///
    /// # Errors
    /// `Misuse` if the sides are not multiples of `factor`.
    pub fn space_to_depth(&self, factor: usize) -> Result<Self, NnError> {
        if !self.height.is_multiple_of(factor) || !self.width.is_multiple_of(factor) {
            let what =
                format!("{} × {} positions are not multiples of {factor}", self.width, self.height);
            return Err(NnError::Misuse { what });
        }
        let (height, width) = (self.height / factor, self.width / factor);
        let mut values = Vec::with_capacity(self.values.len());
        let fine = [self.height, self.width, self.channels];
        for_each_run(fine, factor, |start, _, run| {
            values.extend_from_slice(&self.values[start..start + run])
        });
        Ok(Self { height, width, channels: self.channels * factor * factor, values })
    }

    /// The inverse of [`FeatureMap::space_to_depth`].
    ///
    /// # Errors
    /// `Misuse` if the channels are not a multiple of `factor²`.
    pub fn depth_to_space(&self, factor: usize) -> Result<Self, NnError> {
        if !self.channels.is_multiple_of(factor * factor) {
            return Err(NnError::Misuse {
                what: format!("{} channels are not a multiple of {factor}²", self.channels),
            });
        }
        let channels = self.channels / (factor * factor);
        let mut out = Self::new(self.height * factor, self.width * factor, channels);
        for_each_run([out.height, out.width, channels], factor, |start, deep, run| {
            out.values[start..start + run].copy_from_slice(&self.values[deep..deep + run]);
        });
        Ok(out)
    }
}

/// Visits the runs of values that stay together when a map of shape `fine` (height, width,
/// channels) goes from space to depth by `factor`: the start in the fine map, the start in the
/// deep one, and the length, in the order of the deep map.
pub(crate) fn for_each_run(
    [height, width, channels]: [usize; 3],
    factor: usize,
    mut work: impl FnMut(usize, usize, usize),
) {
    let run = factor * channels;
    let mut deep = 0;
    for y in 0..height / factor {
        for x in 0..width / factor {
            for row in 0..factor {
                work(((y * factor + row) * width + x * factor) * channels, deep, run);
                deep += run;
            }
        }
    }
}

//! A feature map: 16-bit integers on a grid, channels together.

use crate::NnError;

/// `height` × `width` positions of `channels` values; position (x, y) is
/// `values[(y * width + x) * channels ..][.. channels]`. What a value stands for (its fraction bits) is its maker's
/// affair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values at one position.
    pub channels: usize,
    /// `height * width * channels` values.
    pub values: Vec<i16>,
}

impl Map {
    /// All zeros.
    pub fn new(height: usize, width: usize, channels: usize) -> Self {
        Self { height, width, channels, values: vec![0; height * width * channels] }
    }

    /// The values at column `x` of row `y`.
    pub fn at(&self, x: usize, y: usize) -> &[i16] {
        &self.values[(y * self.width + x) * self.channels..][..self.channels]
    }

    /// The values at column `x` of row `y`, to write to.
    pub fn at_mut(&mut self, x: usize, y: usize) -> &mut [i16] {
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

    /// Copies `source` in with its top left position at (`x`, `y`); it must fit and have as many channels.
    pub fn paste(&mut self, source: &Self, x: usize, y: usize) {
        let length = source.width * source.channels;
        for row in 0..source.height {
            let start = ((y + row) * self.width + x) * self.channels;
            self.values[start..start + length]
                .copy_from_slice(&source.values[row * length..][..length]);
        }
    }

    /// Puts each `factor` × `factor` group of positions into one, channels ordered row, column, channel.
    ///
    /// # Errors
    /// `Misuse` if the sides are not multiples of `factor`.
    pub fn fold(&self, factor: usize) -> Result<Self, NnError> {
        if !self.height.is_multiple_of(factor) || !self.width.is_multiple_of(factor) {
            let what =
                format!("{} × {} positions cannot be folded by {factor}", self.width, self.height);
            return Err(NnError::Misuse { what });
        }
        let (height, width) = (self.height / factor, self.width / factor);
        let mut values = Vec::with_capacity(self.values.len());
        let fine = [self.height, self.width, self.channels];
        each_run(fine, factor, |start, _, run| {
            values.extend_from_slice(&self.values[start..start + run])
        });
        Ok(Self { height, width, channels: self.channels * factor * factor, values })
    }

    /// The inverse of [`Map::fold`].
    ///
    /// # Errors
    /// `Misuse` if the channels are not a multiple of `factor²`.
    pub fn unfold(&self, factor: usize) -> Result<Self, NnError> {
        if !self.channels.is_multiple_of(factor * factor) {
            return Err(NnError::Misuse {
                what: format!("{} channels cannot be unfolded by {factor}", self.channels),
            });
        }
        let channels = self.channels / (factor * factor);
        let mut out = Self::new(self.height * factor, self.width * factor, channels);
        each_run([out.height, out.width, channels], factor, |start, folded, run| {
            out.values[start..start + run].copy_from_slice(&self.values[folded..folded + run]);
        });
        Ok(out)
    }
}

/// Visits the runs of values that stay together when a map of shape `fine` (height, width, channels) is folded by `factor`: where each
/// starts in the fine map, where in the folded one, and its length. In the order of the folded map.
pub(crate) fn each_run(
    [height, width, channels]: [usize; 3],
    factor: usize,
    mut work: impl FnMut(usize, usize, usize),
) {
    let run = factor * channels;
    let mut folded = 0;
    for y in 0..height / factor {
        for x in 0..width / factor {
            for row in 0..factor {
                work(((y * factor + row) * width + x * factor) * channels, folded, run);
                folded += run;
            }
        }
    }
}

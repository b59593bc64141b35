//! Pictures of a clip as the codec holds them.
//!
//! In and out: [`Planes`] of gray or three planes. Inside, sizes are padded to whole blocks of 8 by
//! repeating the last column and row. Bit-exact.

use crate::motion::Cell;
use tintype_codec::{CodecError, Result};
use tintype_image::{Limits, Plane, Planes, Shape};

/// Side of the smallest block, and of what a [`Cell`] stands for, in luma samples.
pub const CELL: usize = 8;
/// Most bits of a sample.
pub const DEPTH_MAX: u8 = 12;

/// Size, depth and sampling of a clip's pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Columns of the first plane.
    pub width: usize,
    /// Rows of the first plane.
    pub height: usize,
    /// Bits of a sample.
    pub depth: u8,
    /// 1 or 3.
    pub planes: usize,
    /// Logarithm of how many columns of the first plane one of the others stands for.
    pub sub_x: u8,
    /// The same for rows.
    pub sub_y: u8,
}

impl Format {
    /// The format of pictures of `shape`.
    ///
    /// # Errors
    /// `Unsupported` for shapes other than one or three planes of one depth of 8 to 12 bits with
    /// equal sampling of the second and third; `Limit`.
    pub fn of(shape: &Shape, limits: &Limits) -> Result<Self> {
        shape.check(limits)?;
        let first = &shape.planes[0];
        let last = &shape.planes[shape.planes.len() - 1];
        let even = shape.planes.iter().all(|plane| plane.bit_depth == first.bit_depth);
        let full = (first.subsample_x_log2, first.subsample_y_log2) == (0, 0);
        let pair = shape.planes[1..].iter().all(|plane| {
            (plane.subsample_x_log2, plane.subsample_y_log2)
                == (last.subsample_x_log2, last.subsample_y_log2)
        });
        let depths = 8..=DEPTH_MAX;
        let sampled = last.subsample_x_log2 <= 1 && last.subsample_y_log2 <= 1;
        let count = shape.planes.len();
        if !(even
            && full
            && pair
            && sampled
            && depths.contains(&first.bit_depth)
            && matches!(count, 1 | 3))
        {
            let what = format!(
                "a clip of {} in {count} planes of {} bits; clips have one or three planes of one depth of 8 to \
                 {DEPTH_MAX} bits, chroma of full or half size",
                shape.colour, first.bit_depth
            );
            return Err(CodecError::Unsupported { what });
        }
        Ok(Self {
            width: shape.width_px,
            height: shape.height_px,
            depth: first.bit_depth,
            planes: count,
            sub_x: last.subsample_x_log2,
            sub_y: last.subsample_y_log2,
        })
    }

    /// Columns and rows of cells.
    pub fn cells(&self) -> (usize, usize) {
        (self.width.div_ceil(CELL), self.height.div_ceil(CELL))
    }

    /// Logarithms of the sampling of a plane.
    #[inline(always)]
    pub fn sub(&self, plane: usize) -> (usize, usize) {
        if plane == 0 { (0, 0) } else { (self.sub_x.into(), self.sub_y.into()) }
    }

    /// Padded size of a plane.
    pub fn plane_size(&self, plane: usize) -> (usize, usize) {
        let ((across, down), (sub_x, sub_y)) = (self.cells(), self.sub(plane));
        ((across * CELL) >> sub_x, (down * CELL) >> sub_y)
    }

    /// The largest sample.
    #[inline(always)]
    pub fn sample_max(&self) -> i32 {
        (1 << self.depth) - 1
    }
}

/// The padded planes of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// As many as the format says.
    pub planes: Vec<Plane<u16>>,
}

impl Frame {
    /// All samples 0.
    pub fn new(format: &Format) -> Self {
        let plane = |index| {
            let (width, height) = format.plane_size(index);
            Plane::new(width, height)
        };
        Self { planes: (0..format.planes).map(plane).collect() }
    }

    /// All samples in the middle of their range.
    pub fn gray(format: &Format) -> Self {
        let mut frame = Self::new(format);
        let middle = 1 << (format.depth - 1);
        frame.planes.iter_mut().filter_map(Plane::as_mut_slice).for_each(|samples| samples.fill(middle));
        frame
    }

    /// Pads `planes`, which are of `format`.
    pub fn padded(planes: &Planes, format: &Format) -> Self {
        let mut frame = Self::new(format);
        for (to, from) in frame.planes.iter_mut().zip(&planes.planes) {
            for y in 0..to.height() {
                let source = from.row(y.min(from.height() - 1));
                let row = to.row_mut(y);
                row[..source.len()].copy_from_slice(source);
                row[source.len()..].fill(source[source.len() - 1]);
            }
        }
        frame
    }

    /// The planes without padding, of `shape`.
    pub fn cropped(&self, shape: &Shape) -> Planes {
        let mut planes = Planes::new(shape.clone());
        for (to, from) in planes.planes.iter_mut().zip(&self.planes) {
            for y in 0..to.height() {
                let width = to.width();
                to.row_mut(y).copy_from_slice(&from.row(y)[..width]);
            }
        }
        planes
    }
}

/// A picture while it is coded, and after.
#[derive(Clone, Debug)]
pub struct FrameState {
    /// Its samples.
    pub frame: Frame,
    /// What each 8 × 8 was coded as, row by row.
    pub cells: Vec<Cell>,
    /// Cells in a row.
    pub across: usize,
    /// Rows of cells.
    pub down: usize,
}

impl FrameState {
    /// Nothing coded yet.
    pub fn new(format: &Format) -> Self {
        let (across, down) = format.cells();
        Self { frame: Frame::new(format), cells: vec![Cell::default(); across * down], across, down }
    }

    /// The cell over a luma sample, if that lies inside and is coded.
    #[inline(always)]
    pub fn cell(&self, x: isize, y: isize) -> Option<&Cell> {
        if x < 0 || y < 0 {
            return None;
        }
        let (column, row) = (x as usize / CELL, y as usize / CELL);
        if column >= self.across || row >= self.down {
            return None;
        }
        let cell = &self.cells[row * self.across + column];
        cell.coded.then_some(cell)
    }

    /// Sets the cells of a block.
    pub fn put_cells(&mut self, (x, y): (usize, usize), side: usize, cell: Cell) {
        let (column, row) = (x / CELL, y / CELL);
        for row in row..row + side / CELL {
            self.cells[row * self.across..][column..column + side / CELL].fill(cell);
        }
    }
}

//! A plane while its blocks are coded: the decoded samples, and for each cell of 8 × 8 what its
//! block was. Bit-exact.
//!
//! Encoder and decoder keep the same state; codecs derive the contexts of a block from it.

use crate::PlaneKind;
use tintype_image::Plane;

/// Side of a cell in samples.
const CELL: usize = 8;

/// What the block was that covers one cell of 8 × 8 samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The block's side; 0 while nothing is coded.
    pub side: u8,
    /// The block's mode: number of its piece or cluster.
    pub mode: u8,
    /// Sum of the magnitudes of the block's levels, saturated; the codec says for which area.
    pub energy: u8,
    /// Digits of the block's end, for codecs whose contexts see it.
    pub end: u8,
    /// Index of the block's quantiser step against the plane's, for codecs that vary it.
    pub step: i8,
    /// Slopes of the block's samples against the planes before, for codecs that predict by them.
    pub slopes: [i8; 2],
}

/// A plane under way.
#[derive(Clone, Debug)]
pub struct PlaneState {
    /// Decoded samples.
    pub samples: Plane<i16>,
    /// Cells of 8 × 8 samples, row by row.
    pub cells: Plane<Cell>,
    /// What the plane is.
    pub kind: PlaneKind,
    /// The prediction where nothing is decoded.
    pub middle: i32,
}

impl PlaneState {
    /// Nothing coded yet; `width` and `height` are multiples of 8.
    pub fn new((width, height): (usize, usize), kind: PlaneKind) -> Self {
        let cells = Plane::new(width / CELL, height / CELL);
        Self { samples: Plane::new(width, height), cells, kind, middle: kind.middle() }
    }

    /// Whether sample (`x`, `y`) exists and is coded.
    pub fn is_coded(&self, x: usize, y: usize) -> bool {
        x < self.samples.width()
            && y < self.samples.height()
            && self.cells.row(y / CELL)[x / CELL].side != 0
    }

    /// The cells left of and above the block at (`x`, `y`), at its first row and column.
    pub fn neighbours(&self, x: usize, y: usize) -> [Option<Cell>; 2] {
        let (cx, cy) = (x / CELL, y / CELL);
        let left = (cx > 0).then(|| self.cells.row(cy)[cx - 1]);
        let above = (cy > 0).then(|| self.cells.row(cy - 1)[cx]);
        [left, above]
    }

    /// Sum of `energy` over the cells along the left and upper edge of the block of `side` at
    /// (`x`, `y`).
    pub fn edge_energy(&self, (x, y): (usize, usize), side: usize, energy: impl Fn(Cell) -> u32) -> u32 {
        let (cx, cy) = (x / CELL, y / CELL);
        let mut sum = 0;
        for i in 0..side / CELL {
            sum += if cx > 0 { energy(self.cells.row(cy + i)[cx - 1]) } else { 0 };
            sum += if cy > 0 { energy(self.cells.row(cy - 1)[cx + i]) } else { 0 };
        }
        sum
    }

    /// Puts the samples of a block of `side` at (`x`, `y`), row by row, into the plane, and
    /// `cell` into its cells.
    pub fn put_block(&mut self, (x, y): (usize, usize), side: usize, samples: &[i16], cell: Cell) {
        for (row, line) in samples.chunks_exact(side).enumerate() {
            self.samples.row_mut(y + row)[x..][..side].copy_from_slice(line);
        }
        self.fill_cells((x, y), side, cell);
    }

    /// Sets the cells of the block of `side` at (`x`, `y`), as far as the plane goes; the
    /// default cell takes the block back as not coded.
    pub fn fill_cells(&mut self, (x, y): (usize, usize), side: usize, cell: Cell) {
        let (cx, cy) = (x / CELL, y / CELL);
        let columns = (side / CELL).min(self.cells.width() - cx);
        for row in cy..(cy + side / CELL).min(self.cells.height()) {
            self.cells.row_mut(row)[cx..][..columns].fill(cell);
        }
    }
}

/// The class of a sum of magnitudes on a logarithmic scale, at most `max`: 0, 1, 2, 3–4, 5–8,
/// 9–16 and so on.
#[inline]
pub fn energy_class(sum: u32, max: usize) -> usize {
    match sum {
        0 => 0,
        1 => 1,
        _ => ((sum - 1).ilog2() as usize + 2).min(max),
    }
}

/// The places of the four quarters of a block of `side` at (`x`, `y`), in Z order: the order in
/// which they are coded.
#[inline(always)]
pub fn quarters((x, y): (usize, usize), side: usize) -> [(usize, usize); 4] {
    let half = side / 2;
    [(x, y), (x + half, y), (x, y + half), (x + half, y + half)]
}

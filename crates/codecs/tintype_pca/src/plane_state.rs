//! What both directions keep of a plane while its blocks are coded: samples so far, and for each cell of 8 × 8 the
//! block's size, piece and energy. Bit-exact.

use super::walk::{BlockContext, energy_from_sum};
use tintype_block::InternalKind;
use tintype_image::Plane;

/// One cell of 8 × 8 samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// 0 not coded, 8 or 16.
    pub side: u8,
    /// Piece number within its set.
    pub piece: u8,
    /// Sum of magnitudes of a quarter of the block (of 16) or the whole block (of 8), saturated.
    pub energy: u8,
}

/// A plane under way.
#[derive(Clone, Debug)]
pub struct PlaneState {
    /// Decoded samples.
    pub samples: Plane<i16>,
    /// Cells, row by row.
    pub cells: Plane<Cell>,
    /// Kind of plane.
    pub kind: InternalKind,
}

impl PlaneState {
    /// Nothing coded yet; sides are multiples of 16.
    pub fn new(width: usize, height: usize, kind: InternalKind) -> Self {
        Self { samples: Plane::new(width, height), cells: Plane::new(width / 8, height / 8), kind }
    }

    /// The context of the block of side `n` at (`x`, `y`); `other` is the luma plane's state for chroma.
    pub fn context(
        &self,
        x: usize,
        y: usize,
        n: usize,
        other: Option<&PlaneState>,
    ) -> BlockContext {
        let (cx, cy, span) = (x / 8, y / 8, n / 8);
        let left = (cx > 0).then(|| self.cells.row(cy)[cx - 1]);
        let above = (cy > 0).then(|| self.cells.row(cy - 1)[cx]);
        let mut sum = 0u32;
        for i in 0..span {
            sum += if cx > 0 { u32::from(self.cells.row(cy + i)[cx - 1].energy) } else { 0 };
            sum += if cy > 0 { u32::from(self.cells.row(cy - 1)[cx + i].energy) } else { 0 };
        }
        let same = |cell: Option<Cell>| {
            cell.filter(|c| usize::from(c.side) == n).map(|c| usize::from(c.piece))
        };
        let other = other.map_or(0, |state| state.energy_under(cx, cy, span, &self.cells));
        BlockContext {
            size: span - 1,
            energy: energy_from_sum(sum),
            other,
            left: same(left),
            above: same(above),
        }
    }

    /// Energy of this plane where cell (`cx`, `cy`) of a plane with `cells` lies, which may be subsampled.
    fn energy_under(&self, cx: usize, cy: usize, span: usize, cells: &Plane<Cell>) -> usize {
        let scale = |index: usize, own: usize, its: usize| (index * own / its.max(1)).min(own - 1);
        let mut sum = 0;
        for y in cy..cy + span {
            let row = self.cells.row(scale(y, self.cells.height(), cells.height()));
            for x in cx..cx + span {
                sum += u32::from(row[scale(x, row.len(), cells.width())].energy);
            }
        }
        energy_from_sum(sum)
    }

    /// How many of the left and upper neighbours of the superblock at (`x`, `y`) are split, and their energy.
    pub fn split_context(&self, x: usize, y: usize) -> (usize, usize) {
        let (cx, cy) = (x / 8, y / 8);
        let left = (cx > 0).then(|| self.cells.row(cy)[cx - 1]);
        let above = (cy > 0).then(|| self.cells.row(cy - 1)[cx]);
        let split = [left, above].into_iter().flatten().filter(|c| c.side == 8).count();
        (self.context(x, y, 16, None).energy, split)
    }

    /// Notes a coded block.
    pub fn note(&mut self, x: usize, y: usize, n: usize, piece: usize, levels: &[i16]) {
        let sum: u32 = levels.iter().map(|v| u32::from(v.unsigned_abs())).sum();
        let energy = if n == 16 { sum.div_ceil(4) } else { sum }.min(255) as u8;
        let cell = Cell { side: n as u8, piece: piece as u8, energy };
        for row in 0..n / 8 {
            self.cells.row_mut(y / 8 + row)[x / 8..][..n / 8].fill(cell);
        }
    }
}

//! What both directions keep of a plane while its blocks are coded: samples so far, and for each cell of 8 × 8 the block's
//! size, cluster and number of atoms. Bit-exact.

use super::block::SIDES;
use super::walk::BlockContext;
use tintype_image::Plane;

/// One cell of 8 × 8 samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// 0 not coded, else the block's side.
    pub side: u8,
    /// The block's cluster.
    pub cluster: u8,
    /// Sum of magnitudes of the block, saturated.
    pub energy: u8,
}

/// A plane under way.
#[derive(Clone, Debug)]
pub struct PlaneState {
    /// Samples decoded so far.
    pub samples: Plane<i16>,
    /// Cells, row by row.
    pub cells: Plane<Cell>,
    /// What the first block is predicted from.
    pub middle: i32,
    /// Coded with the sets for chroma.
    pub chroma: bool,
}

impl PlaneState {
    /// Nothing coded yet; sides are multiples of 32.
    pub fn new(width: usize, height: usize, middle: i32, chroma: bool) -> Self {
        Self {
            samples: Plane::new(width, height),
            cells: Plane::new(width / 8, height / 8),
            middle,
            chroma,
        }
    }

    /// Whether sample (`x`, `y`) is coded.
    pub fn is_coded(&self, x: usize, y: usize) -> bool {
        x < self.samples.width()
            && y < self.samples.height()
            && self.cells.row(y / 8)[x / 8].side != 0
    }

    fn neighbours(&self, x: usize, y: usize) -> [Option<Cell>; 2] {
        let (cx, cy) = (x / 8, y / 8);
        let left = (cx > 0).then(|| self.cells.row(cy)[cx - 1]);
        let above = (cy > 0).then(|| self.cells.row(cy - 1)[cx]);
        [left, above].map(|cell| cell.filter(|c| c.side != 0))
    }

    /// The context of the block of size number `size` at (`x`, `y`); `other` is the luma plane's state for chroma.
    pub fn context(
        &self,
        x: usize,
        y: usize,
        size: usize,
        other: Option<&PlaneState>,
    ) -> BlockContext {
        let (cx, cy, span) = (x / 8, y / 8, SIDES[size] / 8);
        // Atoms for an area of this block's size, left and above.
        let mut sum = 0u32;
        let scaled = |cell: Cell| {
            let area = u32::from(cell.side / 8).pow(2);
            u32::from(cell.energy) * 16 / area.max(1)
        };
        for i in 0..span {
            sum += if cx > 0 { scaled(self.cells.row(cy + i)[cx - 1]) } else { 0 };
            sum += if cy > 0 { scaled(self.cells.row(cy - 1)[cx + i]) } else { 0 };
        }
        let sum = sum * span as u32 / 32;
        let [left, above] = self.neighbours(x, y);
        let other = other.map_or(0, |state| state.energy_under(cx, cy, span, &self.cells));
        let cluster = |cell: Option<Cell>| cell.map_or(0, |c| usize::from(c.cluster) + 1);
        BlockContext {
            set: size + if self.chroma { 3 } else { 0 },
            energy: energy_from_sum(sum),
            other,
            left: cluster(left),
            above: cluster(above),
        }
    }

    /// Energy of this plane where cells of a plane with `cells` lie, which may be smaller.
    fn energy_under(&self, cx: usize, cy: usize, span: usize, cells: &Plane<Cell>) -> usize {
        let scale = |index: usize, own: usize, its: usize| (index * own / its.max(1)).min(own - 1);
        let (left, right) = (
            scale(cx, self.cells.width(), cells.width()),
            scale(cx + span, self.cells.width(), cells.width()),
        );
        let (top, bottom) = (
            scale(cy, self.cells.height(), cells.height()),
            scale(cy + span, self.cells.height(), cells.height()),
        );
        let mut sum = 0;
        for y in top..bottom.max(top + 1) {
            for cell in &self.cells.row(y)[left..right.max(left + 1)] {
                sum += u32::from(cell.energy) * 16 / u32::from(cell.side / 8).pow(2).max(1);
            }
        }
        energy_from_sum(sum / 16)
    }

    /// Context of whether the block at (`x`, `y`) of size number `size` is split: how many neighbours are smaller, and energy.
    pub fn split_context(
        &self,
        x: usize,
        y: usize,
        size: usize,
        other: Option<&PlaneState>,
    ) -> (usize, usize) {
        let smaller = |cell: &Cell| usize::from(cell.side) < SIDES[size];
        let split = self.neighbours(x, y).iter().flatten().filter(|c| smaller(c)).count();
        let context = self.context(x, y, size, other);
        (context.energy * 3 + context.other.min(2), split)
    }

    /// Notes a coded block.
    pub fn note(&mut self, x: usize, y: usize, size: usize, cluster: usize, energy: u32) {
        let side = SIDES[size];
        let cell = Cell { side: side as u8, cluster: cluster as u8, energy: energy.min(255) as u8 };
        for row in 0..side / 8 {
            self.cells.row_mut(y / 8 + row)[x / 8..][..side / 8].fill(cell);
        }
    }
}

/// Logarithmic steps of a sum: 0, 1, 2, 3–4, 5–8 … to 7.
fn energy_from_sum(sum: u32) -> usize {
    match sum {
        0 => 0,
        1 => 1,
        _ => ((sum - 1).ilog2() as usize + 2).min(7),
    }
}

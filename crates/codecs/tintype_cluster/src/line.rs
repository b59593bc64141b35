//! What the coder remembers of the blocks left of and above the next one. Bit-exact.

use super::walk::BlockContext;

/// One cell of 4 × 4 samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(4))]
pub struct Cell {
    /// 0 nothing coded; 1, 2, 3: part of a block of 4, 8, 16 with atoms.
    pub size: u8,
    /// Magnitude of the first gain, at most 2.
    pub level: u8,
    /// First symbol of the first path.
    pub top: u8,
}

/// The cells above the present row of superblocks, and those left of the present superblock.
#[derive(Clone, Debug)]
pub struct Line {
    above: Vec<Cell>,
    left: [Cell; 4],
}

/// The cells that one superblock may change.
pub type Saved = ([Cell; 4], [Cell; 4]);

impl Line {
    /// For a plane of `width` samples, a multiple of 16.
    pub fn new(width: usize) -> Self {
        Self { above: vec![Cell::default(); width / 4], left: [Cell::default(); 4] }
    }

    /// At the start of a row of superblocks.
    pub fn begin_row(&mut self) {
        self.left = [Cell::default(); 4];
    }

    /// The cells that the superblock whose first cell is `x` may change.
    pub fn save(&self, x: usize) -> Saved {
        let mut above = [Cell::default(); 4];
        above.copy_from_slice(&self.above[x..x + 4]);
        (above, self.left)
    }

    /// Takes back what was done to them.
    pub fn restore(&mut self, x: usize, saved: &Saved) {
        self.above[x..x + 4].copy_from_slice(&saved.0);
        self.left = saved.1;
    }

    /// Context of the block of `size` (0, 1, 2) at cell (`x`, `y`), `y` within the superblock.
    #[inline(always)]
    pub fn context(&self, x: usize, y: usize, size: usize, chroma: bool) -> BlockContext {
        let (left, above) = (self.left[y], self.above[x]);
        let own = size as u8 + 1;
        let path = if left.size == own {
            1 + usize::from(left.top)
        } else if above.size == own {
            1 + usize::from(above.top)
        } else {
            0
        };
        BlockContext { chroma, size, near: usize::from(left.level + above.level), path }
    }

    /// What the neighbours of a block of 16 (`size` 2) or 8 (1) were, as its shape's context: 0, 1, 2.
    #[inline(always)]
    pub fn shapes(&self, x: usize, y: usize, size: usize) -> (usize, usize) {
        let class = |cell: Cell| match (cell.size, size) {
            (0, _) => 0,
            (3, _) | (2, 1) => 1,
            _ => 2,
        };
        (class(self.left[y]), class(self.above[x]))
    }

    /// Notes a block.
    #[inline(always)]
    pub fn note(&mut self, x: usize, y: usize, size: usize, cell: Cell) {
        let span = 1 << size;
        self.above[x..x + span].fill(cell);
        self.left[y..y + span].fill(cell);
    }
}

/// The cell of a block with a first gain and a first symbol.
#[inline(always)]
pub fn cell(size: usize, level: i16, top: usize) -> Cell {
    Cell { size: size as u8 + 1, level: level.unsigned_abs().min(2) as u8, top: top as u8 }
}

//! What the coder knows of the blocks left of and above the next one. Bit-exact.

/// What a block's neighbours see of it, for each cell of 4 × 4 samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(4))]
pub struct Cell {
    /// 0 nothing coded; 1, 2, 3: part of a block of 4, 8, 16 with atoms.
    pub size: u8,
    /// Magnitude of the first level, at most 2.
    pub magnitude: u8,
    /// First symbol of the first path.
    pub symbol: u8,
}

impl Cell {
    /// Of a block of `size` (0, 1, 2) with a first level and a first symbol.
    #[inline(always)]
    pub fn new(size: usize, level: i16, symbol: u32) -> Self {
        let magnitude = level.unsigned_abs().min(2) as u8;
        Self { size: size as u8 + 1, magnitude, symbol: symbol as u8 }
    }
}

/// What is known of a block before its symbols.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlockContext {
    /// A chroma plane's.
    pub chroma: bool,
    /// 0, 1, 2 for sides of 4, 8, 16.
    pub size: usize,
    /// First magnitudes left and above: 0 to 4.
    pub magnitudes: usize,
    /// First symbol of a neighbour of the same size, plus 1; 0 for none.
    pub symbol: usize,
}

/// The cells above the present row of superblocks, and those left of the present superblock.
#[derive(Clone, Debug)]
pub struct Neighbours {
    above: Vec<Cell>,
    left: [Cell; 4],
}

/// The cells that one superblock may change.
pub type SavedCells = ([Cell; 4], [Cell; 4]);

impl Neighbours {
    /// For a plane of `width` samples, a multiple of 16.
    pub fn new(width: usize) -> Self {
        Self { above: vec![Cell::default(); width / 4], left: [Cell::default(); 4] }
    }

    /// Starts a row of superblocks: nothing is left of it.
    pub fn begin_row(&mut self) {
        self.left = [Cell::default(); 4];
    }

    /// The cells that the superblock whose first cell is `x` may change.
    pub fn save(&self, x: usize) -> SavedCells {
        let mut above = [Cell::default(); 4];
        above.copy_from_slice(&self.above[x..x + 4]);
        (above, self.left)
    }

    /// Sets them back.
    pub fn restore(&mut self, x: usize, saved: &SavedCells) {
        self.above[x..x + 4].copy_from_slice(&saved.0);
        self.left = saved.1;
    }

    /// Context of the block of `size` (0, 1, 2) at cell (`x`, `y`), `y` within the superblock.
    #[inline(always)]
    pub fn context(&self, x: usize, y: usize, size: usize, chroma: bool) -> BlockContext {
        let (left, above) = (self.left[y], self.above[x]);
        let own = size as u8 + 1;
        let symbol = if left.size == own {
            1 + usize::from(left.symbol)
        } else if above.size == own {
            1 + usize::from(above.symbol)
        } else {
            0
        };
        let magnitudes = usize::from(left.magnitude + above.magnitude);
        BlockContext { chroma, size, magnitudes, symbol }
    }

    /// Context of the shape of a block of 16 (`size` 2) or 8 (1), left and above: 0 nothing, 1
    /// a block as large, 2 smaller.
    #[inline(always)]
    pub fn shapes(&self, x: usize, y: usize, size: usize) -> (usize, usize) {
        let class = |cell: Cell| match (cell.size, size) {
            (0, _) => 0,
            (3, _) | (2, 1) => 1,
            _ => 2,
        };
        (class(self.left[y]), class(self.above[x]))
    }

    /// Sets the cells of the block of `size` at cell (`x`, `y`).
    #[inline(always)]
    pub fn set_block(&mut self, x: usize, y: usize, size: usize, cell: Cell) {
        let span = 1 << size;
        self.above[x..x + span].fill(cell);
        self.left[y..y + span].fill(cell);
    }
}

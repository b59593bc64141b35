//! Coefficients of one band of one component in one tile, with a margin of zeros, so that
//! neighbours are read without bounds logic.
//!
//! Three arrays share one layout (row `y`, column `x` at [`BandGrid::at`]): coefficients in
//! sign-magnitude form, magnitudes scaled to the bit-plane being coded, and the signs known so
//! far. All bands of a level share one row stride, so one index serves sibling bands.
//!
//! Bit-exact: integers only.

/// Columns and rows of zeros around a band: contexts reach one sample, and a row is read in
/// words of eight samples that start two before a block.
pub(crate) const MARGIN: usize = 2;

/// Side of a block in coefficients: the unit that becomes active as a whole.
pub(crate) const BLOCK: usize = 4;

/// Side of a superblock in blocks.
pub(crate) const SUPER: usize = 4;

/// The sign bit of a coefficient in sign-magnitude form: set for negative.
pub(crate) const SIGN: u32 = 1 << 31;

/// The largest scaled magnitude: five bits keep the sum of eight neighbours within a byte.
pub(crate) const SCALED_MAX: u8 = 31;

/// Which blocks of a rectangle of blocks are active, with one row and column of zeros around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ActivityMap {
    stride: usize,
    flags: Vec<u8>,
}

impl ActivityMap {
    fn new(width: usize, height: usize) -> Self {
        Self { stride: width + 2, flags: vec![0; (width + 2) * (height + 2)] }
    }

    /// Index of column `x`, row `y`.
    #[inline(always)]
    pub fn at(&self, x: usize, y: usize) -> usize {
        (y + 1) * self.stride + x + 1
    }

    /// 1 for an active block, else 0.
    #[inline(always)]
    pub fn get(&self, at: usize) -> u8 {
        self.flags[at]
    }

    #[inline(always)]
    pub fn activate(&mut self, at: usize) {
        self.flags[at] = 1;
    }

    /// How many of the four direct neighbours are active, and how many of the four diagonal
    /// ones.
    #[inline(always)]
    pub fn active_neighbours(&self, at: usize) -> (u32, u32) {
        direct_and_diagonal(&self.flags, self.stride, at)
    }
}

/// Sums over the four direct neighbours of `at` and over the four diagonal ones.
#[inline(always)]
pub(crate) fn direct_and_diagonal(values: &[u8], stride: usize, at: usize) -> (u32, u32) {
    let row = |at: usize| -> [u32; 3] {
        let r = &values[at - 1..at + 2];
        [u32::from(r[0]), u32::from(r[1]), u32::from(r[2])]
    };
    let (north, centre, south) = (row(at - stride), row(at), row(at + stride));
    let direct = north[1] + south[1] + centre[0] + centre[2];
    let diagonal = north[0] + north[2] + south[0] + south[2];
    (direct, diagonal)
}

/// One band's coefficients and the coding state of its blocks.
#[derive(Clone, Debug, Default)]
pub(crate) struct BandGrid {
    pub width: usize,
    pub height: usize,
    pub stride: usize,
    /// Sign-magnitude form. The encoder's are complete; the decoder's grow plane by plane.
    pub coefficients: Vec<u32>,
    /// Magnitudes in units of the bit-plane being coded, at most [`SCALED_MAX`]; 0 until
    /// significant.
    pub scaled: Vec<u8>,
    /// -1 or 1 for significant coefficients, else 0.
    pub signs: Vec<i8>,
    /// Blocks with a significant coefficient so far.
    pub active_blocks: ActivityMap,
    /// Superblocks with an active block.
    pub active_superblocks: ActivityMap,
    /// Whether any superblock is active.
    pub active: bool,
    /// Encoder only: the union of the bits of all magnitudes of a block, a superblock, the band.
    pub block_bits: Vec<u32>,
    pub superblock_bits: Vec<u32>,
    pub band_bits: u32,
    /// The lowest bit-plane of which every coefficient is known.
    pub lowest_plane: u32,
}

impl BandGrid {
    /// An empty band of `width × height` in a level whose largest band is `level_size`.
    pub fn new((width, height): (usize, usize), level_size: (usize, usize), planes: u32) -> Self {
        let stride = (level_size.0 + 2 * MARGIN + 4).next_multiple_of(8);
        let count = (level_size.1.next_multiple_of(BLOCK) + 1 + 2 * MARGIN) * stride + 8;
        let (bw, bh) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
        Self {
            width,
            height,
            stride,
            coefficients: vec![0; count],
            scaled: vec![0; count],
            signs: vec![0; count],
            active_blocks: ActivityMap::new(bw, bh),
            active_superblocks: ActivityMap::new(bw.div_ceil(SUPER), bh.div_ceil(SUPER)),
            active: false,
            block_bits: Vec::new(),
            superblock_bits: Vec::new(),
            band_bits: 0,
            lowest_plane: planes,
        }
    }

    /// Width and height in blocks.
    pub fn blocks(&self) -> (usize, usize) {
        (self.width.div_ceil(BLOCK), self.height.div_ceil(BLOCK))
    }

    /// Width and height in superblocks.
    pub fn superblocks(&self) -> (usize, usize) {
        let (bw, bh) = self.blocks();
        (bw.div_ceil(SUPER), bh.div_ceil(SUPER))
    }

    /// Index of column `x`, row `y`.
    #[inline(always)]
    pub fn at(&self, x: usize, y: usize) -> usize {
        (y + MARGIN) * self.stride + x + MARGIN
    }

    /// Encoder only: fills the unions of bits from the coefficients.
    pub fn collect_bits(&mut self) {
        let (bw, bh) = self.blocks();
        let (sw, sh) = self.superblocks();
        self.block_bits = vec![0; bw * bh];
        self.superblock_bits = vec![0; sw * sh];

        for y in 0..self.height {
            let row = &self.coefficients[(y + MARGIN) * self.stride + MARGIN..][..self.width];
            let blocks = &mut self.block_bits[y / BLOCK * bw..][..bw];
            for (bits, chunk) in blocks.iter_mut().zip(row.chunks(BLOCK)) {
                for coefficient in chunk {
                    *bits |= coefficient & !SIGN;
                }
            }
        }
        for by in 0..bh {
            for bx in 0..bw {
                self.superblock_bits[by / SUPER * sw + bx / SUPER] |= self.block_bits[by * bw + bx];
            }
        }
        self.band_bits = self.superblock_bits.iter().fold(0, |all, bits| all | bits);
    }

    /// Moves the scaled magnitudes to the units of the next lower plane.
    pub fn rescale(&mut self) {
        for scaled in &mut self.scaled {
            *scaled = (*scaled).min(SCALED_MAX / 2) << 1;
        }
    }
}

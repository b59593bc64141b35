//! Coefficients of one band of one component in one tile, padded so that neighbours can be read without bounds logic.
//!
//! Three arrays in one layout (row `y`, column `x` at [`Grid::at`]): magnitudes with the sign in the top bit (the
//! encoder's goal, or what the decoder knows), magnitudes on the scale of the bit-plane being coded, capped (`seen`),
//! and signs already known (`signs`). All bands of a level share one row stride, so one index serves them all.

/// Columns and rows of zeros around a band.
pub(crate) const MARGIN: usize = 2;
/// Side of a block: the unit that becomes active as a whole.
pub(crate) const BLOCK: usize = 4;
/// Side of a superblock in blocks.
pub(crate) const SUPER: usize = 4;
/// The sign bit of a stored magnitude: set for negative.
pub(crate) const SIGN: u32 = 1 << 31;
/// The largest value in `seen`; magnitudes beyond look alike.
pub(crate) const SEEN_MAX: u8 = 31;

/// Flags of a rectangle of blocks with one row and column of zeros around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    stride: usize,
    flags: Vec<u8>,
}

impl Flags {
    fn new(width: usize, height: usize) -> Self {
        Self { stride: width + 2, flags: vec![0; (width + 2) * (height + 2)] }
    }

    /// Index of column `x`, row `y`.
    #[inline(always)]
    pub fn at(&self, x: usize, y: usize) -> usize {
        (y + 1) * self.stride + x + 1
    }

    #[inline(always)]
    pub fn get(&self, at: usize) -> u8 {
        self.flags[at]
    }

    #[inline(always)]
    pub fn set(&mut self, at: usize, value: u8) {
        self.flags[at] = value;
    }

    /// The four direct neighbours and the four diagonal ones, added up apart.
    #[inline(always)]
    pub fn around(&self, at: usize) -> (u32, u32) {
        let row = |at: usize| -> [u32; 3] {
            let r = &self.flags[at - 1..at + 2];
            [u32::from(r[0]), u32::from(r[1]), u32::from(r[2])]
        };
        let (n, c, s) = (row(at - self.stride), row(at), row(at + self.stride));
        (n[1] + s[1] + c[0] + c[2], n[0] + n[2] + s[0] + s[2])
    }
}

/// One band's coefficients and what is known of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grid {
    pub width: usize,
    pub height: usize,
    pub stride: usize,
    /// Magnitude, and sign in the top bit.
    pub goal: Vec<u32>,
    pub seen: Vec<u8>,
    pub signs: Vec<i8>,
    /// Blocks with a significant coefficient so far.
    pub active: Flags,
    pub super_active: Flags,
    pub band_active: bool,
    /// Encoder only: all magnitudes of a block, superblock, band or-ed together.
    pub block_bits: Vec<u32>,
    pub super_bits: Vec<u32>,
    pub band_bits: u32,
    /// Lowest plane of which every coefficient is known.
    pub plane_known: u32,
}

impl Grid {
    /// An empty band of `width × height` in a level whose largest band is `level_size`.
    pub fn new((width, height): (usize, usize), level_size: (usize, usize), planes: u32) -> Self {
        let stride = (level_size.0 + 2 * MARGIN + 4).next_multiple_of(8);
        let count = (level_size.1.next_multiple_of(BLOCK) + 1 + 2 * MARGIN) * stride + 8;
        let (bw, bh) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
        Self {
            width,
            height,
            stride,
            goal: vec![0; count],
            seen: vec![0; count],
            signs: vec![0; count],
            active: Flags::new(bw, bh),
            super_active: Flags::new(bw.div_ceil(SUPER), bh.div_ceil(SUPER)),
            band_active: false,
            block_bits: Vec::new(),
            super_bits: Vec::new(),
            band_bits: 0,
            plane_known: planes,
        }
    }

    /// Width and height in blocks.
    pub fn blocks(&self) -> (usize, usize) {
        (self.width.div_ceil(BLOCK), self.height.div_ceil(BLOCK))
    }

    /// Width and height in superblocks.
    pub fn supers(&self) -> (usize, usize) {
        let (bw, bh) = self.blocks();
        (bw.div_ceil(SUPER), bh.div_ceil(SUPER))
    }

    /// Index of column `x`, row `y`.
    #[inline(always)]
    pub fn at(&self, x: usize, y: usize) -> usize {
        (y + MARGIN) * self.stride + x + MARGIN
    }

    /// Fills the or-ed magnitudes from `goal`.
    pub fn summarise(&mut self) {
        let (bw, bh) = self.blocks();
        let (sw, sh) = self.supers();
        self.block_bits = vec![0; bw * bh];
        self.super_bits = vec![0; sw * sh];
        for y in 0..self.height {
            let row = &self.goal[(y + MARGIN) * self.stride + MARGIN..][..self.width];
            let bits = &mut self.block_bits[y / BLOCK * bw..][..bw];
            for (bits, chunk) in bits.iter_mut().zip(row.chunks(BLOCK)) {
                *bits |= chunk.iter().fold(0, |all, m| all | m) & !SIGN;
            }
        }
        for by in 0..bh {
            for bx in 0..bw {
                self.super_bits[by / SUPER * sw + bx / SUPER] |= self.block_bits[by * bw + bx];
            }
        }
        self.band_bits = self.super_bits.iter().fold(0, |all, b| all | b);
    }

    /// Moves `seen` to the scale of the next lower plane.
    pub fn double_seen(&mut self) {
        for s in &mut self.seen {
            *s = (*s).min(SEEN_MAX / 2) << 1;
        }
    }
}

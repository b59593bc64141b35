//! Adding code vectors to the samples of a superblock. Bit-exact: integers; sums saturate.

use super::product::rounded_product;
use fearless_simd::{Simd, i8x16, i16x16, prelude::*};
use tintype_block::INTERNAL_MAX;

/// Side of a superblock.
pub const SIDE: usize = 16;

/// The samples of one superblock, row by row.
#[derive(Clone, Default)]
#[repr(align(32))]
pub struct Superblock(pub [[i16; SIDE]; SIDE]);

impl Superblock {
    /// Adds `factor` times the code vector `bytes` to the block of side `N` at (`x`, `y`),
    /// multiples of `N`: `ROWS = 16 / N` rows at a time.
    #[inline(always)]
    pub fn add<const N: usize, const ROWS: usize, S: Simd>(
        &mut self,
        simd: S,
        (x, y): (usize, usize),
        bytes: &[[i8; SIDE]],
        factor: i16,
    ) {
        let (blocks, _) = self.0.as_chunks_mut::<N>();
        let (rows, _) = blocks[y / N % ROWS].as_chunks_mut::<ROWS>();
        let column = x / N % ROWS;
        let factor = i16x16::splat(simd, 2 * factor);
        for (rows, bytes) in rows.iter_mut().zip(bytes) {
            // `factor · byte / 128`, rounded.
            let (low, high) = i8x16::from_slice(simd, bytes).widen();
            let added = rounded_product(low.combine(high) << 7, factor);
            let mut samples = [0; SIDE];
            for (own, row) in samples.as_chunks_mut::<N>().0.iter_mut().zip(&*rows) {
                *own = row.as_chunks::<N>().0[column];
            }
            i16x16::from_slice(simd, &samples).saturating_add(added).store_slice(&mut samples);
            for (own, row) in samples.as_chunks::<N>().0.iter().zip(rows) {
                row.as_chunks_mut::<N>().0[column] = *own;
            }
        }
    }
}

/// The factor of a code vector's bytes, in 1/128: `level · step / norm`.
#[inline(always)]
pub fn factor(level: i16, step: u16, reciprocal: u32) -> i16 {
    let product = (i64::from(level) * i64::from(step) * i64::from(reciprocal)) >> 16;
    product.clamp(i64::from(-INTERNAL_MAX), i64::from(INTERNAL_MAX)) as i16
}

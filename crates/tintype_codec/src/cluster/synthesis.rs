//! Adding code vectors to the samples of a superblock. Exact zone: integers; sums saturate.

use super::colour::INTERNAL_MAX;
use super::model::Tree;
use super::walk::Atom;
use fearless_simd::{Simd, i8x16, i16x16, prelude::*};

/// Side of a superblock.
pub const SIDE: usize = 16;

/// The samples of one superblock, row by row.
#[derive(Clone, Default)]
#[repr(align(32))]
pub struct Square(pub [[i16; SIDE]; SIDE]);

impl Square {
    /// Adds `atom` to the block of side `N` at (`x`, `y`), multiples of `N`.
    #[inline(always)]
    pub fn add_atom<const N: usize, S: Simd>(
        &mut self,
        simd: S,
        (x, y): (usize, usize),
        tree: &Tree,
        atom: Atom,
        step: u16,
    ) {
        let factor = factor(tree, atom, step);
        // `factor · byte / 128`, rounded, in 16 bits: 128 times `whole` and `part` make the factor.
        let (whole, part) = (i16x16::splat(simd, factor >> 7), i16x16::splat(simd, factor & 127));
        for (group, bytes) in tree.vector(atom.node).as_chunks::<SIDE>().0.iter().enumerate() {
            let (low, high) = i8x16::from_slice(simd, bytes).widen();
            let bytes = low.combine(high);
            let added = bytes * whole + ((bytes * part + 64) >> 7);
            self.add::<N, S>((x, y + group * (SIDE / N)), added);
        }
    }

    /// Adds sixteen samples: one row of 16, two of 8, or four of 4.
    #[inline(always)]
    fn add<const N: usize, S: Simd>(&mut self, (x, y): (usize, usize), added: i16x16<S>) {
        let column = x / N % (SIDE / N);
        let mut old = [0; SIDE];
        for (k, old) in old.as_chunks_mut::<N>().0.iter_mut().enumerate() {
            *old = self.0[(y + k) % SIDE].as_chunks::<N>().0[column];
        }
        let mut new = [0; SIDE];
        i16x16::from_slice(added.simd, &old).saturating_add(added).store_slice(&mut new);
        for (k, new) in new.as_chunks::<N>().0.iter().enumerate() {
            self.0[(y + k) % SIDE].as_chunks_mut::<N>().0[column] = *new;
        }
    }
}

/// The factor of an atom's bytes, in 1/128: `level · step / norm`.
#[inline(always)]
fn factor(tree: &Tree, atom: Atom, step: u16) -> i16 {
    let product = i64::from(atom.level) * i64::from(step) * i64::from(tree.reciprocals[atom.node as usize]);
    (product >> 16).clamp(i64::from(-INTERNAL_MAX), i64::from(INTERNAL_MAX)) as i16
}

//! Adding code vectors to a strip of sixteen rows. Exact zone: integers; sums saturate.

use super::colour::times;
use super::model::Tree;
use super::walk::Atom;

/// The factor of an atom's bytes, in 1/128: `level · step / norm`.
#[inline(always)]
pub fn factor(tree: &Tree, atom: Atom, step: u16) -> i16 {
    let product = i64::from(atom.level) * i64::from(step) * i64::from(tree.reciprocals[atom.node as usize]);
    (product >> 16).clamp(-32767, 32767) as i16
}

/// Adds the atoms of the block of side `N` at (`x`, `y`) of a strip with rows of `width` samples.
#[inline(always)]
pub fn add_atoms<const N: usize>(
    strip: &mut [i16],
    width: usize,
    (x, y): (usize, usize),
    tree: &Tree,
    atoms: &[Atom],
    step: u16,
) {
    for &atom in atoms {
        add::<N>(&mut strip[y * width + x..], width, tree.vector(atom.node), factor(tree, atom, step));
    }
}

#[inline(always)]
fn add<const N: usize>(rows: &mut [i16], width: usize, vector: &[i8], factor: i16) {
    for (row, bytes) in rows.chunks_mut(width).zip(vector.as_chunks::<N>().0) {
        let Some(row) = row.first_chunk_mut::<N>() else { return };
        // All is read before anything is written: so the compiler makes vector code of it.
        let mut sums = *row;
        for (sum, &byte) in sums.iter_mut().zip(bytes) {
            *sum = sum.saturating_add(times(i16::from(byte) << 8, factor));
        }
        *row = sums;
    }
}

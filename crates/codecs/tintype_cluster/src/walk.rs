//! The traversal of blocks and of their paths, written once: an encoder and a decoder run the
//! same functions. Bit-exact.
//!
//! Three codes run side by side so that a file can be cut: `base` holds the quadtree, levels
//! and the first symbol of each path; `second` the second symbols; `deep` the rest. A decoder
//! without the later ones stops at an inner node.
//!
//! A stretch of superblocks is walked in waves: what lies in the base code, then second
//! symbols, then deeper ones. The symbols of a wave, whose tables are known beforehand, do not
//! wait for each other; that is a large part of the decoder's speed. A wave runs over a code
//! that its caller handed in by reference to a local copy, so that the code's states stay in
//! registers. The codes are independent of each other: an encoder may take its waves superblock
//! by superblock while a decoder takes them strip by strip.

use super::coding_tree::CodingTrees;
use super::neighbours::{Cell, Neighbours};
use super::symbols::{Atom, Coder};
use super::tree::{DEPTH_MAX, set_index};
use fearless_simd::Simd;
use tintype_entropy::SymbolWalk;

/// What a block of 16 or 8 is coded as; also a block of 4, which is always [`Shape::ATOMS`],
/// perhaps without any.
#[derive(Clone, Debug, Default)]
pub struct BlockPlan {
    /// One of [`Shape`]'s.
    pub shape: u32,
    /// The atoms, with leaves as nodes.
    pub atoms: Vec<Atom>,
    /// The same with the first symbols of their paths as nodes.
    pub first_symbols: Vec<Atom>,
    /// The four parts of a split block, in Z order.
    pub quarters: Vec<BlockPlan>,
}

/// The symbols that say what a block is.
pub struct Shape;

impl Shape {
    /// Nothing.
    pub const NOTHING: u32 = 0;
    /// Atoms.
    pub const ATOMS: u32 = 1;
    /// Four quarters.
    pub const SPLIT: u32 = 2;
}

/// An atom and where it belongs.
pub struct PlacedAtom {
    /// Its node is as deep as the waves so far have come.
    pub atom: Atom,
    /// 0, 1, 2 for sides of 4, 8, 16.
    pub size: u8,
    /// Row within the strip.
    pub y: u8,
    /// Column.
    pub x: u32,
}

/// The symbols of a path from the root to a leaf, and how many they are.
pub type Path = ([u8; DEPTH_MAX], usize);

/// The walk over the blocks of one plane.
pub struct BlockWalk<'a, S: Simd> {
    /// The trees.
    pub trees: &'a CodingTrees,
    /// Codes symbols.
    pub coder: Coder<'a, S>,
    /// The blocks left and above.
    pub neighbours: Neighbours,
    /// A chroma plane's.
    pub chroma: bool,
    /// The atoms of the present wave, in their order.
    pub atoms: Vec<PlacedAtom>,
    /// Where their paths lead, when encoding.
    pub paths: Vec<Path>,
}

impl<S: Simd> BlockWalk<'_, S> {
    /// What lies in the base code of the superblock at column `x`: its shapes, and its atoms
    /// down to the first symbols of their paths. `plan` is what it is coded as; a decoder has
    /// none.
    #[inline(always)]
    pub fn superblock<W: SymbolWalk>(&mut self, base: &mut W, x: usize, plan: Option<&BlockPlan>) {
        let shapes = self.neighbours.shapes(x / 4, 0, 2);
        let given = plan.map_or(0, |plan| plan.shape);
        match self.coder.shape(base, given, self.chroma, 2, shapes) {
            Shape::NOTHING => self.neighbours.set_block(x / 4, 0, 2, Cell::default()),
            Shape::ATOMS => self.block(base, (x, 0), 2, plan),
            _ => {
                for quarter in 0..4 {
                    let plan = plan.and_then(|plan| plan.quarters.get(quarter));
                    self.quarter(base, (x + quarter % 2 * 8, quarter / 2 * 8), plan);
                }
            }
        }
    }

    #[inline(always)]
    fn quarter<W: SymbolWalk>(
        &mut self,
        base: &mut W,
        (x, y): (usize, usize),
        plan: Option<&BlockPlan>,
    ) {
        let shapes = self.neighbours.shapes(x / 4, y / 4, 1);
        let given = plan.map_or(0, |plan| plan.shape);
        match self.coder.shape(base, given, self.chroma, 1, shapes) {
            Shape::NOTHING => self.neighbours.set_block(x / 4, y / 4, 1, Cell::default()),
            Shape::ATOMS => self.block(base, (x, y), 1, plan),
            _ => {
                for (quarter, (dx, dy)) in [(0, 0), (4, 0), (0, 4), (4, 4)].into_iter().enumerate() {
                    let plan = plan.and_then(|plan| plan.quarters.get(quarter));
                    self.block(base, (x + dx, y + dy), 0, plan);
                }
            }
        }
    }

    #[inline(always)]
    fn block<W: SymbolWalk>(
        &mut self,
        base: &mut W,
        (x, y): (usize, usize),
        size: usize,
        plan: Option<&BlockPlan>,
    ) {
        let root = self.trees.root(set_index(self.chroma, size));
        let block = self.neighbours.context(x / 4, y / 4, size, self.chroma);
        let given = plan.map_or(&[][..], |plan| &plan.first_symbols);
        let atoms = &mut self.atoms;
        let take = |atom| atoms.push(PlacedAtom { atom, size: size as u8, y: y as u8, x: x as u32 });
        let cell = self.coder.atoms(base, root, given, &block, size == 0, take);
        self.neighbours.set_block(x / 4, y / 4, size, cell);
    }

    /// The second symbols of the wave's paths.
    #[inline(always)]
    pub fn second_symbols<W: SymbolWalk>(&mut self, code: &mut W) {
        let nodes = self.trees.nodes.as_slice();
        for (number, placed) in self.atoms.iter_mut().enumerate() {
            let node = &nodes[placed.atom.node as usize];
            if node.last > 0 {
                let symbol = if W::READS { 0 } else { self.paths[number].0[1] };
                placed.atom.node = self.coder.child(code, node, symbol.into());
            }
        }
    }

    /// The symbols from the third on, to the leaves.
    #[inline(always)]
    pub fn deep_symbols<W: SymbolWalk>(&mut self, code: &mut W) {
        let nodes = self.trees.nodes.as_slice();
        for (number, placed) in self.atoms.iter_mut().enumerate() {
            let mut node = &nodes[placed.atom.node as usize];
            let mut depth = 2;
            while node.last > 0 {
                let symbol = if W::READS { 0 } else { self.paths[number].0[depth] };
                placed.atom.node = self.coder.child(code, node, symbol.into());
                node = &nodes[placed.atom.node as usize];
                depth += 1;
            }
        }
    }
}

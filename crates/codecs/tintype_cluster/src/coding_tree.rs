//! The nodes of all trees in one list, each with what coding a path through it needs: a decoder
//! looks up one place in memory for each symbol. Bit-exact.

use super::tables::Layout;
use super::tree::{Node, SETS, Tree};

/// A node as coding sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct CodingNode {
    /// The first child.
    pub first: u32,
    /// How many children less one; 0 for a leaf.
    pub last: u32,
    /// The adaptive table of its children's symbols.
    pub table: u32,
    /// Where its code vector begins in its tree, in sixteens of bytes.
    pub vector: u32,
    /// As in [`Tree::reciprocals`].
    pub reciprocal: u32,
}

/// The nodes of all trees, tree after tree.
#[derive(Clone, Debug)]
pub struct CodingTrees {
    /// All nodes.
    pub nodes: Vec<CodingNode>,
    /// The root of each tree.
    pub roots: [u32; SETS],
}

impl CodingTrees {
    /// Of these trees.
    pub fn new(trees: &[Tree; SETS]) -> Self {
        let layout = Layout::new(trees);
        let mut all = Self { nodes: Vec::new(), roots: [0; SETS] };
        for (set, tree) in trees.iter().enumerate() {
            let root = all.nodes.len() as u32;
            all.roots[set] = root;
            let coding = |(at, (node, &reciprocal)): (usize, (&Node, &u32))| CodingNode {
                first: root + node.first,
                last: u32::from(node.children).saturating_sub(1),
                table: layout.nodes[set] as u32 + node.table,
                vector: (at * tree.side * tree.side / 16) as u32,
                reciprocal,
            };
            all.nodes.extend(tree.nodes.iter().zip(&tree.reciprocals).enumerate().map(coding));
        }
        all
    }

    /// The root of tree `set`.
    #[inline(always)]
    pub fn root(&self, set: usize) -> &CodingNode {
        &self.nodes[self.roots[set] as usize]
    }
}

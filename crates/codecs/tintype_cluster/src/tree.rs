//! Trees of code vectors, one for each block size and kind of plane.
//!
//! A block's shape is a path from the root to a node; every node but the root has a code
//! vector, so that a path may be cut at any depth. Bit-exact: integers.

use tintype_codec::CodecError;

/// Symbols of one table.
pub const SYMBOLS: usize = 16;
/// Trees: luma 4, 8, 16, chroma 4, 8, 16.
pub const SETS: usize = 6;
/// Most nodes of one tree.
pub const NODES_MAX: usize = 1 << 15;
/// Deepest leaf.
pub const DEPTH_MAX: usize = 12;

/// Index of the tree for a kind of plane and a block size (0, 1, 2 for 4, 8, 16).
pub fn set_index(chroma: bool, size: usize) -> usize {
    usize::from(chroma) * 3 + size
}

/// Side of the blocks of a tree.
pub fn side(set: usize) -> usize {
    4 << (set % 3)
}

/// One node of a tree; children follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// The node above; the root is its own.
    pub parent: u32,
    /// The first child.
    pub first: u32,
    /// How many children, 0 for a leaf, else 2 to 16.
    pub children: u8,
    /// Which child of its parent this is.
    pub symbol: u8,
    /// 0 for the root.
    pub depth: u8,
    /// Number of this node among those with children.
    pub table: u32,
}

/// A tree of code vectors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Side of the blocks.
    pub side: usize,
    /// The root first, then level by level.
    pub nodes: Vec<Node>,
    /// `side²` signed bytes for each node; the root's are 0.
    pub vectors: Vec<i8>,
    /// `2^23` over the norm of each node's vector.
    pub reciprocals: Vec<u32>,
    /// How many nodes have children.
    pub inner: usize,
}

impl Tree {
    /// The code vector of `node`.
    #[inline(always)]
    pub fn vector(&self, node: u32) -> &[i8] {
        let len = self.side * self.side;
        &self.vectors[node as usize * len..][..len]
    }

    /// The leaves.
    pub fn leaves(&self) -> impl Iterator<Item = u32> + '_ {
        (1..self.nodes.len() as u32).filter(|&n| self.nodes[n as usize].children == 0)
    }

    /// The symbols on the way from the root to `node`, and how many there are.
    pub fn path(&self, node: u32) -> ([u8; DEPTH_MAX], usize) {
        let mut path = [0; DEPTH_MAX];
        let depth = usize::from(self.nodes[node as usize].depth);
        let mut at = node;
        for place in (0..depth).rev() {
            path[place] = self.nodes[at as usize].symbol;
            at = self.nodes[at as usize].parent;
        }
        (path, depth)
    }

    /// A tree from the number of children of each node, level by level, and the vectors of all
    /// but the root.
    ///
    /// # Errors
    /// `Malformed` for counts that make no tree.
    pub fn new(side: usize, children: &[u8], vectors: &[i8]) -> Result<Self, CodecError> {
        Self::of(side, children, vectors.iter().copied())
    }

    pub(super) fn of(
        side: usize,
        children: &[u8],
        vectors: impl ExactSizeIterator<Item = i8>,
    ) -> Result<Self, CodecError> {
        let malformed = |what: &str, at: usize| {
            Err(CodecError::Malformed { what: format!("cluster tree: {what}"), at: Some(at) })
        };
        let (count, len) = (children.len(), side * side);
        if !(3..=NODES_MAX).contains(&count) || vectors.len() != (count - 1) * len {
            return malformed("number of nodes", 0);
        }
        let mut nodes = vec![Node::default(); count];
        let (mut next, mut inner) = (1usize, 0u32);
        for at in 0..count {
            let own = usize::from(children[at]);
            if own == 1 || own > SYMBOLS || next + own > count || (own == 0 && at == 0) || (at >= next) {
                return malformed("children of a node", at);
            }
            nodes[at].children = own as u8;
            nodes[at].first = next as u32;
            if own > 0 {
                nodes[at].table = inner;
                inner += 1;
            }
            let depth = nodes[at].depth + 1;
            if own > 0 && usize::from(depth) > DEPTH_MAX {
                return malformed("depth of a leaf", at);
            }
            for symbol in 0..own {
                nodes[next + symbol] =
                    Node { parent: at as u32, symbol: symbol as u8, depth, ..Node::default() };
            }
            next += own;
        }
        if next != count {
            return malformed("nodes without parent", next);
        }
        let mut all = Vec::with_capacity(count * len);
        all.resize(len, 0);
        all.extend(vectors);
        let reciprocal = |vector: &[i8]| {
            let squares: u64 = vector.iter().map(|&v| u64::from(v.unsigned_abs()).pow(2)).sum();
            // The norm in 1/256, at least 1/2.
            ((1u64 << 31) / (squares << 16).isqrt().max(128)) as u32
        };
        let reciprocals = all.chunks_exact(len).map(reciprocal).collect();
        Ok(Self { side, nodes, vectors: all, reciprocals, inner: inner as usize })
    }
}

/// What the encoder's search needs of a tree beside it.
#[derive(Clone, Debug, Default)]
pub struct SearchTree {
    /// Leaves in the tree's order.
    pub leaves: Vec<u32>,
    /// Their vectors as `i16`, row after row.
    pub rows: Vec<i16>,
    /// One over their norms.
    pub scales: Vec<f32>,
    /// The first symbol on the way to each.
    pub first_symbols: Vec<u8>,
}

impl SearchTree {
    /// Of `tree`.
    pub fn new(tree: &Tree) -> Self {
        let mut search = Self::default();
        for leaf in tree.leaves() {
            search.leaves.push(leaf);
            search.rows.extend(tree.vector(leaf).iter().map(|&v| i16::from(v)));
            search.scales.push(tree.reciprocals[leaf as usize] as f32 / (1 << 23) as f32);
            search.first_symbols.push(tree.path(leaf).0[0]);
        }
        search
    }
}

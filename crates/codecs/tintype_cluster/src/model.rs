//! The fitted model: one tree of code vectors for each block size and kind of plane, and starting probabilities.
//!
//! In: model bytes. Out: [`Tree`]s, whose code vectors are signed bytes with the norm's reciprocal beside, and
//! [`AdaptiveNibble`] tables. Bit-exact: integers only.
//!
//! Bytes: docs/format/cluster.md, "Model".

use super::walk::layout;
use sha2::{Digest, Sha256};
use std::sync::OnceLock;
use tintype_codec::CodecError;

/// First bytes of a model.
pub const MODEL_MAGIC: [u8; 4] = *b"TCM1";
/// The adaptive tables: every symbol at least 4 of 32 768.
pub type AdaptiveNibble = tintype_entropy::AdaptiveNibble<4>;
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

    /// A tree from the number of children of each node, level by level, and the vectors of all but the root.
    ///
    /// # Errors
    /// `Malformed` for counts that make no tree.
    pub fn new(side: usize, children: &[u8], vectors: &[i8]) -> Result<Self, CodecError> {
        Self::of(side, children, vectors.iter().copied())
    }

    fn of(
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
            if own == 1
                || own > SYMBOLS
                || next + own > count
                || (own == 0 && at == 0)
                || (at >= next)
            {
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

/// A node as a walk sees it, among those of all trees.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    /// The first child.
    pub first: u32,
    /// How many children less one; 0 for a leaf.
    pub last: u32,
    /// The adaptive table of its symbols.
    pub table: u32,
    /// Where its code vector begins in its tree, in sixteens of bytes.
    pub vector: u32,
    /// As in [`Tree::reciprocals`].
    pub reciprocal: u32,
}

/// The nodes of all trees behind each other.
#[derive(Debug)]
pub struct Places {
    /// Tree after tree.
    pub nodes: Vec<Place>,
    /// The root of each tree.
    pub roots: [u32; SETS],
}

/// What the encoder's search needs of a tree beside it.
#[derive(Debug, Default)]
pub(super) struct SearchTree {
    /// Leaves in the tree's order.
    pub leaves: Vec<u32>,
    /// Their vectors as `i16`, row after row.
    pub rows: Vec<i16>,
    /// One over their norms.
    pub scales: Vec<f32>,
    /// The first symbol on the way to each.
    pub tops: Vec<u8>,
}

/// All that is fitted.
#[derive(Debug)]
pub struct ClusterModel {
    /// Luma 4, 8, 16, chroma 4, 8, 16.
    pub trees: [Tree; SETS],
    /// Starting probabilities; docs/format/cluster.md names their order.
    pub start: Vec<AdaptiveNibble>,
    /// The first 8 bytes of the SHA-256 of the model's bytes.
    pub hash: [u8; 8],
    search: OnceLock<[SearchTree; SETS]>,
    places: OnceLock<Places>,
}

impl ClusterModel {
    /// Reads model bytes.
    ///
    /// # Errors
    /// `Unsupported` for what is no model of this kind, `Truncated`, `Malformed`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut rest = bytes;
        if take(&mut rest, 4)? != MODEL_MAGIC {
            return Err(CodecError::Unsupported {
                what: "a model that is none of codec cluster".into(),
            });
        }
        let mut trees: [Tree; SETS] = Default::default();
        for (set, tree) in trees.iter_mut().enumerate() {
            let count = take(&mut rest, 2)?;
            let count = usize::from(u16::from_le_bytes([count[0], count[1]]));
            let children = take(&mut rest, count)?;
            let len = side(set) * side(set);
            let vectors = take(&mut rest, count.saturating_sub(1) * len)?;
            *tree = Tree::of(side(set), children, vectors.iter().map(|&b| b as i8))?;
        }
        let tables = layout(&trees).count;
        let start = if rest.is_empty() {
            vec![AdaptiveNibble::default(); tables]
        } else {
            let packed = take(&mut rest, tables * AdaptiveNibble::LEN_BYTES)?;
            packed.chunks_exact(AdaptiveNibble::LEN_BYTES).map(AdaptiveNibble::from_bytes).collect()
        };
        if !rest.is_empty() {
            let at = bytes.len() - rest.len();
            return Err(CodecError::Malformed {
                what: "bytes after the cluster model".into(),
                at: Some(at),
            });
        }
        let mut hash = [0; 8];
        hash.copy_from_slice(&Sha256::digest(bytes)[..8]);
        Ok(Self { trees, start, hash, search: OnceLock::new(), places: OnceLock::new() })
    }

    /// A model of `trees` with tables that know nothing.
    pub fn untaught(trees: [Tree; SETS]) -> Self {
        let start = vec![AdaptiveNibble::default(); layout(&trees).count];
        Self::with_tables(trees, start)
    }

    /// A model of `trees` and their tables, without hash.
    ///
    /// # Panics
    /// If the number of tables does not fit the trees.
    pub fn with_tables(trees: [Tree; SETS], start: Vec<AdaptiveNibble>) -> Self {
        assert_eq!(start.len(), layout(&trees).count, "tables of a cluster model");
        Self { trees, start, hash: [0; 8], search: OnceLock::new(), places: OnceLock::new() }
    }

    /// The model's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        model_bytes(&self.trees, &self.start)
    }

    pub(super) fn search(&self) -> &[SearchTree; SETS] {
        self.search.get_or_init(|| std::array::from_fn(|set| search_tree(&self.trees[set])))
    }

    pub(super) fn places(&self) -> &Places {
        self.places.get_or_init(|| places(&self.trees))
    }
}

/// The bytes of a model made of these.
pub fn model_bytes(trees: &[Tree; SETS], start: &[AdaptiveNibble]) -> Vec<u8> {
    let mut bytes = MODEL_MAGIC.to_vec();
    for tree in trees {
        bytes.extend((tree.nodes.len() as u16).to_le_bytes());
        bytes.extend(tree.nodes.iter().map(|node| node.children));
        bytes.extend(tree.vectors[tree.side * tree.side..].iter().map(|&v| v as u8));
    }
    start.iter().for_each(|table| bytes.extend(table.to_bytes()));
    bytes
}

fn places(trees: &[Tree; SETS]) -> Places {
    let layout = layout(trees);
    let mut all = Places { nodes: Vec::new(), roots: [0; SETS] };
    for (set, tree) in trees.iter().enumerate() {
        let root = all.nodes.len() as u32;
        all.roots[set] = root;
        let place = |(at, (node, &reciprocal)): (usize, (&Node, &u32))| Place {
            first: root + node.first,
            last: u32::from(node.children).saturating_sub(1),
            table: layout.nodes[set] as u32 + node.table,
            vector: (at * tree.side * tree.side / 16) as u32,
            reciprocal,
        };
        all.nodes.extend(tree.nodes.iter().zip(&tree.reciprocals).enumerate().map(place));
    }
    all
}

fn search_tree(tree: &Tree) -> SearchTree {
    let mut search = SearchTree::default();
    for leaf in tree.leaves() {
        search.leaves.push(leaf);
        search.rows.extend(tree.vector(leaf).iter().map(|&v| i16::from(v)));
        search.scales.push(tree.reciprocals[leaf as usize] as f32 / (1 << 23) as f32);
        search.tops.push(tree.path(leaf).0[0]);
    }
    search
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], CodecError> {
    let (taken, left) = rest
        .split_at_checked(count)
        .ok_or_else(|| CodecError::Truncated { needed: count - rest.len() })?;
    *rest = left;
    Ok(taken)
}

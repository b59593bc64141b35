//! The fitted model: one tree of code vectors for each block size and kind of plane, and
//! starting probabilities.
//!
//! In: a model file. Out: [`Tree`]s, whose code vectors are signed bytes with the norm's
//! reciprocal beside, and [`AdaptiveNibble`] tables. Bit-exact: integers only.
//!
//! Payload: docs/format/cluster.md, "Model".

use super::coding_tree::CodingTrees;
use super::tables::{AdaptiveNibble, Layout};
use super::tree::{SETS, SearchTree, Tree, side};
use std::sync::OnceLock;
use tintype_codec::{CodecError, CodecId};
use tintype_model::{Model, ModelFile, ModelHash};

/// All that is fitted.
#[derive(Clone, Debug)]
pub struct ClusterModel {
    /// Luma 4, 8, 16, chroma 4, 8, 16.
    pub trees: [Tree; SETS],
    /// Starting probabilities; docs/format/cluster.md names their order.
    pub start: Vec<AdaptiveNibble>,
    /// The name of the model.
    pub hash: ModelHash,
    search: OnceLock<[SearchTree; SETS]>,
    coding_trees: OnceLock<CodingTrees>,
}

impl Model for ClusterModel {
    const CODEC: CodecId = crate::ID;
    const VERSION: u8 = 1;

    fn hash(&self) -> ModelHash {
        self.hash
    }

    fn from_payload(bytes: &[u8], hash: ModelHash) -> Result<Self, CodecError> {
        let mut rest = bytes;
        let mut trees: [Tree; SETS] = Default::default();
        for (set, tree) in trees.iter_mut().enumerate() {
            let count = take(&mut rest, 2)?;
            let count = usize::from(u16::from_le_bytes([count[0], count[1]]));
            let children = take(&mut rest, count)?;
            let len = side(set) * side(set);
            let vectors = take(&mut rest, count.saturating_sub(1) * len)?;
            *tree = Tree::of(side(set), children, vectors.iter().map(|&b| b as i8))?;
        }
        let tables = Layout::new(&trees).count;
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
        Ok(Self { trees, start, hash, search: OnceLock::new(), coding_trees: OnceLock::new() })
    }
}

impl ClusterModel {
    /// A model of `trees` with flat starting tables.
    pub fn with_flat_tables(trees: [Tree; SETS]) -> Self {
        let start = vec![AdaptiveNibble::default(); Layout::new(&trees).count];
        Self::with_tables(trees, start)
    }

    /// A model of `trees` and their tables, without hash.
    ///
    /// # Panics
    /// If the number of tables does not fit the trees.
    pub fn with_tables(trees: [Tree; SETS], start: Vec<AdaptiveNibble>) -> Self {
        assert_eq!(start.len(), Layout::new(&trees).count, "tables of a cluster model");
        let hash = ModelHash::default();
        Self { trees, start, hash, search: OnceLock::new(), coding_trees: OnceLock::new() }
    }

    /// The model as a file.
    pub fn to_file(&self) -> ModelFile {
        Self::file_of(payload_from(&self.trees, &self.start))
    }

    /// The bytes of the model file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_file().to_bytes()
    }

    pub(super) fn search(&self) -> &[SearchTree; SETS] {
        self.search.get_or_init(|| std::array::from_fn(|set| SearchTree::new(&self.trees[set])))
    }

    pub(super) fn coding_trees(&self) -> &CodingTrees {
        self.coding_trees.get_or_init(|| CodingTrees::new(&self.trees))
    }
}

/// The payload of a model made of these.
fn payload_from(trees: &[Tree; SETS], start: &[AdaptiveNibble]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for tree in trees {
        bytes.extend((tree.nodes.len() as u16).to_le_bytes());
        bytes.extend(tree.nodes.iter().map(|node| node.children));
        bytes.extend(tree.vectors[tree.side * tree.side..].iter().map(|&v| v as u8));
    }
    start.iter().for_each(|table| bytes.extend(table.to_bytes()));
    bytes
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], CodecError> {
    let (taken, left) = rest
        .split_at_checked(count)
        .ok_or_else(|| CodecError::Truncated { needed: count - rest.len() })?;
    *rest = left;
    Ok(taken)
}

//! The `cluster` codec: each block is a path down a tree of code vectors that was grown by
//! agglomerative clustering.
//!
//! In: planes of 1 to 16 bits (at most 12 bits of precision survive). Out: four sections for
//! each tile, and back. Lossy only.
//!
//! The means of cells of 8 × 8 are coded apart, as a small wavelet-transformed picture, and
//! interpolated. What the interpolation leaves is cut into blocks of 16, 8 or 4 by a quadtree.
//! A block is nothing, or a sum of *atoms*: code vectors, each with a gain coded apart and a
//! path from the root of the tree for its size. First comes the cluster, under the neighbours'
//! paths and the path before, then the way on to the leaf. Every inner node has a code vector
//! of its own, so paths may be cut at any depth: a stream without its later sections gives a
//! coarser picture.
//!
//! Decoding adds looked-up vectors to an interpolated surface: no transform, no dependence of
//! samples between blocks. All of it is bit-exact (integers; the grid's wavelet in plain
//! ordered floats). The encoder's search is float.
//!
//! | file | what |
//! |---|---|
//! | `tree`, `coding_tree`, `model` | the fitted trees, the same for coding, with starting tables |
//! | `tables`, `neighbours` | the adaptive tables and the contexts that choose among them |
//! | `symbols`, `walk` | each symbol and the traversal of blocks: encoder and decoder run the same functions |
//! | `grid`, `synthesis`, `product`, `colour` | the surface of means, code vectors, colours |
//! | `search`, `encode` | the encoder's choices; a tile's sections |
//! | `decode`, `codec` | a tile's samples; the [`tintype_codec::Codec`] |
//!
//! Format: docs/format/cluster.md.
//!
//! Source: Linde, Buzo and Gray 1980; Buzo et al. 1980 (gain and shape apart); Chou, Lookabaugh
//! and Gray 1989 (pruned trees); Neff and Zakhor 1997 (sums of code vectors by matching
//! pursuit). The trees are fitted in `tintype_train::cluster`.

mod baseline;
mod codec;
mod coding_tree;
mod colour;
mod decode;
mod encode;
mod format;
mod grid;
mod model;
mod neighbours;
mod product;
mod search;
mod symbols;
mod synthesis;
mod tables;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

pub use codec::ClusterCodec;
#[cfg(feature = "model")]
pub use codec::photo_model;
pub use model::ClusterModel;
pub use tree::{DEPTH_MAX, Node, SETS, Tree, side};

use tintype_codec::CodecId;

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(4, "cluster");

/// What fitting needs of the codec.
pub mod fitting {
    pub use super::codec::header_for;
    pub use super::encode::{CodedAtom, EncodedTile, TileEncoder, residuals};
    pub use super::symbols::{Atom, Contexts};
    pub use super::tables::{AdaptiveNibble, symbols_used, table_group};
    pub use super::tree::{SYMBOLS, set_index};
}

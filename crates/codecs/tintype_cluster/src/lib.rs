//! The hierarchical-clustering coder: each block is a path down a tree of code vectors that was grown by clustering.
//!
//! In: planes of 1 to 16 bits (at most 12 bits of precision survive). Out: four sections a tile, and back. Lossy only.
//!
//! The means of cells of 8 × 8 are coded apart, as a small wavelet-transformed picture, and interpolated; what the
//! interpolation leaves is cut into blocks of 16, 8 or 4 by a quadtree. A block is nothing, or a sum of code vectors, each
//! with a gain coded apart and a path from the root of the tree for its size: first the cluster, under what the neighbours'
//! paths and the path before were, then on towards the leaf. Every inner node has a code vector of its own, so paths may
//! be cut at any depth: a stream without its later sections gives a coarser picture.
//!
//! Decoding adds looked-up vectors to an interpolated surface: no transform, no dependence of samples between blocks. All
//! of it is bit-exact (integers; the grid's wavelet in plain ordered floats). The encoder's search is float.
//!
//! Source: Linde, Buzo and Gray 1980; Buzo et al. 1980 (gain and shape apart); Chou, Lookabaugh and Gray 1989 (pruned
//! trees); Neff and Zakhor 1997 (sums of code vectors by matching pursuit). The trees are fitted in `tintype_train::cluster`.

mod codec;
mod colour;
mod decode;
mod encode;
mod grid;
mod header;
mod line;
mod model;
mod product;
mod synthesis;
#[cfg(test)]
mod tests;
mod walk;

pub use codec::{ClusterCodec, photo_model};
pub use model::{ClusterModel, DEPTH_MAX, MODEL_MAGIC, Node, SETS, Tree, side};

use tintype_codec::CodecId;

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(4, "cluster");

/// What fitting needs to see of the coder.
pub mod fitting {
    pub use super::codec::header_for;
    pub use super::colour::{Kind, internal_from_planes, kinds};
    pub use super::encode::{EncodedTile, Seen, TileEncoder, residuals};
    pub use super::header::Header;
    pub use super::model::{AdaptiveNibble, SYMBOLS, model_bytes, set_index};
    pub use super::walk::{Atom, Contexts, symbols_used, table_group};
}

//! The `sparse` codec: blocks as a few atoms of overcomplete dictionaries, for small pictures
//! of one domain at low rates.
//!
//! In: planes of 1 to 16 bits (at most 12 bits of precision survive). Out: one section for each
//! tile. Lossy only.
//!
//! A picture is cut into blocks of 32, 16 or 8 that do not overlap, whichever cost least. A
//! block belongs to one of a few clusters. The cluster predicts it from its decoded border by a
//! fitted linear map and owns a dictionary; what is left is a sum of few of its atoms: how
//! many, which, and their quantised weights, under mixed adaptive contexts that start where the
//! training pictures left them. Blocks of 32 have a grid of half the resolution. Block edges
//! are smoothed at the end.
//!
//! Everything that decodes is bit-exact: integers only. The encoder's search (orthogonal
//! matching pursuit that weighs bits against error) is float.
//!
//! | file | what |
//! |---|---|
//! | `model` | the fitted clusters and starting contexts |
//! | `block` | one block: its grid, its samples |
//! | `symbols` | the symbols of a block, under contexts from `context` |
//! | `walk` | the traversal of a plane: encoder and decoder run the same function |
//! | `search`, `pursuit` | the encoder's choices |
//! | `deblock` | smoothing of block edges |
//! | `planes`, `tile`, `codec` | planes as they are coded; one tile; the [`tintype_codec::Codec`] |
//!
//! Format: docs/format/sparse.md.
//!
//! Source: Aharon, Elad and Bruckstein 2006 (K-SVD); Rubinstein, Zibulevsky and Elad 2008
//! (Batch-OMP); Bryt and Elad 2008 (a picture coder on K-SVD); fitted together with predictors
//! it is our own, docs/decisions/0050.

mod block;
mod codec;
mod context;
mod deblock;
mod header;
mod model;
mod planes;
mod pursuit;
mod search;
mod symbols;
#[cfg(test)]
mod tests;
mod tile;
mod walk;

#[cfg(feature = "model")]
pub use codec::photo_model;
pub use codec::{SHIPPED_HASH, SparseCodec};
pub use model::{Cluster, ClusterSet, SETS, SparseModel};
pub use tintype_block::BORDER_INPUTS;

use tintype_codec::CodecId;

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(6, "sparse");

/// What fitting needs of the codec.
pub mod fitting {
    pub use super::block::{GRID_SIDES, SIDES, half_grid};
    pub use super::codec::step_number;
    pub use super::header::Header;
    pub use super::planes::{CodedPlane, coded_planes, plane_plans};
    pub use super::pursuit::{Batch, Pursuit};
    pub use super::search::Prepared;
    pub use super::symbols::Contexts;
    pub use super::tile::TileCoder;
    pub use super::walk::block_border;
}

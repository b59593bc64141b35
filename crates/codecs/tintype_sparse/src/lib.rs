//! The dictionary coder: blocks as a few atoms of overcomplete dictionaries, for small pictures of one domain at low rates.
//!
//! In: planes of 1 to 16 bits (at most 12 bits of precision survive). Out: one section a tile. Lossy only.
//!
//! A picture is cut into blocks of 32, 16 or 8 that do not overlap, whichever cost least. A block belongs to one of a few
//! clusters; the cluster predicts it from its decoded border by a fitted linear map and owns a dictionary in whose atoms what is
//! left is written: how many atoms, which, and their quantised weights, under mixed adaptive contexts that start where
//! the training pictures left them. Blocks of 32 live on a grid of half the resolution. Block edges are smoothed
//! at the end.
//!
//! Everything that decodes is bit-exact: integers only. The encoder's search (orthogonal matching pursuit that
//! weighs bits against error) is float.
//!
//! Source: Aharon, Elad and Bruckstein 2006 (K-SVD); Rubinstein, Zibulevsky and Elad 2008 (Batch-OMP); Bryt and Elad 2008
//! (a picture coder on K-SVD); fitted together with predictors it is our own, docs/decisions/0050.

mod block;
mod codec;
mod deblock;
mod decode;
mod encode;
mod header;
mod model;
mod pursuit;
mod state;
#[cfg(test)]
mod tests;
mod tile;
mod walk;

pub use codec::{SparseCodec, photo_model};
pub use model::{BORDER_INPUTS, Cluster, ClusterSet, MODEL_START, SETS, SparseModel};
pub use walk::Contexts;

use tintype_codec::CodecId;

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(6, "sparse");

/// What fitting needs to see of the coder.
pub mod fitting {
    pub use super::block::{Border, GRID_SIDES, SIDES, border, half_grid};
    pub use super::codec::{PlanePlan, coded_planes, plane_plans, plane_step};
    pub use super::encode::Prepared;
    pub use super::header::Header;
    pub use super::model::write_row;
    pub use super::pursuit::{Batch, Pursuit};
    pub use super::state::{Cell, PlaneState};
    pub use super::tile::{decode_tile, encode_tile};
}

//! The manifold coder: blocks near a few affine pieces fitted to photographs.
//!
//! In: planes of 1 to 16 bits (at most 12 bits of precision survive). Out: one section a tile, and back. Lossy only.
//!
//! A picture is cut into tiles; each tile's planes into blocks of 16 × 16 or 8 × 8, whichever costs less. A block lies
//! near one of a few affine pieces of the manifold of blocks: the piece predicts it from its decoded border by a fitted
//! linear map, and what is left is expressed in the piece's own Karhunen–Loève basis, quantised by rate–distortion, and
//! coded under mixed adaptive contexts that start where the training pictures left them.
//!
//! Everything that decodes is bit-exact: integers only. The encoder's search is float.
//!
//! Source: Kambhatla and Leen 1997 (local PCA), Ye and Karczewicz 2008 (a KLT for each prediction mode); prediction
//! and basis fitted together are our own, docs/decisions/0030.

mod block;
mod border;
mod codec;
mod decode;
mod encode;
mod header;
mod model;
mod plane_state;
#[cfg(test)]
mod tests;
mod tile;
mod walk;

pub use border::BORDER_INPUTS;
pub use codec::{PcaCodec, photo_model};
pub use model::{PcaModel, Piece, PieceSet, SETS};
pub use walk::Contexts;

use tintype_codec::CodecId;

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(5, "pca");

/// What fitting needs to see of the coder: the trainer builds pieces and contexts from exactly what the codec does.
pub mod fitting {
    pub use super::border::{Border, border};
    pub use super::header::Header;
    pub use super::model::write_row;
    pub use super::tile::{TileContexts, decode_tile, encode_tile};
    pub use tintype_block::{
        InternalKind, internal_from_planes, internal_kinds, planes_from_internal,
    };
}

//! The `photo` codec: blocks near a few affine pieces fitted to photographs.
//!
//! In: planes of 1 to 16 bits (at most 12 bits of precision survive). Out: one section for each
//! tile, and back. Lossy only.
//!
//! A picture is cut into tiles, each plane of a tile into blocks of 32 × 32, 16 × 16 or 8 × 8,
//! whichever cost less. Blocks of photographs lie near a manifold that a few *affine pieces*
//! approximate. A piece predicts a block from its decoded border by a fitted linear map, and
//! expresses what is left in a Karhunen–Loève basis of its own; blocks of 32 have fixed
//! predictors and the DCT. Chroma blocks may follow luma by a slope. Levels are chosen by RDO
//! quantisation and coded under mixed adaptive contexts that start where the training pictures
//! left them. Under `--tune visual` steps follow the picture's activity, and fine waves are
//! quantised more coarsely.
//!
//! Everything that decodes is bit-exact: integers only. The encoder's search is float.
//!
//! | file | what |
//! |---|---|
//! | `model`, `large`, `weights` | the fitted pieces and starting contexts; the fixed pieces; weights of rows |
//! | `symbols` | the symbols of a block, under contexts from `context` |
//! | `walk` | the traversal of a plane: encoder and decoder run the same function |
//! | `synthesis`, `dct` | what a block's symbols come to |
//! | `search`, `pieces`, `quantise`, `cost`, `activity` | the encoder's choices and the bits they cost |
//! | `filter` | the network that mends decoded planes |
//! | `tile`, `codec` | one tile; the [`tintype_codec::Codec`] |
//!
//! Format: docs/format/photo.md.
//!
//! Source: Kambhatla and Leen 1997 (local PCA), Ye and Karczewicz 2008 (a KLT for each
//! prediction mode); prediction and basis fitted together are our own, docs/decisions/0030.

mod activity;
mod codec;
mod context;
mod cost;
mod dct;
pub mod filter;
mod large;
mod model;
mod partition;
mod piece_set;
mod pieces;
mod quantise;
mod search;
mod symbols;
mod synthesis;
#[cfg(test)]
mod tests;
mod tile;
mod walk;
mod weights;

pub use codec::PhotoCodec;
#[cfg(feature = "model")]
pub use codec::photo_model;
pub use model::{PhotoModel, SETS};
pub use piece_set::{Piece, PieceSet};
pub use tintype_block::BORDER_INPUTS;

use tintype_codec::CodecId;

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(5, "photo");

/// What fitting needs of the codec: the trainer builds pieces and contexts from exactly what
/// the codec does.
pub mod fitting {
    pub use super::codec::{ChosenBlock, CodedPlanes, chosen_blocks, coded_planes};
    pub use super::synthesis::fitting_border;
    pub use super::tile::{TileCoder, TileContexts};
}

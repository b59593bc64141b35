//! The `photo` codec: blocks near a few affine pieces fitted to photographs.
//!
//! In: planes of 1 to 16 bits (at most 12 bits of precision survive). Out: one section for each
//! tile, and back. Lossy only.
//!
//! A picture is cut into tiles, each plane of a tile into blocks of 16 × 16 or 8 × 8, whichever
//! costs less. Blocks of photographs lie near a manifold that a few *affine pieces*
//! approximate. A piece predicts a block from its decoded border by a fitted linear map, and
//! expresses what is left in a Karhunen–Loève basis of its own. Levels are chosen by RDO
//! quantisation and coded under mixed adaptive contexts that start where the training pictures
//! left them.
//!
//! Everything that decodes is bit-exact: integers only. The encoder's search is float.
//!
//! | file | what |
//! |---|---|
//! | `model` | the fitted pieces and starting contexts |
//! | `symbols` | the symbols of a block, under contexts from `context` |
//! | `walk` | the traversal of a plane: encoder and decoder run the same function |
//! | `search`, `cost` | the encoder's choices and the bits they cost |
//! | `tile`, `codec` | one tile; the [`tintype_codec::Codec`] |
//!
//! Format: docs/format/photo.md.
//!
//! Source: Kambhatla and Leen 1997 (local PCA), Ye and Karczewicz 2008 (a KLT for each
//! prediction mode); prediction and basis fitted together are our own, docs/decisions/0030.

macro_rules! knob {
    ($name:literal, $default:expr) => {{
        static K: std::sync::OnceLock<f32> = std::sync::OnceLock::new();
        *K.get_or_init(|| std::env::var($name).ok().and_then(|v| v.parse().ok()).unwrap_or($default))
    }};
}
mod activity;
mod codec;
mod context;
mod cost;
mod dct;
pub mod filter;
mod large;
mod model;
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
pub use model::{PhotoModel, Piece, PieceSet, SETS};
pub use tintype_block::BORDER_INPUTS;

use tintype_codec::CodecId;

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(5, "photo");

/// What fitting needs of the codec: the trainer builds pieces and contexts from exactly what
/// the codec does.
pub mod fitting {
    pub use super::codec::{CodedPlanes, coded_planes};
    pub use super::synthesis::fitting_border;
    pub use super::tile::{TileCoder, TileContexts};
}

//! Which codecs there are: the only room that knows them by name.
//!
//! The rest of the hall asks a codec what it can do ([`tintype_codec::Capabilities`]).

pub(crate) mod built_in;
mod choose;
#[cfg(feature = "video")]
pub(crate) mod clips;
mod decoding;
pub mod ids;
mod models;
mod shipped;

pub(crate) use choose::{Candidates, candidates, has_alpha, loses_opacity, takes};
pub use choose::{codec_for_photos, heeds_tune};
pub use models::Models;
pub use shipped::{ShippedModel, shipped_model};

/// Real JPEG files, for the room `files`.
#[cfg(feature = "jpeg")]
pub use tintype_jpeg as jpeg_files;
#[cfg(feature = "planes")]
pub use tintype_planes::within_error;

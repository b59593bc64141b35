//! The payload's header: the version, and the base-2 logarithm of the tile's side in pixels.
//!
//! Source: our own, docs/format/lossless.md.

use tintype_codec::{CodecError, tile_grid};
use tintype_image::{Shape, TileGrid};

const VERSION: u8 = 1;

/// What all tiles share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Tiles are `2^tile_log2` pixels a side; 6 to 12.
    pub tile_log2: u8,
}

impl Header {
    pub fn to_bytes(self) -> Vec<u8> {
        vec![VERSION, self.tile_log2]
    }

    /// # Errors
    /// `Truncated`, `Unsupported` (version), `Malformed`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let &[version, tile_log2, ..] = bytes else {
            return Err(CodecError::Truncated { needed: 2 - bytes.len() });
        };
        if version != VERSION {
            let what = format!("lossless stream of version {version} (this is {VERSION})");
            return Err(CodecError::Unsupported { what });
        }
        if !(6..=12).contains(&tile_log2) {
            let what = format!("tiles of 2^{tile_log2} pixels a side (2^6 to 2^12 are possible)");
            return Err(CodecError::Malformed { what, at: Some(1) });
        }
        if bytes.len() > 2 {
            let what = format!("lossless header of {} bytes instead of 2", bytes.len());
            return Err(CodecError::Malformed { what, at: Some(2) });
        }
        Ok(Self { tile_log2 })
    }

    /// The tiles of a picture of this shape.
    pub fn tiles(self, shape: &Shape) -> TileGrid {
        tile_grid(shape, 1 << self.tile_log2)
    }
}

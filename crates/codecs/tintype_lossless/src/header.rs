//! The payload's header: the version, and in one byte the base-2 logarithm of the tile's side in
//! pixels and the kind of all tiles.
//!
//! Source: our own, docs/format/lossless.md.

use super::tile::Kind;
use tintype_codec::{CodecError, tile_grid};
use tintype_image::{Shape, TileGrid};

const VERSION: u8 = 2;
/// Stands for the kind where tiles differ: each one's section then starts with its own.
const MIXED: u8 = 15;

/// What all tiles share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Tiles are `2^tile_log2` pixels a side; 6 to 12.
    pub tile_log2: u8,
    /// The kind of all tiles; `None` if each section starts with its own.
    pub kind: Option<Kind>,
}

impl Header {
    pub fn to_bytes(self) -> Vec<u8> {
        vec![VERSION, self.tile_log2 | self.kind.map_or(MIXED, |kind| kind as u8) << 4]
    }

    /// # Errors
    /// `Truncated`, `Unsupported` (version), `Malformed`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let &[version, byte, ..] = bytes else {
            return Err(CodecError::Truncated { needed: 2 - bytes.len() });
        };
        if version != VERSION {
            let what = format!("lossless stream of version {version} (this is {VERSION})");
            return Err(CodecError::Unsupported { what });
        }
        let (tile_log2, number) = (byte & 15, byte >> 4);
        let kind = if number == MIXED { None } else { Some(Kind::from_number(number)?) };
        if !(6..=12).contains(&tile_log2) {
            let what = format!("tiles of 2^{tile_log2} pixels a side (2^6 to 2^12 are possible)");
            return Err(CodecError::Malformed { what, at: Some(1) });
        }
        if bytes.len() > 2 {
            let what = format!("lossless header of {} bytes instead of 2", bytes.len());
            return Err(CodecError::Malformed { what, at: Some(2) });
        }
        Ok(Self { tile_log2, kind })
    }

    /// The tiles of a picture of this shape.
    pub fn tiles(self, shape: &Shape) -> TileGrid {
        tile_grid(shape, 1 << self.tile_log2)
    }
}

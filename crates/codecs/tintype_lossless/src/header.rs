//! The payload's header and the grid of tiles that follows from it.
//!
//! Two bytes: the version, and the base-2 logarithm of the tile's side in pixels.
//! Source: our own, docs/format/lossless.md.

use tintype_codec::CodecError;
use tintype_image::{Region, Shape, TileGrid};

/// The only version so far.
const VERSION: u8 = 1;

/// What all tiles share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Tiles are `2^tile_log2` pixels a side; 6 to 12.
    pub tile_log2: u8,
}

impl Header {
    /// Two bytes.
    pub fn write(self) -> Vec<u8> {
        vec![VERSION, self.tile_log2]
    }

    /// # Errors
    /// `Truncated`, `Unsupported` (version), `Malformed`.
    pub fn read(bytes: &[u8]) -> Result<Self, CodecError> {
        let &[version, tile_log2, ..] = bytes else {
            return Err(CodecError::Truncated { needed: 2 - bytes.len() });
        };
        if version != VERSION {
            return Err(CodecError::Unsupported {
                what: format!("lossless stream of version {version}"),
            });
        }
        if !(6..=12).contains(&tile_log2) || bytes.len() > 2 {
            return Err(CodecError::Malformed {
                what: format!("lossless header, tiles of 2^{tile_log2} pixels"),
                at: Some(1),
            });
        }
        Ok(Self { tile_log2 })
    }

    /// The tiles of a picture of this shape.
    pub fn grid(self, shape: &Shape) -> TileGrid {
        let side = 1usize << self.tile_log2;
        TileGrid::new((shape.width_px, shape.height_px), (side, side))
    }
}

/// Whether tile `index` exists and shares pixels with `region`, widened to even edges for subsampled planes.
pub(super) fn touches(grid: &TileGrid, index: usize, region: &Region) -> bool {
    let (x, y) = (region.x & !1, region.y & !1);
    let (right, bottom) = (region.right().saturating_add(1), region.bottom().saturating_add(1));
    let widened = Region { x, y, width: right - x, height: bottom - y };
    grid.region(index).is_some_and(|tile| tile.intersects(widened))
}

/// The samples of plane `index` that belong to the pixels of `region`.
pub(super) fn plane_region(shape: &Shape, index: usize, region: &Region) -> Region {
    let info = &shape.planes[index];
    let (sx, sy) = (info.subsample_x_log2, info.subsample_y_log2);
    let (x, y) = (region.x >> sx, region.y >> sy);
    Region { x, y, width: region.width.div_ceil(1 << sx), height: region.height.div_ceil(1 << sy) }
}

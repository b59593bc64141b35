//! Pictures from tiles that are decoded apart, over threads.
//!
//! In: the grid, the region asked for, and what decodes one tile. Out: the region's planes. A tile is let go as soon as
//! its samples are in place, so that beside the picture only as many tiles are held as there are threads.

use crate::{CodecError, DecodeRequest, PayloadView, Result, SectionKey, map_indexed};
use std::sync::Mutex;
use tintype_image::{Planes, Region, Shape, Threads, TileGrid, planes_cropped};

/// Square tiles of `tile_px` pixels over a picture of `shape`.
pub fn tile_grid(shape: &Shape, tile_px: usize) -> TileGrid {
    TileGrid::new((shape.width_px, shape.height_px), (tile_px, tile_px))
}

/// Whether `request` touches the tile of section `key`; `true` for tiles that the grid does not have.
pub fn wants_tile(grid: &TileGrid, key: SectionKey, request: &DecodeRequest) -> bool {
    let tile = grid.region(key.tile as usize);
    tile.is_none_or(|tile| request.region.is_none_or(|region| tile.intersection(region).is_some()))
}

/// The samples of `region`, or of the whole picture, at full size. `decode` gets a tile's number and shape; tiles start
/// at pixels that every plane has samples at.
///
/// # Errors
/// The first of `decode`'s, in the order of tiles; `Misuse` for regions outside the picture.
pub fn decode_tiles(
    shape: &Shape,
    grid: &TileGrid,
    region: Option<Region>,
    threads: Threads,
    decode: impl Fn(usize, &Shape) -> Result<Planes> + Sync,
) -> Result<Planes> {
    let picture = Region { x: 0, y: 0, width: shape.width_px, height: shape.height_px };
    let region = region.unwrap_or(picture);
    let sized = |width_px, height_px| Shape { width_px, height_px, ..shape.clone() };
    let wanted: Vec<(usize, Region)> =
        grid.touched(region).filter_map(|tile| Some((tile, grid.region(tile)?))).collect();
    let (Some(&(tile, first)), Some(&(_, last))) = (wanted.first(), wanted.last()) else {
        return Err(CodecError::Misuse {
            what: format!("region {region:?} of a picture of {picture:?}"),
        });
    };
    if first == region {
        return decode(tile, &sized(first.width, first.height));
    }
    // The region's samples lie in a canvas of whole tiles.
    let (width_px, height_px) = (last.x + last.width - first.x, last.y + last.height - first.y);
    let canvas = Mutex::new(Planes::new(sized(width_px, height_px)));
    let results = map_indexed(threads, wanted.len(), |i| {
        let (tile, place) = wanted[i];
        let planes = decode(tile, &sized(place.width, place.height))?;
        let mut canvas = canvas.lock().expect("no worker panics while it holds the lock");
        for (index, plane) in planes.planes.iter().enumerate() {
            let info = &shape.planes[index];
            let (x, y) = (
                (place.x - first.x) >> info.subsample_x_log2,
                (place.y - first.y) >> info.subsample_y_log2,
            );
            canvas.planes[index].paste(plane, x, y);
        }
        Ok(())
    });
    results.into_iter().collect::<Result<()>>()?;
    let canvas = canvas.into_inner().expect("as above");
    let cut =
        Region { x: region.x.wrapping_sub(first.x), y: region.y.wrapping_sub(first.y), ..region };
    if cut == (Region { x: 0, y: 0, width: width_px, height: height_px }) {
        return Ok(canvas);
    }
    Ok(planes_cropped(&canvas, cut)?)
}

/// The bytes of a tile that is one section.
#[derive(Clone, Copy, Debug)]
pub struct TileSection<'a> {
    /// What is there.
    pub bytes: &'a [u8],
    /// Whether bytes may be missing at the end.
    pub cut_off: bool,
}

/// The section of a tile that is one section; empty where the file was cut off before it.
///
/// # Errors
/// `Malformed` where the section is missing in a file that is whole.
pub fn section_of<'a>(payload: &PayloadView<'a>, tile: usize) -> Result<TileSection<'a>> {
    match payload.sections.iter().find(|s| s.key.tile as usize == tile) {
        Some(section) => Ok(TileSection { bytes: section.bytes, cut_off: !section.complete }),
        None if payload.cut_off => Ok(TileSection { bytes: &[], cut_off: true }),
        None => Err(CodecError::Malformed { what: format!("tile {tile} is missing"), at: None }),
    }
}

//! The tile driver: decodes independent tiles on several threads and assembles the requested
//! region.
//!
//! In: the grid, the region, and a function that decodes one tile. Out: the region's planes. A
//! tile is freed as soon as its samples are copied into place, so that beside the picture memory
//! holds as many tiles as there are threads.

use crate::{CodecError, DecodeRequest, Exec, PayloadView, Result, SectionKey, map_indexed};
use std::sync::Mutex;
use tintype_image::{Planes, Region, Shape, TileGrid};

/// Square tiles of `tile_px` pixels over a picture of `shape`.
pub fn tile_grid(shape: &Shape, tile_px: usize) -> TileGrid {
    TileGrid::new((shape.width_px, shape.height_px), (tile_px, tile_px))
}

/// Whether `request` touches the tile of section `key`; `true` for tiles that the grid does not
/// have.
pub fn wants_tile(grid: &TileGrid, key: SectionKey, request: &DecodeRequest) -> bool {
    let tile = grid.region(key.tile as usize);
    tile.is_none_or(|tile| request.region.is_none_or(|region| tile.intersects(region)))
}

/// The region that `request` asks for, in pixels of the full-size picture; the whole picture by
/// default.
///
/// # Errors
/// `Misuse` for a region that is empty or leaves the picture.
pub fn requested_region(shape: &Shape, request: &DecodeRequest) -> Result<Region> {
    let region = request.region.unwrap_or(shape.region());
    let fits = |start: usize, length: usize, side: usize| {
        length > 0 && start.checked_add(length).is_some_and(|end| end <= side)
    };
    if fits(region.x, region.width, shape.width_px) && fits(region.y, region.height, shape.height_px) {
        return Ok(region);
    }
    let (width, height) = (shape.width_px, shape.height_px);
    let what = format!("region of {region} outside the picture of {width}×{height}");
    Err(CodecError::Misuse { what })
}

/// The samples of `region`, or of the whole picture, at full size. `decode` takes a tile's number
/// and shape. Tile corners are multiples of 2, so that subsampled planes have whole samples
/// there. A region that starts between two samples of a subsampled plane gets the sample left of
/// or above its edge.
///
/// # Errors
/// The first of `decode`'s, in the order of tiles; `Misuse` for regions outside the picture; `Limit` where the time
/// of `exec` is over.
pub fn decode_tiles(
    shape: &Shape,
    grid: &TileGrid,
    region: Option<Region>,
    exec: &Exec,
    decode: impl Fn(usize, &Shape) -> Result<Planes> + Sync,
) -> Result<Planes> {
    let request = DecodeRequest { region, ..DecodeRequest::default() };
    let region = requested_region(shape, &request)?;
    let wanted: Vec<(usize, Region)> =
        grid.touched(region).filter_map(|tile| Some((tile, grid.region(tile)?))).collect();
    let (Some(&(tile, first)), Some(&(_, last))) = (wanted.first(), wanted.last()) else {
        return Err(CodecError::Misuse { what: "a picture without tiles".into() });
    };
    if first == region {
        return decode(tile, &shape.with_size(first.width, first.height));
    }
    // The canvas covers whole tiles; the region is cropped from it at the end.
    let (width_px, height_px) = (last.right() - first.x, last.bottom() - first.y);
    let canvas = Mutex::new(Planes::new(shape.with_size(width_px, height_px)));
    let results = map_indexed(exec.threads, wanted.len(), |i| {
        exec.limits.check_time()?;
        let (tile, place) = wanted[i];
        let planes = decode(tile, &shape.with_size(place.width, place.height))?;
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
    let cut = Region { x: region.x.wrapping_sub(first.x), y: region.y.wrapping_sub(first.y), ..region };
    if cut == Region::of_size(width_px, height_px) {
        return Ok(canvas);
    }
    Ok(cropped(&canvas, cut))
}

/// The part of `source` inside `region`; edges between samples of a subsampled plane move left and
/// up.
fn cropped(source: &Planes, region: Region) -> Planes {
    let shape = source.shape.with_size(region.width, region.height);
    let mut planes = Vec::with_capacity(source.planes.len());
    for (index, plane) in source.planes.iter().enumerate() {
        let info = &shape.planes[index];
        let (x, y) = (region.x >> info.subsample_x_log2, region.y >> info.subsample_y_log2);
        let (width, height) = shape.plane_size(index);
        planes.push(plane.crop(Region { x, y, width, height }));
    }
    Planes { shape, planes }
}

/// The bytes of a tile that is one section.
#[derive(Clone, Copy, Debug)]
pub struct TileSection<'a> {
    /// The bytes present.
    pub bytes: &'a [u8],
    /// Whether bytes may be missing at the end.
    pub cut_off: bool,
}

/// The section of a tile that is one section; empty if the file was truncated before it.
///
/// # Errors
/// `Malformed` if the section is missing in a file that is complete.
pub fn section_of<'a>(payload: &PayloadView<'a>, tile: usize) -> Result<TileSection<'a>> {
    match payload.section_of_tile(tile) {
        Some(section) => Ok(TileSection { bytes: section.bytes, cut_off: !section.complete }),
        None if payload.cut_off => Ok(TileSection { bytes: &[], cut_off: true }),
        None => Err(CodecError::Malformed { what: format!("tile {tile} is missing"), at: None }),
    }
}

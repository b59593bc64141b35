//! Tiles in, sections out.

use super::choose::kinds;
use super::grid::Grid;
use super::header::{Header, plane_region};
use super::tile::{Tile, TilePlane};
use tintype_codec::{CodecError, ExecOptions, Payload, Section, SectionKey, map_indexed};
use tintype_entropy::BitEncoder;
use tintype_image::{Level, Planes, Region};

/// Side of a tile.
const TILE_LOG2: u8 = 10;

/// Codes every tile on its own.
pub(super) fn encode(
    source: &Planes,
    effort: u8,
    exec: &ExecOptions,
) -> Result<Payload, CodecError> {
    source
        .shape
        .check(&exec.limits)
        .map_err(|error| CodecError::Misuse { what: error.to_string() })?;
    let fits = |i: usize| {
        (source.planes[i].width(), source.planes[i].height()) == source.shape.plane_size(i)
    };
    if source.planes.len() != source.shape.planes.len() || !(0..source.planes.len()).all(fits) {
        return Err(CodecError::Misuse {
            what: "planes do not have the sizes of their shape".into(),
        });
    }
    let header = Header { tile_log2: TILE_LOG2 };
    let grid = header.grid(&source.shape);
    let tiles: Vec<Region> = grid.regions().collect();
    let sections = map_indexed(exec.threads, tiles.len(), |index| {
        let bytes = encode_tile(&mut tile_of(source, &tiles[index]), effort, exec.level)?;
        Ok(Section { key: SectionKey { tile: index as u32, layer: 0 }, bytes })
    });
    let sections = sections.into_iter().collect::<Result<_, CodecError>>()?;
    Ok(Payload { header: header.write(), sections })
}

fn tile_of(source: &Planes, pixels: &Region) -> Tile {
    let planes = source.planes.iter().enumerate().map(|(i, plane)| {
        let region = plane_region(&source.shape, i, pixels);
        let bits = u32::from(source.shape.planes[i].bit_depth);
        TilePlane { grid: Grid::from_plane(plane, &region, 0), bits }
    });
    Tile { planes: planes.collect() }
}

/// The smallest of what the kinds worth trying give.
fn encode_tile(tile: &mut Tile, effort: u8, level: Level) -> Result<Vec<u8>, CodecError> {
    let mut best: Option<Vec<u8>> = None;
    for kind in kinds(tile, effort, level) {
        let mut encoder = BitEncoder::new();
        tile.walk(&mut encoder, kind, level)?;
        let bytes = encoder.finish();
        if best.as_ref().is_none_or(|best| bytes.len() < best.len()) {
            best = Some(bytes);
        }
    }
    Ok(best.unwrap_or_default())
}

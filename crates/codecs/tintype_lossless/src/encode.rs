//! Tiles in, sections out.

use super::header::Header;
use super::kind_choice::kinds;
use super::padded_plane::PaddedPlane;
use super::tile::{Tile, TilePlane};
use tintype_codec::{CodecError, Exec, Payload, Section, SectionKey, map_indexed};
use tintype_entropy::BitEncoder;
use tintype_image::{Level, Planes, Region};

/// Side of a tile: 1024 pixels. Not tuned; each tile learns its statistics anew.
const TILE_LOG2: u8 = 10;

/// Codes every tile by itself.
pub(super) fn encode(source: &Planes, effort: u8, exec: &Exec) -> Result<Payload, CodecError> {
    source.shape.check(&exec.limits)?;
    let fits =
        |i: usize| (source.planes[i].width(), source.planes[i].height()) == source.shape.plane_size(i);
    if source.planes.len() != source.shape.planes.len() || !(0..source.planes.len()).all(fits) {
        let what = "planes do not have the sizes of their shape".into();
        return Err(CodecError::Misuse { what });
    }
    let header = Header { tile_log2: TILE_LOG2 };
    let regions: Vec<Region> = header.tiles(&source.shape).regions().collect();
    let sections = map_indexed(exec.threads, regions.len(), |index| {
        let mut tile = tile_of(source, regions[index]);
        let bytes = encode_tile(&mut tile, effort, exec.level)?;
        Ok(Section { key: SectionKey { tile: index as u32, layer: 0 }, bytes })
    });
    let sections = sections.into_iter().collect::<Result<_, CodecError>>()?;
    Ok(Payload { header: header.to_bytes(), sections })
}

fn tile_of(source: &Planes, pixels: Region) -> Tile {
    let mut planes = Vec::with_capacity(source.planes.len());
    for (plane, info) in source.planes.iter().zip(&source.shape.planes) {
        let region = pixels.reduced(info.subsample_x_log2, info.subsample_y_log2);
        let samples = PaddedPlane::from_plane(plane, region);
        planes.push(TilePlane { samples, bits: u32::from(info.bit_depth) });
    }
    Tile { planes }
}

/// The shortest code among the kinds worth trying.
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

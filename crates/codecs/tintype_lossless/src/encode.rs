//! Tiles in, sections out.

use super::header::Header;
use super::kind_choice::kinds;
use super::rung::{Rung, TILE_LOG2};
use super::tile::{self, Kind};
use tintype_codec::{CodecError, Exec, Payload, Section, SectionKey, map_indexed};
use tintype_image::{Level, Planes, Region, planes_cropped};

/// Codes every tile by itself.
pub(super) fn encode(source: &Planes, effort: u8, exec: &Exec) -> Result<Payload, CodecError> {
    source.shape.check(&exec.limits)?;
    let fits =
        |i: usize| (source.planes[i].width(), source.planes[i].height()) == source.shape.plane_size(i);
    if source.planes.len() != source.shape.planes.len() || !(0..source.planes.len()).all(fits) {
        let what = "planes do not have the sizes of their shape".into();
        return Err(CodecError::Misuse { what });
    }
    let mut header = Header { tile_log2: TILE_LOG2, kind: None };
    let regions: Vec<Region> = header.tiles(&source.shape).regions().collect();
    let tiles = map_indexed(exec.threads, regions.len(), |index| {
        encode_tile(planes_cropped(source, regions[index])?, effort, exec.level)
    });
    let tiles = tiles.into_iter().collect::<Result<Vec<_>, CodecError>>()?;
    let first = tiles.first().map(|tile| tile.0);
    header.kind = first.filter(|&first| tiles.iter().all(|tile| tile.0 == first));
    let sections = tiles.into_iter().enumerate().map(|(index, (kind, mut bytes))| {
        if header.kind.is_none() {
            bytes.insert(0, kind as u8);
        }
        Section { key: SectionKey { tile: index as u32, layer: 0 }, bytes }
    });
    Ok(Payload { header: header.to_bytes(), sections: sections.collect() })
}

/// The kind and the section of a tile: the shorter one of the kinds worth trying.
fn encode_tile(planes: Planes, effort: u8, level: Level) -> Result<(Kind, Vec<u8>), CodecError> {
    let kinds = kinds(&planes, &Rung::of(effort, &planes), level);
    let Some((&last, others)) = kinds.split_last() else {
        return Err(CodecError::Misuse { what: "no kind of coding for a tile".into() });
    };
    let mut coded = Vec::with_capacity(kinds.len());
    for &kind in others {
        coded.push((kind, tile::encode(planes.clone(), kind, level)?));
    }
    let bytes = tile::encode(planes, last, level)?;
    let shorter = coded.into_iter().min_by_key(|coded| coded.1.len());
    Ok(shorter.filter(|coded| coded.1.len() <= bytes.len()).unwrap_or((last, bytes)))
}

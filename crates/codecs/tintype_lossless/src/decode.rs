//! Sections in, tiles out.

use super::header::Header;
use super::tile::{self, Kind};
use tintype_codec::{CodecError, DecodeRequest, Exec, PayloadView, Result, SectionView, decode_tiles};
use tintype_image::{Level, Planes, Shape};

/// Decodes the tiles that `request` touches.
pub(super) fn decode(payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Planes> {
    let shape = payload.shape;
    shape.check(&exec.limits)?;
    if request.scale_log2 != 0 {
        let what = "a lossless stream decodes at full size only".into();
        return Err(CodecError::Unsupported { what });
    }
    let header = Header::from_bytes(payload.header)?;
    decode_tiles(shape, &header.tiles(shape), request.region, exec, |tile, tile_shape| {
        decode_tile(tile_shape, complete_section(payload, tile)?, header.kind, exec.level)
    })
}

/// The section of a tile. A part of a tile does not decode.
fn complete_section<'a>(payload: &PayloadView<'a>, tile: usize) -> Result<&'a [u8]> {
    match payload.section_of_tile(tile) {
        Some(SectionView { key, bytes, complete: true }) if key.layer == 0 => Ok(bytes),
        _ => Err(CodecError::Truncated { needed: 1 }),
    }
}

fn decode_tile(shape: &Shape, bytes: &[u8], kind: Option<Kind>, level: Level) -> Result<Planes> {
    let (kind, bytes) = match (kind, bytes.split_first()) {
        (Some(kind), _) => (kind, bytes),
        (None, Some((&number, rest))) => (Kind::from_number(number)?, rest),
        (None, None) => return Err(CodecError::Truncated { needed: 1 }),
    };
    let mut planes = Planes::new(shape.clone());
    tile::decode(bytes, &mut planes, kind, level)?;
    Ok(planes)
}

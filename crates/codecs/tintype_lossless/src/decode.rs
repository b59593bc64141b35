//! Sections in, tiles out.

use super::header::Header;
use super::padded_plane::PaddedPlane;
use super::tile::{Kind, Tile, TilePlane};
use tintype_codec::{CodecError, DecodeRequest, Exec, PayloadView, Result, SectionView, decode_tiles};
use tintype_entropy::BitDecoder;
use tintype_image::{Level, Plane, Planes, Shape};

/// Decodes the tiles that `request` touches.
pub(super) fn decode(payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Planes> {
    let shape = payload.shape;
    shape.check(&exec.limits)?;
    if request.scale_log2 != 0 {
        let what = "a lossless stream decodes at full size only".into();
        return Err(CodecError::Unsupported { what });
    }
    let tiles = Header::from_bytes(payload.header)?.tiles(shape);
    decode_tiles(shape, &tiles, request.region, exec.threads, |tile, tile_shape| {
        decode_tile(tile_shape, complete_section(payload, tile)?, exec.level)
    })
}

/// The section of a tile. A part of a tile does not decode.
fn complete_section<'a>(payload: &PayloadView<'a>, tile: usize) -> Result<&'a [u8]> {
    let found = payload.sections.iter().find(|s| s.key.tile as usize == tile && s.key.layer == 0);
    match found {
        Some(SectionView { bytes, complete: true, .. }) => Ok(bytes),
        _ => Err(CodecError::Truncated { needed: 1 }),
    }
}

fn decode_tile(shape: &Shape, bytes: &[u8], level: Level) -> Result<Planes> {
    let mut planes = Vec::with_capacity(shape.planes.len());
    for (index, info) in shape.planes.iter().enumerate() {
        let (width, height) = shape.plane_size(index);
        let bits = u32::from(info.bit_depth);
        planes.push(TilePlane { samples: PaddedPlane::new(width, height), bits });
    }
    let mut tile = Tile { planes };
    let mut decoder = BitDecoder::whole(bytes);
    tile.walk(&mut decoder, Kind::Blend, level)?;

    // The encoder drops zeros at the end, and the decoder's window is eight bytes ahead.
    if decoder.position() < bytes.len() {
        let what = "bytes left over after a tile".into();
        return Err(CodecError::Malformed { what, at: Some(decoder.position()) });
    }
    Ok(planes_from_tile(shape, &tile))
}

fn planes_from_tile(shape: &Shape, tile: &Tile) -> Planes {
    let mut planes = Vec::with_capacity(tile.planes.len());
    for plane in &tile.planes {
        let samples = &plane.samples;
        let mut out = Plane::new(samples.width, samples.height);
        for y in 0..samples.height {
            for (to, &from) in out.row_mut(y).iter_mut().zip(samples.row(y)) {
                *to = from as u16;
            }
        }
        planes.push(out);
    }
    Planes { shape: shape.clone(), planes }
}

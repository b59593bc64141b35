//! Sections in, tiles out.

use super::grid::Grid;
use super::header::{Header, plane_region, touches};
use super::tile::{Kind, Tile, TilePlane};
use std::sync::Mutex;
use tintype_codec::{
    CodecError, DecodeRequest, ExecOptions, PayloadView, SectionView, map_indexed,
};
use tintype_entropy::BitDecoder;
use tintype_image::{Level, Planes, Region, Shape};

/// Decodes the tiles that `request` touches.
pub(super) fn decode(
    shape: &Shape,
    payload: &PayloadView<'_>,
    request: &DecodeRequest,
    exec: &ExecOptions,
) -> Result<Planes, CodecError> {
    shape
        .check(&exec.limits)
        .map_err(|error| CodecError::Malformed { what: error.to_string(), at: None })?;
    if request.scale_log2 != 0 {
        return Err(CodecError::Unsupported {
            what: "a lossless stream decodes at full size only".into(),
        });
    }
    let whole = shape.region();
    let region = request.region.unwrap_or(whole);
    if !region.is_inside(whole) {
        return Err(CodecError::Misuse {
            what: format!("region of {region} outside the picture of {whole}"),
        });
    }
    let grid = Header::read(payload.header)?.grid(shape);
    let mut tiles = Vec::new();
    for (index, tile) in grid.regions().enumerate() {
        if touches(&grid, index, &region) {
            tiles.push((tile, section(payload, index)?));
        }
    }

    let out_shape = shape.with_size(region.width, region.height);
    let out = Mutex::new(Planes::new(out_shape));
    let results = map_indexed(exec.threads, tiles.len(), |index| {
        let (pixels, bytes) = tiles[index];
        let tile = decode_tile(shape, &pixels, bytes, exec.level)?;
        paste(
            &mut out.lock().expect("no worker panics while it holds the lock"),
            shape,
            &tile,
            &pixels,
            &region,
        );
        Ok(())
    });
    results.into_iter().collect::<Result<(), CodecError>>()?;
    Ok(out.into_inner().expect("as above"))
}

fn section<'a>(payload: &PayloadView<'a>, tile: usize) -> Result<&'a [u8], CodecError> {
    let found = payload.sections.iter().find(|s| s.key.tile as usize == tile && s.key.layer == 0);
    match found {
        Some(SectionView { bytes, complete: true, .. }) => Ok(bytes),
        _ => Err(CodecError::Truncated { needed: 1 }),
    }
}

fn decode_tile(
    shape: &Shape,
    pixels: &Region,
    bytes: &[u8],
    level: Level,
) -> Result<Tile, CodecError> {
    let planes = (0..shape.planes.len()).map(|i| {
        let region = plane_region(shape, i, pixels);
        TilePlane {
            grid: Grid::new(region.width, region.height, 0),
            bits: u32::from(shape.planes[i].bit_depth),
        }
    });
    let mut tile = Tile { planes: planes.collect() };
    let mut decoder = BitDecoder::whole(bytes);
    tile.walk(&mut decoder, Kind::Blend, level)?;
    // The encoder drops zeros at the end, and the window runs eight bytes ahead.
    if decoder.position() < bytes.len() {
        return Err(CodecError::Malformed {
            what: "bytes left over after a tile".into(),
            at: Some(decoder.position()),
        });
    }
    Ok(tile)
}

/// Copies the samples that `tile` and `region` share.
fn paste(out: &mut Planes, shape: &Shape, tile: &Tile, pixels: &Region, region: &Region) {
    for (index, plane) in tile.planes.iter().enumerate() {
        let from = plane_region(shape, index, pixels);
        let to = plane_region(shape, index, region);
        let (left, right) = (from.x.max(to.x), (from.x + from.width).min(to.x + to.width));
        let (top, bottom) = (from.y.max(to.y), (from.y + from.height).min(to.y + to.height));
        if left >= right {
            continue;
        }
        for y in top..bottom {
            let source = &plane.grid.row(y - from.y)[left - from.x..right - from.x];
            for (sample, value) in
                out.planes[index].row_mut(y - to.y)[left - to.x..].iter_mut().zip(source)
            {
                *sample = *value as u16;
            }
        }
    }
}

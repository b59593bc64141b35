//! What every block codec does around its tiles: cut the picture, refuse what it cannot do, end
//! a section.

use tintype_codec::{
    CodecError, CodecId, DecodeRequest, EncodeSettings, Result, Target, TileSection, map_indexed,
    tile_grid,
};
use tintype_entropy::BitDecoder;
use tintype_image::{Planes, Region, Threads, planes_cropped};

/// What `encode` makes of each tile of `source`, in the order of tiles; tiles are square,
/// `tile_px` on a side.
///
/// # Errors
/// Those of cutting planes that do not fit their shape.
pub fn encode_tiles<T: Send>(
    source: &Planes,
    tile_px: usize,
    threads: Threads,
    encode: impl Fn(&Planes) -> T + Sync,
) -> Result<Vec<T>> {
    let tiles: Vec<Region> = tile_grid(&source.shape, tile_px).regions().collect();
    let coded = map_indexed(threads, tiles.len(), |tile| {
        let planes = planes_cropped(source, tiles[tile])?;
        Ok(encode(&planes))
    });
    coded.into_iter().collect()
}

/// The quality asked of a codec that is lossy only.
///
/// # Errors
/// `Unsupported` for a lossless target.
pub fn lossy_quality(codec: CodecId, settings: &EncodeSettings) -> Result<f32> {
    match settings.target {
        Target::Quality(quality) => Ok(quality),
        Target::Lossless => Err(CodecError::Unsupported {
            what: format!("{codec} is lossy only; use the lossless or wavelet codec"),
        }),
    }
}

/// Refuses requests for smaller pictures.
///
/// # Errors
/// `Unsupported` for a scale.
pub fn require_full_size(codec: CodecId, request: &DecodeRequest) -> Result<()> {
    if request.scale_log2 == 0 {
        return Ok(());
    }
    Err(CodecError::Unsupported { what: format!("{codec} decodes at full size only") })
}

/// A range decoder for a tile that is one section; a section that was cut off decodes as far as
/// it goes.
pub fn tile_decoder<'a>(section: &TileSection<'a>) -> BitDecoder<'a> {
    if section.cut_off { BitDecoder::cut(section.bytes) } else { BitDecoder::whole(section.bytes) }
}

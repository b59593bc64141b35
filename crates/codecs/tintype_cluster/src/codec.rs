//! The codec: tiles over threads, layers, regions, models.

use super::decode::{Layers, decode_tile};
use super::encode::TileEncoder;
use super::format::{HALF_CHROMA, LAYERS, TILE_PX};
use super::model::ClusterModel;
use super::symbols::Contexts;
use tintype_block::{
    ModelSource, StreamHeader, encode_tiles, lossy_quality, plane_kinds, require_full_size,
};
use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView,
    QualityCurve, Result, Section, SectionKey, StreamModel, decode_tiles, tile_grid, wants_tile,
};
use tintype_image::{ColourModel, Planes, Shape};
#[cfg(feature = "model")]
use tintype_model::Model;
use tintype_model::{ModelFile, ModelLimits};

/// From this quality on, colour differences keep their size. Not measured.
const FULL_CHROMA: f32 = 76.0;
/// Steps of planes against the first: colour differences at half size, at full size. At half
/// size, 0.8 of 0.62 and 0.72 costs 0.9 % less, 1.25 of them 2.9 % more on three pictures of
/// photos/valid (docs/lab/cluster.md).
const CHROMA_STEPS: [[f32; 2]; 2] = [[0.53, 0.61], [0.82, 0.94]];

/// Quality against the luma step in 8-bit sample units, from photographs: the SSIMULACRA2 that
/// a typical one reaches.
const QUALITY: QualityCurve<'static> = QualityCurve::new(&[
    (0.0, 82.0),
    (12.5, 64.0),
    (25.0, 49.0),
    (40.0, 34.0),
    (57.0, 20.8),
    (70.0, 12.4),
    (76.0, 9.4),
    (83.0, 5.8),
    (91.0, 2.1),
    (100.0, 0.7),
]);

/// The model shipped with the program, fitted to photographs.
#[cfg(feature = "model")]
pub fn photo_model() -> &'static ClusterModel {
    static MODEL: std::sync::OnceLock<ClusterModel> = std::sync::OnceLock::new();
    MODEL.get_or_init(|| Model::built_in(include_bytes!("../../../../models/cluster-photo.tinmodel")))
}

/// The codec under the shipped model, or under one of the user's.
#[derive(Debug)]
pub struct ClusterCodec {
    model: ModelSource<ClusterModel>,
}

impl ClusterCodec {
    /// The codec under the shipped model.
    #[cfg(feature = "model")]
    pub const SHIPPED: Self = Self { model: ModelSource::built_in(photo_model) };

    /// The codec under `model`.
    pub fn with_model(model: ClusterModel) -> Self {
        Self { model: ModelSource::own(model) }
    }

    /// The codec under the model in `bytes`, which is sent with every picture, so that a decoder
    /// needs nothing else.
    ///
    /// # Errors
    /// Those of [`ModelFile::read`] and of the model; `Limit` for a model that is too large to be sent.
    pub fn sending(bytes: &[u8]) -> Result<Self> {
        Ok(Self { model: ModelSource::sending(&ModelFile::read(bytes, &ModelLimits::default())?)? })
    }
}

impl Codec for ClusterCodec {
    fn id(&self) -> CodecId {
        crate::ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { lossy: true, has_model: true, ..Capabilities::default() }
    }

    fn encode(&self, source: &Planes, settings: &EncodeSettings, exec: &Exec) -> Result<Payload> {
        let quality = lossy_quality(self.id(), settings)?;
        let model = self.model.get();
        let StreamHeader { flags, steps, .. } =
            header_for(&source.shape, QUALITY.step(quality), quality < FULL_CHROMA);
        let header = self.model.header(flags, steps);
        let coded = encode_tiles(source, TILE_PX, exec.threads, |planes| {
            let mut contexts = Contexts::new(&model.trees, &model.start);
            let encoder =
                TileEncoder { model, header: &header, effort: settings.effort, level: exec.level };
            encoder.encode(planes, &mut contexts, &mut |_| {}).layers
        })?;
        Ok(Payload { header: header.to_bytes(), sections: sections(coded) })
    }

    fn stream_model(&self, _: &Shape, header: &[u8]) -> Option<StreamModel> {
        StreamHeader::stream_model(header)
    }

    fn holds_model(&self, header: &[u8]) -> bool {
        self.model.is_named_by(header)
    }

    fn wants(&self, shape: &Shape, _: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
        key.layer < request.layers.unwrap_or(LAYERS as u32)
            && wants_tile(&tile_grid(shape, TILE_PX), key, request)
    }

    fn decode(&self, payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Planes> {
        let shape = payload.shape;
        require_full_size(self.id(), request)?;
        let planes = shape.planes.len();
        let header = StreamHeader::from_bytes(payload.header, self.id(), planes, HALF_CHROMA)?;
        let model = &*self.model.for_stream(&header)?;
        let layers = request.layers.unwrap_or(LAYERS as u32).min(LAYERS as u32);
        let grid = tile_grid(shape, TILE_PX);
        decode_tiles(shape, &grid, request.region, exec, |tile, shape| {
            decode_tile(shape, &find_layers(payload, tile, layers)?, &header, model, exec.level)
        })
    }
}

/// Layer by layer, so that a file that was cut off shows the whole picture, coarser.
fn sections(tiles: Vec<[Vec<u8>; LAYERS]>) -> Vec<Section> {
    let mut layers: [Vec<Section>; LAYERS] = Default::default();
    for (tile, coded) in tiles.into_iter().enumerate() {
        for (layer, bytes) in coded.into_iter().enumerate() {
            let key = SectionKey { tile: tile as u32, layer: layer as u32 };
            layers[layer].push(Section { key, bytes });
        }
    }
    layers.into_iter().flatten().collect()
}

/// The header for luma steps of `step` 8-bit sample units, without model.
pub fn header_for(shape: &Shape, step: f32, half_chroma: bool) -> StreamHeader {
    let half_chroma = shape.colour == ColourModel::Rgb && half_chroma;
    let kinds = plane_kinds(shape, half_chroma);
    let mut steps = Vec::with_capacity(kinds.len());
    for (index, kind) in kinds.iter().enumerate() {
        let share = if kind.chroma { CHROMA_STEPS[usize::from(!half_chroma)][index - 1] } else { 1.0 };
        steps.push((16.0 * step * share).round().clamp(1.0, 65535.0) as u16);
    }
    let flags = if half_chroma { HALF_CHROMA } else { 0 };
    StreamHeader { flags, steps, ..StreamHeader::default() }
}

/// The layers of a tile: those that are whole, up to the first that is not.
fn find_layers<'a>(payload: &PayloadView<'a>, tile: usize, layers: u32) -> Result<Layers<'a>> {
    let mut found = Layers::default();
    for (layer, slot) in found.iter_mut().enumerate().take(layers as usize) {
        let section = payload
            .sections
            .iter()
            .find(|s| s.key.tile as usize == tile && s.key.layer as usize == layer);
        match section.filter(|section| section.complete) {
            Some(section) => *slot = Some(section.bytes),
            None if payload.cut_off => break,
            None => {
                return Err(CodecError::Malformed {
                    what: format!("layer {layer} of tile {tile} is missing"),
                    at: None,
                });
            }
        }
    }
    Ok(found)
}

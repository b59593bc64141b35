//! The codec's door: tiles over threads, layers, regions.

use super::decode::{Layers, decode_tile};
use super::encode::TileEncoder;
use super::header::{Header, TILE_PX};
use super::model::ClusterModel;
use super::walk::Contexts;
use std::sync::OnceLock;
use tintype_block::{packed, unpacked};
use tintype_codec::decode_tiles;
use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, ExecOptions, Payload,
    PayloadView, Result, Section, SectionKey, Target, map_indexed,
};
use tintype_image::{ColourModel, Planes, Region, Shape, TileGrid, planes_cropped};

/// Sections of a tile.
const LAYERS: u32 = 4;
/// From this quality on, colour differences keep their size.
const FULL_CHROMA: f32 = 76.0;
/// Steps of planes against the first: colour differences at half size, at full size.
const CHROMA_STEPS: [[f32; 2]; 2] = [[0.53, 0.61], [0.82, 0.94]];

/// Quality against the luma step in 8-bit sample units, from photos: the SSIMULACRA2 that a typical one reaches.
const QUALITY_STEPS: [(f32, f32); 10] = [
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
];

/// The model shipped with the program, fitted to photographs.
pub fn photo_model() -> &'static ClusterModel {
    static MODEL: OnceLock<ClusterModel> = OnceLock::new();
    MODEL.get_or_init(|| {
        let bytes = include_bytes!("../../../../models/cluster-photo.tinmodel");
        ClusterModel::from_bytes(bytes).expect("the shipped model is whole")
    })
}

/// The codec under the shipped model, or under one of the user's.
#[derive(Debug, Default)]
pub struct ClusterCodec {
    own: Option<ClusterModel>,
    /// Whether streams carry the model.
    sends: bool,
}

impl ClusterCodec {
    /// The codec under the shipped model.
    pub const SHIPPED: Self = Self { own: None, sends: false };

    /// The codec under `model`.
    pub fn with_model(model: ClusterModel) -> Self {
        Self { own: Some(model), sends: false }
    }

    /// The codec under `model`, which is sent with every picture, so that a decoder needs nothing else.
    pub fn sending(model: ClusterModel) -> Self {
        Self { own: Some(model), sends: true }
    }

    fn model(&self) -> &ClusterModel {
        self.own.as_ref().unwrap_or_else(|| photo_model())
    }
}

impl Codec for ClusterCodec {
    fn id(&self) -> CodecId {
        crate::ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { lossy: true, has_model: true, ..Capabilities::default() }
    }

    fn encode(
        &self,
        source: &Planes,
        settings: &EncodeSettings,
        exec: &ExecOptions,
    ) -> Result<Payload> {
        let Target::Quality(quality) = settings.target else {
            let what = "cluster is lossy only; use the lossless or wavelet codec".into();
            return Err(CodecError::Unsupported { what });
        };
        let model = self.model();
        let header = self.header(&source.shape, quality)?;
        let tiles: Vec<Region> = grid(&source.shape).regions().collect();
        let coded = map_indexed(exec.threads, tiles.len(), |tile| {
            let planes = planes_cropped(source, tiles[tile])
                .map_err(|error| CodecError::Misuse { what: error.to_string() })?;
            let mut contexts = Contexts::new(&model.trees, &model.start);
            let encoder =
                TileEncoder { model, header: &header, effort: settings.effort, level: exec.level };
            Ok(encoder.encode(&planes, &mut contexts, &mut |_| {}).layers)
        });
        let coded = coded.into_iter().collect::<Result<Vec<_>>>()?;
        let mut sections = Vec::with_capacity(coded.len() * LAYERS as usize);
        // Layer by layer, so that a file that was cut off shows the whole picture, coarser.
        for layer in 0..LAYERS {
            for (tile, layers) in coded.iter().enumerate() {
                let key = SectionKey { tile: tile as u32, layer };
                sections.push(Section { key, bytes: layers[layer as usize].clone() });
            }
        }
        Ok(Payload { header: header.to_bytes(), sections })
    }

    fn holds_model(&self, header: &[u8]) -> bool {
        header.get(2..10) == Some(&self.model().hash)
    }

    fn wants(
        &self,
        shape: &Shape,
        _header: &[u8],
        key: SectionKey,
        request: &DecodeRequest,
    ) -> bool {
        let tile = grid(shape).region(key.tile as usize);
        key.layer < request.layers.unwrap_or(LAYERS)
            && tile.is_none_or(|tile| {
                request.region.is_none_or(|region| tile.intersection(region).is_some())
            })
    }

    fn decode(
        &self,
        payload: &PayloadView<'_>,
        request: &DecodeRequest,
        exec: &ExecOptions,
    ) -> Result<Planes> {
        let shape = payload.shape;
        if request.scale_log2 != 0 {
            return Err(CodecError::Unsupported {
                what: "cluster decodes at full size only".into(),
            });
        }
        let header = Header::from_bytes(payload.header, shape.planes.len())?;
        let sent = header
            .own_model
            .as_ref()
            .map(|bytes| ClusterModel::from_bytes(&unpacked(bytes)?))
            .transpose()?;
        let model = sent.as_ref().unwrap_or_else(|| self.model());
        if header.model_hash != model.hash {
            let name = |hash: [u8; 8]| hash.map(|byte| format!("{byte:02x}")).concat();
            let (needed, ours) = (name(header.model_hash), name(model.hash));
            let what = format!(
                "the stream needs the cluster model {needed}, here is {ours}; name it with --model"
            );
            return Err(CodecError::Mismatch { what });
        }
        let layers = request.layers.unwrap_or(LAYERS).min(LAYERS);
        decode_tiles(shape, &grid(shape), request.region, exec.threads, |tile, shape| {
            decode_tile(shape, &find_layers(payload, tile, layers)?, &header, model, exec.level)
        })
    }
}

impl ClusterCodec {
    fn header(&self, shape: &Shape, quality: f32) -> Result<Header> {
        let quality = quality.clamp(0.0, 100.0);
        let model = self.model();
        let own_model = if self.sends { Some(packed(&model.to_bytes())?) } else { None };
        let header = header_for(shape, step_from_quality(quality), quality < FULL_CHROMA);
        Ok(Header { model_hash: model.hash, own_model, ..header })
    }
}

/// The header for luma steps of `step` 8-bit sample units, without model.
pub fn header_for(shape: &Shape, step: f32, half_chroma: bool) -> Header {
    let half_chroma = shape.colour == ColourModel::Rgb && half_chroma;
    let colour = matches!(shape.colour, ColourModel::Rgb | ColourModel::YCbCr(_));
    let share = |index: usize| {
        if colour && (1..3).contains(&index) {
            CHROMA_STEPS[usize::from(!half_chroma)][index - 1]
        } else {
            1.0
        }
    };
    let steps = (0..shape.planes.len())
        .map(|i| (16.0 * step * share(i)).round().clamp(1.0, 65535.0) as u16);
    Header { model_hash: [0; 8], half_chroma, steps: steps.collect(), own_model: None }
}

/// The luma step in 8-bit sample units: straight lines between [`QUALITY_STEPS`] on a logarithmic scale.
fn step_from_quality(quality: f32) -> f32 {
    let upper =
        QUALITY_STEPS.iter().position(|p| p.0 >= quality).unwrap_or(QUALITY_STEPS.len() - 1).max(1);
    let ((q0, s0), (q1, s1)) = (QUALITY_STEPS[upper - 1], QUALITY_STEPS[upper]);
    let share = (quality - q0) / (q1 - q0);
    (s0.ln() * (1.0 - share) + s1.ln() * share).exp()
}

/// The tiles of a picture.
fn grid(shape: &Shape) -> TileGrid {
    TileGrid::new((shape.width_px, shape.height_px), (TILE_PX, TILE_PX))
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

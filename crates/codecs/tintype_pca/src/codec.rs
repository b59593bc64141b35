//! The codec's door: tiles over threads, regions, scale.

use super::header::{Header, TILE_PX};
use super::model::{PcaModel, bytes_to_send};
use super::tile::{TileContexts, decode_tile, encode_tile};
use std::sync::OnceLock;
use tintype_block::{internal_from_planes, internal_kinds, planes_from_internal};
use tintype_block::{packed, unpacked};
use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, ExecOptions, Payload,
    PayloadView, Result, Section, SectionKey, Target, map_indexed,
};
use tintype_codec::{TileSection, decode_tiles, section_of};
use tintype_image::{ImageError, Level, Planes, Region, Shape, TileGrid, planes_cropped};

/// Reconstruction offset, in 1/256 of a step.
const SHRINK: u8 = 20;

/// Quality against the luma step in 8-bit sample units: the mean SSIMULACRA2 that the pictures of photos/valid reach.
const QUALITY_STEPS: [(f32, f32); 9] = [
    (0.0, 79.0),
    (12.5, 63.7),
    (25.0, 50.3),
    (40.0, 36.7),
    (57.0, 23.8),
    (70.0, 15.4),
    (83.0, 8.0),
    (91.0, 3.35),
    (100.0, 0.6),
];

/// The model shipped with the program, fitted to photographs.
pub fn photo_model() -> &'static PcaModel {
    static MODEL: OnceLock<PcaModel> = OnceLock::new();
    MODEL.get_or_init(|| {
        let bytes = include_bytes!("../../../../models/pca-photo.tinmodel");
        PcaModel::from_bytes(bytes).expect("the shipped model is whole")
    })
}

/// The codec under the shipped model, or under one of the user's.
#[derive(Clone, Debug, Default)]
pub struct PcaCodec {
    own: Option<PcaModel>,
    /// That model, packed, if streams carry it.
    sent: Option<Vec<u8>>,
}

impl PcaCodec {
    /// The codec under the shipped model.
    pub const SHIPPED: Self = Self { own: None, sent: None };

    /// The codec under `model`.
    pub fn with_model(model: PcaModel) -> Self {
        Self { own: Some(model), sent: None }
    }

    /// The codec under the model in `bytes`, which is sent with every picture, so that a decoder needs nothing else: without its
    /// contexts, and with coarser entries.
    ///
    /// # Errors
    /// As [`PcaModel::from_bytes`]; `Limit` for a model that is too large to be sent.
    pub fn sending(bytes: &[u8]) -> Result<Self> {
        let bytes = bytes_to_send(bytes)?;
        Ok(Self { own: Some(PcaModel::from_bytes(&bytes)?), sent: Some(packed(&bytes)?) })
    }

    fn model(&self) -> &PcaModel {
        self.own.as_ref().unwrap_or_else(|| photo_model())
    }
}

impl Codec for PcaCodec {
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
            let what = "pca is lossy only; use the lossless or wavelet codec".into();
            return Err(CodecError::Unsupported { what });
        };
        let model = self.model();
        let kinds = internal_kinds(&source.shape);
        let header = Header {
            model_hash: model.hash,
            shrink: SHRINK,
            steps: kinds
                .iter()
                .enumerate()
                .map(|(i, kind)| plane_step(quality, i, kind.chroma))
                .collect(),
            own_model: self.sent.clone(),
        };
        let tiles: Vec<Region> = grid(&source.shape).regions().collect();
        let coded = map_indexed(exec.threads, tiles.len(), |tile| {
            let internal = internal_from_planes(&planes_cropped(source, tiles[tile])?);
            let mut contexts = TileContexts::new(model);
            Ok(encode_tile(
                &internal,
                &kinds,
                &header,
                model,
                &mut contexts,
                (settings.effort, exec.level),
            ))
        });
        let mut sections = Vec::with_capacity(tiles.len());
        for (tile, bytes) in coded.into_iter().enumerate() {
            let bytes = bytes
                .map_err(|error: ImageError| CodecError::Misuse { what: error.to_string() })?;
            sections.push(Section { key: SectionKey { tile: tile as u32, layer: 0 }, bytes });
        }
        Ok(Payload { header: header.to_bytes(), sections })
    }

    fn holds_model(&self, header: &[u8]) -> bool {
        header.get(1..9) == Some(&self.model().hash)
    }

    fn wants(
        &self,
        shape: &Shape,
        _header: &[u8],
        key: SectionKey,
        request: &DecodeRequest,
    ) -> bool {
        let tile = grid(shape).region(key.tile as usize);
        tile.is_none_or(|tile| {
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
            return Err(CodecError::Unsupported { what: "pca decodes at full size only".into() });
        }
        let header = Header::from_bytes(payload.header, shape.planes.len())?;
        let sent = header
            .own_model
            .as_ref()
            .map(|bytes| PcaModel::from_bytes(&unpacked(bytes)?))
            .transpose()?;
        let model = sent.as_ref().unwrap_or_else(|| self.model());
        if header.model_hash != model.hash {
            let (needed, ours) = (header.model_hash, model.hash);
            let what =
                format!("the stream needs model {needed:02x?}, this program has {ours:02x?}");
            return Err(CodecError::Mismatch { what });
        }
        decode_tiles(shape, &grid(shape), request.region, exec.threads, |tile, shape| {
            decode_section(shape, section_of(payload, tile)?, (&header, model), exec.level)
        })
    }
}

/// The tiles of a picture.
fn grid(shape: &Shape) -> TileGrid {
    TileGrid::new((shape.width_px, shape.height_px), (TILE_PX, TILE_PX))
}

/// Decodes one tile of `shape` to its planes.
fn decode_section(
    shape: &Shape,
    TileSection { bytes, cut_off: cut }: TileSection<'_>,
    (header, model): (&Header, &PcaModel),
    level: Level,
) -> Result<Planes> {
    let padded = |plane: usize| {
        let (width, height) = shape.plane_size(plane);
        (width.next_multiple_of(16), height.next_multiple_of(16))
    };
    let sizes: Vec<_> = (0..shape.planes.len()).map(padded).collect();
    let kinds = internal_kinds(shape);
    let (internal, whole) = decode_tile(bytes, cut, &sizes, &kinds, header, model, level);
    if !whole && !cut {
        return Err(CodecError::Truncated { needed: 1 });
    }
    Ok(planes_from_internal(shape, &internal))
}

/// The step of plane `index` in internal units.
fn plane_step(quality: f32, index: usize, chroma: bool) -> u16 {
    let quality = quality.clamp(0.0, 100.0);
    let upper =
        QUALITY_STEPS.iter().position(|p| p.0 >= quality).unwrap_or(QUALITY_STEPS.len() - 1).max(1);
    let ((q0, s0), (q1, s1)) = (QUALITY_STEPS[upper - 1], QUALITY_STEPS[upper]);
    let t = (quality - q0) / (q1 - q0);
    let step = (s0.ln() + t * (s1.ln() - s0.ln())).exp();
    // Steps that weigh equally in RGB after the inverse colour matrix.
    let weight = if !chroma {
        1.0
    } else if index == 1 {
        0.96
    } else {
        1.10
    };
    (step * weight * 16.0).round().clamp(1.0, 65535.0) as u16
}

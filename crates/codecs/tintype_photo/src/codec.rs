//! The codec: tiles over threads, regions, models.

use super::model::{PhotoModel, file_to_send};
use super::tile::{TileCoder, TileContexts};
use std::sync::OnceLock;
use tintype_block::{
    StreamHeader, encode_tiles, internal_planes, lossy_quality, plane_kinds, require_full_size,
    samples_from_internal,
};
use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView,
    QualityCurve, Result, SectionKey, TileSection, decode_tiles, section_of, tile_grid, wants_tile,
};
use tintype_image::{Planes, Shape};
use tintype_model::{ModelFile, ModelLimits, model_mismatch};

/// Side of a tile in pixels; a multiple of 32. Not measured.
const TILE_PX: usize = 1024;

/// Steps of the colour differences of a colour picture against luma's: about those that weigh
/// equally in RGB after the inverse colour matrix. Not measured.
const CHROMA_STEPS: [f32; 2] = [0.96, 1.10];

/// Quality against the luma step in 8-bit sample units: the mean SSIMULACRA2 that the pictures
/// of photos/valid reach.
const QUALITY: QualityCurve<'static> = QualityCurve::new(&[
    (0.0, 79.0),
    (12.5, 63.7),
    (25.0, 50.3),
    (40.0, 36.7),
    (57.0, 23.8),
    (70.0, 15.4),
    (83.0, 8.0),
    (91.0, 3.35),
    (100.0, 0.6),
]);

/// The model shipped with the program, fitted to photographs.
pub fn photo_model() -> &'static PhotoModel {
    static MODEL: OnceLock<PhotoModel> = OnceLock::new();
    MODEL.get_or_init(|| {
        let bytes = include_bytes!("../../../../models/photo.tinmodel");
        let file = ModelFile::read_built_in(bytes, &ModelLimits::default());
        let file = file.expect("the shipped model file is whole");
        PhotoModel::from_file(&file).expect("the shipped model is whole")
    })
}

/// The codec under the shipped model, or under one of the user's.
#[derive(Clone, Debug, Default)]
pub struct PhotoCodec {
    own: Option<PhotoModel>,
    /// That model, if streams carry it.
    sent: Option<Vec<u8>>,
}

impl PhotoCodec {
    /// The codec under the shipped model.
    pub const SHIPPED: Self = Self { own: None, sent: None };

    /// The codec under `model`.
    pub fn with_model(model: PhotoModel) -> Self {
        Self { own: Some(model), sent: None }
    }

    /// The codec under the model in `bytes`, which is sent with every picture, so that a
    /// decoder needs nothing else: without its contexts, and with coarser entries.
    ///
    /// # Errors
    /// As [`PhotoModel::from_bytes`]; `Limit` for a model that is too large to be sent.
    pub fn sending(bytes: &[u8]) -> Result<Self> {
        let file = file_to_send(&ModelFile::read(bytes, &ModelLimits::default())?)?;
        Ok(Self { own: Some(PhotoModel::from_file(&file)?), sent: Some(file.to_bytes_to_send()?) })
    }

    fn model(&self) -> &PhotoModel {
        self.own.as_ref().unwrap_or_else(|| photo_model())
    }
}

impl Codec for PhotoCodec {
    fn id(&self) -> CodecId {
        crate::ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { lossy: true, has_model: true, ..Capabilities::default() }
    }

    fn encode(&self, source: &Planes, settings: &EncodeSettings, exec: &Exec) -> Result<Payload> {
        let quality = lossy_quality(self.id(), settings)?;
        let model = self.model();
        let header = StreamHeader {
            flags: 0,
            model_hash: model.hash,
            steps: plane_steps(&source.shape, QUALITY.step(quality)),
            sent_model: self.sent.clone(),
        };
        let tiles = encode_tiles(source, TILE_PX, exec.threads, |planes| {
            let coder = TileCoder { model, steps: &header.steps, level: exec.level };
            let kinds = plane_kinds(&planes.shape, false);
            let mut contexts = TileContexts::new(model);
            coder.encode(&internal_planes(planes), &kinds, &mut contexts, settings.effort)
        })?;
        Ok(Payload::from_tiles(header.to_bytes(), tiles))
    }

    fn holds_model(&self, header: &[u8]) -> bool {
        StreamHeader::names_model(header, self.model().hash)
    }

    fn wants(&self, shape: &Shape, _: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
        wants_tile(&tile_grid(shape, TILE_PX), key, request)
    }

    fn decode(&self, payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Planes> {
        let shape = payload.shape;
        require_full_size(self.id(), request)?;
        let header = StreamHeader::from_bytes(payload.header, self.id(), shape.planes.len(), 0)?;
        let sent = match &header.sent_model {
            Some(bytes) => Some(PhotoModel::from_file(&ModelFile::read(bytes, &ModelLimits::SENT)?)?),
            None => None,
        };
        let model = sent.as_ref().unwrap_or_else(|| self.model());
        if header.model_hash != model.hash {
            return Err(model_mismatch(self.id(), header.model_hash, model.hash));
        }
        let coder = TileCoder { model, steps: &header.steps, level: exec.level };
        let grid = tile_grid(shape, TILE_PX);
        decode_tiles(shape, &grid, request.region, exec.threads, |tile, shape| {
            decode_section(shape, &section_of(payload, tile)?, &coder)
        })
    }
}

/// Decodes one tile of `shape`.
fn decode_section(shape: &Shape, section: &TileSection<'_>, coder: &TileCoder<'_>) -> Result<Planes> {
    let kinds = plane_kinds(shape, false);
    let padded = kinds.iter().enumerate().map(|(i, kind)| kind.padded(shape.plane_size(i), 16));
    let sizes: Vec<_> = padded.collect();
    let (internal, whole) = coder.decode(section, &sizes, &kinds);
    if !whole && !section.cut_off {
        return Err(CodecError::Truncated { needed: 1 });
    }
    Ok(samples_from_internal(shape, &internal))
}

/// The step of each plane in internal units for a luma step in 8-bit sample units.
fn plane_steps(shape: &Shape, step: f32) -> Vec<u16> {
    let of_plane = |(index, chroma): (usize, bool)| {
        let share = if chroma { CHROMA_STEPS[index - 1] } else { 1.0 };
        (step * share * 16.0).round().clamp(1.0, 65535.0) as u16
    };
    let kinds = plane_kinds(shape, false);
    kinds.iter().map(|kind| kind.chroma).enumerate().map(of_plane).collect()
}

//! The codec: planes to internal planes and back, tiles over threads, regions.

use super::deblock::smoothed;
use super::header::{Header, TILE_PX};
use super::model::SparseModel;
use super::planes::{coded_planes, doubled, plane_plans};
use super::search::Prepared;
use super::symbols::Contexts;
use super::tile::TileCoder;
use std::sync::OnceLock;
use tintype_block::{PlaneState, encode_tiles, lossy_quality, require_full_size, samples_from_internal};
use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView,
    QualityCurve, Result, SectionKey, StreamModel, TileSection, decode_tiles, section_of, tile_grid,
    wants_tile,
};
use tintype_image::{ColourModel, Level, Plane, Planes, Shape};
#[cfg(feature = "model")]
use tintype_model::Model;
use tintype_model::{ModelHash, model_mismatch};

/// Quality against the luma step in 8-bit sample units. From 10 to 72 it is the mean
/// SSIMULACRA2 of photos/valid at that step; below 10 the steps run on to the low rates that
/// this codec is for; above 72 they are not measured.
const QUALITY: QualityCurve<'static> = QualityCurve::new(&[
    (0.0, 160.0),
    (10.0, 54.0),
    (16.0, 48.0),
    (30.0, 35.3),
    (44.0, 25.9),
    (57.0, 16.8),
    (72.5, 10.0),
    (100.0, 1.0),
]);
/// From this step in internal units on chroma is coded at half resolution. Not measured.
const HALF_CHROMA_STEP: i32 = 24 * 16;

/// The name of the model that ships with the program: streams under it do not name it.
pub const SHIPPED_HASH: ModelHash = ModelHash([0x33, 0xe5, 0xee, 0xd3, 0xc3, 0xe4, 0xc4, 0x26]);

/// The model shipped with the program, fitted to photographs.
#[cfg(feature = "model")]
pub fn photo_model() -> &'static SparseModel {
    static MODEL: OnceLock<SparseModel> = OnceLock::new();
    MODEL.get_or_init(|| Model::built_in(include_bytes!("../../../../models/sparse-photo.tinmodel")))
}

/// The codec under one model.
#[derive(Debug)]
pub struct SparseCodec {
    model: SparseModel,
    prepared: OnceLock<Prepared>,
    shipped: bool,
}

impl SparseCodec {
    /// The codec under a model of the user's.
    pub fn new(model: SparseModel) -> Self {
        let shipped = model.hash == SHIPPED_HASH;
        Self { model, prepared: OnceLock::new(), shipped }
    }

    /// The codec under the shipped model.
    #[cfg(feature = "model")]
    pub fn photo() -> &'static Self {
        static CODEC: OnceLock<SparseCodec> = OnceLock::new();
        CODEC.get_or_init(|| Self::new(photo_model().clone()))
    }

    /// Codes `source` at a step number (see [`Header`]).
    ///
    /// # Errors
    /// Those of planes that do not fit their shape.
    pub fn encode_at(
        &self,
        source: &Planes,
        step_number: u8,
        effort: u8,
        exec: &Exec,
    ) -> Result<Payload> {
        let model_hash = (!self.shipped).then_some(self.model.hash);
        let mut header = Header { smoothing: 0, half_chroma: false, step_number, model_hash };
        header.half_chroma =
            source.shape.colour == ColourModel::Rgb && header.step() >= HALF_CHROMA_STEP;
        let prepared = self.prepared.get_or_init(|| Prepared::new(&self.model));
        let coder = TileCoder { model: &self.model, header: &header, level: exec.level };
        let coded = encode_tiles(source, TILE_PX, exec.threads, |part| {
            let planes = coded_planes(part, &header);
            let plans = plane_plans(&part.shape, &header);
            let mut contexts = Contexts::new(&self.model);
            let (bytes, states) = coder.encode(&planes, &plans, prepared, &mut contexts, effort);
            (bytes, smoothing_errors(&states, &planes, &header))
        })?;

        let mut errors = [0f64; 4];
        for (_, own) in &coded {
            errors.iter_mut().zip(own).for_each(|(sum, error)| *sum += error);
        }
        let best = (0..4).min_by(|&a, &b| errors[a].total_cmp(&errors[b])).unwrap_or(0);
        header.smoothing = best as u8;
        Ok(Payload::from_tiles(header.to_bytes(), coded.into_iter().map(|(bytes, _)| bytes)))
    }

    fn check_model(&self, header: &Header) -> Result<()> {
        let ours = (!self.shipped).then_some(self.model.hash);
        if header.model_hash == ours || header.model_hash == Some(self.model.hash) {
            return Ok(());
        }
        let needed = header.model_hash.unwrap_or(SHIPPED_HASH);
        Err(model_mismatch(crate::ID, needed, self.model.hash))
    }

    fn decode_section(
        &self,
        shape: &Shape,
        section: &TileSection<'_>,
        header: &Header,
        level: Level,
    ) -> Result<Planes> {
        let coder = TileCoder { model: &self.model, header, level };
        let (states, whole) = coder.decode(section, &plane_plans(shape, header));
        if !whole && !section.cut_off {
            return Err(CodecError::Truncated { needed: 1 });
        }
        let mut internal: Vec<Plane<i16>> = Vec::with_capacity(states.len());
        for state in &states {
            let plane = smoothed(state, header.step(), header.smoothing);
            internal.push(if state.kind.half { doubled(&plane) } else { plane });
        }
        Ok(samples_from_internal(shape, &internal))
    }
}

/// The number of the step that `quality`, 0 to 100, stands for.
pub fn step_number(quality: f32) -> u8 {
    let step = QUALITY.step(quality) * 16.0;
    (step.log2() * 12.0).round().clamp(0.0, f32::from(Header::STEP_MAX)) as u8
}

impl Codec for SparseCodec {
    fn id(&self) -> CodecId {
        crate::ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { lossy: true, has_model: true, short_frame: true, ..Capabilities::default() }
    }

    fn encode(&self, source: &Planes, settings: &EncodeSettings, exec: &Exec) -> Result<Payload> {
        let quality = lossy_quality(self.id(), settings)?;
        self.encode_at(source, step_number(quality), settings.effort, exec)
    }

    fn stream_model(&self, _: &Shape, header: &[u8]) -> Option<StreamModel> {
        let hash = Header::from_bytes(header).ok()?.model_hash.unwrap_or(SHIPPED_HASH);
        Some(StreamModel { hash: hash.0.to_vec(), sent: false })
    }

    fn holds_model(&self, header: &[u8]) -> bool {
        Header::from_bytes(header).is_ok_and(|header| self.check_model(&header).is_ok())
    }

    fn wants(&self, shape: &Shape, _: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
        wants_tile(&tile_grid(shape, TILE_PX), key, request)
    }

    fn decode(&self, payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Planes> {
        let shape = payload.shape;
        require_full_size(self.id(), request)?;
        let header = Header::from_bytes(payload.header)?;
        self.check_model(&header)?;
        let grid = tile_grid(shape, TILE_PX);
        decode_tiles(shape, &grid, request.region, exec, |tile, shape| {
            self.decode_section(shape, &section_of(payload, tile)?, &header, exec.level)
        })
    }
}

/// Squared errors of the planes at each strength of smoothing.
fn smoothing_errors(states: &[PlaneState], planes: &[Plane<i16>], header: &Header) -> [f64; 4] {
    std::array::from_fn(|strength| {
        let mut sum = 0f64;
        for (state, plane) in states.iter().zip(planes) {
            let smooth = smoothed(state, header.step(), strength as u8);
            for (a, b) in smooth.rows().flatten().zip(plane.rows().flatten()) {
                sum += f64::from(i32::from(*a) - i32::from(*b)).powi(2);
            }
        }
        sum
    })
}

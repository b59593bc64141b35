//! The codec's door: planes to internal planes and back, tiles over threads, regions.

use super::deblock::smoothed;
use super::encode::Prepared;
use super::header::{Header, TILE_PX};
use super::model::SparseModel;
use super::state::PlaneState;
use super::tile::{decode_tile, encode_tile};
use super::walk::Contexts;
use std::sync::OnceLock;
use tintype_block::{internal_from_planes, internal_kinds, planes_from_internal};
use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, ExecOptions, Payload,
    PayloadView, Result, Section, SectionKey, Target, map_indexed,
};
use tintype_codec::{TileSection, decode_tiles, section_of};
use tintype_image::{ColourModel, Level, Plane, Planes, Region, Shape, TileGrid, planes_cropped};

/// Quality against the luma step in 8-bit sample units, from photos: from 10 to 72 the mean SSIMULACRA2 of photos/valid. Below
/// 10 the steps run on to the low rates that this codec is for; above 72 they are not measured.
const QUALITY_STEPS: [(f32, f32); 8] = [
    (0.0, 160.0),
    (10.0, 54.0),
    (16.0, 48.0),
    (30.0, 35.3),
    (44.0, 25.9),
    (57.0, 16.8),
    (72.5, 10.0),
    (100.0, 1.0),
];
/// From this step in internal units on chroma is coded at half resolution.
const HALF_CHROMA_STEP: i32 = 24 * 16;

/// The model shipped with the program, fitted to photographs.
pub fn photo_model() -> &'static SparseModel {
    static MODEL: OnceLock<SparseModel> = OnceLock::new();
    MODEL.get_or_init(|| {
        let bytes = include_bytes!("../../../../models/sparse-photo.tinmodel");
        SparseModel::from_bytes(bytes).expect("the shipped model is whole")
    })
}

/// How one plane of a tile is coded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlanePlan {
    /// Columns, a multiple of 32.
    pub width: usize,
    /// Rows, a multiple of 32.
    pub height: usize,
    /// What the first block is predicted from.
    pub middle: i32,
    /// With the sets for chroma.
    pub chroma: bool,
    /// At half the resolution of its plane.
    pub half: bool,
    /// What a squared error in it weighs against one in luma.
    pub weight: f32,
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
        let shipped = model.hash == photo_model().hash;
        Self { model, prepared: OnceLock::new(), shipped }
    }

    /// The codec under the shipped model.
    pub fn photo() -> &'static Self {
        static CODEC: OnceLock<SparseCodec> = OnceLock::new();
        CODEC.get_or_init(|| Self {
            model: photo_model().clone(),
            prepared: OnceLock::new(),
            shipped: true,
        })
    }

    /// Codes `source` at a step number (see [`Header`]).
    ///
    /// # Errors
    /// `Misuse` for planes that do not fit their shape.
    pub fn encode_at(
        &self,
        source: &Planes,
        step_number: u8,
        effort: u8,
        exec: &ExecOptions,
    ) -> Result<Payload> {
        let model_hash = (!self.shipped).then_some(self.model.hash);
        let mut header = Header { smoothing: 0, half_chroma: false, step_number, model_hash };
        header.half_chroma =
            source.shape.colour == ColourModel::Rgb && header.step() >= HALF_CHROMA_STEP;
        let prepared = self.prepared.get_or_init(|| Prepared::new(&self.model));
        let tiles: Vec<Region> = grid(&source.shape).regions().collect();
        let coded = map_indexed(exec.threads, tiles.len(), |tile| {
            let part = planes_cropped(source, tiles[tile])?;
            let planes = coded_planes(&part, &header);
            let plans = plane_plans(&part.shape, &header);
            let mut contexts = Contexts::new(&self.model);
            let with = (&self.model, prepared);
            let (bytes, states) =
                encode_tile(&planes, &plans, &header, with, &mut contexts, (effort, exec.level));
            Ok((bytes, smoothing_errors(&states, &planes, &header)))
        });
        let mut sections = Vec::with_capacity(tiles.len());
        let mut errors = [0f64; 4];
        for (tile, result) in coded.into_iter().enumerate() {
            let (bytes, own) = result.map_err(|error: tintype_image::ImageError| {
                CodecError::Misuse { what: error.to_string() }
            })?;
            errors.iter_mut().zip(own).for_each(|(sum, e)| *sum += e);
            sections.push(Section { key: SectionKey { tile: tile as u32, layer: 0 }, bytes });
        }
        header.smoothing =
            (0..4).min_by(|&a, &b| errors[a].total_cmp(&errors[b])).unwrap_or(0) as u8;
        Ok(Payload { header: header.to_bytes(), sections })
    }

    fn check_model(&self, header: &Header) -> Result<()> {
        let ours = (!self.shipped).then_some(self.model.hash);
        if header.model_hash == ours || header.model_hash == Some(self.model.hash) {
            return Ok(());
        }
        let needed =
            header.model_hash.map_or("the one shipped".to_string(), |hash| format!("{hash:02x?}"));
        let what =
            format!("the stream needs sparse model {needed}, this is {:02x?}", self.model.hash);
        Err(CodecError::Mismatch { what })
    }
}

/// The number of the step that `quality`, 0 to 100, stands for.
pub fn plane_step(quality: f32) -> u8 {
    let quality = quality.clamp(0.0, 100.0);
    let upper =
        QUALITY_STEPS.iter().position(|p| p.0 >= quality).unwrap_or(QUALITY_STEPS.len() - 1).max(1);
    let ((q0, s0), (q1, s1)) = (QUALITY_STEPS[upper - 1], QUALITY_STEPS[upper]);
    let t = (quality - q0) / (q1 - q0);
    let step = (s0.ln() + t * (s1.ln() - s0.ln())).exp() * 16.0;
    (step.log2() * 12.0).round().clamp(0.0, f32::from(Header::STEP_MAX)) as u8
}

impl Codec for SparseCodec {
    fn id(&self) -> CodecId {
        crate::ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { lossy: true, has_model: true, short_frame: true, ..Capabilities::default() }
    }

    fn encode(
        &self,
        source: &Planes,
        settings: &EncodeSettings,
        exec: &ExecOptions,
    ) -> Result<Payload> {
        let Target::Quality(quality) = settings.target else {
            let what = "sparse is lossy only; use the lossless or wavelet codec".into();
            return Err(CodecError::Unsupported { what });
        };
        self.encode_at(source, plane_step(quality), settings.effort, exec)
    }

    fn holds_model(&self, header: &[u8]) -> bool {
        Header::from_bytes(header).is_ok_and(|header| self.check_model(&header).is_ok())
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
            return Err(CodecError::Unsupported {
                what: "sparse decodes at full size only".into(),
            });
        }
        let header = Header::from_bytes(payload.header)?;
        self.check_model(&header)?;
        decode_tiles(shape, &grid(shape), request.region, exec.threads, |tile, shape| {
            self.decode_section(shape, section_of(payload, tile)?, &header, exec.level)
        })
    }
}

impl SparseCodec {
    fn decode_section(
        &self,
        shape: &Shape,
        TileSection { bytes, cut_off: cut }: TileSection<'_>,
        header: &Header,
        level: Level,
    ) -> Result<Planes> {
        let plans = plane_plans(shape, header);
        let (states, whole) = decode_tile(bytes, cut, &plans, header, &self.model, level);
        if !whole && !cut {
            return Err(CodecError::Truncated { needed: 1 });
        }
        let full = |(state, plan): (&PlaneState, &PlanePlan)| {
            let plane = smoothed(state, header.step(), header.smoothing);
            if plan.half { doubled(&plane) } else { plane }
        };
        let internal: Vec<Plane<i16>> = states.iter().zip(&plans).map(full).collect();
        Ok(planes_from_internal(shape, &internal))
    }
}

/// The tiles of a picture.
fn grid(shape: &Shape) -> TileGrid {
    TileGrid::new((shape.width_px, shape.height_px), (TILE_PX, TILE_PX))
}

/// How the planes of a tile of `shape` are coded.
pub fn plane_plans(shape: &Shape, header: &Header) -> Vec<PlanePlan> {
    let plan = |(index, kind): (usize, tintype_block::InternalKind)| {
        let (width, height) = shape.plane_size(index);
        let half = header.half_chroma && kind.chroma && shape.colour == ColourModel::Rgb;
        let size = |side: usize| if half { side.div_ceil(2) } else { side }.next_multiple_of(32);
        // Squared errors of RGB after the inverse colour matrix, against those in luma; a half plane's sample counts four times.
        let share = if shape.colour != ColourModel::Rgb || !kind.chroma {
            1.0
        } else if index == 1 {
            (1.772f32.powi(2) + 0.344f32.powi(2)) / 3.0
        } else {
            (1.402f32.powi(2) + 0.714f32.powi(2)) / 3.0
        };
        let weight = share * if half { 4.0 } else { 1.0 };
        PlanePlan {
            width: size(width),
            height: size(height),
            middle: kind.middle,
            chroma: kind.chroma,
            half,
            weight,
        }
    };
    internal_kinds(shape).into_iter().enumerate().map(plan).collect()
}

/// The internal planes of `source` as they are coded.
pub fn coded_planes(source: &Planes, header: &Header) -> Vec<Plane<i16>> {
    let plans = plane_plans(&source.shape, header);
    let internal = internal_from_planes(source);
    let coded = |(plane, plan): (&Plane<i16>, &PlanePlan)| {
        let mut out = Plane::new(plan.width, plan.height);
        let (right, bottom) = (plane.width() - 1, plane.height() - 1);
        let at = |x: usize, y: usize| i32::from(plane.row(y.min(bottom))[x.min(right)]);
        for y in 0..plan.height {
            for (x, value) in out.row_mut(y).iter_mut().enumerate() {
                *value = if plan.half {
                    let (x, y) = (2 * x, 2 * y);
                    ((at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1) + 2) >> 2) as i16
                } else {
                    at(x, y) as i16
                };
            }
        }
        out
    };
    internal.iter().zip(&plans).map(coded).collect()
}

/// A plane at twice the resolution: three quarters of the nearer sample, one of the further, both ways. Bit-exact.
fn doubled(plane: &Plane<i16>) -> Plane<i16> {
    let (width, height) = (plane.width(), plane.height());
    let mut out = Plane::new(2 * width, 2 * height);
    let pair = |i: usize, end: usize| {
        let far =
            if i.is_multiple_of(2) { (i / 2).saturating_sub(1) } else { (i / 2 + 1).min(end - 1) };
        (i / 2, far)
    };
    for y in 0..2 * height {
        let (near_y, far_y) = pair(y, height);
        let (near, far) = (plane.row(near_y), plane.row(far_y));
        for (x, value) in out.row_mut(y).iter_mut().enumerate() {
            let (a, b) = pair(x, width);
            let sum = 9 * i32::from(near[a])
                + 3 * (i32::from(near[b]) + i32::from(far[a]))
                + i32::from(far[b]);
            *value = ((sum + 8) >> 4) as i16;
        }
    }
    out
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

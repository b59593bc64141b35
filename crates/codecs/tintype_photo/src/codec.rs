//! The codec: tiles over threads, regions, models.

use super::filter::filtered_planes;
use super::model::{PhotoModel, file_to_send};
use super::synthesis::Slopes;
use super::tile::{TileCoder, TileContexts};
use super::walk::{CodedBlock, References};
use tintype_block::{
    BORDER_INPUTS, Cell, ModelSource, PlaneKind, StreamHeader, encode_tiles, internal_planes,
    lossy_quality, plane_kinds, require_full_size, samples_from_internal,
};
use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, CodedPart, DecodeRequest, EncodeSettings, Exec, Payload,
    PayloadView, QualityCurve, Result, SectionKey, StreamModel, TileSection, Tune, decode_tiles,
    section_of, tile_grid, wants_tile,
};
use tintype_entropy::BitEncoder;
use tintype_image::{Level, Plane, Planes, Region, Shape};
#[cfg(feature = "model")]
use tintype_model::Model;
use tintype_model::{ModelFile, ModelLimits};

/// Side of a tile in pixels; a multiple of 32. Not measured.
const TILE_PX: usize = 1024;

/// Flag of the header: blocks have steps of their own, and rows weights.
const VARIES: u8 = 2;

/// Flag of the header: tiles end with the switches of the filter.
const FILTERED: u8 = 4;

/// Steps of the colour differences of a colour picture in 1/256 of luma's, under `--tune psnr` and
/// `--tune visual`. Those that weigh equally in RGB after the inverse colour matrix are about 0.96 and 1.10 times
/// luma's; on 13 crops of photos/valid 0.92 of these need 0.1 % fewer bytes at the same PSNR, 0.82 and 1.1 0.3 and
/// 0.6 % more than that. Of the others, 1.2 times as large, on seven crops of
/// photos/valid, SSIMULACRA2 of 50 to 90: 0.85 needs 2.3 % more bytes than 1, 1.2 0.5 % fewer; 1.3
/// with half the gain of chroma's weights about as many as 1.2.
const CHROMA_STEPS: [[u32; 2]; 2] = [[226, 260], [295, 338]];

/// Quality against the luma step in 8-bit sample units: the mean SSIMULACRA2 that the pictures
/// of photos/valid reach under `--tune visual`.
const QUALITY: QualityCurve<'static> = QualityCurve::new(&[
    (0.0, 86.7),
    (22.3, 63.7),
    (32.9, 50.3),
    (46.0, 36.7),
    (60.8, 23.8),
    (72.6, 15.4),
    (84.7, 8.0),
    (91.4, 3.35),
    (100.0, 0.6),
]);

/// The model shipped with the program, fitted to photographs.
#[cfg(feature = "model")]
pub fn photo_model() -> &'static PhotoModel {
    static MODEL: std::sync::OnceLock<PhotoModel> = std::sync::OnceLock::new();
    MODEL.get_or_init(|| Model::built_in(include_bytes!("../../../../models/photo.tinmodel")))
}

/// The codec under the shipped model, or under one of the user's.
#[derive(Clone, Debug)]
pub struct PhotoCodec {
    model: ModelSource<PhotoModel>,
}

impl PhotoCodec {
    /// The codec under the shipped model.
    #[cfg(feature = "model")]
    pub const SHIPPED: Self = Self { model: ModelSource::built_in(photo_model) };

    /// The codec under `model`.
    pub fn with_model(model: PhotoModel) -> Self {
        Self { model: ModelSource::own(model) }
    }

    /// The codec under the model in `bytes`, which is sent with every picture, so that a
    /// decoder needs nothing else: without its contexts, and with coarser entries.
    ///
    /// # Errors
    /// Those of [`ModelFile::read`] and of the model; `Limit` for a model that is too large to be sent.
    pub fn sending(bytes: &[u8]) -> Result<Self> {
        let file = file_to_send(&ModelFile::read(bytes, &ModelLimits::default())?)?;
        Ok(Self { model: ModelSource::sending(&file)? })
    }
}

impl Codec for PhotoCodec {
    fn id(&self) -> CodecId {
        crate::ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { lossy: true, has_model: true, short_frame: true, ..Capabilities::default() }
    }

    fn encode(&self, source: &Planes, settings: &EncodeSettings, exec: &Exec) -> Result<Payload> {
        let quality = lossy_quality(self.id(), settings)?;
        let model = self.model.get();
        let varies = settings.tune == Tune::Visual;
        let filtered = has_switches(model, &source.shape);
        let flags = if varies { VARIES } else { 0 } | if filtered { FILTERED } else { 0 };
        let header = self.model.header(flags, plane_steps(&source.shape, QUALITY.step(quality), varies));
        let header_bytes = header.to_short_bytes().unwrap_or_else(|| header.to_bytes());
        let tiles = encode_tiles(source, TILE_PX, exec.threads, |planes| {
            let coder = TileCoder { model, steps: &header.steps, varies, filtered, level: exec.level };
            let kinds = plane_kinds(&planes.shape, false);
            let mut contexts = TileContexts::new(model);
            coder.encode(&internal_planes(planes), &kinds, &mut contexts, settings.effort)
        })?;
        Ok(Payload::from_tiles(header_bytes, tiles))
    }

    fn stream_model(&self, _: &Shape, header: &[u8]) -> Option<StreamModel> {
        StreamHeader::stream_model(header)
    }

    fn holds_model(&self, header: &[u8]) -> bool {
        self.model.is_named_by(header)
    }

    fn wants(&self, shape: &Shape, _: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
        wants_tile(&tile_grid(shape, TILE_PX), key, request)
    }

    fn decode(&self, payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Planes> {
        require_full_size(self.id(), request)?;
        let grid = tile_grid(payload.shape, TILE_PX);
        self.with_coder(payload, exec, |coder| {
            decode_tiles(payload.shape, &grid, request.region, exec, |tile, shape| {
                decode_section(shape, &section_of(payload, tile)?, coder)
            })
        })
    }

    fn explain(&self, payload: &PayloadView<'_>, exec: &Exec) -> Result<Vec<CodedPart>> {
        let shape = payload.shape;
        let grid = tile_grid(shape, TILE_PX);
        let kinds = plane_kinds(shape, false);
        let mut parts = Vec::new();
        self.with_coder(payload, exec, |coder| {
            let whole = Region::of_size(shape.width_px, shape.height_px);
            for (tile, place) in grid.touched(whole).filter_map(|tile| Some((tile, grid.region(tile)?)))
            {
                let tile_shape = shape.with_size(place.width, place.height);
                let sizes = padded_sizes(&tile_shape, &kinds);
                let mut taken = 0.0;
                let mut observe = |plane: usize, block: &CodedBlock<'_>, now: f64| {
                    let info = &shape.planes[plane];
                    parts.push(CodedPart {
                        plane,
                        x: (place.x >> info.subsample_x_log2) + block.at.0,
                        y: (place.y >> info.subsample_y_log2) + block.at.1,
                        side: block.side,
                        choice: block.piece,
                        levels: block.end,
                        bits: (now - std::mem::replace(&mut taken, now)) as f32,
                    });
                };
                coder.decode(&section_of(payload, tile)?, &sizes, &kinds, Some(&mut observe));
            }
            Ok(())
        })?;
        Ok(parts)
    }
}

impl PhotoCodec {
    /// Does `work` with what decodes the tiles of a stream.
    fn with_coder<T>(
        &self,
        payload: &PayloadView<'_>,
        exec: &Exec,
        work: impl FnOnce(&TileCoder<'_>) -> Result<T>,
    ) -> Result<T> {
        let shape = payload.shape;
        let expected = (shape.planes.len(), VARIES | FILTERED);
        let header = StreamHeader::from_either(payload.header, crate::ID, expected, |step, flags| {
            steps_of_planes(shape, step, flags & VARIES != 0)
        })?;
        let model = &*self.model.for_stream(&header)?;
        let [varies, filtered] = [VARIES, FILTERED].map(|flag| header.flags & flag != 0);
        if filtered && !has_switches(model, shape) {
            let what = format!("{} stream with switches of a filter that its model lacks", crate::ID);
            return Err(CodecError::Malformed { what, at: Some(1) });
        }
        work(&TileCoder { model, steps: &header.steps, varies, filtered, level: exec.level })
    }
}

/// The size of each plane, padded.
fn padded_sizes(shape: &Shape, kinds: &[PlaneKind]) -> Vec<(usize, usize)> {
    kinds.iter().enumerate().map(|(i, kind)| kind.padded(shape.plane_size(i), 16)).collect()
}

/// A picture and what a decoder has of it before the filter: internal planes.
#[derive(Debug)]
pub struct CodedPlanes {
    /// The source.
    pub source: Vec<Plane<i16>>,
    /// What is decoded.
    pub decoded: Vec<Plane<i16>>,
    /// What luma's blocks were.
    pub cells: Plane<Cell>,
    /// The step of each plane.
    pub steps: Vec<u16>,
}

/// Codes `picture` as one tile as `settings` say, for a filter to learn from.
///
/// # Errors
/// `Unsupported` for a lossless target.
pub fn coded_planes(
    model: &PhotoModel,
    picture: &Planes,
    settings: &EncodeSettings,
    level: Level,
) -> Result<CodedPlanes> {
    let quality = lossy_quality(crate::ID, settings)?;
    let steps = plane_steps(&picture.shape, QUALITY.step(quality), settings.tune == Tune::Visual);
    let source = internal_planes(picture);
    let varies = settings.tune == Tune::Visual;
    let coder = TileCoder { model, steps: &steps, varies, filtered: false, level };
    let kinds = plane_kinds(&picture.shape, false);
    let mut contexts = TileContexts::new(model);
    let mut encoder = BitEncoder::new();
    let states = coder.encode_planes(
        &mut encoder,
        &source,
        &kinds,
        &mut contexts,
        settings.effort,
        &mut |_, _, _| (),
    );
    let cells = states[0].cells.clone();
    let decoded = states.into_iter().map(|state| state.samples).collect();
    Ok(CodedPlanes { source, decoded, cells, steps })
}

/// A block that the encoder has chosen, for pieces to learn from.
#[derive(Debug)]
pub struct ChosenBlock {
    /// Whether it is of a chroma plane.
    pub chroma: bool,
    /// 8, 16 or 32.
    pub side: usize,
    /// Number of its piece.
    pub piece: usize,
    /// Its step, internal units.
    pub step: i32,
    /// Inputs of its border, less the border's mean and the slopes' part: internal units.
    pub border: [i32; BORDER_INPUTS],
    /// Its samples as they should be, less the same.
    pub samples: Vec<i32>,
}

/// Codes the internal `planes` of one tile, see [`TileCoder::encode`], and gives each block that has
/// levels to `take`.
pub fn chosen_blocks(
    coder: &TileCoder<'_>,
    planes: &[Plane<i16>],
    kinds: &[PlaneKind],
    effort: u8,
    mut take: impl FnMut(ChosenBlock),
) {
    let mut contexts = TileContexts::new(coder.model);
    let mut observe = |plane: usize, references: &References<'_>, block: &CodedBlock<'_>| {
        if block.end == 0 {
            return;
        }
        let ((x, y), side) = (block.at, block.side);
        let mut samples = Vec::with_capacity(side * side);
        for row in y..y + side {
            samples.extend_from_slice(&planes[plane].row(row)[x..][..side]);
        }
        let slopes = Slopes { values: block.slopes, references: references.slopes };
        slopes.take_from(&mut samples, block.at, side);
        let samples = samples.iter().map(|&sample| i32::from(sample) - block.border.mean).collect();
        let (chroma, border) = (kinds[plane].chroma, block.border.inputs);
        take(ChosenBlock { chroma, side, piece: block.piece, step: block.step, border, samples });
    };
    coder.encode_planes(&mut BitEncoder::new(), planes, kinds, &mut contexts, effort, &mut observe);
}

/// Whether a picture of `shape` can be filtered under `model`.
fn has_switches(model: &PhotoModel, shape: &Shape) -> bool {
    model.filter.is_some() && filtered_planes(&plane_kinds(shape, false)) > 0
}

/// Decodes one tile of `shape`.
fn decode_section(shape: &Shape, section: &TileSection<'_>, coder: &TileCoder<'_>) -> Result<Planes> {
    let kinds = plane_kinds(shape, false);
    let sizes = padded_sizes(shape, &kinds);
    let (internal, whole) = coder.decode(section, &sizes, &kinds, None);
    if !whole && !section.cut_off {
        return Err(CodecError::Truncated { needed: 1 });
    }
    Ok(samples_from_internal(shape, &internal))
}

/// The step of each plane in internal units for a luma step in 8-bit sample units.
fn plane_steps(shape: &Shape, step: f32, varies: bool) -> Vec<u16> {
    steps_of_planes(shape, (step * 16.0).round().clamp(1.0, 65535.0) as u16, varies)
}

/// The step of each plane for that of the first, internal units: what the short header stands for.
/// Bit-exact.
fn steps_of_planes(shape: &Shape, first: u16, varies: bool) -> Vec<u16> {
    let of_plane = |(index, kind): (usize, &PlaneKind)| {
        let share = if kind.chroma { CHROMA_STEPS[usize::from(varies)][index - 1] } else { 256 };
        ((u32::from(first) * share + 128) >> 8).clamp(1, 65535) as u16
    };
    plane_kinds(shape, false).iter().enumerate().map(of_plane).collect()
}

//! Planes to payload.
//!
//! The analysis runs in integers too, in windows with margins, so that encoding is the same on
//! every machine.

use super::colour::{Group, group_shape, groups, rgb_of, values_of};
use super::error::from_nn;
use super::model::NeuralModel;
use super::rdo::RdoQuantiser;
use super::refine::{self, Objective};
use super::residuals::walk_residuals;
use super::walk::{Priors, SymbolSource, hyper_from_symbols, latents, priors, symbol_of, walk_hyper};
use super::{HYPER_PX, LATENT_PX, TILE_PX, header};
use tintype_codec::{
    Codec, CodecError, EncodeSettings, Exec, Payload, Section, SectionKey, Target, map_indexed,
};
use tintype_entropy::{BitCost, BitEncoder, BitWalk, SymbolWalk};
use tintype_image::{Level, Planes};
use tintype_nn::FeatureMap;

/// How to look for symbols.
#[derive(Clone, Debug)]
pub(super) struct Search {
    /// Level of the model.
    pub(super) level: usize,
    /// Rounds of [`super::refine`].
    pub(super) rounds: usize,
    quantiser: RdoQuantiser,
}

impl Search {
    /// At `level` of `model`, with `rounds` of refinement.
    pub(super) fn new(model: &NeuralModel, level: usize, rounds: usize) -> Self {
        Self { level, rounds, quantiser: RdoQuantiser::new(model, level) }
    }
}

/// Codes `source`.
pub(super) fn encode(
    model: &NeuralModel,
    lossless: Option<&dyn Codec>,
    source: &Planes,
    search: &Search,
    exec: &Exec,
) -> Result<Payload, CodecError> {
    let mut sections = Vec::new();
    for (layer, group) in groups(&source.shape).iter().enumerate() {
        if !group.lossy {
            let bytes = encode_lossless(lossless, source, group, exec)?;
            sections.push(Section { key: SectionKey { tile: 0, layer: layer as u32 }, bytes });
            continue;
        }
        let rgb = rgb_of(source, group, exec.level)?;
        let (columns, rows) = group.tiles();
        let code = |tile: usize| {
            let mut choice =
                choose_tile(model, &rgb, group, (tile % columns, tile / columns), search, exec.level)?;
            let mut walk = BitEncoder::new();
            choice.walk(model, search.level, &mut walk);
            Ok::<_, CodecError>(walk.finish_determined())
        };
        for (tile, result) in map_indexed(exec.threads, columns * rows, code).into_iter().enumerate() {
            let key = SectionKey { tile: tile as u32, layer: layer as u32 };
            sections.push(Section { key, bytes: result? });
        }
    }
    Ok(Payload { header: header::write(model, search.level), sections })
}

/// One plane through the lossless codec; its payload in one piece.
fn encode_lossless(
    lossless: Option<&dyn Codec>,
    source: &Planes,
    group: &Group,
    exec: &Exec,
) -> Result<Vec<u8>, CodecError> {
    let codec = lossless.ok_or_else(|| CodecError::Unsupported {
        what: "alpha and depth need the lossless codec".into(),
    })?;
    let planes = vec![source.planes[group.first].clone()];
    let part = Planes { shape: group_shape(&source.shape, group), planes };
    let settings = EncodeSettings { target: Target::Lossless, ..EncodeSettings::default() };
    let payload = codec.encode(&part, &settings, exec)?;
    let mut out = (payload.header.len() as u32).to_le_bytes().to_vec();
    out.extend(&payload.header);
    for section in &payload.sections {
        for number in [section.key.tile, section.key.layer, section.bytes.len() as u32] {
            out.extend(number.to_le_bytes());
        }
        out.extend(&section.bytes);
    }
    Ok(out)
}

/// Latents of the part of a group that starts at (`x`, `y`) pixels.
pub(super) fn analyse(
    model: &NeuralModel,
    rgb: &Planes,
    group: &Group,
    [x, y, width, height]: [usize; 4],
    simd: Level,
) -> Result<FeatureMap, CodecError> {
    let margin = (model.analysis.margin() * 8).next_multiple_of(HYPER_PX);
    let (padded_width, padded_height) =
        (group.width.next_multiple_of(HYPER_PX), group.height.next_multiple_of(HYPER_PX));
    let (left, top) = (x.min(margin), y.min(margin));
    let right = (x + width + margin).min(padded_width);
    let bottom = (y + height + margin).min(padded_height);
    let values = values_of(rgb, x - left, y - top, right - x + left, bottom - y + top);
    let whole = model.analysis.run(simd, values, 0).map_err(from_nn)?;
    Ok(whole.crop(left / LATENT_PX, top / LATENT_PX, width / LATENT_PX, height / LATENT_PX))
}

/// The tile's rectangle in padded pixels: left, top, width, height.
pub(super) fn tile_area(group: &Group, (column, row): (usize, usize)) -> [usize; 4] {
    let (x, y) = (column * TILE_PX, row * TILE_PX);
    let width = TILE_PX.min(group.width.next_multiple_of(HYPER_PX) - x);
    let height = TILE_PX.min(group.height.next_multiple_of(HYPER_PX) - y);
    [x, y, width, height]
}

/// A tile's symbols and what they were made from.
#[derive(Debug)]
pub struct TileSymbols {
    /// Latents as the analysis gave them, `[position][latent]`.
    pub analysed: FeatureMap,
    /// Latents as the decoder has them.
    pub latents: FeatureMap,
    /// Hyper-latent symbols, `[position][hyper]`.
    pub hyper_symbols: Vec<i32>,
    /// What the latents are coded under.
    pub priors: Priors,
    /// Residual symbols, as `latents`.
    pub symbols: Vec<i32>,
}

impl TileSymbols {
    /// Passes the symbols through `walk`.
    fn walk<W: BitWalk + SymbolWalk>(&mut self, model: &NeuralModel, level: usize, walk: &mut W) {
        walk_hyper(model, level, walk, &mut self.hyper_symbols);
        walk_residuals(model, &self.priors.tables, walk, &mut self.symbols);
    }
}

/// The best choice of symbols that `search` finds for a tile.
fn choose_tile(
    model: &NeuralModel,
    rgb: &Planes,
    group: &Group,
    tile: (usize, usize),
    search: &Search,
    simd: Level,
) -> Result<TileSymbols, CodecError> {
    let (area, level) = (tile_area(group, tile), search.level);
    let mut choice =
        choose(model, analyse(model, rgb, group, area, simd)?, &search.quantiser, level, simd)?;
    if search.rounds == 0 || !model.synthesis.has_gradient() {
        return Ok(choice);
    }
    let [x, y, width, height] = area;
    let inside = [group.width - x, group.height - y];
    let objective =
        Objective { model, values: values_of(rgb, x, y, width, height), inside, level, simd };
    // Lambda weighs the mean squared error of a sample against the bits of a pixel, that is of
    // three samples.
    let worth = model.lambda[level] as f64 / f64::from(1 << 20) / 3.0;
    let cost = |choice: &mut TileSymbols, error: f64| {
        let mut walk = BitCost::new();
        choice.walk(model, level, &mut walk);
        walk.cost_q16() as f64 / 65_536.0 + worth * error
    };
    let (error, mut target) = objective.error_and_target(&choice.latents)?;
    let mut least = cost(&mut choice, error);
    let mut part = refine::PART;
    for round in 1..=search.rounds {
        let analysed = refine::moved(&choice.analysed, &target, part);
        let mut next = choose(model, analysed, &search.quantiser, level, simd)?;
        let error = objective.error(&next.latents)?;
        let found = cost(&mut next, error);
        if found < least {
            (least, choice) = (found, next);
            if round < search.rounds {
                target = objective.error_and_target(&choice.latents)?.1;
            }
        } else {
            part /= 2.0;
        }
    }
    Ok(choice)
}

/// Bits that the colour planes of `source` take at `level`, counted by the coder's own walk
/// and model instead of written.
pub(super) fn estimate(
    model: &NeuralModel,
    source: &Planes,
    search: &Search,
    exec: &Exec,
) -> Result<f64, CodecError> {
    let mut bits = 0.0;
    for group in groups(&source.shape).iter().filter(|group| group.lossy) {
        let rgb = rgb_of(source, group, exec.level)?;
        let (columns, rows) = group.tiles();
        for tile in 0..columns * rows {
            let mut walk = BitCost::new();
            let place = (tile % columns, tile / columns);
            choose_tile(model, &rgb, group, place, search, exec.level)?.walk(
                model,
                search.level,
                &mut walk,
            );
            bits += walk.cost_q16() as f64 / 65_536.0;
        }
    }
    Ok(bits)
}

/// Chooses the symbols for the latents `analysed`.
pub(super) fn choose(
    model: &NeuralModel,
    analysed: FeatureMap,
    quantiser: &RdoQuantiser,
    level: usize,
    simd: Level,
) -> Result<TileSymbols, CodecError> {
    let hyper = model.hyper_analysis.run(simd, analysed.clone(), level).map_err(from_nn)?;
    let gains = NeuralModel::at(&model.hyper_gain, level, model.hyper);
    let tables = NeuralModel::at(&model.hyper_table, level, model.hyper);
    let symbol = |(i, &v): (usize, &i16)| match tables[i % model.hyper] {
        0 => 0,
        _ => symbol_of(i32::from(v), gains[i % model.hyper]),
    };
    let hyper_symbols: Vec<i32> = hyper.values.iter().enumerate().map(symbol).collect();
    let hyper = hyper_from_symbols(model, level, &hyper_symbols, hyper.width, hyper.height)?;
    let priors = priors(model, level, hyper, simd)?;
    let mut symbols = vec![0; analysed.values.len()];
    let latents =
        latents(model, level, &priors, SymbolSource::Latents(&analysed, &mut symbols, quantiser), simd)?;
    Ok(TileSymbols { analysed, latents, hyper_symbols, priors, symbols })
}

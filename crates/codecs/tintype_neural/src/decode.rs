//! Payload to planes.
//!
//! The latents of each tile are decoded on their own, then the synthesis runs over windows of
//! them with margins. A request for a region decodes the tiles it touches and those within the
//! synthesis' reach.

use super::colour::{Group, group_shape, groups, network_shape, planes_of, samples_from};
use super::encode::tile_area;
use super::error::from_nn;
use super::model::NeuralModel;
use super::region::{cropped, region_needed};
use super::residuals::walk_residuals;
use super::walk::{SymbolSource, hyper_from_symbols, latents, priors, walk_hyper};
use super::{HYPER_PX, LATENT_PX, header};
use tintype_codec::{
    Codec, CodecError, DecodeRequest, Exec, PayloadView, SectionKey, SectionView, map_indexed,
};
use tintype_entropy::{BitDecoder, BitWalk};
use tintype_image::{Level, Limits, Plane, Planes, Region, Shape};
use tintype_nn::FeatureMap;

/// The part of a group that lies in `region`, in the group's samples.
fn wanted(shape: &Shape, group: &Group, region: Region) -> Region {
    let [x, y] = [region.x * group.width / shape.width_px, region.y * group.height / shape.height_px];
    let right = ((region.x + region.width) * group.width).div_ceil(shape.width_px).min(group.width);
    let bottom = ((region.y + region.height) * group.height).div_ceil(shape.height_px).min(group.height);
    Region { x, y, width: right.saturating_sub(x).max(1), height: bottom.saturating_sub(y).max(1) }
}

fn margin_px(model: &NeuralModel) -> usize {
    (model.synthesis.margin() * LATENT_PX).next_multiple_of(HYPER_PX)
}

/// Whether the tile is within reach of the wanted part.
fn touches(model: &NeuralModel, group: &Group, tile: (usize, usize), wanted: Region) -> bool {
    let [x, y, width, height] = tile_area(group, tile);
    let margin = margin_px(model);
    x < wanted.x + wanted.width + margin
        && wanted.x < x + width + margin
        && y < wanted.y + wanted.height + margin
        && wanted.y < y + height + margin
}

/// Whether a section is needed.
pub(super) fn wants(
    model: &NeuralModel,
    shape: &Shape,
    key: SectionKey,
    request: &DecodeRequest,
) -> bool {
    let groups = groups(shape);
    let Some(group) = groups.get(key.layer as usize) else { return true };
    let (true, Ok(region)) = (group.lossy, region_needed(shape, request)) else { return true };
    let (columns, rows) = group.tiles();
    let tile = key.tile as usize;
    tile >= columns * rows
        || touches(model, group, (tile % columns, tile / columns), wanted(shape, group, region))
}

/// Decodes what `request` asks for.
pub(super) fn decode(
    model: &NeuralModel,
    lossless: Option<&dyn Codec>,
    payload: &PayloadView<'_>,
    request: &DecodeRequest,
    exec: &Exec,
) -> Result<Planes, CodecError> {
    let shape = payload.shape;
    shape.check(&exec.limits)?;
    let region = region_needed(shape, request)?;
    let level = header::read(model, payload.header)?;
    let mut planes = Vec::with_capacity(shape.planes.len());
    for (layer, group) in groups(shape).iter().enumerate() {
        let sections: Vec<&SectionView<'_>> =
            payload.sections.iter().filter(|s| s.key.layer == layer as u32).collect();
        if group.lossy {
            let rgb = decode_group(model, shape, group, &sections, level, region, exec)?;
            planes.extend(planes_of(rgb, shape, group, exec.level)?);
        } else {
            planes.push(decode_lossless(lossless, shape, group, &sections, exec)?);
        }
    }
    let whole = Planes { shape: shape.clone(), planes };
    Ok(cropped(whole, region))
}

fn decode_lossless(
    lossless: Option<&dyn Codec>,
    shape: &Shape,
    group: &Group,
    sections: &[&SectionView<'_>],
    exec: &Exec,
) -> Result<Plane<u16>, CodecError> {
    let codec = lossless.ok_or_else(|| CodecError::Unsupported {
        what: "alpha and depth need the lossless codec".into(),
    })?;
    let Some(section) = sections.first().filter(|s| s.complete) else {
        return Err(CodecError::Truncated { needed: 1 });
    };
    let mut rest = section.bytes;
    let count = number(&mut rest)? as usize;
    let header = part_of(&mut rest, count)?;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let [tile, layer, count] = [number(&mut rest)?, number(&mut rest)?, number(&mut rest)?];
        let bytes = part_of(&mut rest, count as usize)?;
        parts.push(SectionView { key: SectionKey { tile, layer }, bytes, complete: true });
    }
    let shape = &group_shape(shape, group);
    let view = PayloadView { shape, header, sections: parts, cut_off: false };
    let part = codec.decode(&view, &DecodeRequest::default(), exec)?;
    part.planes
        .into_iter()
        .next()
        .ok_or(CodecError::Malformed { what: "no plane in a lossless part".into(), at: None })
}

fn number(rest: &mut &[u8]) -> Result<u32, CodecError> {
    let (head, tail) = rest.split_first_chunk::<4>().ok_or(CodecError::Truncated { needed: 4 })?;
    *rest = tail;
    Ok(u32::from_le_bytes(*head))
}

fn part_of<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], CodecError> {
    let needed = count - count.min(rest.len());
    let (part, tail) = rest.split_at_checked(count).ok_or(CodecError::Truncated { needed })?;
    *rest = tail;
    Ok(part)
}

/// A group as it comes out of the network; outside the wanted part samples are zero.
fn decode_group(
    model: &NeuralModel,
    shape: &Shape,
    group: &Group,
    sections: &[&SectionView<'_>],
    level: usize,
    region: Region,
    exec: &Exec,
) -> Result<Planes, CodecError> {
    let wanted = wanted(shape, group, region);
    let (columns, rows) = group.tiles();
    let (width, height) = group.latent_size();
    check_size(model, width, height, &exec.limits)?;
    let decode_one = |tile: usize| {
        let place = (tile % columns, tile / columns);
        if !touches(model, group, place, wanted) {
            return Ok(None);
        }
        exec.limits.check_time()?;
        let section = sections.iter().find(|s| s.key.tile as usize == tile);
        let Some(section) = section.filter(|s| s.complete) else {
            return Err(CodecError::Truncated { needed: 1 });
        };
        let [x, y, width, height] = tile_area(group, place);
        let latents = decode_tile(model, section.bytes, width, height, level, exec.level)?;
        Ok(Some((x / LATENT_PX, y / LATENT_PX, latents)))
    };
    let mut all = FeatureMap::new(height, width, model.latent);
    for result in map_indexed(exec.threads, columns * rows, decode_one) {
        if let Some((x, y, part)) = result? {
            all.paste(&part, x, y);
        }
    }
    synthesise(model, shape, group, &all, level, wanted, exec)
}

fn check_size(
    model: &NeuralModel,
    width: usize,
    height: usize,
    limits: &Limits,
) -> Result<(), CodecError> {
    let values = width as u64 * height as u64 * model.latent as u64;
    if values > limits.samples_max.saturating_mul(2).max(1 << 24) {
        return Err(CodecError::Limit { what: "number of samples", max: limits.samples_max });
    }
    Ok(())
}

/// Sides of a synthesis window in latents. The largest that gives every thread one is taken,
/// since every window computes its margin anew: with the photo model a quarter of the work at
/// 64, as much again as the work itself at 16.
const WINDOWS: [usize; 3] = [64, 32, 16];

/// The side, how many windows lie side by side, and how many there are, for a rectangle of
/// latents that starts at `first` and ends before `end`. Samples do not depend on it.
fn windows(first: [usize; 2], end: [usize; 2], threads: usize) -> (usize, usize, usize) {
    let of = |side: usize| {
        let [columns, rows] = [0, 1].map(|axis| (end[axis] - first[axis]).div_ceil(side));
        (side, columns, columns * rows)
    };
    let enough = WINDOWS.into_iter().map(of).find(|(.., count)| *count >= threads);
    enough.unwrap_or_else(|| of(WINDOWS[WINDOWS.len() - 1]))
}

fn synthesise(
    model: &NeuralModel,
    shape: &Shape,
    group: &Group,
    latents: &FeatureMap,
    level: usize,
    wanted: Region,
    exec: &Exec,
) -> Result<Planes, CodecError> {
    let margin = model.synthesis.margin();
    // On the coarsest grid that a model's synthesis may have.
    let first = [wanted.x, wanted.y].map(|at| (at / LATENT_PX) & !(WINDOWS[WINDOWS.len() - 1] - 1));
    let end = [
        (wanted.x + wanted.width).div_ceil(LATENT_PX).min(latents.width),
        (wanted.y + wanted.height).div_ceil(LATENT_PX).min(latents.height),
    ];
    let (side, columns, count) = windows(first, end, exec.threads.count());
    let window = |index: usize| {
        let (x, y) = (first[0] + index % columns * side, first[1] + index / columns * side);
        let (width, height) = (side.min(end[0] - x), side.min(end[1] - y));
        let (left, top) = (x.min(margin), y.min(margin));
        let (right, bottom) =
            ((x + width + margin).min(latents.width), (y + height + margin).min(latents.height));
        let part = latents.crop(x - left, y - top, right - x + left, bottom - y + top);
        let made = model.synthesis.run(exec.level, part, level).map_err(from_nn)?;
        Ok::<_, CodecError>((x, y, made.crop(2 * left, 2 * top, 2 * width, 2 * height)))
    };
    let mut rgb = Planes::new(network_shape(shape, group));
    // A few windows at a time, which bounds the memory of their results.
    let together = 2 * exec.threads.count();
    for start in (0..count).step_by(together) {
        exec.limits.check_time()?;
        let some = map_indexed(exec.threads, together.min(count - start), |i| window(start + i));
        for result in some {
            let (x, y, values): (usize, usize, FeatureMap) = result?;
            let (x, y) = (x * LATENT_PX, y * LATENT_PX);
            if x < group.width && y < group.height {
                samples_from(&values, &mut rgb, x, y);
            }
        }
    }
    Ok(rgb)
}

fn decode_tile(
    model: &NeuralModel,
    bytes: &[u8],
    width: usize,
    height: usize,
    level: usize,
    simd: Level,
) -> Result<FeatureMap, CodecError> {
    let mut walk = BitDecoder::cut(bytes);
    let (hyper_width, hyper_height) = (width / HYPER_PX, height / HYPER_PX);
    let mut hyper_symbols = vec![0; hyper_width * hyper_height * model.hyper];
    walk_hyper(model, level, &mut walk, &mut hyper_symbols);
    let hyper = hyper_from_symbols(model, level, &hyper_symbols, hyper_width, hyper_height)?;
    let priors = priors(model, level, hyper, simd)?;
    let mut symbols = vec![0; (width / LATENT_PX) * (height / LATENT_PX) * model.latent];
    walk_residuals(model, &priors.tables, &mut walk, &mut symbols);
    if walk.exhausted() {
        return Err(CodecError::Truncated { needed: 1 });
    }
    latents(model, level, &priors, SymbolSource::Symbols(&symbols), simd)
}

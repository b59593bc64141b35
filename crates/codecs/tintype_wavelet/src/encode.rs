//! Planes to payload: each tile is transformed, quantised and coded, then its streams are cut
//! into sections by layers.

use super::band::SIGN;
use super::colour;
use super::header::{Header, PLANES_MAX};
use super::layout::{TileLayout, levels_for, tile_units, tiles};
use super::model::Model;
use super::quality;
use super::quantise::{Centroids, component_step, quantise};
use super::rdo::lower_magnitudes;
use super::walk::code_plane;
use tintype_codec::{
    CodecError, EncodeSettings, Exec, Payload, Section, SectionKey, Target, map_indexed,
};
use tintype_entropy::{BitEncoder, BitMark, BitWalk};
use tintype_image::colour::ycocg_from_rgb;
use tintype_image::{Level, Planes, Region};
use tintype_transform::dwt::{Band, Filter, Filter53, Filter97, analyse, norm_9_7};

/// A tile's coded streams.
pub(crate) struct TileCode {
    planes: u32,
    groups: Vec<GroupCode>,
    centroids: Centroids,
}

/// The stream of one resolution group of a tile.
struct GroupCode {
    bytes: Vec<u8>,
    /// How many bytes determine each plane, from the highest plane on.
    ends: Vec<usize>,
}

pub(crate) fn encode(
    source: &Planes,
    settings: &EncodeSettings,
    exec: &Exec,
) -> Result<Payload, CodecError> {
    source.shape.check(&exec.limits)?;
    let mut header = start_header(source, settings);
    let grid = tiles((source.shape.width_px, source.shape.height_px), &header);
    let regions: Vec<Region> = grid.regions().collect();
    let codes = map_indexed(exec.threads, regions.len(), |index| {
        encode_tile(source, &header, settings, exec, regions[index])
    });

    let mut centroids = Centroids::default();
    for code in &codes {
        centroids.merge(&code.centroids);
    }
    header.planes = codes.iter().map(|code| code.planes).max().unwrap_or(0);
    header.offsets = centroids.offsets();
    header.layers = layers_for(&codes, header.planes);
    Ok(Payload { header: header.to_bytes(), sections: sections(&header, &codes) })
}

/// The header as far as it is known before anything is coded.
pub(crate) fn start_header(source: &Planes, settings: &EncodeSettings) -> Header {
    let shape = &source.shape;
    let mut header = Header::new(settings.target == Target::Lossless, colour::can_mix(shape));
    header.tile_units = (tile_units(shape.width_px), tile_units(shape.height_px));

    let grid = tiles((shape.width_px, shape.height_px), &header);
    let longest = grid.regions().map(|tile| tile.width.max(tile.height)).max();
    header.levels = levels_for(longest.unwrap_or(1));

    if let Target::Quality(quality) = settings.target {
        header.step = Header::step_from_size(quality::step_for_quality(quality));
        if header.mixes_colour {
            header.rotation = colour::fit_rotation(source);
        }
    }
    header
}

/// Bytes of all planes that may stay in the first layer together, for each tile: a layer costs
/// a dozen bytes of index and checksum a group. Not measured.
const FIRST_LAYER_BYTES: usize = 600;

/// The first layer may also be as small as this part of the whole.
const FIRST_LAYER_SHARE: usize = 40;

/// A layer for each plane from the lowest up, until what is left for the first layer is small.
fn layers_for(codes: &[TileCode], planes: u32) -> u32 {
    let groups = || codes.iter().flat_map(|code| code.groups.iter().map(move |g| (code, g)));
    let total: usize = groups().map(|(_, group)| group.bytes.len()).sum();
    let mut layers = 1;
    while layers < planes {
        let rest: usize = groups().map(|(code, group)| end_of(code, group, layers)).sum();
        if rest < FIRST_LAYER_BYTES * codes.len() || rest * FIRST_LAYER_SHARE < total {
            break;
        }
        layers += 1;
    }
    layers
}

/// Bytes of a group down to plane `plane`; planes above the tile's highest need none.
fn end_of(code: &TileCode, group: &GroupCode, plane: u32) -> usize {
    match code.planes.checked_sub(plane + 1) {
        Some(index) => group.ends[index as usize],
        None => 0,
    }
}

fn sections(header: &Header, codes: &[TileCode]) -> Vec<Section> {
    let mut sections = Vec::new();
    for layer in 0..header.layers {
        let lowest = header.layers - 1 - layer;
        for group in 0..usize::from(header.groups) {
            for (tile, code) in codes.iter().enumerate() {
                let stream = &code.groups[group];
                let start = if layer == 0 { 0 } else { end_of(code, stream, lowest + 1) };
                let end = if lowest == 0 { stream.bytes.len() } else { end_of(code, stream, lowest) };
                let layer = layer * u32::from(header.groups) + group as u32;
                sections.push(Section {
                    key: SectionKey { tile: tile as u32, layer },
                    bytes: stream.bytes[start..end.max(start)].to_vec(),
                });
            }
        }
    }
    sections
}

fn encode_tile(
    source: &Planes,
    header: &Header,
    settings: &EncodeSettings,
    exec: &Exec,
    tile: Region,
) -> TileCode {
    let (mut layout, planes, centroids) = tile_symbols(source, header, settings, exec, tile);
    let groups = usize::from(header.groups);
    let mut models: Vec<Model> = (0..groups).map(|group| Model::new(group, groups)).collect();
    code_tile(exec.level, &mut layout, &mut models, planes, centroids)
}

/// Transforms and quantises a tile; also returns how many bit-planes it has.
pub(crate) fn tile_symbols(
    source: &Planes,
    header: &Header,
    settings: &EncodeSettings,
    exec: &Exec,
    tile: Region,
) -> (TileLayout, u32, Centroids) {
    let mut layout = TileLayout::new(&source.shape, header, tile);
    let mut centroids = Centroids::default();
    if header.lossless {
        lossless_coefficients(source, header, exec.level, tile, &mut layout);
    } else {
        let coefficients = lossy_coefficients(source, header, exec.level, tile, &layout);
        quantise_tile(source, header, settings, &mut layout, &coefficients, &mut centroids);
    }
    let mut planes = 0;
    for band in &mut layout.bands {
        band.grid.collect_bits();
        let bits = band.grid.band_bits;
        if bits != 0 {
            planes = planes.max(bits.ilog2() + 1 + band.shift);
        }
    }
    (layout, planes.min(PLANES_MAX), centroids)
}

/// Added before a magnitude in steps is cut to an integer, so that 0.54 is the least that
/// becomes 1. Measured without rate–distortion optimisation, on photos/valid against OpenJPEG:
/// 0.34 gave −14.2 % BD-rate, 0.40 −14.7 %, 0.28 −12.3 %; with it, higher values give it more
/// to choose from.
const ROUNDING: f32 = 0.46;

/// Squared steps that a bit is worth. BD-rate on photos/valid: −17.1 % at 0.06, −17.6 % at
/// 0.10, −17.5 % at 0.14, a flat optimum.
const LAMBDA: f32 = 0.12;

/// Quantises every band and lowers magnitudes that are not worth their bits.
fn quantise_tile(
    source: &Planes,
    header: &Header,
    settings: &EncodeSettings,
    layout: &mut TileLayout,
    coefficients: &[Vec<f32>],
    centroids: &mut Centroids,
) {
    for index in 0..layout.bands.len() {
        let (before, rest) = layout.bands.split_at_mut(index);
        let Some(band) = rest.first_mut() else { break };
        let norm = norm_9_7(Band { level: band.level, orientation: band.orientation });
        let step = component_step(header, source.shape.planes[band.component].bit_depth) / norm;
        quantise(&mut band.grid, &coefficients[index], step, ROUNDING);
        if settings.effort > 1 {
            let parent = band.parent.map(|p| &before[p].grid);
            lower_magnitudes(&mut band.grid, parent, &coefficients[index], step, LAMBDA);
        }
        centroids.add(&band.grid, &coefficients[index], step);
    }
}

/// An encoder, and where each plane ends in its code.
type Stream = (BitEncoder, Vec<BitMark>);

/// Codes a tile: one stream for each group and its model.
pub(crate) fn code_tile(
    level: Level,
    layout: &mut TileLayout,
    models: &mut [Model],
    planes: u32,
    centroids: Centroids,
) -> TileCode {
    let mut streams: Vec<Stream> = models.iter().map(|_| (BitEncoder::new(), Vec::new())).collect();
    streams[0].0.bits(planes, 5);
    for plane in (0..planes).rev() {
        for (group, (encoder, marks)) in streams.iter_mut().enumerate() {
            let members = &layout.groups[group];
            code_plane(level, &mut layout.bands, members, plane, &mut models[group], encoder);
            marks.push(encoder.mark());
        }
    }
    let mut groups = Vec::with_capacity(streams.len());
    for (encoder, marks) in streams {
        let bytes = encoder.finish_determined();
        let ends = marks.iter().map(|mark| mark.determined_len(&bytes)).collect();
        groups.push(GroupCode { bytes, ends });
    }
    TileCode { planes, groups, centroids }
}

/// The samples of a tile, plane by plane, as `centred` converts them.
fn components<T>(
    source: &Planes,
    tile: Region,
    centred: impl Fn(&Planes, usize, Region) -> Vec<T>,
) -> Vec<Vec<T>> {
    let mut components = Vec::with_capacity(source.planes.len());
    for (index, info) in source.shape.planes.iter().enumerate() {
        let region = tile.reduced(info.subsample_x_log2, info.subsample_y_log2);
        components.push(centred(source, index, region));
    }
    components
}

/// Transforms each component; `store` gets the index of a band, the place of a row in its
/// grid, and the row.
fn analyse_components<F: Filter>(
    components: &mut [Vec<F::Sample>],
    layout: &TileLayout,
    levels: u8,
    level: Level,
    mut store: impl FnMut(usize, usize, &[F::Sample]),
) {
    for (component, plane) in components.iter_mut().enumerate() {
        let size = layout.sizes[component];
        analyse::<F>(level, plane, size, levels, &mut |band, y, row| {
            let Some(index) = layout.index_of(component, band) else { return };
            store(index, layout.bands[index].grid.at(0, y), row);
        });
    }
}

/// Transforms the tile with 9/7; returns each band's coefficients in its grid's layout.
fn lossy_coefficients(
    source: &Planes,
    header: &Header,
    level: Level,
    tile: Region,
    layout: &TileLayout,
) -> Vec<Vec<f32>> {
    let mut components = components(source, tile, colour::centred_f32);
    if let (true, [a, b, c, ..]) = (header.mixes_colour, &mut components[..]) {
        colour::rotate(level, &colour::matrix_from_quaternion(header.rotation), [a, b, c]);
    }
    let mut coefficients: Vec<Vec<f32>> =
        layout.bands.iter().map(|band| vec![0.0; band.grid.coefficients.len()]).collect();
    let store = |index: usize, at: usize, row: &[f32]| {
        coefficients[index][at..][..row.len()].copy_from_slice(row);
    };
    analyse_components::<Filter97>(&mut components, layout, header.levels, level, store);
    coefficients
}

/// Transforms the tile with 5/3 straight into the grids.
fn lossless_coefficients(
    source: &Planes,
    header: &Header,
    level: Level,
    tile: Region,
    layout: &mut TileLayout,
) {
    let mut components = components(source, tile, colour::centred_i32);
    if let (true, [a, b, c, ..]) = (header.mixes_colour, &mut components[..]) {
        ycocg_from_rgb([a, b, c]);
    }
    let mut grids: Vec<Vec<u32>> =
        layout.bands.iter_mut().map(|band| std::mem::take(&mut band.grid.coefficients)).collect();
    let store = |index: usize, at: usize, row: &[i32]| {
        for (out, &value) in grids[index][at..].iter_mut().zip(row) {
            *out = value.unsigned_abs() | if value < 0 { SIGN } else { 0 };
        }
    };
    analyse_components::<Filter53>(&mut components, layout, header.levels, level, store);
    for (band, coefficients) in layout.bands.iter_mut().zip(grids) {
        band.grid.coefficients = coefficients;
    }
}

//! Planes to payload: transform, quantise and code each tile, then lay the pieces out by layers.

use super::colour;
use super::grid::SIGN;
use super::header::{Header, PLANES_MAX};
use super::layout::{TileLayout, Tiling, levels_for};
use super::model::{KINDS, Model};
use super::quantise::{Centroids, component_step, quantise_plain};
use super::rate;
use super::trim::trim;
use super::walk::code_plane;
use tintype_codec::{
    CodecError, EncodeSettings, ExecOptions, Payload, Section, SectionKey, Target, Tune,
    map_indexed,
};
use tintype_entropy::{BitEncoder, BitMark, BitWalk, stretch};
use tintype_image::colour::ycocg_from_rgb;
use tintype_image::{Level, Planes, Region};
use tintype_transform::dwt::{Band, Filter53, Filter97, analyse, norm_9_7};

/// One tile's code: each group's bytes, and where each plane ends in them, from the highest plane.
struct TileCode {
    planes: u32,
    groups: Vec<(Vec<u8>, Vec<usize>)>,
    centroids: Centroids,
}

pub(crate) fn encode(
    source: &Planes,
    settings: &EncodeSettings,
    exec: &ExecOptions,
) -> Result<Payload, CodecError> {
    let mut header = start_header(source, settings);
    let tiling = Tiling::new(&source.shape, &header);
    let codes = map_indexed(exec.threads, tiling.count(), |index| {
        encode_tile(source, &header, settings, exec, tiling.region(index))
    });
    header.planes = codes.iter().map(|c| c.planes).max().unwrap_or(0);
    let mut centroids = Centroids::default();
    codes.iter().for_each(|c| centroids.merge(&c.centroids));
    header.shrink = centroids.shrink();
    header.layers = layers_for(&codes, header.planes);
    Ok(Payload { header: header.to_bytes(), sections: sections(&header, &codes) })
}

/// The header as far as it is known before anything is coded.
fn start_header(source: &Planes, settings: &EncodeSettings) -> Header {
    let shape = &source.shape;
    let lossless = settings.target == Target::Lossless;
    let units = (Tiling::units(shape.width_px), Tiling::units(shape.height_px));
    let mixes_colour = colour::can_mix(shape);
    let mut header = Header {
        lossless,
        mixes_colour,
        levels: 0,
        groups: 3,
        planes: PLANES_MAX,
        layers: 1,
        tile_units: units,
        step: (0, 24),
        shrink: [0; 3],
        rotation: [127, 0, 0, 0],
    };
    let first = Tiling::new(shape, &header).region(0);
    header.levels = levels_for(first.width.max(first.height));
    if let Target::Quality(quality) = settings.target {
        header.step = Header::step_from_size(rate::step_for_quality(quality, settings.tune));
        if mixes_colour {
            header.rotation = colour::fit_rotation(source);
        }
    }
    header
}

/// A layer for each plane from the lowest up, until what is left is small: a layer costs a dozen bytes.
fn layers_for(codes: &[TileCode], planes: u32) -> u32 {
    let total: usize = codes.iter().flat_map(|c| &c.groups).map(|(bytes, _)| bytes.len()).sum();
    let mut layers = 1;
    while layers < planes {
        let above = planes - layers;
        let rest: usize = codes
            .iter()
            .flat_map(|c| c.groups.iter().map(move |g| end_of(c, g, planes - above)))
            .sum();
        if rest < 600 * codes.len() || rest * 40 < total {
            break;
        }
        layers += 1;
    }
    layers
}

/// Bytes of a group up to and with plane `plane`; planes above the tile's highest need none.
fn end_of(code: &TileCode, (_, ends): &(Vec<u8>, Vec<usize>), plane: u32) -> usize {
    match (code.planes.checked_sub(plane + 1), ends.last()) {
        (Some(index), _) => ends[index as usize],
        _ => 0,
    }
}

fn sections(header: &Header, codes: &[TileCode]) -> Vec<Section> {
    let mut sections = Vec::new();
    for layer in 0..header.layers {
        // The layer's lowest plane, and the one below the layer before.
        let lowest = header.layers - 1 - layer;
        for group in 0..usize::from(header.groups) {
            for (tile, code) in codes.iter().enumerate() {
                let piece = &code.groups[group];
                let start = if layer == 0 { 0 } else { end_of(code, piece, lowest + 1) };
                let end = if lowest == 0 { piece.0.len() } else { end_of(code, piece, lowest) };
                sections.push(Section {
                    key: SectionKey {
                        tile: tile as u32,
                        layer: layer * u32::from(header.groups) + group as u32,
                    },
                    bytes: piece.0[start..end.max(start)].to_vec(),
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
    exec: &ExecOptions,
    tile: Region,
) -> TileCode {
    let (mut layout, planes, centroids) = tile_symbols(source, header, settings, exec, tile);
    let groups = usize::from(header.groups);
    let mut models: Vec<Model> = (0..groups).map(|group| Model::new(group, groups)).collect();
    code_tile(exec.level, &mut layout, &mut models, planes, centroids)
}

/// Transforms and quantises a tile; says how many bit-planes it has.
fn tile_symbols(
    source: &Planes,
    header: &Header,
    settings: &EncodeSettings,
    exec: &ExecOptions,
    tile: Region,
) -> (TileLayout, u32, Centroids) {
    let mut layout = TileLayout::new(&source.shape, header, tile);
    let mut centroids = Centroids::default();
    if header.lossless {
        lossless_coefficients(source, header, exec, tile, &mut layout);
    } else {
        let coefficients = lossy_coefficients(source, header, exec, tile, &mut layout);
        quantise_tile(source, header, settings, &mut layout, &coefficients, &mut centroids);
    }
    let mut planes = 0;
    for band in &mut layout.bands {
        band.grid.summarise();
        let bits = band.grid.band_bits;
        if bits != 0 {
            planes = planes.max(bits.ilog2() + 1 + band.shift);
        }
    }
    (layout, planes.min(PLANES_MAX), centroids)
}

/// Fits the probabilities that streams start from to `pictures`: each is coded at every quality by models that go on
/// learning from picture to picture, and their log-odds after each picture are averaged.
///
/// Returns the bytes of `priors.bin`.
///
/// # Errors
/// As [`encode`].
pub(crate) fn fit_priors(
    pictures: &[Planes],
    qualities: &[f32],
    exec: &ExecOptions,
) -> Result<Vec<u8>, CodecError> {
    let mut models = vec![Model::flat(); KINDS];
    let mut sums: Vec<Vec<(f64, f64)>> = vec![Vec::new(); KINDS];
    for picture in pictures {
        for &quality in qualities {
            let settings =
                EncodeSettings { target: Target::Quality(quality), tune: Tune::Psnr, effort: 5 };
            let header = start_header(picture, &settings);
            let tile = Tiling::new(&picture.shape, &header).region(0);
            let (mut layout, planes, centroids) =
                tile_symbols(picture, &header, &settings, exec, tile);
            code_tile(exec.level, &mut layout, &mut models, planes, centroids);
            for (model, sums) in models.iter_mut().zip(&mut sums) {
                let mut index = 0;
                model.each(&mut |bit| {
                    if sums.len() <= index {
                        sums.push((0.0, 0.0));
                    }
                    // A probability that has seen little says little.
                    let weight = f64::from(bit.count()) + 0.01;
                    sums[index].0 += weight * f64::from(stretch(bit.p1()));
                    sums[index].1 += weight;
                    index += 1;
                });
            }
        }
    }
    let byte = |(sum, weight): (f64, f64)| ((sum / weight.max(1e-9) / 16.0).round() as i8) as u8;
    Ok(sums.into_iter().flatten().map(byte).collect())
}

/// What is added before a magnitude in steps is cut to an integer.
const ROUNDING: f32 = 0.46;

/// Squared steps that a bit is worth; the best of 0.06 to 0.14 on photos/valid.
const LAMBDA: f32 = 0.12;

/// Quantises every band and gives up what is not worth its bits.
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
        let step = component_step(header, source.shape.planes[band.component].bit_depth)
            / norm_9_7(Band { level: band.level, orientation: band.orientation });
        quantise_plain(&mut band.grid, &coefficients[index], step, ROUNDING);
        if settings.effort > 1 {
            let parent = band.parent.map(|p| &before[p].grid);
            trim(&mut band.grid, parent, &coefficients[index], step, LAMBDA);
        }
        centroids.add(&band.grid, &coefficients[index], step);
    }
}

/// An encoder, and where each plane ends in its code.
type Stream = (BitEncoder, Vec<BitMark>);

fn code_tile(
    level: Level,
    layout: &mut TileLayout,
    models: &mut [Model],
    planes: u32,
    centroids: Centroids,
) -> TileCode {
    let mut streams: Vec<Stream> = models.iter().map(|_| (BitEncoder::new(), Vec::new())).collect();
    streams[0].0.bits(planes, 5);
    for plane in (0..planes).rev() {
        for ((members, model), (encoder, marks)) in
            layout.groups.iter().zip(&mut *models).zip(&mut streams)
        {
            code_plane(level, &mut layout.bands, members, plane, model, encoder);
            marks.push(encoder.mark());
        }
    }
    let finish = |(encoder, marks): Stream| {
        let bytes = encoder.finish_determined();
        let ends = marks.iter().map(|m| m.determined_len(&bytes)).collect();
        (bytes, ends)
    };
    TileCode { planes, groups: streams.into_iter().map(finish).collect(), centroids }
}

/// Transforms the tile with 9/7; returns each band's coefficients in its grid's layout.
fn lossy_coefficients(
    source: &Planes,
    header: &Header,
    exec: &ExecOptions,
    tile: Region,
    layout: &mut TileLayout,
) -> Vec<Vec<f32>> {
    let mut components: Vec<Vec<f32>> = Vec::new();
    for (index, info) in source.shape.planes.iter().enumerate() {
        let region = tile.reduced(info.subsample_x_log2, info.subsample_y_log2);
        components.push(colour::centred_f32(source, index, region));
    }
    if let (true, [a, b, c, ..]) = (header.mixes_colour, &mut components[..]) {
        colour::rotate(exec.level, &colour::matrix_from_quaternion(header.rotation), [a, b, c]);
    }
    let mut coefficients: Vec<Vec<f32>> =
        layout.bands.iter().map(|b| vec![0.0; b.grid.goal.len()]).collect();
    for (component, plane) in components.iter_mut().enumerate() {
        analyse::<Filter97>(
            exec.level,
            plane,
            layout.sizes[component],
            header.levels,
            &mut |band, y, row| {
                let Some(index) = layout.find(component, band) else { return };
                let at = layout.bands[index].grid.at(0, y);
                coefficients[index][at..][..row.len()].copy_from_slice(row);
            },
        );
    }
    coefficients
}

/// Transforms the tile with 5/3 straight into the grids.
fn lossless_coefficients(
    source: &Planes,
    header: &Header,
    exec: &ExecOptions,
    tile: Region,
    layout: &mut TileLayout,
) {
    let mut components: Vec<Vec<i32>> = Vec::new();
    for (index, info) in source.shape.planes.iter().enumerate() {
        let region = tile.reduced(info.subsample_x_log2, info.subsample_y_log2);
        components.push(colour::centred_i32(source, index, region));
    }
    if let (true, [a, b, c, ..]) = (header.mixes_colour, &mut components[..]) {
        ycocg_from_rgb([a, b, c]);
    }
    for (component, plane) in components.iter_mut().enumerate() {
        let size = layout.sizes[component];
        analyse::<Filter53>(exec.level, plane, size, header.levels, &mut |band, y, row| {
            let Some(index) = layout.find(component, band) else { return };
            let grid = &mut layout.bands[index].grid;
            let at = grid.at(0, y);
            for (goal, &value) in grid.goal[at..].iter_mut().zip(row) {
                *goal = value.unsigned_abs() | if value < 0 { SIGN } else { 0 };
            }
        });
    }
}

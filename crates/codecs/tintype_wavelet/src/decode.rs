//! Payload to planes: each tile's streams are joined from their sections, walked, dequantised
//! and transformed back.

use super::colour;
use super::header::Header;
use super::layout::{SCALE_LOG2_MAX, TileBand, TileLayout, scaled_tiles, tiles};
use super::model::Model;
use super::quantise::{Dequantiser, component_step, integer_row};
use super::walk::{Pass, code_plane};
use std::collections::HashMap;
use tintype_codec::{
    CodecError, DecodeRequest, Exec, PayloadView, Result, decode_tiles, requested_region,
};
use tintype_entropy::{BitDecoder, BitWalk};
use tintype_image::colour::rgb_from_ycocg;
use tintype_image::{Level, Plane, Planes, Region, Shape};
use tintype_transform::dwt::{Band, Filter, Filter53, Filter97, norm_9_7, synthesise};

/// Reads the header and checks it against the shape, the request and the limits.
fn checked_header(payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Header> {
    payload.shape.check(&exec.limits)?;
    let header = Header::from_bytes(payload.header)?;
    if header.mixes_colour && !colour::can_mix(payload.shape) {
        let what = "colour mixing of planes that are not RGB of one depth and size".into();
        return Err(CodecError::Malformed { what, at: None });
    }
    let smallest = header.levels.min(SCALE_LOG2_MAX);
    if request.scale_log2 > smallest {
        let scale = 1u64 << request.scale_log2.min(63);
        let what = format!("scale 1/{scale} (1/{} is the smallest)", 1u64 << smallest);
        return Err(CodecError::Unsupported { what });
    }
    Ok(header)
}

pub(crate) fn decode(payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Planes> {
    let shape = payload.shape;
    let scale = request.scale_log2;
    let header = checked_header(payload, request, exec)?;
    let region = requested_region(shape, request)?.reduced(scale, scale);

    let full = tiles((shape.width_px, shape.height_px), &header);
    let grid = scaled_tiles(shape, &header, scale);
    let (width_px, height_px) =
        (shape.width_px.div_ceil(1 << scale), shape.height_px.div_ceil(1 << scale));
    let scaled = Shape { width_px, height_px, ..shape.clone() };
    let sections = sections_by_key(payload);

    decode_tiles(&scaled, &grid, Some(region), exec, |tile, tile_shape| {
        let Some(place) = full.region(tile) else {
            return Err(CodecError::Misuse { what: format!("tile {tile} of {}", full.count()) });
        };
        let streams = streams_of_tile(&header, &sections, request, tile);
        let planes = decode_tile(shape, &header, &streams, scale, place, exec);
        Ok(Planes { shape: tile_shape.clone(), planes })
    })
}

/// A section's bytes, and whether these are all of them; by (tile, layer).
type Sections<'a> = HashMap<(usize, usize), (&'a [u8], bool)>;

fn sections_by_key<'a>(payload: &PayloadView<'a>) -> Sections<'a> {
    let mut sections = Sections::new();
    for section in &payload.sections {
        let key = (section.key.tile as usize, section.key.layer as usize);
        sections.entry(key).or_insert((section.bytes, section.complete));
    }
    sections
}

/// Joins the streams of a tile's resolution groups from consecutive layers, as far as they are
/// complete.
fn streams_of_tile(
    header: &Header,
    sections: &Sections<'_>,
    request: &DecodeRequest,
    tile: usize,
) -> Vec<Vec<u8>> {
    let groups = usize::from(header.groups_for_scale(request.scale_log2));
    let layers = request.layers.unwrap_or(u32::MAX).min(header.layers) as usize;
    let mut streams = Vec::with_capacity(groups);
    for group in 0..groups {
        let mut stream = Vec::new();
        for layer in 0..layers {
            let key = (tile, layer * usize::from(header.groups) + group);
            let Some((bytes, complete)) = sections.get(&key) else { break };
            stream.extend_from_slice(bytes);
            if !complete {
                break;
            }
        }
        streams.push(stream);
    }
    streams
}

fn decode_tile(
    shape: &Shape,
    header: &Header,
    streams: &[Vec<u8>],
    scale_log2: u8,
    tile: Region,
    exec: &Exec,
) -> Vec<Plane<u16>> {
    let mut layout = TileLayout::new(shape, header, tile);
    walk_streams(exec.level, &mut layout, header, streams);
    let tile = DecodedTile { shape, header, layout: &layout, scale_log2, level: exec.level };
    match header.lossless {
        true => tile.lossless_planes(),
        false => tile.lossy_planes(),
    }
}

/// Decodes what the streams determine into the layout's bands.
fn walk_streams(level: Level, layout: &mut TileLayout, header: &Header, streams: &[Vec<u8>]) {
    let mut coders = Vec::new();
    for (group, bytes) in streams.iter().enumerate() {
        let model = Model::new(group, usize::from(header.groups));
        coders.push((BitDecoder::cut(bytes), model));
    }
    let Some((first, _)) = coders.first_mut() else { return };
    let planes = first.bits(0, 5);
    if first.exhausted() || planes > header.planes {
        return;
    }

    // A group needs all coarser groups at the same plane: where one ends, the finer ones end
    // too.
    let mut live = coders.len();
    for plane in (0..planes).rev() {
        for group in 0..live {
            let (decoder, model) = &mut coders[group];
            let members = &layout.groups[group];
            if code_plane(level, &mut layout.bands, members, plane, model, decoder) == Pass::Exhausted {
                live = group;
                break;
            }
        }
    }
}

/// A tile whose coefficients are decoded.
struct DecodedTile<'a> {
    shape: &'a Shape,
    header: &'a Header,
    layout: &'a TileLayout,
    scale_log2: u8,
    level: Level,
}

impl DecodedTile<'_> {
    /// Transforms each component back; `dequantise` turns a row of a band's coefficients into
    /// samples.
    fn synthesise<F: Filter>(
        &self,
        dequantise: impl Fn(&TileBand, &[u32], &mut [F::Sample]),
    ) -> Vec<Vec<F::Sample>> {
        let levels = self.header.levels;
        let mut components = Vec::with_capacity(self.layout.sizes.len());
        for (component, &size) in self.layout.sizes.iter().enumerate() {
            let mut rows = |band: Band, y: usize, row: &mut [F::Sample]| {
                let Some(band) = self.layout.band(component, band) else { return };
                let at = band.grid.at(0, y);
                dequantise(band, &band.grid.coefficients[at..][..row.len()], row);
            };
            let samples = synthesise::<F>(self.level, size, levels, self.scale_log2, &mut rows);
            components.push(samples);
        }
        components
    }

    /// Turns each component into a plane; `store` gets the values, the bit depth and the width.
    fn planes<T>(
        &self,
        components: &[Vec<T>],
        store: impl Fn(&[T], u8, usize) -> Plane<u16>,
    ) -> Vec<Plane<u16>> {
        let mut planes = Vec::with_capacity(components.len());
        for (index, values) in components.iter().enumerate() {
            let width = self.layout.sizes[index].0.div_ceil(1 << self.scale_log2);
            planes.push(store(values, self.shape.planes[index].bit_depth, width));
        }
        planes
    }

    fn lossy_planes(&self) -> Vec<Plane<u16>> {
        let (header, level) = (self.header, self.level);
        let mut components = self.synthesise::<Filter97>(|band, coefficients, row| {
            let norm = norm_9_7(Band { level: band.level, orientation: band.orientation });
            let step = component_step(header, self.shape.planes[band.component].bit_depth) / norm;
            Dequantiser::new(header, step, band.grid.lowest_plane).row(level, coefficients, row);
        });
        if let (true, [a, b, c, ..]) = (header.mixes_colour, &mut components[..]) {
            let matrix = colour::transposed(&colour::matrix_from_quaternion(header.rotation));
            colour::rotate(level, &matrix, [a, b, c]);
        }

        // The low band of each level left out has a gain of 2.
        let gain = 1.0 / (1u32 << self.scale_log2) as f32;
        self.planes(&components, |values, bit_depth, width| {
            colour::plane_from_f32(level, values, gain, bit_depth, width)
        })
    }

    fn lossless_planes(&self) -> Vec<Plane<u16>> {
        let mut components = self.synthesise::<Filter53>(|band, coefficients, row| {
            integer_row(coefficients, band.grid.lowest_plane, row);
        });
        if let (true, [a, b, c, ..]) = (self.header.mixes_colour, &mut components[..]) {
            rgb_from_ycocg([a, b, c]);
        }
        self.planes(&components, colour::plane_from_i32)
    }
}

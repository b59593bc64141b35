//! Payload to planes: each wanted tile's streams are put together, walked, dequantised and transformed back.

use super::colour;
use super::header::Header;
use super::layout::{TileLayout, Tiling};
use super::model::Model;
use super::quantise::{Dequantiser, component_step, integer_row};
use super::walk::{Pass, code_plane};
use std::collections::HashMap;
use std::sync::Mutex;
use tintype_codec::{CodecError, DecodeRequest, ExecOptions, PayloadView, map_indexed};
use tintype_entropy::{BitDecoder, BitWalk};
use tintype_image::colour::rgb_from_ycocg;
use tintype_image::{Level, Plane, Planes, Region, Shape, reduced_len};
use tintype_transform::dwt::{Filter53, Filter97, norm_9_7, synthesise};

/// Reads the header and checks it against the request and the limits.
fn checked_header(
    shape: &Shape,
    payload: &PayloadView<'_>,
    request: &DecodeRequest,
    exec: &ExecOptions,
) -> Result<Header, CodecError> {
    shape
        .check(&exec.limits)
        .map_err(|e| CodecError::Malformed { what: e.to_string(), at: None })?;
    let header = Header::from_bytes(payload.header)?;
    if header.mixes_colour && !colour::can_mix(shape) {
        return Err(CodecError::Malformed {
            what: "colour mixing of planes that differ".into(),
            at: None,
        });
    }
    if request.scale_log2 > header.levels {
        return Err(CodecError::Unsupported { what: format!("scale 1/2^{}", request.scale_log2) });
    }
    let whole = shape.region();
    let region = request.region.unwrap_or(whole);
    let fits = |start: usize, length: usize, side: usize| {
        length > 0 && start < side && length <= side - start
    };
    if !fits(region.x, region.width, whole.width) || !fits(region.y, region.height, whole.height) {
        return Err(CodecError::Misuse {
            what: "a region that is empty or leaves the picture".into(),
        });
    }
    Ok(header)
}

pub(crate) fn decode(
    shape: &Shape,
    payload: &PayloadView<'_>,
    request: &DecodeRequest,
    exec: &ExecOptions,
) -> Result<Planes, CodecError> {
    let header = checked_header(shape, payload, request, exec)?;
    let whole = shape.region();
    let region = request.region.unwrap_or(whole);
    let tiling = Tiling::new(shape, &header);
    let wanted: Vec<usize> =
        (0..tiling.count()).filter(|&t| tiling.region(t).intersects(region)).collect();
    let mut streams: HashMap<usize, Vec<Vec<u8>>> =
        wanted.iter().map(|&t| (t, Vec::new())).collect();
    gather(&header, payload, request, &mut streams);

    let asked = requested_shape(shape, region, request.scale_log2);
    let decoded = |t: usize| {
        decode_tile(shape, &header, &streams[&t], request.scale_log2, tiling.region(t), exec)
    };
    let put = |out: &mut Planes, t: usize, planes: &[Plane<u16>]| {
        for (index, plane) in planes.iter().enumerate() {
            place(out, index, plane, shape, (tiling.region(t), region), request.scale_log2);
        }
    };
    if let ([tile], true) = (&wanted[..], region == whole) {
        let planes = decoded(*tile);
        if (0..planes.len()).all(|i| (planes[i].width(), planes[i].height()) == asked.plane_size(i))
        {
            // The one tile is the answer.
            return Ok(Planes { shape: asked, planes });
        }
        // Halved planes may round to another size than the answer's.
        let mut out = Planes::new(asked);
        put(&mut out, *tile, &planes);
        return Ok(out);
    }
    // Each tile goes to its place as soon as it is there, so that memory is bounded by tiles and no thread waits long.
    let out = Mutex::new(Planes::new(asked));
    map_indexed(exec.threads, wanted.len(), |i| {
        let planes = decoded(wanted[i]);
        put(&mut out.lock().expect("placing does not panic"), wanted[i], &planes);
    });
    Ok(out.into_inner().expect("as above"))
}

/// The shape of the answer.
fn requested_shape(shape: &Shape, region: Region, scale_log2: u8) -> Shape {
    let size = region.reduced(scale_log2, scale_log2);
    shape.with_size(size.width, size.height)
}

/// Copies the part of a decoded tile plane that the answer shows.
fn place(
    out: &mut Planes,
    index: usize,
    plane: &Plane<u16>,
    shape: &Shape,
    (tile, region): (Region, Region),
    scale: u8,
) {
    let info = &shape.planes[index];
    let (sx, sy) = (info.subsample_x_log2, info.subsample_y_log2);
    let tile = tile.reduced(sx, sy).reduced(scale, scale);
    // The answer's planes start at the scaled region's corner, in samples of the plane.
    let corner = region.reduced(scale, scale);
    let (x0, y0) = (corner.x >> sx, corner.y >> sy);
    let target = &mut out.planes[index];
    for y in 0..plane.height() {
        let Some(to_y) = (tile.y + y).checked_sub(y0).filter(|&y| y < target.height()) else {
            continue;
        };
        let skip = x0.saturating_sub(tile.x);
        let to_x = (tile.x + skip) - x0;
        if skip >= plane.width() || to_x >= target.width() {
            continue;
        }
        let count = (plane.width() - skip).min(target.width() - to_x);
        target.row_mut(to_y)[to_x..][..count].copy_from_slice(&plane.row(y)[skip..][..count]);
    }
}

/// Puts each wanted tile's groups together from consecutive layers, as far as they are whole.
fn gather(
    header: &Header,
    payload: &PayloadView<'_>,
    request: &DecodeRequest,
    streams: &mut HashMap<usize, Vec<Vec<u8>>>,
) {
    let groups = usize::from(header.groups_for_scale(request.scale_log2));
    let layers = request.layers.unwrap_or(u32::MAX).min(header.layers) as usize;
    let mut slices: HashMap<(usize, usize), (&[u8], bool)> = HashMap::new();
    for section in &payload.sections {
        slices
            .entry((section.key.tile as usize, section.key.layer as usize))
            .or_insert((section.bytes, section.complete));
    }
    for (&tile, streams) in streams.iter_mut() {
        for group in 0..groups {
            let mut stream = Vec::new();
            for layer in 0..layers {
                let Some((bytes, complete)) =
                    slices.get(&(tile, layer * usize::from(header.groups) + group))
                else {
                    break;
                };
                stream.extend_from_slice(bytes);
                if !complete {
                    break;
                }
            }
            streams.push(stream);
        }
    }
}

fn decode_tile(
    shape: &Shape,
    header: &Header,
    streams: &[Vec<u8>],
    scale_log2: u8,
    tile: Region,
    exec: &ExecOptions,
) -> Vec<Plane<u16>> {
    let mut layout = TileLayout::new(shape, header, tile);
    walk_streams(exec.level, &mut layout, header, streams);
    if header.lossless {
        integer_planes(shape, header, &layout, scale_log2, exec)
    } else {
        float_planes(shape, header, &layout, scale_log2, exec)
    }
}

/// Decodes what the streams determine into the grids.
fn walk_streams(level: Level, layout: &mut TileLayout, header: &Header, streams: &[Vec<u8>]) {
    let mut coders: Vec<(BitDecoder<'_>, Model)> = streams
        .iter()
        .enumerate()
        .map(|(group, bytes)| {
            (BitDecoder::cut(bytes), Model::new(group, usize::from(header.groups)))
        })
        .collect();
    let Some((first, _)) = coders.first_mut() else { return };
    let planes = first.bits(0, 5);
    if first.exhausted() || planes > header.planes {
        return;
    }
    // A group needs all coarser groups at the same plane, so where one ends, the finer ones end too.
    let mut live = coders.len();
    for plane in (0..planes).rev() {
        for group in 0..live {
            let (decoder, model) = &mut coders[group];
            if code_plane(level, &mut layout.bands, &layout.groups[group], plane, model, decoder)
                == Pass::Exhausted
            {
                live = group;
                break;
            }
        }
    }
}

fn float_planes(
    shape: &Shape,
    header: &Header,
    layout: &TileLayout,
    scale: u8,
    exec: &ExecOptions,
) -> Vec<Plane<u16>> {
    let mut components: Vec<Vec<f32>> = Vec::new();
    for (component, info) in shape.planes.iter().enumerate() {
        let step = component_step(header, info.bit_depth);
        let size = layout.sizes[component];
        components.push(synthesise::<Filter97>(
            exec.level,
            size,
            header.levels,
            scale,
            &mut |band, y, row| {
                let Some(found) = layout.find(component, band).map(|i| &layout.bands[i]) else {
                    return;
                };
                let at = found.grid.at(0, y);
                Dequantiser::new(header, step / norm_9_7(band), found.grid.plane_known).row(
                    exec.level,
                    &found.grid.goal[at..][..row.len()],
                    row,
                );
            },
        ));
    }
    if let (true, [a, b, c, ..]) = (header.mixes_colour, &mut components[..]) {
        let matrix = colour::transposed(&colour::matrix_from_quaternion(header.rotation));
        colour::rotate(exec.level, &matrix, [a, b, c]);
    }
    let gain = 1.0 / (1u32 << scale) as f32;
    let store = |(values, index): (&Vec<f32>, usize)| {
        let width = reduced_len(layout.sizes[index].0, scale);
        colour::store_f32(exec.level, values, gain, shape.planes[index].bit_depth, width)
    };
    components.iter().zip(0..).map(store).collect()
}

fn integer_planes(
    shape: &Shape,
    header: &Header,
    layout: &TileLayout,
    scale: u8,
    exec: &ExecOptions,
) -> Vec<Plane<u16>> {
    let mut components: Vec<Vec<i32>> = Vec::new();
    for component in 0..shape.planes.len() {
        let size = layout.sizes[component];
        components.push(synthesise::<Filter53>(
            exec.level,
            size,
            header.levels,
            scale,
            &mut |band, y, row| {
                let Some(found) = layout.find(component, band).map(|i| &layout.bands[i]) else {
                    return;
                };
                let at = found.grid.at(0, y);
                integer_row(&found.grid.goal[at..][..row.len()], found.grid.plane_known, row);
            },
        ));
    }
    if let (true, [a, b, c, ..]) = (header.mixes_colour, &mut components[..]) {
        rgb_from_ycocg([a, b, c]);
    }
    let store = |(values, index): (&Vec<i32>, usize)| {
        let width = reduced_len(layout.sizes[index].0, scale);
        colour::store_i32(values, shape.planes[index].bit_depth, width)
    };
    components.iter().zip(0..).map(store).collect()
}

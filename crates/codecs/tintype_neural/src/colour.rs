//! Between planes of any kind and the network's three planes of 16-bit values.
//!
//! A network value is `(sample on the scale of 8 bits − 127.5) · 32`, so that deeper samples
//! keep 13 bits. Groups of planes: the colour planes together, then every other plane by
//! itself. Bit-exact.

use super::{LATENT_PX, TILE_PX};
use tintype_codec::CodecError;
use tintype_image::colour::{
    Sampling, Upsampling, planes_at_sampling, rgb_from_ycbcr, subsampled, ycbcr_from_rgb,
};
use tintype_image::{ColourModel, Level, Plane, PlaneRole, Planes, Shape};
use tintype_nn::FeatureMap;

/// Value of the darkest sample; the brightest is its negative.
const DARKEST: i32 = -4080;

/// Planes that are coded together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// First plane.
    pub(super) first: usize,
    /// Number of planes.
    pub(super) count: usize,
    /// Width in samples of its largest plane.
    pub(super) width: usize,
    /// Height.
    pub(super) height: usize,
    /// Whether it goes through the network.
    pub(super) lossy: bool,
}

impl Group {
    /// Columns and rows of tiles.
    pub(super) fn tiles(&self) -> (usize, usize) {
        if self.lossy { (self.width.div_ceil(TILE_PX), self.height.div_ceil(TILE_PX)) } else { (1, 1) }
    }

    /// Width and height of the latents, padded so that hyper-latents fit.
    pub(super) fn latent_size(&self) -> (usize, usize) {
        let pad = |px: usize| px.next_multiple_of(super::HYPER_PX) / LATENT_PX;
        (pad(self.width), pad(self.height))
    }
}

/// The groups of a shape, in the order of their planes.
pub(super) fn groups(shape: &Shape) -> Vec<Group> {
    let colour = shape.colour_planes();
    let mut list = Vec::new();
    if colour > 0 {
        list.push(Group {
            first: 0,
            count: colour,
            width: shape.width_px,
            height: shape.height_px,
            lossy: true,
        });
    }
    for index in colour..shape.planes.len() {
        let (width, height) = shape.plane_size(index);
        let lossy = shape.planes[index].role == PlaneRole::Band;
        list.push(Group { first: index, count: 1, width, height, lossy });
    }
    list
}

/// The shape of a group's planes alone.
pub(super) fn group_shape(shape: &Shape, group: &Group) -> Shape {
    let mut planes = shape.planes[group.first..group.first + group.count].to_vec();
    if group.count == 3 {
        return Shape { planes, ..shape.clone() };
    }
    planes[0].role = PlaneRole::Colour;
    (planes[0].subsample_x_log2, planes[0].subsample_y_log2) = (0, 0);
    Shape { width_px: group.width, height_px: group.height, colour: ColourModel::Gray, planes }
}

fn invalid(error: tintype_image::ImageError) -> CodecError {
    CodecError::Unsupported { what: error.to_string() }
}

/// A group's planes as red, green, blue (or the same plane three times).
pub(super) fn rgb_of<'a>(
    source: &'a Planes,
    group: &Group,
    simd: Level,
) -> Result<std::borrow::Cow<'a, Planes>, CodecError> {
    use std::borrow::Cow;
    if group.count == 3 && source.shape.colour == ColourModel::Rgb && source.planes.len() == 3 {
        return Ok(Cow::Borrowed(source));
    }
    let shape = group_shape(&source.shape, group);
    let planes = source.planes[group.first..group.first + group.count].to_vec();
    let part = Planes { shape, planes };
    match part.shape.colour {
        ColourModel::YCbCr(_) => {
            let full =
                planes_at_sampling(&part, Sampling::S444, Upsampling::Triangle).map_err(invalid)?;
            Ok(Cow::Owned(rgb_from_ycbcr(&full, simd).map_err(invalid)?))
        }
        _ => Ok(Cow::Owned(part)),
    }
}

/// Network values of `height` × `width` samples from (`x`, `y`) on, in blocks of 8 × 8; beyond
/// the edge the last sample repeats.
pub(super) fn values_of(rgb: &Planes, x: usize, y: usize, width: usize, height: usize) -> FeatureMap {
    let scale = |plane: &Plane<u16>, max: i32, row: usize, column: usize| {
        let row = plane.row(row.min(plane.height() - 1));
        let sample = i32::from(row[column.min(row.len() - 1)]);
        (DARKEST + (sample * (-2 * DARKEST) + max / 2) / max) as i16
    };
    let planes: [usize; 3] = if rgb.planes.len() >= 3 { [0, 1, 2] } else { [0; 3] };
    let max = planes.map(|p| i32::from(rgb.shape.planes[p].sample_max()));
    let mut out = FeatureMap::new(height / 8, width / 8, 192);
    for row in 0..height {
        for column in 0..width {
            let place = ((row % 8) * 8 + column % 8) * 3;
            let position = out.at_mut(column / 8, row / 8);
            for (c, &p) in planes.iter().enumerate() {
                position[place + c] = scale(&rgb.planes[p], max[c], y + row, x + column);
            }
        }
    }
    out
}

/// Writes decoded values (in blocks of 8 × 8) to `rgb` from (`x`, `y`) on; those beyond its
/// edge are dropped. A group of one plane takes the mean of the three values, green twice.
pub(super) fn samples_from(values: &FeatureMap, rgb: &mut Planes, x: usize, y: usize) {
    let max: Vec<i32> = rgb.shape.planes.iter().map(|p| i32::from(p.sample_max())).collect();
    let sample = |value: i32, max: i32| {
        let up = (value - DARKEST).clamp(0, -2 * DARKEST);
        ((up * max - DARKEST) / (-2 * DARKEST)) as u16
    };
    let (width, height) = (rgb.shape.width_px, rgb.shape.height_px);
    for row in 0..(values.height * 8).min(height - y) {
        for column in 0..(values.width * 8).min(width - x) {
            let place = ((row % 8) * 8 + column % 8) * 3;
            let v = &values.at(column / 8, row / 8)[place..place + 3];
            let v = [i32::from(v[0]), i32::from(v[1]), i32::from(v[2])];
            if rgb.planes.len() == 1 {
                let mean = (v[0] + 2 * v[1] + v[2] + 2) >> 2;
                rgb.planes[0].row_mut(y + row)[x + column] = sample(mean, max[0]);
                continue;
            }
            for c in 0..3 {
                rgb.planes[c].row_mut(y + row)[x + column] = sample(v[c], max[c]);
            }
        }
    }
}

/// The shape of a group as the network's output.
pub(super) fn network_shape(shape: &Shape, group: &Group) -> Shape {
    let mut part = group_shape(shape, group);
    if let ColourModel::YCbCr(_) = part.colour {
        part.colour = ColourModel::Rgb;
        part.planes.iter_mut().for_each(|p| (p.subsample_x_log2, p.subsample_y_log2) = (0, 0));
    }
    part
}

/// The planes of a group, from the network's output.
pub(super) fn planes_of(
    rgb: Planes,
    shape: &Shape,
    group: &Group,
    simd: Level,
) -> Result<Vec<Plane<u16>>, CodecError> {
    let ColourModel::YCbCr(matrix) = shape.colour else { return Ok(rgb.planes) };
    if group.count != 3 {
        return Ok(rgb.planes);
    }
    let full = ycbcr_from_rgb(&rgb, matrix, simd).map_err(invalid)?;
    let infos = &shape.planes[..3];
    Ok(full
        .planes
        .iter()
        .zip(infos)
        .map(|(p, i)| subsampled(p, i.subsample_x_log2, i.subsample_y_log2))
        .collect())
}

//! Some planes of a picture as a picture of their own, and back.

use tintype_image::{ColourModel, PlaneInfo, PlaneRole, Planes, Shape};

/// The shape of the planes of `mask`: with the picture's colour model if it has all colour
/// planes, else bands.
pub(super) fn group_shape(shape: &Shape, mask: u32) -> Shape {
    let chosen: Vec<usize> = (0..shape.planes.len()).filter(|i| mask >> i & 1 == 1).collect();
    let colours = chosen.iter().filter(|&&i| shape.planes[i].role == PlaneRole::Colour).count();
    let keeps = colours == shape.colour_planes();
    let info = |&i: &usize| {
        let info = shape.planes[i].clone();
        let role = if !keeps && info.role == PlaneRole::Colour { PlaneRole::Band } else { info.role };
        PlaneInfo { role, ..info }
    };
    let colour = if keeps && colours > 0 { shape.colour } else { ColourModel::Bands };
    Shape { colour, planes: chosen.iter().map(info).collect(), ..shape.clone() }
}

/// The planes of `mask`.
pub(super) fn group_planes(source: &Planes, mask: u32) -> Planes {
    let chosen = (0..source.planes.len()).filter(|i| mask >> i & 1 == 1);
    Planes {
        shape: group_shape(&source.shape, mask),
        planes: chosen.map(|i| source.planes[i].clone()).collect(),
    }
}

/// Puts the planes of a group into their places.
pub(super) fn put_group(whole: &mut Planes, group: &Planes, mask: u32) {
    let places: Vec<usize> = (0..whole.planes.len()).filter(|i| mask >> i & 1 == 1).collect();
    for (&place, plane) in places.iter().zip(&group.planes) {
        whole.planes[place] = plane.clone();
    }
}

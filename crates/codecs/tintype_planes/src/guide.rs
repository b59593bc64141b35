//! The guide of a depth plane: the decoded plane whose edges help to code it. Bit-exact.

use tintype_image::{ColourModel, Plane, Planes};

/// The guide among the planes of `mask` for a depth plane of `size`, and its bit depth: green
/// of RGB, else the first plane; none if it has another size.
pub(super) fn guide_of(decoded: &Planes, mask: u32, size: (usize, usize)) -> Option<(&Plane<u16>, u32)> {
    let colours = decoded.shape.colour_planes();
    let index = if colours == 3 && decoded.shape.colour == ColourModel::Rgb { 1 } else { 0 };
    let plane = decoded
        .planes
        .get(index)
        .filter(|p| mask >> index & 1 == 1 && (p.width(), p.height()) == size)?;
    Some((plane, u32::from(decoded.shape.planes[index].bit_depth)))
}

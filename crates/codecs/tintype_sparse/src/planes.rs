//! Planes as this codec codes them: chroma at half the resolution or not, padded to multiples
//! of 32.
//!
//! The way back ([`doubled`]) is bit-exact.

use super::block::{doubled_row, near_and_far};
use super::header::Header;
use tintype_block::{PlaneKind, internal_planes, plane_kinds};
use tintype_image::{ColourModel, Plane, Planes, Shape};

/// How one plane of a tile is coded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodedPlane {
    /// What it is.
    pub kind: PlaneKind,
    /// Columns and rows, multiples of 32.
    pub size: (usize, usize),
    /// What a squared error in it weighs against one in luma.
    pub weight: f32,
    /// Columns and rows of the picture, without what is padded.
    pub seen: (usize, usize),
}

/// How the planes of a tile of `shape` are coded.
pub fn plane_plans(shape: &Shape, header: &Header) -> Vec<CodedPlane> {
    let kinds = plane_kinds(shape, header.half_chroma);
    let plan = |(index, kind): (usize, PlaneKind)| CodedPlane {
        kind,
        size: kind.padded(shape.plane_size(index), 32),
        weight: weight(shape, index, kind),
        seen: seen(shape.plane_size(index), kind),
    };
    kinds.into_iter().enumerate().map(plan).collect()
}

/// Columns and rows of a coded plane that stand for pixels.
fn seen((width, height): (usize, usize), kind: PlaneKind) -> (usize, usize) {
    if kind.half { (width.div_ceil(2), height.div_ceil(2)) } else { (width, height) }
}

/// Squared errors of RGB after the inverse colour matrix, for one of this plane, against those
/// for one of luma. A sample at half the resolution counts four times.
fn weight(shape: &Shape, index: usize, kind: PlaneKind) -> f32 {
    let share = if shape.colour != ColourModel::Rgb || !kind.chroma {
        1.0
    } else if index == 1 {
        (1.772f32.powi(2) + 0.344f32.powi(2)) / 3.0
    } else {
        (1.402f32.powi(2) + 0.714f32.powi(2)) / 3.0
    };
    share * if kind.half { 4.0 } else { 1.0 }
}

/// The internal planes of `source` as they are coded: halved by means of 2 × 2, padded by edge
/// repetition.
pub fn coded_planes(source: &Planes, header: &Header) -> Vec<Plane<i16>> {
    let plans = plane_plans(&source.shape, header);
    let internal = internal_planes(source);
    internal.iter().zip(&plans).map(|(plane, plan)| coded_plane(plane, plan)).collect()
}

fn coded_plane(plane: &Plane<i16>, plan: &CodedPlane) -> Plane<i16> {
    let (width, height) = plan.size;
    let (right, bottom) = (plane.width() - 1, plane.height() - 1);
    let at = |x: usize, y: usize| i32::from(plane.row(y.min(bottom))[x.min(right)]);
    let mut out = Plane::new(width, height);
    for y in 0..height {
        for (x, value) in out.row_mut(y).iter_mut().enumerate() {
            *value = if plan.kind.half {
                let (x, y) = (2 * x, 2 * y);
                ((at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1) + 2) >> 2) as i16
            } else {
                at(x, y) as i16
            };
        }
    }
    out
}

/// A plane at twice the resolution.
pub fn doubled(plane: &Plane<i16>) -> Plane<i16> {
    let (width, height) = (plane.width(), plane.height());
    let mut out = Plane::new(2 * width, 2 * height);
    for y in 0..2 * height {
        let (near, far) = near_and_far(y, height);
        doubled_row(plane.row(near), plane.row(far), out.row_mut(y));
    }
    out
}

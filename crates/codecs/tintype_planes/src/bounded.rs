//! Near-lossless preprocessing: samples changed by a bounded error so that lossless coding
//! needs fewer bits.
//!
//! In: planes and the largest error `N`. Out: planes of the same shape, every sample within
//! `N`. If there are depth planes only they change, and their holes (samples of 0) stay
//! exactly where they are; else all planes change. An encoder's choice, not part of the
//! format.
//!
//! Samples go to the middles of bins of width `2 N + 1`; a depth sample takes the value of its
//! left or upper neighbour instead where that is within the bound. Source: our own decision
//! (decision record 0051).

use tintype_image::{Plane, PlaneRole, Planes};

/// `source` with every sample within `max_error` of its value, cheaper to code without loss.
///
/// ```
/// use tintype_image::{Planes, Shape};
/// use tintype_planes::within_error;
///
/// let mut planes = Planes::new(Shape::gray(2, 1, 16));
/// planes.planes[0].row_mut(0).copy_from_slice(&[1000, 1003]);
/// let near = within_error(&planes, 2);
/// assert!(near.planes[0].row(0).iter().zip([1000, 1003]).all(|(a, b)| a.abs_diff(b) <= 2));
/// ```
pub fn within_error(source: &Planes, max_error: u16) -> Planes {
    let mut out = source.clone();
    let is_depth = |i: &usize| source.shape.planes[*i].role == PlaneRole::Depth;
    let some_depth = (0..source.planes.len()).any(|i| is_depth(&i));
    for index in (0..source.planes.len()).filter(|i| !some_depth || is_depth(i)) {
        if max_error > 0 {
            let max = source.shape.planes[index].sample_max();
            bounded(&mut out.planes[index], i32::from(max_error), i32::from(max), some_depth);
        }
    }
    out
}

fn bounded(plane: &mut Plane<u16>, error: i32, max: i32, holes: bool) {
    let bin = 2 * error + 1;
    // With holes, 0 is no value: bins start at 1.
    let first = i32::from(holes);
    let mut above: Vec<u16> = vec![0; plane.width()];
    for y in 0..plane.height() {
        let row = plane.row_mut(y);
        let mut left = 0;
        for (sample, above) in row.iter_mut().zip(&mut above) {
            let value = i32::from(*sample);
            if !(holes && value == 0) {
                let near =
                    |other: u16| (i32::from(other) - value).abs() <= error && i32::from(other) >= first;
                let middle = ((value - first) / bin * bin + error + first).min(max);
                *sample = if holes && near(left) && (y == 0 || left == *above) {
                    left
                } else if holes && near(*above) && y > 0 {
                    *above
                } else {
                    middle as u16
                };
            }
            left = *sample;
            *above = *sample;
        }
    }
}

//! A picture of where two pictures differ.

use crate::MetricError;
use crate::pair::Pair;
use tintype_image::colour::scaled_sample;
use tintype_image::{Planes, Shape};

/// The absolute difference of the main planes times `gain`, clipped, as an 8-bit picture: gray
/// for one plane, else RGB of the first three (of two planes, gray of the first).
///
/// # Errors
/// `Mismatch` for pictures that cannot be compared.
pub fn difference_picture(a: &Planes, b: &Planes, gain: u16) -> Result<Planes, MetricError> {
    let pair = Pair::new(a, b)?;
    let (width, height) = (pair.shape().width_px, pair.shape().height_px);
    let shape = if pair.main_planes() < 3 {
        Shape::gray(width, height, 8)
    } else {
        Shape::rgb(width, height, 8)
    };
    let mut out = Planes::new(shape);
    for (index, plane) in out.planes.iter_mut().enumerate() {
        let info = &pair.shape().planes[index];
        let depth = info.bit_depth;
        for y in 0..height {
            let source_y = y >> info.subsample_y_log2;
            let (row_a, row_b) =
                (pair.a.planes[index].row(source_y), pair.b.planes[index].row(source_y));
            for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                let source_x = x >> info.subsample_x_log2;
                let difference = row_a[source_x].abs_diff(row_b[source_x]).saturating_mul(gain);
                *sample = scaled_sample(difference.min(info.sample_max()), depth, 8);
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_amplified_and_clipped() {
        let a = Planes::new(Shape::gray(3, 1, 8));
        let mut b = a.clone();
        b.planes[0].row_mut(0).copy_from_slice(&[0, 3, 200]);
        let shown = difference_picture(&a, &b, 10).unwrap();
        assert_eq!(shown.planes[0].row(0), [0, 30, 255]);
        assert_eq!(difference_picture(&b, &a, 10).unwrap(), shown);
    }
}

//! Smaller pictures: every sample is the mean of the area it covers.
//!
//! In: planes; out: the same at another, not larger size. Colours beside opacity count by how much
//! of them is seen. Integers: the same on every machine.

use crate::{ImageError, Plane, PlaneRole, Planes};

/// `source` at `width` × `height` pixels.
///
/// # Errors
/// `Misuse` for a side of 0 or one that is larger than the picture's.
///
/// ```
/// use tintype_image::{Picture, planes_shrunk};
///
/// let picture = Picture::from_gray8(3, 2, &[0, 30, 60, 90, 120, 150])?;
/// let small = planes_shrunk(&picture.planes, 2, 1)?;
/// assert_eq!(small.planes[0].row(0), [55, 95]);
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
pub fn planes_shrunk(source: &Planes, width: usize, height: usize) -> Result<Planes, ImageError> {
    let shape = &source.shape;
    if width == 0 || height == 0 || width > shape.width_px || height > shape.height_px {
        let what = format!(
            "a picture of {} × {} pixels cannot be made {width} × {height}; only smaller ones are made",
            shape.width_px, shape.height_px
        );
        return Err(ImageError::Misuse { what });
    }
    let mut out = Planes::new(shape.with_size(width, height));
    let alpha = shape.planes.iter().position(|plane| plane.role == PlaneRole::Alpha);
    for index in 0..out.planes.len() {
        let plane = &source.planes[index];
        let size = (out.planes[index].width(), out.planes[index].height());
        let seen = alpha.map(|alpha| &source.planes[alpha]).filter(|alpha| {
            shape.planes[index].role == PlaneRole::Colour
                && (alpha.width(), alpha.height()) == (plane.width(), plane.height())
        });
        out.planes[index] = shrunk(plane, seen, size);
    }
    Ok(out)
}

/// The source samples that each result covers along one side, with how much of each, in units of
/// `1 / to` of a sample.
fn spans(from: usize, to: usize) -> Vec<Vec<(usize, u64)>> {
    let covered = |index: usize| {
        let (start, end) = (index * from, (index + 1) * from);
        let cells = start / to..end.div_ceil(to);
        cells.map(|at| (at, (end.min((at + 1) * to) - start.max(at * to)) as u64)).collect()
    };
    (0..to).map(covered).collect()
}

fn shrunk(plane: &Plane<u16>, seen: Option<&Plane<u16>>, (width, height): (usize, usize)) -> Plane<u16> {
    let (columns, rows) = (spans(plane.width(), width), spans(plane.height(), height));
    let mut out = Plane::new(width, height);
    let mut sums = vec![(0u128, 0u128, 0u128, 0u128); width];
    for (y, row_span) in rows.iter().enumerate() {
        sums.fill((0, 0, 0, 0));
        for &(from, row_weight) in row_span {
            let samples = plane.row(from);
            for (sum, column_span) in sums.iter_mut().zip(&columns) {
                for &(at, weight) in column_span {
                    let weight = u128::from(weight * row_weight);
                    let sample = u128::from(samples[at]);
                    sum.0 += weight * sample;
                    sum.1 += weight;
                    if let Some(seen) = seen {
                        let weight = weight * u128::from(seen.row(from)[at]);
                        sum.2 += weight * sample;
                        sum.3 += weight;
                    }
                }
            }
        }
        for (sample, sum) in out.row_mut(y).iter_mut().zip(&sums) {
            // Where nothing is seen, all counts alike.
            let (total, weight) = if sum.3 > 0 { (sum.2, sum.3) } else { (sum.0, sum.1) };
            *sample = ((total + weight / 2) / weight) as u16;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Picture;

    #[test]
    fn hidden_colours_do_not_bleed() {
        let pixels = [200, 0, 0, 255, 0, 90, 0, 0, 9, 9, 9, 0, 9, 9, 9, 0];
        let picture = Picture::from_rgba8(4, 1, &pixels).unwrap();
        let small = Picture::new(planes_shrunk(&picture.planes, 2, 1).unwrap());
        assert_eq!(small.to_rgba8().unwrap(), [200, 0, 0, 128, 9, 9, 9, 0]);
    }

    #[test]
    fn sizes_that_are_no_smaller_ones_are_refused() {
        let picture = Picture::from_gray8(4, 2, &[7; 8]).unwrap();
        assert_eq!(planes_shrunk(&picture.planes, 4, 2).unwrap(), picture.planes);
        for (width, height) in [(0, 1), (5, 2), (4, 3)] {
            assert!(planes_shrunk(&picture.planes, width, height).is_err());
        }
    }
}

//! Chroma at full, half or quarter resolution.
//!
//! In: a plane of samples; out: the same plane with `ceil(size / 2)` columns, rows or both, or
//! back at a given size. Down: the mean of 2×1 or 2×2 samples, rounded half up, edges replicated;
//! chroma sits between luma samples, as in JPEG and MPEG-1. Up: nearest, or triangle weights 3:1
//! of the nearer and the farther sample. Integers only.

use crate::{ColourModel, ImageError, Plane, Planes, Shape, reduced_len};

/// Chroma resolution relative to luma.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sampling {
    /// 4:4:4, full.
    S444,
    /// 4:2:2, half the columns.
    S422,
    /// 4:2:0, half the columns and half the rows.
    S420,
}

impl Sampling {
    /// Base-2 logarithms of the column and row ratios.
    pub fn ratios_log2(self) -> (u8, u8) {
        match self {
            Self::S444 => (0, 0),
            Self::S422 => (1, 0),
            Self::S420 => (1, 1),
        }
    }
}

/// How samples are interpolated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Upsampling {
    /// Repeat.
    Nearest,
    /// Three quarters of the nearer, one quarter of the farther sample.
    Triangle,
}

/// `plane` with columns halved `x_log2` times and rows `y_log2` times (0 or 1).
pub fn subsampled(plane: &Plane<u16>, x_log2: u8, y_log2: u8) -> Plane<u16> {
    let (width, height) = (reduced_len(plane.width(), x_log2), reduced_len(plane.height(), y_log2));
    let mut out = Plane::new(width, height);
    let mut sums = vec![0u32; plane.width()];
    for y in 0..height {
        let top = plane.row(y << y_log2);
        let bottom = plane.row(((y << y_log2) + usize::from(y_log2)).min(plane.height() - 1));
        for ((sum, a), b) in sums.iter_mut().zip(top).zip(bottom) {
            *sum = u32::from(*a) + u32::from(*b);
        }
        let target = out.row_mut(y);
        if x_log2 == 0 {
            target.iter_mut().zip(&sums).for_each(|(t, s)| *t = s.div_ceil(2) as u16);
        } else {
            for (t, pair) in target.iter_mut().zip(sums.chunks(2)) {
                *t = ((pair[0] + pair[pair.len() - 1] + 2) >> 2) as u16;
            }
        }
    }
    out
}

/// `plane` with columns doubled `x_log2` times and rows `y_log2` times (0 or 1), cut to `width` ×
/// `height`.
///
/// # Errors
/// `Misuse` if `plane` is not `ceil(size / 2^log2)`.
pub fn upsampled(
    plane: &Plane<u16>,
    (width, height): (usize, usize),
    (x_log2, y_log2): (u8, u8),
    how: Upsampling,
) -> Result<Plane<u16>, ImageError> {
    if (plane.width(), plane.height()) != (reduced_len(width, x_log2), reduced_len(height, y_log2)) {
        let what = format!(
            "plane of {}×{} samples upsampled to {width}×{height}",
            plane.width(),
            plane.height()
        );
        return Err(ImageError::Misuse { what });
    }
    let mut out = Plane::new(width, height);
    let mut mixed = vec![0u32; plane.width()];
    for y in 0..height {
        let near = y >> y_log2;
        // The farther row lies above for even rows and below for odd ones.
        let far = match (y_log2, how) {
            (0, _) | (_, Upsampling::Nearest) => near,
            _ if y % 2 == 0 => near.saturating_sub(1),
            _ => (near + 1).min(plane.height() - 1),
        };
        for ((m, a), b) in mixed.iter_mut().zip(plane.row(near)).zip(plane.row(far)) {
            *m = 3 * u32::from(*a) + u32::from(*b);
        }
        spread(&mixed, x_log2, how, out.row_mut(y));
    }
    Ok(out)
}

/// Columns of one row whose samples come in quarters.
fn spread(quarters: &[u32], x_log2: u8, how: Upsampling, out: &mut [u16]) {
    if x_log2 == 0 {
        out.iter_mut().zip(quarters).for_each(|(t, q)| *t = ((q + 2) >> 2) as u16);
    } else if how == Upsampling::Nearest {
        out.iter_mut().enumerate().for_each(|(x, t)| *t = ((quarters[x / 2] + 2) >> 2) as u16);
    } else {
        let last = quarters.len() - 1;
        for (x, pair) in out.chunks_mut(2).enumerate() {
            let centre = 3 * quarters[x] + 8;
            pair[0] = ((centre + quarters[x.saturating_sub(1)]) >> 4) as u16;
            if let Some(right) = pair.get_mut(1) {
                *right = ((centre + quarters[(x + 1).min(last)]) >> 4) as u16;
            }
        }
    }
}

/// The picture with its two chroma planes at `sampling`.
///
/// # Errors
/// `Misuse` unless `source` is YCbCr.
pub fn planes_at_sampling(
    source: &Planes,
    sampling: Sampling,
    how: Upsampling,
) -> Result<Planes, ImageError> {
    if !matches!(source.shape.colour, ColourModel::YCbCr(_)) {
        return Err(ImageError::Misuse {
            what: format!("chroma sampling of {}, which has no chroma planes", source.shape.colour),
        });
    }
    let shape: &Shape = &source.shape;
    let mut out = source.clone();
    let (x_log2, y_log2) = sampling.ratios_log2();
    for index in 1..3 {
        let info = &shape.planes[index];
        let had = (info.subsample_x_log2, info.subsample_y_log2);
        if had == (x_log2, y_log2) {
            continue;
        }
        let full = upsampled(&source.planes[index], (shape.width_px, shape.height_px), had, how)?;
        out.planes[index] = subsampled(&full, x_log2, y_log2);
        out.shape.planes[index].subsample_x_log2 = x_log2;
        out.shape.planes[index].subsample_y_log2 = y_log2;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PlaneRole, YCbCrMatrix};

    fn ramp(width: usize, height: usize) -> Plane<u16> {
        let samples = (0..width * height).map(|i| (i % width * 4 + i / width * 12) as u16).collect();
        Plane::from_vec(width, height, samples).unwrap()
    }

    #[test]
    fn boxes_by_hand() {
        let plane = Plane::from_vec(3, 3, vec![0, 4, 9, 2, 2, 11, 100, 101, 7]).unwrap();
        assert_eq!(subsampled(&plane, 1, 1).as_slice().unwrap(), [2, 10, 101, 7]);
        assert_eq!(subsampled(&plane, 1, 0).as_slice().unwrap(), [2, 9, 2, 11, 101, 7]);
        assert_eq!(subsampled(&plane, 0, 0), plane);
    }

    #[test]
    fn triangles_by_hand() {
        let plane = Plane::from_vec(2, 1, vec![0, 16]).unwrap();
        let up = |how| upsampled(&plane, (4, 1), (1, 0), how).unwrap().as_slice().unwrap().to_vec();
        assert_eq!(up(Upsampling::Triangle), [0, 4, 12, 16]);
        assert_eq!(up(Upsampling::Nearest), [0, 0, 16, 16]);
    }

    #[test]
    fn a_ramp_survives_down_and_up_inside_and_constants_survive_everywhere() {
        for (width, height) in [(1, 1), (1, 7), (8, 6), (9, 7), (33, 2)] {
            for ratios in [(1, 0), (0, 1), (1, 1)] {
                let ramp = ramp(width, height);
                let down = subsampled(&ramp, ratios.0, ratios.1);
                let up = upsampled(&down, (width, height), ratios, Upsampling::Triangle).unwrap();
                for y in 2..height.saturating_sub(2) {
                    for x in 2..width.saturating_sub(2) {
                        assert!(up.row(y)[x].abs_diff(ramp.row(y)[x]) <= 1);
                    }
                }
                let flat = Plane::from_vec(width, height, vec![65_535; width * height]).unwrap();
                for how in [Upsampling::Nearest, Upsampling::Triangle] {
                    let down = subsampled(&flat, ratios.0, ratios.1);
                    assert_eq!(upsampled(&down, (width, height), ratios, how).unwrap(), flat);
                }
            }
        }
    }

    #[test]
    fn picture_changes_its_shape_with_its_planes() {
        let mut shape = Shape::rgb(7, 5, 8);
        shape.colour = ColourModel::YCbCr(YCbCrMatrix::Bt601);
        let full = Planes::new(shape);
        let half = planes_at_sampling(&full, Sampling::S420, Upsampling::Triangle).unwrap();
        assert_eq!((half.planes[1].width(), half.planes[2].height(), half.planes[0].width()), (4, 3, 7));
        assert_eq!(half.shape.plane_size(2), (4, 3));
        assert_eq!(planes_at_sampling(&half, Sampling::S444, Upsampling::Nearest).unwrap(), full);
        assert!(half.shape.planes.iter().all(|p| p.role == PlaneRole::Colour));
        assert!(
            planes_at_sampling(&Planes::new(Shape::gray(2, 2, 8)), Sampling::S420, Upsampling::Nearest)
                .is_err()
        );
    }
}

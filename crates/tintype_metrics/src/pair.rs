//! Converts two pictures to one shape, so that their samples can be compared.
//!
//! In: two [`Planes`]; out: the same with equal shape. Sizes must agree. If colour models differ
//! among gray, RGB and YCbCr, both become full-resolution RGB; if depths differ, both take the
//! larger. Equal shapes are borrowed unchanged.

use crate::MetricError;
use std::borrow::Cow;
use tintype_image::colour::{Sampling, Upsampling, planes_at_depth, planes_at_sampling, rgb_from_ycbcr};
use tintype_image::{ColourModel, Level, PlaneInfo, PlaneRole, Planes, Shape};

/// Two pictures of equal size, planes and depths.
pub(crate) struct Pair<'a> {
    pub a: Cow<'a, Planes>,
    pub b: Cow<'a, Planes>,
}

impl<'a> Pair<'a> {
    pub fn new(a: &'a Planes, b: &'a Planes) -> Result<Self, MetricError> {
        let (size_a, size_b) =
            ((a.shape.width_px, a.shape.height_px), (b.shape.width_px, b.shape.height_px));
        if size_a != size_b {
            let what = format!("sizes {}×{} and {}×{}", size_a.0, size_a.1, size_b.0, size_b.1);
            return Err(MetricError::Mismatch { what });
        }
        let mut pair = Self { a: Cow::Borrowed(a), b: Cow::Borrowed(b) };
        if !same_layout(&a.shape, &b.shape) {
            let families = [a, b].map(|p| p.shape.colour != ColourModel::Bands);
            if families[0] != families[1] {
                let what = format!("colour models {} and {}", a.shape.colour, b.shape.colour);
                return Err(MetricError::Mismatch { what });
            }
            if families[0] {
                pair.a = Cow::Owned(rgb(a)?);
                pair.b = Cow::Owned(rgb(b)?);
            }
        }
        if pair.a.planes.len() != pair.b.planes.len() {
            let what = format!("{} and {} planes", pair.a.planes.len(), pair.b.planes.len());
            return Err(MetricError::Mismatch { what });
        }
        let depths = |p: &Planes| p.shape.planes.iter().map(|i| i.bit_depth).collect::<Vec<_>>();
        if depths(&pair.a) != depths(&pair.b) {
            let both = depths(&pair.a).into_iter().chain(depths(&pair.b));
            let depth = both.max().unwrap_or(8);
            pair.a = Cow::Owned(planes_at_depth(&pair.a, depth));
            pair.b = Cow::Owned(planes_at_depth(&pair.b, depth));
        }
        Ok(pair)
    }

    pub fn shape(&self) -> &Shape {
        &self.a.shape
    }

    /// The planes that picture-wide numbers are made of: the colour planes, or all planes where
    /// there are none.
    pub fn main_planes(&self) -> usize {
        match self.shape().colour_planes() {
            0 => self.a.planes.len(),
            count => count,
        }
    }
}

fn same_layout(a: &Shape, b: &Shape) -> bool {
    let subsampling = |s: &Shape| {
        s.planes.iter().map(|p| (p.subsample_x_log2, p.subsample_y_log2)).collect::<Vec<_>>()
    };
    a.colour == b.colour && subsampling(a) == subsampling(b)
}

/// Full-resolution RGB of gray, RGB or YCbCr; further planes stay.
pub(crate) fn rgb(planes: &Planes) -> Result<Planes, MetricError> {
    match planes.shape.colour {
        ColourModel::Rgb => Ok(planes.clone()),
        ColourModel::YCbCr(_) => {
            let full = planes_at_sampling(planes, Sampling::S444, Upsampling::Triangle)?;
            Ok(rgb_from_ycbcr(&full, Level::new())?)
        }
        ColourModel::Gray => {
            let mut out = planes.clone();
            out.shape.colour = ColourModel::Rgb;
            let info = PlaneInfo::new(PlaneRole::Colour, planes.shape.planes[0].bit_depth);
            for index in 1..3 {
                out.shape.planes.insert(index, info.clone());
                out.planes.insert(index, planes.planes[0].clone());
            }
            Ok(out)
        }
        ColourModel::Bands => {
            Err(MetricError::Misuse { what: "conversion to RGB of planes without colour".into() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gray_and_rgb_compare_as_rgb_and_depths_at_the_larger() {
        let mut gray = Planes::new(Shape::gray(3, 2, 8));
        gray.planes[0].row_mut(1)[2] = 200;
        let wide = planes_at_depth(&rgb(&gray).unwrap(), 16);
        let pair = Pair::new(&gray, &wide).unwrap();
        assert_eq!(pair.a, pair.b);
        assert_eq!(pair.main_planes(), 3);
    }

    #[test]
    fn sizes_and_planes_must_agree() {
        let small = Planes::new(Shape::gray(3, 2, 8));
        let large = Planes::new(Shape::gray(3, 3, 8));
        let error = Pair::new(&small, &large).err().unwrap();
        assert_eq!(error.to_string(), "cannot compare: sizes 3×2 and 3×3");
        let mut alpha = Shape::gray(3, 2, 8);
        alpha.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
        assert!(Pair::new(&small, &Planes::new(alpha)).is_err());
    }
}

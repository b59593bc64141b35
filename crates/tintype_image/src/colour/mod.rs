//! Between colour models, sampling ratios and depths.
//!
//! In: [`Planes`] or rows of samples, range `0..2^bit_depth`; out: the same in another model.
//! Integer throughout except HSV, so that results are the same on every machine and at every SIMD
//! level. Alpha and further planes pass unchanged. ICC profiles are ignored: the numbers in the
//! file are converted as they are.

mod depth;
mod hsv;
mod matrix;
mod opacity;
mod range;
mod sampling;
mod ycbcr;
mod ycocg;

pub use depth::{planes_at_depth, scaled_sample};
pub use hsv::{HSV_ERROR_MAX, hsv_from_rgb, rgb_from_hsv};
pub use matrix::fixed_point;
pub use opacity::{PREMULTIPLIED, flattened, unassociated};
pub use range::{full_from_limited, limited_from_full};
pub use sampling::{Sampling, Upsampling, planes_at_sampling, subsampled, upsampled};
pub use ycbcr::{RGB_YCBCR_ERROR_MAX, gray_from_rgb, rgb_from_ycbcr, ycbcr_from_rgb};
pub use ycocg::{rgb_from_ycocg, ycocg_from_rgb};

use crate::{ColourModel, ImageError, PlaneRole, Planes};

/// The depth of `planes`, which must be full-resolution colour planes of one depth in model
/// `colour`.
fn even_colour_depth(planes: &Planes, colour: ColourModel) -> Result<u8, ImageError> {
    let shape = &planes.shape;
    let mut depths = shape.planes.iter().filter(|p| p.role == PlaneRole::Colour).map(|p| p.bit_depth);
    let depth = depths.next().unwrap_or(0);
    let full = shape.planes.iter().all(|p| p.subsample_x_log2 == 0 && p.subsample_y_log2 == 0);
    if shape.colour != colour || shape.colour_planes() != 3 || depths.any(|d| d != depth) || !full {
        let what = format!("this conversion needs {colour} at full resolution and one depth");
        return Err(ImageError::Misuse { what });
    }
    Ok(depth)
}

/// The three colour planes, to write to.
fn three(planes: &mut Planes) -> [&mut crate::Plane<u16>; 3] {
    match &mut planes.planes[..] {
        [a, b, c, ..] => [a, b, c],
        _ => unreachable!("callers check that there are three colour planes"),
    }
}

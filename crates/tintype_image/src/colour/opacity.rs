//! Opacity: pictures on a background, and colours that opacity was multiplied into.
//!
//! In: gray or RGB planes with one alpha plane, all of full resolution; out: the same without
//! alpha, or with colours of their own. Alpha 0 is clear, the largest sample is opaque.

use super::scaled_sample;
use crate::{PlaneRole, Planes};

/// Name of an alpha plane by which the colours are already multiplied.
pub const PREMULTIPLIED: &str = "premultiplied alpha";

/// The place of the alpha plane, if there is one and every plane has full resolution.
fn alpha_of(planes: &Planes) -> Option<usize> {
    let infos = &planes.shape.planes;
    let full = infos.iter().all(|p| (p.subsample_x_log2, p.subsample_y_log2) == (0, 0));
    infos.iter().position(|p| p.role == PlaneRole::Alpha).filter(|_| full)
}

/// The picture in front of `background` (red, green, blue of 8 bits; of gray pictures the green
/// one counts), without alpha; `None` if it has none.
///
/// ```
/// use tintype_image::Picture;
/// use tintype_image::colour::flattened;
///
/// let picture = Picture::from_rgba8(2, 1, &[9, 8, 7, 0, 0, 0, 0, 51])?;
/// let planes = flattened(&picture.planes, [255, 255, 255]).unwrap();
/// assert_eq!(Picture::new(planes).to_rgb8()?, [255, 255, 255, 204, 204, 204]);
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
pub fn flattened(planes: &Planes, background: [u8; 3]) -> Option<Planes> {
    let alpha_index = alpha_of(planes)?;
    let mut out = planes.clone();
    let alpha = out.planes.remove(alpha_index);
    let alpha_info = out.shape.planes.remove(alpha_index);
    let opaque = u64::from(alpha_info.sample_max());
    let gray = out.shape.colour_planes() == 1;
    for (index, plane) in out.planes.iter_mut().enumerate().take(out.shape.colour_planes()) {
        let behind = background[if gray { 1 } else { index.min(2) }];
        let behind = scaled_sample(behind.into(), 8, out.shape.planes[index].bit_depth);
        for y in 0..plane.height() {
            for (sample, alpha) in plane.row_mut(y).iter_mut().zip(alpha.row(y)) {
                let alpha = u64::from(*alpha);
                // Where colours are multiplied already, they count as they are.
                let front = match alpha_info.name == PREMULTIPLIED {
                    true => u64::from(*sample) * opaque,
                    false => u64::from(*sample) * alpha,
                };
                let sum = front + u64::from(behind) * (opaque - alpha);
                let max = u64::from(out.shape.planes[index].sample_max());
                *sample = ((sum + opaque / 2) / opaque).min(max) as u16;
            }
        }
    }
    Some(out)
}

/// Colours divided by the opacity that they are multiplied by; `None` unless the alpha plane is
/// named [`PREMULTIPLIED`].
///
/// ```
/// use tintype_image::Picture;
/// use tintype_image::colour::{PREMULTIPLIED, unassociated};
///
/// let mut picture = Picture::from_rgba8(1, 1, &[100, 50, 0, 128])?;
/// picture.planes.shape.planes[3].name = PREMULTIPLIED.into();
/// let planes = unassociated(&picture.planes).unwrap();
/// assert_eq!(Picture::new(planes).to_rgba8()?, [199, 100, 0, 128]);
/// # Ok::<(), tintype_image::ImageError>(())
/// ```
pub fn unassociated(planes: &Planes) -> Option<Planes> {
    let alpha_index = alpha_of(planes).filter(|i| planes.shape.planes[*i].name == PREMULTIPLIED)?;
    let mut out = planes.clone();
    out.shape.planes[alpha_index].name.clear();
    let opaque = u64::from(out.shape.planes[alpha_index].sample_max());
    for index in 0..out.planes.len() {
        if out.shape.planes[index].role != PlaneRole::Colour {
            continue;
        }
        let max = u64::from(out.shape.planes[index].sample_max());
        for y in 0..out.planes[index].height() {
            let alphas = planes.planes[alpha_index].row(y);
            for (sample, alpha) in out.planes[index].row_mut(y).iter_mut().zip(alphas) {
                let alpha = u64::from(*alpha).max(1);
                *sample = ((u64::from(*sample) * opaque + alpha / 2) / alpha).min(max) as u16;
            }
        }
    }
    Some(out)
}

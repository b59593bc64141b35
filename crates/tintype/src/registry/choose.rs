//! Which codec fits a picture and a goal, when the user leaves the choice to us.

use super::ids::{CLUSTER, JPEG, LOSSLESS, NEURAL, PHOTO, PLANES, SPARSE, WAVELET};
use crate::goal::Goal;
use std::collections::HashSet;
use tintype_codec::CodecId;
use tintype_image::{ColourModel, PlaneRole, Planes, Shape};

/// A picture with at most this many colours is flat art or a screen rather than a photo.
const FEW_COLOURS: usize = 4096;

/// Bits of a sample that `photo` keeps.
const PHOTO_BITS_MAX: u8 = 12;

/// The codecs worth trying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Candidates {
    /// The first that can.
    First(Vec<CodecId>),
    /// The one whose file is smallest.
    Smallest(Vec<CodecId>),
}

/// The codecs worth trying for `planes`.
pub(crate) fn candidates(planes: &Planes, goal: Goal) -> Candidates {
    match goal {
        Goal::Lossless if has_depth_beside_colour(planes) => Candidates::First(vec![PLANES, LOSSLESS]),
        Goal::Lossless => Candidates::First(vec![LOSSLESS, WAVELET]),
        _ if wants_groups(planes) => Candidates::First(vec![PLANES, LOSSLESS]),
        // Opacity is kept exactly: a leak of a clear or opaque area is seen at once.
        Goal::Quality(_) | Goal::Psnr(_) | Goal::Ssimulacra2(_)
            if has_alpha(planes) && has_few_colours(planes) =>
        {
            Candidates::Smallest(vec![PLANES, LOSSLESS])
        }
        // A small size may leave no other way.
        Goal::SizeBytes(_) | Goal::Bpp(_) if has_alpha(planes) => {
            Candidates::First(vec![PLANES, WAVELET, LOSSLESS])
        }
        _ if has_alpha(planes) => Candidates::First(vec![PLANES, LOSSLESS]),
        // 16-bit samples: 12 bits of them survive `photo`.
        _ if bit_depth_max(planes) > PHOTO_BITS_MAX => Candidates::First(vec![WAVELET, LOSSLESS]),
        _ if is_narrow(&planes.shape) => Candidates::First(vec![WAVELET, LOSSLESS]),
        _ if has_few_colours(planes) => Candidates::Smallest(vec![PHOTO, WAVELET, LOSSLESS]),
        // Goals that `photo` cannot reach fall to `wavelet`, whose stream can be cut to any
        // size, and then to exact coding.
        _ => Candidates::First(vec![PHOTO, WAVELET, LOSSLESS]),
    }
}

/// The codec that is tried first for a photograph.
///
/// ```
/// use tintype::{Goal, codec, codec_for_photos};
///
/// assert_eq!(codec_for_photos(Goal::Lossless), codec::LOSSLESS);
/// ```
pub fn codec_for_photos(goal: Goal) -> CodecId {
    if goal == Goal::Lossless { LOSSLESS } else { PHOTO }
}

/// Whether a picture is so narrow that block codecs spend their work on what lies beyond its edges: of
/// 1 × 65 535 pixels `photo` took 19 times the time of 256 × 256, of 8 × 8191 twice; `wavelet` took 0.7 times
/// what `photo` took for the square one. Small pictures cost little in any shape.
fn is_narrow(shape: &Shape) -> bool {
    shape.width_px.min(shape.height_px) < 8 && shape.width_px * shape.height_px >= 4096
}

/// Whether `tune` changes what this codec makes; the others aim at least squared error.
///
/// ```
/// use tintype::{codec, heeds_tune};
///
/// assert!(heeds_tune(codec::PHOTO) && !heeds_tune(codec::WAVELET));
/// ```
pub fn heeds_tune(id: CodecId) -> bool {
    matches!(id, PHOTO | JPEG | PLANES)
}

/// Whether this codec changes opacity where it changes colours.
pub(crate) fn loses_opacity(id: CodecId) -> bool {
    matches!(id, PHOTO | WAVELET | CLUSTER | SPARSE)
}

/// Whether this codec takes pictures of `shape`. Those that make luma and colour differences of RGB need
/// its planes at one size.
pub(crate) fn takes(id: CodecId, shape: &Shape) -> bool {
    let reduced = shape.planes.iter().take(3).any(|p| p.subsample_x_log2 + p.subsample_y_log2 > 0);
    let mixes = matches!(id, PHOTO | CLUSTER | SPARSE | PLANES | NEURAL);
    !(mixes && reduced && shape.colour == ColourModel::Rgb)
}

/// Whether there are depth planes and others.
fn has_depth_beside_colour(planes: &Planes) -> bool {
    let depths = planes.shape.planes.iter().filter(|p| p.role == PlaneRole::Depth).count();
    depths > 0 && depths < planes.shape.planes.len()
}

/// Whether there is opacity beside colours.
pub(crate) fn has_alpha(planes: &Planes) -> bool {
    let shape = &planes.shape;
    shape.colour_planes() > 0 && shape.planes.iter().any(|p| p.role == PlaneRole::Alpha)
}

/// Whether lossy coding of `planes` wants them in groups: depth beside colour, or bands.
fn wants_groups(planes: &Planes) -> bool {
    let shape = &planes.shape;
    let depth = shape.planes.iter().any(|p| p.role == PlaneRole::Depth);
    shape.planes.len() > 1 && (depth || shape.colour == ColourModel::Bands)
}

fn bit_depth_max(planes: &Planes) -> u8 {
    planes.shape.planes.iter().map(|plane| plane.bit_depth).max().unwrap_or(0)
}

/// Whether the picture's colour planes have no more than [`FEW_COLOURS`] different colours.
/// Looks at every pixel of a flat picture, and stops early in a photo.
fn has_few_colours(planes: &Planes) -> bool {
    let count = planes.shape.colour_planes().max(1);
    let full = (0..count).all(|i| planes.shape.plane_size(i) == planes.shape.plane_size(0));
    if !full || count > 3 {
        return false;
    }
    let mut seen = HashSet::new();
    let mut last = None;
    for y in 0..planes.shape.height_px {
        let rows: Vec<&[u16]> = planes.planes[..count].iter().map(|plane| plane.row(y)).collect();
        for x in 0..planes.shape.width_px {
            let colour = rows.iter().fold(0u64, |colour, row| colour << 16 | u64::from(row[x]));
            if last != Some(colour) {
                seen.insert(colour);
                last = Some(colour);
            }
        }
        if seen.len() > FEW_COLOURS {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use tintype_image::Shape;

    #[test]
    fn flat_art_is_told_from_photos() {
        let mut flat = Planes::new(Shape::rgb(200, 200, 8));
        let mut photo = flat.clone();
        for y in 0..200 {
            for x in 0..200 {
                flat.planes[1].row_mut(y)[x] = (x / 20) as u16;
                photo.planes[0].row_mut(y)[x] = x as u16;
                photo.planes[2].row_mut(y)[x] = y as u16;
            }
        }
        assert!(has_few_colours(&flat));
        assert!(!has_few_colours(&photo));
        let of = |planes: &Planes, goal| candidates(planes, goal);
        assert!(matches!(of(&photo, Goal::Quality(50.0)), Candidates::First(ids) if ids[0] == PHOTO));
        assert!(matches!(of(&photo, Goal::Lossless), Candidates::First(ids) if ids[0] == LOSSLESS));
        assert!(matches!(of(&flat, Goal::Quality(50.0)), Candidates::Smallest(ids) if ids.len() == 3));
    }
}

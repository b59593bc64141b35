//! Which codec fits a picture and a goal, when the user leaves the choice to us.

use crate::Goal;
use crate::depth::{has_depth_beside_colour, wants_groups};
use std::collections::HashSet;
use tintype_codec::CodecId;
use tintype_image::Planes;

/// A picture with at most this many colours is flat art or a screen rather than a photo.
const FEW_COLOURS: usize = 4096;

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
        Goal::Lossless if has_depth_beside_colour(planes) => {
            Candidates::First(vec![CodecId::Planes, CodecId::Lossless])
        }
        Goal::Lossless => Candidates::First(vec![CodecId::Lossless, CodecId::Wavelet]),
        _ if wants_groups(planes) => Candidates::First(vec![CodecId::Planes, CodecId::Lossless]),
        _ if has_few_colours(planes) => Candidates::Smallest(vec![CodecId::Wavelet, CodecId::Lossless]),
        // Exact coding is the last resort for planes that a lossy codec does not take.
        _ => Candidates::First(vec![CodecId::Wavelet, CodecId::Lossless]),
    }
}

/// Whether the picture's colour planes have no more than [`FEW_COLOURS`] different colours. Looks at every pixel of a
/// flat picture, and stops early in a photo.
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
        assert!(matches!(of(&photo, Goal::Quality(50.0)), Candidates::First(ids) if ids[0] == CodecId::Wavelet));
        assert!(matches!(of(&photo, Goal::Lossless), Candidates::First(ids) if ids[0] == CodecId::Lossless));
        assert!(matches!(of(&flat, Goal::Quality(50.0)), Candidates::Smallest(ids) if ids.len() == 2));
    }
}

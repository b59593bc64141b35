//! Which codec fits a picture and a goal, when the user leaves the choice to us.

use crate::Goal;
use std::collections::HashSet;
use tintype_codec::CodecId;
use tintype_image::Planes;

/// A picture with at most this many colours is flat art or a screen rather than a photo.
const FEW_COLOURS: usize = 4096;

/// The codecs worth trying, best first; the smallest file of those that reach the goal wins.
pub(crate) fn candidates(planes: &Planes, goal: Goal) -> Vec<CodecId> {
    match goal {
        Goal::Lossless => vec![CodecId::Lossless, CodecId::Wavelet],
        _ if has_few_colours(planes) => vec![CodecId::Wavelet, CodecId::Lossless],
        _ => vec![CodecId::Wavelet],
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
        assert_eq!(candidates(&photo, Goal::Quality(50.0)), [CodecId::Wavelet]);
        assert_eq!(candidates(&photo, Goal::Lossless)[0], CodecId::Lossless);
        assert_eq!(candidates(&flat, Goal::Quality(50.0)).len(), 2);
    }
}

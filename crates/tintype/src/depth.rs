//! Colour and depth as one picture, and apart again.

use crate::error::Error;
use tintype_image::{Metadata, Picture, PlaneInfo, PlaneRole, Planes, Shape};

/// `colour` with the one plane of `depth` beside it; a sample of 0 there means no reading. The
/// metadata is that of `colour`.
///
/// # Errors
/// `Misuse` if the sizes differ, `depth` has more planes than one, or `colour` has a depth plane
/// already.
///
/// ```
/// use tintype::{Picture, split_depth, with_depth};
///
/// let colour = Picture::from_rgb8(2, 1, &[1, 2, 3, 4, 5, 6])?;
/// let depth = Picture::from_gray16(2, 1, &[2400, 0])?;
/// let both = with_depth(colour.clone(), &depth)?;
/// assert_eq!(split_depth(&both), Some((colour, depth)));
/// # Ok::<(), tintype::Error>(())
/// ```
pub fn with_depth(mut colour: Picture, depth: &Picture) -> Result<Picture, Error> {
    let misuse = |what: String| Err(Error::Misuse { what });
    let [plane] = depth.planes.planes.as_slice() else {
        return misuse(format!(
            "a depth picture of {} planes; one is needed",
            depth.planes.planes.len()
        ));
    };
    let (own, other) = (&colour.planes.shape, &depth.planes.shape);
    if (own.width_px, own.height_px) != (other.width_px, other.height_px) {
        return misuse(format!(
            "depth of {} × {} pixels beside colour of {} × {}",
            other.width_px, other.height_px, own.width_px, own.height_px
        ));
    }
    if own.planes.iter().any(|p| p.role == PlaneRole::Depth) {
        return misuse("the picture has a depth plane already".into());
    }
    colour.planes.shape.planes.push(PlaneInfo::new(PlaneRole::Depth, other.planes[0].bit_depth));
    colour.planes.planes.push(plane.clone());
    Ok(colour)
}

/// The picture without its depth planes, and the first of them as a gray picture, if there are
/// both.
///
/// ```
/// let gray = tintype::Picture::from_gray8(1, 1, &[7])?;
/// assert_eq!(tintype::split_depth(&gray), None);
/// # Ok::<(), tintype::Error>(())
/// ```
pub fn split_depth(picture: &Picture) -> Option<(Picture, Picture)> {
    let shape = &picture.planes.shape;
    let is_depth = |i: &usize| shape.planes[*i].role == PlaneRole::Depth;
    let (depths, rest): (Vec<usize>, Vec<usize>) = (0..shape.planes.len()).partition(is_depth);
    let first = *depths.first().filter(|_| !rest.is_empty())?;
    let planes = rest.iter().map(|&i| shape.planes[i].clone()).collect();
    let colour = Planes {
        shape: Shape { planes, ..shape.clone() },
        planes: rest.iter().map(|&i| picture.planes.planes[i].clone()).collect(),
    };
    let gray = Shape::gray(shape.width_px, shape.height_px, shape.planes[first].bit_depth);
    let depth = Planes { shape: gray, planes: vec![picture.planes.planes[first].clone()] };
    Some((
        Picture { planes: colour, metadata: picture.metadata.clone() },
        Picture { planes: depth, metadata: Metadata::default() },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decoder, Encoder, Goal};
    use std::io::Cursor;

    fn pair() -> (Picture, Picture) {
        let picture = |shape: Shape, step: usize| {
            let mut planes = Planes::new(shape);
            for plane in &mut planes.planes {
                for y in 0..plane.height() {
                    plane
                        .row_mut(y)
                        .iter_mut()
                        .enumerate()
                        .for_each(|(x, v)| *v = ((x / 5 + y / 4) * step % 251) as u16);
                }
            }
            Picture { planes, metadata: Metadata::default() }
        };
        (picture(Shape::rgb(48, 40, 8), 3), picture(Shape::gray(48, 40, 16), 17))
    }

    #[test]
    fn a_pair_comes_back_from_one_file() {
        let (colour, depth) = pair();
        let both = with_depth(colour.clone(), &depth).unwrap();
        for goal in [Goal::Lossless, Goal::Quality(50.0)] {
            let file = Encoder::new().goal(goal).encode(&both).unwrap();
            let back = Decoder::new(Cursor::new(&file)).unwrap().decode().unwrap().picture;
            let (own_colour, own_depth) = split_depth(&back).unwrap();
            assert_eq!(own_depth, depth, "{goal:?}");
            assert_eq!(own_colour == colour, goal == Goal::Lossless);
        }
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        let (colour, depth) = pair();
        let both = with_depth(colour.clone(), &depth).unwrap();
        assert!(with_depth(both, &depth).is_err());
        assert!(with_depth(colour.clone(), &colour).is_err());
        let small =
            Picture { planes: Planes::new(Shape::gray(47, 40, 16)), metadata: Metadata::default() };
        assert!(with_depth(colour.clone(), &small).is_err());
        assert_eq!(split_depth(&colour), None);
    }
}

//! The orientation tag of EXIF: reading, writing, and applying it to the samples.
//!
//! In: an EXIF block (a TIFF structure) with tag 274 in its first directory, values 1 to 8;
//! out: the value, or a picture rotated so that its value is 1. Only that tag is ever changed;
//! the rest of the block stays byte for byte.
//!
//! Source: CIPA DC-008 (Exif 2.32), 4.6.4 A, tag Orientation.

use crate::{Picture, Plane, PlaneInfo};

const TAG: u16 = 274;

/// Byte order and position of the orientation value.
fn locate(exif: &[u8]) -> Option<(bool, usize)> {
    let little = match exif.get(..4)? {
        [b'I', b'I', 42, 0] => true,
        [b'M', b'M', 0, 42] => false,
        _ => return None,
    };
    let number = |at: usize, len: usize| -> Option<usize> {
        let field = exif.get(at..at.checked_add(len)?)?;
        let fold = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        Some(if little { field.iter().rev().fold(0, fold) } else { field.iter().fold(0, fold) })
    };
    let start = number(4, 4)?;
    (0..number(start, 2)?).map(|i| start + 2 + 12 * i).find_map(|entry| {
        let matches = number(entry, 2)? == usize::from(TAG)
            && number(entry + 2, 2)? == 3
            && number(entry + 4, 4)? == 1;
        (matches && exif.len() >= entry + 10).then_some((little, entry + 8))
    })
}

/// The orientation in an EXIF block, 1 to 8; `None` if there is none.
pub fn orientation_of(exif: &[u8]) -> Option<u16> {
    let (little, at) = locate(exif)?;
    let field = [exif[at], exif[at + 1]];
    let value = if little { u16::from_le_bytes(field) } else { u16::from_be_bytes(field) };
    (1..=8).contains(&value).then_some(value)
}

/// The smallest EXIF block with this orientation.
///
/// ```
/// use tintype_image::io::{exif_with_orientation, orientation_of};
///
/// assert_eq!(orientation_of(&exif_with_orientation(6)), Some(6));
/// ```
pub fn exif_with_orientation(orientation: u16) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0\x01\0".to_vec();
    out.extend(TAG.to_le_bytes());
    out.extend([3, 0, 1, 0, 0, 0]);
    out.extend(orientation.to_le_bytes());
    out.extend([0; 6]);
    out
}

/// Rotates and mirrors `picture` as its EXIF block states, and sets the block's orientation to 1.
pub fn apply_orientation(picture: Picture) -> Picture {
    let mut picture = picture;
    let Some(exif) = &mut picture.metadata.exif else { return picture };
    let (Some((little, at)), Some(orientation)) = (locate(exif), orientation_of(exif)) else {
        return picture;
    };
    exif[at..at + 2].copy_from_slice(&if little { [1, 0] } else { [0, 1] });
    if orientation == 1 {
        return picture;
    }
    let planes = &mut picture.planes;
    for plane in &mut planes.planes {
        *plane = turned(plane, orientation);
    }
    if orientation >= 5 {
        std::mem::swap(&mut planes.shape.width_px, &mut planes.shape.height_px);
        let swap = |p: &mut PlaneInfo| std::mem::swap(&mut p.subsample_x_log2, &mut p.subsample_y_log2);
        planes.shape.planes.iter_mut().for_each(swap);
    }
    picture
}

fn turned(source: &Plane<u16>, orientation: u16) -> Plane<u16> {
    let (width, height) = (source.width(), source.height());
    let (out_width, out_height) = if orientation >= 5 { (height, width) } else { (width, height) };
    let mut out = Plane::new(out_width, out_height);
    for y in 0..out_height {
        for (x, sample) in out.row_mut(y).iter_mut().enumerate() {
            let (from_x, from_y) = match orientation {
                2 => (width - 1 - x, y),
                3 => (width - 1 - x, height - 1 - y),
                4 => (x, height - 1 - y),
                5 => (y, x),
                6 => (y, height - 1 - x),
                7 => (width - 1 - y, height - 1 - x),
                _ => (width - 1 - y, x),
            };
            *sample = source.row(from_y)[from_x];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Metadata, Planes, Shape};

    #[test]
    fn each_orientation_by_hand() {
        // The stored picture is 1 2 / 3 4 / 5 6; each row is what a viewer must show.
        let shown: [(usize, [u16; 6]); 8] = [
            (2, [1, 2, 3, 4, 5, 6]),
            (2, [2, 1, 4, 3, 6, 5]),
            (2, [6, 5, 4, 3, 2, 1]),
            (2, [5, 6, 3, 4, 1, 2]),
            (3, [1, 3, 5, 2, 4, 6]),
            (3, [5, 3, 1, 6, 4, 2]),
            (3, [6, 4, 2, 5, 3, 1]),
            (3, [2, 4, 6, 1, 3, 5]),
        ];
        for (orientation, (width, samples)) in (1..).zip(shown) {
            let mut planes = Planes::new(Shape::gray(2, 3, 8));
            planes.planes[0].as_mut_slice().unwrap().copy_from_slice(&[1, 2, 3, 4, 5, 6]);
            let exif = Some(exif_with_orientation(orientation));
            assert_eq!(orientation_of(exif.as_deref().unwrap()), Some(orientation));
            let picture = apply_orientation(Picture {
                planes,
                metadata: Metadata { exif, ..Metadata::default() },
            });
            assert_eq!(
                picture.planes.planes[0].as_slice().unwrap(),
                samples,
                "orientation {orientation}"
            );
            assert_eq!(picture.planes.shape.width_px, width);
            assert_eq!(orientation_of(&picture.metadata.exif.unwrap()), Some(1));
        }
    }

    #[test]
    fn broken_blocks_tell_nothing() {
        let whole = exif_with_orientation(6);
        assert!((0..20).all(|len| orientation_of(&whole[..len]).is_none()));
        assert_eq!(orientation_of(b"MM\0*\xff\xff\xff\xff"), None);
        assert_eq!(orientation_of(&exif_with_orientation(9)), None);
        assert_eq!(
            orientation_of(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0"),
            Some(8)
        );
    }
}

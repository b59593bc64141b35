//! Application segments of a JPEG file: JFIF, Adobe, ICC in several segments, EXIF, XMP; read and
//! written.
//!
//! Bit-exact: no. Source: ITU-T T.871 (JFIF), ICC.1 annex B.4, EXIF 2.32, XMP part 3.

use super::structure::Structure;
use tintype_image::{Limits, Metadata};

const ICC: &[u8] = b"ICC_PROFILE\0";
const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// Longest body of a segment.
const BODY_MAX: usize = 65_533;

/// The segments that say how components are to be read as colour.
#[derive(Clone, Copy, Debug, Default)]
pub struct ColourSegments {
    /// Whether there is a JFIF segment.
    pub jfif: bool,
    /// The transform of the Adobe segment, if there is one; 0: none, 1: YCbCr, 2: YCCK.
    pub adobe_transform: Option<u8>,
}

/// Finds the segments that say how components are to be read.
pub fn colour_segments(bytes: &[u8], structure: &Structure) -> ColourSegments {
    let mut found = ColourSegments::default();
    for (marker, range) in &structure.app_segments {
        let body = &bytes[range.clone()];
        match marker {
            0xe0 => found.jfif |= body.starts_with(b"JFIF\0") && body.len() >= 14,
            0xee if body.starts_with(b"Adobe") && body.len() >= 12 => {
                found.adobe_transform = Some(body[11]);
            }
            _ => {}
        }
    }
    found
}

/// Reads ICC, EXIF and XMP; the second value says in words what was dropped.
pub fn read(bytes: &[u8], structure: &Structure, limits: &Limits) -> (Metadata, Vec<String>) {
    let (mut metadata, mut warnings) = (Metadata::default(), Vec::new());
    let mut pieces: Vec<(u8, u8, &[u8])> = Vec::new();
    for (marker, range) in &structure.app_segments {
        let body = &bytes[range.clone()];
        match marker {
            0xe1 if body.starts_with(EXIF) && metadata.exif.is_none() => {
                let exif = &body[EXIF.len()..];
                if exif.starts_with(b"II") || exif.starts_with(b"MM") {
                    metadata.exif = Some(exif.to_vec());
                } else {
                    warnings.push("EXIF without a TIFF header was dropped".into());
                }
            }
            0xe1 if body.starts_with(XMP) => metadata.xmp = Some(body[XMP.len()..].to_vec()),
            0xe2 if body.starts_with(ICC) && body.len() >= ICC.len() + 2 => {
                pieces.push((body[ICC.len()], body[ICC.len() + 1], &body[ICC.len() + 2..]));
            }
            _ => {}
        }
    }
    metadata.icc = join_icc(pieces, limits, &mut warnings);
    (metadata, warnings)
}

/// The ICC profile in `pieces` (number, count, bytes), if they are complete.
fn join_icc(
    mut pieces: Vec<(u8, u8, &[u8])>,
    limits: &Limits,
    warnings: &mut Vec<String>,
) -> Option<Vec<u8>> {
    if pieces.is_empty() {
        return None;
    }
    pieces.sort_by_key(|p| p.0);
    let count = pieces[0].1;
    let sound = pieces.len() == usize::from(count)
        && pieces.iter().zip(1..=count).all(|(p, n)| p.0 == n && p.1 == count);
    let total: usize = pieces.iter().map(|p| p.2.len()).sum();
    if !sound || total as u64 > limits.metadata_bytes_max {
        let found = pieces.len();
        warnings.push(format!("the ICC profile was dropped: its {found} pieces do not fit together"));
        return None;
    }
    Some(pieces.iter().flat_map(|p| p.2.iter().copied()).collect())
}

/// Segments that carry `metadata`, to stand behind the JFIF or Adobe segment.
///
/// EXIF and XMP that are longer than a segment are left out; their names are returned.
pub fn segments(metadata: &Metadata) -> (Vec<u8>, Vec<&'static str>) {
    let (mut out, mut left_out) = (Vec::new(), Vec::new());
    let mut put = |marker: u8, parts: &[&[u8]]| {
        let length = 2 + parts.iter().map(|p| p.len()).sum::<usize>();
        out.extend([0xff, marker, (length >> 8) as u8, length as u8]);
        parts.iter().for_each(|p| out.extend_from_slice(p));
    };
    for (name, item, tag) in [("exif", &metadata.exif, EXIF), ("xmp", &metadata.xmp, XMP)] {
        match item {
            Some(item) if item.len() + tag.len() <= BODY_MAX => put(0xe1, &[tag, item]),
            Some(_) => left_out.push(name),
            None => {}
        }
    }
    if let Some(icc) = &metadata.icc {
        let each = BODY_MAX - ICC.len() - 2;
        let count = icc.len().div_ceil(each);
        if count > 255 {
            left_out.push("icc");
        } else {
            for (number, piece) in icc.chunks(each).enumerate() {
                put(0xe2, &[ICC, &[number as u8 + 1, count as u8], piece]);
            }
        }
    }
    (out, left_out)
}

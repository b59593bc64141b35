//! What application segments of a JPEG file say: JFIF, Adobe, ICC in many pieces, EXIF, XMP; and writing them.
//!
//! Bit-exact: no. Source: ITU-T T.871 (JFIF), ICC.1 annex B.4, EXIF 2.32, XMP part 3.

use super::structure::Structure;
use tintype_image::{Limits, Metadata};

const ICC: &[u8] = b"ICC_PROFILE\0";
const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// Longest body of a segment.
const BODY_MAX: usize = 65_533;

/// The Adobe segment's statement on colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adobe {
    /// 0: none, 1: YCbCr, 2: YCCK.
    pub transform: u8,
}

/// What the notes say.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// Whether there is a JFIF segment.
    pub jfif: bool,
    /// The Adobe segment.
    pub adobe: Option<Adobe>,
    /// ICC, EXIF, XMP.
    pub metadata: Metadata,
    /// What was odd.
    pub warnings: Vec<String>,
}

/// Reads all notes of a file.
pub fn read(bytes: &[u8], structure: &Structure, limits: &Limits) -> Notes {
    let mut notes = Notes::default();
    let mut pieces: Vec<(u8, u8, &[u8])> = Vec::new();
    for (marker, range) in &structure.notes {
        let body = &bytes[range.clone()];
        match marker {
            0xe0 => notes.jfif |= body.starts_with(b"JFIF\0") && body.len() >= 14,
            0xe1 if body.starts_with(EXIF) && notes.metadata.exif.is_none() => {
                let exif = &body[EXIF.len()..];
                let sound = exif.starts_with(b"II") || exif.starts_with(b"MM");
                if sound {
                    notes.metadata.exif = Some(exif.to_vec())
                } else {
                    notes.warnings.push("EXIF without TIFF header dropped".into())
                }
            }
            0xe1 if body.starts_with(XMP) => notes.metadata.xmp = Some(body[XMP.len()..].to_vec()),
            0xe2 if body.starts_with(ICC) && body.len() >= ICC.len() + 2 => {
                pieces.push((body[ICC.len()], body[ICC.len() + 1], &body[ICC.len() + 2..]));
            }
            0xee if body.starts_with(b"Adobe") && body.len() >= 12 => {
                notes.adobe = Some(Adobe { transform: body[11] })
            }
            _ => {}
        }
    }
    notes.metadata.icc = join_icc(pieces, limits, &mut notes.warnings);
    notes
}

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
        warnings
            .push(format!("ICC profile of {} pieces does not fit together; dropped", pieces.len()));
        return None;
    }
    Some(pieces.iter().flat_map(|p| p.2.iter().copied()).collect())
}

/// Segments that carry `metadata`, to stand behind the JFIF or Adobe segment.
///
/// EXIF and XMP longer than a segment are left out: JPEG has no place for them; their names are returned.
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

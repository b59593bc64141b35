//! Parts of a JPEG file that a picture made of it does not have: named, or, comments, kept as text.
//!
//! In: the bytes of a file; out: its comments, and a warning for each kind of part that only the
//! file has: further pictures and gain maps, Photoshop resources, what follows the picture.
//!
//! Source: ITU-T T.81, B.1; CIPA DC-007 (multi-picture format); XMP part 3, 1.1.3.1.

use crate::warning::Warning;

/// What [`parts_of`] finds.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Parts {
    /// Comments, without the mark of the segment.
    pub(crate) comments: Vec<Vec<u8>>,
    /// What a picture of the file lacks.
    pub(crate) left_out: Vec<Warning>,
}

/// Bytes of padding that some writers put behind the picture.
const PADDING_MAX: usize = 16;

/// The parts of `file` beside its picture, ICC profile, EXIF and XMP.
pub(crate) fn parts_of(file: &[u8]) -> Parts {
    let (mut parts, mut names) = (Parts::default(), Vec::<String>::new());
    let mut at = 2;
    while let Some((marker, body)) = segment(file, &mut at) {
        match marker {
            0xd9 => {
                let tail = file.get(at..).unwrap_or_default();
                if tail.len() > PADDING_MAX && tail.iter().any(|byte| !matches!(byte, 0 | 0xff)) {
                    names.push(format!("the {} bytes behind the picture", tail.len()));
                }
                break;
            }
            0xfe => parts.comments.push(body.to_vec()),
            0xe0 | 0xee => {}
            0xe1 if body.starts_with(b"Exif\0") => {}
            0xe1 if body.starts_with(b"http://ns.adobe.com/xap/1.0/\0") => {}
            0xe1 if body.starts_with(b"http://ns.adobe.com/xmp/extension/") => {
                names.push("extended XMP".into());
            }
            0xe2 if body.starts_with(b"ICC_PROFILE\0") => {}
            0xe2 if body.starts_with(b"MPF\0") => names.push("a list of further pictures".into()),
            0xeb if body.starts_with(b"JP") => names.push("JUMBF (content credentials)".into()),
            0xed => names.push("Photoshop resources".into()),
            0xe1..=0xef => names.push(format!("segment APP{}", marker - 0xe0)),
            _ => {}
        }
    }
    names.dedup();
    let why = "only the file itself has a place for it; encode without -q keeps every byte";
    let warning = |name| Warning::MetadataLeftOut { name, why: why.into() };
    parts.left_out = names.into_iter().map(warning).collect();
    parts
}

/// The next segment: its marker, and its body unless it has none. Steps over coded samples.
fn segment<'a>(file: &'a [u8], at: &mut usize) -> Option<(u8, &'a [u8])> {
    loop {
        let rest = file.get(*at..)?;
        let found = rest.windows(2).position(|pair| {
            // Stuffed bytes, fill bytes and restart markers stand among samples.
            pair[0] == 0xff && !matches!(pair[1], 0 | 0xff | 0xd0..=0xd7)
        })?;
        let marker = rest[found + 1];
        *at += found + 2;
        if marker == 0xd9 {
            return Some((marker, &[]));
        }
        if matches!(marker, 0x01 | 0xd8) {
            continue;
        }
        let (length, _) = file.get(*at..)?.split_first_chunk::<2>()?;
        let len = usize::from(u16::from_be_bytes(*length));
        let body = file.get(*at + 2..*at + len.max(2))?;
        *at += len.max(2);
        return Some((marker, body));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_only_the_file_has_are_named() {
        let segment =
            |marker: u8, body: &[u8]| [&[0xff, marker, 0, (body.len() + 2) as u8][..], body].concat();
        let picture = [
            vec![0xff, 0xd8],
            segment(0xe0, b"JFIF\0"),
            segment(0xe2, b"ICC_PROFILE\0\x01\x01p"),
            segment(0xfe, b"a comment"),
            segment(0xda, b"\x01"),
            vec![7, 0xff, 0, 0xff, 0xd0, 7, 0xff, 0xd9],
        ]
        .concat();
        let plain = parts_of(&picture);
        assert_eq!((plain.comments, plain.left_out.len()), (vec![b"a comment".to_vec()], 0));

        let more = [
            &picture[..2],
            &segment(0xe2, b"MPF\0II"),
            &segment(0xed, b"Photoshop 3.0\0"),
            &segment(0xe5, b"?"),
            &picture[2..],
            &[9; 40],
        ];
        let named: Vec<String> =
            parts_of(&more.concat()).left_out.iter().map(Warning::to_string).collect();
        for (text, part) in named.iter().zip(["further pictures", "Photoshop", "APP5", "the 40 bytes"]) {
            assert!(text.contains(part), "{named:?}");
        }
        assert_eq!(named.len(), 4);
        (0..picture.len()).for_each(|len| drop(parts_of(&picture[..len])));
    }
}

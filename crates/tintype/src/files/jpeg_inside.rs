//! What lies inside a JPEG file beside its picture: thumbnails, gain maps, depth, further pictures,
//! video.
//!
//! In: the bytes of a file; out: a line for each part.
//!
//! Source: CIPA DC-007 (multi-picture format); Ultra HDR Image Format 1.1; ISO 21496-1; Google's
//! Motion Photo 1.0; XMP part 3.

use crate::registry::jpeg_files::{Decoder, embedded_files};
use std::ops::Range;

/// Marks of a gain map, in the file that is one.
const GAIN_MAP: [&[u8]; 4] = [b"hdrgm:", b"urn:iso:std:iso:ts:21496", b"hdrgainmap", b"HDRGainMap"];
/// Marks of depth or disparity, in the file that is one.
const DEPTH: [&[u8]; 3] = [b"aux:depth", b"aux:disparity", b"GDepth:"];
/// Parts that stand in XMP as text.
const IN_XMP: [(&[u8], &str); 2] =
    [(b"GDepth:Data", "depth map in XMP"), (b"GImage:Data", "picture in XMP")];
/// Beginnings of metadata are looked at, not megabytes of samples.
const LOOK_BYTES: usize = 1 << 17;

/// The parts inside a JPEG file beside its picture, each in a few words.
///
/// ```
/// use tintype::{Encoder, Picture, files};
///
/// let jpeg = Encoder::new().encode_jpeg(&Picture::from_gray8(8, 8, &[80; 64])?)?.bytes;
/// assert!(files::jpeg_inside(&jpeg).is_empty());
/// let two = [&jpeg[..], &jpeg].concat();
/// assert_eq!(files::jpeg_inside(&two), [format!("picture, 8 × 8, {} bytes of JPEG", jpeg.len())]);
/// # Ok::<(), tintype::Error>(())
/// ```
pub fn jpeg_inside(file: &[u8]) -> Vec<String> {
    let inside = embedded_files(file);
    let end = picture_end(file, &inside);
    let listed = semantics(&file[..end.min(LOOK_BYTES)]);
    let mut parts = Vec::new();
    let mut behind = 0;
    for place in &inside {
        let own = &file[place.clone()];
        let name = if place.start < end {
            "thumbnail"
        } else {
            behind += 1;
            kind_of(own).or(listed.get(behind - 1).copied()).unwrap_or("picture")
        };
        let size = Decoder::new(own).map_or(String::new(), |decoder| {
            format!(", {} × {}", decoder.info().width, decoder.info().height)
        });
        parts.push(format!("{name}{size}, {} bytes of JPEG", place.len()));
    }
    let head = &file[..end.min(LOOK_BYTES)];
    parts.extend(IN_XMP.iter().filter(|(mark, _)| contains(head, mark)).map(|(_, name)| (*name).into()));
    let last = inside.last().map_or(end, |place| place.end.max(end));
    parts.extend(video_in(file, last));
    parts
}

/// Where the file's own picture ends: at the end-of-image marker that is in no file inside.
fn picture_end(file: &[u8], inside: &[Range<usize>]) -> usize {
    let mut at = 2;
    while let Some(found) =
        file.get(at..).and_then(|rest| rest.windows(2).position(|w| w == [0xff, 0xd9]))
    {
        let place = at + found;
        match inside.iter().find(|range| range.contains(&place)) {
            Some(range) => at = range.end,
            None => return place + 2,
        }
    }
    file.len()
}

/// What a file behind the picture says that it is.
fn kind_of(own: &[u8]) -> Option<&'static str> {
    let head = &own[..own.len().min(LOOK_BYTES)];
    let any = |marks: &[&[u8]]| marks.iter().any(|mark| contains(head, mark));
    match () {
        () if any(&DEPTH) => Some("depth map"),
        () if any(&GAIN_MAP) => Some("gain map"),
        () => None,
    }
}

/// What the directory in the XMP of the first picture says of the files behind it, in order.
fn semantics(head: &[u8]) -> Vec<&'static str> {
    let text = String::from_utf8_lossy(head);
    let items = text.split("Item:Semantic").skip(1);
    let names = items.filter_map(|item| {
        let value = item.trim_start_matches(['=', '>', '"', '\'']);
        let known = [
            ("GainMap", "gain map"),
            ("Depth", "depth map"),
            ("Original", "original picture"),
            ("Confidence", "confidence map"),
        ];
        known.iter().find(|(start, _)| value.starts_with(start)).map(|(_, name)| *name)
    });
    names.collect()
}

/// A video behind the pictures, which end at `from`.
fn video_in(file: &[u8], from: usize) -> Option<String> {
    let tail = file.get(from..)?;
    let mark = tail.windows(4).take(LOOK_BYTES).position(|window| window == b"ftyp")?;
    let bytes = tail.len() - mark.checked_sub(4)?;
    Some(format!("video (MP4), {bytes} bytes"))
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

#[cfg(test)]
mod tests {
    use super::jpeg_inside;
    use crate::{Encoder, Picture};

    fn jpeg(width: usize, xmp: &str) -> Vec<u8> {
        let mut picture = Picture::from_gray8(width, 8, &vec![90; width * 8]).unwrap();
        picture.metadata.xmp = Some(xmp.as_bytes().to_vec());
        Encoder::new().encode_jpeg(&picture).unwrap().bytes
    }

    #[test]
    fn parts_behind_the_picture_are_named() {
        let list =
            "<Container:Item Item:Semantic=\"Primary\"/><Container:Item Item:Semantic=\"Depth\"/>";
        let first = jpeg(32, list);
        let thumbnail = jpeg(8, "small");
        let len = ((thumbnail.len() + 8) as u16).to_be_bytes();
        let exif = [&[0xff, 0xe1], &len[..], b"Exif\0\0", &thumbnail].concat();
        let video = b"\0\0\0\x18ftypmp42 and so on";
        let file = [&first[..2], &exif, &first[2..], &jpeg(16, "x"), &jpeg(24, "hdrgm:Version"), video];
        let named = jpeg_inside(&file.concat());
        let starts =
            ["thumbnail, 8 × 8", "depth map, 16 × 8", "gain map, 24 × 8", "video (MP4), 22 bytes"];
        assert_eq!(named.len(), starts.len(), "{named:?}");
        for (text, start) in named.iter().zip(starts) {
            assert!(text.starts_with(start), "{named:?}");
        }
        let file = file.concat();
        (0..file.len()).step_by(7).for_each(|len| drop(jpeg_inside(&file[..len])));
    }
}

//! The ancillary chunks of a PNG file as metadata, and back.
//!
//! In: the bytes of a file; out: ICC profile, EXIF and XMP, wherever the file has them, and all
//! other chunks that say something of the picture as they stand, under `png:` and their name.
//! Left out, and named: chunks that are damaged, or that are unknown and, by the case of their
//! fourth letter, hold for these very samples only.
//!
//! Source: ISO/IEC 15948 (PNG), 5.4, 11.3; PNG third edition (cICP, mDCV, cLLI, eXIf); the raw
//! profiles of ImageMagick's `png.c`; XMP part 3.

use crate::io::reading::Reading;
use crate::io::resolution::phys_of;
use crate::{ImageError, Limits, Metadata};
use std::borrow::Cow;

/// Keyword of the text that holds XMP.
pub(super) const XMP_KEYWORD: &str = "XML:com.adobe.xmp";

/// Chunks that are read elsewhere, or that a decoder's picture does not need: sizes of Apple's
/// parallel decoder, histogram and suggestions for palettes.
const SPENT: [&[u8; 4]; 9] =
    [b"tRNS", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"fdAT", b"iDOT", b"hIST", b"sPLT"];

/// Chunks of a fixed length.
const LENGTHS: [(&[u8; 4], usize); 9] = [
    (b"gAMA", 4),
    (b"cHRM", 32),
    (b"sRGB", 1),
    (b"cICP", 4),
    (b"mDCV", 24),
    (b"cLLI", 8),
    (b"pHYs", 9),
    (b"tIME", 7),
    (b"oFFs", 9),
];

/// Known chunks that may be written with other samples although their fourth letter denies it.
const KNOWN: [&[u8; 4]; 11] =
    [b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"tIME", b"pCAL", b"sCAL"];

struct Chunk<'a> {
    name: [u8; 4],
    data: &'a [u8],
    sound: bool,
}

/// The whole chunks of a file.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (front, after) = rest.split_first_chunk::<8>()?;
        let len = u32::from_be_bytes([front[0], front[1], front[2], front[3]]) as usize;
        let name = [front[4], front[5], front[6], front[7]];
        let (data, after) = after.split_at_checked(len)?;
        let (crc, after) = after.split_first_chunk::<4>()?;
        let ancillary = name[0].is_ascii_lowercase();
        // Damage in samples is the decoder's to find.
        let sound = !ancillary || crc32(&rest[4..8 + len]) == u32::from_be_bytes(*crc);
        rest = after;
        Some(Chunk { name, data, sound })
    })
}

/// CRC-32 as PNG and zlib define it.
fn crc32(bytes: &[u8]) -> u32 {
    let table: [u32; 256] = std::array::from_fn(|byte| {
        (0..8).fold(byte as u32, |crc, _| crc >> 1 ^ (0xedb8_8320 * (crc & 1)))
    });
    !bytes.iter().fold(!0u32, |crc, byte| crc >> 8 ^ table[usize::from(crc as u8 ^ byte)])
}

/// The metadata of a file whose decoder found `icc` and `exif`.
pub(super) fn metadata(
    bytes: &[u8],
    (icc, exif): (Option<Vec<u8>>, Option<Vec<u8>>),
    limits: &Limits,
    reading: &mut Reading,
) -> Result<Metadata, ImageError> {
    let mut out = Metadata { icc, exif, ..Metadata::default() };
    let (mut kept, mut indexed) = (0, false);
    let mut palette: &[u8] = &[];
    for chunk in chunks(bytes) {
        let name = String::from_utf8_lossy(&chunk.name).into_owned();
        match &chunk.name {
            b"IHDR" => indexed = chunk.data.get(9) == Some(&3),
            b"PLTE" => palette = chunk.data,
            b"iCCP" if out.icc.is_none() => {
                reading.left_out("the ICC profile", "it is damaged");
            }
            _ if !chunk.name[0].is_ascii_lowercase() || SPENT.contains(&&chunk.name) => {}
            _ if !chunk.sound => reading.left_out(format!("chunk {name}"), "its checksum is wrong"),
            of if LENGTHS.iter().any(|(known, len)| *known == of && chunk.data.len() != *len) => {
                reading.left_out(format!("chunk {name}"), "it has a wrong length");
            }
            of if of[3].is_ascii_uppercase() && !KNOWN.contains(&of) => {
                reading.left_out(format!("chunk {name}"), "it is unknown and bound to these samples");
            }
            b"tEXt" | b"zTXt" | b"iTXt" if text(&chunk, &mut out, limits, reading)? => {}
            b"bKGD" if indexed => {
                let at = chunk.data.first().map_or(usize::MAX, |index| usize::from(*index) * 3);
                if let Some(&[r, g, b]) = palette.get(at..).and_then(|rest| rest.first_chunk()) {
                    out.set("png:bKGD", vec![0, r, 0, g, 0, b]);
                }
            }
            _ => {
                kept += chunk.data.len() as u64;
                if kept > limits.metadata_bytes_max {
                    let max = limits.metadata_bytes_max;
                    return Err(ImageError::Limit { what: "bytes of PNG metadata", max });
                }
                out.other.push((format!("png:{name}"), chunk.data.to_vec()));
            }
        }
    }
    Ok(out)
}

/// Takes XMP and raw profiles from a text chunk; whether it was one of these.
fn text(
    chunk: &Chunk<'_>,
    out: &mut Metadata,
    limits: &Limits,
    reading: &mut Reading,
) -> Result<bool, ImageError> {
    let keyword_len = chunk.data.iter().position(|byte| *byte == 0).unwrap_or(chunk.data.len());
    let keyword = String::from_utf8_lossy(&chunk.data[..keyword_len]).into_owned();
    let profile = keyword.strip_prefix("Raw profile type ");
    if keyword != XMP_KEYWORD && profile.is_none() {
        return Ok(false);
    }
    let rest = chunk.data.get(keyword_len + 1..).unwrap_or_default();
    let unpacked = match &chunk.name {
        b"tEXt" => Some(rest.to_vec()),
        b"zTXt" => inflated(rest.get(1..).unwrap_or_default(), limits),
        _ => international_text(rest, limits),
    };
    let Some(unpacked) = unpacked else {
        reading.left_out(format!("text \"{keyword}\""), "it is damaged or too long");
        return Ok(true);
    };
    let Some(profile) = profile else {
        out.xmp.get_or_insert(unpacked);
        return Ok(true);
    };
    let bytes = raw_profile(&unpacked);
    match (profile, bytes) {
        (_, None) => reading.left_out(format!("text \"{keyword}\""), "it is damaged"),
        ("exif" | "APP1", Some(bytes)) => match bytes.strip_prefix(b"Exif\0\0") {
            Some(exif) => drop(out.exif.get_or_insert(exif.to_vec())),
            None if bytes.starts_with(b"II") || bytes.starts_with(b"MM") => {
                out.exif.get_or_insert(bytes);
            }
            None => match bytes.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
                Some(xmp) => drop(out.xmp.get_or_insert(xmp.to_vec())),
                None => return Ok(false),
            },
        },
        ("xmp", Some(bytes)) => drop(out.xmp.get_or_insert(bytes)),
        ("icc" | "icm", Some(bytes)) => drop(out.icc.get_or_insert(bytes)),
        // IPTC and others stay the text that they are.
        _ => return Ok(false),
    }
    Ok(true)
}

/// The text of an `iTXt` chunk behind its keyword: packing, language, translated keyword, text.
fn international_text(rest: &[u8], limits: &Limits) -> Option<Vec<u8>> {
    let (&[packed, _], after) = rest.split_first_chunk::<2>()?;
    let mut fields = after.splitn(3, |byte| *byte == 0);
    let text = fields.nth(2)?;
    if packed == 1 { inflated(text, limits) } else { Some(text.to_vec()) }
}

fn inflated(packed: &[u8], limits: &Limits) -> Option<Vec<u8>> {
    let max = usize::try_from(limits.metadata_bytes_max).unwrap_or(usize::MAX);
    miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(packed, max).ok()
}

/// A profile in hexadecimal: a line break, a name, the length, and the digits in lines.
fn raw_profile(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut lines = text.trim_start().splitn(3, '\n');
    let (_, len, digits) = (lines.next()?, lines.next()?, lines.next()?);
    let len: usize = len.trim().parse().ok()?;
    let mut values = digits.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let mut out = Vec::new();
    while let (Some(high), Some(low)) = (values.next(), values.next()) {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        out.push((digit(high)? << 4 | digit(low)?) as u8);
    }
    (out.len() == len).then_some(out)
}

/// The chunks to write before the samples, each with its name. `samples` is the number of samples
/// of a stored pixel.
pub(super) fn chunks_to_write(metadata: &Metadata, samples: usize) -> Vec<([u8; 4], Cow<'_, [u8]>)> {
    let mut out = Vec::new();
    if metadata.item("png:pHYs").is_none()
        && let Some(phys) = phys_of(metadata)
    {
        out.push((*b"pHYs", Cow::Owned(phys)));
    }
    for (name, bytes) in &metadata.other {
        let Some(name) = name.strip_prefix("png:").and_then(|name| name.as_bytes().first_chunk()) else {
            continue;
        };
        let fits = match name {
            b"sBIT" => bytes.len() == samples,
            b"bKGD" => bytes.len() == if samples < 3 { 2 } else { 6 },
            _ => LENGTHS.iter().all(|(known, len)| *known != name || bytes.len() == *len),
        };
        let sound = name[0].is_ascii_lowercase() && name.iter().all(u8::is_ascii_alphabetic);
        if fits && sound && !SPENT.contains(&name) {
            out.push((*name, Cow::Borrowed(&bytes[..])));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{PictureFormat, read_picture, read_picture_with_warnings, write_picture};
    use crate::{Picture, Shape};

    /// A PNG of one pixel with these chunks before its samples.
    fn file(extra: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let picture = Picture::from_rgb8(1, 1, &[1, 2, 3]).unwrap();
        let plain = write_picture(PictureFormat::Png, &picture).unwrap();
        let mut out = plain[..33].to_vec();
        for (name, data) in extra {
            out.extend((data.len() as u32).to_be_bytes());
            let body = [&name[..], data].concat();
            out.extend(&body);
            out.extend(crc32(&body).to_be_bytes());
        }
        out.extend(&plain[33..]);
        out
    }

    #[test]
    fn colour_resolution_and_text_come_back() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let (chrm, mdcv) = ([7; 32], [8; 24]);
        let extra: [(&[u8; 4], &[u8]); 12] = [
            (b"gAMA", &[0, 0, 0xb1, 0x8f]),
            (b"cHRM", &chrm),
            (b"sRGB", &[1]),
            (b"cICP", &[9, 16, 0, 1]),
            (b"mDCV", &mdcv),
            (b"cLLI", &[0, 0, 1, 2, 0, 0, 0, 9]),
            (b"pHYs", &[0, 0, 0x2e, 0x23, 0, 0, 0x2e, 0x23, 1]),
            (b"tEXt", b"Title\0one"),
            (b"tEXt", b"Author\0two"),
            (b"iTXt", b"Title\0\0\0de\0Titel\0drei"),
            (b"bKGD", &[0, 1, 0, 2, 0, 3]),
            (b"sBIT", &[5, 6, 5]),
        ];
        let (picture, warnings) = read_picture_with_warnings(&file(&extra), &Limits::default()).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        let expected: Vec<_> = extra
            .iter()
            .map(|(name, data)| (format!("png:{}", std::str::from_utf8(*name).unwrap()), data.to_vec()))
            .collect();
        assert_eq!(picture.metadata.other, expected);
        let again = write_picture(PictureFormat::Png, &picture).unwrap();
        assert_eq!(read_picture(&again, &Limits::default()).unwrap(), picture);
    }

    #[test]
    fn raw_profiles_become_exif() {
        let exif = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0";
        let digits: String = exif.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("Raw profile type exif\0\nexif\n      {}\n{digits}\n", exif.len());
        let picture = read_picture(&file(&[(b"tEXt", text.as_bytes())]), &Limits::default()).unwrap();
        assert_eq!(picture.metadata.exif.as_deref(), Some(&exif[6..]));
        assert!(picture.metadata.other.is_empty());
    }

    #[test]
    fn what_is_damaged_or_bound_to_the_samples_is_named() {
        let mut bytes = file(&[
            (b"iCCP", b"name\0\0no deflate"),
            (b"gAMA", &[1, 2]),
            (b"maSK", &[1]),
            (b"maSk", &[2]),
            (b"zTXt", b"XML:com.adobe.xmp\0\0no deflate"),
            (b"tEXt", b"Title\0last"),
        ]);
        let last = bytes.windows(4).position(|part| part == b"last").unwrap();
        bytes[last] = b'L';
        let (picture, warnings) = read_picture_with_warnings(&bytes, &Limits::default()).unwrap();
        assert_eq!(picture.metadata.other, [("png:maSk".to_string(), vec![2])]);
        assert_eq!(picture.planes.shape, Shape::rgb(1, 1, 8));
        let named: Vec<String> = warnings.iter().map(|warning| warning.to_string()).collect();
        for part in ["ICC profile", "gAMA", "maSK", "adobe.xmp", "tEXt"] {
            assert!(named.iter().any(|text| text.contains(part)), "{part} in {named:?}");
        }
        assert_eq!(named.len(), 5);
    }
}

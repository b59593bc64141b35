//! Further items of metadata in one chunk: many pictures have several small ones, and a chunk each
//! would cost more than what they say.
//!
//! In: the items of [`Metadata::other`](tintype_image::Metadata); out: the bytes of a NAMED item
//! called [`NAME`], and back. Byte table: docs/format/container.md, "Items in one chunk".
//! Bit-exact.

use tintype_container::{read_varint, write_varint};

/// The name of the chunk that holds items.
pub(crate) const NAME: &str = "+";

/// Names with a number of their own.
const NAMES: [(u8, &str); 15] = [
    (1, "png:gAMA"),
    (2, "png:cHRM"),
    (3, "png:sRGB"),
    (4, "png:cICP"),
    (5, "png:mDCV"),
    (6, "png:cLLI"),
    (7, "png:pHYs"),
    (8, "png:sBIT"),
    (9, "png:bKGD"),
    (10, "png:tIME"),
    (11, "png:tEXt"),
    (12, "png:zTXt"),
    (13, "png:iTXt"),
    (14, "pnm:maxval"),
    (15, "y4m:header"),
];
/// `tiff:` with tag and type.
const TIFF: u8 = 64;

/// Whole items with a number of their own: the gamma and the primaries of sRGB as PNG states them,
/// its rendering intents, and the code points (H.273) of sRGB, PQ, HLG and Display P3.
const ITEMS: [(u8, &str, &[u8]); 10] = [
    (128, "png:gAMA", &[0, 0, 0xb1, 0x8f]),
    (129, "png:cHRM", &SRGB_PRIMARIES),
    (130, "png:sRGB", &[0]),
    (131, "png:sRGB", &[1]),
    (132, "png:sRGB", &[2]),
    (133, "png:sRGB", &[3]),
    (134, "png:cICP", &[1, 13, 0, 1]),
    (135, "png:cICP", &[9, 16, 0, 1]),
    (136, "png:cICP", &[9, 18, 0, 1]),
    (137, "png:cICP", &[12, 13, 0, 1]),
];

/// White point and primaries of sRGB in units of 1/100 000, big-endian: PNG, 11.3.2.1.
const SRGB_PRIMARIES: [u8; 32] = {
    let values = [31_270u32, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];
    let mut out = [0; 32];
    let mut at = 0;
    while at < 32 {
        out[at] = values[at / 4].to_be_bytes()[at % 4];
        at += 1;
    }
    out
};

/// The items as bytes; `None` for a name of more than 255 bytes.
pub(crate) fn bytes_from_items(items: &[(String, Vec<u8>)]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for (name, bytes) in items {
        if let Some((code, ..)) = ITEMS.iter().find(|(_, n, b)| n == name && b == bytes) {
            out.push(*code);
            continue;
        }
        match (NAMES.iter().find(|(_, known)| known == name), tiff_numbers(name)) {
            (Some((code, _)), _) => out.push(*code),
            (None, Some((tag, kind))) => {
                out.push(TIFF);
                write_varint(&mut out, tag.into());
                write_varint(&mut out, kind.into());
            }
            (None, None) => {
                out.push(0);
                out.push(u8::try_from(name.len()).ok()?);
                out.extend_from_slice(name.as_bytes());
            }
        }
        write_varint(&mut out, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }
    Some(out)
}

/// Tag and type of a name such as `tiff:33550:12`.
fn tiff_numbers(name: &str) -> Option<(u16, u16)> {
    let (tag, kind) = name.strip_prefix("tiff:")?.split_once(':')?;
    let numbers = (tag.parse().ok()?, kind.parse().ok()?);
    // Other spellings of the numbers are names of their own.
    (name == tiff_name(numbers)).then_some(numbers)
}

fn tiff_name((tag, kind): (u16, u16)) -> String {
    format!("tiff:{tag}:{kind}")
}

/// The items in `bytes`; `None` if they are no such list.
pub(crate) fn items_from_bytes(mut bytes: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut items = Vec::new();
    while let Some((&code, rest)) = bytes.split_first() {
        bytes = rest;
        if let Some((_, name, value)) = ITEMS.iter().find(|(known, ..)| *known == code) {
            items.push((name.to_string(), value.to_vec()));
            continue;
        }
        let name = match code {
            0 => {
                let (&len, rest) = bytes.split_first()?;
                let (name, rest) = rest.split_at_checked(usize::from(len))?;
                bytes = rest;
                std::str::from_utf8(name).ok()?.to_string()
            }
            TIFF => tiff_name((number(&mut bytes)?, number(&mut bytes)?)),
            _ => NAMES.iter().find(|(known, _)| *known == code)?.1.to_string(),
        };
        let len = usize::try_from(read_varint(&mut bytes, 0).ok()?).ok()?;
        let (value, rest) = bytes.split_at_checked(len)?;
        bytes = rest;
        items.push((name, value.to_vec()));
    }
    Some(items)
}

fn number(bytes: &mut &[u8]) -> Option<u16> {
    u16::try_from(read_varint(bytes, 0).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_back_and_the_usual_ones_take_a_byte() {
        let item = |name: &str, bytes: &[u8]| (name.to_string(), bytes.to_vec());
        let srgb = [
            item("png:sRGB", &[1]),
            item("png:gAMA", &[0, 0, 0xb1, 0x8f]),
            item("png:cHRM", &SRGB_PRIMARIES),
        ];
        assert_eq!(bytes_from_items(&srgb).unwrap(), [131, 128, 129]);
        let items = [
            item("png:gAMA", &[0, 1, 0x86, 0xa0]),
            item("png:tEXt", b"Title\0one"),
            item("png:tEXt", b"Title\0two"),
            item("tiff:33550:12", &[7; 24]),
            item("tiff:033550:12", &[7; 24]),
            item("of our own", &[]),
            item("y4m:header", b"F30:1 C420jpeg"),
        ];
        let bytes = bytes_from_items(&items).unwrap();
        assert_eq!(items_from_bytes(&bytes).unwrap(), items);
        assert_eq!(items_from_bytes(&bytes_from_items(&srgb).unwrap()).unwrap(), srgb);
        for len in 0..bytes.len() {
            assert_ne!(items_from_bytes(&bytes[..len]).as_deref(), Some(&items[..]));
        }
        assert_eq!(items_from_bytes(&[200]), None);
        assert_eq!(bytes_from_items(&[item(&"n".repeat(256), &[])]), None);
    }
}

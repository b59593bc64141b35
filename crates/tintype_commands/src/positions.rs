//! Positions (GPS) taken out of metadata, and nothing else: `--strip=gps`.
//!
//! In: EXIF, XMP, or a whole JPEG file; the same bytes with positions blanked, of the same length, so that
//! nothing else moves. Names of places stay, and so do notes of camera makers, whose form nobody but they
//! know, and what a video behind the picture says.
//!
//! Source: CIPA DC-008 (Exif 2.32), 4.6.6; XMP part 2 for the names of properties.

use tintype_image::io::tiff_number;

/// The entry that points to the directory of positions.
const GPS_POINTER: u16 = 34_853;
/// Tags of positions are below; others in a directory are none of a position.
const GPS_TAGS_END: u16 = 32;
const ENTRY_BYTES: usize = 12;
/// A block of EXIF in a JPEG is no longer.
const SEGMENT_BYTES_MAX: usize = 65_533;

struct Tiff<'a> {
    bytes: &'a mut [u8],
    little_endian: bool,
}

impl Tiff<'_> {
    fn number(&self, at: usize, len: usize) -> Option<usize> {
        tiff_number(self.bytes, self.little_endian, at, len)
    }

    fn put_short(&mut self, at: usize, value: u16) {
        let bytes = if self.little_endian { value.to_le_bytes() } else { value.to_be_bytes() };
        if let Some(field) = self.bytes.get_mut(at..at + 2) {
            field.copy_from_slice(&bytes);
        }
    }

    fn clear(&mut self, at: usize, len: usize) {
        if let Some(field) = at.checked_add(len).and_then(|end| self.bytes.get_mut(at..end)) {
            field.fill(0);
        }
    }

    /// Clears the directory of positions at `at`, with the values that stand elsewhere.
    fn clear_directory(&mut self, at: usize) -> Option<()> {
        let count = self.number(at, 2)?;
        for entry in (0..count).map(|index| at + 2 + index * ENTRY_BYTES) {
            let (tag, kind, values) =
                (self.number(entry, 2)?, self.number(entry + 2, 2)?, self.number(entry + 4, 4)?);
            if tag < usize::from(GPS_TAGS_END) {
                let size = match kind {
                    3 | 8 => 2,
                    4 | 9 => 4,
                    5 | 10 | 12 => 8,
                    _ => 1,
                };
                let len = values.saturating_mul(size);
                if len > 4 {
                    let place = self.number(entry + 8, 4)?;
                    self.clear(place, len);
                }
            }
            self.clear(entry, ENTRY_BYTES);
        }
        self.clear(at, 2);
        Some(())
    }

    /// Takes the pointers to positions out of the first directory.
    fn clear_positions(&mut self) -> Option<()> {
        let at = self.number(4, 4)?;
        let mut index = 0;
        while index < self.number(at, 2)? {
            let (count, entry) = (self.number(at, 2)?, at + 2 + index * ENTRY_BYTES);
            if self.number(entry, 2)? != usize::from(GPS_POINTER) {
                index += 1;
                continue;
            }
            if let Some(place) = self.number(entry + 8, 4) {
                self.clear_directory(place);
            }
            // What follows moves up: further entries, and the pointer to the next directory.
            let end = at + 2 + count * ENTRY_BYTES + 4;
            if end > self.bytes.len() {
                self.clear(entry, ENTRY_BYTES);
                return None;
            }
            self.bytes.copy_within(entry + ENTRY_BYTES..end, entry);
            self.clear(end - ENTRY_BYTES, ENTRY_BYTES);
            self.put_short(at, (count - 1) as u16);
        }
        Some(())
    }
}

/// Blanks the positions of a block of EXIF.
pub fn blank_exif(exif: &mut [u8]) {
    let little_endian = match exif.get(..4) {
        Some(b"II*\0") => true,
        Some(b"MM\0*") => false,
        _ => return,
    };
    // What is out of bounds is no position that a reader would find.
    let _ = Tiff { bytes: exif, little_endian }.clear_positions();
}

/// Blanks the positions of an XMP packet: properties whose names begin with GPS.
pub fn blank_xmp(xmp: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = find_gps(xmp, at) {
        let start = xmp[..found].iter().rposition(|byte| is_boundary(*byte)).map_or(0, |at| at + 1);
        let name_end = found + xmp[found..].iter().take_while(|byte| is_name(**byte)).count();
        let element = start > 0 && xmp[start - 1] == b'<';
        let end = match element {
            true => element_end(xmp, start, name_end),
            false => attribute_end(xmp, name_end),
        };
        let from = if element { start - 1 } else { start };
        if let Some(end) = end {
            xmp[from..end].fill(b' ');
            at = end;
        } else {
            at = name_end.max(found + 1);
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.')
}

fn is_boundary(byte: u8) -> bool {
    !is_name(byte)
}

/// The next `:GPS`, in capitals or not.
fn find_gps(xmp: &[u8], from: usize) -> Option<usize> {
    let windows = xmp.get(from..)?.windows(4);
    Some(from + windows.into_iter().position(|four| four.eq_ignore_ascii_case(b":gps"))?)
}

/// The end of `="…"` behind a name.
fn attribute_end(xmp: &[u8], name_end: usize) -> Option<usize> {
    let rest = xmp.get(name_end..)?;
    let space = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b'=').count();
    let quote = *rest.get(space).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let len = rest[space + 1..].iter().position(|byte| *byte == quote)?;
    Some(name_end + space + 1 + len + 1)
}

/// The end of an element whose name is `xmp[start..name_end]`.
fn element_end(xmp: &[u8], start: usize, name_end: usize) -> Option<usize> {
    let tag_end = name_end + xmp.get(name_end..)?.iter().position(|byte| *byte == b'>')? + 1;
    if xmp[tag_end - 2] == b'/' {
        return Some(tag_end);
    }
    let closing = [b"</", &xmp[start..name_end], b">"].concat();
    let len = xmp[tag_end..].windows(closing.len()).position(|window| window == closing)?;
    Some(tag_end + len + closing.len())
}

/// Blanks the positions in a JPEG file, and in JPEG files inside it.
pub fn blank_jpeg(file: &mut [u8]) {
    const EXIF: &[u8] = b"Exif\0\0";
    let mut at = 0;
    while let Some(found) = file[at..].windows(EXIF.len()).position(|window| window == EXIF) {
        at += found + EXIF.len();
        let end = file.len().min(at + SEGMENT_BYTES_MAX);
        blank_exif(&mut file[at..end]);
    }
    let mut at = 0;
    let packet = |file: &[u8], from: usize| {
        let start = from + file[from..].windows(10).position(|window| window == b"<x:xmpmeta")?;
        let len = file[start..].windows(12).position(|window| window == b"</x:xmpmeta>")?;
        Some((start, start + len))
    };
    while let Some((start, end)) = packet(file, at) {
        blank_xmp(&mut file[start..end]);
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EXIF with an orientation, a position of a rational at byte 100, and a next directory.
    fn exif(little: bool) -> Vec<u8> {
        let short = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let long = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let entry = |tag: u16, kind: u16, count: u32, value: u32| {
            [&short(tag)[..], &short(kind), &long(count), &long(value)].concat()
        };
        let mut out = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        out.extend(long(8));
        out.extend(short(3));
        out.extend(entry(0x0112, 3, 1, 6));
        out.extend(entry(GPS_POINTER, 4, 1, 60));
        out.extend(entry(0xc4a5, 7, 4, 0x3031_3233));
        out.extend(long(0x7777_7777));
        out.resize(60, 9);
        out.extend(short(2));
        out.extend(entry(1, 2, 2, 0x4e00_0000));
        out.extend(entry(2, 5, 3, 100));
        out.extend(long(0));
        out.resize(100, 9);
        out.extend([0xab; 24]);
        out.extend(b"after");
        out
    }

    #[test]
    fn positions_go_and_the_rest_stays_where_it_is() {
        for little in [true, false] {
            let before = exif(little);
            let mut after = before.clone();
            blank_exif(&mut after);
            assert_eq!(after.len(), before.len());
            assert!(!after.contains(&0xab) && after.ends_with(b"after"));
            assert_eq!(after[10..22], before[10..22]);
            assert_eq!(after[22..34], before[34..46], "the entry behind moved up");
            assert_eq!(after[34..38], [0x77; 4], "and so did the next directory");
            let tiff = Tiff { bytes: &mut after.clone(), little_endian: little };
            assert_eq!(tiff.number(8, 2), Some(2));
            let mut again = after.clone();
            blank_exif(&mut again);
            assert_eq!(again, after);
        }
    }

    #[test]
    fn properties_of_positions_become_spaces() {
        let before = "<x:xmpmeta><rdf:Description exif:GPSLatitude=\"52,30N\" dc:title='GPS' drone:GpsLongitude = '13'>\
                      <exif:GPSAltitude>34/1</exif:GPSAltitude><a:b/><exif:GPSTimeStamp/></rdf:Description></x:xmpmeta>";
        let mut after = before.as_bytes().to_vec();
        blank_xmp(&mut after);
        assert_eq!(after.len(), before.len());
        let text = String::from_utf8(after).unwrap();
        let words: Vec<&str> = text.split_whitespace().collect();
        let expected = [
            "<x:xmpmeta><rdf:Description",
            "dc:title='GPS'",
            ">",
            "<a:b/>",
            "</rdf:Description></x:xmpmeta>",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn a_jpeg_and_one_inside_it_lose_their_positions_only() {
        let packet = b"<x:xmpmeta exif:GPSLatitude='1'></x:xmpmeta>";
        let one = [&b"\xff\xd8\xff\xe1\0\0Exif\0\0"[..], &exif(true), packet, &[0xff, 0xd9]].concat();
        let mut two = [&one[..], &one].concat();
        let before = two.clone();
        blank_jpeg(&mut two);
        assert!(!two.contains(&0xab) && two.len() == before.len());
        assert!(!two.windows(3).any(|three| three == b"GPS"));
        assert_eq!(two.windows(5).filter(|five| five == b"after").count(), 2);
    }

    #[test]
    fn any_cut_and_any_byte_are_taken() {
        let whole = exif(false);
        for len in 0..whole.len() {
            blank_exif(&mut whole[..len].to_vec());
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                blank_exif(&mut changed);
            }
        }
        let text = b"<a:GPS x='y'><b:GPS='</a:GPS>:GPS=\":gps";
        for len in 0..=text.len() {
            blank_xmp(&mut text[..len].to_vec());
            blank_jpeg(&mut text[..len].to_vec());
        }
    }
}

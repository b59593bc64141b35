//! EXIF blocks and the directories of a TIFF file that hold the same: taken apart, and put
//! together.
//!
//! In: the bytes of a TIFF structure; out: a block of EXIF with its camera and position
//! directories, or the entries of a block. Values keep the byte order that they have. Pointers to
//! other directories (thumbnails, interoperability) are not followed. At most [`ENTRIES_MAX`]
//! entries a directory.
//!
//! Source: CIPA DC-008 (Exif 2.32), 4.5 and 4.6; TIFF Revision 6.0, section 2.

/// The tag that points to the directory of camera data.
pub(super) const EXIF_POINTER: u16 = 34_665;
/// The tag that points to the directory of positions.
pub(super) const GPS_POINTER: u16 = 34_853;
const INTEROPERABILITY_POINTER: u16 = 40_965;
const ENTRIES_MAX: usize = 4096;

/// One entry: tag, type, and the bytes of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub tag: u16,
    pub kind: u16,
    pub bytes: Vec<u8>,
}

/// The directories of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Exif {
    pub little_endian: bool,
    /// Without the pointers to the others.
    pub main: Vec<Entry>,
    pub camera: Vec<Entry>,
    pub gps: Vec<Entry>,
}

/// Bytes of one value of a type, and of the words whose order counts; `None` for unknown types.
pub(super) fn value_len(kind: u16) -> Option<(usize, usize)> {
    match kind {
        1 | 2 | 6 | 7 => Some((1, 1)),
        3 | 8 => Some((2, 2)),
        4 | 9 | 11 | 13 => Some((4, 4)),
        5 | 10 => Some((8, 4)),
        12 | 16 | 17 | 18 => Some((8, 8)),
        _ => None,
    }
}

struct Source<'a> {
    bytes: &'a [u8],
    little_endian: bool,
}

/// The unsigned number in `bytes[at..at + len]` of a TIFF structure; nothing if that lies beyond the
/// end.
///
/// ```
/// # use tintype_image::io::tiff_number;
/// assert_eq!(tiff_number(&[9, 1, 2], true, 1, 2), Some(0x201));
/// assert_eq!(tiff_number(&[9, 1, 2], false, 1, 2), Some(0x102));
/// ```
pub fn tiff_number(bytes: &[u8], little_endian: bool, at: usize, len: usize) -> Option<usize> {
    let field = bytes.get(at..at.checked_add(len)?)?;
    let fold = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
    Some(match little_endian {
        true => field.iter().rev().fold(0, fold),
        false => field.iter().fold(0, fold),
    })
}

impl Source<'_> {
    fn number(&self, at: usize, len: usize) -> Option<usize> {
        tiff_number(self.bytes, self.little_endian, at, len)
    }

    /// The sound entries of the directory at `start`.
    fn directory(&self, start: usize) -> Vec<Entry> {
        let count = self.number(start, 2).unwrap_or(0).min(ENTRIES_MAX);
        (0..count).filter_map(|index| self.entry(start.checked_add(2 + 12 * index)?)).collect()
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let (tag, kind) = (self.number(at, 2)? as u16, self.number(at + 2, 2)? as u16);
        let len = self.number(at + 4, 4)?.checked_mul(value_len(kind)?.0)?;
        let value_at = if len <= 4 { at + 8 } else { self.number(at + 8, 4)? };
        let bytes = self.bytes.get(value_at..value_at.checked_add(len)?)?.to_vec();
        Some(Entry { tag, kind, bytes })
    }

    fn pointed(&self, main: &[Entry], tag: u16) -> Vec<Entry> {
        let pointer = main.iter().find(|entry| entry.tag == tag && entry.bytes.len() == 4);
        let Some(pointer) = pointer else { return Vec::new() };
        let number = Source { bytes: &pointer.bytes, little_endian: self.little_endian }.number(0, 4);
        let mut entries = self.directory(number.unwrap_or(usize::MAX));
        entries.retain(|entry| entry.tag != INTEROPERABILITY_POINTER);
        entries
    }
}

/// The directories of an EXIF block, or of the page of a TIFF file whose directory is number
/// `page`. `None` for other bytes and for BigTIFF.
pub(super) fn parse(bytes: &[u8], page: usize) -> Option<Exif> {
    let little_endian = match bytes.get(..4)? {
        [b'I', b'I', 42, 0] => true,
        [b'M', b'M', 0, 42] => false,
        _ => return None,
    };
    let source = Source { bytes, little_endian };
    let mut start = source.number(4, 4)?;
    for _ in 0..page {
        start = source.number(start.checked_add(2 + 12 * source.number(start, 2)?)?, 4)?;
    }
    let mut main = source.directory(start);
    let camera = source.pointed(&main, EXIF_POINTER);
    let gps = source.pointed(&main, GPS_POINTER);
    main.retain(|entry| !matches!(entry.tag, EXIF_POINTER | GPS_POINTER));
    Some(Exif { little_endian, main, camera, gps })
}

impl Exif {
    /// The block's bytes, entries in the order of their tags.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut main = self.main.clone();
        for (tag, other) in [(EXIF_POINTER, &self.camera), (GPS_POINTER, &self.gps)] {
            if !other.is_empty() {
                main.push(Entry { tag, kind: 4, bytes: vec![0; 4] });
            }
        }
        let mut out = if self.little_endian { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        out.extend(self.number(8, 4));
        let camera_at = 8 + directory_len(&main);
        let gps_at = camera_at + if self.camera.is_empty() { 0 } else { directory_len(&self.camera) };
        for entry in &mut main {
            match entry.tag {
                EXIF_POINTER => entry.bytes = self.number(camera_at, 4),
                GPS_POINTER => entry.bytes = self.number(gps_at, 4),
                _ => {}
            }
        }
        self.put(&mut out, &main);
        for directory in [&self.camera, &self.gps] {
            if !directory.is_empty() {
                self.put(&mut out, directory);
            }
        }
        out
    }

    fn number(&self, value: usize, len: usize) -> Vec<u8> {
        let bytes = (value as u32).to_be_bytes();
        let mut out = bytes[4 - len..].to_vec();
        if self.little_endian {
            out.reverse();
        }
        out
    }

    /// Adds a directory, its long values behind it.
    fn put(&self, out: &mut Vec<u8>, entries: &[Entry]) {
        let mut entries: Vec<&Entry> = entries.iter().collect();
        entries.sort_by_key(|entry| entry.tag);
        let mut values_at = out.len() + 6 + 12 * entries.len();
        let mut values = Vec::new();
        out.extend(self.number(entries.len(), 2));
        for entry in entries {
            let each = value_len(entry.kind).map_or(1, |(len, _)| len);
            out.extend(self.number(entry.tag.into(), 2));
            out.extend(self.number(entry.kind.into(), 2));
            out.extend(self.number(entry.bytes.len() / each, 4));
            if entry.bytes.len() <= 4 {
                let mut value = entry.bytes.clone();
                value.resize(4, 0);
                out.extend(value);
            } else {
                out.extend(self.number(values_at, 4));
                let padded = entry.bytes.len().next_multiple_of(2);
                values.extend(&entry.bytes);
                values.resize(values.len() + padded - entry.bytes.len(), 0);
                values_at += padded;
            }
        }
        out.extend([0; 4]);
        out.extend(values);
    }

    /// The values of `entry` in the order that `little_endian` says.
    pub fn in_order(&self, entry: &Entry, little_endian: bool) -> Vec<u8> {
        let mut bytes = entry.bytes.clone();
        if let Some((_, word)) = value_len(entry.kind)
            && self.little_endian != little_endian
        {
            bytes.chunks_mut(word).for_each(|word| word.reverse());
        }
        bytes
    }
}

fn directory_len(entries: &[Entry]) -> usize {
    let long = entries.iter().map(|entry| entry.bytes.len()).filter(|len| *len > 4);
    6 + 12 * entries.len() + long.map(|len| len.next_multiple_of(2)).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(little_endian: bool) -> Exif {
        let entry = |tag: u16, kind: u16, bytes: &[u8]| Entry { tag, kind, bytes: bytes.to_vec() };
        Exif {
            little_endian,
            main: vec![entry(271, 2, b"Camera\0"), entry(274, 3, &[0, 6])],
            camera: vec![entry(33_434, 5, &[0, 0, 0, 1, 0, 0, 0, 60]), entry(37_500, 7, &[1, 2, 3])],
            gps: vec![entry(1, 2, b"N\0")],
        }
    }

    #[test]
    fn blocks_come_back_in_both_orders() {
        for little_endian in [false, true] {
            let exif = block(little_endian);
            let bytes = exif.to_bytes();
            assert_eq!(parse(&bytes, 0), Some(exif));
            for len in 0..bytes.len() {
                parse(&bytes[..len], 1);
            }
        }
        let camera = Exif { gps: Vec::new(), ..block(true) };
        assert_eq!(parse(&camera.to_bytes(), 0), Some(camera));
        assert_eq!(parse(b"GIF89a..", 0), None);
    }

    #[test]
    fn values_change_their_order_by_words() {
        let exif = block(false);
        assert_eq!(exif.in_order(&exif.camera[0], true), [1, 0, 0, 0, 60, 0, 0, 0]);
        assert_eq!(exif.in_order(&exif.camera[1], true), [1, 2, 3]);
    }
}

//! The short form of a file: one head, one small section, one checksum. Its layout:
//! docs/format/container.md, "Short form".

use crate::checksum::crc16;
use crate::{ContainerError, MAGIC, write_varint};
use std::io::Write;

/// The version byte of the short form.
pub const SHORT_VERSION: u8 = 2;
/// The most bytes of head in the short form.
pub const SHORT_HEAD_BYTES_MAX: usize = 127;
/// The most bytes of the section in the short form.
pub const SHORT_SECTION_BYTES_MAX: usize = 4095;

/// Writes `head` and one section, key (0, 0), in the short form: 8 bytes beside them, where
/// [`crate::write_file`] takes 15 or more.
///
/// # Errors
/// `Misuse` if either is too long or the section is empty; `Io`.
pub fn write_short_file(
    out: &mut impl Write,
    head: &[u8],
    section: &[u8],
) -> Result<(), ContainerError> {
    if head.len() > SHORT_HEAD_BYTES_MAX || section.len() > SHORT_SECTION_BYTES_MAX || section.is_empty()
    {
        let what = format!("a short file of {} bytes of head and {} of data", head.len(), section.len());
        return Err(ContainerError::Misuse { what });
    }
    let mut front = vec![SHORT_VERSION];
    write_varint(&mut front, head.len() as u64);
    front.extend_from_slice(head);
    out.write_all(&MAGIC)?;
    out.write_all(&front)?;
    out.write_all(section)?;
    out.write_all(&crc16([&front, section]).to_le_bytes())?;
    Ok(())
}

/// Head and section from all that follows the version byte, `bytes`, of which the first stands
/// at byte 5 of the file.
pub(crate) fn parts_from_bytes(bytes: &[u8]) -> Result<(&[u8], &[u8]), ContainerError> {
    let at = 5 + bytes.len() as u64;
    // Length of the head, one byte of section, two of checksum.
    let Some((&head_len, rest)) = bytes.split_first() else {
        return Err(ContainerError::Truncated { needed: 4, at });
    };
    let head_len = usize::from(head_len);
    if head_len > SHORT_HEAD_BYTES_MAX {
        return Err(ContainerError::Malformed {
            what: format!("short file with a head of {head_len} bytes"),
            at: 5,
        });
    }
    if rest.len() < head_len + 3 {
        return Err(ContainerError::Truncated { needed: (head_len + 3 - rest.len()) as u64, at });
    }
    let (head, rest) = rest.split_at(head_len);
    let (section, checksum) = rest.split_at(rest.len() - 2);
    if section.len() > SHORT_SECTION_BYTES_MAX {
        let what = format!("short file with more than {SHORT_SECTION_BYTES_MAX} bytes of data");
        return Err(ContainerError::Malformed { what, at: 6 + head_len as u64 });
    }
    let front = [&[SHORT_VERSION, head_len as u8], head].concat();
    if crc16([&front, section]).to_le_bytes() != checksum {
        let what = "the short file (it may have been cut off)".into();
        return Err(ContainerError::Mismatch { what, at: 4 });
    }
    Ok((head, section))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ContainerLimits, Reader};
    use std::io::Cursor;

    fn short() -> Vec<u8> {
        let mut file = Vec::new();
        write_short_file(&mut file, b"head", b"section").unwrap();
        file
    }

    #[test]
    fn a_short_file_comes_back_from_both_kinds_of_reader() {
        let file = short();
        assert_eq!(file.len(), 4 + 7 + 8);
        assert_eq!(file[..10], [0x89, b'T', b'I', b'N', 2, 4, b'h', b'e', b'a', b'd']);
        let limits = ContainerLimits::default();
        let mut reader = Reader::stream(&file[..], limits).unwrap();
        let mut seeking = Reader::seek(Cursor::new(&file), limits).unwrap();
        let data = reader.sections(|_| true).unwrap();
        assert_eq!((reader.head(), &data.sections[0].bytes[..]), (&b"head"[..], &b"section"[..]));
        assert!(data.sections[0].complete && !data.cut_off && reader.finish().unwrap());
        assert_eq!(seeking.sections(|_| true).unwrap(), data);
        assert!(seeking.sections(|_| false).unwrap().sections.is_empty());
    }

    #[test]
    fn every_flip_and_every_cut_is_refused() {
        let file = short();
        let open = |bytes: &[u8]| Reader::stream(bytes, ContainerLimits::default()).map(|_| ());
        for len in 0..file.len() {
            assert!(open(&file[..len]).is_err(), "{len}");
        }
        for bit in 0..file.len() * 8 {
            let mut flipped = file.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&flipped).is_err(), "{bit}");
        }
        assert!(write_short_file(&mut Vec::new(), &[0; 128], b"x").is_err());
        assert!(write_short_file(&mut Vec::new(), b"", &[0; 4096]).is_err());
    }
}

//! Writing a file.

use crate::checksum::{chunk_checksum, section_checksum, section_checksum_len};
use crate::index::payload_from_sections;
use crate::tag::Kind;
use crate::{ContainerError, MAGIC, PackedItem, SectionKey, UnknownChunk, VERSION, write_varint};
use std::io::Write;

/// One section to be written.
#[derive(Clone, Copy, Debug)]
pub struct SectionRef<'a> {
    /// Which one.
    pub key: SectionKey,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// All that goes into a file.
#[derive(Clone, Debug, Default)]
pub struct Parts<'a> {
    /// Bytes that mean something to the caller: shape, codec, the codec's header.
    pub head: &'a [u8],
    /// Sections in file order.
    pub sections: Vec<SectionRef<'a>>,
    /// Metadata; an ICC profile is written before the data, everything else after it.
    pub metadata: &'a [PackedItem],
    /// Chunks of kinds that this version does not know, written after the data.
    pub unknown: &'a [UnknownChunk],
}

/// Writes one file to `out`.
///
/// # Errors
/// `Misuse` for keys out of range or double, and for an unknown chunk whose kind is known; `Io`.
pub fn write_file(out: &mut impl Write, parts: &Parts<'_>) -> Result<(), ContainerError> {
    let trailer = trailer_chunks(parts)?;
    out.write_all(&MAGIC)?;
    out.write_all(&[VERSION])?;
    write_chunk(out, Kind::Head.tag(false), parts.head)?;
    for item in parts.metadata.iter().filter(|item| item.kind == Kind::Icc) {
        write_chunk(out, Kind::Icc.tag(false), &item.payload)?;
    }
    let lengths: Vec<(SectionKey, u64)> =
        parts.sections.iter().map(|s| (s.key, s.bytes.len() as u64)).collect();
    let index = payload_from_sections(&lengths)?;
    if lengths.len() != 1 || lengths[0].0 != SectionKey::FIRST {
        write_chunk(out, Kind::Index.tag(false), &index)?;
    }
    let tag = Kind::Data.tag(trailer.is_empty());
    let data_len = lengths.iter().map(|(_, len)| len + section_checksum_len(*len)).sum();
    out.write_all(&tag_and_len(tag, data_len))?;
    for section in &parts.sections {
        out.write_all(section.bytes)?;
        let (checksum, len) = section_checksum(tag, section.bytes);
        out.write_all(&checksum[..len])?;
    }
    for (i, (kind, payload)) in trailer.iter().enumerate() {
        let last = if i + 1 == trailer.len() { Kind::Data.tag(true) ^ Kind::Data.tag(false) } else { 0 };
        write_chunk(out, kind | last, payload)?;
    }
    Ok(())
}

/// Tag without the last bit, and payload, of each chunk that follows the data.
fn trailer_chunks(parts: &Parts<'_>) -> Result<Vec<(u8, Vec<u8>)>, ContainerError> {
    let mut chunks = Vec::new();
    for item in parts.metadata.iter().filter(|item| item.kind != Kind::Icc) {
        chunks.push((item.kind.tag(false), item.payload.clone()));
    }
    for chunk in parts.unknown {
        if !(7..32).contains(&chunk.kind) {
            return Err(ContainerError::Misuse {
                what: format!("chunk kind {} is not an unknown one", chunk.kind),
            });
        }
        chunks.push((chunk.kind, chunk.bytes.clone()));
    }
    Ok(chunks)
}

fn tag_and_len(tag: u8, len: u64) -> Vec<u8> {
    let mut bytes = vec![tag];
    write_varint(&mut bytes, len);
    bytes
}

fn write_chunk(out: &mut impl Write, tag: u8, payload: &[u8]) -> Result<(), ContainerError> {
    let front = tag_and_len(tag, payload.len() as u64);
    out.write_all(&front)?;
    out.write_all(payload)?;
    out.write_all(&chunk_checksum(&front, payload))?;
    Ok(())
}

//! What a file holds, without decoding it.

use crate::Error;
use crate::decode::container_limits;
use crate::head::head_from_bytes;
use std::collections::BTreeSet;
use std::io::{Read, Seek};
use tintype_codec::CodecId;
use tintype_container::{Metadata, Reader};
use tintype_image::{Limits, Shape};

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The codec that made it.
    pub codec: CodecId,
    /// Size, colour model and planes.
    pub shape: Shape,
    /// Number of tiles.
    pub tiles: usize,
    /// Number of layers of a tile.
    pub layers: usize,
    /// Bytes of compressed data, without head, index, checksums and metadata.
    pub data_bytes: u64,
    /// Metadata items.
    pub metadata: Vec<MetadataInfo>,
    /// Numbers of the chunks that this version does not know.
    pub unknown_chunks: Vec<u8>,
    /// If the file was cut off: the number of bytes that are there.
    pub cut_off_at: Option<u64>,
}

/// One metadata item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataInfo {
    /// `icc`, `exif`, `xmp`, or the name it was given.
    pub name: String,
    /// Its length in bytes, unpacked.
    pub bytes: u64,
}

/// Reads what a file that seeks holds; its data is stepped over, so that damage in it goes unnoticed.
///
/// # Errors
/// `Container`, `Malformed`, `Unsupported`, `Picture` for a damaged file, a newer one, or one outside the limits.
pub fn inspect(input: impl Read + Seek, limits: &Limits) -> Result<Info, Error> {
    info_from_reader(Reader::seek(input, container_limits(limits))?, limits)
}

/// Reads what a streamed file holds.
///
/// # Errors
/// As [`inspect`].
pub fn inspect_stream(input: impl Read, limits: &Limits) -> Result<Info, Error> {
    info_from_reader(Reader::stream(input, container_limits(limits))?, limits)
}

fn info_from_reader<R: Read>(mut reader: Reader<R>, limits: &Limits) -> Result<Info, Error> {
    let head = head_from_bytes(reader.head(), limits)?;
    let index = reader.index();
    let distinct = |number: fn(&tintype_container::SectionEntry) -> u32| {
        index.iter().map(number).collect::<BTreeSet<_>>().len()
    };
    let (tiles, layers) = (distinct(|entry| entry.key.tile), distinct(|entry| entry.key.layer));
    let data_bytes = index.iter().map(|entry| entry.len).sum();
    let whole = reader.finish()?;
    let metadata = reader.metadata().iter().map(|item| MetadataInfo {
        name: match &item.kind {
            Metadata::Icc => "icc".into(),
            Metadata::Exif => "exif".into(),
            Metadata::Xmp => "xmp".into(),
            Metadata::Named(name) => name.clone(),
        },
        bytes: item.bytes.len() as u64,
    });
    Ok(Info {
        codec: head.codec,
        shape: head.shape,
        tiles,
        layers,
        data_bytes,
        metadata: metadata.collect(),
        unknown_chunks: reader.unknown().iter().map(|chunk| chunk.kind).collect(),
        cut_off_at: (!whole).then(|| reader.position()),
    })
}

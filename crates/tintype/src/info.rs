//! What a file holds, without decoding it.

use crate::error::Result;
use crate::frame::metadata_from_items;
use crate::head::Head;
use crate::registry::built_in;
use std::collections::BTreeSet;
use std::io::Read;
use tintype_codec::CodecId;
use tintype_container::{Reader, SectionEntry};
use tintype_image::{Metadata, Shape};

/// What the head of a file says.
///
/// ```
/// use tintype::{Decoder, Encoder, Picture, codec};
///
/// let tin = Encoder::lossless().encode(&Picture::from_gray8(3, 2, &[7; 6])?)?;
/// let decoder = Decoder::new(std::io::Cursor::new(&tin))?;
/// let info = decoder.info();
/// assert_eq!((info.shape.width_px, info.shape.height_px), (3, 2));
/// assert_eq!((info.codec, info.lossless), (codec::LOSSLESS, Some(true)));
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// The codec that made the file.
    pub codec: CodecId,
    /// Size, colour model and planes.
    pub shape: Shape,
    /// Whether every sample of the picture is kept, or every byte of a packed file; `None` where only
    /// decoding would tell.
    pub lossless: Option<bool>,
    /// Number of tiles.
    pub tiles: usize,
    /// Number of layers of a tile.
    pub layers: usize,
    /// Bytes of compressed data, without head, index, checksums and metadata.
    pub data_bytes: u64,
}

impl Info {
    pub(crate) fn new<R: Read>(head: &Head, reader: &Reader<R>) -> Self {
        let index = reader.index();
        let distinct =
            |number: fn(&SectionEntry) -> u32| index.iter().map(number).collect::<BTreeSet<_>>().len();
        Self {
            codec: head.codec,
            lossless: keeps_all(head, &reader.head()[head.codec_header_at..]),
            shape: head.facts.picture_shape(&head.shape),
            tiles: distinct(|entry| entry.key.tile),
            layers: distinct(|entry| entry.key.layer),
            data_bytes: index.iter().map(|entry| entry.len).sum(),
        }
    }
}

/// Whether the codec of `head`, whose header is `header`, kept everything.
fn keeps_all(head: &Head, header: &[u8]) -> Option<bool> {
    match built_in::codec(head.codec) {
        Some(codec) => codec.keeps_all(&head.shape, header),
        None => built_in::holds_file(head.codec).then_some(true),
    }
}

/// What a file holds beside the picture.
///
/// ```
/// use tintype::{Decoder, Encoder, Picture};
///
/// let mut picture = Picture::from_gray8(1, 1, &[7])?;
/// picture.metadata.xmp = Some(b"<x/>".to_vec());
/// let tin = Encoder::lossless().encode(&picture)?;
/// let contents = Decoder::new(std::io::Cursor::new(&tin))?.contents()?;
/// assert_eq!((contents.metadata[0].name.as_str(), contents.metadata[0].bytes), ("xmp", 4));
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contents {
    /// Metadata items.
    pub metadata: Vec<MetadataInfo>,
    /// Numbers of the chunks that this version does not know.
    pub unknown_chunks: Vec<u8>,
    /// If the file was cut off: the number of bytes that are there.
    pub cut_off_at: Option<u64>,
}

/// One metadata item.
///
/// ```
/// fn line(item: &tintype::MetadataInfo) -> String {
///     format!("{}: {} bytes", item.name, item.bytes)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetadataInfo {
    /// `icc`, `exif`, `xmp`, or the name it was given.
    pub name: String,
    /// Its length in bytes, unpacked.
    pub bytes: u64,
}

impl Contents {
    /// Steps over the data of the file under `reader`, so that damage in it goes unnoticed.
    pub(crate) fn read<R: Read>(mut reader: Reader<R>, profile: Option<u8>) -> Result<Self> {
        let whole = reader.finish()?;
        let Metadata { icc, exif, xmp, other } = metadata_from_items(reader.metadata(), profile);
        let known = [("icc", icc), ("exif", exif), ("xmp", xmp)];
        let known = known.into_iter().filter_map(|(name, bytes)| Some((name.to_string(), bytes?)));
        let info = |(name, bytes): (String, Vec<u8>)| MetadataInfo { name, bytes: bytes.len() as u64 };
        Ok(Self {
            metadata: known.chain(other).map(info).collect(),
            unknown_chunks: reader.unknown().iter().map(|chunk| chunk.kind).collect(),
            cut_off_at: (!whole).then(|| reader.position()),
        })
    }
}

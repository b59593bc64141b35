//! What a file holds, without decoding it.

use crate::error::Result;
use crate::frame::metadata_from_items;
use crate::head::Head;
use crate::registry::{built_in, shipped_model};
use std::collections::BTreeSet;
use std::io::Read;
use tintype_codec::{CodecId, StreamModel};
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
    /// The model that the samples are coded under, for codecs with models.
    pub model: Option<ModelName>,
}

/// The model of a file. Displayed as its name if it is built in, else as its hash.
///
/// ```
/// use tintype::{Decoder, Encoder, Picture, codec};
///
/// let picture = Picture::from_gray8(32, 32, &[90; 32 * 32])?;
/// let tin = Encoder::new().codec(codec::PHOTO).encode(&picture)?;
/// let decoder = Decoder::from_stream(&tin.bytes[..])?;
/// let model = decoder.info().model.as_ref().expect("this codec has models");
/// assert_eq!((model.to_string().as_str(), model.sent), ("photo", false));
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelName {
    /// Its hash, sixteen hexadecimal digits, or the first eight of them where the file has those alone.
    pub hash: String,
    /// Its name, if it is the one that the codec has built in.
    pub name: Option<&'static str>,
    /// The file carries it.
    pub sent: bool,
}

impl std::fmt::Display for ModelName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name.unwrap_or(&self.hash))
    }
}

impl ModelName {
    fn new(codec: CodecId, model: StreamModel) -> Self {
        let hash = model.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let shipped = shipped_model(codec)
            .filter(|shipped| shipped.hash().is_some_and(|hash| hash.starts_with(&model.hash)));
        Self { hash, name: shipped.map(|shipped| shipped.name), sent: model.sent }
    }
}

impl Info {
    pub(crate) fn new<R: Read>(head: &Head, reader: &Reader<R>) -> Self {
        let index = reader.index();
        let distinct =
            |number: fn(&SectionEntry) -> u32| index.iter().map(number).collect::<BTreeSet<_>>().len();
        let header = reader.head().get(head.codec_header_at..).unwrap_or_default();
        let model =
            built_in::codec(head.codec).and_then(|codec| codec.stream_model(&head.shape, header));
        Self {
            model: model.map(|model| ModelName::new(head.codec, model)),
            codec: head.codec,
            lossless: keeps_all(head, header),
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

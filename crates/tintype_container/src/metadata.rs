//! Metadata items and how a chunk stores them: plain, deflated, or under the model of metadata,
//! whichever is shortest.
//!
//! Without the feature `deflate` nothing is deflated, and a deflated item is reported as left out.
//!
//! Source: RFC 1951 (deflate); docs/format/metadata.md.

use crate::tag::Kind;
use crate::varint::{read_varint, write_varint};
use crate::{ContainerError, ContainerLimits};

const STORED: u8 = 0;
const DEFLATED: u8 = 1;
/// Length, then bytes under the model of metadata.
const MODELLED: u8 = 3;
/// Longer items are deflated or stored: the model takes about a second for a million bytes.
const MODELLED_MAX: usize = 1 << 20;

/// What one metadata item is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Metadata {
    /// ICC profile.
    Icc,
    /// EXIF structure.
    Exif,
    /// XMP packet.
    Xmp,
    /// Something else, by name: 1 to 255 bytes of UTF-8.
    Named(String),
}

/// One metadata item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataItem {
    /// What it is.
    pub kind: Metadata,
    /// Its bytes, as the application gave them.
    pub bytes: Vec<u8>,
}

impl Metadata {
    /// `icc`, `exif`, `xmp`, or the name it was given.
    ///
    /// ```
    /// use tintype_container::Metadata;
    ///
    /// assert_eq!(Metadata::Exif.name(), "exif");
    /// assert_eq!(Metadata::Named("geotiff".into()).name(), "geotiff");
    /// ```
    pub fn name(&self) -> &str {
        match self {
            Self::Icc => "icc",
            Self::Exif => "exif",
            Self::Xmp => "xmp",
            Self::Named(name) => name,
        }
    }

    pub(crate) fn chunk_kind(&self) -> Kind {
        match self {
            Self::Icc => Kind::Icc,
            Self::Exif => Kind::Exif,
            Self::Xmp => Kind::Xmp,
            Self::Named(_) => Kind::Named,
        }
    }
}

/// A metadata item as a file stores it, packed once for however often the file is written.
///
/// ```
/// use tintype_container::{Metadata, MetadataItem, PackedItem};
///
/// let item = MetadataItem { kind: Metadata::Xmp, bytes: b"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">".to_vec() };
/// assert!(PackedItem::new(&item)?.len_bytes() < item.bytes.len());
/// # Ok::<(), tintype_container::ContainerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PackedItem {
    pub(crate) kind: Kind,
    pub(crate) payload: Vec<u8>,
}

impl PackedItem {
    /// Packs `item`.
    ///
    /// # Errors
    /// `Misuse` for a name without 1 to 255 bytes.
    pub fn new(item: &MetadataItem) -> Result<Self, ContainerError> {
        Ok(Self { kind: item.kind.chunk_kind(), payload: payload_from_item(item)? })
    }

    /// Bytes of the chunk's payload.
    pub fn len_bytes(&self) -> usize {
        self.payload.len()
    }
}

/// The chunk payload that stores `item`.
fn payload_from_item(item: &MetadataItem) -> Result<Vec<u8>, ContainerError> {
    let mut out = Vec::new();
    if let Metadata::Named(name) = &item.kind {
        let Some(len) = u8::try_from(name.len()).ok().filter(|len| *len > 0) else {
            return Err(ContainerError::Misuse {
                what: "a metadata name must have 1 to 255 bytes".into(),
            });
        };
        out.push(len);
        out.extend_from_slice(name.as_bytes());
    }
    let least = [deflated(&item.bytes).map(|packed| (DEFLATED, packed)), modelled(&item.bytes)];
    match least.into_iter().flatten().min_by_key(|(_, packed)| packed.len()) {
        Some((method, packed)) if packed.len() < item.bytes.len() => {
            out.push(method);
            out.extend_from_slice(&packed);
        }
        _ => {
            out.push(STORED);
            out.extend_from_slice(&item.bytes);
        }
    }
    Ok(out)
}

/// `bytes` under the model of metadata, if there are not too many.
fn modelled(bytes: &[u8]) -> Option<(u8, Vec<u8>)> {
    if bytes.len() > MODELLED_MAX {
        return None;
    }
    let mut out = Vec::new();
    write_varint(&mut out, bytes.len() as u64);
    out.extend(tintype_metadata::pack(bytes));
    Some((MODELLED, out))
}

/// What [`modelled`] packed.
fn from_modelled(packed: &[u8], at: u64, limits: &ContainerLimits) -> Result<Vec<u8>, ContainerError> {
    let malformed = || ContainerError::Malformed { what: "metadata does not unpack".into(), at };
    let mut rest = packed;
    let len = read_varint(&mut rest, at).map_err(|_| malformed())?;
    if len > limits.metadata_bytes_max {
        let max = limits.metadata_bytes_max;
        return Err(ContainerError::Limit { what: "bytes of one metadata item", max });
    }
    let len = usize::try_from(len).ok().filter(|len| *len <= MODELLED_MAX).ok_or_else(malformed)?;
    let bytes = tintype_metadata::unpack(rest, len);
    if bytes.len() < len { Err(malformed()) } else { Ok(bytes) }
}

/// `bytes` packed, where this build can.
fn deflated(bytes: &[u8]) -> Option<Vec<u8>> {
    #[cfg(feature = "deflate")]
    {
        Some(miniz_oxide::deflate::compress_to_vec(bytes, 9))
    }
    #[cfg(not(feature = "deflate"))]
    {
        let _ = bytes;
        None
    }
}

/// `packed` inflated; `None` where this build cannot.
fn inflated(
    packed: &[u8],
    at: u64,
    limits: &ContainerLimits,
) -> Result<Option<Vec<u8>>, ContainerError> {
    #[cfg(feature = "deflate")]
    {
        use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
        let max = usize::try_from(limits.metadata_bytes_max).unwrap_or(usize::MAX);
        let unpacked = decompress_to_vec_with_limit(packed, max);
        unpacked.map(Some).map_err(|error| match error.status {
            TINFLStatus::HasMoreOutput => ContainerError::Limit {
                what: "bytes of one metadata item",
                max: limits.metadata_bytes_max,
            },
            _ => ContainerError::Malformed { what: "metadata does not unpack".into(), at },
        })
    }
    #[cfg(not(feature = "deflate"))]
    {
        let _ = (packed, at, limits);
        Ok(None)
    }
}

/// What became of a metadata chunk.
pub(crate) enum ItemRead {
    /// The item.
    Item(MetadataItem),
    /// This build cannot unpack it.
    LeftOut(Metadata),
}

/// The item that `payload`, of a chunk of `kind` whose payload starts at byte `at`, stores.
pub(crate) fn item_from_payload(
    kind: Kind,
    payload: &[u8],
    at: u64,
    limits: &ContainerLimits,
) -> Result<ItemRead, ContainerError> {
    let malformed = |what: &str| ContainerError::Malformed { what: what.into(), at };
    let mut rest = payload;
    let mut take = |len: usize| {
        let (front, back) =
            rest.split_at_checked(len).ok_or_else(|| malformed("metadata chunk too short"))?;
        rest = back;
        Ok::<&[u8], ContainerError>(front)
    };
    let item_kind = match kind {
        Kind::Icc => Metadata::Icc,
        Kind::Exif => Metadata::Exif,
        Kind::Xmp => Metadata::Xmp,
        _ => {
            let len = take(1)?[0];
            let name = std::str::from_utf8(take(usize::from(len))?)
                .map_err(|_| malformed("name is not UTF-8"))?;
            if name.is_empty() {
                return Err(malformed("empty metadata name"));
            }
            Metadata::Named(name.into())
        }
    };
    let method = take(1)?[0];
    let bytes = match method {
        STORED => Some(rest.to_vec()),
        DEFLATED => inflated(rest, at, limits)?,
        MODELLED => Some(from_modelled(rest, at, limits)?),
        _ => {
            return Err(ContainerError::Unsupported {
                what: format!("metadata packing {method} at byte {at}"),
            });
        }
    };
    Ok(match bytes {
        Some(bytes) => ItemRead::Item(MetadataItem { kind: item_kind, bytes }),
        None => ItemRead::LeftOut(item_kind),
    })
}

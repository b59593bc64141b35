//! Metadata items and how a chunk stores them: plain or deflated, whichever is shorter.
//!
//! Source: RFC 1951 (deflate).

use crate::tag::Kind;
use crate::{ContainerError, ContainerLimits};

const STORED: u8 = 0;
const DEFLATED: u8 = 1;

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
    pub(crate) fn chunk_kind(&self) -> Kind {
        match self {
            Self::Icc => Kind::Icc,
            Self::Exif => Kind::Exif,
            Self::Xmp => Kind::Xmp,
            Self::Named(_) => Kind::Named,
        }
    }
}

/// The chunk payload that stores `item`.
pub(crate) fn payload_from_item(item: &MetadataItem) -> Result<Vec<u8>, ContainerError> {
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
    let packed = miniz_oxide::deflate::compress_to_vec(&item.bytes, 9);
    let (method, bytes) =
        if packed.len() < item.bytes.len() { (DEFLATED, &packed) } else { (STORED, &item.bytes) };
    out.push(method);
    out.extend_from_slice(bytes);
    Ok(out)
}

/// The item that `payload`, of a chunk of `kind` whose payload starts at byte `at`, stores.
pub(crate) fn item_from_payload(
    kind: Kind,
    payload: &[u8],
    at: u64,
    limits: &ContainerLimits,
) -> Result<MetadataItem, ContainerError> {
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
        STORED => rest.to_vec(),
        DEFLATED => {
            let max = usize::try_from(limits.metadata_bytes_max).unwrap_or(usize::MAX);
            miniz_oxide::inflate::decompress_to_vec_with_limit(rest, max).map_err(|error| {
                match error.status {
                    miniz_oxide::inflate::TINFLStatus::HasMoreOutput => ContainerError::Limit {
                        what: "bytes of one metadata item",
                        max: limits.metadata_bytes_max,
                    },
                    _ => malformed("metadata does not unpack"),
                }
            })?
        }
        _ => {
            return Err(ContainerError::Unsupported {
                what: format!("metadata packing {method} at byte {at}"),
            });
        }
    };
    Ok(MetadataItem { kind: item_kind, bytes })
}

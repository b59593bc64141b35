//! The `.tin` file: a head, an index, sections of compressed data and metadata, each with a
//! checksum.
//!
//! In: bytes of a head and of sections that mean nothing to this crate, and metadata. Out: one
//! file; and back, from a stream or from something that seeks. [`write_file`] writes,
//! [`Reader`] reads in three steps: everything up to the data, the sections that the caller
//! wants, and what follows the data.
//!
//! It knows no pixels and no codecs, and never reads more than [`ContainerLimits`] allow. All
//! of it is bit-exact: the same parts give the same bytes.
//!
//! Source: our own format, described in docs/format/container.md.
//!
//! ```
//! use tintype_container::{ContainerLimits, Parts, Reader, SectionKey, SectionRef, write_file};
//!
//! let key = SectionKey { tile: 0, layer: 0 };
//! let parts = Parts { head: b"hd", sections: vec![SectionRef { key, bytes: b"data" }], ..Parts::default() };
//! let mut file = Vec::new();
//! write_file(&mut file, &parts).unwrap();
//! let expected = [
//!     0x89, b'T', b'I', b'N', 1, // magic, version
//!     0x80, 2, b'h', b'd', 0x36, 0x32, 0x7c, 0xee, // HEAD
//!     0xc2, 6, b'd', b'a', b't', b'a', 0x55, 0xe1, // DATA, the last chunk
//! ];
//! assert_eq!(file, expected);
//!
//! let mut reader = Reader::stream(&file[..], ContainerLimits::default()).unwrap();
//! assert_eq!(reader.head(), b"hd");
//! let data = reader.sections(|_| true).unwrap();
//! assert_eq!(data.sections[0].bytes, b"data");
//! ```
#![forbid(unsafe_code)]

mod checksum;
mod clip;
mod error;
mod index;
mod limits;
mod metadata;
mod read;
mod short;
mod tag;
mod varint;
mod write;

#[cfg(test)]
mod tests;

pub use checksum::crc_32c;
pub use clip::{CLIP_VERSION, ClipGroup, ClipReader, ClipWriter};
pub use error::ContainerError;
pub use index::{SectionEntry, SectionKey};
pub use limits::ContainerLimits;
pub use metadata::{Metadata, MetadataItem, PackedItem};
pub use read::{Data, Reader, SectionRead};
pub use short::{SHORT_HEAD_BYTES_MAX, SHORT_SECTION_BYTES_MAX, SHORT_VERSION, write_short_file};
pub use tag::UnknownChunk;
pub use varint::{read_varint, write_varint};
pub use write::{Parts, SectionRef, write_file};

/// The first four bytes of every file. The first is no ASCII, so that a file sent as text is
/// noticed.
///
/// ```
/// assert_eq!(tintype_container::MAGIC, *b"\x89TIN");
/// ```
pub const MAGIC: [u8; 4] = [0x89, b'T', b'I', b'N'];

/// The version of the format that this crate writes, the fifth byte.
pub const VERSION: u8 = 1;

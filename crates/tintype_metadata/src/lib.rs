//! The metadata of picture files in few bytes.
//!
//! [`pack`] codes any bytes under mixed contexts and matches. The matches reach back into a
//! dictionary of what picture files have in common ([`dictionary`]): JPEG headers, names in EXIF
//! and XMP, parts of ICC profiles. [`known_profile`] and [`profile_number`] go further: an ICC
//! profile that many files hold is a number.
//!
//! In: bytes; out: fewer bytes, and back. Everything is bit-exact and part of the format:
//! docs/format/metadata.md. No memory beyond the model's own and what was decoded: decoding
//! stops where the coded bytes end.
//!
//! ```
//! let exif = b"Exif\0\0II*\0\x08\0\0\0";
//! let packed = tintype_metadata::pack(exif);
//! assert!(packed.len() < exif.len());
//! assert_eq!(tintype_metadata::unpack(&packed, exif.len()), exif);
//! ```
//!
//! Source: context mixing and matches as in PAQ and lpaq (Mahoney, 2005 to 2007); the contexts and
//! the dictionary are our own.
#![forbid(unsafe_code)]

mod dictionary;
mod huffman_tables;
mod lines;
mod matches;
mod model;
mod profiles;

#[cfg(test)]
mod tests;

pub use dictionary::dictionary;
pub use huffman_tables::{HuffmanSpec, standard_huffman};
pub use profiles::{known_profile, profile_name, profile_number};

use model::ByteModel;
use tintype_entropy::{BitDecoder, BitEncoder, BitWalk};

/// `bytes` in few bytes; [`unpack`] gives them back.
///
/// ```
/// let text = b"xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"";
/// assert!(tintype_metadata::pack(text).len() < text.len() / 2);
/// ```
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = BitEncoder::new();
    let mut model = ByteModel::for_bytes(bytes.len());
    for byte in bytes {
        model.code(&mut encoder, *byte);
    }
    encoder.finish_determined()
}

/// The `len` bytes of which [`pack`] made `packed`; fewer where `packed` ends before.
pub fn unpack(packed: &[u8], len: usize) -> Vec<u8> {
    let mut decoder = BitDecoder::cut(packed);
    let mut model = ByteModel::for_bytes(len);
    let mut out = Vec::new();
    while out.len() < len {
        out.push(model.code(&mut decoder, 0));
        if decoder.exhausted() {
            break;
        }
    }
    out
}

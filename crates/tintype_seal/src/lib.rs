//! Sealed `.tin` files: pictures that only those can see who have a passphrase or a secret key.
//!
//! In: whole `.tin` files as bytes, and locks; out: one sealed file; and back, with keys, from a
//! stream or in any order of places. [`write_sealed`] writes, [`Front::read`] and [`Front::open`]
//! read. The sealed file shows its length, the lengths of its parts, and what kind of keys open them;
//! size, codec, metadata and samples of the picture lie inside.
//!
//! * [`Lock`]: closes files, for a [`Passphrase`] or for [`Recipient`]s. Its envelope is an age file
//!   (version 1), so that any program for age files gives out the key.
//! * [`Keys`]: open files, by passphrases and [`Identity`]s.
//! * [`Opened`]: the plain bytes of a part, which seek if the file does. No byte of a chunk leaves
//!   before the whole chunk was authenticated; a file that was cut, reordered, or put together of
//!   two gives an error.
//!
//! * [`SigningKey`], [`Signature`], [`Signer`]: who made a file, sealed or not.
//!
//! It knows no pixels and no codecs, and never writes a secret anywhere. The bytes are random by
//! nature: two files of one picture differ.
//!
//! Source: our own format, docs/format/seal.md, over the age format; docs/security.md says what is
//! promised and what is not.
#![forbid(unsafe_code)]

mod body;
mod error;
mod fields;
mod front;
mod identity;
mod lock;
mod locked;
mod passphrase;
mod primitives;
mod recipient;
mod sign;
mod ssh;
mod stanza;

#[cfg(test)]
mod tests;

pub use body::{Chunks, Opened, Part, SealedWriter, write_sealed};
pub use error::SealError;
pub use front::{CHUNK_BYTES, Front, PartInfo, SEALED_FORM};
pub use identity::Identity;
pub use lock::{Keys, Lock};
pub use locked::AskPassphrase;
pub use passphrase::{PASSPHRASE_WORK, PASSPHRASE_WORK_MAX, Passphrase};
pub use recipient::Recipient;
pub use sign::{Signature, Signer, SigningKey};
pub use zeroize::Zeroizing;

//! Model files: what a fitted or trained codec knows, named by its hash.
//!
//! Every model of every codec is one [`ModelFile`]: a head that names the codec, the hash of
//! the content, the payload (plain or entropy-coded), and a checksum. A stream names its model
//! by a [`ModelHash`], or carries the file itself. In: bytes. Out: the payload, whose meaning
//! belongs to the codec. Bit-exact. Format: docs/format/model.md.
//!
//! ```
//! use tintype_model::{ModelFile, ModelLimits};
//!
//! let file = ModelFile::new(200, 1, vec![7; 1000]);
//! let bytes = file.to_bytes();
//! assert!(bytes.len() < 100, "a payload of equal bytes packs well");
//!
//! let back = ModelFile::read(&bytes, &ModelLimits::default())?;
//! assert_eq!((back.codec(), back.payload()), (200, &[7; 1000][..]));
//! assert_eq!(back.hash().to_string(), "3fa9ac1af0997c20");
//! # Ok::<(), tintype_model::ModelError>(())
//! ```
#![forbid(unsafe_code)]

mod difference;
mod error;
mod file;
mod hash;
mod model;
mod pack;

pub use error::{ModelError, model_mismatch};
pub use file::{ModelFile, ModelHead, ModelLimits};
pub use hash::ModelHash;
pub use model::Model;

#[cfg(test)]
mod tests;

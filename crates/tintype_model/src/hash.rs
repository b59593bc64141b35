//! The name of a model, and the checksum of a file: starts of SHA-256. Source: FIPS 180-4; the
//! length is docs/decisions/0065-model-files.md.

use sha2::{Digest, Sha256};
use std::fmt;

/// The name of a model: the first eight bytes of the SHA-256 of its codec, payload version and
/// payload.
///
/// It does not depend on how the payload is packed. Displayed as sixteen hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelHash(pub [u8; Self::LEN_BYTES]);

impl ModelHash {
    /// Bytes of a hash in model files and streams.
    pub const LEN_BYTES: usize = 8;

    /// The hash of a model.
    pub fn of(codec: u8, version: u8, payload: &[u8]) -> Self {
        let digest = Sha256::new().chain_update([codec, version]).chain_update(payload).finalize();
        let mut hash = [0; Self::LEN_BYTES];
        hash.copy_from_slice(&digest[..Self::LEN_BYTES]);
        Self(hash)
    }

    /// The hash that `bytes` begin with, if there are enough of them.
    pub fn from_start_of(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().map(|bytes| Self(*bytes))
    }
}

impl fmt::Display for ModelHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Bytes of a file's checksum.
pub(crate) const CHECKSUM_BYTES: usize = 4;

/// The checksum of a file: the first bytes of the SHA-256 of all bytes before it.
pub(crate) fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256::digest(bytes);
    [digest[0], digest[1], digest[2], digest[3]]
}

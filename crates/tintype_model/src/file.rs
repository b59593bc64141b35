//! The file: head, stored payload, checksum. Format: docs/format/model.md.

use crate::difference;
use crate::hash::{CHECKSUM_BYTES, checksum};
use crate::pack::{Packing, packed, smallest, unpacked};
use crate::{ModelError, ModelHash};

/// What every model file begins with.
const MAGIC: [u8; 4] = *b"TINM";
/// Version of the head, the packings and the checksum.
const VERSION: u8 = 1;
/// Bytes before the stored payload.
const HEAD_BYTES: usize = 20;

/// What a reader accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelLimits {
    /// Largest payload in bytes, after unpacking.
    pub payload_bytes_max: usize,
}

impl Default for ModelLimits {
    /// 256 MiB: forty times the largest model of ours.
    fn default() -> Self {
        Self { payload_bytes_max: 256 << 20 }
    }
}

impl ModelLimits {
    /// For models that come with a picture, which a decoder has not chosen: 2 MiB.
    pub const SENT: Self = Self { payload_bytes_max: 2 << 20 };
}

/// What a model file says before its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelHead {
    /// Number of the codec that the model is for.
    pub codec: u8,
    /// Version of the payload, which the codec defines.
    pub version: u8,
    /// Bytes of the payload after unpacking.
    pub payload_bytes: usize,
    /// The name of the model, as the file gives it.
    pub hash: ModelHash,
    packing: Packing,
}

impl ModelHead {
    /// Reads the head alone: neither checksum nor hash is checked.
    ///
    /// # Errors
    /// `Truncated`, `Malformed` for bytes that are no model file, `Unsupported` for another version.
    pub fn read(bytes: &[u8]) -> Result<Self, ModelError> {
        if !bytes.starts_with(&MAGIC[..bytes.len().min(4)]) || bytes.is_empty() {
            return Err(ModelError::Malformed { what: "this is no model file".into(), at: None });
        }
        let Some(head) = bytes.first_chunk::<HEAD_BYTES>() else {
            return Err(ModelError::Truncated { needed: HEAD_BYTES - bytes.len() });
        };
        let &[_, _, _, _, file_version, codec, version, packing, ..] = head;
        if file_version != VERSION {
            let what = format!("model file version {file_version} (this program reads {VERSION})");
            return Err(ModelError::Unsupported { what });
        }

        let packing = Packing::from_number(packing)
            .ok_or_else(|| ModelError::Unsupported { what: format!("model file packing {packing}") })?;
        let mut hash = ModelHash::default();
        hash.0.copy_from_slice(&head[8..16]);
        let payload_bytes = u32::from_le_bytes([head[16], head[17], head[18], head[19]]) as usize;
        Ok(Self { codec, version, payload_bytes, hash, packing })
    }

    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([VERSION, self.codec, self.version, self.packing.number()]);
        bytes.extend(self.hash.0);
        bytes.extend((self.payload_bytes as u32).to_le_bytes());
        bytes
    }
}

/// A model: the codec it is for, and what that codec reads from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
    codec: u8,
    version: u8,
    hash: ModelHash,
    payload: Vec<u8>,
}

impl ModelFile {
    /// The model of codec number `codec` with `payload`, whose layout has `version`.
    pub fn new(codec: u8, version: u8, payload: Vec<u8>) -> Self {
        Self { codec, version, hash: ModelHash::of(codec, version, &payload), payload }
    }

    /// Reads a file and checks its checksum and hash.
    ///
    /// # Errors
    /// As [`ModelHead::read`]; `Mismatch` for a damaged file, `Limit`.
    pub fn read(bytes: &[u8], limits: &ModelLimits) -> Result<Self, ModelError> {
        Self::read_with_parent(bytes, limits, |_| None)
    }

    /// As [`ModelFile::read`], for a file that may be stored as differences to another model:
    /// `parent` gives the model of a hash, if it is at hand.
    ///
    /// # Errors
    /// As there, and `Mismatch` if the parent is not at hand.
    pub fn read_with_parent(
        bytes: &[u8],
        limits: &ModelLimits,
        parent: impl FnOnce(ModelHash) -> Option<Self>,
    ) -> Result<Self, ModelError> {
        let (head, checked, sum) = parts_of(bytes, limits)?;
        if checksum(checked) != sum {
            let what = "the checksum of the model file is wrong: it is damaged or cut off".into();
            return Err(ModelError::Mismatch { what });
        }
        let file = Self::unpack(head, checked, parent)?;
        if file.hash != ModelHash::of(file.codec, file.version, &file.payload) {
            let what = "the content of the model file does not fit its hash".into();
            return Err(ModelError::Mismatch { what });
        }
        Ok(file)
    }

    /// As [`ModelFile::read`] for a file inside the program: checksum and hash are taken as
    /// they stand, which saves two SHA-256. A test beside each built-in file reads it by
    /// [`ModelFile::read`].
    ///
    /// # Errors
    /// As there, but for `Mismatch`.
    pub fn read_built_in(bytes: &[u8], limits: &ModelLimits) -> Result<Self, ModelError> {
        let (head, checked, _) = parts_of(bytes, limits)?;
        Self::unpack(head, checked, |_| None)
    }

    fn unpack(
        head: ModelHead,
        checked: &[u8],
        parent: impl FnOnce(ModelHash) -> Option<Self>,
    ) -> Result<Self, ModelError> {
        let stored = &checked[HEAD_BYTES..];
        let payload = match head.packing {
            Packing::Differences => from_differences(&head, stored, parent)?,
            packing => unpacked(packing, stored, head.payload_bytes)?,
        };
        Ok(Self { codec: head.codec, version: head.version, hash: head.hash, payload })
    }

    /// The bytes of the file, packed where that saves much.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes_with(packed(&self.payload))
    }

    /// As [`ModelFile::to_bytes`], stored as differences to `parent`: few bytes for a model that was
    /// adapted from it, and a reader needs it.
    pub fn to_bytes_under(&self, parent: &Self) -> Vec<u8> {
        let stored = [&parent.hash.0[..], &difference::coded(&parent.payload, &self.payload)].concat();
        self.bytes_with((Packing::Differences, stored))
    }

    fn bytes_with(&self, (packing, stored): (Packing, Vec<u8>)) -> Vec<u8> {
        let head = ModelHead {
            codec: self.codec,
            version: self.version,
            payload_bytes: self.payload.len(),
            hash: self.hash,
            packing,
        };
        let mut bytes = head.to_bytes();
        bytes.extend(stored);
        bytes.extend(checksum(&bytes));
        bytes
    }

    /// As [`ModelFile::to_bytes`], for a file that goes into a stream: as few bytes as possible.
    ///
    /// # Errors
    /// `Limit` for a model beyond [`ModelLimits::SENT`].
    pub fn to_bytes_to_send(&self) -> Result<Vec<u8>, ModelError> {
        let max = ModelLimits::SENT.payload_bytes_max;
        if self.payload.len() > max {
            let what = "bytes of a model sent with its picture";
            return Err(ModelError::Limit { what, max: max as u64 });
        }
        Ok(self.bytes_with(smallest(&self.payload)))
    }

    /// The number of the codec that the model is for.
    pub fn codec(&self) -> u8 {
        self.codec
    }

    /// The name of the model.
    pub fn hash(&self) -> ModelHash {
        self.hash
    }

    /// What the codec reads.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload, if the model is for codec number `codec`, called `name`, and its layout
    /// has `version`.
    ///
    /// # Errors
    /// `Mismatch` for another codec's model, `Unsupported` for another version.
    pub fn payload_for(&self, codec: u8, name: &str, version: u8) -> Result<&[u8], ModelError> {
        if self.codec != codec {
            let what =
                format!("the model is for codec number {}, not for {name} (number {codec})", self.codec);
            return Err(ModelError::Mismatch { what });
        }
        if self.version != version {
            let what =
                format!("a {name} model of version {} (this program reads {version})", self.version);
            return Err(ModelError::Unsupported { what });
        }
        Ok(&self.payload)
    }
}

/// The payload that is `stored` as the hash of its parent and differences.
fn from_differences(
    head: &ModelHead,
    stored: &[u8],
    parent: impl FnOnce(ModelHash) -> Option<ModelFile>,
) -> Result<Vec<u8>, ModelError> {
    let Some((hash, stored)) = stored.split_first_chunk() else {
        return Err(ModelError::Truncated { needed: ModelHash::LEN_BYTES - stored.len() });
    };
    let hash = ModelHash(*hash);
    let parent = parent(hash).filter(|parent| parent.hash == hash && parent.codec == head.codec);
    let Some(parent) = parent else {
        let what = format!(
            "the model is stored as differences to model {hash}, which is not at hand: use the program that it was trained with"
        );
        return Err(ModelError::Mismatch { what });
    };
    difference::restored(&parent.payload, stored, head.payload_bytes).ok_or_else(|| {
        let what = "the differences of the model do not end where they should".into();
        ModelError::Malformed { what, at: None }
    })
}

/// The head of a file, the bytes that the checksum is of, and the checksum.
fn parts_of<'a>(
    bytes: &'a [u8],
    limits: &ModelLimits,
) -> Result<(ModelHead, &'a [u8], [u8; CHECKSUM_BYTES]), ModelError> {
    let head = ModelHead::read(bytes)?;
    if head.payload_bytes > limits.payload_bytes_max {
        let max = limits.payload_bytes_max as u64;
        return Err(ModelError::Limit { what: "bytes of a model", max });
    }
    match bytes.split_last_chunk::<CHECKSUM_BYTES>() {
        Some((checked, checksum)) if checked.len() >= HEAD_BYTES => Ok((head, checked, *checksum)),
        _ => Err(ModelError::Truncated { needed: HEAD_BYTES + CHECKSUM_BYTES - bytes.len() }),
    }
}

//! The codec's header: version, model hash, level. Bit-exact.
//!
//! 10 bytes: version 1, the eight bytes of the model's hash, the level.

use super::model::NeuralModel;
use tintype_codec::CodecError;
use tintype_model::{ModelHash, model_mismatch};

/// Version of the stream.
const VERSION: u8 = 1;
/// Bytes of the header.
const HEADER_BYTES: usize = 2 + ModelHash::LEN_BYTES;

/// The hash in a header, if there is one.
pub(super) fn model_hash(header: &[u8]) -> Option<ModelHash> {
    ModelHash::from_start_of(header.get(1..)?)
}

/// The header for `level` of `model`.
pub(super) fn write(model: &NeuralModel, level: usize) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend(model.hash.0);
    out.push(level as u8);
    out
}

/// The level, after checking that the stream was made with `model`.
pub(super) fn read(model: &NeuralModel, bytes: &[u8]) -> Result<usize, CodecError> {
    if let Some(&version) = bytes.first()
        && version != VERSION
    {
        return Err(CodecError::Unsupported {
            what: format!("neural stream of version {version} (this program reads {VERSION})"),
        });
    }
    if bytes.len() < HEADER_BYTES {
        return Err(CodecError::Truncated { needed: HEADER_BYTES - bytes.len() });
    }
    if bytes.len() > HEADER_BYTES {
        return Err(CodecError::Malformed {
            what: "bytes after the neural header".into(),
            at: Some(HEADER_BYTES),
        });
    }

    if let Some(needed) = model_hash(bytes)
        && needed != model.hash
    {
        return Err(model_mismatch(super::ID, needed, model.hash));
    }
    let level = usize::from(bytes[HEADER_BYTES - 1]);
    if level >= model.levels {
        return Err(CodecError::Malformed {
            what: format!("level {level} of a model with {} levels", model.levels),
            at: Some(HEADER_BYTES - 1),
        });
    }
    Ok(level)
}

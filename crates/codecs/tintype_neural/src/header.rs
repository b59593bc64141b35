//! The codec's header: version, model hash, level.
//!
//! 34 bytes: version 2, the first 32 bytes of the model's SHA-256, the level. Bit-exact.

use super::model::NeuralModel;
use tintype_codec::CodecError;

/// Version of the stream.
const VERSION: u8 = 2;
/// Bytes of the header.
pub(super) const HEADER_BYTES: usize = 34;

/// The header for `level` of `model`.
pub(super) fn write(model: &NeuralModel, level: usize) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend(model.hash);
    out.push(level as u8);
    out
}

/// The level, after checking that the stream was made with `model`.
pub(super) fn read(model: &NeuralModel, bytes: &[u8]) -> Result<usize, CodecError> {
    let [version, rest @ ..] = bytes else {
        return Err(CodecError::Truncated { needed: HEADER_BYTES });
    };
    if *version != VERSION {
        return Err(CodecError::Unsupported {
            what: format!("neural stream version {version} ({VERSION} is known)"),
        });
    }
    let Some((hash, [level])) = rest.split_first_chunk::<32>() else {
        if rest.len() > HEADER_BYTES {
            return Err(CodecError::Malformed {
                what: "bytes after the neural header".into(),
                at: Some(HEADER_BYTES),
            });
        }
        return Err(CodecError::Truncated {
            needed: (HEADER_BYTES - 1).saturating_sub(rest.len()).max(1),
        });
    };
    if *hash != model.hash {
        let hex =
            |hash: &[u8; 32]| hash[..6].iter().map(|b| format!("{b:02x}")).collect::<String>();
        let what = format!(
            "model {} is needed, {} ({}) is loaded: pass the right --model",
            hex(hash),
            hex(&model.hash),
            model.name
        );
        return Err(CodecError::Mismatch { what });
    }
    let level = usize::from(*level);
    if level >= model.levels {
        return Err(CodecError::Malformed {
            what: format!("level {level} of {}", model.levels),
            at: Some(33),
        });
    }
    Ok(level)
}

//! The ways in which reading a model file fails.

use crate::ModelHash;
use std::fmt;
use tintype_codec::{CodecError, CodecId};

/// What went wrong with a model file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum ModelError {
    /// The file ends early; at least `needed` more bytes were expected.
    Truncated { needed: usize },
    /// The file contradicts its format; `at` is a byte offset.
    Malformed { what: String, at: Option<usize> },
    /// A valid file that this program does not handle.
    Unsupported { what: String },
    /// More than the limits allow.
    Limit { what: &'static str, max: u64 },
    /// The checksum or the hash disagrees, or the model is another codec's.
    Mismatch { what: String },
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed } => {
                write!(f, "the model file ends early: {needed} more bytes expected")
            }
            Self::Malformed { what, at: Some(at) } => {
                write!(f, "malformed model file at byte {at}: {what}")
            }
            Self::Malformed { what, at: None } => write!(f, "malformed model file: {what}"),
            Self::Unsupported { what } => write!(f, "unsupported model file: {what}"),
            Self::Limit { what, max } => write!(f, "model file exceeds the limit on {what}, {max}"),
            Self::Mismatch { what } => write!(f, "{what}"),
        }
    }
}

impl std::error::Error for ModelError {}

/// The same word: a limit stays a limit, a truncation a truncation.
impl From<ModelError> for CodecError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Truncated { needed } => Self::Truncated { needed },
            ModelError::Malformed { what, at } => Self::Malformed { what, at },
            ModelError::Unsupported { .. } => Self::Unsupported { what: error.to_string() },
            ModelError::Limit { what, max } => Self::Limit { what, max },
            ModelError::Mismatch { what } => Self::Mismatch { what },
        }
    }
}

/// The error of a stream of `codec` that needs another model than the one at hand.
pub fn model_mismatch(codec: CodecId, needed: ModelHash, loaded: ModelHash) -> CodecError {
    CodecError::Mismatch {
        what: format!(
            "the file needs the {codec} model {needed}, and {loaded} is loaded; name the other with --model"
        ),
    }
}

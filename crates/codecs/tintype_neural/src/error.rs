//! Errors of the network as errors of the codec.

use tintype_codec::CodecError;
use tintype_nn::NnError;

/// The same word: a limit stays a limit, a truncation a truncation.
pub(super) fn from_nn(error: NnError) -> CodecError {
    match error {
        NnError::Truncated { needed } => CodecError::Truncated { needed },
        NnError::Malformed { what, at } => CodecError::Malformed { what, at },
        NnError::Unsupported { what } => CodecError::Unsupported { what },
        NnError::Limit { what, max } => CodecError::Limit { what, max },
        NnError::Mismatch { what } => CodecError::Mismatch { what },
        NnError::Misuse { what } => CodecError::Misuse { what },
        other => CodecError::Unsupported { what: other.to_string() },
    }
}

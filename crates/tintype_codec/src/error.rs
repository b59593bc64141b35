//! Errors of codecs.

use std::fmt;
use tintype_image::ImageError;

/// What a codec's functions return.
pub type Result<T> = std::result::Result<T, CodecError>;

/// What went wrong in a codec.
///
/// ```
/// use tintype_codec::CodecError;
/// use tintype_image::ImageError;
///
/// let error = CodecError::from(ImageError::Limit { what: "number of planes", max: 32 });
/// assert!(matches!(error, CodecError::Limit { max: 32, .. }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum CodecError {
    /// The payload ends early; at least `needed` more bytes were expected.
    Truncated { needed: usize },
    /// The payload contradicts its format; `at` is a byte offset in the header or section, where
    /// it is known.
    Malformed { what: String, at: Option<usize> },
    /// A valid input that this codec does not handle.
    Unsupported { what: String },
    /// More than the caller's limits allow.
    Limit { what: &'static str, max: u64 },
    /// A checksum or model hash disagrees.
    Mismatch { what: String },
    /// The caller's arguments make no sense together.
    Misuse { what: String },
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed } => {
                write!(f, "payload ends early: {needed} more bytes expected")
            }
            Self::Malformed { what, at: Some(at) } => {
                write!(f, "malformed payload at byte {at}: {what}")
            }
            Self::Malformed { what, at: None } => write!(f, "malformed payload: {what}"),
            Self::Unsupported { what } => write!(f, "unsupported: {what}"),
            Self::Limit { what, max } => write!(f, "payload exceeds the limit of {max} on {what}"),
            Self::Mismatch { what } => write!(f, "payload does not match: {what}"),
            Self::Misuse { what } => write!(f, "{what}"),
        }
    }
}

impl std::error::Error for CodecError {}

/// Keeps the kind of error: a limit stays a limit, a truncation a truncation.
impl From<ImageError> for CodecError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Truncated { needed } => Self::Truncated { needed },
            ImageError::Malformed { what, at } => Self::Malformed { what, at },
            ImageError::Unsupported { what } => Self::Unsupported { what },
            ImageError::Limit { what, max } => Self::Limit { what, max },
            ImageError::Mismatch { what } => Self::Mismatch { what },
            other => Self::Misuse { what: other.to_string() },
        }
    }
}

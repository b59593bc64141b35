//! What can end a fit.

use std::fmt;
use tintype_codec::CodecError;
use tintype_image::ImageError;

/// Why a fit ended.
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum FitError {
    /// A file could not be read.
    Io { file: String, error: std::io::Error },
    /// A file is no picture, or one outside the limits.
    Picture { file: String, error: ImageError },
    /// The codec refuses what was fitted.
    Codec(CodecError),
    /// The request makes no sense.
    Misuse { what: String },
    /// A training run ended before its end.
    Training { what: String },
}

impl fmt::Display for FitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { file, error } => write!(f, "{file}: {error}"),
            Self::Picture { file, error } => write!(f, "{file}: {error}"),
            Self::Codec(error) => write!(f, "{error}"),
            Self::Misuse { what } | Self::Training { what } => write!(f, "{what}"),
        }
    }
}

impl std::error::Error for FitError {}

impl From<CodecError> for FitError {
    fn from(error: CodecError) -> Self {
        Self::Codec(error)
    }
}

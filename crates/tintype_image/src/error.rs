//! Errors of pictures and picture files. `Io` comes only from readers and writers of files.

use std::fmt;

/// What went wrong with a picture or a picture file.
///
/// ```
/// use tintype_image::{ImageError, Limits, Shape};
///
/// let error = Shape::gray(70_000, 1, 8).check(&Limits::default()).unwrap_err();
/// assert!(matches!(error, ImageError::Limit { max: 65_535, .. }));
/// ```
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum ImageError {
    /// The input ends early; at least `needed` more bytes were expected.
    Truncated { needed: usize },
    /// The input contradicts its format; `at` is a byte offset, where it is known.
    Malformed { what: String, at: Option<usize> },
    /// A valid input with a feature that is not handled.
    Unsupported { what: String },
    /// More than the caller's [`crate::Limits`] allow.
    Limit { what: &'static str, max: u64 },
    /// A checksum or a declared size disagrees with the data.
    Mismatch { what: String },
    /// The caller's arguments make no sense together.
    Misuse { what: String },
    /// Reading or writing failed.
    Io(std::io::Error),
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed } => {
                write!(f, "picture ends early: {needed} more bytes expected")
            }
            Self::Malformed { what, at: Some(at) } => {
                write!(f, "malformed picture at byte {at}: {what}")
            }
            Self::Malformed { what, at: None } => write!(f, "malformed picture: {what}"),
            Self::Unsupported { what } => write!(f, "unsupported picture: {what}"),
            Self::Limit { what, max } => write!(f, "picture exceeds the limit of {max} on {what}"),
            Self::Mismatch { what } => write!(f, "picture does not match: {what}"),
            Self::Misuse { what } => write!(f, "{what}"),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for ImageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for ImageError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

//! The six ways in which a container fails, and `Io` from the stream under it.

use std::fmt;

/// What went wrong with a `.tin` file.
///
/// ```
/// use tintype_container::{ContainerError, ContainerLimits, Reader};
///
/// let error = Reader::stream(&b"\x89TI"[..], ContainerLimits::default()).map(|_| ()).unwrap_err();
/// assert!(matches!(error, ContainerError::Truncated { at: 3, .. }));
/// ```
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum ContainerError {
    /// The file ends at byte `at`, at least `needed` bytes too early.
    Truncated { needed: u64, at: u64 },
    /// The file contradicts its format at byte `at`.
    Malformed { what: String, at: u64 },
    /// A valid file that uses what this version does not know.
    Unsupported { what: String },
    /// More than the caller's [`crate::ContainerLimits`] allow.
    Limit { what: &'static str, max: u64 },
    /// A checksum disagrees: of what, and where it starts.
    Mismatch { what: String, at: u64 },
    /// The caller's arguments make no sense together.
    Misuse { what: String },
    /// The stream under the container failed.
    Io(std::io::Error),
}

impl fmt::Display for ContainerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed, at } => {
                write!(
                    f,
                    "the file ends at byte {at}, {needed} more bytes expected; it was cut off, fetch it again"
                )
            }
            Self::Malformed { what, at } => write!(f, "malformed .tin file at byte {at}: {what}"),
            Self::Unsupported { what } => {
                write!(f, "unsupported .tin file: {what}; a newer tintype may read it")
            }
            Self::Limit { what, max } => write!(f, ".tin file exceeds the limit on {what}, {max}"),
            Self::Mismatch { what, at } => {
                write!(
                    f,
                    "damaged .tin file: the checksum of {what} at byte {at} disagrees; fetch the file again"
                )
            }
            Self::Misuse { what } => write!(f, "wrong use: {what}"),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for ContainerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for ContainerError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

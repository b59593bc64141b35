//! Errors of entropy coding.

use std::fmt;

/// What went wrong with a code or a table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum EntropyError {
    /// The code ends early; at least `needed` more bytes were expected.
    Truncated { needed: usize },
    /// The code contradicts its format; `at` is a byte offset.
    Malformed { what: &'static str, at: Option<usize> },
    /// A valid input with a feature that is not handled.
    Unsupported { what: &'static str },
    /// More than the caller allows.
    Limit { what: &'static str, max: u64 },
    /// A checksum or a declared size disagrees with the data.
    Mismatch { what: &'static str },
    /// The caller's arguments make no sense together.
    Misuse { what: &'static str },
}

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed } => {
                write!(f, "code ends early: {needed} more bytes expected")
            }
            Self::Malformed { what, at: Some(at) } => {
                write!(f, "malformed code at byte {at}: {what}")
            }
            Self::Malformed { what, at: None } => write!(f, "malformed code: {what}"),
            Self::Unsupported { what } => write!(f, "unsupported code: {what}"),
            Self::Limit { what, max } => write!(f, "code exceeds the limit of {max} on {what}"),
            Self::Mismatch { what } => write!(f, "code does not match: {what}"),
            Self::Misuse { what } => write!(f, "{what}"),
        }
    }
}

impl std::error::Error for EntropyError {}

//! The six ways in which a model or a run of it fails.

use std::fmt;

/// What went wrong with a model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum NnError {
    /// The model file ends early; at least `needed` more bytes were expected.
    Truncated { needed: usize },
    /// The model file contradicts its format; `at` is a byte offset.
    Malformed { what: String, at: Option<usize> },
    /// A valid file that uses what we do not handle.
    Unsupported { what: String },
    /// More than the limits allow.
    Limit { what: &'static str, max: u64 },
    /// The hash disagrees.
    Mismatch { what: String },
    /// The caller's arguments make no sense together.
    Misuse { what: String },
}

impl fmt::Display for NnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed } => {
                write!(f, "model file ends early: {needed} more bytes expected")
            }
            Self::Malformed { what, at: Some(at) } => {
                write!(f, "malformed model file at byte {at}: {what}")
            }
            Self::Malformed { what, at: None } => write!(f, "malformed model file: {what}"),
            Self::Unsupported { what } => write!(f, "unsupported model: {what}"),
            Self::Limit { what, max } => write!(f, "model exceeds the limit on {what}, {max}"),
            Self::Mismatch { what } => write!(f, "model does not match: {what}"),
            Self::Misuse { what } => write!(f, "wrong use of a model: {what}"),
        }
    }
}

impl std::error::Error for NnError {}

//! The ways in which making or running a network fails.

use std::fmt;

/// What went wrong with a network.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum NnError {
    /// The bytes end early; at least `needed` more were expected.
    Truncated { needed: usize },
    /// The bytes contradict their format; `at` is a byte offset.
    Malformed { what: String, at: Option<usize> },
    /// A valid network that uses what we do not handle.
    Unsupported { what: String },
    /// More than the limits allow.
    Limit { what: &'static str, max: u64 },
    /// The caller's arguments make no sense together.
    Misuse { what: String },
}

impl fmt::Display for NnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed } => {
                write!(f, "the network ends early: {needed} more bytes expected")
            }
            Self::Malformed { what, at: Some(at) } => {
                write!(f, "malformed network at byte {at}: {what}")
            }
            Self::Malformed { what, at: None } => write!(f, "malformed network: {what}"),
            Self::Unsupported { what } => write!(f, "unsupported network: {what}"),
            Self::Limit { what, max } => write!(f, "network exceeds the limit on {what}, {max}"),
            Self::Misuse { what } => write!(f, "wrong use of a network: {what}"),
        }
    }
}

impl std::error::Error for NnError {}

//! The ways in which a comparison fails.

use std::fmt;

/// Why two things could not be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum MetricError {
    /// The two do not belong together.
    Mismatch { what: String },
    /// The caller's arguments make no sense.
    Misuse { what: String },
    /// A metric's library refused.
    Unsupported { what: String },
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch { what } => write!(f, "cannot compare: {what}"),
            Self::Misuse { what } => write!(f, "wrong use: {what}"),
            Self::Unsupported { what } => write!(f, "metric not available: {what}"),
        }
    }
}

impl std::error::Error for MetricError {}

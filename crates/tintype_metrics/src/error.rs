//! Errors of comparisons.

use std::fmt;
use tintype_image::ImageError;

/// Why two things could not be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum MetricError {
    /// The two do not belong together.
    Mismatch { what: String },
    /// The caller's arguments make no sense.
    Misuse { what: String },
    /// A metric cannot be computed for these pictures.
    Unsupported { what: String },
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch { what } => write!(f, "cannot compare: {what}"),
            Self::Misuse { what } => write!(f, "{what}"),
            Self::Unsupported { what } => write!(f, "metric not available: {what}"),
        }
    }
}

impl std::error::Error for MetricError {}

/// Keeps the kind of error where there is one of the same name.
impl From<ImageError> for MetricError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Mismatch { what } => Self::Mismatch { what },
            ImageError::Unsupported { what } => Self::Unsupported { what },
            ImageError::Misuse { what } => Self::Misuse { what },
            other => Self::Mismatch { what: other.to_string() },
        }
    }
}

//! Errors of the decoders of other crates as ours.

use crate::ImageError;

/// A decoder reads from memory, so that an I/O error is an early end. The limit is one that we
/// set.
macro_rules! decoder_errors {
    ($decoder:ty, $format:literal, $limit:ident => $what:literal $(, $pattern:pat => $value:expr)?) => {
        impl From<$decoder> for ImageError {
            fn from(error: $decoder) -> Self {
                type Error = $decoder;
                match error {
                    Error::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                        Self::Truncated { needed: 1 }
                    }
                    Error::$limit => Self::Limit { what: $what, max: 0 },
                    $($pattern => $value,)?
                    other => Self::Malformed { what: format!("{}: {other}", $format), at: None },
                }
            }
        }
    };
}

decoder_errors!(png::DecodingError, "PNG", LimitsExceeded => "bytes of PNG metadata and buffers");
decoder_errors!(
    image_webp::DecodingError, "WebP", MemoryLimitExceeded => "bytes of WebP metadata"
);
#[cfg(feature = "tiff")]
decoder_errors!(
    tiff::TiffError, "TIFF", LimitsExceeded => "bytes of one TIFF tag or strip",
    Error::UnsupportedError(e) => ImageError::Unsupported { what: format!("TIFF: {e}") }
);

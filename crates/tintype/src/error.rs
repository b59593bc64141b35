//! What can go wrong, and in which step.

use std::fmt;
use tintype_codec::{CodecError, CodecId};
use tintype_container::ContainerError;
use tintype_image::ImageError;

/// A step on the way from picture to file, or back: where a codec failed.
///
/// ```
/// use tintype::{Error, Models, Step};
///
/// let error = Models::default().add(b"no model").unwrap_err();
/// assert!(matches!(error, Error::Codec { step: Step::ReadModel, .. }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The codec coded.
    Encode(CodecId),
    /// The codec decoded.
    Decode(CodecId),
    /// A model of the user's own was read.
    ReadModel,
}

/// What went wrong in the library. [`std::error::Error::source`] has the error beneath.
///
/// ```
/// use tintype::{Decoder, Error};
///
/// let error = Decoder::from_stream(&b"something else"[..]).map(|_| ()).unwrap_err();
/// assert!(matches!(error, Error::Container(_)));
/// println!("{error}");
/// ```
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum Error {
    /// A picture, or its file, is not as it should be.
    Picture(ImageError),
    /// A codec failed.
    Codec { step: Step, error: CodecError },
    /// The `.tin` file is not as it should be.
    Container(ContainerError),
    /// The sealed file, or a key, is not as it should be; a wrong key is a `Mismatch`.
    #[cfg(feature = "seal")]
    Seal(tintype_seal::SealError),
    /// The file's head contradicts its format; `at` is a byte offset within the head.
    Malformed { what: String, at: Option<usize> },
    /// A valid file or request that this build does not handle.
    Unsupported { what: String },
    /// More than the caller's limits allow.
    Limit { what: &'static str, max: u64 },
    /// The caller's arguments make no sense together.
    Misuse { what: String },
}

/// Which of the seven words of failure an [`Error`] is, whatever part of the library it came from: what a
/// caller in another language tells errors apart by.
///
/// ```
/// use tintype::{Decoder, ErrorKind};
///
/// let error = Decoder::from_stream(&b"\x89TI"[..]).map(|_| ()).unwrap_err();
/// assert_eq!((error.kind(), error.kind().name()), (ErrorKind::Truncated, "truncated"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes end too early.
    Truncated,
    /// The bytes contradict their format.
    Malformed,
    /// Valid, but not known to this build.
    Unsupported,
    /// More than the caller's limits allow.
    Limit,
    /// A checksum, a model or a key is another than the one expected.
    Mismatch,
    /// The caller's arguments make no sense together.
    Misuse,
    /// Reading or writing failed.
    Io,
}

impl ErrorKind {
    /// The word in lower case.
    ///
    /// ```
    /// assert_eq!(tintype::ErrorKind::Misuse.name(), "misuse");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Unsupported => "unsupported",
            Self::Limit => "limit",
            Self::Mismatch => "mismatch",
            Self::Misuse => "misuse",
            Self::Io => "io",
        }
    }
}

/// The kind of an error of a lower crate, by the name of its variant.
macro_rules! kind_of {
    ($error:expr, $kind:ident $(, $io:ident)?) => {
        match $error {
            $kind::Truncated { .. } => ErrorKind::Truncated,
            $kind::Malformed { .. } => ErrorKind::Malformed,
            $kind::Limit { .. } => ErrorKind::Limit,
            $kind::Mismatch { .. } => ErrorKind::Mismatch,
            $kind::Misuse { .. } => ErrorKind::Misuse,
            $($kind::$io(_) => ErrorKind::Io,)?
            _ => ErrorKind::Unsupported,
        }
    };
}

impl Error {
    /// The word of failure, by which programs tell errors apart.
    ///
    /// ```
    /// use tintype::{ErrorKind, Picture};
    ///
    /// let error: tintype::Error = Picture::from_gray8(9, 9, &[0; 2]).unwrap_err().into();
    /// assert_eq!(error.kind(), ErrorKind::Misuse);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        #[cfg(feature = "seal")]
        use tintype_seal::SealError;
        match self {
            Self::Picture(error) => kind_of!(error, ImageError, Io),
            Self::Codec { error, .. } => kind_of!(error, CodecError),
            Self::Container(error) => kind_of!(error, ContainerError, Io),
            #[cfg(feature = "seal")]
            Self::Seal(error) => kind_of!(error, SealError, Io),
            Self::Malformed { .. } => ErrorKind::Malformed,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::Limit { .. } => ErrorKind::Limit,
            Self::Misuse { .. } => ErrorKind::Misuse,
        }
    }
}

/// What the library's functions return.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Picture(error) => write!(f, "{error}"),
            // A codec's misuse is the user's: the message says what to do, the step would only
            // distract.
            Self::Codec { error: CodecError::Misuse { what }, .. } => write!(f, "{what}"),
            Self::Codec { step: Step::Encode(codec), error } => {
                write!(f, "encoding with {}: {error}", codec.name())
            }
            Self::Codec { step: Step::Decode(codec), error } => {
                write!(f, "decoding with {}: {error}", codec.name())
            }
            Self::Codec { step: Step::ReadModel, error } => write!(f, "reading a model: {error}"),
            Self::Container(error) => write!(f, "{error}"),
            #[cfg(feature = "seal")]
            Self::Seal(error) => write!(f, "{error}"),
            Self::Malformed { what, at: Some(at) } => {
                write!(f, "malformed .tin file at byte {at} of its head: {what}")
            }
            Self::Malformed { what, at: None } => write!(f, "malformed .tin file: {what}"),
            Self::Unsupported { what } => write!(f, "unsupported: {what}"),
            Self::Limit { what, max } => write!(f, "more than the limit on {what}, {max}"),
            Self::Misuse { what } => write!(f, "{what}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Picture(error) => Some(error),
            Self::Codec { error, .. } => Some(error),
            Self::Container(error) => Some(error),
            #[cfg(feature = "seal")]
            Self::Seal(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ImageError> for Error {
    fn from(error: ImageError) -> Self {
        Self::Picture(error)
    }
}

#[cfg(feature = "seal")]
impl From<tintype_seal::SealError> for Error {
    fn from(error: tintype_seal::SealError) -> Self {
        Self::Seal(error)
    }
}

impl From<ContainerError> for Error {
    fn from(error: ContainerError) -> Self {
        Self::Container(error)
    }
}

//! What goes wrong with a sealed file.

tintype_error::errors! {
    /// What went wrong with a sealed file or a key. A wrong key and damage are told apart by the
    /// message; both are `Mismatch`.
    ///
    /// ```
    /// use tintype_seal::{SealError, Recipient};
    ///
    /// assert!(matches!(Recipient::parse("age1wrong"), Err(SealError::Malformed { .. })));
    /// ```
    #[derive(Debug)]
    pub enum SealError of "sealed file", text String, and Io(std::io::Error)
}

impl SealError {
    /// An error of what stands at byte `at`.
    pub(crate) fn malformed(what: impl Into<String>, at: usize) -> Self {
        Self::Malformed { what: what.into(), at: Some(at) }
    }

    /// As the error of a stream, so that a reader of plain bytes can pass it on.
    pub(crate) fn into_io(self) -> std::io::Error {
        match self {
            Self::Io(error) => error,
            other => std::io::Error::new(std::io::ErrorKind::InvalidData, other),
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, SealError>;

//! The library's errors as exceptions: one class for each of its words, the message unchanged.

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tintype::ErrorKind;

create_exception!(tintype, Error, PyValueError, "What went wrong in Tintype, and what to do.");
create_exception!(tintype, TruncatedError, Error, "The bytes end too early.");
create_exception!(tintype, MalformedError, Error, "The bytes contradict their format.");
create_exception!(tintype, UnsupportedError, Error, "Valid, but not known to this build.");
create_exception!(tintype, LimitError, Error, "More than the limits allow.");
create_exception!(
    tintype,
    MismatchError,
    Error,
    "A checksum, a model or a key is another than expected."
);
create_exception!(tintype, MisuseError, Error, "Arguments that make no sense together.");
create_exception!(tintype, IoError, Error, "Reading or writing failed.");

/// The exception of an error of the library.
pub fn raised(error: impl Into<tintype::Error>) -> PyErr {
    let error = error.into();
    exception(error.kind(), error.to_string())
}

/// The exception of a kind of error, with these words.
pub fn exception(kind: ErrorKind, text: String) -> PyErr {
    match kind {
        ErrorKind::Truncated => TruncatedError::new_err(text),
        ErrorKind::Malformed => MalformedError::new_err(text),
        ErrorKind::Limit => LimitError::new_err(text),
        ErrorKind::Mismatch => MismatchError::new_err(text),
        ErrorKind::Misuse => MisuseError::new_err(text),
        ErrorKind::Io => IoError::new_err(text),
        _ => UnsupportedError::new_err(text),
    }
}

/// The exception for arguments that make no sense.
pub fn misuse(what: impl Into<String>) -> PyErr {
    MisuseError::new_err(what.into())
}

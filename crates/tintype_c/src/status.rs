//! Statuses, and the message of each thread.

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tintype::ErrorKind;

/// `tin_status`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `TIN_OK`
    Ok = 0,
    /// `TIN_TRUNCATED`
    Truncated = 1,
    /// `TIN_MALFORMED`
    Malformed = 2,
    /// `TIN_UNSUPPORTED`
    Unsupported = 3,
    /// `TIN_LIMIT`
    Limit = 4,
    /// `TIN_MISMATCH`
    Mismatch = 5,
    /// `TIN_MISUSE`
    Misuse = 6,
    /// `TIN_IO`
    Io = 7,
    /// `TIN_INTERNAL`
    Internal = 8,
}

/// What a function could not do.
pub struct Failure {
    pub status: Status,
    pub text: String,
}

impl Failure {
    pub fn misuse(text: impl Into<String>) -> Self {
        Self { status: Status::Misuse, text: text.into() }
    }

    /// A pointer that must not be null is.
    pub fn null(name: &str) -> Self {
        Self::misuse(format!("{name} is NULL"))
    }
}

impl<E: Into<tintype::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let status = match error.kind() {
            ErrorKind::Truncated => Status::Truncated,
            ErrorKind::Malformed => Status::Malformed,
            ErrorKind::Limit => Status::Limit,
            ErrorKind::Mismatch => Status::Mismatch,
            ErrorKind::Misuse => Status::Misuse,
            ErrorKind::Io => Status::Io,
            _ => Status::Unsupported,
        };
        Self { status, text: error.to_string() }
    }
}

thread_local! {
    static MESSAGE: RefCell<CString> = RefCell::default();
}

/// Runs `work`, keeps the message of its failure, and lets no panic through.
pub fn guarded(work: impl FnOnce() -> Result<(), Failure>) -> Status {
    // What a panic leaves half done is dropped with `work`.
    let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let text = "a fault of Tintype; please report it with the file".into();
        Err(Failure { status: Status::Internal, text })
    });
    match outcome {
        Ok(()) => Status::Ok,
        Err(failure) => {
            let text = CString::new(failure.text.replace('\0', " ")).unwrap_or_default();
            MESSAGE.set(text);
            failure.status
        }
    }
}

/// The last message of this thread; empty at first.
pub fn message() -> *const c_char {
    MESSAGE.with_borrow(|text| text.as_ptr())
}

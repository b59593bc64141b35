//! What can go wrong in a sweep as a whole; a single run that fails is recorded and the sweep
//! goes on.

use std::path::PathBuf;

/// Why a sweep could not be done.
#[derive(Debug)]
#[non_exhaustive]
pub enum LabError {
    /// The options contradict each other or name something unknown.
    Misuse {
        /// What is wrong, and what is possible.
        what: String,
    },
    /// An input file is no picture, or one that cannot be used.
    Malformed {
        /// Which file, and why.
        what: String,
    },
    /// A program did not do what it was asked.
    Mismatch {
        /// Which program, and what it said.
        what: String,
    },
    /// The file system failed.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason it gave.
        source: std::io::Error,
    },
}

impl LabError {
    pub(crate) fn misuse(what: impl Into<String>) -> Self {
        Self::Misuse { what: what.into() }
    }

    pub(crate) fn mismatch(what: impl Into<String>) -> Self {
        Self::Mismatch { what: what.into() }
    }

    /// A closure that turns an I/O error at `path` into ours.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

impl std::fmt::Display for LabError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Misuse { what } | Self::Malformed { what } | Self::Mismatch { what } => {
                f.write_str(what)
            }
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

impl std::error::Error for LabError {}

//! Tintype for Python: the module `tintype._tintype` beneath the package in `python/`.
//!
//! In: buffers of samples (anything with the buffer protocol: NumPy arrays, bytes, memory maps), bytes of
//! files. Out: bytes, bytearrays that NumPy takes over without a copy, dictionaries. What is pleasant to use (arrays,
//! keyword arguments, plugins) is Python and lies in `python/tintype`. The interpreter is free while
//! pictures are encoded, decoded and compared. Errors are exceptions with the library's words.
#![deny(unsafe_code)]
#![allow(missing_docs)] // The macros of pyo3 make public items; python/tintype/_tintype.pyi documents them.

mod compare;
mod encode;
mod errors;
mod info;
mod picture;
mod samples;
mod train;

#[pyo3::pymodule]
mod _tintype {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::compare::compare;
    #[pymodule_export]
    use crate::encode::{
        encode, encode_file, encode_picture, jpeg_from_samples, pack_jpeg, unpack_jpeg,
    };
    #[pymodule_export]
    use crate::errors::{
        Error, IoError, LimitError, MalformedError, MismatchError, MisuseError, TruncatedError,
        UnsupportedError,
    };
    #[pymodule_export]
    use crate::info::{codecs, info};
    #[pymodule_export]
    use crate::picture::{Picture, decode, read_picture};
    #[pymodule_export]
    use crate::train::train;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

//! What block codecs share: internal planes, model rows, models sent with their pictures.
//!
//! In: planes of samples, and model files. Out: planes of internal samples (`i16`, 1/16 of an 8-bit step) and back, and
//! entries of fitted models as integers. Knows no codec; everything that decodes is bit-exact.
#![forbid(unsafe_code)]

mod internal;
mod model_rows;
mod sent_model;

pub use internal::{
    INTERNAL_MAX, InternalKind, internal_from_planes, internal_kinds, planes_from_internal,
};
pub use model_rows::{ENTRY_BITS, Reader};
pub use sent_model::{packed, unpacked};

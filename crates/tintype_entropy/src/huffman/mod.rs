//! Canonical prefix codes of limited length.
//!
//! In: counts or code lengths of up to 65 536 symbols. Out: a [`PrefixCode`] that writes to a
//! [`crate::bits::MsbWriter`] and reads from a [`crate::bits::MsbReader`]. Shorter codes are
//! smaller, codes of one length rise with the symbol, as in JPEG and DEFLATE.
//!
//! Bit-exact.
//!
//! Source: L. L. Larmore, D. S. Hirschberg, "A fast algorithm for optimal length-limited Huffman
//! codes" (1990); canonical order after E. S. Schwartz, B. Kallick (1964).

mod bytes;
mod code;
mod lengths;

pub use bytes::{packed_bytes, unpacked_bytes};
pub use code::PrefixCode;
pub use lengths::lengths_from_counts;

/// The longest code handled.
pub const LENGTH_MAX: u32 = 24;

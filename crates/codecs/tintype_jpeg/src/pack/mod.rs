//! Packing: JPEG files in fewer bytes, restored byte for byte. Format: docs/format/jpeg-repack.md.

mod bit_table;
mod buckets;
mod contexts;
mod dense_model;
mod distributions;
mod edge_projection;
mod edge_walk;
mod embedded;
mod expected_magnitudes;
mod fit;
mod inner_walk;
#[cfg(test)]
mod inside_tests;
mod mixed_bits;
mod neighbours;
mod payload;
mod plain_bytes;
mod priors;
mod priors_packing;
mod quick_model;
mod reconstruction;
mod segment_walk;
mod segments;
#[cfg(test)]
mod tests;

pub use embedded::embedded_files;
pub use fit::priors_from_files;
pub use payload::{Verify, pack, unpack};

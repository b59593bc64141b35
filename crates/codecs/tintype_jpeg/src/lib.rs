//! JPEG: real JPEG files written and read, and old ones repacked without losing a bit.
//!
//! * [`encode_jpeg`]: samples and metadata to file bytes.
//! * [`decode_jpeg`]: file bytes to samples and metadata.
//! * [`repack`], [`unpack`]: file bytes to a smaller payload, and the same bytes back.
//! * [`read_coefficients`]: file bytes to quantised coefficients.
//!
//! Bit-exact: reading, decoding and repacking. Source: ITU-T T.81 | ISO/IEC 10918-1.

mod arithmetic;
mod bits;
mod coefficients;
mod colour;
mod decode;
mod encode;
mod huffman;
mod idct;
mod lossless;
mod markers;
mod metadata;
mod progressive;
mod quant_tables;
mod read;
mod repack;
mod scan_decode;
mod scan_encode;
mod structure;
mod upsample;

pub use coefficients::ComponentBlocks;
pub use decode::{CmykOutput, DecodedJpeg, TakeRows, decode_jpeg, decode_jpeg_rows, shape_of_jpeg};
pub use encode::{JpegPlan, Sampling, encode_jpeg};
pub use read::{JpegCoefficients, read_coefficients};
pub use repack::{Verify, priors_from_files, repack, unpack};

#[cfg(test)]
mod tests;
use tintype_codec::CodecId;

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(1, "jpeg");

//! JPEG files: decoded, encoded, and packed without losing a bit.
//!
//! A complete JPEG codec in safe Rust: baseline, extended, progressive and lossless files,
//! Huffman or arithmetic-coded, 8 to 16 bits, any sampling, gray to CMYK. Decoding is bit-exact:
//! the same samples on every machine, those of libjpeg for files of 8 bits.
//!
//! # Decoding
//!
//! [`Decoder::new`] reads the headers; nothing is decoded yet.
//!
//! ```
//! # let file = include_bytes!("../../../../testdata/jpeg/baseline_420.jpg");
//! use tintype_jpeg::Decoder;
//!
//! let decoder = Decoder::new(file)?;
//! let info = decoder.info();
//! println!("{} × {} pixels, {} bits", info.width, info.height, info.bit_depth);
//!
//! let picture = decoder.decode()?;
//! let red = &picture.planes.planes[0];
//! println!("the first sample is {}", red.row(0)[0]);
//! for warning in &picture.warnings {
//!     println!("{warning}");
//! }
//! # Ok::<(), tintype_codec::CodecError>(())
//! ```
//!
//! [`Decoder::rows`] hands the same samples out by rows, and holds only two rows of MCUs of most
//! files:
//!
//! ```
//! # let file = include_bytes!("../../../../testdata/jpeg/baseline_420.jpg");
//! # use tintype_jpeg::Decoder;
//! let decoder = Decoder::new(file)?;
//! let mut reader = decoder.rows()?;
//! while let Some(rows) = reader.next_rows()? {
//!     for plane in &rows.planes {
//!         assert_eq!(plane.len(), rows.count * decoder.info().width);
//!     }
//! }
//! # Ok::<(), tintype_codec::CodecError>(())
//! ```
//!
//! # Encoding
//!
//! [`Encoder`] is a builder. [`Encoder::encode`] takes the planes of a picture of any depth,
//! gray, RGB, YCbCr or inks:
//!
//! ```
//! use tintype_codec::Tune;
//! use tintype_image::{Metadata, Planes, Shape};
//! use tintype_jpeg::{Encoder, Sampling};
//!
//! let mut picture = Planes::new(Shape::rgb(64, 64, 8));
//! picture.planes[0].row_mut(10).fill(255);
//! let metadata = Metadata { xmp: Some(b"<x:xmpmeta/>".to_vec()), ..Metadata::default() };
//!
//! let file = Encoder::new()
//!     .quality(85.0)
//!     .tune(Tune::Visual)
//!     .effort(7)
//!     .sampling(Sampling::Full)
//!     .metadata(&metadata)
//!     .encode(&picture)?;
//! assert_eq!(tintype_jpeg::Decoder::new(&file)?.metadata(), metadata);
//! # Ok::<(), tintype_codec::CodecError>(())
//! ```
//!
//! # Packing
//!
//! [`pack`] makes any JPEG file about a fifth smaller; [`unpack`] gives it back byte for byte. A
//! file that cannot be packed, be it broken or no JPEG at all, is stored.
//!
//! ```
//! # let file = &include_bytes!("../../../../testdata/jpeg/baseline_420.jpg")[..];
//! use tintype_codec::Exec;
//! use tintype_jpeg::{Verify, pack, unpack};
//!
//! let exec = Exec::default();
//! let payload = pack(file, 5, Verify::Yes, &exec);
//! let packed: usize = payload.sections.iter().map(|section| section.bytes.len()).sum();
//! assert!(packed < file.len() * 9 / 10);
//!
//! let again = unpack(&payload.header, &payload.section_views(), &exec)?;
//! assert_eq!(again, file);
//! # Ok::<(), tintype_codec::CodecError>(())
//! ```
//!
//! Source: ITU-T T.81 | ISO/IEC 10918-1; docs/format/jpeg-repack.md for packed files.

mod arithmetic;
mod arithmetic_bins;
mod arithmetic_encoder;
mod bits;
mod coefficients;
mod colour;
mod convert;
mod decoder;
mod encode;
mod frame;
mod huffman;
mod idct;
mod lossless;
mod markers;
mod metadata;
mod pack;
mod picture_shape;
mod progressive;
mod read;
mod row_reader;
mod row_stream;
mod scan_decode;
mod scan_encode;
mod scan_tables;
mod standard_tables;
mod structure;
mod upsample;

pub use coefficients::ComponentBlocks;
pub use decoder::{DecodedJpeg, Decoder, JpegInfo};
pub use encode::{Encoder, EncoderParams, Sampling};
pub use frame::Process;
pub use pack::{Verify, embedded_files, pack, priors_from_files, unpack};
pub use picture_shape::{CmykOutput, JpegColour};
pub use row_reader::{RowReader, Rows};

#[cfg(test)]
mod tests;

use tintype_codec::CodecId;

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(1, "jpeg");

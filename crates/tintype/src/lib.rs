//! Tintype, the library: pictures to `.tin` files and back.
//!
//! Decoding is exact: the same file gives the same samples on every machine, with any number of
//! threads. Any bytes give a picture or an [`Error`], within [`Limits`]. Nothing is global.
//!
//! # Encode
//!
//! A [`Picture`] comes from a buffer of interleaved samples: gray, RGB or RGBA, 8 or 16 bits,
//! with or without a stride. An [`Encoder`] makes a file of it.
//!
//! ```
//! use tintype::{Encoder, Goal, Picture};
//!
//! let (width, height) = (64, 48);
//! let pixels: Vec<u8> = (0..width * height * 3).map(|i| (i / 40) as u8).collect();
//! let picture = Picture::from_rgb8(width, height, &pixels)?;
//!
//! let tin = Encoder::new().quality(75.0).effort(5).encode(&picture)?;
//! println!("{} bytes by codec {}", tin.bytes.len(), tin.codec);
//!
//! let exact = Encoder::lossless().encode(&picture)?;
//! let small = Encoder::new().goal(Goal::SizeBytes(1_500)).encode(&picture)?;
//! assert!(small.bytes.len() <= 1_500);
//! # let _ = exact;
//! # Ok::<(), tintype::Error>(())
//! ```
//!
//! # Decode
//!
//! A [`Decoder`] reads the head when it is made, and decodes when it is asked to.
//! [`Decoder::new`] takes what seeks, such as a `File`; [`Decoder::from_stream`] takes
//! anything that reads.
//!
//! ```
//! use std::io::Cursor;
//! use tintype::{Decoder, Encoder, Picture};
//!
//! let picture = Picture::from_rgb8(64, 48, &[120; 64 * 48 * 3])?;
//! let tin = Encoder::lossless().encode(&picture)?;
//!
//! let decoder = Decoder::new(Cursor::new(&tin))?;
//! println!("{:?}", decoder.info());
//! let pixels: Vec<u8> = decoder.decode()?.picture.to_rgb8()?;
//! assert_eq!(pixels, [120; 64 * 48 * 3]);
//! # Ok::<(), tintype::Error>(())
//! ```
//!
//! # Parts and smaller pictures
//!
//! Sections that a part does not need are not read.
//!
//! ```
//! use std::io::Cursor;
//! use tintype::{Decoder, Encoder, Picture, Region};
//!
//! let tin = Encoder::new().encode(&Picture::from_gray8(64, 64, &[120; 64 * 64])?)?;
//! let part = Region { x: 32, y: 0, width: 32, height: 16 };
//! let small = Decoder::new(Cursor::new(&tin))?.scale(2).region(part).decode()?.picture;
//! assert_eq!((small.width(), small.height()), (16, 8));
//! # Ok::<(), tintype::Error>(())
//! ```
//!
//! # While the file arrives
//!
//! A [`ProgressiveDecoder`] gives a better picture each time more bytes came, for codecs whose
//! stream is embedded ([`codec::WAVELET`]); for others it gives one picture at the end.
//!
//! ```
//! use tintype::{Encoder, Picture, ProgressiveDecoder, codec};
//!
//! let picture = Picture::from_gray8(64, 64, &[120; 64 * 64])?;
//! let tin = Encoder::new().codec(codec::WAVELET).encode(&picture)?;
//! let mut decoder = ProgressiveDecoder::new();
//! for piece in tin.bytes.chunks(64) {
//!     if let Some(better) = decoder.push(piece)? {
//!         println!("{} warnings; next: {:?}", better.warnings.len(), decoder.need());
//!     }
//! }
//! # Ok::<(), tintype::Error>(())
//! ```
//!
//! # Picture files
//!
//! [`Encoder::encode_file`] takes the bytes of a PNG, JPEG, TIFF, WebP, PNM or y4m file.
//! [`files::read_picture`] and [`files::write_picture`] go from and to pictures, and
//! [`Encoder::encode_jpeg`] makes real JPEG files. A JPEG file that shall lose nothing is
//! packed in fewer bytes and comes back byte for byte.
//!
//! ```
//! use tintype::{Decoder, Encoder, Picture, files};
//!
//! let picture = Picture::from_gray8(16, 16, &[120; 256])?;
//! let png = files::write_picture(files::PictureFormat::Png, &picture)?;
//! let tin = Encoder::lossless().encode_file(&png)?;
//! assert_eq!(Decoder::from_stream(&tin.bytes[..])?.decode()?.picture, picture);
//!
//! let jpeg = Encoder::new().encode_jpeg(&picture)?.into_bytes();
//! let packed = Encoder::lossless().encode_file(&jpeg)?;
//! assert_eq!(Decoder::from_stream(&packed.bytes[..])?.unpack_jpeg()?, Some(jpeg));
//! # Ok::<(), tintype::Error>(())
//! ```
//!
//! # Models
//!
//! Some codecs code with a model that was fitted to pictures. Each has one built in; `tintype
//! train` fits others, which [`Models`] reads. A file names its model by a hash, or carries it
//! ([`Models::add_to_send`]).
//!
//! ```no_run
//! use tintype::{Decoder, Encoder, Models, Picture};
//!
//! let mut models = Models::default();
//! let codec = models.add(&std::fs::read("mine.tinmodel")?)?;
//! let picture = Picture::from_gray8(16, 16, &[120; 256])?;
//! let tin = Encoder::new().codec(codec).models(models.clone()).encode(&picture)?;
//! let back = Decoder::from_stream(&tin.bytes[..])?.models(models).decode()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Errors and warnings
//!
//! [`Error`] says what is wrong, where, and what to do. What went less than perfectly is in
//! `warnings` beside the result, as [`Warning`]s.
//!
//! ```
//! use tintype::{Decoder, Encoder, Picture, Warning, codec};
//!
//! assert!(Picture::from_rgb8(64, 48, &[0; 10]).is_err());
//!
//! let picture = Picture::from_gray8(64, 64, &[120; 64 * 64])?;
//! let mut file = Encoder::new().codec(codec::WAVELET).encode(&picture)?.into_bytes();
//! file.pop();
//! let decoded = Decoder::from_stream(&file[..])?.decode()?;
//! assert!(matches!(decoded.warnings[..], [Warning::CutOff { .. }]));
//! # Ok::<(), tintype::Error>(())
//! ```
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `jpeg`, `wavelet`, `lossless`, `cluster`, `photo`, `sparse`, `neural`, `planes` | a codec each |
//! | `models` | the models of `cluster`, `photo` and `sparse` |
//! | `neural-model` | the model of `neural`, 7 MB; not on by default |
//! | `files` | picture files |
//! | `tiff` | TIFF among them |
//! | `metrics` | goals of PSNR and SSIMULACRA2 |
//! | `deflate` | packed metadata |
//! | `seal` | sealed files |
//!
//! The smallest build, `default-features = false` with one codec, needs no crates but ours and
//! the SIMD crate.
//!
//! The file's layout: docs/format/container.md. The content of the HEAD chunk is written and
//! read here.
#![forbid(unsafe_code)]

#[cfg(feature = "video")]
mod clip;
mod decode;
mod decoder;
mod depth;
mod encode;
mod encoder;
mod error;
mod facts;
#[cfg(any(feature = "files", feature = "jpeg"))]
pub mod files;
mod frame;
mod goal;
mod head;
mod info;
mod input;
mod items;
mod metric;
mod opacity;
mod options;
mod progressive;
mod rate;
mod reduce;
mod registry;
#[cfg(feature = "seal")]
mod seal;
#[cfg(feature = "seal")]
mod sealing;
mod warning;

#[cfg(test)]
mod tests;

#[cfg(feature = "video")]
pub use clip::{ClipDecoder, ClipEncoder, ClipInfo, holds_clip, is_clip};
pub use decode::Decoded;
pub use decoder::Decoder;
pub use depth::{split_depth, with_depth};
pub use encode::Encoded;
pub use encoder::Encoder;
pub use error::{Error, ErrorKind, Step};
pub use goal::Goal;
pub use info::{Contents, Info, MetadataInfo, ModelName};
pub use options::DecodeOptions;
pub use progressive::{Need, ProgressiveDecoder};
pub use registry::ids as codec;
pub use registry::{Models, ShippedModel, codec_for_photos, heeds_tune, shipped_model};
#[cfg(feature = "seal")]
pub use seal::Seal;
pub use warning::Warning;

#[cfg(feature = "jpeg")]
pub use registry::jpeg_files::Verify;
#[cfg(feature = "planes")]
pub use registry::within_error;
pub use tintype_codec::{CodecError, CodecId, CodedPart, Tune};
pub use tintype_container::{ContainerError, MAGIC};
pub use tintype_image::filter::Denoise;
pub use tintype_image::{
    ColourModel, ImageError, Level, Limits, Metadata, Picture, Plane, PlaneInfo, PlaneRole, Planes,
    Region, Shape, Threads, YCbCrMatrix,
};
#[cfg(feature = "seal")]
pub use tintype_seal::{
    Front, Identity, Keys, Lock, PASSPHRASE_WORK, PASSPHRASE_WORK_MAX, PartInfo, Passphrase, Recipient,
    SEALED_FORM, SealError, Signature, Signer, SigningKey, Zeroizing,
};

/// The codecs of this build as their contract has them, for tests and laboratory tools.
#[doc(hidden)]
pub fn codec_of_build(id: CodecId) -> Option<&'static dyn tintype_codec::Codec> {
    registry::built_in::codec(id)
}

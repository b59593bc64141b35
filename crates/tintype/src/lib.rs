//! Tintype, the library: pictures to `.tin` files and back.
//!
//! This is the one place that knows the order of the steps: picture, codec, container. [`encode`] turns a [`Picture`]
//! into the bytes of a file, [`decode`] turns a file, whole or cut off, into a picture, or a smaller picture, or a part
//! of one; [`inspect`] tells what a file holds without decoding it.
//!
//! Decoding is exact: the same file gives the same samples on every machine, with any number of threads. What an
//! operation may use (threads, SIMD level, limits) is in [`ExecOptions`]; nothing is global. Any bytes give `Ok` or an [`Error`].
//!
//! The file's layout: docs/format/container.md. The HEAD chunk's content is written and read here.
#![forbid(unsafe_code)]

mod decode;
mod depth;
mod encode;
mod error;
mod head;
mod inspect;
mod jpeg_file;
mod rate;
mod reduce;
mod registry;
mod repack;

#[cfg(test)]
mod tests;

pub use decode::{Decoded, decode, decode_stream, decode_stream_with_models, decode_with_models};
pub use depth::{split_depth, with_depth};
pub use encode::{EncodeOptions, Encoded, Goal, encode, encode_file, encode_with_models};
pub use error::{Error, Step};
pub use inspect::{Info, MetadataInfo, inspect, inspect_stream};
pub use jpeg_file::jpeg_from_picture;
pub use registry::{
    JPEG, Models, ShippedModel, built_in, codec_for_photos, codec_named, codec_of_model, codecs,
    shipped_model,
};
pub use repack::{
    decode_jpeg_file, decode_jpeg_file_rows, is_jpeg, pack_jpeg, read_picture,
    read_picture_with_warnings, unpack_jpeg,
};
pub use tintype_codec::{CodecId, DecodeRequest, EncodeSettings, ExecOptions, Target, Tune};
pub use tintype_container::MAGIC;
pub use tintype_image::filter::Denoise;
pub use tintype_image::{
    ColourModel, Level, Limits, Metadata, Picture, Plane, PlaneInfo, PlaneRole, Planes, Region,
    Shape, Threads, YCbCrMatrix,
};
pub use tintype_jpeg::Verify;
pub use tintype_planes::within_error;

//! Clips: pictures that are predicted from pictures around them.
//!
//! A group of pictures is coded at a time, and needs nothing of other groups. Its first picture is predicted from
//! itself. The others are predicted from two to four pictures before and after them, in an order in which the middle
//! of each interval comes after its ends. What is left goes through an integer DCT, and all symbols through an adaptive
//! range coder under mixed contexts.
//!
//! In: [`Frame`]s of one or three planes of 8 to 12 bits, in one [`Format`]. Out: the bytes of a group, and back.
//! Decoding is bit-exact: integers, the same samples on every machine, at every SIMD level, with any number
//! of threads. Any bytes give pictures or an error. Nothing here knows of files: the container holds groups, the hall
//! makes them.
//!
//! | step | module |
//! |---|---|
//! | order of coding, references | `order` |
//! | superblocks of 64, blocks down to 8 | `walk`, `leaf` |
//! | vectors, candidates | `motion`, `candidates` |
//! | prediction from references, from the picture itself | `compensate`, `intra` |
//! | DCT of 4 to 32, steps | `transform` |
//! | symbols and contexts | `symbols` |
//! | smoothing of edges | `deblock` |
//! | the encoder's choices, in floats | `search` |
//!
//! The format is described in docs/format/video.md, with its sources. Methods are old ones or those of royalty-free
//! standards (docs/decisions/0074).
//!
//! ```
//! use tintype_codec::Exec;
//! use tintype_image::{Limits, Planes, Shape};
//! use tintype_video::{Format, Frame, GroupDecoder, GroupSettings, encode_frames};
//!
//! let shape = Shape::gray(64, 48, 8);
//! let format = Format::of(&shape, &Limits::default())?;
//! let frames = vec![Frame::padded(&Planes::new(shape.clone()), &format); 5];
//! let bytes = encode_frames(frames, &format, &GroupSettings::of_quality(75.0, 5), &Exec::default());
//! assert!(bytes.len() < 100);
//!
//! let mut decoder = GroupDecoder::new(bytes, &format, &Exec::default())?;
//! assert_eq!(decoder.count(), 5);
//! let first = decoder.next_span()?;
//! assert_eq!(first[0].cropped(&shape), Planes::new(shape));
//! # Ok::<(), tintype_codec::CodecError>(())
//! ```
#![forbid(unsafe_code)]

mod candidates;
mod compensate;
mod deblock;
mod decode;
mod encode;
mod exact;
mod frame;
mod group;
mod intra;
mod leaf;
mod motion;
mod order;
mod reconstruct;
mod search;
mod symbols;
mod transform;
mod walk;

#[cfg(test)]
mod tests;

pub use decode::GroupDecoder;
pub use encode::{CutFinder, GroupSettings, encode_frames};
pub use exact::{ExactDecoder, ExactEncoder};
pub use frame::{Format, Frame};

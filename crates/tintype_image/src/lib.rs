//! Planes of samples, what they mean, and picture files in and out.
//!
//! In: picture files, or samples from the caller. Out: [`Picture`]: a [`Shape`], one [`Plane`] of `u16` samples for
//! each plane it names (range `0..2^bit_depth`), and [`Metadata`]. This crate never compresses anything of ours.

#![forbid(unsafe_code)]

mod buffers;
pub mod colour;
mod error;
pub mod filter;
mod geometry;
mod hash;
#[cfg(feature = "io")]
pub mod io;
mod limits;
mod picture;
mod plane;

pub use error::ImageError;
pub use fearless_simd::Level;
pub use geometry::{Region, TileGrid, planes_cropped, reduced_len};
pub use hash::sample_hash;
pub use limits::{Limits, Threads};
pub use picture::{
    ColourModel, Metadata, Picture, PlaneInfo, PlaneRole, Planes, Shape, YCbCrMatrix,
};
pub use plane::Plane;

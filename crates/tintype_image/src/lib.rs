//! Pictures as planes of samples, colour conversion, geometry, and picture files.
//!
//! A [`Picture`] is [`Planes`] and [`Metadata`]. [`Planes`] are a [`Shape`] (size, colour model,
//! list of planes) and one [`Plane`] of `u16` samples, range `0..2^bit_depth`, for each plane in
//! the list.
//!
//! ```
//! use tintype_image::colour::ycbcr_from_rgb;
//! use tintype_image::{Level, Planes, Region, Shape, YCbCrMatrix, planes_cropped};
//!
//! let mut planes = Planes::new(Shape::rgb(640, 480, 8));
//! planes.planes[0].row_mut(100)[200] = 255;
//!
//! let part = planes_cropped(&planes, Region { x: 192, y: 96, width: 16, height: 16 })?;
//! assert_eq!(part.planes[0].row(4)[8], 255);
//!
//! let ycbcr = ycbcr_from_rgb(&part, YCbCrMatrix::Bt601, Level::new())?;
//! assert_eq!(ycbcr.planes[0].row(4)[8], 76);
//! assert_eq!(ycbcr.planes[2].row(4)[8], 255);
//! # Ok::<(), tintype_image::ImageError>(())
//! ```
//!
//! With the feature `io` (on by default), [`mod@io`] reads and writes PNG, JPEG, PNM, PAM,
//! TIFF, DICOM, WebP and Y4M, and reads GIF and BMP:
//!
//! ```
//! # #[cfg(feature = "io")] {
//! use tintype_image::Limits;
//! use tintype_image::io::{PictureFormat, read_picture, write_picture};
//!
//! let picture = read_picture(b"P2 3 1 255 0 128 255", &Limits::default())?;
//! assert_eq!(picture.planes.planes[0].row(0), [0, 128, 255]);
//! let png = write_picture(PictureFormat::Png, &picture)?;
//! assert_eq!(read_picture(&png, &Limits::default())?, picture);
//! # }
//! # Ok::<(), tintype_image::ImageError>(())
//! ```
//!
//! Further modules: [`colour`] converts between colour models, chroma samplings and depths;
//! [`filter`] denoises before encoding; [`Region`], [`TileGrid`] and [`reduced_len`] are the
//! geometry that all codecs share.

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
mod region;
mod shrink;

pub use error::ImageError;
pub use fearless_simd::Level;
pub use geometry::{TileGrid, planes_cropped};
pub use hash::sample_hash;
pub use limits::{Limits, Threads};
pub use picture::{ColourModel, Metadata, Picture, PlaneInfo, PlaneRole, Planes, Shape, YCbCrMatrix};
pub use plane::Plane;
pub use region::{Region, reduced_len};
pub use shrink::planes_shrunk;

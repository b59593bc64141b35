//! Picture files of other formats: read, written, and JPEG files packed as they are.
//!
//! In: the bytes of a file; out: a picture, or a `.tin` file that gives the JPEG file back.

#[cfg(feature = "jpeg")]
pub(crate) mod jpeg;
#[cfg(all(feature = "files", feature = "jpeg"))]
mod jpeg_inside;
#[cfg(all(feature = "files", feature = "jpeg"))]
mod jpeg_parts;
#[cfg(feature = "jpeg")]
pub(crate) mod packed;
#[cfg(feature = "files")]
pub(crate) mod read;
#[cfg(feature = "files")]
mod sniff;

#[cfg(all(feature = "files", feature = "jpeg"))]
pub use jpeg_inside::jpeg_inside;
#[cfg(all(feature = "files", feature = "jpeg"))]
pub use read::read_jpeg_rows;
#[cfg(feature = "files")]
pub use read::{FilePicture, read_picture};
#[cfg(feature = "files")]
pub use sniff::is_jpeg;
#[cfg(feature = "files")]
pub use tintype_image::io::{PictureFormat, write_picture};

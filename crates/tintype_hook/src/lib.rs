//! `.tin` files in the crate `image`: one call, and its readers open them.
//!
//! ```
//! use image::ExtendedColorType::Rgb8;
//! use tintype_hook::TinEncoder;
//!
//! tintype_hook::register();
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("photo.tin");
//! let pixels = image::RgbImage::from_fn(64, 48, |x, y| image::Rgb([x as u8 * 3, y as u8 * 4, 90]));
//! let file = std::fs::File::create(&path)?;
//! pixels.write_with_encoder(TinEncoder::new(file).with(tintype::Encoder::lossless()))?;
//!
//! assert_eq!(image::open(&path)?.into_rgb8(), pixels);
//! # let _ = Rgb8;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In: what `image` reads from, pixels that it has. Out: pixels of 8 or 16 bits, gray to RGBA; ICC profile, EXIF, XMP.
//! Pictures of bands without colour have no place there and are refused.
#![forbid(unsafe_code)]

mod decoder;
mod encoder;

pub use decoder::TinDecoder;
pub use encoder::TinEncoder;

/// Tells `image` of `.tin` files, for the whole process: `image::open` knows the extension, `ImageReader` the first
/// bytes. Says whether it did; a second call finds it done.
///
/// ```
/// assert!(tintype_hook::register());
/// assert!(!tintype_hook::register());
/// ```
pub fn register() -> bool {
    let done = image::hooks::register_decoding_hook(
        "tin".into(),
        Box::new(|reader| Ok(Box::new(TinDecoder::new(reader)?))),
    );
    if done {
        image::hooks::register_format_detection_hook("tin".into(), &tintype::MAGIC, None);
    }
    done
}

//! Clips: pictures in, bytes out, and back, a group of pictures at a time.

mod decode;
mod encode;
mod info;
#[cfg(feature = "seal")]
mod sealed;

pub use decode::{ClipDecoder, holds_clip};
pub use encode::ClipEncoder;
pub use info::ClipInfo;

use tintype_container::{CLIP_VERSION, MAGIC};

/// Whether the first bytes of a file are those of a clip.
///
/// ```
/// assert!(tintype::is_clip(b"\x89TIN\x04..."));
/// assert!(!tintype::is_clip(b"\x89TIN\x01..."));
/// ```
pub fn is_clip(head: &[u8]) -> bool {
    head.len() > 4 && head[..4] == MAGIC && head[4] == CLIP_VERSION
}

//! What a file is, by its first bytes.

/// Whether `file` begins as a JPEG file does, sound or not.
///
/// ```
/// assert!(tintype::files::is_jpeg(&[0xff, 0xd8, 0xff]));
/// ```
pub fn is_jpeg(file: &[u8]) -> bool {
    file.starts_with(&[0xff, 0xd8])
}

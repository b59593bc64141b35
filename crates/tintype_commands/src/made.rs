//! Which results this program made from which inputs: a result that is still as it was made may be replaced
//! by a newer one of the same input, and no other file may.
//!
//! The mark is an extended attribute of the result. Where a file system has none, or a copy left it behind,
//! the file counts as somebody else's.

use crate::files::Place;
use std::path::Path;

/// Marks `output` as made from `input`. Called when the file is complete and has its time.
pub fn mark_made_from(output: &Path, input: &Path) {
    if let Some(mark) = mark(output, input) {
        write(output, &mark);
    }
}

/// Whether `output` was made from `input` and not changed since.
pub fn is_made_from(output: &Path, input: &Place) -> bool {
    let Place::File(input) = input else { return false };
    mark(output, input).is_some_and(|mark| read(output) == Some(mark))
}

/// What the attribute holds: a hash of the input's whole name, the output's length and its time.
type Mark = [u8; 24];

fn mark(output: &Path, input: &Path) -> Option<Mark> {
    let name = input.canonicalize().ok()?;
    let data = std::fs::metadata(output).ok()?;
    let time = data.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    // FNV-1a.
    let hash =
        name.as_os_str().as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let mut mark = [0; 24];
    mark[..8].copy_from_slice(&hash.to_le_bytes());
    mark[8..16].copy_from_slice(&data.len().to_le_bytes());
    mark[16..].copy_from_slice(&(time.as_nanos() as u64).to_le_bytes());
    Some(mark)
}

/// Name of the attribute.
#[cfg(any(target_os = "linux", target_os = "macos", target_os = "android"))]
const ATTRIBUTE: &str = "user.tintype.made-from";

#[cfg(any(target_os = "linux", target_os = "macos", target_os = "android"))]
fn write(path: &Path, mark: &Mark) {
    let _ = rustix::fs::setxattr(path, ATTRIBUTE, mark, rustix::fs::XattrFlags::empty());
}

#[cfg(any(target_os = "linux", target_os = "macos", target_os = "android"))]
fn read(path: &Path) -> Option<Mark> {
    let mut mark = [0; 24];
    let len = rustix::fs::getxattr(path, ATTRIBUTE, &mut mark).ok()?;
    (len == mark.len()).then_some(mark)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "android")))]
fn write(_: &Path, _: &Mark) {}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "android")))]
fn read(_: &Path) -> Option<Mark> {
    None
}

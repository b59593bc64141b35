//! JPEG files inside a JPEG file: thumbnails, previews, gain maps, further pictures behind the
//! first, the frames of a motion JPEG.
//!
//! In: the bytes of a file that are not its own scans. Out: where complete JPEG files lie in them.
//! Only the packer searches; the unpacker is told. Bit-exact.

use crate::structure::{ScanData, structure_from_bytes};
use std::ops::Range;

/// Most files that are looked for in one.
pub const EMBEDDED_MAX: usize = 1000;
/// Beginnings that turn out to be no JPEG file, after which the search ends: each may cost a walk
/// over all that follows.
const FAILURES_MAX: usize = 50;

/// A JPEG file inside another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// Where it begins, in the rest of the file around it.
    pub offset: usize,
    /// Its length.
    pub file_len: usize,
    /// Segments that hold its coefficients.
    pub segments: usize,
    /// Its own reconstruction data.
    pub stream: Vec<u8>,
}

/// Where complete JPEG files lie in the bytes of a JPEG file, beginning behind its first two.
///
/// ```
/// # let file = &include_bytes!("../../../../../testdata/jpeg/baseline_420.jpg")[..];
/// let two = [file, file].concat();
/// assert_eq!(tintype_jpeg::embedded_files(&two), [file.len()..two.len()]);
/// ```
pub fn embedded_files(rest: &[u8]) -> Vec<Range<usize>> {
    let (mut found, mut failures, mut at) = (Vec::new(), 0, 2);
    while found.len() < EMBEDDED_MAX && failures < FAILURES_MAX {
        let Some(start) = rest.get(at..).and_then(first_start).map(|start| start + at) else { break };
        match structure_from_bytes(&rest[start..], ScanData::Present) {
            Ok(structure) if structure.ended => {
                at = start + structure.end;
                found.push(start..at);
            }
            _ => {
                failures += 1;
                at = start + 3;
            }
        }
    }
    found
}

/// The first start of an image with a marker behind it.
fn first_start(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window[..3] == [0xff, 0xd8, 0xff] && window[3] >= 0xc0)
}

//! Other JPEG decoders, and how far their samples are from ours.

use std::io::Write;
use std::process::{Command, Stdio};
use tintype_image::io::read_picture;
use tintype_image::{Limits, Planes};

/// Whether `program` starts on this machine.
pub fn is_on_path(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("-version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}

/// What a decoder that reads standard input and writes PNM makes of `bytes`.
pub fn decoded_by(program: &str, arguments: &[&str], bytes: &[u8]) -> Option<Planes> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let (mut input, bytes) = (child.stdin.take()?, bytes.to_vec());
    let writer = std::thread::spawn(move || drop(input.write_all(&bytes)));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?;
    read_picture(&output.stdout, &Limits::default()).ok().map(|picture| picture.planes)
}

/// How far two pictures are apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The largest of a sample.
    pub most: u16,
    /// Share of samples that differ by more than [`NEAR`].
    pub share_beyond: f64,
    /// Mean over samples.
    pub mean: f64,
}

/// Decoders may differ by so much: by the rounding of the inverse transform and of the colours.
pub const NEAR: u16 = 2;

/// How far `a` and `b` are apart; `None` where sizes differ.
pub fn difference(a: &Planes, b: &Planes) -> Option<Difference> {
    let size = |planes: &Planes| (planes.shape.width_px, planes.shape.height_px);
    if size(a) != size(b) {
        return None;
    }
    let peak = |planes: &Planes| u32::from(planes.shape.planes[0].sample_max());
    let scaled = difference_scaled(a, b, peak(a), peak(b));
    if peak(a) == peak(b) {
        return Some(scaled);
    }
    // A PNG of another depth holds the values scaled, or in its lower bits.
    let unscaled = difference_scaled(a, b, 1, 1);
    Some(if unscaled.most < scaled.most { unscaled } else { scaled })
}

/// The same with `b` times `scale / of`.
fn difference_scaled(a: &Planes, b: &Planes, scale: u32, of: u32) -> Difference {
    let (mut most, mut beyond, mut sum, mut count) = (0, 0u64, 0u64, 0u64);
    let planes = a.planes.len().max(b.planes.len());
    for i in 0..planes.min(3) {
        // Gray stands for three equal planes.
        let p = &a.planes[i.min(a.planes.len() - 1)];
        let q = &b.planes[i.min(b.planes.len() - 1)];
        for y in 0..a.shape.height_px {
            for (s, t) in p.row(y).iter().zip(q.row(y)) {
                let gap = s.abs_diff(((u32::from(*t) * scale + of / 2) / of) as u16);
                most = most.max(gap);
                beyond += u64::from(gap > NEAR);
                sum += u64::from(gap);
                count += 1;
            }
        }
    }
    let count = count.max(1) as f64;
    Difference { most, share_beyond: beyond as f64 / count, mean: sum as f64 / count }
}

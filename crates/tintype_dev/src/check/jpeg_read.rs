//! JPEG files decoded by us and by others, and packed and unpacked.

use super::others::{NEAR, decoded_by, difference};
use crate::clock::timed;
use std::path::{Path, PathBuf};
use tintype_codec::Exec;
use tintype_image::io::read_picture;
use tintype_image::{Limits, Planes};
use tintype_jpeg::{Decoder, Verify, pack, unpack};

/// Files that take longer are printed, in seconds.
const SLOW_S: f64 = 2.0;

#[derive(Default)]
struct Counts {
    files: usize,
    compared: usize,
    near: usize,
    refused_by_us: usize,
    refused_by_both: usize,
    not_restored: usize,
    slow: usize,
}

/// Checks every JPEG file; how many do not come back from packing byte for byte.
pub fn check(files: &[PathBuf]) -> usize {
    let mut counts = Counts::default();
    for file in files {
        let Ok(bytes) = std::fs::read(file) else { continue };
        if bytes.starts_with(&[0xff, 0xd8]) {
            check_one(file, &bytes, &mut counts);
        }
    }
    println!(
        "{} JPEG files; {} compared, {} within {NEAR}; {} refused by us alone, {} by both; \
         {} not restored byte for byte, {} slow",
        counts.files,
        counts.compared,
        counts.near,
        counts.refused_by_us,
        counts.refused_by_both,
        counts.not_restored,
        counts.slow
    );
    counts.not_restored
}

fn check_one(file: &Path, bytes: &[u8], counts: &mut Counts) {
    let exec = Exec::default();
    let place = file.display();
    counts.files += 1;

    let (ours, decoding) = timed(|| Decoder::new(bytes)?.exec(&exec).decode());
    let (restored, packing) = timed(|| {
        let payload = pack(bytes, 5, Verify::Yes, &exec);
        unpack(&payload.header, &payload.section_views(), &exec)
    });
    let seconds = [decoding, packing].map(|spent| spent.wall_ms / 1e3);
    if seconds.iter().any(|seconds| *seconds > SLOW_S) {
        counts.slow += 1;
        println!("{place}: decoding {:.1} s, packing {:.1} s", seconds[0], seconds[1]);
    }
    if restored.ok().as_deref() != Some(bytes) {
        counts.not_restored += 1;
        println!("{place}: is not restored byte for byte");
    }

    let theirs = png_beside(file).or_else(|| decoded_by("djpeg", &["-pnm"], bytes));
    match (ours, theirs) {
        (Ok(ours), Some(theirs)) => {
            counts.compared += 1;
            match difference(&ours.planes, &theirs) {
                Some(found) if found.most <= NEAR => counts.near += 1,
                Some(found) => println!(
                    "{place}: differs by {}, {:.2} % by more than {NEAR}, mean {:.2}",
                    found.most,
                    100.0 * found.share_beyond,
                    found.mean
                ),
                None => println!("{place}: another size"),
            }
        }
        (Err(error), Some(_)) => {
            counts.refused_by_us += 1;
            println!("{place}: only we refuse it: {error}");
        }
        (Err(_), None) => counts.refused_by_both += 1,
        (Ok(_), None) => {}
    }
}

fn png_beside(file: &Path) -> Option<Planes> {
    let bytes = std::fs::read(file.with_extension("png")).ok()?;
    read_picture(&bytes, &Limits::default()).ok().map(|picture| picture.planes)
}

//! Prints what repacking saves, and how fast, for the JPEG files named or inside the folders named.
//!
//! `cargo run --release -p tintype_codec --example jpeg_bench -- [--effort N] [--each] [--repeat N] PATH…`; with
//! `--repeat` the best of N times of each file counts, so that other programs on the machine do not.

mod support;

use std::path::Path;
use std::time::{Duration, Instant};
use support::collect;
use tintype_codec::ExecOptions;
use tintype_image::{Shape, Threads};
use tintype_jpeg::{CmykOutput, Verify, decode_jpeg, decode_jpeg_rows, repack, unpack};

/// What `work` gives, and the shortest of `times` times it took.
fn best_of<T>(times: usize, work: impl Fn() -> T) -> (T, Duration) {
    let timed = || {
        let start = Instant::now();
        let made = work();
        (made, start.elapsed())
    };
    (1..times).fold(timed(), |best, _| {
        let next = timed();
        if next.1 < best.1 { next } else { best }
    })
}

fn main() {
    let (mut effort, mut each, mut repeat, mut files) = (5u8, false, 1, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--effort" => effort = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(5),
            "--each" => each = true,
            "--repeat" => repeat = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1),
            path => collect(Path::new(path), &mut files),
        }
    }
    let exec = ExecOptions { threads: Threads::ONE, ..ExecOptions::default() };
    let (mut before, mut after, mut wrong, mut larger) = (0usize, 0usize, 0, 0);
    let [mut pack, mut unpacking, mut pixels, mut rows] = [Duration::ZERO; 4];
    let mut megapixels = 0.0;
    for file in &files {
        let Ok(bytes) = std::fs::read(file) else { continue };
        if !bytes.starts_with(&[0xff, 0xd8]) {
            continue;
        }
        let (payload, packed_in) = best_of(repeat, || repack(&bytes, effort, Verify::No, &exec));
        let (again, unpacked_in) =
            best_of(repeat, || unpack(&payload.view(&Shape::gray(1, 1, 8)), &exec));
        let size =
            payload.header.len() + payload.sections.iter().map(|s| s.bytes.len()).sum::<usize>();
        let same = again.is_ok_and(|a| a == bytes);
        let (decoded, decoded_in) = best_of(repeat, || decode_jpeg(&bytes, CmykOutput::Rgb, &exec));
        if let Ok(d) = &decoded {
            megapixels += (d.planes.shape.width_px * d.planes.shape.height_px) as f64 / 1e6;
            pixels += decoded_in;
            let (by_rows, in_rows) = best_of(repeat, || {
                decode_jpeg_rows(&bytes, CmykOutput::Rgb, &exec, &mut |_, rows| {
                    _ = std::hint::black_box(rows)
                })
            });
            // Other files need to be held.
            rows += if by_rows.is_ok_and(|done| done.is_some()) { in_rows } else { decoded_in };
        }
        if each || !same {
            let note = decoded.as_ref().map_or_else(|e| e.to_string(), |d| d.warnings.join("; "));
            let slow = packed_in.max(unpacked_in).max(decoded_in).as_millis();
            println!(
                "{} {} -> {size} {} {slow} ms {note}",
                file.display(),
                bytes.len(),
                if same { "same" } else { "WRONG" }
            );
        }
        wrong += usize::from(!same);
        larger += usize::from(size > bytes.len() + 64);
        (before, after, pack, unpacking) =
            (before + bytes.len(), after + size, pack + packed_in, unpacking + unpacked_in);
    }
    let saved = 100.0 * (1.0 - after as f64 / before.max(1) as f64);
    let speed = |d: Duration| before as f64 / 1e6 / d.as_secs_f64();
    println!(
        "{before} -> {after} bytes: {saved:.2} % saved; {wrong} wrong, {larger} larger by more than 64 bytes"
    );
    println!(
        "repack {:.1} MB/s, unpack {:.1} MB/s, pixels {:.1} MP/s, by rows where that can be {:.1} MP/s",
        speed(pack),
        speed(unpacking),
        megapixels / pixels.as_secs_f64(),
        megapixels / rows.as_secs_f64()
    );
}

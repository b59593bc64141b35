//! Holds our JPEG decoder against others, and our JPEG files before them.
//!
//! `cargo run --release -p tintype_codec --example jpeg_check -- PATH…`: every JPEG file is decoded and compared with
//! the PNG of the same name beside it, or with what `djpeg` makes of it; and it is repacked and must come back byte for
//! byte. Prints what differs by more than 2, what takes more than two seconds, and sums.
//!
//! `… -- --write PICTURE…`: pictures are encoded at several settings; `djpeg`, `ffmpeg` and zune-jpeg must read each
//! file and differ from our decoder by no more than their arithmetic and chroma upsampling do.

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use support::collect;
use tintype_codec::{EncodeSettings, ExecOptions, Target, Tune};
use tintype_image::{Limits, Planes, Shape};
use tintype_jpeg::{
    CmykOutput, JpegPlan, Sampling, Verify, decode_jpeg, encode_jpeg, repack, unpack,
};

/// What a decoder that reads standard input and writes PNM makes of `bytes`.
fn decoded_by(program: &str, arguments: &[&str], bytes: &[u8]) -> Option<Planes> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let (mut input, bytes) = (child.stdin.take()?, bytes.to_vec());
    let writer = std::thread::spawn(move || drop(input.write_all(&bytes)));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?;
    tintype_image::io::read_picture(&output.stdout, &Limits::default()).ok().map(|p| p.planes)
}

/// Largest difference, share of samples that differ by more than 2 and mean difference; none where sizes differ.
fn difference(a: &Planes, b: &Planes) -> Option<(u16, f64, f64)> {
    let same = a.shape.width_px == b.shape.width_px && a.shape.height_px == b.shape.height_px;
    if !same {
        return None;
    }
    // A PNG beside may have fewer bits, or more; then values are scaled, or stand in the lower bits.
    let (own, theirs) =
        (u32::from(a.shape.planes[0].sample_max()), u32::from(b.shape.planes[0].sample_max()));
    let scaled = difference_scaled(a, b, own, theirs);
    if own == theirs {
        Some(scaled)
    } else {
        Some(difference_scaled(a, b, 1, 1)).filter(|d| d.0 < scaled.0).or(Some(scaled))
    }
}

/// The same with `b` times `scale / of`.
fn difference_scaled(a: &Planes, b: &Planes, scale: u32, of: u32) -> (u16, f64, f64) {
    let (mut most, mut beyond, mut sum, mut count) = (0, 0u64, 0u64, 0u64);
    let planes = a.planes.len().max(b.planes.len());
    for i in 0..planes.min(3) {
        // Gray stands for three equal planes.
        let (p, q) = (&a.planes[i.min(a.planes.len() - 1)], &b.planes[i.min(b.planes.len() - 1)]);
        for y in 0..a.shape.height_px {
            for (s, t) in p.row(y).iter().zip(q.row(y)) {
                let gap = s.abs_diff(((u32::from(*t) * scale + of / 2) / of) as u16);
                (most, beyond, sum, count) =
                    (most.max(gap), beyond + u64::from(gap > 2), sum + u64::from(gap), count + 1);
            }
        }
    }
    (most, beyond as f64 / count.max(1) as f64, sum as f64 / count.max(1) as f64)
}

fn read(files: &[PathBuf]) {
    let exec = ExecOptions::default();
    let (mut seen, mut compared, mut near, mut refused, mut both, mut wrong, mut slow) =
        (0, 0, 0, 0, 0, 0, 0);
    for file in files {
        let Ok(bytes) = std::fs::read(file) else { continue };
        if !bytes.starts_with(&[0xff, 0xd8]) {
            continue;
        }
        seen += 1;
        let start = Instant::now();
        let ours = decode_jpeg(&bytes, CmykOutput::Rgb, &exec);
        let decoding = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let again =
            unpack(&repack(&bytes, 5, Verify::Yes, &exec).view(&Shape::gray(1, 1, 8)), &exec);
        let repacking = start.elapsed().as_secs_f64();
        if decoding > 2.0 || repacking > 2.0 {
            slow += 1;
            println!("{}: decoding {decoding:.1} s, repacking {repacking:.1} s", file.display());
        }
        if again.ok().as_deref() != Some(&bytes[..]) {
            wrong += 1;
            println!("{}: does not come back byte for byte", file.display());
        }
        let beside = std::fs::read(file.with_extension("png")).ok();
        let beside = beside
            .and_then(|b| tintype_image::io::read_picture(&b, &Limits::default()).ok())
            .map(|p| p.planes);
        let theirs = beside.or_else(|| decoded_by("djpeg", &["-pnm"], &bytes));
        match (ours, theirs) {
            (Ok(ours), Some(theirs)) => {
                compared += 1;
                match difference(&ours.planes, &theirs) {
                    Some((0..=2, ..)) => near += 1,
                    found => {
                        let notes = ours.warnings.join("; ");
                        let text =
                            found.map_or("another size or depth".into(), |(most, share, mean)| {
                                format!(
                                    "differs by {most}, {:.2} % by more than 2, mean {mean:.2}",
                                    100.0 * share
                                )
                            });
                        println!("{}: {text} {notes}", file.display());
                    }
                }
            }
            (Err(e), Some(_)) => {
                refused += 1;
                println!("{}: only we refuse it: {e}", file.display());
            }
            (Err(_), None) => both += 1,
            (Ok(_), None) => {}
        }
    }
    println!(
        "{seen} JPEG files; {compared} compared, {near} within 2; {refused} refused by us alone, {both} by both; \
         {wrong} not byte for byte, {slow} slow"
    );
}

fn write(files: &[PathBuf]) {
    let exec = ExecOptions::default();
    let (mut written, mut unread, mut far) = (0, 0, 0);
    for file in files {
        let Some(picture) = std::fs::read(file)
            .ok()
            .and_then(|bytes| tintype_image::io::read_picture(&bytes, &Limits::default()).ok())
        else {
            println!("{}: cannot be read", file.display());
            continue;
        };
        for (tune, effort, quality, sampling, restart) in [
            (Tune::Visual, 5, 75.0, Sampling::Auto, 0),
            (Tune::Visual, 9, 50.0, Sampling::Auto, 0),
            (Tune::Psnr, 7, 90.0, Sampling::HalfWidth, 0),
            (Tune::Psnr, 5, 97.0, Sampling::Full, 5),
            (Tune::Visual, 6, 10.0, Sampling::Half, 3),
        ] {
            let settings = EncodeSettings { target: Target::Quality(quality), tune, effort };
            let Ok(mut plan) = JpegPlan::from_settings(&settings) else { continue };
            (plan.sampling, plan.restart_interval) = (sampling, restart);
            let Ok(jpeg) = encode_jpeg(&picture.planes, &picture.metadata, &plan, &exec) else {
                println!("{}: cannot be written as JPEG", file.display());
                continue;
            };
            written += 1;
            let Ok(ours) = decode_jpeg(&jpeg, CmykOutput::Rgb, &exec) else { continue };
            let ffmpeg =
                ["-v", "error", "-f", "jpeg_pipe", "-i", "-", "-f", "image2", "-c:v", "ppm", "-"];
            let zune =
                tintype_image::io::read_picture(&jpeg, &Limits::default()).ok().map(|p| p.planes);
            let others = [
                ("djpeg", decoded_by("djpeg", &["-pnm"], &jpeg)),
                ("ffmpeg", decoded_by("ffmpeg", &ffmpeg, &jpeg)),
                ("zune-jpeg", zune),
            ];
            for (name, theirs) in others {
                let found = theirs.and_then(|theirs| difference(&ours.planes, &theirs));
                let place =
                    format!("{} {tune:?} effort {effort} quality {quality}", file.display());
                match found {
                    None => {
                        unread += 1;
                        println!("{place}: {name} does not read it, or as another size");
                    }
                    // Means tell a wrong picture from other rounding and other chroma upsampling.
                    Some((most, _, mean)) if mean > 6.0 => {
                        far += 1;
                        println!("{place}: {name} differs by {most}, mean {mean:.2}");
                    }
                    Some(_) => {}
                }
            }
        }
    }
    println!(
        "{written} files written, each given to three decoders: {unread} not read, {far} read otherwise"
    );
}

fn main() {
    let mut files = Vec::new();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    arguments.iter().filter(|a| *a != "--write").for_each(|a| collect(Path::new(a), &mut files));
    if arguments.iter().any(|a| a == "--write") {
        write(&files)
    } else {
        read(&files)
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find(|l| l.starts_with("VmHWM")) {
        println!("peak memory {}", peak.trim_start_matches("VmHWM:").trim());
    }
}

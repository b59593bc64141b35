//! docs/format/reader.py, a decoder in Python written from the format pages, decodes what the program
//! encodes to the same samples.

use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const READER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/format/reader.py");

/// A picture with slopes, edges and noise, `channels` 1 (PGM) or 3 (PPM).
fn pnm(width: usize, height: usize, channels: usize) -> Vec<u8> {
    let magic = if channels == 1 { "P5" } else { "P6" };
    let mut out = format!("{magic}\n{width} {height}\n255\n").into_bytes();
    let mut state = 1u32;
    for y in 0..height {
        for x in 0..width {
            for channel in 0..channels {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let edge = if (2 * x + 3 * y) % 61 < 23 { 60 } else { 0 };
                let slope = x * 2 + y * (channel + 1);
                out.push((40 + edge + slope % 120 + (state >> 29) as usize) as u8);
            }
        }
    }
    out
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {message}");
    output
}

fn tintype(folder: &Path, arguments: &[&str]) {
    run(Command::new(env!("CARGO_BIN_EXE_tintype")).args(arguments).current_dir(folder));
}

#[test]
fn the_reader_written_from_the_format_pages_decodes_the_same_samples() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3 here");
        return;
    }
    // The widest picture has two tiles.
    let cases: [(usize, usize, usize, &[&str]); 6] = [
        (64, 48, 3, &["-q", "75"]),
        (64, 48, 3, &["--lossless"]),
        (64, 48, 1, &["-q", "75"]),
        (33, 21, 1, &["--lossless"]),
        (1, 7, 3, &["-q", "90"]),
        (1600, 10, 1, &["-q", "50"]),
    ];
    for (width, height, channels, goal) in cases {
        let folder = TempDir::new().unwrap();
        let folder = folder.path();
        let extension = if channels == 1 { "pgm" } else { "ppm" };
        let (source, ours, theirs) =
            (format!("in.{extension}"), format!("ours.{extension}"), format!("theirs.{extension}"));
        std::fs::write(folder.join(&source), pnm(width, height, channels)).unwrap();
        let encode = ["encode", &source, "-o", "a.tin", "--codec", "wavelet"];
        tintype(folder, &[&encode, goal].concat());
        tintype(folder, &["decode", "a.tin", "-o", &ours]);
        run(Command::new("python3").args([READER, "a.tin", &theirs]).current_dir(folder));

        let [ours, theirs] = [ours, theirs].map(|name| std::fs::read(folder.join(name)).unwrap());
        assert!(ours == theirs, "{width} × {height}, {channels} channels, {goal:?}");
    }
}

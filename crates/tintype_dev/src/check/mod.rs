//! Checks over many files; what fails is printed, and any failure is an error at the end.

mod alike;
mod jpeg_read;
mod jpeg_write;
mod odd;
mod others;

use crate::Failure;
use crate::args::CodecArgs;
use crate::pictures::collect;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Options of `check`.
#[derive(Args)]
pub struct CheckArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The same file decodes alike at every SIMD level and on one and three threads; lossless
    /// files exactly.
    Codec(CodecArgs),
    /// JPEG files beside a PNG of the same name or what djpeg makes of them; and packed and
    /// unpacked.
    JpegRead(Files),
    /// JPEG files that we write, read by djpeg, ffmpeg and zune-jpeg.
    JpegWrite(Files),
    /// Pictures whose meaning is easily lost: whether each comes back, or its loss is named.
    Odd(Files),
}

#[derive(Args)]
struct Files {
    /// Files, or folders of them.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// How many checks failed.
pub fn run(args: &CheckArgs) -> Result<(), Failure> {
    let failed = match &args.what {
        What::Codec(args) => alike::check(args)?,
        What::JpegRead(files) => jpeg_read::check(&collect(&files.files)),
        What::JpegWrite(files) => jpeg_write::check(&collect(&files.files)),
        What::Odd(files) => odd::check(&collect(&files.files)),
    };
    print_peak_memory();
    if failed > 0 { Err(format!("{failed} checks failed").into()) } else { Ok(()) }
}

fn print_peak_memory() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
        println!("peak memory {}", peak.trim());
    }
}

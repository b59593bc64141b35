//! What `encode --compare` and `--show` print: the file before and after, how much the picture changed, and
//! what other codecs need for the same quality.
//!
//! Other codecs run as programs where they are on `PATH`. Nothing here changes the file that was written.

use crate::record::Record;
#[cfg(feature = "bench")]
use crate::style::times_text;
use crate::style::{Ink, paint, ratio_text, size_text, time_text};
use crate::terminal;
use std::io::IsTerminal;
use std::time::Instant;
use tintype::{DecodeOptions, Decoder, Models, Picture, Threads, files};
#[cfg(feature = "bench")]
use tintype_lab::{PeerSizes, peer_sizes};
use tintype_metrics::{Report, Wanted, compare_with};

/// A picture and the file that was made of it.
pub struct Coded<'a> {
    /// The picture that was read.
    pub before: &'a Picture,
    /// Bytes of the file it was read from.
    pub bytes_before: u64,
    /// The file that was made.
    pub file: &'a [u8],
    /// Its figures.
    pub record: &'a Record,
}

/// The text, without a line break at its end.
pub fn comparison(
    coded: &Coded<'_>,
    models: &Models,
    with_peers: bool,
    draw: bool,
    threads: Threads,
) -> Result<String, String> {
    let terminal = std::io::stdout().is_terminal();
    let start = Instant::now();
    let after = decoded(coded.file, models, threads)?;
    let decode_ms = start.elapsed().as_secs_f64() * 1000.0;
    let wanted = Wanted { ssimulacra2: true, ..Wanted::POINTWISE };
    let report =
        compare_with(&coded.before.planes, &after.planes, wanted).map_err(|error| error.to_string())?;

    let mut text = String::new();
    if draw {
        let pictures = [("before", &coded.before.planes), ("after", &after.planes)];
        text += &terminal::side_by_side(&pictures);
    }
    text += &coded.record.names(terminal);
    let mut line = |name: &str, value: &str| text += &format!("\n  {name:<9} {value}");
    let record = coded.record;
    let picture =
        format!("{} × {} pixels, {}-bit samples", record.width, record.height, record.bit_depth);
    line("before", &format!("{}, {picture}", size_text(coded.bytes_before)));
    let after_text =
        format!("{}, {}", size_text(record.bytes), ratio_text(coded.bytes_before, record.bytes));
    let rate = format!(", {:.2} bits per pixel", record.bpp);
    line("after", &(paint(Ink::Green, &after_text, terminal) + &rate));
    line("quality", &quality_text(&report));
    let times = format!(
        "{} to encode, {} to decode",
        time_text(record.encode_ms.unwrap_or(0.0)),
        time_text(decode_ms)
    );
    line("codec", &format!("{}, {times}", record.codec));

    if with_peers {
        text += &peers_text(coded, &report, threads)?;
    }
    Ok(text)
}

/// The picture that the file gives back.
fn decoded(file: &[u8], models: &Models, threads: Threads) -> Result<Picture, String> {
    let options = DecodeOptions::new().threads(threads.count()).models(models.clone());
    let picture = if file.starts_with(&tintype::MAGIC) {
        Decoder::from_stream_with_options(file, options)
            .and_then(Decoder::decode)
            .map(|decoded| decoded.picture)
    } else {
        files::read_picture(file, &options).map(|read| read.picture)
    };
    picture.map_err(|error| error.to_string())
}

/// The figures, and what they mean to the eye.
fn quality_text(report: &Report) -> String {
    if !report.psnr.is_finite() {
        return "every sample is the same".into();
    }
    let psnr = format!("PSNR {:.1} dB", report.psnr);
    match report.ssimulacra2 {
        None => psnr,
        Some(score) => {
            format!("{}; SSIMULACRA2 {score:.1} of 100, {psnr}", words_for_score(score))
        }
    }
}

/// The steps that the authors of SSIMULACRA2 give for its scale (github.com/cloudinary/ssimulacra2).
fn words_for_score(score: f64) -> &'static str {
    match score {
        90.0.. => "no difference to be seen, even when flicked between",
        80.0..90.0 => "hard to tell from the original side by side",
        70.0..80.0 => "differences are hard to notice without the original beside it",
        50.0..70.0 => "differences can be seen, few are annoying",
        30.0..50.0 => "differences are plain to see",
        _ => "heavily damaged",
    }
}

/// A build without the bench runs no other codecs.
#[cfg(not(feature = "bench"))]
fn peers_text(_: &Coded<'_>, _: &Report, _: Threads) -> Result<String, String> {
    Ok(String::new())
}

/// What other codecs need, a line each.
#[cfg(feature = "bench")]
fn peers_text(coded: &Coded<'_>, report: &Report, threads: Threads) -> Result<String, String> {
    let score = match (report.psnr.is_finite(), report.ssimulacra2) {
        (false, _) => None,
        (true, Some(score)) => Some(score),
        (true, None) => return Ok(String::new()),
    };
    let peers = peer_sizes(coded.before, score, threads).map_err(|error| error.to_string())?;
    Ok(text_from_peers(&peers, score, coded.record.bytes))
}

#[cfg(feature = "bench")]
fn text_from_peers(peers: &PeerSizes, score: Option<f64>, ours: u64) -> String {
    let mut text = String::new();
    if !peers.sizes.is_empty() {
        text += &match score {
            Some(score) => format!("\n  other codecs at SSIMULACRA2 {score:.1}:"),
            None => "\n  other codecs without loss:".into(),
        };
    }
    for (name, bytes) in &peers.sizes {
        let ratio = *bytes as f64 / ours.max(1) as f64;
        let against = if ratio >= 1.0 {
            format!("{} times the bytes of this file", times_text(ratio))
        } else {
            format!("{} times smaller than this file", times_text(1.0 / ratio))
        };
        let size = size_text(*bytes);
        text += &format!("\n    {name:<18} {size:>8}, {against}");
    }
    for (name, reason) in &peers.failed {
        text += &format!("\n    {name:<18} {reason}");
    }
    if !peers.not_on_path.is_empty() {
        text += &format!("\n  not on PATH: {}", peers.not_on_path.join(", "));
    }
    text
}

#[cfg(all(test, feature = "bench"))]
mod tests {
    use super::*;

    #[test]
    fn other_codecs_are_set_against_our_file() {
        let peers = PeerSizes {
            sizes: vec![("webp".into(), 150_000), ("avif".into(), 80_000)],
            failed: vec![("heic".into(), "its smallest file is better than that".into())],
            not_on_path: vec!["cjxl".into()],
        };
        let text = text_from_peers(&peers, Some(75.0), 100_000);
        for part in [
            "at SSIMULACRA2 75.0",
            "150 kB, 1.50 times the bytes of this file",
            "80.0 kB, 1.25 times smaller than this file",
            "its smallest file",
            "not on PATH: cjxl",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}

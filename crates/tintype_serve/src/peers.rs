//! Other codecs, by their programs, where these are on `PATH`: for the studio, to be seen beside ours.
//!
//! In: pixels, and how many bytes there are. Out: what the codec makes of them in at most as many, as the PNG file that its own decoder
//! wrote.

use crate::refusal::Refusal;
use axum::http::StatusCode;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use tintype::Picture;
use tintype::files::{PictureFormat, write_picture};

/// A codec's programs; `{q}` stands for the quality, `{in}` and `{out}` for files.
struct Peer {
    name: &'static str,
    encoder: &'static [&'static str],
    decoder: &'static [&'static str],
    /// The setting for a quality of 0 to 63, the best.
    setting: fn(u32) -> u32,
}

const PEERS: [Peer; 2] = [
    Peer {
        name: "avif",
        encoder: &["avifenc", "-s", "6", "-j", "1", "--min", "{q}", "--max", "{q}", "{in}", "{out}"],
        decoder: &["avifdec", "{in}", "{out}"],
        setting: |quality| 63 - quality,
    },
    Peer {
        name: "jxl",
        encoder: &["cjxl", "--quiet", "-e", "5", "-q", "{q}", "{in}", "{out}"],
        decoder: &["djxl", "--quiet", "{in}", "{out}"],
        setting: |quality| 5 + quality * 3 / 2,
    },
];

/// The names of those whose programs are there.
pub fn names() -> Vec<&'static str> {
    let is_there = |words: &[&str]| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(words[0]).is_file())
    };
    let found = PEERS.iter().filter(|peer| is_there(peer.encoder) && is_there(peer.decoder));
    found.map(|peer| peer.name).collect()
}

/// What a codec made.
#[derive(Debug)]
pub struct Made {
    /// Bytes of its file.
    pub bytes: u64,
    /// The file decoded, as PNG.
    pub png: Vec<u8>,
}

/// The best that the codec `name` makes of a picture in at most `bytes_max`, or the least that it can.
///
/// # Errors
/// `404` for a codec that is not there; `500` where its programs fail.
pub fn made(name: &str, picture: &Picture, bytes_max: u64) -> Result<Made, Refusal> {
    let peer =
        PEERS.iter().find(|peer| peer.name == name && names().contains(&name)).ok_or_else(|| {
            Refusal::new(StatusCode::NOT_FOUND, format!("codec {name} has no programs on this machine"))
        })?;
    let folder = Folder::new()?;
    let [input, made, best, png] =
        ["in.png", &format!("made.{name}"), &format!("best.{name}"), "out.png"]
            .map(|n| folder.0.join(n));
    std::fs::write(&input, write_picture(PictureFormat::Png, picture)?).map_err(failed)?;
    let (mut low, mut high, mut size) = (0, 63, None);
    while low <= high {
        let quality = (low + high) / 2;
        run(peer.encoder, (peer.setting)(quality), &input, &made)?;
        let bytes = std::fs::metadata(&made).map_err(failed)?.len();
        let fits = bytes <= bytes_max;
        if fits || size.is_none_or(|best| best > bytes_max) {
            size = Some(bytes);
            std::fs::rename(&made, &best).map_err(failed)?;
        }
        match fits {
            true => low = quality + 1,
            false if quality == 0 => break,
            false => high = quality - 1,
        }
    }
    run(peer.decoder, 0, &best, &png)?;
    Ok(Made { bytes: size.unwrap_or(0), png: std::fs::read(&png).map_err(failed)? })
}

fn run(words: &[&str], quality: u32, input: &Path, output: &Path) -> Result<(), Refusal> {
    let mut command = Command::new(words[0]);
    for word in &words[1..] {
        match *word {
            "{q}" => command.arg(quality.to_string()),
            "{in}" => command.arg(input),
            "{out}" => command.arg(output),
            word => command.arg(word),
        };
    }
    let output = command.stdin(Stdio::null()).output().map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().last().unwrap_or_default();
    Err(failed(std::io::Error::other(format!("{} ended with {}: {last}", words[0], output.status))))
}

fn failed(error: std::io::Error) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

/// A folder of its own that goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Refusal> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("tintype-peer-{}-{number}", std::process::id()));
        // It must be new: a folder that is there already may be somebody else's.
        std::fs::create_dir(&path).map_err(failed)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_kept_to_and_programs_that_are_not_there_are_named() {
        let samples: Vec<u8> = (0..96 * 64 * 3u32).map(|i| (i * i / 1999 % 256) as u8).collect();
        let picture = Picture::from_rgb8(96, 64, &samples).unwrap();
        assert_eq!(made("none", &picture, 1000).unwrap_err().status, StatusCode::NOT_FOUND);
        if names().is_empty() {
            println!("skipped: neither avifenc nor cjxl is here (Debian: libavif-bin, libjxl-tools)");
        }
        for name in names() {
            let large = made(name, &picture, 8000).unwrap();
            let small = made(name, &picture, 2500).unwrap();
            assert!(small.bytes < large.bytes && small.bytes <= 2500 && large.bytes <= 8000, "{name}");
            let back = tintype::files::read_picture(&large.png, &Default::default()).unwrap().picture;
            assert_eq!((back.width(), back.height()), (96, 64), "{name}");
        }
    }
}

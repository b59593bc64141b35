//! libjpeg-turbo's own programs: `cjpeg` writes files, `tjbench` times their decoding from
//! memory to memory.

use crate::Failure;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use tintype_image::Picture;
use tintype_image::io::{PictureFormat, write_picture};

/// A progressive JPEG file in a folder of its own.
pub struct TurboJpeg {
    file: PathBuf,
    /// Bytes of the file.
    pub len_bytes: u64,
    _folder: TempDir,
}

impl TurboJpeg {
    /// The file whose quality brings it closest to `target_bytes`; `None` without a `cjpeg`.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn near(picture: &Picture, target_bytes: f64) -> Result<Option<Self>, Failure> {
        let folder = tempfile::tempdir()?;
        let (source, file) = (folder.path().join("in.ppm"), folder.path().join("out.jpg"));
        std::fs::write(&source, write_picture(PictureFormat::Pnm, picture)?)?;

        let mut best = (f64::INFINITY, 1);
        for quality in 1..=95 {
            let Some(len) = write(&source, &file, quality) else { return Ok(None) };
            let miss = (len as f64 - target_bytes).abs();
            if miss < best.0 {
                best = (miss, quality);
            }
            if len as f64 > target_bytes {
                break;
            }
        }
        let len_bytes = write(&source, &file, best.1).unwrap_or(0);
        Ok(Some(Self { file, len_bytes, _folder: folder }))
    }

    /// Megapixels a second of decoding: the best of three runs of half a second. `None`
    /// without a `tjbench`.
    pub fn megapixels_per_second(&self) -> Option<f64> {
        let mut best: Option<f64> = None;
        for _ in 0..3 {
            let speed = tjbench(&self.file)?;
            best = Some(best.map_or(speed, |best| best.max(speed)));
        }
        best
    }
}

fn write(source: &Path, file: &Path, quality: u32) -> Option<u64> {
    let quality = quality.to_string();
    let arguments = ["-quality", &quality, "-progressive", "-optimize", "-outfile"];
    let status = Command::new("cjpeg").args(arguments).arg(file).arg(source).status().ok()?;
    let meta = std::fs::metadata(file).ok()?;
    status.success().then_some(meta.len())
}

fn tjbench(file: &Path) -> Option<f64> {
    let arguments = ["-quiet", "-nowrite", "-benchtime", "0.5", "-warmup", "0.1"];
    let output = Command::new("tjbench").arg(file).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().filter_map(|line| line.split_whitespace().last()?.parse().ok()).next_back()
}

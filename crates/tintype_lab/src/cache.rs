//! Peers' results kept between sweeps: AVIF and JPEG XL take long, and their results do not
//! change.
//!
//! A result is found again by a hash over the picture's samples, the peer's version, both
//! command lines and the setting. Beside the figures lies the compressed file itself, so that
//! it can be shown. Our own results are never kept.

use crate::LabError;
use crate::codec::{Codec, Template};
use crate::input::{Source, hex};
use crate::record::Point;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Changes when figures kept earlier are no longer comparable.
const CACHE_VERSION: u32 = 1;

/// A folder of kept results, or none.
pub struct Cache(Option<PathBuf>);

impl Cache {
    /// Keeps results in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// `Io`.
    pub fn new(folder: Option<&Path>) -> Result<Self, LabError> {
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(LabError::io(folder))?;
        }
        Ok(Self(folder.map(Path::to_path_buf)))
    }

    fn stem(&self, codec: &Codec, setting: &str, source: &Source, repeats: u32) -> Option<PathBuf> {
        let folder = self.0.as_ref().filter(|_| !codec.ours)?;
        let decode = codec.decode.as_ref().map_or_else(String::new, Template::line);
        let text = [&codec.version, &codec.encode.line(), &decode, setting, &source.hash].join("\n");
        Some(folder.join(hex(&Sha256::digest(format!("{CACHE_VERSION} {repeats}\n{text}")))))
    }

    /// The kept result and its compressed file.
    pub fn get(
        &self,
        codec: &Codec,
        setting: &str,
        source: &Source,
        repeats: u32,
    ) -> Option<(Point, Vec<u8>)> {
        let stem = self.stem(codec, setting, source, repeats)?;
        let text = std::fs::read_to_string(stem.with_extension("json")).ok()?;
        let mut point: Point = serde_json::from_str(&text).ok()?;
        let file = std::fs::read(stem.with_extension("bin")).ok()?;
        (point.image, point.codec, point.cached) = (source.image.name.clone(), codec.name.clone(), true);
        (file.len() as u64 == point.bytes).then_some((point, file))
    }

    /// Keeps a result. A full disk is no reason to stop a sweep: then nothing is kept.
    pub fn put(
        &self,
        codec: &Codec,
        setting: &str,
        source: &Source,
        repeats: u32,
        point: &Point,
        file: &[u8],
    ) {
        let Some(stem) = self.stem(codec, setting, source, repeats) else { return };
        let Ok(json) = serde_json::to_string(point) else { return };
        let kept = std::fs::write(stem.with_extension("bin"), file);
        if kept.and_then(|()| std::fs::write(stem.with_extension("json"), json)).is_err() {
            let _ = std::fs::remove_file(stem.with_extension("json"));
        }
    }
}

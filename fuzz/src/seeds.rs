//! Sound inputs to begin with: files of the test data, and what the encoder makes of small pictures.

use std::path::{Path, PathBuf};
use tintype::{CodecId, Encoder, Goal, Picture};

/// The folder of test data.
pub fn test_data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata")
}

/// The files below `folder` of the test data.
pub(crate) fn files(folder: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(test_data().join(folder));
    let mut paths: Vec<PathBuf> = entries.into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    paths.into_iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

/// Small pictures of several kinds: smooth, noisy, with opacity, of one pixel, deep.
fn pictures() -> Vec<Picture> {
    let mut random = fastrand::Rng::with_seed(5);
    let smooth: Vec<u8> = (0..24 * 18 * 3).map(|i| (i / 9 % 200) as u8).collect();
    let noise: Vec<u8> = (0..17 * 9 * 4).map(|_| random.u8(..)).collect();
    let deep: Vec<u16> = (0..11 * 13).map(|i| (i * 391 % 65_536) as u16).collect();
    let mut named = Picture::from_gray8(1, 1, &[7]);
    if let Ok(picture) = &mut named {
        picture.metadata.exif = Some(b"II*\0\x08\0\0\0\0\0".to_vec());
        picture.metadata.xmp = Some(b"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>".to_vec());
    }
    [
        Picture::from_rgb8(24, 18, &smooth),
        Picture::from_rgba8(17, 9, &noise),
        Picture::from_gray16(11, 13, &deep),
        Picture::from_gray8(24, 18, &smooth[..24 * 18]),
        named,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Files that `codec` makes, as far as it takes the pictures.
pub(crate) fn by_codec(codec: CodecId) -> Vec<Vec<u8>> {
    let goals = [Goal::Quality(30.0), Goal::Quality(90.0), Goal::Lossless];
    let mut files = Vec::new();
    for picture in pictures() {
        for goal in goals {
            let encoder = Encoder::new().codec(codec).goal(goal).effort(2).threads(1);
            files.extend(encoder.encode(&picture).ok().map(|encoded| encoded.bytes));
        }
    }
    files
}

/// JPEG files, packed.
pub(crate) fn packed() -> Vec<Vec<u8>> {
    let pack = |file: &Vec<u8>| Encoder::new().threads(1).pack_jpeg(file).ok().map(|e| e.bytes);
    files("jpeg").iter().filter_map(pack).collect()
}

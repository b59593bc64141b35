//! Sound inputs to begin with: files of the test data, and what the encoder makes of small pictures.

use std::path::{Path, PathBuf};
use tintype::{
    ClipEncoder, ClipInfo, CodecId, ColourModel, Encoder, Goal, Picture, PlaneInfo, PlaneRole, Planes,
    Shape, codec, with_depth,
};

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

/// Small pictures of several kinds: smooth, noisy, with opacity, of one pixel, deep, of many planes, with depth, and
/// few colours in long runs.
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
    let drawn: Vec<u8> = (0..40 * 30).map(|i| [0, 255, 90][(i / 40 / 6 + i % 40 / 9) % 3]).collect();
    let distances: Vec<u16> = (0..24 * 18).map(|i| i / 24 * 100).collect();
    let deeper = Picture::from_rgb8(24, 18, &smooth)
        .and_then(|colour| Ok((colour, Picture::from_gray16(24, 18, &distances)?)));
    let both = deeper.ok().and_then(|(colour, depth)| with_depth(colour, &depth).ok());
    let mut bands = Shape::gray(20, 14, 10);
    bands.planes = vec![PlaneInfo::new(PlaneRole::Band, 10); 6];
    bands.colour = ColourModel::Bands;
    let mut bands = Planes::new(bands);
    for (index, plane) in bands.planes.iter_mut().enumerate() {
        (0..14).for_each(|y| plane.row_mut(y).iter_mut().for_each(|s| *s = (index * 90 + y * 5) as u16));
    }
    [
        Ok(Picture { planes: bands, metadata: tintype::Metadata::default() }),
        Picture::from_gray8(40, 30, &drawn),
        Picture::from_rgb8(24, 18, &smooth),
        Picture::from_rgba8(17, 9, &noise),
        Picture::from_gray16(11, 13, &deep),
        Picture::from_gray8(24, 18, &smooth[..24 * 18]),
        named,
    ]
    .into_iter()
    .flatten()
    .chain(both)
    .collect()
}

/// Files that `codec` makes, as far as it takes the pictures.
pub(crate) fn by_codec(codec: CodecId) -> Vec<Vec<u8>> {
    // Efforts of `lossless` are forms of their own.
    let efforts = if codec == codec::LOSSLESS { vec![1, 2, 3, 4, 5, 7, 9] } else { vec![2, 7] };
    let goals = [Goal::Quality(30.0), Goal::Quality(90.0), Goal::Lossless];
    let mut files: Vec<Vec<u8>> = Vec::new();
    for picture in pictures() {
        for goal in goals {
            for &effort in &efforts {
                let encoder = Encoder::new().codec(codec).goal(goal).effort(effort).threads(1);
                let file = encoder.encode(&picture).ok().map(|encoded| encoded.bytes);
                files.extend(file.filter(|file| !files.contains(file)));
            }
        }
    }
    files
}

/// Clips: `exact` or not, gray and colour, timed, with opacity, of several groups.
pub(crate) fn clips(exact: bool) -> Vec<Vec<u8>> {
    let mut clear = Shape::rgb(24, 18, 8);
    clear.planes.push(PlaneInfo::new(PlaneRole::Alpha, 8));
    if !exact {
        clear.colour = ColourModel::YCbCr(tintype::YCbCrMatrix::Bt601);
    }
    let gray = Shape::gray(40, 20, if exact { 12 } else { 8 });
    let mut files = Vec::new();
    for (shape, timed) in [(gray.clone(), false), (clear, true), (gray, true)] {
        for effort in [1, 6] {
            let mut info = ClipInfo::new(shape.clone(), (25, 1));
            info = if exact { info.exact() } else { info };
            info = if timed { info.timed() } else { info };
            files.extend(clip(&info, effort));
        }
    }
    files
}

/// Seven pictures in groups of three: a square that moves over a slope.
fn clip(info: &ClipInfo, effort: u8) -> Option<Vec<u8>> {
    let mut encoder = ClipEncoder::new(info).ok()?.group(3).effort(effort).threads(1);
    let mut file = Vec::new();
    for number in 0..7 {
        let mut picture = Planes::new(info.shape.clone());
        for plane in &mut picture.planes {
            for y in 0..plane.height() {
                for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                    let inside = (number + 4..number + 9).contains(&x) && (3..9).contains(&y);
                    *sample = if inside { 200 } else { (x * 3 + y * 2) as u16 };
                }
            }
        }
        file.extend(encoder.push_for(&picture, 1 + number as u32).ok()?);
    }
    file.extend(encoder.finish().ok()?);
    Some(file)
}

/// JPEG files, packed.
pub(crate) fn packed() -> Vec<Vec<u8>> {
    let pack = |file: &Vec<u8>| Encoder::new().threads(1).pack_jpeg(file).ok().map(|e| e.bytes);
    files("jpeg").iter().filter_map(pack).collect()
}

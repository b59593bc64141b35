//! The same part of a picture from every codec at the same number of bytes, for viewing side
//! by side.
//!
//! For a target rate each codec's setting is searched between the two settings of its sweep
//! that enclose the rate, until the file is within [`NEAR`] of it or the setting cannot be
//! halved further. What misses the target by more than [`FAR`] is left out rather than shown
//! as equal. In: gray and RGB pictures only.

use crate::codec::Codec;
use crate::input::Source;
use crate::quality;
use crate::record::Point;
use crate::sweep::{BenchContext, Coded, code, decoded_picture};
use tintype_image::io::{PictureFormat, WriteSettings, write_picture_with};
use tintype_image::{Metadata, Picture, Plane, Planes, Region};

/// Rates shown, in bits per pixel.
const TARGETS_BPP: [f64; 3] = [0.15, 0.3, 0.6];
/// Size of a crop in pixels.
const CROP_PX: (usize, usize) = (288, 216);
/// Relative distance from the target at which the search ends.
const NEAR: f64 = 0.02;
/// Relative distance from the target beyond which a codec is left out.
const FAR: f64 = 0.12;
/// Encodes at most for one crop.
const TRIES_MAX: usize = 6;

/// One part of one picture at one rate.
#[derive(Clone, Debug)]
pub struct CropSet {
    /// File name of the picture.
    pub image: String,
    /// The rate aimed at, in bits per pixel.
    pub target_bpp: f64,
    /// Width and height of the crop in pixels.
    pub size: (usize, usize),
    /// The source's crop as PNG.
    pub source_png: Vec<u8>,
    /// One crop for each codec that reached the rate.
    pub crops: Vec<Crop>,
}

/// One codec's crop.
#[derive(Clone, Debug)]
pub struct Crop {
    /// Name of the codec.
    pub codec: String,
    /// The setting that was found.
    pub setting: String,
    /// Bytes of the whole file.
    pub bytes: usize,
    /// SSIMULACRA2 of the whole picture.
    pub ssimulacra2: Option<f64>,
    /// PSNR of the whole picture in decibels.
    pub psnr: f64,
    /// The decoded crop as PNG.
    pub png: Vec<u8>,
}

/// Crops of `source` at every target. `points` are those of the sweep, which enclose the
/// settings to try.
pub fn crop_sets(
    context: &BenchContext<'_>,
    codecs: &[Codec],
    source: &Source,
    points: &[Point],
) -> Vec<CropSet> {
    let Some(region) = region_of_detail(source) else { return Vec::new() };
    let mut sets = Vec::new();
    for target_bpp in TARGETS_BPP {
        let target_bytes = target_bpp * source.pixels() as f64 / 8.0;
        let one = |codec: &Codec| {
            let (setting, coded) = search(context, codec, source, points, target_bytes)?;
            let decoded = decoded_picture(&coded, &context.limits).ok()?;
            let metrics = quality::measure(&source.picture, &decoded).ok()?;
            Some(Crop {
                codec: codec.name.clone(),
                setting,
                bytes: coded.file.len(),
                ssimulacra2: metrics.ssimulacra2,
                psnr: metrics.psnr,
                png: png_of(&decoded, region)?,
            })
        };
        let crops: Vec<Crop> = codecs.iter().filter_map(one).collect();
        let Some(source_png) = png_of(&source.picture, region) else { continue };
        let size = (region.width, region.height);
        sets.push(CropSet { image: source.image.name.clone(), target_bpp, size, source_png, crops });
    }
    sets
}

/// Finds the setting whose file is nearest to `target_bytes`.
fn search(
    context: &BenchContext<'_>,
    codec: &Codec,
    source: &Source,
    points: &[Point],
    target_bytes: f64,
) -> Option<(String, Coded)> {
    let mut known: Vec<(f64, f64)> = points
        .iter()
        .filter(|p| p.codec == codec.name && p.image == source.image.name)
        .filter_map(|p| Some((p.setting.parse().ok()?, p.bytes as f64)))
        .collect();
    known.sort_by(|a, b| a.1.total_cmp(&b.1));
    let above = known.iter().position(|(_, bytes)| *bytes >= target_bytes)?;
    let mut high = known[above];
    let mut low = if above == 0 { high } else { known[above - 1] };
    let mut best: Option<(f64, String, Coded)> = None;
    for attempt in 0..TRIES_MAX {
        let span = (high.1 / low.1).ln();
        let share = if span > 0.0 { ((target_bytes / low.1).ln() / span).clamp(0.0, 1.0) } else { 0.0 };
        // Every second step halves, so that a curved relation cannot keep the search on one side.
        let share = if attempt % 2 == 1 { 0.5 * (share + 0.5) } else { share };
        let setting = rounded(codec, low.0 + share * (high.0 - low.0));
        let number: f64 = setting.parse().ok()?;
        let coded = code(context, codec, source, &setting).ok()?;
        let bytes = coded.file.len() as f64;
        let miss = (bytes / target_bytes - 1.0).abs();
        if best.as_ref().is_none_or(|(least, ..)| miss < *least) {
            best = Some((miss, setting, coded));
        } else {
            let _ = std::fs::remove_file(&coded.decoded);
        }
        let stuck = number == low.0 || number == high.0;
        if miss <= NEAR || stuck {
            break;
        }
        if bytes < target_bytes {
            low = (number, bytes);
        } else {
            high = (number, bytes);
        }
    }
    best.filter(|(miss, ..)| *miss <= FAR).map(|(_, setting, coded)| (setting, coded))
}

/// A setting in the steps that the codec's program takes.
fn rounded(codec: &Codec, value: f64) -> String {
    match (codec.setting_kind.as_str(), codec.ours) {
        ("quality", false) | ("cq-level", _) => format!("{value:.0}"),
        ("quality", true) => format!("{value:.1}"),
        _ => format!("{value:.4}"),
    }
}

/// The part of the picture with much detail: of all crops on a coarse grid, the one at the
/// upper quartile of activity.
fn region_of_detail(source: &Source) -> Option<Region> {
    if !source.plain {
        return None;
    }
    let plane = source.picture.planes.planes.get(1).or(source.picture.planes.planes.first())?;
    let (width, height) = (CROP_PX.0.min(plane.width()), CROP_PX.1.min(plane.height()));
    let steps = |whole: usize, part: usize| (0..=4).map(move |i| (whole - part) * i / 4);
    let mut all: Vec<(u64, Region)> = Vec::new();
    for y in steps(plane.height(), height) {
        for x in steps(plane.width(), width) {
            let region = Region { x, y, width, height };
            all.push((activity(plane, region), region));
        }
    }
    all.sort_by_key(|(activity, _)| *activity);
    all.get(all.len() * 3 / 4).map(|(_, region)| *region)
}

/// Sum of the absolute differences of neighbours in a row.
fn activity(plane: &Plane<u16>, region: Region) -> u64 {
    let of_row = |y: usize| {
        let row = &plane.row(y)[region.x..][..region.width];
        row.windows(2).map(|pair| u64::from(pair[0].abs_diff(pair[1]))).sum::<u64>()
    };
    (region.y..region.y + region.height).map(of_row).sum()
}

fn png_of(picture: &Picture, region: Region) -> Option<Vec<u8>> {
    let mut shape = picture.planes.shape.clone();
    if shape.width_px < region.x + region.width || shape.height_px < region.y + region.height {
        return None;
    }
    (shape.width_px, shape.height_px) = (region.width, region.height);
    let planes = picture.planes.planes.iter().map(|plane| plane.crop(region)).collect();
    let picture = Picture { planes: Planes { shape, planes }, metadata: Metadata::default() };
    write_picture_with(
        PictureFormat::Png,
        &picture,
        &WriteSettings { effort: 9, ..WriteSettings::default() },
    )
    .ok()
}

//! How many bytes other codecs need for one picture at a given quality.
//!
//! In: a picture and a SSIMULACRA2 score, or none for exact coding. Out: bytes for each program found on
//! `PATH`. A codec's settings are searched until two neighbours enclose the score; the bytes between them
//! are interpolated, logarithm of bytes over score.

use crate::LabError;
use crate::cache::Cache;
use crate::codec::Codec;
use crate::input::{Source, source_from_picture};
use crate::launch::Launcher;
use crate::peers;
use crate::sweep::{BenchContext, code, decoded_picture, parallel};
use std::path::Path;
use tintype_image::{Limits, Picture, Threads};
use tintype_metrics::{Wanted, compare_with};

/// Peers that are asked for lossy coding: one setting of each program.
const LOSSY: [&str; 8] =
    ["libjpeg-turbo", "mozjpeg", "jpegli", "webp", "jpeg2000", "jxl", "avif", "heic"];
/// Peers that are asked for exact coding.
const EXACT: [&str; 6] = [
    "png-oxipng",
    "png-optipng",
    "webp-lossless-z6",
    "jpeg2000-lossless",
    "jxl-lossless-e7",
    "avif-lossless",
];
/// Settings between two of the ladder that are tried before the rest is interpolated.
const REFINEMENTS: usize = 2;

/// What other codecs need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerSizes {
    /// Codec and bytes.
    pub sizes: Vec<(String, u64)>,
    /// Codecs that gave no figure, and why.
    pub failed: Vec<(String, String)>,
    /// Programs that were not found.
    pub not_on_path: Vec<String>,
}

/// Bytes that each peer on `PATH` needs for `picture` at SSIMULACRA2 `score`, or exactly if there is none.
///
/// # Errors
/// `Io` for the temporary folder, `Malformed` for a picture that PNG does not hold.
pub fn peer_sizes(
    picture: &Picture,
    score: Option<f64>,
    threads: Threads,
) -> Result<PeerSizes, LabError> {
    let folder = tempfile::tempdir().map_err(LabError::io("temporary folder"))?;
    let cache = Cache::new(None)?;
    let context = BenchContext {
        launcher: &Launcher::Direct,
        folder: folder.path(),
        cache: &cache,
        repeats: 1,
        lossless: score.is_none(),
        timed: false,
        threads,
        limits: Limits::default(),
    };
    let names: &[&str] = if score.is_some() { &LOSSY } else { &EXACT };
    let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
    let (found, missing) = peers::find(score.is_none(), &names);
    let mut result = PeerSizes {
        not_on_path: missing.into_iter().map(|entry| entry.codec).collect(),
        ..PeerSizes::default()
    };
    if found.is_empty() {
        return Ok(result);
    }

    let source = source_from_picture(picture.clone(), Path::new("picture"), folder.path(), 0)?;
    let sizes = parallel(&found, threads, |codec| match score {
        Some(score) => bytes_at(&context, codec, &source, score),
        None => Ok(code(&context, codec, &source, &codec.ladder[0])
            .map(|coded| coded.file.len() as f64)
            .map_err(|error| error.to_string())?),
    });
    for (codec, bytes) in found.iter().zip(sizes) {
        match bytes {
            Ok(bytes) => result.sizes.push((codec.name.clone(), bytes.round() as u64)),
            Err(reason) => result.failed.push((codec.name.clone(), reason)),
        }
    }
    Ok(result)
}

/// One setting, measured.
#[derive(Clone, Debug)]
struct Measured {
    setting: String,
    bytes: f64,
    score: f64,
}

fn measured(
    context: &BenchContext<'_>,
    codec: &Codec,
    source: &Source,
    setting: &str,
) -> Result<Measured, String> {
    let coded = code(context, codec, source, setting).map_err(|error| error.to_string())?;
    let decoded = decoded_picture(&coded, &context.limits).map_err(|error| error.to_string())?;
    let wanted = Wanted { ssimulacra2: true, ..Wanted::POINTWISE };
    let report = compare_with(&source.picture.planes, &decoded.planes, wanted)
        .map_err(|error| error.to_string())?;
    let score = report.ssimulacra2.ok_or("its pictures have no SSIMULACRA2")?;
    Ok(Measured { setting: setting.into(), bytes: coded.file.len() as f64, score })
}

/// Bytes of `codec` at `score`.
fn bytes_at(
    context: &BenchContext<'_>,
    codec: &Codec,
    source: &Source,
    score: f64,
) -> Result<f64, String> {
    // The ladder goes from small files to large ones, and so does the score.
    let (mut low, mut high): (Option<Measured>, Option<Measured>) = (None, None);
    let (mut from, mut to) = (0, codec.ladder.len());
    while from < to {
        let middle = (from + to) / 2;
        let at = measured(context, codec, source, &codec.ladder[middle])?;
        if at.score < score {
            from = middle + 1;
            low = Some(at);
        } else {
            to = middle;
            high = Some(at);
        }
    }
    let mut low = low.ok_or("its smallest file looks better than this")?;
    let mut high = high.ok_or("its largest file looks worse than this")?;

    for _ in 0..REFINEMENTS {
        let share = (score - low.score) / (high.score - low.score);
        let Some(setting) = setting_between(&low.setting, &high.setting, share) else { break };
        let at = measured(context, codec, source, &setting)?;
        if at.score < score { low = at } else { high = at }
    }
    Ok(interpolated(&low, &high, score))
}

/// The setting at `share` of the way from one to another: a whole number where both are; none if there is
/// nothing between them.
fn setting_between(low: &str, high: &str, share: f64) -> Option<String> {
    let (a, b): (f64, f64) = (low.parse().ok()?, high.parse().ok()?);
    let value = a + (b - a) * share.clamp(0.1, 0.9);
    let whole = !low.contains('.') && !high.contains('.');
    let text = if whole { format!("{value:.0}") } else { format!("{value:.3}") };
    (text != low && text != high).then_some(text)
}

fn interpolated(low: &Measured, high: &Measured, score: f64) -> f64 {
    let share = (score - low.score) / (high.score - low.score).max(1e-9);
    (low.bytes.ln() + (high.bytes / low.bytes).ln() * share.clamp(0.0, 1.0)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(setting: &str, bytes: f64, score: f64) -> Measured {
        Measured { setting: setting.into(), bytes, score }
    }

    #[test]
    fn bytes_between_two_settings_are_interpolated() {
        let (low, high) = (at("10", 1000.0, 50.0), at("20", 4000.0, 70.0));
        assert_eq!(interpolated(&low, &high, 60.0).round(), 2000.0);
        assert_eq!(interpolated(&low, &high, 50.0).round(), 1000.0);
    }

    #[test]
    fn settings_stay_whole_numbers_where_they_are() {
        assert_eq!(setting_between("10", "20", 0.5), Some("15".into()));
        assert_eq!(setting_between("10", "11", 0.3), None);
        assert_eq!(setting_between("1.7", "1", 0.5), Some("1.350".into()));
        assert_eq!(setting_between("low", "high", 0.5), None);
    }
}

//! Clips for `encode`, `decode`, `info`, `verify` and `play`: y4m files of several pictures, films, animations, numbered
//! pictures, and `.tin` files of a clip.
//!
//! Pictures pass one after another: no more than a group is held, so that standard input and output work as
//! pipes.

mod decode;
mod encode;
mod plan;
pub mod play;
mod replace;
mod sequence;
mod source;

pub use decode::{DecodePlan, decode, usual_extension};
pub use encode::{Taken, encode, encode_from};
pub use plan::ClipPlan;
pub use sequence::encode_sequence;
pub use source::Origin;

use super::complaint_of;
use crate::files::{Job, Place};
use crate::seal::{SealedFacts, sealed_lines};
use crate::style::size_text;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use tintype::{ClipDecoder, DecodeOptions, codec};

/// Whether `place` is a file that holds a clip, as far as `options` open it.
pub fn is_clip(place: &Place, options: &DecodeOptions) -> bool {
    let Place::File(path) = place else { return false };
    let file = std::fs::metadata(path).is_ok_and(|data| data.is_file()).then(|| File::open(path).ok());
    file.flatten().is_some_and(|file| tintype::holds_clip(BufReader::new(file), options))
}

pub fn damage_text(range: &std::ops::Range<u32>) -> String {
    format!(
        "pictures {} to {} are damaged or missing; the last good one stands in their place",
        range.start,
        range.end - 1
    )
}

/// Decodes all of a clip: its bytes, and what is wrong with it.
///
/// # Errors
/// What to tell the user.
pub fn check(job: &Job, options: DecodeOptions) -> Result<(u64, Option<String>), String> {
    let Place::File(path) = &job.input else { return Err("clips are checked as files".into()) };
    let file = File::open(path).map(BufReader::new).map_err(|error| error.to_string())?;
    let bytes = std::fs::metadata(path).map_or(0, |data| data.len());
    let mut decoder = ClipDecoder::with_options(file, options).map_err(|error| error.to_string())?;
    while decoder.next_picture().map_err(|error| error.to_string())?.is_some() {}
    let mut warnings: Vec<String> = decoder.damaged().iter().map(damage_text).collect();
    if !decoder.is_complete() {
        warnings.push(format!("the file was cut off after picture {}", decoder.position()));
    }
    Ok((bytes, complaint_of(job, &warnings)))
}

/// Describes the clip in `source`, in lines or as JSON.
///
/// # Errors
/// What to tell the user.
pub fn info<R: Read + Seek>(
    name: &str,
    source: R,
    (bytes, sealed): (u64, Option<&SealedFacts>),
    options: DecodeOptions,
    json: bool,
) -> Result<String, String> {
    let text = |error: tintype::Error| error.to_string();
    let mut decoder = ClipDecoder::with_options(source, options).map_err(text)?;
    let info = decoder.info().clone();
    let frames = decoder.pictures().map_err(text)?;
    let (rate, per) = info.frame_rate;
    let shape = &info.shape;
    if json {
        let mut record = serde_json::json!({
            "input": name, "codec": codec::VIDEO.name(), "width": shape.width_px, "height": shape.height_px,
            "planes": shape.planes.len(), "bit_depth": shape.planes[0].bit_depth, "frames": frames,
            "frame_rate": [rate, per], "bytes": bytes, "exact": info.exact, "timed": info.timed,
        });
        if let Some(facts) = sealed {
            record["sealed"] = serde_json::to_value(facts).unwrap_or_default();
        }
        return Ok(record.to_string());
    }
    let mut lines = vec![name.to_string()];
    for (name, value) in sealed.map(sealed_lines).unwrap_or_default() {
        lines.push(format!("  {name:<10} {value}"));
    }
    let (width, height, depth) = (shape.width_px, shape.height_px, shape.planes[0].bit_depth);
    lines.push(format!(
        "  clip       {width} × {height}, {}, {depth} bits",
        crate::shape_text::colour_text(shape)
    ));
    let seconds = |count: u32| f64::from(count) * f64::from(per) / f64::from(rate.max(1));
    let length = match frames {
        Some(count) if rate > 0 && per > 0 && !info.timed => format!("{count}, {:.2} s", seconds(count)),
        Some(count) => count.to_string(),
        None => "unknown: the file was cut off".into(),
    };
    lines.push(format!("  pictures   {length}"));
    if info.exact {
        lines.push("  lossless   every sample comes back".into());
    }
    if info.timed {
        lines.push("  times      each picture has its own".into());
    } else if rate > 0 && per > 0 {
        lines.push(format!("  rate       {:.3} pictures a second", f64::from(rate) / f64::from(per)));
    }
    lines.push(format!("  size       {}", size_text(bytes)));
    if let Some(count) = frames.filter(|&count| count > 0 && rate > 0 && per > 0 && !info.timed) {
        lines.push(format!("  bit rate   {:.0} kbit/s", bytes as f64 * 8.0 / seconds(count) / 1000.0));
    }
    Ok(lines.join("\n"))
}

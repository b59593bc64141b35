//! Clips for `encode`.

use super::plan::ClipPlan;
use super::replace::Original;
use super::source::{Clip, Origin, Y4M, origin_of, with_clip, y4m_of};
use crate::commands::{Report, complaint_of};
use crate::files::{Job, Place};
use crate::output::{Preserve, write_result};
use crate::record::Record;
use crate::style::note;
use std::io::{BufRead, IsTerminal, Write};
use std::time::Instant;
use tintype::{ClipEncoder, ClipInfo, Goal, Threads, codec};
use tintype_image::ImageError;

/// What became of an input that may be a clip.
pub enum Taken {
    /// It is none; if its bytes were taken from standard input, all of them.
    NoClip(Option<Vec<u8>>),
    /// It was encoded: the report, bytes before and after.
    Done(Report, u64, u64),
}

/// Encodes the input of `job` if it is a y4m file of several pictures, or a film that ffmpeg reads.
///
/// # Errors
/// What to tell the user.
pub fn encode(plan: &ClipPlan, job: &Job, threads: Threads) -> Result<Taken, String> {
    let Place::File(path) = &job.input else {
        let mut input = std::io::stdin().lock();
        // Nothing is taken from the standard input's own buffer here.
        if !input.fill_buf().map_err(|error| error.to_string())?.starts_with(Y4M) {
            return Ok(Taken::NoClip(None));
        }
        return match y4m_of(input)? {
            Ok(clip) => encode_clip(plan, job, threads, (clip, None)),
            Err(bytes) => Ok(Taken::NoClip(Some(bytes))),
        };
    };
    match origin_of(path)? {
        Some(origin) => encode_from(plan, job, threads, origin),
        None => Ok(Taken::NoClip(None)),
    }
}

/// Encodes the clip that comes from `origin`.
///
/// # Errors
/// What to tell the user.
pub fn encode_from(
    plan: &ClipPlan,
    job: &Job,
    threads: Threads,
    origin: Origin<'_>,
) -> Result<Taken, String> {
    let mut plan = plan.clone();
    if let Some(why) = plan.refused {
        return Err(why.into());
    }
    if plan.bitrate.is_some() || matches!(plan.goal, Goal::SizeBytes(_) | Goal::Bpp(_)) {
        plan.goal = Goal::Quality(quality_for(&plan, origin, threads)?);
        plan.bitrate = None;
    }
    if matches!(origin, Origin::Film(_)) {
        note(&format!("{}: read through ffmpeg; sound is left out", job.input.name()));
    }
    let exact = plan.goal == Goal::Lossless;
    let mut taken =
        with_clip(origin, exact, |clip| encode_clip(&plan, job, threads, (clip, Some(origin))))?;
    if let (Taken::Done(_, before, _), Origin::Film(path)) = (&mut taken, origin) {
        *before = std::fs::metadata(path).map_or(0, |data| data.len());
    }
    Ok(taken)
}

/// The highest quality at which a clip has no more bytes than were asked for: by encoding it several times.
fn quality_for(plan: &ClipPlan, origin: Origin<'_>, threads: Threads) -> Result<f32, String> {
    let (mut low, mut high) = (None::<(f32, f64)>, None::<(f32, f64)>);
    let mut quality = 60.0f32;
    for _ in 0..TRIES {
        let (bytes, wanted) = with_clip(origin, false, |clip| measure(plan, threads, clip, quality))?;
        if bytes <= wanted {
            low = Some((quality, bytes));
            if bytes >= 0.98 * wanted || quality >= 100.0 {
                break;
            }
        } else if quality <= 0.0 {
            return Err(format!("has {bytes:.0} bytes at quality 0 already, more than {wanted:.0}"));
        } else {
            high = Some((quality, bytes));
        }
        quality = match (low, high) {
            (Some(low), Some(high)) => {
                let share = ((wanted / low.1).ln() / (high.1 / low.1).ln()) as f32;
                low.0 + (high.0 - low.0) * share.clamp(0.1, 0.9)
            }
            // Some 15 steps of quality halve or double the bytes.
            (Some(low), None) => (low.0 + 15.0 * (wanted / low.1).log2() as f32 + 1.0).min(100.0),
            (None, Some(high)) => (high.0 - 15.0 * (high.1 / wanted).log2() as f32 - 1.0).max(0.0),
            (None, None) => quality,
        };
    }
    low.map(|low| low.0).ok_or_else(|| "does not become as small as was asked for".into())
}

/// Most encodes on the way to a size.
const TRIES: usize = 8;

/// The bytes at a quality, and the bytes that were asked for.
fn measure(
    plan: &ClipPlan,
    threads: Threads,
    clip: Clip<'_>,
    quality: f32,
) -> Result<(f64, f64), String> {
    let text = |error: tintype::Error| error.to_string();
    let mut encoder = encoder_for(plan, threads, &clip.info, quality)?;
    let (mut bytes, mut count, mut ticks) = (0, 0u32, 0u64);
    for picture in clip.pictures {
        let Ok((planes, time)) = picture else { break };
        bytes += encoder.push_for(&planes, time).map_err(text)?.len();
        count += 1;
        ticks += u64::from(time);
    }
    bytes += encoder.finish().map_err(text)?.len();
    let shape = &clip.info.shape;
    let pixels = shape.width_px as f64 * shape.height_px as f64 * f64::from(count);
    let wanted = match (plan.bitrate, plan.goal, clip.info.frame_rate) {
        (Some(_), _, (0, _) | (_, 0)) => {
            return Err("has no frame rate, so --bitrate means nothing".into());
        }
        (Some(kilobits), _, (rate, per)) => {
            f64::from(kilobits) * 125.0 * ticks as f64 * f64::from(per) / f64::from(rate)
        }
        (None, Goal::SizeBytes(bytes), _) => bytes as f64,
        (None, Goal::Bpp(bits), _) => f64::from(bits) * pixels / 8.0,
        _ => f64::INFINITY,
    };
    Ok((bytes as f64, wanted))
}

/// An encoder at a quality.
fn encoder_for(
    plan: &ClipPlan,
    threads: Threads,
    info: &ClipInfo,
    quality: f32,
) -> Result<ClipEncoder, String> {
    let encoder = ClipEncoder::new(info).map_err(|error| error.to_string())?;
    let encoder = encoder.quality(quality).effort(plan.effort).threads(threads.count());
    let encoder = plan.sealing.on_clip(encoder);
    Ok(match plan.group {
        Some(group) => encoder.group(group),
        None => encoder,
    })
}

/// Encodes `clip`, which comes from `origin` if it is no stream.
fn encode_clip<'a>(
    plan: &'a ClipPlan,
    job: &Job,
    threads: Threads,
    (mut clip, origin): (Clip<'_>, Option<Origin<'a>>),
) -> Result<Taken, String> {
    if let Some(why) = plan.refused {
        return Err(why.into());
    }
    let quality = match plan.goal {
        Goal::Quality(quality) if plan.bitrate.is_none() => quality,
        Goal::Lossless => 100.0,
        Goal::SizeBytes(_) | Goal::Bpp(_) | Goal::Quality(_) => {
            return Err("is a clip on standard input, which can be read once; a size needs several encodes of a file".into());
        }
        _ => {
            return Err(
                "is a clip, which is encoded at -q, --lossless, --bitrate, --size or --bpp; give no other goal"
                    .into(),
            );
        }
    };
    let start = Instant::now();
    if plan.goal == Goal::Lossless {
        clip.info = clip.info.exact();
    }
    let original = Original::of(plan, job, threads, origin)?;
    let mut encoder = encoder_for(plan, threads, &clip.info, quality)?;
    let preserved = Preserve::of(job, plan.preserve);
    let mut written = Written { warnings: std::mem::take(&mut clip.warnings), ..Written::default() };
    let place = match original.as_ref().and_then(|original| original.done_before(job)) {
        Some(count) => {
            written.count = count;
            job.output.clone()
        }
        None => write_result(job, plan.existing, |out| {
            for picture in &mut clip.pictures {
                match picture {
                    Ok((planes, ticks)) => {
                        written.count += 1;
                        written.put(encoder.push_for(&planes, ticks), out)?;
                    }
                    Err(error) => {
                        let count = written.count;
                        let what = format!("{error}; {count} pictures were whole and are encoded");
                        written.warnings.push(what);
                        break;
                    }
                }
            }
            written.put(encoder.finish(), out)
        })
        .map_err(|error| written.failure.take().unwrap_or(error))?,
    };
    preserved.apply(&job.input, &place);
    // What the result lacks is in the original only.
    let replaced = original.map(|original| match written.warnings.is_empty() {
        true => original.delete(job, &place),
        false => Err("the result lacks something of it".into()),
    });
    Ok(told(plan, job, &clip, written, (place, replaced, start)))
}

/// What went into a file.
#[derive(Default)]
struct Written {
    count: u64,
    bytes: u64,
    failure: Option<String>,
    warnings: Vec<String>,
}

impl Written {
    /// Writes bytes that are ready.
    fn put(
        &mut self,
        ready: Result<Vec<u8>, tintype::Error>,
        out: &mut dyn Write,
    ) -> Result<(), ImageError> {
        match ready {
            Ok(ready) => {
                self.bytes += ready.len() as u64;
                Ok(out.write_all(&ready)?)
            }
            Err(error) => {
                self.failure = Some(error.to_string());
                Err(ImageError::Unsupported { what: "this clip".into() })
            }
        }
    }
}

/// What is said of a clip that was encoded.
fn told(
    plan: &ClipPlan,
    job: &Job,
    clip: &Clip<'_>,
    written: Written,
    (place, replaced, start): (Place, Option<Result<(), String>>, Instant),
) -> Taken {
    let shape = &clip.info.shape;
    let pixels = shape.width_px as f64 * shape.height_px as f64 * written.count as f64;
    let bytes = match &place {
        Place::File(path) => std::fs::metadata(path).map_or(written.bytes, |data| data.len()),
        Place::Standard => written.bytes,
    };
    let mut record = Record::new(job, shape, codec::VIDEO.name(), bytes, pixels);
    record.encode_ms = Some(start.elapsed().as_secs_f64() * 1000.0);
    record.frames = Some(written.count);
    record.output = Some(place.name());
    record.warnings = written.warnings;
    let mut complaint = complaint_of(job, &record.warnings);
    if let Some(outcome) = replaced {
        record.replaced = Some(outcome.is_ok());
        if let Err(why) = outcome {
            let told = complaint.unwrap_or_else(|| job.input.name());
            complaint = Some(format!("{told}: the original stays: {why}"));
        }
    }
    let before = clip.bytes.get();
    let text = match (plan.json, &place) {
        (true, _) => record.json(),
        (false, Place::Standard) => String::new(),
        (false, _) => record.encoded_line(before, std::io::stdout().is_terminal()),
    };
    Taken::Done(Report { text, complaint }, before, bytes)
}

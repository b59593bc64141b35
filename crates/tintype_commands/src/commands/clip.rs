//! Clips for `encode`, `decode` and `info`: y4m files of several pictures, and `.tin` files of a clip.
//!
//! Pictures pass one after another: no more than a group is held, so that standard input and output work as
//! pipes.

use super::{Report, complaint_of};
use crate::args::Frames;
use crate::files::{Job, Place};
use crate::output::{Existing, Preserve, write_result};
use crate::record::Record;
use crate::style::{note, size_text};
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, Seek};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;
use tintype::{ClipDecoder, ClipEncoder, ClipInfo, Goal, Planes, Threads, codec};
use tintype_image::io::y4m::{Y4mHeader, Y4mReader, Y4mWriter};
use tintype_image::{ImageError, Limits};

/// How clips are encoded.
#[derive(Clone, Copy, Debug)]
pub struct ClipPlan {
    /// What was asked for.
    pub goal: Goal,
    /// Thousands of bits a second.
    pub bitrate: Option<f32>,
    /// 1 to 9.
    pub effort: u8,
    /// Pictures of a group.
    pub group: usize,
    /// Whether a file may be replaced.
    pub existing: Existing,
    /// Whether times and permissions are kept.
    pub preserve: bool,
    /// Whether JSON is asked for.
    pub json: bool,
    /// An option that does not go with clips: why a clip is refused.
    pub refused: Option<&'static str>,
}

/// What became of an input that may be a clip.
pub enum Taken {
    /// It is none; if its bytes were taken from standard input, all of them.
    NoClip(Option<Vec<u8>>),
    /// It was encoded: the report, bytes before and after.
    Done(Report, u64, u64),
}

/// The first bytes of a y4m file.
const Y4M: &[u8] = b"YUV4MPEG2 ";

/// Extensions of films that are read through ffmpeg.
const FILMS: &[&str] = &["avi", "m4v", "mkv", "mov", "mp4", "mpg", "webm", "wmv"];

/// Whether a file is a film by its name.
fn is_film(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    FILMS.contains(&extension.to_ascii_lowercase().as_str())
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
        return match Pictures::of(input)? {
            (Some(pictures), _) => encode_pictures(plan, job, threads, pictures),
            (None, bytes) => Ok(Taken::NoClip(Some(bytes))),
        };
    };
    if !is_film(path) {
        let y4m =
            open(path).is_ok_and(|mut head| head.fill_buf().is_ok_and(|head| head.starts_with(Y4M)));
        if !y4m || Pictures::of(open(path)?)?.0.is_none() {
            return Ok(Taken::NoClip(None));
        }
    }
    let mut plan = *plan;
    if let Some(why) = plan.refused {
        return Err(why.into());
    }
    if plan.bitrate.is_some() || matches!(plan.goal, Goal::SizeBytes(_) | Goal::Bpp(_)) {
        plan.goal = Goal::Quality(quality_for(&plan, path, threads)?);
        plan.bitrate = None;
    }
    if is_film(path) {
        note(&format!("{}: read through ffmpeg; sound is left out", job.input.name()));
    }
    with_pictures(path, |pictures| encode_pictures(&plan, job, threads, pictures))
}

fn open(path: &Path) -> Result<BufReader<File>, String> {
    File::open(path).map(BufReader::new).map_err(|error| error.to_string())
}

/// Hands the pictures of a y4m file or a film to `work`.
fn with_pictures<T>(
    path: &Path,
    work: impl FnOnce(Pictures<Box<dyn BufRead>>) -> Result<T, String>,
) -> Result<T, String> {
    let few = || "has no more than one picture".to_string();
    if !is_film(path) {
        return work(Pictures::of(Box::new(open(path)?) as Box<dyn BufRead>)?.0.ok_or_else(few)?);
    }
    let mut name = OsString::from("file:");
    name.push(path);
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i"]).arg(name).args([
        "-map",
        "0:v:0",
        "-f",
        "yuv4mpegpipe",
        "-strict",
        "-1",
        "-",
    ]);
    let started = ffmpeg.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = match started {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(
                "is a film, which is read through ffmpeg, and ffmpeg is not on PATH; install it".into(),
            );
        }
        other => other.map_err(|error| format!("ffmpeg: {error}"))?,
    };
    let output = child.stdout.take().ok_or("ffmpeg gave no output")?;
    let read = Pictures::of(Box::new(BufReader::new(output)) as Box<dyn BufRead>);
    let done = read.and_then(|pictures| work(pictures.0.ok_or_else(few)?));
    let ended = child.wait().map_err(|error| format!("ffmpeg: {error}"))?;
    if done.is_ok() && !ended.success() {
        return Err(format!("ffmpeg could not read all of it ({ended}); what it gave was encoded"));
    }
    done
}

/// The highest quality at which a clip has no more bytes than were asked for: by encoding it several times.
fn quality_for(plan: &ClipPlan, path: &Path, threads: Threads) -> Result<f32, String> {
    let (mut low, mut high) = (None::<(f32, f64)>, None::<(f32, f64)>);
    let mut quality = 60.0f32;
    for _ in 0..TRIES {
        let (bytes, wanted) = with_pictures(path, |pictures| measure(plan, threads, pictures, quality))?;
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
fn measure<R: BufRead>(
    plan: &ClipPlan,
    threads: Threads,
    mut pictures: Pictures<R>,
    quality: f32,
) -> Result<(f64, f64), String> {
    let text = |error: tintype::Error| error.to_string();
    let (mut encoder, info) = encoder_for(plan, threads, &pictures.reader, quality)?;
    let mut bytes = encoder.push(&pictures.first).map_err(text)?.len();
    let mut count = 1u32;
    while let Some(Ok(planes)) = pictures.reader.next() {
        bytes += encoder.push(&planes).map_err(text)?.len();
        count += 1;
    }
    bytes += encoder.finish().map_err(text)?.len();
    let pixels = info.shape.width_px as f64 * info.shape.height_px as f64 * f64::from(count);
    let wanted = match (plan.bitrate, plan.goal, info.frame_rate) {
        (Some(_), _, (0, _) | (_, 0)) => {
            return Err("has no frame rate, so --bitrate means nothing".into());
        }
        (Some(kilobits), _, (rate, per)) => {
            f64::from(kilobits) * 125.0 * f64::from(count) * f64::from(per) / f64::from(rate)
        }
        (None, Goal::SizeBytes(bytes), _) => bytes as f64,
        (None, Goal::Bpp(bits), _) => f64::from(bits) * pixels / 8.0,
        _ => f64::INFINITY,
    };
    Ok((bytes as f64, wanted))
}

/// An encoder at a quality.
fn encoder_for<R: BufRead>(
    plan: &ClipPlan,
    threads: Threads,
    reader: &Y4mReader<Counted<R>>,
    quality: f32,
) -> Result<(ClipEncoder, ClipInfo), String> {
    let header = reader.header();
    let info = ClipInfo::new(header.shape.clone(), header.frame_rate).words(&header.words());
    let encoder = ClipEncoder::new(&info)
        .map_err(|error| error.to_string())?
        .quality(quality)
        .effort(plan.effort)
        .group(plan.group)
        .threads(threads.count());
    Ok((encoder, info))
}

/// Counts what is read, and keeps it as long as `kept` is there.
struct Counted<R> {
    source: R,
    bytes: u64,
    kept: Option<Vec<u8>>,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if let Some(kept) = &mut self.kept
            && let Ok(bytes) = self.source.fill_buf()
        {
            kept.extend_from_slice(&bytes[..count]);
        }
        self.bytes += count as u64;
        self.source.consume(count);
    }
}

/// The pictures of a y4m file.
struct Pictures<R> {
    reader: Y4mReader<Counted<R>>,
    first: Planes,
}

impl<R: BufRead> Pictures<R> {
    /// The pictures of a file of several; else what was read.
    fn of(source: R) -> Result<(Option<Self>, Vec<u8>), String> {
        let text = |error: ImageError| error.to_string();
        let counted = Counted { source, bytes: 0, kept: Some(Vec::new()) };
        let mut reader = Y4mReader::new(counted, &Limits::default()).map_err(text)?;
        let Some(first) = reader.next() else {
            return Ok((None, reader.source_mut().kept.take().unwrap_or_default()));
        };
        let more = reader.source_mut().fill_buf().is_ok_and(|bytes| !bytes.is_empty());
        let kept = reader.source_mut().kept.take().unwrap_or_default();
        if !more {
            return Ok((None, kept));
        }
        Ok((Some(Self { first: first.map_err(text)?, reader }), Vec::new()))
    }
}

fn encode_pictures<R: BufRead>(
    plan: &ClipPlan,
    job: &Job,
    threads: Threads,
    mut pictures: Pictures<R>,
) -> Result<Taken, String> {
    if let Some(why) = plan.refused {
        return Err(why.into());
    }
    let quality = match plan.goal {
        Goal::Quality(quality) if plan.bitrate.is_none() => quality,
        Goal::SizeBytes(_) | Goal::Bpp(_) | Goal::Quality(_) => {
            return Err("is a clip on standard input, which can be read once; a size needs several encodes of a file".into());
        }
        _ => {
            return Err(
                "is a clip, which is encoded at -q, --bitrate, --size or --bpp; give no other goal"
                    .into(),
            );
        }
    };
    let start = Instant::now();
    let (mut encoder, info) = encoder_for(plan, threads, &pictures.reader, quality)?;

    let preserved = Preserve::of(job, plan.preserve);
    let (mut count, mut bytes, mut failure, mut warnings) = (1u64, 0u64, None, Vec::new());
    let place = write_result(job, plan.existing, |out| {
        let mut write = |bytes_ready: Result<Vec<u8>, tintype::Error>| match bytes_ready {
            Ok(ready) => {
                bytes += ready.len() as u64;
                Ok(out.write_all(&ready)?)
            }
            Err(error) => {
                failure = Some(error.to_string());
                Err(ImageError::Unsupported { what: "this clip".into() })
            }
        };
        write(encoder.push(&pictures.first))?;
        for planes in &mut pictures.reader {
            match planes {
                Ok(planes) => {
                    count += 1;
                    write(encoder.push(&planes))?;
                }
                Err(error) => {
                    warnings.push(format!("{error}; {count} pictures were whole and are encoded"));
                    break;
                }
            }
        }
        write(encoder.finish())
    });
    let place = place.map_err(|error| failure.take().unwrap_or(error))?;
    preserved.apply(&job.input, &place);

    let pixels = info.shape.width_px as f64 * info.shape.height_px as f64 * count as f64;
    let mut record = Record::new(job, &info.shape, codec::VIDEO.name(), bytes, pixels);
    record.encode_ms = Some(start.elapsed().as_secs_f64() * 1000.0);
    record.frames = Some(count);
    record.output = Some(place.name());
    record.warnings = warnings;
    let before = match &job.input {
        Place::File(path) if is_film(path) => std::fs::metadata(path).map_or(0, |data| data.len()),
        _ => pictures.reader.source_mut().bytes,
    };
    let text = match (plan.json, &place) {
        (true, _) => record.json(),
        (false, Place::Standard) => String::new(),
        (false, _) => record.encoded_line(before, std::io::stdout().is_terminal()),
    };
    let complaint = complaint_of(job, &record.warnings);
    Ok(Taken::Done(Report { text, complaint }, before, bytes))
}

/// Whether `place` is a file that holds a clip.
pub fn is_clip(place: &Place) -> bool {
    let Place::File(path) = place else { return false };
    let mut head = [0; 5];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && tintype::is_clip(&head)
}

/// How clips are decoded.
#[derive(Clone, Copy, Debug)]
pub struct DecodePlan {
    /// The pictures asked for.
    pub frames: Frames,
    /// Whether a damaged clip counts as done.
    pub partial: bool,
    /// Whether a file may be replaced.
    pub existing: Existing,
    /// Whether times and permissions are kept.
    pub preserve: bool,
    /// Whether JSON is asked for.
    pub json: bool,
}

/// Decodes the clip that `job` names to y4m.
///
/// # Errors
/// What to tell the user.
pub fn decode(plan: &DecodePlan, job: &Job, threads: Threads) -> Result<Report, String> {
    let text = |error: tintype::Error| error.to_string();
    if let Place::File(path) = &job.output
        && !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("y4m"))
        && (!path.exists() || path.is_file())
    {
        return Err(format!(
            "holds a clip, which is written as y4m; {} has another extension",
            path.display()
        ));
    }
    match &job.input {
        Place::File(path) => {
            let file = File::open(path).map(BufReader::new).map_err(|error| error.to_string())?;
            let mut decoder = ClipDecoder::with_threads(file, threads.count()).map_err(text)?;
            if plan.frames.first > 0 {
                decoder.seek(plan.frames.first).map_err(text)?;
            }
            let bytes = std::fs::metadata(path).map(|data| data.len()).unwrap_or(0);
            decode_pictures(plan, job, decoder, bytes)
        }
        Place::Standard => decode_stream(plan, job, threads, BufReader::new(std::io::stdin().lock())),
    }
}

/// The same from a stream.
///
/// # Errors
/// What to tell the user.
pub fn decode_stream(
    plan: &DecodePlan,
    job: &Job,
    threads: Threads,
    source: impl Read,
) -> Result<Report, String> {
    let mut decoder =
        ClipDecoder::with_threads(source, threads.count()).map_err(|error| error.to_string())?;
    for _ in 0..plan.frames.first {
        let picture = decoder.next_picture().map_err(|error| error.to_string())?;
        if picture.is_none() {
            return Err(format!("the clip ends before picture {}", plan.frames.first));
        }
    }
    decode_pictures(plan, job, decoder, 0)
}

fn decode_pictures<R: Read>(
    plan: &DecodePlan,
    job: &Job,
    mut decoder: ClipDecoder<R>,
    bytes: u64,
) -> Result<Report, String> {
    let start = Instant::now();
    let info = decoder.info().clone();
    let header = match Y4mHeader::with_words(&info.shape, &info.words) {
        Ok(header) => Ok(header),
        Err(_) => Y4mHeader::new(info.shape.clone(), info.frame_rate),
    };
    let header = header.map_err(|error| error.to_string())?;
    let preserved = Preserve::of(job, plan.preserve);
    let (mut count, mut failure) = (0u32, None);
    let wanted = plan.frames.end.map_or(u32::MAX, |end| end - plan.frames.first);
    let place = write_result(job, plan.existing, |out| {
        let mut writer = Y4mWriter::new(out, header)?;
        while count < wanted {
            match decoder.next_picture() {
                Ok(Some(planes)) => writer.write(&planes)?,
                Ok(None) => break,
                Err(error) => {
                    failure = Some(error.to_string());
                    return Err(ImageError::Unsupported { what: "this clip".into() });
                }
            }
            count += 1;
        }
        Ok(())
    });
    let place = place.map_err(|error| failure.take().unwrap_or(error))?;
    preserved.apply(&job.input, &place);

    let mut warnings: Vec<String> = decoder.damaged().iter().map(damage_text).collect();
    if count < wanted && !decoder.is_complete() {
        warnings.push(format!("the file was cut off; the {count} pictures before the cut are written"));
    } else if count < wanted && plan.frames.end.is_some() {
        warnings.push(format!("the clip ends at picture {}", decoder.position()));
    }
    let pixels = info.shape.width_px as f64 * info.shape.height_px as f64 * f64::from(count.max(1));
    let mut record = Record::new(job, &info.shape, codec::VIDEO.name(), bytes, pixels);
    record.decode_ms = Some(start.elapsed().as_secs_f64() * 1000.0);
    record.frames = Some(count.into());
    record.output = Some(place.name());
    record.warnings = warnings;
    let text = match (plan.json, &place) {
        (true, _) => record.json(),
        (false, Place::Standard) => String::new(),
        (false, _) => record.decoded_line(std::io::stdout().is_terminal()),
    };
    let complaint = complaint_of(job, &record.warnings).filter(|_| !plan.partial);
    Ok(Report { text, complaint })
}

fn damage_text(range: &std::ops::Range<u32>) -> String {
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
pub fn check(job: &Job, threads: Threads) -> Result<(u64, Option<String>), String> {
    let Place::File(path) = &job.input else { return Err("clips are checked as files".into()) };
    let file = File::open(path).map(BufReader::new).map_err(|error| error.to_string())?;
    let bytes = std::fs::metadata(path).map_or(0, |data| data.len());
    let mut decoder =
        ClipDecoder::with_threads(file, threads.count()).map_err(|error| error.to_string())?;
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
pub fn info<R: Read + Seek>(name: &str, source: R, bytes: u64, json: bool) -> Result<String, String> {
    let text = |error: tintype::Error| error.to_string();
    let mut decoder = ClipDecoder::new(source).map_err(text)?;
    let info = decoder.info().clone();
    let frames = decoder.pictures().map_err(text)?;
    let (rate, per) = info.frame_rate;
    let shape = &info.shape;
    if json {
        let record = serde_json::json!({
            "input": name, "codec": codec::VIDEO.name(), "width": shape.width_px, "height": shape.height_px,
            "planes": shape.planes.len(), "bit_depth": shape.planes[0].bit_depth, "frames": frames,
            "frame_rate": [rate, per], "bytes": bytes,
        });
        return Ok(record.to_string());
    }
    let mut lines = vec![name.to_string()];
    let (width, height, depth) = (shape.width_px, shape.height_px, shape.planes[0].bit_depth);
    lines.push(format!(
        "  clip       {width} × {height}, {}, {depth} bits",
        crate::shape_text::colour_text(shape)
    ));
    let seconds = |count: u32| f64::from(count) * f64::from(per) / f64::from(rate.max(1));
    let length = match frames {
        Some(count) if rate > 0 && per > 0 => format!("{count}, {:.2} s", seconds(count)),
        Some(count) => count.to_string(),
        None => "unknown: the file was cut off".into(),
    };
    lines.push(format!("  pictures   {length}"));
    if rate > 0 && per > 0 {
        lines.push(format!("  rate       {:.3} pictures a second", f64::from(rate) / f64::from(per)));
    }
    lines.push(format!("  size       {}", size_text(bytes)));
    if let Some(count) = frames.filter(|&count| count > 0 && rate > 0 && per > 0) {
        lines.push(format!("  bit rate   {:.0} kbit/s", bytes as f64 * 8.0 / seconds(count) / 1000.0));
    }
    Ok(lines.join("\n"))
}

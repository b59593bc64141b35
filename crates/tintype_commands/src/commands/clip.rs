//! Clips for `encode`, `decode` and `info`: y4m files of several pictures, and `.tin` files of a clip.
//!
//! Pictures pass one after another: no more than a group is held, so that standard input and output work as
//! pipes.

use super::{Report, complaint_of};
use crate::args::Frames;
use crate::files::{Job, Place};
use crate::output::{Existing, Preserve, write_result};
use crate::record::Record;
use crate::style::size_text;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, Seek};
use std::time::Instant;
use tintype::{ClipDecoder, ClipEncoder, ClipInfo, Goal, Planes, Threads, codec};
use tintype_image::io::y4m::{Y4mHeader, Y4mReader, Y4mWriter};
use tintype_image::{ImageError, Limits};

/// How clips are encoded.
#[derive(Clone, Copy, Debug)]
pub struct ClipPlan {
    /// What was asked for.
    pub goal: Goal,
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

/// Encodes the input of `job` if it is a y4m file of several pictures.
///
/// # Errors
/// What to tell the user.
pub fn encode(plan: &ClipPlan, job: &Job, threads: Threads) -> Result<Taken, String> {
    let text = |error: std::io::Error| error.to_string();
    match &job.input {
        Place::File(path) => {
            let open = || File::open(path).map(BufReader::new);
            let Ok(mut head) = open() else { return Ok(Taken::NoClip(None)) };
            if !head.fill_buf().is_ok_and(|bytes| bytes.starts_with(Y4M)) {
                return Ok(Taken::NoClip(None));
            }
            match Pictures::of(head)? {
                (Some(pictures), _) => encode_pictures(plan, job, threads, pictures),
                (None, _) => Ok(Taken::NoClip(None)),
            }
        }
        Place::Standard => {
            let mut input = std::io::stdin().lock();
            // Nothing is taken from the standard input's own buffer here.
            if !input.fill_buf().map_err(text)?.starts_with(Y4M) {
                return Ok(Taken::NoClip(None));
            }
            match Pictures::of(input)? {
                (Some(pictures), _) => encode_pictures(plan, job, threads, pictures),
                (None, bytes) => Ok(Taken::NoClip(Some(bytes))),
            }
        }
    }
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
    let Goal::Quality(quality) = plan.goal else {
        return Err("is a clip, which is encoded at a quality; give -q and no other goal".into());
    };
    let start = Instant::now();
    let header = pictures.reader.header().clone();
    let info = ClipInfo::new(header.shape.clone(), header.frame_rate).words(&header.words());
    let mut encoder = ClipEncoder::new(&info)
        .map_err(|error| error.to_string())?
        .quality(quality)
        .effort(plan.effort)
        .group(plan.group)
        .threads(threads.count());

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
    let before = pictures.reader.source_mut().bytes;
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

//! Clips for `decode`: to y4m, to an animated PNG, or to numbered pictures.

use super::damage_text;
use crate::args::Frames;
use crate::commands::{Report, complaint_of};
use crate::files::{Job, Place};
use crate::output::{Existing, Preserve, write_result};
use crate::record::Record;
use std::fs::File;
use std::io::{BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tintype::{
    ClipDecoder, ClipInfo, ColourModel, DecodeOptions, Metadata, Picture, PlaneRole, Planes, codec,
    split_depth,
};
use tintype_image::ImageError;
use tintype_image::io::y4m::{Y4mHeader, Y4mWriter};
use tintype_image::io::{AnimatedPng, PictureFormat, write_picture};

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

/// What is written.
#[derive(Clone)]
enum Form {
    Y4m,
    AnimatedPng,
    /// Pictures of their own: the name before the number, its digits at least, and the name after it.
    Numbered(String, usize, String, PictureFormat),
}

/// What stands before and after the number in a name such as `NAME%05d.png`, and the number's digits at least.
fn numbers_in(path: &Path) -> Option<(String, usize, String)> {
    let (before, rest) = path.to_str()?.split_once('%')?;
    let (digits, after) = rest.split_once('d')?;
    let digits = if digits.is_empty() { 1 } else { digits.parse().ok().filter(|&count| count <= 20)? };
    Some((before.into(), digits, after.into()))
}

/// The extension of a clip's output that was not named: y4m, or png where y4m has no place for it.
pub fn usual_extension(place: &Place, options: DecodeOptions) -> &'static str {
    let Place::File(path) = place else { return "y4m" };
    let decoder = |file| ClipDecoder::with_options(BufReader::new(file), options).ok();
    let info = File::open(path).ok().and_then(decoder);
    let held = info.is_none_or(|decoder| {
        let info = decoder.info();
        !info.timed && Y4mHeader::new(info.shape.clone(), info.frame_rate).is_ok()
    });
    if held { "y4m" } else { "png" }
}

fn form_of(output: &Place) -> Result<Form, String> {
    let Place::File(path) = output else { return Ok(Form::Y4m) };
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let format = PictureFormat::from_extension(extension);
    if let (Some((before, digits, after)), Some(format)) = (numbers_in(path), format) {
        return Ok(Form::Numbered(before, digits, after, format));
    }
    match format {
        Some(PictureFormat::Y4m) => Ok(Form::Y4m),
        Some(PictureFormat::Png) => Ok(Form::AnimatedPng),
        // Pipes and devices take y4m.
        _ if path.exists() && !path.is_file() => Ok(Form::Y4m),
        _ => Err(format!(
            "holds a clip; {} is no name for one: it becomes NAME.y4m, NAME.png (an animated PNG), or pictures named \
             like NAME%04d.png",
            path.display()
        )),
    }
}

/// Decodes the clip that `job` names.
///
/// # Errors
/// What to tell the user.
pub fn decode(plan: &DecodePlan, job: &Job, options: DecodeOptions) -> Result<Report, String> {
    let text = |error: tintype::Error| error.to_string();
    let form = form_of(&job.output)?;
    let Place::File(path) = &job.input else {
        return decode_stream(plan, job, options, &form);
    };
    let file = File::open(path).map(BufReader::new).map_err(|error| error.to_string())?;
    let mut decoder = ClipDecoder::with_options(file, options).map_err(text)?;
    let count = if matches!(form, Form::AnimatedPng) { decoder.pictures().map_err(text)? } else { None };
    if plan.frames.first > 0 || count.is_some() {
        decoder.seek(plan.frames.first).map_err(text)?;
    }
    let bytes = std::fs::metadata(path).map(|data| data.len()).unwrap_or(0);
    decode_pictures(plan, job, &mut Decoding { decoder, count, form, bytes })
}

/// The same from standard input.
fn decode_stream(
    plan: &DecodePlan,
    job: &Job,
    options: DecodeOptions,
    form: &Form,
) -> Result<Report, String> {
    let source = BufReader::new(std::io::stdin().lock());
    let mut decoder = ClipDecoder::with_options(source, options).map_err(|error| error.to_string())?;
    for _ in 0..plan.frames.first {
        let picture = decoder.next_picture().map_err(|error| error.to_string())?;
        if picture.is_none() {
            return Err(format!("the clip ends before picture {}", plan.frames.first));
        }
    }
    decode_pictures(plan, job, &mut Decoding { decoder, count: None, form: form.clone(), bytes: 0 })
}

/// A clip on its way out.
struct Decoding<R> {
    decoder: ClipDecoder<R>,
    /// How many pictures the clip has, where that is needed and known.
    count: Option<u32>,
    form: Form,
    bytes: u64,
}

/// What became of the pictures.
#[derive(Default)]
struct Written {
    count: u32,
    failure: Option<String>,
    warnings: Vec<String>,
}

fn decode_pictures<R: Read>(
    plan: &DecodePlan,
    job: &Job,
    decoding: &mut Decoding<R>,
) -> Result<Report, String> {
    let start = Instant::now();
    let info = decoding.decoder.info().clone();
    let mut written = Written::default();
    let wanted = plan.frames.end.map_or(u32::MAX, |end| end - plan.frames.first);
    let place = match &decoding.form {
        Form::Numbered(before, digits, after, format) => {
            let name = |number: u32| PathBuf::from(format!("{before}{number:0digits$}{after}"));
            let put = |number: u32, picture: Picture| {
                write_numbered(plan, job, &name(plan.frames.first + number), picture, *format)
            };
            let decoder = &mut decoding.decoder;
            each(decoder, wanted, &mut written, &mut |number, planes, _| {
                put(number, picture_of(planes, &info))
                    .map_err(|text| ImageError::Unsupported { what: text })
            })
            .map_err(|error| written.failure.take().unwrap_or(error.to_string()))?;
            job.output.clone()
        }
        Form::Y4m => {
            let (kept, warning) = in_y4m(&info)?;
            let header = Y4mHeader::with_words(&kept, &info.words)
                .or_else(|_| Y4mHeader::new(kept.clone(), info.frame_rate))
                .map_err(|error| error.to_string())?;
            written.warnings.extend(warning);
            one_file(plan, job, &mut written, |out, written| {
                let mut writer = Y4mWriter::new(out, header)?;
                each(&mut decoding.decoder, wanted, written, &mut |_, mut planes, _| {
                    planes.planes.truncate(kept.planes.len());
                    planes.shape = kept.clone();
                    writer.write(&planes)
                })
            })?
        }
        Form::AnimatedPng => {
            let all = decoding.count.ok_or(
                "holds a clip whose number of pictures is not known; write it as NAME.y4m or NAME%04d.png",
            )?;
            let count = all.saturating_sub(plan.frames.first).min(wanted);
            if info.shape.planes.iter().any(|plane| plane.role == PlaneRole::Depth) {
                written.warnings.push("depth is left out; NAME%04d.png keeps it".into());
            }
            one_file(plan, job, &mut written, |out, written| {
                let mut writer = AnimatedPng::new(out, count);
                each(&mut decoding.decoder, count, written, &mut |_, planes, ticks| {
                    let (rate, per) = info.frame_rate;
                    let time = (u64::from(ticks) * u64::from(per), u64::from(rate));
                    let picture = picture_of(planes, &info);
                    let colour = split_depth(&picture).map_or(picture, |(colour, _)| colour);
                    writer.write(&colour, time)
                })?;
                if count < wanted {
                    // Whether the file ends as it should is told after its last picture.
                    each(&mut decoding.decoder, wanted, written, &mut |_, _, _| Ok(()))?;
                }
                writer.finish()
            })?
        }
    };
    report(plan, job, decoding, (written, wanted, place), start)
}

/// Writes one file.
fn one_file(
    plan: &DecodePlan,
    job: &Job,
    written: &mut Written,
    write: impl FnOnce(&mut dyn Write, &mut Written) -> Result<(), ImageError>,
) -> Result<Place, String> {
    let preserved = Preserve::of(job, plan.preserve);
    let place = write_result(job, plan.existing, |out| write(out, written));
    let place = place.map_err(|error| written.failure.take().unwrap_or(error))?;
    preserved.apply(&job.input, &place);
    Ok(place)
}

/// What is done with a picture: its number from 0, and for how many ticks it is shown.
type Put<'a> = &'a mut dyn FnMut(u32, Planes, u32) -> Result<(), ImageError>;

/// Hands up to `wanted` pictures to `put`.
fn each<R: Read>(
    decoder: &mut ClipDecoder<R>,
    wanted: u32,
    written: &mut Written,
    put: Put<'_>,
) -> Result<(), ImageError> {
    while written.count < wanted {
        match decoder.next_picture() {
            Ok(Some(planes)) => put(written.count, planes, decoder.ticks())?,
            Ok(None) => break,
            Err(error) => {
                written.failure = Some(error.to_string());
                return Err(ImageError::Unsupported { what: "this clip".into() });
            }
        }
        written.count += 1;
    }
    Ok(())
}

fn picture_of(planes: Planes, info: &ClipInfo) -> Picture {
    let mut metadata = Metadata::default();
    if !info.words.is_empty() {
        metadata.set(Metadata::Y4M_HEADER, info.words.clone().into_bytes());
    }
    let mut picture = Picture { planes, metadata };
    if picture.metadata.is_limited_range() {
        picture.planes = picture.full_range().into_owned();
    }
    picture.metadata = Metadata::default();
    picture
}

/// Writes a picture under its own name, and its depth beside it.
fn write_numbered(
    plan: &DecodePlan,
    job: &Job,
    name: &Path,
    picture: Picture,
    format: PictureFormat,
) -> Result<(), String> {
    let put = |name: PathBuf, picture: &Picture| {
        let bytes = write_picture(format, picture).map_err(|error| error.to_string())?;
        let job = Job { input: job.input.clone(), output: Place::File(name), otherwise: None };
        write_result(&job, plan.existing, |out| Ok(out.write_all(&bytes)?)).map(|_| ())
    };
    match split_depth(&picture) {
        Some((colour, depth)) => {
            put(name.with_extension(format!("depth.{}", format.name())), &depth)?;
            put(name.into(), &colour)
        }
        None => put(name.into(), &picture),
    }
}

/// The shape of what y4m holds of a clip, and what it does not hold.
fn in_y4m(info: &ClipInfo) -> Result<(tintype::Shape, Option<String>), String> {
    if info.shape.colour == ColourModel::Rgb {
        return Err(
            "holds a clip of RGB, of which y4m has none; write it as NAME.png (an animated PNG) or \
                    NAME%04d.png"
                .into(),
        );
    }
    let mut lost = Vec::new();
    let mut shape = info.shape.clone();
    if Y4mHeader::new(shape.clone(), info.frame_rate).is_err() {
        let further = shape.planes.iter().position(|plane| plane.role != PlaneRole::Colour);
        if let Some(plane) = further {
            lost.push(if shape.planes[plane].role == PlaneRole::Depth { "depth" } else { "opacity" });
            shape.planes.truncate(plane);
        }
    }
    if info.timed {
        lost.push("how long each picture is shown");
    }
    let text = || format!("y4m has no place for {}; NAME.png keeps it", lost.join(" and "));
    Ok((shape, (!lost.is_empty()).then(text)))
}

fn report<R: Read>(
    plan: &DecodePlan,
    job: &Job,
    decoding: &Decoding<R>,
    (written, wanted, place): (Written, u32, Place),
    start: Instant,
) -> Result<Report, String> {
    let (decoder, count) = (&decoding.decoder, written.count);
    let mut warnings = written.warnings;
    warnings.extend(decoder.damaged().iter().map(damage_text));
    if count < wanted && !decoder.is_complete() {
        warnings.push(format!("the file was cut off; the {count} pictures before the cut are written"));
    } else if count < wanted && plan.frames.end.is_some() {
        warnings.push(format!("the clip ends at picture {}", decoder.position()));
    }
    let shape = &decoder.info().shape;
    let pixels = shape.width_px as f64 * shape.height_px as f64 * f64::from(count.max(1));
    let mut record = Record::new(job, shape, codec::VIDEO.name(), decoding.bytes, pixels);
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

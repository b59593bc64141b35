//! `tintype decode`: `.tin` files, and plain JPEG files, to pictures.

use crate::args::{DecodeArgs, Frames, Rgb};
#[cfg(feature = "video")]
use crate::commands::clip;
use crate::commands::kept::{Kept, kinds_in_jpeg, losses};
use crate::commands::{Report, complaint_of, over_jobs, read_models, retain_new, texts_of};
use crate::files::{Job, Place, find_inputs, plan_jobs};
use crate::leftovers::remove_leftovers;
use crate::output::{Existing, Preserve, check_standard_output, write_result};
use crate::parts;
use crate::record::Record;
use crate::seal;
use crate::style::note;
use crate::{Failure, Outcome, terminal};
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tintype::files::{self, FilePicture};
use tintype::{
    CodecId, DecodeOptions, Decoded, Decoder, Picture, PlaneRole, Planes, Shape, Threads, Warning, codec,
};
use tintype_image::ImageError;
use tintype_image::colour::{flattened, unassociated};
use tintype_image::io::{
    PictureFormat, PnmWriter, WriteSettings, orientation_of, write_picture, write_picture_to,
};

/// What was decided.
struct Plan {
    options: DecodeOptions,
    /// Nothing but the whole picture was asked for.
    whole: bool,
    /// Where depth goes, if a file was named.
    depth: Option<PathBuf>,
    partial: bool,
    kept: Kept,
    preserve: bool,
    background: Option<Rgb>,
    /// The output that was typed.
    named: Option<PathBuf>,
    /// The format of outputs that were not named in full.
    format: Option<PictureFormat>,
    existing: Existing,
    show: bool,
    json: bool,
    /// Pictures of a clip.
    frames: Option<Frames>,
}

impl Plan {
    /// Whether a picture that its output's format cannot hold becomes a TIFF: its name was not typed.
    fn falls_back(&self, job: &Job) -> bool {
        matches!(&job.output, Place::File(path) if self.named.as_ref().is_none_or(|named| named != path))
    }
}

/// Runs the command.
pub fn run(args: &DecodeArgs) -> Outcome {
    let found = find_inputs(&args.inputs, &|path| {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tin"))
    })?;
    let (inputs, readable) = found.inputs_or_complain();
    if inputs.is_empty() {
        return Ok(false);
    }
    let extension = args.format.map_or("png", PictureFormat::name);
    let mut jobs = plan_jobs(inputs, &args.inputs, args.output.as_deref(), extension)?;
    let whole = args.scale == 0 && args.region.is_none() && args.layers.is_none();
    let unnamed =
        |job: &&mut Job| whole && args.output.as_deref().is_none_or(|out| !is_place(&job.output, out));
    let places: Vec<&Place> = jobs.iter().map(|job| &job.input).collect();
    let keys = seal::keys(&args.keys, &places)?;
    if args.format.is_none() {
        let options = seal::with_keys(options_from_args(args), &keys);
        jobs.iter_mut().filter(unnamed).for_each(|job| name_as_jpeg(job, &options));
    }
    for job in &jobs {
        check_standard_output(&job.output, args.common.json)?;
        format_of(&job.output, args.format)?;
    }
    if args.depth.is_some() && jobs.len() > 1 {
        return Err(Failure::Usage("--depth names one file; decode one file at a time with it".into()));
    }
    retain_new(&mut jobs, &args.common);
    remove_leftovers(&jobs);
    let (models, _) = read_models(&args.models.model, false)?;
    let plan = Plan {
        options: seal::with_keys(options_from_args(args).models(models), &keys),
        whole,
        depth: args.depth.clone(),
        partial: args.partial,
        kept: Kept::from_args(&args.kept),
        preserve: !args.common.no_preserve,
        background: args.background,
        named: args.output.clone(),
        format: args.format,
        existing: Existing::from_force(args.common.force),
        show: args.show,
        json: args.common.json,
        frames: args.frames,
    };
    let work = |job: &Job, threads: Threads| {
        decode_one(&plan, job, threads).map_err(|error| format!("{}: {error}", job.input.name()))
    };
    Ok(over_jobs(&jobs, &args.common, work) && readable)
}

fn options_from_args(args: &DecodeArgs) -> DecodeOptions {
    let mut options = DecodeOptions::new().scale(1 << args.scale).partial(args.partial);
    options = options.limits(args.common.limits.limits());
    if let Some(region) = args.region {
        options = options.region(region);
    }
    if let Some(layers) = args.layers {
        options = options.layers(layers);
    }
    options
}

/// Lets the output of a file that holds a JPEG end in .jpg, that of a clip in .y4m or what else holds it.
fn name_as_jpeg(job: &mut Job, options: &DecodeOptions) {
    #[cfg(feature = "video")]
    if let (true, Place::File(output)) = (clip::is_clip(&job.input, options), &mut job.output) {
        let extension = clip::usual_extension(&job.input, options.clone());
        *output = output.with_extension(extension);
        job.otherwise = job.otherwise.take().map(|longer| longer.with_extension(extension));
        return;
    }
    let (Place::File(input), Place::File(output)) = (&job.input, &mut job.output) else { return };
    let file = File::open(input).map(BufReader::new).ok();
    let decoder = file.and_then(|file| Decoder::with_options(file, options.clone()).ok());
    if decoder.is_some_and(|decoder| decoder.info().codec == codec::JPEG) {
        *output = output.with_extension("jpg");
        job.otherwise = job.otherwise.take().map(|longer| longer.with_extension("jpg"));
    }
}

fn is_place(place: &Place, path: &Path) -> bool {
    match place {
        Place::Standard => path.as_os_str() == "-",
        Place::File(file) => file == path,
    }
}

/// The format that the output's extension stands for; PNG, unless another is asked for, on standard
/// output and on devices.
fn format_of(output: &Place, asked: Option<PictureFormat>) -> Result<PictureFormat, Failure> {
    let usual = asked.unwrap_or(PictureFormat::Png);
    let Place::File(path) = output else { return Ok(usual) };
    let Some(extension) = path.extension() else {
        let regular = !path.exists() || path.is_file();
        return if regular { Err(no_format(path)) } else { Ok(usual) };
    };
    extension.to_str().and_then(PictureFormat::from_extension).ok_or_else(|| no_format(path))
}

fn no_format(path: &Path) -> Failure {
    let known: Vec<&str> = PictureFormat::ALL
        .into_iter()
        .filter(|format| format.is_written())
        .map(PictureFormat::name)
        .collect();
    Failure::Usage(format!(
        "{}: the extension must name a picture format: {}",
        path.display(),
        known.join(", ")
    ))
}

/// The result's place in the record; says so where it is not the one that was planned.
fn record_place(record: &mut Record, plan: &Plan, job: &Job, place: &Place) {
    record.output = Some(place.name());
    if *place != job.output && !plan.json {
        note(&format!("{} exists already and stays as it is", job.output.name()));
    }
}

/// Writes the JPEG file that `job`'s input holds, if it holds one and its bytes are all there.
fn restore_one(plan: &Plan, job: &Job, threads: Threads) -> Result<Option<Report>, String> {
    let start = Instant::now();
    let Place::File(path) = &job.input else { return Ok(None) };
    let open = || File::open(path).map(BufReader::new).map_err(|error| error.to_string());
    let Ok(decoder) = Decoder::with_options(open()?, plan.options.clone()) else { return Ok(None) };
    let info = decoder.info().clone();
    let unpacked = parts::unpack_jpeg(decoder.threads(threads.count()));
    let Ok(Some(file)) = unpacked else { return Ok(None) };
    let decode_ms = start.elapsed().as_secs_f64() * 1000.0;
    let preserved = Preserve::of(job, plan.preserve);
    let place = write_result(job, plan.existing, |out| Ok(out.write_all(&file)?))?;
    let bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    let pixels = info.shape.width_px as f64 * info.shape.height_px as f64;
    let mut record = Record::new(job, &info.shape, info.codec.name(), bytes, pixels);
    record.decode_ms = Some(decode_ms);
    preserved.apply(&job.input, &place);
    record_place(&mut record, plan, job, &place);
    let text = match (plan.json, &place) {
        (true, _) => record.json(),
        (false, Place::Standard) => String::new(),
        (false, _) => record.decoded_line(std::io::stdout().is_terminal()),
    };
    Ok(Some(Report { text, complaint: None }))
}

/// Decodes a JPEG file to PNM row by row, if `job` asks for it: a picture of any size then needs little memory.
fn stream_one(plan: &Plan, job: &Job, threads: Threads) -> Result<Option<Report>, String> {
    let start = Instant::now();
    let plain = plan.whole && !plan.show && plan.kept.is_all();
    let (Place::File(input), Place::File(output)) = (&job.input, &job.output) else {
        return Ok(None);
    };
    let regular = |path: &Path| std::fs::metadata(path).is_ok_and(|data| data.is_file());
    if !plain
        || format_of(&job.output, plan.format).ok() != Some(PictureFormat::Pnm)
        || (output.exists() && !regular(output))
    {
        return Ok(None);
    }
    // Errors of the input are reported by the usual way, which reads it again.
    let head = File::open(input).ok().filter(|_| regular(input)).map(BufReader::new);
    if !head.is_some_and(|mut head| starts_as_jpeg(&mut head).unwrap_or(false)) {
        return Ok(None);
    }
    let Ok(file) = std::fs::read(input) else { return Ok(None) };
    let metadata = kinds_in_jpeg(&file);
    if metadata.exif.as_deref().and_then(orientation_of).is_some_and(|value| value > 1) {
        // The picture is turned, for which it is held.
        return Ok(None);
    }
    let options = DecodeOptions::new().threads(threads.count());
    let preserved = Preserve::of(job, plan.preserve);
    let (mut done, mut needs_whole_picture) = (None, false);
    let written = write_result(job, plan.existing, |out| {
        let (mut writer, mut out, mut shape, mut failed) = (None, Some(out), None, None);
        let warnings = parts::read_jpeg_rows(&file, &options, &mut |of, rows| {
            if let Some(out) = out.take() {
                shape = Some(of.clone());
                writer = PnmWriter::new(out, of).map_err(|error| failed = Some(error)).ok();
            }
            if let Some(Err(error)) = writer.as_mut().map(|writer| writer.write(rows)) {
                failed = Some(error);
                writer = None;
            }
        });
        if let Some(error @ ImageError::Io(_)) = failed {
            return Err(error);
        }
        let (Ok(Some(warnings)), Some(writer), Some(shape)) = (warnings, writer, shape) else {
            needs_whole_picture = true;
            return Err(ImageError::Unsupported { what: "decoding by rows".into() });
        };
        writer.finish()?;
        done = Some((shape, warnings));
        Ok(())
    });
    if needs_whole_picture {
        return Ok(None);
    }
    let place = written?;
    let Some((shape, warnings)) = done else { return Ok(None) };
    let pixels = shape.width_px as f64 * shape.height_px as f64;
    let mut record = Record::new(job, &shape, codec::JPEG.name(), file.len() as u64, pixels);
    record.decode_ms = Some(start.elapsed().as_secs_f64() * 1000.0);
    record.warnings = texts_of(&warnings);
    let planes = Planes::new(Shape::gray(1, 1, 8));
    record.warnings.extend(losses(PictureFormat::Pnm, &Picture { planes, metadata }));
    preserved.apply(&job.input, &place);
    record_place(&mut record, plan, job, &place);
    let text =
        if plan.json { record.json() } else { record.decoded_line(std::io::stdout().is_terminal()) };
    let complaint = complaint_of(job, &record.warnings).filter(|_| !plan.partial);
    Ok(Some(Report { text, complaint }))
}

/// How clips are decoded.
#[cfg(feature = "video")]
fn clip_plan(plan: &Plan) -> clip::DecodePlan {
    clip::DecodePlan {
        frames: plan.frames.unwrap_or(Frames { first: 0, end: None }),
        partial: plan.partial,
        existing: plan.existing,
        preserve: plan.preserve,
        json: plan.json,
    }
}

fn decode_one(plan: &Plan, job: &Job, threads: Threads) -> Result<Report, String> {
    #[cfg(feature = "video")]
    {
        let options = plan.options.clone().threads(threads.count());
        let holds = |head: &[u8]| tintype::holds_clip(head, &options);
        let standard =
            job.input == Place::Standard && std::io::stdin().lock().fill_buf().is_ok_and(holds);
        if standard || clip::is_clip(&job.input, &options) {
            return clip::decode(&clip_plan(plan), job, options);
        }
    }
    if plan.frames.is_some() {
        return Err("is a picture and no clip; --frames has nothing to choose from".into());
    }
    if let Some(report) = stream_one(plan, job, threads)? {
        return Ok(report);
    }
    let plain = plan.whole && !plan.show && plan.kept.is_all();
    // On standard output a packed JPEG file is that file, unless another format is asked for.
    let as_it_was = plain && plan.format.is_none() && job.output == Place::Standard;
    let to_jpeg = format_of(&job.output, plan.format).ok() == Some(PictureFormat::Jpeg);
    if (to_jpeg || as_it_was)
        && plain
        && let Some(report) = restore_one(plan, job, threads)?
    {
        return Ok(report);
    }
    let start = Instant::now();
    let (mut decoded, bytes) = decode_place(&job.input, plan.options.clone().threads(threads.count()))?;
    plan.kept.apply(&mut decoded.picture.metadata);
    let decode_ms = start.elapsed().as_secs_f64() * 1000.0;
    let mut format = format_of(&job.output, plan.format).unwrap_or(PictureFormat::Png);
    if as_it_was && decoded.jpeg_file.is_some() {
        format = PictureFormat::Jpeg;
    }
    let mut fallback = None;
    if plan.falls_back(job) {
        (format, fallback) = format_that_holds(&decoded.picture, format, job);
    }
    let job = fallback.as_ref().map_or(job, |(job, _)| job);
    let holds_all = matches!(format, PictureFormat::Tiff | PictureFormat::Pam) && plan.depth.is_none();
    let split = tintype::split_depth(&decoded.picture).filter(|_| !holds_all);
    let picture = split.as_ref().map_or(&decoded.picture, |(colour, _)| colour);
    let stripped;
    let kept = match decoded.jpeg_file.as_ref().filter(|_| plan.whole && format == PictureFormat::Jpeg) {
        Some(file) if !plan.kept.is_all() => {
            stripped = plan.kept.applied_to_jpeg(file);
            Some(&stripped)
        }
        kept => kept,
    };
    let mut lost = if kept.is_none() { losses(format, picture) } else { Vec::new() };
    let opaque;
    let picture = match plan.background.filter(|_| format == PictureFormat::Jpeg) {
        Some(background) => {
            lost.retain(|text| !text.starts_with("opacity"));
            opaque = before_background(picture, background);
            &opaque
        }
        None => picture,
    };
    lost.extend(fallback.as_ref().map(|(_, why)| why.clone()));
    let depth = match &split {
        Some((_, depth)) => Some(depth_file(plan, job, depth)?),
        None => None,
    };
    let preserved = Preserve::of(job, plan.preserve);
    let place = match kept {
        Some(file) => write_result(job, plan.existing, |out| Ok(out.write_all(file)?))?,
        None => write_result(job, plan.existing, |out| {
            write_picture_to(format, picture, &WriteSettings::default(), out)
        })?,
    };
    if let Some((output, depth)) = depth {
        let job = Job { input: job.input.clone(), output, otherwise: None };
        write_result(&job, plan.existing, |out| Ok(out.write_all(&depth)?))?;
    }
    let full = &decoded.full_shape;
    let pixels = full.width_px as f64 * full.height_px as f64;
    let mut record =
        Record::new(job, &decoded.picture.planes.shape, decoded.codec.name(), bytes, pixels);
    record.decode_ms = Some(decode_ms);
    preserved.apply(&job.input, &place);
    record_place(&mut record, plan, job, &place);
    // The JPEG file itself came back whole; only a picture made of it lacks something.
    if kept.is_none() {
        record.warnings = decoded.warnings;
    }
    record.warnings.extend(lost);
    let mut text = match (plan.json, &job.output) {
        (true, _) => record.json(),
        (false, Place::Standard) => String::new(),
        (false, _) => record.decoded_line(std::io::stdout().is_terminal()),
    };
    if plan.show && job.output != Place::Standard {
        text =
            format!("{text}\n{}", terminal::side_by_side(&[("", &decoded.picture.planes)]).trim_end());
    }
    let cut_off = decoded.cut_off_at.map(|at| {
        let name = job.input.name();
        format!(
            "{name}: the file was cut off at byte {at}; {} holds what could be decoded",
            place.name()
        )
    });
    let complaint = cut_off.or_else(|| complaint_of(job, &record.warnings)).filter(|_| !plan.partial);
    Ok(Report { text, complaint })
}

/// The picture before `background`, if it has opacity.
fn before_background(picture: &Picture, background: Rgb) -> Picture {
    let own = unassociated(&picture.planes);
    let planes = own.as_ref().unwrap_or(&picture.planes);
    let planes = flattened(planes, background).unwrap_or_else(|| picture.planes.clone());
    Picture { planes, metadata: picture.metadata.clone() }
}

/// `format`, or TIFF where it cannot hold the planes of `picture`: then the job that writes one, and
/// a sentence.
fn format_that_holds(
    picture: &Picture,
    format: PictureFormat,
    job: &Job,
) -> (PictureFormat, Option<(Job, String)>) {
    let (Place::File(output), false) = (&job.output, can_hold(format, &picture.planes.shape)) else {
        return (format, None);
    };
    let other = output.with_extension("tif");
    let why = format!(
        "{} files cannot hold its {} planes; {} was written",
        format.name(),
        picture.planes.planes.len(),
        other.display()
    );
    let job = Job { input: job.input.clone(), output: Place::File(other), otherwise: None };
    (PictureFormat::Tiff, Some((job, why)))
}

/// Whether the format has a place for these planes, with depth in a file of its own.
fn can_hold(format: PictureFormat, shape: &Shape) -> bool {
    let single = |role| shape.planes.iter().filter(|plane| plane.role == role).count() <= 1;
    let bands = shape.planes.iter().any(|plane| plane.role == PlaneRole::Band);
    match format {
        PictureFormat::Tiff | PictureFormat::Pam => true,
        PictureFormat::Dicom => true,
        _ if shape.planes.len() == 1 => true,
        PictureFormat::Pnm | PictureFormat::Y4m => {
            !bands && shape.planes.iter().all(|plane| plane.role != PlaneRole::Alpha)
        }
        _ => !bands && single(PlaneRole::Alpha) && single(PlaneRole::Depth),
    }
}

/// Where the depth goes, and its file.
fn depth_file(plan: &Plan, job: &Job, depth: &Picture) -> Result<(Place, Vec<u8>), String> {
    let place = match (&plan.depth, &job.output) {
        (Some(path), _) => Place::File(path.clone()),
        (None, Place::File(path)) => Place::File(path.with_extension("depth.png")),
        (None, Place::Standard) => {
            return Err("the file holds depth as well; name a file for it with --depth".into());
        }
    };
    let format = format_of(&place, None)
        .map_err(|_| format!("{}: the extension must name a picture format", place.name()))?;
    Ok((place, write_picture(format, depth).map_err(|error| error.to_string())?))
}

/// A picture from a `.tin` file, or from a plain JPEG file.
pub struct DecodedFile {
    /// Where the file ends too early, in bytes; that is not among the warnings.
    pub cut_off_at: Option<u64>,
    pub picture: Picture,
    pub full_shape: Shape,
    pub codec: CodecId,
    /// The JPEG file that was packed, or the input itself.
    pub jpeg_file: Option<Vec<u8>>,
    pub warnings: Vec<String>,
}

impl From<Decoded> for DecodedFile {
    fn from(decoded: Decoded) -> Self {
        let cut_off_at = decoded.cut_off_at();
        let other = |warning: &&Warning| !matches!(warning, Warning::CutOff { .. });
        Self {
            warnings: decoded.warnings.iter().filter(other).map(Warning::to_string).collect(),
            cut_off_at,
            picture: decoded.picture,
            full_shape: decoded.full_shape,
            codec: decoded.codec,
            jpeg_file: decoded.jpeg_file,
        }
    }
}

impl DecodedFile {
    fn from_jpeg(read: FilePicture, file: Vec<u8>) -> Self {
        Self {
            picture: read.picture,
            full_shape: read.full_shape,
            codec: codec::JPEG,
            jpeg_file: Some(file),
            warnings: texts_of(&read.warnings),
            cut_off_at: None,
        }
    }
}

/// Decodes an input, and counts its bytes.
pub fn decode_place(place: &Place, options: DecodeOptions) -> Result<(DecodedFile, u64), String> {
    let failed = |error: tintype::Error| error.to_string();
    let Place::File(path) = place else {
        let mut input = BufReader::new(std::io::stdin().lock());
        if starts_as_jpeg(&mut input)? {
            return decode_jpeg(input, &options);
        }
        let mut input = Counted { input, bytes: 0 };
        let decoder = Decoder::from_stream_with_options(&mut input, options).map_err(failed)?;
        let decoded = decoder.decode().map_err(failed)?;
        return Ok((decoded.into(), input.bytes));
    };
    let file = File::open(path).map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if metadata.is_dir() {
        return Err("is a folder".into());
    }
    let mut input = BufReader::new(file);
    if starts_as_jpeg(&mut input)? {
        return decode_jpeg(input, &options);
    }
    // A pipe that has a name does not seek.
    let decoder = if input.stream_position().is_ok() && metadata.is_file() {
        Decoder::with_options(input, options)
    } else {
        Decoder::from_stream_with_options(input, options)
    };
    let decoded = decoder.and_then(Decoder::decode).map_err(failed)?;
    Ok((decoded.into(), metadata.len()))
}

/// Checks the first bytes without taking them.
fn starts_as_jpeg(input: &mut impl BufRead) -> Result<bool, String> {
    input.fill_buf().map(files::is_jpeg).map_err(|error| error.to_string())
}

fn decode_jpeg(mut input: impl Read, options: &DecodeOptions) -> Result<(DecodedFile, u64), String> {
    let mut file = Vec::new();
    input.read_to_end(&mut file).map_err(|error| error.to_string())?;
    let bytes = file.len() as u64;
    let read = files::read_picture(&file, options).map_err(|error| error.to_string())?;
    Ok((DecodedFile::from_jpeg(read, file), bytes))
}

/// Counts what is read.
struct Counted<R> {
    input: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.input.read(out)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

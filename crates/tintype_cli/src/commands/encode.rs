//! `tintype encode`: pictures to `.tin` files, or to real JPEGs.

use crate::args::{EncodeArgs, GoalArgs};
use crate::commands::{Report, complaint_of, over_jobs, read_models, texts_of};
use crate::files::{Input, Job, Place, find_inputs, plan_jobs, read_input};
use crate::output::{check_standard_output, make_folder_for, write_output};
use crate::pairs::pair;
use crate::record::Record;
use crate::style::grouped;
use crate::{Failure, Outcome, terminal};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;
use tintype::files::{self, PictureFormat};
use tintype::{
    CodecId, DecodeOptions, Decoder, Encoder, Goal, Models, Picture, Threads, Verify, codec,
};

/// What was decided.
struct Plan {
    encoder: Encoder,
    codec: Option<CodecId>,
    goal: Goal,
    models: Models,
    /// The depth picture of each job, or none at all.
    depths: Vec<(Place, Place)>,
    max_error: u16,
    /// JPEG files are kept, in fewer bytes: nothing else was asked for.
    keep_jpeg: bool,
    /// JPEG files kept: bytes before, bytes after, how many.
    kept: Mutex<(u64, u64, usize)>,
    show: bool,
    json: bool,
}

/// Runs the command.
pub fn run(args: &EncodeArgs) -> Outcome {
    let mut goal = goal_from_args(&args.goal);
    if args.max_error > 0
        && args.depth.is_empty()
        && goal == Goal::Quality(75.0)
        && args.goal.quality.is_none()
    {
        goal = Goal::Lossless;
    }
    let goal = goal;
    let (models, codecs) = read_models(&args.model, args.send_model)?;
    let codec = args.codec.0.or_else(|| codecs.last().copied());
    if let (Some(codec), Some(other)) = (codec, codecs.iter().find(|id| Some(**id) != codec)) {
        let text =
            format!("--codec {} does not go with a model for {}", codec.name(), other.name());
        return Err(Failure::Usage(text));
    }
    if args.denoise.is_some() && goal == Goal::Lossless {
        return Err(Failure::Usage("--lossless and --denoise contradict each other".into()));
    }
    let inputs = find_inputs(&args.inputs, &|path| format_of(path).is_some())?;
    let depths = depth_inputs(args, &inputs)?;
    let jobs = plan_jobs(inputs, &args.inputs, args.output.as_deref(), "tin")?;
    for job in &jobs {
        check_standard_output(&job.output, args.common.json)?;
        check_output_format(job, goal)?;
    }
    if args.show && args.common.json {
        return Err(Failure::Usage("--show and --json do not go together".into()));
    }
    let asked =
        args.goal.quality.is_some() || !matches!(goal, Goal::Quality(_)) || args.denoise.is_some();
    let keep_jpeg = matches!(codec, None | Some(codec::JPEG)) && !asked;
    let keep_jpeg = keep_jpeg && args.depth.is_empty() && args.max_error == 0;
    if !depths.is_empty() && jobs.iter().any(|job| is_jpeg(&job.output)) {
        return Err(Failure::Usage("a JPEG holds no depth; write a .tin file".into()));
    }
    let depths = jobs
        .iter()
        .map(|job| job.input.clone())
        .zip(depths.into_iter().map(|input| input.place))
        .collect();
    let plan = Plan {
        encoder: encoder_from_args(args, codec, goal).models(models.clone()),
        codec,
        goal,
        models,
        depths,
        max_error: args.max_error,
        keep_jpeg,
        kept: Mutex::default(),
        show: args.show,
        json: args.common.json,
    };
    let into_folder =
        args.output.is_some() && jobs.iter().all(|job| job.output.name() != name_of(args));
    let work = |job: &Job, threads: Threads| {
        if into_folder {
            make_folder_for(&job.output)?;
        }
        encode_one(&plan, job, threads).map_err(|error| format!("{}: {error}", job.input.name()))
    };
    let done = over_jobs(&jobs, &args.common, work);
    if let (false, Ok((before, after, count @ 2..))) =
        (plan.json, plan.kept.lock().map(|sums| *sums))
    {
        let saved = 100.0 * (1.0 - after as f64 / before.max(1) as f64);
        eprintln!(
            "{count} JPEG files kept: {} → {} bytes, {saved:.1} % saved",
            grouped(before),
            grouped(after)
        );
    }
    Ok(done)
}

fn encoder_from_args(args: &EncodeArgs, codec: Option<CodecId>, goal: Goal) -> Encoder {
    let verify = if args.verify { Verify::Yes } else { Verify::No };
    let mut encoder =
        Encoder::new().goal(goal).tune(args.tune.into()).effort(args.effort).verify(verify);
    if let Some(codec) = codec {
        encoder = encoder.codec(codec);
    }
    if let Some(filter) = args.denoise {
        encoder = encoder.denoise(filter);
    }
    encoder
}

/// OUT as it was typed.
fn name_of(args: &EncodeArgs) -> String {
    args.output.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
}

/// The depth picture of each input, or none at all.
fn depth_inputs(args: &EncodeArgs, inputs: &[Input]) -> Result<Vec<Input>, Failure> {
    if args.depth.is_empty() {
        return Ok(Vec::new());
    }
    pair(inputs, find_inputs(&args.depth, &|path| format_of(path).is_some())?)
}

fn goal_from_args(args: &GoalArgs) -> Goal {
    match args {
        GoalArgs { lossless: true, .. } => Goal::Lossless,
        GoalArgs { bpp: Some(bpp), .. } => Goal::Bpp(*bpp),
        GoalArgs { size: Some(bytes), .. } => Goal::SizeBytes(*bytes),
        GoalArgs { psnr: Some(db), .. } => Goal::Psnr(*db),
        GoalArgs { ssimulacra2: Some(score), .. } => Goal::Ssimulacra2(*score),
        GoalArgs { quality, .. } => Goal::Quality(quality.unwrap_or(75.0)),
    }
}

fn format_of(path: &Path) -> Option<PictureFormat> {
    path.extension()
        .and_then(|extension| extension.to_str())
        .and_then(PictureFormat::from_extension)
}

fn is_jpeg(place: &Place) -> bool {
    matches!(place, Place::File(path) if format_of(path) == Some(PictureFormat::Jpeg))
}

/// Refuses outputs that are neither `.tin` nor JPEG, and goals that a JPEG cannot be given.
fn check_output_format(job: &Job, goal: Goal) -> Result<(), Failure> {
    let Place::File(path) = &job.output else { return Ok(()) };
    match format_of(path) {
        None => Ok(()),
        Some(PictureFormat::Jpeg) if matches!(goal, Goal::Quality(_)) => Ok(()),
        Some(PictureFormat::Jpeg) => Err(Failure::Usage(format!(
            "{}: a JPEG can be asked for a quality (-q) only",
            path.display()
        ))),
        Some(format) => Err(Failure::Usage(format!(
            "{}: encode writes .tin and .jpg files; a {} file is made by decode",
            path.display(),
            format.name()
        ))),
    }
}

fn encode_one(plan: &Plan, job: &Job, threads: Threads) -> Result<Report, String> {
    let file = read_input(&job.input)?;
    if file.starts_with(&tintype::MAGIC) {
        return Err("is a .tin file already; decode it first".into());
    }
    let plain = plan.depths.is_empty() && plan.max_error == 0;
    if !is_jpeg(&job.output) && plain && keeps_file(plan, &file) {
        return keep_one(plan, job, &file, threads);
    }
    let options = DecodeOptions::new().threads(threads.count());
    let read = files::read_picture(&file, &options).map_err(|error| error.to_string())?;
    let (mut picture, warnings) = (read.picture, texts_of(&read.warnings));
    let mut file_bytes = file.len() as u64;
    if let Some((_, place)) = plan.depths.iter().find(|(input, _)| *input == job.input) {
        let bytes = read_input(place)?;
        file_bytes += bytes.len() as u64;
        let depth =
            files::read_picture(&bytes, &options).map_err(|e| format!("{}: {e}", place.name()))?;
        picture = tintype::with_depth(picture, &depth.picture)
            .map_err(|error| format!("{}: {error}", place.name()))?;
    }
    picture.planes = tintype::within_error(&picture.planes, plan.max_error);
    let start = Instant::now();
    let encoder = plan.encoder.clone().threads(threads.count());
    let encoded = match is_jpeg(&job.output) {
        true => encoder.encode_jpeg(&picture),
        false => encoder.encode(&picture),
    };
    let encoded = encoded.map_err(|error| error.to_string())?;
    let (bytes, codec) = (encoded.bytes, encoded.codec);
    let encode_ms = start.elapsed().as_secs_f64() * 1000.0;
    write_output(&job.output, &bytes)?;
    let shape = &picture.planes.shape;
    let pixels = shape.width_px as f64 * shape.height_px as f64;
    let mut record = Record::new(job, shape, codec.name(), bytes.len() as u64, pixels);
    record.encode_ms = Some(encode_ms);
    let complaint = complaint_of(job, &warnings);
    record.warnings = warnings;
    let mut text = match (plan.json, &job.output) {
        (true, _) => record.json(),
        (false, Place::Standard) => String::new(),
        (false, _) => record.encoded_line(file_bytes, std::io::stdout().is_terminal()),
    };
    if plan.show && job.output != Place::Standard {
        text = format!("{text}\n{}", before_and_after(&picture, &bytes, &plan.models)?);
    }
    Ok(Report { text, complaint })
}

/// Whether `file` is a JPEG, or with `--codec jpeg` no picture that we know, and is to lose nothing.
fn keeps_file(plan: &Plan, file: &[u8]) -> bool {
    let exact = plan.keep_jpeg || plan.goal == Goal::Lossless;
    let jpeg = files::is_jpeg(file);
    exact
        && match plan.codec {
            None => jpeg,
            Some(codec::JPEG) => jpeg || PictureFormat::detect(file).is_none(),
            _ => false,
        }
}

/// Keeps a file as it is, in fewer bytes; it may be broken.
fn keep_one(plan: &Plan, job: &Job, file: &[u8], threads: Threads) -> Result<Report, String> {
    let start = Instant::now();
    let encoder = plan.encoder.clone().threads(threads.count());
    let kept = encoder.pack_jpeg(file).map_err(|error| error.to_string())?;
    let encode_ms = start.elapsed().as_secs_f64() * 1000.0;
    if let Ok(mut sums) = plan.kept.lock() {
        *sums = (sums.0 + file.len() as u64, sums.1 + kept.bytes.len() as u64, sums.2 + 1);
    }
    write_output(&job.output, &kept.bytes)?;
    let decoder = Decoder::from_stream(&kept.bytes[..]).map_err(|error| error.to_string())?;
    let info = decoder.info();
    let pixels = info.shape.width_px as f64 * info.shape.height_px as f64;
    let mut record =
        Record::new(job, &info.shape, kept.codec.name(), kept.bytes.len() as u64, pixels);
    record.encode_ms = Some(encode_ms);
    let mut text = match (plan.json, &job.output) {
        (true, _) => record.json(),
        (false, Place::Standard) => String::new(),
        (false, _) => record.encoded_line(file.len() as u64, std::io::stdout().is_terminal()),
    };
    if plan.show && job.output != Place::Standard {
        let read = files::read_picture(file, &DecodeOptions::new());
        let picture = read.map_err(|error| error.to_string())?.picture;
        text = format!("{text}\n{}", before_and_after(&picture, &kept.bytes, &plan.models)?);
    }
    Ok(Report { text, complaint: None })
}

/// Both pictures as the terminal can show them, and how far apart they are.
fn before_and_after(before: &Picture, file: &[u8], models: &Models) -> Result<String, String> {
    let after = if file.starts_with(&tintype::MAGIC) {
        Decoder::from_stream(file)
            .and_then(|decoder| decoder.models(models.clone()).decode())
            .map(|decoded| decoded.picture)
    } else {
        files::read_picture(file, &DecodeOptions::new()).map(|read| read.picture)
    };
    let after = after.map_err(|error| error.to_string())?;
    let wanted =
        tintype_metrics::Wanted { ssimulacra2: true, ..tintype_metrics::Wanted::POINTWISE };
    let report = tintype_metrics::compare_with(&before.planes, &after.planes, wanted)
        .map_err(|e| e.to_string())?;
    let score =
        report.ssimulacra2.map(|score| format!(", SSIMULACRA2 {score:.1}")).unwrap_or_default();
    let psnr = if report.psnr.is_finite() {
        format!("PSNR {:.2} dB", report.psnr)
    } else {
        "no difference".into()
    };
    Ok(format!(
        "{}{psnr}{score}",
        terminal::side_by_side(&[("before", &before.planes), ("after", &after.planes)])
    ))
}

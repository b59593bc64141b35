//! `tintype encode`: pictures to `.tin` files, or to real JPEGs.

use crate::args::{EncodeArgs, GoalArgs, Resize, TuneArg};
#[cfg(feature = "video")]
use crate::commands::clip::{self, ClipPlan, Taken};
use crate::commands::comparison::{Coded, comparison};
use crate::commands::kept::{Kept, losses};
use crate::commands::{Report, complaint_of, over_jobs, read_models, retain_new, texts_of};
use crate::files::{
    Found, Input, Job, Place, find_inputs, folder_of, plan_jobs, read_input, read_input_if,
};
use crate::leftovers::remove_leftovers;
use crate::output::{Existing, Preserve, check_standard_output, write_result};
use crate::pairs::pair;
use crate::parts;
use crate::record::Record;
use crate::replace::{self, Expected, Replace};
use crate::seal::Sealing;
use crate::style::{complain, note, ratio_text, size_text, time_text};
use crate::{Failure, Outcome};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;
use tintype::files::{self, PictureFormat};
use tintype::{
    CodecId, DecodeOptions, Decoder, Encoded, Encoder, Goal, Limits, Models, Picture, Threads, codec,
};
#[cfg(feature = "video")]
use tintype_image::io::Animation;
use tintype_image::planes_shrunk;

/// What was decided.
struct Plan {
    encoder: Encoder,
    codec: Option<CodecId>,
    goal: Goal,
    models: Models,
    /// The depth picture of each job, or none at all.
    depths: Vec<(Place, Place)>,
    max_error: u16,
    limits: Limits,
    resize: Option<Resize>,
    kept: Kept,
    sealing: Sealing,
    replace: Option<Replace>,
    preserve: bool,
    /// Page or frame to read.
    page: Option<usize>,
    /// `--bitrate` was given.
    bitrate: bool,
    /// How clips are encoded, if inputs of several pictures are to be clips.
    #[cfg(feature = "video")]
    clip: Option<ClipPlan>,
    /// `--tune visual` was asked for.
    looks: bool,
    /// JPEG files are packed, not coded anew: nothing else was asked for.
    pack_jpeg: bool,
    existing: Existing,
    compare: bool,
    show: bool,
    json: bool,
    /// Files done.
    totals: Mutex<Totals>,
}

/// What a batch came to.
#[derive(Clone, Copy, Default)]
struct Totals {
    files: u64,
    bytes_before: u64,
    bytes_after: u64,
}

/// Runs the command.
pub fn run(args: &EncodeArgs) -> Outcome {
    let start = Instant::now();
    let (models, codecs) = read_models(&args.model, args.send_model)?;
    let (codec, goal) = codec_and_goal(args, &codecs)?;

    let found = find_inputs(&args.inputs, &|path| format_of(path).is_some());
    if found.is_err() && args.replace && replace::is_done(&args.inputs) {
        note("every picture is a .tin file already");
        return Ok(true);
    }
    let found = found?;
    let mut all_taken = complain_about_files_not_taken(&found);
    let (inputs, readable) = found.inputs_or_complain();
    all_taken &= readable;
    if inputs.is_empty() {
        return Ok(false);
    }

    let depths = depth_inputs(args, &inputs)?;
    #[cfg(feature = "video")]
    if args.clip {
        let sealing = Sealing::from_args(&args.seal)?;
        let plan = clip_plan(args, codec, goal, &sealing).ok_or_else(|| {
            Failure::Usage("--clip goes with -q, --lossless, --size, --bitrate and --bpp, not with --codec or --model".into())
        })?;
        let names = (&args.inputs[..], args.output.as_deref());
        let rate = args.fps.unwrap_or((25, 1));
        return clip::encode_sequence(&plan, &inputs, &depths, names, rate, &args.common)
            .map(|done| done && all_taken);
    }
    let mut jobs = plan_jobs(inputs, &args.inputs, args.output.as_deref(), "tin")?;
    for job in &jobs {
        check_standard_output(&job.output, args.common.json)?;
        check_output_format(job, codec, goal)?;
    }
    if !depths.is_empty() && jobs.iter().any(|job| is_jpeg(&job.output)) {
        return Err(Failure::Usage("a JPEG holds no depth; write a .tin file".into()));
    }
    let depths = jobs
        .iter()
        .map(|job| job.input.clone())
        .zip(depths.into_iter().map(|input| input.place))
        .collect();
    let sealing = Sealing::from_args(&args.seal)?;
    if sealing.is_on() && jobs.iter().any(|job| is_jpeg(&job.output)) {
        return Err(Failure::Usage("a JPEG cannot be sealed; write a .tin file".into()));
    }
    keep_longer_names_beside_siblings(&mut jobs);
    if args.replace {
        replace::keep_longer_names(&mut jobs);
    }
    retain_new(&mut jobs, &args.common);

    remove_leftovers(&jobs);
    let plain_models = models.clone();
    let plan = Plan {
        encoder: encoder_from_args(args, codec, goal).models(models.clone()),
        pack_jpeg: packs_jpeg(args, codec, goal),
        codec,
        goal,
        models,
        depths,
        max_error: args.max_error,
        limits: args.common.limits.limits(),
        resize: args.resize,
        kept: Kept::from_args(&args.kept),
        replace: args.replace.then(|| Replace {
            yes: args.yes,
            models: plain_models.clone(),
            sealing: sealing.clone(),
        }),
        #[cfg(feature = "video")]
        clip: clip_plan(args, codec, goal, &sealing),
        sealing,
        preserve: !args.common.no_preserve,
        page: args.page.map(|page| page as usize),
        bitrate: args.goal.bitrate.is_some(),
        looks: args.tune == Some(TuneArg::Visual),
        existing: Existing::from_force(args.common.force),
        compare: args.compare,
        show: args.show,
        json: args.common.json,
        totals: Mutex::default(),
    };
    let work = |job: &Job, threads: Threads| {
        encode_one(&plan, job, threads).map_err(|error| format!("{}: {error}", job.input.name()))
    };
    let done = over_jobs(&jobs, &args.common, work);
    if jobs.len() > 1 && !plan.json {
        note_totals(&plan, start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(done && all_taken)
}

fn encoder_from_args(args: &EncodeArgs, codec: Option<CodecId>, goal: Goal) -> Encoder {
    let encoder =
        Encoder::new().goal(goal).tune(args.tune.unwrap_or(TuneArg::Visual).into()).effort(args.effort);
    let mut encoder = parts::verifying(encoder, args.verify).limits(args.common.limits.limits());
    if let Some(codec) = codec {
        encoder = encoder.codec(codec);
    }
    encoder = encoder.alpha_quality(args.alpha_quality);
    if let Some(background) = args.background {
        encoder = encoder.background(background);
    }
    if let Some(filter) = args.denoise {
        encoder = encoder.denoise(filter);
    }
    encoder
}

/// Codec and goal, or why options contradict each other.
fn codec_and_goal(
    args: &EncodeArgs,
    models_for: &[CodecId],
) -> Result<(Option<CodecId>, Goal), Failure> {
    let mut goal = goal_from_args(&args.goal);
    // A bound on the error of every sample is a goal of its own, unless depth has the bound.
    let unasked = goal == Goal::Quality(75.0) && args.goal.quality.is_none();
    if args.max_error > 0 && args.depth.is_empty() && unasked {
        goal = Goal::Lossless;
    }
    if args.resize.is_some() && !args.depth.is_empty() {
        return Err(Failure::Usage("--resize and --depth contradict each other".into()));
    }
    if args.denoise.is_some() && goal == Goal::Lossless {
        return Err(Failure::Usage("--lossless and --denoise contradict each other".into()));
    }

    let codec = args.codec.0.or_else(|| models_for.last().copied());
    if let (Some(codec), Some(other)) = (codec, models_for.iter().find(|id| Some(**id) != codec)) {
        return Err(Failure::Usage(format!(
            "--codec {} cannot use a model for {}",
            codec.name(),
            other.name()
        )));
    }
    Ok((codec, goal))
}

/// Whether JPEG files are packed byte for byte: no option asks for a change of the picture.
fn packs_jpeg(args: &EncodeArgs, codec: Option<CodecId>, goal: Goal) -> bool {
    let changed = args.goal.quality.is_some()
        || args.page.is_some_and(|page| page > 1)
        || args.resize.is_some()
        || !matches!(goal, Goal::Quality(_))
        || args.denoise.is_some()
        || !args.depth.is_empty()
        || args.max_error > 0;
    matches!(codec, None | Some(codec::JPEG)) && !changed
}

/// Extensions of pictures and films that cannot be read. Leaving one out of a folder is a failure; leaving
/// out other files (texts, lists) is not.
const NOT_READ: &[&str] = &[
    "3fr", "arw", "avi", "avif", "cr2", "cr3", "dng", "erf", "exr", "heic", "heif", "ico", "j2k", "jp2",
    "jpx", "jxl", "jxr", "m4v", "mkv", "mov", "mp4", "mpg", "nef", "nrw", "orf", "pef", "psd", "raf",
    "rw2", "srw", "svg", "tga", "webm", "wmv",
];

fn is_not_read(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    NOT_READ.contains(&extension.to_ascii_lowercase().as_str())
}

/// Names the files of folders that are not encoded. Whether none of them is a picture or a film.
fn complain_about_files_not_taken(found: &Found) -> bool {
    let mut all_taken = true;
    for path in &found.not_taken {
        if is_not_read(path) || format_of(path).is_some() {
            complain(&format!("{}: not encoded; this kind of file is not read", path.display()));
            all_taken = false;
        } else {
            note(&format!("{}: left out, not a picture", path.display()));
        }
    }
    all_taken
}

/// `IMG.png` may become `IMG.png.tin` only where another picture `IMG.jpg` stands beside it: then `IMG.tin`
/// may be that picture's. Elsewhere `IMG.tin` is the user's to replace.
fn keep_longer_names_beside_siblings(jobs: &mut [Job]) {
    // Of each folder, how many pictures have a stem: it is listed once, not for each of its files.
    let mut folders: BTreeMap<PathBuf, BTreeMap<OsString, usize>> = BTreeMap::new();
    for job in jobs {
        let Place::File(input) = &job.input else { continue };
        let folder = folder_of(input);
        let stems = folders.entry(folder.to_path_buf()).or_insert_with(|| {
            let mut stems = BTreeMap::new();
            let names =
                std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
            for path in names.filter(|path| format_of(path).is_some()) {
                *stems.entry(path.file_stem().unwrap_or_default().to_os_string()).or_default() += 1;
            }
            stems
        });
        let pictures = input.file_stem().and_then(|stem| stems.get(stem)).copied().unwrap_or(0);
        if pictures <= usize::from(format_of(input).is_some()) {
            job.otherwise = None;
        }
    }
}

fn note_totals(plan: &Plan, ms: f64) {
    let Ok(totals) = plan.totals.lock().map(|totals| *totals) else { return };
    note(&format!(
        "{} files: {} → {}, {}, in {}",
        totals.files,
        size_text(totals.bytes_before),
        size_text(totals.bytes_after),
        ratio_text(totals.bytes_before, totals.bytes_after),
        time_text(ms)
    ));
}

/// The depth picture of each input, or none at all.
fn depth_inputs(args: &EncodeArgs, inputs: &[Input]) -> Result<Vec<Input>, Failure> {
    if args.depth.is_empty() {
        return Ok(Vec::new());
    }
    pair(inputs, find_inputs(&args.depth, &|path| format_of(path).is_some())?.inputs)
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
    path.extension().and_then(|extension| extension.to_str()).and_then(PictureFormat::from_extension)
}

fn is_jpeg(place: &Place) -> bool {
    matches!(place, Place::File(path) if format_of(path) == Some(PictureFormat::Jpeg))
}

/// Refuses outputs that are neither `.tin` nor JPEG, and goals that a JPEG cannot be given.
fn check_output_format(job: &Job, codec: Option<CodecId>, goal: Goal) -> Result<(), Failure> {
    let Place::File(path) = &job.output else { return Ok(()) };
    let refuse = |what: String| Err(Failure::Usage(format!("{}: {what}", path.display())));
    match format_of(path) {
        None if is_not_read(path) => {
            refuse("encode writes .tin and .jpg files; give the output one of these names".into())
        }
        None => Ok(()),
        Some(PictureFormat::Jpeg) if goal == Goal::Lossless => {
            refuse("a JPEG loses something; for every sample write a .tin file".into())
        }
        Some(PictureFormat::Jpeg) => match codec {
            None | Some(codec::JPEG) => Ok(()),
            Some(codec) => refuse(format!("{} writes .tin files only", codec.name())),
        },
        Some(_) => refuse(
            "encode writes .tin and .jpg files; decode turns a .tin file into other formats".into(),
        ),
    }
}

/// How clips are encoded: not where a codec for pictures, one picture, or a change of pictures was asked for.
#[cfg(feature = "video")]
fn clip_plan(
    args: &EncodeArgs,
    codec: Option<CodecId>,
    goal: Goal,
    sealing: &Sealing,
) -> Option<ClipPlan> {
    let asked = codec.is_some()
        || args.page.is_some()
        || args.resize.is_some()
        || args.denoise.is_some()
        || (!args.depth.is_empty() && !args.clip)
        || args.max_error > 0;
    (!asked).then_some(ClipPlan {
        goal,
        bitrate: args.goal.bitrate,
        effort: args.effort,
        group: args.group.map(usize::from),
        existing: Existing::from_force(args.common.force),
        sealing: sealing.clone(),
        replace: args.replace.then_some(args.yes),
        preserve: !args.common.no_preserve,
        json: args.common.json,
        refused: refused_for_clips(args),
    })
}

/// Why a clip is refused with these options.
#[cfg(feature = "video")]
fn refused_for_clips(args: &EncodeArgs) -> Option<&'static str> {
    let options = [
        (args.compare, "is a clip, for which there is no --compare; leave it out"),
        (args.show, "is a clip, for which there is no --show; leave it out"),
    ];
    options.into_iter().find(|option| option.0).map(|option| option.1)
}

fn encode_one(plan: &Plan, job: &Job, threads: Threads) -> Result<Report, String> {
    // What is no picture is refused by its first bytes.
    let known = |head: &[u8]| {
        PictureFormat::detect(head).is_some() || files::is_jpeg(head) || plan.codec == Some(codec::JPEG)
    };
    #[allow(unused_mut)]
    let mut taken: Option<Vec<u8>> = None;
    #[cfg(feature = "video")]
    if let Some(clip) = plan.clip.as_ref().filter(|_| !is_jpeg(&job.output)) {
        match clip::encode(clip, job, threads)? {
            Taken::NoClip(bytes) => taken = bytes,
            Taken::Done(report, before, after) => {
                count_totals(plan, before, after);
                return Ok(report);
            }
        }
    }
    let file = match taken {
        Some(bytes) => bytes,
        None => read_input_if(&job.input, known)?,
    };
    #[cfg(feature = "video")]
    if let Some(clip) = plan.clip.as_ref().filter(|_| !is_jpeg(&job.output))
        && Animation::is_one(&file, &plan.limits)
        && let Taken::Done(report, before, after) =
            clip::encode_from(clip, job, threads, clip::Origin::Animation(&file))?
    {
        count_totals(plan, before, after);
        return Ok(report);
    }
    if plan.bitrate {
        return Err("is a picture; --bitrate is for clips".into());
    }
    if file.starts_with(&tintype::MAGIC) {
        return Err("is a .tin file already; decode it first".into());
    }
    let plain = plan.depths.is_empty() && plan.max_error == 0;
    if !is_jpeg(&job.output) && plain && packs_file(plan, &file) {
        let stripped;
        let packed = if plan.kept.is_all() {
            &file
        } else {
            stripped = plan.kept.applied_to_jpeg(&file);
            if !plan.json {
                note_left_out(job, &file, &stripped);
            }
            &stripped
        };
        return pack_one(plan, job, (&file, packed), threads);
    }

    let lossy = plan.goal != Goal::Lossless || plan.resize.is_some() || !plan.kept.is_all();
    if let Some(replace) = &plan.replace {
        replace.check_loss(lossy || plan.max_error > 0 || plan.page.is_some())?;
    }
    let options = DecodeOptions::new().threads(threads.count()).limits(plan.limits);
    let paged = match plan.page {
        Some(page) => options.clone().page(page),
        None => options.clone(),
    };
    let read = files::read_picture(&file, &paged).map_err(|error| error.to_string())?;
    let (mut picture, mut warnings) = (read.picture, texts_of(&read.warnings));
    if let Some(resize) = plan.resize {
        let (width, height) = resize.size(picture.width(), picture.height());
        picture.planes = planes_shrunk(&picture.planes, width, height).map_err(|e| e.to_string())?;
    }
    let mut bytes_before = file.len() as u64;
    if let Some((_, place)) = plan.depths.iter().find(|(input, _)| *input == job.input) {
        let bytes = read_input(place)?;
        bytes_before += bytes.len() as u64;
        let depth =
            files::read_picture(&bytes, &options).map_err(|e| format!("{}: {e}", place.name()))?;
        picture = tintype::with_depth(picture, &depth.picture)
            .map_err(|error| format!("{}: {error}", place.name()))?;
    }
    plan.kept.apply(&mut picture.metadata);
    if plan.max_error > 0 {
        picture.planes = parts::within_error(&picture.planes, plan.max_error)?;
    }

    // Samples take twice the room of the file, which only `--replace` needs again.
    let source = if plan.replace.is_some() { file } else { Vec::new() };
    let start = Instant::now();
    let encoder = plan.sealing.on(plan.encoder.clone().threads(threads.count()));
    let shape = &picture.planes.shape;
    let expected = match lossy {
        true => Expected::Lossy(shape.width_px, shape.height_px),
        false => Expected::Picture(&picture),
    };
    let before = plan.replace.as_ref().and_then(|replace| replace.done_before(job, expected, threads));
    let encoded = match (is_jpeg(&job.output), before) {
        (_, Some((bytes, codec))) => Ok((bytes, codec, Vec::new())),
        (true, None) => parts::encode_jpeg(&encoder, &picture).map(parts_of_encoded),
        (false, None) => encoder.encode(&picture).map(parts_of_encoded),
    };
    if is_jpeg(&job.output) {
        // Opacity is named by the encoder, which knows of the background.
        let lost = losses(PictureFormat::Jpeg, &picture);
        warnings.extend(
            lost.into_iter()
                .filter(|text| !["opacity", "EXIF", "XMP"].iter().any(|name| text.starts_with(name))),
        );
    }
    let (bytes, codec, told) = encoded.map_err(|error| error.to_string())?;
    warnings.extend(told);
    let loses = plan.goal != Goal::Lossless && codec != codec::LOSSLESS;
    if plan.looks && loses && !tintype::heeds_tune(codec) {
        let name = codec.name();
        warnings.push(format!(
            "--tune visual does not change codec {name}, which aims at least squared error"
        ));
    }
    let encode_ms = start.elapsed().as_secs_f64() * 1000.0;

    let pixels = shape.width_px as f64 * shape.height_px as f64;
    let mut record = Record::new(job, shape, codec.name(), bytes.len() as u64, pixels);
    record.encode_ms = Some(encode_ms);
    record.warnings = warnings;
    let done = Done { file: &bytes, bytes_before, record, source: &source, expected };
    write_one(plan, job, done, || Ok(picture.clone()), threads)
}

/// File, codec, and warnings as text.
fn parts_of_encoded(encoded: Encoded) -> (Vec<u8>, CodecId, Vec<String>) {
    let told = texts_of(&encoded.warnings);
    (encoded.bytes, encoded.codec, told)
}

/// Names the pictures and videos inside `file` that `stripped` lacks.
fn note_left_out(job: &Job, file: &[u8], stripped: &[u8]) {
    let left = parts::jpeg_inside(stripped);
    for part in parts::jpeg_inside(file).iter().filter(|part| !left.contains(part)) {
        note(&format!("{}: left out as asked: {part}", job.input.name()));
    }
}

/// Whether `file` is a JPEG, or with `--codec jpeg` of an unknown kind, and every byte is to come back.
fn packs_file(plan: &Plan, file: &[u8]) -> bool {
    let exact = plan.pack_jpeg || plan.goal == Goal::Lossless;
    let jpeg = files::is_jpeg(file);
    exact
        && match plan.codec {
            None => jpeg,
            Some(codec::JPEG) => jpeg || PictureFormat::detect(file).is_none(),
            _ => false,
        }
}

/// Packs a JPEG file, which may be damaged, so that every byte comes back.
fn pack_one(
    plan: &Plan,
    job: &Job,
    (source, file): (&[u8], &[u8]),
    threads: Threads,
) -> Result<Report, String> {
    if let Some(replace) = &plan.replace {
        replace.check_loss(source != file)?;
    }
    let start = Instant::now();
    let encoder = plan.encoder.clone().threads(threads.count());
    let packed = parts::pack_jpeg(&encoder, file).map_err(|error| error.to_string())?;
    let encode_ms = start.elapsed().as_secs_f64() * 1000.0;

    let decoder = Decoder::from_stream(&packed.bytes[..]).map_err(|error| error.to_string())?;
    let info = decoder.info();
    let pixels = info.shape.width_px as f64 * info.shape.height_px as f64;
    let picture = || {
        let read = files::read_picture(file, &DecodeOptions::new());
        read.map(|read| read.picture).map_err(|error| error.to_string())
    };
    let shape = info.shape.clone();
    let shown = if plan.sealing.has_preview() { Some(picture()?) } else { None };
    let bytes = plan.sealing.close(&encoder, packed.bytes, shown.as_ref())?;
    let mut record = Record::new(job, &shape, packed.codec.name(), bytes.len() as u64, pixels);
    record.encode_ms = Some(encode_ms);
    let expected = Expected::File(file);
    let before = plan.replace.as_ref().and_then(|replace| replace.done_before(job, expected, threads));
    let bytes = before.map_or(bytes, |(before, _)| before);
    let done = Done { file: &bytes, bytes_before: file.len() as u64, record, source, expected };
    write_one(plan, job, done, picture, threads)
}

fn count_totals(plan: &Plan, before: u64, after: u64) {
    if let Ok(mut totals) = plan.totals.lock() {
        totals.files += 1;
        totals.bytes_before += before;
        totals.bytes_after += after;
    }
}

/// A file that is ready to be written.
struct Done<'a> {
    file: &'a [u8],
    bytes_before: u64,
    record: Record,
    /// The input as it was read.
    source: &'a [u8],
    /// What the file gives back.
    expected: Expected<'a>,
}

/// Writes the file, and says what it came to. `picture` gives the input where it is to be compared.
fn write_one(
    plan: &Plan,
    job: &Job,
    done: Done<'_>,
    picture: impl FnOnce() -> Result<Picture, String>,
    threads: Threads,
) -> Result<Report, String> {
    let Done { file, bytes_before, mut record, source, expected } = done;
    let preserved = Preserve::of(job, plan.preserve);
    let place = write_result(job, plan.existing, |out| Ok(out.write_all(file)?))?;
    preserved.apply(&job.input, &place);
    record.output = Some(place.name());
    if place != job.output && !plan.json {
        note(&format!("{} is another picture's file and stays", job.output.name()));
    }
    count_totals(plan, bytes_before, file.len() as u64);

    let mut complaint = complaint_of(job, &record.warnings);
    if let Some(replace) = &plan.replace {
        // What the result lacks is in the original only.
        let outcome = match record.warnings.is_empty() {
            true => replace.delete_original(job, &place, source, (expected, threads)),
            false => Err("the result lacks something of it".into()),
        };
        record.replaced = Some(outcome.is_ok());
        if let Err(why) = outcome {
            let told = complaint.unwrap_or_else(|| job.input.name());
            complaint = Some(format!("{told}: the original stays: {why}"));
        }
    }
    let terminal = std::io::stdout().is_terminal();
    let text = match (plan.json, &place) {
        (true, _) => record.json(),
        (false, Place::Standard) => String::new(),
        (false, _) if plan.compare || plan.show => {
            let coded = Coded { before: &picture()?, bytes_before, file, record: &record };
            comparison(&coded, &plan.models, plan.compare, plan.show, threads)?
        }
        (false, _) => record.encoded_line(bytes_before, terminal),
    };
    Ok(Report { text, complaint })
}

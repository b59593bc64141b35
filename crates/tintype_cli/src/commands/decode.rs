//! `tintype decode`: `.tin` files, and plain JPEG files, to pictures.

use crate::args::DecodeArgs;
use crate::commands::{Report, complaint_of, over_jobs, read_models};
use crate::files::{Job, Place, find_inputs, plan_jobs};
use crate::output::{check_standard_output, make_folder_for, write_output, write_output_with};
use crate::record::Record;
use crate::{Failure, Outcome, terminal};
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tintype::{DecodeRequest, Decoded, ExecOptions, JPEG, Limits, Models, Picture};
use tintype_image::ImageError;
use tintype_image::io::{PictureFormat, PnmWriter, WriteSettings, write_picture, write_picture_to};

/// What was decided.
struct Plan {
    request: DecodeRequest,
    /// Where depth goes, if it was said.
    depth: Option<PathBuf>,
    models: Models,
    partial: bool,
    show: bool,
    json: bool,
}

/// Runs the command.
pub fn run(args: &DecodeArgs) -> Outcome {
    let inputs = find_inputs(&args.inputs, &|path| {
        path.extension().is_some_and(|extension| extension == "tin")
    })?;
    let mut jobs = plan_jobs(inputs, &args.inputs, args.output.as_deref(), "png")?;
    let whole = args.scale == 0 && args.region.is_none() && args.layers.is_none();
    let unnamed = |job: &&mut Job| {
        whole && args.output.as_deref().is_none_or(|out| !is_place(&job.output, out))
    };
    jobs.iter_mut().filter(unnamed).for_each(name_as_jpeg);
    for job in &jobs {
        check_standard_output(&job.output, args.common.json)?;
        format_of(&job.output)?;
    }
    if args.show && args.common.json {
        return Err(Failure::Usage("--show and --json do not go together".into()));
    }
    if args.depth.is_some() && jobs.len() > 1 {
        return Err(Failure::Usage(
            "--depth names one file; decode one file at a time with it".into(),
        ));
    }
    let request =
        DecodeRequest { scale_log2: args.scale, region: args.region, layers: args.layers };
    let (models, _) = read_models(&args.model, false)?;
    let plan = Plan {
        request,
        depth: args.depth.clone(),
        models,
        partial: args.partial,
        show: args.show,
        json: args.common.json,
    };
    let into_folder = args
        .output
        .as_deref()
        .is_some_and(|out| jobs.iter().all(|job| !is_place(&job.output, out)));
    let work = |job: &Job, exec: &ExecOptions| {
        if into_folder {
            make_folder_for(&job.output)?;
        }
        decode_one(&plan, job, exec).map_err(|error| format!("{}: {error}", job.input.name()))
    };
    Ok(over_jobs(&jobs, &args.common, work))
}

/// Lets the output of a file that keeps a JPEG end in .jpg.
fn name_as_jpeg(job: &mut Job) {
    let (Place::File(input), Place::File(output)) = (&job.input, &mut job.output) else { return };
    let info =
        File::open(input).ok().and_then(|file| tintype::inspect(file, &Limits::default()).ok());
    if info.is_some_and(|info| info.codec == JPEG) {
        *output = output.with_extension("jpg");
    }
}

fn is_place(place: &Place, path: &Path) -> bool {
    match place {
        Place::Standard => path.as_os_str() == "-",
        Place::File(file) => file == path,
    }
}

/// The format that the output's extension stands for; PNG on standard output and on devices.
fn format_of(output: &Place) -> Result<PictureFormat, Failure> {
    let Place::File(path) = output else { return Ok(PictureFormat::Png) };
    let Some(extension) = path.extension() else {
        let regular = !path.exists() || path.is_file();
        return if regular { Err(no_format(path)) } else { Ok(PictureFormat::Png) };
    };
    extension.to_str().and_then(PictureFormat::from_extension).ok_or_else(|| no_format(path))
}

fn no_format(path: &Path) -> Failure {
    let known: Vec<&str> = PictureFormat::ALL.into_iter().map(PictureFormat::name).collect();
    Failure::Usage(format!(
        "{}: no picture format has this extension; there are {}",
        path.display(),
        known.join(", ")
    ))
}

/// Writes the JPEG file that `job`'s input keeps, if it keeps one and its bytes are all there.
fn restore_one(plan: &Plan, job: &Job, exec: &ExecOptions) -> Result<Option<Report>, String> {
    let start = Instant::now();
    let Place::File(path) = &job.input else { return Ok(None) };
    let open = || File::open(path).map(BufReader::new).map_err(|error| error.to_string());
    let Ok(Some(file)) = tintype::unpack_jpeg(open()?, exec) else { return Ok(None) };
    let decode_ms = start.elapsed().as_secs_f64() * 1000.0;
    write_output(&job.output, &file)?;
    let info = tintype::inspect(open()?, &exec.limits).map_err(|error| error.to_string())?;
    let bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    let pixels = info.shape.width_px as f64 * info.shape.height_px as f64;
    let mut record = Record::new(job, &info.shape, info.codec.name(), bytes, pixels);
    record.decode_ms = Some(decode_ms);
    let text = if plan.json {
        record.json()
    } else {
        record.decoded_line(std::io::stdout().is_terminal())
    };
    Ok(Some(Report { text, complaint: None }))
}

/// Decodes a JPEG file to PNM row by row, if that is what `job` is: a picture of any size then needs little memory.
fn stream_one(plan: &Plan, job: &Job, exec: &ExecOptions) -> Result<Option<Report>, String> {
    let start = Instant::now();
    let plain = plan.request == DecodeRequest::default() && !plan.show;
    let (Place::File(input), Place::File(output)) = (&job.input, &job.output) else {
        return Ok(None);
    };
    let regular = |path: &Path| std::fs::metadata(path).is_ok_and(|data| data.is_file());
    if !plain
        || format_of(&job.output).ok() != Some(PictureFormat::Pnm)
        || (output.exists() && !regular(output))
    {
        return Ok(None);
    }
    // What goes wrong with the input is said by the usual way.
    let head = File::open(input).ok().filter(|_| regular(input)).map(BufReader::new);
    if !head.is_some_and(|mut head| starts_as_jpeg(&mut head).unwrap_or(false)) {
        return Ok(None);
    }
    let Ok(file) = std::fs::read(input) else { return Ok(None) };
    let (mut done, mut must_be_held) = (None, false);
    let written = write_output_with(&job.output, |out| {
        let (mut writer, mut out, mut shape, mut failed) = (None, Some(out), None, None);
        let warnings = tintype::decode_jpeg_file_rows(&file, exec, &mut |of, rows| {
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
            must_be_held = true;
            return Err(ImageError::Unsupported { what: "decoding by rows".into() });
        };
        writer.finish()?;
        done = Some((shape, warnings));
        Ok(())
    });
    if must_be_held {
        return Ok(None);
    }
    written?;
    let Some((shape, warnings)) = done else { return Ok(None) };
    let pixels = shape.width_px as f64 * shape.height_px as f64;
    let mut record = Record::new(job, &shape, JPEG.name(), file.len() as u64, pixels);
    record.decode_ms = Some(start.elapsed().as_secs_f64() * 1000.0);
    record.warnings = warnings;
    let text = if plan.json {
        record.json()
    } else {
        record.decoded_line(std::io::stdout().is_terminal())
    };
    let complaint = complaint_of(job, &record.warnings).filter(|_| !plan.partial);
    Ok(Some(Report { text, complaint }))
}

fn decode_one(plan: &Plan, job: &Job, exec: &ExecOptions) -> Result<Report, String> {
    if let Some(report) = stream_one(plan, job, exec)? {
        return Ok(report);
    }
    let to_jpeg = format_of(&job.output).ok() == Some(PictureFormat::Jpeg);
    let plain = plan.request == DecodeRequest::default() && !plan.show;
    if to_jpeg
        && plain
        && let Some(report) = restore_one(plan, job, exec)?
    {
        return Ok(report);
    }
    let start = Instant::now();
    let (decoded, bytes) = decode_place(&job.input, &plan.request, &plan.models, exec)?;
    let decode_ms = start.elapsed().as_secs_f64() * 1000.0;
    let format = format_of(&job.output).unwrap_or(PictureFormat::Png);
    let whole = plan.request == DecodeRequest::default();
    let holds_all =
        matches!(format, PictureFormat::Tiff | PictureFormat::Pam) && plan.depth.is_none();
    let split = tintype::split_depth(&decoded.picture).filter(|_| !holds_all);
    let picture = split.as_ref().map_or(&decoded.picture, |(colour, _)| colour);
    let kept = decoded.jpeg_file.as_ref().filter(|_| whole && format == PictureFormat::Jpeg);
    let depth = match &split {
        Some((_, depth)) => Some(depth_file(plan, job, depth)?),
        None => None,
    };
    match kept {
        Some(file) => write_output(&job.output, file)?,
        None => write_output_with(&job.output, |out| {
            write_picture_to(format, picture, &WriteSettings::default(), out)
        })?,
    }
    if let Some((place, depth)) = depth {
        write_output(&place, &depth)?;
    }
    let full = &decoded.full_shape;
    let pixels = full.width_px as f64 * full.height_px as f64;
    let mut record =
        Record::new(job, &decoded.picture.planes.shape, decoded.codec.name(), bytes, pixels);
    record.decode_ms = Some(decode_ms);
    // The file itself came back as it was; only a picture made of it lacks something.
    if kept.is_none() {
        record.warnings = decoded.warnings;
    }
    let mut text = match (plan.json, &job.output) {
        (true, _) => record.json(),
        (false, Place::Standard) => String::new(),
        (false, _) => record.decoded_line(std::io::stdout().is_terminal()),
    };
    if plan.show && job.output != Place::Standard {
        text = format!(
            "{text}\n{}",
            terminal::side_by_side(&[("", &decoded.picture.planes)]).trim_end()
        );
    }
    let cut_off = decoded.cut_off_at.map(|at| {
        let name = job.input.name();
        format!(
            "{name}: the file was cut off at byte {at}; {} holds what could be decoded",
            job.output.name()
        )
    });
    let complaint =
        cut_off.or_else(|| complaint_of(job, &record.warnings)).filter(|_| !plan.partial);
    Ok(Report { text, complaint })
}

/// Where the depth goes, and its file.
fn depth_file(plan: &Plan, job: &Job, depth: &Picture) -> Result<(Place, Vec<u8>), String> {
    let place = match (&plan.depth, &job.output) {
        (Some(path), _) => Place::File(path.clone()),
        (None, Place::File(path)) => Place::File(path.with_extension("depth.png")),
        (None, Place::Standard) => {
            return Err("the file holds depth as well: say where it goes with --depth".into());
        }
    };
    let format = format_of(&place)
        .map_err(|_| format!("{}: no picture format has this extension", place.name()))?;
    Ok((place, write_picture(format, depth).map_err(|error| error.to_string())?))
}

/// Decodes an input, and counts its bytes.
pub fn decode_place(
    place: &Place,
    request: &DecodeRequest,
    models: &Models,
    exec: &ExecOptions,
) -> Result<(Decoded, u64), String> {
    let failed = |error: tintype::Error| error.to_string();
    let Place::File(path) = place else {
        let mut input = BufReader::new(std::io::stdin().lock());
        if starts_as_jpeg(&mut input)? {
            return decode_jpeg(input, request, exec);
        }
        let mut input = Counted { input, bytes: 0 };
        let decoded = tintype::decode_stream_with_models(&mut input, request, models, exec)
            .map_err(failed)?;
        return Ok((decoded, input.bytes));
    };
    let file = File::open(path).map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if metadata.is_dir() {
        return Err("is a folder".into());
    }
    let mut input = BufReader::new(file);
    if starts_as_jpeg(&mut input)? {
        return decode_jpeg(input, request, exec);
    }
    // A pipe that has a name does not seek.
    let decoded = if input.stream_position().is_ok() && metadata.is_file() {
        tintype::decode_with_models(input, request, models, exec)
    } else {
        tintype::decode_stream_with_models(input, request, models, exec)
    };
    Ok((decoded.map_err(failed)?, metadata.len()))
}

/// Looks at the first bytes without taking them.
fn starts_as_jpeg(input: &mut impl BufRead) -> Result<bool, String> {
    input.fill_buf().map(tintype::is_jpeg).map_err(|error| error.to_string())
}

fn decode_jpeg(
    mut input: impl Read,
    request: &DecodeRequest,
    exec: &ExecOptions,
) -> Result<(Decoded, u64), String> {
    let mut file = Vec::new();
    input.read_to_end(&mut file).map_err(|error| error.to_string())?;
    let bytes = file.len() as u64;
    let decoded =
        tintype::decode_jpeg_file(file, request, exec).map_err(|error| error.to_string())?;
    Ok((decoded, bytes))
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

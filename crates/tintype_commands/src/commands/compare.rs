//! `tintype compare`: every metric of two pictures, and where they differ.

use crate::args::CompareArgs;
use crate::commands::decode::decode_place;
use crate::commands::texts_of;
use crate::files::{Input, Place, find_inputs, read_input};
use crate::output::{print_line, write_output};
use crate::seal::{self, Keys};
use crate::style::complain;
use crate::{Failure, Outcome, terminal};
use serde_json::{Map, Value, json};
use std::path::Path;
use tintype::{DecodeOptions, Decoder, Limits, Picture, Planes, files};
use tintype_image::io::{PictureFormat, write_picture};
use tintype_metrics::{Report, compare, difference_picture};

/// Runs the command.
pub fn run(args: &CompareArgs) -> Outcome {
    let format = match &args.diff {
        None => None,
        Some(path) => {
            let extension =
                path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            let wrong = || {
                Failure::Usage(format!(
                    "{}: no picture format has this extension; use .png",
                    path.display()
                ))
            };
            Some(PictureFormat::from_extension(extension).ok_or_else(wrong)?)
        }
    };
    let limits = args.read.limits.limits();
    let places = [&args.a, &args.b].map(|path| Place::File(path.clone()));
    let keys = seal::keys(&args.read.keys, &places.each_ref())?;
    if args.a.is_dir() && args.b.is_dir() {
        return folders(args, (&keys, limits));
    }
    let (a, b) = (read_any(&args.a, (&keys, limits))?, read_any(&args.b, (&keys, limits))?);
    let both = |error: &dyn std::fmt::Display| {
        Failure::Work(format!("{} and {}: {error}", args.a.display(), args.b.display()))
    };
    let report = compare(&a, &b).map_err(|error| both(&error))?;
    print_line(&if args.read.json {
        json_from_report(&args.a, &args.b, &report)
    } else {
        table_from_report(&report)
    });
    if args.diff.is_none() && !args.show {
        return Ok(true);
    }
    let difference = difference_picture(&a, &b, args.gain).map_err(|error| both(&error))?;
    if args.show {
        let name = format!("difference × {}", args.gain);
        let shown = terminal::side_by_side(&[("a", &a), ("b", &b), (&name, &difference)]);
        print_line(shown.trim_end());
    }
    if let (Some(path), Some(format)) = (&args.diff, format) {
        let picture = Picture::new(difference);
        let file = write_picture(format, &picture).map_err(|error| both(&error))?;
        write_output(&Place::File(path.clone()), &file).map_err(Failure::Work)?;
    }
    Ok(true)
}

/// Compares the pictures of two folders that have the same names but for their extensions: a line
/// each. Whether each had its other.
fn folders(args: &CompareArgs, keys: (&Keys, Limits)) -> Outcome {
    if args.diff.is_some() || args.show {
        let what = "--diff and --show take two files; compare folders without them".into();
        return Err(Failure::Usage(what));
    }
    let known = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        extension.eq_ignore_ascii_case("tin") || PictureFormat::from_extension(extension).is_some()
    };
    let inputs = |folder: &Path| -> Result<(Vec<Input>, bool), Failure> {
        Ok(find_inputs(&[folder.to_path_buf()], &known)?.inputs_or_complain())
    };
    let ((firsts, mut all_done), (seconds, readable)) = (inputs(&args.a)?, inputs(&args.b)?);
    all_done &= readable;
    let stem = |input: &Input| input.relative.with_extension("");
    // `IMG.jpg.tin` is that of `IMG.jpg`.
    let are_pair =
        |a: &Input, b: &Input| stem(a) == stem(b) || stem(a) == b.relative || a.relative == stem(b);
    for first in &firsts {
        let Some(second) = seconds.iter().find(|second| are_pair(first, second)) else {
            complain(&format!("{}: not in {}", first.place.name(), args.b.display()));
            all_done = false;
            continue;
        };
        let (Place::File(a), Place::File(b)) = (&first.place, &second.place) else { continue };
        let report = read_any(a, keys).and_then(|planes| {
            let other = read_any(b, keys)?;
            compare(&planes, &other)
                .map_err(|error| Failure::Work(format!("{} and {}: {error}", a.display(), b.display())))
        });
        match report {
            Ok(report) if args.read.json => print_line(&json_from_report(a, b, &report)),
            Ok(report) => print_line(&line_from_report(&first.relative, &report)),
            Err(Failure::Work(message) | Failure::Usage(message)) => {
                complain(&message);
                all_done = false;
            }
        }
    }
    for second in seconds.iter().filter(|b| !firsts.iter().any(|a| are_pair(a, b))) {
        complain(&format!("{}: not in {}", second.place.name(), args.a.display()));
        all_done = false;
    }
    Ok(all_done)
}

fn line_from_report(name: &Path, report: &Report) -> String {
    let name = name.display();
    if !report.psnr.is_finite() {
        return format!("{name}  equal");
    }
    let score = report.ssimulacra2.map(|score| format!(", SSIMULACRA2 {score:.1}"));
    format!("{name}  PSNR {:.2} dB{}", report.psnr, score.unwrap_or_default())
}

/// The samples of a picture or `.tin` file.
fn read_any(path: &Path, (keys, limits): (&Keys, Limits)) -> Result<Planes, Failure> {
    let failed = |error: String| Failure::Work(format!("{}: {error}", path.display()));
    let place = if path.as_os_str() == "-" { Place::Standard } else { Place::File(path.into()) };
    let options = seal::with_keys(DecodeOptions::new(), keys).limits(limits);
    if place != Place::Standard && starts_as_ours(path) {
        let (decoded, _) = decode_place(&place, options).map_err(failed)?;
        return match decoded.cut_off_at {
            Some(at) => Err(failed(format!(
                "the file was cut off at byte {at}; fetch it again, or decode what is there"
            ))),
            None => Ok(decoded.picture.full_range().into_owned()),
        };
    }
    let bytes = read_input(&place).map_err(failed)?;
    if bytes.starts_with(&tintype::MAGIC) {
        return Decoder::from_stream_with_options(&bytes[..], options)
            .and_then(Decoder::decode)
            .map(|decoded| decoded.picture.full_range().into_owned())
            .map_err(|error| failed(error.to_string()));
    }
    let read = files::read_picture(&bytes, &options).map_err(|error| failed(error.to_string()))?;
    if !read.warnings.is_empty() {
        complain(&format!("{}: {}", path.display(), texts_of(&read.warnings).join("; ")));
    }
    Ok(read.picture.full_range().into_owned())
}

fn starts_as_ours(path: &Path) -> bool {
    let mut front = [0; 4];
    let read =
        std::fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut front));
    read.is_ok() && front == tintype::MAGIC
}

fn json_from_report(a: &Path, b: &Path, report: &Report) -> String {
    let mut object = Map::new();
    object.insert("a".into(), json!(a.display().to_string()));
    object.insert("b".into(), json!(b.display().to_string()));
    for (name, value) in report.entries() {
        // Counts are whole numbers.
        let value = if name.starts_with("hamming") {
            json!(value.map(|count| count as u64))
        } else {
            json!(value)
        };
        object.insert(name.into(), value);
    }
    let planes = report.planes.iter().map(|plane| {
        let psnr = Some(plane.psnr).filter(|psnr| psnr.is_finite());
        json!({ "name": plane.name, "mse": plane.mse, "mae": plane.mae, "psnr": psnr, "ssim": plane.ssim,
            "ms_ssim": plane.ms_ssim })
    });
    object.insert("planes".into(), planes.collect());
    Value::Object(object).to_string()
}

fn table_from_report(report: &Report) -> String {
    let names = [
        "MSE",
        "MAE",
        "PSNR (dB)",
        "SSIM",
        "MS-SSIM",
        "SSIMULACRA2",
        "Butteraugli",
        "Butteraugli (3-norm)",
    ];
    let more = ["samples that differ", "bits that differ", "cosine similarity"];
    let digits = [4, 4, 3, 6, 6, 3, 4, 4, 0, 0, 8];
    let lines = names.iter().chain(&more).zip(report.entries()).zip(digits).map(
        |((name, (key, value)), digits)| {
            let text = match value {
                Some(value) => format!("{value:.digits$}"),
                None if key == "psnr" => "infinite, the pictures are equal".into(),
                None => "– (not for such pictures)".into(),
            };
            format!("{name:<22}{text}")
        },
    );
    lines.collect::<Vec<_>>().join("\n")
}

//! `tintype verify`: whether `.tin` files are whole, and how they compare with the pictures that
//! they were made of.
//!
//! Every file is decoded in full, so that all checksums are checked. A packed JPEG file is compared
//! byte for byte with its original, other pictures sample for sample.

use crate::args::VerifyArgs;
use crate::commands::decode::decode_place;
use crate::commands::over_jobs;
use crate::commands::{Report, complaint_of, read_models};
use crate::files::{Input, Job, Place, find_inputs, read_input};
use crate::seal::{self, Keys};
use crate::style::{note, size_text};
use crate::{Failure, Outcome};
use serde::Serialize;
use std::path::{Path, PathBuf};
use tintype::{DecodeOptions, Limits, Models, Threads, files};
use tintype_image::io::PictureFormat;
use tintype_metrics::{Wanted, compare_with};

/// What `--json` prints of a file.
#[derive(Serialize)]
struct Verified {
    input: String,
    original: Option<String>,
    bytes: u64,
    codec: String,
    /// Whether the original comes back exactly; none without an original.
    exact: Option<bool>,
    psnr: Option<f64>,
    /// The public key whose signature stands beside the file and fits.
    signed_by: Option<String>,
}

/// Archives and originals: `ARCHIVE ORIGINALS` is understood where the second holds no .tin file.
fn archives_and_originals(args: &VerifyArgs) -> (&[PathBuf], Option<&PathBuf>) {
    match (&args.inputs[..], &args.originals) {
        ([_, second], None) if second.exists() && !holds_archives(second) => {
            (&args.inputs[..1], Some(second))
        }
        (inputs, originals) => (inputs, originals.as_ref()),
    }
}

fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tin"))
}

/// Whether `path` is a .tin file, or a folder with one, at any depth that a batch looks at.
fn holds_archives(path: &Path) -> bool {
    match path.is_dir() {
        true => find_inputs(&[path.into()], &is_archive).is_ok_and(|found| !found.inputs.is_empty()),
        false => is_archive(path),
    }
}

/// Runs the command.
pub fn run(args: &VerifyArgs) -> Outcome {
    let (archives, originals) = archives_and_originals(args);
    let found = find_inputs(archives, &is_archive)?;
    let (inputs, readable) = found.inputs_or_complain();
    if originals.is_some_and(|path| !path.exists()) {
        return Err(Failure::Usage("--originals: there is no such file or folder".into()));
    }
    let (models, _) = read_models(&args.models.model, false)?;
    let jobs: Vec<Job> = inputs
        .iter()
        .map(|input| Job { input: input.place.clone(), output: Place::Standard, otherwise: None })
        .collect();
    let places: Vec<&Place> = jobs.iter().map(|job| &job.input).collect();
    let keys = seal::keys(&args.keys, &places)?;
    let limits = args.common.limits.limits();
    let signers = seal::signers(&args.signer)?;
    let original_of = |job: &Job| -> Result<Option<PathBuf>, String> {
        let Some(originals) = originals else { return Ok(None) };
        let input = inputs.iter().find(|input| input.place == job.input);
        let found = input.and_then(|input| original(input, originals));
        found.map(Some).ok_or_else(|| format!("no original of it below {}", originals.display()))
    };
    let work = |job: &Job, threads: Threads| {
        let verified = original_of(job).and_then(|original| {
            let signed_by = match &job.input {
                Place::File(path) => seal::signed_by(path, &signers)?,
                Place::Standard => None,
            };
            let (verified, complaint) = verify(job, original, (&models, &keys, limits), threads)?;
            Ok((Verified { signed_by, ..verified }, complaint))
        });
        verified
            .map(|(verified, complaint)| Report {
                text: text_of(&verified, args.common.json),
                complaint,
            })
            .map_err(|error| format!("{}: {error}", job.input.name()))
    };
    let done = over_jobs(&jobs, &args.common, work);
    if jobs.len() > 1 && !args.common.json {
        note(&format!("{} files checked", jobs.len()));
    }
    Ok(done && readable)
}

/// The picture that `input` was made of: `originals` itself, or below it the file of the same name,
/// `IMG.jpg` for `IMG.jpg.tin` as well as for `IMG.tin`.
fn original(input: &Input, originals: &Path) -> Option<PathBuf> {
    if originals.is_file() {
        return Some(originals.into());
    }
    let stem = originals.join(input.relative.with_extension(""));
    if stem.is_file() {
        return Some(stem);
    }
    let entries = std::fs::read_dir(stem.parent()?).ok()?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort_unstable();
    paths.into_iter().find(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        path.with_extension("") == stem && PictureFormat::from_extension(extension).is_some()
    })
}

fn verify(
    job: &Job,
    original: Option<PathBuf>,
    (models, keys, limits): (&Models, &Keys, Limits),
    threads: Threads,
) -> Result<(Verified, Option<String>), String> {
    let options = DecodeOptions::new().threads(threads.count()).models(models.clone());
    let options = seal::with_keys(options, keys).limits(limits);
    if let Place::File(path) = &job.input {
        seal::check_parts(path, keys)?;
    }
    #[cfg(feature = "video")]
    if super::clip::is_clip(&job.input, &options) {
        if original.is_some() {
            return Err("is a clip; clips are checked without originals".into());
        }
        let (bytes, complaint) = super::clip::check(job, options)?;
        let codec = tintype::codec::VIDEO.name().into();
        let (input, exact, psnr) = (job.input.name(), None, None);
        return Ok((
            Verified { input, original: None, bytes, codec, exact, psnr, signed_by: None },
            complaint,
        ));
    }
    let (decoded, bytes) = decode_place(&job.input, options.clone())?;
    if let Some(at) = decoded.cut_off_at {
        return Err(format!("the file was cut off at byte {at}; fetch it again"));
    }
    let mut verified = Verified {
        input: job.input.name(),
        original: original.as_ref().map(|path| path.display().to_string()),
        bytes,
        codec: decoded.codec.name().into(),
        exact: None,
        psnr: None,
        signed_by: None,
    };
    let mut complaint = complaint_of(job, &decoded.warnings);
    let Some(path) = original else { return Ok((verified, complaint)) };

    let file = read_input(&Place::File(path.clone()))?;
    if let Some(jpeg) = &decoded.jpeg_file {
        verified.exact = Some(*jpeg == file);
        // A damaged JPEG that comes back as it was is no damage of ours.
        complaint = (*jpeg != file)
            .then(|| format!("{}: the JPEG in it differs from {}", job.input.name(), path.display()));
        return Ok((verified, complaint));
    }
    let before = files::read_picture(&file, &options).map_err(|e| format!("{}: {e}", path.display()))?;
    let (before, after) = (before.picture.full_range(), decoded.picture.full_range());
    let report = compare_with(&before, &after, Wanted::POINTWISE)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    verified.exact = Some(!report.psnr.is_finite());
    verified.psnr = Some(report.psnr).filter(|psnr| psnr.is_finite());
    Ok((verified, complaint))
}

fn text_of(verified: &Verified, json: bool) -> String {
    if json {
        return serde_json::to_string(verified).unwrap_or_default();
    }
    let against = match (verified.exact, verified.psnr) {
        (None, _) => "whole".into(),
        (Some(true), _) => "whole, and exactly its original".into(),
        (Some(false), Some(psnr)) => format!("whole, PSNR {psnr:.1} dB to its original"),
        (Some(false), None) => "whole, but not its original".into(),
    };
    let signed = verified.signed_by.as_ref().map(|key| format!(", signed by {key}")).unwrap_or_default();
    let size = size_text(verified.bytes);
    format!("{}  {size} ({})  {against}{signed}", verified.input, verified.codec)
}

//! `encode --replace`: an original goes when its `.tin` file is known to hold it.
//!
//! In this order: the `.tin` file is complete under its name, has the time and permissions of the
//! original, and is on the disk; it is read back, decoded and compared; the original is still what was
//! read; then it is deleted. Whenever the program ends, each picture is there in at least one whole
//! form, and the same command goes on with the rest.

use crate::commands::decode::decode_place;
use crate::files::{Input, Job, Place, find_inputs, folder_of};
use crate::seal::{Sealing, with_keys};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use tintype::files::PictureFormat;
use tintype::{CodecId, DecodeOptions, Models, Picture, Threads};

/// What the `.tin` file must give back.
#[derive(Clone, Copy)]
pub enum Expected<'a> {
    /// This JPEG file, byte for byte.
    File(&'a [u8]),
    /// This picture with its metadata, sample for sample.
    Picture(&'a Picture),
    /// A picture of this size; the loss was agreed to (`--yes`).
    Lossy(usize, usize),
}

/// What is needed to read a result back.
pub struct Replace {
    /// Loss is agreed to.
    pub yes: bool,
    pub models: Models,
    pub sealing: Sealing,
}

impl Replace {
    /// Refuses a result that loses something which nobody agreed to.
    pub fn check_loss(&self, loses: bool) -> Result<(), String> {
        agreed_loss(loses, self.yes)
    }

    /// Whether the file at `place` gives back what is expected; if not, why.
    pub fn check(
        &self,
        place: &Place,
        expected: Expected<'_>,
        threads: Threads,
    ) -> Result<CodecId, String> {
        let options = DecodeOptions::new().threads(threads.count()).models(self.models.clone());
        let (decoded, _) = decode_place(place, with_keys(options, &self.sealing.own_keys()))?;
        let damaged = decoded.cut_off_at.is_some();
        let same = match expected {
            Expected::File(file) => decoded.jpeg_file.as_deref() == Some(file),
            Expected::Picture(picture) => decoded.picture == *picture && decoded.warnings.is_empty(),
            Expected::Lossy(width, height) => {
                let shape = &decoded.picture.planes.shape;
                (shape.width_px, shape.height_px) == (width, height) && decoded.warnings.is_empty()
            }
        };
        if same && !damaged {
            Ok(decoded.codec)
        } else {
            Err("it does not give the original back".into())
        }
    }

    /// The whole file where the output of `job` goes, if it gives back every bit of what is expected
    /// already: the batch was ended before it deleted the original.
    pub fn done_before(
        &self,
        job: &Job,
        expected: Expected<'_>,
        threads: Threads,
    ) -> Option<(Vec<u8>, CodecId)> {
        let Place::File(path) = &job.output else { return None };
        if matches!(expected, Expected::Lossy(..)) || !path.is_file() {
            return None;
        }
        let codec = self.check(&job.output, expected, threads).ok()?;
        Some((std::fs::read(path).ok()?, codec))
    }

    /// Deletes the original of `job`, whose bytes were `read`, if its result at `place` holds
    /// `expected`.
    ///
    /// # Errors
    /// Why the original stays.
    pub fn delete_original(
        &self,
        job: &Job,
        place: &Place,
        read: &[u8],
        (expected, threads): (Expected<'_>, Threads),
    ) -> Result<(), String> {
        let check = |_: &Path| self.check(place, expected, threads).map(|_| ());
        delete_checked(job, place, &check, &|original| Ok(std::fs::read(original)? == read))
    }
}

/// Refuses a loss that nobody agreed to.
pub fn agreed_loss(loses: bool, yes: bool) -> Result<(), String> {
    match loses && !yes {
        true => Err(
            "the result would lose something and the original would be gone; give --lossless, or --yes to agree to \
             the loss"
                .into(),
        ),
        false => Ok(()),
    }
}

/// Deletes the original of `job` once its result at `place` is on the disk and `check` finds that it holds the
/// original, which is still as it was read if it is `unchanged`.
///
/// # Errors
/// Why the original stays.
pub fn delete_checked(
    job: &Job,
    place: &Place,
    check: &dyn Fn(&Path) -> Result<(), String>,
    unchanged: &dyn Fn(&Path) -> std::io::Result<bool>,
) -> Result<(), String> {
    let (Place::File(original), Place::File(result)) = (&job.input, place) else {
        return Err("only a file that goes to a file can be replaced".into());
    };
    let kind = std::fs::symlink_metadata(original).map_err(|error| error.to_string())?;
    if !kind.is_file() {
        return Err("it is no plain file".into());
    }
    let stays = |error: std::io::Error| format!("{}: {error}", result.display());
    sync(result).map_err(stays)?;
    check(result).map_err(|why| format!("{}: {why}", result.display()))?;
    if !unchanged(original).map_err(|error| error.to_string())? {
        return Err("it was changed while it was encoded".into());
    }
    std::fs::remove_file(original).map_err(|error| error.to_string())?;
    // That the original is gone need not be on the disk for safety.
    Ok(())
}

/// Waits until the file at `path` and its name are on the disk.
fn sync(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path)?.sync_all()?;
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Whether the folders in `typed` hold `.tin` files and no picture is left: an earlier run replaced all.
pub fn is_done(typed: &[PathBuf]) -> bool {
    let takes = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        extension.eq_ignore_ascii_case("tin") || PictureFormat::from_extension(extension).is_some()
    };
    let is_tin =
        |input: &Input| input.relative.extension().is_some_and(|e| e.eq_ignore_ascii_case("tin"));
    typed.iter().all(|path| path.is_dir())
        && find_inputs(typed, &takes).is_ok_and(|found| found.inputs.iter().all(is_tin))
}

/// Lets the outputs of `jobs` keep the extension of their input, as they did when the batch began: another
/// picture of the same stem has such a file already.
pub fn keep_longer_names(jobs: &mut [Job]) {
    // Of each folder, the stems of files that have a further extension; it is listed once.
    let mut folders: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    for job in jobs {
        let Place::File(output) = &job.output else { continue };
        let folder = folder_of(output).to_path_buf();
        let longer = folders.entry(folder).or_insert_with_key(|folder| {
            let names =
                std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
            let stem = |name: OsString| {
                let (stem, extension) = name.to_str()?.strip_suffix(".tin")?.rsplit_once('.')?;
                (!extension.is_empty()).then(|| stem.to_string())
            };
            names.filter_map(stem).collect()
        });
        let stem = output.file_stem().map(|stem| stem.to_string_lossy());
        let longer_is_there = stem.is_some_and(|stem| longer.contains(stem.as_ref()));
        keep_extension(job, longer_is_there);
    }
}

fn keep_extension(job: &mut Job, longer_is_there: bool) {
    let (Place::File(input), Place::File(output)) = (&job.input, &job.output) else { return };
    if let (true, Some(extension)) = (longer_is_there, input.extension()) {
        let mut name = output.with_extension("").into_os_string();
        name.push(".");
        name.push(extension);
        name.push(".tin");
        job.output = Place::File(name.into());
        job.otherwise = None;
    }
}

//! Writing results: a file appears complete or not at all, and another file is never replaced unasked.

use crate::files::{Job, Place};
use crate::interrupt::Unfinished;
use crate::leftovers::{PREFIX, SUFFIX, claim};
use crate::made::{is_made_from, mark_made_from};
use crate::{Failure, Outcome, progress};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use tintype_image::ImageError;

/// What happens to another file that stands where a result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced (`--force`).
    Replace,
    /// The user is asked on a terminal; elsewhere the file stays and the result is refused.
    Ask,
}

impl Existing {
    /// As `--force` says.
    pub fn from_force(force: bool) -> Self {
        if force { Self::Replace } else { Self::Ask }
    }
}

/// Writes `bytes` to `place`, and replaces a file there.
///
/// # Errors
/// A message with the output's name.
pub fn write_output(place: &Place, bytes: &[u8]) -> Result<(), String> {
    let job = Job { input: Place::Standard, output: place.clone(), otherwise: None };
    write_result(&job, Existing::Replace, |out| Ok(out.write_all(bytes)?)).map(|_| ())
}

/// Writes the result of `job`, as `write` makes it: a file beside the output first, which then takes its
/// name. What is no regular file (a pipe, a device) is written to directly. Gives the place that the result
/// went to, which is [`Job::otherwise`] where another file stands at the output.
///
/// A file that already holds the very bytes of the result is left as it is; that is no failure.
///
/// # Errors
/// A message with the output's name, or what `write` says.
pub fn write_result(
    job: &Job,
    existing: Existing,
    write: impl FnOnce(&mut dyn Write) -> Result<(), ImageError>,
) -> Result<Place, String> {
    let Place::File(path) = &job.output else {
        let written = write_all_of(std::io::stdout().lock(), write);
        return match written {
            Ok(_) => Ok(Place::Standard),
            Err(error) => Err(message(error, "standard output", None)),
        };
    };
    let failed = |error: ImageError| message(error, &path.display().to_string(), Some(path));

    // A link stays a link: the file it leads to is replaced.
    let target = path.canonicalize().unwrap_or_else(|_| path.clone());
    if std::fs::metadata(&target).is_ok_and(|old| !old.is_file()) {
        let device = std::fs::OpenOptions::new().write(true).open(&target);
        let device = device.map_err(|error| failed(error.into()))?;
        return write_all_of(device, write).map(|_| job.output.clone()).map_err(failed);
    }

    let file = new_file_beside(&target).map_err(|error| failed(error.into()))?;
    let _listed = Unfinished::new(file.path());
    let file = write_all_of(file, write).map_err(failed)?;
    let Some(file) = put(file, (&job.input, &target), existing, job.otherwise.is_none())
        .map_err(|error| failed(error.into()))?
    else {
        return Ok(job.output.clone());
    };

    if let Some(longer) = &job.otherwise
        && put(file, (&job.input, longer), existing, true)
            .map_err(|error| failed(error.into()))?
            .is_none()
    {
        return Ok(Place::File(longer.clone()));
    }
    Err(format!(
        "{} exists already and was not replaced; use --force to replace it, or name another file with -o",
        path.display()
    ))
}

/// Moves `file`, the result of `input`, to `path`; gives it back if another file stands there and must
/// stay.
fn put(
    file: NamedTempFile,
    (input, path): (&Place, &Path),
    existing: Existing,
    may_ask: bool,
) -> std::io::Result<Option<NamedTempFile>> {
    let Ok(old) = std::fs::metadata(path) else {
        // Another program may have made the file in the meantime.
        return match existing {
            Existing::Replace => file.persist(path).map(|_| None).map_err(|error| error.error),
            Existing::Ask => match file.persist_noclobber(path) {
                Ok(_) => Ok(None),
                Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                    Ok(Some(error.file))
                }
                Err(error) => Err(error.error),
            },
        };
    };

    if existing == Existing::Ask {
        let same_len = old.len() == file.as_file().metadata()?.len();
        if same_len && std::fs::read(path)? == std::fs::read(file.path())? {
            return Ok(None);
        }
        let replaceable = is_made_from(path, input) || (may_ask && may_replace(path));
        if !replaceable {
            return Ok(Some(file));
        }
    }
    file.as_file().set_permissions(old.permissions())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(None)
}

/// Asks on the terminal whether `path` may be replaced; no where nobody can be asked.
fn may_replace(path: &Path) -> bool {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return false;
    }
    progress::pause(|| {
        eprint!("{} exists already. Replace it? [y/N] ", path.display());
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    })
}

/// What to say of a failed write. `path` is the output, if it is a file.
fn message(error: ImageError, name: &str, path: Option<&PathBuf>) -> String {
    let ImageError::Io(error) = error else { return error.to_string() };
    let unchanged = path.is_some_and(|path| path.is_file());
    let note = if unchanged { "; the file that was there is unchanged" } else { "" };
    format!("{name}: {error}{note}")
}

/// Writes through a buffer, and gives the target back.
fn write_all_of<W: Write>(
    target: W,
    write: impl FnOnce(&mut dyn Write) -> Result<(), ImageError>,
) -> Result<W, ImageError> {
    let mut buffer = BufWriter::with_capacity(1 << 16, target);
    write(&mut buffer)?;
    buffer.flush()?;
    Ok(buffer.into_inner().map_err(std::io::IntoInnerError::into_error)?)
}

/// A file in the folder of `path`, which is made if it is missing. The file is removed unless it is given a
/// name.
fn new_file_beside(path: &Path) -> std::io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    loop {
        let file = builder.tempfile_in(folder);
        let file = file.map_err(|error| std::io::Error::new(error.kind(), reason(&error)))?;
        if claim(file.as_file(), file.path())? {
            return Ok(file);
        }
    }
}

/// The reason alone: the name of the temporary file would not help.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "no permission to write into the folder".into(),
        _ => error.to_string(),
    }
}

/// What of an input its result gets beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preserve {
    /// Nothing (`--no-preserve`).
    Nothing,
    /// The time. A file that stood there before has permissions of its own.
    Time,
    /// Time and permissions.
    All,
}

impl Preserve {
    /// What the result of `job`, which is not written yet, gets of its input.
    pub fn of(job: &Job, preserve: bool) -> Self {
        match &job.output {
            _ if !preserve => Self::Nothing,
            Place::File(path) if path.exists() => Self::Time,
            _ => Self::All,
        }
    }

    /// Gives it to the result at `to`, and marks what the result was made from. A file system that refuses
    /// changes nothing of the result.
    pub fn apply(self, from: &Place, to: &Place) {
        let (Place::File(from), Place::File(to)) = (from, to) else { return };
        let regular = |path: &Path| std::fs::metadata(path).ok().filter(|data| data.is_file());
        let (Some(before), Some(_)) = (regular(from), regular(to)) else { return };
        if self != Self::Nothing {
            self.copy(&before, to);
        }
        mark_made_from(to, from);
    }

    /// Gives the file at `to` the time, and perhaps the permissions, of `before`.
    fn copy(self, before: &std::fs::Metadata, to: &Path) {
        let Ok(file) = std::fs::OpenOptions::new().write(true).open(to) else { return };
        if let Ok(modified) = before.modified() {
            let _ = file.set_times(std::fs::FileTimes::new().set_modified(modified));
        }
        #[cfg(unix)]
        if self == Self::All {
            use std::os::unix::fs::PermissionsExt;
            // The owner may always write: a result is no part of a read-only collection.
            let mode = before.permissions().mode() & 0o777 | 0o200;
            let _ = file.set_permissions(std::fs::Permissions::from_mode(mode));
        }
    }
}

/// Refuses to send bytes to a terminal.
///
/// # Errors
/// `Usage`.
pub fn check_standard_output(place: &Place, json: bool) -> Result<(), Failure> {
    if *place != Place::Standard {
        return Ok(());
    }
    if json {
        return Err(Failure::Usage(
            "--json cannot share standard output with the result; name a file with -o".into(),
        ));
    }
    if std::io::stdout().is_terminal() {
        return Err(Failure::Usage(
            "a terminal cannot show the bytes of a file; name one with -o".into(),
        ));
    }
    Ok(())
}

/// Prints bytes. A reader that has gone away is no failure.
pub fn print_bytes(bytes: &[u8]) -> Outcome {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Work(format!("standard output: {error}")))
        }
        _ => Ok(true),
    }
}

/// Prints a line on standard output.
pub fn print_line(line: &str) {
    let _ = print_bytes(format!("{line}\n").as_bytes());
}

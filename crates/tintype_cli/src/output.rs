//! Writing results so that an old file is replaced only by a complete new one.

use crate::files::Place;
use crate::{Failure, Outcome};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use tintype_image::ImageError;

/// Writes `bytes` to `place`: a file beside it first, which then takes its name. Whatever fails or interrupts this, an old
/// file stays as it was. What is no regular file (a pipe, a device) is written to directly.
///
/// # Errors
/// A message with the output's name.
pub fn write_output(place: &Place, bytes: &[u8]) -> Result<(), String> {
    write_output_with(place, |out| Ok(out.write_all(bytes)?))
}

/// As [`write_output`], with what `write` writes.
///
/// # Errors
/// As there, or what `write` says.
pub fn write_output_with(
    place: &Place,
    write: impl FnOnce(&mut dyn Write) -> Result<(), ImageError>,
) -> Result<(), String> {
    let written = match place {
        Place::Standard => write_all_of(std::io::stdout().lock(), write).map(|_| ()),
        Place::File(path) => write_file(path, write),
    };
    written.map_err(|error| match error {
        ImageError::Io(error) => {
            format!("{}: {error}; an older file there is as it was", place.name())
        }
        other => other.to_string(),
    })
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

fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    // A link stays a link: the file it leads to is replaced.
    let path = path.canonicalize().unwrap_or_else(|_| path.into());
    let old = std::fs::metadata(&path).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        return write_all_of(std::fs::OpenOptions::new().write(true).open(&path)?, write)
            .map(|_| ());
    }
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tintype-").suffix(".part");
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder
        .tempfile_in(folder)
        .map_err(|error| std::io::Error::new(error.kind(), reason(&error)))?;
    let file = write_all_of(file, write)?;
    if let Some(old) = old {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// The reason alone: the name that a temporary file would have had helps nobody.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such folder; make it first".into(),
        std::io::ErrorKind::PermissionDenied => "no permission to write into the folder".into(),
        _ => error.to_string(),
    }
}

/// Makes the folders that the outputs stand in.
///
/// # Errors
/// `Work` with the folder's name.
pub fn make_folder_for(place: &Place) -> Result<(), String> {
    let Place::File(path) = place else { return Ok(()) };
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
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
            "--json and a result on standard output do not go together; name OUT with -o".into(),
        ));
    }
    if std::io::stdout().is_terminal() {
        return Err(Failure::Usage(
            "bytes of a picture make no sense in a terminal; name OUT with -o".into(),
        ));
    }
    Ok(())
}

/// Prints bytes; a reader that has gone away is no failure of ours.
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

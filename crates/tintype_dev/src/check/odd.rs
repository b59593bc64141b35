//! Whether files with an unusual meaning come back: coded without loss, decoded, written in a format
//! of their kind, and read again.
//!
//! A row for each file: `kept` (samples, scale, colour and metadata are the same), `named` (the rest
//! is the same, and what is not has a warning), `refused` (with a sentence), `LOST` (a difference
//! that nobody was told of).

use crate::Failure;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tintype::{DecodeOptions, Decoder, Encoder, Metadata, Picture, files};
use tintype_image::io::{PictureFormat, left_out_by, read_picture_with_warnings, write_picture};
use tintype_image::{Limits, Planes};

/// What became of a file.
enum Outcome {
    Kept,
    Named(Vec<String>),
    Refused(String),
    Lost(String),
}

/// Prints the table, and how many files had each outcome. Returns how many lost something in
/// silence.
pub fn check(paths: &[PathBuf]) -> usize {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for path in paths {
        let (word, line) = row(path);
        *counts.entry(word).or_default() += 1;
        println!("{line}");
    }
    let list: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    println!("{} files: {}", paths.len(), list.join(", "));
    counts.get("LOST").copied().unwrap_or(0)
}

/// What became of the file at `path`: a word, and the row of the table.
fn row(path: &Path) -> (&'static str, String) {
    let outcome = match std::fs::read(path) {
        Ok(bytes) => outcome_of(&bytes),
        Err(error) => Outcome::Refused(error.to_string()),
    };
    let (word, text) = match outcome {
        Outcome::Kept => ("kept", String::new()),
        Outcome::Named(list) => ("named", list.join("; ")),
        Outcome::Refused(why) => ("refused", why),
        Outcome::Lost(what) => ("LOST", what),
    };
    (word, format!("{:<40} {word:<8} {text}", name_of(path)).trim_end().to_string())
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn outcome_of(bytes: &[u8]) -> Outcome {
    let told = if files::is_jpeg(bytes) { packed(bytes) } else { coded(bytes) };
    told.unwrap_or_else(|error| Outcome::Refused(error.to_string()))
}

/// A JPEG file comes back byte for byte.
fn packed(bytes: &[u8]) -> Result<Outcome, Failure> {
    let tin = Encoder::new().effort(1).pack_jpeg(bytes)?;
    let back = Decoder::from_stream(&tin.bytes[..])?.unpack_jpeg()?;
    Ok(match back.as_deref() == Some(bytes) {
        true => Outcome::Kept,
        false => Outcome::Lost("bytes of the JPEG file".into()),
    })
}

fn coded(bytes: &[u8]) -> Result<Outcome, Failure> {
    let read = files::read_picture(bytes, &DecodeOptions::new())?;
    let mut told: Vec<String> = read.warnings.iter().map(ToString::to_string).collect();
    let picture = read.picture;
    let tin = Encoder::lossless().effort(1).encode(&picture)?;
    told.extend(tin.warnings.iter().map(ToString::to_string));
    let decoded = Decoder::from_stream(&tin.bytes[..])?.decode()?.picture;
    if decoded != picture {
        return Ok(Outcome::Lost(difference(&picture, &decoded)));
    }
    let format = match PictureFormat::detect(bytes) {
        Some(format) if format.is_written() && format != PictureFormat::WebP => format,
        _ => PictureFormat::Png,
    };
    let file = write_picture(format, &decoded)?;
    let (again, warnings) = read_picture_with_warnings(&file, &Limits::default())?;
    let lost = left_out_by(format, &decoded);
    told.extend(lost.iter().chain(&warnings).map(ToString::to_string));
    Ok(match again == picture {
        _ if !told.is_empty() => Outcome::Named(told),
        true => Outcome::Kept,
        false if same_meaning(&picture, &again) => Outcome::Kept,
        false => Outcome::Lost(difference(&picture, &again)),
    })
}

/// Whether two pictures are the same although their planes have other names or items another order.
fn same_meaning(a: &Picture, b: &Picture) -> bool {
    let sorted = |metadata: &Metadata| {
        let mut metadata = metadata.clone();
        metadata.other.sort();
        metadata
    };
    a.planes.planes == b.planes.planes
        && depths(&a.planes) == depths(&b.planes)
        && sorted(&a.metadata) == sorted(&b.metadata)
}

fn depths(planes: &Planes) -> Vec<u8> {
    planes.shape.planes.iter().map(|plane| plane.bit_depth).collect()
}

fn difference(a: &Picture, b: &Picture) -> String {
    let mut parts = Vec::new();
    if a.planes.shape != b.planes.shape {
        parts.push(format!("shape {:?} became {:?}", a.planes.shape, b.planes.shape));
    } else if a.planes != b.planes {
        parts.push("samples".into());
    }
    let (before, after) = (&a.metadata, &b.metadata);
    let kinds = [
        ("ICC profile", &before.icc, &after.icc),
        ("EXIF", &before.exif, &after.exif),
        ("XMP", &before.xmp, &after.xmp),
    ];
    for (name, before, after) in kinds {
        if before != after {
            parts.push(name.into());
        }
    }
    for item in before.other.iter().filter(|item| !after.other.contains(item)) {
        parts.push(format!("{} is missing", item.0));
    }
    for item in after.other.iter().filter(|item| !before.other.contains(item)) {
        parts.push(format!("{} is new", item.0));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::row;
    use std::path::Path;

    /// `TABLE=write cargo test -p tintype_dev` writes the table anew.
    #[test]
    fn the_table_of_odd_files_is_what_becomes_of_them() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/odd"));
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.filter(|path| !path.ends_with("table.txt")).collect();
        files.sort();
        let lines: String = files.iter().map(|path| row(path).1 + "\n").collect();
        if std::env::var("TABLE").is_ok_and(|value| value == "write") {
            std::fs::write(folder.join("table.txt"), &lines).unwrap();
        }
        assert_eq!(lines, std::fs::read_to_string(folder.join("table.txt")).unwrap());
        assert!(!lines.contains("LOST"));
    }
}

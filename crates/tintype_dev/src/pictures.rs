//! Picture files named on the command line.

use crate::Failure;
use std::path::{Path, PathBuf};
use tintype_image::io::read_picture;
use tintype_image::{Limits, Metadata, Picture, Planes, Region, planes_cropped};

/// The files named, and all files inside the folders named, in the order of their names.
pub fn collect(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        collect_one(path, &mut files);
    }
    files
}

fn collect_one(path: &Path, files: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        files.push(path.to_owned());
        return;
    }
    let mut inside: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        inside.push(entry.path());
    }
    inside.sort();
    for path in inside {
        collect_one(&path, files);
    }
}

/// A picture without its metadata, or its middle `crop` × `crop` pixels.
///
/// # Errors
/// Names the file.
pub fn read(file: &Path, crop: Option<usize>) -> Result<Picture, Failure> {
    let named = |error: Failure| -> Failure { format!("{}: {error}", file.display()).into() };
    let bytes = std::fs::read(file).map_err(|error| named(error.into()))?;
    let picture = read_picture(&bytes, &Limits::default()).map_err(|error| named(error.into()))?;
    let planes = match crop {
        Some(side) => middle(&picture.planes, side).map_err(named)?,
        None => picture.planes,
    };
    Ok(Picture { planes, metadata: Metadata::default() })
}

/// The middle `side` × `side` pixels, or as many as there are.
///
/// # Errors
/// Where subsampled planes cannot be cropped there.
pub fn middle(source: &Planes, side: usize) -> Result<Planes, Failure> {
    let (width, height) = (source.shape.width_px.min(side), source.shape.height_px.min(side));
    let x = (source.shape.width_px - width) / 2;
    let y = (source.shape.height_px - height) / 2;
    Ok(planes_cropped(source, Region { x, y, width, height })?)
}

/// Pixels of a picture.
pub fn pixels(planes: &Planes) -> f64 {
    (planes.shape.width_px * planes.shape.height_px) as f64
}

/// The file's name without its folders.
pub fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

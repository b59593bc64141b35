//! The pictures of a sweep: found, read, and written out again in the forms that programs take.

use crate::LabError;
use crate::record::Image;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use tintype_image::io::{PictureFormat, read_picture, write_picture};
use tintype_image::{ColourModel, Limits, Metadata, Picture};

/// One picture, in memory and as files for the programs; metadata is left out, so that it
/// counts for no codec.
pub struct Source {
    /// What the JSON says of it.
    pub image: Image,
    /// The picture itself.
    pub picture: Picture,
    /// Whether it is gray or RGB without further planes.
    pub plain: bool,
    /// SHA-256 of shape and samples, in hexadecimal.
    pub hash: String,
    /// PGM or PPM if [`Self::plain`].
    pub pnm: Option<PathBuf>,
    /// PNG.
    pub png: PathBuf,
}

impl Source {
    /// Uncompressed bits per pixel.
    pub fn raw_bpp(&self) -> f64 {
        8.0 * self.image.raw_bytes as f64 / self.pixels() as f64
    }

    /// Width times height.
    pub fn pixels(&self) -> u64 {
        self.image.width as u64 * self.image.height as u64
    }
}

/// Files of pictures among `inputs`: files as given, folders one level deep, sorted by name.
///
/// # Errors
/// `Io` for a folder that cannot be read, `Misuse` if nothing is found.
pub fn picture_files(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, LabError> {
    let mut files = Vec::new();
    for input in inputs {
        if !input.is_dir() {
            files.push(input.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(input).map_err(LabError::io(input))? {
            let path = entry.map_err(LabError::io(input))?.path();
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
            if path.is_file() && PictureFormat::from_extension(extension).is_some() {
                inside.push(path);
            }
        }
        inside.sort_unstable();
        files.extend(inside);
    }
    if files.is_empty() {
        return Err(LabError::misuse("no pictures found; give files, or folders that hold some"));
    }
    Ok(files)
}

/// Reads `file` and writes its other forms into `folder`, named by `index`.
///
/// # Errors
/// `Io`, or `Malformed` for what is no picture.
pub fn read_source(
    file: &Path,
    folder: &Path,
    index: usize,
    limits: &Limits,
) -> Result<Source, LabError> {
    let bytes = std::fs::read(file).map_err(LabError::io(file))?;
    let picture = read_picture(&bytes, limits).map_err(|error| malformed(file, &error))?;
    source_from_picture(picture, file, folder, index)
}

/// Writes the forms of `picture`, named after `file`, into `folder`.
///
/// # Errors
/// `Io`, or `Malformed` for a picture that PNG does not hold.
pub fn source_from_picture(
    mut picture: Picture,
    file: &Path,
    folder: &Path,
    index: usize,
) -> Result<Source, LabError> {
    picture.metadata = Metadata::default();
    let shape = &picture.planes.shape;
    let plain = match shape.colour {
        ColourModel::Gray => shape.planes.len() == 1,
        ColourModel::Rgb => shape.planes.len() == 3,
        ColourModel::YCbCr(_) | ColourModel::Bands => false,
    };
    let write = |format: PictureFormat, extension: &str| {
        let path = folder.join(format!("source-{index}.{extension}"));
        let bytes = write_picture(format, &picture).map_err(|error| malformed(file, &error))?;
        std::fs::write(&path, bytes).map_err(LabError::io(&path))?;
        Ok(path)
    };
    let image = Image {
        name: file.file_name().map_or_else(String::new, |name| name.display().to_string()),
        width: shape.width_px,
        height: shape.height_px,
        planes: shape.planes.len(),
        bit_depth: shape.planes.iter().map(|plane| plane.bit_depth).max().unwrap_or(8),
        raw_bytes: raw_bytes(&picture),
    };
    let pnm = if plain { Some(write(PictureFormat::Pnm, "ppm")?) } else { None };
    let png = write(PictureFormat::Png, "png")?;
    Ok(Source { image, plain, hash: hash_of(&picture), pnm, png, picture })
}

fn malformed(file: &Path, error: &dyn std::fmt::Display) -> LabError {
    LabError::Malformed { what: format!("{}: {error}", file.display()) }
}

/// Bytes of all samples, each in one byte or two.
fn raw_bytes(picture: &Picture) -> u64 {
    let shape = &picture.planes.shape;
    let of_plane = |index: usize| {
        let (width, height) = shape.plane_size(index);
        let bytes = if shape.planes[index].bit_depth > 8 { 2 } else { 1 };
        width as u64 * height as u64 * bytes
    };
    (0..shape.planes.len()).map(of_plane).sum()
}

fn hash_of(picture: &Picture) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{:?}", picture.planes.shape));
    for plane in &picture.planes.planes {
        for row in plane.rows() {
            let bytes: Vec<u8> = row.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            hash.update(&bytes);
        }
    }
    hex(&hash.finalize())
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

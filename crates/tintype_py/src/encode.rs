//! Encoding: samples, picture files and JPEG files to bytes.

use crate::errors::{misuse, raised};
use crate::picture::models_from;
use crate::samples::{Layout, picture_from_buffer};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::borrow::Cow;
use tintype::{Decoder, Encoded, Encoder, Goal, Tune, codec, with_depth};

/// How to encode, as keyword arguments.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Options {
    goal: (String, f64),
    codec: Option<String>,
    effort: u8,
    tune: String,
    models: Vec<Vec<u8>>,
    send_model: bool,
    threads: Option<usize>,
}

impl Options {
    fn encoder(&self) -> PyResult<Encoder> {
        let (name, number) = (self.goal.0.as_str(), self.goal.1);
        let goal = match name {
            "quality" => Goal::Quality(number as f32),
            "exact" => Goal::Lossless,
            "bpp" => Goal::Bpp(number as f32),
            "size" => Goal::SizeBytes(number.max(0.0) as u64),
            "psnr" => Goal::Psnr(number as f32),
            "ssimulacra2" => Goal::Ssimulacra2(number as f32),
            other => return Err(misuse(format!("goal {other:?} is not known"))),
        };
        if !(1..=9).contains(&self.effort) {
            return Err(misuse(format!("effort {} (1 to 9 are possible)", self.effort)));
        }
        let tune = match self.tune.as_str() {
            "visual" => Tune::Visual,
            "psnr" => Tune::Psnr,
            other => return Err(misuse(format!("tune {other:?} (visual and psnr are possible)"))),
        };
        let mut encoder = Encoder::new()
            .goal(goal)
            .effort(self.effort)
            .tune(tune)
            .models(models_from(&self.models, self.send_model)?);
        if let Some(name) = &self.codec {
            let id = codec::named(name).ok_or_else(|| {
                let names: Vec<&str> = codec::built_in().map(|id| id.name()).collect();
                misuse(format!("codec {name:?} (auto, {} are possible)", names.join(", ")))
            })?;
            encoder = encoder.codec(id);
        }
        if let Some(threads) = self.threads {
            encoder = encoder.threads(threads);
        }
        Ok(encoder)
    }
}

/// Metadata of a picture: ICC profile, EXIF, XMP.
#[derive(FromPyObject)]
pub struct Metadata(Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);

/// Bytes of the file, warnings.
type Result<'py> = PyResult<(Bound<'py, PyBytes>, Vec<String>)>;

fn told<'py>(py: Python<'py>, encoded: &Encoded) -> (Bound<'py, PyBytes>, Vec<String>) {
    let warnings = encoded.warnings.iter().map(ToString::to_string).collect();
    (PyBytes::new(py, &encoded.bytes), warnings)
}

fn picture_of(
    py: Python<'_>,
    samples: &Bound<'_, PyAny>,
    layout: (String, bool, u8),
    metadata: Metadata,
) -> PyResult<tintype::Picture> {
    let (colour, alpha, bit_depth) = layout;
    let mut picture = picture_from_buffer(py, samples, Layout { colour: &colour, alpha, bit_depth })?;
    (picture.metadata.icc, picture.metadata.exif, picture.metadata.xmp) =
        (metadata.0, metadata.1, metadata.2);
    Ok(picture)
}

/// Encodes samples.
#[pyfunction]
pub fn encode<'py>(
    py: Python<'py>,
    samples: &Bound<'py, PyAny>,
    layout: (String, bool, u8),
    depth: Option<&Bound<'py, PyAny>>,
    metadata: Metadata,
    options: Options,
) -> Result<'py> {
    let mut picture = picture_of(py, samples, layout, metadata)?;
    if let Some(depth) = depth {
        let gray = Layout { colour: "gray", alpha: false, bit_depth: 0 };
        let depth = picture_from_buffer(py, depth, gray)?;
        picture = with_depth(picture, &depth).map_err(raised)?;
    }
    let encoder = options.encoder()?;
    let encoded = py.detach(|| encoder.encode(&picture)).map_err(raised)?;
    Ok(told(py, &encoded))
}

/// Encodes a picture that was decoded or read, with its metadata.
#[pyfunction]
pub fn encode_picture<'py>(
    py: Python<'py>,
    picture: &Bound<'py, crate::picture::Picture>,
    options: Options,
) -> Result<'py> {
    let (picture, encoder) = (&picture.get().inner, options.encoder()?);
    let encoded = py.detach(|| encoder.encode(picture)).map_err(raised)?;
    Ok(told(py, &encoded))
}

/// Encodes samples into a real JPEG file.
#[pyfunction]
pub fn jpeg_from_samples<'py>(
    py: Python<'py>,
    samples: &Bound<'py, PyAny>,
    layout: (String, bool, u8),
    metadata: Metadata,
    options: Options,
) -> Result<'py> {
    let picture = picture_of(py, samples, layout, metadata)?;
    let encoder = options.encoder()?;
    let encoded = py.detach(|| encoder.encode_jpeg(&picture)).map_err(raised)?;
    Ok(told(py, &encoded))
}

/// Encodes the bytes of a picture file.
#[pyfunction]
pub fn encode_file<'py>(py: Python<'py>, data: Cow<'_, [u8]>, options: Options) -> Result<'py> {
    let encoder = options.encoder()?;
    let encoded = py.detach(|| encoder.encode_file(&data)).map_err(raised)?;
    Ok(told(py, &encoded))
}

/// Packs a JPEG file; it is unpacked and compared before this returns.
#[pyfunction]
#[pyo3(signature = (data, *, effort=5, threads=None))]
pub fn pack_jpeg<'py>(
    py: Python<'py>,
    data: Cow<'_, [u8]>,
    effort: u8,
    threads: Option<usize>,
) -> Result<'py> {
    let mut encoder = Encoder::new().effort(effort);
    if let Some(threads) = threads {
        encoder = encoder.threads(threads);
    }
    let packed = py.detach(|| encoder.pack_jpeg(&data)).map_err(raised)?;
    Ok(told(py, &packed))
}

/// The JPEG file in a `.tin` file, byte for byte; `None` if there is none.
#[pyfunction]
pub fn unpack_jpeg<'py>(py: Python<'py>, data: Cow<'_, [u8]>) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let file = py.detach(|| Decoder::from_stream(&data[..])?.unpack_jpeg()).map_err(raised)?;
    Ok(file.map(|file| PyBytes::new(py, &file)))
}

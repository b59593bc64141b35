//! A decoded picture: what its planes are, and their samples as bytearrays.

use crate::errors::{misuse, raised};
use crate::samples::interleave_into;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList};
use std::borrow::Cow;
use std::io::Cursor;
use tintype::{ColourModel, DecodeOptions, Decoder, Models, Plane, PlaneRole, Region, files};

/// A picture that was decoded or read.
#[pyclass(frozen, module = "tintype")]
pub struct Picture {
    pub inner: tintype::Picture,
    full_size: (usize, usize),
    codec: Option<&'static str>,
    warnings: Vec<String>,
    cut_off_at: Option<u64>,
}

/// How the samples of a picture are laid out: bytes, channels, bytes a sample.
type Samples<'py> = (Bound<'py, PyByteArray>, usize, usize);

#[pymethods]
impl Picture {
    #[getter]
    fn width(&self) -> usize {
        self.inner.width()
    }

    #[getter]
    fn height(&self) -> usize {
        self.inner.height()
    }

    /// Width and height of the whole picture, of which this may be a part.
    #[getter]
    fn full_size(&self) -> (usize, usize) {
        self.full_size
    }

    #[getter]
    fn codec(&self) -> Option<&'static str> {
        self.codec
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// If the file was cut off: how many bytes of it were there.
    #[getter]
    fn cut_off_at(&self) -> Option<u64> {
        self.cut_off_at
    }

    #[getter]
    fn bit_depth(&self) -> u8 {
        self.inner.planes.shape.planes.iter().map(|plane| plane.bit_depth).max().unwrap_or(8)
    }

    #[getter]
    fn colour(&self) -> &'static str {
        colour_name(self.inner.planes.shape.colour)
    }

    /// One dictionary for each plane: role, name, bit_depth, width, height.
    #[getter]
    fn planes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let shape = &self.inner.planes.shape;
        let list = PyList::empty(py);
        for (index, plane) in shape.planes.iter().enumerate() {
            let (width, height) = shape.plane_size(index);
            let dict = PyDict::new(py);
            dict.set_item("role", role_name(plane.role))?;
            dict.set_item("name", &plane.name)?;
            dict.set_item("bit_depth", plane.bit_depth)?;
            dict.set_item("width", width)?;
            dict.set_item("height", height)?;
            list.append(dict)?;
        }
        Ok(list)
    }

    #[getter]
    fn icc<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.inner.metadata.icc.as_deref().map(|bytes| PyBytes::new(py, bytes))
    }

    #[getter]
    fn exif<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.inner.metadata.exif.as_deref().map(|bytes| PyBytes::new(py, bytes))
    }

    #[getter]
    fn xmp<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.inner.metadata.xmp.as_deref().map(|bytes| PyBytes::new(py, bytes))
    }

    /// All planes but depth, pixel by pixel: gray, RGB or bands, then opacity. Samples as stored, or of
    /// `bits` (8 or 16) at full range.
    #[pyo3(signature = (bits=None))]
    fn samples<'py>(&self, py: Python<'py>, bits: Option<u8>) -> PyResult<Samples<'py>> {
        let shape = &self.inner.planes.shape;
        let kept: Vec<usize> =
            (0..shape.planes.len()).filter(|i| shape.planes[*i].role != PlaneRole::Depth).collect();
        let depth_max = kept.iter().map(|i| shape.planes[*i].bit_depth).max().unwrap_or(8);
        let as_stored = !matches!(shape.colour, ColourModel::YCbCr(_))
            && !self.inner.metadata.is_limited_range()
            && kept.iter().all(|i| {
                let plane = &shape.planes[*i];
                (plane.subsample_x_log2, plane.subsample_y_log2, plane.bit_depth) == (0, 0, depth_max)
            });
        match bits {
            None | Some(8 | 16) => {}
            Some(bits) => return Err(misuse(format!("{bits} bits a sample (8 and 16 are possible)"))),
        }
        if as_stored && bits.is_none_or(|bits| bits == depth_max) {
            let planes: Vec<&Plane<u16>> = kept.iter().map(|i| &self.inner.planes.planes[*i]).collect();
            let item_bytes = 1 + usize::from(depth_max > 8);
            return bytes_of(py, &planes, item_bytes);
        }
        let bits = bits.unwrap_or(if depth_max > 8 { 16 } else { 8 });
        let planes = py.detach(|| self.at_full_range(bits)).map_err(raised)?;
        bytes_of(py, &planes.iter().collect::<Vec<_>>(), 1 + usize::from(bits > 8))
    }

    /// The samples of one plane as stored, at its own size: bytes, width, height, bytes a sample.
    fn plane<'py>(
        &self,
        py: Python<'py>,
        index: usize,
    ) -> PyResult<(Bound<'py, PyByteArray>, usize, usize, usize)> {
        let (planes, infos) = (&self.inner.planes.planes, &self.inner.planes.shape.planes);
        let (Some(plane), Some(info)) = (planes.get(index), infos.get(index)) else {
            return Err(misuse(format!("plane {index} of a picture of {} planes", planes.len())));
        };
        let item_bytes = 1 + usize::from(info.bit_depth > 8);
        let (bytes, ..) = bytes_of(py, &[plane], item_bytes)?;
        Ok((bytes, plane.width(), plane.height(), item_bytes))
    }

    fn __repr__(&self) -> String {
        let shape = &self.inner.planes.shape;
        format!(
            "<tintype.Picture {} × {}, {}, {} planes of {} bits>",
            shape.width_px,
            shape.height_px,
            shape.colour,
            shape.planes.len(),
            self.bit_depth()
        )
    }
}

impl Picture {
    /// Colour and opacity at `bits` and at full range; bands are scaled as they are.
    fn at_full_range(&self, bits: u8) -> Result<Vec<Plane<u16>>, tintype::Error> {
        let shape = &self.inner.planes.shape;
        let has_alpha = shape.planes.iter().any(|plane| plane.role == PlaneRole::Alpha);
        let (width, height) = (shape.width_px, shape.height_px);
        if shape.colour == ColourModel::Bands {
            return Ok(self.bands_at(bits));
        }
        let gray = shape.colour == ColourModel::Gray;
        let wide = |samples: Vec<u8>| samples.into_iter().map(u16::from).collect::<Vec<u16>>();
        let (samples, channels) = match (gray, has_alpha, bits) {
            (true, false, 8) => (wide(self.inner.to_gray8()?), 1),
            (true, false, _) => (self.inner.to_gray16()?, 1),
            (false, false, 8) => (wide(self.inner.to_rgb8()?), 3),
            (false, false, _) => (self.inner.to_rgb16()?, 3),
            (_, true, 8) => (wide(self.inner.to_rgba8()?), 4),
            (_, true, _) => (self.inner.to_rgba16()?, 4),
        };
        let taken: &[usize] = match (gray, channels) {
            (true, 4) => &[0, 3],
            (_, 4) => &[0, 1, 2, 3],
            (_, 3) => &[0, 1, 2],
            _ => &[0],
        };
        let plane = |channel: &usize| {
            let samples = samples.iter().skip(*channel).step_by(channels).copied().collect();
            Plane::from_vec(width, height, samples)
        };
        Ok(taken.iter().filter_map(plane).collect())
    }

    fn bands_at(&self, bits: u8) -> Vec<Plane<u16>> {
        let shape = &self.inner.planes.shape;
        let max = (1u64 << bits) - 1;
        let bands = self.inner.planes.planes.iter().zip(&shape.planes);
        let bands = bands.filter(|(_, info)| info.role != PlaneRole::Depth);
        let scaled = bands.map(|(plane, info)| {
            let own_max = u64::from(info.sample_max());
            let samples = plane.rows().flatten();
            let samples = samples.map(|s| ((u64::from(*s) * max + own_max / 2) / own_max) as u16);
            Plane::from_vec(plane.width(), plane.height(), samples.collect())
        });
        scaled.flatten().collect()
    }
}

/// The samples of `planes` in a new bytearray.
fn bytes_of<'py>(py: Python<'py>, planes: &[&Plane<u16>], item_bytes: usize) -> PyResult<Samples<'py>> {
    let Some(first) = planes.first() else {
        return Err(misuse("a picture of depth alone; use its planes"));
    };
    if planes.iter().any(|p| (p.width(), p.height()) != (first.width(), first.height())) {
        return Err(misuse("planes of several sizes; use them one by one"));
    }
    let len = first.width() * first.height() * planes.len() * item_bytes;
    let bytes = PyByteArray::new_with(py, len, |out| {
        py.detach(|| interleave_into(planes, item_bytes, out));
        Ok(())
    })?;
    Ok((bytes, planes.len(), item_bytes))
}

pub fn colour_name(colour: ColourModel) -> &'static str {
    match colour {
        ColourModel::Gray => "gray",
        ColourModel::Rgb => "rgb",
        ColourModel::YCbCr(_) => "ycbcr",
        ColourModel::Bands => "bands",
    }
}

pub fn role_name(role: PlaneRole) -> &'static str {
    match role {
        PlaneRole::Colour => "colour",
        PlaneRole::Alpha => "alpha",
        PlaneRole::Depth => "depth",
        PlaneRole::Band => "band",
    }
}

/// Rectangle in Python: x, y, width, height.
type Rectangle = (usize, usize, usize, usize);

/// What is decoded and how, as keyword arguments.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Options {
    scale: u32,
    region: Option<Rectangle>,
    layers: Option<u32>,
    partial: bool,
    models: Vec<Vec<u8>>,
    threads: Option<usize>,
    max_pixels: Option<u64>,
}

impl Options {
    fn options(self) -> PyResult<DecodeOptions> {
        let mut options = DecodeOptions::new()
            .scale(self.scale)
            .partial(self.partial)
            .models(models_from(&self.models, false)?);
        if let Some((x, y, width, height)) = self.region {
            options = options.region(Region { x, y, width, height });
        }
        if let Some(layers) = self.layers {
            options = options.layers(layers);
        }
        if let Some(threads) = self.threads {
            options = options.threads(threads);
        }
        if let Some(pixels_max) = self.max_pixels {
            options = options.limits(tintype::Limits { pixels_max, ..Default::default() });
        }
        Ok(options)
    }
}

/// Models of the user's own.
pub fn models_from(files: &[Vec<u8>], send: bool) -> PyResult<Models> {
    let mut models = Models::default();
    for file in files {
        let added = if send { models.add_to_send(file) } else { models.add(file) };
        added.map_err(raised)?;
    }
    Ok(models)
}

/// Decodes a `.tin` file.
#[pyfunction]
pub fn decode(py: Python<'_>, data: Cow<'_, [u8]>, options: Options) -> PyResult<Picture> {
    let options = options.options()?;
    let decoded = py.detach(|| Decoder::with_options(Cursor::new(&data), options)?.decode());
    let decoded = decoded.map_err(raised)?;
    Ok(Picture {
        full_size: (decoded.full_shape.width_px, decoded.full_shape.height_px),
        codec: Some(decoded.codec.name()),
        cut_off_at: decoded.cut_off_at(),
        warnings: decoded.warnings.iter().map(ToString::to_string).collect(),
        inner: decoded.picture,
    })
}

/// Reads a PNG, JPEG, TIFF, WebP, … file.
#[pyfunction]
pub fn read_picture(py: Python<'_>, data: Cow<'_, [u8]>, options: Options) -> PyResult<Picture> {
    let options = options.options()?;
    let read = py.detach(|| files::read_picture(&data, &options)).map_err(raised)?;
    Ok(Picture {
        full_size: (read.full_shape.width_px, read.full_shape.height_px),
        codec: None,
        cut_off_at: None,
        warnings: read.warnings.iter().map(ToString::to_string).collect(),
        inner: read.picture,
    })
}

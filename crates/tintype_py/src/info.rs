//! What a file holds, without decoding it.

use crate::errors::raised;
use crate::picture::{colour_name, role_name};
use pyo3::prelude::*;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Cursor;
use tintype::{Decoder, codec};

/// A dictionary in Python.
#[derive(IntoPyObject)]
pub struct Info {
    width: usize,
    height: usize,
    colour: &'static str,
    bit_depth: Option<u8>,
    codec: &'static str,
    lossless: Option<bool>,
    model: Option<String>,
    model_sent: bool,
    tiles: usize,
    layers: usize,
    bytes: usize,
    data_bytes: u64,
    bpp: f64,
    cut_off_at: Option<u64>,
    /// Role, name and depth of each plane.
    planes: Vec<(&'static str, String, u8)>,
    /// Bytes of each item.
    metadata: HashMap<String, u64>,
}

/// The names of the codecs of this build.
#[pyfunction]
pub fn codecs() -> Vec<&'static str> {
    codec::built_in().map(|id| id.name()).collect()
}

/// What the head of a `.tin` file says, and what metadata follows.
#[pyfunction]
pub fn info(py: Python<'_>, data: Cow<'_, [u8]>) -> PyResult<Info> {
    py.detach(|| read(&data)).map_err(raised)
}

fn read(data: &[u8]) -> Result<Info, tintype::Error> {
    let decoder = Decoder::new(Cursor::new(data))?;
    let info = decoder.info().clone();
    let contents = decoder.contents()?;
    let shape = &info.shape;
    let planes = shape.planes.iter();
    Ok(Info {
        width: shape.width_px,
        height: shape.height_px,
        colour: colour_name(shape.colour),
        bit_depth: planes.clone().map(|plane| plane.bit_depth).max(),
        codec: info.codec.name(),
        lossless: info.lossless,
        model: info.model.as_ref().map(ToString::to_string),
        model_sent: info.model.as_ref().is_some_and(|model| model.sent),
        tiles: info.tiles,
        layers: info.layers,
        bytes: data.len(),
        data_bytes: info.data_bytes,
        bpp: data.len() as f64 * 8.0 / (shape.width_px as f64 * shape.height_px as f64),
        cut_off_at: contents.cut_off_at,
        planes: planes
            .map(|plane| (role_name(plane.role), plane.name.clone(), plane.bit_depth))
            .collect(),
        metadata: contents.metadata.into_iter().map(|item| (item.name, item.bytes)).collect(),
    })
}

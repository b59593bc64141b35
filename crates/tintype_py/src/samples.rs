//! Samples from Python's buffers to planes, and from planes into bytes that Python owns.
//!
//! In: buffers of `u8` or `u16`, rows with or without gaps, height × width × channels. Out: planes; or bytes of the same layout, in
//! the machine's byte order. Nobody else writes to what is read here: it is copied
//! first.

use crate::errors::misuse;
use pyo3::buffer::{Element, PyBuffer};
use pyo3::prelude::*;
use tintype::{ColourModel, Picture, Plane, PlaneInfo, PlaneRole, Planes, Shape};

/// What the planes of a buffer are.
#[derive(Clone, Copy)]
pub struct Layout<'a> {
    /// `gray`, `rgb` or `bands`.
    pub colour: &'a str,
    /// Whether the last channel is opacity.
    pub alpha: bool,
    /// Bits that samples use; the buffer's own if 0.
    pub bit_depth: u8,
}

/// A picture of `buffer`, which has two or three dimensions.
///
/// # Errors
/// `MisuseError` for a buffer of another type or shape.
pub fn picture_from_buffer(
    py: Python<'_>,
    buffer: &Bound<'_, PyAny>,
    layout: Layout<'_>,
) -> PyResult<Picture> {
    if let Ok(samples) = PyBuffer::<u8>::get(buffer) {
        return from_elements(py, &samples, layout, 8);
    }
    match PyBuffer::<u16>::get(buffer) {
        Ok(samples) => from_elements(py, &samples, layout, 16),
        Err(_) => Err(misuse("samples of another type than uint8 and uint16; convert the array first")),
    }
}

fn from_elements<T: Element + Into<u16>>(
    py: Python<'_>,
    buffer: &PyBuffer<T>,
    layout: Layout<'_>,
    bits: u8,
) -> PyResult<Picture> {
    let (height, width, channels) = match *buffer.shape() {
        [height, width] => (height, width, 1),
        [height, width, channels] => (height, width, channels),
        _ => {
            let what = format!(
                "an array of {} dimensions; height × width, or height × width × channels, is needed",
                buffer.shape().len()
            );
            return Err(misuse(what));
        }
    };
    if height == 0 || width == 0 || channels == 0 {
        return Err(misuse(format!(
            "an array of {height} × {width} × {channels} samples holds no picture"
        )));
    }
    let samples = buffer.to_vec(py)?;
    let shape = shape_of((width, height, channels), layout, bits)?;
    shape
        .check(&tintype::Limits { samples_max: u64::MAX, ..Default::default() })
        .map_err(crate::errors::raised)?;

    let mut planes = Planes::new(shape);
    fill(&mut planes, &samples);
    Ok(Picture::new(planes))
}

/// Parts the `samples` of pixels, one after the other, into planes of one size.
fn fill<T: Copy + Into<u16>>(planes: &mut Planes, samples: &[T]) {
    let (width, channels) = (planes.shape.width_px, planes.planes.len());
    let rows = samples.chunks_exact(width * channels).enumerate();
    if let [red, green, blue] = &mut planes.planes[..] {
        // What most pictures are.
        for (y, row) in rows {
            let places = red.row_mut(y).iter_mut().zip(green.row_mut(y)).zip(blue.row_mut(y));
            for (pixel, ((red, green), blue)) in row.as_chunks::<3>().0.iter().zip(places) {
                [*red, *green, *blue] = pixel.map(Into::into);
            }
        }
        return;
    }
    for (y, row) in rows {
        for (channel, plane) in planes.planes.iter_mut().enumerate() {
            let pixels = row.chunks_exact(channels);
            plane.row_mut(y).iter_mut().zip(pixels).for_each(|(to, pixel)| *to = pixel[channel].into());
        }
    }
}

fn shape_of(
    (width_px, height_px, channels): (usize, usize, usize),
    layout: Layout<'_>,
    bits: u8,
) -> PyResult<Shape> {
    let (colour, colours) = match layout.colour {
        "gray" => (ColourModel::Gray, 1),
        "rgb" => (ColourModel::Rgb, 3),
        "bands" => (ColourModel::Bands, 0),
        other => return Err(misuse(format!("colour {other:?} (gray, rgb and bands are possible)"))),
    };
    let others = channels.checked_sub(colours).ok_or_else(|| {
        misuse(format!("{channels} channels for colour {:?}, which needs {colours}", layout.colour))
    })?;
    let bit_depth = if layout.bit_depth == 0 { bits } else { layout.bit_depth };
    let role = |index: usize| match index {
        _ if index < colours => PlaneRole::Colour,
        _ if layout.alpha && index + 1 == channels => PlaneRole::Alpha,
        _ => PlaneRole::Band,
    };
    if others > 0 && colours > 0 && !(layout.alpha && others == 1) {
        let what = format!("{channels} channels for colour {:?}; use colour=\"bands\"", layout.colour);
        return Err(misuse(what));
    }
    let planes = (0..channels).map(|index| PlaneInfo::new(role(index), bit_depth)).collect();
    Ok(Shape { width_px, height_px, colour, planes })
}

/// Writes the samples of `planes`, all of one size, pixel by pixel into `out`, which has `item_bytes` (1 or 2) for
/// each.
pub fn interleave_into(planes: &[&Plane<u16>], item_bytes: usize, out: &mut [u8]) {
    let channels = planes.len();
    let Some(first) = planes.first() else { return };
    if let ([red, green, blue], 1) = (planes, item_bytes) {
        // What most pictures are; a loop of its own is three times as fast.
        for (y, row) in out.chunks_exact_mut(first.width() * 3).enumerate() {
            let colours = red.row(y).iter().zip(green.row(y)).zip(blue.row(y));
            for (pixel, ((red, green), blue)) in row.as_chunks_mut::<3>().0.iter_mut().zip(colours) {
                *pixel = [*red as u8, *green as u8, *blue as u8];
            }
        }
        return;
    }
    for (y, row) in out.chunks_exact_mut(first.width() * channels * item_bytes).enumerate() {
        for (channel, plane) in planes.iter().enumerate() {
            let pixels = row.chunks_exact_mut(channels * item_bytes).zip(plane.row(y));
            if item_bytes == 1 {
                pixels.for_each(|(pixel, sample)| pixel[channel] = *sample as u8);
            } else {
                pixels.for_each(|(pixel, sample)| {
                    pixel[channel * 2..][..2].copy_from_slice(&sample.to_ne_bytes());
                });
            }
        }
    }
}

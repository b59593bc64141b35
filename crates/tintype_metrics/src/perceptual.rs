//! SSIMULACRA2 through its crate.
//!
//! In: RGB or gray of any depth, taken as sRGB; alpha and further planes are ignored. Out:
//! SSIMULACRA2, where 100 is equal, 90 visually lossless and below 0 very bad.
//! Large pictures are processed in strips.

use crate::MetricError;
use crate::pair::{Pair, rgb};
use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Config};
use std::ops::Range;
use tintype_image::colour::scaled_sample;
use tintype_image::{ColourModel, Planes};

/// Pictures of more pixels than this are processed in strips, which bounds memory. Not tuned.
pub(crate) const WHOLE_PX_MAX: usize = 2 << 20;

/// The three RGB planes of a pair, or `None` without colour.
pub(crate) fn colour_pair(pair: &Pair<'_>) -> Result<Option<[Planes; 2]>, MetricError> {
    if pair.shape().colour == ColourModel::Bands {
        return Ok(None);
    }
    Ok(Some([rgb(&pair.a)?, rgb(&pair.b)?]))
}

pub(crate) fn is_eight_bit(planes: &Planes) -> bool {
    planes.shape.planes[..3].iter().all(|p| p.bit_depth <= 8)
}

/// Interleaved samples of the three colour planes at `bits` bits.
pub(crate) fn interleaved<T>(
    planes: &Planes,
    rows: Range<usize>,
    bits: u8,
    convert: impl Fn([u16; 3]) -> T,
) -> Vec<T> {
    let mut out = Vec::with_capacity(planes.shape.width_px * rows.len());
    let from = [0, 1, 2].map(|i| planes.shape.planes[i].bit_depth);
    for y in rows {
        let rows = [0, 1, 2].map(|i| planes.planes[i].row(y));
        let pixel = |x: usize| [0, 1, 2].map(|i| scaled_sample(rows[i][x], from[i], bits));
        out.extend((0..planes.shape.width_px).map(|x| convert(pixel(x))));
    }
    out
}

/// SSIMULACRA2 of a pair, `None` without colour.
pub(crate) fn ssimulacra2(pair: &Pair<'_>) -> Result<Option<f64>, MetricError> {
    let Some(colour) = colour_pair(pair)? else { return Ok(None) };
    let (width, height) = (pair.shape().width_px, pair.shape().height_px);
    let eight = is_eight_bit(&colour[0]);
    let bytes = colour.map(|planes| -> Vec<u8> {
        match eight {
            true => interleaved(&planes, 0..height, 8, |p| p.map(|s| s as u8)).into_flattened(),
            false => interleaved(&planes, 0..height, 16, |p| p.map(u16::to_ne_bytes))
                .into_flattened()
                .into_flattened(),
        }
    });
    let (descriptor, pixel) =
        if eight { (PixelDescriptor::RGB8_SRGB, 3) } else { (PixelDescriptor::RGB16_SRGB, 6) };
    let failed =
        |e: &dyn std::fmt::Display| MetricError::Unsupported { what: format!("SSIMULACRA2: {e}") };
    let slice = |b| PixelSlice::new(b, width as u32, height as u32, width * pixel, descriptor);
    let a = slice(&bytes[0]).map_err(|e| failed(&e))?;
    let b = slice(&bytes[1]).map_err(|e| failed(&e))?;
    let large = width * height > WHOLE_PX_MAX;
    let config = if large { Ssimulacra2Config::strips(256) } else { Ssimulacra2Config::default() };
    fast_ssim2::compute_ssimulacra2_with_config(&a, &b, &config).map(Some).map_err(|e| failed(&e))
}

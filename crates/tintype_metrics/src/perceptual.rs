//! SSIMULACRA2 and Butteraugli through their crates.
//!
//! In: RGB or gray of any depth, taken as sRGB; alpha and further planes are ignored. Out:
//! SSIMULACRA2, where 100 is equal, 90 visually lossless and below 0 very bad; Butteraugli's
//! largest distance (intensity target 80 nits), where 0 is equal and above 1 visible, for sides
//! of 8 pixels and more. Both metrics process large pictures in strips.

use crate::MetricError;
use crate::pair::{Pair, rgb};
use butteraugli::{ButteraugliParams, ButteraugliResult, Img, RGB, RGB8};
use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Config};
use std::ops::Range;
use tintype_image::colour::scaled_sample;
use tintype_image::{ColourModel, Planes};

/// Pictures of more pixels than this are processed in strips, which bounds memory. Not tuned.
const WHOLE_PX_MAX: usize = 2 << 20;

/// The three RGB planes of a pair, or `None` without colour.
fn colour_pair(pair: &Pair<'_>) -> Result<Option<[Planes; 2]>, MetricError> {
    if pair.shape().colour == ColourModel::Bands {
        return Ok(None);
    }
    Ok(Some([rgb(&pair.a)?, rgb(&pair.b)?]))
}

fn is_eight_bit(planes: &Planes) -> bool {
    planes.shape.planes[..3].iter().all(|p| p.bit_depth <= 8)
}

/// Interleaved samples of the three colour planes at `bits` bits.
fn interleaved<T>(
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

/// Butteraugli's largest distance and its 3-norm; `None` without colour or with a side below 8
/// pixels.
pub(crate) fn butteraugli(pair: &Pair<'_>) -> Result<Option<(f64, f64)>, MetricError> {
    let (width, height) = (pair.shape().width_px, pair.shape().height_px);
    if width.min(height) < 8 {
        return Ok(None);
    }
    let Some(colour) = colour_pair(pair)? else { return Ok(None) };
    if width * height <= WHOLE_PX_MAX {
        let result = butteraugli_of(&colour, 0..height, false)?;
        return Ok(Some((result.score, result.pnorm_3)));
    }
    // Large pictures in strips; rows near a strip's edge are computed twice and counted once.
    let rows = (WHOLE_PX_MAX / width).max(HALO_ROWS);
    let (mut largest, mut powers) = (0.0f64, [0.0f64; 3]);
    for first in (0..height).step_by(rows) {
        let inner = first..(first + rows).min(height);
        let outer = first.saturating_sub(HALO_ROWS)..(inner.end + HALO_ROWS).min(height);
        let map = butteraugli_of(&colour, outer.clone(), true)?.diffmap;
        let map = map.ok_or(MetricError::Unsupported { what: "Butteraugli gave no map".into() })?;
        for distance in map.rows().skip(first - outer.start).take(inner.len()).flatten() {
            let distance = f64::from(*distance);
            largest = largest.max(distance);
            let cubed = distance.powi(3);
            powers = [powers[0] + cubed, powers[1] + cubed.powi(2), powers[2] + cubed.powi(4)];
        }
    }
    let count = (width * height) as f64;
    let norms = [3.0, 6.0, 12.0].iter().zip(powers).map(|(p, sum)| (sum / count).powf(1.0 / p));
    Ok(Some((largest, norms.sum::<f64>() / 3.0)))
}

/// Rows around a strip that its distances may depend on: the widest blur, at half resolution, has
/// a radius of about 40.
const HALO_ROWS: usize = 96;

fn butteraugli_of(
    colour: &[Planes; 2],
    rows: Range<usize>,
    with_map: bool,
) -> Result<ButteraugliResult, MetricError> {
    let (width, height) = (colour[0].shape.width_px, rows.len());
    let params = ButteraugliParams::default().with_compute_diffmap(with_map);
    let result = if is_eight_bit(&colour[0]) {
        let pixel = |[r, g, b]: [u16; 3]| RGB8::new(r as u8, g as u8, b as u8);
        let [a, b] = colour.each_ref().map(|p| interleaved(p, rows.clone(), 8, pixel));
        butteraugli::butteraugli(
            Img::new(&a[..], width, height),
            Img::new(&b[..], width, height),
            &params,
        )
    } else {
        let pixel = |p: [u16; 3]| RGB::from(p.map(|s| srgb_linear(f64::from(s) / 65_535.0)));
        let [a, b] = colour.each_ref().map(|p| interleaved(p, rows.clone(), 16, pixel));
        butteraugli::butteraugli_linear(
            Img::new(&a[..], width, height),
            Img::new(&b[..], width, height),
            &params,
        )
    };
    result.map_err(|e| MetricError::Unsupported { what: format!("Butteraugli: {e}") })
}

/// IEC 61966-2-1, decoding.
fn srgb_linear(value: f64) -> f32 {
    let linear = if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) };
    linear as f32
}

//! Butteraugli through its crate.
//!
//! In: RGB or gray of any depth, taken as sRGB; alpha and further planes are ignored. Out: the
//! largest distance (intensity target 80 nits), where 0 is equal and above 1 visible, for sides
//! of 8 pixels and more. Large pictures are processed in strips.

use crate::MetricError;
use crate::pair::Pair;
use crate::perceptual::{WHOLE_PX_MAX, colour_pair, interleaved, is_eight_bit};
use butteraugli::{ButteraugliParams, ButteraugliResult, Img, RGB, RGB8};
use std::ops::Range;
use tintype_image::Planes;

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

//! Coefficients to integers and back.
//!
//! Forwards is the encoder's choice and need not be exact. Backwards is single-precision
//! arithmetic in a fixed order: magnitude `m`, of which planes below `k` are unknown, stands
//! for `m` plus a part of the unknown interval, less the mean distance that the header gives
//! for magnitudes of its size.

use super::band::{BandGrid, SIGN};
use super::header::Header;
use fearless_simd::dispatch;
use tintype_image::Level;

/// The step of a component, whose samples have `bit_depth` bits, in the units of its samples.
pub(crate) fn component_step(header: &Header, bit_depth: u8) -> f32 {
    header.step_size() * (((1u32 << bit_depth) - 1) as f32 / 255.0)
}

/// How far into the unknown interval a value is placed, where only the leading bit is known.
/// Laplacian magnitudes crowd at the lower end of an interval. Not measured.
pub(crate) const POINT_LEADING: f32 = 0.40;

/// The same, where more bits are known and the interval is narrower. Not measured.
pub(crate) const POINT_REFINED: f32 = 0.47;

/// Turns a band's magnitudes into coefficients.
pub(crate) struct Dequantiser {
    step: f32,
    lowest_plane: u32,
    /// For magnitudes 1, 2 and above, in steps.
    offsets: [f32; 3],
}

impl Dequantiser {
    /// For a band of which planes below `lowest_plane` are unknown.
    pub fn new(header: &Header, step: f32, lowest_plane: u32) -> Self {
        let offsets = match lowest_plane {
            0 => header.offsets.map(|offset| f32::from(offset) / 256.0),
            _ => [0.0; 3],
        };
        Self { step, lowest_plane, offsets }
    }

    #[inline(always)]
    fn value(&self, coefficient: u32) -> f32 {
        let magnitude = coefficient & !SIGN;
        if magnitude == 0 {
            return 0.0;
        }
        let lowest = lowest_plane_of(magnitude, self.lowest_plane);
        let point = if magnitude >> lowest <= 1 { POINT_LEADING } else { POINT_REFINED };
        let span = ((1u32 << lowest) - 1) as f32;
        let offset = self.offsets[(magnitude - 1).min(2) as usize];
        let value = (magnitude as f32 + span * point - offset) * self.step;
        if coefficient & SIGN != 0 { -value } else { value }
    }

    /// One row of a band.
    pub fn row(&self, level: Level, coefficients: &[u32], out: &mut [f32]) {
        if self.lowest_plane == 0 {
            dispatch!(level, _simd => self.complete_row(coefficients, out));
            return;
        }
        for (out, &coefficient) in out.iter_mut().zip(coefficients) {
            *out = self.value(coefficient);
        }
    }

    /// What [`Self::value`] gives where all planes are known, without branches.
    #[inline(always)]
    fn complete_row(&self, coefficients: &[u32], out: &mut [f32]) {
        let [one, two, more] = self.offsets;
        for (out, &coefficient) in out.iter_mut().zip(coefficients) {
            let magnitude = (coefficient & !SIGN) as i32;
            let offset = if magnitude == 1 { one } else { two };
            let offset = if magnitude > 2 { more } else { offset };
            let value = (magnitude as f32 - offset) * self.step;
            let value = if magnitude == 0 { 0.0 } else { value };
            *out = f32::from_bits(value.to_bits() ^ (coefficient & SIGN));
        }
    }
}

/// The lowest known plane of `magnitude` in a band known down to `lowest_plane`: a 1 one plane
/// below comes from a pass that the end of the bytes interrupted.
#[inline(always)]
fn lowest_plane_of(magnitude: u32, lowest_plane: u32) -> u32 {
    lowest_plane - u32::from(magnitude & ((1 << lowest_plane) - 1) != 0)
}

/// One row of a lossless band of which planes below `lowest_plane` are unknown.
pub(crate) fn integer_row(coefficients: &[u32], lowest_plane: u32, out: &mut [i32]) {
    for (out, &coefficient) in out.iter_mut().zip(coefficients) {
        let magnitude = coefficient & !SIGN;
        let half = ((1u32 << lowest_plane_of(magnitude, lowest_plane)) - 1) / 2;
        let value = match magnitude {
            0 => 0,
            _ => magnitude.saturating_add(half).min(i32::MAX as u32) as i32,
        };
        *out = if coefficient & SIGN != 0 { -value } else { value };
    }
}

/// Quantises the band `coefficients`, laid out as the grid is: magnitudes in steps, plus
/// `rounding`, rounded down.
pub(crate) fn quantise(grid: &mut BandGrid, coefficients: &[f32], step: f32, rounding: f32) {
    let inverse = 1.0 / step;
    for (out, &value) in grid.coefficients.iter_mut().zip(coefficients) {
        let magnitude = (value.abs() * inverse + rounding) as u32;
        let sign = if value < 0.0 { SIGN } else { 0 };
        *out = if magnitude == 0 { 0 } else { magnitude | sign };
    }
}

/// Means of `magnitude - |coefficient| / step` for magnitudes 1, 2 and above, as sums and
/// counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Centroids {
    sums: [f64; 3],
    counts: [u64; 3],
}

impl Centroids {
    pub fn add(&mut self, grid: &BandGrid, coefficients: &[f32], step: f32) {
        let inverse = 1.0 / step;
        for (&coefficient, &value) in grid.coefficients.iter().zip(coefficients) {
            let magnitude = coefficient & !SIGN;
            if magnitude != 0 {
                let class = (magnitude - 1).min(2) as usize;
                self.sums[class] += f64::from(magnitude as f32 - value.abs() * inverse);
                self.counts[class] += 1;
            }
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for i in 0..3 {
            self.sums[i] += other.sums[i];
            self.counts[i] += other.counts[i];
        }
    }

    /// The means in 1/256 of a step, as the header has them.
    pub fn offsets(&self) -> [u8; 3] {
        [0, 1, 2].map(|i| {
            let mean = self.sums[i] / self.counts[i].max(1) as f64;
            (mean * 256.0).round().clamp(0.0, 255.0) as u8
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_branches_equal_rows_with_branches() {
        let dequantiser = Dequantiser { step: 0.37, lowest_plane: 0, offsets: [0.11, 0.07, 0.02] };
        let mut coefficients = Vec::new();
        for magnitude in 0..67 {
            let negative = if magnitude == 0 { 0 } else { magnitude | SIGN };
            coefficients.extend([magnitude, negative]);
        }
        let expected: Vec<u32> = coefficients.iter().map(|&c| dequantiser.value(c).to_bits()).collect();
        for level in [Level::new(), Level::baseline()] {
            let mut out = vec![9.0; coefficients.len()];
            dequantiser.row(level, &coefficients, &mut out);
            assert_eq!(out.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), expected);
        }
    }
}

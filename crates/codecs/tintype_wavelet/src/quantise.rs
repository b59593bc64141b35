//! Coefficients to integers and back.
//!
//! Forwards is the encoder's business and may be as clever as it likes. Backwards is single-precision arithmetic in a
//! fixed order: magnitude `m`, of which planes below `k` are unknown, stands for `m` plus a part of the unknown
//! interval, less what the header says values of its size lie below their integer.

use super::grid::{Grid, SIGN};
use super::header::Header;
use fearless_simd::dispatch;
use tintype_image::Level;

/// The step of a component, whose samples have `bit_depth` bits, in the units of its samples.
pub(crate) fn component_step(header: &Header, bit_depth: u8) -> f32 {
    header.step_size() * (((1u32 << bit_depth) - 1) as f32 / 255.0)
}

/// How far into the unknown interval a value lies: Laplacian magnitudes crowd at the lower end.
const INTO_FIRST: f32 = 0.40;
const INTO_LATER: f32 = 0.47;

/// Turns a band's magnitudes into coefficients.
pub(crate) struct Dequantiser {
    step: f32,
    known: u32,
    shrink: [f32; 3],
}

impl Dequantiser {
    /// For a band of which planes below `known` are unknown.
    pub fn new(header: &Header, step: f32, known: u32) -> Self {
        let shrink =
            if known == 0 { header.shrink.map(|s| f32::from(s) / 256.0) } else { [0.0; 3] };
        Self { step, known, shrink }
    }

    #[inline(always)]
    fn value(&self, goal: u32) -> f32 {
        let magnitude = goal & !SIGN;
        if magnitude == 0 {
            return 0.0;
        }
        let known = known_of(magnitude, self.known);
        let into = if magnitude >> known <= 1 { INTO_FIRST } else { INTO_LATER };
        let span = ((1u32 << known) - 1) as f32;
        let shrink = self.shrink[(magnitude - 1).min(2) as usize];
        let value = (magnitude as f32 + span * into - shrink) * self.step;
        if goal & SIGN != 0 { -value } else { value }
    }

    /// One row of a band.
    pub fn row(&self, level: Level, goals: &[u32], out: &mut [f32]) {
        if self.known == 0 {
            dispatch!(level, _simd => self.known_row(goals, out));
            return;
        }
        for (out, &goal) in out.iter_mut().zip(goals) {
            *out = self.value(goal);
        }
    }

    /// What [`Self::value`] gives where all planes are known, without branches.
    #[inline(always)]
    fn known_row(&self, goals: &[u32], out: &mut [f32]) {
        let [one, two, more] = self.shrink;
        for (out, &goal) in out.iter_mut().zip(goals) {
            let magnitude = (goal & !SIGN) as i32;
            let shrink = if magnitude == 1 { one } else { two };
            let shrink = if magnitude > 2 { more } else { shrink };
            let value = (magnitude as f32 - shrink) * self.step;
            let value = if magnitude == 0 { 0.0 } else { value };
            *out = f32::from_bits(value.to_bits() ^ (goal & SIGN));
        }
    }
}

/// The lowest plane known of `magnitude` in a band known down to plane `known`: a 1 one plane below it comes from a
/// pass that was broken off.
#[inline(always)]
fn known_of(magnitude: u32, known: u32) -> u32 {
    known - u32::from(magnitude & ((1 << known) - 1) != 0)
}

/// One row of a lossless band of which planes below `known` are unknown.
pub(crate) fn integer_row(goals: &[u32], known: u32, out: &mut [i32]) {
    for (out, &goal) in out.iter_mut().zip(goals) {
        let magnitude = goal & !SIGN;
        let half = ((1u32 << known_of(magnitude, known)) - 1) / 2;
        let value = if magnitude == 0 {
            0
        } else {
            magnitude.saturating_add(half).min(i32::MAX as u32) as i32
        };
        *out = if goal & SIGN != 0 { -value } else { value };
    }
}

/// Quantises the band `coefficients` (laid out as the grid is) with a dead zone.
pub(crate) fn quantise_plain(grid: &mut Grid, coefficients: &[f32], step: f32, offset: f32) {
    let inverse = 1.0 / step;
    for (goal, &c) in grid.goal.iter_mut().zip(coefficients) {
        let magnitude = (c.abs() * inverse + offset) as u32;
        *goal = if magnitude == 0 { 0 } else { magnitude | if c < 0.0 { SIGN } else { 0 } };
    }
}

/// Mean of `magnitude - |coefficient| / step` for magnitudes 1, 2 and above, as sums and counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Centroids {
    sums: [f64; 3],
    counts: [u64; 3],
}

impl Centroids {
    pub fn add(&mut self, grid: &Grid, coefficients: &[f32], step: f32) {
        let inverse = 1.0 / step;
        for (&goal, &c) in grid.goal.iter().zip(coefficients) {
            let magnitude = goal & !SIGN;
            if magnitude != 0 {
                let class = (magnitude - 1).min(2) as usize;
                self.sums[class] += f64::from(magnitude as f32 - c.abs() * inverse);
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

    pub fn shrink(&self) -> [u8; 3] {
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
    fn rows_without_branches_are_those_with() {
        let dequantiser = Dequantiser { step: 0.37, known: 0, shrink: [0.11, 0.07, 0.02] };
        let goals: Vec<u32> =
            (0..67).flat_map(|m| [m, if m == 0 { 0 } else { m | SIGN }]).collect();
        let expected: Vec<u32> =
            goals.iter().map(|&goal| dequantiser.value(goal).to_bits()).collect();
        for level in [Level::new(), Level::baseline()] {
            let mut out = vec![9.0; goals.len()];
            dequantiser.row(level, &goals, &mut out);
            assert_eq!(out.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), expected);
        }
    }
}

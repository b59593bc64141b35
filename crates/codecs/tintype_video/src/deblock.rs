//! Smoothing of the edges between blocks of a decoded picture. Bit-exact: integers.
//!
//! Edges on a grid of 8 samples of each plane, first all upright ones, then all level ones. An edge is
//! smoothed where blocks or transforms meet and either is intra, has levels, or their motion differs. Where
//! samples are nearly even, 6 of them are replaced by means; else up to 4 move against the step.
//!
//! Source: the loop filter of VP8 and VP9 (RFC 6386, section 15; VP9 bitstream specification, section
//! 8.8).

use crate::frame::{Format, FrameState};
use crate::motion::Cell;
use tintype_image::Plane;

/// The largest strength.
pub const STRENGTH_MAX: u8 = 63;

/// Smooths all planes by `strength`, 0 to 63; 0 leaves them as they are.
pub fn deblock(state: &mut FrameState, format: &Format, strength: u8) {
    if strength == 0 {
        return;
    }
    for plane in 0..format.planes {
        let mut samples = std::mem::replace(&mut state.frame.planes[plane], Plane::new(0, 0));
        let edges = PlaneEdges { state, sub: format.sub(plane), strength, depth: format.depth };
        edges.smooth_upright(&mut samples);
        edges.smooth_level(&mut samples);
        state.frame.planes[plane] = samples;
    }
}

/// What is added to the strength where either block is intra: not measured.
fn strength_at(a: &Cell, b: &Cell, on_transform: bool, strength: u8) -> Option<i32> {
    let strength = i32::from(strength.min(STRENGTH_MAX));
    if a.intra || b.intra {
        return Some(strength + strength / 4);
    }
    let far = |a: i16, b: i16| a.abs_diff(b) >= 4;
    let differs = a.motion.references != b.motion.references
        || (0..2).any(|i| {
            let (a, b) = (a.motion.vectors[i], b.motion.vectors[i]);
            far(a.x, b.x) || far(a.y, b.y)
        });
    ((on_transform && (a.levels || b.levels)) || differs).then_some(strength)
}

/// The strength at the edge before column (or row) `at` between two cells, if blocks or transforms meet there.
fn edge(a: &Cell, b: &Cell, at: usize, strength: u8) -> Option<i32> {
    let side = 1usize << b.side_log2.min(b.transform_log2).max(3);
    if at & (side - 1) != 0 {
        return None;
    }
    strength_at(a, b, true, strength)
}

/// What the edges in a plane depend on.
struct PlaneEdges<'a> {
    state: &'a FrameState,
    /// Shifts of the plane's size against the picture's.
    sub: (usize, usize),
    strength: u8,
    depth: u8,
}

impl PlaneEdges<'_> {
    fn smooth_upright(&self, samples: &mut Plane<u16>) {
        let ((sub_x, sub_y), across) = (self.sub, self.state.across);
        for y in 0..samples.height() {
            let cells = &self.state.cells[((y << sub_y) >> 3) * across..][..across];
            let row = samples.row_mut(y);
            for x in (8..row.len()).step_by(8) {
                let at = x << sub_x;
                let Some(strength) = edge(&cells[(at >> 3) - 1], &cells[at >> 3], at, self.strength)
                else {
                    continue;
                };
                let window: &mut [u16] = &mut row[x - 4..x + 4];
                let mut line: [i32; 8] = std::array::from_fn(|i| window[i].into());
                if smooth(&mut line, strength, self.depth) {
                    window.iter_mut().zip(line).for_each(|(to, from)| *to = from as u16);
                }
            }
        }
    }

    fn smooth_level(&self, samples: &mut Plane<u16>) {
        let (sub_x, sub_y) = self.sub;
        let FrameState { cells, across, .. } = self.state;
        let step = 8usize >> sub_x;
        for y in (8..samples.height()).step_by(8) {
            let row = ((y << sub_y) >> 3) * across;
            for first in (0..samples.width()).step_by(step) {
                let column = (first << sub_x) >> 3;
                let (above, below) = (&cells[row - across + column], &cells[row + column]);
                let Some(strength) = edge(above, below, y << sub_y, self.strength) else { continue };
                for x in first..(first + step).min(samples.width()) {
                    let mut line: [i32; 8] = std::array::from_fn(|i| samples.row(y - 4 + i)[x].into());
                    if smooth(&mut line, strength, self.depth) {
                        for (i, from) in line.into_iter().enumerate() {
                            samples.row_mut(y - 4 + i)[x] = from as u16;
                        }
                    }
                }
            }
        }
    }
}

/// Smooths eight samples across an edge; whether any changed.
#[inline(always)]
fn smooth(line: &mut [i32; 8], strength: i32, depth: u8) -> bool {
    let scale = u32::from(depth) - 8;
    let limit = strength << scale;
    let edge_limit = (2 * (strength + 2) + strength) << scale;
    let [p3, p2, p1, p0, q0, q1, q2, q3] = *line;
    let near = |pairs: [(i32, i32); 6], most| pairs.iter().all(|(a, b)| (a - b).abs() <= most);
    let inner = near([(p3, p2), (p2, p1), (p1, p0), (q1, q0), (q2, q1), (q3, q2)], limit);
    if !inner || (p0 - q0).abs() * 2 + (p1 - q1).abs() / 2 > edge_limit {
        return false;
    }
    if near([(p1, p0), (q1, q0), (p2, p0), (q2, q0), (p3, p0), (q3, q0)], 1 << scale) {
        line[1] = (3 * p3 + 2 * p2 + p1 + p0 + q0 + 4) >> 3;
        line[2] = (2 * p3 + p2 + 2 * p1 + p0 + q0 + q1 + 4) >> 3;
        line[3] = (p3 + p2 + p1 + 2 * p0 + q0 + q1 + q2 + 4) >> 3;
        line[4] = (p2 + p1 + p0 + 2 * q0 + q1 + q2 + q3 + 4) >> 3;
        line[5] = (p1 + p0 + q0 + 2 * q1 + q2 + 2 * q3 + 4) >> 3;
        line[6] = (p0 + q0 + q1 + 2 * q2 + 3 * q3 + 4) >> 3;
        return true;
    }
    let (low, high) = (-(128 << scale), (128 << scale) - 1);
    let max = (1 << depth) - 1;
    let threshold = (strength >> 4) << scale;
    let busy = (p1 - p0).abs() > threshold || (q1 - q0).abs() > threshold;
    let outer = if busy { (p1 - q1).clamp(low, high) } else { 0 };
    let base = (outer + 3 * (q0 - p0)).clamp(low, high);
    let (down, up) = ((base + 4).min(high) >> 3, (base + 3).min(high) >> 3);
    line[4] = (q0 - down).clamp(0, max);
    line[3] = (p0 + up).clamp(0, max);
    if !busy {
        let half = (down + 1) >> 1;
        line[5] = (q1 - half).clamp(0, max);
        line[2] = (p1 + half).clamp(0, max);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_step_is_smoothed_and_a_large_one_kept() {
        let mut small = [100, 100, 100, 100, 103, 103, 103, 103];
        assert!(smooth(&mut small, 20, 8));
        assert!(small.windows(2).all(|pair| (0..=1).contains(&(pair[1] - pair[0]))), "{small:?}");
        let mut large = [100, 100, 100, 100, 190, 190, 190, 190];
        assert!(!smooth(&mut large, 20, 8));
    }
}

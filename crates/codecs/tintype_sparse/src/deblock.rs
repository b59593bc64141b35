//! Smooths the edges of blocks once a plane is decoded. Bit-exact: integers.
//!
//! Where the step across an edge is more than the slopes beside it explain, but small against
//! the quantiser's step, both sides are drawn together by a ramp as long as a quarter of the
//! smaller block.

use tintype_block::PlaneState;
use tintype_image::Plane;

/// Smooths all edges of `state`'s blocks; `strength` 0 leaves the plane as it is.
pub fn smoothed(state: &PlaneState, step: i32, strength: u8) -> Plane<i16> {
    let mut plane = state.samples.clone();
    if strength == 0 {
        return plane;
    }
    let limit = (step * i32::from(strength) / 4).max(1);
    let (width, height) = (plane.width(), plane.height());
    for y in 0..height {
        let cells = state.cells.row(y / 8);
        let row = plane.row_mut(y);
        for x in (8..width).step_by(8) {
            let (left, right) = (cells[x / 8 - 1], cells[x / 8]);
            if x % usize::from(right.side.max(8)) == 0 || x % usize::from(left.side.max(8)) == 0 {
                let reach = usize::from(left.side.min(right.side) / 4).max(2);
                smooth(x, reach, limit, row);
            }
        }
    }
    let mut column = vec![0i16; height];
    for x in 0..width {
        for (y, value) in column.iter_mut().enumerate() {
            *value = plane.row(y)[x];
        }
        for y in (8..height).step_by(8) {
            let (upper, lower) = (state.cells.row(y / 8 - 1)[x / 8], state.cells.row(y / 8)[x / 8]);
            if y % usize::from(lower.side.max(8)) == 0 || y % usize::from(upper.side.max(8)) == 0 {
                let reach = usize::from(upper.side.min(lower.side) / 4).max(2);
                smooth(y, reach, limit, &mut column);
            }
        }
        for (y, value) in column.iter().enumerate() {
            plane.row_mut(y)[x] = *value;
        }
    }
    plane
}

/// Smooths the edge before `line[at]`; at least two samples lie on each side.
fn smooth(at: usize, reach: usize, limit: i32, line: &mut [i16]) {
    let value = |i: usize| i32::from(line[i]);
    let (p1, p0, q0, q1) = (value(at - 2), value(at - 1), value(at), value(at + 1));
    let excess = (q0 - p0) - ((p0 - p1) + (q1 - q0)) / 2;
    if excess.abs() >= limit || (p0 - p1).abs() + (q1 - q0).abs() >= limit {
        return;
    }
    let reach = reach as i32;
    for k in 0..reach {
        let share = excess * (reach - k) / (2 * reach + 1);
        let k = k as usize;
        line[at - 1 - k] = (i32::from(line[at - 1 - k]) + share) as i16;
        line[at + k] = (i32::from(line[at + k]) - share) as i16;
    }
}

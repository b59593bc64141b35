//! The quick walk over a plane: one prediction, one context.
//!
//! In: a plane of samples and a reference plane, if there is one. Out: the plane's residuals.
//! Bit-exact: integers.
//! Source: the median predictor of LOCO-I (M. Weinberger, G. Seroussi, G. Sapiro, 2000), on the
//! difference of planes.

use super::activity::activity_level;
use super::decision_tree::{NODES, code_sample};
use super::padded_plane::PaddedPlane;
use tintype_entropy::{AdaptiveBit, BitWalk};

/// Levels of activity.
const LEVELS: usize = 48;
/// Count at which the windows of adaptive bits stop growing. Not tuned.
const LIMIT: u32 = 255;

/// Codes `plane`, whose samples lie in `0..=max`. `reference` is a plane coded before and its
/// residuals.
pub(super) fn code_plane<W: BitWalk>(
    walk: &mut W,
    max: i32,
    reference: Option<(&PaddedPlane, &PaddedPlane)>,
    plane: &mut PaddedPlane,
) -> PaddedPlane {
    match reference {
        Some((samples, errors)) => code_rows::<W, true>(walk, max, &samples.data, &errors.data, plane),
        None => code_rows::<W, false>(walk, max, &[], &[], plane),
    }
}

fn code_rows<W: BitWalk, const REFERENCE: bool>(
    walk: &mut W,
    max: i32,
    samples: &[i32],
    errors: &[i32],
    plane: &mut PaddedPlane,
) -> PaddedPlane {
    let mut bits = vec![AdaptiveBit::default(); LEVELS * NODES];
    let mut residuals = PaddedPlane::new(plane.width, plane.height);
    let s = plane.stride;
    for y in 0..plane.height {
        plane.begin_row(y);
        residuals.begin_row(y);
        for x in 0..plane.width {
            let i = plane.at(x, y);
            let (d, e) = (&plane.data, &residuals.data);
            let difference = |j: usize| if REFERENCE { d[j] - samples[j] } else { d[j] };
            let (w, n, nw) = (difference(i - 1), difference(i - s), difference(i - s - 1));
            let median = (w + n - nw).clamp(w.min(n), w.max(n));
            let base = (if REFERENCE { median + samples[i] } else { median }).clamp(0, max);

            // Weights by nearness; not tuned.
            let mut energy =
                e[i - 1].abs() * 2 + e[i - s].abs() + e[i - s - 1].abs() + e[i - s + 1].abs();
            if REFERENCE {
                energy = energy / 2 + errors[i].abs() + (errors[i + 1].abs() + errors[i + s].abs()) / 2;
            }
            let level = activity_level(energy as u32, LEVELS as u32 - 1);
            // Distances in steps of about an eighth of the activity. Not tuned.
            let shift = level.saturating_sub(10) / 4;

            let bits = &mut bits[level as usize * NODES..][..NODES];
            let sample = code_sample(shift, base, max, d[i], |decision, bit| {
                bits[decision.node & (NODES - 1)].code(walk, bit, LIMIT)
            });
            plane.data[i] = sample;
            residuals.data[i] = sample - base;
        }
        plane.end_row(y);
        residuals.end_row(y);
    }
    residuals
}

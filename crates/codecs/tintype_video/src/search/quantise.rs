//! Levels of a transform block: what costs least in squared error and bits together.
//!
//! From the last coefficient down each level is the nearest, the one below it, or 0, whichever is
//! cheapest under the contexts as they stand; then the end is put where the sum is least. What a level does to
//! the contexts of later ones is ignored.

use super::costs::Costs;
use crate::transform::{AREA_MAX, waves};

/// What the levels of a block come to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantised {
    /// Place after the last level that is not 0, in the scan.
    pub end: usize,
    /// How much less the squared error is than without levels.
    pub gain: f32,
    /// Bits of the levels, about.
    pub bits: f32,
}

/// What the levels of a block depend on.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Class and side of the block's contexts.
    pub size: usize,
    /// Its side.
    pub side_log2: usize,
    /// Row by row.
    pub coefficients: &'a [f32],
    /// The quantiser's step.
    pub step: f32,
    /// Squared error that a bit may cost.
    pub lambda: f32,
}

/// What a place in the scan costs, with and without the flag that says whether it is 0; kept from block to block, since
/// clearing it takes long.
pub type Places = [[f32; 2]; AREA_MAX];

/// Writes the levels of `block` and says what they come to.
pub fn quantise(costs: &Costs, block: &Block<'_>, places: &mut Places, levels: &mut [i16]) -> Quantised {
    match block.side_log2 {
        2 => quantise_in::<36>(costs, block, places, levels),
        3 => quantise_in::<100>(costs, block, places, levels),
        4 => quantise_in::<324>(costs, block, places, levels),
        _ => quantise_in::<1156>(costs, block, places, levels),
    }
}

/// For blocks of `M` coefficients with a margin of two columns and rows.
fn quantise_in<const M: usize>(
    costs: &Costs,
    block: &Block<'_>,
    places: &mut Places,
    levels: &mut [i16],
) -> Quantised {
    let &Block { size, side_log2, coefficients, step, lambda } = block;
    let side = 1usize << side_log2;
    let scan = &waves(side_log2).scan;
    levels.fill(0);
    // Below this share of a step a level never paid in trials by hand.
    let least = 0.6 * step;
    let Some(last) = scan.iter().rposition(|&at| coefficients[usize::from(at)].abs() > least) else {
        return Quantised::default();
    };

    let stride = side + 2;
    let mut magnitudes = [0u8; M];
    let inverse = 1.0 / step;
    for position in (0..=last).rev() {
        let at = usize::from(scan[position]);
        let (u, v) = (at & (side - 1), at >> side_log2);
        let center = v * stride + u;
        let near = |offset: usize| usize::from(magnitudes[center + offset]);
        let sum = near(1) + near(stride) + near(2) + near(2 * stride) + near(stride + 1);
        let value = coefficients[at].abs();
        let [zero_bits, one_bits] = costs.nonzero(size, u + v, sum);
        let nearest = (value * inverse + 0.5) as i32;
        let mut chosen = (0, lambda * zero_bits, 0.0);
        if value > least {
            for level in (nearest - 1).max(1)..=nearest.max(1) {
                let off = value - level as f32 * step;
                let bare = off * off - value * value
                    + lambda * costs.magnitude(size, u + v, sum, level as usize);
                if bare + lambda * one_bits < chosen.1 {
                    chosen = (level, bare + lambda * one_bits, bare);
                }
            }
        }
        places[position] = [chosen.1, chosen.2];
        if chosen.0 > 0 {
            let level = chosen.0.min(32_767) as i16;
            levels[at] = if coefficients[at] < 0.0 { -level } else { level };
            magnitudes[center] = level.min(9) as u8;
        }
    }

    let (mut before, mut best) = (0.0f32, (0, 0.0f32));
    for position in 0..=last {
        if levels[usize::from(scan[position])] != 0 {
            let cost = before + places[position][1] + lambda * costs.end(size, position + 1);
            if cost < best.1 {
                best = (position + 1, cost);
            }
        }
        before += places[position][0];
    }
    let (end, cost) = best;
    scan[end..=last].iter().for_each(|&at| levels[usize::from(at)] = 0);
    let mut gain = 0.0;
    for &at in &scan[..end] {
        let (value, level) = (coefficients[usize::from(at)], f32::from(levels[usize::from(at)]));
        if level != 0.0 {
            let off = value - level * step;
            gain += value * value - off * off;
        }
    }
    Quantised { end, gain, bits: (cost + gain) / lambda }
}

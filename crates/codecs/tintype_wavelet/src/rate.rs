//! From the quality scale to the quantiser's step.

use tintype_codec::Tune;

/// SSIMULACRA2 (median over photos/valid) that a step of `2^x` reaches, measured with this codec; the last two
/// entries continue the line.
const STEPS: [(f32, f32); 9] = [
    (-21.0, 7.67),
    (38.4, 6.0),
    (72.3, 4.5),
    (84.9, 3.33),
    (91.2, 2.25),
    (94.3, 1.17),
    (96.5, 0.0),
    (98.0, -1.0),
    (100.0, -2.5),
];

/// The step, for 8-bit samples, that gives a typical photo about `quality`; below 0 it goes on, for rate control. Both
/// tunings use the same steps.
pub(crate) fn step_for_quality(quality: f32, _tune: Tune) -> f32 {
    let quality = quality.clamp(-100.0, 100.0);
    let upper =
        STEPS.iter().position(|&(score, _)| score >= quality).unwrap_or(STEPS.len() - 1).max(1);
    let ((a, x), (b, y)) = (STEPS[upper - 1], STEPS[upper]);
    (x + (y - x) * (quality - a) / (b - a)).exp2()
}

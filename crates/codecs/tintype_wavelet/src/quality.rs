//! From the quality scale to the quantiser's step. Encoder only: the step stands in the header.

/// SSIMULACRA2 (median over the 13 pictures of photos/valid) that a step of `2^x` reaches,
/// measured with this codec. The last two entries extend the line.
///
/// Steps are interpolated in base 2 and go on below quality 0, which rate control needs; the
/// shared `QualityCurve` does neither.
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

/// The step, for 8-bit samples, that gives a typical photo about `quality`.
pub(crate) fn step_for_quality(quality: f32) -> f32 {
    let quality = quality.clamp(-100.0, 100.0);
    let above = STEPS.iter().position(|&(score, _)| score >= quality);
    let upper = above.unwrap_or(STEPS.len() - 1).max(1);
    let ((a, x), (b, y)) = (STEPS[upper - 1], STEPS[upper]);
    (x + (y - x) * (quality - a) / (b - a)).exp2()
}

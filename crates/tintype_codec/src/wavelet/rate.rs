//! From the quality scale to the quantiser's step.

use crate::Tune;

/// The step, for 8-bit samples, that gives a typical photo about `quality`.
pub(crate) fn step_for_quality(quality: f32, tune: Tune) -> f32 {
    let _ = tune;
    // Doubles every 12 points; fitted below.
    2.0 * ((90.0 - quality.clamp(-40.0, 100.0)) / 12.0).exp2()
}

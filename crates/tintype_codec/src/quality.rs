//! The quantiser step for a quality.
//!
//! In: quality, 0 to 100. Out: a step in 8-bit sample units. Not bit-exact: the step is stored in
//! the stream.

/// Measured points, interpolated linearly in the logarithm of the step.
///
/// Each codec measures its own points: the step at which the mean SSIMULACRA2 of a set of
/// photographs is `quality`.
///
/// ```
/// use tintype_codec::QualityCurve;
/// let curve = QualityCurve::new(&[(0.0, 64.0), (50.0, 16.0), (100.0, 1.0)]);
/// assert_eq!(curve.step(50.0), 16.0);
/// assert_eq!(curve.step(25.0), 32.0);
/// assert_eq!(curve.step(200.0), 1.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct QualityCurve<'a> {
    points: &'a [(f32, f32)],
}

impl<'a> QualityCurve<'a> {
    /// `points` are (quality, step), at least two; qualities rise from 0 to 100 and steps are
    /// positive.
    pub const fn new(points: &'a [(f32, f32)]) -> Self {
        assert!(points.len() >= 2, "a curve needs two points");
        Self { points }
    }

    /// The step at `quality`, which is clamped to 0 to 100.
    pub fn step(&self, quality: f32) -> f32 {
        let quality = quality.clamp(0.0, 100.0);
        let last = self.points.len() - 1;
        let upper = self.points.iter().position(|point| point.0 >= quality).unwrap_or(last).max(1);
        let ((q0, s0), (q1, s1)) = (self.points[upper - 1], self.points[upper]);
        let share = (quality - q0) / (q1 - q0);
        (s0.ln() * (1.0 - share) + s1.ln() * share).exp()
    }
}

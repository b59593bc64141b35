//! Bjøntegaard differences: the mean difference in rate, or in quality, between two codecs.
//!
//! In: two curves of points (rate, quality), in any order, at least three usable each; rates
//! above 0. Out: the mean distance of the curves over the range both cover, the curves being
//! interpolated by monotone cubics (PCHIP) of the logarithm of the rate over quality, or of
//! quality over the logarithm of the rate.
//!
//! Source: Bjøntegaard, VCEG-M33, 2001 and VCEG-AI11, 2008 (the measure); Fritsch and Butland,
//! SIAM J. Sci. Stat. Comput. 5(2), 1984 (slopes); ends by the three-point formula of Moler,
//! "Numerical Computing with MATLAB", 3.4.

/// One point of a rate–quality curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Bits per pixel, or any measure of rate above 0.
    pub rate: f64,
    /// dB, score: more is better. MS-SSIM is best given as −10 log10(1 − x).
    pub quality: f64,
}

/// Steps of the trapezoid rule over the common range: 400 points, as in the reference computation
/// of the tests.
const STEPS: usize = 399;

/// Mean change of rate at equal quality of `curve` against `anchor`, in percent; negative means
/// fewer bits.
///
/// `None` if a curve has fewer than three points that rise in both, or the curves share no range.
pub fn bd_rate(curve: &[CurvePoint], anchor: &[CurvePoint]) -> Option<f64> {
    let log_over_quality = |points: &[CurvePoint]| {
        let points = rising(points);
        Pchip::new(
            points.iter().map(|p| p.quality).collect(),
            points.iter().map(|p| p.rate.ln()).collect(),
        )
    };
    Some(100.0 * (mean_distance(&log_over_quality(curve)?, &log_over_quality(anchor)?)?.exp() - 1.0))
}

/// Mean change of quality at equal rate of `curve` against `anchor`; positive means better.
///
/// `None` as for [`bd_rate`].
pub fn bd_quality(curve: &[CurvePoint], anchor: &[CurvePoint]) -> Option<f64> {
    let quality_over_log = |points: &[CurvePoint]| {
        let points = rising(points);
        Pchip::new(
            points.iter().map(|p| p.rate.ln()).collect(),
            points.iter().map(|p| p.quality).collect(),
        )
    };
    mean_distance(&quality_over_log(curve)?, &quality_over_log(anchor)?)
}

/// The points by rising rate, without those that do not rise in quality.
fn rising(points: &[CurvePoint]) -> Vec<CurvePoint> {
    let usable = |p: &&CurvePoint| p.rate > 0.0 && p.rate.is_finite() && p.quality.is_finite();
    let mut sorted: Vec<CurvePoint> = points.iter().filter(usable).copied().collect();
    sorted.sort_by(|a, b| a.rate.total_cmp(&b.rate).then(a.quality.total_cmp(&b.quality)));
    let mut out: Vec<CurvePoint> = Vec::new();
    for point in sorted {
        if out.last().is_none_or(|last| point.quality > last.quality + 1e-9 && point.rate > last.rate) {
            out.push(point);
        }
    }
    out
}

fn mean_distance(a: &Pchip, b: &Pchip) -> Option<f64> {
    let (low, high) = (a.x[0].max(b.x[0]), a.x[a.x.len() - 1].min(b.x[b.x.len() - 1]));
    if low >= high {
        return None;
    }
    let step = (high - low) / STEPS as f64;
    let distance = |i: usize| {
        let x = if i == STEPS { high } else { low + step * i as f64 };
        a.at(x) - b.at(x)
    };
    let inner: f64 = (1..STEPS).map(distance).sum();
    Some((inner + (distance(0) + distance(STEPS)) / 2.0) / STEPS as f64)
}

/// A piecewise cubic through all points that rises and falls only where they do.
struct Pchip {
    x: Vec<f64>,
    y: Vec<f64>,
    slopes: Vec<f64>,
}

impl Pchip {
    /// `None` for fewer than three points. `x` must rise.
    fn new(x: Vec<f64>, y: Vec<f64>) -> Option<Self> {
        let count = x.len();
        if count < 3 {
            return None;
        }
        let widths: Vec<f64> = x.windows(2).map(|w| w[1] - w[0]).collect();
        let secants: Vec<f64> = y.windows(2).zip(&widths).map(|(w, h)| (w[1] - w[0]) / h).collect();
        let mut slopes = vec![0.0; count];
        for k in 1..count - 1 {
            if secants[k - 1] * secants[k] > 0.0 {
                let (w1, w2) = (2.0 * widths[k] + widths[k - 1], widths[k] + 2.0 * widths[k - 1]);
                slopes[k] = (w1 + w2) / (w1 / secants[k - 1] + w2 / secants[k]);
            }
        }
        slopes[0] = end_slope([widths[0], widths[1]], [secants[0], secants[1]]);
        let n = widths.len();
        slopes[count - 1] = end_slope([widths[n - 1], widths[n - 2]], [secants[n - 1], secants[n - 2]]);
        Some(Self { x, y, slopes })
    }

    fn at(&self, x: f64) -> f64 {
        let piece = self.x[1..self.x.len() - 1].partition_point(|knot| *knot <= x);
        let width = self.x[piece + 1] - self.x[piece];
        let t = (x - self.x[piece]) / width;
        let (u, t2) = (1.0 - t, t * t);
        let u2 = u * u;
        self.y[piece] * u2 * (1.0 + 2.0 * t)
            + self.y[piece + 1] * t2 * (1.0 + 2.0 * u)
            + width * (self.slopes[piece] * t * u2 - self.slopes[piece + 1] * t2 * u)
    }
}

/// The slope at an end, from the nearest and the next interval.
fn end_slope([h0, h1]: [f64; 2], [m0, m1]: [f64; 2]) -> f64 {
    let slope = ((2.0 * h0 + h1) * m0 - h0 * m1) / (h0 + h1);
    if slope * m0 <= 0.0 {
        0.0
    } else if m0 * m1 <= 0.0 && slope.abs() > 3.0 * m0.abs() {
        3.0 * m0
    } else {
        slope
    }
}

#[cfg(test)]
mod tests;

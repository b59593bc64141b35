//! Rate control over any codec: sizes and metric targets reached by real encodes at chosen
//! qualities.
//!
//! In: samples, a codec, and what to reach. Out: a payload whose file has the size, or whose
//! decoded picture has the value of the metric, that was asked for. Nothing is estimated:
//! every step encodes, and for a metric decodes. Not bit-exact: these are the encoder's
//! choices.
//!
//! A size is approached by the secant method on the logarithm of the file size, which is
//! nearly a straight line in the quality; a codec with an embedded stream is then cut to the
//! byte. A metric is approached the same way on its own value. Both keep a bracket, so that
//! every step narrows it.
//!
//! Source: regula falsi with the Illinois rule (Dowell and Jarratt 1971); inverse quadratic
//! interpolation (Brent 1973) for the first steps.

use crate::goal::Goal;
use crate::metric::{Measure, Metric};
use std::collections::BTreeMap;
use tintype_codec::{Codec, CodecError, DecodeRequest, EncodeSettings, Exec, Payload, Target, Tune};
use tintype_image::{Planes, Shape};

/// How far a size may stay below the goal.
pub(crate) const SIZE_SLACK: f64 = 0.015;
/// How far above the goal a payload may be that is then cut; more would waste the encoder's
/// rate–distortion choices.
const CUT_ABOVE: f64 = 0.10;
/// How far a value may lie below a PSNR goal, in dB, and twice as far above.
pub(crate) const PSNR_SLACK_DB: f64 = 0.03;
/// How far a value may lie below an SSIMULACRA2 goal, and twice as far above.
pub(crate) const SSIMULACRA2_SLACK: f64 = 0.25;
/// What a metric and the logarithm of the size rise by when quality does by one, about, for
/// photographs. They only save encodes; PSNR's is a guess, the size's that of the formula in `to_size`.
pub(crate) const SSIMULACRA2_RISE: f64 = 1.0;
/// See [`SSIMULACRA2_RISE`]; in dB.
pub(crate) const PSNR_RISE_DB: f64 = 0.2;
/// See [`SSIMULACRA2_RISE`].
pub(crate) const LN_SIZE_RISE: f64 = 0.05;
/// From this quality on the exact file is tried as well: it may be the smaller one. Not measured.
pub(crate) const NEARLY_LOSSLESS: f32 = 95.0;
/// Encodes in one search; the bracket then is far below any quality step that matters.
const STEPS_MAX: usize = 16;

/// A metric to be reached.
struct MetricGoal {
    metric: Metric,
    value: f64,
    slack: f64,
    start: Start,
}

/// One encode of a search, measured.
struct Tried {
    value: f64,
    bytes: u64,
    payload: Payload,
}

/// Where a search begins.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    /// The first quality.
    pub(crate) quality: f32,
    /// What the measured value is expected to rise by when quality does by one; above 0.
    pub(crate) rise: f64,
}

/// One encode to be searched over.
pub struct Search<'a> {
    /// The codec.
    pub codec: &'a dyn Codec,
    /// The samples.
    pub source: &'a Planes,
    /// Good in which sense.
    pub tune: Tune,
    /// 1 to 9.
    pub effort: u8,
    /// What it may use.
    pub exec: &'a Exec,
    /// Measures how alike two pictures are, if this build can.
    pub measure: Option<&'a dyn Measure>,
    /// Bytes of the file that holds a payload.
    pub file_bytes: &'a dyn Fn(&Payload) -> u64,
    /// What the metric compares: the picture, and how decoded planes become one.
    pub picture: &'a Planes,
    /// See `picture`.
    pub restored: &'a dyn Fn(Planes) -> Planes,
}

/// Why a goal was not reached, beside the codec's own errors.
#[derive(Clone, Debug)]
pub enum Missed {
    /// The codec failed.
    Codec(CodecError),
    /// The smallest file has more bytes.
    Size { smallest: u64 },
    /// The best value of the metric is lower.
    Metric { name: &'static str, nearest: f64 },
}

impl From<CodecError> for Missed {
    fn from(error: CodecError) -> Self {
        Self::Codec(error)
    }
}

impl Missed {
    /// As an error of the codec.
    pub fn into_error(self, goal: Goal) -> CodecError {
        let what = match (self, goal) {
            (Self::Codec(error), _) => return error,
            (Self::Size { smallest }, Goal::Bpp(bpp)) => {
                format!("{bpp} bits per pixel are too few: the smallest file takes {smallest} bytes")
            }
            (Self::Size { smallest }, Goal::SizeBytes(size)) => format!(
                "no file of {size} bytes is possible: the smallest takes {smallest}; ask for more"
            ),
            (Self::Size { smallest }, _) => format!("the smallest file takes {smallest} bytes"),
            (Self::Metric { name, nearest }, Goal::Psnr(goal) | Goal::Ssimulacra2(goal)) => {
                format!("{name} {goal} cannot be reached: {nearest:.2} is the nearest; try lossless")
            }
            (Self::Metric { name, nearest }, _) => format!("{name} {nearest:.2} is the highest"),
        };
        CodecError::Misuse { what }
    }
}

impl Search<'_> {
    /// Encodes so that `goal` is reached.
    ///
    /// # Errors
    /// The codec's; a size below the smallest file, or a metric above what the codec can give.
    pub fn encode(&self, goal: Goal) -> Result<Payload, Missed> {
        let able = self.codec.capabilities();
        if !able.lossy {
            return self.exact(goal);
        }
        match goal {
            Goal::Quality(quality) if quality >= NEARLY_LOSSLESS && able.lossless => {
                self.smaller_of(self.at(quality)?, self.with(Target::Lossless)?)
            }
            Goal::Quality(quality) => Ok(self.at(quality)?),
            Goal::Lossless => Ok(self.with(Target::Lossless)?),
            Goal::SizeBytes(size) => self.to_size(size),
            Goal::Bpp(bpp) => self.to_size(bytes_at(bpp, &self.source.shape)),
            Goal::Psnr(db) => {
                let (metric, value) = (Metric::Psnr, f64::from(db));
                let start = Start { quality: 75.0, rise: PSNR_RISE_DB };
                self.to_metric(&MetricGoal { metric, value, slack: PSNR_SLACK_DB, start })
            }
            Goal::Ssimulacra2(score) => {
                let (metric, value) = (Metric::Ssimulacra2, f64::from(score));
                let start = Start { quality: score.clamp(0.0, 100.0), rise: SSIMULACRA2_RISE };
                self.to_metric(&MetricGoal { metric, value, slack: SSIMULACRA2_SLACK, start })
            }
        }
    }

    fn with(&self, target: Target) -> Result<Payload, CodecError> {
        let settings = EncodeSettings { target, tune: self.tune, effort: self.effort };
        self.codec.encode(self.source, &settings, self.exec)
    }

    fn smaller_of(&self, lossy: Payload, exact: Payload) -> Result<Payload, Missed> {
        let is_smaller = (self.file_bytes)(&exact) <= (self.file_bytes)(&lossy);
        Ok(if is_smaller { exact } else { lossy })
    }

    /// Encodes exactly, which reaches every goal but a size.
    fn exact(&self, goal: Goal) -> Result<Payload, Missed> {
        let payload = self.with(Target::Lossless)?;
        let bytes = (self.file_bytes)(&payload);
        let bytes_max = match goal {
            Goal::SizeBytes(size) => Some(size),
            Goal::Bpp(bpp) => Some(bytes_at(bpp, &self.source.shape)),
            _ => None,
        };
        match bytes_max {
            Some(size) if bytes > size => Err(Missed::Size { smallest: bytes }),
            _ => Ok(payload),
        }
    }

    fn at(&self, quality: f32) -> Result<Payload, CodecError> {
        self.with(Target::Quality(quality))
    }

    fn to_size(&self, size: u64) -> Result<Payload, Missed> {
        let goal = (size.max(1) as f64).ln();
        let mut best: Option<(u64, Payload)> = None;
        let mut above: Option<(u64, Payload)> = None;
        let bpp = size as f64 * 8.0 / (self.source.shape.width_px * self.source.shape.height_px) as f64;
        // A photo needs about 0.1 bpp at quality 20 and 2 at 80.
        let quality = (66.0 + 46.0 * bpp.log10()).clamp(5.0, 95.0) as f32;
        let start = Start { quality, rise: LN_SIZE_RISE };
        search(start, &|quality| self.codec.setting_of(quality), |quality| {
            let payload = self.at(quality)?;
            let bytes = (self.file_bytes)(&payload);
            let value = (bytes.max(1) as f64).ln() - goal;
            let slack = if bytes <= size { SIZE_SLACK } else { CUT_ABOVE };
            let cuts = bytes > size && value <= slack && self.cut(&payload, size).is_some();
            let done = if bytes <= size { value >= -slack } else { cuts };
            let place = if bytes <= size { &mut best } else { &mut above };
            let closer = |old: &(u64, Payload)| old.0.abs_diff(size) > bytes.abs_diff(size);
            if place.as_ref().is_none_or(closer) {
                *place = Some((bytes, payload));
            }
            Ok((value, done))
        })?;
        let cut = above.as_ref().and_then(|(_, payload)| self.cut(payload, size));
        match (cut, best) {
            // A payload that was never above the size by much is better than a cut one that
            // was far above.
            (Some(_), Some((bytes, whole))) if bytes as f64 >= size as f64 * (1.0 - SIZE_SLACK) => {
                Ok(whole)
            }
            (Some(cut), _) => Ok(cut),
            (None, Some((_, whole))) => Ok(whole),
            (None, None) => Err(Missed::Size { smallest: above.map_or(0, |(bytes, _)| bytes) }),
        }
    }

    /// `payload` cut so that its file has at most `size` bytes, if the codec's stream is
    /// embedded.
    fn cut(&self, payload: &Payload, size: u64) -> Option<Payload> {
        let data: usize = payload.sections.iter().map(|section| section.bytes.len()).sum();
        let overhead = (self.file_bytes)(payload).saturating_sub(data as u64);
        let mut room = size.checked_sub(overhead)?;
        loop {
            let cut = self.codec.truncate(payload, room as usize)?;
            let bytes = (self.file_bytes)(&cut);
            if bytes <= size {
                return Some(cut);
            }
            room = room.checked_sub(bytes - size)?;
        }
    }

    /// The value of `metric` of what `payload` decodes to.
    fn measured(
        &self,
        measure: &dyn Measure,
        metric: Metric,
        payload: &Payload,
    ) -> Result<f64, CodecError> {
        let view = payload.view(&self.source.shape);
        let planes = self.codec.decode(&view, &DecodeRequest::default(), self.exec)?;
        measure.measure(metric, self.picture, &(self.restored)(planes))
    }

    fn to_metric(&self, goal: &MetricGoal) -> Result<Payload, Missed> {
        let MetricGoal { metric, value: goal, slack, start } = *goal;
        let name = metric.name();
        let Some(measure) = self.measure else {
            let what = format!("a goal of {name} in a build without the feature `metrics`");
            return Err(CodecError::Unsupported { what }.into());
        };
        let near_enough = |value: f64| (-slack..=2.0 * slack).contains(&(value - goal));
        // The smallest file that reaches the goal, and the best value of those that do not.
        let mut reached: Option<Tried> = None;
        let mut nearest = f64::NEG_INFINITY;
        search(start, &|quality| self.codec.setting_of(quality), |quality| {
            let payload = self.at(quality)?;
            let value = self.measured(measure, metric, &payload)?;
            let bytes = (self.file_bytes)(&payload);
            if value < goal - slack {
                nearest = nearest.max(value);
            } else if reached.as_ref().is_none_or(|best| bytes < best.bytes) {
                reached = Some(Tried { value, bytes, payload });
            }
            // An exact picture has an infinite PSNR; the search needs numbers.
            Ok(((value - goal).clamp(-1e6, 1e6), near_enough(value)))
        })?;
        let able = self.codec.capabilities();
        if reached.is_none() && able.lossless {
            let payload = self.with(Target::Lossless)?;
            let bytes = (self.file_bytes)(&payload);
            reached = Some(Tried { value: f64::INFINITY, bytes, payload });
        }
        match reached {
            None => Err(Missed::Metric { name, nearest }),
            Some(best) if able.embedded && best.value > goal + slack => Ok(self
                .cut_to_metric(best.payload, |cut| {
                    Ok(self.measured(measure, metric, cut)? >= goal - slack)
                })?),
            Some(best) => Ok(best.payload),
        }
    }

    /// The shortest beginning of an embedded payload for which `reaches` holds, to 1/256 of it.
    fn cut_to_metric(
        &self,
        payload: Payload,
        reaches: impl Fn(&Payload) -> Result<bool, CodecError>,
    ) -> Result<Payload, CodecError> {
        let all: usize = payload.sections.iter().map(|section| section.bytes.len()).sum();
        let (mut low, mut high, mut best) = (0, all, payload);
        while high - low > all / 256 + 1 {
            let middle = low + (high - low) / 2;
            match self.codec.truncate(&best, middle) {
                Some(cut) if reaches(&cut)? => (high, best) = (middle, cut),
                Some(_) => low = middle,
                None => break,
            }
        }
        Ok(best)
    }
}

/// Bytes of a file of `bpp` bits a pixel, rounded down.
pub(crate) fn bytes_at(bpp: f32, shape: &Shape) -> u64 {
    let pixels = (shape.width_px * shape.height_px) as f64;
    (f64::from(bpp) * pixels / 8.0).floor() as u64
}

/// Looks for the quality in 0 to 100 at which `measure`, which rises with quality, is zero.
/// `measure` also says whether it is near enough. Ends there, or where the bracket has become
/// tiny, or after [`STEPS_MAX`] measurements. What was measured at a setting (see
/// [`Codec::setting_of`]) is not measured again, and neighbouring settings end the search.
pub(crate) fn search(
    start: Start,
    setting_of: &dyn Fn(f32) -> Option<usize>,
    mut measure: impl FnMut(f32) -> Result<(f64, bool), CodecError>,
) -> Result<(), CodecError> {
    let mut known = BTreeMap::new();
    let mut low: Option<(f32, f64)> = None;
    let mut high: Option<(f32, f64)> = None;
    let mut quality = start.quality;
    let mut points = Vec::new();
    // The least that a step goes on while all values lie on one side.
    let mut step_min = 1.0;
    let mut last_side = 0;
    for _ in 0..STEPS_MAX {
        let setting = setting_of(quality);
        let (value, done) = match setting.and_then(|setting| known.get(&setting)) {
            Some(&measured) => measured,
            None => measure(quality)?,
        };
        known.extend(setting.map(|setting| (setting, (value, done))));
        points.push((f64::from(quality), value));
        if done {
            return Ok(());
        }
        let side = if value < 0.0 { -1 } else { 1 };
        let (near, far) = if side < 0 { (&mut low, &mut high) } else { (&mut high, &mut low) };
        *near = Some((quality, value));
        // Illinois rule: an end that stays twice counts half, so that the other end moves too.
        if let (true, Some((_, value))) = (side == last_side, far.as_mut()) {
            *value *= 0.5;
        }
        last_side = side;
        quality = match (low, high) {
            (Some((low, below)), Some((high, above))) => {
                let neighbours =
                    setting_of(low).zip(setting_of(high)).is_some_and(|(low, high)| high <= low + 1);
                if high - low < 1e-3 || neighbours {
                    return Ok(());
                }
                let share = (below / (below - above)).clamp(0.02, 0.98) as f32;
                let secant = low + (high - low) * share;
                // Curves are smooth as a rule; where one is not, the secant keeps the search going.
                let curved = (3..=5).contains(&points.len()).then(|| zero_through(&points)).flatten();
                curved.filter(|curved| *curved > low && *curved < high).unwrap_or(secant)
            }
            (Some((100.0, _)), None) | (None, Some((0.0, _))) => return Ok(()),
            _ => {
                // A little too far, so that the next value lies on the other side.
                let step = (1.1 * value.abs() / start.rise).clamp(step_min, 100.0) as f32;
                step_min *= 2.0;
                (quality - side as f32 * step).clamp(0.0, 100.0)
            }
        };
    }
    Ok(())
}

/// Where the parabola through the last three `points` (place, value) with the value as its argument
/// is at the value 0; `None` where two values are equal.
fn zero_through(points: &[(f64, f64)]) -> Option<f32> {
    let [.., (x0, y0), (x1, y1), (x2, y2)] = *points else { return None };
    let weights = [
        y1 * y2 / ((y0 - y1) * (y0 - y2)),
        y0 * y2 / ((y1 - y0) * (y1 - y2)),
        y0 * y1 / ((y2 - y0) * (y2 - y1)),
    ];
    let zero = x0 * weights[0] + x1 * weights[1] + x2 * weights[2];
    zero.is_finite().then_some(zero as f32)
}

//! Gradients through a program, for encoders that search for better inputs.
//!
//! In: a program's input, then a gradient by its result. Out: the gradient by the input, both
//! in units of the integers they belong to. Roundings count as the identity; rectified and
//! saturated values pass nothing. Floats: not bit-exact across compilers, and never used by a
//! decoder; every sum has a fixed order, so that all SIMD levels give the same. Source:
//! reverse accumulation (Linnainmaa 1970); straight-through roundings (Bengio et al. 2013,
//! arXiv 1308.3432).

use crate::feature_map::Map;
use crate::program::{Program, REGISTERS_MAX};
use crate::step::Kind;
use crate::{Depthwise, FeatureMap, NnError, Pointwise};
use fearless_simd::{Level, Simd, dispatch};

/// One real number for each value of a [`FeatureMap`], in the same order.
pub type Gradient = Map<f32>;

impl Gradient {
    fn add(&mut self, other: &Self) {
        self.values.iter_mut().zip(&other.values).for_each(|(a, b)| *a += b);
    }
}

/// What every step of a program made.
#[derive(Clone, Debug)]
pub struct Traced {
    input: Gradient,
    made: Vec<FeatureMap>,
    result: FeatureMap,
}

impl Traced {
    /// The program's result.
    pub fn result(&self) -> &FeatureMap {
        &self.result
    }
}

impl Program {
    /// Whether [`Program::backward`] knows every step: tables have no gradient.
    pub fn has_gradient(&self) -> bool {
        !self.steps().iter().any(|step| matches!(step.kind, Kind::Table(..)))
    }

    /// Runs the program and keeps every step's result.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn trace(&self, level: Level, input: FeatureMap, quality: usize) -> Result<Traced, NnError> {
        let shape = Gradient {
            height: input.height,
            width: input.width,
            channels: input.channels,
            values: Vec::new(),
        };
        let mut made = Vec::with_capacity(self.steps().len());
        let result = self.run_with_observer(level, input, quality, &mut |map| made.push(map.clone()))?;
        Ok(Traced { input: shape, made, result })
    }

    /// The gradient by the input, given one by the result.
    ///
    /// # Errors
    /// `Misuse` for a gradient of another shape; `Unsupported` for a program with tables.
    pub fn backward(
        &self,
        level: Level,
        traced: &Traced,
        gradient: Gradient,
    ) -> Result<Gradient, NnError> {
        if gradient.values.len() != traced.result.values.len() || traced.made.len() != self.steps().len()
        {
            return Err(NnError::Misuse {
                what: format!("a gradient of {} values", gradient.values.len()),
            });
        }
        let mut registers: [Option<Gradient>; REGISTERS_MAX] = Default::default();
        registers[usize::from(self.result())] = Some(gradient);
        for (index, (step, made)) in self.steps().iter().zip(&traced.made).enumerate().rev() {
            let Some(gradient) = registers[usize::from(step.to)].take() else { continue };
            let mut give = |register: u8, gradient: Gradient| match &mut registers[usize::from(register)]
            {
                Some(sum) => sum.add(&gradient),
                empty => *empty = Some(gradient),
            };
            match &step.kind {
                Kind::Pointwise(layer) => give(step.from, pointwise(level, layer, made, gradient)),
                Kind::Depthwise(layer) => give(step.from, depthwise(level, layer, made, gradient)),
                Kind::Leaky(shift) => {
                    let slope = if *shift == 16 { 0.0 } else { f32::from(-i16::from(*shift)).exp2() };
                    give(step.from, each(gradient, made, |g, v| if v > 0 { g } else { g * slope }));
                }
                Kind::Add(other) => {
                    give(*other, gradient.clone());
                    give(step.from, gradient);
                }
                Kind::Concat(other) => {
                    let first = self.channels_read(index, traced);
                    give(*other, part(&gradient, first, gradient.channels - first));
                    give(step.from, part(&gradient, 0, first));
                }
                Kind::Slice { start, .. } => {
                    give(
                        step.from,
                        placed(&gradient, usize::from(*start), self.channels_read(index, traced)),
                    );
                }
                Kind::LevelBias(_) => give(step.from, gradient),
                Kind::SpaceToDepth(factor) => {
                    give(step.from, gradient.depth_to_space(usize::from(*factor))?)
                }
                Kind::DepthToSpace(factor) => {
                    give(step.from, gradient.space_to_depth(usize::from(*factor))?)
                }
                Kind::HaarDown => give(step.from, haar(gradient).depth_to_space(2)?),
                Kind::HaarUp => give(step.from, haar(gradient.space_to_depth(2)?)),
                Kind::Table(..) => {
                    return Err(NnError::Unsupported {
                        what: "the gradient of a program with tables".into(),
                    });
                }
            }
        }
        let shape = &traced.input;
        Ok(registers[0]
            .take()
            .unwrap_or_else(|| Gradient::new(shape.height, shape.width, shape.channels)))
    }

    /// Channels of the register that step `index` reads, as it was then.
    fn channels_read(&self, index: usize, traced: &Traced) -> usize {
        let wrote = self.steps()[..index].iter().rposition(|step| step.to == self.steps()[index].from);
        wrote.map_or(traced.input.channels, |at| traced.made[at].channels)
    }
}

fn each(mut gradient: Gradient, made: &FeatureMap, work: impl Fn(f32, i16) -> f32) -> Gradient {
    gradient.values.iter_mut().zip(&made.values).for_each(|(g, &v)| *g = work(*g, v));
    gradient
}

fn part(gradient: &Gradient, start: usize, count: usize) -> Gradient {
    let rows = gradient.values.chunks_exact(gradient.channels);
    let values = rows.flat_map(|row| row[start..start + count].iter().copied()).collect();
    Gradient { channels: count, values, ..*gradient }
}

/// The inverse of [`part`]: zeros before and after, up to `channels`.
fn placed(gradient: &Gradient, start: usize, channels: usize) -> Gradient {
    let mut out = Gradient::new(gradient.height, gradient.width, channels);
    let rows =
        gradient.values.chunks_exact(gradient.channels).zip(out.values.chunks_exact_mut(channels));
    rows.for_each(|(from, to)| to[start..start + from.len()].copy_from_slice(from));
    out
}

/// The transform of [`Kind::HaarDown`] on groups of four quarters of the channels; it is its
/// own transpose.
fn haar(mut gradient: Gradient) -> Gradient {
    let quarter = gradient.channels / 4;
    for row in gradient.values.chunks_exact_mut(gradient.channels.max(1)) {
        for c in 0..quarter {
            let [p, q, r, s] = [0, 1, 2, 3].map(|k| row[k * quarter + c] * 0.5);
            let sums = [p + q + r + s, p - q + r - s, p + q - r - s, p - q - r + s];
            sums.into_iter().enumerate().for_each(|(k, v)| row[k * quarter + c] = v);
        }
    }
    gradient
}

/// Nothing passes where a layer's result was cut.
fn open(gradient: Gradient, made: &FeatureMap, rectified: bool) -> Gradient {
    let floor = if rectified { 0 } else { i16::MIN };
    each(gradient, made, |g, v| if v > floor && v < i16::MAX { g } else { 0.0 })
}

fn pointwise(level: Level, layer: &Pointwise, made: &FeatureMap, gradient: Gradient) -> Gradient {
    let gradient = open(gradient, made, layer.rectified());
    let mut out = Gradient::new(gradient.height, gradient.width, layer.inputs());
    let scales: Vec<f32> = layer.shift().iter().map(|&s| (-(s as f32)).exp2()).collect();
    let weights = layer.weights();
    let rows = weights.chunks_exact(layer.inputs()).zip(&scales);
    let weights: Vec<f32> =
        rows.flat_map(|(row, &by)| row.iter().map(move |&w| f32::from(w) * by)).collect();
    dispatch!(level, simd => pointwise_plain(simd, layer.inputs(), &weights, &gradient, &mut out));
    out
}

#[inline(always)]
fn pointwise_plain<S: Simd>(
    simd: S,
    inputs: usize,
    weights: &[f32],
    gradient: &Gradient,
    out: &mut Gradient,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (row, sums) in
                gradient.values.chunks_exact(gradient.channels).zip(out.values.chunks_exact_mut(inputs))
            {
                let mut fours = row.chunks_exact(4);
                let mut lines = weights.chunks_exact(4 * inputs);
                for (g, four) in (&mut fours).zip(&mut lines) {
                    let (a, rest) = four.split_at(inputs);
                    let (b, rest) = rest.split_at(inputs);
                    let (c, d) = rest.split_at(inputs);
                    for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                        *sum += (g[0] * a + g[1] * b) + (g[2] * c + g[3] * d);
                    }
                }
                for (g, line) in fours.remainder().iter().zip(lines.remainder().chunks_exact(inputs)) {
                    sums.iter_mut().zip(line).for_each(|(sum, w)| *sum += g * w);
                }
            }
        },
    );
}

fn depthwise(level: Level, layer: &Depthwise, made: &FeatureMap, gradient: Gradient) -> Gradient {
    let gradient = open(gradient, made, false);
    let channels = layer.channels();
    let (weights, shift) = (layer.weights(), layer.shift());
    let tap = |t: usize| (0..channels).map(move |c| (c, t));
    let scaled = |(c, t): (usize, usize)| f32::from(weights[c * 9 + t]) * (-(shift[c] as f32)).exp2();
    let taps: Vec<f32> = (0..9).flat_map(tap).map(scaled).collect();
    let mut out = Gradient::new(gradient.height, gradient.width, channels);
    dispatch!(level, simd => depthwise_plain(simd, &taps, &gradient, &mut out));
    out
}

#[inline(always)]
fn depthwise_plain<S: Simd>(simd: S, taps: &[f32], gradient: &Gradient, out: &mut Gradient) {
    simd.vectorize(
        #[inline(always)]
        || {
            let (height, width, channels) = (out.height, out.width, out.channels);
            for y in 0..height {
                for x in 0..width {
                    let sums = &mut out.values[(y * width + x) * channels..][..channels];
                    for (t, taps) in taps.chunks_exact(channels).enumerate() {
                        // What this value gave to the results around it.
                        let (v, u) = (y + 1, x + 1);
                        let (Some(v), Some(u)) = (v.checked_sub(t / 3), u.checked_sub(t % 3)) else {
                            continue;
                        };
                        if v >= height || u >= width {
                            continue;
                        }
                        let row = &gradient.values[(v * width + u) * channels..][..channels];
                        for ((sum, g), w) in sums.iter_mut().zip(row).zip(taps) {
                            *sum += g * w;
                        }
                    }
                }
            }
        },
    );
}

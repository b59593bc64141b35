//! A `photo` model's starting contexts and mixing weights taught on pictures, from where the model
//! has them.
//!
//! In: a whole model and pictures. Out: the model with other starting contexts and weights. Each
//! picture is coded from the start, as a file is. For each context the decisions of every picture
//! are counted; a start (a probability and how many decisions it weighs as much as) is then the one
//! under which all pictures' decisions would have cost least. A start is changed only where that
//! pays for its place in the model, so that a few pictures change little. Not bit-exact.
//!
//! Source: Krichevsky and Trofimov 1981 (what an adaptive bit costs is a Beta–Bernoulli code);
//! Minka, "Estimating a Dirichlet distribution", 2000 (fitting its prior to groups); the trade
//! against the model's size is our own, docs/decisions/0077.

use super::PhotoOptions;
use crate::random::Random;
use crate::{FILES, FitError, PictureList};
use tintype_block::{ContextSet, internal_planes, plane_kinds};
use tintype_codec::{CodecError, map_indexed};
use tintype_entropy::AdaptiveBit;
use tintype_image::{Level, Plane, Planes, Region, Threads, planes_cropped};
use tintype_model::{Model, ModelFile, ModelLimits};
use tintype_photo::PhotoModel;
use tintype_photo::fitting::{TileCoder, TileContexts};

/// Largest side of the part of a picture that is coded.
const PART_PX: usize = 352;
/// Effort of the encoder whose decisions count: the default one, as a fit from nothing does.
const EFFORT: u8 = 5;
/// Pictures coded from the same weights, then their changes are added.
const GROUP: usize = 4;
/// Share of the sum of a group's changes that weights take. Not measured.
const GROUP_SHARE: f32 = 0.5;
/// Bits that a changed start must save in a thousand files: one model for each. A start costs about
/// 20 in a model that is stored as differences, and what its own decisions say it saves is more than
/// it does, since others are mixed with it: by how much, pictures say. On 50 pictures of hands of
/// 96 × 96 12, 30, 60 change 5275, 3484, 2153 starts for 3.7, 3.3, 3.05 % fewer bytes.
const SAVED_BITS: [f64; 3] = [40.0, 120.0, 360.0];
/// Bytes of a coded picture from which on weights are taught too: they bring 0.4 % on those hands, and
/// take 5 kB of a model.
const WEIGHTS_FROM_BYTES: usize = 1250;
/// What a change must gain on the pictures besides, in nats: it has two parameters (Akaike).
const PARAMETERS: f64 = 2.0;
/// Decisions that the old probability weighs as much as.
const OLD_WEIGHT: f64 = 8.0;
/// How fine probabilities are, against the variance of a decision.
const GRID: f64 = 0.25;
/// Logarithms of the counts that a context may start with.
const COUNTS_LOG2: std::ops::RangeInclusive<u32> = 2..=8;
/// Pictures from which on the model says what planes begin with.
const FIRST_VALUES_FROM: usize = 8;
/// Side of the part of a plane that its first value is the mean of.
const FIRST_SIDE: usize = 8;
/// Weights are changed in steps of this many 1/4096, and left where they move less.
const WEIGHT_STEP: f32 = 64.0;

/// How contexts are taught.
#[derive(Clone, Debug)]
pub struct TeachOptions {
    /// Quantiser steps that pictures take in turn, 8-bit sample units.
    pub steps: Vec<f32>,
    /// Rounds of coding all pictures.
    pub rounds: usize,
    /// Largest number of pictures that are coded in a round.
    pub pictures: usize,
    /// Largest number of pixels that are coded in a round.
    pub pixels: usize,
    /// Seed of the parts that are drawn.
    pub seed: u64,
}

impl Default for TeachOptions {
    fn default() -> Self {
        let steps = vec![12.0, 40.0, 20.0, 64.0, 8.0, 28.0, 16.0, 48.0];
        Self { steps, rounds: 2, pictures: 400, pixels: 12 << 20, seed: 1 }
    }
}

/// One context's decisions in one picture.
#[derive(Clone, Copy)]
struct Seen {
    context: u32,
    all: u16,
    ones: u16,
}

/// What one coded picture leaves: decisions of luma's and of chroma's contexts, and weights.
struct Lesson {
    /// Mean of the first samples of each plane that may have a first value.
    first: [i16; 3],
    kinds: [(Vec<Seen>, Vec<i16>); 2],
    bytes: usize,
    pixels: usize,
    /// Pixels of the whole picture.
    whole_pixels: usize,
}

/// `model` with starting contexts and weights taught on `pictures`, in one or more models: the first
/// with the most changes, the last the smallest. `on_progress` gets how far it is and says whether
/// to go on; a round that is ended by that teaches nothing, and the first one gives no model.
///
/// # Errors
/// Those of the model and of reading pictures.
pub fn teach(
    model: &[u8],
    pictures: &PictureList,
    options: &TeachOptions,
    mut on_progress: impl FnMut(f32) -> bool,
) -> Result<Vec<Vec<u8>>, FitError> {
    let file = ModelFile::read(model, &ModelLimits::default()).map_err(CodecError::from)?;
    let mut model = PhotoModel::from_file(&file)?;
    let pieces = model.payload_without_contexts(file.payload())?;
    let list = pictures.thinned(options.pictures);
    let shipped = TileContexts::new(&model);
    let mut taught: Vec<Vec<u8>> = Vec::new();
    for round in 0..options.rounds {
        let on_round = |done: f32| on_progress((round as f32 + done) / options.rounds as f32);
        let Some(lessons) = lessons_of(&model, &list, options, round, on_round)? else { break };
        taught.clear();
        for saved in SAVED_BITS {
            let state = lessons.state(&shipped, saved);
            if taught.last() != Some(&state) {
                taught.push(state);
            }
        }
        model.contexts.clone_from(&taught[0]);
    }
    let of = |state: &Vec<u8>| {
        let payload = PhotoModel::payload_with_contexts(pieces.clone(), state);
        PhotoModel::file_of(payload).to_bytes()
    };
    Ok(taught.iter().map(of).collect())
}

/// What a round of coding leaves, of luma and of chroma.
#[derive(Default)]
struct Lessons {
    /// Decisions of each picture.
    seen: [Vec<Vec<Seen>>; 2],
    /// Mixing weights.
    weights: [Vec<f32>; 2],
    /// What the planes of each picture begin with.
    firsts: [Vec<i16>; 3],
    /// Bytes and pixels coded.
    bytes: usize,
    pixels: usize,
    /// Pixels of the whole pictures.
    whole_pixels: usize,
}

impl Lessons {
    fn pictures(&self) -> usize {
        self.seen[0].len()
    }

    /// Adds a picture's, and what it changed of the weights.
    fn add(&mut self, lesson: Lesson, changes: &mut [Vec<f32>; 2]) {
        self.bytes += lesson.bytes;
        self.pixels += lesson.pixels;
        self.whole_pixels += lesson.whole_pixels;
        self.firsts.iter_mut().zip(lesson.first).for_each(|(all, own)| all.push(own));
        for (kind, (seen, own)) in lesson.kinds.into_iter().enumerate() {
            self.seen[kind].push(seen);
            let before = &self.weights[kind];
            for ((sum, new), old) in changes[kind].iter_mut().zip(own).zip(before) {
                *sum += f32::from(new) - old;
            }
        }
    }

    /// The state of a model that changes what saves `saved` bits against `shipped`.
    fn state(&self, shipped: &TileContexts, saved: f64) -> Vec<u8> {
        // Large pictures are seen in part.
        let area = self.whole_pixels as f64 / self.pixels.max(1) as f64;
        let files = area * FILES / self.pictures().max(1) as f64;
        let mut state = Vec::new();
        for (kind, old) in [&shipped.luma, &shipped.chroma].into_iter().enumerate() {
            let starts = starts(old.bits(), &self.seen[kind], (files, saved));
            state.extend(starts.iter().flat_map(|word| word.to_le_bytes()));
            let old = weights_of(old);
            let teaches = self.bytes >= WEIGHTS_FROM_BYTES * self.pictures();
            state.extend(old.iter().zip(&self.weights[kind]).flat_map(|(&old, &new)| {
                let steps = ((new - old) / WEIGHT_STEP).round();
                let weight = if teaches { old + steps * WEIGHT_STEP } else { old };
                stored_weight(weight).to_le_bytes()
            }));
        }
        if self.pictures() >= FIRST_VALUES_FROM {
            state.extend(self.firsts.iter().flat_map(|values| median(values).to_le_bytes()));
        }
        state
    }
}

/// Codes the pictures of `list` in round number `round`; `None` if it is ended before its end.
fn lessons_of(
    model: &PhotoModel,
    list: &PictureList,
    options: &TeachOptions,
    round: usize,
    mut on_progress: impl FnMut(f32) -> bool,
) -> Result<Option<Lessons>, FitError> {
    let start = TileContexts::new(model);
    let weights = [&start.luma, &start.chroma].map(weights_of);
    let mut means = weights.clone().map(|own| vec![0f32; own.len()]);
    let mut summed = 0f32;
    let mut lessons = Lessons { weights, ..Lessons::default() };
    for first in (0..list.len()).step_by(GROUP) {
        let count = GROUP.min(list.len() - first);
        let begin = with_weights(model, &lessons.weights);
        let coded = map_indexed(Threads::available(), count, |i| {
            let number = first + i;
            let whole = list.read(number)?.planes;
            let picture = part(&whole, options.seed + number as u64)?;
            let step = options.steps[(number + round) % options.steps.len()];
            // Steps vary in every second picture, as the two ways of tuning have it.
            let whole_pixels = whole.shape.width_px * whole.shape.height_px;
            let lesson = lesson(&begin, &picture, step, number % 2 == 0);
            Ok::<_, FitError>(Lesson { whole_pixels, ..lesson })
        });
        let mut changes = lessons.weights.clone().map(|own| vec![0f32; own.len()]);
        for lesson in coded {
            lessons.add(lesson?, &mut changes);
        }
        for (own, change) in lessons.weights.iter_mut().zip(&changes) {
            own.iter_mut().zip(change).for_each(|(own, change)| *own += GROUP_SHARE * change);
        }
        // Weights keep moving: their mean over the second half is what they move about.
        if 2 * first >= list.len() {
            summed += 1.0;
            for (mean, own) in means.iter_mut().zip(&lessons.weights) {
                mean.iter_mut().zip(own).for_each(|(mean, own)| *mean += own);
            }
        }
        if !on_progress((first + count) as f32 / list.len() as f32) {
            return Ok(None);
        }
        if lessons.pixels > options.pixels {
            break;
        }
    }
    if summed > 0.0 {
        lessons.weights = means.map(|own| own.into_iter().map(|mean| mean / summed).collect());
    }
    Ok(Some(lessons))
}

/// The mean of the first samples of a plane.
fn first_value(plane: &Plane<i16>) -> i16 {
    let (wide, high) = (plane.width().min(FIRST_SIDE), plane.height().min(FIRST_SIDE));
    let sum: i32 = (0..high).flat_map(|y| &plane.row(y)[..wide]).map(|&sample| i32::from(sample)).sum();
    (sum / (wide * high).max(1) as i32) as i16
}

fn median(values: &[i16]) -> i16 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

/// A part of a picture that is not larger than is coded at once.
fn part(picture: &Planes, seed: u64) -> Result<Planes, FitError> {
    let mut random = Random::new(seed);
    let shape = &picture.shape;
    let [width, height] = [shape.width_px, shape.height_px].map(|side| side.min(PART_PX));
    if (width, height) == (shape.width_px, shape.height_px) {
        return Ok(picture.clone());
    }
    let x = random.below(shape.width_px - width + 1) & !1;
    let y = random.below(shape.height_px - height + 1) & !1;
    planes_cropped(picture, Region { x, y, width, height })
        .map_err(|error| FitError::Picture { file: "a part of a picture".into(), error })
}

/// Weights as a model stores them.
fn weights_of(contexts: &ContextSet) -> Vec<f32> {
    let bytes = contexts.pair_mixer_to_bytes();
    bytes.as_chunks::<2>().0.iter().map(|&pair| f32::from(i16::from_le_bytes(pair))).collect()
}

/// `model` with these weights, luma's and chroma's.
fn with_weights(model: &PhotoModel, weights: &[Vec<f32>; 2]) -> PhotoModel {
    let start = TileContexts::new(model);
    let of = |contexts: &ContextSet, weights: &[f32]| {
        let words = contexts.bits().iter().map(|bit| stored(*bit).to_le_bytes());
        let weights = weights.iter().map(|weight| stored_weight(*weight).to_le_bytes());
        words.chain(weights).flatten().collect::<Vec<u8>>()
    };
    let mut contexts = [of(&start.luma, &weights[0]), of(&start.chroma, &weights[1])].concat();
    contexts.extend(model.first_values().into_iter().flatten().flat_map(i16::to_le_bytes));
    let mut model = model.clone();
    model.contexts = contexts;
    model
}

/// A weight as a model stores it.
fn stored_weight(weight: f32) -> i16 {
    weight.round().clamp(-32768.0, 32767.0) as i16
}

/// A context as a model stores it: 12 bits of probability over 4 bits of the count's logarithm.
fn stored(bit: AdaptiveBit) -> u16 {
    let probability = ((f64::from(bit.p1()) - 8.0) / 16.0).round().clamp(0.0, 4095.0) as u16;
    probability << 4 | (bit.count() + 1).ilog2() as u16
}

/// Codes `picture` from the start of `model` and counts its decisions.
fn lesson(model: &PhotoModel, picture: &Planes, step: f32, varies: bool) -> Lesson {
    let kinds = plane_kinds(&picture.shape, false);
    let steps = vec![(step * 16.0) as u16; kinds.len()];
    let level = Level::new();
    let coder = TileCoder { model, steps: &steps, varies, filtered: false, level };
    let start = TileContexts::new(model);
    let limited = |own: &ContextSet| own.clone().with_limit(AdaptiveBit::LIMIT_MAX);
    let mut contexts = TileContexts { luma: limited(&start.luma), chroma: limited(&start.chroma) };
    let internal = internal_planes(picture);
    let bytes = coder.encode(&internal, &kinds, &mut contexts, EFFORT).len();
    let first = std::array::from_fn(|i| internal.get(i).map_or(0, first_value));
    let kinds =
        [(&start.luma, &contexts.luma), (&start.chroma, &contexts.chroma)].map(|(before, after)| {
            let weights = after.pair_mixer_to_bytes();
            let weights =
                weights.as_chunks::<2>().0.iter().map(|&pair| i16::from_le_bytes(pair)).collect();
            (seen(before.bits(), after.bits()), weights)
        });
    let pixels = picture.shape.width_px * picture.shape.height_px;
    Lesson { first, kinds, bytes, pixels, whole_pixels: pixels }
}

/// The decisions that brought contexts from `before` to `after`. After `n` decisions of which `k`
/// are 1, a context that began at `p` with count `c` is at `((c + 0.5) p + k) / (c + 0.5 + n)`.
fn seen(before: &[AdaptiveBit], after: &[AdaptiveBit]) -> Vec<Seen> {
    let mut all = Vec::new();
    for (index, (before, after)) in before.iter().zip(after).enumerate() {
        if before == after {
            continue;
        }
        let n = after.count().saturating_sub(before.count()).max(1);
        let share = |bit: &AdaptiveBit| f64::from(bit.p1()) / 65536.0;
        let start = f64::from(before.count()) + 0.5;
        let ones = share(after) * (start + f64::from(n)) - share(before) * start;
        let ones = ones.round().clamp(0.0, f64::from(n)) as u16;
        all.push(Seen { context: index as u32, all: n as u16, ones });
    }
    all
}

/// A start: 12 bits of probability over 4 bits of the count's logarithm. The probability differs from
/// that of `old` by a multiple of a power of two, as large as a part of a standard deviation: such a
/// difference has few bits.
fn word(old: u16, share: f64, count_log2: u32) -> u16 {
    let old = f64::from(old >> 4);
    let grid = (4096.0 * GRID * share * (1.0 - share)).max(1.0).log2().floor().exp2();
    let steps = ((share * 4096.0 - 0.5 - old) / grid).round();
    let mut probability = old + steps * grid;
    if !(0.0..=4095.0).contains(&probability) {
        probability = (share * 4096.0 - 0.5).round().clamp(0.0, 4095.0);
    }
    (probability as u16) << 4 | count_log2 as u16
}

/// The start of each context: the old one, or one under which the pictures' decisions cost less by
/// more than the change does: by `saved` bits in all of the `files` that share the model for each
/// picture here.
fn starts(old: &[AdaptiveBit], lessons: &[Vec<Seen>], (files, saved): (f64, f64)) -> Vec<u16> {
    let mut by_context: Vec<Vec<(u16, u16)>> = vec![Vec::new(); old.len()];
    for seen in lessons.iter().flatten() {
        by_context[seen.context as usize].push((seen.all, seen.ones));
    }
    let of = |(old, counts): (&AdaptiveBit, &Vec<(u16, u16)>)| {
        let (share, count) = (f64::from(old.p1()) / 65536.0, old.count());
        let unchanged = stored(*old);
        if counts.is_empty() {
            return unchanged;
        }
        let before = likelihood(share, f64::from(count) + 0.5, counts);
        let mut best = (before, unchanged);
        for count_log2 in COUNTS_LOG2 {
            let weight = f64::from((1u32 << count_log2) - 1) + 0.5;
            let (mut all, mut ones) = (OLD_WEIGHT, OLD_WEIGHT * share);
            for &(n, k) in counts {
                // Many decisions of one picture say little more of other pictures than some.
                let trust = weight / (weight + f64::from(n));
                all += trust * f64::from(n);
                ones += trust * f64::from(k);
            }
            let candidate = word(unchanged, ones / all, count_log2);
            let stored = (f64::from(candidate >> 4) + 0.5) / 4096.0;
            let nats = likelihood(stored, weight, counts);
            if nats > best.0 {
                best = (nats, candidate);
            }
        }
        let gained = best.0 - before - PARAMETERS;
        let bits = gained / std::f64::consts::LN_2 * files;
        if gained > 0.0 && bits > saved { best.1 } else { unchanged }
    };
    old.iter().zip(&by_context).map(of).collect()
}

/// The logarithm of the probability that adaptive bits which begin at `share` with `weight`
/// decisions behind them give to what each picture had.
fn likelihood(share: f64, weight: f64, counts: &[(u16, u16)]) -> f64 {
    let (one, zero) = ((share * weight).max(1e-3), ((1.0 - share) * weight).max(1e-3));
    let rising = |from: f64, steps: u16| match steps {
        0 => 0.0,
        1 => from.ln(),
        2 => (from * (from + 1.0)).ln(),
        steps => ln_gamma(from + f64::from(steps)) - ln_gamma(from),
    };
    let cost = |&(n, k): &(u16, u16)| rising(one, k) + rising(zero, n - k) - rising(one + zero, n);
    counts.iter().map(cost).sum()
}

/// Stirling's series, from 7 on; below by the recurrence.
fn ln_gamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 7.0 {
        below += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse / 1260.0)) / x;
    (x - 0.5) * x.ln() - x + 0.918_938_533_204_672_7 + series - below
}

/// The options of a fit of contexts beside other options of the codec.
impl From<&PhotoOptions> for TeachOptions {
    fn from(options: &PhotoOptions) -> Self {
        Self { seed: options.seed, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_of_gamma() {
        for (x, value) in
            [(1.0, 1.0f64), (5.0, 24.0), (0.5, std::f64::consts::PI.sqrt()), (10.0, 362_880.0)]
        {
            assert!((ln_gamma(x) - value.ln()).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn decisions_are_counted_from_states() {
        let before = [AdaptiveBit::with_count(20_000, 15); 3];
        let mut after = before;
        for i in 0..100 {
            after[1].update(i % 4 == 0, AdaptiveBit::LIMIT_MAX);
        }
        let found = seen(&before, &after);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].context, found[0].all, found[0].ones), (1, 100, 25));
    }

    #[test]
    fn starts_follow_many_pictures_and_stay_for_few() {
        let old = [AdaptiveBit::with_count(32_776, 15); 3];
        let steady = |context, ones| Seen { context, all: 20, ones };
        // The first is 1 in 2 of 20 everywhere; the second either always or never; the third is unused.
        let lessons: Vec<Vec<Seen>> =
            (0..60).map(|i| vec![steady(0, 2), steady(1, if i % 2 == 0 { 20 } else { 0 })]).collect();
        let words = starts(&old, &lessons, (10.0, 40.0));
        assert!((350..480).contains(&(words[0] >> 4)), "{}", words[0] >> 4);
        assert!(words[0] & 15 >= 6, "steady: a count of {}", words[0] & 15);
        assert!(words[1] & 15 <= 2, "unsteady: a count of {}", words[1] & 15);
        assert_eq!(words[2], 2048 << 4 | 4);
        let few = starts(&old, &[vec![Seen { context: 0, all: 3, ones: 1 }]], (1000.0, 40.0));
        assert_eq!(few[0], 2048 << 4 | 4);
    }
}

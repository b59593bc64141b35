//! What the filter learns from: pictures beside what the codec makes of them, in memory.

use super::network::UNIT;
use crate::random::Random;
use tintype_codec::{EncodeSettings, Target, Tune};
use tintype_image::{ColourModel, Level, Plane, Planes, Region, planes_cropped};
use tintype_photo::PhotoModel;
use tintype_photo::filter::{INPUTS, MIDDLE, OUTPUTS, SIDE_INPUTS, side_inputs};
use tintype_photo::fitting::coded_planes;

/// Side of a patch in pixels.
pub const PATCH_PX: usize = 96;
/// Side of a patch in positions.
pub const PATCH: usize = PATCH_PX / 2;

/// Largest side of the part of a picture that is coded: more pictures in the same time.
const PART_PX: usize = 352;

/// Weights of squared errors of luma and chroma: about those of RGB's.
const PLANE_WEIGHTS: [f32; 3] = [1.0, 0.83, 1.09];

/// One picture and what was decoded of it at one quality.
pub struct Pair {
    width: usize,
    height: usize,
    /// Source and decoded samples, three planes together.
    source: Vec<[i16; 3]>,
    decoded: Vec<[i16; 3]>,
    /// What each position is told of its block.
    side: Vec<[i16; SIDE_INPUTS]>,
    /// Weight of the squared errors of each position.
    places: Vec<f32>,
    /// Luma's step, internal units.
    step: u16,
    /// One over the mean weighted squared error.
    weight: f32,
}

/// A patch as the network takes it, and what it should give.
pub struct Patch {
    /// Padded by one position on each side, [`INPUTS`] numbers each.
    pub input: Vec<f32>,
    /// [`OUTPUTS`] errors for each position, in quarters of the step.
    pub errors: Vec<[f32; OUTPUTS]>,
    /// Weight of each output's squared error.
    pub weights: [f32; OUTPUTS],
    /// Weight of each position.
    pub places: Vec<f32>,
}

/// Errors in even areas are seen first: a position's weight is the variance of luma around it,
/// plus that of an amplitude of 4 in 8 bits, to this power. Not measured.
const MASKING: f32 = -0.25;

/// The weight of each position, from luma of the `source`.
fn masking(source: &[[i16; 3]], (width, height): (usize, usize)) -> Vec<f32> {
    /// Positions around, either way: squares of 10 × 10 samples.
    const AROUND: usize = 2;
    let (across, down) = (width / 2, height / 2);
    let sums: Vec<[f32; 2]> = (0..across * down)
        .map(|place| {
            let at = place / across * 2 * width + place % across * 2;
            let four = [at, at + 1, at + width, at + width + 1].map(|at| f32::from(source[at][0]));
            [four.iter().sum(), four.iter().map(|v| v * v).sum()]
        })
        .collect();
    let weight = |place: usize| {
        let (x, y) = (place % across, place / across);
        let (mut count, mut sum, mut squares) = (0.0, 0.0f64, 0.0f64);
        for y in y.saturating_sub(AROUND)..(y + AROUND + 1).min(down) {
            for x in x.saturating_sub(AROUND)..(x + AROUND + 1).min(across) {
                let [s, q] = sums[y * across + x];
                (count, sum, squares) = (count + 4.0, sum + f64::from(s), squares + f64::from(q));
            }
        }
        let variance = (squares - sum * sum / count) / count;
        (variance.max(0.0) as f32 / (64.0 * 64.0) + 1.0).powf(MASKING)
    };
    (0..across * down).map(weight).collect()
}

fn together(planes: &[Plane<i16>], (width, height): (usize, usize)) -> Vec<[i16; 3]> {
    let mut out = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            out.push([planes[0].row(y)[x], planes[1].row(y)[x], planes[2].row(y)[x]]);
        }
    }
    out
}

impl Pair {
    /// Codes a part of `picture` drawn at random at `quality`; nothing for pictures that are too
    /// small or not RGB.
    pub fn new(model: &PhotoModel, picture: &Planes, quality: f32, random: &mut Random) -> Option<Self> {
        let shape = &picture.shape;
        let [width, height] = [shape.width_px, shape.height_px].map(|side| side.min(PART_PX) / 2 * 2);
        if width < PATCH_PX || height < PATCH_PX || shape.colour != ColourModel::Rgb {
            return None;
        }
        let (x, y) =
            (random.below(shape.width_px - width + 1), random.below(shape.height_px - height + 1));
        let part = planes_cropped(picture, Region { x, y, width, height }).ok()?;
        let tune = if random.below(2) == 0 { Tune::Psnr } else { Tune::Visual };
        let settings = EncodeSettings { target: Target::Quality(quality), tune, effort: EFFORT };
        let coded = coded_planes(model, &part, &settings, Level::new()).ok()?;
        let source = together(&coded.source, (width, height));
        let decoded = together(&coded.decoded, (width, height));
        let side = (0..height / 2)
            .flat_map(|y| side_inputs(&coded.cells, coded.steps[0], y).take(width / 2))
            .collect();
        let places = masking(&source, (width, height));
        let error: f64 = source
            .iter()
            .zip(&decoded)
            .enumerate()
            .map(|(at, (s, d))| {
                let place = places[at / width / 2 * (width / 2) + at % width / 2];
                let e: [f32; 3] = std::array::from_fn(|p| f32::from(s[p]) - f32::from(d[p]));
                f64::from(place * e.iter().zip(PLANE_WEIGHTS).map(|(e, w)| w * e * e).sum::<f32>())
            })
            .sum();
        let weight = (1.0 / (error / source.len() as f64).max(4.0)) as f32;
        Some(Self { width, height, source, decoded, side, places, step: coded.steps[0], weight })
    }

    /// The position that sample `at` belongs to.
    fn position(&self, at: usize) -> usize {
        at / self.width / 2 * (self.width / 2) + at % self.width / 2
    }

    /// A patch drawn at random, perhaps turned, one in eight without its colours.
    pub fn draw(&self, random: &mut Random) -> Patch {
        let even = |random: &mut Random, room: usize| 2 * random.below(room / 2 + 1);
        let x0 = even(random, self.width - PATCH_PX);
        let y0 = even(random, self.height - PATCH_PX);
        let [flip_x, flip_y, swap] = [0, 1, 2].map(|_| random.below(2) == 1);
        let gray = random.below(8) == 0;
        let at = |x: usize, y: usize| {
            let (x, y) = if swap { (y, x) } else { (x, y) };
            let x = if flip_x { PATCH_PX - 1 - x } else { x };
            let y = if flip_y { PATCH_PX - 1 - y } else { y };
            (y0 + y) * self.width + x0 + x
        };
        let wide = PATCH + 2;
        let mut input = vec![0.0; wide * wide * INPUTS];
        for (place, values) in input.chunks_exact_mut(INPUTS).enumerate() {
            let (px, py) = ((place % wide).clamp(1, PATCH) - 1, (place / wide).clamp(1, PATCH) - 1);
            for k in 0..4 {
                let sample = self.decoded[at(2 * px + k % 2, 2 * py + k / 2)];
                values[3 * k] = f32::from(sample[0] - MIDDLE) / UNIT;
                if !gray {
                    values[3 * k + 1] = f32::from(sample[1]) / UNIT;
                    values[3 * k + 2] = f32::from(sample[2]) / UNIT;
                }
            }
            let side = self.side[self.position(at(2 * px, 2 * py))];
            let side = if swap { [side[0], side[2], side[1], side[3]] } else { side };
            for (value, side) in values[OUTPUTS..].iter_mut().zip(side) {
                *value = f32::from(side) / UNIT;
            }
        }
        let unit = 4.0 / f32::from(self.step);
        let mut errors = vec![[0.0; OUTPUTS]; PATCH * PATCH];
        for (place, errors) in errors.iter_mut().enumerate() {
            let (px, py) = (place % PATCH, place / PATCH);
            for (k, error) in errors.iter_mut().enumerate() {
                let at = at(2 * px + k / 3 % 2, 2 * py + k / 6);
                *error = f32::from(self.source[at][k % 3] - self.decoded[at][k % 3]) * unit;
            }
        }
        let places = (0..PATCH * PATCH)
            .map(|place| self.places[self.position(at(2 * (place % PATCH), 2 * (place / PATCH)))])
            .collect();
        let scale = self.weight / (unit * unit * 4.0);
        let weights = std::array::from_fn(|k| match (k % 3, gray) {
            (0, _) | (_, false) => PLANE_WEIGHTS[k % 3] * scale,
            (_, true) => 0.0,
        });
        Patch { input, errors, weights, places }
    }
}

/// Effort at which the pictures are coded: what is left to mend hardly depends on it.
const EFFORT: u8 = 2;

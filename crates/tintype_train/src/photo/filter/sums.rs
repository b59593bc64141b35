//! What the filter is fitted to: pictures beside what the codec makes of them, as sums of products.

use crate::random::Random;
use tintype_codec::{EncodeSettings, Target, Tune};
use tintype_image::{ColourModel, Level, Planes, Region, planes_cropped};
use tintype_photo::PhotoModel;
use tintype_photo::filter::{Blocks, CLASSES, FEATURES, GROUP, Groups, Padded, SETS, features};
use tintype_photo::fitting::coded_planes;

/// Largest side of the part of a picture that is coded: more pictures in the same time.
const PART_PX: usize = 352;
/// Effort at which the pictures are coded. Not measured.
const EFFORT: u8 = 3;

/// Numbers of a sample: its features, and its error, which the weights shall come to; in steps.
pub const NUMBERS: usize = FEATURES + 1;

/// Sums of products of the numbers of the samples of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Sums {
    /// Number times number; a row is padded to a multiple of eight.
    pub products: Vec<[f64; NUMBERS.next_multiple_of(8)]>,
    /// How many samples.
    pub samples: f64,
    /// Their weight together.
    pub weight: f64,
}

impl Default for Sums {
    fn default() -> Self {
        Self { products: vec![[0.0; NUMBERS.next_multiple_of(8)]; NUMBERS], samples: 0.0, weight: 0.0 }
    }
}

impl Sums {
    /// Adds `other`, products and weight times `by`.
    pub fn add(&mut self, other: &Self, by: f64) {
        for (row, other) in self.products.iter_mut().zip(&other.products) {
            row.iter_mut().zip(other).for_each(|(sum, product)| *sum += by * product);
        }
        self.samples += other.samples;
        self.weight += by * other.weight;
    }

    fn add_samples(&mut self, samples: &[[f32; NUMBERS.next_multiple_of(8)]]) {
        for (index, row) in self.products.iter_mut().enumerate() {
            let mut sums = [0f32; NUMBERS.next_multiple_of(8)];
            for numbers in samples {
                let number = numbers[index];
                sums.iter_mut().zip(numbers).for_each(|(sum, other)| *sum += number * other);
            }
            row.iter_mut().zip(sums).for_each(|(row, sum)| *row += f64::from(sum));
        }
        self.samples += samples.len() as f64;
        self.weight += samples.len() as f64;
    }

    /// The squared error that `weights` leave.
    pub fn error_with(&self, weights: impl Fn(usize) -> f64) -> f64 {
        let factor = |at: usize| if at == FEATURES { -1.0 } else { weights(at) };
        let row = |(index, row): (usize, &[f64; NUMBERS.next_multiple_of(8)])| {
            let sum: f64 = row[..NUMBERS].iter().enumerate().map(|(at, v)| factor(at) * v).sum();
            factor(index) * sum
        };
        self.products.iter().enumerate().map(row).sum()
    }

    /// The squared error before.
    pub fn error(&self) -> f64 {
        self.products[FEATURES][FEATURES]
    }
}

/// The sums of every set and class, where there are samples.
pub type SumsOfClasses = Vec<Option<Sums>>;

/// No sums.
pub fn no_sums() -> SumsOfClasses {
    vec![None; SETS * CLASSES]
}

/// Adds `other` to `sums`.
pub fn add_all(sums: &mut SumsOfClasses, other: &SumsOfClasses) {
    for (sums, other) in sums.iter_mut().zip(other) {
        if let Some(other) = other {
            sums.get_or_insert_default().add(other, 1.0);
        }
    }
}

/// The sums of a part of `picture` drawn at random and coded at `quality`; nothing for pictures
/// that are too small or not RGB. Each picture weighs the same in each set.
pub fn sums_of_picture(
    model: &PhotoModel,
    picture: &Planes,
    quality: f32,
    random: &mut Random,
) -> Option<SumsOfClasses> {
    const LEAST_PX: usize = 32;
    let shape = &picture.shape;
    let [width, height] = [shape.width_px, shape.height_px].map(|side| side.min(PART_PX) / 16 * 16);
    if width < LEAST_PX || height < LEAST_PX || shape.colour != ColourModel::Rgb {
        return None;
    }
    let (x, y) = (random.below(shape.width_px - width + 1), random.below(shape.height_px - height + 1));
    let part = planes_cropped(picture, Region { x, y, width, height }).ok()?;
    let tune = if random.below(2) == 0 { Tune::Psnr } else { Tune::Visual };
    let settings = EncodeSettings { target: Target::Quality(quality), tune, effort: EFFORT };
    let level = Level::new();
    let coded = coded_planes(model, &part, &settings, level).ok()?;
    let padded: Vec<Padded> = coded.decoded[..3].iter().map(Padded::of_plane).collect();
    let blocks = Blocks { cells: &coded.cells, step: coded.steps[0] };
    let groups = Groups::of_luma(level, &padded[0], &blocks);

    let mut out = no_sums();
    for set in 0..SETS {
        let planes = if set == 0 { 0..1 } else { 1..3 };
        let mut sums = vec![None; CLASSES];
        for plane in planes {
            for (number, &(class, step)) in groups.list.iter().enumerate() {
                let at = (number % groups.across * GROUP, number / groups.across * GROUP);
                let scale = 1.0 / step as f32;
                let samples: [_; GROUP * GROUP] = std::array::from_fn(|i| {
                    let (x, y) = (at.0 + i % GROUP, at.1 + i / GROUP);
                    let mut numbers = [0f32; NUMBERS.next_multiple_of(8)];
                    let features = features(&padded[plane], (x, y), step);
                    for (number, feature) in numbers.iter_mut().zip(features) {
                        *number = scale * f32::from(feature);
                    }
                    let [source, decoded] =
                        [&coded.source, &coded.decoded].map(|planes| planes[plane].row(y)[x]);
                    numbers[FEATURES] = scale * f32::from(source - decoded);
                    numbers
                });
                sums[usize::from(class)].get_or_insert_with(Sums::default).add_samples(&samples);
            }
        }
        let totals = sums
            .iter()
            .flatten()
            .fold((0.0, 0.0), |(error, weight), sums| (error + sums.error(), weight + sums.weight));
        // Planes of one value have nothing to mend.
        if totals.0 > 1e-6 * totals.1 {
            for (out, sums) in out[set * CLASSES..].iter_mut().zip(sums) {
                if let Some(sums) = sums {
                    out.get_or_insert_default().add(&sums, 1.0 / totals.0);
                }
            }
        }
    }
    Some(out)
}

//! Trains the filter after the loop (docs/format/photo.md, "Filter").
//!
//! In: a `photo` model and pictures, which are coded with it at qualities from 10 to 92 in
//! memory. Out: the model with a filter. Float, on two threads; the same pictures, options and
//! machine give the same bytes. Memory: 1.5 MB for each picture.

mod data;
mod depthwise;
mod export;
mod matrix;
mod network;
mod optimiser;
mod options;
#[cfg(test)]
mod tests;

pub use options::FilterOptions;

use crate::random::Random;
use crate::{FitError, PictureList};
use data::{Pair, Patch};
use export::Ranges;
use network::{Network, OUTPUTS_PADDED};
use optimiser::Optimiser;
use tintype_codec::map_indexed;
use tintype_image::{Level, Threads};
use tintype_model::Model;
use tintype_photo::PhotoModel;

/// Qualities at which pictures are coded.
const QUALITIES: [f32; 2] = [10.0, 92.0];

/// What `model` and a filter trained on `pictures` make; `on_progress` gets what is done, 0 to 1,
/// and the gain over the last patches in decibels.
///
/// # Errors
/// Those of reading pictures; `Misuse` if none is an RGB picture of at least 96 × 96.
pub fn train_filter(
    model: &[u8],
    pictures: &PictureList,
    options: &FilterOptions,
    mut on_progress: impl FnMut(f32, Option<f32>),
) -> Result<Vec<u8>, FitError> {
    let without = PhotoModel::from_bytes(model).map_err(|error| FitError::Misuse {
        what: format!("the model to train a filter for: {error}"),
    })?;
    let pairs = coded_pairs(&without, pictures, options, |done| on_progress(0.3 * done, None))?;
    let network = train(&pairs, options, |done, gain| on_progress(0.3 + 0.7 * done, Some(gain)));
    let filter = export::integer_filter(&network, &ranges_of(&network, &pairs, options))?;
    export::model_with(model, &filter)
}

/// Pictures coded at qualities that spread evenly.
fn coded_pairs(
    model: &PhotoModel,
    pictures: &PictureList,
    options: &FilterOptions,
    mut on_progress: impl FnMut(f32),
) -> Result<Vec<Pair>, FitError> {
    const GROUP: usize = 16;
    let list = pictures.thinned(options.pairs);
    let mut pairs = Vec::new();
    for start in (0..if list.is_empty() { 0 } else { options.pairs }).step_by(GROUP) {
        let group = map_indexed(Threads::available(), GROUP.min(options.pairs - start), |i| {
            let number = start + i;
            let share = (number as f32 * 0.618_034).fract();
            let quality = QUALITIES[0] + share * (QUALITIES[1] - QUALITIES[0]);
            let picture = list.read(number % list.len())?;
            let mut random = Random::new(options.seed.wrapping_add(number as u64 * 7919 + 3));
            random.below(2);
            Ok::<_, FitError>(Pair::new(model, &picture.planes, quality, &mut random))
        });
        for pair in group {
            pairs.extend(pair?);
        }
        on_progress(start as f32 / options.pairs as f32);
    }
    if pairs.is_empty() {
        let what = "a filter needs RGB pictures of at least 96 × 96 pixels; steps 0 trains none";
        return Err(FitError::Misuse { what: what.into() });
    }
    Ok(pairs)
}

/// How far the maps of `network` reach on patches.
fn ranges_of(network: &Network, pairs: &[Pair], options: &FilterOptions) -> Ranges {
    /// Patches that are run.
    const PATCHES: usize = 300;
    let mut random = Random::new(options.seed.wrapping_add(2));
    let mut ranges = Ranges::new(options.blocks);
    for number in 0..PATCHES {
        let patch = pairs[number % pairs.len()].draw(&mut random);
        ranges.add(&network.forward(Level::new(), patch.input, data::PATCH));
    }
    ranges
}

/// Loss before and after, and the gradient by all parameters.
struct Sums {
    before: f32,
    after: f32,
    gradient: Vec<f32>,
}

fn train(pairs: &[Pair], options: &FilterOptions, mut on_progress: impl FnMut(f32, f32)) -> Network {
    /// Steps between two reports.
    const REPORT: u32 = 50;
    let mut network = Network::new(options.blocks, options.seed);
    let mut optimiser = Optimiser::new(network.values.len(), options.steps, options.rate);
    let mut random = Random::new(options.seed.wrapping_add(1));
    let (mut before, mut after) = (0.0, 0.0);
    for step in 0..options.steps {
        let patches: Vec<Patch> =
            (0..options.batch).map(|_| pairs[random.below(pairs.len())].draw(&mut random)).collect();
        // A fixed number of parts, so that sums do not depend on the number of threads.
        let half = patches.len().div_ceil(2);
        let parts = map_indexed(Threads::available(), 2, |part| {
            sums_of(&network, patches.chunks(half).nth(part).unwrap_or(&[]))
        });
        let mut gradient = vec![0.0; network.values.len()];
        for part in parts {
            before += part.before;
            after += part.after;
            gradient.iter_mut().zip(&part.gradient).for_each(|(g, p)| *g += p);
        }
        let share = 1.0 / options.batch as f32;
        gradient.iter_mut().for_each(|g| *g *= share);
        optimiser.step(&mut network.values, &gradient);
        if (step + 1) % REPORT == 0 {
            on_progress((step + 1) as f32 / options.steps as f32, 10.0 * (before / after).log10());
            if (step + 1) % (20 * REPORT) == 0 {
                (before, after) = (0.0, 0.0);
            }
        }
    }
    network
}

fn sums_of(network: &Network, patches: &[Patch]) -> Sums {
    let level = Level::new();
    let mut sums = Sums { before: 0.0, after: 0.0, gradient: vec![0.0; network.values.len()] };
    for patch in patches {
        let trace = network.forward(level, patch.input.clone(), data::PATCH);
        let count = patch.errors.len();
        let mut gradient = vec![0.0; count * OUTPUTS_PADDED];
        let outputs = trace.output.chunks_exact(OUTPUTS_PADDED);
        for (((errors, place), output), gradient) in patch
            .errors
            .iter()
            .zip(&patch.places)
            .zip(outputs)
            .zip(gradient.chunks_exact_mut(OUTPUTS_PADDED))
        {
            for ((error, weight), (o, g)) in
                errors.iter().zip(&patch.weights).zip(output.iter().zip(gradient))
            {
                let (left, weight) = (o - error, weight * place);
                sums.before += weight * error * error / count as f32;
                sums.after += weight * left * left / count as f32;
                *g = 2.0 * weight * left / count as f32;
            }
        }
        network.add_gradient(level, &trace, &gradient, &mut sums.gradient);
    }
    sums
}

//! Fits the filter after the loop (docs/format/photo.md, "Filter").
//!
//! In: a `photo` model and pictures, parts of which are coded with it at qualities from 10 to 92
//! in memory. Out: the model with a filter, by least squares. The same pictures, options and machine give the
//! same bytes. Memory: 4.5 MB for each thread and for the sums of all.

mod options;
mod solve;
mod sums;
#[cfg(test)]
mod tests;

pub use options::FilterOptions;

use crate::random::Random;
use crate::{FitError, PictureList};
use sums::{SumsOfClasses, add_all, no_sums, sums_of_picture};
use tintype_codec::map_indexed;
use tintype_image::Threads;
use tintype_model::{Model, ModelFile, ModelLimits};
use tintype_photo::PhotoModel;

/// Qualities at which pictures are coded.
const QUALITIES: [f32; 2] = [10.0, 92.0];
/// One of so many pictures is not fitted to: what the filter gains is measured on them.
const HELD_OUT: usize = 16;

/// What `model` and a filter fitted to `pictures` make, and its gain in decibels on pictures held
/// out: of luma and of the colour differences. `on_progress` gets what is done, 0 to 1, and says whether to go on; else the filter is
/// fitted to what was coded so far.
///
/// # Errors
/// Those of reading pictures; `Misuse` if none is an RGB picture of at least 32 × 32.
pub fn fit_filter(
    model: &[u8],
    pictures: &PictureList,
    options: &FilterOptions,
    on_progress: impl FnMut(f32) -> bool,
) -> Result<(Vec<u8>, [f32; 2]), FitError> {
    let wrong =
        |what: String| FitError::Misuse { what: format!("the model to fit a filter for: {what}") };
    let file = ModelFile::read(model, &ModelLimits::default()).map_err(|e| wrong(e.to_string()))?;
    let coder = PhotoModel::from_file(&file).map_err(|e| wrong(e.to_string()))?;
    let [fitted, held_out] = sums_of(&coder, pictures, options, on_progress)?;
    let known = coder.filter.as_ref().filter(|_| options.moves);
    let filter = solve::filter_of(&fitted, options.prior, known);
    let gains = solve::gains(&filter, &held_out);
    let payload = PhotoModel::payload_with_filter(file.payload(), Some(&filter));
    let payload = payload.map_err(|e| wrong(e.to_string()))?;
    Ok((PhotoModel::file_of(payload).to_bytes(), gains))
}

/// The sums of the pictures that are fitted to, and of those held out.
fn sums_of(
    model: &PhotoModel,
    pictures: &PictureList,
    options: &FilterOptions,
    mut on_progress: impl FnMut(f32) -> bool,
) -> Result<[SumsOfClasses; 2], FitError> {
    let list = pictures.thinned(options.pairs);
    let mut out = [no_sums(), no_sums()];
    let mut count = 0;
    for start in (0..if list.is_empty() { 0 } else { options.pairs }).step_by(HELD_OUT) {
        let group = map_indexed(Threads::available(), HELD_OUT.min(options.pairs - start), |i| {
            let number = start + i;
            let share = (number as f32 * 0.618_034).fract();
            let quality = QUALITIES[0] + share * (QUALITIES[1] - QUALITIES[0]);
            let picture = list.read(number % list.len())?;
            let mut random = Random::new(options.seed.wrapping_add(number as u64 * 7919 + 3));
            Ok::<_, FitError>(sums_of_picture(model, &picture.planes, quality, &mut random))
        });
        for (number, sums) in group.into_iter().enumerate() {
            if let Some(sums) = sums? {
                add_all(&mut out[usize::from(number == HELD_OUT - 1)], &sums);
                count += 1;
            }
        }
        if !on_progress(start as f32 / options.pairs as f32) {
            break;
        }
    }
    if count == 0 {
        let what = "a filter needs RGB pictures of at least 32 × 32 pixels; filter-pairs=0 fits none";
        return Err(FitError::Misuse { what: what.into() });
    }
    Ok(out)
}

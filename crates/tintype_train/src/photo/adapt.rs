//! The shipped `photo` model adapted to pictures: contexts are taught first, which always is worth its
//! time; then pieces are moved, contexts taught on top of them, and the filter moved.

use super::filter::{FilterOptions, fit_filter};
use super::{PhotoOptions, TeachOptions, moved, teach};
use crate::{Adapting, FitError};

/// Pictures that blocks are taken from, those of few pictures several times, of other parts and at
/// other steps.
const PASSES_PICTURES: usize = 120;
/// How often at most.
const PASSES_MAX: usize = 6;

/// Pictures that the filter is moved by, those of few pictures several times, at other qualities.
const FILTER_PAIRS: usize = 400;
/// Samples by which its classes stay where they were. On domains/hands/train 20 000, with all classes moved, gained
/// 0.3 % where this gains 1.0 %.
const FILTER_PRIOR: f64 = 5000.0;

/// Does so, and has each model measured.
///
/// # Errors
/// Those of the model, of pictures and of measuring.
pub fn adapt(shipped: &[u8], run: &mut dyn Adapting) -> Result<(), FitError> {
    let pictures = run.pictures().clone();
    let options = TeachOptions { seed: run.seed(), ..TeachOptions::default() };
    run.begin();
    // Contexts are taught to several sizes of models; the filter goes with the middle one.
    let mut what = "contexts taught".to_string();
    let mut models = teach(shipped, &pictures, &options, |done| run.goes_on("teaching contexts", done))?;
    for model in &models {
        run.measure(&what, model.clone())?;
    }

    run.begin();
    let piece_options = PhotoOptions {
        blocks_per_picture: [400, 200, 300, 150],
        seed: run.seed(),
        ..PhotoOptions::default()
    };
    let passes = PASSES_PICTURES.div_ceil(pictures.len().max(1)).min(PASSES_MAX);
    let list = pictures.thinned(options.pictures);
    if !run.goes_on("moving pieces", 0.0) {
        return Ok(());
    }
    let (model, count) =
        moved(shipped, &list, &piece_options, passes, |done| run.goes_on("moving pieces", done))?;
    if count > 0 {
        what = format!("{count} pieces moved, then so");
        models = teach(&model, &pictures, &options, |done| run.goes_on("teaching contexts", done))?;
        for model in &models {
            run.measure(&what, model.clone())?;
        }
    }
    let Some(taught) = models.get(models.len() / 2) else { return Ok(()) };

    run.begin();
    let options =
        FilterOptions { pairs: FILTER_PAIRS, prior: FILTER_PRIOR, moves: true, seed: run.seed() };
    if !run.goes_on("moving the filter", 0.0) {
        return Ok(());
    }
    let moved = fit_filter(taught, &pictures, &options, |done| run.goes_on("moving the filter", done));
    match moved {
        Ok((model, _)) => run.measure(&format!("{what}, and the filter moved"), model),
        // Pictures that it cannot be fitted to keep the one they have.
        Err(FitError::Misuse { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

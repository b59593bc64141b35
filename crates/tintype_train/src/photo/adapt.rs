//! The shipped `photo` model adapted to pictures: contexts are taught first, which always is worth its
//! time; then pieces are moved and contexts taught on top of them.

use super::{PhotoOptions, TeachOptions, moved, teach};
use crate::{Adapting, FitError};

/// Pictures that blocks are taken from, those of few pictures several times, of other parts and at
/// other steps.
const PASSES_PICTURES: usize = 120;
/// How often at most.
const PASSES_MAX: usize = 6;

/// Does so, and has each model measured.
///
/// # Errors
/// Those of the model, of pictures and of measuring.
pub fn adapt(shipped: &[u8], run: &mut dyn Adapting) -> Result<(), FitError> {
    let pictures = run.pictures().clone();
    let options = TeachOptions { seed: run.seed(), ..TeachOptions::default() };
    run.begin();
    for model in teach(shipped, &pictures, &options, |done| run.goes_on("teaching contexts", done))? {
        run.measure("contexts taught", model)?;
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
    if count == 0 {
        return Ok(());
    }
    let what = format!("{count} pieces moved, then so");
    for model in teach(&model, &pictures, &options, |done| run.goes_on("teaching contexts", done))? {
        run.measure(&what, model)?;
    }
    Ok(())
}

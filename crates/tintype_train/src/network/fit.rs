//! `tintype train --codec neural --recipe …`: a run in a folder, then the model file, its
//! master and its report.
//!
//! In: the pictures, and settings `recipe` (file), `run` (folder of checkpoints and log),
//! `resume` (go on there), `start` (weights to begin with), `valid` (folder to validate on;
//! else every tenth picture), `anchor` (another codec's points there), `seed`. Out: the model
//! file; `master.safetensors` (half precision) and `report.html` in the run's folder.

use super::checkpoint::Checkpoint;
use super::data::Keep;
use super::measure::with_qualities;
use super::{Anchor, Failure, Model, PictureSet, Recipe, TrainingRun, export, train, write_report};
use crate::{FitError, FitRequest, Fitted, PictureList};
use std::path::{Path, PathBuf};

/// Names of the settings.
pub(crate) const SETTINGS: [&str; 7] = ["recipe", "run", "resume", "start", "valid", "anchor", "seed"];

/// The recipe of the model that is built in.
const BUILT_IN: &str = include_str!("../../../../recipes/photo.toml");

/// Trains as `request` says.
///
/// # Errors
/// `Misuse` for settings that do not fit together and for too few pictures; `Training` with
/// whatever ended it.
pub(crate) fn fit(pictures: &PictureList, request: &FitRequest) -> Result<Fitted, FitError> {
    fit_network(pictures, request).map_err(|error| match error.downcast::<FitError>() {
        Ok(own) => *own,
        Err(other) => FitError::Training { what: other.to_string() },
    })
}

fn fit_network(list: &PictureList, request: &FitRequest) -> Result<Fitted, Failure> {
    // More threads gain little beside other work and cost exact repetition of a run.
    tch::set_num_threads(1);
    let path = |name: &str| -> Result<Option<PathBuf>, FitError> {
        let text: String = request.setting(name, String::new())?;
        Ok((!text.is_empty()).then(|| PathBuf::from(text)))
    };
    let mut recipe = match path("recipe")? {
        Some(file) => Recipe::read(&file)?,
        None => toml::from_str(BUILT_IN)?,
    };
    recipe.seed = request.setting("seed", recipe.seed)?;
    let folder = path("run")?.unwrap_or_else(|| PathBuf::from("run"));
    let checkpoint = Checkpoint::new(&folder);
    if checkpoint.exists() && !request.setting("resume", false)? {
        let step = checkpoint.read_mean()?.0.step;
        let what = format!(
            "{} holds a run of {step} steps: --resume goes on with it, another --run folder begins anew",
            folder.display()
        );
        return Err(FitError::Misuse { what }.into());
    }
    let list = list.thinned(request.pictures_max);
    let (to_train, held_out) = match path("valid")? {
        Some(valid) => {
            (PictureSet::of(list.files(), Keep::Tiles)?, PictureSet::read(&[valid], Keep::Middle)?)
        }
        None => {
            let (fit, held_out) = list.split();
            let what = "too few pictures: every tenth validates the run; give twenty, or others by --set valid=DIR";
            if held_out.is_empty() {
                return Err(FitError::Misuse { what: what.into() }.into());
            }
            (PictureSet::of(fit.files(), Keep::Tiles)?, PictureSet::of(held_out.files(), Keep::Middle)?)
        }
    };
    let anchor = path("anchor")?.map(|file| Anchor::read(&file)).transpose()?;
    let start = path("start")?;
    let run = TrainingRun {
        folder: &folder,
        recipe,
        pictures: to_train,
        held_out,
        start: start.as_deref(),
        anchor,
    };
    train(&run)?;
    finish(&run)
}

/// Model file, master and report of a finished run.
fn finish(run: &TrainingRun<'_>) -> Result<Fitted, Failure> {
    let bytes =
        write_outputs(run.folder, &run.pictures, &run.held_out, &run.folder.join("master.safetensors"))?;
    std::fs::write(run.folder.join("report.html"), write_report(run.folder, &run.held_out)?)?;
    let (state, tensors) = Checkpoint::new(run.folder).read_mean()?;
    let (encode, decode) = Model::new(&state.recipe).kmac_per_pixel();
    let count: usize = tensors.values().map(tch::Tensor::numel).sum();
    let parameters = vec![
        ("recipe".to_string(), format!("{}, seed {}", state.recipe.name, state.recipe.seed)),
        ("steps".into(), state.step.to_string()),
        ("weights".into(), count.to_string()),
        ("kMAC a pixel".into(), format!("{encode:.1} to encode, {decode:.1} to decode")),
        ("run".into(), format!("{} (log.jsonl, report.html, master.safetensors)", run.folder.display())),
    ];
    Ok(Fitted { bytes, parameters })
}

/// The model file of the checkpoint in `folder`, calibrated on `pictures`, its quality scale
/// measured on `held_out`; writes the master in half precision.
///
/// # Errors
/// If the checkpoint cannot be read, a layer does not fit into integers, or the master cannot
/// be written.
pub fn write_outputs(
    folder: &Path,
    pictures: &PictureSet,
    held_out: &PictureSet,
    master: &Path,
) -> Result<Vec<u8>, Failure> {
    let (state, tensors) = Checkpoint::new(folder).read_mean()?;
    let bytes = with_qualities(&export(&state.recipe, &tensors, pictures)?, held_out)?;
    let half: Vec<_> = tensors.iter().map(|(k, v)| (k.as_str(), v.to_kind(tch::Kind::Half))).collect();
    tch::Tensor::write_safetensors(&half, master)?;
    Ok(bytes)
}

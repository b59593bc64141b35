//! Models of codec `neural`: adapting a trained one, in the plain build; training itself is in
//! `network`.

mod adapt;
mod whole;

pub use adapt::Adapter;
pub use whole::{Whole, whole};

use crate::{Fit, FitError, FitJob, FitRequest, Fitted, PictureList, Progress};

/// What `tintype train --codec neural` runs.
#[derive(Clone, Copy, Debug)]
pub struct NeuralFit;

/// How to get the trainer, in one command.
#[cfg(not(feature = "network"))]
const TRAINER: &str = "training a network from nothing needs LibTorch, which this build does not have. With Python at hand, get \
it and train with\n  pip install torch==2.11.0 && LIBTORCH_USE_PYTORCH=1 LD_LIBRARY_PATH=$(python3 -c 'import torch, \
os; print(os.path.dirname(torch.__file__))')/lib cargo run --release --features network -- train DIR --codec neural \
--recipe recipes/photo.toml -o mine.tinmodel\nor fit a trained model to these pictures \
without it: --adapt (the built-in model) or --adapt MODEL";

fn base(request: &FitRequest) -> Result<Vec<u8>, FitError> {
    let name: String = request.setting("adapt", String::new())?;
    match name.as_str() {
        "built-in" => built_in(),
        file => std::fs::read(file).map_err(|error| FitError::Io { file: file.into(), error }),
    }
}

#[cfg(feature = "network")]
fn trained(pictures: &PictureList, request: &FitRequest) -> Result<Fitted, FitError> {
    request.check_settings(&crate::network::SETTINGS)?;
    crate::network::fit(pictures, request)
}

#[cfg(not(feature = "network"))]
fn trained(_: &PictureList, _: &FitRequest) -> Result<Fitted, FitError> {
    Err(FitError::Misuse { what: TRAINER.into() })
}

fn built_in() -> Result<Vec<u8>, FitError> {
    Ok(tintype_neural::photo_bytes().to_vec())
}

impl Fit for NeuralFit {
    fn is_training_run(&self) -> bool {
        true
    }

    fn fit(&self, job: FitJob<'_>) -> Result<Fitted, FitError> {
        let FitJob { pictures, request, on_progress: report } = job;
        if !request.settings.iter().any(|(name, _)| name == "adapt") {
            return trained(pictures, request);
        }
        request.check_settings(&["adapt"])?;
        let mut adapter = Adapter::new(&base(request)?)?;
        let list = pictures.thinned(request.pictures_max.min(PICTURES_MAX));
        if list.is_empty() {
            return Err(FitError::Misuse { what: "no pictures to adapt to".into() });
        }
        let mut progress =
            |stage: &'static str, done: f32| report(&Progress { stage, done, objective: None });
        for index in 0..list.len() {
            progress("counting symbols", 0.4 * index as f32 / list.len() as f32);
            adapter.count(&list.read(index)?.planes)?;
        }
        adapter.refit_distributions()?;
        let planes = (0..list.len()).map(|index| {
            progress("fitting the last layer", 0.4 + 0.6 * index as f32 / list.len() as f32);
            Ok(list.read(index)?.planes)
        });
        let layer = adapter.refit_last_layer(planes)?;
        let parameters = vec![
            ("adapted from".to_string(), request.setting("adapt", String::new())?),
            ("pictures used".into(), list.len().to_string()),
            ("last layer".into(), if layer { "refitted" } else { "kept" }.to_string()),
        ];
        Ok(Fitted { bytes: adapter.bytes(), parameters })
    }
}

/// More pictures than this move the result no further.
const PICTURES_MAX: usize = 80;

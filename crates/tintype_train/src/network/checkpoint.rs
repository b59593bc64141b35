//! Checkpoints: `weights`, `first`, `second`, `mean` as safetensors and `state.json`, replaced
//! as a whole.
//!
//! Data and noise follow from seed and step alone, so these five files are all that an exact
//! continuation needs.

use super::Failure;
use super::model::Tensors;
use super::optimiser::Optimiser;
use crate::recipe::Recipe;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tch::Tensor;

/// What is known beside the tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// Seconds spent training.
    pub seconds: f64,
    /// The recipe it was trained with.
    pub recipe: Recipe,
}

/// A folder that holds the last good checkpoint.
pub struct Checkpoint {
    folder: PathBuf,
}

impl Checkpoint {
    /// The checkpoint below `run`.
    pub fn new(run: &Path) -> Self {
        Self { folder: run.join("checkpoint") }
    }

    /// Whether there is one.
    pub fn exists(&self) -> bool {
        self.folder.join("state.json").exists()
    }

    /// Writes beside, then renames, so that a kill leaves either the old or the new one.
    pub(super) fn write(&self, state: &State, optimiser: &Optimiser) -> Result<(), Failure> {
        let beside = self.folder.with_extension("new");
        let old = self.folder.with_extension("old");
        let _ = std::fs::remove_dir_all(&beside);
        std::fs::create_dir_all(&beside)?;
        write_tensors(&beside.join("weights.safetensors"), &optimiser.weights.named)?;
        write_tensors(&beside.join("first.safetensors"), &optimiser.first.named)?;
        write_tensors(&beside.join("second.safetensors"), &optimiser.second.named)?;
        write_tensors(&beside.join("mean.safetensors"), &optimiser.mean.named)?;
        std::fs::write(beside.join("state.json"), serde_json::to_vec_pretty(state)?)?;
        let _ = std::fs::remove_dir_all(&old);
        if self.folder.exists() {
            std::fs::rename(&self.folder, &old)?;
        }
        std::fs::rename(&beside, &self.folder)?;
        Ok(())
    }

    /// The state and the running mean of the weights: what is shipped.
    ///
    /// # Errors
    /// If the checkpoint cannot be read.
    pub fn read_mean(&self) -> Result<(State, Tensors), Failure> {
        Ok((self.state()?, self.tensors("mean")?))
    }

    /// The whole of it, to go on with.
    pub(super) fn read(&self, recipe: &Recipe) -> Result<(State, Optimiser), Failure> {
        let mut optimiser = Optimiser::new(recipe, &self.tensors("weights")?);
        optimiser.restore(&self.tensors("first")?, &self.tensors("second")?, &self.tensors("mean")?);
        Ok((self.state()?, optimiser))
    }

    fn state(&self) -> Result<State, Failure> {
        Ok(serde_json::from_slice(&std::fs::read(self.folder.join("state.json"))?)?)
    }

    fn tensors(&self, name: &str) -> Result<Tensors, Failure> {
        read_tensors(&self.folder.join(format!("{name}.safetensors")))
    }
}

/// Writes tensors by name.
pub(super) fn write_tensors(path: &Path, tensors: &Tensors) -> Result<(), Failure> {
    let list: Vec<(&str, Tensor)> =
        tensors.iter().map(|(k, v)| (k.as_str(), v.detach().contiguous())).collect();
    Ok(Tensor::write_safetensors(&list, path)?)
}

/// Reads tensors by name.
pub(super) fn read_tensors(path: &Path) -> Result<Tensors, Failure> {
    Ok(Tensor::read_safetensors(path)?.into_iter().collect())
}

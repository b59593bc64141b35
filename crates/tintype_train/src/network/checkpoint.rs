//! Checkpoints: `weights`, `first`, `second`, `mean` as safetensors and `state.json`, replaced as a whole.
//!
//! Data and noise follow from seed and step alone, so these five files are all that an exact continuation needs.

use super::Failure;
use super::model::Tensors;
use super::optimiser::Optimiser;
use super::recipe::Recipe;
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
    pub(super) fn write(&self, state: &State, weights: &Tensors, optimiser: &Optimiser) -> Result<(), Failure> {
        let beside = self.folder.with_extension("new");
        let old = self.folder.with_extension("old");
        let _ = std::fs::remove_dir_all(&beside);
        std::fs::create_dir_all(&beside)?;
        write_tensors(&beside.join("weights.safetensors"), weights)?;
        write_tensors(&beside.join("first.safetensors"), &optimiser.first)?;
        write_tensors(&beside.join("second.safetensors"), &optimiser.second)?;
        write_tensors(&beside.join("mean.safetensors"), &optimiser.mean)?;
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
        let (state, _, optimiser) = self.read()?;
        Ok((state, optimiser.mean))
    }

    /// Reads it back.
    pub(super) fn read(&self) -> Result<(State, Tensors, Optimiser), Failure> {
        let state = serde_json::from_slice(&std::fs::read(self.folder.join("state.json"))?)?;
        let file = |name: &str| read_tensors(&self.folder.join(name));
        let optimiser = Optimiser {
            first: file("first.safetensors")?,
            second: file("second.safetensors")?,
            mean: file("mean.safetensors")?,
        };
        Ok((state, file("weights.safetensors")?, optimiser))
    }
}

/// Writes tensors by name.
pub(super) fn write_tensors(path: &Path, tensors: &Tensors) -> Result<(), Failure> {
    let list: Vec<(&str, Tensor)> = tensors.iter().map(|(k, v)| (k.as_str(), v.detach().contiguous())).collect();
    Ok(Tensor::write_safetensors(&list, path)?)
}

/// Reads tensors by name.
pub(super) fn read_tensors(path: &Path) -> Result<Tensors, Failure> {
    Ok(Tensor::read_safetensors(path)?.into_iter().collect())
}

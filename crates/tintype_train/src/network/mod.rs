//! Training of autoencoder networks on LibTorch.
//!
//! In: folders of pictures and a [`Recipe`]. Out: checkpoints (safetensors and a JSON state),
//! a JSON log, and weights from which `export` makes a model file. Never part of the decoder
//! or of the default build; not bit-exact.

// On tensors `+=` works in place, which gradients do not survive.
#![allow(clippy::assign_op_pattern)]

mod calibrate;
mod checkpoint;
mod dashboard;
mod data;
mod export;
mod fit;
mod loss;
mod measure;
mod model;
mod optimiser;
mod precision;
mod report;
mod start;
mod train;
mod validate;

pub use crate::recipe::Recipe;
pub use checkpoint::{Checkpoint, State};
pub use data::{Keep, PictureSet};
pub use export::{export, quality_of_level};
pub use fit::write_outputs;
pub(crate) use fit::{SETTINGS, fit};
pub use measure::measure;
pub use model::{Model, Weights};
pub use report::write_report;
pub use train::{TrainingRun, train};
pub use validate::{Anchor, ValidationPoint, validate};

/// What went wrong in training, with what the user can do where that is known.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

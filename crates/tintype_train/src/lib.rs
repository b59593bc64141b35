//! Fits trees, bases and dictionaries; trains networks; exports model files.
//!
//! Networks train on LibTorch behind the feature `network`; everything else is in the plain
//! build.

pub mod cluster;
mod error;
mod fit;
pub mod learn;
#[cfg(feature = "network")]
pub mod network;
pub mod neural;
mod page;
pub mod photo;
mod pictures;
mod pieces;
mod random;
mod recipe;
mod request;
pub mod sparse;

pub use error::FitError;
pub use fit::{describe_model, fitted_codecs, fitter};
pub use pictures::PictureList;
pub use recipe::Recipe;
pub use request::{Adapting, FILES, Fit, FitJob, FitRequest, Fitted, Progress, joined};

//! Fits trees, bases and dictionaries; trains networks; exports model files.
//!
//! Networks train on LibTorch behind the feature `network`; everything else is in the plain build.

pub mod cluster;
pub mod draw;
mod fit;
#[cfg(feature = "network")]
pub mod network;
pub mod neural;
pub mod pca;
mod pictures;
pub mod sparse;

pub use fit::{Fit, FitError, FitRequest, Fitted, Progress, fitted_codecs, fitter};
pub use pictures::PictureList;

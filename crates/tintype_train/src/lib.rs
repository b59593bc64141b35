//! Fits trees, bases and dictionaries; trains networks; exports model files.
//!
//! Networks train on LibTorch behind the feature `network`; everything else is in the plain build.

#[cfg(feature = "network")]
pub mod network;
pub mod pca;
pub mod sparse;

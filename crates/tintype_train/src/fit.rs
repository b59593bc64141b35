//! What `tintype train` runs: one door to every codec whose model is fitted or trained in the plain build.
//!
//! In: a [`PictureList`] and a [`FitRequest`]. Out: [`Fitted`], the bytes of a model file and what made it. A fit reads
//! pictures one at a time and keeps samples of them, so that memory does not grow with the folder. The same list, request
//! and program give the same bytes. To add a codec: implement [`Fit`] in its own room and name it in [`fitter`].

use crate::PictureList;
use std::fmt;
use tintype_codec::{CodecError, CodecId};
use tintype_image::ImageError;

/// What a fit may be asked for beside the pictures.
#[derive(Clone, Debug)]
pub struct FitRequest {
    /// Seed of everything drawn.
    pub seed: u64,
    /// At most this many pictures are read; the list is thinned evenly.
    pub pictures_max: usize,
    /// Settings of the codec's own, as `name=value`; each fit names those it knows and refuses others.
    pub settings: Vec<(String, String)>,
}

impl Default for FitRequest {
    fn default() -> Self {
        Self { seed: 1, pictures_max: 700, settings: Vec::new() }
    }
}

impl FitRequest {
    /// Refuses settings that are not in `known`.
    ///
    /// # Errors
    /// `Misuse` with the names that there are.
    pub fn check_settings(&self, known: &[&str]) -> Result<(), FitError> {
        match self.settings.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => {
                let what = format!("there is no setting `{name}`; there are: {}", known.join(", "));
                Err(FitError::Misuse { what })
            }
        }
    }

    /// The value of setting `name`, or `default`.
    ///
    /// # Errors
    /// `Misuse` for a value that does not parse.
    pub fn setting<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T, FitError> {
        let Some((_, value)) = self.settings.iter().rev().find(|(own, _)| own == name) else {
            return Ok(default);
        };
        value.parse().map_err(|_| FitError::Misuse {
            what: format!("setting {name}: `{value}` does not fit"),
        })
    }
}

/// How far a fit is.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// What is being done.
    pub stage: &'a str,
    /// How much of the whole fit is done, 0 to 1.
    pub done: f32,
    /// What the fit makes smaller, if this stage has such a figure, with its unit: `("bits a sample", 1.25)`.
    pub objective: Option<(&'a str, f32)>,
}

/// A model and what made it.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The model file.
    pub bytes: Vec<u8>,
    /// Name and value of all that was set or counted, for the model's card.
    pub parameters: Vec<(String, String)>,
}

/// Fits one codec's model.
pub trait Fit: Sync {
    /// Fits to `pictures`; `report` hears how far it is.
    ///
    /// # Errors
    /// `Misuse` for settings or a folder that cannot be fitted to, `Picture` and `Io` for a picture that cannot be read.
    fn fit(
        &self,
        pictures: &PictureList,
        request: &FitRequest,
        report: &mut dyn FnMut(&Progress<'_>),
    ) -> Result<Fitted, FitError>;
}

/// Every fit, with the codec it is for.
static FITS: [(CodecId, &dyn Fit); 4] = [
    (tintype_cluster::ID, &crate::cluster::ClusterFit),
    (tintype_pca::ID, &crate::pca::PcaFit),
    (tintype_sparse::ID, &crate::sparse::SparseFit),
    (tintype_neural::ID, &crate::neural::NeuralFit),
];

/// The fit for a codec, if this build has one.
pub fn fitter(codec: CodecId) -> Option<&'static dyn Fit> {
    FITS.iter().find(|(id, _)| *id == codec).map(|(_, fit)| *fit)
}

/// The codecs that [`fitter`] knows.
pub fn fitted_codecs() -> impl Iterator<Item = CodecId> {
    FITS.iter().map(|(id, _)| *id)
}

/// Why a fit ended.
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // Each variant's text names its fields.
pub enum FitError {
    /// A file could not be read.
    Io { file: String, error: std::io::Error },
    /// A file is no picture, or one outside the limits.
    Picture { file: String, error: ImageError },
    /// The codec refuses what was fitted.
    Codec(CodecError),
    /// The request makes no sense.
    Misuse { what: String },
    /// A training run ended before its end.
    Training { what: String },
}

impl fmt::Display for FitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { file, error } => write!(f, "{file}: {error}"),
            Self::Picture { file, error } => write!(f, "{file}: {error}"),
            Self::Codec(error) => write!(f, "{error}"),
            Self::Misuse { what } | Self::Training { what } => write!(f, "{what}"),
        }
    }
}

impl std::error::Error for FitError {}

impl From<CodecError> for FitError {
    fn from(error: CodecError) -> Self {
        Self::Codec(error)
    }
}

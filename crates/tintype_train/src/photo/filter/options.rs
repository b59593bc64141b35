//! How the filter is fitted, as a request says.

use crate::{FitError, FitRequest};

/// How the filter is fitted.
#[derive(Clone, Debug)]
pub struct FilterOptions {
    /// Pictures coded, each at one quality; a folder with fewer is gone through again at other
    /// qualities. 0 fits none.
    pub pairs: usize,
    /// Samples by which a class is drawn towards those that it is part of, or towards its weights
    /// in the model's own filter.
    pub prior: f64,
    /// Whether the model's own filter is moved, not a new one fitted.
    pub moves: bool,
    /// Seed of parts and qualities.
    pub seed: u64,
}

impl Default for FilterOptions {
    fn default() -> Self {
        Self { pairs: 1000, prior: 3000.0, moves: false, seed: 1 }
    }
}

impl FilterOptions {
    /// As the settings of `request` that start with `filter-` say.
    ///
    /// # Errors
    /// `Misuse` for values that are no numbers or out of range.
    pub fn of_request(request: &FitRequest) -> Result<Self, FitError> {
        let default = Self::default();
        let options = Self {
            pairs: request.setting("filter-pairs", default.pairs)?,
            prior: request.setting("filter-prior", default.prior)?,
            seed: request.seed,
            ..default
        };
        if !(0.0..=1e12).contains(&options.prior) {
            let what = "filter-prior is a number of samples, 0 or more".into();
            return Err(FitError::Misuse { what });
        }
        Ok(options)
    }

    /// Names and values for a model's card.
    pub fn lines(&self) -> Vec<(String, String)> {
        let lines = [
            ("filter: pictures coded", self.pairs.to_string()),
            ("filter: samples of a class's prior", self.prior.to_string()),
        ];
        lines.map(|(name, value)| (name.to_string(), value)).to_vec()
    }
}

//! How the filter is trained, as a request says.

use crate::{FitError, FitRequest};
use tintype_photo::filter::BLOCKS_MAX;

/// How the filter is trained.
#[derive(Clone, Debug)]
pub struct FilterOptions {
    /// Blocks of the network.
    pub blocks: usize,
    /// Steps of the optimiser; 0 trains none.
    pub steps: u32,
    /// Patches of 96 × 96 pixels in a step.
    pub batch: usize,
    /// Pictures coded, each at one quality; a folder with fewer is gone through again at other
    /// qualities.
    pub pairs: usize,
    /// Largest learning rate.
    pub rate: f32,
    /// Seed of weights and patches.
    pub seed: u64,
}

impl Default for FilterOptions {
    fn default() -> Self {
        Self { blocks: 3, steps: 24_000, batch: 8, pairs: 900, rate: 3e-3, seed: 1 }
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
            blocks: request.setting("filter-blocks", default.blocks)?,
            steps: request.setting("filter-steps", default.steps)?,
            batch: request.setting("filter-batch", default.batch)?,
            pairs: request.setting("filter-pairs", default.pairs)?,
            rate: request.setting("filter-rate", default.rate)?,
            seed: request.seed,
        };
        if !(1..=BLOCKS_MAX).contains(&options.blocks) || options.batch == 0 || options.pairs == 0 {
            let what = format!("a filter has 1 to {BLOCKS_MAX} blocks; batch and pairs are at least 1");
            return Err(FitError::Misuse { what });
        }
        Ok(options)
    }

    /// Names and values for a model's card.
    pub fn lines(&self) -> Vec<(String, String)> {
        let lines = [
            ("filter: blocks of the network", self.blocks.to_string()),
            ("filter: steps", self.steps.to_string()),
            ("filter: patches in a step", self.batch.to_string()),
            ("filter: pictures coded", self.pairs.to_string()),
            ("filter: learning rate", self.rate.to_string()),
        ];
        lines.map(|(name, value)| (name.to_string(), value)).to_vec()
    }
}

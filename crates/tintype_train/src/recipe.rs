//! The recipe: every number that decides what a training run does, read from TOML.

use crate::FitError;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A training recipe.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Name of the model.
    pub name: String,
    /// Seed of data order, crops and noise.
    pub seed: u64,
    /// Widths and depths.
    pub network: NetworkRecipe,
    /// Rates and losses.
    pub rate: RateRecipe,
    /// What counts as distortion, and penalties.
    #[serde(default)]
    pub loss: LossRecipe,
    /// How crops are changed.
    #[serde(default)]
    pub augment: AugmentRecipe,
    /// Steps and steepness.
    pub schedule: ScheduleRecipe,
}

/// Where the latents' distributions come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prior {
    /// Scales from hyper-latents, means from them and from neighbours.
    #[default]
    Hyper,
    /// One scale for each channel and quality: a plain autoencoder.
    Factorised,
}

/// How a block of layers is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlockKind {
    /// Two residual branches: 1×1, depthwise 3×3, 1×1; then 1×1 to twice the width and back.
    #[default]
    Residual,
    /// The same layers one after the other, without what skips them.
    Plain,
    /// Each branch sees what the one before saw and made: channels are joined, then brought
    /// back to the width.
    Dense,
}

/// Weights of distortions (beside the rate) and of penalties on latents.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossRecipe {
    /// Of the squared error of 8-bit samples.
    pub mse: f64,
    /// Of the mean absolute error.
    pub mae: f64,
    /// Of the binary cross-entropy in nats.
    pub bce: f64,
    /// Of 1 − SSIM.
    pub ssim: f64,
    /// Of 1 − MS-SSIM.
    pub ms_ssim: f64,
    /// Of a distance built like SSIMULACRA 2.
    pub ssimulacra2: f64,
    /// Of the mean magnitude of latents over their spread.
    pub activity_l1: f64,
    /// Of their mean square.
    pub activity_l2: f64,
    /// Of the Kullback–Leibler distance of each channel's mean activity from the target.
    pub activity_kl: f64,
    /// That target.
    pub activity_target: f64,
    /// Latents kept at each position, the largest; 0 keeps all.
    pub keep: i64,
}

impl Default for LossRecipe {
    fn default() -> Self {
        Self {
            mse: 1.0,
            mae: 0.0,
            bce: 0.0,
            ssim: 0.0,
            ms_ssim: 0.0,
            ssimulacra2: 0.0,
            activity_l1: 0.0,
            activity_l2: 0.0,
            activity_kl: 0.0,
            activity_target: 0.05,
            keep: 0,
        }
    }
}

/// Changes to crops beside mirroring and quarter turns, each up to its number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentRecipe {
    /// Crops are taken from up to this factor larger an area, and scaled down.
    pub scale: f64,
    /// Turned by up to this many degrees.
    pub rotation_degrees: f64,
    /// Brightness and contrast of each channel, in shares of 1.
    pub jitter: f64,
    /// Deviation of film grain on half of the crops, up to this many 8-bit units; it is part
    /// of the target too.
    pub grain: f64,
    /// Deviation of noise on the input, in 8-bit units; the target stays clean.
    pub noise: f64,
    /// Share of input pixels that are set to grey; the target stays whole.
    pub missing: f64,
}

/// Widths (channels) and depths (blocks); see the model's documentation for where each stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkRecipe {
    /// Latent channels, on the 1/16 grid.
    pub latent: i64,
    /// Hyper-latent channels, on the 1/64 grid.
    pub hyper_latent: i64,
    /// Width of hyperprior and context.
    pub context: i64,
    /// Analysis width on the 1/8 grid.
    pub analysis8: i64,
    /// Analysis blocks on the 1/8 grid.
    pub analysis8_blocks: usize,
    /// Analysis width on the 1/16 grid.
    pub analysis16: i64,
    /// Analysis blocks on the 1/16 grid.
    pub analysis16_blocks: usize,
    /// Synthesis width on the 1/16 grid.
    pub synthesis16: i64,
    /// Synthesis blocks on the 1/16 grid.
    pub synthesis16_blocks: usize,
    /// Synthesis width on the 1/8 grid.
    pub synthesis8: i64,
    /// Synthesis blocks on the 1/8 grid.
    pub synthesis8_blocks: usize,
    /// Where distributions come from.
    #[serde(default)]
    pub prior: Prior,
    /// How blocks are built.
    #[serde(default)]
    pub block: BlockKind,
}

/// The range of qualities one model covers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateRecipe {
    /// Number of quality anchors between which gains are interpolated.
    pub anchors: i64,
    /// Weight of the mean squared error (samples 0 to 255) at the lowest quality.
    pub lambda_min: f64,
    /// The same at the highest.
    pub lambda_max: f64,
    /// A sample's loss is weighted with `(lambda / geometric mean)^(-balance)`.
    pub balance: f64,
}

/// The rule by which weights change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimiserKind {
    /// Stochastic gradient with Nesterov's momentum.
    Sgd,
    /// AdaGrad.
    AdaGrad,
    /// Adam.
    Adam,
    /// Adam with decoupled weight decay.
    #[default]
    AdamW,
    /// Orthogonalised momentum for matrices, AdamW for the rest.
    Muon,
}

/// How long and how fast.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleRecipe {
    /// The rule by which weights change.
    #[serde(default)]
    pub optimiser: OptimiserKind,
    /// Optimiser steps in all.
    pub steps: u64,
    /// Steps of linear warm-up.
    pub warm_up: u64,
    /// Steps with small crops at the start.
    pub small_crop_steps: u64,
    /// Side of the small crops; their batch is larger so that the pixels stay the same.
    pub small_crop_px: i64,
    /// Side of the crops after that.
    pub crop_px: i64,
    /// Crops a step.
    pub batch: i64,
    /// Highest learning rate.
    pub rate_max: f64,
    /// Learning rate at the end of the cosine.
    pub rate_min: f64,
    /// Factor on the learning rate of the linear shortcut.
    pub shortcut_rate: f64,
    /// The linear shortcut is trained in every so many steps.
    #[serde(default = "one")]
    pub shortcut_every: u64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Largest gradient norm.
    pub clip_norm: f64,
    /// Decay of the running mean of weights.
    pub mean_decay: f64,
    /// The last steps, so many, round weights and results as the exported integers will be
    /// rounded (in float32, slower).
    #[serde(default)]
    pub rounding_steps: u64,
    /// Validations in a row without a better result after which a run ends; 0 for none.
    #[serde(default)]
    pub patience: u64,
    /// Steps between validations.
    pub validate_every: u64,
    /// Seconds between checkpoints.
    pub checkpoint_seconds: u64,
}

/// Channels of one layer at most.
const WIDTH_MAX: i64 = 1 << 14;
/// Blocks of one grid at most.
const BLOCKS_MAX: i64 = 1 << 10;
/// Side of a crop at most.
const CROP_PX_MAX: i64 = 1 << 14;

/// Refuses a number outside `least` to `most`.
fn within(name: &str, value: i64, least: i64, most: i64) -> Result<(), String> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(format!("{name} is {value}; {least} to {most} are possible")),
    }
}

fn one() -> u64 {
    1
}

impl Recipe {
    /// Reads a recipe file.
    ///
    /// # Errors
    /// If it cannot be read, names a field that does not exist, or has a number that no network can have.
    pub fn read(path: &Path) -> Result<Self, FitError> {
        let wrong =
            |what: String| FitError::Misuse { what: format!("recipe {}: {what}", path.display()) };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&text).map_err(wrong)
    }

    /// Reads the text of a recipe.
    ///
    /// # Errors
    /// What is wrong with it, where, and what is possible.
    pub fn parse(text: &str) -> Result<Self, String> {
        let recipe: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        recipe.check()?;
        Ok(recipe)
    }

    /// Refuses numbers from which no network is made, or one that no machine holds.
    fn check(&self) -> Result<(), String> {
        let (network, rate, schedule) = (&self.network, &self.rate, &self.schedule);
        let widths = [
            ("network.latent", network.latent),
            ("network.hyper_latent", network.hyper_latent),
            ("network.context", network.context),
            ("network.analysis8", network.analysis8),
            ("network.analysis16", network.analysis16),
            ("network.synthesis16", network.synthesis16),
            ("network.synthesis8", network.synthesis8),
        ];
        let blocks = [
            ("network.analysis8_blocks", network.analysis8_blocks),
            ("network.analysis16_blocks", network.analysis16_blocks),
            ("network.synthesis16_blocks", network.synthesis16_blocks),
            ("network.synthesis8_blocks", network.synthesis8_blocks),
        ];
        widths.iter().try_for_each(|&(name, width)| within(name, width, 1, WIDTH_MAX))?;
        blocks.iter().try_for_each(|&(name, count)| within(name, count as i64, 0, BLOCKS_MAX))?;
        within("rate.anchors", rate.anchors, 2, 256)?;
        within("loss.keep", self.loss.keep, 0, i64::MAX)?;
        within("schedule.small_crop_px", schedule.small_crop_px, 1, CROP_PX_MAX)?;
        within("schedule.crop_px", schedule.crop_px, 1, CROP_PX_MAX)?;
        within("schedule.batch", schedule.batch, 1, 1 << 16)?;
        let lambdas = rate.lambda_min > 0.0 && rate.lambda_min <= rate.lambda_max;
        match lambdas && rate.lambda_max.is_finite() {
            true => Ok(()),
            false => Err(format!(
                "rate.lambda_min {} and rate.lambda_max {}: they must be above 0, the first not above the second",
                rate.lambda_min, rate.lambda_max
            )),
        }
    }

    /// Weight of the squared error at `quality` (0 to anchors − 1).
    pub fn lambda(&self, quality: f64) -> f64 {
        let part = quality / (self.rate.anchors - 1) as f64;
        self.rate.lambda_min * (self.rate.lambda_max / self.rate.lambda_min).powf(part)
    }

    /// Weight of a sample's loss.
    pub fn balance(&self, lambda: f64) -> f64 {
        (lambda / (self.rate.lambda_min * self.rate.lambda_max).sqrt()).powf(-self.rate.balance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_numbers_are_refused_by_name() {
        let text = include_str!("../../../recipes/photo.toml");
        Recipe::parse(text).unwrap();
        for (name, value) in [
            ("latent", "0"),
            ("analysis8", "9223372036854775807"),
            ("synthesis8_blocks", "1000000000"),
            ("anchors", "1"),
            ("batch", "-1"),
            ("lambda_min", "0.0"),
            ("lambda_max", "nan"),
        ] {
            let changed = text.lines().map(|line| match line.split_once(" =") {
                Some((key, _)) if key == name => format!("{name} = {value}"),
                _ => line.to_string(),
            });
            let changed = changed.collect::<Vec<_>>().join("\n");
            assert!(changed != text, "{name}");
            let message = Recipe::parse(&changed).unwrap_err();
            assert!(message.contains(name), "{message}");
        }
    }
}

//! A model file as the codec uses it: programs and tables, checked to fit together.
//!
//! In: a [`ModelFile`] whose payload is a [`Network`]. Out: [`NeuralModel`]. Latents are
//! integers with 9 fraction bits on the model's own scale, samples with 5 fraction bits around
//! 127.5 on the scale of 8 bits. Bit-exact.

use super::ID;
use super::error::from_nn;
use super::statistics::TableStatistics;
use tintype_codec::{CodecError, CodecId};
use tintype_entropy::{CdfFamily, CdfTable};
use tintype_model::{Model, ModelFile, ModelHash, ModelLimits};
use tintype_nn::{Array, Network, NnError, Program};

/// A model ready to code with.
#[derive(Clone, Debug)]
pub struct NeuralModel {
    /// Its name.
    pub name: String,
    /// Its hash.
    pub hash: ModelHash,
    /// Number of quality levels.
    pub levels: usize,
    pub(super) latent: usize,
    pub(super) hyper: usize,
    pub(super) context: usize,
    /// Samples in blocks of 8 × 8 to latents.
    pub(super) analysis: Program,
    /// Latents to hyper-latents, 8 fraction bits.
    pub(super) hyper_analysis: Program,
    /// Hyper-latents (8 fraction bits) to context features and, after them, table indices (8
    /// fraction bits).
    pub(super) hyper_synthesis: Program,
    /// Latents to features for their neighbours.
    pub(super) context_enter: Program,
    /// Features of decoded neighbours to a correction of the context features, for steps 1 to 3.
    pub(super) context_steps: [Program; 3],
    /// Context features to means.
    pub(super) context_mean: Program,
    /// Latents to samples in blocks of 8 × 8.
    pub(super) synthesis: Program,
    /// Quantiser steps' inverses with 24 fraction bits per unit of a latent, `[level][latent]`.
    pub(super) gain: Vec<i32>,
    /// Steps in units of a latent with 8 fraction bits, `[level][latent]`.
    pub(super) step: Vec<i32>,
    /// Added to table indices, `[level][latent]`, 8 fraction bits.
    pub(super) scale_bias: Vec<i16>,
    /// As `gain`, for hyper-latents.
    pub(super) hyper_gain: Vec<i32>,
    /// As `step`, for hyper-latents.
    pub(super) hyper_step: Vec<i32>,
    /// Table of each hyper-latent, `[level][hyper]`.
    pub(super) hyper_table: Vec<i16>,
    /// Weight of the squared error at each level, 20 fraction bits; for the encoder's RDO.
    pub(super) lambda: Vec<i32>,
    /// Qualities 0 to 100 that the levels reach, rising, in hundredths.
    qualities: Vec<i16>,
    /// The distributions; 0 stands for a value that is always 0 and not coded.
    pub(super) tables: CdfFamily,
    /// Statistics of each distribution.
    pub(super) statistics: Vec<TableStatistics>,
}

/// Bits of precision of the stored distributions.
const PRECISION: u32 = 16;
/// Most stored distributions.
const TABLES_MAX: usize = 256;
/// Coarsest grid of a synthesis, which its windows lie on, in latents.
const GRID_MAX: usize = 16;
/// Longest reach of a synthesis in latents.
const MARGIN_MAX: usize = 32;

impl Model for NeuralModel {
    const CODEC: CodecId = ID;
    const VERSION: u8 = 1;

    fn hash(&self) -> ModelHash {
        self.hash
    }

    fn from_payload(payload: &[u8], hash: ModelHash) -> Result<Self, CodecError> {
        let network = Network::from_bytes(payload).map_err(from_nn)?;
        Self::new(&network, hash).map_err(|error| match error {
            NnError::Misuse { what } => CodecError::Malformed { what, at: None },
            other => from_nn(other),
        })
    }
}

impl NeuralModel {
    /// The file of the model that `network` is.
    pub fn file_of(network: &Network) -> ModelFile {
        <Self as Model>::file_of(network.to_bytes())
    }

    /// The network in a model file, as it stands.
    ///
    /// # Errors
    /// As [`Model::from_bytes`], but for networks that do not fit the codec.
    pub fn network(bytes: &[u8]) -> Result<Network, CodecError> {
        let file = ModelFile::read(bytes, &ModelLimits::default())?;
        Network::from_bytes(Self::payload_of(&file)?).map_err(from_nn)
    }

    fn new(network: &Network, hash: ModelHash) -> Result<Self, NnError> {
        // A program that gives `out` positions for every `of` input positions.
        let program = |name: &str, inputs: usize, outputs: usize, (out, of): (usize, usize)| {
            let program = network.program(name)?.clone();
            if (program.inputs(), program.outputs()) == (inputs, outputs) && program.gives(out, of) {
                return Ok(program);
            }
            Err(NnError::Misuse { what: format!("program \"{name}\" of a wrong shape for this codec") })
        };
        let shape = network.array_i16("shape", 4)?;
        let [latent, hyper, context, levels] = [0, 1, 2, 3].map(|i| shape[i].max(0) as usize);
        if levels == 0 || levels > 256 || latent == 0 || hyper == 0 || context == 0 {
            return Err(NnError::Misuse { what: "a model without levels or channels".into() });
        }
        let family = tables(network)?;
        let step = |k: usize| program(&format!("context_step{k}"), context, context, (1, 1));
        let model = Self {
            name: network.name.clone(),
            hash,
            levels,
            latent,
            hyper,
            context,
            analysis: program("analysis", 192, latent, (1, 2))?,
            hyper_analysis: program("hyper_analysis", latent, hyper, (1, 4))?,
            hyper_synthesis: program("hyper_synthesis", hyper, context + latent, (4, 1))?,
            context_enter: program("context_enter", latent, context, (1, 1))?,
            context_steps: [step(1)?, step(2)?, step(3)?],
            context_mean: program("context_mean", context, latent, (1, 1))?,
            synthesis: program("synthesis", latent, 192, (2, 1))?,
            gain: network.array_i32("gain", levels * latent)?.to_vec(),
            step: network.array_i32("step", levels * latent)?.to_vec(),
            scale_bias: network.array_i16("scale_bias", levels * latent)?.to_vec(),
            hyper_gain: network.array_i32("hyper_gain", levels * hyper)?.to_vec(),
            hyper_step: network.array_i32("hyper_step", levels * hyper)?.to_vec(),
            hyper_table: network.array_i16("hyper_table", levels * hyper)?.to_vec(),
            lambda: network.array_i32("lambda", levels)?.to_vec(),
            qualities: network.array_i16("qualities", levels)?.to_vec(),
            statistics: TableStatistics::of_all(&family),
            tables: family,
        };
        if model.synthesis.grid() > GRID_MAX || model.synthesis.margin() > MARGIN_MAX {
            return Err(NnError::Misuse { what: "a synthesis that reaches too far".into() });
        }
        let last = model.tables.len() as i16;
        if model.hyper_table.iter().any(|&t| t < 0 || t >= last) {
            return Err(NnError::Misuse {
                what: "a hyper-latent with a table that does not exist".into(),
            });
        }
        Ok(model)
    }

    /// The lowest level whose quality is at least `quality`, or the highest.
    pub fn level_of(&self, quality: f32) -> usize {
        let wanted = (quality.clamp(0.0, 100.0) * 100.0) as i16;
        self.qualities.iter().position(|&q| q >= wanted).unwrap_or(self.levels - 1)
    }

    /// The values of `list` at `level`.
    pub(super) fn at<T>(list: &[T], level: usize, count: usize) -> &[T] {
        &list[level * count..][..count]
    }
}

/// The distributions, stored as: for each, least value, number of symbols, frequencies.
fn tables(network: &Network) -> Result<CdfFamily, NnError> {
    let Some(Array::I32(list)) = network.arrays.get("tables") else {
        return Err(NnError::Misuse { what: "the model has no array \"tables\"".into() });
    };
    let wrong = || NnError::Misuse { what: "the model's tables are malformed".into() };
    let (mut rest, mut tables) = (list.as_slice(), Vec::new());
    while let [least, count, after @ ..] = rest {
        let count = usize::try_from(*count).map_err(|_| wrong())?;
        let part = after.get(..count).ok_or_else(wrong)?;
        let frequencies: Vec<u32> = part.iter().map(|&f| u32::try_from(f).unwrap_or(0)).collect();
        tables.push((*least, CdfTable::from_frequencies(PRECISION, &frequencies).map_err(|_| wrong())?));
        rest = &after[count..];
    }
    if !rest.is_empty() || tables.len() < 2 || tables.len() > TABLES_MAX {
        return Err(wrong());
    }
    CdfFamily::new(tables).map_err(|_| wrong())
}

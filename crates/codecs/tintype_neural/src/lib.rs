//! Codec `neural`: a trained autoencoder with a hyperprior, run in integers.
//!
//! In: [`Planes`]; colour goes through the network as RGB, gray and bands as three equal
//! planes each, alpha and depth without loss through the `lossless` codec. Out: a [`Payload`]
//! with one section a tile of 1024 × 1024 pixels for each group of planes. Latents of a tile
//! are coded on their own; the synthesis reads the latents of neighbouring tiles, so that
//! tiles leave no seams. The header names the model by its hash.
//!
//! Bit-exact: all of decoding, and with it the encoder's loop. No floats. Source: Ballé et al.
//! 2018 (arXiv 1802.01436), section 3; JPEG AI's and ELIC's few-step context (arXiv
//! 2203.10886, section 3.2); scales in one shot and stored tables after FastNIC (arXiv
//! 2504.16586). The format is in docs/format/neural.md.

#[cfg(feature = "neural-model")]
mod builtin;
mod colour;
mod decode;
mod encode;
mod error;
mod header;
mod model;
mod rdo;
mod refine;
mod region;
mod residuals;
mod statistics;
mod trace;
mod walk;

#[cfg(test)]
mod tests;

#[cfg(feature = "neural-model")]
pub use builtin::{photo, photo_bytes};
pub use encode::TileSymbols;
pub use model::NeuralModel;
pub use trace::Trace;
pub use walk::Priors;

use std::sync::Arc;
use tintype_codec::{
    Capabilities, Codec, CodecError, CodecId, DecodeRequest, EncodeSettings, Exec, Payload, PayloadView,
    Result, SectionKey, StreamModel, Target,
};
use tintype_image::{Planes, Shape};

/// Which codec this is: its number in files, and its name.
pub const ID: CodecId = CodecId::new(7, "neural");

/// Side of a tile in pixels.
const TILE_PX: usize = 1024;
/// Pixels a position of the latents stands for, along each side.
const LATENT_PX: usize = 16;
/// The same for the hyper-latents.
const HYPER_PX: usize = 64;

/// The codec with one model.
#[derive(Clone)]
pub struct Neural {
    model: Arc<NeuralModel>,
    lossless: Option<&'static dyn Codec>,
}

impl Neural {
    /// The codec on `model`, for pictures without alpha and depth.
    pub fn new(model: NeuralModel) -> Self {
        Self { model: Arc::new(model), lossless: None }
    }

    /// The same with a codec for the planes that come back without loss: alpha and depth.
    pub fn with_lossless(self, codec: &'static dyn Codec) -> Self {
        Self { lossless: Some(codec), ..self }
    }

    /// The model.
    pub fn model(&self) -> &NeuralModel {
        &self.model
    }

    /// Codes at a level of the model instead of a quality: 0 is the coarsest. `rounds` of
    /// refinement: none is quick, 4 to 16 make files smaller.
    ///
    /// # Errors
    /// As [`Codec::encode`]; `Misuse` for a level the model does not have.
    pub fn encode_at_level(
        &self,
        source: &Planes,
        level: usize,
        rounds: usize,
        exec: &Exec,
    ) -> Result<Payload> {
        encode::encode(&self.model, self.lossless, source, &self.search(level, rounds)?, exec)
    }

    /// Bits that the colour planes take at `level`, by the probabilities of the coder's
    /// contexts, without writing a file. Files lie within half a per cent and 64 bytes of it.
    ///
    /// # Errors
    /// As [`Neural::encode_at_level`].
    pub fn estimated_bits(
        &self,
        source: &Planes,
        level: usize,
        rounds: usize,
        exec: &Exec,
    ) -> Result<f64> {
        encode::estimate(&self.model, source, &self.search(level, rounds)?, exec)
    }

    fn search(&self, level: usize, rounds: usize) -> Result<encode::Search> {
        if level >= self.model.levels {
            let what = format!("level {level} of a model with {}", self.model.levels);
            return Err(CodecError::Misuse { what });
        }
        Ok(encode::Search::new(&self.model, level, rounds))
    }
}

/// Rounds of refinement at an `effort` of 1 to 9.
pub fn rounds_of_effort(effort: u8) -> usize {
    [0, 0, 0, 1, 2, 4, 8, 16, 32][usize::from(effort.clamp(1, 9)) - 1]
}

impl Codec for Neural {
    fn id(&self) -> CodecId {
        ID
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { lossy: true, has_model: true, ..Capabilities::default() }
    }

    fn encode(&self, source: &Planes, settings: &EncodeSettings, exec: &Exec) -> Result<Payload> {
        let Target::Quality(quality) = settings.target else {
            return Err(CodecError::Unsupported { what: "codec neural is never lossless".into() });
        };
        self.encode_at_level(
            source,
            self.model.level_of(quality),
            rounds_of_effort(settings.effort),
            exec,
        )
    }

    fn setting_of(&self, quality: f32) -> Option<usize> {
        Some(self.model.level_of(quality))
    }

    fn stream_model(&self, _: &Shape, header: &[u8]) -> Option<StreamModel> {
        Some(StreamModel { hash: header::model_hash(header)?.0.to_vec(), sent: false })
    }

    fn holds_model(&self, header: &[u8]) -> bool {
        header::model_hash(header) == Some(self.model.hash)
    }

    fn wants(&self, shape: &Shape, _: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
        decode::wants(&self.model, shape, key, request)
    }

    fn decode(&self, payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Planes> {
        decode::decode(&self.model, self.lossless, payload, request, exec)
    }
}

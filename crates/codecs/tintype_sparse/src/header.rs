//! What a decoder needs beside the shape: model, step, and how the planes lie. Bit-exact.
//!
//! Bytes: flags (bits 7–4 version 1; bits 3–2 strength of the smoothing of block edges; bit 1
//! chroma at half resolution; bit 0 a model hash follows), the step's number, and the
//! model's hash (eight bytes) unless it is the model in the program. Not [`tintype_block::StreamHeader`],
//! which takes 16 bytes for three planes: pictures are small here.

use tintype_block::Dequantiser;
use tintype_codec::CodecError;
use tintype_model::ModelHash;

/// Side of a tile in pixels; a multiple of 64. Not measured.
pub const TILE_PX: usize = 1024;
/// Version written and read.
const VERSION: u8 = 1;
/// `round(4096 · 2^(i / 12))`: the step of number `n` is entry `n % 12` times `2^(n / 12)`,
/// over 4096.
const OCTAVE: [u32; 12] = [4096, 4340, 4598, 4871, 5161, 5468, 5793, 6137, 6502, 6889, 7298, 7732];

/// The parsed header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Strength of the smoothing of block edges, 0 to 3.
    pub smoothing: u8,
    /// Chroma planes of RGB pictures are coded at half their resolution.
    pub half_chroma: bool,
    /// Number of the step, 0 to 143: steps grow by the twelfth root of 2.
    pub step_number: u8,
    /// Which model the stream was coded with, if it is not the one in the program.
    pub model_hash: Option<ModelHash>,
}

impl Header {
    /// The largest step number.
    pub const STEP_MAX: u8 = 143;

    /// Header bytes: two, or ten.
    pub fn to_bytes(&self) -> Vec<u8> {
        let flags =
            u8::from(self.model_hash.is_some()) | u8::from(self.half_chroma) << 1 | self.smoothing << 2;
        let mut bytes = vec![VERSION << 4 | flags, self.step_number];
        if let Some(hash) = self.model_hash {
            bytes.extend(hash.0);
        }
        bytes
    }

    /// Reads a header.
    ///
    /// # Errors
    /// `Truncated`, `Unsupported` (version), `Malformed` (step, bytes left over).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let &[flags, step_number, ref hash @ ..] = bytes else {
            return Err(CodecError::Truncated { needed: 2 - bytes.len() });
        };
        if flags >> 4 != VERSION {
            return Err(CodecError::Unsupported {
                what: format!("sparse stream of version {}", flags >> 4),
            });
        }
        let expected = if flags & 1 == 1 { ModelHash::LEN_BYTES } else { 0 };
        if hash.len() < expected {
            return Err(CodecError::Truncated { needed: expected - hash.len() });
        }
        if hash.len() > expected || step_number > Self::STEP_MAX {
            let what = format!("sparse header of {} bytes with step {step_number}", bytes.len());
            return Err(CodecError::Malformed { what, at: Some(1) });
        }
        let model_hash = ModelHash::from_start_of(hash);
        Ok(Self { smoothing: flags >> 2 & 3, half_chroma: flags & 2 != 0, step_number, model_hash })
    }

    /// The step of luma in internal units (1/16 of an 8-bit step), 1 to 65 535.
    pub fn step(&self) -> i32 {
        let number = u32::from(self.step_number.min(Self::STEP_MAX));
        ((u64::from(OCTAVE[(number % 12) as usize]) << (number / 12)) >> 12).max(1) as i32
    }

    /// How planes are dequantised.
    pub fn dequantiser(&self, chroma: bool) -> Dequantiser {
        let step = if chroma { (self.step() * CHROMA_STEP_Q4) >> 4 } else { self.step() };
        Dequantiser::new(step.max(1), SHRINK_Q8)
    }
}

/// Chroma's step against luma's, in sixteenths. Not measured.
const CHROMA_STEP_Q4: i32 = 16;
/// Reconstruction offset towards zero, in 1/256 of a step. Not measured.
const SHRINK_Q8: i32 = 12;

//! What a decoder needs beside the shape: model, tile grid, and each plane's step. Bit-exact.
//!
//! Bytes: version; the model's 8-byte hash; shrink in 1/256 of a step (`u8`); then for each plane its step in internal
//! units (`u16`, little endian, 1 to 65 535). In version 2 the packed model follows.

use super::block::Dequantiser;
use tintype_codec::CodecError;

/// Side of a tile in samples of its plane before subsampling; a multiple of 32.
pub const TILE_PX: usize = 1024;
/// Version of a stream under a model that the decoder has.
const VERSION: u8 = 1;
/// Version of a stream that carries its model.
const VERSION_WITH_MODEL: u8 = 2;

/// The parsed header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which model the stream was coded with.
    pub model_hash: [u8; 8],
    /// Reconstruction offset towards zero, in 1/256 of a step.
    pub shrink: u8,
    /// One step for each plane, internal units.
    pub steps: Vec<u16>,
    /// The model, packed, where it is sent with the picture.
    pub own_model: Option<Vec<u8>>,
}

impl Header {
    /// Header bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![if self.own_model.is_some() { VERSION_WITH_MODEL } else { VERSION }];
        bytes.extend(self.model_hash);
        bytes.push(self.shrink);
        for step in &self.steps {
            bytes.extend(step.to_le_bytes());
        }
        bytes.extend(self.own_model.iter().flatten());
        bytes
    }

    /// Reads a header for `planes` planes.
    ///
    /// # Errors
    /// `Truncated`, `Unsupported` (version), `Malformed` (a step of 0, bytes left over).
    pub fn from_bytes(bytes: &[u8], planes: usize) -> Result<Self, CodecError> {
        let needed = 10 + 2 * planes;
        if bytes.len() < needed {
            return Err(CodecError::Truncated { needed: needed - bytes.len() });
        }
        if !(VERSION..=VERSION_WITH_MODEL).contains(&bytes[0]) {
            return Err(CodecError::Unsupported {
                what: format!("pca stream of version {}", bytes[0]),
            });
        }
        let own_model = (bytes[0] == VERSION_WITH_MODEL).then(|| bytes[needed..].to_vec());
        if own_model.is_none() && bytes.len() > needed {
            return Err(CodecError::Malformed {
                what: "bytes after the pca header".into(),
                at: Some(needed),
            });
        }
        let steps: Vec<u16> =
            bytes[10..needed].chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        if let Some(plane) = steps.iter().position(|&s| s == 0) {
            return Err(CodecError::Malformed {
                what: format!("step 0 for plane {plane}"),
                at: Some(10 + 2 * plane),
            });
        }
        let mut model_hash = [0; 8];
        model_hash.copy_from_slice(&bytes[1..9]);
        Ok(Self { model_hash, shrink: bytes[9], steps, own_model })
    }

    /// How plane `index` is dequantised.
    pub fn dequantiser(&self, index: usize) -> Dequantiser {
        let step = i32::from(self.steps[index]);
        Dequantiser { step, shrink: (step * i32::from(self.shrink)) >> 8 }
    }
}

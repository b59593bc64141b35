//! What a decoder needs beside the shape: model, steps, chroma's size. Bit-exact.
//!
//! Bytes: `version 3`; flags (bit 0: chroma of RGB at half size, bit 1: the model follows); the model's 8-byte hash; for each
//! plane its step in internal units (`u16`, little endian, 1 to 65 535); if bit 1 is set, the packed model.

use tintype_codec::CodecError;

/// Side of a tile in pixels; a multiple of 32.
pub const TILE_PX: usize = 1024;
/// States of each section's code.
pub const LANES: usize = 2;
const VERSION: u8 = 3;
const HALF_CHROMA: u8 = 1;
const OWN_MODEL: u8 = 2;

/// The parsed header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which model the stream was coded with.
    pub model_hash: [u8; 8],
    /// Whether the colour differences of RGB have half the columns and rows.
    pub half_chroma: bool,
    /// One step for each plane, internal units.
    pub steps: Vec<u16>,
    /// The model, packed, where it is sent with the picture.
    pub own_model: Option<Vec<u8>>,
}

impl Header {
    /// Header bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let own = if self.own_model.is_some() { OWN_MODEL } else { 0 };
        let mut bytes = vec![VERSION, (u8::from(self.half_chroma) * HALF_CHROMA) | own];
        bytes.extend(self.model_hash);
        self.steps.iter().for_each(|step| bytes.extend(step.to_le_bytes()));
        bytes.extend(self.own_model.iter().flatten());
        bytes
    }

    /// Reads a header for `planes` planes.
    ///
    /// # Errors
    /// `Truncated`, `Unsupported` (version, flags), `Malformed` (a step of 0, bytes left over).
    pub fn from_bytes(bytes: &[u8], planes: usize) -> Result<Self, CodecError> {
        let needed = 10 + 2 * planes;
        if bytes.len() < needed {
            return Err(CodecError::Truncated { needed: needed - bytes.len() });
        }
        let flags = bytes[1];
        if bytes[0] != VERSION || flags & !(HALF_CHROMA | OWN_MODEL) != 0 {
            return Err(CodecError::Unsupported {
                what: format!("cluster stream of version {}.{flags}", bytes[0]),
            });
        }
        let own_model = (flags & OWN_MODEL != 0).then(|| bytes[needed..].to_vec());
        if own_model.is_none() && bytes.len() > needed {
            return Err(CodecError::Malformed {
                what: "bytes after the cluster header".into(),
                at: Some(needed),
            });
        }
        let steps: Vec<u16> =
            bytes[10..needed].as_chunks().0.iter().map(|b| u16::from_le_bytes(*b)).collect();
        if let Some(plane) = steps.iter().position(|&s| s == 0) {
            return Err(CodecError::Malformed {
                what: format!("step 0 for plane {plane}"),
                at: Some(10 + 2 * plane),
            });
        }
        let mut model_hash = [0; 8];
        model_hash.copy_from_slice(&bytes[2..10]);
        Ok(Self { model_hash, half_chroma: flags & HALF_CHROMA != 0, steps, own_model })
    }
}

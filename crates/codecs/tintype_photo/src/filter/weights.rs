//! The weights of the filter as they stand in a model file.

use super::{CLASSES, FEATURES, LIMITS, SETS};
use tintype_codec::CodecError;

/// Fractional bits that the byte of a weight lacks, by limit: weights of small differences may be
/// larger, those of large ones are finer.
const SHIFTS: [u32; LIMITS.len()] = [4, 3, 2];

/// The filter of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// `[set][class][feature]`, [`super::WEIGHT_BITS`] fractional bits.
    weights: Vec<[i16; FEATURES]>,
}

impl Filter {
    /// Bytes of a filter: one for each weight.
    pub const LEN: usize = SETS * CLASSES * FEATURES;

    /// Reads the bytes of a filter.
    ///
    /// # Errors
    /// `Malformed` unless there are [`Self::LEN`] of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        if bytes.len() != Self::LEN {
            let what = format!("photo filter of {} bytes instead of {}", bytes.len(), Self::LEN);
            return Err(CodecError::Malformed { what, at: Some(0) });
        }
        let weight = |feature: usize, byte: u8| i16::from(byte as i8) << SHIFTS[feature % LIMITS.len()];
        let class = |bytes: &[u8; FEATURES]| std::array::from_fn(|at| weight(at, bytes[at]));
        Ok(Self { weights: bytes.as_chunks().0.iter().map(class).collect() })
    }

    /// The bytes that [`Self::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = |(feature, weight): (usize, &i16)| (weight >> SHIFTS[feature % LIMITS.len()]) as u8;
        self.weights.iter().flat_map(|weights| weights.iter().enumerate().map(bytes)).collect()
    }

    /// With the `weights` of each set, class and feature, rounded and limited.
    ///
    /// # Panics
    /// Unless there are [`Self::LEN`] of them.
    pub fn from_weights(weights: &[f32]) -> Self {
        assert_eq!(weights.len(), Self::LEN);
        let byte = |(at, weight): (usize, &f32)| {
            let unit = (1 << (super::WEIGHT_BITS - SHIFTS[at % FEATURES % LIMITS.len()])) as f32;
            (weight * unit).round().clamp(-128.0, 127.0) as i8 as u8
        };
        let bytes: Vec<u8> = weights.iter().enumerate().map(byte).collect();
        Self::from_bytes(&bytes).expect("as many as there are")
    }

    /// The weights of `class` for luma or for a colour difference.
    #[inline]
    pub fn weights(&self, chroma: bool, class: usize) -> &[i16; FEATURES] {
        &self.weights[usize::from(chroma) * CLASSES + class]
    }
}

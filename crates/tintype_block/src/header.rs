//! The header of a block codec's stream: what a decoder needs beside the shape. Bit-exact.
//!
//! | bytes | meaning |
//! |---|---|
//! | 1 | version, 1 |
//! | 1 | flags: bit 0 the model follows; bits 1 to 7 are the codec's |
//! | 8 | hash of the model |
//! | 2 for each plane | quantiser step in internal units, little endian, 1 to 65 535 |
//! | rest | with bit 0: the model file |

use tintype_codec::{CodecError, CodecId, StreamModel};
use tintype_model::ModelHash;

/// Version written and read.
const VERSION: u8 = 1;
/// Bytes before the steps.
const FIXED: usize = 2 + ModelHash::LEN_BYTES;

/// The parsed header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamHeader {
    /// The codec's own flags, bits 1 to 7; bit 0 is [`StreamHeader::sent_model`]'s.
    pub flags: u8,
    /// Which model the stream was coded with.
    pub model_hash: ModelHash,
    /// One step for each plane, internal units.
    pub steps: Vec<u16>,
    /// The model file, where it is sent with the picture.
    pub sent_model: Option<Vec<u8>>,
}

impl StreamHeader {
    /// Flag: the model follows.
    const SENT_MODEL: u8 = 1;

    /// Header bytes.
    ///
    /// ```
    /// use tintype_block::StreamHeader;
    /// let header = StreamHeader {
    ///     flags: 2,
    ///     model_hash: tintype_model::ModelHash([9; 8]),
    ///     steps: vec![160, 300],
    ///     sent_model: None,
    /// };
    /// assert_eq!(header.to_bytes(), [1, 2, 9, 9, 9, 9, 9, 9, 9, 9, 160, 0, 44, 1]);
    /// ```
    pub fn to_bytes(&self) -> Vec<u8> {
        let sent = if self.sent_model.is_some() { Self::SENT_MODEL } else { 0 };
        let mut bytes = vec![VERSION, self.flags & !Self::SENT_MODEL | sent];
        bytes.extend(self.model_hash.0);
        self.steps.iter().for_each(|step| bytes.extend(step.to_le_bytes()));
        bytes.extend(self.sent_model.iter().flatten());
        bytes
    }

    /// Reads the header of a stream of `codec` with `planes` planes; `known` are the flags that
    /// the codec has.
    ///
    /// # Errors
    /// `Truncated`, `Unsupported` (version, flags), `Malformed` (a step of 0, bytes left over).
    pub fn from_bytes(
        bytes: &[u8],
        codec: CodecId,
        planes: usize,
        known: u8,
    ) -> Result<Self, CodecError> {
        let needed = FIXED + 2 * planes;
        if bytes.len() < needed {
            return Err(CodecError::Truncated { needed: needed - bytes.len() });
        }
        let (version, flags) = (bytes[0], bytes[1]);
        if version != VERSION || flags & !(known | Self::SENT_MODEL) != 0 {
            let what = format!(
                "{codec} stream of version {version} with flags {flags}; this program reads version {VERSION}"
            );
            return Err(CodecError::Unsupported { what });
        }
        let sent_model = (flags & Self::SENT_MODEL != 0).then(|| bytes[needed..].to_vec());
        if sent_model.is_none() && bytes.len() > needed {
            let what = format!("bytes after the {codec} header");
            return Err(CodecError::Malformed { what, at: Some(needed) });
        }
        let steps: Vec<u16> =
            bytes[FIXED..needed].as_chunks().0.iter().map(|b| u16::from_le_bytes(*b)).collect();
        if let Some(plane) = steps.iter().position(|&step| step == 0) {
            let what = format!("step 0 for plane {plane}");
            return Err(CodecError::Malformed { what, at: Some(FIXED + 2 * plane) });
        }
        let model_hash = ModelHash::from_start_of(&bytes[2..]).unwrap_or_default();
        Ok(Self { flags: flags & !Self::SENT_MODEL, model_hash, steps, sent_model })
    }

    /// Whether header `bytes` name the model of this `hash`.
    pub fn names_model(bytes: &[u8], hash: ModelHash) -> bool {
        bytes.get(2..).and_then(ModelHash::from_start_of) == Some(hash)
    }

    /// The model that header `bytes` name.
    pub fn stream_model(bytes: &[u8]) -> Option<StreamModel> {
        let sent = bytes.get(1).is_some_and(|flags| flags & Self::SENT_MODEL != 0);
        let hash = ModelHash::from_start_of(bytes.get(2..)?)?;
        Some(StreamModel { hash: hash.0, sent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODEC: CodecId = CodecId::new(200, "block");

    #[test]
    fn headers_come_back_and_wrong_ones_are_refused() {
        let sent = StreamHeader {
            flags: 4,
            model_hash: ModelHash(*b"hashhash"),
            steps: vec![1, 65_535, 7],
            sent_model: Some(vec![1, 2, 3]),
        };
        let bytes = sent.to_bytes();
        assert_eq!(StreamHeader::from_bytes(&bytes, CODEC, 3, 4), Ok(sent.clone()));
        assert!(StreamHeader::names_model(&bytes, ModelHash(*b"hashhash")));
        assert!(!StreamHeader::names_model(&bytes[..9], ModelHash(*b"hashhash")));

        let plain = StreamHeader { sent_model: None, ..sent }.to_bytes();
        let read = |bytes: &[u8]| StreamHeader::from_bytes(bytes, CODEC, 3, 4);
        for len in 0..plain.len() {
            assert!(matches!(read(&plain[..len]), Err(CodecError::Truncated { .. })), "{len}");
        }
        let changed = |at: usize, value: u8| {
            let mut bytes = plain.clone();
            bytes[at] = value;
            read(&bytes)
        };
        assert!(matches!(changed(0, 2), Err(CodecError::Unsupported { .. })));
        assert!(matches!(changed(1, 8), Err(CodecError::Unsupported { .. })));
        assert!(matches!(changed(10, 0), Err(CodecError::Malformed { at: Some(10), .. })));
        let longer = [&plain[..], &[0]].concat();
        assert!(matches!(read(&longer), Err(CodecError::Malformed { at: Some(16), .. })));
    }
}

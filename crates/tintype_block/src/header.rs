//! The header of a block codec's stream: what a decoder needs beside the shape. Bit-exact.
//!
//! | bytes | meaning |
//! |---|---|
//! | 1 | version, 1 |
//! | 1 | flags: bit 0 the model follows; bits 1 to 7 are the codec's |
//! | 8 | hash of the model |
//! | 2 for each plane | quantiser step in internal units, little endian, 1 to 65 535 |
//! | rest | with bit 0: the model file |
//!
//! The short form, for streams without a model that follow a rule for the steps of their planes:
//!
//! | bytes | meaning |
//! |---|---|
//! | 1 | bits 7–4: 2; bits 3–1 the codec's flags; bit 0: 0 |
//! | 4 | start of the hash of the model |
//! | 2 | quantiser step of the first plane |

use tintype_codec::{CodecError, CodecId, StreamModel};
use tintype_model::ModelHash;

/// Version written and read.
const VERSION: u8 = 1;
/// Bytes before the steps.
const FIXED: usize = 2 + ModelHash::LEN_BYTES;
/// Upper half of the first byte of the short form.
const SHORT: u8 = 2;
/// Bytes of the short form.
const SHORT_BYTES: usize = 1 + SHORT_HASH_BYTES + 2;
/// Bytes of the hash in the short form: with a thousand models at hand two of them are taken for one
/// another once in ten thousand times.
const SHORT_HASH_BYTES: usize = 4;
/// Flags that the short form has room for.
const SHORT_FLAGS: u8 = 0b1110;

/// The parsed header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamHeader {
    /// One step for each plane, internal units.
    pub steps: Vec<u16>,
    /// The codec's own flags, bits 1 to 7; bit 0 is [`StreamHeader::sent_model`]'s.
    pub flags: u8,
    /// Which model the stream was coded with; of a short header the first four bytes, then zeros.
    pub model_hash: ModelHash,
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

    /// Header bytes in the short form, if it has room for the flags and no model is sent. The steps
    /// of planes but the first are left out.
    ///
    /// ```
    /// use tintype_block::StreamHeader;
    /// let header = StreamHeader {
    ///     flags: 2,
    ///     model_hash: tintype_model::ModelHash([9; 8]),
    ///     steps: vec![160, 300],
    ///     sent_model: None,
    /// };
    /// assert_eq!(header.to_short_bytes(), Some(vec![0x22, 9, 9, 9, 9, 160, 0]));
    /// ```
    pub fn to_short_bytes(&self) -> Option<Vec<u8>> {
        let fits = self.flags & !SHORT_FLAGS == 0 && self.sent_model.is_none();
        let first = self.steps.first().filter(|_| fits)?;
        let mut bytes = vec![SHORT << 4 | self.flags];
        bytes.extend(&self.model_hash.0[..SHORT_HASH_BYTES]);
        bytes.extend(first.to_le_bytes());
        Some(bytes)
    }

    /// As [`StreamHeader::from_bytes`], for a codec that also has the short form: `steps_of` gives the
    /// steps of all planes from the first one's and the flags.
    ///
    /// # Errors
    /// As there.
    pub fn from_either(
        bytes: &[u8],
        codec: CodecId,
        (planes, known): (usize, u8),
        steps_of: impl Fn(u16, u8) -> Vec<u16>,
    ) -> Result<Self, CodecError> {
        let Some(first) = bytes.first().filter(|first| *first >> 4 == SHORT) else {
            return Self::from_bytes(bytes, codec, planes, known);
        };
        let flags = first & 15;
        if flags & !(known & SHORT_FLAGS) != 0 {
            let what = format!("{codec} stream with flags {flags}");
            return Err(CodecError::Unsupported { what });
        }
        let Some((&[_, a, b, c, d, low, high], rest)) = bytes.split_first_chunk::<SHORT_BYTES>() else {
            return Err(CodecError::Truncated { needed: SHORT_BYTES - bytes.len() });
        };
        if !rest.is_empty() {
            let what = format!("bytes after the {codec} header");
            return Err(CodecError::Malformed { what, at: Some(SHORT_BYTES) });
        }
        let step = u16::from_le_bytes([low, high]);
        if step == 0 {
            let what = "step 0 for plane 0".to_string();
            return Err(CodecError::Malformed { what, at: Some(SHORT_BYTES - 2) });
        }
        let model_hash = ModelHash([a, b, c, d, 0, 0, 0, 0]);
        Ok(Self { flags, model_hash, steps: steps_of(step, flags), sent_model: None })
    }

    /// Whether the stream was coded under the model of this `hash`.
    pub fn is_under(&self, hash: ModelHash) -> bool {
        let (own, rest) = self.model_hash.0.split_at(SHORT_HASH_BYTES);
        let start = hash.0.starts_with(own);
        start && (hash.0.ends_with(rest) || rest == [0; ModelHash::LEN_BYTES - SHORT_HASH_BYTES])
    }

    /// The start of the hash of the model that header `bytes` name.
    fn hash_in(bytes: &[u8]) -> Option<&[u8]> {
        if bytes.first()? >> 4 == SHORT {
            bytes.get(1..1 + SHORT_HASH_BYTES)
        } else {
            bytes.get(2..2 + ModelHash::LEN_BYTES)
        }
    }

    /// Whether header `bytes` name the model of this `hash`.
    pub fn names_model(bytes: &[u8], hash: ModelHash) -> bool {
        Self::hash_in(bytes).is_some_and(|own| hash.0.starts_with(own))
    }

    /// The model that header `bytes` name.
    pub fn stream_model(bytes: &[u8]) -> Option<StreamModel> {
        let short = bytes.first()? >> 4 == SHORT;
        let sent = !short && bytes.get(1).is_some_and(|flags| flags & Self::SENT_MODEL != 0);
        Some(StreamModel { hash: Self::hash_in(bytes)?.to_vec(), sent })
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

//! What the models of all codecs have in common: they are read from the payload of a file.

use crate::{ModelFile, ModelHash, ModelLimits};
use tintype_codec::{CodecError, CodecId};

/// A codec's model.
pub trait Model: Sized {
    /// The codec.
    const CODEC: CodecId;
    /// Version of the payload's layout.
    const VERSION: u8;

    /// The model in `payload`, called `hash`.
    ///
    /// # Errors
    /// `Truncated`, `Malformed`.
    fn from_payload(payload: &[u8], hash: ModelHash) -> Result<Self, CodecError>;

    /// The name of the model.
    fn hash(&self) -> ModelHash;

    /// The file of a model with `payload`.
    fn file_of(payload: Vec<u8>) -> ModelFile {
        ModelFile::new(Self::CODEC.number(), Self::VERSION, payload)
    }

    /// The payload of `file`, if it is this codec's.
    ///
    /// # Errors
    /// `Mismatch` for another codec's model, `Unsupported` for another version.
    fn payload_of(file: &ModelFile) -> Result<&[u8], CodecError> {
        Ok(file.payload_for(Self::CODEC.number(), Self::CODEC.name(), Self::VERSION)?)
    }

    /// The model in `file`.
    ///
    /// # Errors
    /// Those of [`Model::payload_of`] and [`Model::from_payload`].
    fn from_file(file: &ModelFile) -> Result<Self, CodecError> {
        Self::from_payload(Self::payload_of(file)?, file.hash())
    }

    /// Reads the bytes of a model file.
    ///
    /// # Errors
    /// Those of [`ModelFile::read`] and [`Model::from_file`].
    fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        Self::from_file(&ModelFile::read(bytes, &ModelLimits::default())?)
    }

    /// The model in a file that is inside the program.
    fn built_in(bytes: &[u8]) -> Self {
        let file = ModelFile::read_built_in(bytes, &ModelLimits::default());
        let file = file.expect("the built-in model file is whole");
        Self::from_file(&file).expect("the built-in model is whole")
    }
}

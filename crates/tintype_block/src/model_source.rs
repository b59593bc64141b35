//! The model that a codec codes under, and the one that a stream asks for.

use crate::StreamHeader;
use std::borrow::Cow;
use tintype_codec::CodecError;
use tintype_model::{Model, ModelFile, ModelLimits, model_mismatch};

/// The model of a codec: the one that is built in, or one of the user's, which may be sent with
/// every picture.
#[derive(Clone, Debug)]
pub struct ModelSource<M: 'static> {
    model: Place<M>,
    /// The model's file, if streams carry it.
    sent: Option<Vec<u8>>,
}

/// Where the model is.
#[derive(Clone, Debug)]
enum Place<M: 'static> {
    BuiltIn(fn() -> &'static M),
    Own(M),
}

impl<M: Model + Clone> ModelSource<M> {
    /// The model that is built in, read when it is first asked for.
    pub const fn built_in(model: fn() -> &'static M) -> Self {
        Self { model: Place::BuiltIn(model), sent: None }
    }

    /// A model of the user's.
    pub fn own(model: M) -> Self {
        Self { model: Place::Own(model), sent: None }
    }

    /// The model in `file`, which is sent with every picture, so that a decoder needs nothing
    /// else.
    ///
    /// # Errors
    /// Those of [`Model::from_file`]; `Limit` for a model that is too large to be sent.
    pub fn sending(file: &ModelFile) -> Result<Self, CodecError> {
        let sent = Some(file.to_bytes_to_send()?);
        Ok(Self { model: Place::Own(M::from_file(file)?), sent })
    }

    /// The model.
    pub fn get(&self) -> &M {
        match &self.model {
            Place::BuiltIn(model) => model(),
            Place::Own(model) => model,
        }
    }

    /// A header that names the model, or carries it.
    pub fn header(&self, flags: u8, steps: Vec<u16>) -> StreamHeader {
        StreamHeader { flags, model_hash: self.get().hash(), steps, sent_model: self.sent.clone() }
    }

    /// Whether a stream with the header in `bytes` names this model.
    pub fn is_named_by(&self, bytes: &[u8]) -> bool {
        StreamHeader::names_model(bytes, self.get().hash())
    }

    /// The model of a stream: the one it carries, or this.
    ///
    /// # Errors
    /// `Mismatch` if the stream names another; those of a sent model that cannot be read.
    pub fn for_stream(&self, header: &StreamHeader) -> Result<Cow<'_, M>, CodecError> {
        let model = match &header.sent_model {
            Some(bytes) => Cow::Owned(M::from_file(&ModelFile::read(bytes, &ModelLimits::SENT)?)?),
            None => Cow::Borrowed(self.get()),
        };
        if !header.is_under(model.hash()) {
            return Err(model_mismatch(M::CODEC, header.model_hash, model.hash()));
        }
        Ok(model)
    }
}

//! Models that the user brought: codecs beside those that are built in.

use super::{built_in, codec_from_model, sending_codec_from_model};
use crate::{Error, Step};
use std::sync::Arc;
use tintype_codec::{Codec, CodecError, CodecId};

/// Codecs under models of the user's own. Empty, it changes nothing.
#[derive(Clone, Default)]
pub struct Models {
    codecs: Vec<Arc<dyn Codec>>,
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.codecs.iter().map(|codec| codec.id())).finish()
    }
}

impl Models {
    /// Reads one model file, as `tintype train` writes it, and says which codec it is for.
    ///
    /// # Errors
    /// `Codec` for bytes that are no whole model.
    pub fn add(&mut self, bytes: &[u8]) -> Result<CodecId, Error> {
        let failed = |error: CodecError| Error::Codec { step: Step::ReadModel, error };
        let codec: Arc<dyn Codec> = Arc::from(codec_from_model(bytes).map_err(failed)?);
        let id = codec.id();
        self.codecs.push(codec);
        Ok(id)
    }

    /// As [`Models::add`], and every file encoded with the model carries it: a decoder then needs nothing else.
    ///
    /// # Errors
    /// As there, and `Codec` for codecs that do not send models.
    pub fn add_to_send(&mut self, bytes: &[u8]) -> Result<CodecId, Error> {
        let failed = |error: CodecError| Error::Codec { step: Step::ReadModel, error };
        let codec: Arc<dyn Codec> = Arc::from(sending_codec_from_model(bytes).map_err(failed)?);
        let id = codec.id();
        self.codecs.push(codec);
        Ok(id)
    }

    /// The codec to encode with: under the model added last, or the one built in.
    pub(crate) fn to_encode(&self, id: CodecId) -> Option<&dyn Codec> {
        let own = self.codecs.iter().rev().find(|codec| codec.id() == id);
        own.map(|codec| &**codec as &dyn Codec)
            .or_else(|| built_in(id).map(|codec| codec as &dyn Codec))
    }

    /// The codec for a stream with `header`: the one that holds its model, else the one built in, which says what is
    /// missing.
    pub(crate) fn to_decode(&self, id: CodecId, header: &[u8]) -> Option<&dyn Codec> {
        let own = self.codecs.iter().find(|codec| codec.id() == id && codec.holds_model(header));
        own.map(|codec| &**codec as &dyn Codec)
            .or_else(|| built_in(id).map(|codec| codec as &dyn Codec))
    }
}

//! Models that the user brings: codecs beside those that are built in.

use super::built_in::{
    codec, codec_from_model, codec_of_model, plain_and_small, sending_codec_from_model,
};
use crate::error::{Error, Step};
use std::sync::Arc;
use tintype_codec::{Codec, CodecError, CodecId};

/// Models of the user's own, beside those that are built in. Empty, it changes nothing.
///
/// ```
/// use tintype::{Encoder, Models, Picture};
///
/// let models = Models::default();
/// let picture = Picture::from_gray8(2, 2, &[1, 2, 3, 4])?;
/// let tin = Encoder::lossless().models(models.clone()).encode(&picture)?;
/// let back = tintype::Decoder::new(std::io::Cursor::new(&tin))?.models(models).decode()?;
/// assert_eq!(back.picture, picture);
/// # Ok::<(), tintype::Error>(())
/// ```
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
    /// Reads one model file, as `tintype train` writes it, and returns the codec it is for.
    ///
    /// # Errors
    /// `Codec` for bytes that are no whole model.
    ///
    /// ```
    /// use tintype::Models;
    ///
    /// let mut models = Models::default();
    /// assert!(models.add(b"no model").is_err());
    /// ```
    pub fn add(&mut self, bytes: &[u8]) -> Result<CodecId, Error> {
        let id = self.push(codec_from_model(bytes).map_err(read_failed)?);
        // A build whose models all come from outside has no codec for colours beside opacity yet.
        #[cfg(all(feature = "planes", feature = "photo", not(feature = "models")))]
        if id == super::ids::PHOTO {
            let photo = codec_from_model(bytes).map_err(read_failed)?;
            self.push(super::built_in::planes_over(photo));
        }
        Ok(id)
    }

    /// As [`Models::add`], and every file encoded with the model carries it: a decoder then needs
    /// nothing else.
    ///
    /// # Errors
    /// As there, and `Codec` for codecs that do not send models.
    ///
    /// ```
    /// use tintype::Models;
    ///
    /// let mut models = Models::default();
    /// assert!(models.add_to_send(b"no model").is_err());
    /// ```
    pub fn add_to_send(&mut self, bytes: &[u8]) -> Result<CodecId, Error> {
        Ok(self.push(sending_codec_from_model(bytes).map_err(read_failed)?))
    }

    /// The codec that the model file in `bytes` is for, by its head.
    ///
    /// # Errors
    /// `Codec` for bytes that are no model file.
    ///
    /// ```
    /// assert!(tintype::Models::codec_of(b"no model").is_err());
    /// ```
    pub fn codec_of(bytes: &[u8]) -> Result<CodecId, Error> {
        codec_of_model(bytes).map_err(read_failed)
    }

    /// The model file in `bytes` as it stands alone, though it may be stored as differences to the
    /// model in the program.
    ///
    /// # Errors
    /// `Codec` for bytes that are no whole model.
    ///
    /// ```
    /// use tintype::{Models, codec, shipped_model};
    ///
    /// let shipped = shipped_model(codec::CLUSTER).expect("models are built in").file();
    /// let small = Models::to_small(shipped)?;
    /// assert!(small.len() < 100, "it differs from itself in nothing");
    /// assert_eq!(Models::to_plain(&small)?, shipped);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn to_plain(bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let [plain, _] = plain_and_small(bytes).map_err(read_failed)?;
        Ok(plain)
    }

    /// The model file in `bytes` stored as differences to the model in the program, if that takes
    /// fewer bytes: a model that was adapted from it is small then, and needs this program or one
    /// with the same model.
    ///
    /// # Errors
    /// `Codec` for bytes that are no whole model.
    ///
    /// ```
    /// assert!(tintype::Models::to_small(b"no model").is_err());
    /// ```
    pub fn to_small(bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let [_, small] = plain_and_small(bytes).map_err(read_failed)?;
        Ok(small)
    }

    fn push(&mut self, codec: Box<dyn Codec>) -> CodecId {
        let id = codec.id();
        self.codecs.push(Arc::from(codec));
        id
    }

    /// The codec to encode with: under the model added last, or the one built in.
    pub(crate) fn to_encode(&self, id: CodecId) -> Option<&dyn Codec> {
        let own = self.codecs.iter().rev().find(|codec| codec.id() == id);
        own.map(|codec| &**codec as &dyn Codec).or_else(|| codec(id).map(|codec| codec as _))
    }

    /// The codec for a stream with `header`: the one that holds its model, else the one built in,
    /// whose error names the model that is missing.
    pub(crate) fn to_decode(&self, id: CodecId, header: &[u8]) -> Option<&dyn Codec> {
        let own = self.codecs.iter().find(|codec| codec.id() == id && codec.holds_model(header));
        own.map(|codec| &**codec as &dyn Codec).or_else(|| codec(id).map(|codec| codec as _))
    }
}

fn read_failed(error: CodecError) -> Error {
    Error::Codec { step: Step::ReadModel, error }
}

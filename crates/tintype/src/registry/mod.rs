//! Which codecs there are: the only room that knows them by name.
//!
//! The rest of the hall asks a codec what it can do ([`tintype_codec::Capabilities`]).

mod choose;
mod own_models;
mod shipped;

pub use choose::codec_for_photos;
pub(crate) use choose::{Candidates, candidates};
pub use own_models::Models;
pub use shipped::{ShippedModel, shipped_model};

use crate::Error;
use tintype_cluster::{ClusterCodec, ClusterModel};
use tintype_codec::{Codec, CodecError, CodecId};
use tintype_lossless::Lossless;
use tintype_neural::Neural;
use tintype_pca::PcaCodec;
use tintype_planes::ManyPlanes;
use tintype_sparse::SparseCodec;
use tintype_wavelet::Wavelet;

/// Every codec that a file may name, in the order of their numbers. [`codecs`] lists those of this build.
pub const ALL: [CodecId; 8] = [
    tintype_jpeg::ID,
    tintype_wavelet::ID,
    tintype_lossless::ID,
    tintype_cluster::ID,
    tintype_pca::ID,
    tintype_sparse::ID,
    tintype_neural::ID,
    tintype_planes::ID,
];

/// Packed JPEG files, which are kept as files rather than coded as samples.
pub const JPEG: CodecId = tintype_jpeg::ID;

/// The codec with `number`, as the head of a file gives it.
pub(crate) fn codec_numbered(number: u8) -> Option<CodecId> {
    ALL.into_iter().find(|id| id.number() == number)
}

/// The codec called `name`, in this build or not.
///
/// ```
/// assert_eq!(tintype::codec_named("wavelet").unwrap().name(), "wavelet");
/// assert!(tintype::codec_named("tape").is_none());
/// ```
pub fn codec_named(name: &str) -> Option<CodecId> {
    ALL.into_iter().find(|id| id.name() == name)
}

/// The codecs of this build, in the order of their numbers.
///
/// ```
/// assert!(tintype::codecs().any(|codec| codec.name() == "lossless"));
/// ```
pub fn codecs() -> impl Iterator<Item = CodecId> {
    ALL.into_iter().filter(|id| is_built_in(*id))
}

static PLANES: ManyPlanes = ManyPlanes::new(&Wavelet, &Lossless);

/// The codec of this build under `id`, on its shipped model.
pub fn built_in(id: CodecId) -> Option<&'static dyn Codec> {
    match id {
        tintype_cluster::ID => Some(&ClusterCodec::SHIPPED),
        tintype_lossless::ID => Some(&Lossless),
        tintype_pca::ID => Some(&PcaCodec::SHIPPED),
        tintype_sparse::ID => Some(SparseCodec::photo()),
        tintype_wavelet::ID => Some(&Wavelet),
        tintype_planes::ID => Some(&PLANES),
        #[cfg(feature = "photo-model")]
        tintype_neural::ID => {
            static NEURAL: std::sync::OnceLock<Neural> = std::sync::OnceLock::new();
            Some(NEURAL.get_or_init(|| tintype_neural::photo().clone().with_lossless(&Lossless)))
        }
        _ => None,
    }
}

/// Whether [`built_in`] has a codec under `id`: without reading its model, which takes longer than many a picture.
fn is_built_in(id: CodecId) -> bool {
    id != JPEG && (id != tintype_neural::ID || cfg!(feature = "photo-model"))
}

/// The codec under a model that was fitted by the user; which codec, the model's own first bytes say.
///
/// # Errors
/// `Unsupported` for bytes that are no model of ours; the codec's own for a damaged one.
pub(crate) fn codec_from_model(bytes: &[u8]) -> Result<Box<dyn Codec>, CodecError> {
    match bytes {
        _ if bytes.starts_with(&tintype_cluster::MODEL_MAGIC) => {
            Ok(Box::new(ClusterCodec::with_model(ClusterModel::from_bytes(bytes)?)))
        }
        [1, ..] => Ok(Box::new(PcaCodec::with_model(tintype_pca::PcaModel::from_bytes(bytes)?))),
        [b'S', b'p', ..] => {
            Ok(Box::new(SparseCodec::new(tintype_sparse::SparseModel::from_bytes(bytes)?)))
        }
        [b'T', b'T', b'N', b'N', ..] => Ok(Box::new(
            Neural::new(tintype_neural::NeuralModel::read(bytes)?).with_lossless(&Lossless),
        )),
        _ => Err(CodecError::Unsupported {
            what: "these bytes are no model that this program knows".into(),
        }),
    }
}

/// As [`codec_from_model`], for a codec whose streams then carry the model with them.
///
/// # Errors
/// As there, and `Unsupported` for codecs that do not send models.
pub(crate) fn sending_codec_from_model(bytes: &[u8]) -> Result<Box<dyn Codec>, CodecError> {
    match codec_from_model(bytes)?.id() {
        tintype_cluster::ID => {
            Ok(Box::new(ClusterCodec::sending(ClusterModel::from_bytes(bytes)?)))
        }
        tintype_pca::ID => Ok(Box::new(PcaCodec::sending(bytes)?)),
        other => {
            let what = format!(
                "models of codec {other} are not sent with pictures; cluster's and pca's are"
            );
            Err(CodecError::Unsupported { what })
        }
    }
}

/// The codec that the model in `bytes` is for.
///
/// # Errors
/// `Codec` for bytes that are no whole model.
pub fn codec_of_model(bytes: &[u8]) -> Result<CodecId, Error> {
    let codec = codec_from_model(bytes);
    codec
        .map(|codec| codec.id())
        .map_err(|error| Error::Codec { step: crate::Step::ReadModel, error })
}

#[cfg(test)]
mod tests {
    use super::{ALL, built_in, is_built_in};

    #[test]
    fn listed_codecs_are_built_in() {
        for id in ALL {
            assert_eq!(is_built_in(id), built_in(id).is_some(), "{id}");
        }
    }
}

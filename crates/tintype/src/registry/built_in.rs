//! The codecs of this build, and those that a model file stands for.

use super::ids;
use tintype_codec::{Codec, CodecError, CodecId};

#[cfg(feature = "cluster")]
use tintype_cluster::{ClusterCodec, ClusterModel};
#[cfg(feature = "lossless")]
use tintype_lossless::Lossless;
#[cfg(feature = "neural")]
use tintype_neural::Neural;
#[cfg(feature = "pca")]
use tintype_pca::PcaCodec;
#[cfg(feature = "sparse")]
use tintype_sparse::SparseCodec;
#[cfg(feature = "wavelet")]
use tintype_wavelet::Wavelet;

/// The codec of this build under `id`, on its shipped model.
pub fn codec(id: CodecId) -> Option<&'static dyn Codec> {
    match id {
        #[cfg(feature = "wavelet")]
        ids::WAVELET => Some(&Wavelet),
        #[cfg(feature = "lossless")]
        ids::LOSSLESS => Some(&Lossless),
        #[cfg(all(feature = "cluster", feature = "models"))]
        ids::CLUSTER => Some(&ClusterCodec::SHIPPED),
        #[cfg(all(feature = "pca", feature = "models"))]
        ids::PCA => Some(&PcaCodec::SHIPPED),
        #[cfg(all(feature = "sparse", feature = "models"))]
        ids::SPARSE => Some(SparseCodec::photo()),
        #[cfg(feature = "photo-model")]
        ids::NEURAL => {
            static NEURAL: std::sync::OnceLock<Neural> = std::sync::OnceLock::new();
            Some(NEURAL.get_or_init(|| tintype_neural::photo().clone().with_lossless(&Lossless)))
        }
        #[cfg(feature = "planes")]
        ids::PLANES => {
            static PLANES: tintype_planes::ManyPlanes =
                tintype_planes::ManyPlanes::new(&Wavelet, &Lossless);
            Some(&PLANES)
        }
        _ => None,
    }
}

/// Whether files under `id` hold a file of another format instead of coded samples.
pub(crate) fn holds_file(id: CodecId) -> bool {
    id == ids::JPEG
}

/// Whether coding with `id` wants another door than samples, and which.
pub(crate) fn other_door(id: CodecId) -> Option<&'static str> {
    let what = "codec jpeg packs JPEG files; of other pictures make a real JPEG file (OUT.jpg)";
    holds_file(id).then_some(what)
}

/// The codec under a model that the user fitted; which codec, the model's own first bytes say.
///
/// # Errors
/// `Unsupported` for bytes that are no model of ours; the codec's own for a damaged one.
pub(crate) fn codec_from_model(bytes: &[u8]) -> Result<Box<dyn Codec>, CodecError> {
    match bytes {
        #[cfg(feature = "cluster")]
        _ if bytes.starts_with(&tintype_cluster::MODEL_MAGIC) => {
            Ok(Box::new(ClusterCodec::with_model(ClusterModel::from_bytes(bytes)?)))
        }
        #[cfg(feature = "pca")]
        [1, ..] => Ok(Box::new(PcaCodec::with_model(tintype_pca::PcaModel::from_bytes(bytes)?))),
        #[cfg(feature = "sparse")]
        [b'S', b'p', ..] => {
            Ok(Box::new(SparseCodec::new(tintype_sparse::SparseModel::from_bytes(bytes)?)))
        }
        #[cfg(feature = "neural")]
        [b'T', b'T', b'N', b'N', ..] => Ok(Box::new(
            Neural::new(tintype_neural::NeuralModel::read(bytes)?).with_lossless(&Lossless),
        )),
        _ => Err(CodecError::Unsupported {
            what: "these bytes are no model that this build knows".into(),
        }),
    }
}

/// As [`codec_from_model`], for a codec whose streams then carry the model with them.
///
/// # Errors
/// As there, and `Unsupported` for codecs that do not send models.
pub(crate) fn sending_codec_from_model(bytes: &[u8]) -> Result<Box<dyn Codec>, CodecError> {
    match codec_from_model(bytes)?.id() {
        #[cfg(feature = "cluster")]
        ids::CLUSTER => Ok(Box::new(ClusterCodec::sending(ClusterModel::from_bytes(bytes)?))),
        #[cfg(feature = "pca")]
        ids::PCA => Ok(Box::new(PcaCodec::sending(bytes)?)),
        other => {
            let what = format!(
                "models of codec {other} are not sent with pictures; cluster's and pca's are"
            );
            Err(CodecError::Unsupported { what })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::codec;
    use crate::registry::ids::{ALL, is_built_in};

    #[test]
    fn listed_codecs_are_built_in() {
        for &id in ALL {
            assert_eq!(is_built_in(id), codec(id).is_some(), "{id}");
        }
    }
}

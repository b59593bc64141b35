//! The codecs of this build, and those that a model file stands for.

use super::decoding::{Built, built};
use super::ids;
use tintype_codec::{Codec, CodecError, CodecId};

#[cfg(feature = "cluster")]
use tintype_cluster::{ClusterCodec, ClusterModel};
#[cfg(feature = "lossless")]
use tintype_lossless::Lossless;
#[cfg(feature = "model-files")]
use tintype_model::{Model, ModelFile, ModelHead, ModelLimits};
#[cfg(feature = "neural")]
use tintype_neural::{Neural, NeuralModel};
#[cfg(feature = "photo")]
use tintype_photo::{PhotoCodec, PhotoModel};
#[cfg(feature = "planes")]
use tintype_planes::ManyPlanes;
#[cfg(feature = "sparse")]
use tintype_sparse::{SparseCodec, SparseModel};
#[cfg(feature = "wavelet")]
use tintype_wavelet::Wavelet;

#[cfg(feature = "wavelet")]
static OWN_WAVELET: Built<Wavelet> = built(Wavelet);
#[cfg(feature = "lossless")]
static OWN_LOSSLESS: Built<Lossless> = built(Lossless);

/// The codec of this build under `id`, on its shipped model.
pub fn codec(id: CodecId) -> Option<&'static dyn Codec> {
    match id {
        #[cfg(feature = "wavelet")]
        ids::WAVELET => Some(&OWN_WAVELET),
        #[cfg(feature = "lossless")]
        ids::LOSSLESS => Some(&OWN_LOSSLESS),
        #[cfg(all(feature = "cluster", feature = "models"))]
        ids::CLUSTER => {
            static CLUSTER: Built<ClusterCodec> = built(ClusterCodec::SHIPPED);
            Some(&CLUSTER)
        }
        #[cfg(all(feature = "photo", feature = "models"))]
        ids::PHOTO => {
            static PHOTO: Built<PhotoCodec> = built(PhotoCodec::SHIPPED);
            Some(&PHOTO)
        }
        #[cfg(all(feature = "sparse", feature = "models"))]
        ids::SPARSE => Some(SparseCodec::photo()),
        #[cfg(feature = "neural-model")]
        ids::NEURAL => {
            static NEURAL: std::sync::OnceLock<Built<Neural>> = std::sync::OnceLock::new();
            Some(
                NEURAL
                    .get_or_init(|| built(tintype_neural::photo().clone().with_lossless(&OWN_LOSSLESS))),
            )
        }
        #[cfg(feature = "planes")]
        ids::PLANES => {
            #[cfg(all(feature = "photo", feature = "models"))]
            static PHOTO: Built<PhotoCodec> = built(PhotoCodec::SHIPPED);
            #[cfg(all(feature = "photo", feature = "models"))]
            static PLANES: Built<ManyPlanes> = built(plain_planes().with_photo(&PHOTO));
            #[cfg(not(all(feature = "photo", feature = "models")))]
            static PLANES: Built<ManyPlanes> = built(plain_planes());
            Some(&PLANES)
        }
        _ => None,
    }
}

#[cfg(feature = "planes")]
const fn plain_planes() -> ManyPlanes {
    ManyPlanes::new(&OWN_WAVELET, &OWN_LOSSLESS)
}

/// The codec of planes whose colours beside opacity are coded by `photo`. It keeps `photo` for as long as the
/// program runs: it is made for the static codecs of builds that have their models inside.
#[cfg(all(feature = "planes", feature = "photo", not(feature = "models")))]
pub(crate) fn planes_over(photo: Box<dyn Codec>) -> Box<dyn Codec> {
    Box::new(built(plain_planes().with_photo(Box::leak(photo))))
}

/// The codec that codes colours by `codec`, one of this build on its shipped model, and opacity
/// beside them without loss.
pub(crate) fn beside_opacity(own: &dyn Codec) -> Option<&'static dyn Codec> {
    #[cfg(feature = "planes")]
    {
        static BY_WAVELET: Built<ManyPlanes> = built(plain_planes());
        // A model of the user's is another codec under the same number.
        let shipped = codec(own.id()).is_some_and(|shipped| std::ptr::addr_eq(shipped, own));
        match own.id() {
            ids::WAVELET => return Some(&BY_WAVELET),
            ids::PHOTO if shipped => return codec(ids::PLANES),
            _ => {}
        }
    }
    let _ = own;
    None
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

/// The codec under a model of the user's; the head of the model file names the codec.
///
/// # Errors
/// Those of [`ModelFile::read`]; `Unsupported` for a codec that this build does not have; the codec's own.
#[cfg(feature = "model-files")]
pub(crate) fn codec_from_model(bytes: &[u8]) -> Result<Box<dyn Codec>, CodecError> {
    let file = model_file(bytes)?;
    match ids::numbered(file.codec()) {
        #[cfg(feature = "cluster")]
        Some(ids::CLUSTER) => {
            Ok(Box::new(built(ClusterCodec::with_model(ClusterModel::from_file(&file)?))))
        }
        #[cfg(feature = "photo")]
        Some(ids::PHOTO) => Ok(Box::new(built(PhotoCodec::with_model(PhotoModel::from_file(&file)?)))),
        #[cfg(feature = "sparse")]
        Some(ids::SPARSE) => Ok(Box::new(built(SparseCodec::new(SparseModel::from_file(&file)?)))),
        #[cfg(feature = "neural")]
        Some(ids::NEURAL) => {
            let model = NeuralModel::from_file(&file)?;
            Ok(Box::new(built(Neural::new(model).with_lossless(&OWN_LOSSLESS))))
        }
        _ => Err(unknown_codec(file.codec())),
    }
}

/// The model file in `bytes`, which may be stored as differences to a model in the program.
///
/// # Errors
/// Those of [`ModelFile::read_with_parent`].
#[cfg(feature = "model-files")]
pub(crate) fn model_file(bytes: &[u8]) -> Result<ModelFile, CodecError> {
    Ok(ModelFile::read_with_parent(bytes, &ModelLimits::default(), |_| parent_of(bytes))?)
}

/// The model in the program that a model file is adapted from, if it is for the same codec.
#[cfg(feature = "model-files")]
fn parent_of(bytes: &[u8]) -> Option<ModelFile> {
    let codec = ids::numbered(ModelHead::read(bytes).ok()?.codec)?;
    let shipped = super::shipped_model(codec)?;
    ModelFile::read_built_in(shipped.file(), &ModelLimits::default()).ok()
}

/// The model file in `bytes` stored plainly, and stored as differences to the model in the program
/// if it has few of them.
///
/// # Errors
/// As [`model_file`].
#[cfg(feature = "model-files")]
pub(crate) fn plain_and_small(bytes: &[u8]) -> Result<[Vec<u8>; 2], CodecError> {
    let file = model_file(bytes)?;
    let plain = file.to_bytes();
    let small = parent_of(bytes).map(|parent| file.to_bytes_under(&parent));
    let small = small.filter(|small| small.len() < plain.len()).unwrap_or_else(|| plain.clone());
    Ok([plain, small])
}

/// The codec that a model file is for, by its head.
///
/// # Errors
/// Those of [`ModelHead::read`]; `Unsupported` for a codec that nobody knows.
#[cfg(feature = "model-files")]
pub(crate) fn codec_of_model(bytes: &[u8]) -> Result<CodecId, CodecError> {
    let head = ModelHead::read(bytes)?;
    ids::numbered(head.codec).ok_or_else(|| unknown_codec(head.codec))
}

#[cfg(feature = "model-files")]
fn unknown_codec(number: u8) -> CodecError {
    let what = match ids::numbered(number) {
        Some(id) => format!("a model of codec {id}, which this build does not have"),
        None => format!("a model of codec number {number}, which this program does not know"),
    };
    CodecError::Unsupported { what }
}

/// This build has no codec with models.
///
/// # Errors
/// Always.
#[cfg(not(feature = "model-files"))]
pub(crate) fn codec_from_model(_: &[u8]) -> Result<Box<dyn Codec>, CodecError> {
    Err(CodecError::Unsupported { what: "models, in a build without codecs that have any".into() })
}

/// As [`codec_from_model`].
///
/// # Errors
/// Always.
#[cfg(not(feature = "model-files"))]
pub(crate) fn plain_and_small(bytes: &[u8]) -> Result<[Vec<u8>; 2], CodecError> {
    codec_from_model(bytes).map(|_| Default::default())
}

/// As [`codec_from_model`].
///
/// # Errors
/// Always.
#[cfg(not(feature = "model-files"))]
pub(crate) fn codec_of_model(bytes: &[u8]) -> Result<CodecId, CodecError> {
    codec_from_model(bytes).map(|codec| codec.id())
}

/// As [`codec_from_model`], for a codec whose streams then carry the model with them.
///
/// # Errors
/// As there, and `Unsupported` for codecs that do not send models.
pub(crate) fn sending_codec_from_model(bytes: &[u8]) -> Result<Box<dyn Codec>, CodecError> {
    let [plain, _] = plain_and_small(bytes)?;
    match codec_from_model(&plain)?.id() {
        #[cfg(feature = "cluster")]
        ids::CLUSTER => Ok(Box::new(ClusterCodec::sending(&plain)?)),
        #[cfg(feature = "photo")]
        ids::PHOTO => Ok(Box::new(PhotoCodec::sending(&plain)?)),
        other => {
            let what =
                format!("models of codec {other} are not sent with pictures; cluster's and photo's are");
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

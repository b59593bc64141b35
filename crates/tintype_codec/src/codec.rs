//! The contract that every codec fulfils, and the nouns it speaks in.
//!
//! A [`Payload`] is a small header and a list of sections. The container stores sections in the order given, each
//! with its key, length and checksum; a reader may skip sections that [`Codec::wants`] declines, and may hand back a
//! file that was cut off: then the last section present is partial and later ones are missing.

use crate::CodecError;
use tintype_image::{Level, Limits, Planes, Region, Shape, Threads};

/// Which codec; the number is written into the file and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum CodecId {
    /// A real JPEG file, repacked.
    Jpeg = 1,
    /// Wavelet transform, embedded bit-planes.
    Wavelet = 2,
    /// Mixed causal predictors.
    Lossless = 3,
    /// Hierarchical-clustering coder.
    Cluster = 4,
    /// Karhunen–Loève bases.
    Pca = 5,
    /// Sparse dictionaries.
    Sparse = 6,
    /// Autoencoder with hyperprior.
    Neural = 7,
    /// Groups of planes, each under a codec of its own.
    Planes = 8,
}

impl CodecId {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 8] =
        [Self::Jpeg, Self::Wavelet, Self::Lossless, Self::Cluster, Self::Pca, Self::Sparse, Self::Neural, Self::Planes];

    /// The name used on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Wavelet => "wavelet",
            Self::Lossless => "lossless",
            Self::Cluster => "cluster",
            Self::Pca => "pca",
            Self::Sparse => "sparse",
            Self::Neural => "neural",
            Self::Planes => "planes",
        }
    }

    /// The codec with this number, if any.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|id| *id as u8 == number)
    }

    /// The codec with this name, if any.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.name() == name)
    }
}

/// How good the picture shall be. Sizes and metric targets are reached by rate control over these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// 0 to 100, fractions allowed and meaningful: the SSIMULACRA2 a typical photo reaches.
    Quality(f32),
    /// Every sample comes back.
    Lossless,
}

/// What an encoder's choices should favour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Tune {
    /// Mean squared error over all planes.
    Psnr,
    /// How it looks.
    #[default]
    Visual,
}

/// What the user asked of an encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodeSettings {
    /// How good.
    pub target: Target,
    /// Good in which sense.
    pub tune: Tune,
    /// 1 (fast) to 9 (dense).
    pub effort: u8,
}

impl Default for EncodeSettings {
    fn default() -> Self {
        Self { target: Target::Quality(75.0), tune: Tune::Visual, effort: 5 }
    }
}

/// What an operation may use. Results do not depend on `threads` or `level`.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Worker threads.
    pub threads: Threads,
    /// SIMD level.
    pub level: Level,
    /// Upper bounds.
    pub limits: Limits,
}

impl Default for Run {
    fn default() -> Self {
        Self { threads: Threads::available(), level: Level::new(), limits: Limits::default() }
    }
}

/// Names one section: which tile, which layer of it. What a layer is, the codec says (quality, resolution, or both).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SectionKey {
    /// Tile, row by row from the top left; below 2^24.
    pub tile: u32,
    /// Layer within the tile; below 2^12.
    pub layer: u32,
}

/// One piece of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Which one.
    pub key: SectionKey,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What an encoder produces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// The codec's own header: all that decode needs beyond the [`Shape`].
    pub header: Vec<u8>,
    /// Sections in the order in which they are to stand in the file.
    pub sections: Vec<Section>,
}

/// One piece of a payload as read back.
#[derive(Clone, Copy, Debug)]
pub struct SectionView<'a> {
    /// Which one.
    pub key: SectionKey,
    /// Its bytes, perhaps fewer than were written.
    pub bytes: &'a [u8],
    /// Whether these are all its bytes.
    pub complete: bool,
}

/// A payload as read back: sections that were skipped or cut off are missing.
#[derive(Clone, Debug)]
pub struct PayloadView<'a> {
    /// The codec's own header, whole.
    pub header: &'a [u8],
    /// The sections present, in file order.
    pub sections: Vec<SectionView<'a>>,
    /// Whether the file was cut off: a decoder that can, then decodes what is there; one that cannot says `Truncated`.
    pub cut_off: bool,
}

impl Payload {
    /// The whole payload as its reader would see it.
    pub fn view(&self) -> PayloadView<'_> {
        let view = self.sections.iter().map(|s| SectionView { key: s.key, bytes: &s.bytes, complete: true });
        PayloadView { header: &self.header, sections: view.collect(), cut_off: false }
    }
}

/// Which part of the picture to decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DecodeRequest {
    /// Decode at `ceil(size / 2^scale_log2)`; 0 to 5.
    pub scale_log2: u8,
    /// Only this rectangle of the full-size picture, or all of it. With a scale, the rectangle is scaled outwards.
    pub region: Option<Region>,
    /// At most this many quality layers, or all.
    pub layers: Option<u32>,
}

/// A codec: samples to payload and back. Decoding is exact: the same payload gives the same samples on every machine.
pub trait Codec: Sync {
    /// Which codec this is.
    fn id(&self) -> CodecId;

    /// Codes `source`.
    ///
    /// # Errors
    /// `Unsupported` for planes or targets it does not handle, `Limit`, `Misuse`.
    fn encode(&self, source: &Planes, settings: &EncodeSettings, run: &Run) -> Result<Payload, CodecError>;

    /// The number of the setting that a quality stands for, rising with it, in a codec that has only so many: equal numbers give equal
    /// payloads. `None` where every quality may give another one.
    fn setting_of(&self, _quality: f32) -> Option<usize> {
        None
    }

    /// Whether it decodes smaller pictures itself. For one that does not, the caller decodes at full size and takes means.
    fn scales(&self) -> bool {
        true
    }

    /// Whether the model that a stream with this `header` names is the one that this codec holds; `true` for codecs
    /// without models.
    fn holds_model(&self, header: &[u8]) -> bool {
        let _ = header;
        true
    }

    /// Whether `request` needs section `key`; `true` where a codec cannot tell.
    fn wants(&self, shape: &Shape, header: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
        let _ = (shape, header, key, request);
        true
    }

    /// Cuts `payload` to at most `bytes` bytes of sections if its format is embedded, else `None`.
    ///
    /// The result decodes like any other payload and is as good as the codec can make it without coding anew.
    fn truncate(&self, payload: &Payload, bytes: usize) -> Option<Payload> {
        let _ = (payload, bytes);
        None
    }

    /// Decodes what `request` asks for. The result's shape is `shape` with its size changed by scale and region.
    ///
    /// # Errors
    /// `Malformed`, `Truncated`, `Limit`, `Unsupported` (a request it cannot fulfil), `Mismatch` (model).
    fn decode(
        &self,
        shape: &Shape,
        payload: &PayloadView<'_>,
        request: &DecodeRequest,
        run: &Run,
    ) -> Result<Planes, CodecError>;
}

/// The codec built in under `id`, if it is.
pub fn registry(id: CodecId) -> Option<&'static dyn Codec> {
    match id {
        CodecId::Cluster => Some(&crate::cluster::ClusterCodec::SHIPPED),
        CodecId::Lossless => Some(&crate::Lossless),
        CodecId::Pca => Some(&crate::pca::PcaCodec::SHIPPED),
        CodecId::Sparse => Some(crate::sparse::SparseCodec::photo()),
        CodecId::Wavelet => Some(&crate::Wavelet),
        CodecId::Planes => Some(&crate::planes::ManyPlanes),
        #[cfg(feature = "photo-model")]
        CodecId::Neural => Some(crate::neural::photo()),
        _ => None,
    }
}

/// Whether [`registry`] has a codec under `id`: without reading its model, which takes longer than many a picture.
pub fn is_built_in(id: CodecId) -> bool {
    use CodecId::{Cluster, Lossless, Neural, Pca, Planes, Sparse, Wavelet};
    matches!(id, Cluster | Lossless | Pca | Sparse | Wavelet | Planes)
        || (id == Neural && cfg!(feature = "photo-model"))
}

/// As [`codec_from_model`], for a codec whose streams then carry the model with them.
///
/// # Errors
/// As there, and `Unsupported` for codecs that do not send models.
pub fn sending_codec_from_model(bytes: &[u8]) -> Result<Box<dyn Codec + Send>, CodecError> {
    use crate::cluster::{ClusterCodec, ClusterModel};
    match codec_from_model(bytes)?.id() {
        CodecId::Cluster => Ok(Box::new(ClusterCodec::sending(ClusterModel::from_bytes(bytes)?))),
        CodecId::Pca => Ok(Box::new(crate::pca::PcaCodec::sending(bytes)?)),
        other => {
            let what = format!("models of codec {} are not sent with pictures; cluster's and pca's are", other.name());
            Err(CodecError::Unsupported { what })
        }
    }
}

/// The codec under a model that was fitted by the user; which codec, the model's own first bytes say.
///
/// # Errors
/// `Unsupported` for bytes that are no model of ours; the codec's own for a damaged one.
pub fn codec_from_model(bytes: &[u8]) -> Result<Box<dyn Codec + Send>, CodecError> {
    use crate::cluster::{ClusterCodec, ClusterModel, MODEL_MAGIC};
    match bytes {
        _ if bytes.starts_with(&MODEL_MAGIC) => {
            Ok(Box::new(ClusterCodec::with_model(ClusterModel::from_bytes(bytes)?)))
        }
        [1, ..] => Ok(Box::new(crate::pca::PcaCodec::with_model(crate::pca::PcaModel::from_bytes(bytes)?))),
        [b'S', b'p', ..] => {
            Ok(Box::new(crate::sparse::SparseCodec::new(crate::sparse::SparseModel::from_bytes(bytes)?)))
        }
        [b'T', b'T', b'N', b'N', ..] => {
            Ok(Box::new(crate::neural::Neural::new(crate::neural::NeuralModel::read(bytes)?)))
        }
        _ => Err(CodecError::Unsupported { what: "these bytes are no model that this program knows".into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::{CodecId, is_built_in, registry};

    #[test]
    fn what_is_said_to_be_built_in_is() {
        for id in CodecId::ALL {
            assert_eq!(is_built_in(id), registry(id).is_some(), "{}", id.name());
        }
    }
}

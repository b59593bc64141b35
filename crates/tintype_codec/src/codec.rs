//! The trait that every codec implements, and the arguments of its functions.

use crate::{Payload, PayloadView, Result, SectionKey};
use std::fmt;
use tintype_image::{Level, Limits, Planes, Region, Shape, Threads};

/// The identity of a codec: its number in files, never reused, and its name on the command line
/// and in JSON.
///
/// ```
/// use tintype_codec::CodecId;
///
/// const MINE: CodecId = CodecId::new(200, "mine");
/// assert_eq!((MINE.number(), MINE.name()), (200, "mine"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CodecId {
    number: u8,
    name: &'static str,
}

impl CodecId {
    /// An identity. Each codec's crate has one constant of it.
    pub const fn new(number: u8, name: &'static str) -> Self {
        Self { number, name }
    }

    /// The number in the file, 1 to 255.
    pub const fn number(self) -> u8 {
        self.number
    }

    /// The name for people and programs: lower-case ASCII letters.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for CodecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for CodecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The quality to encode at. Rate control reaches sizes and metric targets by varying it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// 0 to 100, fractions allowed and meaningful: the SSIMULACRA2 a typical photo reaches.
    Quality(f32),
    /// Decodes to the same samples.
    Lossless,
}

/// The distortion that an encoder minimises.
///
/// ```
/// use tintype_codec::Tune;
///
/// assert_eq!(Tune::default(), Tune::Visual);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Tune {
    /// Mean squared error over all planes.
    Psnr,
    /// Visible differences.
    #[default]
    Visual,
}

/// Settings of an encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodeSettings {
    /// The quality.
    pub target: Target,
    /// The kind of distortion.
    pub tune: Tune,
    /// 1 (fastest) to 9 (smallest files).
    pub effort: u8,
}

impl Default for EncodeSettings {
    fn default() -> Self {
        Self { target: Target::Quality(75.0), tune: Tune::Visual, effort: 5 }
    }
}

/// Resources of an operation. Results do not depend on `threads` or `level`.
#[derive(Clone, Copy, Debug)]
pub struct Exec {
    /// Worker threads.
    pub threads: Threads,
    /// SIMD level.
    pub level: Level,
    /// Upper bounds on sizes and memory.
    pub limits: Limits,
}

impl Default for Exec {
    fn default() -> Self {
        Self { threads: Threads::available(), level: Level::new(), limits: Limits::default() }
    }
}

/// The part of the picture to decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DecodeRequest {
    /// Decode at `ceil(size / 2^scale_log2)`; 0 to 5.
    pub scale_log2: u8,
    /// Only this rectangle of the full-size picture, or all of it. With a scale, the rectangle is
    /// scaled outwards.
    pub region: Option<Region>,
    /// At most this many quality layers, or all.
    pub layers: Option<u32>,
}

/// What a codec can do. Callers decide by this, never by the name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Takes [`Target::Quality`].
    pub lossy: bool,
    /// Takes [`Target::Lossless`].
    pub lossless: bool,
    /// Decodes at smaller scales. For other codecs the caller decodes at full size and averages.
    pub scales: bool,
    /// Any prefix of its stream decodes, so that [`Codec::truncate`] can cut it to the byte.
    pub embedded: bool,
    /// Streams refer to a model that is fitted or trained.
    pub has_model: bool,
    /// Files of one section use the container's short form, which saves bytes for small pictures.
    pub short_frame: bool,
}

/// The model of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamModel {
    /// The hash that names it, eight bytes, or its first four.
    pub hash: Vec<u8>,
    /// The stream carries it.
    pub sent: bool,
}

/// A square of a plane, as it was coded.
///
/// ```
/// use tintype_codec::CodedPart;
///
/// let part = CodedPart { plane: 0, x: 8, y: 0, side: 8, choice: 3, levels: 5, bits: 25.6 };
/// assert_eq!(part.bits / (part.side * part.side) as f32, 0.4); // bits a sample
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodedPart {
    /// Number of the plane.
    pub plane: usize,
    /// Column of its first sample, in samples of the plane.
    pub x: usize,
    /// Row of its first sample.
    pub y: usize,
    /// Its side in samples; it may reach beyond the plane.
    pub side: usize,
    /// What the codec chose for it, by the codec's own numbers: a predictor with a basis under `photo`.
    pub choice: usize,
    /// How many levels were sent, up to the last that is not 0.
    pub levels: usize,
    /// The bits that it took.
    pub bits: f32,
}

/// A codec: samples to payload and back. Decoding is exact: the same payload gives the same
/// samples on every machine.
pub trait Codec: Send + Sync {
    /// Which codec this is.
    fn id(&self) -> CodecId;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Codes `source`.
    ///
    /// # Errors
    /// `Unsupported` for planes or targets it does not handle, `Limit`, `Misuse`.
    fn encode(&self, source: &Planes, settings: &EncodeSettings, exec: &Exec) -> Result<Payload>;

    /// Decodes what `request` asks for. The result's shape is `payload.shape`, its size changed
    /// by scale and region.
    ///
    /// # Errors
    /// `Malformed`, `Truncated`, `Limit`, `Unsupported` (a request it cannot fulfil), `Mismatch`
    /// (model).
    fn decode(&self, payload: &PayloadView<'_>, request: &DecodeRequest, exec: &Exec) -> Result<Planes>;

    /// Whether `request` needs section `key`; `true` where a codec cannot tell.
    fn wants(&self, shape: &Shape, header: &[u8], key: SectionKey, request: &DecodeRequest) -> bool {
        let _ = (shape, header, key, request);
        true
    }

    /// Whether a payload with this `header` keeps every sample; `None` where the header does not tell,
    /// as where a stream that keeps all may have been truncated.
    fn keeps_all(&self, shape: &Shape, header: &[u8]) -> Option<bool> {
        let _ = (shape, header);
        let Capabilities { lossy, lossless, .. } = self.capabilities();
        (lossy != lossless).then_some(lossless)
    }

    /// The index of the setting used for `quality`, rising with it, in a codec with finitely many
    /// settings: equal indices give equal payloads. `None` if every quality may give another
    /// payload.
    fn setting_of(&self, quality: f32) -> Option<usize> {
        let _ = quality;
        None
    }

    /// The model that a stream of a picture of `shape` with this `header` is under, whichever it is;
    /// `None` for codecs without models.
    fn stream_model(&self, shape: &Shape, header: &[u8]) -> Option<StreamModel> {
        let _ = (shape, header);
        None
    }

    /// Whether this codec has the model that a stream with this `header` names; `true` for codecs
    /// without models.
    fn holds_model(&self, header: &[u8]) -> bool {
        let _ = header;
        true
    }

    /// What each part of the picture was coded as, and the bits that it took; nothing for codecs that do not tell.
    ///
    /// # Errors
    /// As [`Codec::decode`]. A payload that was cut off tells what is there.
    fn explain(&self, payload: &PayloadView<'_>, exec: &Exec) -> Result<Vec<CodedPart>> {
        let _ = (payload, exec);
        Ok(Vec::new())
    }

    /// Truncates `payload` to at most `bytes` bytes of sections; `None` if its format is not
    /// embedded.
    ///
    /// The result decodes like any other payload, to the best quality that is possible without
    /// encoding again.
    fn truncate(&self, payload: &Payload, bytes: usize) -> Option<Payload> {
        let _ = (payload, bytes);
        None
    }
}

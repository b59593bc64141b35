//! The trait that every codec implements, and what its callers hand it.

use crate::{Payload, PayloadView, Result, SectionKey};
use std::fmt;
use tintype_image::{Level, Limits, Planes, Region, Shape, Threads};

/// Which codec: the number that stands in the file, never reused, and the name on the command line and in JSON.
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
    /// A codec's identity. Each codec has one constant of it; the hall lists them.
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

/// How good the picture shall be. Sizes and metric targets are reached by rate control over these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// 0 to 100, fractions allowed and meaningful: the SSIMULACRA2 a typical photo reaches.
    Quality(f32),
    /// Every sample comes back.
    Lossless,
}

/// What an encoder's choices should favour.
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
pub struct ExecOptions {
    /// Worker threads.
    pub threads: Threads,
    /// SIMD level.
    pub level: Level,
    /// Upper bounds on what a file or picture may ask for.
    pub limits: Limits,
}

impl Default for ExecOptions {
    fn default() -> Self {
        Self { threads: Threads::available(), level: Level::new(), limits: Limits::default() }
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

/// What a codec can do; callers ask this instead of its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Takes [`Target::Quality`].
    pub lossy: bool,
    /// Takes [`Target::Lossless`].
    pub lossless: bool,
    /// Decodes smaller pictures itself. For a codec that does not, the caller decodes at full size and takes means.
    pub scales: bool,
    /// Any prefix of its stream decodes, so that [`Codec::truncate`] can cut it to the byte.
    pub embedded: bool,
    /// Streams refer to a model that is fitted or trained.
    pub has_model: bool,
    /// Made for small pictures: files of one section take the container's short form.
    pub short_frame: bool,
}

/// A codec: samples to payload and back. Decoding is exact: the same payload gives the same samples on every machine.
pub trait Codec: Send + Sync {
    /// Which codec this is.
    fn id(&self) -> CodecId;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Codes `source`.
    ///
    /// # Errors
    /// `Unsupported` for planes or targets it does not handle, `Limit`, `Misuse`.
    fn encode(
        &self,
        source: &Planes,
        settings: &EncodeSettings,
        exec: &ExecOptions,
    ) -> Result<Payload>;

    /// Decodes what `request` asks for. The result's shape is `payload.shape`, its size changed by scale and region.
    ///
    /// # Errors
    /// `Malformed`, `Truncated`, `Limit`, `Unsupported` (a request it cannot fulfil), `Mismatch` (model).
    fn decode(
        &self,
        payload: &PayloadView<'_>,
        request: &DecodeRequest,
        exec: &ExecOptions,
    ) -> Result<Planes>;

    /// Whether `request` needs section `key`; `true` where a codec cannot tell.
    fn wants(
        &self,
        shape: &Shape,
        header: &[u8],
        key: SectionKey,
        request: &DecodeRequest,
    ) -> bool {
        let _ = (shape, header, key, request);
        true
    }

    /// The number of the setting that a quality stands for, rising with it, in a codec that has only so many: equal
    /// numbers give equal payloads. `None` where every quality may give another one.
    fn setting_of(&self, quality: f32) -> Option<usize> {
        let _ = quality;
        None
    }

    /// Whether the model that a stream with this `header` names is the one that this codec holds; `true` for codecs
    /// without models.
    fn holds_model(&self, header: &[u8]) -> bool {
        let _ = header;
        true
    }

    /// Cuts `payload` to at most `bytes` bytes of sections if its format is embedded, else `None`.
    ///
    /// The result decodes like any other payload and is as good as the codec can make it without coding anew.
    fn truncate(&self, payload: &Payload, bytes: usize) -> Option<Payload> {
        let _ = (payload, bytes);
        None
    }
}

//! What to decode, and with what.

use crate::error::{Error, Result};
use crate::registry::Models;
use tintype_codec::{DecodeRequest, Exec};
use tintype_image::{Level, Limits, Region, Shape, Threads};

/// The smallest scale is 1/32.
const SCALE_MAX: u32 = 32;

/// What to decode, and with what. [`Decoder`](crate::Decoder) has the same methods for what
/// may be chosen after the head has been read.
///
/// ```
/// use tintype::{DecodeOptions, Decoder, Encoder, Limits, Picture};
///
/// let tin = Encoder::lossless().encode(&Picture::from_gray8(9, 9, &[7; 81])?)?;
/// let limits = Limits { side_px_max: 8, ..Limits::default() };
/// let options = DecodeOptions::new().limits(limits);
/// assert!(Decoder::with_options(std::io::Cursor::new(&tin), options).is_err());
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DecodeOptions {
    scale: u32,
    region: Option<Region>,
    layers: Option<u32>,
    pub(crate) page: Option<usize>,
    pub(crate) partial: bool,
    pub(crate) models: Models,
    #[cfg(feature = "seal")]
    pub(crate) keys: tintype_seal::Keys,
    pub(crate) exec: Exec,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        let (models, exec) = (Models::default(), Exec::default());
        Self {
            scale: 1,
            region: None,
            layers: None,
            page: None,
            partial: false,
            models,
            #[cfg(feature = "seal")]
            keys: tintype_seal::Keys::default(),
            exec,
        }
    }
}

impl DecodeOptions {
    /// The whole picture at full size, with as many threads as the machine runs at once.
    ///
    /// ```
    /// let options = tintype::DecodeOptions::new();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes at 1/`divisor` of the size, rounded up: 1, 2, 4, 8, 16 or 32.
    ///
    /// ```
    /// let thumbnail = tintype::DecodeOptions::new().scale(8);
    /// ```
    pub fn scale(mut self, divisor: u32) -> Self {
        self.scale = divisor;
        self
    }

    /// Decodes only this rectangle of the full-size picture. With a scale, the rectangle is
    /// scaled outwards.
    ///
    /// ```
    /// use tintype::{DecodeOptions, Region};
    ///
    /// let part = DecodeOptions::new().region(Region { x: 16, y: 8, width: 64, height: 64 });
    /// ```
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Decodes at most `count` quality layers, where the codec has any.
    ///
    /// ```
    /// let preview = tintype::DecodeOptions::new().layers(4);
    /// ```
    pub fn layers(mut self, count: u32) -> Self {
        self.layers = Some(count);
        self
    }

    /// Decodes a damaged `.tin` file as far as the damage, where its codec can, with a warning.
    ///
    /// ```
    /// use tintype::{DecodeOptions, Decoder, Encoder, Picture, codec};
    ///
    /// let picture = Picture::from_gray8(64, 64, &[90; 64 * 64])?;
    /// let mut tin = Encoder::lossless().codec(codec::WAVELET).encode(&picture)?.bytes;
    /// let last = tin.len() - 3;
    /// tin[last] ^= 1;
    /// assert!(Decoder::from_stream(&tin[..])?.decode().is_err());
    /// let options = DecodeOptions::new().partial(true);
    /// let decoded = Decoder::from_stream_with_options(&tin[..], options)?.decode()?;
    /// assert_eq!(decoded.warnings.len(), 1);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn partial(mut self, partial: bool) -> Self {
        self.partial = partial;
        self
    }

    /// Reads page or frame `number`, from 1, of a picture file that has several. A `.tin` file has
    /// one.
    ///
    /// ```
    /// use tintype::{DecodeOptions, files};
    ///
    /// let two = b"P5 1 1 255 \x10 P5 1 1 255 \x20";
    /// let second = files::read_picture(two, &DecodeOptions::new().page(2))?.picture;
    /// assert_eq!(second.to_gray8()?, [0x20]);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn page(mut self, number: usize) -> Self {
        self.page = Some(number);
        self
    }

    /// Models of the user's own, beside those that are built in.
    ///
    /// ```
    /// use tintype::{DecodeOptions, Models};
    ///
    /// let options = DecodeOptions::new().models(Models::default());
    /// ```
    pub fn models(mut self, models: Models) -> Self {
        self.models = models;
        self
    }

    /// Opens sealed files with these.
    ///
    /// ```
    /// use tintype::{DecodeOptions, Keys, Passphrase};
    ///
    /// let options = DecodeOptions::new().keys(Keys::new().passphrase(Passphrase::new("a long sentence")?));
    /// # Ok::<(), tintype::Error>(())
    /// ```
    #[cfg(feature = "seal")]
    pub fn keys(mut self, keys: tintype_seal::Keys) -> Self {
        self.keys = keys;
        self
    }

    /// The most bytes of a sealed part that may be read.
    #[cfg(feature = "seal")]
    pub(crate) fn sealed_bytes_max(&self) -> u64 {
        let limits = crate::frame::container_limits(&self.exec.limits);
        let metadata = limits.metadata_bytes_max.saturating_mul(limits.chunks_max.into());
        limits.data_bytes_max.saturating_add(metadata)
    }

    /// Uses up to `count` threads; 0 counts as 1. The samples do not depend on it.
    ///
    /// ```
    /// let options = tintype::DecodeOptions::new().threads(1);
    /// ```
    pub fn threads(mut self, count: usize) -> Self {
        self.exec.threads = Threads::new(count);
        self
    }

    /// Uses this SIMD level instead of the best one. The samples do not depend on it.
    ///
    /// ```
    /// use tintype::{DecodeOptions, Level};
    ///
    /// let options = DecodeOptions::new().level(Level::baseline());
    /// ```
    pub fn level(mut self, level: Level) -> Self {
        self.exec.level = level;
        self
    }

    /// Refuses pictures and files beyond `limits`. Their time runs from the moment at which a decoder is made, or a file
    /// is begun to be read.
    ///
    /// ```
    /// use tintype::{DecodeOptions, Limits};
    ///
    /// let limits = Limits { samples_max: 1 << 24, ..Limits::default() };
    /// let options = DecodeOptions::new().limits(limits);
    /// ```
    pub fn limits(mut self, limits: Limits) -> Self {
        self.exec.limits = limits;
        self
    }

    /// The same, whose time runs from now on.
    pub(crate) fn started(mut self) -> Self {
        self.exec.limits = self.exec.limits.started();
        self
    }

    /// What to ask of a codec.
    ///
    /// # Errors
    /// `Misuse` for a scale that there is not.
    pub(crate) fn request(&self) -> Result<DecodeRequest> {
        if !self.scale.is_power_of_two() || self.scale > SCALE_MAX {
            let what = format!("scale 1/{} (1, 2, 4, 8, 16 and 32 are possible)", self.scale);
            return Err(Error::Misuse { what });
        }
        let scale_log2 = self.scale.trailing_zeros() as u8;
        Ok(DecodeRequest { scale_log2, region: self.region, layers: self.layers })
    }
}

/// Refuses a request that does not fit a picture of `shape`.
pub(crate) fn check_request(request: &DecodeRequest, shape: &Shape) -> Result<()> {
    if request.layers == Some(0) {
        return Err(Error::Misuse { what: "0 layers (at least 1 is needed)".into() });
    }
    let Some(r) = request.region else { return Ok(()) };
    let fits = |at: usize, len: usize, end: usize| {
        len > 0 && at.checked_add(len).is_some_and(|stop| stop <= end)
    };
    if fits(r.x, r.width, shape.width_px) && fits(r.y, r.height, shape.height_px) {
        return Ok(());
    }
    let what = format!(
        "region {},{},{},{} does not lie in the picture of {} × {} pixels",
        r.x, r.y, r.width, r.height, shape.width_px, shape.height_px
    );
    Err(Error::Misuse { what })
}

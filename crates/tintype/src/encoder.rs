//! The door for encoding.

use crate::encode::{EncodeOptions, Encoded, Tools, encode_with};
use crate::error::Result;
use crate::goal::Goal;
use crate::metric;
use crate::registry::Models;
use tintype_codec::{CodecId, Exec, Tune};
use tintype_image::filter::Denoise;
use tintype_image::{Level, Limits, Picture, Threads};

#[cfg(feature = "jpeg")]
use crate::registry::jpeg_files::Verify;

/// Encodes pictures into `.tin` files.
///
/// Without further words: quality 75 by the codec that fits the picture, effort 5, as many
/// threads as the machine runs at once. The bytes depend on neither threads nor SIMD level.
///
/// ```
/// use tintype::{Encoder, Picture};
///
/// let pixels = vec![120; 64 * 48 * 3];
/// let picture = Picture::from_rgb8(64, 48, &pixels)?;
/// let tin = Encoder::new().quality(60.0).effort(7).encode(&picture)?;
/// assert!(tin.bytes.len() < pixels.len());
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    pub(crate) options: EncodeOptions,
    models: Models,
    exec: Exec,
    #[cfg(feature = "jpeg")]
    verify: Option<Verify>,
    #[cfg(feature = "seal")]
    pub(crate) seal: Option<crate::seal::Seal>,
}

impl Encoder {
    /// Quality 75, the codec that fits the picture, effort 5.
    ///
    /// ```
    /// let encoder = tintype::Encoder::new();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`Encoder::new`], with [`Goal::Lossless`].
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture};
    ///
    /// let picture = Picture::from_gray16(2, 1, &[1, 65_535])?;
    /// let tin = Encoder::lossless().encode(&picture)?;
    /// assert_eq!(Decoder::from_stream(&tin.bytes[..])?.decode()?.picture, picture);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn lossless() -> Self {
        Self::new().goal(Goal::Lossless)
    }

    /// 0 to 100: the SSIMULACRA2 a typical photo reaches. Short for a goal of [`Goal::Quality`].
    ///
    /// ```
    /// let encoder = tintype::Encoder::new().quality(90.0);
    /// ```
    pub fn quality(self, quality: f32) -> Self {
        self.goal(Goal::Quality(quality))
    }

    /// What to reach: a quality, a size, a metric, or every sample.
    ///
    /// ```
    /// use tintype::{Encoder, Goal};
    ///
    /// let encoder = Encoder::new().goal(Goal::SizeBytes(100_000));
    /// ```
    pub fn goal(mut self, goal: Goal) -> Self {
        self.options.goal = goal;
        self
    }

    /// Uses this codec instead of the one that fits the picture.
    ///
    /// ```
    /// use tintype::{Encoder, codec};
    ///
    /// let encoder = Encoder::new().codec(codec::WAVELET);
    /// ```
    pub fn codec(mut self, codec: CodecId) -> Self {
        self.options.codec = Some(codec);
        self
    }

    /// What the encoder's choices favour: how it looks (the default), or mean squared error.
    ///
    /// ```
    /// use tintype::{Encoder, Tune};
    ///
    /// let encoder = Encoder::new().tune(Tune::Psnr);
    /// ```
    pub fn tune(mut self, tune: Tune) -> Self {
        self.options.tune = tune;
        self
    }

    /// 1 (fast) to 9 (dense); 5 if it is not called.
    ///
    /// ```
    /// let encoder = tintype::Encoder::new().effort(9);
    /// ```
    pub fn effort(mut self, effort: u8) -> Self {
        self.options.effort = effort;
        self
    }

    /// Filters noise away first. Goals that measure quality then measure against the filtered
    /// picture.
    ///
    /// ```
    /// use tintype::{Denoise, Encoder};
    ///
    /// let encoder = Encoder::new().denoise(Denoise::Median3);
    /// ```
    pub fn denoise(mut self, filter: Denoise) -> Self {
        self.options.denoise = Some(filter);
        self
    }

    /// How many levels of opacity lossy coding keeps: 100, if this is not called, is all; 0 is
    /// clear and opaque. Clear and opaque pixels stay what they are.
    ///
    /// ```
    /// let encoder = tintype::Encoder::new().alpha_quality(50);
    /// ```
    pub fn alpha_quality(mut self, quality: u8) -> Self {
        self.options.alpha_quality = quality;
        self
    }

    /// What stands behind clear pixels in a JPEG file, as red, green and blue; white, and a
    /// warning, if this is not called.
    ///
    /// ```
    /// use tintype::{Encoder, Picture};
    ///
    /// let clear = Picture::from_rgba8(8, 8, &[9, 9, 9, 0].repeat(64))?;
    /// let jpeg = Encoder::new().background([0, 0, 0]).encode_jpeg(&clear)?;
    /// assert!(jpeg.warnings.is_empty());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn background(mut self, rgb: [u8; 3]) -> Self {
        self.options.background = Some(rgb);
        self
    }

    /// Models of the user's own; each is used instead of the one that its codec has built in.
    ///
    /// ```
    /// use tintype::{Encoder, Models};
    ///
    /// let encoder = Encoder::new().models(Models::default());
    /// ```
    pub fn models(mut self, models: Models) -> Self {
        self.models = models;
        self
    }

    /// Uses up to `count` threads; 0 counts as 1.
    ///
    /// ```
    /// let encoder = tintype::Encoder::new().threads(1);
    /// ```
    pub fn threads(mut self, count: usize) -> Self {
        self.exec.threads = Threads::new(count);
        self
    }

    /// Uses this SIMD level instead of the best one.
    ///
    /// ```
    /// use tintype::{Encoder, Level};
    ///
    /// let encoder = Encoder::new().level(Level::baseline());
    /// ```
    pub fn level(mut self, level: Level) -> Self {
        self.exec.level = level;
        self
    }

    /// Refuses pictures beyond `limits`.
    ///
    /// ```
    /// use tintype::{Encoder, Limits, Picture};
    ///
    /// let limits = Limits { side_px_max: 8, ..Limits::default() };
    /// let picture = Picture::from_gray8(9, 1, &[7; 9])?;
    /// assert!(Encoder::new().limits(limits).encode(&picture).is_err());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn limits(mut self, limits: Limits) -> Self {
        self.exec.limits = limits;
        self
    }

    /// Seals the files that it makes. A size that was asked for is that of the sealed file.
    ///
    /// ```
    /// use tintype::{Encoder, Lock, Passphrase, Picture, Seal};
    ///
    /// let seal = Seal::new(Lock::for_passphrase(&Passphrase::new("a long sentence")?, 10)?);
    /// let tin = Encoder::new().seal(seal).encode(&Picture::from_gray8(8, 8, &[90; 64])?)?;
    /// # Ok::<(), tintype::Error>(())
    /// ```
    #[cfg(feature = "seal")]
    pub fn seal(mut self, seal: crate::seal::Seal) -> Self {
        self.seal = Some(seal);
        self
    }

    /// Encodes `picture`, which is checked first.
    ///
    /// # Errors
    /// `Picture` for planes that do not fit their shape, a sample above its depth, or a shape
    /// outside the limits; `Misuse` for options out of range; `Unsupported` for a codec that
    /// is not built in; `Codec` where the codec fails or the goal cannot be reached.
    ///
    /// ```
    /// use tintype::{Encoder, Picture};
    ///
    /// let mut picture = Picture::from_gray8(2, 2, &[1, 2, 3, 4])?;
    /// std::fs::write(std::env::temp_dir().join("four.tin"), Encoder::new().encode(&picture)?)?;
    ///
    /// picture.planes.planes[0].row_mut(0)[0] = 300; // more than 8 bits hold
    /// assert!(Encoder::new().encode(&picture).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn encode(&self, picture: &Picture) -> Result<Encoded> {
        let find = |id| self.models.to_encode(id);
        let tools = Tools { registry: &find, measure: metric::built_in(), exec: &self.exec };
        #[cfg(feature = "seal")]
        if let Some(seal) = &self.seal {
            picture.planes.check(&self.exec.limits)?;
            let plain = |options: &EncodeOptions| encode_with(&tools, picture, options);
            return self.encode_sealed(seal, picture, plain);
        }
        encode_with(&tools, picture, &self.options)
    }

    /// Encodes the picture file `file` (PNG, JPEG, TIFF, …). A JPEG file that shall lose
    /// nothing is packed as [`Encoder::pack_jpeg`] does.
    ///
    /// # Errors
    /// As [`Encoder::encode`], and `Picture` for a file that cannot be read.
    ///
    /// ```
    /// use tintype::Encoder;
    ///
    /// let file = b"P5 2 2 255 \x10\x20\x30\x40"; // a tiny PGM
    /// let tin = Encoder::lossless().encode_file(file)?;
    /// # Ok::<(), tintype::Error>(())
    /// ```
    #[cfg(feature = "files")]
    pub fn encode_file(&self, file: &[u8]) -> Result<Encoded> {
        self.options.check()?;
        #[cfg(feature = "jpeg")]
        if crate::files::packed::wants_packing(file, &self.options) {
            return self.pack_jpeg(file);
        }
        let (picture, warnings) = crate::files::read::picture_from_file(file, &self.exec)?;
        let mut encoded = self.encode(&picture)?;
        encoded.warnings.extend(warnings);
        Ok(encoded)
    }

    /// Packs a JPEG file into a `.tin` file, in fewer bytes; [`crate::Decoder::unpack_jpeg`]
    /// gives it back byte for byte. Its metadata stays inside it. Only effort, threads and
    /// limits count. Other files are stored as they are.
    ///
    /// # Errors
    /// `Container` for a file that is too large for one.
    ///
    /// ```
    /// use tintype::{Encoder, Picture};
    ///
    /// let jpeg = Encoder::new().encode_jpeg(&Picture::from_gray8(64, 64, &[80; 4096])?)?;
    /// let tin = Encoder::new().effort(9).pack_jpeg(jpeg.as_ref())?;
    /// # Ok::<(), tintype::Error>(())
    /// ```
    #[cfg(feature = "jpeg")]
    pub fn pack_jpeg(&self, file: &[u8]) -> Result<Encoded> {
        self.options.check()?;
        let verify = self.verify.unwrap_or(Verify::Yes);
        let packed = crate::files::packed::pack_file(file, self.options.effort, verify, &self.exec)?;
        #[cfg(feature = "seal")]
        if let Some(seal) = &self.seal {
            let mut sealed = packed;
            let picture = match seal.has_preview() {
                true => Some(crate::files::packed::picture_from_jpeg(file, &self.exec)?.0),
                false => None,
            };
            sealed.bytes = self.close(&sealed.bytes, picture.as_ref())?;
            return Ok(sealed);
        }
        Ok(packed)
    }

    /// Whether [`Encoder::pack_jpeg`] unpacks what it packed and compares; it does if this is not
    /// called.
    ///
    /// ```
    /// use tintype::{Encoder, Verify};
    ///
    /// let encoder = Encoder::new().verify(Verify::No);
    /// ```
    #[cfg(feature = "jpeg")]
    pub fn verify(mut self, verify: Verify) -> Self {
        self.verify = Some(verify);
        self
    }

    /// Encodes `picture` into a real JPEG file, with its ICC profile, EXIF and XMP. Goal, tune,
    /// effort, denoise and background count.
    ///
    /// # Errors
    /// `Misuse` for a goal of every sample, and for one that no JPEG reaches; as [`Encoder::encode`] else, and `Codec` or
    /// `Picture` for planes that JPEG has no place for.
    ///
    /// ```
    /// use tintype::{Encoder, Picture};
    ///
    /// let picture = Picture::from_rgb8(16, 16, &[80; 16 * 16 * 3])?;
    /// let jpeg = Encoder::new().quality(85.0).encode_jpeg(&picture)?;
    /// assert!(jpeg.bytes.starts_with(&[0xff, 0xd8]));
    /// # Ok::<(), tintype::Error>(())
    /// ```
    #[cfg(feature = "jpeg")]
    pub fn encode_jpeg(&self, picture: &Picture) -> Result<Encoded> {
        crate::files::jpeg::jpeg_from_picture(picture, &self.options, &self.exec)
    }
}

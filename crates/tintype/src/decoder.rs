//! The door for decoding: from something that seeks, or from a stream.

use crate::decode::{Decoded, decode_with, explain_with};
use crate::error::{Error, Result};
use crate::frame::container_limits;
use crate::head::{Head, head_from_bytes};
use crate::info::{Contents, Info};
use crate::input::{Chosen, Input};
use crate::options::DecodeOptions;
use crate::registry::Models;
use crate::warning::Warning;
use std::io::{Read, Seek};
use tintype_codec::CodedPart;
use tintype_container::Reader;
use tintype_image::Region;

/// Decodes a `.tin` file. Opening reads the head; decoding reads only the sections it needs.
///
/// Files that end early decode as far as their codec allows; [`Decoded::warnings`] says so.
///
/// ```
/// use std::io::Cursor;
/// use tintype::{Decoder, Encoder, Picture};
///
/// let tin = Encoder::new().encode(&Picture::from_rgb8(64, 48, &[120; 64 * 48 * 3])?)?;
/// let small = Decoder::new(Cursor::new(&tin))?.scale(2).decode()?.picture;
/// assert_eq!((small.width(), small.height()), (32, 24));
/// # Ok::<(), tintype::Error>(())
/// ```
pub struct Decoder<R> {
    reader: Reader<Input<R>>,
    /// A sealed file's picture at 1/2^k; 0 for the picture itself.
    preview_log2: u8,
    head: Head,
    info: Info,
    options: DecodeOptions,
}

impl<R> std::fmt::Debug for Decoder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = f.debug_struct("Decoder");
        text.field("info", &self.info).field("options", &self.options).finish_non_exhaustive()
    }
}

impl<R: Read + Seek> Decoder<R> {
    /// Reads the head of a file that seeks, such as a `File` or a `Cursor`, which stands at
    /// the start of the `.tin` file.
    ///
    /// # Errors
    /// `Container` for a damaged file, `Unsupported` for a newer one, `Picture` for a picture
    /// outside the limits.
    ///
    /// ```
    /// use std::io::Cursor;
    /// use tintype::{Decoder, Encoder, Picture};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(2, 1, &[1, 2])?)?;
    /// let decoder = Decoder::new(Cursor::new(&tin))?;
    /// assert_eq!(decoder.info().shape.width_px, 2);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn new(reader: R) -> Result<Self> {
        Self::with_options(reader, DecodeOptions::default())
    }

    /// As [`Decoder::new`], with limits and other options that hold for the head, too.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    ///
    /// ```
    /// use std::io::Cursor;
    /// use tintype::{DecodeOptions, Decoder, Encoder, Picture};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(2, 1, &[1, 2])?)?;
    /// let options = DecodeOptions::new().threads(1);
    /// let decoded = Decoder::with_options(Cursor::new(&tin), options)?.decode()?;
    /// assert_eq!(decoded.picture.to_gray8()?, [1, 2]);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn with_options(reader: R, options: DecodeOptions) -> Result<Self> {
        let options = options.started();
        let limits = container_limits(&options.exec.limits);
        let Chosen { input, scale_log2 } = Input::seek(reader, &options)?;
        Self::from_reader(Reader::seek(input, limits)?, scale_log2, options)
    }
}

impl<R: Read> Decoder<R> {
    /// Reads the head of a stream. Sections that are not wanted are read and dropped.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(2, 1, &[1, 2])?)?;
    /// let decoded = Decoder::from_stream(&tin.bytes[..])?.decode()?;
    /// assert_eq!(decoded.picture.to_gray8()?, [1, 2]);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn from_stream(reader: R) -> Result<Self> {
        Self::from_stream_with_options(reader, DecodeOptions::default())
    }

    /// As [`Decoder::from_stream`], with limits and other options that hold for the head, too.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    ///
    /// ```
    /// use tintype::{DecodeOptions, Decoder, Encoder, Picture};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(2, 1, &[1, 2])?)?;
    /// let options = DecodeOptions::new().threads(1);
    /// let decoded = Decoder::from_stream_with_options(&tin.bytes[..], options)?.decode()?;
    /// assert_eq!(decoded.picture.width(), 2);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn from_stream_with_options(reader: R, options: DecodeOptions) -> Result<Self> {
        let options = options.started();
        let limits = container_limits(&options.exec.limits);
        let Chosen { input, scale_log2 } = Input::stream(reader, &options)?;
        Self::from_reader(Reader::stream(input, limits)?, scale_log2, options)
    }

    fn from_reader(
        mut reader: Reader<Input<R>>,
        preview_log2: u8,
        options: DecodeOptions,
    ) -> Result<Self> {
        if options.partial {
            reader.keep_before_damage();
        }
        let head = head_from_bytes(reader.head(), &options.exec.limits)?;
        let info = Info::new(&head, &reader);
        Ok(Self { reader, preview_log2, head, info, options })
    }

    /// What the head says.
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(2, 1, &[1, 2])?)?;
    /// println!("{:?}", Decoder::from_stream(&tin.bytes[..])?.info());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// What part of a sealed file was opened: 1 for the picture, and for every file that is not
    /// sealed; else the divisor of the preview that is open.
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(2, 1, &[1, 2])?)?;
    /// assert_eq!(Decoder::from_stream(&tin.bytes[..])?.preview_divisor(), 1);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn preview_divisor(&self) -> u32 {
        1 << self.preview_log2
    }

    /// Decodes at 1/`divisor` of the size, rounded up: 1, 2, 4, 8, 16 or 32.
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture};
    ///
    /// let tin = Encoder::new().encode(&Picture::from_gray8(33, 16, &[80; 33 * 16])?)?;
    /// let small = Decoder::from_stream(&tin.bytes[..])?.scale(4).decode()?.picture;
    /// assert_eq!((small.width(), small.height()), (9, 4));
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn scale(mut self, divisor: u32) -> Self {
        self.options = self.options.scale(divisor);
        self
    }

    /// Decodes only this rectangle of the full-size picture. With a scale, the rectangle is
    /// scaled outwards.
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture, Region};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(4, 1, &[1, 2, 3, 4])?)?;
    /// let middle = Region { x: 1, y: 0, width: 2, height: 1 };
    /// let part = Decoder::from_stream(&tin.bytes[..])?.region(middle).decode()?.picture;
    /// assert_eq!(part.to_gray8()?, [2, 3]);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn region(mut self, region: Region) -> Self {
        self.options = self.options.region(region);
        self
    }

    /// Decodes at most `count` quality layers, where the codec has any.
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture, codec};
    ///
    /// let picture = Picture::from_gray8(64, 64, &[80; 64 * 64])?;
    /// let tin = Encoder::lossless().codec(codec::WAVELET).encode(&picture)?;
    /// let coarse = Decoder::from_stream(&tin.bytes[..])?.layers(1).decode()?.picture;
    /// assert_eq!(coarse.width(), 64);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn layers(mut self, count: u32) -> Self {
        self.options = self.options.layers(count);
        self
    }

    /// Models of the user's own, beside those that are built in.
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Models, Picture};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(2, 1, &[1, 2])?)?;
    /// let decoder = Decoder::from_stream(&tin.bytes[..])?.models(Models::default());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn models(mut self, models: Models) -> Self {
        self.options = self.options.models(models);
        self
    }

    /// Uses up to `count` threads; 0 counts as 1. The samples do not depend on it.
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(2, 1, &[1, 2])?)?;
    /// let decoder = Decoder::from_stream(&tin.bytes[..])?.threads(2);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn threads(mut self, count: usize) -> Self {
        self.options = self.options.threads(count);
        self
    }

    /// Decodes.
    ///
    /// # Errors
    /// `Container` for a damaged file, `Codec` where the codec fails or the file was cut off
    /// and the codec needs all of it, `Unsupported` for a codec that is not built in, `Misuse`
    /// for a part that the picture does not have.
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(2, 1, &[1, 2])?)?;
    /// assert_eq!(Decoder::from_stream(&tin.bytes[..])?.decode()?.picture.to_gray8()?, [1, 2]);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn decode(self) -> Result<Decoded> {
        let mut request = self.options.request()?;
        let wanted = request.scale_log2;
        request.scale_log2 = wanted.saturating_sub(self.preview_log2);
        if self.preview_log2 > 0 && request.region.is_some() {
            let what = "a region of a sealed picture, of which only the preview is open; give its key";
            return Err(Error::Misuse { what: what.into() });
        }
        let DecodeOptions { models, exec, .. } = &self.options;
        let find = |id, header: &[u8]| models.to_decode(id, header);
        let mut decoded = decode_with(&find, &self.head, self.reader, &request, exec)?;
        if wanted < self.preview_log2 {
            decoded.warnings.push(Warning::Preview { divisor: 1 << self.preview_log2 });
        }
        Ok(decoded)
    }

    /// What each part of the picture was coded as, and the bits that it took; nothing for codecs that do not tell (`photo` does).
    ///
    /// # Errors
    /// As [`Decoder::decode`]. A file that was cut off tells what is there.
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture, codec};
    ///
    /// let samples: Vec<u8> = (0..64 * 32).map(|i| (i * i / 99) as u8).collect();
    /// let picture = Picture::from_gray8(64, 32, &samples)?;
    /// let tin = Encoder::new().codec(codec::PHOTO).encode(&picture)?;
    /// let parts = Decoder::from_stream(&tin.bytes[..])?.explain()?;
    /// let bits: f32 = parts.iter().map(|part| part.bits).sum();
    /// assert!(parts.len() >= 2 && bits < tin.bytes.len() as f32 * 8.0);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn explain(self) -> Result<Vec<CodedPart>> {
        let DecodeOptions { models, exec, .. } = &self.options;
        let find = |id, header: &[u8]| models.to_decode(id, header);
        explain_with(&find, &self.head, self.reader, exec)
    }

    /// Reads on to the end without decoding, and says what else the file holds. Data is
    /// stepped over, so that damage in it goes unnoticed.
    ///
    /// # Errors
    /// `Container` for damaged metadata.
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(2, 1, &[1, 2])?)?;
    /// let contents = Decoder::from_stream(&tin.bytes[..])?.contents()?;
    /// assert!(contents.metadata.is_empty() && contents.cut_off_at.is_none());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn contents(self) -> Result<Contents> {
        Contents::read(self.reader, self.head.profile)
    }

    /// The JPEG file that [`Encoder::pack_jpeg`](crate::Encoder::pack_jpeg) packed, byte for
    /// byte, without decoding its picture; `None` if the file holds a picture.
    ///
    /// # Errors
    /// `Container` and `Codec` for a damaged or cut file.
    ///
    /// ```
    /// use tintype::{Decoder, Encoder, Picture};
    ///
    /// let jpeg = Encoder::new().encode_jpeg(&Picture::from_gray8(16, 16, &[80; 256])?)?;
    /// let tin = Encoder::new().pack_jpeg(jpeg.as_ref())?;
    /// let back = Decoder::from_stream(&tin.bytes[..])?.unpack_jpeg()?;
    /// assert_eq!(back, Some(jpeg.into_bytes()));
    /// # Ok::<(), tintype::Error>(())
    /// ```
    #[cfg(feature = "jpeg")]
    pub fn unpack_jpeg(self) -> Result<Option<Vec<u8>>> {
        crate::files::packed::unpack_file(&self.head, self.reader, &self.options.exec)
    }
}

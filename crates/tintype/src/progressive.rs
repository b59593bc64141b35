//! A better picture each time more bytes came.
//!
//! In: the bytes of a `.tin` file, piece by piece; out: pictures. Codecs with an embedded
//! stream give one for every prefix that holds data; others when all of their data is there.

use crate::decode::{Decoded, decode_with};
use crate::error::{Error, Result};
use crate::frame::container_limits;
use crate::head::{Head, head_from_bytes};
use crate::info::Info;
use crate::options::DecodeOptions;
use std::io::Cursor;
use tintype_codec::CodecError;
use tintype_container::{ContainerError, Reader};

/// Between two pictures the file grows by this share at least: the work of all decodes
/// together then is at most 17 times that of the last one, however small the pieces are.
const GROWTH_SHARE: u64 = 16;

/// What a [`ProgressiveDecoder`] waits for.
///
/// ```
/// use tintype::{Need, ProgressiveDecoder};
///
/// assert_eq!(ProgressiveDecoder::new().need(), Need::Head);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// The rest of the head.
    Head,
    /// At least so many more bytes for the next picture.
    Bytes(u64),
    /// Nothing: the file is whole.
    Nothing,
}

/// Decodes a file while it arrives.
///
/// ```
/// use tintype::{Encoder, Need, Picture, ProgressiveDecoder, codec};
///
/// let pixels: Vec<u8> = (0..64 * 64).map(|i| (i * i / 64) as u8).collect();
/// let picture = Picture::from_gray8(64, 64, &pixels)?;
/// let tin = Encoder::lossless().codec(codec::WAVELET).encode(&picture)?;
///
/// let mut decoder = ProgressiveDecoder::new();
/// let mut pictures = Vec::new();
/// for piece in tin.bytes.chunks(500) {
///     pictures.extend(decoder.push(piece)?);
/// }
/// assert!(pictures.len() > 1);
/// assert_eq!(pictures.last().map(|last| &last.picture), Some(&picture));
/// assert_eq!(decoder.need(), Need::Nothing);
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct ProgressiveDecoder {
    options: DecodeOptions,
    bytes: Vec<u8>,
    head: Option<(Head, Info)>,
    /// Where the data ends.
    data_end: u64,
    /// Bytes of the file that the next picture needs.
    next_at: u64,
    /// Whether a picture has been made of all the data; what may follow is metadata.
    data_shown: bool,
    /// Whether the last picture showed the whole file.
    whole: bool,
}

/// The file as far as it is there.
type Prefix<'a> = Reader<Cursor<&'a [u8]>>;

impl ProgressiveDecoder {
    /// Waits for a file.
    ///
    /// ```
    /// let decoder = tintype::ProgressiveDecoder::new();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`ProgressiveDecoder::new`], with options: scale, region, layers, models, threads,
    /// limits.
    ///
    /// ```
    /// use tintype::{DecodeOptions, ProgressiveDecoder};
    ///
    /// let decoder = ProgressiveDecoder::with_options(DecodeOptions::new().scale(4));
    /// ```
    pub fn with_options(options: DecodeOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// What the head says, once it is there.
    ///
    /// ```
    /// assert!(tintype::ProgressiveDecoder::new().info().is_none());
    /// ```
    pub fn info(&self) -> Option<&Info> {
        self.head.as_ref().map(|(_, info)| info)
    }

    /// What the next picture needs.
    ///
    /// ```
    /// use tintype::{Encoder, Need, Picture, ProgressiveDecoder};
    ///
    /// let tin = Encoder::lossless().encode(&Picture::from_gray8(2, 1, &[1, 2])?)?;
    /// let (most, last) = tin.bytes.split_at(tin.bytes.len() - 1);
    /// let mut decoder = ProgressiveDecoder::new();
    /// assert!(decoder.push(most)?.is_none());
    /// assert_eq!(decoder.need(), Need::Bytes(1));
    /// assert!(decoder.push(last)?.is_some());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn need(&self) -> Need {
        match self.head {
            _ if self.whole => Need::Nothing,
            None => Need::Head,
            Some(_) => Need::Bytes(self.next_at.saturating_sub(self.bytes.len() as u64).max(1)),
        }
    }

    /// Takes the next bytes of the file. Gives a picture if they allow a better one than before;
    /// [`Decoded::warnings`] says that the file is cut off until it is whole.
    ///
    /// # Errors
    /// As [`crate::Decoder::decode`]; a file that is not there yet is none.
    ///
    /// ```
    /// let mut decoder = tintype::ProgressiveDecoder::new();
    /// assert!(decoder.push(b"\x89TI")?.is_none());
    /// assert!(decoder.push(b"no such file").is_err());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<Decoded>> {
        self.bytes.extend_from_slice(bytes);
        let here = self.bytes.len() as u64;
        if self.whole || (self.head.is_some() && here < self.next_at && here < self.data_end) {
            return Ok(None);
        }
        let limits = container_limits(&self.options.exec.limits);
        let prefix = || Reader::seek(Cursor::new(&self.bytes[..]), limits);
        if self.data_shown && !prefix()?.finish()? {
            return Ok(None);
        }
        let reader = match prefix() {
            Ok(reader) => reader,
            Err(ContainerError::Truncated { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (head, info, data_end) = open(&reader, &self.options)?;
        let decoded = picture_of(&head, reader, &self.options);
        (self.head, self.data_end) = (Some((head, info)), data_end);
        let decoded = match decoded {
            Err(error) if is_truncation(&error) => {
                // Not embedded: all of the data is needed.
                self.next_at = data_end;
                return Ok(None);
            }
            decoded => decoded?,
        };
        self.data_shown = here >= data_end;
        self.whole = decoded.cut_off_at().is_none();
        self.next_at = match here < data_end {
            true => (here + here / GROWTH_SHARE + 1).min(data_end),
            false => here + 1,
        };
        Ok(Some(decoded))
    }
}

fn open(reader: &Prefix<'_>, options: &DecodeOptions) -> Result<(Head, Info, u64)> {
    let head = head_from_bytes(reader.head(), &options.exec.limits)?;
    let info = Info::new(&head, reader);
    Ok((head, info, reader.data_end()))
}

fn picture_of(head: &Head, reader: Prefix<'_>, options: &DecodeOptions) -> Result<Decoded> {
    let find = |id, header: &[u8]| options.models.to_decode(id, header);
    decode_with(&find, head, reader, &options.request()?, &options.exec)
}

/// Whether more bytes may mend it.
fn is_truncation(error: &Error) -> bool {
    matches!(
        error,
        Error::Container(ContainerError::Truncated { .. })
            | Error::Codec { error: CodecError::Truncated { .. }, .. }
    )
}

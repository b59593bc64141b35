//! How files are sealed: a lock for the picture's file, and a smaller picture beside it.

use crate::encode::Encoded;
use crate::error::{Error, Result};
#[cfg(feature = "video")]
use tintype_seal::SealedWriter;
use tintype_seal::{Keys, Lock, Part, write_sealed};

/// Smaller scales are of no use.
const PREVIEW_MAX: u32 = 32;

/// How an [`Encoder`](crate::Encoder) seals: who may see the picture, and whether a smaller one is there for others.
/// Metadata goes with the picture.
///
/// ```
/// use std::io::Cursor;
/// use tintype::{Decoder, DecodeOptions, Encoder, Identity, Keys, Lock, Picture, Seal};
///
/// let identity = Identity::generate()?;
/// let seal = Seal::new(Lock::for_recipients(&[identity.recipient()?])?).open_preview(8);
/// let picture = Picture::from_gray8(64, 64, &[90; 64 * 64])?;
/// let tin = Encoder::lossless().seal(seal).encode(&picture)?;
///
/// let small = Decoder::new(Cursor::new(&tin))?.decode()?.picture;
/// assert_eq!((small.width(), small.height()), (8, 8));
/// let options = DecodeOptions::new().keys(Keys::new().identities([identity]));
/// assert_eq!(Decoder::with_options(Cursor::new(&tin), options)?.decode()?.picture, picture);
/// # Ok::<(), tintype::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Seal {
    lock: Lock,
    preview: Option<Preview>,
}

#[derive(Clone, Debug)]
struct Preview {
    divisor: u32,
    lock: Option<Lock>,
}

impl Seal {
    /// Seals all of it by `lock`.
    ///
    /// ```
    /// use tintype::{Lock, Passphrase, Seal};
    ///
    /// let seal = Seal::new(Lock::for_passphrase(&Passphrase::new("a long sentence")?, 10)?);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn new(lock: Lock) -> Self {
        Self { lock, preview: None }
    }

    /// Puts a picture of 1/`divisor` of the size (2, 4, 8, 16 or 32) beside it, which everybody sees.
    /// It has no metadata but what says its colours and which side is up.
    ///
    /// ```
    /// use tintype::{Lock, Passphrase, Seal};
    ///
    /// let lock = Lock::for_passphrase(&Passphrase::new("a long sentence")?, 10)?;
    /// let seal = Seal::new(lock).open_preview(8);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn open_preview(mut self, divisor: u32) -> Self {
        self.preview = Some(Preview { divisor, lock: None });
        self
    }

    /// As [`Seal::open_preview`], for those whom `lock` lets in.
    ///
    /// ```
    /// use tintype::{Identity, Lock, Passphrase, Seal};
    ///
    /// let friends = Lock::for_recipients(&[Identity::generate()?.recipient()?])?;
    /// let mine = Lock::for_passphrase(&Passphrase::new("a long sentence")?, 10)?;
    /// let seal = Seal::new(mine).sealed_preview(4, friends);
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn sealed_preview(mut self, divisor: u32, lock: Lock) -> Self {
        self.preview = Some(Preview { divisor, lock: Some(lock) });
        self
    }

    /// Keys that open what this seals, to check what was written. They live in memory only.
    ///
    /// ```
    /// use tintype::{Identity, Lock, Seal};
    ///
    /// let lock = Lock::for_recipients(&[Identity::generate()?.recipient()?])?;
    /// let keys = Seal::new(lock).own_keys();
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn own_keys(&self) -> Keys {
        Keys::new().of_lock(&self.lock)
    }

    /// Whether a preview is asked for.
    ///
    /// ```
    /// use tintype::{Lock, Passphrase, Seal};
    ///
    /// let lock = Lock::for_passphrase(&Passphrase::new("a long sentence")?, 10)?;
    /// assert!(!Seal::new(lock).has_preview());
    /// # Ok::<(), tintype::Error>(())
    /// ```
    pub fn has_preview(&self) -> bool {
        self.preview.is_some()
    }

    /// The preview that is asked for: by which power of two it is smaller.
    ///
    /// # Errors
    /// `Misuse` for a size that there is not.
    pub(crate) fn preview_log2(&self) -> Result<Option<u8>> {
        let Some(Preview { divisor, .. }) = self.preview else { return Ok(None) };
        if !divisor.is_power_of_two() || !(2..=PREVIEW_MAX).contains(&divisor) {
            let what = format!("a preview of 1/{divisor} (2, 4, 8, 16 and 32 are possible)");
            return Err(Error::Misuse { what });
        }
        Ok(Some(divisor.trailing_zeros() as u8))
    }

    /// The part of the preview, if there is one.
    fn preview_part<'a>(&'a self, preview: Option<&'a (u8, Encoded)>) -> Option<Part<'a>> {
        let (scale_log2, small) = preview?;
        let lock = self.preview.as_ref()?.lock.as_ref();
        Some(Part { scale_log2: *scale_log2, bytes: &small.bytes, lock })
    }

    /// A sealed file whose `.tin` file comes piece by piece.
    #[cfg(feature = "video")]
    pub(crate) fn streamed(&self, preview: Option<&(u8, Encoded)>) -> Result<SealedWriter<Vec<u8>>> {
        let beside = Vec::from_iter(self.preview_part(preview));
        Ok(SealedWriter::new(Vec::new(), &beside, &self.lock)?)
    }

    /// The sealed file of `tin`.
    pub(crate) fn closed(&self, tin: &[u8], preview: Option<&(u8, Encoded)>) -> Result<Vec<u8>> {
        let mut parts = Vec::from_iter(self.preview_part(preview));
        parts.push(Part { scale_log2: 0, bytes: tin, lock: Some(&self.lock) });
        let mut out = Vec::with_capacity(tin.len() + tin.len() / 1024 + 4096);
        write_sealed(&mut out, &parts)?;
        Ok(out)
    }

    /// Bytes that a file of at most `goal` bytes has for its plain `.tin` file.
    pub(crate) fn room(&self, goal: u64, preview: Option<&(u8, Encoded)>) -> Result<u64> {
        // The front, check and tags of a file whose picture takes all of it.
        let full = self.closed(&[], preview)?.len() as u64;
        let tags = goal.div_ceil(tintype_seal::CHUNK_BYTES as u64) * 16;
        // The lengths of the parts take up to six bytes more.
        goal.checked_sub(full + tags + 6).filter(|room| *room > 0).ok_or_else(|| Error::Misuse {
            what: format!(
                "a sealed file of {goal} bytes: its envelope and preview take {full}; ask for more"
            ),
        })
    }
}

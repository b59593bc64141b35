//! Parts of a sealed file, written and read.
//!
//! In: `.tin` files; out: one sealed file; and back, in any order of places. A part is chunks of
//! [`CHUNK_BYTES`], each encrypted with ChaCha20-Poly1305 under the part's own key; the nonce is the
//! chunk's number and whether it is the last (STREAM). The key depends on the whole front, so that a
//! part opens only where it was written. No byte of a chunk leaves before its tag was checked.
//!
//! Source: Hoang, Reyhanitabar, Rogaway, Vizár 2015, "Online authenticated-encryption and its
//! nonce-reuse misuse-resistance" (STREAM); Albertini et al. 2022, "How to abuse and fix
//! authenticated encryption without key commitment" (the check before the chunks).

use crate::error::{Result, SealError};
use crate::front::{CHECK_BYTES, CHUNK_BYTES, Entry, Front, PartInfo, exactly, front_bytes};
use crate::lock::{Keys, Lock};
use crate::primitives::{Cipher, Secret, TAG_BYTES, derived, random};
use sha2::{Digest, Sha256};
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use zeroize::Zeroizing;

/// The label of a part's key.
const LABEL: &[u8] = b"tintype seal 1 part ";

/// A part to be written.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// 0: the picture; `k`: the picture at 1/2^k.
    pub scale_log2: u8,
    /// A whole `.tin` file.
    pub bytes: &'a [u8],
    /// What closes it; none for an open part.
    pub lock: Option<&'a Lock>,
}

/// Key of a part, and the check that commits the file to it.
fn part_key(content: &Secret<32>, front_hash: &[u8; 32], index: usize) -> (Secret<32>, Secret<32>) {
    let both: Secret<64> = derived(&**content, front_hash, &[LABEL, &[index as u8]]);
    let (mut key, mut check) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
    key.copy_from_slice(&both[..32]);
    check.copy_from_slice(&both[32..]);
    (key, check)
}

/// The nonce of a chunk.
fn nonce(chunk: u64, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&chunk.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce
}

/// Writes one sealed file.
///
/// # Errors
/// `Misuse` for no part, too many, or none that is sealed; `Io`.
///
/// ```
/// use std::io::Read;
/// use tintype_seal::{Front, Keys, Lock, Part, Passphrase, write_sealed};
///
/// let word = Passphrase::new("correct horse battery staple")?;
/// let lock = Lock::for_passphrase(&word, 10)?;
/// let mut file = Vec::new();
/// write_sealed(&mut file, &[Part { scale_log2: 0, bytes: b"a .tin file", lock: Some(&lock) }])?;
///
/// let mut source = &file[..];
/// let front = Front::read(&mut source)?;
/// let mut text = String::new();
/// front.open(0, &Keys::new().passphrase(word), source)?.read_to_string(&mut text)?;
/// assert_eq!(text, "a .tin file");
/// # Ok::<(), tintype_seal::SealError>(())
/// ```
pub fn write_sealed(out: &mut impl Write, parts: &[Part<'_>]) -> Result<()> {
    write_with_salt(out, parts, &random()?)
}

/// Writes a sealed file whose last part comes piece by piece, such as a clip: its length need not be known, and no
/// more than a chunk of it is held.
///
/// ```
/// use std::io::Read;
/// use tintype_seal::{Front, Keys, Lock, Passphrase, SealedWriter};
///
/// let word = Passphrase::new("correct horse battery staple")?;
/// let lock = Lock::for_passphrase(&word, 10)?;
/// let mut writer = SealedWriter::new(Vec::new(), &[], &lock)?;
/// writer.write(b"a long ")?;
/// writer.write(b".tin file")?;
/// let file = writer.finish()?;
///
/// let mut source = &file[..];
/// let front = Front::read(&mut source)?;
/// let mut text = String::new();
/// front.open(0, &Keys::new().passphrase(word), source)?.read_to_string(&mut text)?;
/// assert_eq!(text, "a long .tin file");
/// # Ok::<(), tintype_seal::SealError>(())
/// ```
pub struct SealedWriter<W> {
    chunks: ChunkWriter<W>,
}

impl<W> std::fmt::Debug for SealedWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedWriter({} chunks)", self.chunks.number)
    }
}

impl<W: Write> SealedWriter<W> {
    /// Writes the front and the parts `beside`, which come before the one that `lock` closes.
    ///
    /// # Errors
    /// As [`write_sealed`].
    pub fn new(mut out: W, beside: &[Part<'_>], lock: &Lock) -> Result<Self> {
        let (hash, index) = write_start(&mut out, beside, Some(lock), &random()?)?;
        Ok(Self { chunks: ChunkWriter::new(out, part_key(&lock.key, &hash, index))? })
    }

    /// Takes the next bytes of the part.
    ///
    /// # Errors
    /// `Io`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.chunks.write(bytes)
    }

    /// What it writes to; what stands there is not to be changed.
    pub fn target_mut(&mut self) -> &mut W {
        &mut self.chunks.out
    }

    /// Writes the last chunk: without it the file is a cut one, which is refused.
    ///
    /// # Errors
    /// `Io`.
    pub fn finish(self) -> Result<W> {
        self.chunks.finish()
    }
}

/// As [`write_sealed`], with a salt that must be used once.
pub(crate) fn write_with_salt(
    out: &mut impl Write,
    parts: &[Part<'_>],
    salt: &Secret<32>,
) -> Result<()> {
    write_start(out, parts, None, salt).map(|_| ())
}

/// Writes the front and `parts`. With `last`, the front names one more part, which is closed by that lock and reaches
/// to the end of the file. The front's hash, and that part's number.
fn write_start(
    out: &mut impl Write,
    parts: &[Part<'_>],
    last: Option<&Lock>,
    salt: &Secret<32>,
) -> Result<([u8; 32], usize)> {
    if last.is_none() && parts.iter().all(|part| part.lock.is_none()) {
        return Err(SealError::Misuse { what: "no part of the file would be sealed".into() });
    }
    let mut envelopes: Vec<&[u8]> = Vec::new();
    let entries_of = parts.iter().map(|part| (part.scale_log2, part.lock, Some(part.bytes)));
    let mut entries = Vec::new();
    for (scale_log2, lock, bytes) in entries_of.chain(last.map(|lock| (0, Some(lock), None))) {
        let envelope = lock.map(|lock| {
            let known = envelopes.iter().position(|known| *known == lock.envelope);
            known.unwrap_or_else(|| {
                envelopes.push(&lock.envelope);
                envelopes.len() - 1
            })
        });
        let hash = bytes.filter(|_| lock.is_none()).map(|bytes| Sha256::digest(bytes).into());
        entries.push(Entry { scale_log2, envelope, len_bytes: bytes.map(|b| b.len() as u64), hash });
    }
    let front = front_bytes(salt, &envelopes, &entries)?;
    out.write_all(&front)?;
    let hash = Sha256::digest(&front).into();
    for (index, part) in parts.iter().enumerate() {
        match part.lock {
            Some(lock) => {
                let mut chunks = ChunkWriter::new(&mut *out, part_key(&lock.key, &hash, index))?;
                chunks.write(part.bytes)?;
                chunks.finish()?;
            }
            None => out.write_all(part.bytes)?,
        }
    }
    Ok((hash, parts.len()))
}

/// Encrypts bytes chunk by chunk.
struct ChunkWriter<W> {
    out: W,
    cipher: Cipher,
    /// The next chunk, as far as its bytes came.
    chunk: Zeroizing<Vec<u8>>,
    /// Its number.
    number: u64,
}

impl<W: Write> ChunkWriter<W> {
    fn new(mut out: W, (key, check): (Secret<32>, Secret<32>)) -> Result<Self> {
        out.write_all(&*check)?;
        let chunk = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES + TAG_BYTES));
        Ok(Self { out, cipher: Cipher::new(&key), chunk, number: 0 })
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            // A full chunk waits until it is known not to be the last.
            if self.chunk.len() == CHUNK_BYTES {
                self.put(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_BYTES - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn put(&mut self, last: bool) -> Result<()> {
        let tag = self.cipher.encrypt(nonce(self.number, last), &mut self.chunk);
        self.chunk.extend_from_slice(&tag);
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        self.number += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<W> {
        self.put(true)?;
        Ok(self.out)
    }
}

impl Front {
    /// Whether `keys` open part `index`: the envelope is opened, no byte of the part is read.
    ///
    /// # Errors
    /// As [`Front::open`].
    pub fn opens(&self, index: usize, keys: &Keys) -> Result<()> {
        let missing = || SealError::Misuse { what: format!("part {index} of {}", self.parts().len()) };
        let part = self.parts().get(index).ok_or_else(missing)?;
        match part.envelope.and_then(|number| self.envelopes.get(number)) {
            Some(envelope) => keys.open(envelope).map(|_| ()),
            None => Ok(()),
        }
    }

    /// The `.tin` file of part `index`. `source` stands where the part starts
    /// ([`PartInfo::at`]); it is read as the result is, and sought if the result is.
    ///
    /// # Errors
    /// `Mismatch` for a wrong key, and for what was changed; `Limit` for a passphrase with too much
    /// work; `Misuse` for a part that there is not.
    pub fn open<R: Read>(&self, index: usize, keys: &Keys, mut source: R) -> Result<Opened<R>> {
        let missing = || SealError::Misuse { what: format!("part {index} of {}", self.parts().len()) };
        let part = self.parts().get(index).ok_or_else(missing)?;
        let envelope = part.envelope.and_then(|number| self.envelopes.get(number));
        let Some(envelope) = envelope else { return open_part(part, &mut source).map(Opened::Open) };
        let (key, check) = part_key(&keys.open(envelope)?, &self.hash, part.index);
        let found = exactly(&mut source, CHECK_BYTES as u64)?;
        if !equal(&found, &*check) {
            let what = "the sealed part does not belong to the front of this file: one of them was changed or comes \
                        from another file; do not trust it";
            return Err(SealError::Mismatch { what: what.into() });
        }
        Ok(Opened::Sealed(Box::new(Chunks {
            source,
            cipher: Cipher::new(&key),
            start: part.at + CHECK_BYTES as u64,
            len: part.len_bytes,
            at: 0,
            source_at: 0,
            ahead: Vec::new(),
            chunk: Zeroizing::new(Vec::new()),
            chunk_number: None,
        })))
    }
}

/// Compares in a time that does not depend on where two differ.
fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// An open part, whose hash the front has.
fn open_part(part: &PartInfo, source: &mut impl Read) -> Result<Cursor<Vec<u8>>> {
    let bytes = exactly(source, part.len_bytes.unwrap_or(0))?;
    let hash: [u8; 32] = Sha256::digest(&bytes).into();
    if part.hash != Some(hash) {
        let what =
            format!("damaged or changed file: the open part at byte {} has another hash", part.at);
        return Err(SealError::Mismatch { what });
    }
    Ok(Cursor::new(bytes))
}

/// The plain bytes of a part. Errors of sealing come as `std::io::Error` around a [`SealError`].
pub enum Opened<R> {
    /// An open part.
    Open(Cursor<Vec<u8>>),
    /// A sealed part.
    Sealed(Box<Chunks<R>>),
}

/// Reads chunks, checks them, and gives their bytes.
pub struct Chunks<R> {
    source: R,
    cipher: Cipher,
    /// Where the first chunk lies in the file, for messages.
    start: u64,
    /// Plain bytes; none as long as the end of a part that reaches to the end of the file was not found.
    len: Option<u64>,
    /// The next plain byte.
    at: u64,
    /// Where the source stands, from the first chunk.
    source_at: u64,
    /// Bytes of the next chunk that were read to see whether there is one.
    ahead: Vec<u8>,
    /// A chunk that was checked, and its number.
    chunk: Zeroizing<Vec<u8>>,
    chunk_number: Option<u64>,
}

const SEALED_CHUNK_BYTES: u64 = (CHUNK_BYTES + TAG_BYTES) as u64;

/// The number of the last chunk of `len` plain bytes.
fn last_chunk(len: u64) -> u64 {
    len.div_ceil(CHUNK_BYTES as u64).max(1) - 1
}

impl<R> Chunks<R> {
    /// Where the next chunk that can be read begins, from the first chunk.
    fn stands_at(&self) -> u64 {
        self.source_at - self.ahead.len() as u64
    }

    /// Takes the sealed bytes of chunk `number`.
    fn check(&mut self, number: u64, last: bool, mut bytes: Zeroizing<Vec<u8>>) -> Result<()> {
        let missing = TAG_BYTES.saturating_sub(bytes.len());
        if missing > 0 {
            return Err(SealError::Truncated { needed: missing });
        }
        let plain = bytes.len() - TAG_BYTES;
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&bytes[plain..]);
        bytes.truncate(plain);
        if !self.cipher.decrypt(nonce(number, last), &mut bytes, tag) {
            let at = self.start + number * SEALED_CHUNK_BYTES;
            let cut = if last { ", or the file was cut off" } else { "" };
            let what = format!(
                "damaged or changed sealed file: the chunk at byte {at} is not as it was written{cut}"
            );
            return Err(SealError::Mismatch { what });
        }
        self.chunk = bytes;
        self.chunk_number = Some(number);
        Ok(())
    }
}

impl<R: Read> Chunks<R> {
    /// Reads the chunk at which the source stands.
    fn read_chunk(&mut self, number: u64) -> Result<()> {
        self.chunk_number = None;
        let Some(len) = self.len else { return self.read_chunk_to_end(number) };
        let plain = len.saturating_sub(number * CHUNK_BYTES as u64).min(CHUNK_BYTES as u64);
        let bytes = self.take(plain + TAG_BYTES as u64)?;
        let missing = plain + TAG_BYTES as u64 - bytes.len() as u64;
        if missing > 0 {
            return Err(SealError::Truncated { needed: usize::try_from(missing).unwrap_or(usize::MAX) });
        }
        self.check(number, number == last_chunk(len), bytes)
    }

    /// The same where the end of the file tells which chunk is the last.
    fn read_chunk_to_end(&mut self, number: u64) -> Result<()> {
        let mut bytes = self.take(SEALED_CHUNK_BYTES + 1)?;
        let last = bytes.len() as u64 <= SEALED_CHUNK_BYTES;
        self.ahead = if last { Vec::new() } else { bytes.split_off(SEALED_CHUNK_BYTES as usize) };
        self.check(number, last, bytes)?;
        if last {
            self.len = Some(number * CHUNK_BYTES as u64 + self.chunk.len() as u64);
        }
        Ok(())
    }

    /// Up to `wanted` bytes, less at the end of the source only.
    fn take(&mut self, wanted: u64) -> Result<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(wanted as usize));
        bytes.append(&mut self.ahead);
        let rest = wanted.saturating_sub(bytes.len() as u64);
        self.source_at += (&mut self.source).take(rest).read_to_end(&mut bytes)? as u64;
        Ok(bytes)
    }

    fn read_plain(&mut self, out: &mut [u8]) -> Result<usize> {
        // An empty part has a chunk, too: its tag says that the part is empty.
        if out.is_empty() || self.len.is_some_and(|len| self.at >= len && (len > 0 || self.at > 0)) {
            return Ok(0);
        }
        let number = self.at / CHUNK_BYTES as u64;
        if self.chunk_number != Some(number) {
            if self.stands_at() != number * SEALED_CHUNK_BYTES {
                let what = format!("reading chunk {number} of a source that stands elsewhere");
                return Err(SealError::Misuse { what });
            }
            self.read_chunk(number)?;
        }
        let from = ((self.at % CHUNK_BYTES as u64) as usize).min(self.chunk.len());
        let bytes = &self.chunk[from..];
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl<R: Read + Seek> Chunks<R> {
    /// The plain bytes, from the end of the source where the front does not tell. The tag of the last chunk then
    /// shows whether that is the end that was written.
    fn len(&mut self) -> std::io::Result<u64> {
        if let Some(len) = self.len {
            return Ok(len);
        }
        let here = self.source.stream_position()?;
        let end = self.source.seek(SeekFrom::End(0))?;
        self.source.seek(SeekFrom::Start(here))?;
        let stored = end.saturating_sub(here.saturating_sub(self.source_at));
        let chunks = stored.div_ceil(SEALED_CHUNK_BYTES);
        let len = stored.saturating_sub(chunks * TAG_BYTES as u64);
        self.len = Some(len);
        Ok(len)
    }
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Open(cursor) => cursor.read(out),
            Self::Sealed(chunks) => chunks.read_plain(out).map_err(SealError::into_io),
        }
    }
}

impl<R: Read + Seek> Seek for Opened<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let chunks = match self {
            Self::Open(cursor) => return cursor.seek(to),
            Self::Sealed(chunks) => chunks,
        };
        let len = chunks.len()?;
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(step) => len.checked_add_signed(step),
            SeekFrom::Current(step) => chunks.at.checked_add_signed(step),
        };
        let before =
            || std::io::Error::new(std::io::ErrorKind::InvalidInput, "a place before the start");
        chunks.at = target.ok_or_else(before)?;
        let number = (chunks.at / CHUNK_BYTES as u64).min(last_chunk(len));
        let place = number * SEALED_CHUNK_BYTES;
        if chunks.chunk_number != Some(number) && chunks.stands_at() != place {
            let step = i64::try_from(place).ok().zip(i64::try_from(chunks.source_at).ok());
            let (to, from) = step.ok_or_else(before)?;
            chunks.source.seek(SeekFrom::Current(to - from))?;
            chunks.source_at = place;
            chunks.ahead.clear();
        }
        Ok(chunks.at)
    }
}

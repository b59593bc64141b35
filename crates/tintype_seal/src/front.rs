//! The front of a sealed file: envelopes, and which parts follow.
//!
//! In: the beginning of a file; out: where its parts lie and what opens them; and back. Nothing here
//! is secret; every key of a part depends on every byte of it. Byte table: docs/format/seal.md.

use crate::error::{Result, SealError};
use crate::primitives::{Secret, TAG_BYTES};
use crate::stanza::Envelope;
use sha2::{Digest, Sha256};
use std::io::Read;
use tintype_container::{MAGIC, crc_32c, read_varint, write_varint};

/// The form byte of sealed files, the fifth byte.
///
/// ```
/// assert_eq!(tintype_seal::SEALED_FORM, 3);
/// ```
pub const SEALED_FORM: u8 = 3;
/// Bytes of a chunk before it is sealed.
pub const CHUNK_BYTES: usize = 1 << 16;
/// Bytes before the chunks of a sealed part.
pub(crate) const CHECK_BYTES: usize = 32;
/// The most bytes of a front.
const FRONT_BYTES_MAX: u64 = 1 << 20;
const ENVELOPES_MAX: usize = 16;
const PARTS_MAX: usize = 32;
const SEALED: u8 = 0x80;
/// The part reaches to the end of the file, and its length is not in the front.
const TO_END: u8 = 0x40;
const SCALE_MASK: u8 = 0x07;
const SCALE_MAX: u8 = 5;

/// One part of a file: a whole `.tin` file of its own, sealed or open.
///
/// ```
/// fn line(part: &tintype_seal::PartInfo) -> String {
///     format!("1/{}: {:?} bytes", 1 << part.scale_log2, part.len_bytes)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartInfo {
    /// 0: the picture; `k`: the picture at 1/2^k.
    pub scale_log2: u8,
    /// Whether a key is needed.
    pub sealed: bool,
    /// Bytes of the `.tin` file in it; none for a part that reaches to the end of the file, whose length was not
    /// known when its front was written.
    pub len_bytes: Option<u64>,
    /// Where it starts, in bytes from the start of the file.
    pub at: u64,
    pub(crate) index: usize,
    pub(crate) envelope: Option<usize>,
    pub(crate) hash: Option<[u8; 32]>,
}

impl PartInfo {
    /// Bytes that it takes in the file, if the front tells.
    pub fn stored_bytes(&self) -> Option<u64> {
        self.len_bytes.map(|len| if self.sealed { stored_bytes(len) } else { len })
    }
}

/// Bytes of a sealed part of `len` bytes.
pub(crate) fn stored_bytes(len: u64) -> u64 {
    let chunks = len.div_ceil(CHUNK_BYTES as u64).max(1);
    CHECK_BYTES as u64 + len + chunks * TAG_BYTES as u64
}

/// The front of a sealed file.
///
/// ```
/// use tintype_seal::{Front, Identity, Lock, Part, write_sealed};
///
/// let lock = Lock::for_recipients(&[Identity::generate()?.recipient()?])?;
/// let mut file = Vec::new();
/// write_sealed(&mut file, &[Part { scale_log2: 0, bytes: b"a .tin file", lock: Some(&lock) }])?;
/// let front = Front::read(&mut &file[..])?;
/// assert!(front.parts()[0].sealed && front.recipients() == 1 && !front.takes_passphrase());
/// # Ok::<(), tintype_seal::SealError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Front {
    pub(crate) hash: [u8; 32],
    pub(crate) envelopes: Vec<Vec<u8>>,
    parts: Vec<PartInfo>,
    len_bytes: u64,
}

/// What a part's entry in the front is made of.
pub(crate) struct Entry {
    pub(crate) scale_log2: u8,
    pub(crate) envelope: Option<usize>,
    /// None for a sealed part to the end of the file.
    pub(crate) len_bytes: Option<u64>,
    pub(crate) hash: Option<[u8; 32]>,
}

/// The bytes of a front.
pub(crate) fn front_bytes(salt: &Secret<32>, envelopes: &[&[u8]], entries: &[Entry]) -> Result<Vec<u8>> {
    if envelopes.len() > ENVELOPES_MAX || entries.is_empty() || entries.len() > PARTS_MAX {
        let what = format!("{} envelopes and {} parts in one file", envelopes.len(), entries.len());
        return Err(SealError::Misuse { what });
    }
    let mut body = salt.to_vec();
    body.push(envelopes.len() as u8);
    for envelope in envelopes {
        write_varint(&mut body, envelope.len() as u64);
        body.extend_from_slice(envelope);
    }
    body.push(entries.len() as u8);
    for entry in entries {
        if entry.scale_log2 > SCALE_MAX {
            let what = format!("a part at 1/{}", 1u32 << entry.scale_log2.min(31));
            return Err(SealError::Misuse { what });
        }
        let sealed = if entry.envelope.is_some() { SEALED } else { 0 };
        body.push(entry.scale_log2 | sealed | if entry.len_bytes.is_none() { TO_END } else { 0 });
        body.extend(entry.envelope.map(|index| index as u8));
        entry.len_bytes.into_iter().for_each(|len| write_varint(&mut body, len));
        body.extend(entry.hash.iter().flatten());
    }
    let mut out = MAGIC.to_vec();
    out.push(SEALED_FORM);
    write_varint(&mut out, body.len() as u64);
    out.extend(body);
    out.extend(crc_32c(&out).to_le_bytes());
    Ok(out)
}

impl Front {
    /// Reads the front that `source` begins with, magic and form byte included.
    ///
    /// # Errors
    /// `Mismatch` for a damaged one, `Malformed`, `Unsupported`, `Limit`, `Truncated`, `Io`.
    pub fn read(source: &mut impl Read) -> Result<Self> {
        let mut bytes = exactly(source, 5)?;
        if bytes[..4] != MAGIC || bytes[4] != SEALED_FORM {
            return Err(SealError::malformed("it does not start as a sealed .tin file does", 0));
        }
        loop {
            let byte = exactly(source, 1)?[0];
            bytes.push(byte);
            if byte & 0x80 == 0 || bytes.len() > 5 + 9 {
                break;
            }
        }
        let number = read_varint(&mut &bytes[5..], 5);
        let len = number.map_err(|_| SealError::malformed("length of the front", 5))?;
        if len > FRONT_BYTES_MAX {
            return Err(SealError::Limit { what: "bytes of its front", max: FRONT_BYTES_MAX });
        }
        let at = bytes.len();
        bytes.extend(exactly(source, len + 4)?);
        let (checked, checksum) = bytes.split_at(bytes.len() - 4);
        if crc_32c(checked).to_le_bytes() != checksum {
            let what = "damaged sealed file: the checksum of its front disagrees; fetch the file again";
            return Err(SealError::Mismatch { what: what.into() });
        }
        let len_bytes = bytes.len() as u64;
        let (envelopes, parts) = Body { bytes: checked, at }.parse(len_bytes)?;
        let hash = Sha256::digest(&bytes).into();
        Ok(Self { hash, envelopes, parts, len_bytes })
    }

    /// The parts, in file order.
    pub fn parts(&self) -> &[PartInfo] {
        &self.parts
    }

    /// Its own bytes in the file.
    pub fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// Bytes of the whole file, if the front tells.
    pub fn file_bytes(&self) -> Option<u64> {
        let part = self.parts.last()?;
        Some(part.at.saturating_add(part.stored_bytes()?))
    }

    /// Whether a passphrase opens some part.
    pub fn takes_passphrase(&self) -> bool {
        let stanzas = self.envelopes.iter().filter_map(|bytes| Envelope::parse(bytes).ok());
        stanzas.flat_map(|envelope| envelope.stanzas).any(|stanza| stanza.passphrase_work().is_some())
    }

    /// How many public keys some part is sealed to.
    pub fn recipients(&self) -> usize {
        let stanzas = self.envelopes.iter().filter_map(|bytes| Envelope::parse(bytes).ok());
        stanzas.flat_map(|envelope| envelope.stanzas).filter(|s| s.passphrase_work().is_none()).count()
    }
}

/// `len` bytes of `source`; memory grows with what arrives.
pub(crate) fn exactly(source: &mut impl Read, len: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(len.min(1 << 16) as usize);
    source.take(len).read_to_end(&mut bytes)?;
    match len - bytes.len() as u64 {
        0 => Ok(bytes),
        missing => Err(SealError::Truncated { needed: usize::try_from(missing).unwrap_or(usize::MAX) }),
    }
}

/// Reads forward through a front.
struct Body<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Body<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let taken = self.at.checked_add(len).and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| SealError::malformed("front too short", self.at))?;
        self.at += len;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self) -> Result<u64> {
        let mut rest = &self.bytes[self.at..];
        let value = read_varint(&mut rest, 0);
        let value = value.map_err(|_| SealError::malformed("wrong or missing number", self.at))?;
        self.at = self.bytes.len() - rest.len();
        Ok(value)
    }

    fn hash(&mut self) -> Result<[u8; 32]> {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.take(32)?);
        Ok(hash)
    }

    /// Envelopes and parts of a front of `len_bytes`.
    fn parse(mut self, len_bytes: u64) -> Result<(Vec<Vec<u8>>, Vec<PartInfo>)> {
        self.take(32)?;
        let count = usize::from(self.byte()?);
        if count > ENVELOPES_MAX {
            return Err(SealError::Limit { what: "envelopes", max: ENVELOPES_MAX as u64 });
        }
        let mut envelopes = Vec::new();
        for _ in 0..count {
            let len = usize::try_from(self.number()?).unwrap_or(usize::MAX);
            envelopes.push(self.take(len)?.to_vec());
        }
        let parts = usize::from(self.byte()?);
        if parts == 0 || parts > PARTS_MAX {
            return Err(SealError::malformed(format!("{parts} parts (1 to 32 are possible)"), self.at));
        }
        let mut infos = Vec::new();
        let mut at = len_bytes;
        for index in 0..parts {
            let part = self.part(index, at, count)?;
            if part.len_bytes.is_none() && index + 1 < parts {
                return Err(SealError::malformed(
                    "a part to the end of the file before others",
                    self.at,
                ));
            }
            at = at.saturating_add(part.stored_bytes().unwrap_or(0));
            infos.push(part);
        }
        match self.at == self.bytes.len() {
            true => Ok((envelopes, infos)),
            false => Err(SealError::malformed("bytes after the last part of the front", self.at)),
        }
    }

    fn part(&mut self, index: usize, at: u64, envelopes: usize) -> Result<PartInfo> {
        let start = self.at;
        let wrong = |what: String| SealError::malformed(what, start);
        let kind = self.byte()?;
        let (sealed, scale_log2) = (kind & SEALED != 0, kind & SCALE_MASK);
        let to_end = kind & TO_END != 0;
        if kind & !(SEALED | TO_END | SCALE_MASK) != 0 || scale_log2 > SCALE_MAX || to_end && !sealed {
            return Err(wrong(format!("part of kind {kind:#04x}")));
        }
        let envelope = if sealed { Some(usize::from(self.byte()?)) } else { None };
        if envelope.is_some_and(|number| number >= envelopes) {
            return Err(wrong("a part without its envelope".into()));
        }
        let len_bytes = if to_end { None } else { Some(self.number()?) };
        if len_bytes.is_some_and(|len| len >> 48 != 0) {
            return Err(wrong("a part of 2^48 bytes or more".into()));
        }
        let hash = if sealed { None } else { Some(self.hash()?) };
        Ok(PartInfo { scale_log2, sealed, len_bytes, at, index, envelope, hash })
    }
}

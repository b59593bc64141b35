//! An envelope: a file in the age format, version 1, that holds one key of 32 bytes. Any program
//! that reads age files opens it.
//!
//! In: recipients or a passphrase, and a key; out: the bytes of an age file; and back. Only what an
//! envelope needs is read: a header, and one chunk of 32 bytes.
//!
//! Source: the age format, version 1 (C2SP/age): "File key", "Header", "Header MAC", "Payload".

use crate::error::{Result, SealError};
use crate::primitives::{Secret, TAG_BYTES, base64, derived, from_base64, random, unwrapped, wrapped};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The first line.
const VERSION_LINE: &str = "age-encryption.org/v1";
/// The name of a stanza for a passphrase.
const SCRYPT: &str = "scrypt";
const SCRYPT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
/// The most columns of base64 in a line.
const COLUMNS: usize = 64;
/// Bytes of the nonce before the payload.
const NONCE_BYTES: usize = 16;
/// An envelope has no more stanzas; a file for more people has several envelopes.
pub(crate) const STANZAS_MAX: usize = 64;

/// The key that an age header wraps.
pub(crate) type FileKey = Secret<16>;

/// One way to the file key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stanza {
    /// Kind and arguments.
    pub(crate) args: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// An envelope taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    pub(crate) stanzas: Vec<Stanza>,
    /// The header up to the mark of its last line, which the code authenticates.
    authenticated: Vec<u8>,
    code: Vec<u8>,
    payload: Vec<u8>,
}

/// What a passphrase stanza says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PassphraseWork {
    pub(crate) salt: [u8; 16],
    /// Binary logarithm of scrypt's N.
    pub(crate) log_n: u8,
}

/// The stanza by which `passphrase` gets `file_key`.
pub(crate) fn passphrase_stanza(passphrase: &str, log_n: u8, file_key: &FileKey) -> Result<Stanza> {
    let work = PassphraseWork { salt: *random::<16>()?, log_n };
    let key = passphrase_key(passphrase, work)?;
    let args = vec![SCRYPT.into(), base64(&work.salt), log_n.to_string()];
    Ok(Stanza { args, body: wrapped(file_key, &key) })
}

/// The key that scrypt makes of a passphrase; takes 2^(log_n + 10) bytes.
fn passphrase_key(passphrase: &str, work: PassphraseWork) -> Result<Secret<32>> {
    let what = || SealError::Misuse { what: format!("passphrase work 2^{}", work.log_n) };
    let params = scrypt::Params::new(work.log_n, 8, 1).map_err(|_| what())?;
    let salt = [SCRYPT_LABEL, &work.salt].concat();
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.as_bytes(), &salt, &params, &mut *key).map_err(|_| what())?;
    Ok(key)
}

impl Stanza {
    /// What a passphrase stanza says; none for another.
    pub(crate) fn passphrase_work(&self) -> Option<PassphraseWork> {
        let [kind, salt, log_n] = &self.args[..] else { return None };
        let number = log_n.parse::<u8>().ok().filter(|number| number.to_string() == *log_n)?;
        let salt = from_base64(salt)?.try_into().ok()?;
        (kind == SCRYPT && (1..64).contains(&number)).then_some(PassphraseWork { salt, log_n: number })
    }

    /// The file key, if this stanza is for `passphrase`.
    pub(crate) fn open_by_passphrase(&self, passphrase: &str) -> Result<Option<FileKey>> {
        let Some(work) = self.passphrase_work() else { return Ok(None) };
        Ok(unwrapped(&self.body, &passphrase_key(passphrase, work)?))
    }

    fn write(&self, out: &mut String) {
        out.push_str("->");
        for arg in &self.args {
            out.push(' ');
            out.push_str(arg);
        }
        out.push('\n');
        let body = base64(&self.body);
        let mut rest = &body[..];
        // The last line is shorter than the others; it may be empty.
        while rest.len() >= COLUMNS {
            out.push_str(&rest[..COLUMNS]);
            out.push('\n');
            rest = &rest[COLUMNS..];
        }
        out.push_str(rest);
        out.push('\n');
    }
}

/// The envelope that holds `key`, by `stanzas` that hold `file_key`.
pub(crate) fn envelope_bytes(
    stanzas: &[Stanza],
    file_key: &FileKey,
    key: &Secret<32>,
) -> Result<Vec<u8>> {
    let mut header = format!("{VERSION_LINE}\n");
    stanzas.iter().for_each(|stanza| stanza.write(&mut header));
    header.push_str("---");
    let code = header_code(file_key, header.as_bytes()).finalize().into_bytes();
    let nonce = random::<NONCE_BYTES>()?;
    let mut out = header.into_bytes();
    out.extend_from_slice(format!(" {}\n", base64(&code)).as_bytes());
    out.extend_from_slice(&*nonce);
    out.extend(payload_wrapped(key, &derived(&**file_key, &*nonce, &[b"payload"])));
    Ok(out)
}

/// The last and only chunk of an age payload.
const ONLY_CHUNK: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

fn payload_wrapped(key: &Secret<32>, under: &Secret<32>) -> Vec<u8> {
    let mut out = key.clone();
    let tag = crate::primitives::Cipher::new(under).encrypt(ONLY_CHUNK, &mut *out);
    [&out[..], &tag].concat()
}

fn header_code(file_key: &FileKey, header: &[u8]) -> Hmac<Sha256> {
    let key: Secret<32> = derived(&**file_key, &[], &[b"header"]);
    // HMAC pads a short key with zeros to one block.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(&*key);
    let mut mac = Hmac::<Sha256>::new(&(*block).into());
    mac.update(header);
    mac
}

impl Envelope {
    /// Takes `bytes` apart.
    ///
    /// # Errors
    /// `Malformed`, `Unsupported` for another version, `Limit`.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let envelope = Self::parse_any(bytes)?;
        match envelope.payload.len() == NONCE_BYTES + 32 + TAG_BYTES {
            true => Ok(envelope),
            false => Err(SealError::malformed("envelope: it does not hold one key", bytes.len())),
        }
    }

    /// The same for an age file that holds anything.
    pub(crate) fn parse_any(bytes: &[u8]) -> Result<Self> {
        let wrong = |what: &str, at: usize| SealError::malformed(format!("envelope: {what}"), at);
        let mut lines = Lines { bytes, at: 0 };
        if lines.next()? != VERSION_LINE {
            return Err(SealError::Unsupported { what: "an envelope of another version of age".into() });
        }
        let mut stanzas = Vec::new();
        let (authenticated, code) = loop {
            let at = lines.at;
            let line = lines.next()?;
            if let Some(code) = line.strip_prefix("--- ") {
                let code = from_base64(code).filter(|code| code.len() == 32);
                break (&bytes[..at + 3], code.ok_or_else(|| wrong("authentication code", at))?);
            }
            let args = line.strip_prefix("-> ").ok_or_else(|| wrong("a line that is no stanza", at))?;
            let args: Vec<String> = args.split(' ').map(String::from).collect();
            let graphic =
                |arg: &String| !arg.is_empty() && arg.bytes().all(|byte| byte.is_ascii_graphic());
            if !args.iter().all(graphic) {
                return Err(wrong("arguments of a stanza", at));
            }
            let mut body = String::new();
            loop {
                let at = lines.at;
                let line = lines.next()?;
                if line.len() > COLUMNS {
                    return Err(wrong("a line of more than 64 columns", at));
                }
                body.push_str(line);
                if line.len() < COLUMNS {
                    break;
                }
            }
            let body = from_base64(&body).ok_or_else(|| wrong("base64 of a stanza", at))?;
            stanzas.push(Stanza { args, body });
            if stanzas.len() > STANZAS_MAX {
                let max = STANZAS_MAX as u64;
                return Err(SealError::Limit { what: "recipients of one envelope", max });
            }
        };
        let payload = bytes[lines.at..].to_vec();
        if stanzas.len() > 1 && stanzas.iter().any(|stanza| stanza.args[0] == SCRYPT) {
            return Err(wrong("a passphrase beside other keys", 0));
        }
        Ok(Self { stanzas, authenticated: authenticated.to_vec(), code, payload })
    }

    /// The key in the envelope, which `file_key` opens.
    ///
    /// # Errors
    /// `Mismatch` for an envelope that was changed.
    pub(crate) fn open(&self, file_key: &FileKey) -> Result<Secret<32>> {
        let content = self.content(file_key)?;
        let mut key = Zeroizing::new([0; 32]);
        match content.len() == key.len() {
            true => key.copy_from_slice(&content),
            false => return Err(changed()),
        }
        Ok(key)
    }

    /// What the file holds, which is one chunk.
    ///
    /// # Errors
    /// `Mismatch` for a file that was changed, `Unsupported` for a long one.
    pub(crate) fn content(&self, file_key: &FileKey) -> Result<Zeroizing<Vec<u8>>> {
        header_code(file_key, &self.authenticated).verify_slice(&self.code).map_err(|_| changed())?;
        let (nonce, sealed) = self.payload.split_at_checked(NONCE_BYTES).ok_or_else(changed)?;
        let (plain, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or_else(changed)?;
        if plain.len() > CONTENT_BYTES_MAX {
            let what = format!("an age file of more than {CONTENT_BYTES_MAX} bytes");
            return Err(SealError::Unsupported { what });
        }
        let mut out = Zeroizing::new(plain.to_vec());
        let under = derived(&**file_key, nonce, &[b"payload"]);
        let right = crate::primitives::Cipher::new(&under).decrypt(ONLY_CHUNK, &mut out, *tag);
        if right { Ok(out) } else { Err(changed()) }
    }
}

/// Bytes of one chunk of an age file.
const CONTENT_BYTES_MAX: usize = 1 << 16;

fn changed() -> SealError {
    let what = "the envelope of its key was changed after it was sealed; do not trust the file";
    SealError::Mismatch { what: what.into() }
}

/// Lines of a header.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str> {
        let rest = &self.bytes[self.at..];
        let wrong = |what: &str| SealError::malformed(format!("envelope: {what}"), self.at);
        let len = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| wrong("no end of line"))?;
        let line = std::str::from_utf8(&rest[..len]).map_err(|_| wrong("no text"))?;
        self.at += len + 1;
        Ok(line)
    }
}

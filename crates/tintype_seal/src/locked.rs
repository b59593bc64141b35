//! Secret keys that have a passphrase of their own: identity files of age that are encrypted, OpenSSH private keys,
//! keys of minisign.
//!
//! In: the bytes of a key's file, and a function that gives the passphrase, which is called only for a key that
//! needs it; out: the key without it, in memory that is wiped. A wrong passphrase is a `Mismatch`.
//!
//! Source: the age format, version 1 (C2SP/age): "ASCII armor", "Payload"; PROTOCOL.key of OpenSSH; Provos and Mazières
//! 1999, "A future-adaptable password scheme", as OpenSSH's bcrypt_pbkdf uses it; the manual of minisign,
//! "Secret key format"; libsodium's choice of scrypt's parameters by two limits.

use crate::error::{Result, SealError};
use crate::fields::Fields;
use crate::passphrase::{PASSPHRASE_WORK_MAX, Passphrase};
use crate::primitives::from_base64;
use crate::stanza::Envelope;
use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

/// Gives the passphrase of a key.
pub type AskPassphrase<'a> = &'a mut dyn FnMut() -> Result<Passphrase>;

/// Gives none: says that one is needed.
pub(crate) fn no_passphrase() -> Result<Passphrase> {
    let what = "the secret key has a passphrase of its own, and none was given";
    Err(SealError::Misuse { what: what.into() })
}

pub(crate) fn wrong_passphrase() -> SealError {
    SealError::Mismatch { what: "wrong passphrase of the secret key".into() }
}

const AGE_FIRST: &[u8] = b"age-encryption.org/v1\n";
const ARMOR_BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const ARMOR_END: &str = "-----END AGE ENCRYPTED FILE-----";

/// The text of a file of keys: as it is, or decrypted if it is an age file under a passphrase.
///
/// # Errors
/// `Malformed` for what is no text, `Mismatch` for a wrong passphrase, `Limit` for one with too much work,
/// `Unsupported` for a file that is encrypted to keys.
pub(crate) fn text_of_keys(file: &[u8], ask: AskPassphrase<'_>) -> Result<Zeroizing<String>> {
    let wrong = |what: &str| SealError::Malformed { what: what.into(), at: None };
    let text = std::str::from_utf8(file).ok();
    let armored = text.and_then(|text| text.trim_start().strip_prefix(ARMOR_BEGIN));
    let unarmored;
    let encrypted = match armored {
        Some(rest) => {
            let body = rest.split(ARMOR_END).next().unwrap_or_default();
            let body: String = body.chars().filter(|c| !c.is_whitespace() && *c != '=').collect();
            unarmored = from_base64(&body).ok_or_else(|| wrong("armored age file"))?;
            Some(&unarmored[..])
        }
        None => file.starts_with(AGE_FIRST).then_some(file),
    };
    let Some(encrypted) = encrypted else {
        let text = text.ok_or_else(|| wrong("file of secret keys: it is no text"))?;
        return Ok(Zeroizing::new(text.to_string()));
    };
    let envelope = Envelope::parse_any(encrypted)?;
    let work = envelope.stanzas.first().and_then(|stanza| stanza.passphrase_work());
    let Some(work) = work else {
        let what = "a file of secret keys that is encrypted to other keys; decrypt it with age first";
        return Err(SealError::Unsupported { what: what.into() });
    };
    if work.log_n > PASSPHRASE_WORK_MAX {
        let (what, max) =
            ("the work of the key's passphrase (powers of two)", PASSPHRASE_WORK_MAX.into());
        return Err(SealError::Limit { what, max });
    }
    let file_key =
        envelope.stanzas[0].open_by_passphrase(ask()?.text())?.ok_or_else(wrong_passphrase)?;
    let plain = envelope.content(&file_key)?;
    let text = std::str::from_utf8(&plain).map_err(|_| wrong("file of secret keys: it is no text"))?;
    Ok(Zeroizing::new(text.to_string()))
}

/// Rounds of bcrypt at most: sixteen are usual, and take a fifth of a second.
const ROUNDS_MAX: u32 = 1024;
/// Bytes of a key and of the first counter of AES-256 in counter mode.
const AES_BYTES: (usize, usize) = (32, 16);

/// The secret part of an OpenSSH key, which is encrypted by `cipher` under a key made by `kdf` with `options`.
///
/// # Errors
/// `Unsupported` for other ciphers than ssh-keygen's usual one, `Limit` for too many rounds, `Malformed`.
pub(crate) fn ssh_secret(
    (cipher, kdf, options): (&[u8], &[u8], &[u8]),
    encrypted: &[u8],
    ask: AskPassphrase<'_>,
) -> Result<Zeroizing<Vec<u8>>> {
    if cipher != b"aes256-ctr" || kdf != b"bcrypt" {
        let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let what = format!(
            "an ssh key encrypted by {} with {}; ssh-keygen -p -Z aes256-ctr -f COPY makes a copy that can be used",
            name(cipher),
            name(kdf)
        );
        return Err(SealError::Unsupported { what });
    }
    let wrong = || SealError::Malformed { what: "OpenSSH private key".into(), at: None };
    let mut fields = Fields(options);
    let (salt, rounds) = (fields.next().ok_or_else(wrong)?, fields.number().ok_or_else(wrong)?);
    if rounds > ROUNDS_MAX {
        return Err(SealError::Limit {
            what: "rounds of the ssh key's passphrase",
            max: ROUNDS_MAX.into(),
        });
    }
    let mut derived = Zeroizing::new([0; AES_BYTES.0 + AES_BYTES.1]);
    bcrypt_pbkdf::bcrypt_pbkdf(ask()?.text(), salt, rounds, &mut *derived).map_err(|_| wrong())?;
    let (key, counter) = derived.split_at(AES_BYTES.0);
    let cipher = Aes256::new_from_slice(key).map_err(|_| wrong())?;
    let mut counter = counter.try_into().map(u128::from_be_bytes).map_err(|_| wrong())?;
    let mut plain = Zeroizing::new(encrypted.to_vec());
    for block in plain.chunks_mut(AES_BYTES.1) {
        let mut stream = counter.to_be_bytes().into();
        cipher.encrypt_block(&mut stream);
        block.iter_mut().zip(stream).for_each(|(byte, key)| *byte ^= key);
        counter = counter.wrapping_add(1);
    }
    // Two equal numbers stand first; else the key was another.
    match plain.first_chunk::<8>().is_some_and(|first| first[..4] == first[4..]) {
        true => Ok(plain),
        false => Err(wrong_passphrase()),
    }
}

/// Memory that minisign's usual limits take: 1 GiB.
const MINISIGN_MEMORY_MAX: u64 = 1 << 30;
/// Work at most: the same limits.
const MINISIGN_WORK_MAX: u64 = 1 << 25;

/// The secret part of a key of minisign, which scrypt's output hides.
///
/// # Errors
/// `Limit` for a passphrase that takes more than minisign's own keys, `Malformed`.
pub(crate) fn minisign_secret(
    (salt, work, memory): (&[u8], u64, u64),
    encrypted: &[u8],
    ask: AskPassphrase<'_>,
) -> Result<Zeroizing<Vec<u8>>> {
    if memory > MINISIGN_MEMORY_MAX || work > MINISIGN_WORK_MAX {
        let (what, max) = ("memory and work of the minisign key's passphrase", MINISIGN_MEMORY_MAX);
        return Err(SealError::Limit { what, max });
    }
    let wrong = || SealError::Malformed { what: "secret key of minisign".into(), at: None };
    let work = work.max(1 << 15);
    let log2_above_half = |n: u64| (1u8..63).find(|log| 1u64 << log > n / 2).unwrap_or(63);
    let (log_n, p) = match work < memory / 32 {
        true => (log2_above_half(work / 32), 1),
        false => {
            let log_n = log2_above_half(memory / 1024);
            (log_n, ((work / 4) >> log_n) / 8)
        }
    };
    let params = scrypt::Params::new(log_n, 8, p.max(1) as u32).map_err(|_| wrong())?;
    let mut plain = Zeroizing::new(vec![0; encrypted.len()]);
    scrypt::scrypt(ask()?.text().as_bytes(), salt, &params, &mut plain).map_err(|_| wrong())?;
    plain.iter_mut().zip(encrypted).for_each(|(out, byte)| *out ^= byte);
    Ok(plain)
}

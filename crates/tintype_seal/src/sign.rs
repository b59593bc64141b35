//! Signatures beside files: who made a file, and that it is still what was signed.
//!
//! In: the bytes of a file, and a key; out: a text as `ssh-keygen -Y sign -n tintype` writes it, which
//! `ssh-keygen -Y verify -n tintype` checks as well; and back. Signatures are Ed25519 over a SHA-512
//! of the file; the same key and file give the same signature.
//!
//! Source: PROTOCOL.sshsig of OpenSSH; RFC 8032 (Ed25519).

use crate::error::{Result, SealError};
use crate::fields::{Fields, field};
use crate::locked::{AskPassphrase, no_passphrase, wrong_passphrase};
use crate::primitives::from_base64;
use crate::ssh::{
    SSH_BEGIN, SSH_ED25519, pair_from_minisign, pair_from_openssh, point_from_base64,
    point_from_minisign, point_from_wire, wire,
};
use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer as _, VerifyingKey};
use sha2::{Digest, Sha512};
use std::io::Read;

const MAGIC: &[u8] = b"SSHSIG";
const NAMESPACE: &[u8] = b"tintype";
const HASH: &[u8] = b"sha512";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const COLUMNS: usize = 70;

/// A secret key that signs. Wiped when it is dropped.
///
/// ```
/// assert!(tintype_seal::SigningKey::parse("no key").is_err());
/// ```
pub struct SigningKey(ed25519_dalek::SigningKey);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.signer())
    }
}

impl SigningKey {
    /// Reads an OpenSSH private key (ssh-ed25519), or a secret key of minisign; neither with a
    /// passphrase.
    ///
    /// # Errors
    /// `Unsupported` for other keys, `Malformed` for what is none, `Misuse` for a key with a passphrase.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_locked(text, &mut no_passphrase)
    }

    /// The same for keys that may have a passphrase, which `ask` gives.
    ///
    /// # Errors
    /// As [`SigningKey::parse`]; `Mismatch` for a wrong passphrase, `Limit` for one with too much work, and what `ask`
    /// says.
    ///
    /// ```
    /// use tintype_seal::{Passphrase, SigningKey};
    ///
    /// assert!(SigningKey::parse_locked("no key", &mut || Passphrase::new("a word")).is_err());
    /// ```
    pub fn parse_locked(text: &str, ask: AskPassphrase<'_>) -> Result<Self> {
        let wrong = |what: &str| SealError::Malformed { what: what.into(), at: None };
        let mut asked = false;
        let mut noted = || {
            asked = true;
            ask()
        };
        let (seed, point) = match text.contains(SSH_BEGIN) {
            true => pair_from_openssh(text, &mut noted)?,
            false => pair_from_minisign(text, &mut noted)?.ok_or_else(|| {
                wrong("no signing key: an ssh-ed25519 or a minisign secret key is needed")
            })?,
        };
        let key = ed25519_dalek::SigningKey::from_bytes(&seed);
        match key.verifying_key().to_bytes() == point {
            true => Ok(Self(key)),
            false if asked => Err(wrong_passphrase()),
            false => Err(wrong("signing key whose halves do not fit")),
        }
    }

    /// Who signs.
    pub fn signer(&self) -> Signer {
        Signer(self.0.verifying_key().to_bytes())
    }

    /// Signs what `file` gives, to its end.
    ///
    /// # Errors
    /// `Io`.
    pub fn sign(&self, file: &mut impl Read) -> Result<Signature> {
        let signature = self.0.sign(&message(&hash_of(file)?)).to_bytes();
        Ok(Signature { signer: self.signer(), signature })
    }
}

/// A public key that files are signed with.
///
/// ```
/// use tintype_seal::Signer;
///
/// let text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFilnXalymJfU4Nx+xnYKwSe0dJOhGO900fQFjoOSnjb me";
/// let minisign = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
/// assert!(Signer::parse(text)? != Signer::parse(minisign)?);
/// # Ok::<(), tintype_seal::SealError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer([u8; 32]);

impl Signer {
    /// Reads `ssh-ed25519 AAAA…`, or minisign's `RW…`, perhaps below its comment.
    ///
    /// # Errors
    /// `Malformed` for what is neither.
    pub fn parse(text: &str) -> Result<Self> {
        let mut words = text.split_whitespace();
        let point = match words.next() {
            Some(SSH_ED25519) => words.next().and_then(point_from_base64),
            _ => point_from_minisign(text),
        };
        point.map(Self).ok_or_else(|| {
            let what = "public key of a signer: ssh-ed25519 … or minisign's RW… is needed";
            SealError::Malformed { what: what.into(), at: None }
        })
    }
}

/// As ssh writes it.
impl std::fmt::Display for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{SSH_ED25519} {}", Base64::encode_string(&wire(&self.0)))
    }
}

/// A signature of a file.
///
/// ```
/// assert!(tintype_seal::Signature::parse("no signature").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    signer: Signer,
    signature: [u8; 64],
}

impl Signature {
    /// Reads the text of a signature.
    ///
    /// # Errors
    /// `Unsupported` for signatures of another kind or purpose, `Malformed`.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || SealError::Malformed { what: "signature".into(), at: None };
        let body = text.split(BEGIN).nth(1).and_then(|rest| rest.split(END).next()).ok_or_else(wrong)?;
        let joined: String = body.chars().filter(|c| !c.is_whitespace() && *c != '=').collect();
        let bytes = from_base64(&joined).ok_or_else(wrong)?;
        let mut fields = Fields(bytes.strip_prefix(MAGIC).ok_or_else(wrong)?);
        if fields.number() != Some(1) {
            return Err(SealError::Unsupported { what: "a signature of another version".into() });
        }
        let mut next = || fields.next().ok_or_else(wrong);
        let (key, namespace, _reserved, hash, inner) = (next()?, next()?, next()?, next()?, next()?);
        let point = point_from_wire(key).ok_or_else(|| SealError::Unsupported {
            what: "a signature by a key that is no ssh-ed25519".into(),
        })?;
        if namespace != NAMESPACE || hash != HASH {
            let what = format!(
                "a signature for {} with {}; tintype and sha512 are needed",
                String::from_utf8_lossy(namespace),
                String::from_utf8_lossy(hash)
            );
            return Err(SealError::Unsupported { what });
        }
        let mut inner = Fields(inner);
        let (name, signature) = (inner.next(), inner.next());
        if name != Some(SSH_ED25519.as_bytes()) || !inner.0.is_empty() || !fields.0.is_empty() {
            return Err(wrong());
        }
        let signature = signature.and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)?;
        Ok(Self { signer: Signer(point), signature })
    }

    /// Whose signature it claims to be; [`Signature::verify`] says whether it is.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Checks that the signer signed what `file` gives, to its end.
    ///
    /// # Errors
    /// `Mismatch` if not; `Io`.
    pub fn verify(&self, file: &mut impl Read) -> Result<()> {
        let message = message(&hash_of(file)?);
        let signature = ed25519_dalek::Signature::from_bytes(&self.signature);
        let key = VerifyingKey::from_bytes(&self.signer.0);
        // Strict: keys and signatures that fit several messages are refused.
        let fits = key.is_ok_and(|key| key.verify_strict(&message, &signature).is_ok());
        match fits {
            true => Ok(()),
            false => Err(SealError::Mismatch {
                what: "the signature does not fit: file or signature was changed, or they belong to other files".into(),
            }),
        }
    }
}

/// The text for a file of its own.
impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let inner = [field(SSH_ED25519.as_bytes()), field(&self.signature)].concat();
        let blob = [
            MAGIC,
            &1u32.to_be_bytes(),
            &field(&wire(&self.signer.0)),
            &field(NAMESPACE),
            &field(&[]),
            &field(HASH),
            &field(&inner),
        ];
        let text = Base64::encode_string(&blob.concat());
        writeln!(f, "{BEGIN}")?;
        let mut rest = &text[..];
        while !rest.is_empty() {
            let (line, more) = rest.split_at(rest.len().min(COLUMNS));
            writeln!(f, "{line}")?;
            rest = more;
        }
        writeln!(f, "{END}")
    }
}

fn hash_of(file: &mut impl Read) -> Result<[u8; 64]> {
    let mut hash = Sha512::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What is signed of a file with this hash.
fn message(hash: &[u8; 64]) -> Vec<u8> {
    [MAGIC, &field(NAMESPACE), &field(&[]), &field(HASH), &field(hash)].concat()
}

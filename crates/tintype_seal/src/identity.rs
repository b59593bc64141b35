//! Secret keys that open files: of age (X25519) and of ssh (Ed25519).
//!
//! Source: as [`crate::recipient`]; PROTOCOL.key of OpenSSH for files of secret keys; RFC 8032,
//! 5.1.5, for the scalar of an Ed25519 key.

use crate::error::{Result, SealError};
use crate::primitives::{Secret, base64, derived, from_base64, unwrapped};
use crate::recipient::{
    Key, Recipient, SSH_ED25519, SSH_LABEL, X25519_LABEL, age_key, agreed, bech32_text, ssh_tag,
    ssh_tweak,
};
use crate::stanza::{FileKey, Stanza};
use sha2::{Digest, Sha512};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::{Zeroize, Zeroizing};

/// The word in front of a secret key of age.
const AGE_WORD: &str = "age-secret-key-";
const SSH_BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const SSH_END: &str = "-----END OPENSSH PRIVATE KEY-----";
const SSH_MAGIC: &[u8] = b"openssh-key-v1\0";

/// A secret key that opens what is sealed to its public key. Wiped when it is dropped.
///
/// ```
/// use tintype_seal::Identity;
///
/// let identity = Identity::generate()?;
/// let text = identity.to_secret_text();
/// assert!(text.starts_with("AGE-SECRET-KEY-1"));
/// assert_eq!(Identity::parse_list(&text)?[0].recipient()?, identity.recipient()?);
/// # Ok::<(), tintype_seal::SealError>(())
/// ```
#[derive(Clone)]
pub struct Identity {
    kind: Kind,
    /// The scalar of X25519.
    scalar: Secret<32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Age,
    Ssh {
        /// The public key.
        point: [u8; 32],
    },
}

/// Names the public key only.
impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({:?})", self.recipient().map(|recipient| recipient.to_string()))
    }
}

impl Identity {
    /// A new key of age.
    ///
    /// # Errors
    /// `Io` where the system gives no random bytes.
    pub fn generate() -> Result<Self> {
        Ok(Self { kind: Kind::Age, scalar: crate::primitives::random()? })
    }

    /// The secret keys in a text: lines of `AGE-SECRET-KEY-1…`, or one OpenSSH private key.
    ///
    /// # Errors
    /// `Unsupported` for other keys, `Malformed` for what is no key, `Misuse` where there is none.
    pub fn parse_list(text: &str) -> Result<Vec<Self>> {
        if let Some(begin) = text.find(SSH_BEGIN) {
            let body = &text[begin + SSH_BEGIN.len()..];
            let body = body.split(SSH_END).next().unwrap_or_default();
            return Ok(vec![Self::from_ssh(body)?]);
        }
        if text.contains("-----BEGIN ") {
            let what = "a secret key in this form; keys of age and OpenSSH's Ed25519 keys can be used";
            return Err(SealError::Unsupported { what: what.into() });
        }
        let lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut identities = Vec::new();
        for line in lines {
            let scalar = Zeroizing::new(age_key(line, AGE_WORD)?);
            identities.push(Self { kind: Kind::Age, scalar });
        }
        if identities.is_empty() {
            return Err(SealError::Misuse { what: "there is no secret key in it".into() });
        }
        Ok(identities)
    }

    /// `AGE-SECRET-KEY-1…` of a key of age, for a file that only its owner reads; empty for one of
    /// ssh, which stays in ssh's own file.
    ///
    /// ```
    /// println!("{}", *tintype_seal::Identity::generate()?.to_secret_text());
    /// # Ok::<(), tintype_seal::SealError>(())
    /// ```
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        match self.kind {
            Kind::Age => Zeroizing::new(bech32_text(AGE_WORD, &self.scalar).to_uppercase()),
            Kind::Ssh { .. } => Zeroizing::new(String::new()),
        }
    }

    /// The public key.
    ///
    /// # Errors
    /// `Malformed` for an ssh key whose public half is no point of its curve.
    pub fn recipient(&self) -> Result<Recipient> {
        match self.kind {
            Kind::Age => Ok(Recipient(Key::Age(x25519(*self.scalar, X25519_BASEPOINT_BYTES)))),
            Kind::Ssh { point } => Recipient::from_ssh_point(point),
        }
    }

    /// The key in the base64 `body` of an OpenSSH private key.
    fn from_ssh(body: &str) -> Result<Self> {
        let joined: Zeroizing<String> =
            Zeroizing::new(body.chars().filter(|c| !c.is_whitespace() && *c != '=').collect());
        let wrong = || SealError::Malformed { what: "OpenSSH private key".into(), at: None };
        let bytes = Zeroizing::new(from_base64(&joined).ok_or_else(wrong)?);
        let seed = ssh_seed(&bytes)?;
        let (seed, point) = (&seed.0, seed.1);
        let mut hash = Sha512::digest(**seed);
        let mut scalar = Zeroizing::new([0; 32]);
        scalar.copy_from_slice(&hash[..32]);
        hash.zeroize();
        let identity = Self { kind: Kind::Ssh { point }, scalar };
        // The scalar must be that of the point, or nothing sealed to the point would open.
        match identity.recipient()?.0 {
            Key::Ssh { montgomery, .. }
                if x25519(*identity.scalar, X25519_BASEPOINT_BYTES) == montgomery =>
            {
                Ok(identity)
            }
            _ => Err(wrong()),
        }
    }

    /// The file key in `stanza`, if it is for this key.
    pub(crate) fn open(&self, stanza: &Stanza) -> Option<FileKey> {
        let args: Vec<&str> = stanza.args.iter().map(String::as_str).collect();
        let share_of = |text: &str| -> Option<[u8; 32]> { from_base64(text)?.try_into().ok() };
        match (self.kind, &args[..]) {
            (Kind::Age, ["X25519", share]) => {
                let share = share_of(share)?;
                let point = x25519(*self.scalar, X25519_BASEPOINT_BYTES);
                let shared = agreed(*self.scalar, share).ok()?;
                let key = derived(&*shared, &[share, point].concat(), &[X25519_LABEL]);
                unwrapped(&stanza.body, &key)
            }
            (Kind::Ssh { point }, [SSH_ED25519, tag, share]) if *tag == base64(&ssh_tag(&point)) => {
                let share = share_of(share)?;
                let montgomery = x25519(*self.scalar, X25519_BASEPOINT_BYTES);
                let shared = agreed(*ssh_tweak(&point), *agreed(*self.scalar, share).ok()?).ok()?;
                let key = derived(&*shared, &[share, montgomery].concat(), &[SSH_LABEL]);
                unwrapped(&stanza.body, &key)
            }
            _ => None,
        }
    }
}

/// Seed and public point of an OpenSSH private key without a passphrase.
fn ssh_seed(bytes: &[u8]) -> Result<(Secret<32>, [u8; 32])> {
    let wrong = || SealError::Malformed { what: "OpenSSH private key".into(), at: None };
    let mut fields = Fields(bytes.strip_prefix(SSH_MAGIC).ok_or_else(wrong)?);
    let (cipher, _kdf, _options) = (fields.next(), fields.next(), fields.next());
    if cipher.ok_or_else(wrong)? != b"none" {
        let what = "an ssh key with a passphrase of its own; make a copy without one (ssh-keygen -p -f COPY), \
                    or use a key of age";
        return Err(SealError::Unsupported { what: what.into() });
    }
    if fields.number() != Some(1) {
        return Err(wrong());
    }
    let _public = fields.next().ok_or_else(wrong)?;
    let mut fields = Fields(fields.next().ok_or_else(wrong)?);
    let checks = (fields.number(), fields.number());
    let name = fields.next().ok_or_else(wrong)?;
    if name != SSH_ED25519.as_bytes() {
        let what = format!(
            "an ssh key of kind {}; only ssh-ed25519 opens files",
            String::from_utf8_lossy(name)
        );
        return Err(SealError::Unsupported { what });
    }
    let (point, pair) = (fields.next().ok_or_else(wrong)?, fields.next().ok_or_else(wrong)?);
    if checks.0.is_none() || checks.0 != checks.1 || pair.len() != 64 || pair[32..] != *point {
        return Err(wrong());
    }
    let mut seed = Zeroizing::new([0; 32]);
    seed.copy_from_slice(&pair[..32]);
    Ok((seed, point.try_into().map_err(|_| wrong())?))
}

/// Fields of ssh: each behind its length of four bytes, big-endian.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        let (field, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(field)
    }
}

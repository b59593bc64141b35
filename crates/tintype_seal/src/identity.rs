//! Secret keys that open files: of age (X25519) and of ssh (Ed25519).
//!
//! Source: as [`crate::recipient`]; RFC 8032, 5.1.5, for the scalar of an Ed25519 key.

use crate::error::{Result, SealError};
use crate::locked::{AskPassphrase, no_passphrase, text_of_keys};
use crate::primitives::{Secret, base64, derived, from_base64, unwrapped};
use crate::recipient::{
    Key, Recipient, SSH_LABEL, X25519_LABEL, age_key, agreed, bech32_text, ssh_tag, ssh_tweak,
};
use crate::ssh::{SSH_BEGIN, SSH_ED25519, pair_from_openssh};
use crate::stanza::{FileKey, Stanza};
use sha2::{Digest, Sha512};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::{Zeroize, Zeroizing};

/// The word in front of a secret key of age.
const AGE_WORD: &str = "age-secret-key-";

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
    /// `Unsupported` for other keys, `Malformed` for what is no key, `Misuse` where there is none, or where they have
    /// a passphrase of their own.
    pub fn parse_list(text: &str) -> Result<Vec<Self>> {
        Self::parse_file(text.as_bytes(), &mut no_passphrase)
    }

    /// The secret keys in a file: as [`Identity::parse_list`] takes them, or encrypted by age with a passphrase,
    /// armored or not. `ask` gives the passphrase, if one is needed.
    ///
    /// # Errors
    /// As [`Identity::parse_list`]; `Mismatch` for a wrong passphrase, `Limit` for one with too much work, and what
    /// `ask` says.
    ///
    /// ```
    /// use tintype_seal::{Identity, Passphrase};
    ///
    /// let text = Identity::generate()?.to_secret_text();
    /// let mut ask = || Passphrase::new("not asked for here");
    /// assert_eq!(Identity::parse_file(text.as_bytes(), &mut ask)?.len(), 1);
    /// # Ok::<(), tintype_seal::SealError>(())
    /// ```
    pub fn parse_file(file: &[u8], ask: AskPassphrase<'_>) -> Result<Vec<Self>> {
        let text = text_of_keys(file, ask)?;
        if text.contains(SSH_BEGIN) {
            return Ok(vec![Self::from_ssh(&text, ask)?]);
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

    /// The OpenSSH private key in `text`.
    fn from_ssh(text: &str, ask: AskPassphrase<'_>) -> Result<Self> {
        let wrong = || SealError::Malformed { what: "OpenSSH private key".into(), at: None };
        let (seed, point) = pair_from_openssh(text, ask)?;
        let mut hash = Sha512::digest(*seed);
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

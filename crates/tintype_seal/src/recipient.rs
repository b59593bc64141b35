//! Whom a file is sealed to: public keys of age (X25519) and of ssh (Ed25519).
//!
//! Source: the age format, version 1 (C2SP), "X25519 recipient stanza" and "Native and plugin
//! recipients"; "ssh-ed25519" of the reference implementation.

use crate::error::{Result, SealError};
use crate::primitives::{base64, derived, random, wrapped};
use crate::ssh::{self, SSH_ED25519};
use crate::stanza::{FileKey, Stanza};
use base64ct::Encoding;
use bech32::{Bech32, Hrp};
use curve25519_dalek::edwards::CompressedEdwardsY;
use sha2::{Digest, Sha256};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

/// The word in front of a public key of age.
const AGE_WORD: &str = "age";
/// The label of X25519 stanzas.
pub(crate) const X25519_LABEL: &[u8] = b"age-encryption.org/v1/X25519";
/// The label of ssh-ed25519 stanzas.
pub(crate) const SSH_LABEL: &[u8] = b"age-encryption.org/v1/ssh-ed25519";

/// A public key that a file can be sealed to.
///
/// ```
/// use tintype_seal::Recipient;
///
/// let text = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
/// assert_eq!(Recipient::parse(text)?.to_string(), text);
/// # Ok::<(), tintype_seal::SealError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient(pub(crate) Key);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A point of Curve25519.
    Age([u8; 32]),
    /// A compressed point of Ed25519, and the same point on Curve25519.
    Ssh { point: [u8; 32], montgomery: [u8; 32] },
}

impl Recipient {
    /// Reads `age1…` or `ssh-ed25519 AAAA…`, perhaps with a comment behind it.
    ///
    /// # Errors
    /// `Unsupported` for other keys of age and ssh, `Malformed` for what is no key.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let wrong = |what: &str| SealError::Malformed { what: format!("public key: {what}"), at: None };
        let mut words = text.split_whitespace();
        let word = words.next().unwrap_or_default();
        if word.starts_with("age1") {
            return age_key(word, AGE_WORD).map(|key| Self(Key::Age(key)));
        }
        if word == SSH_ED25519 {
            let point =
                words.next().and_then(ssh::point_from_base64).ok_or_else(|| wrong("broken ssh key"))?;
            return Self::from_ssh_point(point);
        }
        if word.starts_with("ssh-") || word.starts_with("ecdsa-") || word.starts_with("sk-") {
            let what = format!("a key of kind {word}; age1… and ssh-ed25519 keys can be sealed to");
            return Err(SealError::Unsupported { what });
        }
        Err(wrong("neither age1… nor ssh-ed25519 …"))
    }

    /// The public keys in a text, one a line; empty lines and lines with `#` in front are left out.
    ///
    /// # Errors
    /// As [`Recipient::parse`], and `Misuse` where there is no key.
    ///
    /// ```
    /// use tintype_seal::Recipient;
    ///
    /// let text = "# me\nage1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj\n";
    /// assert_eq!(Recipient::parse_list(text)?.len(), 1);
    /// # Ok::<(), tintype_seal::SealError>(())
    /// ```
    pub fn parse_list(text: &str) -> Result<Vec<Self>> {
        let lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys = lines.map(Self::parse).collect::<Result<Vec<_>>>()?;
        if keys.is_empty() {
            return Err(SealError::Misuse { what: "there is no public key in it".into() });
        }
        Ok(keys)
    }

    pub(crate) fn from_ssh_point(point: [u8; 32]) -> Result<Self> {
        let wrong = || SealError::Malformed { what: "public key: no point of Ed25519".into(), at: None };
        let edwards = CompressedEdwardsY(point).decompress().ok_or_else(wrong)?;
        Ok(Self(Key::Ssh { point, montgomery: edwards.to_montgomery().to_bytes() }))
    }

    /// The stanza by which this recipient gets `file_key`.
    pub(crate) fn stanza(&self, file_key: &FileKey) -> Result<Stanza> {
        let secret = random::<32>()?;
        let share = x25519(*secret, X25519_BASEPOINT_BYTES);
        let (args, body) = match &self.0 {
            Key::Age(point) => {
                let shared = agreed(*secret, *point)?;
                let key = derived(&*shared, &[share, *point].concat(), &[X25519_LABEL]);
                (vec!["X25519".into(), base64(&share)], wrapped(file_key, &key))
            }
            Key::Ssh { point, montgomery } => {
                let shared = agreed(*ssh_tweak(point), *agreed(*secret, *montgomery)?)?;
                let key = derived(&*shared, &[share, *montgomery].concat(), &[SSH_LABEL]);
                let args = vec![SSH_ED25519.into(), base64(&ssh_tag(point)), base64(&share)];
                (args, wrapped(file_key, &key))
            }
        };
        Ok(Stanza { args, body })
    }
}

/// `age1…` or the public key as ssh writes it.
impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Key::Age(point) => f.write_str(&bech32_text(AGE_WORD, point)),
            Key::Ssh { point, .. } => {
                let wire = base64ct::Base64::encode_string(&ssh::wire(point));
                write!(f, "{SSH_ED25519} {wire}")
            }
        }
    }
}

/// A shared secret; the points of small order, whose secret everybody knows, are refused.
pub(crate) fn agreed(secret: [u8; 32], point: [u8; 32]) -> Result<crate::primitives::Secret<32>> {
    let shared = zeroize::Zeroizing::new(x25519(secret, point));
    if *shared == [0; 32] {
        let what = "key exchange: a public key of small order".into();
        return Err(SealError::Malformed { what, at: None });
    }
    Ok(shared)
}

/// The 32 bytes in a bech32 text of age.
pub(crate) fn age_key(text: &str, word: &str) -> Result<[u8; 32]> {
    let wrong =
        || SealError::Malformed { what: "key of age with a typing error in it".into(), at: None };
    let checked =
        bech32::primitives::decode::CheckedHrpstring::new::<Bech32>(text).map_err(|_| wrong())?;
    if checked.hrp().to_lowercase() != word {
        let what = format!("a key of kind {}; this version knows age1… only", checked.hrp());
        return Err(SealError::Unsupported { what });
    }
    let mut key = zeroize::Zeroizing::new([0; 32]);
    let mut bytes = checked.byte_iter();
    for (out, byte) in key.iter_mut().zip(bytes.by_ref()) {
        *out = byte;
    }
    if checked.byte_iter().len() != 32 {
        return Err(wrong());
    }
    Ok(*key)
}

/// 32 bytes as a bech32 text.
pub(crate) fn bech32_text(word: &str, key: &[u8; 32]) -> String {
    let text = Hrp::parse(word).ok().and_then(|word| bech32::encode::<Bech32>(word, key).ok());
    text.unwrap_or_default()
}

/// Four bytes by which the owner of an ssh key finds its stanza.
pub(crate) fn ssh_tag(point: &[u8; 32]) -> [u8; 4] {
    let hash = Sha256::digest(ssh::wire(point));
    [hash[0], hash[1], hash[2], hash[3]]
}

/// What makes the exchange one of this ssh key.
pub(crate) fn ssh_tweak(point: &[u8; 32]) -> crate::primitives::Secret<32> {
    derived(&[], &ssh::wire(point), &[SSH_LABEL])
}

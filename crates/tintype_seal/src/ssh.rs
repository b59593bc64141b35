//! Ed25519 keys as ssh and minisign write them.
//!
//! Source: PROTOCOL.key of OpenSSH; RFC 8709 for public keys; the manual of minisign, "Key formats".

use crate::error::{Result, SealError};
use crate::primitives::{Secret, from_base64};
use zeroize::Zeroizing;

/// The name of Ed25519 keys, of ssh and in stanzas.
pub(crate) const SSH_ED25519: &str = "ssh-ed25519";
pub(crate) const SSH_BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const SSH_END: &str = "-----END OPENSSH PRIVATE KEY-----";
const SSH_MAGIC: &[u8] = b"openssh-key-v1\0";

/// A seed of Ed25519, and its public point.
pub(crate) type Pair = (Secret<32>, [u8; 32]);

/// The bytes of an ssh public key: its name and its point, each behind its length.
pub(crate) fn wire(point: &[u8; 32]) -> Vec<u8> {
    [field(SSH_ED25519.as_bytes()), field(point)].concat()
}

/// The point in the base64 of an ssh public key.
pub(crate) fn point_from_base64(text: &str) -> Option<[u8; 32]> {
    point_from_wire(&from_base64(text.trim_end_matches('='))?)
}

/// The point in the bytes of an ssh public key.
pub(crate) fn point_from_wire(bytes: &[u8]) -> Option<[u8; 32]> {
    let point = bytes.get(bytes.len().checked_sub(32)?..)?.try_into().ok()?;
    (wire(&point) == bytes).then_some(point)
}

/// `bytes` behind their length.
pub(crate) fn field(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// Fields of ssh: each behind its length of four bytes, big-endian.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    pub(crate) fn next(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        let (field, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(field)
    }
}

/// Seed and point of the OpenSSH private key in `text`.
///
/// # Errors
/// `Unsupported` for other kinds and for keys with a passphrase of their own, `Malformed`.
pub(crate) fn pair_from_openssh(text: &str) -> Result<Pair> {
    let wrong = || SealError::Malformed { what: "OpenSSH private key".into(), at: None };
    let body = text.split(SSH_BEGIN).nth(1).and_then(|body| body.split(SSH_END).next());
    let body = body.unwrap_or_default().chars().filter(|c| !c.is_whitespace() && *c != '=');
    let joined: Zeroizing<String> = Zeroizing::new(body.collect());
    let bytes = Zeroizing::new(from_base64(&joined).ok_or_else(wrong)?);
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
        let name = String::from_utf8_lossy(name);
        let what = format!("an ssh key of kind {name}; only {SSH_ED25519} can be used");
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

/// What minisign's keys begin with: Ed25519.
const MINISIGN: &[u8] = b"Ed";
/// Bytes of a minisign key's number.
const NUMBER_BYTES: usize = 8;

/// The line of base64 in a text of minisign.
fn minisign_bytes(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.find(|line| !line.starts_with("untrusted comment:"))?;
    from_base64(line.trim_end_matches('=')).map(Zeroizing::new)
}

/// The point of minisign's public key in `text`: a line `RW…`, perhaps below a comment.
pub(crate) fn point_from_minisign(text: &str) -> Option<[u8; 32]> {
    let bytes = minisign_bytes(text)?;
    bytes.strip_prefix(MINISIGN)?.get(NUMBER_BYTES..)?.try_into().ok()
}

/// Seed and point of minisign's secret key in `text`; `None` for another text.
///
/// # Errors
/// `Unsupported` for a key with a password.
pub(crate) fn pair_from_minisign(text: &str) -> Result<Option<Pair>> {
    // Ed, how it is encrypted, B2, salt, two limits; number, seed, point, checksum.
    let Some(bytes) = minisign_bytes(text).filter(|bytes| bytes.len() == 158) else { return Ok(None) };
    let Some(rest) = bytes.strip_prefix(MINISIGN) else { return Ok(None) };
    if rest[..2] != [0, 0] {
        let what =
            "a minisign key with a password; make one without (minisign -C -W), or use an ssh key";
        return Err(SealError::Unsupported { what: what.into() });
    }
    let (mut seed, mut point) = (Zeroizing::new([0; 32]), [0; 32]);
    seed.copy_from_slice(&bytes[62..94]);
    point.copy_from_slice(&bytes[94..126]);
    Ok(Some((seed, point)))
}

//! Ed25519 keys as ssh and minisign write them.
//!
//! Source: PROTOCOL.key of OpenSSH; RFC 8709 for public keys; the manual of minisign, "Key formats".

use crate::error::{Result, SealError};
use crate::fields::{Fields, field};
use crate::locked::{AskPassphrase, minisign_secret, ssh_secret};
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

/// Seed and point of the OpenSSH private key in `text`.
///
/// # Errors
/// `Unsupported` for other kinds, `Malformed`, and what [`ssh_secret`] says.
pub(crate) fn pair_from_openssh(text: &str, ask: AskPassphrase<'_>) -> Result<Pair> {
    let wrong = || SealError::Malformed { what: "OpenSSH private key".into(), at: None };
    let body = text.split(SSH_BEGIN).nth(1).and_then(|body| body.split(SSH_END).next());
    let body = body.unwrap_or_default().chars().filter(|c| !c.is_whitespace() && *c != '=');
    let joined: Zeroizing<String> = Zeroizing::new(body.collect());
    let bytes = Zeroizing::new(from_base64(&joined).ok_or_else(wrong)?);
    let mut fields = Fields(bytes.strip_prefix(SSH_MAGIC).ok_or_else(wrong)?);
    let mut next = || fields.next().ok_or_else(wrong);
    let (cipher, kdf, options) = (next()?, next()?, next()?);
    if fields.number() != Some(1) {
        return Err(wrong());
    }
    // That it is of a kind which cannot be used is told before its passphrase is asked for.
    let public = Fields(fields.next().ok_or_else(wrong)?).next().ok_or_else(wrong)?;
    check_kind(public)?;
    let secret = fields.next().ok_or_else(wrong)?;
    let decrypted = match cipher {
        b"none" => None,
        _ => Some(ssh_secret((cipher, kdf, options), secret, ask)?),
    };
    let mut fields = Fields(decrypted.as_ref().map_or(secret, |secret| &secret[..]));
    let checks = (fields.number(), fields.number());
    check_kind(fields.next().ok_or_else(wrong)?)?;
    let (point, pair) = (fields.next().ok_or_else(wrong)?, fields.next().ok_or_else(wrong)?);
    if checks.0.is_none() || checks.0 != checks.1 || pair.len() != 64 || pair[32..] != *point {
        return Err(wrong());
    }
    let mut seed = Zeroizing::new([0; 32]);
    seed.copy_from_slice(&pair[..32]);
    Ok((seed, point.try_into().map_err(|_| wrong())?))
}

/// Refuses keys of another kind than Ed25519.
fn check_kind(name: &[u8]) -> Result<()> {
    if name == SSH_ED25519.as_bytes() {
        return Ok(());
    }
    let name = String::from_utf8_lossy(name);
    let what = format!("an ssh key of kind {name}; only {SSH_ED25519} can be used");
    Err(SealError::Unsupported { what })
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
/// `Unsupported` for a key that is encrypted in another way than minisign's, and what [`minisign_secret`] says. A
/// wrong passphrase gives halves that do not fit.
pub(crate) fn pair_from_minisign(text: &str, ask: AskPassphrase<'_>) -> Result<Option<Pair>> {
    // Ed, how it is encrypted, B2, salt, two limits; number, seed, point, checksum.
    let Some(bytes) = minisign_bytes(text).filter(|bytes| bytes.len() == 158) else { return Ok(None) };
    let Some(rest) = bytes.strip_prefix(MINISIGN) else { return Ok(None) };
    let number =
        |at: usize| bytes[at..at + 8].iter().rev().fold(0u64, |n, &byte| n << 8 | u64::from(byte));
    let secret = match &rest[..2] {
        [0, 0] => Zeroizing::new(bytes[54..].to_vec()),
        b"Sc" => minisign_secret((&bytes[6..38], number(38), number(46)), &bytes[54..], ask)?,
        _ => {
            let what = "a minisign key that is encrypted in a way of its own";
            return Err(SealError::Unsupported { what: what.into() });
        }
    };
    let (mut seed, mut point) = (Zeroizing::new([0; 32]), [0; 32]);
    seed.copy_from_slice(&secret[NUMBER_BYTES..40]);
    point.copy_from_slice(&secret[40..72]);
    Ok(Some((seed, point)))
}

//! The few calls of others' cryptography that the rest is made of: HKDF-SHA-256,
//! ChaCha20-Poly1305, random bytes, base64 without padding.
//!
//! Source: RFC 5869 (HKDF), RFC 8439 (ChaCha20-Poly1305), RFC 4648 (base64).

use crate::error::{Result, SealError};
use base64ct::{Base64Unpadded, Encoding};
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;
/// Bytes of an authentication tag.
pub(crate) const TAG_BYTES: usize = 16;

/// Bytes that are wiped when they are dropped.
pub(crate) type Secret<const N: usize> = Zeroizing<[u8; N]>;

/// `N` bytes by HKDF-SHA-256.
pub(crate) fn derived<const N: usize>(ikm: &[u8], salt: &[u8], info: &[&[u8]]) -> Secret<N> {
    let mut out = Zeroizing::new([0; N]);
    let done = Hkdf::<Sha256>::new(Some(salt), ikm).expand_multi_info(info, &mut *out);
    debug_assert!(done.is_ok(), "HKDF gives up to 8160 bytes");
    out
}

/// Fresh random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<Secret<N>> {
    let mut out = Zeroizing::new([0; N]);
    getrandom::fill(&mut *out).map_err(|error| {
        let what = format!("the system gives no random bytes: {error}");
        SealError::Io(std::io::Error::other(what))
    })?;
    Ok(out)
}

/// A cipher under one key.
pub(crate) struct Cipher(ChaCha20Poly1305);

impl Cipher {
    pub(crate) fn new(key: &Secret<KEY_BYTES>) -> Self {
        Self(ChaCha20Poly1305::new(&Key::from(**key)))
    }

    /// Encrypts `bytes` in place and gives their tag. A nonce is used once for each key.
    pub(crate) fn encrypt(&self, nonce: [u8; 12], bytes: &mut [u8]) -> [u8; TAG_BYTES] {
        let tag = self.0.encrypt_inout_detached(&Nonce::from(nonce), &[], bytes.into());
        tag.expect("a chunk is far below 256 GiB").into()
    }

    /// Checks `tag`, then decrypts `bytes` in place. Whether the tag was right; else `bytes` stay
    /// as they were.
    pub(crate) fn decrypt(&self, nonce: [u8; 12], bytes: &mut [u8], tag: [u8; TAG_BYTES]) -> bool {
        self.0.decrypt_inout_detached(&Nonce::from(nonce), &[], bytes.into(), &Tag::from(tag)).is_ok()
    }
}

/// `key`, wrapped under a key of its own that is used for nothing else.
pub(crate) fn wrapped<const N: usize>(key: &[u8; N], under: &Secret<KEY_BYTES>) -> Vec<u8> {
    let mut out = Zeroizing::new(*key);
    let tag = Cipher::new(under).encrypt([0; 12], &mut *out);
    [&out[..], &tag].concat()
}

/// What [`wrapped`] wrapped, if `under` is the key.
pub(crate) fn unwrapped<const N: usize>(bytes: &[u8], under: &Secret<KEY_BYTES>) -> Option<Secret<N>> {
    let (key, tag) = bytes.split_at_checked(N)?;
    let mut out = Zeroizing::new([0; N]);
    out.copy_from_slice(key);
    Cipher::new(under).decrypt([0; 12], &mut *out, tag.try_into().ok()?).then_some(out)
}

/// `bytes` in base64 without padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    Base64Unpadded::encode_string(bytes)
}

/// What [`base64`] wrote, and nothing else that looks like it.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    Base64Unpadded::decode_vec(text).ok()
}

//! What closes a file and what opens one: locks and keys.

use crate::error::{Result, SealError};
use crate::identity::Identity;
use crate::passphrase::{PASSPHRASE_WORK_MAX, Passphrase};
use crate::primitives::{Secret, random};
use crate::recipient::Recipient;
use crate::stanza::{Envelope, STANZAS_MAX, envelope_bytes, passphrase_stanza};
use std::sync::{Arc, Mutex, PoisonError};

/// What closes parts of files: a key, and the envelope that hands it to those who may open them.
/// Files closed by one lock are each under a key of their own; who sees two of them sees that one
/// lock closed both.
///
/// ```
/// use tintype_seal::{Lock, Passphrase};
///
/// let lock = Lock::for_passphrase(&Passphrase::new("a long sentence")?, 10)?;
/// # Ok::<(), tintype_seal::SealError>(())
/// ```
#[derive(Clone)]
pub struct Lock {
    pub(crate) key: Secret<32>,
    pub(crate) envelope: Vec<u8>,
}

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lock({} bytes of envelope)", self.envelope.len())
    }
}

impl Lock {
    /// Opens by any of `recipients`' secret keys.
    ///
    /// # Errors
    /// `Misuse` for none or too many.
    ///
    /// ```
    /// use tintype_seal::{Identity, Lock};
    ///
    /// let lock = Lock::for_recipients(&[Identity::generate()?.recipient()?])?;
    /// # Ok::<(), tintype_seal::SealError>(())
    /// ```
    pub fn for_recipients(recipients: &[Recipient]) -> Result<Self> {
        if recipients.is_empty() || recipients.len() > STANZAS_MAX {
            let what = format!("{} recipients (1 to {STANZAS_MAX} are possible)", recipients.len());
            return Err(SealError::Misuse { what });
        }
        let file_key = random()?;
        let stanzas = recipients.iter().map(|recipient| recipient.stanza(&file_key));
        Self::closed(&stanzas.collect::<Result<Vec<_>>>()?, &file_key)
    }

    /// Opens by `passphrase`. `work` is the binary logarithm of scrypt's N: [`PASSPHRASE_WORK`], or 1 to
    /// 30; each step doubles time and memory, for guessers as well.
    ///
    /// # Errors
    /// `Misuse` for other work.
    ///
    /// ```
    /// use tintype_seal::{Lock, Passphrase};
    ///
    /// let lock = Lock::for_passphrase(&Passphrase::new("correct horse")?, 10)?;
    /// # Ok::<(), tintype_seal::SealError>(())
    /// ```
    pub fn for_passphrase(passphrase: &Passphrase, work: u8) -> Result<Self> {
        if !(1..=30).contains(&work) {
            let what = format!("passphrase work {work} (1 to 30 are possible)");
            return Err(SealError::Misuse { what });
        }
        let file_key = random()?;
        Self::closed(&[passphrase_stanza(passphrase.text(), work, &file_key)?], &file_key)
    }

    fn closed(stanzas: &[crate::stanza::Stanza], file_key: &Secret<16>) -> Result<Self> {
        let key = random()?;
        let envelope = envelope_bytes(stanzas, file_key, &key)?;
        Ok(Self { key, envelope })
    }
}

/// What may open files: passphrases and secret keys. Clones share what they found out, so that a
/// batch under one lock costs the work of a passphrase once.
///
/// ```
/// use tintype_seal::{Identity, Keys, Passphrase};
///
/// let keys = Keys::new().passphrase(Passphrase::new("a long sentence")?);
/// let keys = keys.identities([Identity::generate()?]).work_max(18);
/// assert!(!keys.is_empty());
/// # Ok::<(), tintype_seal::SealError>(())
/// ```
#[derive(Clone)]
pub struct Keys {
    passphrases: Vec<Passphrase>,
    identities: Vec<Identity>,
    work_max: u8,
    opened: Arc<Mutex<Vec<Remembered>>>,
}

impl Default for Keys {
    fn default() -> Self {
        let (passphrases, identities, opened) = Default::default();
        Self { passphrases, identities, work_max: PASSPHRASE_WORK_MAX, opened }
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (words, keys) = (self.passphrases.len(), self.identities.len());
        write!(f, "Keys({words} passphrases, {keys} identities)")
    }
}

/// An envelope and the key in it.
type Remembered = (Vec<u8>, Secret<32>);

/// How many envelopes a batch remembers.
const REMEMBERED_MAX: usize = 256;

impl Keys {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.passphrases.is_empty() && self.identities.is_empty()
    }

    /// Tries this passphrase.
    pub fn passphrase(mut self, passphrase: Passphrase) -> Self {
        self.passphrases.push(passphrase);
        self
    }

    /// Tries these secret keys.
    pub fn identities(mut self, identities: impl IntoIterator<Item = Identity>) -> Self {
        self.identities.extend(identities);
        self
    }

    /// Opens what `lock` closes, as the one who made the lock can.
    ///
    /// ```
    /// use tintype_seal::{Identity, Keys, Lock};
    ///
    /// let lock = Lock::for_recipients(&[Identity::generate()?.recipient()?])?;
    /// let keys = Keys::new().of_lock(&lock);
    /// # Ok::<(), tintype_seal::SealError>(())
    /// ```
    pub fn of_lock(self, lock: &Lock) -> Self {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.push((lock.envelope.clone(), lock.key.clone()));
        drop(opened);
        self
    }

    /// Refuses passphrases that ask for more work; [`PASSPHRASE_WORK_MAX`] if this is not called.
    pub fn work_max(mut self, work: u8) -> Self {
        self.work_max = work;
        self
    }

    /// The key in the envelope `bytes`.
    pub(crate) fn open(&self, bytes: &[u8]) -> Result<Secret<32>> {
        // Held during the work: threads of a batch wait for the one answer.
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = opened.iter().find(|(known, _)| known == bytes) {
            return Ok(key.clone());
        }
        let envelope = Envelope::parse(bytes)?;
        let key = envelope.open(&self.file_key(&envelope)?)?;
        if opened.len() >= REMEMBERED_MAX {
            opened.remove(0);
        }
        opened.push((bytes.to_vec(), key.clone()));
        Ok(key)
    }

    fn file_key(&self, envelope: &Envelope) -> Result<Secret<16>> {
        for stanza in &envelope.stanzas {
            if let Some(key) = self.identities.iter().find_map(|identity| identity.open(stanza)) {
                return Ok(key);
            }
            let Some(work) = stanza.passphrase_work().filter(|_| !self.passphrases.is_empty()) else {
                continue;
            };
            if work.log_n > self.work_max {
                let (what, max) = ("the work of its passphrase (powers of two)", self.work_max.into());
                return Err(SealError::Limit { what, max });
            }
            for passphrase in &self.passphrases {
                if let Some(key) = stanza.open_by_passphrase(passphrase.text())? {
                    return Ok(key);
                }
            }
        }
        let takes_word = envelope.stanzas.iter().any(|stanza| stanza.passphrase_work().is_some());
        let what = match (self.is_empty(), takes_word) {
            (true, true) => "the file is sealed; a passphrase opens it (--passphrase-file)",
            (true, false) => "the file is sealed; a secret key opens it (--identity)",
            (false, true) if self.passphrases.is_empty() => {
                "wrong key: a passphrase opens this file, no secret key (--passphrase-file)"
            }
            (false, true) => "wrong passphrase",
            (false, false) if self.identities.is_empty() => {
                "wrong key: a secret key opens this file, no passphrase (--identity)"
            }
            (false, false) => "wrong key: the file is not sealed to any of the given secret keys",
        };
        Err(SealError::Mismatch { what: what.into() })
    }
}

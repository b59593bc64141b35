//! Passphrases, and how much work one takes.

use crate::error::{Result, SealError};
use zeroize::Zeroizing;

/// The work of a passphrase if nothing else is asked for: scrypt with N = 2^18, r = 8, p = 1 takes
/// 256 MiB and about a second, what `age` takes on a desktop machine.
///
/// ```
/// assert_eq!(tintype_seal::PASSPHRASE_WORK, 18);
/// ```
pub const PASSPHRASE_WORK: u8 = 18;
/// The most work that a reader does if nothing else is asked for: 1 GiB, some seconds.
///
/// ```
/// assert!(tintype_seal::PASSPHRASE_WORK_MAX >= tintype_seal::PASSPHRASE_WORK);
/// ```
pub const PASSPHRASE_WORK_MAX: u8 = 20;

/// A passphrase. Wiped when it is dropped, never printed.
///
/// ```
/// let word = tintype_seal::Passphrase::new("a long sentence")?;
/// assert_eq!(format!("{word:?}"), "Passphrase(…)");
/// # Ok::<(), tintype_seal::SealError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

impl Passphrase {
    /// Takes the text as it is.
    ///
    /// # Errors
    /// `Misuse` for an empty one.
    ///
    /// ```
    /// assert!(tintype_seal::Passphrase::new("").is_err());
    /// ```
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = Zeroizing::new(text.into());
        if text.is_empty() {
            return Err(SealError::Misuse { what: "the passphrase is empty".into() });
        }
        Ok(Self(text))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

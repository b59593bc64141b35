//! Locks and keys from what was typed: passphrases come from a file, the environment variable
//! [`PASSPHRASE_VARIABLE`] or a question on the terminal, never from the command line, where other
//! programs see them.
//!
//! Without the feature `seal` the options are refused.

use crate::Failure;
use crate::args::{KeyArgs, SealArgs};
use crate::files::Place;
use crate::style::{counted, grouped};
use serde::Serialize;
use std::path::{Path, PathBuf};
use tintype::{DecodeOptions, Encoder, Picture};

/// Holds a passphrase for sealing and opening.
#[cfg(feature = "seal")]
const PASSPHRASE_VARIABLE: &str = "TINTYPE_PASSPHRASE";
/// Holds the passphrase of secret keys that have one.
#[cfg(feature = "seal")]
const KEY_PASSPHRASE_VARIABLE: &str = "TINTYPE_KEY_PASSPHRASE";

/// What `info` says of a sealed file.
#[derive(Clone, Debug, Serialize)]
pub struct SealedFacts {
    /// A passphrase opens some part.
    pub passphrase: bool,
    /// Public keys that some part is sealed to.
    pub recipients: usize,
    pub parts: Vec<SealedPart>,
    /// The keys that were given open the picture itself.
    pub open: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct SealedPart {
    /// 1 is the picture, 8 a preview of an eighth of its size.
    pub divisor: u32,
    pub sealed: bool,
    pub bytes: u64,
    /// It holds a clip: what reaches to the end of its file is one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub clip: bool,
}

/// What opens a sealed file, and which of its parts are sealed.
pub fn sealed_lines(facts: &SealedFacts) -> Vec<(&'static str, String)> {
    let keys = match (facts.passphrase, facts.recipients) {
        (true, 0) => "a passphrase".to_string(),
        (true, count) => format!("a passphrase, or {}", counted(count, "secret key")),
        (false, count) => counted(count, "secret key"),
    };
    let mut lines = vec![("sealed", format!("opens with {keys}"))];
    for part in &facts.parts {
        let what = match part.divisor {
            1 if part.clip => "clip".to_string(),
            1 => "picture and metadata".to_string(),
            divisor => format!("preview of 1/{divisor}"),
        };
        let state = match (part.sealed, part.divisor, facts.open) {
            (false, ..) => "open",
            (true, 1, true) => "sealed, opened",
            (true, ..) => "sealed",
        };
        lines.push(("part", format!("{what}, {} bytes, {state}", grouped(part.bytes))));
    }
    lines
}

/// Where the signature of the file at `path` stands.
pub fn signature_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// The one line of a file of secrets, without its end of line.
#[cfg(feature = "seal")]
fn first_line(path: &Path) -> Result<tintype::Zeroizing<String>, Failure> {
    let failed = |what: String| Failure::Usage(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let text = tintype::Zeroizing::new(text);
    let line = text.split('\n').next().unwrap_or_default().trim_end_matches('\r');
    if line.is_empty() {
        return Err(failed("holds no passphrase; it stands on the first line".into()));
    }
    Ok(tintype::Zeroizing::new(line.to_string()))
}

#[cfg(feature = "seal")]
mod on {
    use super::*;
    use crate::progress;
    use std::io::{IsTerminal, Read};
    use tintype::{Front, Identity, Keys, Lock, Passphrase, Recipient, Seal};

    /// How results are sealed, if they are.
    #[derive(Clone, Debug, Default)]
    pub struct Sealing(Option<Seal>);

    impl Sealing {
        /// As the options say; asks for a new passphrase if nothing else gives one.
        pub fn from_args(args: &SealArgs) -> Result<Self, Failure> {
            let asks_word = args.seal || args.passphrase_file.is_some();
            if !asks_word && args.recipient.is_empty() && args.recipients_file.is_empty() {
                return match args.open_preview.is_some() || args.passphrase_work.is_some() {
                    true => Err(Failure::Usage(
                        "--open-preview and --passphrase-work go with --seal or --recipient".into(),
                    )),
                    false => Ok(Self(None)),
                };
            }
            let lock = if asks_word {
                let word = match given_passphrase(args.passphrase_file.as_deref(), PASSPHRASE_VARIABLE)?
                {
                    Some(word) => word,
                    None => new_passphrase()?,
                };
                Lock::for_passphrase(&word, args.passphrase_work.unwrap_or(tintype::PASSPHRASE_WORK))
            } else {
                Lock::for_recipients(&recipients(args)?)
            };
            let seal = Seal::new(lock.map_err(|error| Failure::Usage(error.to_string()))?);
            Ok(Self(Some(match args.open_preview {
                Some(scale_log2) => seal.open_preview(1 << scale_log2),
                None => seal,
            })))
        }

        /// Whether results are sealed.
        pub fn is_on(&self) -> bool {
            self.0.is_some()
        }

        /// The encoder of clips that seals so.
        #[cfg(feature = "video")]
        pub fn on_clip(&self, encoder: tintype::ClipEncoder) -> tintype::ClipEncoder {
            match &self.0 {
                Some(seal) => encoder.seal(seal.clone()),
                None => encoder,
            }
        }

        /// Keys that open what this seals.
        pub fn own_keys(&self) -> Keys {
            self.0.as_ref().map_or_else(Keys::new, Seal::own_keys)
        }

        /// Whether sealing needs the picture.
        pub fn has_preview(&self) -> bool {
            self.0.as_ref().is_some_and(Seal::has_preview)
        }

        /// The encoder that seals so.
        pub fn on(&self, encoder: Encoder) -> Encoder {
            match &self.0 {
                Some(seal) => encoder.seal(seal.clone()),
                None => encoder,
            }
        }

        /// Seals `tin`, made of `picture` by `encoder`.
        pub fn close(
            &self,
            encoder: &Encoder,
            tin: Vec<u8>,
            picture: Option<&Picture>,
        ) -> Result<Vec<u8>, String> {
            match &self.0 {
                Some(_) => {
                    let tin = tintype::Zeroizing::new(tin);
                    self.on(encoder.clone()).close(&tin, picture).map_err(|error| error.to_string())
                }
                None => Ok(tin),
            }
        }
    }

    fn recipients(args: &SealArgs) -> Result<Vec<Recipient>, Failure> {
        let mut all = Vec::new();
        for text in &args.recipient {
            let wrong = |error| Failure::Usage(format!("--recipient {text}: {error}"));
            all.push(Recipient::parse(text).map_err(wrong)?);
        }
        for path in &args.recipients_file {
            let wrong =
                |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
            all.extend(Recipient::parse_list(&text).map_err(|error| wrong(&error))?);
        }
        Ok(all)
    }

    /// The passphrase that a file or the variable of the environment gives.
    fn given_passphrase(file: Option<&Path>, variable: &str) -> Result<Option<Passphrase>, Failure> {
        let word = match file {
            Some(path) => Some(first_line(path)?),
            None => std::env::var(variable).ok().map(tintype::Zeroizing::new),
        };
        let word = word.filter(|word| !word.is_empty()).map(|word| Passphrase::new(word.as_str()));
        word.transpose().map_err(|error| Failure::Usage(error.to_string()))
    }

    /// Asks on the terminal, without showing what is typed; elsewhere names the option and the variable of the
    /// environment that give a passphrase.
    fn asked(
        question: &str,
        (option, variable): (&str, &str),
    ) -> Result<tintype::Zeroizing<String>, Failure> {
        if !std::io::stderr().is_terminal() {
            let what = format!(
                "a passphrase is needed: give {option} FILE, or set {variable}; without a terminal nobody can be asked"
            );
            return Err(Failure::Usage(what));
        }
        let answer = progress::pause(|| rpassword::prompt_password(question));
        answer
            .map(tintype::Zeroizing::new)
            .map_err(|error| Failure::Usage(format!("passphrase: {error}")))
    }

    const PASSPHRASE: (&str, &str) = ("--passphrase-file", PASSPHRASE_VARIABLE);
    const KEY_PASSPHRASE: (&str, &str) = ("--key-passphrase-file", KEY_PASSPHRASE_VARIABLE);

    /// The passphrase of the secret key in the file `key`.
    fn key_passphrase(key: &Path, file: Option<&Path>) -> Result<Passphrase, tintype::SealError> {
        let given = given_passphrase(file, KEY_PASSPHRASE_VARIABLE).and_then(|word| match word {
            Some(word) => Ok(word),
            None => {
                let word = asked(&format!("Passphrase of {}: ", key.display()), KEY_PASSPHRASE)?;
                Passphrase::new(word.as_str()).map_err(|error| Failure::Usage(error.to_string()))
            }
        });
        given.map_err(|failure| {
            let (Failure::Usage(what) | Failure::Work(what)) = failure;
            tintype::SealError::Misuse { what }
        })
    }

    fn new_passphrase() -> Result<Passphrase, Failure> {
        let word = asked("Passphrase to seal with: ", PASSPHRASE)?;
        if *word != *asked("The same again: ", PASSPHRASE)? {
            return Err(Failure::Usage("the two passphrases differ".into()));
        }
        Passphrase::new(word.as_str()).map_err(|error| Failure::Usage(error.to_string()))
    }

    /// The keys that the options give. Asks for a passphrase if none is given and one of `places`
    /// needs it.
    pub fn keys(args: &KeyArgs, places: &[&Place]) -> Result<Keys, Failure> {
        let mut keys = Keys::new();
        if let Some(work) = args.passphrase_work_max {
            keys = keys.work_max(work);
        }
        for path in &args.identity {
            let wrong =
                |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
            let file = tintype::Zeroizing::new(std::fs::read(path).map_err(|error| wrong(&error))?);
            let mut ask = || key_passphrase(path, args.key_passphrase_file.as_deref());
            let identities = Identity::parse_file(&file, &mut ask);
            keys = keys.identities(identities.map_err(|error| wrong(&error))?);
        }
        if let Some(word) = given_passphrase(args.passphrase_file.as_deref(), PASSPHRASE_VARIABLE)? {
            keys = keys.passphrase(word);
        }
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if keys.is_empty() && terminal && places.iter().any(|place| needs_passphrase(place)) {
            let word = asked("Passphrase: ", PASSPHRASE)?;
            if !word.is_empty() {
                let word = Passphrase::new(word.as_str());
                keys = keys.passphrase(word.map_err(|error| Failure::Usage(error.to_string()))?);
            }
        }
        Ok(keys)
    }

    fn needs_passphrase(place: &Place) -> bool {
        let Place::File(path) = place else { return false };
        let file =
            std::fs::File::open(path).ok().filter(|file| file.metadata().is_ok_and(|m| m.is_file()));
        file.is_some_and(|mut file| Front::read(&mut file).is_ok_and(|front| front.takes_passphrase()))
    }

    /// Adds `keys` to `options`.
    pub fn with_keys(options: DecodeOptions, keys: &Keys) -> DecodeOptions {
        options.keys(keys.clone())
    }

    /// What can be said of a file of so many bytes, if it is sealed.
    pub fn facts_of(
        (file, bytes): (&mut impl Read, u64),
        keys: &Keys,
    ) -> Result<Option<SealedFacts>, String> {
        let mut first = Vec::new();
        file.take(5).read_to_end(&mut first).map_err(|error| error.to_string())?;
        if first != [&tintype::MAGIC[..], &[tintype::SEALED_FORM]].concat() {
            return Ok(None);
        }
        let front = Front::read(&mut first.chain(file)).map_err(|error| error.to_string())?;
        let part = |part: &tintype::PartInfo| SealedPart {
            divisor: 1 << part.scale_log2,
            sealed: part.sealed,
            bytes: part.stored_bytes().unwrap_or(bytes.saturating_sub(part.at)),
            clip: part.len_bytes.is_none(),
        };
        let open = (0..front.parts().len())
            .any(|index| front.parts()[index].scale_log2 == 0 && front.opens(index, keys).is_ok());
        Ok(Some(SealedFacts {
            passphrase: front.takes_passphrase(),
            recipients: front.recipients(),
            parts: front.parts().iter().map(part).collect(),
            open,
        }))
    }

    /// A key that signs.
    pub type Key = tintype::SigningKey;

    /// Reads the signing key in the file at `path`.
    pub fn signing_key(path: &Path, passphrase_file: Option<&Path>) -> Result<Key, Failure> {
        let wrong =
            |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
        let mut ask = || key_passphrase(path, passphrase_file);
        Key::parse_locked(&tintype::Zeroizing::new(text), &mut ask).map_err(|error| wrong(&error))
    }

    /// The signature of the file at `path`, as text.
    pub fn sign(key: &Key, path: &Path) -> Result<String, String> {
        let mut file = std::fs::File::open(path).map_err(|error| error.to_string())?;
        key.sign(&mut file).map(|signature| signature.to_string()).map_err(|error| error.to_string())
    }

    /// Public keys of those who may have signed.
    pub type Signers = Vec<tintype::Signer>;

    /// The keys that `--signer` names, as they stand or in files.
    pub fn signers(typed: &[String]) -> Result<Signers, Failure> {
        let read = |text: &String| {
            let wrong =
                |error: &dyn std::fmt::Display| Failure::Usage(format!("--signer {text}: {error}"));
            let text = match Path::new(text).is_file() {
                true => std::fs::read_to_string(text).map_err(|error| wrong(&error))?,
                false => text.clone(),
            };
            tintype::Signer::parse(&text).map_err(|error| wrong(&error))
        };
        typed.iter().map(read).collect()
    }

    /// Who signed the file at `path`, if somebody did; one of `signers`, if there are any.
    pub fn signed_by(path: &Path, signers: &Signers) -> Result<Option<String>, String> {
        let beside = signature_path(path);
        let text = match std::fs::read_to_string(&beside) {
            Ok(text) => text,
            Err(_) if !beside.exists() => match signers.is_empty() {
                true => return Ok(None),
                false => return Err(format!("it is not signed: there is no {}", beside.display())),
            },
            Err(error) => return Err(format!("{}: {error}", beside.display())),
        };
        let failed = |error: tintype::SealError| format!("{}: {error}", beside.display());
        let signature = tintype::Signature::parse(&text).map_err(failed)?;
        let mut file = std::fs::File::open(path).map_err(|error| error.to_string())?;
        signature.verify(&mut file).map_err(failed)?;
        let signer = signature.signer();
        match signers.is_empty() || signers.contains(signer) {
            true => Ok(Some(signer.to_string())),
            false => Err(format!("it is signed by {signer}, who is none of --signer")),
        }
    }

    /// Reads every part of the sealed file at `path` that `keys` open, to its end; other files are left alone.
    pub fn check_parts(path: &Path, keys: &Keys) -> Result<(), String> {
        use std::io::{Seek, SeekFrom};

        let mut file = std::fs::File::open(path).map_err(|error| error.to_string())?;
        let mut first = [0; 5];
        let sealed = file.read_exact(&mut first).is_ok()
            && first[..4] == tintype::MAGIC
            && first[4] == tintype::SEALED_FORM;
        if !sealed {
            return Ok(());
        }
        file.rewind().map_err(|error| error.to_string())?;
        let front = Front::read(&mut file).map_err(|error| error.to_string())?;
        for (index, part) in front.parts().iter().enumerate() {
            if front.opens(index, keys).is_err() {
                continue;
            }
            file.seek(SeekFrom::Start(part.at)).map_err(|error| error.to_string())?;
            let mut opened = front.open(index, keys, &mut file).map_err(|error| error.to_string())?;
            std::io::copy(&mut opened, &mut std::io::sink()).map_err(|error| error.to_string())?;
        }
        // What stands behind the last chunk of a part that reaches to the end was found above.
        let Some(expected) = front.file_bytes() else { return Ok(()) };
        let len = file.metadata().map_err(|error| error.to_string())?.len();
        match len.checked_sub(expected) {
            Some(0) => Ok(()),
            Some(more) => Err(format!("{more} bytes stand behind the last part; they are nobody's")),
            None => Err("the file was cut off; fetch it again".into()),
        }
    }
}

#[cfg(not(feature = "seal"))]
mod on {
    use super::*;

    fn lacks() -> Failure {
        Failure::Usage("this build lacks the feature `seal`".into())
    }

    /// Nothing is sealed.
    #[derive(Clone, Debug, Default)]
    pub struct Sealing;

    impl Sealing {
        /// Refuses every option of sealing.
        pub fn from_args(args: &SealArgs) -> Result<Self, Failure> {
            let asked = args.seal
                || args.passphrase_file.is_some()
                || !args.recipient.is_empty()
                || !args.recipients_file.is_empty()
                || args.open_preview.is_some();
            if asked { Err(lacks()) } else { Ok(Self) }
        }

        /// No.
        pub fn is_on(&self) -> bool {
            false
        }

        /// None.
        pub fn own_keys(&self) -> Keys {
            Keys
        }

        /// No.
        pub fn has_preview(&self) -> bool {
            false
        }

        /// The encoder as it is.
        pub fn on(&self, encoder: Encoder) -> Encoder {
            encoder
        }

        /// The encoder as it is.
        #[cfg(feature = "video")]
        pub fn on_clip(&self, encoder: tintype::ClipEncoder) -> tintype::ClipEncoder {
            encoder
        }

        /// The file as it is.
        pub fn close(&self, _: &Encoder, tin: Vec<u8>, _: Option<&Picture>) -> Result<Vec<u8>, String> {
            Ok(tin)
        }
    }

    /// No keys.
    #[derive(Clone)]
    pub struct Keys;

    /// Refuses keys.
    pub fn keys(args: &KeyArgs, _: &[&Place]) -> Result<Keys, Failure> {
        let asked = args.passphrase_file.is_some() || !args.identity.is_empty();
        if asked { Err(lacks()) } else { Ok(Keys) }
    }

    /// The options as they are.
    pub fn with_keys(options: DecodeOptions, _: &Keys) -> DecodeOptions {
        options
    }

    /// Sealed files are refused where they are decoded.
    pub fn facts_of(_: (&mut impl std::io::Read, u64), _: &Keys) -> Result<Option<SealedFacts>, String> {
        Ok(None)
    }

    /// None.
    pub struct Key;
    /// None.
    pub struct Signers;

    /// Refused.
    pub fn signing_key(_: &Path, _: Option<&Path>) -> Result<Key, Failure> {
        Err(lacks())
    }

    /// Refused.
    pub fn sign(_: &Key, _: &Path) -> Result<String, String> {
        Err("this build lacks the feature `seal`".into())
    }

    /// Refuses signers.
    pub fn signers(typed: &[String]) -> Result<Signers, Failure> {
        if typed.is_empty() { Ok(Signers) } else { Err(lacks()) }
    }

    /// Nobody that this build could check.
    pub fn signed_by(_: &Path, _: &Signers) -> Result<Option<String>, String> {
        Ok(None)
    }

    /// Sealed files are refused where they are decoded.
    pub fn check_parts(_: &Path, _: &Keys) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(not(feature = "seal"))]
pub use on::Keys;
pub use on::{Sealing, check_parts, facts_of, keys, sign, signed_by, signers, signing_key, with_keys};
#[cfg(feature = "seal")]
pub use tintype::Keys;

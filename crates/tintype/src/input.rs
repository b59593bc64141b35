//! What a decoder reads from: a plain `.tin` file as it is, or a part of a sealed one, decrypted and
//! checked as it is read.

use crate::error::{Error, Result};
use crate::options::DecodeOptions;
use std::io::{Read, Seek, SeekFrom};
use tintype_container::MAGIC;

/// Magic and form.
const FRONT_BYTES: usize = 5;
/// The form byte of sealed files.
#[cfg(feature = "seal")]
const SEALED_FORM: u8 = tintype_seal::SEALED_FORM;
#[cfg(not(feature = "seal"))]
const SEALED_FORM: u8 = 3;

/// The bytes of a `.tin` file.
pub(crate) enum Input<R> {
    /// `front[at..]`, then what is left of the source.
    Plain { front: Vec<u8>, at: usize, source: R },
    /// A part of a sealed file.
    #[cfg(feature = "seal")]
    Sealed(tintype_seal::Opened<R>),
}

impl<R> std::fmt::Debug for Input<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain { .. } => f.write_str("Input::Plain"),
            #[cfg(feature = "seal")]
            Self::Sealed(_) => f.write_str("Input::Sealed"),
        }
    }
}

/// An input, and what it shows of the picture.
pub(crate) struct Chosen<R> {
    pub(crate) input: Input<R>,
    /// The picture at 1/2^k; 0 for the picture itself.
    pub(crate) scale_log2: u8,
}

impl<R: Read> Input<R> {
    /// What `options` open of a stream.
    pub(crate) fn stream(mut source: R, options: &DecodeOptions) -> Result<Chosen<R>> {
        let front = first_bytes(&mut source)?;
        if !is_sealed(&front) {
            return Ok(Chosen { input: Self::Plain { front, at: 0, source }, scale_log2: 0 });
        }
        let skip = |source: &mut R, len: u64| {
            std::io::copy(&mut source.take(len), &mut std::io::sink()).map(|_| ())
        };
        sealed(front, source, options, skip)
    }
}

impl<R: Read + Seek> Input<R> {
    /// What `options` open of a file that seeks.
    pub(crate) fn seek(mut source: R, options: &DecodeOptions) -> Result<Chosen<R>> {
        let start = source.stream_position().map_err(io_error)?;
        let front = first_bytes(&mut source)?;
        if !is_sealed(&front) {
            source.seek(SeekFrom::Start(start)).map_err(io_error)?;
            return Ok(Chosen {
                input: Self::Plain { front: Vec::new(), at: 0, source },
                scale_log2: 0,
            });
        }
        let skip = |source: &mut R, len: u64| {
            let step = i64::try_from(len).map_err(|_| std::io::Error::other("too far to seek"))?;
            source.seek(SeekFrom::Current(step)).map(|_| ())
        };
        sealed(front, source, options, skip)
    }
}

fn io_error(error: std::io::Error) -> Error {
    Error::Container(error.into())
}

fn is_sealed(front: &[u8]) -> bool {
    front.len() == FRONT_BYTES && front[..4] == MAGIC && front[4] == SEALED_FORM
}

fn first_bytes(source: &mut impl Read) -> Result<Vec<u8>> {
    let mut front = Vec::with_capacity(FRONT_BYTES);
    source.take(FRONT_BYTES as u64).read_to_end(&mut front).map_err(io_error)?;
    Ok(front)
}

#[cfg(not(feature = "seal"))]
fn sealed<R: Read>(
    _: Vec<u8>,
    _: R,
    _: &DecodeOptions,
    _: impl Fn(&mut R, u64) -> std::io::Result<()>,
) -> Result<Chosen<R>> {
    Err(Error::Unsupported { what: "a sealed file in a build without the feature `seal`".into() })
}

#[cfg(feature = "seal")]
fn sealed<R: Read>(
    front: Vec<u8>,
    mut source: R,
    options: &DecodeOptions,
    skip: impl Fn(&mut R, u64) -> std::io::Result<()>,
) -> Result<Chosen<R>> {
    let front = tintype_seal::Front::read(&mut (&front[..]).chain(&mut source))?;
    let index = chosen_part(&front, &options.keys)?;
    let part = &front.parts()[index];
    if part.len_bytes.is_some_and(|len| len > options.sealed_bytes_max()) {
        let (what, max) = ("bytes of a sealed part", options.sealed_bytes_max());
        return Err(Error::Limit { what, max });
    }
    let scale_log2 = part.scale_log2;
    skip(&mut source, part.at - front.len_bytes()).map_err(io_error)?;
    let opened = front.open(index, &options.keys, source)?;
    Ok(Chosen { input: Input::Sealed(opened), scale_log2 })
}

/// Whether the part of a sealed file that `options` open is a clip; `source` comes after its first bytes, `front`. What
/// reaches to the end of its file is one; of others the first bytes tell.
#[cfg(all(feature = "seal", feature = "video"))]
pub(crate) fn opens_as_clip(front: &[u8], mut source: impl Read, options: &DecodeOptions) -> bool {
    let Some(Ok(read)) =
        is_sealed(front).then(|| tintype_seal::Front::read(&mut front.chain(&mut source)))
    else {
        return false;
    };
    let Ok(index) = chosen_part(&read, &options.keys) else { return false };
    let part = &read.parts()[index];
    if part.len_bytes.is_none() {
        return true;
    }
    let skipped =
        std::io::copy(&mut source.by_ref().take(part.at - read.len_bytes()), &mut std::io::sink());
    let mut head = Vec::new();
    let opened = read.open(index, &options.keys, source);
    skipped.is_ok()
        && opened.is_ok_and(|part| part.take(5).read_to_end(&mut head).is_ok())
        && crate::is_clip(&head)
}

#[cfg(all(not(feature = "seal"), feature = "video"))]
pub(crate) fn opens_as_clip(_: &[u8], _: impl Read, _: &DecodeOptions) -> bool {
    false
}

/// The largest part that `keys` open. With keys that open nothing, why they do not open the
/// picture; without keys the largest open part.
#[cfg(feature = "seal")]
fn chosen_part(front: &tintype_seal::Front, keys: &tintype_seal::Keys) -> Result<usize> {
    let mut order: Vec<usize> = (0..front.parts().len()).collect();
    order.sort_by_key(|index| front.parts()[*index].scale_log2);
    let mut refused = None;
    for index in order {
        let sealed = front.parts()[index].sealed;
        // A wrong key is told; it must not pass for no key at all.
        if !sealed && refused.is_some() && !keys.is_empty() {
            continue;
        }
        match front.opens(index, keys) {
            Ok(()) => return Ok(index),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(refused.map_or_else(|| Error::Unsupported { what: "a file without parts".into() }, Error::Seal))
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain { front, at, source } if *at == front.len() => source.read(out),
            Self::Plain { front, at, .. } => {
                let count = (&front[*at..]).read(out)?;
                *at += count;
                Ok(count)
            }
            #[cfg(feature = "seal")]
            Self::Sealed(opened) => opened.read(out),
        }
    }
}

impl<R: Read + Seek> Seek for Input<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        match self {
            // What seeks has nothing in front.
            Self::Plain { source, .. } => source.seek(to),
            #[cfg(feature = "seal")]
            Self::Sealed(opened) => opened.seek(to),
        }
    }
}

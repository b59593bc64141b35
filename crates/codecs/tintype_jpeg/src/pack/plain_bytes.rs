//! Reconstruction data as bytes of a section: what can be predicted under the model of metadata,
//! the rest as it is.
//!
//! Videos behind a picture, previews of other formats and damaged scans look like noise. A model
//! makes noise a few per cent longer, and takes a microsecond a byte. Bit-exact where it decodes;
//! what is stored is the packer's choice.

use std::ops::Range;
use tintype_codec::CodecError;

/// Bytes that are judged together.
const WINDOW: usize = 256;
/// Sum of squared deviations from a count of one each, over 256 values, within which a window
/// looks like noise: the mean is 255 and the deviation 23, so that five deviations are allowed.
const NOISE: Range<u32> = 140..370;
/// Values that occur once in a window of noise at most: the mean is 94, the deviation 7. A Huffman
/// table lists each of its values once.
const ONCE_MAX: usize = 125;
/// Bytes that look like noise and are tried under the model all the same: they may repeat.
const TRIED_BYTES: usize = 1 << 16;
/// Most bytes under the model, so that a file of a few bytes cannot ask for hours.
const MODELLED_MAX: usize = 1 << 22;

/// The stored ranges of some bytes, and the rest as coded bytes.
pub struct Split {
    /// Ranges that are stored, ascending.
    pub stored: Vec<Range<usize>>,
    /// The rest, coded.
    pub coded: Vec<u8>,
}

impl Split {
    /// What takes least of `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        let stored = noise(bytes);
        let split = Self::with(bytes, stored);
        let tried = split.stored_len();
        if tried == 0 || tried > TRIED_BYTES || bytes.len() > MODELLED_MAX {
            return split;
        }
        let whole = Self::with(bytes, Vec::new());
        if whole.coded.len() < split.coded.len() + tried { whole } else { split }
    }

    fn with(bytes: &[u8], stored: Vec<Range<usize>>) -> Self {
        let modelled: Vec<u8> =
            gaps(&stored, bytes.len()).flat_map(|gap| &bytes[gap]).copied().collect();
        Self { stored, coded: tintype_metadata::pack(&modelled) }
    }

    fn stored_len(&self) -> usize {
        self.stored.iter().map(Range::len).sum()
    }

    /// The stored bytes of `bytes`.
    pub fn stored_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        self.stored.iter().flat_map(|range| &bytes[range.clone()]).copied().collect()
    }
}

/// What lies between `ranges` of `len` bytes.
fn gaps(ranges: &[Range<usize>], len: usize) -> impl Iterator<Item = Range<usize>> {
    let starts = std::iter::once(0).chain(ranges.iter().map(|range| range.end));
    let ends = ranges.iter().map(|range| range.start).chain(std::iter::once(len));
    starts.zip(ends).map(|(start, end)| start..end)
}

/// Ranges of two windows and more that look like noise, or that no model has room for. The first
/// window of each is left to the model: it may hold the end of what is no noise.
fn noise(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut modelled = 0;
    for (index, window) in bytes.chunks(WINDOW).enumerate() {
        let start = index * WINDOW;
        let last = ranges.last_mut().filter(|range| range.end == start);
        // A short end goes with what is before it.
        let fits = window.len() < WINDOW && last.is_some();
        if fits || modelled + WINDOW > MODELLED_MAX || looks_like_noise(window) {
            match last {
                Some(range) => range.end = start + window.len(),
                None => ranges.push(start..start + window.len()),
            }
        } else {
            modelled += window.len();
        }
    }
    if modelled + (ranges.len() + 1) * WINDOW <= MODELLED_MAX {
        ranges.iter_mut().for_each(|range| range.start += WINDOW.min(range.len()));
        ranges.retain(|range| range.len() >= WINDOW);
    }
    ranges
}

fn looks_like_noise(window: &[u8]) -> bool {
    if window.len() < WINDOW {
        return false;
    }
    let mut counts = [0i32; 256];
    window.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let once = counts.iter().filter(|count| **count == 1).count();
    once <= ONCE_MAX && NOISE.contains(&counts.iter().map(|count| (count - 1).pow(2) as u32).sum())
}

/// The `len` bytes of which a [`Split`] was made.
///
/// # Errors
/// `Truncated`, `Malformed`, `Limit`.
pub fn joined(
    stored: &[Range<usize>],
    stored_bytes: &[u8],
    coded: &[u8],
    len: usize,
) -> Result<Vec<u8>, CodecError> {
    let total: usize = stored.iter().map(Range::len).sum();
    let modelled = len.checked_sub(total).ok_or(CodecError::Malformed {
        what: "a packed JPEG that stores more bytes than it has".into(),
        at: None,
    })?;
    if modelled > MODELLED_MAX {
        let max = MODELLED_MAX as u64;
        return Err(CodecError::Limit { what: "bytes beside the scans of a packed JPEG", max });
    }
    let mut bytes = tintype_metadata::unpack(coded, modelled);
    let missing = (modelled - bytes.len()).max(total.saturating_sub(stored_bytes.len()));
    if missing > 0 {
        return Err(CodecError::Truncated { needed: missing });
    }
    if total == 0 {
        return Ok(bytes);
    }
    let (mut out, mut from) = (Vec::with_capacity(len), stored_bytes);
    let (mut rest, mut at) = (bytes.split_off(0), 0);
    for range in stored {
        let after = rest.split_off((range.start - at).min(rest.len()));
        out.append(&mut rest);
        let (own, others) = from.split_at(range.len());
        out.extend_from_slice(own);
        (rest, from, at) = (after, others, range.end);
    }
    out.append(&mut rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise_bytes(len: u32) -> Vec<u8> {
        let mut state = 1u32;
        let bytes = (0..len).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        bytes.collect()
    }

    fn there_and_back(bytes: &[u8]) -> usize {
        let split = Split::new(bytes);
        let stored = split.stored_bytes(bytes);
        assert_eq!(joined(&split.stored, &stored, &split.coded, bytes.len()).unwrap(), bytes);
        split.coded.len() + stored.len()
    }

    #[test]
    fn noise_is_stored_and_what_repeats_is_not() {
        let noise = noise_bytes(100_000);
        let text = b"what can be predicted, ".repeat(40);
        assert!(there_and_back(&noise) <= noise.len() + 24);
        assert!(there_and_back(&[&text[..], &noise, &text].concat()) < noise.len() + 200);
        let twice = [&noise[..20_000], &text, &noise[..20_000]].concat();
        assert!(there_and_back(&twice) < 21_500);
        assert!(there_and_back(&noise[..300]) < 320);
        assert!(there_and_back(&[]) < 2);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let needed = joined(&[], &[], &[], 10).unwrap_err();
        assert!(matches!(needed, CodecError::Truncated { .. }), "{needed}");
        let stored = std::slice::from_ref(&(0..20));
        assert!(joined(stored, &[0; 20], &[], 10).is_err());
        assert!(joined(&[], &[], &[0; 9], 1 << 30).is_err());
    }
}

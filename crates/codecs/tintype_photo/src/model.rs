//! The fitted model: affine pieces for blocks of 8 × 8 and 16 × 16, for luma and for chroma,
//! and starting contexts. Blocks of 32 × 32 have fixed pieces ([`super::large`]).
//!
//! In: a model file. Out: predictors and bases as `i16` with 12 fractional bits. Bit-exact:
//! integers only.
//!
//! Payload of the model file, version 1: for a model with a filter a byte 0, the filter's length
//! (`u32`) and the filter ([`super::filter`]); then for each of the four sets (luma 8, luma 16, chroma 8, chroma 16):
//! `pieces u8`, `kept u8 (less one)`, then each piece: predictor rows (21), basis rows (kept),
//! each row a `u16` step (little endian, 16 fractional bits) and `n²` signed bytes; then the
//! starting contexts to the end, see [`UNUSED`].

use super::filter::Filter;
use super::piece_set::{Piece, PieceSet};
use super::symbols::STATE_LEN;
use super::weights::GAINS;
use tintype_block::{BORDER_INPUTS, INTERNAL_MAX, RowReader};
use tintype_codec::{CodecError, CodecId};
use tintype_model::{Model, ModelFile, ModelHash};

/// Number of piece sets: luma 8, luma 16, chroma 8, chroma 16.
pub const SETS: usize = 4;

/// All that is fitted.
#[derive(Clone, Debug)]
pub struct PhotoModel {
    /// Luma 8, luma 16, chroma 8, chroma 16.
    pub sets: [PieceSet; SETS],
    /// Blocks of 32 of luma and of chroma.
    large: [PieceSet; 2],
    /// The filter after the loop, if the model has one.
    pub filter: Option<Filter>,
    /// Starting state of the coefficient contexts, luma then chroma, perhaps empty; then perhaps
    /// what [`PhotoModel::first_values`] gives.
    pub contexts: Vec<u8>,
    /// The name of the model.
    pub hash: ModelHash,
}

/// A starting context that was never used: even, count 0. Most are, so starting contexts are stored
/// as runs: how many are unused (a byte), how many follow (a byte), and those, two bytes each.
const UNUSED: [u8; 2] = 0x8000u16.to_le_bytes();

/// Starting contexts as a model stores them.
fn stored_contexts(contexts: &[u8]) -> Vec<u8> {
    let mut rest = contexts.as_chunks::<2>().0;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let unused = rest.iter().take(255).take_while(|word| **word == UNUSED).count();
        let used = rest[unused..].iter().take(255).take_while(|word| **word != UNUSED).count();
        out.extend([unused as u8, used as u8]);
        out.extend(rest[unused..][..used].as_flattened());
        rest = &rest[unused + used..];
    }
    out
}

/// The starting contexts that are `stored`.
fn contexts_from_stored(mut stored: &[u8]) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::new();
    while let Some((&[unused, used], rest)) = stored.split_first_chunk() {
        let len = 2 * usize::from(used);
        let needed = len.saturating_sub(rest.len());
        let (words, rest) = rest.split_at_checked(len).ok_or(CodecError::Truncated { needed })?;
        out.extend(UNUSED.repeat(unused.into()));
        out.extend(words);
        if out.len() > 2 * STATE_LEN + FIRST_LEN {
            let what = "photo model: more starting contexts than there are".to_string();
            return Err(CodecError::Malformed { what, at: None });
        }
        stored = rest;
    }
    if stored.is_empty() { Ok(out) } else { Err(CodecError::Truncated { needed: 1 }) }
}

/// Bytes of the first values of planes after the starting contexts.
const FIRST_LEN: usize = 6;

/// Largest entry of a row that is sent with a picture.
const SENT_MAX: i32 = 31;

/// The filter's bytes at the start of a `payload`, perhaps none, and the rest.
fn split_filter(payload: &[u8]) -> Result<(&[u8], &[u8]), CodecError> {
    let Some(rest) = payload.strip_prefix(&[0]) else { return Ok((&[], payload)) };
    let (head, rest) = rest.split_first_chunk().ok_or(CodecError::Truncated { needed: 4 })?;
    let len = u32::from_le_bytes(*head) as usize;
    let needed = CodecError::Truncated { needed: len.saturating_sub(rest.len()) };
    rest.split_at_checked(len).ok_or(needed)
}

/// The model in `file` as it is sent with a picture: no contexts, no filter, and a coarser step for
/// each row.
///
/// # Errors
/// As [`Model::from_file`].
pub fn file_to_send(file: &ModelFile) -> Result<ModelFile, CodecError> {
    let model = PhotoModel::from_file(file)?;
    let mut out = split_filter(&model.payload_without_contexts(file.payload())?)?.1.to_vec();
    let mut at = 0;
    for set in &model.sets {
        at += 2;
        for row in out[at..]
            .chunks_exact_mut(2 + set.n * set.n)
            .take(set.pieces.len() * (BORDER_INPUTS + set.kept))
        {
            at += row.len();
            let (head, entries) = row.split_at_mut(2);
            let largest = entries.iter().map(|b| i32::from(*b as i8).abs()).max().unwrap_or(0);
            let step = i32::from(u16::from_le_bytes([head[0], head[1]]));
            let coarser = ((step * largest + SENT_MAX - 1) / SENT_MAX).clamp(step, 65_535).max(1);
            head.copy_from_slice(&(coarser as u16).to_le_bytes());
            for entry in entries {
                let value = i32::from(*entry as i8) * step;
                *entry = ((value.abs() + coarser / 2) / coarser * value.signum()) as i8 as u8;
            }
        }
    }
    Ok(PhotoModel::file_of(out))
}

impl PhotoModel {
    /// `payload` with `filter` in the place of its own, if it has one.
    ///
    /// # Errors
    /// `Truncated` for a payload that ends in its filter.
    pub fn payload_with_filter(payload: &[u8], filter: Option<&Filter>) -> Result<Vec<u8>, CodecError> {
        let (_, rest) = split_filter(payload)?;
        let Some(filter) = filter else { return Ok(rest.to_vec()) };
        let bytes = filter.to_bytes();
        Ok([&[0], &(bytes.len() as u32).to_le_bytes()[..], &bytes, rest].concat())
    }

    /// The `payload` that this model was read from, up to its starting contexts.
    ///
    /// # Errors
    /// `Truncated` for a payload that ends in its filter.
    pub fn payload_without_contexts(&self, payload: &[u8]) -> Result<Vec<u8>, CodecError> {
        let (_, rest) = split_filter(payload)?;
        let rows =
            |set: &PieceSet| 2 + set.pieces.len() * (BORDER_INPUTS + set.kept) * (2 + set.n * set.n);
        let len = payload.len() - rest.len() + self.sets.iter().map(rows).sum::<usize>();
        Ok(payload[..len].to_vec())
    }

    /// `payload`, which has no starting contexts, with those that `contexts` are the state of.
    pub fn payload_with_contexts(mut payload: Vec<u8>, contexts: &[u8]) -> Vec<u8> {
        payload.extend(stored_contexts(contexts));
        payload
    }

    /// What the first block of luma and of two colour differences is predicted from, internal units, if
    /// the model says: pictures of one kind begin alike.
    pub fn first_values(&self) -> Option<[i16; 3]> {
        let words = self.contexts.get(2 * STATE_LEN..2 * STATE_LEN + FIRST_LEN)?.as_chunks::<2>().0;
        let value = |i: usize| i16::from_le_bytes(words[i]).clamp(-INTERNAL_MAX, INTERNAL_MAX);
        Some(std::array::from_fn(value))
    }

    /// The pieces for blocks of `side` in planes that are chroma or not.
    #[inline]
    pub fn set(&self, chroma: bool, side: usize) -> &PieceSet {
        match side {
            32 => &self.large[usize::from(chroma)],
            _ => &self.sets[usize::from(chroma) * 2 + usize::from(side == 16)],
        }
    }
}

impl Model for PhotoModel {
    const CODEC: CodecId = crate::ID;
    const VERSION: u8 = 1;

    fn from_payload(payload: &[u8], hash: ModelHash) -> Result<Self, CodecError> {
        let (filter, bytes) = split_filter(payload)?;
        let filter = if filter.is_empty() { None } else { Some(Filter::from_bytes(filter)?) };
        let mut reader = RowReader { bytes, at: 0 };
        let mut sets = Vec::with_capacity(SETS);
        for set in 0..SETS {
            let n = if set % 2 == 0 { 8 } else { 16 };
            let head = reader.take(2)?;
            let (count, kept) = (usize::from(head[0]), usize::from(head[1]) + 1);
            if count == 0 || count > 64 || kept > n * n {
                let what = format!("photo model: set {set} has {count} pieces of {kept} rows");
                return Err(CodecError::Malformed { what, at: Some(reader.at) });
            }
            let pieces = (0..count).map(|_| Piece::read(&mut reader, n, kept, GAINS[set / 2]));
            let pieces = pieces.collect::<Result<Vec<_>, CodecError>>()?;
            sets.push(PieceSet { n, kept, pieces });
        }
        let contexts = contexts_from_stored(&bytes[reader.at..])?;
        let sets = sets.try_into().map_err(|_| CodecError::Misuse { what: "four sets".into() })?;
        Ok(Self { sets, large: [false, true].map(super::large::pieces), filter, contexts, hash })
    }

    fn hash(&self) -> ModelHash {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starting_contexts_come_back() {
        let mut words = vec![UNUSED; 900];
        words[300..700].fill([3, 4]);
        words[899] = [1, 2];
        let contexts = words.as_flattened();
        let stored = stored_contexts(contexts);
        assert!(stored.len() < 2 * 401 + 20, "{}", stored.len());
        assert_eq!(contexts_from_stored(&stored).unwrap(), contexts);
        assert!(contexts_from_stored(&stored[..stored.len() - 1]).is_err());
        assert!(contexts_from_stored(&[255, 0].repeat(STATE_LEN)).is_err());
        let longest = UNUSED.repeat(STATE_LEN + FIRST_LEN / 2);
        assert_eq!(contexts_from_stored(&stored_contexts(&longest)).unwrap(), longest);
        let longer = UNUSED.repeat(STATE_LEN + FIRST_LEN / 2 + 1);
        assert!(contexts_from_stored(&stored_contexts(&longer)).is_err());
    }
}

//! Bytes under prefix codes, one code for each class of the byte some way before: for tables
//! inside a program, whose rows resemble each other. Packs less than adaptive models do, and unpacks
//! a byte in a few nanoseconds.
//!
//! In and out: bytes. Packed: for each class a length of four bits for each byte value, then the codes.
//! Bit-exact. Source: our own.

use super::code::{TABLE_BITS, no_code};
use super::{LENGTH_MAX, PrefixCode};
use crate::EntropyError;
use crate::bits::MsbWriter;

/// Classes of the earlier byte: 0, or its upper four bits.
const CLASSES: usize = 17;
/// Longest code: lengths take four bits.
const LENGTH_BITS: u32 = 15;
/// Packed bytes of the lengths of a class.
const TABLE_BYTES: usize = 128;

/// The class of a byte.
#[inline(always)]
fn class_of(byte: u8) -> usize {
    usize::from(byte >> 4) + usize::from(byte > 0)
}

/// The class of what comes behind `bytes`.
fn class_behind(bytes: &[u8], distance: usize) -> usize {
    bytes.len().checked_sub(distance).map_or(0, |at| class_of(bytes[at]))
}

/// The bits of `codes` from bit `position` on, the first one highest: 57 of them, or zeros behind the end.
#[inline(always)]
fn bits_from(codes: &[u8], position: usize) -> u64 {
    let rest = codes.get(position / 8..).unwrap_or_default();
    let word = rest.first_chunk().map_or_else(
        || {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            u64::from_be_bytes(word)
        },
        |word| u64::from_be_bytes(*word),
    );
    word << (position % 8)
}

/// Packs `bytes`, each under the class of the byte `distance` (at least 1) before it.
///
/// ```
/// use tintype_entropy::huffman::{packed_bytes, unpacked_bytes};
/// let rows = [[3, 200, 7, 90]; 4000].concat();
/// let packed = packed_bytes(&rows, 4)?;
/// assert!(packed.len() < 5000);
/// assert_eq!(unpacked_bytes(&packed, 4, rows.len())?, (rows, &[][..]));
/// # Ok::<(), tintype_entropy::EntropyError>(())
/// ```
///
/// # Errors
/// `Misuse` for a distance of 0; `Limit` for more than 2^31 bits.
pub fn packed_bytes(bytes: &[u8], distance: usize) -> Result<Vec<u8>, EntropyError> {
    if distance == 0 {
        return Err(EntropyError::Misuse { what: "no byte lies 0 before another" });
    }
    let mut counts = [[0u64; 256]; CLASSES];
    for (at, &byte) in bytes.iter().enumerate() {
        counts[class_behind(&bytes[..at], distance)][usize::from(byte)] += 1;
    }
    let (mut tables, mut out) = (Vec::with_capacity(CLASSES), Vec::new());
    for counts in &counts {
        let table = PrefixCode::from_counts(counts, LENGTH_BITS)?;
        let lengths: Vec<u8> = table.lengths().collect();
        out.extend(lengths.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]));
        tables.push(table);
    }
    let mut writer = MsbWriter::new();
    for (at, &byte) in bytes.iter().enumerate() {
        tables[class_behind(&bytes[..at], distance)].write(&mut writer, byte.into());
    }
    out.extend(writer.finish()?);
    Ok(out)
}

/// The `len` bytes that `packed` begins with, and what is behind them.
///
/// # Errors
/// `Truncated`; `Malformed` for lengths or bits that are no code.
pub fn unpacked_bytes(
    packed: &[u8],
    distance: usize,
    len: usize,
) -> Result<(Vec<u8>, &[u8]), EntropyError> {
    let Some((lengths, codes)) = packed.split_at_checked(CLASSES * TABLE_BYTES) else {
        return Err(EntropyError::Truncated { needed: CLASSES * TABLE_BYTES - packed.len() });
    };
    let mut tables = Vec::with_capacity(CLASSES);
    for lengths in lengths.chunks_exact(TABLE_BYTES) {
        let lengths: Vec<u8> = lengths.iter().flat_map(|pair| [pair >> 4, pair & 15]).collect();
        tables.push(PrefixCode::from_lengths(&lengths)?);
    }
    // Each byte takes a bit at least.
    if codes.len() < len.div_ceil(8) {
        return Err(EntropyError::Truncated { needed: len.div_ceil(8) - codes.len() });
    }
    // An entry is the symbol and, above it, the length. As many tables as a class in five bits can name.
    let mut entries = vec![[0u16; 1 << TABLE_BITS]; 32];
    for (entries, table) in entries.iter_mut().zip(&tables) {
        for (entry, &(symbol, length)) in entries.iter_mut().zip(table.table()) {
            *entry = symbol | u16::from(length) << 8;
        }
    }
    let entries: &[_; 32] = entries.as_slice().try_into().expect("as long as it was made");
    /// Codes that [`bits_from`] surely holds.
    const TOGETHER: usize = 57 / LENGTH_BITS as usize;
    let mut position = 0;
    let mut bytes = vec![0u8; len];
    // What the next byte stands behind, if that is the last one.
    let mut last = 0;
    for start in (0..len).step_by(TOGETHER) {
        let mut bits = bits_from(codes, position);
        for at in start..len.min(start + TOGETHER) {
            let before =
                if distance == 1 { last } else { at.checked_sub(distance).map_or(0, |at| bytes[at]) };
            let class = class_of(before);
            let entry = entries[class & 31][(bits >> (64 - TABLE_BITS)) as usize];
            let (byte, length) = if entry >> 8 > 0 {
                (entry as u8, u32::from(entry >> 8))
            } else {
                let next = (bits >> (64 - LENGTH_MAX)) as u32;
                let (symbol, length) = tables[class].long(next).ok_or_else(|| no_code(position))?;
                (symbol as u8, length)
            };
            (bytes[at], last) = (byte, byte);
            bits <<= length & 63;
            position += length as usize;
        }
    }
    let end = position.div_ceil(8);
    let rest =
        codes.get(end..).ok_or(EntropyError::Truncated { needed: end.saturating_sub(codes.len()) })?;
    Ok((bytes, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_come_back(bytes in prop::collection::vec(0u8..40, 0..900), distance in 1usize..40) {
            let mut packed = packed_bytes(&bytes, distance).unwrap();
            packed.push(77);
            prop_assert_eq!(unpacked_bytes(&packed, distance, bytes.len()), Ok((bytes, &[77][..])));
        }

        #[test]
        fn any_bytes_unpack_or_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..3000), len in 0usize..9000) {
            if let Ok((unpacked, _)) = unpacked_bytes(&bytes, 1, len) {
                prop_assert_eq!(unpacked.len(), len);
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let bytes: Vec<u8> = (0..2000u32).map(|i| (i * i % 61) as u8).collect();
        let packed = packed_bytes(&bytes, 1).unwrap();
        for len in [0, 100, CLASSES * TABLE_BYTES, packed.len() - 1] {
            assert!(unpacked_bytes(&packed[..len], 1, bytes.len()).is_err(), "{len}");
        }
        assert!(packed_bytes(&bytes, 0).is_err());
    }
}

//! A prefix code: a table of codes to write, a table of prefixes to read.

use super::LENGTH_MAX;
use crate::EntropyError;
use crate::bits::{MsbReader, MsbWriter};

/// Codes up to this length are decoded by one table lookup. 2^10 entries of 4 bytes fit a level-1
/// cache; not measured against other sizes.
pub(super) const TABLE_BITS: u32 = 10;

/// A canonical prefix code.
///
/// ```
/// use tintype_entropy::{bits::{MsbReader, MsbWriter}, huffman::PrefixCode};
/// let code = PrefixCode::from_lengths(&[1, 4, 0, 4, 3, 2]).unwrap();
/// let mut writer = MsbWriter::new();
/// for symbol in [0, 5, 4, 3, 1] {
///     code.write(&mut writer, symbol);
/// }
/// let bytes = writer.finish().unwrap();
/// assert_eq!(bytes, [0b0101_1011, 0b1111_1000]);
/// let mut reader = MsbReader::new(&bytes);
/// for symbol in [0, 5, 4, 3, 1] {
///     assert_eq!(code.read(&mut reader).unwrap(), symbol);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct PrefixCode {
    /// For each symbol its code and length; length 0 has no code.
    codes: Vec<(u32, u8)>,
    /// For the next `TABLE_BITS` bits the symbol and its length; length 0 leads to the search by
    /// length.
    table: Vec<(u16, u8)>,
    /// Symbols in order of their codes.
    symbols: Vec<u16>,
    /// For each length the first code, the number of codes, and where its symbols start.
    rows: [Row; LENGTH_MAX as usize + 1],
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    first_code: u32,
    count: u32,
    first_symbol: u32,
}

impl PrefixCode {
    /// The canonical code with these lengths; 0 for symbols that have none. A code need not be
    /// complete.
    ///
    /// # Errors
    /// `Malformed` if the lengths exceed [`LENGTH_MAX`] or are those of no prefix code; `Limit`
    /// on symbols.
    pub fn from_lengths(lengths: &[u8]) -> Result<Self, EntropyError> {
        if lengths.len() > 65536 {
            return Err(EntropyError::Limit { what: "symbols of a prefix code", max: 65536 });
        }
        let mut rows = [Row::default(); LENGTH_MAX as usize + 1];
        for (at, &length) in lengths.iter().enumerate() {
            let Some(row) = rows.get_mut(usize::from(length)) else {
                return Err(EntropyError::Malformed { what: "code length above 24", at: Some(at) });
            };
            row.count += u32::from(length > 0);
        }
        let (mut code, mut symbol) = (0u32, 0);
        for (length, row) in rows.iter_mut().enumerate().skip(1) {
            code <<= 1;
            (row.first_code, row.first_symbol) = (code, symbol);
            code += row.count;
            symbol += row.count;
            if code > 1 << length {
                return Err(EntropyError::Malformed { what: "code lengths overlap", at: None });
            }
        }
        let mut codes = vec![(0, 0); lengths.len()];
        let mut symbols = vec![0; symbol as usize];
        let mut taken = [0; LENGTH_MAX as usize + 1];
        for (symbol, &length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
            let (row, taken) = (&rows[usize::from(length)], &mut taken[usize::from(length)]);
            codes[symbol] = (row.first_code + *taken, length);
            symbols[(row.first_symbol + *taken) as usize] = symbol as u16;
            *taken += 1;
        }
        let table = short_table(&codes);
        Ok(Self { codes, table, symbols, rows })
    }

    /// The optimal code for these counts within `max` bits.
    ///
    /// # Errors
    /// As [`super::lengths_from_counts`].
    pub fn from_counts(counts: &[u64], max: u32) -> Result<Self, EntropyError> {
        Self::from_lengths(&super::lengths_from_counts(counts, max)?)
    }

    /// The length of each symbol's code, 0 for none.
    pub fn lengths(&self) -> impl Iterator<Item = u8> + '_ {
        self.codes.iter().map(|code| code.1)
    }

    /// The length of the code of `symbol`, 0 for none.
    #[inline(always)]
    pub fn length(&self, symbol: u32) -> u32 {
        self.codes.get(symbol as usize).map_or(0, |code| u32::from(code.1))
    }

    /// Writes `symbol`, which must have a code; nothing is written for one that has none.
    #[inline(always)]
    pub fn write(&self, writer: &mut MsbWriter, symbol: u32) {
        debug_assert!(self.length(symbol) > 0, "symbol {symbol} has no code");
        let (code, length) = self.codes.get(symbol as usize).copied().unwrap_or((0, 0));
        writer.write(code, u32::from(length));
    }

    /// Reads a symbol; past the end of the bytes it reads zeros.
    ///
    /// # Errors
    /// `Malformed` if the bits are no code.
    #[inline(always)]
    pub fn read(&self, reader: &mut MsbReader<'_>) -> Result<u32, EntropyError> {
        let (symbol, length) = self.table[reader.peek(TABLE_BITS) as usize];
        if length > 0 {
            reader.skip(u32::from(length));
            return Ok(u32::from(symbol));
        }
        let (symbol, length) =
            self.long(reader.peek(LENGTH_MAX)).ok_or_else(|| no_code(reader.position_bits()))?;
        reader.skip(length);
        Ok(symbol)
    }

    /// For the next [`TABLE_BITS`] bits the symbol and its length; a length of 0 leads to
    /// [`PrefixCode::long`].
    pub(super) fn table(&self) -> &[(u16, u8)] {
        &self.table
    }

    /// The symbol and the length of the code of more than [`TABLE_BITS`] bits that the `next`
    /// [`LENGTH_MAX`] bits begin with.
    #[inline(never)]
    pub(super) fn long(&self, next: u32) -> Option<(u32, u32)> {
        for length in TABLE_BITS + 1..=LENGTH_MAX {
            let row = self.rows[length as usize];
            let place = (next >> (LENGTH_MAX - length)).wrapping_sub(row.first_code);
            if place < row.count {
                return Some((self.symbols[(row.first_symbol + place) as usize].into(), length));
            }
        }
        None
    }
}

/// The error of bits that are no code, `position` bits after the first one.
pub(super) fn no_code(position: usize) -> EntropyError {
    EntropyError::Malformed { what: "bits that are no code of the prefix code", at: Some(position / 8) }
}

fn short_table(codes: &[(u32, u8)]) -> Vec<(u16, u8)> {
    let mut table = vec![(0, 0); 1 << TABLE_BITS];
    for (symbol, &(code, length)) in codes.iter().enumerate() {
        if length > 0 && u32::from(length) <= TABLE_BITS {
            let free = TABLE_BITS - u32::from(length);
            let start = (code << free) as usize;
            table[start..start + (1 << free)].fill((symbol as u16, length));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decoding_returns_the_symbols_encoded(
            symbols in prop::collection::vec((0u32..16, 0u32..3000), 1..400), max in 12u32..=24
        ) {
            let symbols: Vec<u32> = symbols.into_iter().map(|(shift, s)| s >> shift).collect();
            let mut counts = vec![0u64; 3000];
            symbols.iter().for_each(|&s| counts[s as usize] += 1);
            let code = PrefixCode::from_counts(&counts, max).unwrap();
            let mut writer = MsbWriter::new();
            symbols.iter().for_each(|&s| code.write(&mut writer, s));
            let bytes = writer.finish().unwrap();
            let mut reader = MsbReader::new(&bytes);
            for &s in &symbols {
                prop_assert_eq!(code.read(&mut reader), Ok(s));
            }
            prop_assert!(reader.check().is_ok());
        }

        #[test]
        fn any_lengths_and_any_bytes(
            lengths in prop::collection::vec(0u8..30, 0..300), bytes in prop::collection::vec(any::<u8>(), 0..60)
        ) {
            if let Ok(code) = PrefixCode::from_lengths(&lengths) {
                let mut reader = MsbReader::new(&bytes);
                while let Ok(symbol) = code.read(&mut reader) {
                    prop_assert!(lengths[symbol as usize] > 0);
                    if reader.check().is_err() { break }
                }
            }
        }
    }

    #[test]
    fn long_codes_are_found_by_length() {
        // Lengths 1, 2, 3 … 23, 24, 24.
        let mut lengths: Vec<u8> = (1..=24).collect();
        lengths.push(24);
        let code = PrefixCode::from_lengths(&lengths).unwrap();
        let mut writer = MsbWriter::new();
        (0..25).for_each(|s| code.write(&mut writer, s));
        let bytes = writer.finish().unwrap();
        let mut reader = MsbReader::new(&bytes);
        (0..25).for_each(|s| assert_eq!(code.read(&mut reader), Ok(s)));
    }

    #[test]
    fn lengths_of_no_code_are_refused() {
        assert!(PrefixCode::from_lengths(&[1, 1, 1]).is_err());
        assert!(PrefixCode::from_lengths(&[25]).is_err());
        let empty = PrefixCode::from_lengths(&[]).unwrap();
        assert!(empty.read(&mut MsbReader::new(&[1, 2, 3])).is_err());
    }
}

//! Signed values under one of many stored distributions, with an escape code for values outside.

use super::{CdfTable, ProbabilitySource, SymbolWalk};
use crate::{EntropyError, golomb};

/// Tables for signed values, chosen by an index (a scale, a channel): the form in which a learned
/// codec stores its distributions.
///
/// Table `i` covers the values from `least[i]` on, one symbol each; its last symbol is the
/// escape. After an escape a bit says on which side the value lies (1: above) and an Exp-Golomb
/// code of order 0 how far beyond the first value outside; both are plain bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdfFamily {
    tables: Vec<(i32, CdfTable)>,
}

impl CdfFamily {
    /// A family from its tables; a table needs at least two symbols, the last being the escape.
    ///
    /// # Errors
    /// `Malformed` if a table is too small or its values leave the range of ±2^24.
    pub fn new(tables: Vec<(i32, CdfTable)>) -> Result<Self, EntropyError> {
        for (at, (least, table)) in tables.iter().enumerate() {
            if table.symbols() < 2 || least.unsigned_abs() > 1 << 24 {
                return Err(EntropyError::Malformed { what: "table of a family", at: Some(at) });
            }
        }
        Ok(Self { tables })
    }

    /// How many tables there are.
    pub fn len(&self) -> usize {
        self.tables.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The least value of table `index` and the table itself.
    pub fn table(&self, index: usize) -> Option<(i32, &CdfTable)> {
        self.tables.get(index).map(|(least, table)| (*least, table))
    }

    /// Codes `value` under table `index`; an index beyond the last means the last.
    ///
    /// # Panics
    /// If the family is empty.
    #[inline]
    pub fn code<W: SymbolWalk>(&self, walk: &mut W, index: usize, value: i32) -> i32 {
        let (least, table) = &self.tables[index.min(self.tables.len() - 1)];
        let escape = table.symbols() - 1;
        let place = i64::from(value) - i64::from(*least);
        let symbol = if (0..i64::from(escape)).contains(&place) { place as u32 } else { escape };
        let symbol = walk.symbol(symbol, table);
        if symbol != escape {
            least.wrapping_add(symbol as i32)
        } else {
            self.escape(walk, *least, escape, place)
        }
    }

    #[cold]
    fn escape<W: SymbolWalk>(&self, walk: &mut W, least: i32, escape: u32, place: i64) -> i32 {
        let above = walk.bit(place >= 0, 1 << 15);
        let beyond = if place >= 0 { place - i64::from(escape) } else { -1 - place };
        let beyond = golomb::exp_golomb(walk, beyond.clamp(0, i64::from(u32::MAX) - 1) as u32, 0);
        let place = if above { i64::from(escape) + i64::from(beyond) } else { -1 - i64::from(beyond) };
        (i64::from(least) + place).clamp(i32::MIN.into(), i32::MAX.into()) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rans::{RansDecoder, RansEncoder};
    use crate::{BitDecoder, BitEncoder};
    use proptest::prelude::*;

    fn family() -> CdfFamily {
        let bell = |scale: i32| -> Vec<u64> {
            (-20..=21i32).map(|x| 1000 / (1 + (x * x / scale) as u64)).collect()
        };
        CdfFamily::new((1..9).map(|s| (-20, CdfTable::from_counts(16, &bell(s * s)).unwrap())).collect())
            .unwrap()
    }

    proptest! {
        #[test]
        fn values_of_any_size_come_back(
            values in prop::collection::vec((0usize..8, 0u32..32, any::<i32>()), 0..200)
        ) {
            let family = family();
            let (mut rans, mut range) = (RansEncoder::<4>::new(), BitEncoder::new());
            for &(index, shift, value) in &values {
                prop_assert_eq!(family.code(&mut rans, index, value >> shift), value >> shift);
                family.code(&mut range, index, value >> shift);
            }
            let (rans, range) = (rans.finish(), range.finish());
            let mut rans = RansDecoder::<4>::new(&rans).unwrap();
            let mut range = BitDecoder::whole(&range);
            for &(index, shift, value) in &values {
                prop_assert_eq!(family.code(&mut rans, index, 0), value >> shift);
                prop_assert_eq!(family.code(&mut range, index, 0), value >> shift);
            }
            prop_assert!(rans.finish().is_ok());
        }
    }

    #[test]
    fn families_of_wrong_tables_are_refused() {
        let one = CdfTable::from_frequencies(4, &[16]).unwrap();
        assert!(CdfFamily::new(vec![(0, one)]).is_err());
        let two = CdfTable::from_frequencies(4, &[9, 7]).unwrap();
        assert!(CdfFamily::new(vec![(i32::MIN, two)]).is_err());
    }
}

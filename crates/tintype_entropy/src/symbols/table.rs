//! Stored distributions.

use super::{PRECISION_MAX, ProbabilitySource};
use crate::EntropyError;

/// A cumulative table, with an index of 256 entries from which the search for a slot's symbol
/// starts.
///
/// ```
/// use tintype_entropy::symbols::{CdfTable, ProbabilitySource};
/// let table = CdfTable::from_frequencies(4, &[9, 4, 1, 2]).unwrap();
/// assert_eq!(table.interval(1), (9, 4));
/// assert_eq!(table.find(13), (2, 13, 1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdfTable {
    precision: u32,
    /// Where each symbol starts, then the total.
    starts: Vec<u32>,
    /// For the first slot of each 256th of the scale, its symbol.
    index: Vec<u16>,
    index_shift: u32,
}

impl CdfTable {
    /// A table of frequencies that sum to `2^precision`.
    ///
    /// # Errors
    /// `Malformed` if they do not or one of them is 0; `Limit` if the precision is not 1 to 16.
    pub fn from_frequencies(precision: u32, frequencies: &[u32]) -> Result<Self, EntropyError> {
        if !(1..=PRECISION_MAX).contains(&precision) {
            return Err(EntropyError::Limit {
                what: "precision of a table in bits",
                max: PRECISION_MAX.into(),
            });
        }
        let total = 1u32 << precision;
        let mut starts = Vec::with_capacity(frequencies.len().min(total as usize) + 1);
        let mut sum = 0u32;
        for (at, &frequency) in frequencies.iter().enumerate() {
            if frequency == 0 || frequency > total - sum {
                return Err(EntropyError::Malformed {
                    what: "frequency of 0 or beyond the total",
                    at: Some(at),
                });
            }
            starts.push(sum);
            sum += frequency;
        }
        if sum != total {
            return Err(EntropyError::Malformed {
                what: "frequencies below the total",
                at: Some(frequencies.len()),
            });
        }
        starts.push(total);
        let index_shift = precision.saturating_sub(8);
        let mut symbol = 0;
        let index = (0..total >> index_shift)
            .map(|entry| {
                while starts[symbol + 1] <= entry << index_shift {
                    symbol += 1;
                }
                symbol as u16
            })
            .collect();
        Ok(Self { precision, starts, index, index_shift })
    }

    /// A table in proportion to these counts, in which every symbol has a frequency of at
    /// least 1.
    ///
    /// # Errors
    /// As [`frequencies_from_counts`].
    pub fn from_counts(precision: u32, counts: &[u64]) -> Result<Self, EntropyError> {
        Self::from_frequencies(precision, &frequencies_from_counts(precision, counts)?)
    }

    /// The frequencies, as a format stores them.
    pub fn frequencies(&self) -> impl Iterator<Item = u32> + '_ {
        self.starts.windows(2).map(|pair| pair[1] - pair[0])
    }
}

impl ProbabilitySource for CdfTable {
    #[inline(always)]
    fn precision(&self) -> u32 {
        self.precision
    }

    #[inline(always)]
    fn symbols(&self) -> u32 {
        self.starts.len() as u32 - 1
    }

    #[inline(always)]
    fn interval(&self, symbol: u32) -> (u32, u32) {
        let symbol = (symbol as usize).min(self.starts.len() - 2);
        (self.starts[symbol], self.starts[symbol + 1] - self.starts[symbol])
    }

    #[inline(always)]
    fn find(&self, slot: u32) -> (u32, u32, u32) {
        let mut symbol = usize::from(self.index[(slot >> self.index_shift) as usize]);
        let mut end = self.starts[symbol + 1];
        while end <= slot {
            symbol += 1;
            end = self.starts[symbol + 1];
        }
        let start = self.starts[symbol];
        (symbol as u32, start, end - start)
    }
}

/// Frequencies of at least 1 that sum to `2^precision` and follow `counts`.
///
/// # Errors
/// `Misuse` if there are no symbols or more than `2^precision`; `Limit` if the precision is not 1
/// to 16.
pub fn frequencies_from_counts(precision: u32, counts: &[u64]) -> Result<Vec<u32>, EntropyError> {
    if !(1..=PRECISION_MAX).contains(&precision) {
        return Err(EntropyError::Limit {
            what: "precision of a table in bits",
            max: PRECISION_MAX.into(),
        });
    }
    let total = 1u32 << precision;
    if counts.is_empty() || counts.len() > total as usize {
        return Err(EntropyError::Misuse {
            what: "no symbols, or more than the table's precision can hold",
        });
    }
    let sum: u128 = counts.iter().map(|&c| u128::from(c)).sum::<u128>().max(1);
    // One for each symbol, and the rest of the scale in proportion; the remainder goes to the
    // largest counts.
    let share = u128::from(total) - counts.len() as u128;
    let mut frequencies: Vec<u32> =
        counts.iter().map(|&c| 1 + (u128::from(c) * share / sum) as u32).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|&s| std::cmp::Reverse(counts[s]));
    let left = total - frequencies.iter().sum::<u32>();
    let each = left / counts.len() as u32;
    for (rank, &symbol) in order.iter().enumerate() {
        frequencies[symbol] += each + u32::from((rank as u32) < left % counts.len() as u32);
    }
    Ok(frequencies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::check_source;
    use crate::symbols::Uniform;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn tables_keep_the_contract(
            counts in prop::collection::vec((0u32..40, any::<u32>()), 1..300), precision in 9u32..=16
        ) {
            let counts: Vec<u64> = counts.into_iter().map(|(s, c)| u64::from(c) >> s.min(32)).collect();
            check_source(&CdfTable::from_counts(precision, &counts).unwrap());
        }
    }

    #[test]
    fn small_and_uniform_sources_keep_the_contract() {
        check_source(&CdfTable::from_frequencies(1, &[2]).unwrap());
        check_source(&CdfTable::from_frequencies(16, &[65536]).unwrap());
        check_source(&CdfTable::from_frequencies(16, &[1, 65534, 1]).unwrap());
        check_source(&CdfTable::from_frequencies(16, &[1; 65536]).unwrap());
        [1, 2, 3, 7, 256, 1000, 65535, 65536].iter().for_each(|&n| check_source(&Uniform::new(n)));
    }

    #[test]
    fn wrong_tables_are_refused() {
        let wrong: [&[u32]; 5] = [&[], &[8, 0, 8], &[15], &[17], &[u32::MAX, 17]];
        for frequencies in wrong {
            assert!(CdfTable::from_frequencies(4, frequencies).is_err(), "{frequencies:?}");
        }
        assert!(CdfTable::from_frequencies(17, &[1 << 17]).is_err());
        assert!(CdfTable::from_counts(3, &[1; 9]).is_err());
        assert!(CdfTable::from_counts(3, &[]).is_err());
    }

    #[test]
    fn counts_are_followed() {
        let frequencies = frequencies_from_counts(12, &[3000, 1000, 0, 96]).unwrap();
        assert_eq!(frequencies.iter().sum::<u32>(), 4096);
        assert!(
            frequencies[0].abs_diff(3000) < 6
                && frequencies[1].abs_diff(1000) < 6
                && frequencies[2] == 1
        );
        assert_eq!(frequencies_from_counts(2, &[0, 0]).unwrap(), [2, 2]);
    }
}

//! Optimal code lengths under a limit, by package–merge.

use super::LENGTH_MAX;
use crate::EntropyError;

/// The lengths of an optimal prefix code with no code longer than `max`; symbols of count 0 get
/// length 0.
///
/// A single symbol gets length 1.
///
/// ```
/// use tintype_entropy::huffman::lengths_from_counts;
/// assert_eq!(lengths_from_counts(&[40, 1, 0, 2, 4, 8], 3).unwrap(), [1, 3, 0, 3, 3, 3]);
/// assert_eq!(lengths_from_counts(&[40, 1, 0, 2, 4, 8], 8).unwrap(), [1, 4, 0, 4, 3, 2]);
/// ```
///
/// # Errors
/// `Misuse` if there are more than `2^max` symbols, or `max` exceeds [`LENGTH_MAX`].
pub fn lengths_from_counts(counts: &[u64], max: u32) -> Result<Vec<u8>, EntropyError> {
    let mut leaves: Vec<usize> = (0..counts.len()).filter(|&s| counts[s] > 0).collect();
    if max > LENGTH_MAX || leaves.len() as u64 > 1u64 << max || counts.len() > 65536 {
        return Err(EntropyError::Misuse { what: "more symbols than codes of the greatest length" });
    }
    let mut lengths = vec![0u8; counts.len()];
    if leaves.len() < 2 {
        leaves.iter().for_each(|&s| lengths[s] = 1);
        return Ok(lengths);
    }
    leaves.sort_by_key(|&s| counts[s]);
    let weights: Vec<u128> = leaves.iter().map(|&s| u128::from(counts[s])).collect();
    let rows = merge_rows(&weights, max);
    // The first 2n-2 items of the last row are taken; each package among them takes two items of
    // the row before.
    let mut take = 2 * leaves.len() - 2;
    for row in rows.iter().rev() {
        let singles = row[..take].iter().filter(|&&single| single).count();
        leaves[..singles].iter().for_each(|&s| lengths[s] += 1);
        take = 2 * (take - singles);
    }
    Ok(lengths)
}

/// For each length, the items in order of weight: `true` for a leaf, `false` for a package of two
/// of the row before.
fn merge_rows(weights: &[u128], max: u32) -> Vec<Vec<bool>> {
    let mut rows = Vec::with_capacity(max as usize);
    let mut previous: Vec<u128> = Vec::new();
    for _ in 0..max {
        let packages: Vec<u128> = previous.chunks_exact(2).map(|pair| pair[0] + pair[1]).collect();
        let (mut row, mut merged) = (Vec::new(), Vec::new());
        let (mut leaf, mut package) = (0, 0);
        while leaf < weights.len() || package < packages.len() {
            let single =
                package == packages.len() || leaf < weights.len() && weights[leaf] <= packages[package];
            merged.push(if single { weights[leaf] } else { packages[package] });
            row.push(single);
            if single { leaf += 1 } else { package += 1 }
        }
        rows.push(row);
        previous = merged;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(counts: &[u64], lengths: &[u8]) -> u64 {
        counts.iter().zip(lengths).map(|(&c, &l)| c * u64::from(l)).sum()
    }

    /// The slow twin without a limit: Huffman's algorithm.
    fn unlimited_total(counts: &[u64]) -> u64 {
        let mut heap: Vec<u64> = counts.iter().copied().filter(|&c| c > 0).collect();
        let mut sum = if heap.len() == 1 { heap[0] } else { 0 };
        while heap.len() > 1 {
            heap.sort_by(|a, b| b.cmp(a));
            let joined = heap.pop().unwrap() + heap.pop().unwrap();
            sum += joined;
            heap.push(joined);
        }
        sum
    }

    /// The slow twin with a limit: a search over the lengths of all complete codes of a few
    /// symbols.
    fn limited_total(sorted_down: &[u64], max: u32, room: u64, shortest: u8) -> Option<u64> {
        let Some((&first, rest)) = sorted_down.split_first() else {
            return (room == 0).then_some(0);
        };
        (shortest..=max as u8)
            .filter_map(|l| {
                let rest = limited_total(rest, max, room.checked_sub(1 << (max - u32::from(l)))?, l)?;
                Some(rest + first * u64::from(l))
            })
            .min()
    }

    proptest! {
        #[test]
        fn optimal_without_a_limit(counts in prop::collection::vec(0u64..5000, 2..60)) {
            prop_assume!(counts.iter().any(|&c| c > 0));
            let lengths = lengths_from_counts(&counts, 24).unwrap();
            prop_assert_eq!(total(&counts, &lengths), unlimited_total(&counts));
        }

        #[test]
        fn optimal_within_a_limit(mut counts in prop::collection::vec(1u64..2000, 2..9), max in 3u32..6) {
            let lengths = lengths_from_counts(&counts, max).unwrap();
            prop_assert!(lengths.iter().all(|&l| u32::from(l) <= max && l > 0));
            let sum = total(&counts, &lengths);
            counts.sort_by(|a, b| b.cmp(a));
            prop_assert_eq!(Some(sum), limited_total(&counts, max, 1 << max, 1));
        }
    }

    #[test]
    fn edges() {
        assert_eq!(lengths_from_counts(&[], 8).unwrap(), []);
        assert_eq!(lengths_from_counts(&[0, 9], 8).unwrap(), [0, 1]);
        assert_eq!(lengths_from_counts(&[1; 4], 2).unwrap(), [2; 4]);
        assert!(lengths_from_counts(&[1; 5], 2).is_err());
        assert!(lengths_from_counts(&[u64::MAX; 5], 3).is_ok());
    }
}

//! Statistics of a stored distribution, from which the contexts of residual symbols start.
//! Bit-exact.

use tintype_entropy::{CdfFamily, ProbabilitySource};

/// Fraction bits of magnitudes and of their means.
pub(super) const FRACTION: u32 = 6;

/// Statistics of one stored distribution.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TableStatistics {
    /// Probability of a value that is not zero, of 65 536.
    pub(super) nonzero: u32,
    /// Probability of a magnitude above 1 given that it is not zero, of 65 536.
    pub(super) larger: u32,
    /// Mean magnitude with [`FRACTION`] fraction bits.
    pub(super) mean: u32,
}

impl TableStatistics {
    /// The statistics of table `index`.
    fn of(tables: &CdfFamily, index: usize) -> Self {
        let Some((least, table)) = tables.table(index) else { return Self::default() };
        let total = 1u64 << table.precision();
        let (mut zero, mut one, mut sum) = (0u64, 0u64, 0u64);
        // The last symbol is the escape, which does not count.
        for symbol in 0..table.symbols() - 1 {
            let width = u64::from(table.interval(symbol).1);
            let magnitude = (least + symbol as i32).unsigned_abs();
            sum += width * u64::from(magnitude);
            zero += if magnitude == 0 { width } else { 0 };
            one += if magnitude == 1 { width } else { 0 };
        }

        let share = |part: u64, whole: u64| ((part << 16) / whole.max(1)).clamp(32, 65_504) as u32;
        Self {
            nonzero: share(total - zero, total),
            larger: share(total - zero - one.min(total - zero), total - zero),
            mean: ((sum << FRACTION) / total) as u32,
        }
    }

    /// The statistics of every table.
    pub(super) fn of_all(tables: &CdfFamily) -> Vec<Self> {
        (0..tables.len()).map(|index| Self::of(tables, index)).collect()
    }
}

//! What exact values tell: what followed the same neighbours before, and how a neighbour went on.
//!
//! In: a plane with its border, the planes coded before. Out: a sample seen before and how sure it is; a difference.
//! Pictures that were converted, enlarged or compressed before have fewer colours than their samples could make, on a
//! lattice that smooth predictions do not see.
//! Bit-exact: integers. Source: our own; kin to the colour cache of WebP's lossless format and to match models.

use super::grid::Grid;

/// Base-2 logarithm of how many values are remembered.
const SIZE_LOG2: u32 = 16;
/// Hits are counted up to this.
pub(super) const HITS_MAX: u16 = 3;

/// What followed the same values when they were last seen, in a table that forgets by overwriting.
pub(super) struct Memory(Vec<Remembered>);

/// A sample, and how often in a row it came back.
#[derive(Clone, Copy, Default)]
pub(super) struct Remembered {
    pub sample: u16,
    pub hits: u16,
}

impl Memory {
    pub fn new() -> Self {
        Self(vec![Remembered::default(); 1 << SIZE_LOG2])
    }

    /// Where the values round sample `i` of `d` are remembered: the samples here of two planes coded before (latest first), or the
    /// one plane's here and at W and this plane's W, or W, N and NW.
    #[inline(always)]
    pub fn key(d: &[i32], others: &[&Grid], s: usize, i: usize) -> usize {
        let values = match (others.first(), others.get(1)) {
            (Some(first), Some(second)) => [0, first.data[i], second.data[i]],
            (Some(first), None) => [first.data[i], first.data[i - 1], d[i - 1]],
            _ => [d[i - 1], d[i - s], d[i - s - 1]],
        };
        let [a, b, c] = values.map(|v| v as u32);
        let mixed = a.wrapping_mul(0x9E37_79B1) ^ (b << 16 | c);
        (mixed.wrapping_mul(0x9E37_79B1) >> (32 - SIZE_LOG2)) as usize
    }

    #[inline(always)]
    pub fn at(&self, key: usize) -> Remembered {
        self.0[key]
    }

    #[inline(always)]
    pub fn learn(&mut self, key: usize, sample: i32) {
        let entry = &mut self.0[key];
        let hits =
            if i32::from(entry.sample) == sample { (entry.hits + 1).min(HITS_MAX) } else { 0 };
        *entry = Remembered { sample: sample as u16, hits };
    }
}

/// How the plane coded last went on from the neighbour at `j` to `i`; without one, from `j` to the right of what is above it.
#[inline(always)]
pub(super) fn step(d: &[i32], others: &[&Grid], s: usize, i: usize, j: usize) -> i32 {
    match others.first() {
        Some(other) => other.data[i] - other.data[j],
        None => d[j - s + 1] - d[j],
    }
}

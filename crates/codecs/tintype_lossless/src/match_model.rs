//! The match model: which sample followed the same neighbouring values last time, and how
//! often in a row.
//!
//! In: a plane with its border, the reference planes. Out: a sample and a count of hits.
//! Pictures that were converted, enlarged or compressed before have fewer colours than their
//! samples could make, on a lattice that smooth predictions do not see.
//! Bit-exact: integers. Source: our own; kin to the colour cache of WebP's lossless format and
//! to the match models of lpaq.

use super::padded_plane::PaddedPlane;
use fearless_simd::{Bytes, Simd, SimdBase, i32x8, u32x8};

/// Base-2 logarithm of the number of entries. Not tuned.
const SIZE_LOG2: u32 = 16;

/// Hits are counted up to this. Not tuned.
pub(super) const HITS_MAX: u16 = 3;

/// A hash table without chains: a new sample replaces the old one.
pub(super) struct MatchModel(Box<[MatchEntry; 1 << SIZE_LOG2]>);

/// A sample, and how often in a row it was right.
#[derive(Clone, Copy, Default)]
pub(super) struct MatchEntry {
    pub sample: u16,
    pub hits: u16,
}

impl MatchModel {
    pub fn new() -> Self {
        let entries = vec![MatchEntry::default(); 1 << SIZE_LOG2].into_boxed_slice();
        Self(entries.try_into().unwrap_or_else(|_| unreachable!("made of this length")))
    }

    /// The entry's index for these values, see [`match_values`].
    #[inline(always)]
    pub fn index(values: [i32; 3]) -> usize {
        let [a, b, c] = values.map(|v| v as u32);
        let mixed = a.wrapping_mul(0x9E37_79B1) ^ (b << 16 | c);
        (mixed.wrapping_mul(0x9E37_79B1) >> (32 - SIZE_LOG2)) as usize
    }

    /// The same for eight samples.
    #[inline(always)]
    pub fn indices<S: Simd>(simd: S, values: [i32x8<S>; 3]) -> i32x8<S> {
        let [a, b, c] = values.map(|v| v.bitcast::<u32x8<S>>());
        let factor = u32x8::splat(simd, 0x9E37_79B1);
        let mixed = (a * factor) ^ ((b << 16) | c);
        ((mixed * factor) >> (32 - SIZE_LOG2)).bitcast()
    }

    #[inline(always)]
    pub fn entry(&self, index: usize) -> MatchEntry {
        self.0[index & ((1 << SIZE_LOG2) - 1)]
    }

    #[inline(always)]
    pub fn update(&mut self, index: usize, sample: i32) {
        let entry = &mut self.0[index & ((1 << SIZE_LOG2) - 1)];
        let hits = if i32::from(entry.sample) == sample { (entry.hits + 1).min(HITS_MAX) } else { 0 };
        *entry = MatchEntry { sample: sample as u16, hits };
    }
}

/// What is matched for sample `i` of `d`, whose rows are `s` apart: the samples here of two
/// reference planes (latest first); or of one, here and at W, and this plane's W; or W, N and NW.
#[inline(always)]
pub(super) fn match_values(d: &[i32], references: &[&PaddedPlane], s: usize, i: usize) -> [i32; 3] {
    match (references.first(), references.get(1)) {
        (Some(first), Some(second)) => [0, first.data[i], second.data[i]],
        (Some(first), None) => [first.data[i], first.data[i - 1], d[i - 1]],
        _ => [d[i - 1], d[i - s], d[i - s - 1]],
    }
}

/// By how much the latest reference plane changes from the neighbour at `j` to `i`; without
/// one, this plane from above `j` to the right: what a repeated edge would add to the
/// neighbour.
#[inline(always)]
pub(super) fn expected_step(
    d: &[i32],
    references: &[&PaddedPlane],
    s: usize,
    i: usize,
    j: usize,
) -> i32 {
    match references.first() {
        Some(reference) => reference.data[i] - reference.data[j],
        None => d[j - s + 1] - d[j],
    }
}

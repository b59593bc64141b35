//! Synthesis of one block by rows of a fitted model: the same integer arithmetic in encoder and
//! decoder.
//!
//! In: basis rows or atoms, amplitudes. Out: sums with [`ENTRY_BITS`]
//! fractional bits, and internal samples. Bit-exact: integers. Additions wrap, so that hostile
//! amplitudes give some picture and no panic.

use crate::{ENTRY_BITS, INTERNAL_MAX};

/// Adds `factor` times a row to `sums`.
#[inline(always)]
pub fn add_row(sums: &mut [i32], factor: i32, row: &[i16]) {
    for (sum, &entry) in sums.iter_mut().zip(row) {
        *sum = sum.wrapping_add(factor.wrapping_mul(i32::from(entry)));
    }
}

/// A sum as an internal sample: rounded, halves up, and clamped.
#[inline]
pub fn sample_from_sum(sum: i32) -> i16 {
    let max = i32::from(INTERNAL_MAX);
    (sum.wrapping_add(1 << (ENTRY_BITS - 1)) >> ENTRY_BITS).clamp(-max, max) as i16
}

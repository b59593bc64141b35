//! Levels of activity: sums of residuals on a logarithmic scale.
//!
//! Bit-exact: integers.

/// `4 log2(v + 2) - 4` in whole steps, at most `max`: four levels an octave.
#[inline(always)]
pub(super) fn activity_level(v: u32, max: u32) -> u32 {
    let v = v + 2;
    let octave = v.ilog2();
    (octave * 4 + ((v << 2 >> octave) & 3) - 4).min(max)
}

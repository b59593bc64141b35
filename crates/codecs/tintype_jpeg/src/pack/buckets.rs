//! Buckets and logarithmic levels that turn numbers into contexts.
//!
//! In: magnitudes, counts, expected magnitudes. Out: small numbers. Bit-exact. Bounds are roughly
//! logarithmic; not measured.

/// Exponents (bit lengths) that a coefficient may have: 0 to 16.
pub const EXPONENTS: usize = 17;
/// Buckets of magnitude.
pub const MAGNITUDES: usize = 12;
/// Buckets of a count of nonzero coefficients.
pub const COUNTS: usize = 10;
/// Levels of an expected magnitude.
pub const LEVELS: usize = 20;

/// The least value of each bucket of magnitude.
pub const MAGNITUDE_BOUNDS: [u8; MAGNITUDES] = [0, 1, 2, 3, 4, 5, 7, 9, 13, 21, 41, 81];
/// The least value of each bucket of a count.
pub const COUNT_BOUNDS: [u8; COUNTS] = [0, 1, 2, 3, 4, 6, 9, 13, 20, 30];

/// For each value the bucket whose bound it reaches.
const fn bucket_table<const N: usize, const B: usize>(bounds: [u8; B]) -> [u8; N] {
    let mut table = [0; N];
    let (mut value, mut bucket) = (0, 0);
    while value < N {
        if bucket + 1 < B && value >= bounds[bucket + 1] as usize {
            bucket += 1;
        }
        table[value] = bucket as u8;
        value += 1;
    }
    table
}

/// Bucket of a magnitude.
#[inline(always)]
pub fn magnitude_bucket(x: u32) -> usize {
    const TABLE: [u8; 128] = bucket_table(MAGNITUDE_BOUNDS);
    usize::from(TABLE[x.min(127) as usize])
}

/// Bucket of a count of 0 to 49.
#[inline(always)]
pub fn count_bucket(count: usize) -> usize {
    const TABLE: [u8; 64] = bucket_table(COUNT_BOUNDS);
    usize::from(TABLE[count & 63])
}

/// Four times the binary logarithm of `x + 4`, less 8: 0 for 0, 16 for 60, 29 for 640.
#[inline(always)]
pub fn log_level(x: u32) -> usize {
    let x = x.saturating_add(4);
    let exponent = 31 - x.leading_zeros();
    (4 * exponent + (x >> (exponent - 2) & 3)) as usize - 8
}

/// Half of [`log_level`], below [`LEVELS`].
#[inline(always)]
pub fn level_of(x: u32) -> usize {
    let x = x.saturating_add(4);
    // The leading bit and the one below it stay, 2 or 3.
    let shift = 30 - x.leading_zeros();
    ((x >> shift) + 2 * shift - 4).min(LEVELS as u32 - 1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_start_at_their_bounds() {
        for (bucket, bound) in MAGNITUDE_BOUNDS.iter().enumerate().skip(1) {
            let bound = u32::from(*bound);
            assert_eq!((magnitude_bucket(bound - 1), magnitude_bucket(bound)), (bucket - 1, bucket));
        }
        for (bucket, bound) in COUNT_BOUNDS.iter().enumerate().skip(1) {
            let bound = usize::from(*bound);
            assert_eq!((count_bucket(bound - 1), count_bucket(bound)), (bucket - 1, bucket));
        }
    }

    #[test]
    fn a_level_is_half_of_the_log_level() {
        for x in 0..100_000 {
            assert_eq!(level_of(x), (log_level(x) / 2).min(LEVELS - 1), "{x}");
        }
        assert_eq!([0, 60, 640].map(log_level), [0, 16, 29]);
    }
}

//! A small generator of pseudo-random numbers, so that the same seed draws the same blocks
//! everywhere.

/// A linear congruence with the constants of Knuth's MMIX.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`, which is below 2^31.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (((self.0 >> 33) * bound as u64) >> 31) as usize
    }
}

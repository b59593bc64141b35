//! What levels cost under the contexts as they stand: tables made once for a superblock.

use crate::symbols::{DIAGONAL_CLASS, DIAGONALS, DIGITS, ESCAPE, SIZES, SUMS, index};
use tintype_block::{ContextSet, bit_costs};

/// Bits of each decision.
#[derive(Clone, Debug)]
pub struct Costs {
    nonzero: Vec<[f32; 2]>,
    larger: Vec<[f32; 2]>,
    /// Of "at least 2" up to each magnitude.
    magnitude: Vec<f32>,
    /// Of an end, by its digits.
    end: Vec<f32>,
}

impl Costs {
    /// Under `contexts`.
    pub fn of(contexts: &ContextSet) -> Self {
        let costs = |context: usize| bit_costs(contexts.p1(context));
        let nonzero = (0..SIZES * DIAGONALS * SUMS).map(|i| costs(index::NONZERO + i)).collect();
        let larger = (0..SIZES * 3 * SUMS).map(|i| costs(index::LARGER + i)).collect();
        let mut magnitude = Vec::with_capacity(SIZES * 16);
        let mut end = Vec::with_capacity(SIZES * DIGITS);
        for size in 0..SIZES {
            let mut sum = 0.0;
            for value in 0..16 {
                let [stop, more] = costs(index::MAGNITUDE + size * 16 + value);
                let (bits, next) = if value < 2 { (0.0, 0.0) } else { (sum + stop, sum + more) };
                magnitude.push(if value < ESCAPE { bits } else { sum });
                sum = next;
            }
            let mut sum = 0.0;
            for digits in 0..DIGITS {
                let [stop, more] = costs(index::END + size * DIGITS + digits);
                end.push(sum + stop + digits as f32);
                sum += more;
            }
        }
        Self { nonzero, larger, magnitude, end }
    }

    /// Of "0" and "not 0".
    #[inline(always)]
    pub fn nonzero(&self, size: usize, diagonal: usize, sum: usize) -> [f32; 2] {
        let diagonal = usize::from(DIAGONAL_CLASS[diagonal.min(12)]);
        self.nonzero[(size * DIAGONALS + diagonal) * SUMS + sum.min(SUMS - 1)]
    }

    /// Of a magnitude of at least 1, and its sign.
    #[inline(always)]
    pub fn magnitude(&self, size: usize, diagonal: usize, sum: usize, magnitude: usize) -> f32 {
        let diagonal = usize::from(DIAGONAL_CLASS[diagonal.min(12)]).min(2);
        let [one, more] = self.larger[(size * 3 + diagonal) * SUMS + sum.min(SUMS - 1)];
        if magnitude == 1 {
            return 1.0 + one;
        }
        let unary = self.magnitude[size * 16 + magnitude.min(ESCAPE)];
        let rest = if magnitude >= ESCAPE { 2 * (magnitude - ESCAPE + 1).ilog2() + 1 } else { 0 };
        1.0 + more + unary + rest as f32
    }

    /// Of an end.
    #[inline(always)]
    pub fn end(&self, size: usize, end: usize) -> f32 {
        self.end[size * DIGITS + end.ilog2() as usize]
    }
}

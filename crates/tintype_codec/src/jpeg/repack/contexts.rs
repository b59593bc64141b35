//! The adaptive model of quantised DCT coefficients: which contexts predict which binary decision.
//!
//! A decision is predicted by several adaptive bits, each chosen by another view of what is known, and mixed. Exact zone.
//! Source: our own choice; counts first, then magnitudes by exponent, first row and column from the neighbours' edges
//! after "The design, implementation, and deployment of a system to transparently compress hundreds of petabytes of
//! image files for a file-storage service" (Horn et al., NSDI 2017).

use tintype_entropy::{AdaptiveBit, BitWalk, Mixer, stretch};

/// Exponents (bit lengths) that a coefficient may have: 0 to 16.
pub const EXPONENTS: usize = 17;
/// Buckets of magnitude.
pub const MAGNITUDES: usize = 12;
/// Buckets of a count of nonzero coefficients.
pub const COUNTS: usize = 10;

/// Bucket of a magnitude.
#[inline(always)]
pub fn magnitude_bucket(x: u32) -> usize {
    const TABLE: [u8; 128] = {
        let mut table = [0u8; 128];
        let mut x = 0;
        while x < 128 {
            table[x] = match x {
                0..=4 => x as u8,
                5..=6 => 5,
                7..=8 => 6,
                9..=12 => 7,
                13..=20 => 8,
                21..=40 => 9,
                41..=80 => 10,
                _ => 11,
            };
            x += 1;
        }
        table
    };
    usize::from(TABLE[x.min(127) as usize])
}

/// Bucket of a count of 0 to 49.
#[inline(always)]
pub fn count_bucket(count: usize) -> usize {
    const TABLE: [u8; 64] = {
        let mut table = [9u8; 64];
        let mut x = 0;
        while x < 50 {
            table[x] = match x {
                0..=3 => x as u8,
                4..=5 => 4,
                6..=8 => 5,
                9..=12 => 6,
                13..=19 => 7,
                20..=29 => 8,
                _ => 9,
            };
            x += 1;
        }
        table
    };
    usize::from(TABLE[count & 63])
}

/// Adaptive bits in a table, mixed `N` at a time.
#[derive(Clone)]
pub struct Mixed<const N: usize> {
    slots: Vec<AdaptiveBit>,
    mixer: Mixer<N>,
    limit: u32,
}

impl<const N: usize> Mixed<N> {
    /// `slots` adaptive bits, `sets` sets of weights.
    pub fn new(slots: usize, sets: usize, limit: u32) -> Self {
        let weight = if N == 1 { 65_536 } else { 65_536 * 14 / (10 * N as i32) };
        Self { slots: vec![AdaptiveBit::default(); slots], mixer: Mixer::with_weight(sets, 3, weight), limit }
    }

    /// Codes one decision: by one prediction, by the mean of two, or by more under learnt weights.
    #[inline(always)]
    pub fn code<W: BitWalk>(&mut self, walk: &mut W, bit: bool, set: usize, slots: [usize; N]) -> bool {
        if N == 1 {
            return self.slots[slots[0]].code(walk, bit, self.limit);
        }
        if N == 2 {
            let (mut a, mut b) = (self.slots[slots[0]], self.slots[slots[1]]);
            let bit = walk.bit(bit, (a.p1() + b.p1()) >> 1);
            a.update(bit, self.limit);
            b.update(bit, self.limit);
            (self.slots[slots[0]], self.slots[slots[1]]) = (a, b);
            return bit;
        }
        let mut inputs = [0i32; N];
        for i in 0..N {
            inputs[i] = stretch(self.slots[slots[i]].p1());
        }
        let bit = self.mixer.code(walk, bit, set, &inputs);
        for slot in slots {
            self.slots[slot].update(bit, self.limit);
        }
        bit
    }
}

/// The first `N` of `all` contexts, each in a region of its own of `size` slots.
#[inline(always)]
pub fn views<const N: usize>(all: &[usize], size: usize) -> [usize; N] {
    std::array::from_fn(|i| i * size + all[i])
}

/// Single adaptive bits in a table.
#[derive(Clone)]
pub struct Single {
    slots: Vec<AdaptiveBit>,
    limit: u32,
}

impl Single {
    /// `slots` adaptive bits.
    pub fn new(slots: usize, limit: u32) -> Self {
        Self { slots: vec![AdaptiveBit::default(); slots], limit }
    }

    /// Codes one decision.
    #[inline(always)]
    pub fn code<W: BitWalk>(&mut self, walk: &mut W, bit: bool, slot: usize) -> bool {
        self.slots[slot].code(walk, bit, self.limit)
    }
}

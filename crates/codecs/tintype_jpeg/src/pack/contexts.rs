//! The adaptive model of quantised DCT coefficients: buckets, and adaptive bits whose start was fitted to photographs.
//!
//! A decision is predicted by several adaptive bits, each chosen by another view of what is known, and mixed. Bit-exact.
//! Source: our own choice; counts first, then magnitudes by exponent, first row and column from the neighbours' edges
//! after "The design, implementation, and deployment of a system to transparently compress hundreds of petabytes of
//! image files for a file-storage service" (Horn et al., NSDI 2017).

use tintype_entropy::{AdaptiveBit, AdaptiveNibble, BitWalk, squash, stretch};

/// Adaptive distributions of sixteen symbols, none less than 1 of 32 768.
pub type Bounds = AdaptiveNibble<1>;
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

/// The adaptive bit that a byte of the priors stands for: log-odds in the upper six bits, certainty in the lower two.
pub fn bit_from_prior(byte: u8) -> AdaptiveBit {
    const SEEN: [u32; 4] = [0, 3, 10, 24];
    let certainty = SEEN[usize::from(byte & 3)];
    let odds = (i32::from(byte >> 2) - 32) * 56;
    if certainty == 0 {
        AdaptiveBit::default()
    } else {
        AdaptiveBit::with_count(squash(odds), certainty)
    }
}

/// The byte that stands best for what `bit` has seen.
pub fn prior_from_bit(bit: AdaptiveBit) -> u8 {
    let certainty = match bit.count() {
        0..=3 => 0,
        4..=23 => 1,
        24..=119 => 2,
        _ => 3,
    };
    let odds = (stretch(bit.p1()) + 32 * 56 + 28).div_euclid(56).clamp(0, 63) as u8;
    if certainty == 0 { 0 } else { odds << 2 | certainty }
}

/// All adaptive bits that bytes of the priors can stand for.
pub fn bits_from_priors(bytes: &[u8], count: usize) -> Vec<AdaptiveBit> {
    let table: [AdaptiveBit; 256] = std::array::from_fn(|b| bit_from_prior(b as u8));
    let mut slots: Vec<AdaptiveBit> =
        bytes.iter().take(count).map(|b| table[usize::from(*b)]).collect();
    slots.resize(count, AdaptiveBit::default());
    slots
}

/// Bytes of priors, handed out table by table.
pub struct Priors<'a> {
    /// What is left.
    pub bytes: &'a [u8],
}

impl<'a> Priors<'a> {
    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(count.min(self.bytes.len()));
        self.bytes = rest;
        taken
    }
}

/// Single adaptive bits in a table.
#[derive(Clone)]
pub struct Single {
    slots: Vec<AdaptiveBit>,
    limit: u32,
}

impl Single {
    /// `count` adaptive bits.
    pub fn new(priors: &mut Priors<'_>, count: usize, limit: u32) -> Self {
        Self { slots: bits_from_priors(priors.take(count), count), limit }
    }

    /// What the adaptive bits have seen, as priors.
    pub fn priors(&self) -> impl Iterator<Item = u8> {
        self.slots.iter().map(|b| prior_from_bit(*b))
    }

    /// Codes one decision.
    #[inline(always)]
    pub fn code<W: BitWalk>(&mut self, walk: &mut W, bit: bool, slot: usize) -> bool {
        self.slots[slot].code(walk, bit, self.limit)
    }
}

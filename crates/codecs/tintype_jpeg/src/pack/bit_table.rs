//! Adaptive bits in tables, and the bytes of the priors file that they start from.
//!
//! Bit-exact. Source: our own; the layout is in docs/format/jpeg-repack.md.

use tintype_entropy::{AdaptiveBit, BitWalk, squash, stretch};

/// Counts that adaptive bits start at, by class of certainty: about a fifth of those seen in
/// training, so that a file still moves them. Not measured.
const COUNT_OF_CLASS: [u32; 4] = [0, 3, 10, 24];
/// Step of log-odds in the priors, in 1/128: 64 steps span the domain.
const ODDS_STEP: i32 = 56;

/// The adaptive bit that a byte of the priors stands for: log-odds in the upper six bits, a class
/// of certainty in the lower two.
pub fn bit_from_prior(byte: u8) -> AdaptiveBit {
    let count = COUNT_OF_CLASS[usize::from(byte & 3)];
    let odds = (i32::from(byte >> 2) - 32) * ODDS_STEP;
    if count == 0 { AdaptiveBit::default() } else { AdaptiveBit::with_count(squash(odds), count) }
}

/// The byte that stands best for `bit`.
pub fn prior_from_bit(bit: AdaptiveBit) -> u8 {
    let class = match bit.count() {
        0..=3 => 0,
        4..=23 => 1,
        24..=119 => 2,
        _ => 3,
    };
    let odds = stretch(bit.p1()) + 32 * ODDS_STEP + ODDS_STEP / 2;
    let odds = odds.div_euclid(ODDS_STEP).clamp(0, 63) as u8;
    if class == 0 { 0 } else { odds << 2 | class }
}

/// `count` adaptive bits that start at `bytes`; without a byte they start even.
pub fn bits_from_priors(bytes: &[u8], count: usize) -> Vec<AdaptiveBit> {
    let table: [AdaptiveBit; 256] = std::array::from_fn(|b| bit_from_prior(b as u8));
    let mut slots: Vec<AdaptiveBit> = bytes.iter().take(count).map(|b| table[usize::from(*b)]).collect();
    slots.resize(count, AdaptiveBit::default());
    slots
}

/// Reads the priors file table by table.
pub struct PriorsReader<'a> {
    /// What is left.
    pub bytes: &'a [u8],
}

impl<'a> PriorsReader<'a> {
    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(count.min(self.bytes.len()));
        self.bytes = rest;
        taken
    }
}

/// Adaptive bits under numbered contexts.
#[derive(Clone)]
pub struct BitTable {
    slots: Vec<AdaptiveBit>,
    limit: u32,
}

impl BitTable {
    /// `count` adaptive bits.
    pub fn new(priors: &mut PriorsReader<'_>, count: usize, limit: u32) -> Self {
        Self { slots: bits_from_priors(priors.take(count), count), limit }
    }

    /// The adaptive bits as priors.
    pub fn priors(&self) -> impl Iterator<Item = u8> {
        self.slots.iter().map(|b| prior_from_bit(*b))
    }

    /// Codes one decision.
    #[inline(always)]
    pub fn code<W: BitWalk>(&mut self, walk: &mut W, bit: bool, slot: usize) -> bool {
        self.slots[slot].code(walk, bit, self.limit)
    }
}

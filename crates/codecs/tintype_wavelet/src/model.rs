//! Contexts and probabilities of every decision.
//!
//! Every decision has one context with an adaptive probability of its own, which starts from what photographs gave.
//! All are integers: this file is bit-exact.

use tintype_entropy::{AdaptiveBit, BitWalk, squash};

/// How long an adaptive probability's memory grows.
const LIMIT: u32 = 250;

/// All probabilities of one stream (one resolution group of one tile).
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub significance: Vec<AdaptiveBit>,
    pub block: Vec<AdaptiveBit>,
    pub superblock: Vec<AdaptiveBit>,
    pub band: Vec<AdaptiveBit>,
    pub sign: Vec<AdaptiveBit>,
    pub refine: Vec<AdaptiveBit>,
}

/// Numbers of contexts.
pub(crate) const SIGNIFICANCE_COUNT: usize = 2 * 3 * 16 * 4 * 4 * 3;
pub(crate) const BLOCK_COUNT: usize = 2 * 3 * 8 * 4 * 4 * 5;
pub(crate) const SUPER_COUNT: usize = 2 * 5 * 3 * 3;
pub(crate) const SIGN_COUNT: usize = 2 * 3 * 13 * 3 * 3;
pub(crate) const REFINE_COUNT: usize = 2 * 4 * 6;

/// What probabilities start from: for each kind of resolution group (coarse levels, the next to finest, the finest) and
/// each probability, in the order of [`Model::each`], log-odds in 1/8 as a signed byte. Made by `tintype-dev fit --codec wavelet`.
static PRIORS: &[u8] = include_bytes!("priors.bin");

/// How many bits a starting probability counts for.
const PRIOR_SEEN: u32 = 10;

/// Kinds of resolution groups that have priors of their own.
pub(crate) const KINDS: usize = 3;

impl Model {
    /// The start for group `group` of `groups`: the finest two have priors of their own, all coarser ones share.
    pub fn new(group: usize, groups: usize) -> Self {
        let mut model = Self::flat();
        let kind = (KINDS - 1).saturating_sub(groups - 1 - group.min(groups - 1));
        let count = PRIORS.len() / KINDS;
        let mut priors = PRIORS[kind * count..][..count].iter();
        model.each(&mut |bit| {
            if let Some(&prior) = priors.next() {
                *bit = AdaptiveBit::with_count(squash(i32::from(prior as i8) * 16), PRIOR_SEEN);
            }
        });
        model
    }

    /// The start when nothing was fitted.
    pub fn flat() -> Self {
        Self {
            significance: vec![AdaptiveBit::new(12_000); SIGNIFICANCE_COUNT],
            block: vec![AdaptiveBit::new(12_000); BLOCK_COUNT],
            superblock: vec![AdaptiveBit::new(16_000); SUPER_COUNT],
            band: vec![AdaptiveBit::new(20_000); 4],
            sign: vec![AdaptiveBit::new(32_768); SIGN_COUNT],
            refine: vec![AdaptiveBit::new(30_000); REFINE_COUNT],
        }
    }

    /// Every probability, in the order of the priors.
    pub fn each(&mut self, visit: &mut dyn FnMut(&mut AdaptiveBit)) {
        let first = self.significance.iter_mut().chain(&mut self.block);
        let rest = self
            .superblock
            .iter_mut()
            .chain(&mut self.band)
            .chain(&mut self.sign)
            .chain(&mut self.refine);
        first.chain(rest).for_each(visit);
    }
}

/// Learns with the memory that every single-context decision uses.
#[inline(always)]
pub(crate) fn code_one<W: BitWalk>(model: &mut AdaptiveBit, walk: &mut W, bit: bool) -> bool {
    model.code(walk, bit, LIMIT)
}

/// A table that maps `0..N` to how many of `steps` lie at or below it.
const fn classes<const N: usize>(steps: &[usize]) -> [u8; N] {
    let mut table = [0; N];
    let mut value = 0;
    while value < N {
        let mut class = 0;
        while class < steps.len() && steps[class] <= value {
            class += 1;
        }
        table[value] = class as u8;
        value += 1;
    }
    table
}

/// Class 0 to 15 of the weighted sum of neighbours, in eighths.
static ENERGY: [u8; 512] = classes(&[1, 3, 5, 7, 9, 12, 15, 19, 24, 30, 38, 50, 70, 100, 160]);
/// Class 0 to 5 of one magnitude or the sum of two.
static SMALL: [u8; 128] = classes(&[1, 2, 3, 5, 8]);
/// Class 0 to 4.
static FIVE: [u8; 128] = classes(&[1, 2, 4, 7]);
/// Class 0 to 7 of a ring around a block.
static RING: [u8; 1024] = classes(&[1, 2, 4, 7, 12, 20, 40]);

#[inline(always)]
pub(crate) fn energy(sum: usize) -> usize {
    usize::from(ENERGY[sum.min(511)])
}

#[inline(always)]
pub(crate) fn small(value: usize) -> usize {
    usize::from(SMALL[value & 127])
}

#[inline(always)]
pub(crate) fn five(value: usize) -> usize {
    usize::from(FIVE[value & 127])
}

#[inline(always)]
pub(crate) fn ring(value: usize) -> usize {
    usize::from(RING[value.min(1023)])
}

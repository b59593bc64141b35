//! Contexts and probabilities of every decision.
//!
//! A significance decision has three contexts, each with its own adaptive probability; a mixer makes one of the three.
//! Signs, refinements and superblocks have one context each. All are integers: this file is in the exact zone.

use tintype_entropy::{AdaptiveBit, BitWalk, Mixer, squash, stretch};

/// How long an adaptive probability's memory grows.
const LIMIT: u32 = 250;

/// What a mixer sees beside predictions.
const CONSTANT: i32 = 256;

/// Three predictions of one bit and a constant, mixed.
#[derive(Clone, Debug)]
pub(crate) struct Mixed {
    a: Vec<AdaptiveBit>,
    b: Vec<AdaptiveBit>,
    c: Vec<AdaptiveBit>,
    mixer: Mixer<4>,
}

/// The contexts of one mixed decision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contexts {
    pub a: usize,
    pub b: usize,
    pub c: usize,
    pub set: usize,
}

impl Mixed {
    fn new(a: usize, b: usize, c: usize, sets: usize, p1: u32) -> Self {
        let start = AdaptiveBit::new(p1);
        Self {
            a: vec![start; a],
            b: vec![start; b],
            c: vec![start; c],
            mixer: Mixer::with_weights(sets, 3, [26_000, 26_000, 26_000, 0]),
        }
    }

    #[inline(always)]
    pub fn code<W: BitWalk>(&mut self, walk: &mut W, bit: bool, at: Contexts) -> bool {
        let (a, b, c) = (&mut self.a[at.a], &mut self.b[at.b], &mut self.c[at.c]);
        let inputs = [stretch(a.p1()), stretch(b.p1()), stretch(c.p1()), CONSTANT];
        let bit = self.mixer.code(walk, bit, at.set, &inputs);
        a.update(bit, LIMIT);
        b.update(bit, LIMIT);
        c.update(bit, LIMIT);
        bit
    }
}

/// All probabilities of one stream (one resolution group of one tile).
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub significance: Mixed,
    pub block: Mixed,
    pub superblock: Vec<AdaptiveBit>,
    pub band: Vec<AdaptiveBit>,
    pub sign: Vec<AdaptiveBit>,
    pub refine: Vec<AdaptiveBit>,
}

/// Numbers of contexts.
pub(crate) const SIG_A: usize = 2 * 3 * 16 * 6;
pub(crate) const SIG_B: usize = 2 * 3 * 6 * 5 * 5;
pub(crate) const SIG_C: usize = 2 * 4 * 4 * 6 * 3;
pub(crate) const SIG_SETS: usize = 2 * 3 * 4;
pub(crate) const BLOCK_A: usize = 2 * 3 * 8 * 6;
pub(crate) const BLOCK_B: usize = 2 * 5 * 5 * 4;
pub(crate) const BLOCK_C: usize = 2 * 8 * 6;
pub(crate) const BLOCK_SETS: usize = 2 * 8;
pub(crate) const SUPER_COUNT: usize = 2 * 5 * 3 * 3;
pub(crate) const SIGN_COUNT: usize = 2 * 3 * 13 * 3 * 3;
pub(crate) const REFINE_COUNT: usize = 2 * 4 * 6;

/// What probabilities start from: for each kind of resolution group (coarse levels, the next to finest, the finest) and
/// each probability, in the order of [`Model::each`], log-odds in 1/8 as a signed byte. Made by `wavelet_fit`.
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
            significance: Mixed::new(SIG_A, SIG_B, SIG_C, SIG_SETS, 12_000),
            block: Mixed::new(BLOCK_A, BLOCK_B, BLOCK_C, BLOCK_SETS, 12_000),
            superblock: vec![AdaptiveBit::new(16_000); SUPER_COUNT],
            band: vec![AdaptiveBit::new(20_000); 4],
            sign: vec![AdaptiveBit::new(32_768); SIGN_COUNT],
            refine: vec![AdaptiveBit::new(30_000); REFINE_COUNT],
        }
    }

    /// Every probability, in the order of the priors.
    pub fn each(&mut self, visit: &mut dyn FnMut(&mut AdaptiveBit)) {
        let mixed = [&mut self.significance, &mut self.block].into_iter();
        let mixed = mixed.flat_map(|m| m.a.iter_mut().chain(&mut m.b).chain(&mut m.c));
        let single = self.superblock.iter_mut().chain(&mut self.band).chain(&mut self.sign).chain(&mut self.refine);
        mixed.chain(single).for_each(visit);
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

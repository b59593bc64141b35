//! Contexts and probabilities of every decision.
//!
//! Every decision has one context with an adaptive probability of its own, which starts from a
//! value fitted to photographs. A test keeps the tables here and in docs/format/wavelet.md the
//! same.
//!
//! Bit-exact: integers only.

use tintype_entropy::{AdaptiveBit, BitWalk, squash};

/// Count at which the window of an adaptive probability stops growing. 120 and 1000 gave the
/// same size within 0.1 % BD-rate on four pictures of photos/valid: a flat optimum.
pub(crate) const LIMIT: u32 = 250;

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

/// Contexts of a coefficient's significance: first component or later, kind of band, energy
/// class, parent, siblings, place in a block that waits for its first significant coefficient.
pub(crate) const SIGNIFICANCE_COUNT: usize = 2 * 3 * 16 * 4 * 4 * 3;

/// Contexts of a block: component, kind, ring, parent, siblings, active neighbours.
pub(crate) const BLOCK_COUNT: usize = 2 * 3 * 8 * 4 * 4 * 5;

/// Contexts of a superblock: component, active neighbours, state of the parent and of the
/// sibling.
pub(crate) const SUPERBLOCK_COUNT: usize = 2 * 5 * 3 * 3;

/// Contexts of a band: component, low-low or not.
pub(crate) const BAND_COUNT: usize = 2 * 2;

/// Contexts of a sign: component, kind, pair of neighbouring signs, sign of the sibling. The
/// last factor is not used by any context; it is part of the layout of the fitted tables.
pub(crate) const SIGN_COUNT: usize = 2 * 3 * 13 * 3 * 3;

/// Contexts of a refinement bit: component, size, neighbours.
pub(crate) const REFINE_COUNT: usize = 2 * 4 * 6;

/// The fitted starting probabilities: for each kind of resolution group (coarse, the next to
/// finest, the finest) and each probability, in the order of [`Model::each`], log-odds in 1/8
/// as a signed byte. `tintype-dev fit --codec wavelet` makes the file; it was fitted to 54
/// pictures of photos/train, which gained 0.6 % BD-rate over flat starts on four pictures of
/// photos/valid.
static PRIORS: &[u8] = include_bytes!("priors.bin");

/// The count that a fitted probability starts with. Not measured.
pub(crate) const PRIOR_COUNT: u32 = 10;

/// Kinds of resolution groups that have fitted probabilities of their own.
pub(crate) const KINDS: usize = 3;

impl Model {
    /// The start for group `group` of `groups`: the finest two have tables of their own, all
    /// coarser ones share one.
    pub fn new(group: usize, groups: usize) -> Self {
        let mut model = Self::flat();
        let kind = (KINDS - 1).saturating_sub(groups - 1 - group.min(groups - 1));
        let count = PRIORS.len() / KINDS;
        let mut priors = PRIORS[kind * count..][..count].iter();
        model.each(&mut |bit| {
            if let Some(&prior) = priors.next() {
                *bit = AdaptiveBit::with_count(squash(i32::from(prior as i8) * 16), PRIOR_COUNT);
            }
        });
        model
    }

    /// The start of a fit, in which most decisions are 0. The values matter to the fit alone;
    /// not measured.
    pub fn flat() -> Self {
        Self {
            significance: vec![AdaptiveBit::new(12_000); SIGNIFICANCE_COUNT],
            block: vec![AdaptiveBit::new(12_000); BLOCK_COUNT],
            superblock: vec![AdaptiveBit::new(16_000); SUPERBLOCK_COUNT],
            band: vec![AdaptiveBit::new(20_000); BAND_COUNT],
            sign: vec![AdaptiveBit::new(32_768); SIGN_COUNT],
            refine: vec![AdaptiveBit::new(30_000); REFINE_COUNT],
        }
    }

    /// Every probability, in the order of the fitted tables.
    pub fn each(&mut self, visit: &mut dyn FnMut(&mut AdaptiveBit)) {
        let tables = [
            &mut self.significance,
            &mut self.block,
            &mut self.superblock,
            &mut self.band,
            &mut self.sign,
            &mut self.refine,
        ];
        for table in tables {
            table.iter_mut().for_each(&mut *visit);
        }
    }
}

/// Codes one decision, which then adapts its probability.
#[inline(always)]
pub(crate) fn code_bit<W: BitWalk>(model: &mut AdaptiveBit, walk: &mut W, bit: bool) -> bool {
    model.code(walk, bit, LIMIT)
}

/// A table that maps `0..N` to how many of `limits` lie at or below it.
pub(crate) const fn classes<const N: usize>(limits: &[usize]) -> [u8; N] {
    let mut table = [0; N];
    let mut value = 0;
    while value < N {
        let mut class = 0;
        while class < limits.len() && limits[class] <= value {
            class += 1;
        }
        table[value] = class as u8;
        value += 1;
    }
    table
}

// Limits of the classes: close together where most values lie, then about half an octave
// apart. Other limits for significance and blocks moved the size by 0.2 % (four pictures of
// photos/valid).

/// Limits of the weighted sum of a coefficient's eight neighbours.
pub(crate) const ENERGY_LIMITS: [usize; 15] = [1, 3, 5, 7, 9, 12, 15, 19, 24, 30, 38, 50, 70, 100, 160];
/// Limits of one scaled magnitude or the sum of a few.
pub(crate) const PARENT_LIMITS: [usize; 5] = [1, 2, 3, 5, 8];
/// Limits of sibling magnitudes and of neighbours of a refinement.
pub(crate) const SIBLING_LIMITS: [usize; 4] = [1, 2, 4, 7];
/// Limits of the sum around a block.
pub(crate) const RING_LIMITS: [usize; 7] = [1, 2, 4, 7, 12, 20, 40];

static ENERGY: [u8; 512] = classes(&ENERGY_LIMITS);
static PARENT: [u8; 128] = classes(&PARENT_LIMITS);
static SIBLING: [u8; 128] = classes(&SIBLING_LIMITS);
static RING: [u8; 1024] = classes(&RING_LIMITS);

/// Class 0 to 15.
#[inline(always)]
pub(crate) fn energy_class(sum: usize) -> usize {
    usize::from(ENERGY[sum.min(511)])
}

/// Class 0 to 5.
#[inline(always)]
pub(crate) fn parent_class(value: usize) -> usize {
    usize::from(PARENT[value & 127])
}

/// Class 0 to 4.
#[inline(always)]
pub(crate) fn sibling_class(value: usize) -> usize {
    usize::from(SIBLING[value & 127])
}

/// Class 0 to 7.
#[inline(always)]
pub(crate) fn ring_class(sum: usize) -> usize {
    usize::from(RING[sum.min(1023)])
}

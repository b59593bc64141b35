//! The symbols of one plane, visited once for encoder, decoder and cost.
//!
//! In and out: split flags, clusters, atoms and weights of blocks. Bit-exact: integers only.
//!
//! A block is its cluster, the number of its atoms, which they are in rising order, then their weights. Whether an atom is
//! one of the `r` still to come has the probability that its share of what the cluster's remaining atoms are used leaves
//! it, times `r`; the shares are learned.

use super::block::Term;
use super::model::{SETS, SparseModel};
use tintype_entropy::{AdaptiveBit, BitWalk, Mixer, stretch};

/// Count at which adaptive windows stop growing.
const LIMIT: u32 = 300;
/// The most atoms of a block.
pub const TERMS_MAX: usize = 48;
/// Decisions about a number of atoms that have contexts of their own.
const UNARY: usize = 16;
const TREE: usize = 32;
const NEIGHBOURS: usize = 17;
const SPLIT: usize = 0;
const CLUSTER: usize = SPLIT + 4 * 24 * 3;
const COUNT_A: usize = CLUSTER + SETS * 2 * NEIGHBOURS * TREE;
const COUNT_B: usize = COUNT_A + SETS * 8 * UNARY;
const COUNT_C: usize = COUNT_B + SETS * 8 * UNARY;
const LARGER_A: usize = COUNT_C + SETS * 16 * UNARY;
const LARGER_B: usize = LARGER_A + SETS * 6 * 8;
const MORE: usize = LARGER_B + SETS * 8 * 8;
const ATOMS: usize = MORE + SETS * 16;

/// What is known of a block before its symbols.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlockContext {
    /// Size number, plus 3 for chroma.
    pub set: usize,
    /// Atoms left and above, 0 to 7.
    pub energy: usize,
    /// The same of the plane coded before at the same place; 0 for the first plane.
    pub other: usize,
    /// Cluster of the left block plus 1, or 0.
    pub left: usize,
    /// Cluster of the upper block plus 1, or 0.
    pub above: usize,
}

/// Adaptive state of all planes of a tile.
#[derive(Clone, Debug)]
pub struct Contexts {
    bits: Vec<AdaptiveBit>,
    cluster: Mixer<2>,
    count: Mixer<3>,
    larger: Mixer<2>,
    /// For each set: where its atoms' contexts start, how many atoms a cluster has, how many clusters.
    sets: [(usize, usize, usize); SETS],
    /// States are looked at but do not learn.
    frozen: bool,
}

impl Contexts {
    /// Contexts that start where the model says, as far as it says anything.
    pub fn new(model: &SparseModel) -> Self {
        let mut at = ATOMS;
        let sets = std::array::from_fn(|set| {
            let start = at;
            let (atoms, clusters) = (model.sets[set].atoms, model.sets[set].clusters.len());
            at += atoms * clusters;
            (start, atoms, clusters)
        });
        let mut bits = vec![AdaptiveBit::default(); at];
        for bit in &mut bits[ATOMS..] {
            *bit = AdaptiveBit::with_count(1024, 4);
        }
        for (bit, pair) in bits.iter_mut().zip(model.contexts.chunks_exact(2)) {
            let value = u32::from(u16::from_le_bytes([pair[0], pair[1]]));
            *bit = AdaptiveBit::with_count((value >> 4) * 16 + 8, (1 << (value & 15).min(8)) - 1);
        }
        Self {
            bits,
            cluster: Mixer::with_weight(SETS, 3, 34000),
            count: Mixer::with_weight(SETS, 3, 24000),
            larger: Mixer::with_weight(SETS, 3, 34000),
            sets,
            frozen: false,
        }
    }

    /// The present state in the form that [`Contexts::new`] reads; counts are kept to `2^seen_log2_max - 1`.
    pub fn to_bytes(&self, seen_log2_max: u32) -> Vec<u8> {
        let pair = |bit: &AdaptiveBit| {
            let seen = (bit.count() + 1).ilog2().min(seen_log2_max);
            (((bit.p1() >> 4) << 4) as u16 | seen as u16).to_le_bytes()
        };
        self.bits.iter().flat_map(pair).collect()
    }

    /// Runs `work` on these contexts without their learning anything.
    pub fn frozen<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.frozen, true);
        let result = work(self);
        self.frozen = before;
        result
    }

    /// The probability, of 65 536, that a block of this cluster with any atoms uses `atom`.
    pub fn use_of(&self, set: usize, cluster: usize, atom: usize) -> u32 {
        let (start, atoms, _) = self.sets[set];
        self.bits[start + cluster * atoms + atom].p1()
    }

    #[inline(always)]
    fn bit<W: BitWalk>(&mut self, walk: &mut W, at: usize, bit: bool) -> bool {
        let bit = walk.bit(bit, self.bits[at].p1());
        if !self.frozen {
            self.bits[at].update(bit, LIMIT);
        }
        bit
    }

    /// Codes a bit under the mix of several contexts.
    #[inline(always)]
    fn mixed<W: BitWalk, const N: usize>(
        &mut self,
        walk: &mut W,
        mixer: fn(&mut Self) -> &mut Mixer<N>,
        set: usize,
        at: [usize; N],
        bit: bool,
    ) -> bool {
        let inputs = at.map(|at| stretch(self.bits[at].p1()));
        let p1 = mixer(self).mix(set, &inputs).clamp(64, 65472);
        let bit = walk.bit(bit, p1);
        if !self.frozen {
            mixer(self).update(set, &inputs, p1, bit);
            for at in at {
                self.bits[at].update(bit, LIMIT);
            }
        }
        bit
    }

    /// Whether a block is split; `level` is 0 for one of 16, 1 for one of 32, plus 2 for chroma.
    pub fn split<W: BitWalk>(
        &mut self,
        walk: &mut W,
        split: bool,
        level: usize,
        context: (usize, usize),
    ) -> bool {
        self.bit(walk, SPLIT + (level * 24 + context.0.min(23)) * 3 + context.1, split)
    }

    /// The cluster of a block.
    pub fn cluster<W: BitWalk>(
        &mut self,
        walk: &mut W,
        cluster: usize,
        block: &BlockContext,
    ) -> usize {
        let clusters = self.sets[block.set].2;
        if clusters == 1 {
            return 0;
        }
        let depth = usize::BITS - (clusters - 1).leading_zeros();
        let mut node = 1usize;
        for level in (0..depth).rev() {
            let row = |which: usize, neighbour: usize| {
                CLUSTER
                    + ((block.set * 2 + which) * NEIGHBOURS + neighbour.min(NEIGHBOURS - 1)) * TREE
            };
            let at = [row(0, block.left) + node, row(1, block.above) + node];
            let bit =
                self.mixed(walk, |c| &mut c.cluster, block.set, at, (cluster >> level) & 1 == 1);
            node = 2 * node + usize::from(bit);
        }
        (node - (1 << depth)).min(clusters - 1)
    }

    /// The atoms and weights of a block; when reading, `terms` is replaced.
    pub fn terms<W: BitWalk>(
        &mut self,
        walk: &mut W,
        terms: &mut Vec<Term>,
        cluster: usize,
        block: &BlockContext,
    ) {
        let (start, atoms, _) = self.sets[block.set];
        let start = start + cluster * atoms;
        let most = TERMS_MAX.min(atoms);
        let count = self.count(walk, terms.len(), most, cluster, block);
        if W::READS {
            terms.clear();
        }
        if count == 0 {
            return;
        }
        let mut rest: u64 = self.bits[start..start + atoms].iter().map(|b| u64::from(b.p1())).sum();
        let (mut left, mut next) = (count, 0);
        for atom in 0..atoms {
            let share = u64::from(self.bits[start + atom].p1());
            let wanted = !W::READS && terms.get(next).is_some_and(|t| usize::from(t.atom) == atom);
            let used = if left == 0 {
                false
            } else if atoms - atom == left {
                true
            } else {
                let p1 = (share * left as u64 * 65536 / rest.max(1)).clamp(24, 62000) as u32;
                walk.bit(wanted, p1)
            };
            rest -= share;
            if !self.frozen {
                self.bits[start + atom].update(used, LIMIT);
            } else if left == 0 {
                break;
            }
            if used {
                if W::READS {
                    terms.push(Term { atom: atom as u16, level: 1 });
                }
                next += 1;
                left -= 1;
            }
        }
        for (order, term) in terms.iter_mut().enumerate().take(count) {
            term.level =
                self.level(walk, term.level, (usize::from(term.atom), count, order), block);
        }
    }

    /// How many atoms, 0 to `most`.
    fn count<W: BitWalk>(
        &mut self,
        walk: &mut W,
        count: usize,
        most: usize,
        cluster: usize,
        block: &BlockContext,
    ) -> usize {
        let mut value = 0;
        while value < most {
            let place = value.min(UNARY - 1);
            let at = [
                COUNT_A + (block.set * 8 + block.energy) * UNARY + place,
                COUNT_B + (block.set * 8 + block.other) * UNARY + place,
                COUNT_C + (block.set * 16 + cluster) * UNARY + place,
            ];
            if !self.mixed(walk, |c| &mut c.count, block.set, at, count > value) {
                break;
            }
            value += 1;
        }
        value
    }

    /// A weight that is not 0.
    fn level<W: BitWalk>(
        &mut self,
        walk: &mut W,
        level: i16,
        (atom, count, order): (usize, usize, usize),
        block: &BlockContext,
    ) -> i16 {
        let magnitude = u32::from(level.unsigned_abs());
        let place = match atom {
            0..=1 => atom,
            2..=3 => 2,
            4..=7 => 3,
            8..=31 => 4,
            _ => 5,
        };
        let at = [
            LARGER_A + (block.set * 6 + place) * 8 + count.min(8) - 1,
            LARGER_B + (block.set * 8 + block.energy) * 8 + order.min(7),
        ];
        let mut value = 1;
        if self.mixed(walk, |c| &mut c.larger, block.set, at, magnitude > 1) {
            value = 2;
            while value < 15
                && self.bit(walk, MORE + block.set * 16 + value as usize, magnitude > value)
            {
                value += 1;
            }
            if value == 15 {
                let rest = magnitude.max(15) - 15 + 1;
                let mut length = 0;
                while length < 14 && walk.bit(rest.ilog2() > length, 32768) {
                    length += 1;
                }
                let low = walk.bits(rest & ((1 << length) - 1), length);
                value = 15 + ((1 << length) | low) - 1;
            }
        }
        let negative = walk.bit(level < 0, 32768);
        let value = value.min(32767) as i16;
        if negative { -value } else { value }
    }
}

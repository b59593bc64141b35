//! The symbols of a block, written once over [`ContextWalk`]: encoded, decoded or counted.
//! Bit-exact: integers.
//!
//! In and out: split flags, clusters, atoms and their levels. Contexts are numbered as
//! docs/format/sparse.md says.
//!
//! A block is its cluster, the number of its atoms, which they are in rising order, then their
//! levels. Each atom has an adaptive probability of being used by a block of its cluster; while
//! `r` atoms are still to come, the next atom is one of them with `r` times its share of what
//! is left of those probabilities.

use super::block::Term;
use super::context::{BlockContext, ENERGIES};
use super::model::{SETS, SparseModel};
use tintype_block::{ContextSet, ContextWalk};
use tintype_entropy::{AdaptiveBit, Mixer};

/// Decisions after which a context's window stops growing. Not measured.
const LIMIT: u32 = 300;
/// The most atoms of a block; part of the format, so that a decoder's work is bounded.
pub const TERMS_MAX: usize = 48;
/// Decisions about a number of atoms that have contexts of their own.
const UNARY: usize = 16;
/// From here on a magnitude is an Exp-Golomb code.
const ESCAPE: u32 = 15;
/// Largest energy and luma class of a split flag's context, less 1.
const SPLIT_ENERGIES: usize = 24;
/// Nodes of a tree of clusters.
const TREE: usize = 32;
/// A neighbour's cluster plus 1, or 0 for none.
const NEIGHBOURS: usize = 17;
/// Classes of an atom's number.
const ATOM_CLASSES: usize = 6;

// Where the contexts of each kind begin; each index below varies slowest first.
/// [luma 16, luma 32, chroma 16, chroma 32][energies; 24][smaller neighbours; 3].
const SPLIT: usize = 0;
/// [set][left, above][neighbour; 17][tree node; 32].
const CLUSTER: usize = SPLIT + 4 * SPLIT_ENERGIES * 3;
/// [set][energy][place; 16].
const COUNT_BY_ENERGY: usize = CLUSTER + SETS * 2 * NEIGHBOURS * TREE;
/// [set][luma energy][place; 16].
const COUNT_BY_LUMA: usize = COUNT_BY_ENERGY + SETS * ENERGIES * UNARY;
/// [set][cluster; 16][place; 16].
const COUNT_BY_CLUSTER: usize = COUNT_BY_LUMA + SETS * ENERGIES * UNARY;
/// [set][atom class; 6][number of atoms; 8].
const LARGER_BY_ATOM: usize = COUNT_BY_CLUSTER + SETS * 16 * UNARY;
/// [set][energy][order of the atom; 8].
const LARGER_BY_ENERGY: usize = LARGER_BY_ATOM + SETS * ATOM_CLASSES * 8;
/// [set][magnitude; 16].
const MAGNITUDE: usize = LARGER_BY_ENERGY + SETS * ENERGIES * 8;
/// [set][cluster][atom], as many as the model has.
const ATOMS: usize = MAGNITUDE + SETS * 16;

/// Weight sets of the mixer of two: for clusters, and from here on for "larger than 1".
const LARGER_MIX: usize = SETS;

/// Where a set's atoms have their contexts.
#[derive(Clone, Copy, Debug)]
struct SetContexts {
    start: usize,
    atoms: usize,
    clusters: usize,
}

/// Which contexts a model's symbols have.
#[derive(Clone, Copy, Debug)]
pub struct SymbolCoder {
    sets: [SetContexts; SETS],
}

/// The adaptive state of all planes of a tile, with which contexts its symbols have.
#[derive(Clone, Debug)]
pub struct Contexts {
    /// Probabilities and mixers.
    pub set: ContextSet,
    /// Which symbol has which.
    pub coder: SymbolCoder,
}

impl Contexts {
    /// Contexts that start where the model says, as far as it says anything.
    pub fn new(model: &SparseModel) -> Self {
        let mut end = ATOMS;
        let sets = std::array::from_fn(|set| {
            let set = &model.sets[set];
            let start = end;
            end += set.atoms * set.clusters.len();
            SetContexts { start, atoms: set.atoms, clusters: set.clusters.len() }
        });
        // Starting weights and rates were not measured.
        let mixer_2 = Mixer::with_weight(2 * SETS, 3, 34_000);
        let mixer_3 = Mixer::with_weight(SETS, 3, 24_000);
        let mut set = ContextSet::new(end, LIMIT).with_mixers(mixer_2, mixer_3, 64);
        // An atom is used by one block of 64 until more is known.
        set.bits_mut()[ATOMS..].fill(AdaptiveBit::with_count(1024, 4));
        set.start_from(&model.contexts, 8);
        Self { set, coder: SymbolCoder { sets } }
    }
}

impl SymbolCoder {
    /// The context of whether `atom` is used by a block of this cluster that uses any.
    pub fn atom_context(&self, set: usize, cluster: usize, atom: usize) -> usize {
        self.sets[set].start + cluster * self.sets[set].atoms + atom
    }

    /// The context of a block's split flag. `size` is 1 for blocks of 16 and 2 for blocks of
    /// 32, `context` from [`super::context::split_context`].
    pub fn split_context(size: usize, chroma: bool, (energies, split): (usize, usize)) -> usize {
        let kind = size - 1 + if chroma { 2 } else { 0 };
        SPLIT + (kind * SPLIT_ENERGIES + energies.min(SPLIT_ENERGIES - 1)) * 3 + split
    }

    /// The cluster of a block, down a binary tree.
    pub fn cluster<W: ContextWalk>(&self, walk: &mut W, cluster: usize, block: &BlockContext) -> usize {
        let clusters = self.sets[block.set].clusters;
        if clusters == 1 {
            return 0;
        }
        let row = |which: usize, neighbour: usize| {
            CLUSTER + ((block.set * 2 + which) * NEIGHBOURS + neighbour.min(NEIGHBOURS - 1)) * TREE
        };
        let (left, above) = (row(0, block.left), row(1, block.above));
        let depth = usize::BITS - (clusters - 1).leading_zeros();
        let mut node = 1usize;
        for digit in (0..depth).rev() {
            let one = (cluster >> digit) & 1 == 1;
            let one = walk.mixed_2(one, block.set, [left + node, above + node]);
            node = 2 * node + usize::from(one);
        }
        (node - (1 << depth)).min(clusters - 1)
    }

    /// The atoms and levels of a block; when reading, `terms` is replaced.
    pub fn terms<W: ContextWalk>(
        &self,
        walk: &mut W,
        terms: &mut Vec<Term>,
        cluster: usize,
        block: &BlockContext,
    ) {
        let atoms = self.sets[block.set].atoms;
        let count = self.count(walk, terms.len(), TERMS_MAX.min(atoms), cluster, block);
        if W::READS {
            terms.clear();
        }
        if count == 0 {
            return;
        }
        self.atoms(walk, terms, count, cluster, block);
        for (order, term) in terms.iter_mut().enumerate().take(count) {
            let place = (usize::from(term.atom), count, order);
            term.level = level(walk, term.level, place, block);
        }
    }

    /// Which `count` atoms a block has; when reading, `terms` gets them.
    fn atoms<W: ContextWalk>(
        &self,
        walk: &mut W,
        terms: &mut Vec<Term>,
        count: usize,
        cluster: usize,
        block: &BlockContext,
    ) {
        let atoms = self.sets[block.set].atoms;
        let start = self.atom_context(block.set, cluster, 0);
        let uses = &walk.contexts().bits()[start..start + atoms];
        let mut rest: u64 = uses.iter().map(|bit| u64::from(bit.p1())).sum();
        let (mut left, mut next) = (count, 0);
        for atom in 0..atoms {
            let share = u64::from(walk.contexts().p1(start + atom));
            let wanted = !W::READS && terms.get(next).is_some_and(|t| usize::from(t.atom) == atom);
            let used = if left == 0 {
                false
            } else if atoms - atom == left {
                true
            } else {
                let p1 = (share * left as u64 * 65_536 / rest.max(1)).clamp(24, 62_000);
                walk.bit(wanted, p1 as u32)
            };
            rest -= share;
            if W::LEARNS {
                walk.learn(used, start + atom);
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
    }

    /// How many atoms, 0 to `most`, in unary.
    fn count<W: ContextWalk>(
        &self,
        walk: &mut W,
        count: usize,
        most: usize,
        cluster: usize,
        block: &BlockContext,
    ) -> usize {
        let mut value = 0;
        while value < most {
            let place = value.min(UNARY - 1);
            let contexts = [
                COUNT_BY_ENERGY + (block.set * ENERGIES + block.energy) * UNARY + place,
                COUNT_BY_LUMA + (block.set * ENERGIES + block.luma) * UNARY + place,
                COUNT_BY_CLUSTER + (block.set * 16 + cluster) * UNARY + place,
            ];
            if !walk.mixed_3(count > value, block.set, contexts) {
                break;
            }
            value += 1;
        }
        value
    }
}

/// The class of an atom's number: dictionaries are sorted by falling use.
fn atom_class(atom: usize) -> usize {
    match atom {
        0..=1 => atom,
        2..=3 => 2,
        4..=7 => 3,
        8..=31 => 4,
        _ => ATOM_CLASSES - 1,
    }
}

/// A level that is not 0: the magnitude in unary, then an escape, then the sign.
fn level<W: ContextWalk>(
    walk: &mut W,
    level: i16,
    (atom, count, order): (usize, usize, usize),
    block: &BlockContext,
) -> i16 {
    let magnitude = u32::from(level.unsigned_abs());
    let contexts = [
        LARGER_BY_ATOM + (block.set * ATOM_CLASSES + atom_class(atom)) * 8 + count.min(8) - 1,
        LARGER_BY_ENERGY + (block.set * ENERGIES + block.energy) * 8 + order.min(7),
    ];
    let mut value = 1;
    if walk.mixed_2(magnitude > 1, LARGER_MIX + block.set, contexts) {
        let row = MAGNITUDE + block.set * 16;
        value = 2;
        while value < ESCAPE && walk.context_bit(magnitude > value, row + value as usize) {
            value += 1;
        }
        if value == ESCAPE {
            value += walk.exp_golomb(magnitude.max(ESCAPE) - ESCAPE, 14);
        }
    }
    let negative = walk.even_bit(level < 0);
    let value = value.min(32_767) as i16;
    if negative { -value } else { value }
}

/// Name, first and end of each kind of context, as docs/format/sparse.md lists them; the last
/// ends with the model's.
#[cfg(test)]
pub fn context_ranges() -> [(&'static str, usize, Option<usize>); 9] {
    const SPLIT_NAME: &str = "split: kind (luma 16, luma 32, chroma 16, chroma 32) × energies (24) × \
                              smaller neighbours (3)";
    let starts = [
        (SPLIT_NAME, SPLIT),
        ("cluster: set × neighbour (left, upper) × its cluster (17) × node (32)", CLUSTER),
        ("count, a: set × energy × place (16)", COUNT_BY_ENERGY),
        ("count, b: set × luma energy × place (16)", COUNT_BY_LUMA),
        ("count, c: set × cluster (16) × place (16)", COUNT_BY_CLUSTER),
        ("larger, a: set × atom class (6) × number of atoms (8)", LARGER_BY_ATOM),
        ("larger, b: set × energy × order (8)", LARGER_BY_ENERGY),
        ("magnitude: set × magnitude (16)", MAGNITUDE),
        ("atoms: set × cluster × atom, as many as the model has", ATOMS),
    ];
    std::array::from_fn(|i| (starts[i].0, starts[i].1, starts.get(i + 1).map(|next| next.1)))
}

//! The symbols of a tile, visited once for encoder and decoder: the means' coefficients, the quadtree, and the path of
//! each block down its tree.
//!
//! In and out: quantised coefficients of the grid of means; for each block its [`Atom`]s. Bit-exact: integers only.
//!
//! Three codes run side by side so that a file can be cut: `base` holds the quadtree, gains and the first symbol of each
//! path; `second` the second symbols; `deep` the rest. A decoder without the later ones stops at an inner node of the tree.

use super::line::{Cell, cell};
use super::model::{AdaptiveNibble, Place, SETS, SYMBOLS, Tree, set_index};
use fearless_simd::Simd;
use tintype_entropy::SymbolWalk;
use tintype_entropy::symbols::NibbleSource;

/// Classes of a mean's neighbourhood.
pub const GRID_NEAR: usize = 9;
/// Classes of bands of the grid.
pub const GRID_CLASSES: usize = 4;
const GRID: usize = 0;
const BIG: usize = GRID + 2 * GRID_CLASSES * GRID_NEAR;
const SMALL: usize = BIG + 2 * 9;
const FIRST: usize = SMALL + 2 * 9;
const NEXT: usize = FIRST + 2 * 3 * 5;
const TOP: usize = NEXT + 2 * 3 * 3 * 4;
const TOPS: usize = 2 * SYMBOLS + 1;
const NODES: usize = TOP + SETS * TOPS;

/// How fast tables learn: grid, quadtree and gains; first symbols; the others.
const RATE: u32 = 5;
const RATE_TOP: u32 = 6;
const RATE_NODE: u32 = 7;

/// Most atoms of one block.
pub const ATOMS_MAX: usize = 32;

/// Where the tables of each tree's nodes begin, and how many tables there are.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    pub nodes: [usize; SETS],
    pub count: usize,
}

/// The order of a model's tables.
pub fn layout(trees: &[Tree; SETS]) -> Layout {
    let mut at = NODES;
    let nodes = std::array::from_fn(|set| {
        let start = at;
        at += trees[set].inner;
        start
    });
    Layout { nodes, count: at }
}

/// How many of a table's symbols mean something: all that teaching may see.
pub fn symbols_used(trees: &[Tree; SETS], table: usize) -> usize {
    match table {
        BIG..FIRST => 3,
        TOP..NODES => usize::from(trees[(table - TOP) / TOPS].nodes[0].children),
        NODES.. => {
            let layout = layout(trees);
            let set = (0..SETS).rev().find(|&s| layout.nodes[s] <= table).unwrap_or(0);
            let number = (table - layout.nodes[set]) as u32;
            let inner = trees[set].nodes.iter().find(|n| n.children > 0 && n.table == number);
            inner.map_or(SYMBOLS, |n| usize::from(n.children))
        }
        _ => SYMBOLS,
    }
}

/// Tables with the same number have the same kind of symbols, so that seldom used ones may borrow from their kin.
pub fn table_group(table: usize) -> usize {
    match table {
        GRID..BIG => table / GRID_NEAR,
        BIG..FIRST => 100 + (table - BIG) / 9,
        FIRST..NEXT => 200 + (table - FIRST) / 5,
        NEXT..TOP => 300 + (table - NEXT) / 12,
        TOP..NODES => 400 + (table - TOP) / TOPS,
        _ => 1000 + table,
    }
}

/// One code vector with its gain in steps, signed, never 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Atom {
    /// A node of the block's tree.
    pub node: u32,
    /// Gain in steps.
    pub level: i16,
}

/// Adaptive state of one tile.
#[derive(Clone, Debug)]
pub struct Contexts {
    tables: Vec<AdaptiveNibble>,
    layout: Layout,
    /// Symbols seen by each table, when a model is being taught.
    pub counts: Option<Vec<[u32; SYMBOLS]>>,
}

/// What is known of a block before its symbols.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlockContext {
    pub chroma: bool,
    /// 0, 1, 2 for sides of 4, 8, 16.
    pub size: usize,
    /// First gains left and above: 0 to 4.
    pub near: usize,
    /// First symbol of a neighbour of the same size, plus 1; 0 for none.
    pub path: usize,
}

impl Contexts {
    /// As a model starts them.
    pub fn new(trees: &[Tree; SETS], start: &[AdaptiveNibble]) -> Self {
        Self { tables: start.to_vec(), layout: layout(trees), counts: None }
    }

    /// What codes under them, or reads.
    #[inline(always)]
    pub fn coder<S: Simd>(&mut self, simd: S) -> Coder<'_, S> {
        Coder { tables: &mut self.tables, counts: self.counts.as_deref_mut(), simd }
    }

    /// Bits of each shape.
    pub fn shape_bits(&self, chroma: bool, size: usize, (left, above): (usize, usize)) -> [f32; 3] {
        let table =
            if size == 2 { BIG } else { SMALL } + usize::from(chroma) * 9 + left * 3 + above;
        [0, 1, 2].map(|symbol| self.tables[table].bits(symbol))
    }

    fn level_table(block: &BlockContext, stage: usize, before: usize) -> usize {
        let set = usize::from(block.chroma) * 3 + block.size;
        if stage == 0 {
            FIRST + set * 5 + block.near
        } else {
            NEXT + (set * 3 + stage.min(3) - 1) * 4 + before.min(4) - 1
        }
    }

    /// Bits of the magnitude `level` (0 ends the block) at `stage` after a magnitude of `before`, without sign.
    pub fn level_bits(&self, block: &BlockContext, stage: usize, before: usize, level: u32) -> f32 {
        let bits = self.tables[Self::level_table(block, stage, before)].bits(level.min(15));
        if level < 15 { bits } else { bits + 2.0 * ((level - 14) as f32).log2() + 1.0 }
    }

    fn top_table(block: &BlockContext, stage: usize, before: usize) -> usize {
        let set = set_index(block.chroma, block.size);
        TOP + set * TOPS + if stage == 0 { block.path } else { 1 + SYMBOLS + before }
    }

    /// Bits of each first symbol at `stage`; `before` is the first symbol of the atom before.
    pub fn top_bits(&self, block: &BlockContext, stage: usize, before: usize) -> [f32; SYMBOLS] {
        let table = &self.tables[Self::top_table(block, stage, before)];
        std::array::from_fn(|symbol| table.bits(symbol as u32))
    }

    /// Bits of the way from each node's first symbol on, by the tables as they stand.
    pub fn path_bits(&self, tree: &Tree, set: usize) -> Vec<f32> {
        let mut bits = vec![0f32; tree.nodes.len()];
        for (at, node) in tree.nodes.iter().enumerate().skip(1) {
            if node.depth > 1 {
                let table = &self.tables
                    [self.layout.nodes[set] + tree.nodes[node.parent as usize].table as usize];
                bits[at] = bits[node.parent as usize] + table.bits(node.symbol.into());
            }
        }
        bits
    }
}

type Own<'a, S> = NibbleSource<'a, 4, S>;

/// Codes symbols, or reads them, and lets the tables learn.
pub struct Coder<'a, S: Simd> {
    tables: &'a mut [AdaptiveNibble],
    counts: Option<&'a mut [[u32; SYMBOLS]]>,
    /// The instructions to do it with.
    pub simd: S,
}

impl<S: Simd> Coder<'_, S> {
    /// A symbol that `take` codes or reads under a table, with what comes beside it; the table learns it.
    #[inline(always)]
    fn coded<T>(
        &mut self,
        table: usize,
        rate: u32,
        take: impl FnOnce(&Own<'_, S>) -> (u32, T),
        teaches: bool,
    ) -> (u32, T) {
        let own = &mut self.tables[table];
        let (symbol, beside) = take(&NibbleSource { simd: self.simd, table: own });
        own.update(self.simd, symbol, rate);
        if teaches && let Some(counts) = &mut self.counts {
            counts[table][symbol as usize & 15] += 1;
        }
        (symbol, beside)
    }

    #[inline(always)]
    fn code<W: SymbolWalk>(&mut self, walk: &mut W, symbol: u32, table: usize, rate: u32) -> u32 {
        self.coded(
            table,
            rate,
            #[inline(always)]
            |own| (walk.symbol(symbol, own), ()),
            !W::READS,
        )
        .0
    }

    /// A number with its sign: magnitudes 0 to 14 as they are, then an escape and an Exp-Golomb code of plain bits. First the
    /// magnitude, which is known before the sign is.
    #[inline(always)]
    fn number<W: SymbolWalk>(&mut self, walk: &mut W, value: i32, table: usize) -> (u32, i32) {
        let given = value.unsigned_abs();
        let (symbol, negative) = self.coded(
            table,
            RATE,
            #[inline(always)]
            |own| walk.signed_symbol(given.min(15), value < 0, own),
            !W::READS,
        );
        let magnitude = if symbol < 15 {
            symbol
        } else {
            seldom();
            15 + beyond(walk, given.wrapping_sub(15))
        };
        let value = magnitude as i32;
        (magnitude, if negative { -value } else { value })
    }

    /// One coefficient of the grid, after its magnitude.
    #[inline(always)]
    pub fn mean<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        value: i32,
        chroma: bool,
        class: usize,
        near: usize,
    ) -> (u32, i32) {
        let table = GRID + (usize::from(chroma) * GRID_CLASSES + class) * GRID_NEAR + near;
        self.number(walk, value, table)
    }

    /// What a block of 16 (`size` 2) or 8 (`size` 1) is: 0 nothing, 1 atoms, 2 split. `left` and `above` say what those
    /// were: 0, 1 or 2.
    #[inline(always)]
    pub fn shape<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        shape: u32,
        chroma: bool,
        size: usize,
        (left, above): (usize, usize),
    ) -> u32 {
        let table =
            if size == 2 { BIG } else { SMALL } + usize::from(chroma) * 9 + left * 3 + above;
        self.code(walk, shape, table, RATE).min(2)
    }

    /// The gains of one block's atoms, each with the first symbol of its path; `ends_first` says whether there may be none.
    /// `given` are the atoms to be coded, with that first symbol as their node; `take` hears of those that are read, with
    /// the place below `root`.
    /// Returns what the block's neighbours see of it.
    #[inline(always)]
    pub fn atoms<W: SymbolWalk>(
        &mut self,
        base: &mut W,
        root: &Place,
        given: &[Atom],
        block: &BlockContext,
        ends_first: bool,
        mut take: impl FnMut(Atom),
    ) -> Cell {
        let mut noted = Cell::default();
        let (mut before, mut top) = (0usize, 0usize);
        for stage in 0..ATOMS_MAX {
            let given = if W::READS {
                Atom::default()
            } else {
                given.get(stage).copied().unwrap_or_default()
            };
            let table = Contexts::level_table(block, stage, before);
            let (magnitude, level) = self.number(base, given.level.into(), table);
            if magnitude == 0 && (stage > 0 || ends_first) {
                break;
            }
            let level = if magnitude < 15 { level } else { level.clamp(-32767, 32767) } as i16;
            let table = Contexts::top_table(block, stage, top);
            let symbol = self.code(base, given.node, table, RATE_TOP).min(root.last);
            // A first atom of 0, in damaged code, counts as 1.
            (before, top) = (magnitude.max(1) as usize, symbol as usize);
            if stage == 0 {
                noted = cell(block.size, level, top);
            }
            if W::READS {
                take(Atom { node: root.first + symbol, level });
            }
        }
        noted
    }

    /// One symbol of a path: the child of the inner node `place`, the one called `symbol` when coding.
    #[inline(always)]
    pub fn child<W: SymbolWalk>(&mut self, code: &mut W, place: &Place, symbol: u32) -> u32 {
        place.first + self.code(code, symbol, place.table as usize, RATE_NODE).min(place.last)
    }
}

/// What calls it is seldom done.
#[cold]
fn seldom() {}

/// Exp-Golomb of order 0, below 2^16. Inlined, so that a reader's state need not lie in memory.
#[inline(always)]
fn beyond<W: SymbolWalk>(walk: &mut W, value: u32) -> u32 {
    let value = value.min(65_000).wrapping_add(1);
    let mut length = 0;
    while length < 16 && walk.bits_16(u32::from(value.max(1).ilog2() > length), 1) != 0 {
        length += 1;
    }
    let low = walk.bits_16(value & ((1 << length) - 1), length);
    ((1u32 << length) | low) - 1
}

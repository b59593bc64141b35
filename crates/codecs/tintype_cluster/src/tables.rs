//! The adaptive tables of a tile: how they are numbered, how fast they adapt, what symbols cost
//! under them. Bit-exact but for the costs.
//!
//! The order of the tables is that of a model's starting tables; docs/format/cluster.md lists it.

use super::neighbours::BlockContext;
use super::tree::{SETS, SYMBOLS, Tree, set_index};

/// The adaptive tables: every symbol at least 4 of 32 768.
pub type AdaptiveNibble = tintype_entropy::AdaptiveNibble<4>;

/// Classes of the magnitudes around a coefficient of the grid.
pub const GRID_NEIGHBOURHOODS: usize = 9;
/// Classes of bands of the grid.
pub const GRID_CLASSES: usize = 4;
/// First magnitudes left and above: 0 to 4.
const FIRST_MAGNITUDES: usize = 5;
/// Later magnitudes: place (1, 2, more) × the one before (1, 2, 3, more).
const LATER_MAGNITUDES: usize = 3 * 4;
/// First symbols: no neighbour, 16 of a neighbour, 16 of the atom before.
const FIRST_SYMBOLS: usize = 2 * SYMBOLS + 1;

// Where the tables of each kind begin; each index below varies slowest first.
/// [chroma][class of band][neighbourhood].
const GRID: usize = 0;
/// [chroma][left][above].
const SHAPE_16: usize = GRID + 2 * GRID_CLASSES * GRID_NEIGHBOURHOODS;
/// [chroma][left][above].
const SHAPE_8: usize = SHAPE_16 + 2 * 9;
/// [tree][magnitudes left and above].
const FIRST_MAGNITUDE: usize = SHAPE_8 + 2 * 9;
/// [tree][place][magnitude before].
const LATER_MAGNITUDE: usize = FIRST_MAGNITUDE + SETS * FIRST_MAGNITUDES;
/// [tree][what is known of it].
const FIRST_SYMBOL: usize = LATER_MAGNITUDE + SETS * LATER_MAGNITUDES;
/// [tree][node with children].
const NODES: usize = FIRST_SYMBOL + SETS * FIRST_SYMBOLS;

/// How fast tables adapt (the shift of the update): grid, quadtree and magnitudes. Not measured.
pub const RATE: u32 = 5;
/// First symbols. Not measured.
pub const RATE_FIRST_SYMBOL: u32 = 6;
/// Symbols at nodes, which are seen less often. Not measured.
pub const RATE_NODE: u32 = 7;

/// Where the tables of each tree's nodes begin, and how many tables there are.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// First node table of each tree.
    pub nodes: [usize; SETS],
    /// All tables.
    pub count: usize,
}

impl Layout {
    /// Of a model with these trees.
    pub fn new(trees: &[Tree; SETS]) -> Self {
        let mut count = NODES;
        let nodes = std::array::from_fn(|set| {
            let start = count;
            count += trees[set].inner;
            start
        });
        Self { nodes, count }
    }
}

/// The table of a coefficient of the grid.
#[inline(always)]
pub fn grid_table(chroma: bool, class: usize, neighbourhood: usize) -> usize {
    GRID + (usize::from(chroma) * GRID_CLASSES + class) * GRID_NEIGHBOURHOODS + neighbourhood
}

/// The table of the shape of a block of 16 (`size` 2) or 8 (1).
#[inline(always)]
pub fn shape_table(chroma: bool, size: usize, (left, above): (usize, usize)) -> usize {
    let start = if size == 2 { SHAPE_16 } else { SHAPE_8 };
    start + usize::from(chroma) * 9 + left * 3 + above
}

/// The table of the magnitude of a block's atom number `place`, after the magnitude `before`.
#[inline(always)]
pub fn magnitude_table(block: &BlockContext, place: usize, before: usize) -> usize {
    let set = set_index(block.chroma, block.size);
    if place == 0 {
        FIRST_MAGNITUDE + set * FIRST_MAGNITUDES + block.magnitudes
    } else {
        LATER_MAGNITUDE + (set * 3 + place.min(3) - 1) * 4 + before.min(4) - 1
    }
}

/// The table of the first symbol of a block's atom number `place`, after the first symbol `before`.
#[inline(always)]
pub fn first_symbol_table(block: &BlockContext, place: usize, before: usize) -> usize {
    let known = if place == 0 { block.symbol } else { 1 + SYMBOLS + before };
    FIRST_SYMBOL + set_index(block.chroma, block.size) * FIRST_SYMBOLS + known
}

/// How many of a table's symbols mean something: all that fitting may count.
pub fn symbols_used(trees: &[Tree; SETS], table: usize) -> usize {
    match table {
        SHAPE_16..FIRST_MAGNITUDE => 3,
        FIRST_SYMBOL..NODES => {
            usize::from(trees[(table - FIRST_SYMBOL) / FIRST_SYMBOLS].nodes[0].children)
        }
        NODES.. => {
            let layout = Layout::new(trees);
            let set = (0..SETS).rev().find(|&s| layout.nodes[s] <= table).unwrap_or(0);
            let number = (table - layout.nodes[set]) as u32;
            let inner = trees[set].nodes.iter().find(|n| n.children > 0 && n.table == number);
            inner.map_or(SYMBOLS, |n| usize::from(n.children))
        }
        _ => SYMBOLS,
    }
}

/// Tables with the same number have the same kind of symbols, so that rarely used ones may
/// borrow from the others' counts.
pub fn table_group(table: usize) -> usize {
    match table {
        GRID..SHAPE_16 => table / GRID_NEIGHBOURHOODS,
        SHAPE_16..FIRST_MAGNITUDE => 100 + (table - SHAPE_16) / 9,
        FIRST_MAGNITUDE..LATER_MAGNITUDE => 200 + (table - FIRST_MAGNITUDE) / FIRST_MAGNITUDES,
        LATER_MAGNITUDE..FIRST_SYMBOL => 300 + (table - LATER_MAGNITUDE) / LATER_MAGNITUDES,
        FIRST_SYMBOL..NODES => 400 + (table - FIRST_SYMBOL) / FIRST_SYMBOLS,
        _ => 1000 + table,
    }
}

/// What symbols cost under tables as they stand. A symbol's cost is one look-up, so that no
/// coding logic stands here a second time.
#[derive(Clone, Copy, Debug)]
pub struct Costs<'a>(pub &'a [AdaptiveNibble]);

impl Costs<'_> {
    /// Bits of each shape.
    pub fn shapes(&self, chroma: bool, size: usize, neighbours: (usize, usize)) -> [f32; 3] {
        let table = &self.0[shape_table(chroma, size, neighbours)];
        [0, 1, 2].map(|symbol| table.bits(symbol))
    }

    /// Bits of a magnitude (0 ends the block) without sign. The escape's length is taken as a
    /// smooth function, so that a search that compares neighbouring magnitudes sees no steps at
    /// powers of two.
    pub fn magnitude(&self, block: &BlockContext, place: usize, before: usize, magnitude: u32) -> f32 {
        let bits = self.0[magnitude_table(block, place, before)].bits(magnitude.min(15));
        if magnitude < 15 { bits } else { bits + 2.0 * ((magnitude - 14) as f32).log2() + 1.0 }
    }

    /// Bits of each first symbol.
    pub fn first_symbols(&self, block: &BlockContext, place: usize, before: usize) -> [f32; SYMBOLS] {
        let table = &self.0[first_symbol_table(block, place, before)];
        std::array::from_fn(|symbol| table.bits(symbol as u32))
    }

    /// Bits of the way to each node of `tree` from its first symbol on; `first_table` is the
    /// tree's first node table.
    pub fn paths(&self, tree: &Tree, first_table: usize) -> Vec<f32> {
        let mut bits = vec![0f32; tree.nodes.len()];
        for (at, node) in tree.nodes.iter().enumerate().skip(1) {
            if node.depth > 1 {
                let parent = node.parent as usize;
                let table = &self.0[first_table + tree.nodes[parent].table as usize];
                bits[at] = bits[parent] + table.bits(node.symbol.into());
            }
        }
        bits
    }
}

/// Name, first, end and rate of each kind of table, as docs/format/cluster.md lists them; the
/// last ends with the model's.
#[cfg(test)]
pub fn table_ranges() -> [(&'static str, usize, Option<usize>, u32); 7] {
    let starts = [
        ("grid: chroma (2) × class of band (4) × neighbourhood (9)", GRID, RATE),
        ("shape of 16: chroma (2) × left (3) × above (3)", SHAPE_16, RATE),
        ("shape of 8: chroma (2) × left (3) × above (3)", SHAPE_8, RATE),
        ("first magnitude: tree (6) × neighbours (5)", FIRST_MAGNITUDE, RATE),
        ("later magnitude: tree (6) × place (3) × before (4)", LATER_MAGNITUDE, RATE),
        ("first symbol: tree (6) × known (33)", FIRST_SYMBOL, RATE_FIRST_SYMBOL),
        ("nodes with children, tree after tree", NODES, RATE_NODE),
    ];
    std::array::from_fn(|i| {
        let (name, first, rate) = starts[i];
        (name, first, starts.get(i + 1).map(|next| next.1), rate)
    })
}

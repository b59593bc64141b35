//! The symbols of a tile, each written once: encoded or decoded. Bit-exact: integers.
//!
//! In and out: coefficients of the grid of means; shapes of blocks; for each block the levels
//! of its [`Atom`]s and the symbols of their paths.

use super::coding_tree::CodingNode;
use super::neighbours::{BlockContext, Cell};
use super::tables::{
    AdaptiveNibble, Costs, Layout, RATE, RATE_FIRST_SYMBOL, RATE_NODE, first_symbol_table, grid_table,
    magnitude_table, shape_table,
};
use super::tree::{SETS, SYMBOLS, Tree};
use fearless_simd::Simd;
use tintype_entropy::SymbolWalk;
use tintype_entropy::symbols::NibbleSource;

/// Most atoms of one block; part of the format, so that a decoder's work is bounded.
pub const ATOMS_MAX: usize = 32;
/// From here on a magnitude is an Exp-Golomb code.
const ESCAPE: u32 = 15;

/// One code vector with its gain, a signed number of steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Atom {
    /// A node of the block's tree.
    pub node: u32,
    /// Gain in steps, not 0.
    pub level: i16,
}

/// Adaptive state of one tile.
#[derive(Clone, Debug)]
pub struct Contexts {
    tables: Vec<AdaptiveNibble>,
    layout: Layout,
    /// Symbols coded under each table, when a model is being fitted.
    pub counts: Option<Vec<[u32; SYMBOLS]>>,
}

impl Contexts {
    /// As a model starts them.
    pub fn new(trees: &[Tree; SETS], start: &[AdaptiveNibble]) -> Self {
        Self { tables: start.to_vec(), layout: Layout::new(trees), counts: None }
    }

    /// What codes symbols under them.
    #[inline(always)]
    pub fn coder<S: Simd>(&mut self, simd: S) -> Coder<'_, S> {
        Coder { tables: &mut self.tables, counts: self.counts.as_deref_mut(), simd }
    }

    /// Bits of the way to each node of tree `set` from its first symbol on, by the tables as
    /// they stand.
    pub fn path_costs(&self, tree: &Tree, set: usize) -> Vec<f32> {
        Costs(&self.tables).paths(tree, self.layout.nodes[set])
    }
}

type Source<'a, S> = NibbleSource<'a, 4, S>;

/// Codes or reads symbols, and lets the tables adapt.
pub struct Coder<'a, S: Simd> {
    tables: &'a mut [AdaptiveNibble],
    counts: Option<&'a mut [[u32; SYMBOLS]]>,
    /// The instructions to do it with.
    pub simd: S,
}

impl<S: Simd> Coder<'_, S> {
    /// What symbols cost now.
    pub fn costs(&self) -> Costs<'_> {
        Costs(self.tables)
    }

    /// A symbol that `code` codes or reads under a table, with what comes beside it; the table
    /// adapts to it.
    #[inline(always)]
    fn adapted<T>(
        &mut self,
        table: usize,
        rate: u32,
        code: impl FnOnce(&Source<'_, S>) -> (u32, T),
        counted: bool,
    ) -> (u32, T) {
        let own = &mut self.tables[table];
        let (symbol, beside) = code(&NibbleSource { simd: self.simd, table: own });
        own.update(self.simd, symbol, rate);
        if counted && let Some(counts) = &mut self.counts {
            counts[table][symbol as usize & 15] += 1;
        }
        (symbol, beside)
    }

    #[inline(always)]
    fn symbol<W: SymbolWalk>(&mut self, walk: &mut W, symbol: u32, table: usize, rate: u32) -> u32 {
        self.adapted(
            table,
            rate,
            #[inline(always)]
            |own| (walk.symbol(symbol, own), ()),
            !W::READS,
        )
        .0
    }

    /// A number with its sign: magnitudes 0 to 14 as they are, then an escape. Returns the
    /// magnitude, which a decoder knows before the sign, and the number.
    #[inline(always)]
    fn number<W: SymbolWalk>(&mut self, walk: &mut W, value: i32, table: usize) -> (u32, i32) {
        let given = value.unsigned_abs();
        let (symbol, negative) = self.adapted(
            table,
            RATE,
            #[inline(always)]
            |own| walk.signed_symbol((given.min(ESCAPE), value < 0), own),
            !W::READS,
        );
        let magnitude = if symbol < ESCAPE {
            symbol
        } else {
            cold();
            ESCAPE + exp_golomb(walk, given.wrapping_sub(ESCAPE))
        };
        let value = magnitude as i32;
        (magnitude, if negative { -value } else { value })
    }

    /// One coefficient of the grid, after its magnitude.
    #[inline(always)]
    pub fn coefficient<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        value: i32,
        chroma: bool,
        class: usize,
        neighbourhood: usize,
    ) -> (u32, i32) {
        self.number(walk, value, grid_table(chroma, class, neighbourhood))
    }

    /// What a block of 16 (`size` 2) or 8 (`size` 1) is: 0 nothing, 1 atoms, 2 split.
    /// `neighbours` are the shapes left and above.
    #[inline(always)]
    pub fn shape<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        shape: u32,
        chroma: bool,
        size: usize,
        neighbours: (usize, usize),
    ) -> u32 {
        self.symbol(walk, shape, shape_table(chroma, size, neighbours), RATE).min(2)
    }

    /// The levels of one block's atoms, each with the first symbol of its path; `may_be_empty`
    /// says whether there may be none. `given` are the atoms to be coded, with that first
    /// symbol as their node. `take` gets those that were coded or read, with the node below
    /// `root` that the first symbol leads to. Returns what the block's neighbours see.
    #[inline(always)]
    pub fn atoms<W: SymbolWalk>(
        &mut self,
        base: &mut W,
        root: &CodingNode,
        given: &[Atom],
        block: &BlockContext,
        may_be_empty: bool,
        mut take: impl FnMut(Atom),
    ) -> Cell {
        let mut cell = Cell::default();
        let (mut magnitude_before, mut symbol_before) = (0usize, 0usize);
        for place in 0..ATOMS_MAX {
            let given =
                if W::READS { Atom::default() } else { given.get(place).copied().unwrap_or_default() };
            let table = magnitude_table(block, place, magnitude_before);
            let (magnitude, level) = self.number(base, given.level.into(), table);
            if magnitude == 0 && (place > 0 || may_be_empty) {
                break;
            }
            let level = if magnitude < ESCAPE { level } else { level.clamp(-32767, 32767) } as i16;
            let table = first_symbol_table(block, place, symbol_before);
            let symbol = self.symbol(base, given.node, table, RATE_FIRST_SYMBOL).min(root.last);
            // A first magnitude of 0, in damaged code, counts as 1.
            (magnitude_before, symbol_before) = (magnitude.max(1) as usize, symbol as usize);
            if place == 0 {
                cell = Cell::new(block.size, level, symbol);
            }
            take(Atom { node: root.first + symbol, level });
        }
        cell
    }

    /// One symbol of a path: the child of the inner node `node`, the one with number `symbol`
    /// when coding.
    #[inline(always)]
    pub fn child<W: SymbolWalk>(&mut self, code: &mut W, node: &CodingNode, symbol: u32) -> u32 {
        node.first + self.symbol(code, symbol, node.table as usize, RATE_NODE).min(node.last)
    }
}

/// Marks its caller as rarely run.
#[cold]
fn cold() {}

/// Exp-Golomb of order 0, below 2^16. Inlined, so that a decoder's state need not lie in memory.
#[inline(always)]
fn exp_golomb<W: SymbolWalk>(walk: &mut W, value: u32) -> u32 {
    let value = value.min(65_000).wrapping_add(1);
    let mut length = 0;
    while length < 16 && walk.bits_16(u32::from(value.max(1).ilog2() > length), 1) != 0 {
        length += 1;
    }
    let low = walk.bits_16(value & ((1 << length) - 1), length);
    ((1u32 << length) | low) - 1
}

//! The symbols of a block, written once over [`ContextWalk`]: encoded, decoded or counted.
//! Bit-exact: integers.
//!
//! In and out: split flags, piece numbers, quantised levels. Contexts are numbered as
//! docs/format/photo.md says; luma-like planes share one set of them, chroma planes another.
//!
//! A block is its piece (equal to the left one's, the upper one's, or a number in an adaptive
//! binary tree), its *end* (the place after the last level that is not 0), and the levels from
//! there down.

use super::context::{BlockContext, END_PAIRS, ENERGIES, LUMA_ENDS, ROUGHNESSES, SIZES, STEPS};
use tintype_block::{ContextSet, ContextWalk, PairMixer, TrellisState, energy_class};

/// Decisions after which a context's window stops growing. On the levels of crops of photos/valid
/// 150 gives the same bytes.
const LIMIT: u32 = 255;
/// Logarithm of the largest count that a context starts with: pictures differ from the mean of
/// those that were trained on. On crops of photos/valid 3 needs as many bytes as 4, 2 0.4 % more.
const START_COUNT_LOG2: u32 = 4;
/// The same of a model taught on pictures of one kind, each of whose counts was chosen: there it is
/// the window's limit.
const TAUGHT_COUNT_LOG2: u32 = 8;
/// Learning rate of the mixer. Not measured in the codec.
const MIXER_RATE: i32 = 4;
/// Classes of a level's position.
const POSITIONS: usize = 24;
/// Most pieces of a set.
const PIECES: usize = 64;
/// Most digits of an end: a block of 16 keeps at most 256 = 2^8 levels.
const DIGITS: usize = 9;
/// Classes of the two levels coded before: each 0, 1 or more.
const PAIRS: usize = 9;
/// Classes of the sum of the magnitudes coded so far.
const TOTALS: usize = 10;
/// From here on a magnitude is an Exp-Golomb code.
pub const ESCAPE: usize = 15;

// Where the contexts of each kind begin; each index below varies slowest first.
/// [size][tree node; 64].
const PIECE_TREE: usize = 0;
/// [size][piece to the left; 65][tree node; 64].
const PIECE_BY_LEFT: usize = PIECE_TREE + SIZES * PIECES;
/// [size][piece above; 65][tree node; 64].
const PIECE_BY_ABOVE: usize = PIECE_BY_LEFT + SIZES * (PIECES + 1) * PIECES;
/// [size][left, upper][both neighbours have the same piece; 3].
const PIECE_SAME: usize = PIECE_BY_ABOVE + SIZES * (PIECES + 1) * PIECES;
/// [side of 16, of 32][energy][smaller neighbours; 3].
const SPLIT: usize = PIECE_SAME + SIZES * 2 * 3;
/// [size][energy][luma energy].
const NOT_EMPTY: usize = SPLIT + 2 * ENERGIES * 3;
/// [size][piece].
const NOT_EMPTY_BY_PIECE: usize = NOT_EMPTY + SIZES * ENERGIES * ENERGIES;
/// [size][luma energy].
const NOT_EMPTY_BY_LUMA: usize = NOT_EMPTY_BY_PIECE + SIZES * PIECES;
/// [size][roughness][step].
const NOT_EMPTY_BY_BORDER: usize = NOT_EMPTY_BY_LUMA + SIZES * ENERGIES;
/// [size][ends left and above].
const NOT_EMPTY_BY_ENDS: usize = NOT_EMPTY_BY_BORDER + SIZES * ROUGHNESSES * STEPS;
/// [size][energy][digits].
const END_LONGER: usize = NOT_EMPTY_BY_ENDS + SIZES * END_PAIRS;
/// [size][piece][digits].
const END_LONGER_BY_PIECE: usize = END_LONGER + SIZES * ENERGIES * DIGITS;
/// [size][luma energy][digits].
const END_LONGER_BY_LUMA: usize = END_LONGER_BY_PIECE + SIZES * PIECES * DIGITS;
/// [size][ends left and above][digits].
const END_LONGER_BY_ENDS: usize = END_LONGER_BY_LUMA + SIZES * ENERGIES * DIGITS;
/// [size][roughness][step][digits].
const END_LONGER_BY_BORDER: usize = END_LONGER_BY_ENDS + SIZES * END_PAIRS * DIGITS;
/// [size][luma's end][roughness][digits].
const END_LONGER_BY_LUMA_END: usize = END_LONGER_BY_BORDER + SIZES * ROUGHNESSES * STEPS * DIGITS;
/// [size][digits][second digit, third digit].
const END_DIGIT: usize = END_LONGER_BY_LUMA_END + SIZES * LUMA_ENDS * ROUGHNESSES * DIGITS;
/// [size][position][pair].
const NONZERO_BY_PAIR: usize = END_DIGIT + SIZES * DIGITS * 2;
/// [size][piece][position].
const NONZERO_BY_PIECE: usize = NONZERO_BY_PAIR + 2 * SIZES * POSITIONS * PAIRS;
/// [size][energy][position][level coded before; 3].
const NONZERO_BY_ENERGY: usize = NONZERO_BY_PIECE + 2 * SIZES * PIECES * POSITIONS;
/// [size][digits of the end][position].
const NONZERO_BY_END: usize = NONZERO_BY_ENERGY + 2 * SIZES * ENERGIES * POSITIONS * 3;
/// [size][sum so far][position].
const NONZERO_BY_TOTAL: usize = NONZERO_BY_END + 2 * SIZES * DIGITS * POSITIONS;
/// [size][position][sum of pair].
const LARGER_BY_SUM: usize = NONZERO_BY_TOTAL + 2 * SIZES * TOTALS * POSITIONS;
/// [size][energy][position].
const LARGER_BY_ENERGY: usize = LARGER_BY_SUM + 2 * SIZES * POSITIONS * PAIRS;
/// [size][digits of the end][sum so far].
const LARGER_BY_TOTAL: usize = LARGER_BY_ENERGY + 2 * SIZES * ENERGIES * POSITIONS;
/// [size][position; 9][magnitude; 16].
const MAGNITUDE: usize = LARGER_BY_TOTAL + 2 * SIZES * DIGITS * TOTALS;
/// [size][sum of the two coded before; 10][magnitude; 16].
const MAGNITUDE_BY_NEAR: usize = MAGNITUDE + SIZES * 9 * 16;
/// [size][sum so far; 10][magnitude; 16].
const MAGNITUDE_BY_TOTAL: usize = MAGNITUDE_BY_NEAR + SIZES * TOTALS * 16;
/// [against luma, against the first chroma plane][slopes left and above; 9][tree node; 16].
const SLOPE: usize = MAGNITUDE_BY_TOTAL + SIZES * TOTALS * 16;
/// [not 0, below 0, then unary from 1; 16].
const STEP: usize = SLOPE + 2 * 9 * 16;
/// Number of contexts.
pub const COUNT: usize = STEP + 16;

// Weight sets of the mixer: two for each decision.
/// [size, quantiser][position].
const SET_NONZERO: usize = 0;
/// [size, quantiser][step].
const SET_NONZERO_BY_STEP: usize = SET_NONZERO + 2 * SIZES * POSITIONS;
/// [size, quantiser][position].
const SET_LARGER: usize = SET_NONZERO_BY_STEP + 2 * SIZES * STEPS;
/// [size, quantiser][sum so far; 10].
const SET_LARGER_BY_TOTAL: usize = SET_LARGER + 2 * SIZES * POSITIONS;
/// [size][magnitude; 16].
const SET_MAGNITUDE: usize = SET_LARGER_BY_TOTAL + 2 * SIZES * TOTALS;
/// [size][sum of the two coded before; 10].
const SET_MAGNITUDE_BY_NEAR: usize = SET_MAGNITUDE + SIZES * 16;
/// [size][digit of the number; 6].
const SET_PIECE: usize = SET_MAGNITUDE_BY_NEAR + SIZES * TOTALS;
/// [size][step].
const SET_PIECE_BY_STEP: usize = SET_PIECE + SIZES * 6;
/// [size].
const SET_NOT_EMPTY: usize = SET_PIECE_BY_STEP + SIZES * STEPS;
/// [size][step].
const SET_NOT_EMPTY_BY_STEP: usize = SET_NOT_EMPTY + SIZES;
/// [size][digits].
const SET_END: usize = SET_NOT_EMPTY_BY_STEP + SIZES * STEPS;
/// [size][step][digits].
const SET_END_BY_STEP: usize = SET_END + SIZES * DIGITS;
/// Number of weight sets.
const SETS: usize = SET_END_BY_STEP + SIZES * STEPS * DIGITS;

/// Slopes are whole eighths, from this one to the opposite less one.
pub const SLOPE_MIN: i8 = -8;
/// Largest magnitude of a step index.
pub const STEP_MAX: i8 = 12;

/// Contexts of one kind of plane, started from a model's `bytes` as far as they go.
pub fn contexts(bytes: &[u8]) -> ContextSet {
    let mixer = PairMixer::new(MIXER_RATE)
        .with_sets(SET_LARGER, 5)
        .with_sets(SET_NOT_EMPTY - SET_LARGER, 3)
        .with_sets(SET_END - SET_NOT_EMPTY, 5)
        .with_sets(SETS - SET_END, 6);
    let mut contexts = ContextSet::new(COUNT, LIMIT).with_pair_mixer(mixer);
    let (states, weights) = bytes.split_at(bytes.len().min(2 * COUNT));
    contexts.start_from(states, TAUGHT_COUNT_LOG2);
    contexts.start_pair_mixer_from(weights);
    contexts
}

/// Bytes of the state of one kind of plane in a model.
pub const STATE_LEN: usize = 2 * (COUNT + WEIGHTS);

/// Number of weights: those of each set's inputs, see [`contexts`].
const WEIGHTS: usize = 5 * SET_LARGER
    + 3 * (SET_NOT_EMPTY - SET_LARGER)
    + 5 * (SET_END - SET_NOT_EMPTY)
    + 6 * (SETS - SET_END);

/// The state that [`contexts`] reads.
pub fn state_bytes(contexts: &ContextSet) -> Vec<u8> {
    [contexts.to_bytes(START_COUNT_LOG2), contexts.pair_mixer_to_bytes()].concat()
}

/// A level's position in the scan, finer near the start.
#[inline(always)]
pub fn position_class(position: usize) -> usize {
    POSITION_CLASSES[position.min(255)].into()
}

const POSITION_CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut position = 0;
    while position < 256 {
        let class = match position {
            0..=7 => position,
            8..=15 => 8 + (position - 8) / 2,
            16..=31 => 12 + (position - 16) / 4,
            32..=63 => 16 + (position - 32) / 8,
            _ => 20 + (position - 64) / 48,
        };
        classes[position] = class as u8;
        position += 1;
    }
    classes
};

/// The magnitudes of the two levels coded before the present one, the last one first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pair([u16; 2]);

impl Pair {
    /// Before any level.
    pub const NONE: Self = Self([0; 2]);

    /// After a level of `magnitude`.
    #[inline(always)]
    pub fn push(self, magnitude: usize) -> Self {
        Self([magnitude as u16, self.0[0]])
    }

    /// 0, 1 or 2 (more) for the level just coded.
    fn next(self) -> usize {
        usize::from(self.0[0].min(2))
    }

    /// 0, 1 or 2 (more) for the level before that.
    fn after(self) -> usize {
        usize::from(self.0[1].min(2))
    }

    fn index(self) -> usize {
        self.next() * 3 + self.after()
    }

    fn sum(self) -> usize {
        self.next() + self.after()
    }
}

/// One level's place in its block.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Basis row.
    pub position: usize,
    /// What was coded just before.
    pub pair: Pair,
    /// The block's end.
    pub end: usize,
    /// Sum of the magnitudes coded so far.
    pub total: usize,
    /// The block's piece.
    pub piece: usize,
    /// The quantiser's state.
    pub state: TrellisState,
    /// The block's context.
    pub block: &'a BlockContext,
}

impl Place<'_> {
    /// The weight sets of "not 0".
    #[inline(always)]
    pub fn nonzero_sets(&self) -> [usize; 2] {
        let size = self.size();
        [
            SET_NONZERO + size * POSITIONS + position_class(self.position),
            SET_NONZERO_BY_STEP + size * STEPS + self.block.step,
        ]
    }

    /// Weight sets and contexts of "larger than `magnitude`", below the escape.
    #[inline(always)]
    pub fn larger_than(&self, magnitude: usize) -> ([usize; 2], [usize; 3]) {
        if magnitude == 1 {
            (self.larger_sets(), self.larger_contexts())
        } else {
            (self.magnitude_sets(magnitude), self.magnitude_contexts(magnitude))
        }
    }

    /// The weight sets of "larger than 1".
    #[inline(always)]
    fn larger_sets(&self) -> [usize; 2] {
        let size = self.size();
        [
            SET_LARGER + size * POSITIONS + position_class(self.position),
            SET_LARGER_BY_TOTAL + size * TOTALS + self.total_class(),
        ]
    }

    /// The weight sets of "larger than `value`", from 2 on.
    #[inline(always)]
    fn magnitude_sets(&self, value: usize) -> [usize; 2] {
        let size = self.block.size;
        [SET_MAGNITUDE + size * 16 + value, SET_MAGNITUDE_BY_NEAR + size * TOTALS + self.near_class()]
    }

    /// The class of the sum of the two levels coded before.
    #[inline(always)]
    fn near_class(&self) -> usize {
        energy_class(self.pair.0.into_iter().map(u32::from).sum(), TOTALS - 1)
    }

    /// The class of the block's size and which quantiser it is.
    #[inline(always)]
    fn size(&self) -> usize {
        2 * self.block.size + usize::from(self.state.second())
    }

    /// The three contexts of "larger than `value`", from 2 on.
    #[inline(always)]
    fn magnitude_contexts(&self, value: usize) -> [usize; 3] {
        let size = self.block.size;
        let near = self.near_class();
        [
            MAGNITUDE + (size * 9 + position_class(self.position).min(8)) * 16 + value,
            MAGNITUDE_BY_NEAR + (size * TOTALS + near) * 16 + value,
            MAGNITUDE_BY_TOTAL + (size * TOTALS + self.total_class()) * 16 + value,
        ]
    }

    /// The class of the sum so far.
    #[inline(always)]
    fn total_class(&self) -> usize {
        energy_class(self.total as u32, TOTALS - 1)
    }

    /// The class of the block's end.
    #[inline(always)]
    fn end_class(&self) -> usize {
        self.end.max(1).ilog2() as usize
    }

    /// The five contexts of "not 0".
    #[inline(always)]
    pub fn nonzero_contexts(&self) -> [usize; 5] {
        let (position, size) = (position_class(self.position), self.size());
        let energy = (size * ENERGIES + self.block.energy) * POSITIONS + position;
        [
            NONZERO_BY_PAIR + (size * POSITIONS + position) * PAIRS + self.pair.index(),
            NONZERO_BY_PIECE + (size * PIECES + self.piece) * POSITIONS + position,
            NONZERO_BY_ENERGY + energy * 3 + self.pair.next(),
            NONZERO_BY_END + (size * DIGITS + self.end_class()) * POSITIONS + position,
            NONZERO_BY_TOTAL + (size * TOTALS + self.total_class()) * POSITIONS + position,
        ]
    }

    /// The three contexts of "larger than 1".
    #[inline(always)]
    fn larger_contexts(&self) -> [usize; 3] {
        let (position, size) = (position_class(self.position), self.size());
        [
            LARGER_BY_SUM + (size * POSITIONS + position) * PAIRS + self.pair.sum(),
            LARGER_BY_ENERGY + (size * ENERGIES + self.block.energy) * POSITIONS + position,
            LARGER_BY_TOTAL + (size * DIGITS + self.end_class()) * TOTALS + self.total_class(),
        ]
    }
}

/// The context of a node's split flag, from [`super::context::split_context`].
pub fn split_index((size, energy, smaller): (usize, usize, usize)) -> usize {
    SPLIT + (size * ENERGIES + energy) * 3 + smaller
}

/// A slope in eighths under context `context` of [`super::context::slope_context`]; `which` is 0
/// against luma, 1 against the first chroma plane.
pub fn code_slope<W: ContextWalk>(walk: &mut W, slope: i8, which: usize, context: usize) -> i8 {
    let row = SLOPE + (which * 9 + context) * 16;
    let value = (slope - SLOPE_MIN) as usize;
    let mut node = 1usize;
    for digit in (0..4).rev() {
        node = 2 * node + usize::from(walk.context_bit((value >> digit) & 1 == 1, row + node));
    }
    (node - 16) as i8 + SLOPE_MIN
}

/// A step index, as its difference from the `expected` one.
pub fn code_step<W: ContextWalk>(walk: &mut W, step: i8, expected: i8) -> i8 {
    let difference = step - expected;
    if !walk.context_bit(difference != 0, STEP) {
        return expected;
    }
    let negative = walk.context_bit(difference < 0, STEP + 1);
    let magnitude = difference.unsigned_abs().max(1);
    let mut count = 1;
    while count < 14 && walk.context_bit(magnitude > count, STEP + 1 + usize::from(count)) {
        count += 1;
    }
    let difference = if negative { -(count as i8) } else { count as i8 };
    (expected + difference).clamp(-STEP_MAX, STEP_MAX)
}

/// The piece of a block out of `pieces`.
pub fn code_piece<W: ContextWalk>(
    walk: &mut W,
    piece: usize,
    pieces: usize,
    block: &BlockContext,
) -> usize {
    for (guess, context) in piece_guesses(block) {
        if walk.context_bit(piece == guess, context) {
            return guess;
        }
    }
    let depth = piece_digits(pieces);
    let mut node = 1usize;
    for digit in (0..depth).rev() {
        let (sets, contexts) = piece_contexts(block, node);
        node = 2 * node + usize::from(walk.mixed((piece >> digit) & 1 == 1, sets, contexts));
    }
    (node - (1 << depth)).min(pieces - 1)
}

/// Digits of the numbers of `pieces` pieces.
pub fn piece_digits(pieces: usize) -> u32 {
    usize::BITS - (pieces - 1).leading_zeros()
}

/// Weight sets and contexts of the decision at `node` (1 to 63) of the tree of pieces.
#[inline(always)]
pub fn piece_contexts(block: &BlockContext, node: usize) -> ([usize; 2], [usize; 3]) {
    let by = |piece: Option<usize>| block.size * (PIECES + 1) + piece.unwrap_or(PIECES);
    let sets = [
        SET_PIECE + block.size * 6 + node.ilog2() as usize,
        SET_PIECE_BY_STEP + block.size * STEPS + block.step,
    ];
    let contexts = [
        PIECE_TREE + block.size * PIECES + node,
        PIECE_BY_LEFT + by(block.pieces[0]) * PIECES + node,
        PIECE_BY_ABOVE + by(block.pieces[1]) * PIECES + node,
    ];
    (sets, contexts)
}

/// The neighbours' pieces that a block's is compared with first, each with its context.
pub fn piece_guesses(block: &BlockContext) -> impl Iterator<Item = (usize, usize)> {
    let [left, above] = block.pieces;
    let agree = left.is_some() && left == above;
    let guesses = [left, if agree { None } else { above }];
    let context = PIECE_SAME + block.size * 6 + usize::from(agree);
    let of = move |(order, guess): (usize, Option<usize>)| Some((guess?, context + 3 * order));
    guesses.into_iter().enumerate().filter_map(of)
}

/// The levels of a block of `piece` that ends at `end`, from [`code_end`]; when reading, `levels`
/// is replaced.
pub fn code_levels<W: ContextWalk>(
    walk: &mut W,
    levels: &mut [i16],
    end: usize,
    piece: usize,
    block: &BlockContext,
) {
    if W::READS {
        levels.fill(0);
    }
    let mut pair = Pair::default();
    let mut total = 0;
    let mut state = TrellisState::default();
    for position in (0..end).rev() {
        let place = Place { position, pair, end, total, piece, state, block };
        let magnitude = usize::from(levels[position].unsigned_abs());
        // The last level is not 0 by its place.
        let nonzero = position + 1 == end
            || walk.mixed(magnitude != 0, place.nonzero_sets(), place.nonzero_contexts());
        let magnitude = if nonzero { code_magnitude(walk, magnitude.max(1), &place) } else { 0 };
        if magnitude != 0 {
            let negative = walk.even_bit(levels[position] < 0);
            levels[position] = if negative { -(magnitude as i16) } else { magnitude as i16 };
        }
        pair = pair.push(magnitude);
        total += magnitude;
        state = state.after(magnitude);
    }
}

/// The end of a block that keeps at most `kept` levels: whether there are any, how many digits
/// the end has, the digits.
pub fn code_end<W: ContextWalk>(
    walk: &mut W,
    end: usize,
    kept: usize,
    piece: usize,
    block: &BlockContext,
) -> usize {
    let (sets, contexts) = not_empty_contexts(piece, block);
    if !walk.mixed(end > 0, sets, contexts) {
        return 0;
    }
    let digits = code_end_digits(walk, end.max(1).ilog2() as usize, kept, piece, block);
    code_end_rest(walk, end, digits, block).min(kept)
}

/// Weight sets and contexts of "the block has a level that is not 0".
pub fn not_empty_contexts(piece: usize, block: &BlockContext) -> ([usize; 2], [usize; 5]) {
    let size = block.size;
    let contexts = [
        NOT_EMPTY + (size * ENERGIES + block.energy) * ENERGIES + block.luma,
        NOT_EMPTY_BY_PIECE + size * PIECES + piece,
        NOT_EMPTY_BY_LUMA + size * ENERGIES + block.luma,
        NOT_EMPTY_BY_BORDER + (size * ROUGHNESSES + block.rough) * STEPS + block.step,
        NOT_EMPTY_BY_ENDS + size * END_PAIRS + block.ends,
    ];
    ([SET_NOT_EMPTY + size, SET_NOT_EMPTY_BY_STEP + size * STEPS + block.step], contexts)
}

/// Weight sets and contexts of "the end has more digits than 0 after its first"; those for more
/// than `n` are `n` further on.
#[inline(always)]
pub fn end_longer_contexts(piece: usize, block: &BlockContext) -> ([usize; 2], [usize; 6]) {
    let size = block.size;
    let rough = size * ROUGHNESSES + block.rough;
    let luma_end = (size * LUMA_ENDS + block.luma_end) * ROUGHNESSES + block.rough;
    let contexts = [
        END_LONGER + (size * ENERGIES + block.energy) * DIGITS,
        END_LONGER_BY_PIECE + (size * PIECES + piece) * DIGITS,
        END_LONGER_BY_LUMA + (size * ENERGIES + block.luma) * DIGITS,
        END_LONGER_BY_ENDS + (size * END_PAIRS + block.ends) * DIGITS,
        END_LONGER_BY_BORDER + (rough * STEPS + block.step) * DIGITS,
        END_LONGER_BY_LUMA_END + luma_end * DIGITS,
    ];
    let sets = [SET_END + size * DIGITS, SET_END_BY_STEP + (size * STEPS + block.step) * DIGITS];
    (sets, contexts)
}

/// How many binary digits an end has after its first, in unary, at most as many as `kept` has.
fn code_end_digits<W: ContextWalk>(
    walk: &mut W,
    digits: usize,
    kept: usize,
    piece: usize,
    block: &BlockContext,
) -> usize {
    let (sets, rows) = end_longer_contexts(piece, block);
    let most = kept.ilog2() as usize;
    let mut length = 0;
    while length < most
        && walk.mixed(digits > length, sets.map(|set| set + length), rows.map(|row| row + length))
    {
        length += 1;
    }
    length
}

/// An end of `digits` digits after its first: the first two of those under contexts, the others
/// even.
#[inline]
pub fn code_end_rest<W: ContextWalk>(
    walk: &mut W,
    end: usize,
    digits: usize,
    block: &BlockContext,
) -> usize {
    let row = END_DIGIT + (block.size * DIGITS + digits) * 2;
    let mut value = 1;
    for (order, digit) in (0..digits).rev().enumerate() {
        let one = (end >> digit) & 1 == 1;
        let one = if order < 2 { walk.context_bit(one, row + order) } else { walk.even_bit(one) };
        value = 2 * value + usize::from(one);
    }
    value
}

/// A magnitude of at least 1: "larger than 1" under mixed contexts, then unary, then an escape.
pub fn code_magnitude<W: ContextWalk>(walk: &mut W, magnitude: usize, place: &Place<'_>) -> usize {
    for value in 1..ESCAPE {
        let (sets, contexts) = place.larger_than(value);
        if !walk.mixed(magnitude > value, sets, contexts) {
            return value;
        }
    }
    let rest = (magnitude.max(ESCAPE) - ESCAPE) as u32;
    (ESCAPE + walk.exp_golomb(rest, 15) as usize).min(32_767)
}

/// Name, first and end of each kind of context, as docs/format/photo.md lists them.
#[cfg(test)]
pub fn context_ranges() -> Vec<(&'static str, usize, usize)> {
    let starts = [
        ("piece tree, a: size × node (64)", PIECE_TREE),
        ("piece tree, b: size × piece to the left (65) × node (64)", PIECE_BY_LEFT),
        ("piece tree, c: size × piece above (65) × node (64)", PIECE_BY_ABOVE),
        ("piece same: size × candidate (left, upper) × agree (3)", PIECE_SAME),
        ("split: side (16, 32) × energy × smaller neighbours (3)", SPLIT),
        ("not empty, a: size × energy × luma energy", NOT_EMPTY),
        ("not empty, b: size × piece (64)", NOT_EMPTY_BY_PIECE),
        ("not empty, c: size × luma energy", NOT_EMPTY_BY_LUMA),
        ("not empty, d: size × roughness (10) × step (16)", NOT_EMPTY_BY_BORDER),
        ("not empty, e: size × ends left and above (121)", NOT_EMPTY_BY_ENDS),
        ("end longer, a: size × energy × digits (9)", END_LONGER),
        ("end longer, b: size × piece (64) × digits (9)", END_LONGER_BY_PIECE),
        ("end longer, c: size × luma energy × digits (9)", END_LONGER_BY_LUMA),
        ("end longer, d: size × ends left and above (121) × digits (9)", END_LONGER_BY_ENDS),
        ("end longer, e: size × roughness (10) × step (16) × digits (9)", END_LONGER_BY_BORDER),
        ("end longer, f: size × luma's end (11) × roughness (10) × digits (9)", END_LONGER_BY_LUMA_END),
        ("end digit: size × digits (9) × order (2)", END_DIGIT),
        ("not 0, a: size, quantiser × position × pair (9)", NONZERO_BY_PAIR),
        ("not 0, b: size, quantiser × piece (64) × position", NONZERO_BY_PIECE),
        ("not 0, c: size, quantiser × energy × position × next (3)", NONZERO_BY_ENERGY),
        ("not 0, d: size, quantiser × digits of the end (9) × position", NONZERO_BY_END),
        ("not 0, e: size, quantiser × sum so far (10) × position", NONZERO_BY_TOTAL),
        ("larger, a: size, quantiser × position × sum (9)", LARGER_BY_SUM),
        ("larger, b: size, quantiser × energy × position", LARGER_BY_ENERGY),
        ("larger, c: size, quantiser × digits of the end (9) × sum so far (10)", LARGER_BY_TOTAL),
        ("magnitude, a: size × position (9) × magnitude (16)", MAGNITUDE),
        ("magnitude, b: size × sum of the two before (10) × magnitude (16)", MAGNITUDE_BY_NEAR),
        ("magnitude, c: size × sum so far (10) × magnitude (16)", MAGNITUDE_BY_TOTAL),
        ("slope: against (luma, first chroma) × neighbours (9) × node (16)", SLOPE),
        ("step: not 0, below 0, unary (14)", STEP),
        ("all", 0),
    ];
    let ends =
        starts.iter().skip(1).map(|start| start.1).filter(|&first| first > 0).chain([COUNT, COUNT]);
    starts.iter().zip(ends).map(|(&(name, first), end)| (name, first, end)).collect()
}

/// Name, first and end of each kind of weight set, as docs/format/photo.md lists them.
#[cfg(test)]
pub fn set_ranges() -> Vec<(&'static str, usize, usize)> {
    let starts = [
        ("not 0: size, quantiser × position", SET_NONZERO),
        ("not 0: size, quantiser × step", SET_NONZERO_BY_STEP),
        ("larger: size, quantiser × position", SET_LARGER),
        ("larger: size, quantiser × sum so far (10)", SET_LARGER_BY_TOTAL),
        ("magnitude: size × magnitude (16)", SET_MAGNITUDE),
        ("magnitude: size × sum of the two before (10)", SET_MAGNITUDE_BY_NEAR),
        ("piece tree: size × floor(log2 node) (6)", SET_PIECE),
        ("piece tree: size × step", SET_PIECE_BY_STEP),
        ("not empty: size", SET_NOT_EMPTY),
        ("not empty: size × step", SET_NOT_EMPTY_BY_STEP),
        ("end longer: size × digits (9)", SET_END),
        ("end longer: size × step × digits (9)", SET_END_BY_STEP),
    ];
    let ends = starts.iter().skip(1).map(|start| start.1).chain([SETS]);
    starts.iter().zip(ends).map(|(&(name, first), end)| (name, first, end)).collect()
}

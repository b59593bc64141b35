//! The symbols of a coded block, written once over [`ContextWalk`]: encoded, decoded or counted.
//! Bit-exact: integers.
//!
//! In and out: a [`Leaf`]. Contexts are numbered as docs/format/video.md says.

use crate::candidates::{CANDIDATES, Distances, List, candidates, predictors};
use crate::frame::{Format, FrameState};
use crate::intra::MODES;
use crate::leaf::{Leaf, Prediction, blocks};
use crate::motion::{Motion, Vector};
use crate::transform::waves;
use tintype_block::{ContextSet, ContextWalk, PairMixer};

/// Decisions after which a context's window stops growing.
const LIMIT: u32 = 255;
/// Learning rate of the mixer. Not measured.
const MIXER_RATE: i32 = 4;

/// Classes of transform blocks: luma or chroma, intra or inter.
pub const CLASSES: usize = 4;
/// Classes times sides.
pub const SIZES: usize = CLASSES * 4;
/// Classes of the sum of both waves.
pub const DIAGONALS: usize = 6;
/// Classes of a wave.
const WAVES: usize = 6;
/// Sums of magnitudes.
pub const SUMS: usize = 10;
/// Digits of an end.
pub const DIGITS: usize = 11;
/// Magnitude from which on an escape follows.
pub const ESCAPE: usize = 15;

const SPLIT: usize = 0;
const SKIP: usize = SPLIT + 4 * 3;
const INTRA: usize = SKIP + 4 * 3;
const MERGE: usize = INTRA + 4 * 3;
const CANDIDATE: usize = MERGE + 4;
const TWO: usize = CANDIDATE + 2 * CANDIDATES;
const REFERENCE: usize = TWO + 4 * 3;
const PREDICTOR: usize = REFERENCE + 3 * 8;
const VECTOR: usize = PREDICTOR + 2;
const VECTOR_ROW: usize = 2 + 16 + 16;
const ROOT: usize = VECTOR + 2 * VECTOR_ROW;
const HALVED: usize = ROOT + 4;
const MODE_SAME: usize = HALVED + 2 * 4;
const MODE_TREE: usize = MODE_SAME + 4;
const CHROMA_MODE: usize = MODE_TREE + 2 * 32;
const SLOPE: usize = CHROMA_MODE + 4;
const NOT_EMPTY: usize = SLOPE + 2 * 32;
const NOT_EMPTY_BY_SIDE: usize = NOT_EMPTY + SIZES * 9;
const END: usize = NOT_EMPTY_BY_SIDE + SIZES * 4 * 3;
const END_BY_NEAR: usize = END + SIZES * DIGITS;
const END_DIGIT: usize = END_BY_NEAR + SIZES * 3 * DIGITS;
const NONZERO: usize = END_DIGIT + SIZES * DIGITS * 2;
const NONZERO_BY_PLACE: usize = NONZERO + SIZES * DIAGONALS * SUMS;
const NONZERO_BY_END: usize = NONZERO_BY_PLACE + SIZES * WAVES * WAVES * 4;
const LARGER: usize = NONZERO_BY_END + SIZES * DIGITS * DIAGONALS * 3;
const LARGER_BY_NEAR: usize = LARGER + SIZES * 3 * SUMS;
const LARGER_BY_END: usize = LARGER_BY_NEAR + CLASSES * DIAGONALS * 7;
const MAGNITUDE: usize = LARGER_BY_END + SIZES * DIGITS;
const MAGNITUDE_BY_SUM: usize = MAGNITUDE + SIZES * 16;
const COUNT: usize = MAGNITUDE_BY_SUM + CLASSES * 16 * SUMS;

const SET_NOT_EMPTY: usize = 0;
const SET_END: usize = SET_NOT_EMPTY + SIZES + 1;
const SET_NONZERO: usize = SET_END + SIZES + DIGITS;
const SET_NONZERO_BY_SUM: usize = SET_NONZERO + SIZES * DIAGONALS;
const SET_LARGER: usize = SET_NONZERO_BY_SUM + CLASSES * SUMS;
const SET_LARGER_BY_SUM: usize = SET_LARGER + SIZES;
const SET_MAGNITUDE: usize = SET_LARGER_BY_SUM + CLASSES * SUMS;
const SET_MAGNITUDE_BY_SUM: usize = SET_MAGNITUDE + 16;
const SETS: usize = SET_MAGNITUDE_BY_SUM + SUMS;

/// Where the contexts begin that an encoder looks costs up by.
pub mod index {
    /// "Not 0", by class, sum of waves and sum of near magnitudes.
    pub const NONZERO: usize = super::NONZERO;
    /// "Larger than 1".
    pub const LARGER: usize = super::LARGER;
    /// "Larger than", from 2 on.
    pub const MAGNITUDE: usize = super::MAGNITUDE;
    /// Digits of an end.
    pub const END: usize = super::END;
}

/// Modes of chroma: as luma, the mean, a plane, from luma.
pub const CHROMA_MODES: usize = 4;
/// The mode of chroma that predicts from luma.
pub const FROM_LUMA: u8 = 3;

/// Contexts that have learnt nothing.
pub fn fresh_contexts() -> ContextSet {
    let pairs = PairMixer::new(MIXER_RATE)
        .with_sets(SET_NONZERO, 2)
        .with_sets(SET_MAGNITUDE - SET_NONZERO, 3)
        .with_sets(SETS - SET_MAGNITUDE, 2);
    ContextSet::new(COUNT, LIMIT).with_pair_mixer(pairs)
}

/// What the symbols of a picture's blocks depend on.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The clip's format.
    pub format: &'a Format,
    /// The first reference.
    pub first: Option<&'a FrameState>,
    /// Places of the references; none for a picture of intra blocks.
    pub distances: &'a Distances,
}

impl Around<'_> {
    /// Whether blocks may refer to other pictures.
    #[inline(always)]
    pub fn is_inter(&self) -> bool {
        !self.distances.references.is_empty()
    }

    /// The candidates of a block.
    pub fn candidates(
        &self,
        state: &FrameState,
        at: (usize, usize),
        side: usize,
    ) -> List<Motion, CANDIDATES> {
        candidates(state, self.first, self.distances, at, side)
    }

    /// The predictions of a vector.
    pub fn predictors(
        &self,
        state: &FrameState,
        at: (usize, usize),
        side: usize,
        reference: usize,
    ) -> [Vector; 2] {
        predictors(state, self.first, self.distances, (at, side), reference)
    }
}

/// The class of a block's side: 8, 16, 32, 64.
#[inline(always)]
fn side_class(side: usize) -> usize {
    side.ilog2() as usize - 3
}

/// How many of the left and upper neighbour `test` holds for.
#[inline(always)]
fn neighbours(
    state: &FrameState,
    (x, y): (usize, usize),
    test: impl Fn(&crate::motion::Cell) -> bool,
) -> usize {
    let (x, y) = (x as isize, y as isize);
    [(x - 1, y), (x, y - 1)].into_iter().filter(|&(x, y)| state.cell(x, y).is_some_and(&test)).count()
}

/// Whether the node of `side` at `at` is split.
pub fn code_split<W: ContextWalk>(
    walk: &mut W,
    split: bool,
    state: &FrameState,
    at: (usize, usize),
    side: usize,
) -> bool {
    let smaller = neighbours(state, at, |cell| (1usize << cell.side_log2) < side);
    walk.context_bit(split, SPLIT + side_class(side) * 3 + smaller)
}

/// A coded block; when reading, `leaf` is replaced. Without `LEVELS` those are left out: the encoder
/// counts them apart.
pub fn code_leaf<const LEVELS: bool, W: ContextWalk>(
    walk: &mut W,
    around: &Around<'_>,
    state: &FrameState,
    (at, side): ((usize, usize), usize),
    leaf: &mut Leaf,
) {
    if W::READS {
        leaf.clear();
    }
    if code_prediction(walk, around, state, (at, side), leaf) {
        code_residual::<W, LEVELS>(walk, around.format, state, (at, side), leaf);
    }
}

/// What a coded block is predicted from, and whether its transforms are split; whether levels follow.
fn code_prediction<W: ContextWalk>(
    walk: &mut W,
    around: &Around<'_>,
    state: &FrameState,
    (at, side): ((usize, usize), usize),
    leaf: &mut Leaf,
) -> bool {
    let class = side_class(side);
    let given = leaf.prediction;
    let mut root = true;
    let mut intra = true;
    if around.is_inter() {
        let skips = neighbours(state, at, |cell| cell.skip);
        let is_skip = matches!(given, Prediction::Merge { .. }) && !leaf.has_levels();
        if walk.context_bit(is_skip, SKIP + class * 3 + skips) {
            leaf.prediction =
                code_candidate(walk, around.candidates(state, at, side).as_slice(), given, 0);
            leaf.split = false;
            return false;
        }
        let intras = neighbours(state, at, |cell| cell.intra);
        intra = walk.context_bit(matches!(given, Prediction::Intra { .. }), INTRA + class * 3 + intras);
        if !intra {
            if walk.context_bit(matches!(given, Prediction::Merge { .. }), MERGE + class) {
                leaf.prediction =
                    code_candidate(walk, around.candidates(state, at, side).as_slice(), given, 1);
            } else {
                leaf.prediction = code_sent(walk, around, state, (at, side), given);
                root = walk.context_bit(leaf.has_levels(), ROOT + class);
            }
        }
    }
    if intra {
        leaf.prediction = code_intra(walk, around, state, at, given);
    }
    leaf.split = root && walk.context_bit(leaf.split, HALVED + usize::from(intra) * 4 + class);
    root
}

/// One of the motions in `list`, by its number.
fn code_candidate<W: ContextWalk>(
    walk: &mut W,
    list: &[Motion],
    given: Prediction,
    row: usize,
) -> Prediction {
    let wanted = match given {
        Prediction::Merge { candidate, .. } => usize::from(candidate),
        _ => 0,
    };
    let mut number = 0;
    while number + 1 < list.len()
        && walk.context_bit(wanted > number, CANDIDATE + row * CANDIDATES + number)
    {
        number += 1;
    }
    Prediction::Merge { candidate: number as u8, motion: list[number] }
}

fn code_sent<W: ContextWalk>(
    walk: &mut W,
    around: &Around<'_>,
    state: &FrameState,
    (at, side): ((usize, usize), usize),
    given: Prediction,
) -> Prediction {
    let count = around.distances.references.len();
    let (motion, which) = match given {
        Prediction::Sent { motion, predictors } => (motion, predictors),
        _ => (Motion::one(0, Vector::default()), [0; 2]),
    };
    let twos = neighbours(state, at, |cell| cell.motion.is_two());
    let two = count > 1 && walk.context_bit(motion.is_two(), TWO + side_class(side) * 3 + twos);
    let mut sent = Motion::default();
    let mut predictors = [0; 2];
    for part in 0..=usize::from(two) {
        // The second reference has a higher number than the first.
        let least = if part == 1 { sent.references[0] as usize + 1 } else { 0 };
        let most = if two && part == 0 { count - 2 } else { count - 1 };
        let wanted = motion.references[part].max(0) as usize;
        let mut number = least;
        let row = REFERENCE + (usize::from(two) + part) * 8;
        while number < most && walk.context_bit(wanted > number, row + number) {
            number += 1;
        }
        let list = around.predictors(state, at, side, number);
        let differ = list[0] != list[1];
        let second = differ && walk.context_bit(which[part] == 1, PREDICTOR + part);
        let from = list[usize::from(second)];
        let to = motion.vectors[part];
        let x = code_difference(walk, i32::from(to.x) - i32::from(from.x), 0);
        let y = code_difference(walk, i32::from(to.y) - i32::from(from.y), 1);
        sent.references[part] = number as i8;
        sent.vectors[part] = Vector::clamped(i32::from(from.x) + x, i32::from(from.y) + y);
        predictors[part] = second.into();
    }
    Prediction::Sent { motion: sent, predictors }
}

/// A difference of vectors along x or y.
fn code_difference<W: ContextWalk>(walk: &mut W, difference: i32, axis: usize) -> i32 {
    let row = VECTOR + axis * VECTOR_ROW;
    if !walk.context_bit(difference != 0, row) {
        return 0;
    }
    let negative = walk.even_bit(difference < 0);
    let magnitude = difference.unsigned_abs().max(1);
    let mut digits = 0;
    while digits < 14 && walk.context_bit(magnitude.ilog2() > digits, row + 2 + digits as usize) {
        digits += 1;
    }
    let mut value = 1u32;
    for (order, digit) in (0..digits).rev().enumerate() {
        let one = (magnitude >> digit) & 1 == 1;
        let one = if order == 0 {
            walk.context_bit(one, row + 18 + digits as usize)
        } else {
            walk.even_bit(one)
        };
        value = 2 * value + u32::from(one);
    }
    if negative { -(value as i32) } else { value as i32 }
}

fn code_intra<W: ContextWalk>(
    walk: &mut W,
    around: &Around<'_>,
    state: &FrameState,
    (x, y): (usize, usize),
    given: Prediction,
) -> Prediction {
    let (mode, chroma, slopes) = match given {
        Prediction::Intra { mode, chroma, slopes } => (mode, chroma, slopes),
        _ => (0, 0, [0; 2]),
    };
    let mode_at = |x, y| state.cell(x, y).filter(|cell| cell.intra).map(|cell| cell.mode);
    let (left, above) = (mode_at(x as isize - 1, y as isize), mode_at(x as isize, y as isize - 1));
    let mode = code_mode(walk, mode, left, above);
    if around.format.planes == 1 {
        return Prediction::Intra { mode, chroma: 0, slopes: [0; 2] };
    }
    let mut number = 0u8;
    while usize::from(number) + 1 < CHROMA_MODES
        && walk.context_bit(chroma_order(chroma) > number, CHROMA_MODE + usize::from(number))
    {
        number += 1;
    }
    let chroma = chroma_order(number);
    let mut sent = [0; 2];
    if chroma == FROM_LUMA {
        for (plane, to) in sent.iter_mut().enumerate() {
            let value = (slopes[plane] + 16) as usize;
            let mut node = 1;
            for digit in (0..5).rev() {
                let one = (value >> digit) & 1 == 1;
                node = 2 * node + usize::from(walk.context_bit(one, SLOPE + plane * 32 + node));
            }
            *to = (node - 32) as i8 - 16;
        }
    }
    Prediction::Intra { mode, chroma, slopes: sent }
}

/// The number under which a mode of chroma is sent, and back: as luma, from luma, a plane, the mean.
fn chroma_order(mode: u8) -> u8 {
    match mode {
        1 => 3,
        3 => 1,
        other => other,
    }
}

fn code_mode<W: ContextWalk>(walk: &mut W, mode: u8, left: Option<u8>, above: Option<u8>) -> u8 {
    let agree = left.is_some() && left == above;
    let guesses = [left, if agree { None } else { above }];
    for (order, guess) in guesses.into_iter().enumerate() {
        if let Some(guess) = guess
            && walk.context_bit(mode == guess, MODE_SAME + 2 * usize::from(agree) + order)
        {
            return guess;
        }
    }
    let row = MODE_TREE + 32 * usize::from(left.is_some());
    let mut node = 1;
    for digit in (0..5).rev() {
        node = 2 * node + usize::from(walk.context_bit((mode >> digit) & 1 == 1, row + node));
    }
    ((node - 32) as u8).min(MODES as u8 - 1)
}

/// Which transform blocks have levels, and, if `LEVELS` says so, these.
fn code_residual<W: ContextWalk, const LEVELS: bool>(
    walk: &mut W,
    format: &Format,
    state: &FrameState,
    (at, side): ((usize, usize), usize),
    leaf: &mut Leaf,
) {
    let inter = leaf.motion().is_some();
    let near = neighbours(state, at, |cell| cell.levels);
    let mut offset = 0;
    // Of luma, later of the first chroma plane: whether there are levels.
    let mut before = [false; 2];
    for plane in 0..format.planes {
        let (first, places) = blocks(format, plane, at, side, leaf.split);
        for (number, place) in places.enumerate() {
            let area = place.side * place.side;
            let size = size_class(plane, inter, place.side);
            let seen = match plane {
                0 => near,
                1 => 3 + usize::from(before[0]),
                _ => 5 + 2 * usize::from(before[0]) + usize::from(before[1]),
            };
            let block = Block { size, near: if plane == 0 { near } else { usize::from(before[0]) } };
            let end = &mut leaf.ends[first + number];
            let contexts = [
                NOT_EMPTY + size * 9 + seen,
                NOT_EMPTY_BY_SIDE + (size * 4 + side_class(side)) * 3 + number.min(2),
            ];
            let any = walk.mixed(*end != 0, [SET_NOT_EMPTY + size, SET_NOT_EMPTY + SIZES], contexts);
            if !any {
                *end = 0;
                continue;
            }
            if plane < 2 {
                before[plane] = true;
            }
            if !LEVELS {
                continue;
            }
            *end = code_end(walk, usize::from(*end).max(1), area, &block) as u16;
            if W::READS {
                leaf.levels.resize(offset + area, 0);
            }
            let levels = &mut leaf.levels[offset..offset + area];
            code_levels(walk, levels, usize::from(*end), place.side, &block);
            offset += area;
        }
    }
}

/// What the levels of a transform block depend on.
struct Block {
    /// Class and side.
    size: usize,
    /// How many neighbours have levels, 0 to 2.
    near: usize,
}

/// The end of a block of `area`: digits in unary, then the digits.
fn code_end<W: ContextWalk>(walk: &mut W, end: usize, area: usize, block: &Block) -> usize {
    let most = area.ilog2();
    let rows = [END + block.size * DIGITS, END_BY_NEAR + (block.size * 3 + block.near) * DIGITS];
    let mut digits = 0;
    while digits < most
        && walk.mixed(
            end.ilog2() > digits,
            [SET_END + block.size, SET_END + SIZES + digits as usize],
            rows.map(|row| row + digits as usize),
        )
    {
        digits += 1;
    }
    let row = END_DIGIT + (block.size * DIGITS + digits as usize) * 2;
    let mut value = 1;
    for (order, digit) in (0..digits).rev().enumerate() {
        let one = (end >> digit) & 1 == 1;
        let one = if order < 2 { walk.context_bit(one, row + order) } else { walk.even_bit(one) };
        value = 2 * value + usize::from(one);
    }
    value.min(area)
}

/// The classes of waves 0 to 31.
const WAVE_CLASS: [u8; 32] =
    [0, 1, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5];

/// The levels before the end, from the last one down; `levels` are 0 when reading.
fn code_levels<W: ContextWalk>(
    walk: &mut W,
    levels: &mut [i16],
    end: usize,
    side: usize,
    block: &Block,
) {
    match side {
        4 => code_levels_in::<W, 36>(walk, levels, end, side, block),
        8 => code_levels_in::<W, 100>(walk, levels, end, side, block),
        16 => code_levels_in::<W, 324>(walk, levels, end, side, block),
        _ => code_levels_in::<W, 1156>(walk, levels, end, side, block),
    }
}

/// For blocks of `M` levels with a margin of two columns and rows.
fn code_levels_in<W: ContextWalk, const M: usize>(
    walk: &mut W,
    levels: &mut [i16],
    end: usize,
    side: usize,
    block: &Block,
) {
    let side_log2 = side.ilog2() as usize;
    let scan = &waves(side_log2).scan;
    let stride = side + 2;
    let mut magnitudes = [0u8; M];
    let size = block.size;
    let class = size / 4;
    let end_class = end.ilog2() as usize;
    let mut count = 0;
    for position in (0..end).rev() {
        let place = usize::from(scan[position]);
        let (u, v) = (place & (side - 1), place >> side_log2);
        let center = v * stride + u;
        let near = |offset: usize| usize::from(magnitudes[center + offset]);
        let (right, below) = (near(1), near(stride));
        let sum = right + below + near(2) + near(2 * stride) + near(stride + 1);
        let diagonal = usize::from(DIAGONAL_CLASS[(u + v).min(12)]);
        let magnitude = usize::from(levels[place].unsigned_abs());
        let nonzero = position + 1 == end || {
            let sum = sum.min(SUMS - 1);
            let waves = usize::from(WAVE_CLASS[u]) * WAVES + usize::from(WAVE_CLASS[v]);
            let contexts = [
                NONZERO + (size * DIAGONALS + diagonal) * SUMS + sum,
                NONZERO_BY_PLACE + (size * WAVES * WAVES + waves) * 4 + (right + below).min(3),
                NONZERO_BY_END + ((size * DIGITS + end_class) * DIAGONALS + diagonal) * 3 + count.min(2),
            ];
            let sets =
                [SET_NONZERO + size * DIAGONALS + diagonal, SET_NONZERO_BY_SUM + class * SUMS + sum];
            walk.mixed(magnitude != 0, sets, contexts)
        };
        if !nonzero {
            continue;
        }
        let capped = sum.min(SUMS - 1);
        let contexts = [
            LARGER + (size * 3 + diagonal.min(2)) * SUMS + capped,
            LARGER_BY_NEAR + (class * DIAGONALS + diagonal) * 7 + (right + below).min(6),
            LARGER_BY_END + size * DIGITS + end_class,
        ];
        let mut value = 1;
        if walk.mixed(
            magnitude > 1,
            [SET_LARGER + size, SET_LARGER_BY_SUM + class * SUMS + capped],
            contexts,
        ) {
            let half = (sum / 2).min(SUMS - 1);
            value = 2;
            while value < ESCAPE
                && walk.mixed(
                    magnitude > value,
                    [SET_MAGNITUDE + value, SET_MAGNITUDE_BY_SUM + half],
                    [
                        MAGNITUDE + size * 16 + value,
                        MAGNITUDE_BY_SUM + (class * 16 + value) * SUMS + half,
                    ],
                )
            {
                value += 1;
            }
            if value == ESCAPE {
                value += walk.exp_golomb((magnitude.max(ESCAPE) - ESCAPE) as u32, 14) as usize;
                value = value.min(32_767);
            }
        }
        let negative = walk.even_bit(levels[place] < 0);
        levels[place] = if negative { -(value as i16) } else { value as i16 };
        magnitudes[center] = value.min(9) as u8;
        count += 1;
    }
}

/// The classes of sums of two waves, 0 to 12.
pub const DIAGONAL_CLASS: [u8; 13] = [0, 1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 5];

/// The class and side of a transform block's contexts.
pub fn size_class(plane: usize, inter: bool, side: usize) -> usize {
    (2 * usize::from(plane > 0) + usize::from(inter)) * 4 + side.ilog2() as usize - 2
}

//! The walk over the coefficients of a segment: rows of MCUs, each component's block rows in turn, block by block.
//!
//! In and out: the segment's [`BlockRows`], read when coding and filled when decoding. [`Tables`] say how
//! counts and values are coded: quickly, or densely. Bit-exact; one traversal for both directions.
//! Source: see `contexts.rs`; the format is docs/format/jpeg-repack.md.

use super::contexts::{MAGNITUDES, count_bucket, magnitude_bucket};
use super::expectation::{
    Edges, Expectation, Magnitudes, Near, Weights, level_of, log_level, magnitudes,
};
use crate::coefficients::BlockRows;
use crate::frame::NATURAL_FROM_ZIGZAG;
use crate::scan_encode;
use tintype_entropy::SymbolWalk;

/// Zigzag order of the 49 coefficients outside the first row and column, as natural indices, row by row and column by
/// column; the last one stands there once more.
const INNER: [[u8; 2]; 50] = {
    let mut order = [[0u8; 2]; 50];
    let (mut k, mut n) = (0, 0);
    while k < 64 {
        let natural = NATURAL_FROM_ZIGZAG[k];
        if natural >= 8 && !natural.is_multiple_of(8) {
            order[n] = [natural, natural % 8 * 8 + natural / 8];
            n += 1;
        }
        k += 1;
    }
    order[49] = order[48];
    order
};

/// Weight of frequency v in a sample at the block's border, in 1/1024 of that of frequency 0.
const BORDER: [i32; 8] = [1024, 1432, 1390, 1320, 1225, 1110, 980, 840];

/// What one component's blocks are predicted with: quantiser times [`BORDER`].
struct Frequency {
    /// What a coefficient adds to the top edge, and, with sign (-1)^v, to the bottom edge.
    near_row: [i32; 64],
    /// To the left edge, and, with sign (-1)^u, to the right edge; columns in turn.
    near_column: [i32; 64],
    /// 2^32 / (1024 * quant) for the first row, then the first column.
    inverse: [[i32; 8]; 2],
    /// For the first row: to its own frequency of the facing edges, and to frequency 0 of the others; then for the first
    /// column.
    line: [[[i32; 8]; 2]; 2],
}

impl Frequency {
    fn new(quant: &[u16; 64]) -> Self {
        let q = |k: usize| i32::from(quant[k].max(1));
        let inverse = |k: usize| ((1i64 << 32) / (1024 * i64::from(q(k)))) as i32;
        let row = |k: usize| q(k).wrapping_mul(BORDER[k / 8]);
        let column = |k: usize| q(k).wrapping_mul(BORDER[k % 8]);
        let eight = |f: &dyn Fn(usize) -> i32| std::array::from_fn(f);
        Self {
            near_row: std::array::from_fn(row),
            near_column: std::array::from_fn(|t| column(t % 8 * 8 + t / 8)),
            inverse: [eight(&inverse), eight(&|v| inverse(8 * v))],
            line: [
                [eight(&row), eight(&column)],
                [eight(&|v| column(8 * v)), eight(&|v| row(8 * v))],
            ],
        }
    }
}

/// What later blocks need of a block.
#[derive(Clone, Copy)]
struct Trail {
    /// Border values of the bottom edge, by horizontal frequency.
    bottom: [i32; 8],
    /// Border values of the right edge, by vertical frequency.
    right: [i32; 8],
    /// Magnitudes of its coefficients.
    magnitudes: Magnitudes,
    /// Nonzero inner coefficients.
    inner: u8,
    /// Nonzero coefficients of the first row and of the first column, without DC.
    edges: [u8; 2],
    /// Magnitude bucket of the DC residual.
    dc_residual: u8,
    /// Whether the block exists.
    there: bool,
    /// Whether it has nothing but DC.
    flat: bool,
}

const NO_TRAIL: Trail = Trail {
    bottom: [0; 8],
    right: [0; 8],
    magnitudes: [0; 64],
    inner: 0,
    edges: [0; 2],
    dc_residual: 0,
    there: false,
    flat: true,
};

/// What the number of inner coefficients is predicted from.
#[derive(Clone, Copy)]
pub struct CountPlace {
    /// Logarithm of the sum of expected magnitudes, 0 to 50.
    pub level: usize,
    /// Bucket of the count of the component before, 0 to 9.
    pub other: usize,
    /// Mean count of the blocks above and left, 0 to 50.
    pub average: usize,
    /// Bucket of the count above.
    pub above: usize,
    /// Bucket of the count to the left.
    pub left: usize,
}

/// What an inner coefficient is predicted from.
pub struct InnerPlace {
    /// Its place in zigzag order, 0 to 48.
    pub n: usize,
    /// Level of its expected magnitude, below [`LEVELS`].
    pub level: usize,
    /// Bucket of how many nonzero ones are left, 0 to 7.
    pub left_bucket: usize,
    /// Its share of what is expected times how many are left, as a logarithm, 0 to 31.
    pub share: usize,
    /// Whether it must be nonzero.
    pub certain: bool,
    /// Sign of the component before at the same place, plus one.
    pub witness: usize,
    /// Twice the values at which this coefficient alone would continue the edges above and to the left, for tables that
    /// mix.
    pub gaps: [i32; 2],
    /// More of what is around, for tables that mix.
    pub more: InnerMore,
}

/// Buckets of magnitudes around an inner coefficient, and of counts.
#[derive(Clone, Copy, Default)]
pub struct InnerMore {
    /// Mean of the blocks above, left and above left.
    pub near: usize,
    /// Lower frequencies of the block itself.
    pub inside: usize,
    /// The component before.
    pub other: usize,
    /// The block above.
    pub above: usize,
    /// The block to the left.
    pub left: usize,
    /// Nonzero inner coefficients of the block.
    pub count: usize,
    /// Those still to come, finer than `left_bucket`.
    pub remaining: usize,
    /// Four times the binary logarithm of what is expected.
    pub fine_level: usize,
}

/// What a coefficient of the first row or column is predicted from.
#[derive(Clone, Copy)]
pub struct EdgePlace {
    /// Row 0 to 6, column 7 to 13.
    pub at: usize,
    /// Level of its expected magnitude.
    pub level: usize,
    /// Twice the value that continues the neighbour's border.
    pub predicted: i32,
    /// Bucket of its magnitude.
    pub expected: usize,
    /// How many nonzero ones are left, 1 to 7.
    pub left: usize,
    /// Whether it must be nonzero.
    pub certain: bool,
    /// Sign of the component before at the same place, plus one.
    pub witness: usize,
    /// More views, for tables that mix.
    pub more: [usize; 4],
}

/// What the number of nonzero coefficients in the first row or column is predicted from.
pub struct EdgeCountPlace {
    /// Row 0, column 1.
    pub side: usize,
    /// Level of the sum of expected magnitudes.
    pub level: usize,
    /// Mean count of the blocks above and left, rounded up, and both.
    pub mean: usize,
    /// Above.
    pub above: usize,
    /// To the left.
    pub left: usize,
    /// The row's count, or for the row itself 7 less the neighbours' mean.
    pub other_side: usize,
    /// Bucket of the block's inner count.
    pub inner: usize,
    /// How many of the predicted values are not near 0, for tables that mix.
    pub predicted: usize,
    /// Sum of their magnitudes, four times the binary logarithm.
    pub strength: usize,
}

/// What the difference of DC to its prediction is predicted from.
pub struct DcPlace {
    /// Bucket of how far the predictions from above and from the left are apart.
    pub spread: usize,
    /// Bucket of the block's nonzero coefficients.
    pub inner: usize,
    /// Larger bucket of what was missed above and left.
    pub before: usize,
    /// The prediction from above less that from the left, in eighths.
    pub gap: i32,
    /// What rounding took from the prediction, in eighths, plus 4.
    pub fraction: usize,
}

/// How counts and values of one class of components are coded.
pub trait Tables {
    /// Whether `more` views are of use.
    const MIXES: bool;
    /// Whether a block among ones that have nothing but DC is such a block; `false` if that is not asked.
    fn flat<W: SymbolWalk>(&mut self, walk: &mut W, flat: bool) -> bool;
    /// A count of 0 to 49.
    fn inner_count<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        count: usize,
        place: CountPlace,
    ) -> usize;
    /// An inner coefficient and its magnitude; `None` for 0.
    fn inner_value<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        value: i16,
        place: &InnerPlace,
    ) -> Option<(i16, u32)>;
    /// A count of 0 to 7 in the first row or column.
    fn edge_count<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        count: usize,
        place: &EdgeCountPlace,
    ) -> usize;
    /// A coefficient of the first row or column and its magnitude; `None` for 0.
    fn edge_value<W: SymbolWalk>(
        &mut self,
        walk: &mut W,
        value: i16,
        place: &EdgePlace,
    ) -> Option<(i16, u32)>;
    /// What the prediction of DC missed, at most 65 535 either way.
    fn dc_residual<W: SymbolWalk>(&mut self, walk: &mut W, residual: i32, place: &DcPlace) -> i32;
}

/// What a segment is coded with: weights for three classes of component, tables for luma and chroma.
pub struct Model<'a, T> {
    /// Weights of luma, Cb and Cr.
    pub weights: &'a [Weights; 3],
    /// Tables of luma and chroma.
    pub tables: [T; 2],
}

/// The neighbours of a block.
struct Around<'a> {
    above: &'a Trail,
    left: &'a Trail,
    above_left: &'a Trail,
    /// The block of an earlier component at the same place.
    other: &'a [i16; 64],
    other_magnitudes: &'a Magnitudes,
    /// Inner nonzero coefficients of the other component there.
    other_inner: usize,
}

static ZERO: [i16; 64] = [0; 64];
/// Beside the count of a block's inner coefficients: it has nothing but DC.
const FLAT: u8 = 64;

/// Codes or decodes all coefficients of a segment.
///
/// `sampling` gives each component's blocks in an MCU, across and down; `quant` its quantisation table.
#[inline(always)]
pub fn walk_segment<T: Tables, W: SymbolWalk>(
    walk: &mut W,
    model: &mut Model<'_, T>,
    components: &mut [BlockRows<'_>],
    sampling: &[(usize, usize)],
    quant: &[[u16; 64]],
) {
    let tables: Vec<Frequency> = quant.iter().map(Frequency::new).collect();
    let mut trails: Vec<[Vec<Trail>; 2]> =
        components.iter().map(|c| std::array::from_fn(|_| vec![NO_TRAIL; c.stride + 1])).collect();
    let mut counts: Vec<Vec<u8>> = components.iter().map(|c| vec![0; c.stride * c.rows]).collect();
    let mcu_rows = components.first().map_or(0, |c| c.rows / sampling[0].1);
    for mcu_row in 0..mcu_rows {
        for index in 0..components.len() {
            let (earlier, rest) = components.split_at_mut(index);
            let (earlier_counts, own_counts) = counts.split_at_mut(index);
            let component = &mut rest[0];
            // The last component becomes black or the second chroma: its best witness is the one before it.
            let witness =
                index.checked_sub(1).map(|i| (&earlier[i], &earlier_counts[i], sampling[i]));
            // Black is like luma.
            let class = if index == 3 { 0 } else { index };
            let own = &mut model.tables[class.min(1)];
            for y in mcu_row * sampling[index].1..(mcu_row + 1) * sampling[index].1 {
                let [above, now] = &mut trails[index];
                let (stride, blocks) = (component.stride, &mut *component.blocks);
                let mut row = Row { y, stride, blocks, above, now, counts: &mut own_counts[0] };
                walk_row(
                    walk,
                    &mut row,
                    witness,
                    sampling[index],
                    &tables[index],
                    &model.weights[class],
                    own,
                );
                trails[index].swap(0, 1);
            }
        }
    }
}

/// One row of blocks.
struct Row<'a> {
    y: usize,
    stride: usize,
    blocks: &'a mut [[i16; 64]],
    /// Trails of the row above, and one that is not there.
    above: &'a [Trail],
    now: &'a mut [Trail],
    counts: &'a mut [u8],
}

type Witness<'a> = (&'a BlockRows<'a>, &'a Vec<u8>, (usize, usize));

#[inline(always)]
fn walk_row<T: Tables, W: SymbolWalk>(
    walk: &mut W,
    row: &mut Row<'_>,
    witness: Option<Witness<'_>>,
    (h, v): (usize, usize),
    table: &Frequency,
    weights: &Weights,
    tables: &mut T,
) {
    let (y, stride) = (row.y, row.stride);
    let blocks = &mut row.blocks[y * stride..(y + 1) * stride];
    let counts = &mut row.counts[y * stride..(y + 1) * stride];
    let witness_row = witness.map_or(0, |(c, _, (_, wv))| (y * wv / v).min(c.rows - 1));
    for (x, block) in blocks.iter_mut().enumerate() {
        let (other, other_inner, other_flat) = match witness {
            Some((c, counts, (wh, _))) => {
                // A division takes time, and most components are as wide as the one before.
                let column = if wh == h { x } else { x * wh / h };
                let at = witness_row * c.stride + column.min(c.stride - 1);
                (&c.blocks[at], usize::from(counts[at] & 63), counts[at] & FLAT != 0)
            }
            None => (&ZERO, 0, true),
        };
        let other_magnitudes = if other_flat { &NO_TRAIL.magnitudes } else { &magnitudes(other) };
        let (done, rest) = row.now.split_at_mut(x);
        let around = Around {
            above: &row.above[x],
            left: done.last().unwrap_or(&NO_TRAIL),
            above_left: if x > 0 { &row.above[x - 1] } else { &NO_TRAIL },
            other,
            other_magnitudes,
            other_inner,
        };
        // Where a neighbour is missing, another one stands in.
        let above = if around.above.there { around.above } else { around.left };
        let left = if around.left.there { around.left } else { around.above };
        let above_left = if around.above_left.there { around.above_left } else { above };
        let above_right =
            if x + 1 < stride && row.above[x + 1].there { &row.above[x + 1] } else { above };
        let near = Near {
            above: &above.magnitudes,
            left: &left.magnitudes,
            above_left: &above_left.magnitudes,
            above_right: &above_right.magnitudes,
            other: around.other_magnitudes,
        };
        let flat = above.flat && left.flat && above_left.flat && above_right.flat && other_flat;
        let mut own = if W::READS { [0; 64] } else { *block };
        let scene = Scene { around, table, weights };
        rest[0] = if flat && tables.flat(walk, !W::READS && scan_encode::is_flat(&own)) {
            walk_flat_block(walk, &mut own, &scene, tables)
        } else {
            let mut expectation = if flat {
                Expectation::of_nothing(weights)
            } else {
                Expectation::new(weights, near)
            };
            walk_block(walk, &mut own, &scene, &mut expectation, tables)
        };
        if W::READS {
            *block = own;
        }
        counts[x] = rest[0].inner | if rest[0].flat { FLAT } else { 0 };
    }
}

/// Sums along the block's borders as its coefficients become known.
#[derive(Default)]
struct Borders {
    top: [i32; 8],
    left: [i32; 8],
    bottom: [i32; 8],
    right: [i32; 8],
}

/// For each column the sum of `values * weights` over even rows from 2 on and over odd rows.
#[inline(always)]
fn row_sums(values: &[i16; 64], weights: &[i32; 64]) -> [[i32; 8]; 2] {
    let mut sums = [[0i32; 8]; 2];
    for v in 1..8 {
        for u in 0..8 {
            let product = weights[8 * v + u].wrapping_mul(i32::from(values[8 * v + u]));
            sums[v % 2][u] = sums[v % 2][u].wrapping_add(product);
        }
    }
    sums
}

/// Sum of `line * weights`, and the same with alternating signs.
#[inline(always)]
fn line_sums(line: &[i16; 8], weights: &[i32; 8]) -> [i32; 2] {
    let mut sums = [0i32; 2];
    for f in 0..8 {
        sums[f % 2] = sums[f % 2].wrapping_add(weights[f].wrapping_mul(i32::from(line[f])));
    }
    [sums[0].wrapping_add(sums[1]), sums[0].wrapping_sub(sums[1])]
}

impl Borders {
    /// Of all coefficients outside the first row and column; `columns` has them column by column.
    #[inline(always)]
    fn of_inner(block: &[i16; 64], columns: &[i16; 64], table: &Frequency) -> Self {
        let mut out = Self::default();
        let sums = row_sums(block, &table.near_row);
        for u in 1..8 {
            out.top[u] = sums[0][u].wrapping_add(sums[1][u]);
            out.bottom[u] = sums[0][u].wrapping_sub(sums[1][u]);
        }
        let sums = row_sums(columns, &table.near_column);
        for v in 1..8 {
            out.left[v] = sums[0][v].wrapping_add(sums[1][v]);
            out.right[v] = sums[0][v].wrapping_sub(sums[1][v]);
        }
        out
    }

    /// Adds the first row (`side` 0) or column, of which element 0 is 0.
    #[inline(always)]
    fn add_line(&mut self, line: &[i16; 8], side: usize, table: &Frequency) {
        let [along, across] = &table.line[side];
        let far = if side == 0 { &mut self.bottom } else { &mut self.right };
        for f in 0..8 {
            far[f] = far[f].wrapping_add(along[f].wrapping_mul(i32::from(line[f])));
        }
        let [near, far] = line_sums(line, across);
        if side == 0 {
            (self.left[0], self.right[0]) = (near, far);
        } else {
            (self.top[0], self.bottom[0]) = (near, far);
        }
    }

    /// Adds DC to the edges that later blocks see.
    #[inline(always)]
    fn add_dc(&mut self, value: i16, table: &Frequency) {
        let sum = table.near_row[0].wrapping_mul(i32::from(value));
        self.bottom[0] = self.bottom[0].wrapping_add(sum);
        self.right[0] = self.right[0].wrapping_add(sum);
    }
}

/// What coding a block needs beside the walk and the block.
struct Scene<'a> {
    around: Around<'a>,
    table: &'a Frequency,
    weights: &'a Weights,
}

/// Codes a block that has nothing but DC.
#[inline(always)]
fn walk_flat_block<T: Tables, W: SymbolWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    scene: &Scene<'_>,
    tables: &mut T,
) -> Trail {
    let mut borders = Borders::default();
    let dc_residual = direct_current(walk, block, 0, scene, &mut borders, tables);
    Trail { bottom: borders.bottom, right: borders.right, dc_residual, there: true, ..NO_TRAIL }
}

/// Codes one block; returns what later blocks need of it.
#[inline(always)]
fn walk_block<T: Tables, W: SymbolWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    scene: &Scene<'_>,
    expectation: &mut Expectation,
    tables: &mut T,
) -> Trail {
    let count = inner_count(walk, block, &scene.around, expectation, tables);
    let mut borders = inner_coefficients(walk, block, count, scene, expectation, tables);
    let mut edges = Edges::new(expectation);
    let row = edge_coefficients::<0, T, W>(
        walk,
        block,
        (count, 0),
        scene,
        &mut edges,
        &mut borders,
        tables,
    );
    let column = edge_coefficients::<1, T, W>(
        walk,
        block,
        (count, row),
        scene,
        &mut edges,
        &mut borders,
        tables,
    );
    let counts = count + row + column;
    let dc_residual = direct_current(walk, block, counts, scene, &mut borders, tables);
    Trail {
        bottom: borders.bottom,
        right: borders.right,
        magnitudes: if counts == 0 { [0; 64] } else { magnitudes(block) },
        inner: count as u8,
        edges: [row as u8, column as u8],
        dc_residual,
        there: true,
        flat: counts == 0,
    }
}

/// Number of nonzero coefficients outside the first row and column.
#[inline(always)]
fn nonzero_inner(block: &[i16; 64]) -> usize {
    if scan_encode::is_flat(block) {
        return 0;
    }
    let mut columns = [0u16; 8];
    for row in block[8..].chunks_exact(8) {
        // The top bit of what is not zero; a comparison would not become vectors.
        columns
            .iter_mut()
            .zip(row)
            .for_each(|(sum, c)| *sum += (c | c.wrapping_neg()) as u16 >> 15);
    }
    columns[0] = 0;
    usize::from(columns.iter().sum::<u16>())
}

#[inline(always)]
fn inner_count<T: Tables, W: SymbolWalk>(
    walk: &mut W,
    block: &[i16; 64],
    around: &Around<'_>,
    expectation: &Expectation,
    tables: &mut T,
) -> usize {
    let count = if W::READS { 0 } else { nonzero_inner(block) };
    let (a, l) = (usize::from(around.above.inner), usize::from(around.left.inner));
    let average = match (around.above.there, around.left.there) {
        (true, true) => (a + l).div_ceil(2),
        (true, false) => a,
        (false, true) => l,
        _ => 50,
    };
    let place = CountPlace {
        level: log_level(expectation.inner_sum / 4).min(50),
        other: count_bucket(around.other_inner),
        average,
        above: count_bucket(a),
        left: count_bucket(l),
    };
    tables.inner_count(walk, count, place)
}

#[inline(always)]
fn inner_coefficients<T: Tables, W: SymbolWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    count: usize,
    scene: &Scene<'_>,
    expectation: &mut Expectation,
    tables: &mut T,
) -> Borders {
    if count == 0 {
        return Borders::default();
    }
    let (mut left, mut columns) = (count, [0i16; 64]);
    let mut facing = [scene.around.above.bottom, scene.around.left.right];
    let (around, mut remaining_log) = (&scene.around, 26 + log_level(4 * left as u32));
    let mut left_bucket = count_bucket(left).min(7);
    let mut next_level = level_of(u32::from(expectation.expected[usize::from(INNER[0][0])]));
    for n in 0..49 {
        let [k, turned] = INNER[n].map(|k| usize::from(k) & 63);
        let expected = u32::from(expectation.expected[k]);
        let level = if T::MIXES { level_of(expected) } else { next_level };
        if !T::MIXES {
            next_level =
                level_of(u32::from(expectation.expected[usize::from(INNER[n + 1][0]) & 63]));
        }
        let mut share = 0;
        if T::MIXES {
            let log = log_level(expected);
            share = (remaining_log + log).saturating_sub(log_level(expectation.inner_sum)).min(31);
            expectation.inner_sum = expectation.inner_sum.saturating_sub(expected);
        }
        let known = (count, left, expected);
        let more =
            if T::MIXES { inner_more(around, block, k, known) } else { InnerMore::default() };
        // As many places as nonzero coefficients: no question.
        let certain = left + n == 49;
        let witness = if T::MIXES { (around.other[k].signum() + 1) as usize } else { 0 };
        let mut gaps = [0; 2];
        if T::MIXES {
            let weights = [scene.table.near_row[k], scene.table.near_column[turned]];
            gaps = [
                facing[0][k % 8] / (weights[0] / 2).max(1),
                facing[1][k / 8] / (weights[1] / 2).max(1),
            ];
        }
        let place = InnerPlace { n, level, left_bucket, share, certain, witness, gaps, more };
        let Some((value, magnitude)) = tables.inner_value(walk, block[k], &place) else { continue };
        (block[k], columns[turned]) = (value, value);
        left -= 1;
        remaining_log = 26 + log_level(4 * left as u32);
        left_bucket = count_bucket(left).min(7);
        expectation.learn(scene.weights, k, magnitude);
        if T::MIXES {
            let value = i32::from(value);
            facing[0][k % 8] =
                facing[0][k % 8].wrapping_sub(scene.table.near_row[k].wrapping_mul(value));
            let loss = scene.table.near_column[turned].wrapping_mul(value);
            facing[1][k / 8] = facing[1][k / 8].wrapping_sub(loss);
            expectation.raise_sum(scene.weights, k, magnitude);
        }
        if left == 0 {
            break;
        }
    }
    Borders::of_inner(block, &columns, scene.table)
}

/// What surrounds inner coefficient `k`; known are the block's count, how many are left, and the expected magnitude.
#[inline(always)]
fn inner_more(
    around: &Around<'_>,
    block: &[i16; 64],
    k: usize,
    known: (usize, usize, u32),
) -> InnerMore {
    let size = |m: &Magnitudes| u32::from(m[k]);
    let (a, l) = (size(&around.above.magnitudes), size(&around.left.magnitudes));
    InnerMore {
        near: magnitude_bucket((13 * (a + l) + 6 * size(&around.above_left.magnitudes)) >> 4),
        inside: inside_bucket(block, k),
        other: magnitude_bucket(size(around.other_magnitudes)),
        above: magnitude_bucket(a),
        left: magnitude_bucket(l),
        count: count_bucket(known.0),
        remaining: known.1,
        fine_level: log_level(known.2).min(63),
    }
}

/// Magnitudes of the lower frequencies next to `k` that are known.
#[inline(always)]
fn inside_bucket(block: &[i16; 64], k: usize) -> usize {
    let (v, u) = (k >> 3, k & 7);
    let size = |k: usize| u32::from(block[k].unsigned_abs());
    let up = if v > 1 { 2 * size(k - 8) + if v > 2 { size(k - 16) } else { 0 } } else { 0 };
    let left = if u > 1 { 2 * size(k - 1) + if u > 2 { size(k - 2) } else { 0 } } else { 0 };
    let corner = if u > 1 && v > 1 { size(k - 9) } else { 0 };
    magnitude_bucket(up + left + corner)
}

/// The first row (`SIDE` 0) or column (1), without DC; `known` are the counts of inner and of first-row coefficients.
#[inline(always)]
fn edge_coefficients<const SIDE: usize, T: Tables, W: SymbolWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    known: (usize, usize),
    scene: &Scene<'_>,
    edges: &mut Edges,
    borders: &mut Borders,
    tables: &mut T,
) -> usize {
    let (step, around) = (if SIDE == 1 { 8 } else { 1 }, &scene.around);
    let predict = || {
        if SIDE == 1 {
            predict(&around.left.right, &borders.left, &scene.table.inverse[1], around.left.there)
        } else {
            predict(&around.above.bottom, &borders.top, &scene.table.inverse[0], around.above.there)
        }
    };
    let early = if T::MIXES { predict() } else { [0; 8] };
    let count = edge_count::<SIDE, T, W>(walk, block, known, around, edges, &early, tables);
    if count == 0 {
        return 0;
    }
    let predictions = if T::MIXES { early } else { predict() };
    let (mut left, mut line, inner) = (count, [0i16; 8], count_bucket(known.0));
    for f in 1..8 {
        if left == 0 {
            break;
        }
        let (k, predicted) = (f * step, predictions[f]);
        let expected = magnitude_bucket(predicted.unsigned_abs());
        let level = level_of(u32::from(edges.0[8 * SIDE + f]));
        let at = SIDE * 7 + f - 1;
        let mut more = [0; 4];
        if T::MIXES {
            let size = |m: &Magnitudes, k: usize| u32::from(m[k]);
            let (a, l) = (size(&around.above.magnitudes, k), size(&around.left.magnitudes, k));
            let near =
                magnitude_bucket((13 * (a + l) + 6 * size(&around.above_left.magnitudes, k)) >> 4);
            let before =
                if f > 1 { magnitude_bucket(u32::from(line[f - 1].unsigned_abs())) } else { 11 };
            let place = |first: usize, second: usize| (first * 14 + at) * MAGNITUDES + second;
            more = [
                (expected * 14 + at) * MAGNITUDES + near,
                place(magnitude_bucket(size(around.other_magnitudes, k)), expected),
                place(inner, expected),
                place(before, near),
            ];
        }
        let witness = if T::MIXES { (around.other[k].signum() + 1) as usize } else { 0 };
        let place = EdgePlace {
            at,
            level,
            predicted,
            expected,
            left,
            certain: left + f == 8,
            witness,
            more,
        };
        let Some((value, magnitude)) = tables.edge_value(walk, block[k], &place) else { continue };
        (block[k], line[f]) = (value, value);
        left -= 1;
        edges.learn(scene.weights, k, magnitude);
    }
    borders.add_line(&line, SIDE, scene.table);
    count
}

/// Twice the values that continue a neighbour's edge.
#[inline(always)]
fn predict(facing: &[i32; 8], own: &[i32; 8], inverse: &[i32; 8], there: bool) -> [i32; 8] {
    let mut out = [0i32; 8];
    for f in 0..8 {
        let gap = i64::from(facing[f].wrapping_sub(own[f]));
        // Shifted without sign: the same lower half, which is all that is kept.
        out[f] = ((gap * i64::from(inverse[f]) + (1 << 30)) as u64 >> 31) as i32;
    }
    if there { out } else { [0; 8] }
}

#[inline(always)]
fn edge_count<const SIDE: usize, T: Tables, W: SymbolWalk>(
    walk: &mut W,
    block: &[i16; 64],
    (inner, row): (usize, usize),
    around: &Around<'_>,
    edges: &Edges,
    predictions: &[i32; 8],
    tables: &mut T,
) -> usize {
    let step = if SIDE == 1 { 8 } else { 1 };
    let count = if W::READS { 0 } else { (1..8).filter(|f| block[f * step] != 0).count() };
    let inner = count_bucket(inner);
    let (a, l) = (usize::from(around.above.edges[SIDE]), usize::from(around.left.edges[SIDE]));
    let other_side = if SIDE == 1 { row } else { 7 - (a + l) / 2 };
    let mean = (a + l).div_ceil(2);
    let sum: u32 = edges.0[8 * SIDE + 1..][..7].iter().map(|e| u32::from(*e)).sum();
    let level = level_of(sum);
    let place = EdgeCountPlace {
        side: SIDE,
        level,
        mean,
        above: a,
        left: l,
        other_side,
        inner,
        predicted: predictions[1..].iter().filter(|p| p.unsigned_abs() > 1).count(),
        strength: log_level(
            predictions[1..].iter().fold(0, |sum, p| sum.saturating_add(p.unsigned_abs())),
        ),
    };
    tables.edge_count(walk, count, &place)
}

/// Returns the magnitude bucket of what the prediction missed.
#[inline(always)]
fn direct_current<T: Tables, W: SymbolWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    count: usize,
    scene: &Scene<'_>,
    borders: &mut Borders,
    tables: &mut T,
) -> u8 {
    let (around, frequency) = (&scene.around, scene.table);
    let from = |far: i32, near: i32| {
        ((i64::from(far.wrapping_sub(near)) * i64::from(frequency.inverse[0][0]) + (1 << 28)) >> 29)
            as i32
    };
    let (above, left) =
        (from(around.above.bottom[0], borders.top[0]), from(around.left.right[0], borders.left[0]));
    // Eighths of a quantisation step.
    let (predicted, spread) = match (around.above.there, around.left.there) {
        (true, true) => (above.wrapping_add(left) / 2, above.wrapping_sub(left).unsigned_abs() / 4),
        (true, false) => (above, 40),
        (false, true) => (left, 40),
        _ => (0, 200),
    };
    let (fraction, predicted) =
        ((predicted.wrapping_add(4) & 7) as usize, predicted.wrapping_add(4) >> 3);
    let residual = i32::from(block[0]).wrapping_sub(predicted);
    let place = DcPlace {
        spread: magnitude_bucket(spread),
        inner: count_bucket(count),
        before: usize::from(around.above.dc_residual.max(around.left.dc_residual)),
        gap: above.wrapping_sub(left),
        fraction,
    };
    let value = tables.dc_residual(walk, residual.clamp(-0xffff, 0xffff), &place);
    block[0] = predicted.wrapping_add(value) as i16;
    borders.add_dc(block[0], frequency);
    magnitude_bucket(value.unsigned_abs()) as u8
}

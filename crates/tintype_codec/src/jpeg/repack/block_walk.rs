//! The walk over the coefficients of a segment: rows of MCUs, each component's block rows in turn, block by block.
//!
//! In and out: the segment's [`ComponentBlocks`], read when coding and filled when decoding. `N` is the number of
//! predictions mixed for each coefficient, `M` for each count and DC. Exact zone; one traversal for
//! both directions.
//! Source: see `contexts.rs`; the format is docs/format/jpeg-repack.md.

use super::contexts::{COUNTS, EXPONENTS, MAGNITUDES, Mixed, Single, count_bucket, magnitude_bucket, views};
use crate::jpeg::coefficients::ComponentBlocks;
use crate::jpeg::markers::NATURAL_FROM_ZIGZAG;
use tintype_entropy::BitWalk;

/// Zigzag order of the 49 coefficients outside the first row and column, as natural indices.
const INNER: [u8; 49] = {
    let mut order = [0u8; 49];
    let (mut k, mut n) = (0, 0);
    while k < 64 {
        let natural = NATURAL_FROM_ZIGZAG[k];
        if natural >= 8 && !natural.is_multiple_of(8) {
            order[n] = natural;
            n += 1;
        }
        k += 1;
    }
    order
};

/// Weight of frequency v in a sample at the block's border, in 1/1024 of that of frequency 0.
const BORDER: [i32; 8] = [1024, 1432, 1390, 1320, 1225, 1110, 980, 840];

/// What one component's blocks are predicted with.
struct Frequency {
    /// `quant * BORDER[v]` with sign (-1)^v for the far border: what a coefficient adds to the bottom edge.
    far_row: [i32; 64],
    /// The same without sign: the top edge.
    near_row: [i32; 64],
    /// To the right edge.
    far_column: [i32; 64],
    /// To the left edge.
    near_column: [i32; 64],
    /// 2^32 / (1024 * quant) for the first row, then the first column.
    inverse: [[i64; 8]; 2],
}

impl Frequency {
    fn new(quant: &[u16; 64]) -> Self {
        let q = |v: usize, u: usize| i32::from(quant[8 * v + u].max(1));
        let sign = |f: usize| if f % 2 == 1 { -1 } else { 1 };
        let table = |f: &dyn Fn(usize, usize) -> i32| std::array::from_fn(|k| f(k / 8, k % 8));
        let inverse = |f: &dyn Fn(usize) -> i32| std::array::from_fn(|i| (1i64 << 32) / (1024 * i64::from(f(i))));
        Self {
            far_row: table(&|v, u| q(v, u).wrapping_mul(BORDER[v] * sign(v))),
            near_row: table(&|v, u| q(v, u).wrapping_mul(BORDER[v])),
            far_column: table(&|v, u| q(v, u).wrapping_mul(BORDER[u] * sign(u))),
            near_column: table(&|v, u| q(v, u).wrapping_mul(BORDER[u])),
            inverse: [inverse(&|u| q(0, u)), inverse(&|v| q(v, 0))],
        }
    }
}

/// What later blocks need of a block.
#[derive(Clone, Copy, Default)]
struct Trail {
    /// Border values of the bottom edge, by horizontal frequency.
    bottom: [i32; 8],
    /// Border values of the right edge, by vertical frequency.
    right: [i32; 8],
    /// Nonzero inner coefficients.
    inner: u8,
    /// Nonzero coefficients of the first row and of the first column, without DC.
    edges: [u8; 2],
    /// Magnitude bucket of the DC residual.
    dc_residual: u8,
    /// Whether the block exists.
    there: bool,
}

/// Adaptive statistics of one class of components.
struct Statistics<const N: usize, const M: usize> {
    inner_count: Mixed<M>,
    inner: Mixed<N>,
    inner_sign: Single,
    inner_mantissa: Single,
    edge_count: Mixed<M>,
    edge: Mixed<N>,
    edge_sign: Single,
    edge_mantissa: Single,
    dc: Mixed<M>,
    dc_sign: Single,
    dc_mantissa: Single,
}

const LIMIT: u32 = 250;
/// Exponents from this one on share their contexts.
const EXPONENT_CONTEXTS: usize = 11;
/// Slots of each of an inner coefficient's views.
const INNER_VIEW: usize = EXPONENT_CONTEXTS * 49 * MAGNITUDES * COUNTS;
/// Slots of each of an edge coefficient's views.
const EDGE_VIEW: usize = EXPONENT_CONTEXTS * 14 * MAGNITUDES * MAGNITUDES;
/// Slots of each of an edge count's views.
const EDGE_COUNT_VIEW: usize = 2 * 8 * COUNTS * 64;
const DC_VIEW: usize = EXPONENTS * MAGNITUDES * MAGNITUDES;

impl<const N: usize, const M: usize> Statistics<N, M> {
    fn new() -> Self {
        Self {
            inner_count: Mixed::new(M * 64 * 512, 64, LIMIT),
            inner: Mixed::new(N * INNER_VIEW, 4 * 49, LIMIT),
            inner_sign: Single::new(64 * 9, LIMIT),
            inner_mantissa: Single::new(EXPONENTS * 64, LIMIT),
            edge_count: Mixed::new(M * EDGE_COUNT_VIEW, 16, LIMIT),
            edge: Mixed::new(N * EDGE_VIEW, 4 * 14, LIMIT),
            edge_sign: Single::new(14 * 32, LIMIT),
            edge_mantissa: Single::new(EXPONENTS * EXPONENTS * 8, LIMIT),
            dc: Mixed::new(M * DC_VIEW, EXPONENTS, LIMIT),
            dc_sign: Single::new(9, LIMIT),
            dc_mantissa: Single::new(EXPONENTS * 4, LIMIT),
        }
    }
}

/// The neighbours of a block, zeros where there are none.
struct Around<'a> {
    above: &'a [i16; 64],
    left: &'a [i16; 64],
    above_left: &'a [i16; 64],
    /// The block of an earlier component at the same place.
    other: &'a [i16; 64],
    trail_above: Trail,
    trail_left: Trail,
    /// Inner nonzero coefficients of the other component there.
    other_inner: usize,
}

static ZERO: [i16; 64] = [0; 64];

/// Codes or decodes all coefficients of a segment.
///
/// `sampling` gives each component's blocks in an MCU, across and down; `quant` its quantisation table.
pub fn walk_segment<const N: usize, const M: usize, W: BitWalk>(
    walk: &mut W,
    components: &mut [ComponentBlocks],
    sampling: &[(usize, usize)],
    quant: &[[u16; 64]],
) {
    let tables: Vec<Frequency> = quant.iter().map(Frequency::new).collect();
    let classes = if components.len() > 1 { 2 } else { 1 };
    let mut statistics: Vec<Statistics<N, M>> = (0..classes).map(|_| Statistics::new()).collect();
    let mut trails: Vec<Vec<Trail>> = components.iter().map(|c| vec![Trail::default(); c.stride]).collect();
    let mut counts: Vec<Vec<u8>> = components.iter().map(|c| vec![0; c.stride * c.rows]).collect();
    let mcu_rows = components.first().map_or(0, |c| c.rows / sampling[0].1);
    for mcu_row in 0..mcu_rows {
        for index in 0..components.len() {
            let (earlier, rest) = components.split_at_mut(index);
            let (earlier_counts, own_counts) = counts.split_at_mut(index);
            let component = &mut rest[0];
            // The last component becomes black or the second chroma: its best witness is the one before it.
            let witness = index.checked_sub(1).map(|i| (&earlier[i], &earlier_counts[i], sampling[i]));
            let own = &mut statistics[index.min(1) * usize::from(index != 3)];
            for y in mcu_row * sampling[index].1..(mcu_row + 1) * sampling[index].1 {
                let mut row = Row { y, component, trails: &mut trails[index], counts: &mut own_counts[0] };
                walk_row(walk, &mut row, witness, sampling[index], &tables[index], own);
            }
        }
    }
}

/// One row of blocks.
struct Row<'a> {
    y: usize,
    component: &'a mut ComponentBlocks,
    trails: &'a mut [Trail],
    counts: &'a mut [u8],
}

type Witness<'a> = (&'a ComponentBlocks, &'a Vec<u8>, (usize, usize));

fn walk_row<const N: usize, const M: usize, W: BitWalk>(
    walk: &mut W,
    row: &mut Row<'_>,
    witness: Option<Witness<'_>>,
    (h, v): (usize, usize),
    table: &Frequency,
    statistics: &mut Statistics<N, M>,
) {
    let (y, stride) = (row.y, row.component.stride);
    let mut trail_left = Trail::default();
    let (before, now) = row.component.blocks.split_at_mut(y * stride);
    let above_row = &before[y.saturating_sub(1) * stride..];
    for x in 0..stride {
        let mut block = now[x];
        let (other, other_inner) = match witness {
            Some((c, counts, (wh, wv))) => {
                let at = (y * wv / v).min(c.rows - 1) * c.stride + (x * wh / h).min(c.stride - 1);
                (&c.blocks[at], usize::from(counts[at]))
            }
            None => (&ZERO, 0),
        };
        let around = Around {
            above: if y > 0 { &above_row[x] } else { &ZERO },
            left: if x > 0 { &now[x - 1] } else { &ZERO },
            above_left: if y > 0 && x > 0 { &above_row[x - 1] } else { &ZERO },
            other,
            trail_above: if y > 0 { row.trails[x] } else { Trail::default() },
            trail_left,
            other_inner,
        };
        let trail = walk_block(walk, &mut block, &around, table, statistics);
        now[x] = block;
        row.trails[x] = trail;
        row.counts[y * stride + x] = trail.inner;
        trail_left = trail;
    }
}

/// Sums along the block's borders as its coefficients become known.
#[derive(Default)]
struct Borders {
    top: [i32; 8],
    left: [i32; 8],
    trail: Trail,
}

impl Borders {
    #[inline(always)]
    fn add(&mut self, natural: usize, value: i16, table: &Frequency) {
        let (v, u, c) = (natural >> 3, natural & 7, i32::from(value));
        self.top[u] = self.top[u].wrapping_add(table.near_row[natural].wrapping_mul(c));
        self.left[v] = self.left[v].wrapping_add(table.near_column[natural].wrapping_mul(c));
        self.trail.bottom[u] = self.trail.bottom[u].wrapping_add(table.far_row[natural].wrapping_mul(c));
        self.trail.right[v] = self.trail.right[v].wrapping_add(table.far_column[natural].wrapping_mul(c));
    }
}

#[inline(always)]
fn walk_block<const N: usize, const M: usize, W: BitWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    around: &Around<'_>,
    table: &Frequency,
    statistics: &mut Statistics<N, M>,
) -> Trail {
    let mut borders = Borders { trail: Trail { there: true, ..Trail::default() }, ..Borders::default() };
    let count = inner_count(walk, block, around, statistics);
    borders.trail.inner = count as u8;
    inner_coefficients(walk, block, count, around, table, &mut borders, statistics);
    for column in [false, true] {
        edge_coefficients(walk, block, column, around, table, &mut borders, statistics);
    }
    direct_current(walk, block, around, table, &mut borders, statistics);
    borders.trail
}

/// Number of nonzero coefficients outside the first row and column.
#[inline(always)]
fn nonzero_inner(block: &[i16; 64]) -> usize {
    let all = block[8..].iter().map(|c| u32::from(*c != 0)).sum::<u32>();
    let column = (1..8).map(|v| u32::from(block[8 * v] != 0)).sum::<u32>();
    (all - column) as usize
}

fn inner_count<const N: usize, const M: usize, W: BitWalk>(
    walk: &mut W,
    block: &[i16; 64],
    around: &Around<'_>,
    statistics: &mut Statistics<N, M>,
) -> usize {
    let count = if W::READS { 0 } else { nonzero_inner(block) };
    let (a, l) = (usize::from(around.trail_above.inner), usize::from(around.trail_left.inner));
    let average = match (around.trail_above.there, around.trail_left.there) {
        (true, true) => (a + l).div_ceil(2),
        (true, false) => a,
        (false, true) => l,
        _ => 50,
    };
    let (buckets_a, buckets_l) = (count_bucket(a), count_bucket(l));
    let crossed = count_bucket(average.min(49)) * 16 + count_bucket(around.other_inner);
    let contexts = views::<M>(&[average, buckets_a * 16 + buckets_l, crossed], 512);
    let mut node = 1usize;
    while node < 64 {
        let depth = node.ilog2();
        let bit = count >> (5 - depth) & 1 == 1;
        let bit = statistics.inner_count.code(walk, bit, node, contexts.map(|v| v * 64 + node));
        node = node << 1 | usize::from(bit);
    }
    node - 64
}

/// Exponent, sign and mantissa of a coefficient; `views` are the slots of exponent 0, `step` from one to the next.
#[inline(always)]
fn exponent<const N: usize, W: BitWalk>(
    walk: &mut W,
    magnitude: u32,
    mixed: &mut Mixed<N>,
    set: usize,
    sets_step: usize,
    views: [usize; N],
    step: usize,
) -> u32 {
    let size = 32 - magnitude.leading_zeros();
    let mut e = 0u32;
    while (e as usize) < EXPONENTS - 1 {
        let slots = views.map(|v| v + (e as usize).min(EXPONENT_CONTEXTS - 1) * step);
        if !mixed.code(walk, size > e, set + (e as usize).min(3) * sets_step, slots) {
            break;
        }
        e += 1;
    }
    e
}

fn inner_coefficients<const N: usize, const M: usize, W: BitWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    count: usize,
    around: &Around<'_>,
    table: &Frequency,
    borders: &mut Borders,
    statistics: &mut Statistics<N, M>,
) {
    let mut left = count;
    let size = |b: &[i16; 64], k: usize| u32::from(b[k].unsigned_abs());
    if W::READS {
        INNER.iter().for_each(|k| block[usize::from(*k)] = 0);
    }
    for (n, k) in INNER.iter().enumerate() {
        if left == 0 {
            break;
        }
        let k = usize::from(*k);
        let (a, l) = (size(around.above, k), size(around.left, k));
        let weighted = (13 * (a + l) + 6 * size(around.above_left, k)) >> 4;
        let near = magnitude_bucket(weighted);
        let inside = inside_bucket(block, k);
        let remaining = count_bucket(left);
        let place = |first: usize, second: usize| (first * 49 + n) * COUNTS + second;
        let all = [
            place(near, remaining),
            place(inside, remaining),
            (near * MAGNITUDES + inside) * 7 + n / 7,
            place(magnitude_bucket(size(around.other, k)), near.min(9)),
            place(magnitude_bucket(a), magnitude_bucket(l).min(9)),
            place(count_bucket(count), remaining),
        ];
        let contexts = views::<N>(&all, INNER_VIEW);
        let value = block[k];
        let e = exponent(
            walk,
            u32::from(value.unsigned_abs()),
            &mut statistics.inner,
            n,
            49,
            contexts,
            49 * MAGNITUDES * COUNTS,
        );
        if e == 0 {
            block[k] = 0;
            continue;
        }
        left -= 1;
        let negative = if N < 3 {
            walk.bits_16(u32::from(value < 0), 1) == 1
        } else {
            let witness = around.other[k].signum() + 1;
            statistics.inner_sign.code(walk, value < 0, k * 9 + witness as usize)
        };
        let mantissa = mantissa(walk, value, e, |bit, slot, walk: &mut W| {
            statistics.inner_mantissa.code(walk, bit, e as usize * 64 + n.min(15) * 4 + slot)
        });
        block[k] = if negative { (mantissa as i32).wrapping_neg() as i16 } else { mantissa as i16 };
        borders.add(k, block[k], table);
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

/// Bits of a magnitude below its leading one: the first two under adaptive bits, the others raw.
#[inline(always)]
fn mantissa<W: BitWalk>(walk: &mut W, value: i16, e: u32, mut code: impl FnMut(bool, usize, &mut W) -> bool) -> u32 {
    let magnitude = u32::from(value.unsigned_abs());
    let mut out = 1u32;
    let mut below = e - 1;
    if below > 0 {
        below -= 1;
        out = out << 1 | u32::from(code(magnitude >> below & 1 == 1, 0, walk));
    }
    if below > 0 {
        below -= 1;
        out = out << 1 | u32::from(code(magnitude >> below & 1 == 1, 1 + (out & 1) as usize, walk));
    }
    if below > 0 {
        let bits = magnitude & ((1 << below) - 1);
        out = out << below | walk.bits_16(bits, below);
    }
    out
}

fn edge_coefficients<const N: usize, const M: usize, W: BitWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    column: bool,
    around: &Around<'_>,
    table: &Frequency,
    borders: &mut Borders,
    statistics: &mut Statistics<N, M>,
) {
    let (step, side) = if column { (8, 1) } else { (1, 0) };
    let mut left = edge_count(walk, block, column, around, borders, statistics);
    borders.trail.edges[side] = left as u8;
    let (facing, own) =
        if column { (around.trail_left.right, borders.left) } else { (around.trail_above.bottom, borders.top) };
    let there = if column { around.trail_left.there } else { around.trail_above.there };
    let inner = count_bucket(usize::from(borders.trail.inner));
    let size = |b: &[i16; 64], k: usize| u32::from(b[k].unsigned_abs());
    for f in 1..8 {
        let k = f * step;
        if left == 0 {
            block[k] = 0;
            continue;
        }
        let gap = i64::from(facing[f].wrapping_sub(own[f]));
        let predicted = if there { ((gap * table.inverse[side][f] + (1 << 30)) >> 31) as i32 } else { 0 };
        let expected = magnitude_bucket(predicted.unsigned_abs());
        let (a, l) = (size(around.above, k), size(around.left, k));
        let near = magnitude_bucket((13 * (a + l) + 6 * size(around.above_left, k)) >> 4);
        let at = side * 7 + f - 1;
        let place = |first: usize, second: usize| (first * 14 + at) * MAGNITUDES + second;
        let before = if f > 1 { magnitude_bucket(size(block, k - step)) } else { 11 };
        let all = [
            place(expected, left),
            place(near, left),
            (expected * 14 + at) * MAGNITUDES + near,
            place(magnitude_bucket(size(around.other, k)), expected),
            place(inner, expected),
            place(before, near),
        ];
        let contexts = views::<N>(&all, EDGE_VIEW);
        let value = block[k];
        let e = exponent(
            walk,
            u32::from(value.unsigned_abs()),
            &mut statistics.edge,
            at,
            14,
            contexts,
            14 * MAGNITUDES * MAGNITUDES,
        );
        if e == 0 {
            block[k] = 0;
            continue;
        }
        left -= 1;
        let lean = if predicted < 0 { 16 + expected } else { expected };
        let negative = statistics.edge_sign.code(walk, value < 0, at * 32 + lean);
        // Where sign and size of the prediction are right, its bits tell of the bits below.
        let agrees = (predicted < 0) == negative;
        let guess = if agrees { predicted.unsigned_abs() / 2 } else { 0 };
        let guess_size = (32 - guess.leading_zeros()).min(EXPONENTS as u32 - 1);
        let hint = if guess_size == e && e > 1 { 1 + (guess >> (e - 2) & 1) as usize } else { 0 };
        let mantissa = mantissa(walk, value, e, |bit, slot, walk: &mut W| {
            let relation = (guess_size + 1).saturating_sub(e).min(2) as usize;
            let slot = if slot == 0 { hint } else { 2 + slot };
            statistics.edge_mantissa.code(walk, bit, (e as usize * EXPONENTS + relation) * 8 + slot)
        });
        block[k] = if negative { (mantissa as i32).wrapping_neg() as i16 } else { mantissa as i16 };
        borders.add(k, block[k], table);
    }
}

fn edge_count<const N: usize, const M: usize, W: BitWalk>(
    walk: &mut W,
    block: &[i16; 64],
    column: bool,
    around: &Around<'_>,
    borders: &Borders,
    statistics: &mut Statistics<N, M>,
) -> usize {
    let (step, side) = if column { (8, 1) } else { (1, 0) };
    let count = if W::READS { 0 } else { (1..8).filter(|f| block[f * step] != 0).count() };
    let inner = count_bucket(usize::from(borders.trail.inner));
    let (a, l) = (usize::from(around.trail_above.edges[side]), usize::from(around.trail_left.edges[side]));
    let other_side = if column { usize::from(borders.trail.edges[0]) } else { 7 - (a + l) / 2 };
    let mean = (a + l).div_ceil(2);
    let all = [(inner * 8 + mean) * 8 + other_side, (inner * 8 + a) * 8 + l, (a * 8 + l) * 8 + other_side];
    let contexts = views::<M>(&all.map(|v| v * 16), EDGE_COUNT_VIEW);
    let mut node = 1usize;
    while node < 8 {
        let bit = count >> (2 - node.ilog2()) & 1 == 1;
        let slots = contexts.map(|v| v + side * 8 + node);
        let bit = statistics.edge_count.code(walk, bit, side * 8 + node, slots);
        node = node << 1 | usize::from(bit);
    }
    node - 8
}

fn direct_current<const N: usize, const M: usize, W: BitWalk>(
    walk: &mut W,
    block: &mut [i16; 64],
    around: &Around<'_>,
    table: &Frequency,
    borders: &mut Borders,
    statistics: &mut Statistics<N, M>,
) {
    let from =
        |far: i32, near: i32| ((i64::from(far.wrapping_sub(near)) * table.inverse[0][0] + (1 << 28)) >> 29) as i32;
    let (above, left) =
        (from(around.trail_above.bottom[0], borders.top[0]), from(around.trail_left.right[0], borders.left[0]));
    // Eighths of a quantisation step.
    let (predicted, spread) = match (around.trail_above.there, around.trail_left.there) {
        (true, true) => ((above + left) / 2, above.wrapping_sub(left).unsigned_abs() / 4),
        (true, false) => (above, 40),
        (false, true) => (left, 40),
        _ => (0, 200),
    };
    let predicted = (predicted + 4) >> 3;
    let residual = i32::from(block[0]).wrapping_sub(predicted);
    let spread_bucket = magnitude_bucket(spread);
    let inner =
        count_bucket(usize::from(borders.trail.inner) + usize::from(borders.trail.edges[0] + borders.trail.edges[1]));
    let before = usize::from(around.trail_above.dc_residual.max(around.trail_left.dc_residual));
    let all = [spread_bucket * MAGNITUDES + inner, before * MAGNITUDES + spread_bucket, inner * MAGNITUDES + before];
    let contexts = views::<M>(&all, DC_VIEW);
    let magnitude = residual.unsigned_abs().min(0xffff);
    let size = 32 - magnitude.leading_zeros();
    let mut e = 0u32;
    while (e as usize) < EXPONENTS - 1 {
        let slots = contexts.map(|v| v + e as usize * MAGNITUDES * MAGNITUDES);
        if !statistics.dc.code(walk, size > e, e as usize, slots) {
            break;
        }
        e += 1;
    }
    let mut value = 0i32;
    if e > 0 {
        let lean = match above.wrapping_sub(left) {
            d if d > 8 => 1,
            d if d < -8 => 2,
            _ => 0,
        };
        let negative = statistics.dc_sign.code(walk, residual < 0, lean);
        let mut out = 1u32;
        let mut below = e - 1;
        if below > 0 {
            below -= 1;
            out = out << 1 | u32::from(statistics.dc_mantissa.code(walk, magnitude >> below & 1 == 1, e as usize * 4));
        }
        out = out << below | walk.bits_16(magnitude & ((1 << below) - 1), below);
        value = if negative { -(out as i32) } else { out as i32 };
    }
    block[0] = predicted.wrapping_add(value) as i16;
    borders.trail.dc_residual = magnitude_bucket(value.unsigned_abs()) as u8;
    borders.add(0, block[0], table);
}

//! Lines, strips and blocks: how the network is led over memory.

use super::network::{
    Forward4, Forward8, Forward16, Forward32, Inverse4, Inverse8, Inverse16, Inverse32, Lane, Network,
    Sample,
};
use fearless_simd::{Level, Simd, dispatch};

/// The length of a transform, and the side of its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Points {
    /// 4.
    Four,
    /// 8.
    Eight,
    /// 16.
    Sixteen,
    /// 32.
    ThirtyTwo,
}

impl Points {
    /// All, from the smallest.
    pub const ALL: [Self; 4] = [Self::Four, Self::Eight, Self::Sixteen, Self::ThirtyTwo];

    /// As a number.
    pub fn count(self) -> usize {
        4 << self as usize
    }
}

/// Direction of the transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Samples to coefficients: DCT-II.
    Forward,
    /// Coefficients to samples: DCT-III.
    Inverse,
}

/// Columns of the scratch strip: two blocks of 32. With 32 rows of 4 bytes it fits a level-1
/// cache; not measured against other widths.
const SCRATCH_WIDTH: usize = 64;

const POINTS_MAX: usize = 32;

/// Transforms one line in place.
///
/// # Panics
/// If the length of the line is not `points`.
pub fn transform_line<T: Sample>(level: Level, points: Points, direction: Direction, line: &mut [T]) {
    transform_strip(level, points, direction, line, 1);
}

/// Transforms every column of a strip, `points` rows of `width` samples, in place.
///
/// # Panics
/// If the strip does not have `points * width` samples.
pub fn transform_strip<T: Sample>(
    level: Level,
    points: Points,
    direction: Direction,
    strip: &mut [T],
    width: usize,
) {
    assert_eq!(strip.len(), points.count() * width, "a strip holds whole rows");
    if width > 0 {
        dispatch!(level, simd => columns(simd, points, direction, strip, width));
    }
}

/// Transforms blocks in both directions, in place. Blocks of `points` rows of `points` samples
/// follow one another.
///
/// ```
/// use fearless_simd::Level;
/// use tintype_transform::dct::{Direction, Points, transform_blocks};
/// let mut block: Vec<i32> = (0..16).map(|i| i * i).collect();
/// let before = block.clone();
/// transform_blocks(Level::new(), Points::Four, Direction::Forward, &mut block);
/// assert_eq!(block, [311, -66, 4, -5, -268, 40, 0, 3, 64, 0, 0, 0, -20, 2, 0, 2]);
/// transform_blocks(Level::new(), Points::Four, Direction::Inverse, &mut block);
/// assert_eq!(block, before);
/// ```
///
/// # Panics
/// If the last block is incomplete.
pub fn transform_blocks<T: Sample>(
    level: Level,
    points: Points,
    direction: Direction,
    blocks: &mut [T],
) {
    let side = points.count();
    assert_eq!(blocks.len() % (side * side), 0, "only whole blocks are transformed");
    let together = SCRATCH_WIDTH / side;
    let mut scratch =
        ([T::default(); POINTS_MAX * SCRATCH_WIDTH], [T::default(); POINTS_MAX * SCRATCH_WIDTH]);
    for group in blocks.chunks_mut(together * side * side) {
        let width = group.len() / side;
        let first = &mut scratch.0[..group.len()];
        let second = &mut scratch.1[..group.len()];
        match direction {
            Direction::Forward => {
                strip_from_blocks(side, width, group, first);
                transform_strip(level, points, direction, first, width);
                transpose_blocks(side, width, first, second);
                transform_strip(level, points, direction, second, width);
                transpose_blocks(side, width, second, first);
            }
            Direction::Inverse => {
                strip_from_blocks(side, width, group, second);
                transpose_blocks(side, width, second, first);
                transform_strip(level, points, direction, first, width);
                transpose_blocks(side, width, first, second);
                transform_strip(level, points, direction, second, width);
                first.copy_from_slice(second);
            }
        }
        blocks_from_strip(side, width, first, group);
    }
}

fn strip_from_blocks<T: Sample>(side: usize, width: usize, blocks: &[T], strip: &mut [T]) {
    for (b, block) in blocks.chunks_exact(side * side).enumerate() {
        for (row, line) in block.chunks_exact(side).zip(strip.chunks_exact_mut(width)) {
            line[b * side..(b + 1) * side].copy_from_slice(row);
        }
    }
}

fn blocks_from_strip<T: Sample>(side: usize, width: usize, strip: &[T], blocks: &mut [T]) {
    for (b, block) in blocks.chunks_exact_mut(side * side).enumerate() {
        for (row, line) in block.chunks_exact_mut(side).zip(strip.chunks_exact(width)) {
            row.copy_from_slice(&line[b * side..(b + 1) * side]);
        }
    }
}

/// Transposes each block of a strip.
fn transpose_blocks<T: Sample>(side: usize, width: usize, from: &[T], to: &mut [T]) {
    for (y, line) in to.chunks_exact_mut(width).enumerate() {
        for (b, row) in line.chunks_exact_mut(side).enumerate() {
            let column = from[b * side + y..].iter().step_by(width);
            row.iter_mut().zip(column).for_each(|(out, &x)| *out = x);
        }
    }
}

#[inline(always)]
fn columns<S: Simd, T: Sample>(
    simd: S,
    points: Points,
    direction: Direction,
    strip: &mut [T],
    width: usize,
) {
    use Direction::{Forward, Inverse};
    match (points, direction) {
        (Points::Four, Forward) => each::<S, T, Forward4, 4>(simd, strip, width),
        (Points::Four, Inverse) => each::<S, T, Inverse4, 4>(simd, strip, width),
        (Points::Eight, Forward) => each::<S, T, Forward8, 8>(simd, strip, width),
        (Points::Eight, Inverse) => each::<S, T, Inverse8, 8>(simd, strip, width),
        (Points::Sixteen, Forward) => each::<S, T, Forward16, 16>(simd, strip, width),
        (Points::Sixteen, Inverse) => each::<S, T, Inverse16, 16>(simd, strip, width),
        (Points::ThirtyTwo, Forward) => each::<S, T, Forward32, 32>(simd, strip, width),
        (Points::ThirtyTwo, Inverse) => each::<S, T, Inverse32, 32>(simd, strip, width),
    }
}

/// Runs a network over all columns, a vector at a time; the last vector is padded with zeros.
#[inline(always)]
fn each<S: Simd, T: Sample, W: Network<N>, const N: usize>(simd: S, strip: &mut [T], width: usize) {
    let len = T::Lane::<S>::LEN;
    let whole = width - width % len;
    for x in (0..whole).step_by(len) {
        let mut lanes = [T::Lane::<S>::load(simd, &strip[x..]); N];
        for row in 1..N {
            lanes[row] = T::Lane::<S>::load(simd, &strip[row * width + x..]);
        }
        let lanes = W::run::<S, T, T::Lane<S>>(lanes);
        for row in 0..N {
            lanes[row].store(&mut strip[row * width + x..]);
        }
    }
    let rest = width - whole;
    if rest > 0 {
        let mut padded = [[T::default(); 16]; N];
        for row in 0..N {
            padded[row][..rest].copy_from_slice(&strip[row * width + whole..][..rest]);
        }
        let mut lanes = [T::Lane::<S>::load(simd, &padded[0]); N];
        for row in 1..N {
            lanes[row] = T::Lane::<S>::load(simd, &padded[row]);
        }
        let lanes = W::run::<S, T, T::Lane<S>>(lanes);
        for row in 0..N {
            lanes[row].store(&mut padded[row]);
            strip[row * width + whole..][..rest].copy_from_slice(&padded[row][..rest]);
        }
    }
}

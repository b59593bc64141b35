//! The search for vectors.
//!
//! In 8 bits: whole samples by sums of absolute differences, from the vectors of neighbours, of the block around, and
//! of the coarse search; then halves and quarters by Hadamard sums, between half samples made beforehand. What
//! costs least with the bits of the difference to the prediction of the vector.

use super::difference::{hadamard, row_sad};
use super::look::{Halves, Look, MARGIN};
use crate::compensate::AREA;
use crate::motion::{Motion, Vector};
use fearless_simd::{Level, Simd, dispatch};

/// The pictures to search in.
#[derive(Debug)]
pub struct VectorSearch<'a> {
    /// The picture itself.
    pub source: &'a Look,
    /// Each reference.
    pub references: Vec<&'a Halves>,
    /// Size of the picture.
    pub size: (usize, usize),
    /// Difference that a bit may cost.
    pub lambda: f32,
    /// SIMD level.
    pub level: Level,
}

/// A block.
type Block = ((usize, usize), usize);

/// Bits of a difference of vectors, about.
#[inline(always)]
pub fn vector_bits(vector: Vector, from: Vector) -> f32 {
    let bits = |a: i16, b: i16| {
        let d = i32::from(a).abs_diff(i32::from(b));
        if d == 0 { 0.7 } else { 3.0 + 1.7 * ((d + 1).ilog2() as f32) }
    };
    bits(vector.x, from.x) + bits(vector.y, from.y)
}

/// The fewest bits from either prediction, and which.
#[inline(always)]
pub fn best_predictor(vector: Vector, predictors: &[Vector; 2]) -> (usize, f32) {
    let [a, b] = predictors.map(|from| vector_bits(vector, from));
    if b < a { (1, b + 1.0) } else { (0, a + 1.0) }
}

impl VectorSearch<'_> {
    /// `vector` such that the block stays within the margin.
    #[inline(always)]
    fn bounded(&self, (at, side): Block, x: i32, y: i32) -> Vector {
        let bound = |at: usize, size: usize, v: i32| {
            let room = MARGIN as i32 - 8;
            v.clamp(-4 * (room + at as i32), 4 * ((size + room as usize) as i32 - (at + side) as i32))
        };
        Vector::clamped(bound(at.0, self.size.0, x), bound(at.1, self.size.1, y))
    }

    /// The best vector into `reference`, and its cost.
    pub fn find(
        &self,
        reference: usize,
        block: Block,
        predictors: &[Vector; 2],
        starts: &[Vector],
    ) -> (Vector, f32) {
        dispatch!(self.level, simd => simd.vectorize(#[inline(always)] || {
            let whole = self.find_whole(reference, block, predictors, starts);
            self.find_part(reference, block, predictors, whole, None)
        }))
    }

    /// A better vector near `vector` for a block of which `other` predicts the other half.
    pub fn refine(
        &self,
        reference: usize,
        block: Block,
        predictors: &[Vector; 2],
        vector: Vector,
        other: &[u8],
    ) -> (Vector, f32) {
        dispatch!(self.level, simd => simd.vectorize(#[inline(always)] || {
            self.find_part(reference, block, predictors, vector, Some(other))
        }))
    }

    /// What a vector in whole samples costs.
    #[inline(always)]
    fn whole_cost(&self, whole: &Look, block: Block, predictors: &[Vector; 2], vector: Vector) -> f32 {
        let (at, side) = block;
        let place =
            (at.0 as isize + isize::from(vector.x >> 2), at.1 as isize + isize::from(vector.y >> 2));
        let sum = match side {
            8 => self.sad::<8>(whole, at, place),
            16 => self.sad::<16>(whole, at, place),
            32 => self.sad::<32>(whole, at, place),
            _ => self.sad::<64>(whole, at, place),
        };
        sum as f32 + self.lambda * best_predictor(vector, predictors).1
    }

    #[inline(always)]
    fn sad<const N: usize>(&self, whole: &Look, at: (usize, usize), (x, y): (isize, isize)) -> u32 {
        let mut sum = 0;
        for row in 0..N as isize {
            let own: Option<&[u8; N]> =
                self.source.row(at.0 as isize, at.1 as isize + row, N).first_chunk();
            let from: Option<&[u8; N]> = whole.row(x, y + row, N).first_chunk();
            if let (Some(own), Some(from)) = (own, from) {
                sum += row_sad(own, from);
            }
        }
        sum
    }

    /// What a vector in quarters costs.
    #[inline(always)]
    fn part_cost(
        &self,
        halves: &Halves,
        block: Block,
        predictors: &[Vector; 2],
        vector: Vector,
        other: Option<&[u8]>,
    ) -> f32 {
        self.part_difference(halves, block, vector, other)
            + self.lambda * best_predictor(vector, predictors).1
    }

    #[inline(always)]
    fn find_whole(
        &self,
        reference: usize,
        block: Block,
        predictors: &[Vector; 2],
        starts: &[Vector],
    ) -> Vector {
        let whole = self.references[reference].whole();
        let cost = |vector| self.whole_cost(whole, block, predictors, vector);
        let rounded =
            |v: Vector| self.bounded(block, (i32::from(v.x) + 2) & !3, (i32::from(v.y) + 2) & !3);
        let mut best = (Vector::default(), f32::INFINITY);
        let mut seen = [Vector::default(); 16];
        let all = starts.iter().chain(predictors).copied().chain([Vector::default()]);
        for (count, start) in all.take(seen.len()).enumerate() {
            let vector = rounded(start);
            let known = seen[..count].contains(&vector);
            seen[count] = vector;
            if !known {
                let cost = cost(vector);
                if cost < best.1 {
                    best = (vector, cost);
                }
            }
        }
        for step in [16, 4] {
            for _ in 0..12 {
                let center = best.0;
                for (dx, dy) in [(-1, 0), (1, 0), (0, -1), (0, 1)] {
                    let vector = self.bounded(
                        block,
                        i32::from(center.x) + dx * step,
                        i32::from(center.y) + dy * step,
                    );
                    if vector == center {
                        continue;
                    }
                    let cost = cost(vector);
                    if cost < best.1 {
                        best = (vector, cost);
                    }
                }
                if best.0 == center {
                    break;
                }
            }
        }
        best.0
    }

    #[inline(always)]
    fn find_part(
        &self,
        reference: usize,
        block: Block,
        predictors: &[Vector; 2],
        from: Vector,
        other: Option<&[u8]>,
    ) -> (Vector, f32) {
        let halves = self.references[reference];
        let cost = |vector| self.part_cost(halves, block, predictors, vector, other);
        let mut best = (from, cost(from));
        for step in [2, 1] {
            let center = best.0;
            let (mut crosses, mut x_best, mut y_best) = ([f32::INFINITY; 4], 0, 0);
            for (k, (dx, dy)) in [(-1, 0), (1, 0), (0, -1), (0, 1)].into_iter().enumerate() {
                let vector = self.bounded(
                    block,
                    i32::from(center.x) + dx * step,
                    i32::from(center.y) + dy * step,
                );
                crosses[k] = cost(vector);
                if crosses[k] < best.1 {
                    best = (vector, crosses[k]);
                }
            }
            x_best += if crosses[0] < crosses[1] { -1 } else { 1 };
            y_best += if crosses[2] < crosses[3] { -1 } else { 1 };
            let vector = self.bounded(
                block,
                i32::from(center.x) + x_best * step,
                i32::from(center.y) + y_best * step,
            );
            let diagonal = cost(vector);
            if diagonal < best.1 {
                best = (vector, diagonal);
            }
        }
        best
    }

    /// The Hadamard difference of the block to what lies at `vector`, or to the mean of that and `other`.
    #[inline(always)]
    fn part_difference(
        &self,
        halves: &Halves,
        (at, side): Block,
        vector: Vector,
        other: Option<&[u8]>,
    ) -> f32 {
        let (x, y) = (4 * at.0 as i32 + i32::from(vector.x), 4 * at.1 as i32 + i32::from(vector.y));
        let mut sum = 0;
        for top in (0..side).step_by(8) {
            for left in (0..side).step_by(8) {
                let mut block = [[0i16; 8]; 8];
                for (row, to) in block.iter_mut().enumerate() {
                    let own = self.source.row((at.0 + left) as isize, (at.1 + top + row) as isize, 8);
                    let [a, b] = halves.rows(x + 4 * left as i32, y + 4 * (top + row) as i32, 8);
                    let (own, a, b) = (first_8(own), first_8(a), first_8(b));
                    if let Some(other) = other {
                        let other = first_8(&other[(top + row) * side + left..]);
                        for k in 0..8 {
                            let mean = (u16::from(a[k]) + u16::from(b[k]) + 1) >> 1;
                            to[k] = i16::from(own[k]) - ((mean + u16::from(other[k]) + 1) >> 1) as i16;
                        }
                    } else {
                        for k in 0..8 {
                            to[k] = i16::from(own[k])
                                - ((u16::from(a[k]) + u16::from(b[k]) + 1) >> 1) as i16;
                        }
                    }
                }
                sum += hadamard(&mut block);
            }
        }
        sum as f32
    }

    /// About what the block is predicted to be from one reference.
    pub fn about(&self, reference: usize, block: Block, vector: Vector, out: &mut [u8]) {
        let ((at, side), halves) = (block, self.references[reference]);
        let vector = self.bounded(block, vector.x.into(), vector.y.into());
        let (x, y) = (4 * at.0 as i32 + i32::from(vector.x), 4 * at.1 as i32 + i32::from(vector.y));
        for (row, to) in out.chunks_exact_mut(side).take(side).enumerate() {
            let [a, b] = halves.rows(x, y + 4 * row as i32, side);
            for ((to, &a), &b) in to.iter_mut().zip(a).zip(b) {
                *to = ((u16::from(a) + u16::from(b) + 1) >> 1) as u8;
            }
        }
    }

    /// About how much the block differs from what `motion` predicts.
    pub fn difference(&self, block: Block, motion: &Motion) -> f32 {
        let mut parts = motion.parts();
        let Some(first) = parts.next() else { return f32::INFINITY };
        let bounded = |v: Vector| self.bounded(block, v.x.into(), v.y.into());
        let second = parts.next();
        dispatch!(self.level, simd => simd.vectorize(#[inline(always)] || {
            let halves = self.references[first.0];
            let Some(second) = second else {
                return self.part_difference(halves, block, bounded(first.1), None);
            };
            let mut other = [0u8; AREA];
            self.about(second.0, block, second.1, &mut other);
            self.part_difference(halves, block, bounded(first.1), Some(&other))
        }))
    }
}

#[inline(always)]
fn first_8(row: &[u8]) -> &[u8; 8] {
    row.first_chunk().expect("rows have at least 8 samples")
}

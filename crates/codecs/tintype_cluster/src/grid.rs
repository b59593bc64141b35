//! The grid of means: one value for each cell of 8 × 8, coded as a small wavelet-transformed
//! picture and interpolated.
//!
//! In and out: `i16` internal units, `width/8 × height/8`. The interpolation is bilinear
//! between the cells' centres; the values are chosen so that the interpolated cells have the
//! picture's means. Bit-exact but for [`fitted`] and the choice of coefficients: the transform
//! is the 9/7 of `tintype_transform`, plain floats in a fixed order.

use super::product::rounded_product;
use super::symbols::Coder;
use super::synthesis::{SIDE, Superblock};
use super::tables::GRID_NEIGHBOURHOODS;
use fearless_simd::{Level, Simd, dispatch, i16x16, prelude::*};
use tintype_block::INTERNAL_MAX;
use tintype_entropy::SymbolWalk;
use tintype_image::Plane;
use tintype_transform::dwt::{Band, Filter97, Orientation, analyse, synthesise};

/// Side of a cell.
pub const CELL: usize = 8;
/// Weights of the neighbouring cell for each place in a cell, in 1 / 2^15: sixteenths.
const WEIGHTS: [i16; CELL] = [7 << 11, 5 << 11, 3 << 11, 1 << 11, 1 << 11, 3 << 11, 5 << 11, 7 << 11];
/// A coefficient of magnitude `m` steps becomes `floor(m + ROUND)`: less than one half, as
/// larger numbers cost more. On three pictures of photos/valid 0.45 is 0.7 % better than 0.38,
/// 0.30 is 2.4 % worse (docs/lab/cluster.md).
const ROUND: f32 = 0.45;

fn levels(width: usize, height: usize) -> u8 {
    let least = width.min(height).max(1);
    (least.ilog2() as u8).min(5)
}

/// The bands of a grid from the coarsest on.
fn bands(levels: u8) -> impl Iterator<Item = Band> {
    let coarse = Band { level: levels, orientation: Orientation::LowLow };
    let fine = (1..=levels).rev().flat_map(|level| {
        [Orientation::HighLow, Orientation::LowHigh, Orientation::HighHigh]
            .map(|orientation| Band { level, orientation })
    });
    std::iter::once(coarse).chain(fine)
}

fn class(band: Band) -> usize {
    match (band.orientation, band.level) {
        (Orientation::LowLow, _) => 0,
        (_, 1) => 3,
        (_, 2) => 2,
        _ => 1,
    }
}

/// Class of the coefficients around one, by their magnitudes left, above, above left and above
/// right.
#[inline(always)]
fn neighbourhood(left: u32, above: u32, above_left: u32, above_right: u32) -> usize {
    const LAST: u8 = GRID_NEIGHBOURHOODS as u8 - 1;
    const CLASSES: [u8; 20] = [0, 1, 2, 3, 4, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7, LAST];
    let sum = 2 * left + 2 * above + above_left + above_right;
    usize::from(CLASSES[sum.min(19) as usize])
}

/// Largest magnitude of a coefficient of the coarsest band.
const MAGNITUDE_MAX: u32 = 1 << 20;

/// Quantised coefficients, band after band.
pub struct Coefficients {
    levels: u8,
    size: (usize, usize),
    bands: Vec<(Band, Plane<i32>)>,
}

impl Coefficients {
    /// All zero.
    pub fn zero((width, height): (usize, usize)) -> Self {
        let levels = levels(width, height);
        let bands = bands(levels).map(|band| {
            let (w, h) = band.size(width, height);
            (band, Plane::new(w, h))
        });
        Self { levels, size: (width, height), bands: bands.collect() }
    }

    /// Of the grid `values`, quantised.
    pub fn of_values(values: &[f32], (width, height): (usize, usize), step: f32, level: Level) -> Self {
        let mut own = Self::zero((width, height));
        let mut work = values.to_vec();
        let bands = &mut own.bands;
        analyse::<Filter97>(level, &mut work, (width, height), own.levels, &mut |band, y, row| {
            let Some((_, plane)) = bands.iter_mut().find(|(b, _)| *b == band) else { return };
            let round = if band.orientation == Orientation::LowLow { 0.5 } else { ROUND };
            for (q, v) in plane.row_mut(y).iter_mut().zip(row) {
                let magnitude = (v.abs() / step + round) as i32;
                *q = if *v < 0.0 { -magnitude } else { magnitude };
            }
        });
        own
    }

    /// Codes or reads them: the coarsest band, then the three of each level together, so that a
    /// decoder has three coefficients at a time that do not wait for each other.
    #[inline(always)]
    pub fn code<W: SymbolWalk, S: Simd>(
        &mut self,
        walk: &mut W,
        coder: &mut Coder<'_, S>,
        chroma: bool,
    ) {
        let [(_, coarsest), fine @ ..] = self.bands.as_mut_slice() else { return };
        code_coarsest(coarsest, walk, coder, chroma);
        for bands in fine.as_chunks_mut::<3>().0 {
            code_level(bands, walk, coder, chroma);
        }
    }

    /// The grid that a decoder makes of them.
    pub fn values(&self, step: f32, level: Level) -> Plane<i16> {
        let (width, height) = self.size;
        let mut source = |band: Band, y: usize, row: &mut [f32]| {
            let Some((_, plane)) = self.bands.iter().find(|(b, _)| *b == band) else { return };
            row.iter_mut().zip(plane.row(y)).for_each(|(v, &q)| *v = q as f32 * step);
        };
        let values = synthesise::<Filter97>(level, (width, height), self.levels, 0, &mut source);
        let max = f32::from(INTERNAL_MAX);
        let mut samples = vec![0i16; values.len()];
        // Under vectors: elsewhere a floor is a call.
        dispatch!(level, simd => simd.vectorize(
            #[inline(always)]
            || samples.iter_mut().zip(&values).for_each(|(s, v)| *s = (v + 0.5).floor().clamp(-max, max) as i16)
        ));
        Plane::from_vec(width, height, samples).unwrap_or_else(|| Plane::new(width, height))
    }
}

/// The coarsest band: differences to the mean of left and above.
#[inline(always)]
fn code_coarsest<W: SymbolWalk, S: Simd>(
    plane: &mut Plane<i32>,
    walk: &mut W,
    coder: &mut Coder<'_, S>,
    chroma: bool,
) {
    let mut above = vec![0i32; plane.width()];
    for y in 0..plane.height() {
        let mut left = 0;
        for (x, (value, above)) in plane.row_mut(y).iter_mut().zip(&mut above).enumerate() {
            let guess = if y > 0 && x > 0 { (left + *above) / 2 } else { left + *above };
            let (_, missed) = coder.coefficient(walk, value.wrapping_sub(guess), chroma, 0, 0);
            let max = MAGNITUDE_MAX as i32;
            *value = missed.wrapping_add(guess).clamp(-max, max);
            (left, *above) = (*value, *value);
        }
    }
}

/// The three bands of one level, row by row and column by column, as far as each goes.
#[inline(always)]
fn code_level<W: SymbolWalk, S: Simd>(
    bands: &mut [(Band, Plane<i32>); 3],
    walk: &mut W,
    coder: &mut Coder<'_, S>,
    chroma: bool,
) {
    let class = class(bands[0].0);
    let (width, height) =
        bands.iter().fold((0, 0), |(w, h), (_, b)| (w.max(b.width()), h.max(b.height())));
    // Magnitudes of the row above and of the present one, with a zero before and behind.
    let mut rows = [[(); 2]; 3].map(|pair| pair.map(|()| vec![0u32; width + 2]));
    for y in 0..height {
        let values =
            bands.each_mut().map(|(_, band)| if y < band.height() { band.row_mut(y) } else { &mut [] });
        let common = values.iter().map(|values| values.len()).min().unwrap_or(0);
        let [(values0, rest0), (values1, rest1), (values2, rest2)] =
            values.map(|values| values.split_at_mut(common));
        let [[above0, now0], [above1, now1], [above2, now2]] =
            rows.each_mut().map(|[a, n]| [&mut a[..], &mut n[..]]);
        let mut left = [0; 3];
        let first = values0.iter_mut().zip(above0.windows(3)).zip(&mut now0[1..]);
        let second = values1.iter_mut().zip(above1.windows(3)).zip(&mut now1[1..]);
        let third = values2.iter_mut().zip(above2.windows(3)).zip(&mut now2[1..]);
        for ((((v0, a0), n0), ((v1, a1), n1)), ((v2, a2), n2)) in first.zip(second).zip(third) {
            left[0] = coefficient(walk, coder, (chroma, class), v0, left[0], a0);
            left[1] = coefficient(walk, coder, (chroma, class), v1, left[1], a1);
            left[2] = coefficient(walk, coder, (chroma, class), v2, left[2], a2);
            (*n0, *n1, *n2) = (left[0], left[1], left[2]);
        }
        let rest = [(rest0, above0, now0), (rest1, above1, now1), (rest2, above2, now2)];
        for ((values, above, now), mut left) in rest.into_iter().zip(left) {
            for (x, value) in (common..).zip(values) {
                left = coefficient(walk, coder, (chroma, class), value, left, &above[x..x + 3]);
                now[x + 1] = left;
            }
        }
        rows.iter_mut().for_each(|[above, now]| std::mem::swap(above, now));
    }
}

/// One coefficient after its neighbours' magnitudes, that on the left and three above; returns
/// its own.
#[inline(always)]
fn coefficient<W: SymbolWalk, S: Simd>(
    walk: &mut W,
    coder: &mut Coder<'_, S>,
    (chroma, class): (bool, usize),
    value: &mut i32,
    left: u32,
    above: &[u32],
) -> u32 {
    let around = neighbourhood(left, above[1], above[0], above[2]);
    let (magnitude, coded) = coder.coefficient(walk, *value, chroma, class, around);
    *value = coded;
    magnitude
}

/// The step of the grid's coefficients for blocks coded in steps of `step`.
pub fn grid_step(step: u16) -> f32 {
    f32::from(step) * GRID_SHARE
}

/// Step of the means in steps of gains: a mean stands for 64 samples, spread by the
/// interpolation. On three pictures of photos/valid 0.17 costs 1.0 % less than 0.219, 0.27 2.8
/// % more; 0.13 loses 2 % again (docs/lab/cluster.md).
const GRID_SHARE: f32 = 0.175;

/// Grid values whose interpolation has the means of `plane` in every cell.
pub fn fitted(plane: &Plane<i16>) -> Vec<f32> {
    let (w, h) = (plane.width() / CELL, plane.height() / CELL);
    let mut means = vec![0f32; w * h];
    for y in 0..plane.height() {
        for (x, cell) in plane.row(y).chunks_exact(CELL).enumerate() {
            means[y / CELL * w + x] +=
                cell.iter().map(|&v| f32::from(v)).sum::<f32>() / (CELL * CELL) as f32;
        }
    }
    let mut values = means.clone();
    for _ in 0..8 {
        // The mean of an interpolated line of cells: 1/8, 6/8, 1/8 of the cells around.
        let line = |a: f32, b: f32, c: f32| 0.125 * (a + c) + 0.75 * b;
        let mut rows = vec![0f32; w * h];
        for y in 0..h {
            for x in 0..w {
                let at = |x: usize| values[y * w + x];
                rows[y * w + x] = line(at(x.saturating_sub(1)), at(x), at((x + 1).min(w - 1)));
            }
        }
        for y in 0..h {
            for x in 0..w {
                let at = |y: usize| rows[y * w + x];
                let made = line(at(y.saturating_sub(1)), at(y), at((y + 1).min(h - 1)));
                values[y * w + x] += means[y * w + x] - made;
            }
        }
    }
    values
}

/// The interpolated surface, a strip of superblocks at a time from the first on.
pub struct Surface {
    width: usize,
    /// Four lines of cells, stretched: that above the strip, the strip's own two, and that below.
    lines: Vec<i16>,
    /// Strips made so far.
    made: usize,
}

impl Surface {
    /// For planes of `width` samples, a multiple of 16.
    pub fn new(width: usize) -> Self {
        Self { width, lines: vec![0; 4 * width], made: 0 }
    }

    /// The next strip, into `out`.
    #[inline(always)]
    pub fn strip<S: Simd>(&mut self, simd: S, grid: &Plane<i16>, out: &mut [Superblock]) {
        let (width, last) = (self.width, grid.height() - 1);
        // Two lines are left from the strip before.
        let kept = if self.made > 0 { 2 } else { 0 };
        self.lines.copy_within((4 - kept) * width.., 0);
        for (k, line) in self.lines.chunks_exact_mut(width).enumerate().skip(kept) {
            let row = (2 * self.made + k).saturating_sub(1).min(last);
            stretched(simd, grid.row(row), line);
        }
        self.made += 1;
        let line = |k: usize| self.lines[k * width..][..width].as_chunks::<SIDE>().0;
        for (k, rows) in [[0, 4], [8, 12]].into_iter().enumerate() {
            for (superblock, ((before, own), behind)) in
                out.iter_mut().zip(line(k).iter().zip(line(k + 1)).zip(line(k + 2)))
            {
                let own = i16x16::from_slice(simd, own);
                for (first, other) in rows.into_iter().zip([before, behind]) {
                    let gap = i16x16::from_slice(simd, other) - own;
                    for y in first..first + CELL / 2 {
                        let weight = i16x16::splat(simd, WEIGHTS[y % CELL]);
                        (own + rounded_product(gap, weight)).store_slice(&mut superblock.0[y]);
                    }
                }
            }
        }
    }
}

/// One line of cells at eight times the length.
#[inline(always)]
fn stretched<S: Simd>(simd: S, cells: &[i16], line: &mut [i16]) {
    let last = cells.len() - 1;
    let mut weights = [0; SIDE];
    weights.as_chunks_mut().0.fill(WEIGHTS);
    let weights = i16x16::from_slice(simd, &weights);
    for (i, out) in line.as_chunks_mut::<SIDE>().0.iter_mut().enumerate() {
        let i = 2 * i;
        let [a, b, c, d] =
            [cells[i.saturating_sub(1)], cells[i], cells[(i + 1).min(last)], cells[(i + 2).min(last)]];
        let own = i16x16::from_slice(simd, &[b, b, b, b, b, b, b, b, c, c, c, c, c, c, c, c]);
        let others = i16x16::from_slice(simd, &[a, a, a, a, c, c, c, c, b, b, b, b, d, d, d, d]);
        (own + rounded_product(others - own, weights)).store_slice(out);
    }
}

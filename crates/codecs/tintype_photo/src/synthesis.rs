//! What a block's symbols come to: prediction, slopes, dequantised rows. Bit-exact.

use super::dct;
use super::model::PhotoModel;
use super::piece_set::{Piece, PieceSet};
use super::weights::UNIT;
use fearless_simd::{Level, Simd, dispatch};
use tintype_block::{
    Border, Dequantiser, ENTRY_BITS, INTERNAL_MAX, PlaneState, add_row, half_steps, sample_from_sum,
};
use tintype_image::Plane;

/// Reconstruction offset towards zero, in 1/256 of a step; part of the format. On crops of
/// photos/valid 4 and 20 need 0.06 and 0.13 % more bytes at the same PSNR than 12.
const SHRINK_Q8: i32 = 12;

/// Fractional bits of slopes.
const SLOPE_BITS: u32 = 3;

/// How blocks are reconstructed.
#[derive(Clone, Copy)]
pub struct Synthesis<'a> {
    /// Pieces.
    pub model: &'a PhotoModel,
    /// The plane's step, internal units.
    pub step: i32,
    /// Whether blocks have steps of their own, and rows weights.
    pub varies: bool,
    /// For the kernels.
    pub level: Level,
}

/// The step of index `index` in a plane of `step`: a quarter of an octave each.
pub fn step_at(step: i32, index: i8) -> i32 {
    /// 2^(i/4) with 12 fractional bits.
    const ROOTS: [i64; 4] = [4096, 4871, 5793, 6889];
    let index = i32::from(index);
    let root = ROOTS[index.rem_euclid(4) as usize];
    let shift = 12 - index.div_euclid(4);
    let step = (i64::from(step) * root + (1 << (shift - 1))) >> shift;
    step.clamp(1, 65_535) as i32
}

impl Synthesis<'_> {
    /// Levels to amplitudes in blocks of step `index`.
    pub fn dequantiser(&self, index: i8) -> Dequantiser {
        Dequantiser::new(step_at(self.step, index), SHRINK_Q8)
    }

    /// The weight of each row of a piece.
    #[inline]
    pub fn weight(&self, weight: u8) -> i32 {
        if self.varies { i32::from(weight) } else { UNIT }
    }

    /// The samples of a block without its slopes' part.
    pub fn samples(
        &self,
        set: &PieceSet,
        piece: usize,
        border: &Border,
        (levels, dequantiser): (&[i16], &Dequantiser),
        out: &mut [i16],
    ) {
        // Small blocks with room of their own: to clear that of a large one would take longer than the
        // block.
        let coded = (&set.pieces[piece], set.n, levels, dequantiser);
        match out.len() {
            64 => self.samples_in(&mut [0; 64], coded, border, out),
            256 => self.samples_in(&mut [0; 256], coded, border, out),
            _ => self.samples_in(&mut [0; dct::SIDE * dct::SIDE], coded, border, out),
        }
    }

    /// As [`Synthesis::samples`], of a block of side `n`, with `sums` to work in.
    #[inline(always)]
    fn samples_in(
        &self,
        sums: &mut [i32],
        (piece, n, levels, dequantiser): (&Piece, usize, &[i16], &Dequantiser),
        border: &Border,
        out: &mut [i16],
    ) {
        let mut halves = [0i32; dct::KEPT];
        let halves = &mut halves[..levels.len()];
        half_steps(levels, halves);
        let halves = &*halves;
        piece.predictor().predict(self.level, border, sums);
        if levels.is_empty() {
            out.iter_mut().zip(&*sums).for_each(|(sample, sum)| *sample = sample_from_sum(*sum));
            return;
        }
        let (basis, weights) = (piece.basis(), piece.weights());
        let amplitude = |position: usize, halves: i32| {
            let weight = self.weight(weights[position]);
            dequantiser.amplitude_of_halves(halves).wrapping_mul(weight) / UNIT
        };
        dispatch!(self.level, simd => simd.vectorize(
            #[inline(always)]
            || {
                if n == dct::SIDE {
                    dct::add_inverse(sums, halves.len(), |at| match halves[at] {
                        0 => 0,
                        level => amplitude(at, level),
                    });
                    return;
                }
                let rows = basis.chunks_exact(sums.len());
                for (position, (&level, row)) in halves.iter().zip(rows).enumerate() {
                    if level != 0 {
                        add_row(sums, amplitude(position, level), row);
                    }
                }
            }
        ));
        out.iter_mut().zip(&*sums).for_each(|(sample, sum)| *sample = sample_from_sum(*sum));
    }
}

/// How a block follows other planes: its samples less `value / 8` times theirs are what is
/// predicted and transformed.
#[derive(Clone, Copy, Debug)]
pub struct Slopes<'a> {
    /// One for each reference, in eighths.
    pub values: [i8; 2],
    /// Planes of the same size, decoded.
    pub references: &'a [PlaneState],
}

impl Slopes<'_> {
    fn used(&self) -> impl Iterator<Item = (i32, &PlaneState)> {
        let pairs = self.values.iter().zip(self.references);
        pairs.filter(|(value, _)| **value != 0).map(|(&value, plane)| (i32::from(value), plane))
    }

    /// What the slopes add to the sample at (`x`, `y`) … of a row of `len`, summed into `sums`,
    /// with 3 fractional bits.
    fn row_sums(&self, sums: &mut [i32], (x, y): (usize, usize)) {
        sums.fill(0);
        for (value, plane) in self.used() {
            for (sum, &sample) in sums.iter_mut().zip(&plane.samples.row(y)[x..]) {
                *sum += value * i32::from(sample);
            }
        }
    }

    /// Adds the slopes' part to the `samples` of the block of `side` at (`x`, `y`).
    pub fn add_to(&self, samples: &mut [i16], (x, y): (usize, usize), side: usize) {
        self.apply(samples, (x, y), side, |sample, part| sample + part);
    }

    /// Takes the slopes' part from the `samples` of the block of `side` at (`x`, `y`).
    pub fn take_from(&self, samples: &mut [i16], (x, y): (usize, usize), side: usize) {
        self.apply(samples, (x, y), side, |sample, part| sample - part);
    }

    fn apply(
        &self,
        samples: &mut [i16],
        (x, y): (usize, usize),
        side: usize,
        with: impl Fn(i32, i32) -> i32,
    ) {
        if self.values == [0; 2] {
            return;
        }
        let max = i32::from(INTERNAL_MAX);
        let mut sums = [0i32; dct::SIDE];
        let sums = &mut sums[..side];
        for (row, line) in samples.chunks_exact_mut(side).enumerate() {
            self.row_sums(sums, (x, y + row));
            for (sample, &sum) in line.iter_mut().zip(&*sums) {
                let value = with(i32::from(*sample), rounded(sum));
                *sample = value.clamp(-max, max) as i16;
            }
        }
    }
}

/// A sum with 3 fractional bits, rounded, halves up.
fn rounded(sum: i32) -> i32 {
    (sum + (1 << (SLOPE_BITS - 1))) >> SLOPE_BITS
}

/// How many samples of the row above the block of `side` at (`x`, `y`) are coded to the right of
/// its edge, at most `side`.
pub fn coded_right(state: &PlaneState, (x, y): (usize, usize), side: usize) -> usize {
    let mut right = 0;
    while y > 0 && right < side && state.is_coded(x + side + right, y - 1) {
        right += 8;
    }
    right
}

/// The border of the block of `side` at (`x`, `y`), of the plane's samples less the slopes' part.
pub fn block_border(
    state: &PlaneState,
    slopes: &Slopes<'_>,
    (x, y): (usize, usize),
    side: usize,
) -> Border {
    let right = coded_right(state, (x, y), side);
    let mut border = Border::of_block(&state.samples, (x, y), side, right, state.middle);
    for (value, plane) in slopes.used() {
        let other = Border::of_block(&plane.samples, (x, y), side, right, plane.middle);
        border.mean -= rounded(value * other.mean);
        for (input, other) in border.inputs.iter_mut().zip(other.inputs) {
            *input -= rounded(value * other);
        }
    }
    border
}

/// The border of a block in a plane whose samples are all known, as the fit sees it; the lower
/// right block of 8 has nothing to the right.
pub fn fitting_border(samples: &Plane<i16>, (x, y): (usize, usize), side: usize, middle: i32) -> Border {
    let inside = y > 0 && x + side < samples.width();
    let last = side == 8 && x / 8 % 2 == 1 && y / 8 % 2 == 1;
    let right = if inside && !last { side } else { 0 };
    Border::of_block(samples, (x, y), side, right, middle)
}

/// Internal samples a unit of [`ENTRY_BITS`] sums.
pub const SUM_SCALE: f32 = 1.0 / (1 << ENTRY_BITS) as f32;

#[cfg(test)]
mod tests {
    use super::*;
    use tintype_block::PlaneKind;

    #[test]
    fn four_step_indices_double_the_step() {
        let model = super::super::tests::model_without_filter();
        let synthesis = Synthesis { model: &model, step: 160, varies: true, level: Level::new() };
        let step = |index: i8| synthesis.dequantiser(index).step;
        assert_eq!([-4, 0, 4, 8].map(step), [80, 160, 320, 640]);
        assert!(step(1) == 190 && step(-1) == 135, "{} {}", step(1), step(-1));
    }

    #[test]
    fn slopes_are_added_and_taken() {
        let kind = PlaneKind { chroma: false, centred: false, half: false };
        let mut luma = PlaneState::new((16, 16), kind);
        for y in 0..16 {
            luma.samples.row_mut(y).iter_mut().zip(0..).for_each(|(v, x)| *v = 100 * x);
        }
        let planes = [luma];
        let slopes = Slopes { values: [-3, 0], references: &planes };
        let mut samples = vec![7i16; 64];
        slopes.add_to(&mut samples, (8, 8), 8);
        assert_eq!(samples[0], 7 - 300);
        assert_eq!(samples[9], 7 - 337);
        slopes.take_from(&mut samples, (8, 8), 8);
        assert!(samples.iter().all(|&v| v == 7));
    }
}

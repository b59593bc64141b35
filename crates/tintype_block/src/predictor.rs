//! Products of a matrix with few numbers, and the linear prediction of a block from its border by
//! one. Bit-exact: integers; additions wrap, so that hostile models give some picture and no
//! panic.
//!
//! Two inputs' entries stand side by side, so that one `pmaddwd` adds both.

use crate::{BORDER_INPUTS, Border, ENTRY_BITS};
use fearless_simd::{Level, Simd, dispatch};

/// Sums worked on together.
const LANES: usize = 32;

/// Rows of 16-bit entries, one for each input: their sum, each times its input, is one number for
/// each column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairedRows {
    /// `[pair of inputs][column][2]`; the last pair's second input may have no entries.
    paired: Vec<i16>,
    /// Columns, padded to a multiple of 32.
    len: usize,
}

impl PairedRows {
    /// From rows of `len` entries, each row one input's; columns are padded with zeros.
    pub fn from_rows(rows: &[i16], len: usize) -> Self {
        let padded = len.next_multiple_of(LANES);
        let pairs = (rows.len() / len).div_ceil(2);
        let mut paired = vec![0; pairs * padded * 2];
        for (input, row) in rows.chunks_exact(len).enumerate() {
            let pair = &mut paired[input / 2 * padded * 2..][..padded * 2];
            for (both, &entry) in pair.chunks_exact_mut(2).zip(row) {
                both[input % 2] = entry;
            }
        }
        Self { paired, len: padded }
    }

    /// Columns with their padding: a multiple of 32.
    pub fn columns(&self) -> usize {
        self.len
    }

    /// The row of input `input`, with its padding.
    pub fn row(&self, input: usize) -> impl Iterator<Item = i16> + '_ {
        let pair = &self.paired[input / 2 * self.len * 2..][..self.len * 2];
        pair.iter().skip(input % 2).step_by(2).copied()
    }

    /// `start` and the sum of input times row, for each of the columns; `inputs` are an even
    /// number, the last one 0 if there is no row for it.
    pub fn sum(&self, level: Level, inputs: &[i16], start: i32, sums: &mut [i32]) {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = level.as_avx2() {
            return sum_avx2(avx2, &self.paired, inputs, start, sums);
        }
        dispatch!(level, simd => sum_plain(simd, &self.paired, inputs, start, sums));
    }
}

/// What one unit of each border input adds to each sample of a block.
///
/// ```
/// use tintype_block::{BORDER_INPUTS, Border, Predictor};
/// // Every sample is the mean and half of the first input.
/// let mut rows = vec![0i16; BORDER_INPUTS * 64];
/// rows[..64].fill(2048);
/// let predictor = Predictor::from_rows(&rows, 64);
/// let mut border = Border { mean: 100, inputs: [0; BORDER_INPUTS] };
/// border.inputs[0] = 10;
/// let mut sums = [0; 64];
/// predictor.predict(fearless_simd::Level::new(), &border, &mut sums);
/// assert_eq!(sums, [105 << 12; 64]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predictor(PairedRows);

impl Predictor {
    /// From one row of `len` entries (a multiple of 32) for each border input, [`ENTRY_BITS`]
    /// fractional bits.
    pub fn from_rows(rows: &[i16], len: usize) -> Self {
        Self(PairedRows::from_rows(rows, len))
    }

    /// The row of border input `input`.
    pub fn row(&self, input: usize) -> impl Iterator<Item = i16> + '_ {
        self.0.row(input)
    }

    /// The prediction, one sum for each sample with [`ENTRY_BITS`] fractional bits: the border's
    /// mean and the sum of input times row; inputs are limited to 16 bits.
    pub fn predict(&self, level: Level, border: &Border, sums: &mut [i32]) {
        self.0.sum(level, &inputs_of(border), border.mean << ENTRY_BITS, sums);
    }

    /// What the prediction leaves of `samples`, and the sum of its squares: for an encoder's search.
    /// `sums` is room for as many numbers.
    ///
    /// ```
    /// use tintype_block::{BORDER_INPUTS, Border, Predictor};
    /// let predictor = Predictor::from_rows(&[0; BORDER_INPUTS * 64], 64);
    /// let border = Border { mean: 100, inputs: [0; BORDER_INPUTS] };
    /// let (mut sums, mut left) = ([0; 64], [0; 64]);
    /// let level = fearless_simd::Level::new();
    /// let energy = predictor.leave(level, &border, &[103; 64], &mut sums, &mut left);
    /// assert_eq!((left, energy), ([3; 64], 9.0 * 64.0));
    /// ```
    pub fn leave(
        &self,
        level: Level,
        border: &Border,
        samples: &[i16],
        sums: &mut [i32],
        out: &mut [i16],
    ) -> f32 {
        self.predict(level, border, sums);
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = level.as_avx2() {
            return leave_avx2(avx2, sums, samples, out);
        }
        let mut energy = 0.0;
        for ((out, sample), sum) in out.iter_mut().zip(samples).zip(sums) {
            let predicted = (sum.wrapping_add(1 << (ENTRY_BITS - 1))) >> ENTRY_BITS;
            *out = sample.wrapping_sub(predicted.clamp(i16::MIN.into(), i16::MAX.into()) as i16);
            energy += f32::from(*out) * f32::from(*out);
        }
        energy
    }
}

/// The border's inputs in 16 bits, and a 0 that makes them even in number.
#[inline(always)]
fn inputs_of(border: &Border) -> [i16; BORDER_INPUTS.next_multiple_of(2)] {
    let mut inputs = [0i16; BORDER_INPUTS.next_multiple_of(2)];
    for (input, &value) in inputs.iter_mut().zip(&border.inputs) {
        *input = value.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
    }
    inputs
}

#[inline(always)]
fn sum_plain<S: Simd>(simd: S, paired: &[i16], inputs: &[i16], start: i32, sums: &mut [i32]) {
    simd.vectorize(
        #[inline(always)]
        || {
            let len = sums.len();
            for (first, sums) in (0..len).step_by(LANES).zip(sums.chunks_exact_mut(LANES)) {
                let mut acc = [start; LANES];
                for (pair, inputs) in paired.chunks_exact(len * 2).zip(inputs.chunks_exact(2)) {
                    let (a, b) = (i32::from(inputs[0]), i32::from(inputs[1]));
                    let entries = pair[2 * first..][..2 * LANES].chunks_exact(2);
                    for (sum, both) in acc.iter_mut().zip(entries) {
                        let low = a.wrapping_mul(i32::from(both[0]));
                        *sum = sum.wrapping_add(low.wrapping_add(b.wrapping_mul(i32::from(both[1]))));
                    }
                }
                sums.copy_from_slice(&acc);
            }
        },
    );
}

#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    fn sum_avx2(avx2: Avx2, paired: &[i16], inputs: &[i16], start: i32, sums: &mut [i32]) {
        use core::arch::x86_64::*;
        use fearless_simd::{SimdBase, i16x16, i32x8};
        let len = sums.len();
        for (first, sums) in (0..len).step_by(LANES).zip(sums.chunks_exact_mut(LANES)) {
            let mut acc = [_mm256_set1_epi32(start); LANES / 8];
            for (pair, inputs) in paired.chunks_exact(len * 2).zip(inputs.as_chunks::<2>().0) {
                let word = i32::from(inputs[0] as u16) | i32::from(inputs[1]) << 16;
                let both = _mm256_set1_epi32(word);
                let entries = pair[2 * first..][..2 * LANES].as_chunks::<16>().0;
                for (acc, entries) in acc.iter_mut().zip(entries) {
                    let entries: __m256i = i16x16::from_slice(avx2, entries).into();
                    *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(both, entries));
                }
            }
            for (part, acc) in sums.chunks_exact_mut(8).zip(acc) {
                let eight: i32x8<_> = fearless_simd::SimdFrom::simd_from(avx2, acc);
                eight.store_slice(part);
            }
        }
    }
);

#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    fn leave_avx2(avx2: Avx2, sums: &[i32], samples: &[i16], out: &mut [i16]) -> f32 {
        use core::arch::x86_64::*;
        use fearless_simd::{SimdBase, SimdFrom, f32x8, i16x16, i32x8};
        let half = _mm256_set1_epi32(1 << (ENTRY_BITS - 1));
        let mut energy = _mm256_setzero_ps();
        let blocks = samples.as_chunks::<16>().0.iter().zip(out.as_chunks_mut::<16>().0);
        for (sums, (samples, out)) in sums.as_chunks::<16>().0.iter().zip(blocks) {
            let predicted = [&sums[..8], &sums[8..]].map(|sums| {
                let sums: __m256i = i32x8::from_slice(avx2, sums).into();
                _mm256_srai_epi32::<{ ENTRY_BITS as i32 }>(_mm256_add_epi32(sums, half))
            });
            let predicted = _mm256_packs_epi32(predicted[0], predicted[1]);
            let predicted = _mm256_permute4x64_epi64::<0xd8>(predicted);
            let samples: __m256i = i16x16::from_slice(avx2, samples).into();
            let left = _mm256_sub_epi16(samples, predicted);
            energy = _mm256_add_ps(energy, _mm256_cvtepi32_ps(_mm256_madd_epi16(left, left)));
            i16x16::simd_from(avx2, left).store_slice(out);
        }
        f32x8::simd_from(avx2, energy).as_slice().iter().sum()
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_predicts_alike() {
        let rows: Vec<i16> =
            (0..BORDER_INPUTS * 64).map(|i| ((i * 7919 % 65_536) as i32 - 32_768) as i16).collect();
        let predictor = Predictor::from_rows(&rows, 64);
        assert!(predictor.row(20).eq(rows[20 * 64..].iter().copied()));
        let inputs = std::array::from_fn(|i| (i as i32 * 9973) % 65_000 - 32_000);
        let border = Border { mean: -77, inputs };
        let mut expected = [-77i32 << ENTRY_BITS; 64];
        for (row, &input) in rows.chunks_exact(64).zip(&inputs) {
            for (sum, &entry) in expected.iter_mut().zip(row) {
                *sum = sum.wrapping_add(input.wrapping_mul(i32::from(entry)));
            }
        }
        for level in [Level::fallback(), Level::new()] {
            let mut sums = [0; 64];
            predictor.predict(level, &border, &mut sums);
            assert_eq!(sums, expected);
        }
    }

    #[test]
    fn every_level_leaves_alike() {
        let rows: Vec<i16> = (0..BORDER_INPUTS * 64).map(|i| (i * 7919 % 900) as i16 - 450).collect();
        let predictor = Predictor::from_rows(&rows, 64);
        let border = Border { mean: 700, inputs: std::array::from_fn(|i| (i as i32 * 997) % 600 - 300) };
        let samples: [i16; 64] = std::array::from_fn(|i| (i * i % 2000) as i16);
        let [plain, best] = [Level::fallback(), Level::new()].map(|level| {
            let (mut sums, mut left) = ([0; 64], [0; 64]);
            (predictor.leave(level, &border, &samples, &mut sums, &mut left), left)
        });
        assert_eq!(plain.1, best.1);
        assert!((plain.0 - best.0).abs() < 1e-3 * plain.0 && plain.0 > 1000.0);
    }
}

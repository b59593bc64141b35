//! Kernels of the pointwise layer, one for each kind of machine; all give the same bits.
//!
//! Inputs are read in pairs, each pair as one 32-bit word. Every group of 32 outputs (16 where a
//! layer's last group has no more) is summed for a block of positions in registers. Where the
//! number of inputs is odd, or there are few positions left, the block is first copied into the
//! order `[position][input pair]` with zeros for what is missing. Sums of integers do not depend on order, and
//! [`crate::Pointwise`] has made sure that none leaves 32 bits, so `pmaddwd` and VNNI's
//! accumulate are exact.

use fearless_simd::{Level, Simd, dispatch};

/// Outputs are worked on in groups of this many; packed weights are padded to it.
pub(crate) const GROUP: usize = 32;

/// A pointwise layer as the kernels read it: outputs padded to whole groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// `[group][input pair][output of the group][2]`.
    pub(crate) weights: Vec<i16>,
    pub(crate) bias: Vec<i32>,
    pub(crate) shift: Vec<u32>,
    pub(crate) rectified: bool,
}

/// Positions summed together.
const BLOCK: usize = 12;

/// Outputs that fill half a group.
#[cfg(target_arch = "x86_64")]
const HALF: usize = GROUP / 2;

/// Results of a block: `[position][output of the group]`.
type Results = [[i16; GROUP]; BLOCK];

/// One group of a layer's outputs.
struct Group<'a> {
    /// `[input pair][output][2]`.
    weights: &'a [[i16; 2 * GROUP]],
    bias: &'a [i32; GROUP],
    shift: &'a [u32; GROUP],
    /// Outputs that are wanted; those beyond may be anything.
    count: usize,
    /// Smallest result: 0 where the layer rectifies.
    floor: i16,
}

/// Two inputs that are multiplied together.
type Pair = [i16; 2];
/// The inputs of a block's positions.
type Block<'a> = [&'a [Pair]; BLOCK];

/// Applies `layer` to rows of inputs, giving rows of outputs.
pub(crate) fn pointwise_rows(level: Level, layer: &Packed, input: &[i16], output: &mut [i16]) {
    let (inputs, outputs) = (layer.inputs, layer.outputs);
    let pairs = inputs.div_ceil(2);
    let mut copied = vec![[0; 2]; BLOCK * pairs];
    let mut results: Results = [[0; GROUP]; BLOCK];
    for (rows_in, rows_out) in input.chunks(BLOCK * inputs).zip(output.chunks_mut(BLOCK * outputs)) {
        if inputs % 2 == 0 && rows_in.len() == BLOCK * inputs {
            let block = rows_of(rows_in.as_chunks().0, pairs);
            layer.block(level, &block, &mut results, rows_out);
        } else {
            for (row, to) in rows_in.chunks_exact(inputs).zip(copied.chunks_exact_mut(pairs)) {
                to.as_flattened_mut()[..inputs].copy_from_slice(row);
            }
            layer.block(level, &rows_of(&copied, pairs), &mut results, rows_out);
        }
    }
}

fn rows_of(values: &[Pair], pairs: usize) -> Block<'_> {
    std::array::from_fn(|position| &values[position * pairs..][..pairs])
}

/// A pair as one word.
#[inline(always)]
fn word(pair: Pair) -> i32 {
    (u32::from(pair[0] as u16) | u32::from(pair[1] as u16) << 16) as i32
}

impl Packed {
    /// All outputs of a block of positions.
    fn block(&self, level: Level, block: &Block<'_>, results: &mut Results, rows_out: &mut [i16]) {
        let pairs = self.inputs.div_ceil(2);
        let weights = self.weights.as_chunks::<{ 2 * GROUP }>().0.chunks_exact(pairs);
        let (biases, shifts) = (self.bias.as_chunks().0, self.shift.as_chunks().0);
        let floor = if self.rectified { 0 } else { i16::MIN };
        for (index, ((weights, bias), shift)) in weights.zip(biases).zip(shifts).enumerate() {
            let start = index * GROUP;
            let count = GROUP.min(self.outputs - start);
            run_block(level, block, &Group { weights, bias, shift, count, floor }, results);
            for (row, result) in rows_out.chunks_exact_mut(self.outputs).zip(&*results) {
                row[start..start + count].copy_from_slice(&result[..count]);
            }
        }
    }
}

/// The outputs of a group.
fn run_block(level: Level, block: &Block<'_>, group: &Group<'_>, results: &mut Results) {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(avx512) = level.as_avx512() {
            return if group.count <= HALF {
                half_avx512(avx512, block, group, results)
            } else {
                whole_avx512(avx512, block, group, results)
            };
        }
        if let Some(avx2) = level.as_avx2() {
            return group_avx2(avx2, block, group, results);
        }
    }
    dispatch!(level, simd => group_plain(simd, block, group, results));
}

#[inline(always)]
fn group_plain<S: Simd>(simd: S, block: &Block<'_>, group: &Group<'_>, results: &mut Results) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (row, result) in block.iter().zip(results) {
                let mut sums = *group.bias;
                for (pair, weights) in row.iter().zip(group.weights) {
                    let [low, high] = pair.map(i32::from);
                    for (s, w) in sums.iter_mut().zip(weights.as_chunks::<2>().0) {
                        *s += low * i32::from(w[0]) + high * i32::from(w[1]);
                    }
                }
                for ((out, &s), &by) in result.iter_mut().zip(&sums).zip(group.shift) {
                    let (floor, max) = (i32::from(group.floor), i32::from(i16::MAX));
                    *out = (s >> (by & 31)).clamp(floor, max) as i16;
                }
            }
        },
    );
}

#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    fn whole_avx512(
        avx512: Avx512,
        block: &[&[[i16; 2]]; BLOCK],
        group: &Group<'_>,
        results: &mut Results,
    ) {
        use core::arch::x86_64::*;
        use fearless_simd::{SimdBase, SimdFrom, i16x16, i16x32, i32x16, u32x16};
        let starts: [__m512i; 2] =
            [0, HALF].map(|from| i32x16::from_slice(avx512, &group.bias[from..from + HALF]).into());
        let mut acc = [starts; BLOCK];
        let rows = block.map(|row| &row[..group.weights.len()]);
        for (k, weights) in group.weights.iter().enumerate() {
            let w0: __m512i = i16x32::from_slice(avx512, &weights[..GROUP]).into();
            let w1: __m512i = i16x32::from_slice(avx512, &weights[GROUP..]).into();
            for (acc, row) in acc.iter_mut().zip(&rows) {
                let a = _mm512_set1_epi32(word(row[k]));
                acc[0] = _mm512_dpwssd_epi32(acc[0], a, w0);
                acc[1] = _mm512_dpwssd_epi32(acc[1], a, w1);
            }
        }
        let floor = _mm256_set1_epi16(group.floor);
        for (half, result) in [0, HALF].into_iter().enumerate() {
            let shift: __m512i = u32x16::from_slice(avx512, &group.shift[result..result + HALF]).into();
            for (out, acc) in results.iter_mut().zip(&acc) {
                let sixteen = _mm512_cvtsepi32_epi16(_mm512_srav_epi32(acc[half], shift));
                i16x16::simd_from(avx512, _mm256_max_epi16(sixteen, floor))
                    .store_slice(&mut out[result..result + HALF]);
            }
        }
    }
);

#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    fn half_avx512(
        avx512: Avx512,
        block: &[&[[i16; 2]]; BLOCK],
        group: &Group<'_>,
        results: &mut Results,
    ) {
        use core::arch::x86_64::*;
        use fearless_simd::{SimdBase, SimdFrom, i16x16, i16x32, i32x16, u32x16};
        let start: __m512i = i32x16::from_slice(avx512, &group.bias[..HALF]).into();
        let mut acc = [start; BLOCK];
        let rows = block.map(|row| &row[..group.weights.len()]);
        for (k, weights) in group.weights.iter().enumerate() {
            let w: __m512i = i16x32::from_slice(avx512, &weights[..2 * HALF]).into();
            for (acc, row) in acc.iter_mut().zip(&rows) {
                *acc = _mm512_dpwssd_epi32(*acc, _mm512_set1_epi32(word(row[k])), w);
            }
        }
        let floor = _mm256_set1_epi16(group.floor);
        let shift: __m512i = u32x16::from_slice(avx512, &group.shift[..HALF]).into();
        for (out, acc) in results.iter_mut().zip(acc) {
            let sixteen = _mm512_cvtsepi32_epi16(_mm512_srav_epi32(acc, shift));
            i16x16::simd_from(avx512, _mm256_max_epi16(sixteen, floor)).store_slice(&mut out[..HALF]);
        }
    }
);

#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    fn group_avx2(avx2: Avx2, block: &[&[[i16; 2]]; BLOCK], group: &Group<'_>, results: &mut Results) {
        use core::arch::x86_64::*;
        use fearless_simd::{SimdBase, SimdFrom, i16x16, i32x8, u32x8};
        // Six positions by sixteen outputs: twelve sums, two vectors of weights, one input and
        // one product fill the registers.
        const SOME: usize = BLOCK / 2;
        let floor = _mm256_set1_epi16(group.floor);
        for half in (0..group.count).step_by(HALF) {
            let parts = [half, half + HALF / 2];
            let starts: [__m256i; 2] =
                parts.map(|from| i32x8::from_slice(avx2, &group.bias[from..from + 8]).into());
            let shifts: [__m256i; 2] =
                parts.map(|from| u32x8::from_slice(avx2, &group.shift[from..from + 8]).into());
            for first in [0, SOME] {
                let rows: [&[[i16; 2]]; SOME] =
                    std::array::from_fn(|r| &block[first + r][..group.weights.len()]);
                let mut acc = [starts; SOME];
                for (k, weights) in group.weights.iter().enumerate() {
                    let [w0, w1]: [__m256i; 2] = parts
                        .map(|from| i16x16::from_slice(avx2, &weights[2 * from..2 * from + 16]).into());
                    for (acc, row) in acc.iter_mut().zip(&rows) {
                        let a = _mm256_set1_epi32(word(row[k]));
                        acc[0] = _mm256_add_epi32(acc[0], _mm256_madd_epi16(a, w0));
                        acc[1] = _mm256_add_epi32(acc[1], _mm256_madd_epi16(a, w1));
                    }
                }
                for (out, acc) in results[first..first + SOME].iter_mut().zip(acc) {
                    let low = _mm256_srav_epi32(acc[0], shifts[0]);
                    let high = _mm256_srav_epi32(acc[1], shifts[1]);
                    // `packs` works on halves of 128 bits: put its quarters in order.
                    let packed =
                        _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(low, high));
                    i16x16::simd_from(avx2, _mm256_max_epi16(packed, floor))
                        .store_slice(&mut out[half..half + HALF]);
                }
            }
        }
    }
);

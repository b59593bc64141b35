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

/// Sums of a block: `[position][output of the group]`.
type Sums = [[i32; GROUP]; BLOCK];

/// Two inputs that are multiplied together.
type Pair = [i16; 2];
/// The inputs of a block's positions.
type Block<'a> = [&'a [Pair]; BLOCK];

/// Applies `layer` to rows of inputs, giving rows of outputs.
pub(crate) fn pointwise_rows(level: Level, layer: &Packed, input: &[i16], output: &mut [i16]) {
    let (inputs, outputs) = (layer.inputs, layer.outputs);
    let pairs = inputs.div_ceil(2);
    let mut copied = vec![[0; 2]; BLOCK * pairs];
    let mut sums: Sums = [[0; GROUP]; BLOCK];
    for (rows_in, rows_out) in input.chunks(BLOCK * inputs).zip(output.chunks_mut(BLOCK * outputs)) {
        if inputs % 2 == 0 && rows_in.len() == BLOCK * inputs {
            let block = rows_of(rows_in.as_chunks().0, pairs);
            layer.block(level, &block, &mut sums, rows_out);
        } else {
            for (row, to) in rows_in.chunks_exact(inputs).zip(copied.chunks_exact_mut(pairs)) {
                to.as_flattened_mut()[..inputs].copy_from_slice(row);
            }
            layer.block(level, &rows_of(&copied, pairs), &mut sums, rows_out);
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
    fn block(&self, level: Level, block: &Block<'_>, sums: &mut Sums, rows_out: &mut [i16]) {
        let pairs = self.inputs.div_ceil(2);
        for (group, weights) in self.weights.chunks_exact(pairs * GROUP * 2).enumerate() {
            let bias: &[i32; GROUP] =
                self.bias[group * GROUP..][..GROUP].try_into().expect("a group of biases");
            let count = GROUP.min(self.outputs - group * GROUP);
            sum_block(level, block, weights, bias, count, sums);
            requantise_block(level, self, group, sums, rows_out);
        }
    }
}

/// Sums the first `count` outputs of a group; sums beyond may be anything.
fn sum_block(
    level: Level,
    block: &Block<'_>,
    weights: &[i16],
    bias: &[i32; GROUP],
    count: usize,
    sums: &mut Sums,
) {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(avx512) = level.as_avx512() {
            return if count <= HALF {
                sum_half_avx512(avx512, block, weights, bias, sums)
            } else {
                sum_avx512(avx512, block, weights, bias, sums)
            };
        }
        if let Some(avx2) = level.as_avx2() {
            return sum_avx2(avx2, block, weights, bias, count, sums);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = count;
    dispatch!(level, simd => sum_plain(simd, block, weights, bias, sums));
}

#[inline(always)]
fn sum_plain<S: Simd>(
    simd: S,
    block: &Block<'_>,
    weights: &[i16],
    bias: &[i32; GROUP],
    sums: &mut Sums,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (position, sum) in sums.iter_mut().enumerate() {
                *sum = *bias;
                for (pair, weights) in block[position].iter().zip(weights.chunks_exact(2 * GROUP)) {
                    let [low, high] = pair.map(i32::from);
                    for (s, w) in sum.iter_mut().zip(weights.chunks_exact(2)) {
                        *s += low * i32::from(w[0]) + high * i32::from(w[1]);
                    }
                }
            }
        },
    );
}

#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    fn sum_avx512(
        avx512: Avx512,
        block: &Block<'_>,
        weights: &[i16],
        bias: &[i32; GROUP],
        sums: &mut Sums,
    ) {
        use core::arch::x86_64::*;
        use fearless_simd::{SimdBase, i16x32, i32x16};
        let low: __m512i = i32x16::from_slice(avx512, &bias[..16]).into();
        let high: __m512i = i32x16::from_slice(avx512, &bias[16..]).into();
        let mut acc = [[low, high]; BLOCK];
        let weights = weights.as_chunks::<{ 2 * GROUP }>().0;
        let rows = block.map(|row| &row[..weights.len()]);
        for (k, pair) in weights.iter().enumerate() {
            let w0: __m512i = i16x32::from_slice(avx512, &pair[..32]).into();
            let w1: __m512i = i16x32::from_slice(avx512, &pair[32..]).into();
            for (acc, row) in acc.iter_mut().zip(&rows) {
                let a = _mm512_set1_epi32(word(row[k]));
                acc[0] = _mm512_dpwssd_epi32(acc[0], a, w0);
                acc[1] = _mm512_dpwssd_epi32(acc[1], a, w1);
            }
        }
        for (sum, acc) in sums.iter_mut().zip(acc) {
            let (low, high) = sum.split_at_mut(16);
            let (a, b): (i32x16<_>, i32x16<_>) = (
                fearless_simd::SimdFrom::simd_from(avx512, acc[0]),
                fearless_simd::SimdFrom::simd_from(avx512, acc[1]),
            );
            a.store_slice(low);
            b.store_slice(high);
        }
    }
);

#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    fn sum_half_avx512(
        avx512: Avx512,
        block: &Block<'_>,
        weights: &[i16],
        bias: &[i32; GROUP],
        sums: &mut Sums,
    ) {
        use core::arch::x86_64::*;
        use fearless_simd::{SimdBase, i16x32, i32x16};
        let start: __m512i = i32x16::from_slice(avx512, &bias[..HALF]).into();
        let mut acc = [start; BLOCK];
        let weights = weights.as_chunks::<{ 2 * GROUP }>().0;
        let rows = block.map(|row| &row[..weights.len()]);
        for (k, pair) in weights.iter().enumerate() {
            let w: __m512i = i16x32::from_slice(avx512, &pair[..2 * HALF]).into();
            for (acc, row) in acc.iter_mut().zip(&rows) {
                *acc = _mm512_dpwssd_epi32(*acc, _mm512_set1_epi32(word(row[k])), w);
            }
        }
        for (sum, acc) in sums.iter_mut().zip(acc) {
            let sixteen: i32x16<_> = fearless_simd::SimdFrom::simd_from(avx512, acc);
            sixteen.store_slice(&mut sum[..HALF]);
        }
    }
);

#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    fn sum_avx2(
        avx2: Avx2,
        block: &Block<'_>,
        weights: &[i16],
        bias: &[i32; GROUP],
        count: usize,
        sums: &mut Sums,
    ) {
        use core::arch::x86_64::*;
        use fearless_simd::{SimdBase, i16x16, i32x8};
        // Six positions by sixteen outputs: twelve sums, two vectors of weights, one input and
        // one product fill the registers.
        const SOME: usize = BLOCK / 2;
        let weights = weights.as_chunks::<{ 2 * GROUP }>().0;
        for half in (0..count).step_by(HALF) {
            let starts: [__m256i; 2] = [
                i32x8::from_slice(avx2, &bias[half..half + 8]).into(),
                i32x8::from_slice(avx2, &bias[half + 8..half + 16]).into(),
            ];
            for first in [0, SOME] {
                let rows: [&[[i16; 2]]; SOME] =
                    std::array::from_fn(|r| &block[first + r][..weights.len()]);
                let mut acc = [starts; SOME];
                for (k, pair) in weights.iter().enumerate() {
                    let w0: __m256i = i16x16::from_slice(avx2, &pair[2 * half..2 * half + 16]).into();
                    let w1: __m256i =
                        i16x16::from_slice(avx2, &pair[2 * half + 16..2 * half + 32]).into();
                    for (acc, row) in acc.iter_mut().zip(&rows) {
                        let a = _mm256_set1_epi32(word(row[k]));
                        acc[0] = _mm256_add_epi32(acc[0], _mm256_madd_epi16(a, w0));
                        acc[1] = _mm256_add_epi32(acc[1], _mm256_madd_epi16(a, w1));
                    }
                }
                for (sum, acc) in sums[first..first + SOME].iter_mut().zip(acc) {
                    for (part, acc) in sum[half..half + HALF].chunks_exact_mut(8).zip(acc) {
                        let eight: i32x8<_> = fearless_simd::SimdFrom::simd_from(avx2, acc);
                        eight.store_slice(part);
                    }
                }
            }
        }
    }
);

/// Shifts, saturates, rectifies and stores one group of every position in `rows_out`.
fn requantise_block(level: Level, layer: &Packed, group: usize, sums: &Sums, rows_out: &mut [i16]) {
    dispatch!(level, simd => requantise_plain(simd, layer, group, sums, rows_out));
}

#[inline(always)]
fn requantise_plain<S: Simd>(simd: S, layer: &Packed, group: usize, sums: &Sums, rows_out: &mut [i16]) {
    simd.vectorize(
        #[inline(always)]
        || {
            let outputs = layer.outputs;
            let start = group * GROUP;
            let count = GROUP.min(outputs - start);
            let shift: &[u32; GROUP] =
                layer.shift[start..][..GROUP].try_into().expect("a group of shifts");
            let floor = if layer.rectified { 0 } else { i32::from(i16::MIN) };
            for (row, sum) in rows_out.chunks_exact_mut(outputs).zip(sums) {
                let mut values = [0i16; GROUP];
                for ((out, &s), &by) in values.iter_mut().zip(sum).zip(shift) {
                    *out = (s >> (by & 31)).clamp(floor, i32::from(i16::MAX)) as i16;
                }
                row[start..start + count].copy_from_slice(&values[..count]);
            }
        },
    );
}

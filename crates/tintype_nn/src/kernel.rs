//! Kernels of the pointwise layer, one for each kind of machine; all give the same bits.
//!
//! A block of positions is first brought into the order `[input pair][position]`, each pair as
//! one 32-bit word; then every group of 32 outputs (16 where a layer's last group has no more)
//! is summed for the whole block in registers. Sums of integers do not depend on order, and
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

/// Applies `layer` to rows of inputs, giving rows of outputs.
pub(crate) fn pointwise_rows(level: Level, layer: &Packed, input: &[i16], output: &mut [i16]) {
    let (inputs, outputs) = (layer.inputs, layer.outputs);
    let pairs = inputs.div_ceil(2);
    let mut words = vec![[0i32; BLOCK]; pairs];
    let mut sums: Sums = [[0; GROUP]; BLOCK];
    for (rows_in, rows_out) in input.chunks(BLOCK * inputs).zip(output.chunks_mut(BLOCK * outputs)) {
        for (position, row) in rows_in.chunks_exact(inputs).enumerate() {
            gather(row, position, &mut words);
        }
        for (group, weights) in layer.weights.chunks_exact(pairs * GROUP * 2).enumerate() {
            let bias: &[i32; GROUP] =
                layer.bias[group * GROUP..][..GROUP].try_into().expect("a group of biases");
            let count = GROUP.min(outputs - group * GROUP);
            sum_block(level, &words, weights, bias, count, &mut sums);
            requantise_block(level, layer, group, &sums, rows_out);
        }
    }
}

/// Puts one position's inputs into its column of `words`.
fn gather(row: &[i16], position: usize, words: &mut [[i32; BLOCK]]) {
    let word = |low: i16, high: i16| i32::from(low as u16) | i32::from(high) << 16;
    let pairs = row.chunks_exact(2);
    if let [last] = pairs.remainder() {
        words[row.len() / 2][position] = word(*last, 0);
    }
    for (pair, column) in pairs.zip(words) {
        column[position] = word(pair[0], pair[1]);
    }
}

/// Sums the first `count` outputs of a group; sums beyond may be anything.
fn sum_block(
    level: Level,
    words: &[[i32; BLOCK]],
    weights: &[i16],
    bias: &[i32; GROUP],
    count: usize,
    sums: &mut Sums,
) {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(avx512) = level.as_avx512() {
            return if count <= HALF {
                sum_half_avx512(avx512, words, weights, bias, sums)
            } else {
                sum_avx512(avx512, words, weights, bias, sums)
            };
        }
        if let Some(avx2) = level.as_avx2() {
            return sum_avx2(avx2, words, weights, bias, count, sums);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = count;
    dispatch!(level, simd => sum_plain(simd, words, weights, bias, sums));
}

#[inline(always)]
fn sum_plain<S: Simd>(
    simd: S,
    words: &[[i32; BLOCK]],
    weights: &[i16],
    bias: &[i32; GROUP],
    sums: &mut Sums,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (position, sum) in sums.iter_mut().enumerate() {
                *sum = *bias;
                for (word, weights) in words.iter().zip(weights.chunks_exact(2 * GROUP)) {
                    let (low, high) = (i32::from(word[position] as i16), word[position] >> 16);
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
        words: &[[i32; BLOCK]],
        weights: &[i16],
        bias: &[i32; GROUP],
        sums: &mut Sums,
    ) {
        use core::arch::x86_64::*;
        use fearless_simd::{SimdBase, i16x32, i32x16};
        let low: __m512i = i32x16::from_slice(avx512, &bias[..16]).into();
        let high: __m512i = i32x16::from_slice(avx512, &bias[16..]).into();
        let mut acc = [[low, high]; BLOCK];
        for (word, pair) in words.iter().zip(weights.chunks_exact(2 * GROUP)) {
            let w0: __m512i = i16x32::from_slice(avx512, &pair[..32]).into();
            let w1: __m512i = i16x32::from_slice(avx512, &pair[32..]).into();
            for (acc, &word) in acc.iter_mut().zip(word) {
                let a = _mm512_set1_epi32(word);
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
        words: &[[i32; BLOCK]],
        weights: &[i16],
        bias: &[i32; GROUP],
        sums: &mut Sums,
    ) {
        use core::arch::x86_64::*;
        use fearless_simd::{SimdBase, i16x32, i32x16};
        let start: __m512i = i32x16::from_slice(avx512, &bias[..HALF]).into();
        let mut acc = [start; BLOCK];
        for (word, pair) in words.iter().zip(weights.chunks_exact(2 * GROUP)) {
            let w: __m512i = i16x32::from_slice(avx512, &pair[..2 * HALF]).into();
            for (acc, &word) in acc.iter_mut().zip(word) {
                *acc = _mm512_dpwssd_epi32(*acc, _mm512_set1_epi32(word), w);
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
        words: &[[i32; BLOCK]],
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
        for half in (0..count).step_by(HALF) {
            let starts: [__m256i; 2] = [
                i32x8::from_slice(avx2, &bias[half..half + 8]).into(),
                i32x8::from_slice(avx2, &bias[half + 8..half + 16]).into(),
            ];
            for first in [0, SOME] {
                let mut acc = [starts; SOME];
                for (word, pair) in words.iter().zip(weights.chunks_exact(2 * GROUP)) {
                    let w0: __m256i = i16x16::from_slice(avx2, &pair[2 * half..2 * half + 16]).into();
                    let w1: __m256i =
                        i16x16::from_slice(avx2, &pair[2 * half + 16..2 * half + 32]).into();
                    for (acc, &word) in acc.iter_mut().zip(&word[first..first + SOME]) {
                        let a = _mm256_set1_epi32(word);
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

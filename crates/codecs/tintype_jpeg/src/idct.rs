//! Inverse DCT of 8×8 blocks into samples: the accurate integer method, equal to libjpeg's
//! "islow" for 8 bits.
//!
//! In: quantised coefficients and a quantisation table, both in natural order. Out: samples in
//! `0..2^precision`. All arithmetic is modulo 2^32, so that any coefficients give some sample.
//! Bit-exact.
//! Source: Loeffler, Ligtenberg and Moschytz, ICASSP 1989; 13-bit constants.

use fearless_simd::{Simd, i16x8, i32x8, prelude::*};

const CONST_BITS: u32 = 13;

/// Eight transforms of eight values at once, one in each lane; results are rounded and shifted
/// right by `shift`.
#[inline(always)]
fn pass<S: Simd>(r: [i32x8<S>; 8], shift: u32) -> [i32x8<S>; 8] {
    let z1 = (r[2] + r[6]) * 4433;
    let even2 = z1 - r[6] * 15137;
    let even3 = z1 + r[2] * 6270;
    let even0 = (r[0] + r[4]) << CONST_BITS;
    let even1 = (r[0] - r[4]) << CONST_BITS;
    // What is added to all for rounding is added here.
    let half = 1i32 << (shift - 1);
    let (t10, t13) = (even0 + even3 + half, even0 - even3 + half);
    let (t11, t12) = (even1 + even2 + half, even1 - even2 + half);
    let z5 = (r[7] + r[3] + r[5] + r[1]) * 9633;
    let z1 = (r[7] + r[1]) * -7373;
    let z2 = (r[5] + r[3]) * -20995;
    let z3 = (r[7] + r[3]) * -16069 + z5;
    let z4 = (r[5] + r[1]) * -3196 + z5;
    let o0 = r[7] * 2446 + z1 + z3;
    let o1 = r[5] * 16819 + z2 + z4;
    let o2 = r[3] * 25172 + z2 + z3;
    let o3 = r[1] * 12299 + z1 + z4;
    [
        (t10 + o3) >> shift,
        (t11 + o2) >> shift,
        (t12 + o1) >> shift,
        (t13 + o0) >> shift,
        (t13 - o0) >> shift,
        (t12 - o1) >> shift,
        (t11 - o2) >> shift,
        (t10 - o3) >> shift,
    ]
}

/// Rows as columns: three perfect shuffles of all 64 numbers.
#[inline(always)]
fn transposed<S: Simd>(mut m: [i32x8<S>; 8]) -> [i32x8<S>; 8] {
    for _ in 0..3 {
        let (a, b) = m[0].interleave(m[4]);
        let (c, d) = m[1].interleave(m[5]);
        let (e, f) = m[2].interleave(m[6]);
        let (g, h) = m[3].interleave(m[7]);
        m = [a, b, c, d, e, f, g, h];
    }
    m
}

/// Whether an AC coefficient of the four lowest frequencies in both directions is nonzero, and
/// whether a coefficient beyond them is.
#[inline(always)]
fn nonzero_parts(block: &[i16; 64]) -> (bool, bool) {
    let row = |v: usize| -> [i16; 8] { std::array::from_fn(|u| block[8 * v + u]) };
    let or = |a: [i16; 8], b: [i16; 8]| -> [i16; 8] { std::array::from_fn(|u| a[u] | b[u]) };
    let high = (4..8).map(row).reduce(or).unwrap_or_default();
    let low = (1..4).map(row).reduce(or).unwrap_or_default();
    let all = |lanes: &[i16]| lanes.iter().fold(0, |a, b| a | b) != 0;
    (all(&low[..4]) || all(&block[1..4]), all(&high) || all(&low[4..]) || all(&block[4..8]))
}

/// Dequantises and transforms one block into `out`, whose rows start every `stride` samples.
#[inline(always)]
pub fn samples_from_block<S: Simd>(
    simd: S,
    block: &[i16; 64],
    quant: &[i32; 64],
    precision: u8,
    out: &mut [u16],
    stride: usize,
) {
    let pass1_bits = if precision > 8 { 1 } else { 2 };
    let centre = 1i32 << (precision - 1);
    let max = (1i32 << precision) - 1;
    let (low, beyond) = nonzero_parts(block);
    if !low && !beyond {
        let dc = i32::from(block[0]).wrapping_mul(quant[0]) << pass1_bits;
        let shift = pass1_bits + 3;
        let value =
            (dc.wrapping_add(1 << (shift - 1)) >> shift).wrapping_add(centre).clamp(0, max) as u16;
        for y in 0..8 {
            out[y * stride..][..8].fill(value);
        }
        return;
    }
    let (coefficients, steps) = (block.as_chunks::<8>().0, quant.as_chunks::<8>().0);
    let row = |v: usize| {
        let (low, high) = i16x8::from_slice(simd, &coefficients[v]).widen();
        low.combine(high) * i32x8::from_slice(simd, &steps[v])
    };
    let zero = i32x8::splat(simd, 0);
    let (first, second) = (CONST_BITS - pass1_bits, CONST_BITS + pass1_bits + 3);
    let rows = if beyond {
        let rows = pass([row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)], first);
        pass(transposed(rows), second)
    } else {
        // With zeros that the compiler knows of, a pass has half the products.
        let rows = pass([row(0), row(1), row(2), row(3), zero, zero, zero, zero], first);
        let [a, b, c, d, ..] = transposed(rows);
        pass([a, b, c, d, zero, zero, zero, zero], second)
    };
    for (y, row) in transposed(rows).into_iter().enumerate() {
        let mut samples = [0; 8];
        (row + centre).max(0).min(max).store_slice(&mut samples);
        for (out, sample) in out[y * stride..][..8].iter_mut().zip(samples) {
            *out = sample as u16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples_from_block;
    use fearless_simd::{Fallback, Level, dispatch};

    /// The definition, in f64.
    fn reference(block: &[i16; 64]) -> [f64; 64] {
        let c = |k: usize| if k == 0 { 0.5f64.sqrt() } else { 1.0 };
        let cos =
            |x: usize, k: usize| ((2 * x + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
        std::array::from_fn(|i| {
            let (y, x) = (i / 8, i % 8);
            let terms = (0..64).map(|k| {
                let (v, u) = (k / 8, k % 8);
                c(u) * c(v) * f64::from(block[k]) * cos(x, u) * cos(y, v)
            });
            128.0 + terms.sum::<f64>() / 4.0
        })
    }

    #[test]
    fn agrees_with_the_definition_within_one() {
        let mut state = 1u32;
        for round in 0..200 {
            let mut block = [0i16; 64];
            for (k, value) in block.iter_mut().enumerate() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let range = if k < 10 { 120 } else { 12 };
                *value = if round % 3 == 0 && k > 0 { 0 } else { (state >> 16) as i16 % range };
            }
            let mut out = [0u16; 64];
            samples_from_block(Fallback::new(), &block, &[1; 64], 8, &mut out, 8);
            let mut again = [0u16; 64];
            dispatch!(Level::new(), simd => samples_from_block(simd, &block, &[1; 64], 8, &mut again, 8));
            assert_eq!(out, again);
            for (is, should) in out.iter().zip(reference(&block)) {
                assert!((f64::from(*is) - should.clamp(0.0, 255.0)).abs() < 1.0, "{is} for {should}");
            }
        }
    }
}

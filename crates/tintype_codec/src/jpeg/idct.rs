//! Inverse DCT of 8×8 blocks into samples: the accurate integer method, equal to libjpeg's "islow" for 8 bits.
//!
//! In: quantised coefficients and a quantisation table, both in natural order. Out: samples in `0..2^precision`.
//! All arithmetic is modulo 2^32, so that any coefficients give some sample. Exact zone.
//! Source: Loeffler, Ligtenberg and Moschytz, ICASSP 1989; 13-bit constants.

use std::num::Wrapping;

type Lanes = [Wrapping<i32>; 8];

const CONST_BITS: usize = 13;

#[inline(always)]
fn each(f: impl Fn(usize) -> Wrapping<i32>) -> Lanes {
    std::array::from_fn(f)
}

/// Eight transforms of eight values at once: `rows[k][lane]`; results are rounded and shifted right by `shift`.
#[inline(always)]
fn pass(rows: &mut [Lanes; 8], shift: usize) {
    let c = |x: i32| Wrapping(x);
    let r = *rows;
    let z1 = each(|i| (r[2][i] + r[6][i]) * c(4433));
    let even2 = each(|i| z1[i] - r[6][i] * c(15137));
    let even3 = each(|i| z1[i] + r[2][i] * c(6270));
    let even0 = each(|i| (r[0][i] + r[4][i]) << CONST_BITS);
    let even1 = each(|i| (r[0][i] - r[4][i]) << CONST_BITS);
    let t10 = each(|i| even0[i] + even3[i]);
    let t13 = each(|i| even0[i] - even3[i]);
    let t11 = each(|i| even1[i] + even2[i]);
    let t12 = each(|i| even1[i] - even2[i]);
    let z5 = each(|i| (r[7][i] + r[3][i] + r[5][i] + r[1][i]) * c(9633));
    let z1 = each(|i| (r[7][i] + r[1][i]) * c(-7373));
    let z2 = each(|i| (r[5][i] + r[3][i]) * c(-20995));
    let z3 = each(|i| (r[7][i] + r[3][i]) * c(-16069) + z5[i]);
    let z4 = each(|i| (r[5][i] + r[1][i]) * c(-3196) + z5[i]);
    let o0 = each(|i| r[7][i] * c(2446) + z1[i] + z3[i]);
    let o1 = each(|i| r[5][i] * c(16819) + z2[i] + z4[i]);
    let o2 = each(|i| r[3][i] * c(25172) + z2[i] + z3[i]);
    let o3 = each(|i| r[1][i] * c(12299) + z1[i] + z4[i]);
    let half = Wrapping(1i32 << (shift - 1));
    rows[0] = each(|i| (t10[i] + o3[i] + half) >> shift);
    rows[7] = each(|i| (t10[i] - o3[i] + half) >> shift);
    rows[1] = each(|i| (t11[i] + o2[i] + half) >> shift);
    rows[6] = each(|i| (t11[i] - o2[i] + half) >> shift);
    rows[2] = each(|i| (t12[i] + o1[i] + half) >> shift);
    rows[5] = each(|i| (t12[i] - o1[i] + half) >> shift);
    rows[3] = each(|i| (t13[i] + o0[i] + half) >> shift);
    rows[4] = each(|i| (t13[i] - o0[i] + half) >> shift);
}

#[inline(always)]
fn transposed(m: &[Lanes; 8]) -> [Lanes; 8] {
    std::array::from_fn(|r| std::array::from_fn(|c| m[c][r]))
}

/// Whether there is anything but DC in the four lowest frequencies of both directions, and whether there is beyond them.
#[inline(always)]
fn what_is_there(block: &[i16; 64]) -> (bool, bool) {
    let row = |v: usize| -> [i16; 8] { std::array::from_fn(|u| block[8 * v + u]) };
    let or = |a: [i16; 8], b: [i16; 8]| -> [i16; 8] { std::array::from_fn(|u| a[u] | b[u]) };
    let high = (4..8).map(row).reduce(or).unwrap_or_default();
    let low = (1..4).map(row).reduce(or).unwrap_or_default();
    let all = |lanes: &[i16]| lanes.iter().fold(0, |a, b| a | b) != 0;
    (all(&low[..4]) || all(&block[1..4]), all(&high) || all(&low[4..]) || all(&block[4..8]))
}

/// Dequantises and transforms one block into `out`, whose rows start every `stride` samples.
#[inline(always)]
pub fn samples_from_block(block: &[i16; 64], quant: &[u16; 64], precision: u8, out: &mut [u16], stride: usize) {
    let pass1_bits = if precision > 8 { 1 } else { 2 };
    let centre = 1i32 << (precision - 1);
    let max = (1i32 << precision) - 1;
    let (edge, beyond) = what_is_there(block);
    if !edge && !beyond {
        let dc = (Wrapping(i32::from(block[0])) * Wrapping(i32::from(quant[0]))) << pass1_bits;
        let shift = pass1_bits + 3;
        let value = ((dc + Wrapping(1 << (shift - 1))) >> shift).0.wrapping_add(centre).clamp(0, max) as u16;
        for y in 0..8 {
            out[y * stride..][..8].fill(value);
        }
        return;
    }
    let row = |v: usize| each(|u| Wrapping(i32::from(block[8 * v + u])) * Wrapping(i32::from(quant[8 * v + u])));
    // With zeros that the compiler knows of, a pass has half the products.
    let half = [each(|_| Wrapping(0)); 4];
    let joined = |low: [Lanes; 4]| -> [Lanes; 8] { std::array::from_fn(|k| if k < 4 { low[k] } else { half[k - 4] }) };
    let mut rows = if beyond { std::array::from_fn(row) } else { joined(std::array::from_fn(row)) };
    if beyond {
        pass(&mut rows, CONST_BITS - pass1_bits);
        rows = transposed(&rows);
        pass(&mut rows, CONST_BITS + pass1_bits + 3);
    } else {
        pass(&mut rows, CONST_BITS - pass1_bits);
        let columns = transposed(&rows);
        rows = joined(std::array::from_fn(|k| columns[k]));
        pass(&mut rows, CONST_BITS + pass1_bits + 3);
    }
    rows = transposed(&rows);
    for (y, row) in rows.iter().enumerate() {
        let line: [u16; 8] = std::array::from_fn(|x| row[x].0.wrapping_add(centre).clamp(0, max) as u16);
        out[y * stride..][..8].copy_from_slice(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::samples_from_block;

    /// The definition, in f64.
    fn twin(block: &[i16; 64]) -> [f64; 64] {
        let c = |k: usize| if k == 0 { 0.5f64.sqrt() } else { 1.0 };
        let cos = |x: usize, k: usize| ((2 * x + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
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
            samples_from_block(&block, &[1; 64], 8, &mut out, 8);
            for (is, should) in out.iter().zip(twin(&block)) {
                assert!((f64::from(*is) - should.clamp(0.0, 255.0)).abs() < 1.0, "{is} for {should}");
            }
        }
    }
}

//! Samples to quantised coefficients in one pass over the picture, a row of MCUs at a time.
//!
//! In: gray or RGB planes of any depth at full size. Out: [`ComponentBlocks`] in natural order.
//! Coefficients of magnitude 1 are zeroed where their bits cost more than the error they save. Not
//! bit-exact. Source: ITU-T T.81 A.3.3; rate–distortion optimised thresholding, one decision at a
//! time (see `trellis.rs` for the whole search).

use super::forward_dct::BASIS;
use super::layout::FrameLayout;
use super::params::EncoderParams;
use crate::coefficients::ComponentBlocks;
use crate::colour::ycbcr_from_rgb;
use crate::frame::{Frame, NATURAL_FROM_ZIGZAG};
use crate::scan_encode::nonzero_mask;
use fearless_simd::{Simd, dispatch};
use tintype_codec::{Exec, map_indexed};
use tintype_image::Planes;

/// The DCT matrix with frequencies inside: `BASIS_TRANSPOSED[x][k]`.
const BASIS_TRANSPOSED: [[f32; 8]; 8] = {
    let mut turned = [[0.0; 8]; 8];
    let mut at = 0;
    while at < 64 {
        turned[at / 8][at % 8] = BASIS[at % 8][at / 8];
        at += 1;
    }
    turned
};

/// About the bits of a coefficient of magnitude 1 behind a run of zeros, less what it saves the
/// next coefficient by shortening that one's run. Not measured: typical lengths of the codes of
/// annex K.
const ONE_BITS: [f32; 64] = {
    let mut bits = [0.0; 64];
    let mut run = 0;
    while run < 64 {
        bits[run] = match run {
            0 => 2.6,
            1 => 3.6,
            2 => 4.6,
            3..=4 => 5.4,
            5..=7 => 6.4,
            8..=11 => 7.6,
            _ => 9.0,
        };
        run += 1;
    }
    bits
};

/// How one component is quantised.
struct Steps {
    /// One over the step, natural order.
    inverse: [f32; 64],
    /// Price of a bit in squared steps.
    price: f32,
}

/// The product of two matrices, by rows.
#[inline(always)]
fn product(left: &[[f32; 8]; 8], right: &[[f32; 8]; 8]) -> [[f32; 8]; 8] {
    let mut out = [[0.0f32; 8]; 8];
    for (out, left) in out.iter_mut().zip(left) {
        for (weight, right) in left.iter().zip(right) {
            for (out, right) in out.iter_mut().zip(right) {
                *out += weight * right;
            }
        }
    }
    out
}

/// Natural-order DCT of `block` (rows of samples).
#[inline(always)]
fn transform(block: &[[f32; 8]; 8]) -> [[f32; 8]; 8] {
    product(&product(&BASIS, block), &BASIS_TRANSPOSED)
}

/// Quantises one block.
#[inline(always)]
fn quantised(spectrum: &[[f32; 8]; 8], steps: &Steps, params: &EncoderParams) -> [i16; 64] {
    let mut x = [0.0f32; 64];
    let mut out = [0i16; 64];
    let mut energy = 0.0f32;
    for v in 0..8 {
        for u in 0..8 {
            let value = spectrum[v][u] * steps.inverse[8 * v + u];
            x[8 * v + u] = value;
            // Adding this number leaves the nearest integer in the low bits.
            let nearest = (value + 12_582_912.0).to_bits() as i32 - 0x4b40_0000;
            out[8 * v + u] = nearest.clamp(-1023, 1023) as i16;
        }
    }
    if params.masking > 0.0 {
        energy = x[1..].iter().map(|v| v * v).sum();
    }
    threshold(&x, &mut out, steps.price * params.price_factor_of(energy));
    out
}

/// Zeroes coefficients of magnitude 1 that cost more bits than the error they save is worth.
#[inline(always)]
fn threshold(x: &[f32; 64], out: &mut [i16; 64], price: f32) {
    let mut mask = nonzero_mask(out) & !1;
    let mut behind = 1u32;
    while mask != 0 {
        let k = mask.trailing_zeros();
        mask &= mask - 1;
        let natural = usize::from(NATURAL_FROM_ZIGZAG[k as usize & 63]) & 63;
        // The last one also saves its part of the way to the end.
        let bits = ONE_BITS[(k - behind) as usize & 63] + if mask == 0 { 1.0 } else { 0.0 };
        let saved = 2.0 * x[natural].abs() - 1.0;
        if out[natural].unsigned_abs() == 1 && saved < price * bits {
            out[natural] = 0;
        } else {
            behind = k + 1;
        }
    }
}

/// Rows of samples of one MCU row.
struct SampleRows {
    /// Samples in a row, whole MCUs.
    stride: usize,
    /// One buffer a component.
    values: Vec<Vec<f32>>,
}

impl SampleRows {
    /// Fills the lines from picture row `top` on; behind the picture's end its last row and
    /// column repeat.
    #[inline(always)]
    fn fill(&mut self, planes: &Planes, top: usize, rows: usize) {
        let (width, height) = (planes.shape.width_px, planes.shape.height_px);
        let scale = 255.0 / f32::from(planes.shape.planes[0].sample_max());
        for line in 0..rows {
            let y = (top + line).min(height - 1);
            let at = line * self.stride..(line + 1) * self.stride;
            if let [luma, cb, cr] = self.values.as_mut_slice() {
                let [r, g, b] = [0, 1, 2].map(|i| &planes.planes[i].row(y)[..width]);
                let outs = luma[at.clone()].iter_mut().zip(&mut cb[at.clone()]).zip(&mut cr[at.clone()]);
                for (((r, g), b), ((oy, ob), or)) in r.iter().zip(g).zip(b).zip(outs) {
                    let rgb = [*r, *g, *b].map(|v| f32::from(v) * scale);
                    let [y, cb, cr] = ycbcr_from_rgb(rgb[0], rgb[1], rgb[2]);
                    (*oy, *ob, *or) = (y - 128.0, cb, cr);
                }
            } else {
                let source = &planes.planes[0].row(y)[..width];
                for (o, v) in self.values[0][at.clone()].iter_mut().zip(source) {
                    *o = f32::from(*v) * scale - 128.0;
                }
            }
            for values in &mut self.values {
                let last = values[at.start + width - 1];
                values[at.start + width..at.end].fill(last);
            }
        }
    }

    /// Means of `x` × `y` samples in place; rows are then `stride / x` apart.
    #[inline(always)]
    fn shrink(&mut self, index: usize, x: usize, y: usize, rows: usize) {
        let (stride, values) = (self.stride, &mut self.values[index]);
        let scale = 1.0 / (x * y) as f32;
        let small = stride / x;
        let mut sums = vec![0.0f32; small];
        for row in 0..rows / y {
            sums.fill(0.0);
            for dy in 0..y {
                let line = &values[(row * y + dy) * stride..][..stride];
                if x == 2 {
                    sums.iter_mut()
                        .zip(line.chunks_exact(2))
                        .for_each(|(s, pair)| *s += pair[0] + pair[1]);
                } else {
                    sums.iter_mut().zip(line).for_each(|(s, v)| *s += v);
                }
            }
            values[row * small..(row + 1) * small]
                .iter_mut()
                .zip(&sums)
                .for_each(|(o, s)| *o = s * scale);
        }
    }
}

/// Quantised coefficients of gray or RGB `planes`.
pub fn blocks_from_planes(
    planes: &Planes,
    frame: &Frame,
    quant: &[[u16; 64]; 3],
    params: &EncoderParams,
    exec: &Exec,
) -> Vec<ComponentBlocks> {
    let layout = FrameLayout { frame };
    let steps: Vec<Steps> = (0..frame.components.len())
        .map(|i| Steps {
            inverse: quant[i].map(|q| 1.0 / f32::from(q)),
            price: params.lambda * if i == 0 { 1.0 } else { params.chroma_lambda },
        })
        .collect();
    let (_, mcu_rows) = frame.mcus();
    let bands = if exec.threads.count() == 1 { 1 } else { mcu_rows.div_ceil(8) };
    let parts = map_indexed(exec.threads, bands, |band| {
        let rows = mcu_rows * band / bands..mcu_rows * (band + 1) / bands;
        let mut out: Vec<Vec<[i16; 64]>> = (0..frame.components.len())
            .map(|i| Vec::with_capacity(layout.blocks(i).0 * frame.components[i].v * rows.len()))
            .collect();
        dispatch!(exec.level, simd => simd.vectorize(#[inline(always)] || {
            band_blocks(planes, frame, &steps, params, rows.clone(), &mut out)
        }));
        out
    });
    let mut parts = parts.into_iter();
    let mut joined = parts.next().unwrap_or_default();
    for part in parts {
        joined.iter_mut().zip(part).for_each(|(all, blocks)| all.extend_from_slice(&blocks));
    }
    let component = |(index, blocks)| ComponentBlocks::new(frame, index, blocks);
    joined.into_iter().enumerate().map(component).collect()
}

#[inline(always)]
fn band_blocks(
    planes: &Planes,
    frame: &Frame,
    steps: &[Steps],
    params: &EncoderParams,
    mcu_rows: std::ops::Range<usize>,
    out: &mut [Vec<[i16; 64]>],
) {
    let (h, v) = frame.sampling_max();
    let (mcus_x, _) = frame.mcus();
    let (stride, lines) = (mcus_x * 8 * h, 8 * v);
    let mut rows =
        SampleRows { stride, values: vec![vec![0.0; stride * lines]; frame.components.len()] };
    for mcu_row in mcu_rows {
        rows.fill(planes, mcu_row * lines, lines);
        for (index, info) in frame.components.iter().enumerate() {
            let (x, y) = (h / info.h, v / info.v);
            if (x, y) != (1, 1) {
                rows.shrink(index, x, y, lines);
            }
            let (stride, values) = (stride / x, &rows.values[index]);
            for top in (0..lines / y).step_by(8) {
                for left in (0..stride).step_by(8) {
                    let mut block = [[0.0f32; 8]; 8];
                    for (dy, line) in block.iter_mut().enumerate() {
                        line.copy_from_slice(&values[(top + dy) * stride + left..][..8]);
                    }
                    out[index].push(quantised(&transform(&block), &steps[index], params));
                }
            }
        }
    }
}

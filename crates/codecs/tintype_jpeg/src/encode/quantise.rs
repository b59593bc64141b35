//! Quantisation of a whole picture: rounding with a dead zone, then RDO by trellis under counted
//! prices.
//!
//! In: DCT coefficients. Out: quantised [`ComponentBlocks`]. Not bit-exact. Source: see
//! `trellis.rs`.

use super::forward_dct::Spectrum;
use super::params::EncoderParams;
use super::scan_script;
use super::trellis::{self, AcCosts};
use crate::coefficients::ComponentBlocks;
use crate::frame::{Frame, NATURAL_FROM_ZIGZAG, Process};
use crate::huffman::optimal_lengths;
use crate::scan_encode::{CountSink, ScanLayout, encode_scan};
use tintype_codec::{Exec, map_indexed};

/// Weights of squared errors of Y, Cb and Cr, as they count in RGB.
pub const RGB_ERROR_WEIGHTS: [f64; 3] = [1.0, 1.086, 0.825];

/// Symbol statistics of a sequential scan of all components: DC and AC of luma, then of chroma.
fn statistics(frame: &Frame, blocks: &[ComponentBlocks]) -> ([[u64; 256]; 2], [[u64; 256]; 2]) {
    let frame = Frame { process: Process::Sequential, ..frame.clone() };
    let (mut dc, mut ac) = ([[1u64; 256]; 2], [[1u64; 256]; 2]);
    for header in scan_script::sequential(&frame) {
        let mut sink = CountSink::default();
        encode_scan(
            ScanLayout { frame: &frame, header: &header, restart_interval: 0, eob_run_breaks: &[] },
            blocks,
            &mut sink,
        );
        for (slot, part) in header.components.iter().enumerate() {
            for s in 0..256 {
                dc[part.index.min(1)][s] += 64 * sink.dc[slot][s];
                ac[part.index.min(1)][s] += 64 * sink.ac[slot][s];
            }
        }
    }
    (dc, ac)
}

fn code_lengths(counts: &[u64; 256]) -> [u8; 256] {
    let (by_length, symbols) = optimal_lengths(counts);
    let lengths =
        (1u8..=16).flat_map(|l| std::iter::repeat_n(l, usize::from(by_length[usize::from(l) - 1])));
    let mut out = [0; 256];
    for (symbol, length) in symbols.iter().zip(lengths) {
        out[usize::from(*symbol)] = length;
    }
    out
}

/// Quantises all components, and the squared error it leaves, weighted as in RGB.
pub fn quantise(
    frame: &Frame,
    spectra: &[Spectrum],
    quant: &[[u16; 64]; 3],
    params: &EncoderParams,
    exec: &Exec,
) -> (Vec<ComponentBlocks>, f64) {
    let table = |i: usize| &quant[if spectra.len() == 3 { i } else { 0 }];
    let mut blocks: Vec<ComponentBlocks> =
        (0..spectra.len()).map(|i| rounded(frame, i, &spectra[i], table(i), params, exec)).collect();
    for _ in 0..params.passes {
        let (dc, ac) = statistics(frame, &blocks);
        for (i, own) in blocks.iter_mut().enumerate() {
            let lengths = code_lengths(&dc[i.min(1)]);
            let prices = Prices {
                ac: AcCosts::new(&code_lengths(&ac[i.min(1)])),
                dc: std::array::from_fn(|s| f32::from(lengths[s].max(1)) + s as f32),
                ac_lambda: params.lambda * if i == 0 { 1.0 } else { params.chroma_lambda },
            };
            refine(own, &spectra[i], table(i), &prices, params, exec);
        }
    }
    let error = if params.search_sampling { squared_error(frame, &blocks, spectra, quant) } else { 0.0 };
    (blocks, error)
}

/// The squared error of `blocks`, weighted as in RGB.
fn squared_error(
    frame: &Frame,
    blocks: &[ComponentBlocks],
    spectra: &[Spectrum],
    quant: &[[u16; 64]; 3],
) -> f64 {
    let table = |i: usize| &quant[if spectra.len() == 3 { i } else { 0 }];
    let mut error = 0.0f64;
    for (i, (own, spectrum)) in blocks.iter().zip(spectra).enumerate() {
        let weight = if spectra.len() == 3 { RGB_ERROR_WEIGHTS[i] } else { 1.0 };
        let area = if i == 0 { 1.0 } else { (frame.components[0].h * frame.components[0].v) as f64 };
        let mut sum = 0.0f64;
        for (block, source) in own.blocks.iter().zip(&spectrum.blocks) {
            for (k, natural) in NATURAL_FROM_ZIGZAG.iter().enumerate() {
                let n = usize::from(*natural);
                let e = source[k] - f32::from(block[n]) * f32::from(table(i)[n]);
                sum += f64::from(e * e);
            }
        }
        error += weight * area * sum;
    }
    error
}

fn inverse_steps(table: &[u16; 64]) -> [f32; 64] {
    std::array::from_fn(|k| 1.0 / f32::from(table[usize::from(NATURAL_FROM_ZIGZAG[k])]))
}

/// Plain quantisation with a dead zone.
fn rounded(
    frame: &Frame,
    index: usize,
    spectrum: &Spectrum,
    table: &[u16; 64],
    params: &EncoderParams,
    exec: &Exec,
) -> ComponentBlocks {
    let inverse = inverse_steps(table);
    let bias = params.rounding;
    let lines = map_indexed(exec.threads, spectrum.rows, |y| {
        let row = &spectrum.blocks[y * spectrum.stride..(y + 1) * spectrum.stride];
        let quantised = row.iter().map(|source| {
            let mut block = [0i16; 64];
            for (k, natural) in NATURAL_FROM_ZIGZAG.iter().enumerate() {
                let x = source[k] * inverse[k];
                let size = (x.abs() + if k == 0 { 0.5 } else { bias }) as i32;
                block[usize::from(*natural)] = if x < 0.0 { -size } else { size } as i16;
            }
            block
        });
        quantised.collect::<Vec<_>>()
    });
    ComponentBlocks::new(frame, index, lines.concat())
}

/// What symbols of a component cost.
struct Prices {
    ac: AcCosts,
    /// Bits of a DC difference of each size.
    dc: [f32; 16],
    /// Price of an AC bit before masking.
    ac_lambda: f32,
}

/// Quantises one component anew by trellis, given what symbols cost.
fn refine(
    own: &mut ComponentBlocks,
    spectrum: &Spectrum,
    table: &[u16; 64],
    prices: &Prices,
    params: &EncoderParams,
    exec: &Exec,
) {
    let inverse = inverse_steps(table);
    let lines = map_indexed(exec.threads, own.rows, |y| {
        let row = &spectrum.blocks[y * own.stride..(y + 1) * own.stride];
        let dc: Vec<f32> = row.iter().map(|b| b[0] * inverse[0]).collect();
        let first = dc.first().map_or(0, |v| v.round() as i32);
        let dc = trellis::quantise_dc(&dc, first, &prices.dc, params.lambda * params.dc_lambda);
        let quantised = row.iter().zip(dc).map(|(source, dc)| {
            let x: [f32; 64] = std::array::from_fn(|k| source[k] * inverse[k]);
            let lambda = prices.ac_lambda * params.price_factor(&x);
            let mut zigzag = [0i16; 64];
            trellis::quantise_ac(&x, &prices.ac, lambda, &mut zigzag);
            let mut block = [0i16; 64];
            for (k, natural) in NATURAL_FROM_ZIGZAG.iter().enumerate() {
                block[usize::from(*natural)] = zigzag[k].clamp(-1023, 1023);
            }
            block[0] = dc.clamp(-1024, 1023) as i16;
            block
        });
        quantised.collect::<Vec<_>>()
    });
    own.blocks = lines.concat();
}

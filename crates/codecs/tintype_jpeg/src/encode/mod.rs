//! Planes to a JPEG file that every viewer opens.
//!
//! In: gray, RGB, YCbCr or four bands (inks, 0 for none; the file has them inverted, as Adobe does), any depth (written
//! as 8 bits); metadata; settings. Out: file bytes: baseline or progressive, rate–distortion optimised. Not in the exact
//! zone.
//! Source: ITU-T T.81; see the files for each step; docs/decisions for the choices.

mod forward;
mod plan;
mod quick;
mod script;
mod trellis;
mod write;

pub use plan::{JpegPlan, Sampling};

use super::coefficients::ComponentBlocks;
use super::huffman::optimal_lengths;
use super::markers::{ComponentInfo, Frame, NATURAL_FROM_ZIGZAG, Process};
use super::metadata;
use super::scan_encode::{CountSink, ScanShape, encode_scan};
use forward::Spectrum;
use tintype_codec::{CodecError, ExecOptions, map_indexed};
use tintype_image::{ColourModel, Metadata, PlaneRole, Planes};
use trellis::AcCosts;

/// How components lie in the file.
#[derive(Clone, Debug)]
pub struct Layout {
    frame: Frame,
}

impl Layout {
    /// Blocks across and down in storage of component `index`.
    pub fn blocks(&self, index: usize) -> (usize, usize) {
        let (x, y) = self.frame.mcus();
        (x * self.frame.components[index].h, y * self.frame.components[index].v)
    }
}

/// Encodes `planes` as `plan` says.
///
/// # Errors
/// `Unsupported` for planes that JPEG has no place for (alpha, depth, other than 1, 3 or 4 planes, sides above 65 500).
pub fn encode_jpeg(
    planes: &Planes,
    metadata: &Metadata,
    plan: &JpegPlan,
    exec: &ExecOptions,
) -> Result<Vec<u8>, CodecError> {
    let shape = &planes.shape;
    let count = shape.planes.len();
    let unsupported = |what: String| Err(CodecError::Unsupported { what });
    if !matches!(count, 1 | 3 | 4)
        || shape.planes.iter().any(|p| matches!(p.role, PlaneRole::Alpha | PlaneRole::Depth))
    {
        return unsupported(format!(
            "{count} planes, alpha or depth in a JPEG (gray, RGB, YCbCr or four inks are possible)"
        ));
    }
    if shape.width_px.max(shape.height_px) > 65_500 {
        return unsupported(format!(
            "a JPEG of {} × {} pixels (at most 65500)",
            shape.width_px, shape.height_px
        ));
    }
    let colour = count == 3 && matches!(shape.colour, ColourModel::Rgb | ColourModel::YCbCr(_));
    let given =
        (shape.planes[count - 1].subsample_x_log2, shape.planes[count - 1].subsample_y_log2);
    let whole = shape.planes.iter().all(|p| (p.subsample_x_log2, p.subsample_y_log2) == (0, 0));
    let plain = count == 1 || (count == 3 && shape.colour == ColourModel::Rgb);
    if plan.quick && whole && plain {
        return Ok(encode_quickly(planes, metadata, plan, exec));
    }
    let full = forward::components_from_planes(planes, colour, exec);
    if given != (0, 0) || !colour || plan.sampling != Sampling::Auto {
        let sampling = match (given, plan.sampling) {
            _ if !colour => (1, 1),
            ((0, 0), Sampling::Full) => (1, 1),
            ((0, 0), Sampling::HalfWidth) => (2, 1),
            ((0, 0), Sampling::Half) => (2, 2),
            ((x, y), _) => (1 << x, 1 << y),
        };
        return Ok(encode_sampled(
            &full,
            shape.width_px,
            shape.height_px,
            sampling,
            metadata,
            plan,
            exec,
        )
        .bytes);
    }
    if !plan.search_sampling {
        let sampling = if plan.step < plan.full_chroma_below { (1, 1) } else { (2, 2) };
        return Ok(encode_sampled(
            &full,
            shape.width_px,
            shape.height_px,
            sampling,
            metadata,
            plan,
            exec,
        )
        .bytes);
    }
    let tries = map_indexed(exec.threads, 2, |i| {
        let sampling = [(1, 1), (2, 2)][i];
        encode_sampled(&full, shape.width_px, shape.height_px, sampling, metadata, plan, exec)
    });
    let best = tries.into_iter().min_by(|a, b| a.cost.total_cmp(&b.cost));
    best.map(|t| t.bytes).ok_or(CodecError::Misuse { what: "no chroma sampling to try".into() })
}

/// The frame of `count` components; those behind the first have one sample for `x` × `y` of the first.
fn frame_of(
    count: usize,
    (width, height): (usize, usize),
    (x, y): (usize, usize),
    plan: &JpegPlan,
) -> Frame {
    let process = if plan.progressive { Process::Progressive } else { Process::Sequential };
    let component = |i: usize| ComponentInfo {
        id: i as u8 + 1,
        h: if i == 0 { x } else { 1 },
        v: if i == 0 { y } else { 1 },
        quant_index: if count == 3 { i } else { 0 },
    };
    let components = (0..count).map(component).collect();
    Frame { process, arithmetic: false, precision: 8, width, height, components }
}

/// Scans and file of quantised coefficients.
fn written(
    frame: &Frame,
    blocks: &[ComponentBlocks],
    quant: &[[u16; 64]; 3],
    metadata: &Metadata,
    plan: &JpegPlan,
    exec: &ExecOptions,
) -> Vec<u8> {
    let count = frame.components.len();
    let scans = if plan.progressive {
        script::progressive(frame, blocks, plan.restart_interval, plan.wide_script, exec)
    } else {
        script::sequential(frame)
    };
    let notes = metadata::segments(metadata).0;
    let parts = write::FileParts {
        frame,
        quant: if count == 3 { &quant[..] } else { &quant[..1] },
        notes: &notes,
        adobe: if count == 4 { Some(0) } else { None },
        restart_interval: plan.restart_interval,
    };
    write::file(&parts, blocks, &scans)
}

/// One pass over gray or RGB samples, sampling by quality.
fn encode_quickly(
    planes: &Planes,
    metadata: &Metadata,
    plan: &JpegPlan,
    exec: &ExecOptions,
) -> Vec<u8> {
    let count = planes.planes.len();
    let (x, y) = match plan.sampling {
        _ if count == 1 => (1, 1),
        Sampling::Full => (1, 1),
        Sampling::HalfWidth => (2, 1),
        Sampling::Half => (2, 2),
        Sampling::Auto if plan.step < plan.full_chroma_below => (1, 1),
        Sampling::Auto => (2, 2),
    };
    let frame = frame_of(count, (planes.shape.width_px, planes.shape.height_px), (x, y), plan);
    let quant = plan.tables(count, (x * y) as u32);
    let blocks = quick::blocks_from_planes(planes, &frame, &quant, plan, exec);
    written(&frame, &blocks, &quant, metadata, plan, exec)
}

/// A file and what it costs: squared error over the three colour planes plus the price of its bits.
struct Encoded {
    bytes: Vec<u8>,
    cost: f64,
}

fn encode_sampled(
    full: &[forward::Samples],
    width: usize,
    height: usize,
    (x, y): (usize, usize),
    metadata: &Metadata,
    plan: &JpegPlan,
    exec: &ExecOptions,
) -> Encoded {
    let count = full.len();
    let frame = frame_of(count, (width, height), (x, y), plan);
    let layout = Layout { frame: frame.clone() };
    let mut chroma_lost = 0.0;
    let spectra: Vec<Spectrum> = map_indexed(exec.threads, count, |i| {
        let shrinks =
            i > 0 && full[i].width == width && full[i].height == height && (x, y) != (1, 1);
        if shrinks {
            forward::spectrum(&forward::subsampled(&full[i], x, y), &layout, i, exec)
        } else {
            forward::spectrum(&full[i], &layout, i, exec)
        }
    });
    let quant = plan.tables(count, (x * y) as u32);
    let (blocks, error) = quantise(&frame, &spectra, &quant, plan, exec);
    if plan.search_sampling && (x, y) != (1, 1) {
        for (plane, weight) in full[1..].iter().zip([1.086, 0.825]) {
            chroma_lost += weight * plan::lost_by_sampling(plane, x, y);
        }
    }
    let bytes = written(&frame, &blocks, &quant, metadata, plan, exec);
    let price = f64::from(plan.lambda) * f64::from(plan.step).powi(2);
    let cost = error + chroma_lost + price * 8.0 * bytes.len() as f64;
    Encoded { bytes, cost }
}

/// Symbol statistics of a sequential scan of all components: DC and AC of luma, then of chroma.
fn statistics(frame: &Frame, blocks: &[ComponentBlocks]) -> ([[u64; 256]; 2], [[u64; 256]; 2]) {
    let frame = Frame { process: Process::Sequential, ..frame.clone() };
    let (mut dc, mut ac) = ([[1u64; 256]; 2], [[1u64; 256]; 2]);
    for header in script::sequential(&frame) {
        let mut sink = CountSink::default();
        encode_scan(
            ScanShape { frame: &frame, header: &header, restart_interval: 0, early_ends: &[] },
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
fn quantise(
    frame: &Frame,
    spectra: &[Spectrum],
    quant: &[[u16; 64]; 3],
    plan: &JpegPlan,
    exec: &ExecOptions,
) -> (Vec<ComponentBlocks>, f64) {
    let table = |i: usize| &quant[if spectra.len() == 3 { i } else { 0 }];
    let mut blocks: Vec<ComponentBlocks> =
        (0..spectra.len()).map(|i| rounded(frame, i, &spectra[i], table(i), plan, exec)).collect();
    for _ in 0..plan.passes {
        let (dc, ac) = statistics(frame, &blocks);
        for (i, own) in blocks.iter_mut().enumerate() {
            let lengths = code_lengths(&dc[i.min(1)]);
            let prices = Prices {
                ac: AcCosts::new(&code_lengths(&ac[i.min(1)])),
                dc: std::array::from_fn(|s| f32::from(lengths[s].max(1)) + s as f32),
                ac_lambda: plan.lambda * if i == 0 { 1.0 } else { plan.chroma_lambda },
            };
            refine(own, &spectra[i], table(i), &prices, plan, exec);
        }
    }
    if !plan.search_sampling {
        return (blocks, 0.0);
    }
    let mut error = 0.0f64;
    for (i, (own, spectrum)) in blocks.iter().zip(spectra).enumerate() {
        let weight = if spectra.len() == 3 { [1.0, 1.086, 0.825][i] } else { 1.0 };
        let area =
            if i == 0 { 1.0 } else { (frame.components[0].h * frame.components[0].v) as f64 };
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
    (blocks, error)
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
    plan: &JpegPlan,
    exec: &ExecOptions,
) -> ComponentBlocks {
    let inverse = inverse_steps(table);
    let bias = plan.rounding;
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
    let (width, height) = frame.component_size(index);
    ComponentBlocks {
        stride: spectrum.stride,
        rows: spectrum.rows,
        width: width.div_ceil(8),
        height: height.div_ceil(8),
        blocks: lines.concat(),
    }
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
    plan: &JpegPlan,
    exec: &ExecOptions,
) {
    let inverse = inverse_steps(table);
    let lines = map_indexed(exec.threads, own.rows, |y| {
        let row = &spectrum.blocks[y * own.stride..(y + 1) * own.stride];
        let dc: Vec<f32> = row.iter().map(|b| b[0] * inverse[0]).collect();
        let first = dc.first().map_or(0, |v| v.round() as i32);
        let dc = trellis::quantise_dc(&dc, first, &prices.dc, plan.lambda * plan.dc_lambda);
        let quantised = row.iter().zip(dc).map(|(source, dc)| {
            let x: [f32; 64] = std::array::from_fn(|k| source[k] * inverse[k]);
            let lambda = prices.ac_lambda * plan.masking(&x);
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

//! Old JPEG files in fewer bytes, coming back byte for byte.
//!
//! [`repack`]: file bytes to a [`Payload`] of either everything that is not coefficients under a byte model plus the
//! coefficients under mixed contexts, or, where that does not shrink the file, the file itself.
//! [`unpack`]: the payload to the file. Bit-exact. Format: docs/format/jpeg-repack.md.

mod block_walk;
mod byte_model;
mod contexts;
mod expectation;
mod fit;
mod mixed_tables;
mod priors;
mod recipe;
mod symbol_tables;

use super::coefficients::{BlockRows, ComponentBlocks, blocks_for_frame};
use super::read::read_coefficients;
use super::structure::{ScanData, Structure, structure_from_bytes};
use block_walk::walk_segment;
use fearless_simd::{Simd, dispatch};
pub use fit::priors_from_files;
use priors::LEARNT;
use recipe::Recipe;
use tintype_codec::{
    CodecError, ExecOptions, Payload, Section, SectionKey, SectionView, map_items,
};
use tintype_entropy::rans::{SplitDecoder, SplitEncoder};
use tintype_entropy::{BitDecoder, BitEncoder, EntropyError, SymbolWalk};
use tintype_image::Level;

/// First byte of the header.
const VERSION: u8 = 1;
/// The file itself follows.
const STORED: u8 = 0;
/// Segments and recipe follow; the quick model.
const QUICK: u8 = 1;
/// The same, the dense model.
const DENSE: u8 = 2;
/// Entropy-coded bytes that one segment should hold at least.
const SEGMENT_BYTES: usize = 1 << 20;
const SEGMENTS_MAX: usize = 8;
/// States of the quick model's coder.
const LANES: usize = 2;

/// Whether a repacked file is decoded and compared before it is handed out.
///
/// ```
/// use tintype_jpeg::Verify;
///
/// assert_eq!(Verify::default(), Verify::Yes);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Decode, compare, and store the file as it is where they differ.
    #[default]
    Yes,
    /// Trust the coder; scans with anything unusual are written again and compared all the same.
    No,
}

/// Repacks a JPEG file: by the quick model up to `effort` 7, by the dense one at 8 and 9.
///
/// Never fails: what is no JPEG, or a broken one, is stored. The payload is at most a few bytes larger than `bytes`.
pub fn pack(bytes: &[u8], effort: u8, verify: Verify, exec: &ExecOptions) -> Payload {
    let mode = if effort <= 7 { QUICK } else { DENSE };
    let Some(packed) = pack_dct(bytes, mode, exec) else { return stored(bytes) };
    let size: usize =
        packed.header.len() + packed.sections.iter().map(|s| s.bytes.len() + 16).sum::<usize>();
    if size >= bytes.len() {
        return stored(bytes);
    }
    let right = verify == Verify::No
        || unpack(&packed.header, &packed.section_views(), exec).is_ok_and(|again| again == bytes);
    if right { packed } else { stored(bytes) }
}

fn stored(bytes: &[u8]) -> Payload {
    let section = Section { key: SectionKey { tile: 0, layer: 0 }, bytes: bytes.to_vec() };
    Payload { header: vec![VERSION, STORED], sections: vec![section] }
}

/// Rows of MCUs of segment `index` of `count`.
fn segment_rows(mcu_rows: usize, index: usize, count: usize) -> std::ops::Range<usize> {
    mcu_rows * index / count..mcu_rows * (index + 1) / count
}

fn sampling(structure: &Structure) -> Vec<(usize, usize)> {
    structure.frame.components.iter().map(|c| (c.h, c.v)).collect()
}

fn pack_dct(bytes: &[u8], mode: u8, exec: &ExecOptions) -> Option<Payload> {
    let mut file = read_coefficients(bytes, exec.level, &exec.limits).ok()?;
    if !file.structure.huffman_dct() {
        return None;
    }
    let recipe = Recipe::new(bytes, &file, exec.level);
    let scan_bytes: usize = file.structure.scans.iter().map(|s| s.data.len()).sum();
    let (_, mcu_rows) = file.structure.frame.mcus();
    let count = (scan_bytes / SEGMENT_BYTES).clamp(1, SEGMENTS_MAX).min(mcu_rows);
    let sampling = sampling(&file.structure);
    let parts = segments(&mut file.components, &sampling, mcu_rows, count);
    let coded = map_items(exec.threads, parts, |_, mut part| {
        encode_part(mode, exec.level, &mut part, &sampling, &file.structure.quant)
    });
    let recipe = recipe.to_bytes();
    let mut header = vec![VERSION, mode, count as u8];
    header.extend((bytes.len() as u32).to_le_bytes());
    header.extend((recipe.len() as u32).to_le_bytes());
    let parts = std::iter::once(byte_model::encode(&recipe, exec.level)).chain(coded);
    let sections = parts
        .enumerate()
        .map(|(i, bytes)| Section { key: SectionKey { tile: i as u32, layer: 0 }, bytes });
    Some(Payload { header, sections: sections.collect() })
}

/// Codes a segment: the dense model's decisions by the range coder, the quick one's symbols by rANS.
fn encode_part(
    mode: u8,
    level: Level,
    part: &mut [BlockRows<'_>],
    sampling: &[(usize, usize)],
    quant: &[[u16; 64]],
) -> Vec<u8> {
    if mode == DENSE {
        let mut encoder = BitEncoder::new();
        walk_segment(&mut encoder, &mut LEARNT.dense(), part, sampling, quant);
        return encoder.finish();
    }
    walk_quick(
        level,
        SplitEncoder::<LANES>::new(),
        part,
        sampling,
        quant,
        #[inline(always)]
        |encoder| encoder.finish(),
    )
}

/// Fills a segment with what `bytes` hold.
fn decode_part(
    mode: u8,
    level: Level,
    bytes: &[u8],
    part: &mut [BlockRows<'_>],
    sampling: &[(usize, usize)],
    quant: &[[u16; 64]],
) -> Result<(), CodecError> {
    if mode == DENSE {
        walk_segment(&mut BitDecoder::whole(bytes), &mut LEARNT.dense(), part, sampling, quant);
        return Ok(());
    }
    let decoder = SplitDecoder::<LANES>::new(bytes).map_err(failed)?;
    walk_quick(level, decoder, part, sampling, quant, |decoder| decoder.finish()).map_err(failed)
}

fn failed(error: EntropyError) -> CodecError {
    match error {
        EntropyError::Truncated { needed } => CodecError::Truncated { needed },
        other => CodecError::Malformed { what: format!("coefficients: {other}"), at: None },
    }
}

/// By value, so that the coder's state can live in registers; `finish` is what is made of it.
fn walk_quick<W: SymbolWalk, R>(
    level: Level,
    coder: W,
    part: &mut [BlockRows<'_>],
    sampling: &[(usize, usize)],
    quant: &[[u16; 64]],
    finish: impl FnOnce(W) -> R,
) -> R {
    dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
        let mut coder = coder;
        walk_segment(&mut coder, &mut LEARNT.quick(simd), part, sampling, quant);
        finish(coder)
    }))
}

/// The blocks of `count` segments, each with its part of every component.
fn segments<'a>(
    components: &'a mut [ComponentBlocks],
    sampling: &[(usize, usize)],
    mcu_rows: usize,
    count: usize,
) -> Vec<Vec<BlockRows<'a>>> {
    let mut parts: Vec<Vec<BlockRows<'a>>> = (0..count).map(|_| Vec::new()).collect();
    for (c, (_, v)) in components.iter_mut().zip(sampling) {
        let mut rest = &mut c.blocks[..];
        for (index, part) in parts.iter_mut().enumerate() {
            let rows = segment_rows(mcu_rows, index, count).len() * v;
            let (blocks, others) = rest.split_at_mut(rows * c.stride);
            part.push(BlockRows { stride: c.stride, rows, blocks });
            rest = others;
        }
    }
    parts
}

/// The file that a payload with `header` and `sections` was made of.
///
/// # Errors
/// `Truncated`, `Malformed`, `Unsupported` (a later version), `Limit`.
pub fn unpack(
    header: &[u8],
    sections: &[SectionView<'_>],
    exec: &ExecOptions,
) -> Result<Vec<u8>, CodecError> {
    let malformed = |what: &str| CodecError::Malformed { what: what.into(), at: None };
    let [VERSION, mode, rest @ ..] = header else {
        return Err(CodecError::Unsupported { what: "this version of packed JPEG".into() });
    };
    if sections.iter().any(|s| !s.complete) {
        return Err(CodecError::Truncated { needed: 1 });
    }
    if *mode == STORED {
        let file = sections.first().ok_or(CodecError::Truncated { needed: 1 })?;
        return Ok(file.bytes.to_vec());
    }
    let [count, lengths @ ..] = rest else { return Err(CodecError::Truncated { needed: 9 }) };
    let lengths: [u8; 8] =
        lengths.try_into().map_err(|_| malformed("repacked JPEG's header of another length"))?;
    let word = |at: usize| {
        u32::from_le_bytes(lengths[at..at + 4].try_into().expect("four bytes")) as usize
    };
    let (file_bytes, recipe_bytes, count) = (word(0), word(4), usize::from(*count));
    if count == 0
        || count > SEGMENTS_MAX
        || sections.len() != count + 1
        || !(QUICK..=DENSE).contains(mode)
    {
        return Err(malformed("repacked JPEG's mode or number of sections"));
    }
    if file_bytes as u64 > exec.limits.samples_max || recipe_bytes as u64 > exec.limits.samples_max
    {
        return Err(CodecError::Limit {
            what: "bytes of a JPEG file",
            max: exec.limits.samples_max,
        });
    }
    let recipe =
        Recipe::from_bytes(&byte_model::decode(sections[0].bytes, recipe_bytes, exec.level))?;
    let structure = structure_from_bytes(&recipe.rest, ScanData::Removed)?;
    if !structure.huffman_dct() {
        return Err(malformed("repacked JPEG that is not of Huffman-coded DCT"));
    }
    let components = decode_segments(sections, *mode, count, &structure, file_bytes, exec)?;
    recipe.file(&structure, &components, file_bytes, exec.level)
}

fn decode_segments(
    sections: &[SectionView<'_>],
    mode: u8,
    count: usize,
    structure: &Structure,
    file_bytes: usize,
    exec: &ExecOptions,
) -> Result<Vec<ComponentBlocks>, CodecError> {
    let mut components = blocks_for_frame(&structure.frame, file_bytes, &exec.limits)?;
    let (_, mcu_rows) = structure.frame.mcus();
    let sampling = sampling(structure);
    let parts = segments(&mut components, &sampling, mcu_rows, count);
    let done = map_items(exec.threads, parts, |index, mut part| {
        decode_part(
            mode,
            exec.level,
            sections[index + 1].bytes,
            &mut part,
            &sampling,
            &structure.quant,
        )
    });
    done.into_iter().collect::<Result<(), _>>()?;
    Ok(components)
}

//! The payload of a packed file: [`pack`] makes it, [`unpack`] gives the file back.
//!
//! In: file bytes. Out: a [`Payload`] of reconstruction data under the byte model and
//! coefficients under a coefficient model; or, where that is not smaller, of the file itself.
//! Bit-exact.

use super::byte_model;
use super::priors::SHIPPED;
use super::reconstruction::Reconstruction;
use super::segment_walk::walk_segment;
use super::segments::{SEGMENTS_MAX, sampling, segment_count, segments};
use crate::coefficients::{BlockRows, ComponentBlocks, blocks_for_frame};
use crate::read::read_coefficients;
use crate::structure::{ScanData, Structure, structure_from_bytes};
use fearless_simd::{Simd, dispatch};
use tintype_codec::{CodecError, Exec, Payload, SectionView, map_items};
use tintype_entropy::rans::{SplitDecoder, SplitEncoder};
use tintype_entropy::{BitDecoder, BitEncoder, EntropyError, SymbolWalk};
use tintype_image::Level;

/// First byte of the header.
const VERSION: u8 = 1;
/// States of the quick model's coder.
const LANES: usize = 2;
/// Bytes that a section costs in a container, about.
const SECTION_OVERHEAD: usize = 16;

/// What the sections hold: the second byte of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The file itself.
    Stored = 0,
    /// Reconstruction data and coefficients under the quick model.
    Quick = 1,
    /// The same under the dense model.
    Dense = 2,
}

/// Whether a packed file is unpacked and compared before it is handed out.
///
/// ```
/// use tintype_jpeg::Verify;
///
/// assert_eq!(Verify::default(), Verify::Yes);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Unpack, compare, and store the file as it is where they differ.
    #[default]
    Yes,
    /// Trust the coder. Scans that may not be canonical are written again and compared all the
    /// same.
    No,
}

/// Packs a JPEG file: with the quick model up to `effort` 7, with the dense one at 8 and 9.
///
/// Never fails: what is no JPEG, or a damaged one, is stored. The payload is at most a few bytes
/// larger than `file`. [`unpack`] shows how to go back.
pub fn pack(file: &[u8], effort: u8, verify: Verify, exec: &Exec) -> Payload {
    let mode = if effort <= 7 { Mode::Quick } else { Mode::Dense };
    let Some(packed) = pack_coefficients(file, mode, exec) else { return stored(file) };
    let sections: usize = packed.sections.iter().map(|s| s.bytes.len() + SECTION_OVERHEAD).sum();
    if packed.header.len() + sections >= file.len() {
        return stored(file);
    }
    let sound = verify == Verify::No
        || unpack(&packed.header, &packed.section_views(), exec).is_ok_and(|again| again == file);
    if sound { packed } else { stored(file) }
}

fn stored(file: &[u8]) -> Payload {
    Payload::from_tiles(vec![VERSION, Mode::Stored as u8], [file.to_vec()])
}

/// The header and the sections of a file whose coefficients are coded; `None` for a file that
/// cannot be restored from its coefficients.
fn pack_coefficients(bytes: &[u8], mode: Mode, exec: &Exec) -> Option<Payload> {
    let mut file = read_coefficients(bytes, exec.level, &exec.limits).ok()?;
    if !file.structure.huffman_dct() {
        return None;
    }
    let reconstruction = Reconstruction::new(bytes, &file, exec.level).to_bytes();
    let scan_bytes: usize = file.structure.scans.iter().map(|s| s.data.len()).sum();
    let (_, mcu_rows) = file.structure.frame.mcus();
    let count = segment_count(scan_bytes, mcu_rows);
    let segment = SegmentCoder {
        mode,
        level: exec.level,
        sampling: &sampling(&file.structure),
        quant: &file.structure.quant,
    };
    let parts = segments(&mut file.components, segment.sampling, mcu_rows, count);
    let coded = map_items(exec.threads, parts, |_, mut part| segment.encode(&mut part));
    let mut header = vec![VERSION, mode as u8, count as u8];
    header.extend((bytes.len() as u32).to_le_bytes());
    header.extend((reconstruction.len() as u32).to_le_bytes());
    let first = byte_model::encode(&reconstruction, exec.level);
    Some(Payload::from_tiles(header, std::iter::once(first).chain(coded)))
}

/// What the segments of a file share.
#[derive(Clone, Copy)]
struct SegmentCoder<'a> {
    mode: Mode,
    level: Level,
    sampling: &'a [(usize, usize)],
    quant: &'a [[u16; 64]],
}

impl SegmentCoder<'_> {
    /// Codes a segment: the dense model's decisions by the range coder, the quick one's symbols
    /// by rANS.
    fn encode(&self, part: &mut [BlockRows<'_>]) -> Vec<u8> {
        if self.mode == Mode::Dense {
            let mut encoder = BitEncoder::new();
            let mut model = SHIPPED.dense();
            walk_segment(&mut encoder, &mut model, part, self.sampling, self.quant);
            return encoder.finish();
        }
        let encoder = SplitEncoder::<LANES>::new();
        self.walk_quick(
            encoder,
            part,
            #[inline(always)]
            |encoder| encoder.finish(),
        )
    }

    /// Fills a segment from `bytes`.
    fn decode(&self, bytes: &[u8], part: &mut [BlockRows<'_>]) -> Result<(), CodecError> {
        if self.mode == Mode::Dense {
            let (mut decoder, mut model) = (BitDecoder::whole(bytes), SHIPPED.dense());
            walk_segment(&mut decoder, &mut model, part, self.sampling, self.quant);
            return Ok(());
        }
        let decoder = SplitDecoder::<LANES>::new(bytes).map_err(coefficients_error)?;
        self.walk_quick(decoder, part, |decoder| decoder.finish()).map_err(coefficients_error)
    }

    /// Takes the coder by value, so that its state can live in registers; `finish` ends it.
    fn walk_quick<W: SymbolWalk, R>(
        &self,
        coder: W,
        part: &mut [BlockRows<'_>],
        finish: impl FnOnce(W) -> R,
    ) -> R {
        let (sampling, quant) = (self.sampling, self.quant);
        dispatch!(self.level, simd => simd.vectorize(#[inline(always)] || {
            let mut coder = coder;
            walk_segment(&mut coder, &mut SHIPPED.quick(simd), part, sampling, quant);
            finish(coder)
        }))
    }
}

fn coefficients_error(error: EntropyError) -> CodecError {
    match error {
        EntropyError::Truncated { needed } => CodecError::Truncated { needed },
        other => malformed(format!("the packed JPEG's coefficients: {other}")),
    }
}

fn malformed(what: impl Into<String>) -> CodecError {
    CodecError::Malformed { what: what.into(), at: None }
}

/// The header of a payload that is not stored.
struct Header {
    mode: Mode,
    segments: usize,
    file_len: usize,
    reconstruction_len: usize,
}

impl Header {
    /// From the bytes behind version and mode.
    fn from_bytes(mode: Mode, bytes: &[u8]) -> Result<Self, CodecError> {
        let Some((&[segments, a, b, c, d, e, f, g, h], [])) = bytes.split_first_chunk::<9>() else {
            let at = Some(2);
            let what = format!("a packed JPEG's header of {} bytes, not 11", bytes.len() + 2);
            return Err(CodecError::Malformed { what, at });
        };
        let segments = usize::from(segments);
        if !(1..=SEGMENTS_MAX).contains(&segments) {
            let what = format!("a packed JPEG of {segments} segments (1 to {SEGMENTS_MAX})");
            return Err(CodecError::Malformed { what, at: Some(2) });
        }
        let file_len = u32::from_le_bytes([a, b, c, d]) as usize;
        let reconstruction_len = u32::from_le_bytes([e, f, g, h]) as usize;
        Ok(Self { mode, segments, file_len, reconstruction_len })
    }
}

/// The file that a payload with `header` and `sections` was made of.
///
/// ```
/// use tintype_codec::Exec;
/// use tintype_jpeg::{Verify, pack, unpack};
/// let exec = Exec::default();
/// let payload = pack(b"no JPEG", 5, Verify::Yes, &exec);
/// assert_eq!(payload.header, [1, 0]);
/// let file = unpack(&payload.header, &payload.section_views(), &exec)?;
/// assert_eq!(file, b"no JPEG");
/// # Ok::<(), tintype_codec::CodecError>(())
/// ```
///
/// # Errors
/// `Truncated` for a section that is missing or cut, `Malformed`, `Mismatch`, `Unsupported` (a
/// later version), `Limit`.
pub fn unpack(header: &[u8], sections: &[SectionView<'_>], exec: &Exec) -> Result<Vec<u8>, CodecError> {
    let [version, mode, rest @ ..] = header else {
        return Err(CodecError::Truncated { needed: 2 - header.len() });
    };
    if *version != VERSION {
        let what = format!("version {version} of packed JPEG; this program reads version 1");
        return Err(CodecError::Unsupported { what });
    }
    let mode = match mode {
        0 => Mode::Stored,
        1 => Mode::Quick,
        2 => Mode::Dense,
        other => {
            let what = format!("a packed JPEG of mode {other} (0 to 2)");
            return Err(CodecError::Malformed { what, at: Some(1) });
        }
    };
    if sections.iter().any(|s| !s.complete) {
        return Err(CodecError::Truncated { needed: 1 });
    }
    if mode == Mode::Stored {
        let file = sections.first().ok_or(CodecError::Truncated { needed: 1 })?;
        return Ok(file.bytes.to_vec());
    }
    let header = Header::from_bytes(mode, rest)?;
    let missing = (header.segments + 1).saturating_sub(sections.len());
    if missing > 0 {
        return Err(CodecError::Truncated { needed: missing });
    }
    let [first, coded @ ..] = sections else { return Err(CodecError::Truncated { needed: 1 }) };
    if coded.len() > header.segments {
        return Err(malformed("a packed JPEG with more sections than segments"));
    }
    let max = exec.limits.samples_max;
    if header.file_len.max(header.reconstruction_len) as u64 > max {
        return Err(CodecError::Limit { what: "bytes of a JPEG file", max });
    }
    let bytes = byte_model::decode(first.bytes, header.reconstruction_len, exec.level);
    let reconstruction = Reconstruction::from_bytes(&bytes)?;
    let structure = structure_from_bytes(&reconstruction.rest, ScanData::Removed)?;
    if !structure.huffman_dct() {
        return Err(malformed("a packed JPEG that is not Huffman-coded DCT"));
    }
    let components = decode_segments(coded, &header, &structure, exec)?;
    reconstruction.file(&structure, &components, header.file_len, exec.level)
}

fn decode_segments(
    coded: &[SectionView<'_>],
    header: &Header,
    structure: &Structure,
    exec: &Exec,
) -> Result<Vec<ComponentBlocks>, CodecError> {
    let mut components = blocks_for_frame(&structure.frame, header.file_len, &exec.limits)?;
    let (_, mcu_rows) = structure.frame.mcus();
    let (mode, level) = (header.mode, exec.level);
    let segment = SegmentCoder { mode, level, sampling: &sampling(structure), quant: &structure.quant };
    let parts = segments(&mut components, segment.sampling, mcu_rows, header.segments);
    let done =
        map_items(exec.threads, parts, |index, mut part| segment.decode(coded[index].bytes, &mut part));
    done.into_iter().collect::<Result<(), _>>()?;
    Ok(components)
}

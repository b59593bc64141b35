//! The payload of a packed file: [`pack`] makes it, [`unpack`] gives the file back.
//!
//! In: file bytes. Out: a [`Payload`] of reconstruction data and of coefficients under a
//! coefficient model, those of JPEG files inside the file too; or, where that is not smaller, of
//! the file itself. Bit-exact.

use super::embedded::{Embedded, embedded_files};
use super::plain_bytes::{Split, joined};
use super::priors::SHIPPED;
use super::reconstruction::{Reconstruction, put_number, take_number};
use super::segment_walk::walk_segment;
use super::segments::{SEGMENTS_MAX, sampling, segment_count, segments};
use crate::coefficients::{BlockRows, ComponentBlocks, blocks_for_frame};
use crate::read::read_coefficients;
use crate::structure::{ScanData, Structure, structure_from_bytes};
use fearless_simd::{Simd, dispatch};
use std::ops::Range;
use tintype_codec::{CodecError, Exec, Payload, SectionView, map_items};
use tintype_entropy::rans::{SplitDecoder, SplitEncoder};
use tintype_entropy::{BitDecoder, BitEncoder, EntropyError, SymbolWalk};
use tintype_image::Level;

/// First byte of the header.
const VERSION: u8 = 1;
/// States of the quick model's coder.
const LANES: usize = 2;
/// Bytes that a section costs in a container, about.
const SECTION_OVERHEAD: usize = 8;
/// How deep files lie in files at most: a picture, its second picture, the thumbnail of that.
const DEPTH_MAX: usize = 3;
/// Most ranges of reconstruction data that are stored.
const STORED_RANGES_MAX: usize = 1 << 16;

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
/// Never fails: what cannot be packed is stored. The payload is at most a few bytes larger than
/// `file`. [`unpack`] shows how to go back.
pub fn pack(file: &[u8], effort: u8, verify: Verify, exec: &Exec) -> Payload {
    let mode = if effort <= 7 { Mode::Quick } else { Mode::Dense };
    let packed = payload_of(file, mode, exec);
    let sections: usize = packed.sections.iter().map(|s| s.bytes.len() + SECTION_OVERHEAD).sum();
    if packed.header.len() + sections >= file.len() + SECTION_OVERHEAD {
        return stored(file);
    }
    let sound = verify == Verify::No
        || unpack(&packed.header, &packed.section_views(), exec).is_ok_and(|again| again == file);
    if sound { packed } else { stored(file) }
}

fn stored(file: &[u8]) -> Payload {
    Payload::from_tiles(vec![VERSION, Mode::Stored as u8], [file.to_vec()])
}

fn payload_of(file: &[u8], mode: Mode, exec: &Exec) -> Payload {
    let parts = parts_of(file, mode, exec, 0);
    let split = Split::new(&parts.stream);
    let mut header = vec![VERSION, mode as u8, parts.segments as u8];
    put_number(&mut header, file.len());
    put_number(&mut header, parts.stream.len());
    let mut at = 0;
    for range in &split.stored {
        put_number(&mut header, range.start - at);
        put_number(&mut header, range.len());
        at = range.end;
    }
    let stored = split.stored_bytes(&parts.stream);
    let last = (!stored.is_empty()).then_some(stored);
    Payload::from_tiles(header, std::iter::once(split.coded).chain(parts.sections).chain(last))
}

/// A file taken apart: reconstruction data, and sections of coefficients.
struct Parts {
    stream: Vec<u8>,
    /// Segments of the file's own coefficients; 0 if it has none that can be written again.
    segments: usize,
    /// The file's own segments, then those of the files inside it.
    sections: Vec<Vec<u8>>,
}

fn parts_of(bytes: &[u8], mode: Mode, exec: &Exec, depth: usize) -> Parts {
    let (mut reconstruction, mut sections) = coefficients_of(bytes, mode, exec)
        .unwrap_or_else(|| (Reconstruction::of_bytes(bytes), Vec::new()));
    let segments = sections.len();
    let inside = if depth < DEPTH_MAX { embedded_files(&reconstruction.rest) } else { Vec::new() };
    for Range { start, end } in inside {
        let inner = parts_of(&reconstruction.rest[start..end], mode, exec, depth + 1);
        let coded: usize = inner.sections.iter().map(|s| s.len() + SECTION_OVERHEAD).sum();
        if inner.segments > 0 && inner.stream.len() + coded < end - start {
            let (file_len, segments) = (end - start, inner.segments);
            let file = Embedded { offset: start, file_len, segments, stream: inner.stream };
            reconstruction.embedded.push(file);
            sections.extend(inner.sections);
        }
    }
    Parts { stream: reconstruction.to_bytes(), segments, sections }
}

/// Reconstruction data and coded segments; `None` for a file that cannot be restored from its
/// coefficients.
fn coefficients_of(bytes: &[u8], mode: Mode, exec: &Exec) -> Option<(Reconstruction, Vec<Vec<u8>>)> {
    let mut file = read_coefficients(bytes, exec.level, &exec.limits).ok()?;
    if !file.structure.holds_dct() {
        return None;
    }
    let reconstruction = Reconstruction::new(bytes, &file, exec.level);
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
    Some((reconstruction, coded))
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
    stream_len: usize,
    /// Ranges of the stream that are stored.
    stored: Vec<Range<usize>>,
}

impl Header {
    /// From the bytes behind version and mode.
    fn from_bytes(mode: Mode, bytes: &[u8]) -> Result<Self, CodecError> {
        let Some((&segments, mut rest)) = bytes.split_first() else {
            return Err(CodecError::Truncated { needed: 1 });
        };
        let file_len = take_number(&mut rest)?;
        let stream_len = take_number(&mut rest)?;
        let (mut stored, mut at) = (Vec::new(), 0);
        while !rest.is_empty() {
            let start = at + take_number(&mut rest)?;
            at = start + take_number(&mut rest)?;
            if at > stream_len || stored.len() == STORED_RANGES_MAX {
                return Err(malformed("a packed JPEG stores more than it has"));
            }
            stored.push(start..at);
        }
        Ok(Self { mode, segments: segments.into(), file_len, stream_len, stored })
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
        let what = format!("version {version} of packed JPEG; this program reads version {VERSION}");
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
    let max = exec.limits.samples_max;
    if header.file_len.max(header.stream_len) as u64 > max {
        return Err(CodecError::Limit { what: "bytes of a JPEG file", max });
    }
    let [first, coded @ ..] = sections else { return Err(CodecError::Truncated { needed: 1 }) };
    let (mut coded, mut stored) = (coded, &[][..]);
    if !header.stored.is_empty() {
        let (last, others) = coded.split_last().ok_or(CodecError::Truncated { needed: 1 })?;
        (coded, stored) = (others, last.bytes);
    }
    let stream = joined(&header.stored, stored, first.bytes, header.stream_len)?;
    let mut unpacker = Unpacker { mode: header.mode, coded, exec };
    let file = unpacker.file(&stream, header.segments, header.file_len, 0)?;
    if !unpacker.coded.is_empty() {
        return Err(malformed("a packed JPEG with more sections than segments"));
    }
    Ok(file)
}

/// Puts files together from their sections.
struct Unpacker<'a, 'b> {
    mode: Mode,
    /// Sections of coefficients that were not used yet.
    coded: &'a [SectionView<'b>],
    exec: &'a Exec,
}

impl Unpacker<'_, '_> {
    /// The file with reconstruction data `stream`, of `segments` segments and `file_len` bytes.
    fn file(
        &mut self,
        stream: &[u8],
        segments: usize,
        file_len: usize,
        depth: usize,
    ) -> Result<Vec<u8>, CodecError> {
        if segments > SEGMENTS_MAX {
            let what = format!("a packed JPEG of {segments} segments (up to {SEGMENTS_MAX})");
            return Err(malformed(what));
        }
        let own = self.coded.split_at_checked(segments);
        let (own, others) =
            own.ok_or(CodecError::Truncated { needed: segments.saturating_sub(self.coded.len()) })?;
        self.coded = others;
        let mut reconstruction = Reconstruction::from_bytes(stream)?;
        let inside: usize = reconstruction.embedded.iter().map(|file| file.file_len).sum();
        if inside > file_len || (depth == DEPTH_MAX && inside > 0) {
            return Err(malformed("a packed JPEG with more inside than it has room for"));
        }
        let files = reconstruction.embedded.iter().map(|file| {
            if file.segments == 0 {
                return Err(malformed("a packed JPEG with a file inside that has no coefficients"));
            }
            self.file(&file.stream, file.segments, file.file_len, depth + 1)
        });
        let files = files.collect::<Result<Vec<_>, _>>()?;
        reconstruction.insert(&files)?;
        if segments == 0 {
            return reconstruction.without_scans(file_len);
        }
        let structure = structure_from_bytes(&reconstruction.rest, ScanData::Removed)?;
        if !structure.holds_dct() {
            return Err(malformed("a packed JPEG that holds no DCT"));
        }
        let components = decode_segments(own, self.mode, file_len, &structure, self.exec)?;
        reconstruction.file(&structure, &components, file_len, self.exec.level)
    }
}

fn decode_segments(
    coded: &[SectionView<'_>],
    mode: Mode,
    file_len: usize,
    structure: &Structure,
    exec: &Exec,
) -> Result<Vec<ComponentBlocks>, CodecError> {
    let mut components = blocks_for_frame(&structure.frame, file_len, &exec.limits)?;
    let (_, mcu_rows) = structure.frame.mcus();
    let level = exec.level;
    let segment = SegmentCoder { mode, level, sampling: &sampling(structure), quant: &structure.quant };
    let parts = segments(&mut components, segment.sampling, mcu_rows, coded.len());
    let done = map_items(exec.threads, parts, |index, mut part| {
        exec.limits.check_time()?;
        segment.decode(coded[index].bytes, &mut part)
    });
    done.into_iter().collect::<Result<(), _>>()?;
    Ok(components)
}

//! Reconstruction data: what it takes beyond the coefficients to restore a JPEG file byte for byte.
//!
//! In: file and coefficients. Out: [`Reconstruction`], as bytes and back, and from it the file.
//! Bit-exact. Source: the idea is that of JPEG XL's reconstruction box; the layout is our own.

use super::embedded::{EMBEDDED_MAX, Embedded};
use crate::arithmetic;
use crate::bits::BitWriter;
use crate::coefficients::ComponentBlocks;
use crate::read::JpegCoefficients;
use crate::scan_encode::{ByteSink, ScanLayout, encode_scan};
use crate::scan_tables::{ScanSideInfo, tables_for_scan};
use crate::structure::{Scan, Structure};
use fearless_simd::{Simd, dispatch};
use tintype_codec::CodecError;
use tintype_image::Level;

/// The bits up to a byte boundary at the end of restart intervals.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Padding {
    Ones,
    Zeros,
    Listed(Vec<(u8, u8)>),
}

/// What restores one scan.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ScanReconstruction {
    padding: Padding,
    /// Blocks before which an end-of-band run of a progressive scan was ended early.
    eob_run_breaks: Vec<u32>,
    /// How many of the encoder's bytes are kept, and the bytes that follow them; none if the
    /// encoder writes the scan as it is.
    cut: Option<(usize, Vec<u8>)>,
}

/// What restores a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconstruction {
    scans: Vec<ScanReconstruction>,
    /// The file's bytes outside of scans.
    pub rest: Vec<u8>,
    /// JPEG files inside `rest`, in order.
    pub embedded: Vec<Embedded>,
}

fn malformed(what: &str) -> CodecError {
    CodecError::Malformed { what: what.into(), at: None }
}

/// The bytes of one scan.
fn scan_bytes(
    structure: &Structure,
    scan: &Scan,
    components: &[ComponentBlocks],
    data: &ScanReconstruction,
    room: usize,
    level: Level,
) -> Vec<u8> {
    if structure.frame.arithmetic {
        return arithmetic::encode_scan(&structure.frame, scan, components);
    }
    let tables = tables_for_scan(scan);
    let padding: &[(u8, u8)] = if let Padding::Listed(list) = &data.padding { list } else { &[] };
    let mut writer = BitWriter::default();
    writer.bytes.reserve(room);
    let default_padding = if data.padding == Padding::Zeros { 0 } else { 0x7f };
    let sink = ByteSink { writer, tables: &tables, padding, default_padding };
    let layout = ScanLayout {
        frame: &structure.frame,
        header: &scan.header,
        restart_interval: scan.tables.restart_interval,
        eob_run_breaks: &data.eob_run_breaks,
    };
    dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
        let mut sink = sink;
        encode_scan(layout, components, &mut sink);
        sink.writer.bytes
    }))
}

fn padding_of(side: &ScanSideInfo) -> Padding {
    let all = |ones: bool| {
        side.padding.iter().all(|(v, n)| *v == if ones { ((1u16 << n) - 1) as u8 } else { 0 })
    };
    match () {
        () if all(true) => Padding::Ones,
        () if all(false) => Padding::Zeros,
        () => Padding::Listed(side.padding.clone()),
    }
}

impl Reconstruction {
    /// Writes every scan again and keeps what differs from the file. A scan that is canonical as
    /// far as its decoder could tell is not written again, but in debug builds.
    pub fn new(bytes: &[u8], file: &JpegCoefficients, level: Level) -> Self {
        let frame = &file.structure.frame;
        let visits = |c| {
            file.structure
                .scans
                .iter()
                .flat_map(|s| &s.header.components)
                .filter(|p| p.index == c)
                .count()
        };
        let once = (0..frame.components.len()).all(|c| visits(c) == 1);
        let scans = file.structure.scans.iter().zip(&file.side).map(|(scan, side)| {
            let original = &bytes[scan.data.clone()];
            let mut data = ScanReconstruction {
                padding: padding_of(side),
                eob_run_breaks: side.eob_run_breaks.clone(),
                cut: None,
            };
            let huffman = !frame.arithmetic;
            if once && huffman && !side.non_canonical && !side.damaged && !cfg!(debug_assertions) {
                return data;
            }
            let again =
                scan_bytes(&file.structure, scan, &file.components, &data, original.len() + 64, level);
            if again != original {
                debug_assert!(
                    !once || frame.arithmetic || side.non_canonical || side.damaged,
                    "a canonical scan is written otherwise"
                );
                let same = again.iter().zip(original).take_while(|(a, b)| a == b).count();
                data.cut = Some((same, original[same..].to_vec()));
            }
            data
        });
        let rest = file.structure.without_scan_data(bytes);
        Self { scans: scans.collect(), rest, embedded: Vec::new() }
    }

    /// A file without scans: bytes, and perhaps JPEG files among them.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self { scans: Vec::new(), rest: bytes.to_vec(), embedded: Vec::new() }
    }

    /// The file; `file_bytes` is its length, and `rest` is whole.
    ///
    /// # Errors
    /// `Malformed`, `Mismatch` if the parts do not fit together.
    pub fn file(
        &self,
        structure: &Structure,
        components: &[ComponentBlocks],
        file_bytes: usize,
        level: Level,
    ) -> Result<Vec<u8>, CodecError> {
        if self.scans.len() != structure.scans.len() {
            return Err(malformed("the packed JPEG's number of scans is wrong"));
        }
        let mut out = Vec::with_capacity(file_bytes.min(1 << 30));
        let mut at = 0;
        for (scan, data) in structure.scans.iter().zip(&self.scans) {
            out.extend_from_slice(&self.rest[at..scan.data.start]);
            at = scan.data.start;
            let room = file_bytes.saturating_sub(out.len()).min(1 << 28) / structure.scans.len() + 64;
            let mut coded = scan_bytes(structure, scan, components, data, room, level);
            if let Some((kept, tail)) = &data.cut {
                coded.truncate(*kept);
                coded.extend_from_slice(tail);
            }
            out.extend_from_slice(&coded);
            if out.len() > file_bytes {
                break;
            }
        }
        out.extend_from_slice(&self.rest[at..]);
        of_length(out, file_bytes)
    }

    /// The file where it has no scans.
    ///
    /// # Errors
    /// `Malformed`, `Mismatch` if the parts do not fit together.
    pub fn without_scans(self, file_bytes: usize) -> Result<Vec<u8>, CodecError> {
        if !self.scans.is_empty() {
            return Err(malformed("the packed JPEG's number of scans is wrong"));
        }
        of_length(self.rest, file_bytes)
    }

    /// As bytes, for the byte model.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_number(&mut out, self.scans.len());
        for scan in &self.scans {
            let kind = match &scan.padding {
                Padding::Ones => 0,
                Padding::Zeros => 1,
                Padding::Listed(_) => 2,
            };
            out.push(
                kind | u8::from(!scan.eob_run_breaks.is_empty()) << 2
                    | u8::from(scan.cut.is_some()) << 3,
            );
            if let Padding::Listed(list) = &scan.padding {
                put_number(&mut out, list.len());
                out.extend(list.iter().map(|(value, count)| 1 << count | value));
            }
            if !scan.eob_run_breaks.is_empty() {
                put_number(&mut out, scan.eob_run_breaks.len());
                let mut before = 0;
                for at in &scan.eob_run_breaks {
                    put_number(&mut out, (*at - before) as usize);
                    before = *at;
                }
            }
            if let Some((kept, tail)) = &scan.cut {
                put_number(&mut out, *kept);
                put_number(&mut out, tail.len());
            }
        }
        put_number(&mut out, self.embedded.len());
        let mut at = 0;
        for file in &self.embedded {
            let numbers = [file.offset - at, file.segments, file.file_len, file.stream.len()];
            numbers.into_iter().for_each(|number| put_number(&mut out, number));
            at = file.offset + file.file_len;
        }
        at = 0;
        for file in &self.embedded {
            out.extend_from_slice(&self.rest[at..file.offset]);
            at = file.offset + file.file_len;
        }
        out.extend_from_slice(&self.rest[at..]);
        for (_, tail) in self.scans.iter().filter_map(|s| s.cut.as_ref()) {
            out.extend_from_slice(tail);
        }
        for file in &self.embedded {
            out.extend_from_slice(&file.stream);
        }
        out
    }

    /// Back from bytes; `rest` lacks the files inside it until [`Self::insert`] puts them there.
    ///
    /// # Errors
    /// `Truncated`, `Malformed`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut input = bytes;
        let count = take_number(&mut input)?;
        if count > 1000 {
            return Err(malformed("the packed JPEG's number of scans is wrong"));
        }
        let mut scans = Vec::new();
        for _ in 0..count {
            let flags = take_byte(&mut input)?;
            let padding = match flags & 3 {
                0 => Padding::Ones,
                1 => Padding::Zeros,
                2 => Padding::Listed(take_padding(&mut input)?),
                _ => return Err(malformed("the packed JPEG has padding of an unknown kind")),
            };
            let eob_run_breaks = if flags & 4 != 0 { take_breaks(&mut input)? } else { Vec::new() };
            let cut = if flags & 8 != 0 {
                let kept = take_number(&mut input)?;
                Some((kept, vec![0; take_number(&mut input)?.min(bytes.len())]))
            } else {
                None
            };
            scans.push(ScanReconstruction { padding, eob_run_breaks, cut });
        }
        let mut embedded = take_embedded(&mut input)?;
        let tails_len: usize = scans.iter().filter_map(|s| s.cut.as_ref()).map(|c| c.1.len()).sum();
        let streams_len: usize = embedded.iter().map(|(_, len)| *len).sum();
        let behind = tails_len.saturating_add(streams_len);
        let split = input.len().checked_sub(behind).ok_or(CodecError::Truncated { needed: behind })?;
        let (rest, mut tails) = input.split_at(split);
        for (_, tail) in scans.iter_mut().filter_map(|s| s.cut.as_mut()) {
            let (own, others) = tails.split_at(tail.len());
            tail.copy_from_slice(own);
            tails = others;
        }
        let mut streams = tails;
        for (file, len) in &mut embedded {
            let (own, others) = streams.split_at(*len);
            file.stream = own.to_vec();
            streams = others;
        }
        let embedded = embedded.into_iter().map(|(file, _)| file).collect();
        Ok(Self { scans, rest: rest.to_vec(), embedded })
    }

    /// Puts the files where they were in `rest`.
    ///
    /// # Errors
    /// `Malformed` if one lies behind its end.
    pub fn insert(&mut self, files: &[Vec<u8>]) -> Result<(), CodecError> {
        let mut whole = Vec::with_capacity(self.rest.len() + files.iter().map(Vec::len).sum::<usize>());
        let mut rest = &self.rest[..];
        for (place, file) in self.embedded.iter().zip(files) {
            let gap = place.offset - whole.len();
            let (before, after) = rest
                .split_at_checked(gap)
                .ok_or_else(|| malformed("the packed JPEG has a file inside behind its end"))?;
            whole.extend_from_slice(before);
            whole.extend_from_slice(file);
            rest = after;
        }
        whole.extend_from_slice(rest);
        self.rest = whole;
        Ok(())
    }
}

/// The places of files inside, each with the length of its stream.
fn take_embedded(input: &mut &[u8]) -> Result<Vec<(Embedded, usize)>, CodecError> {
    let count = take_number(input)?;
    if count > EMBEDDED_MAX {
        return Err(malformed("the packed JPEG's number of files inside is wrong"));
    }
    let (mut list, mut at) = (Vec::new(), 0usize);
    for _ in 0..count {
        let [gap, segments, file_len, stream_len] = [(); 4].map(|()| take_number(input));
        let (offset, segments, file_len) = (at + gap?, segments?, file_len?);
        list.push((Embedded { offset, file_len, segments, stream: Vec::new() }, stream_len?));
        at = offset + file_len;
    }
    Ok(list)
}

fn of_length(file: Vec<u8>, file_bytes: usize) -> Result<Vec<u8>, CodecError> {
    if file.len() != file_bytes {
        return Err(CodecError::Mismatch {
            what: format!("the unpacked JPEG has {} bytes, not {file_bytes}", file.len()),
        });
    }
    Ok(file)
}

fn take_padding(input: &mut &[u8]) -> Result<Vec<(u8, u8)>, CodecError> {
    let count = take_number(input)?;
    let mut list = Vec::new();
    for _ in 0..count {
        let byte = take_byte(input)?;
        if byte == 0 {
            return Err(malformed("the packed JPEG has padding without a length"));
        }
        let length = byte.ilog2() as u8;
        list.push((byte & !(1 << length), length));
    }
    Ok(list)
}

fn take_breaks(input: &mut &[u8]) -> Result<Vec<u32>, CodecError> {
    let count = take_number(input)?;
    let (mut list, mut before) = (Vec::new(), 0u32);
    for _ in 0..count {
        before = before.saturating_add(take_number(input)? as u32);
        list.push(before);
    }
    Ok(list)
}

/// Little-endian groups of seven bits; the top bit says that more follow.
pub fn put_number(out: &mut Vec<u8>, mut number: usize) {
    while number > 127 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_byte(input: &mut &[u8]) -> Result<u8, CodecError> {
    let (first, rest) = input.split_first().ok_or(CodecError::Truncated { needed: 1 })?;
    *input = rest;
    Ok(*first)
}

pub fn take_number(input: &mut &[u8]) -> Result<usize, CodecError> {
    let mut number = 0usize;
    for shift in (0..35).step_by(7) {
        let byte = take_byte(input)?;
        number |= usize::from(byte & 127) << shift;
        if byte < 128 {
            return Ok(number);
        }
    }
    Err(malformed("the packed JPEG has a number of more than 35 bits"))
}

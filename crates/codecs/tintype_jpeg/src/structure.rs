//! A JPEG file as a list of scans with the tables in force at each, and everything else by
//! position.
//!
//! In: file bytes, with or without the entropy-coded data of its scans. Out: [`Structure`].
//! Bit-exact. Source: ITU-T T.81, annex B; that a component keeps the quantisation table of its
//! first scan follows libjpeg.

use super::frame::{Frame, Process, ScanHeader, malformed};
use super::markers::{Segment, SegmentWalker, Tables};
use std::ops::Range;
use tintype_codec::CodecError;

/// Most scans a file may have.
const SCANS_MAX: usize = 1000;

/// One scan: its header, the tables in force, and where its entropy-coded data lies.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The scan header.
    pub header: ScanHeader,
    /// Tables at the scan's start.
    pub tables: Tables,
    /// Entropy-coded data with its restart markers.
    pub data: Range<usize>,
}

impl Scan {
    /// MCUs between restart markers; all `mcus` of the scan where it has none.
    pub fn restart_interval(&self, mcus: usize) -> usize {
        match self.tables.restart_interval {
            0 => mcus,
            interval => interval,
        }
    }
}

/// A file's frame, scans, application segments and comments.
#[derive(Clone, Debug)]
pub struct Structure {
    /// The frame header, height filled in.
    pub frame: Frame,
    /// For each component the quantisation table in natural order; ones where the file has none.
    pub quant: Vec<[u16; 64]>,
    /// Scans in file order.
    pub scans: Vec<Scan>,
    /// Application and comment segments: marker and body.
    pub app_segments: Vec<(u8, Range<usize>)>,
    /// Whether an end-of-image marker was found.
    pub ended: bool,
    /// Where the file ends: behind that marker, or at the end of the bytes.
    pub end: usize,
    /// Whether segments were skipped or cut.
    pub damaged: bool,
}

/// Whether scans carry their entropy-coded data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanData {
    /// As in a JPEG file.
    Present,
    /// Taken out by the packer.
    Removed,
}

/// Reads the structure of `bytes`.
///
/// # Errors
/// `Malformed`, `Unsupported`, `Truncated` where no frame can be made of it.
pub fn structure_from_bytes(bytes: &[u8], data: ScanData) -> Result<Structure, CodecError> {
    let mut walker = SegmentWalker::new(bytes)?;
    let mut frame: Option<Frame> = None;
    let mut quant: Vec<Option<[u16; 64]>> = Vec::new();
    let (mut scans, mut app_segments, mut ended) = (Vec::new(), Vec::new(), false);
    loop {
        let segment = match walker.next_segment() {
            Ok(Some(segment)) => segment,
            Ok(None) => break,
            // A picture that has scans already is worth keeping.
            Err(_) if !scans.is_empty() => {
                walker.damaged = true;
                break;
            }
            Err(error) => return Err(error),
        };
        match segment {
            Segment::Frame(f) => {
                quant = vec![None; f.components.len()];
                frame = Some(f);
            }
            Segment::Lines(lines) => {
                if let Some(f) = frame.as_mut().filter(|f| f.height == 0) {
                    f.height = lines;
                }
            }
            Segment::Application(marker, body) => app_segments.push((marker, body)),
            Segment::Scan(header) => {
                if scans.len() == SCANS_MAX {
                    let what = "scans of a JPEG";
                    return Err(CodecError::Limit { what, max: SCANS_MAX as u64 });
                }
                if let Some(f) = &frame {
                    for c in &header.components {
                        let slot = &mut quant[c.index];
                        *slot = slot.or(walker.tables.quant[f.components[c.index].quant_index]);
                    }
                }
                scans.push(take_scan(&mut walker, header, bytes, data));
            }
            Segment::End => {
                ended = true;
                break;
            }
        }
    }
    let missing = |what: &str| malformed(what, bytes.len());
    let frame = frame.ok_or_else(|| missing("the JPEG ends before its frame header"))?;
    if frame.height == 0 {
        return Err(missing("the JPEG does not say how many lines it has"));
    }
    if scans.is_empty() {
        return Err(missing("the JPEG ends before its first scan"));
    }
    let quant = quant.into_iter().map(|q| q.unwrap_or([1; 64])).collect();
    let (end, damaged) = (walker.position, walker.damaged);
    Ok(Structure { frame, quant, scans, app_segments, ended, end, damaged })
}

/// The scan with `header`, whose data starts at the walker's position; moves that behind the data.
fn take_scan(walker: &mut SegmentWalker<'_>, header: ScanHeader, bytes: &[u8], data: ScanData) -> Scan {
    let start = walker.position;
    let end = if data == ScanData::Present { scan_end(bytes, start) } else { start };
    walker.position = end;
    Scan { header, tables: walker.tables.clone(), data: start..end }
}

/// Where the entropy-coded data that starts at `start` ends: at the next marker that is no
/// restart marker.
fn scan_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(found) = find_ff(&bytes[at..]) {
        at += found;
        match bytes.get(at + 1) {
            None => break,
            Some(0 | 0xd0..=0xd7) => at += 2,
            Some(0xff) => at += 1,
            Some(_) => return at,
        }
    }
    bytes.len()
}

/// Index of the first 0xff, eight bytes at a time.
fn find_ff(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for word in bytes.chunks_exact(8) {
        let inverted = !u64::from_le_bytes(word.try_into().expect("eight bytes"));
        let hit = inverted.wrapping_sub(0x0101_0101_0101_0101) & !inverted & 0x8080_8080_8080_8080;
        if hit != 0 {
            return Some(at + (hit.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    bytes[at..].iter().position(|b| *b == 0xff).map(|i| at + i)
}

/// Splits entropy-coded data at its restart markers: (number of the marker before an interval,
/// its data).
pub fn restart_intervals(data: &[u8]) -> Vec<(Option<u8>, &[u8])> {
    let mut pieces = Vec::new();
    let (mut start, mut at, mut number) = (0, 0, None);
    while let Some(found) = find_ff(&data[at..]) {
        at += found;
        match data.get(at + 1) {
            Some(code @ 0xd0..=0xd7) => {
                pieces.push((number, &data[start..at]));
                number = Some(code & 7);
                at += 2;
                start = at;
            }
            Some(0) => at += 2,
            _ => at += 1,
        }
    }
    pieces.push((number, &data[start..]));
    pieces
}

impl Structure {
    /// Bytes of the file that are not entropy-coded data.
    pub fn without_scan_data(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut at = 0;
        for scan in &self.scans {
            out.extend_from_slice(&bytes[at..scan.data.start]);
            at = scan.data.end;
        }
        out.extend_from_slice(&bytes[at..]);
        out
    }

    /// Whether this is DCT data: what the packer can write again.
    pub fn holds_dct(&self) -> bool {
        self.frame.process != Process::Lossless
    }
}

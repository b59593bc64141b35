//! The `.tin` file of a clip: a head, groups of pictures, and an index at the end.
//!
//! In: bytes of a head and of groups that mean nothing to this crate. Out: a file that is written and read
//! in one pass, a group at a time. Every record begins with a mark and a checksum of its own, so that a reader
//! finds the next group after any damage. It never holds more than one group.
//!
//! Source: our own format, described in docs/format/container.md.

use crate::checksum::crc32c;
use crate::{ContainerError, ContainerLimits, MAGIC};
use std::io::{Read, Seek, SeekFrom, Write};

/// The fifth byte of a clip.
pub const CLIP_VERSION: u8 = 4;

/// The first bytes of every record.
const MARK: [u8; 4] = [0x89, b'R', b'E', b'C'];
/// Bytes of a record's head.
const HEAD_BYTES: usize = 21;
/// Bytes that a reader takes at once.
const PIECE_BYTES: u64 = 1 << 16;
/// The last bytes of a clip whose index was written: where it begins, and a mark.
const TAIL_BYTES: u64 = 12;
const TAIL_MARK: [u8; 4] = [0x89, b'E', b'N', b'D'];

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Head = 0,
    Group = 1,
    Index = 2,
}

/// The head of a record: kind, bytes of the payload, first picture, pictures.
#[derive(Clone, Copy, Debug)]
struct RecordHead {
    kind: Kind,
    len: u32,
    first: u32,
    count: u32,
}

impl RecordHead {
    fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..4].copy_from_slice(&MARK);
        bytes[4] = self.kind as u8;
        bytes[5..9].copy_from_slice(&self.len.to_le_bytes());
        bytes[9..13].copy_from_slice(&self.first.to_le_bytes());
        bytes[13..17].copy_from_slice(&self.count.to_le_bytes());
        let sum = crc32c([&bytes[..17], &[]]);
        bytes[17..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// The head in the first bytes of `bytes`, if it is one and its checksum agrees.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEAD_BYTES] = bytes.first_chunk()?;
        let number = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        if bytes[..4] != MARK || crc32c([&bytes[..17], &[]]) != number(17) {
            return None;
        }
        let kind =
            [Kind::Head, Kind::Group, Kind::Index].into_iter().find(|kind| *kind as u8 == bytes[4])?;
        Some(Self { kind, len: number(5), first: number(9), count: number(13) })
    }
}

/// A group of pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClipGroup {
    /// Number of its first picture, from 0.
    pub first: u32,
    /// How many pictures it has.
    pub count: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether the bytes are all there and their checksum agrees.
    pub whole: bool,
    /// Whether the file ends within it.
    pub cut: bool,
}

/// Whether a record begins in `bytes`.
fn has_record(bytes: &[u8]) -> bool {
    bytes
        .windows(HEAD_BYTES)
        .any(|window| window[..4] == MARK && RecordHead::from_bytes(window).is_some())
}

/// Writes a clip to a stream.
///
/// ```
/// use tintype_container::{ClipReader, ClipWriter, ContainerLimits};
///
/// let mut writer = ClipWriter::new(Vec::new(), b"hd").unwrap();
/// writer.group(8, b"group").unwrap();
/// let file = writer.finish().unwrap();
/// let mut reader = ClipReader::new(&file[..], ContainerLimits::default()).unwrap();
/// assert_eq!(reader.head(), b"hd");
/// let group = reader.next_group().unwrap().unwrap();
/// assert_eq!((group.first, group.count, &group.bytes[..]), (0, 8, &b"group"[..]));
/// assert!(reader.next_group().unwrap().is_none() && reader.is_complete());
/// ```
#[derive(Debug)]
pub struct ClipWriter<W> {
    target: W,
    /// Bytes written.
    at: u64,
    /// Pictures written.
    pictures: u32,
    /// Where each group's record begins, and its first picture.
    index: Vec<(u64, u32)>,
}

impl<W: Write> ClipWriter<W> {
    /// Writes the first bytes and the head.
    ///
    /// # Errors
    /// `Io`, `Limit`.
    pub fn new(target: W, head: &[u8]) -> Result<Self, ContainerError> {
        let mut writer = Self { target, at: 5, pictures: 0, index: Vec::new() };
        writer.target.write_all(&MAGIC)?;
        writer.target.write_all(&[CLIP_VERSION])?;
        writer.record(Kind::Head, 0, head)?;
        Ok(writer)
    }

    fn record(&mut self, kind: Kind, count: u32, payload: &[u8]) -> Result<(), ContainerError> {
        let too_long =
            |_| ContainerError::Limit { what: "bytes of a record of a clip", max: u32::MAX.into() };
        let len = u32::try_from(payload.len()).map_err(too_long)?;
        let head = RecordHead { kind, len, first: self.pictures, count };
        self.target.write_all(&head.to_bytes())?;
        self.target.write_all(payload)?;
        self.target.write_all(&crc32c([payload, &[]]).to_le_bytes())?;
        self.at += HEAD_BYTES as u64 + u64::from(len) + 4;
        Ok(())
    }

    /// Writes a group of `count` pictures.
    ///
    /// # Errors
    /// `Io`, `Limit`.
    pub fn group(&mut self, count: u32, bytes: &[u8]) -> Result<(), ContainerError> {
        self.index.push((self.at, self.pictures));
        self.record(Kind::Group, count, bytes)?;
        let limit = ContainerError::Limit { what: "pictures of a clip", max: u32::MAX.into() };
        self.pictures = self.pictures.checked_add(count).ok_or(limit)?;
        Ok(())
    }

    /// What it writes to; what stands there is not to be changed.
    pub fn target_mut(&mut self) -> &mut W {
        &mut self.target
    }

    /// Writes the index and gives the stream back.
    ///
    /// # Errors
    /// `Io`, `Limit`.
    pub fn finish(mut self) -> Result<W, ContainerError> {
        let start = self.at;
        let entry =
            |&(at, first): &(u64, u32)| [&at.to_le_bytes()[..], &first.to_le_bytes()[..]].concat();
        let payload: Vec<u8> = self.index.iter().flat_map(entry).collect();
        let count = self.index.len() as u32;
        self.record(Kind::Index, count, &payload)?;
        self.target.write_all(&start.to_le_bytes())?;
        self.target.write_all(&TAIL_MARK)?;
        self.target.flush()?;
        Ok(self.target)
    }
}

/// Reads a clip from a stream, group by group.
#[derive(Debug)]
pub struct ClipReader<R> {
    source: R,
    /// Bytes that were read and not used.
    pending: Vec<u8>,
    head: Vec<u8>,
    limits: ContainerLimits,
    complete: bool,
    /// How many pictures the index says there are.
    pictures: Option<u32>,
    /// Where something else stood than a record was expected.
    skipped_bytes: u64,
    /// Groups whose checksum disagreed.
    failures: u32,
}

/// After so many damaged groups a reader takes their lengths as they stand: searching each for others would
/// let a small file take long.
const FAILURES_MAX: u32 = 64;

impl<R: Read> ClipReader<R> {
    /// Reads the first bytes and the head.
    ///
    /// # Errors
    /// `Malformed` for what is no clip, `Truncated`, `Mismatch` where the head is damaged, `Limit`, `Io`.
    pub fn new(source: R, limits: ContainerLimits) -> Result<Self, ContainerError> {
        let mut reader = Self {
            source,
            pending: Vec::new(),
            head: Vec::new(),
            limits,
            complete: false,
            pictures: None,
            skipped_bytes: 0,
            failures: 0,
        };
        reader.fill(5 + HEAD_BYTES)?;
        let cut = |len: usize| ContainerError::Truncated {
            needed: (5 + HEAD_BYTES - len) as u64,
            at: len as u64,
        };
        if reader.pending.len() < 5 + HEAD_BYTES {
            return Err(cut(reader.pending.len()));
        }
        if reader.pending[..4] != MAGIC || reader.pending[4] != CLIP_VERSION {
            return Err(ContainerError::Malformed { what: "this is no clip".into(), at: 0 });
        }
        let damaged = || ContainerError::Mismatch { what: "the head of the clip".into(), at: 5 };
        let head = RecordHead::from_bytes(&reader.pending[5..]).ok_or_else(damaged)?;
        if head.kind != Kind::Head {
            return Err(damaged());
        }
        if u64::from(head.len) > limits.head_bytes_max {
            return Err(ContainerError::Limit { what: "bytes of the head", max: limits.head_bytes_max });
        }
        let end = 5 + HEAD_BYTES + head.len as usize;
        reader.fill(end + 4)?;
        if reader.pending.len() < end + 4 {
            let at = reader.pending.len();
            return Err(ContainerError::Truncated { needed: (end + 4 - at) as u64, at: at as u64 });
        }
        let payload = &reader.pending[5 + HEAD_BYTES..end];
        if crc32c([payload, &[]]).to_le_bytes() != reader.pending[end..end + 4] {
            return Err(damaged());
        }
        reader.head = payload.to_vec();
        reader.pending.drain(..end + 4);
        Ok(reader)
    }

    /// The head.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether the index at the end was reached: the file was not cut off.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// How many pictures the clip has, once its index was read.
    pub fn pictures(&self) -> Option<u32> {
        self.pictures
    }

    /// Bytes that were left out because no record began where one was expected.
    pub fn skipped_bytes(&self) -> u64 {
        self.skipped_bytes
    }

    /// Reads until `len` bytes are pending, or the stream ends.
    fn fill(&mut self, len: usize) -> Result<(), ContainerError> {
        while self.pending.len() < len {
            let piece = ((len - self.pending.len()) as u64).min(PIECE_BYTES);
            let read = self.source.by_ref().take(piece).read_to_end(&mut self.pending)?;
            if read == 0 {
                break;
            }
        }
        Ok(())
    }

    /// The next group, or `None` after the last one. A damaged one is not `whole`; where a record's own head
    /// is damaged, the next group simply has a later first picture.
    ///
    /// # Errors
    /// `Limit` for a group of more bytes than [`ContainerLimits::data_bytes_max`], `Io`.
    pub fn next_group(&mut self) -> Result<Option<ClipGroup>, ContainerError> {
        loop {
            self.fill(HEAD_BYTES)?;
            if self.pending.len() < HEAD_BYTES || self.complete {
                return Ok(None);
            }
            let Some(head) = RecordHead::from_bytes(&self.pending) else {
                self.skip();
                continue;
            };
            if u64::from(head.len) > self.limits.data_bytes_max {
                return Err(ContainerError::Limit {
                    what: "bytes of a group",
                    max: self.limits.data_bytes_max,
                });
            }
            let end = HEAD_BYTES + head.len as usize;
            self.fill(end + 4)?;
            let have = self.pending.len();
            let payload = &self.pending[HEAD_BYTES..end.min(have)];
            let whole =
                have >= end + 4 && crc32c([payload, &[]]).to_le_bytes() == self.pending[end..end + 4];
            match head.kind {
                Kind::Group => {
                    // Bytes may be missing in it: then another record follows before the file ends.
                    let rest = &self.pending[HEAD_BYTES..];
                    let cut = have < end + 4 && !has_record(rest);
                    let group = ClipGroup {
                        first: head.first,
                        count: head.count,
                        bytes: payload.to_vec(),
                        whole,
                        cut,
                    };
                    self.failures += u32::from(!whole);
                    // After damage the next record is searched from here on: lengths may have changed.
                    let searches = !whole && self.failures <= FAILURES_MAX;
                    self.pending.drain(..if searches { HEAD_BYTES } else { have.min(end + 4) });
                    return Ok(Some(group));
                }
                Kind::Index => {
                    self.complete = whole;
                    self.pictures = Some(head.first);
                    return Ok(None);
                }
                Kind::Head => {
                    self.pending.drain(..HEAD_BYTES);
                }
            }
        }
    }

    /// Leaves out what stands before the next mark.
    fn skip(&mut self) {
        let next = self.pending[1..].iter().position(|&byte| byte == MARK[0]);
        let len = next.map_or(self.pending.len(), |at| at + 1);
        self.skipped_bytes += len as u64;
        self.pending.drain(..len);
    }
}

impl<R: Read + Seek> ClipReader<R> {
    /// Goes to the group that has picture `picture`, by the index; by the heads of the groups where the index is
    /// missing. The next group is that one, or an earlier one where heads are damaged.
    ///
    /// # Errors
    /// `Io`.
    pub fn seek(&mut self, picture: u32) -> Result<(), ContainerError> {
        let groups = match self.read_index()? {
            Some(groups) => groups,
            None => self.scan()?,
        };
        let start = 5 + (HEAD_BYTES + self.head.len() + 4) as u64;
        let at = groups.iter().rev().find(|group| group.1 <= picture).map_or(start, |group| group.0);
        self.go_to(at)
    }

    fn go_to(&mut self, at: u64) -> Result<(), ContainerError> {
        self.pending.clear();
        self.complete = false;
        self.source.seek(SeekFrom::Start(at))?;
        Ok(())
    }

    /// Where each group begins, and its first picture, from the index.
    fn read_index(&mut self) -> Result<Option<Vec<(u64, u32)>>, ContainerError> {
        let len = self.source.seek(SeekFrom::End(0))?;
        if len < TAIL_BYTES {
            return Ok(None);
        }
        self.go_to(len - TAIL_BYTES)?;
        self.fill(TAIL_BYTES as usize)?;
        let Some((at, mark)) = self.pending.split_first_chunk::<8>() else { return Ok(None) };
        let at = u64::from_le_bytes(*at);
        if mark != TAIL_MARK || at >= len {
            return Ok(None);
        }
        self.go_to(at)?;
        self.fill((len - at).min(self.limits.data_bytes_max) as usize)?;
        let Some(head) = RecordHead::from_bytes(&self.pending).filter(|head| head.kind == Kind::Index)
        else {
            return Ok(None);
        };
        let end = HEAD_BYTES + head.len as usize;
        let Some(payload) = self.pending.get(HEAD_BYTES..end) else { return Ok(None) };
        if self.pending.get(end..end + 4) != Some(&crc32c([payload, &[]]).to_le_bytes()[..]) {
            return Ok(None);
        }
        self.pictures = Some(head.first);
        let entry = |bytes: &[u8; 12]| {
            let number = |range: std::ops::Range<usize>| {
                bytes[range].iter().rev().fold(0u64, |value, &byte| value << 8 | u64::from(byte))
            };
            (number(0..8), number(8..12) as u32)
        };
        Ok(Some(payload.as_chunks::<12>().0.iter().map(entry).collect()))
    }

    /// The same from the heads of the records alone, as far as one follows the other.
    fn scan(&mut self) -> Result<Vec<(u64, u32)>, ContainerError> {
        let mut at = 5 + (HEAD_BYTES + self.head.len() + 4) as u64;
        let mut groups = Vec::new();
        loop {
            self.go_to(at)?;
            self.fill(HEAD_BYTES)?;
            let Some(head) =
                RecordHead::from_bytes(&self.pending).filter(|head| head.kind == Kind::Group)
            else {
                return Ok(groups);
            };
            groups.push((at, head.first));
            at += HEAD_BYTES as u64 + u64::from(head.len) + 4;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn clip() -> Vec<u8> {
        let mut writer = ClipWriter::new(Vec::new(), b"head").unwrap();
        for i in 0..6u8 {
            writer.group(4, &vec![i; 100 + 50 * usize::from(i)]).unwrap();
        }
        writer.finish().unwrap()
    }

    fn groups(file: &[u8]) -> Vec<ClipGroup> {
        let mut reader = ClipReader::new(file, ContainerLimits::default()).unwrap();
        std::iter::from_fn(|| reader.next_group().unwrap()).collect()
    }

    #[test]
    fn damage_costs_one_group() {
        let (file, all) = (clip(), groups(&clip()));
        assert_eq!(all.len(), 6);
        for at in 5 + HEAD_BYTES + 8..file.len() - 100 {
            let mut damaged = file.clone();
            damaged[at] ^= 0x55;
            let good = groups(&damaged).into_iter().filter(|group| group.whole).collect::<Vec<_>>();
            assert!(good.len() >= 5, "{at}");
            assert!(good.iter().all(|group| all.contains(group)));
        }
        // Bytes that are missing shift all that follows.
        let mut damaged = file.clone();
        damaged.drain(200..230);
        assert_eq!(groups(&damaged).iter().filter(|group| group.whole).count(), 5);
    }

    #[test]
    fn a_cut_clip_gives_what_is_there_and_any_cut_is_no_panic() {
        let file = clip();
        for len in 0..file.len() {
            if let Ok(mut reader) = ClipReader::new(&file[..len], ContainerLimits::default()) {
                while reader.next_group().unwrap().is_some() {}
                assert_eq!(reader.is_complete(), len >= file.len() - TAIL_BYTES as usize);
            }
        }
    }

    #[test]
    fn seeking_goes_to_the_group_with_and_without_an_index() {
        let file = clip();
        for len in [file.len(), file.len() - 20] {
            let source = Cursor::new(&file[..len]);
            let mut reader = ClipReader::new(source, ContainerLimits::default()).unwrap();
            for picture in [23, 0, 9, 4] {
                reader.seek(picture).unwrap();
                assert_eq!(reader.next_group().unwrap().unwrap().first, picture / 4 * 4);
            }
        }
    }
}

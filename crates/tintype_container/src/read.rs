//! Reading a file from a stream, or from something that seeks so that unwanted sections cost
//! nothing.

use crate::checksum::{LONG_SECTION_BYTES, chunk_checksum, section_checksum, section_checksum_len};
use crate::index::{place_sections, sections_from_payload};
use crate::metadata::{ItemRead, item_from_payload};
use crate::short::{SHORT_HEAD_BYTES_MAX, SHORT_SECTION_BYTES_MAX, SHORT_VERSION, parts_from_bytes};
use crate::tag::{Kind, Tag};
use crate::varint::VARINT_BYTES_MAX;
use crate::{
    ContainerError, ContainerLimits, MAGIC, Metadata, MetadataItem, SectionEntry, SectionKey,
    UnknownChunk, VERSION, read_varint,
};
use std::io::{Read, Seek, SeekFrom};

/// The form byte of sealed files (docs/format/seal.md), whose parts are files of other forms.
const SEALED_VERSION: u8 = 3;

/// One section as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionRead {
    /// Which one.
    pub key: SectionKey,
    /// Its bytes; fewer than were written if the file ends within it.
    pub bytes: Vec<u8>,
    /// Whether these are all its bytes, with the right checksum.
    pub complete: bool,
}

/// The sections that were wanted and are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// In file order; only the last may be incomplete.
    pub sections: Vec<SectionRead>,
    /// Whether the file ends before the last section that was wanted does.
    pub cut_off: bool,
}

/// Reads one file: first everything up to the data, then [`Reader::sections`], then
/// [`Reader::finish`].
pub struct Reader<R> {
    source: Source<R>,
    limits: ContainerLimits,
    head: Vec<u8>,
    index: Vec<SectionEntry>,
    data_tag: Tag,
    data_end: u64,
    metadata: Vec<MetadataItem>,
    left_out: Vec<Metadata>,
    unknown: Vec<UnknownChunk>,
    chunks: u32,
    /// The section of a file in the short form, read with its head.
    short: Option<Vec<u8>>,
    /// Whether damage ends the data instead of the reading.
    keeps_before_damage: bool,
    /// Where the first damaged section starts.
    damaged_at: Option<u64>,
}

impl<R: Read> Reader<R> {
    /// Reads `input` up to its data, forward only: unwanted sections are read and dropped.
    ///
    /// # Errors
    /// All but `Misuse`; `Truncated` if the input ends before its data starts.
    pub fn stream(input: R, limits: ContainerLimits) -> Result<Self, ContainerError> {
        let skip =
            |input: &mut R, len: u64| std::io::copy(&mut input.by_ref().take(len), &mut std::io::sink());
        Self::open(Source { input, at: 0, end: u64::MAX, skip }, limits)
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Reads `input` up to its data and steps over unwanted sections. `input` stands at the
    /// start of the file.
    ///
    /// # Errors
    /// As [`Reader::stream`].
    pub fn seek(mut input: R, limits: ContainerLimits) -> Result<Self, ContainerError> {
        let start = input.stream_position()?;
        let end = input.seek(SeekFrom::End(0))?.saturating_sub(start);
        input.seek(SeekFrom::Start(start))?;
        let skip = |input: &mut R, len: u64| {
            let step = i64::try_from(len).map_err(|_| std::io::Error::other("too far to seek"))?;
            input.seek(SeekFrom::Current(step)).map(|_| len)
        };
        Self::open(Source { input, at: 0, end, skip }, limits)
    }
}

impl<R: Read> Reader<R> {
    fn open(mut source: Source<R>, limits: ContainerLimits) -> Result<Self, ContainerError> {
        let mut front = [0; 5];
        source.exact(&mut front)?;
        if front[..4] != MAGIC {
            let what = "it does not start as a .tin file does".into();
            return Err(ContainerError::Malformed { what, at: 0 });
        }
        if front[4] == SEALED_VERSION {
            let what = "a sealed file, of which this reader sees no plain bytes";
            return Err(ContainerError::Unsupported { what: what.into() });
        }
        if front[4] != VERSION && front[4] != SHORT_VERSION {
            return Err(ContainerError::Unsupported {
                what: format!("version {} of the format", front[4]),
            });
        }
        let mut reader = Self {
            source,
            limits,
            head: Vec::new(),
            index: Vec::new(),
            data_tag: Tag { byte: 0, kind: None },
            data_end: 0,
            metadata: Vec::new(),
            left_out: Vec::new(),
            unknown: Vec::new(),
            chunks: 0,
            short: None,
            keeps_before_damage: false,
            damaged_at: None,
        };
        if front[4] == SHORT_VERSION {
            reader.short_file()?
        } else {
            reader.preamble()?
        }
        Ok(reader)
    }

    /// Reads all of a file in the short form.
    fn short_file(&mut self) -> Result<(), ContainerError> {
        // One byte more than there may be, so that a longer one is noticed.
        let bytes = self.source.up_to((SHORT_HEAD_BYTES_MAX + SHORT_SECTION_BYTES_MAX + 4) as u64)?;
        let (head, section) = parts_from_bytes(&bytes)?;
        if head.len() as u64 > self.limits.head_bytes_max {
            return Err(ContainerError::Limit {
                what: "bytes of head",
                max: self.limits.head_bytes_max,
            });
        }
        let at = 6 + head.len() as u64;
        self.index = vec![SectionEntry { key: SectionKey::FIRST, at, len: section.len() as u64 }];
        self.data_end = self.source.at;
        self.head = head.to_vec();
        self.short = Some(section.to_vec());
        Ok(())
    }

    /// Reads the chunks before the data, and the data chunk's tag and length.
    fn preamble(&mut self) -> Result<(), ContainerError> {
        let mut lengths = None;
        let mut head = None;
        loop {
            let at = self.source.at;
            let front = ChunkFront::read(&mut self.source)?;
            if front.tag.is_last() && front.tag.kind != Some(Kind::Data) {
                return Err(ContainerError::Malformed { what: "no DATA chunk".into(), at });
            }
            if head.is_none() && front.tag.kind != Some(Kind::Head) {
                return Err(ContainerError::Malformed {
                    what: "the first chunk is not HEAD".into(),
                    at,
                });
            }
            let again =
                |kind: Kind| ContainerError::Malformed { what: format!("{} again", kind.name()), at };
            match front.tag.kind {
                Some(Kind::Head) if head.is_some() => return Err(again(Kind::Head)),
                Some(Kind::Head) => {
                    head = Some(self.payload(&front, "bytes of head", self.limits.head_bytes_max)?)
                }
                Some(Kind::Index) if lengths.is_some() => return Err(again(Kind::Index)),
                Some(Kind::Index) => {
                    // No index entry takes more than 4 + 2 + 7 bytes.
                    let max = self.limits.sections_max.saturating_mul(13).saturating_add(16);
                    let start = self.source.at;
                    let payload = self.payload(&front, "bytes of index", max)?;
                    lengths = Some(sections_from_payload(&payload, start, &self.limits)?);
                }
                Some(Kind::Data) => {
                    self.head = head.unwrap_or_default();
                    return self.place_data(&front, lengths, at);
                }
                _ => self.ancillary(&front)?,
            }
        }
    }

    /// Settles where the sections lie in the data chunk `front`, which starts at byte `at`.
    fn place_data(
        &mut self,
        front: &ChunkFront,
        lengths: Option<Vec<(SectionKey, u64)>>,
        at: u64,
    ) -> Result<(), ContainerError> {
        let malformed = |what: String| ContainerError::Malformed { what, at };
        let lengths = match lengths {
            Some(lengths) => lengths,
            None => {
                let checksum = if front.len >= LONG_SECTION_BYTES + 4 { 4 } else { front.len.min(2) };
                vec![(SectionKey::FIRST, front.len - checksum)]
            }
        };
        let (index, len) = place_sections(&lengths, self.source.at);
        if len != front.len {
            return Err(malformed(format!(
                "DATA chunk of {} bytes, its sections take {len}",
                front.len
            )));
        }
        self.index = index;
        self.data_tag = front.tag;
        self.data_end =
            self.source.at.checked_add(len).ok_or_else(|| malformed("DATA chunk too long".into()))?;
        Ok(())
    }

    /// The head.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Every section of the file, in file order.
    pub fn index(&self) -> &[SectionEntry] {
        &self.index
    }

    /// Metadata read so far; after [`Reader::finish`], all of it.
    pub fn metadata(&self) -> &[MetadataItem] {
        &self.metadata
    }

    /// Metadata read so far that this build cannot unpack: it is packed, and the feature
    /// `deflate` is off.
    pub fn left_out(&self) -> &[Metadata] {
        &self.left_out
    }

    /// Ancillary chunks of unknown kinds read so far.
    pub fn unknown(&self) -> &[UnknownChunk] {
        &self.unknown
    }

    /// Where the next byte comes from, in bytes from the start of the file.
    pub fn position(&self) -> u64 {
        self.source.at
    }

    /// Where the data ends, in bytes from the start of the file; a file that is shorter was
    /// cut off.
    pub fn data_end(&self) -> u64 {
        self.data_end
    }

    /// Lets [`Reader::sections`] end before a section whose checksum disagrees, as if the file had
    /// been cut off there, instead of failing.
    pub fn keep_before_damage(&mut self) {
        self.keeps_before_damage = true;
    }

    /// Where the section starts whose checksum disagreed, in bytes from the start of the file.
    pub fn damaged_at(&self) -> Option<u64> {
        self.damaged_at
    }

    /// Reads the sections for which `wants` says so. Call it once.
    ///
    /// # Errors
    /// `Mismatch` for a section whose checksum disagrees, `Limit`, `Io`; `Misuse` if the data
    /// has been read before.
    pub fn sections(&mut self, wants: impl Fn(SectionKey) -> bool) -> Result<Data, ContainerError> {
        let mut data = Data { sections: Vec::new(), cut_off: false };
        let mut total = 0u64;
        let entries = std::mem::take(&mut self.index);
        let result = entries.iter().filter(|entry| wants(entry.key)).try_for_each(|entry| {
            total = total.saturating_add(entry.len);
            if total > self.limits.data_bytes_max {
                return Err(ContainerError::Limit {
                    what: "bytes of sections",
                    max: self.limits.data_bytes_max,
                });
            }
            if !data.cut_off {
                let section = match self.section(entry) {
                    Err(ContainerError::Mismatch { at, .. }) if self.keeps_before_damage => {
                        self.damaged_at = Some(at);
                        data.cut_off = true;
                        return Ok(());
                    }
                    section => section?,
                };
                data.cut_off = !section.complete;
                // A file that ends where a section starts has nothing of it to offer.
                if section.complete || !section.bytes.is_empty() {
                    data.sections.push(section);
                }
            }
            Ok(())
        });
        self.index = entries;
        result.map(|()| data)
    }

    /// Reads one section and checks it.
    fn section(&mut self, entry: &SectionEntry) -> Result<SectionRead, ContainerError> {
        if let Some(bytes) = &self.short {
            return Ok(SectionRead { key: entry.key, bytes: bytes.clone(), complete: true });
        }
        let mut section = SectionRead { key: entry.key, bytes: Vec::new(), complete: false };
        if !self.source.skip_to(entry.at)? {
            return Ok(section);
        }
        section.bytes = self.source.up_to(entry.len)?;
        if (section.bytes.len() as u64) < entry.len {
            return Ok(section);
        }
        let found = self.source.up_to(section_checksum_len(entry.len))?;
        let (expected, len) = section_checksum(self.data_tag.byte, &section.bytes);
        if found.len() == len && found != expected[..len] {
            let what = format!("the section of tile {}, layer {}", entry.key.tile, entry.key.layer);
            return Err(ContainerError::Mismatch { what, at: entry.at });
        }
        section.complete = found.len() == len;
        Ok(section)
    }

    /// Reads what follows the data: more metadata. Returns whether the file is whole; if not,
    /// some is missing.
    ///
    /// # Errors
    /// `Malformed`, `Unsupported`, `Limit`, `Mismatch`, `Io`.
    pub fn finish(&mut self) -> Result<bool, ContainerError> {
        if self.short.is_some() {
            return Ok(true);
        }
        if !self.source.skip_to(self.data_end)? {
            return Ok(false);
        }
        let mut last = self.data_tag.is_last();
        while !last {
            let at = self.source.at;
            let step = ChunkFront::read(&mut self.source).and_then(|front| {
                if matches!(front.tag.kind, Some(Kind::Head | Kind::Index | Kind::Data)) {
                    let what = format!("{} after the data", front.tag.name());
                    return Err(ContainerError::Malformed { what, at });
                }
                self.ancillary(&front)?;
                Ok(front.tag.is_last())
            });
            last = match step {
                Err(ContainerError::Truncated { .. }) => return Ok(false),
                step => step?,
            };
        }
        Ok(true)
    }

    /// Reads a chunk of metadata, or one that may be skipped.
    fn ancillary(&mut self, front: &ChunkFront) -> Result<(), ContainerError> {
        self.chunks += 1;
        if self.chunks > self.limits.chunks_max {
            return Err(ContainerError::Limit {
                what: "number of chunks",
                max: self.limits.chunks_max.into(),
            });
        }
        let at = self.source.at;
        // The name and packing of an item take up to 257 bytes more than the item.
        let max = self.limits.metadata_bytes_max.saturating_add(257);
        let payload = self.payload(front, "bytes of one metadata item", max)?;
        match front.tag.kind {
            Some(kind) => match item_from_payload(kind, &payload, at, &self.limits)? {
                ItemRead::Item(item) => self.metadata.push(item),
                ItemRead::LeftOut(kind) => self.left_out.push(kind),
            },
            None => self.unknown.push(UnknownChunk { kind: front.tag.byte & 0x1f, bytes: payload }),
        }
        Ok(())
    }

    /// Reads and checks the payload of a chunk of at most `max` bytes.
    fn payload(
        &mut self,
        front: &ChunkFront,
        what: &'static str,
        max: u64,
    ) -> Result<Vec<u8>, ContainerError> {
        if front.len > max {
            return Err(ContainerError::Limit { what, max });
        }
        let at = self.source.at;
        let payload = self.source.up_to(front.len)?;
        let missing = front.len - payload.len() as u64;
        if missing > 0 {
            return Err(ContainerError::Truncated { needed: missing + 4, at: self.source.at });
        }
        let mut found = [0; 4];
        self.source.exact(&mut found)?;
        if found != chunk_checksum(&front.bytes, &payload) {
            return Err(ContainerError::Mismatch { what: front.tag.name(), at });
        }
        Ok(payload)
    }
}

/// Tag and length of a chunk.
struct ChunkFront {
    tag: Tag,
    len: u64,
    bytes: Vec<u8>,
}

impl ChunkFront {
    fn read(source: &mut Source<impl Read>) -> Result<Self, ContainerError> {
        let at = source.at;
        let mut byte = [0];
        source.exact(&mut byte)?;
        let tag = Tag::parse(byte[0], at)?;
        let mut bytes = vec![byte[0]];
        for _ in 0..=VARINT_BYTES_MAX {
            source.exact(&mut byte)?;
            bytes.push(byte[0]);
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        let len = read_varint(&mut &bytes[1..], at + 1)?;
        Ok(Self { tag, len, bytes })
    }
}

/// A stream that counts.
struct Source<R> {
    input: R,
    at: u64,
    /// Where the input ends, if that can be known without reading it.
    end: u64,
    skip: fn(&mut R, u64) -> std::io::Result<u64>,
}

impl<R: Read> Source<R> {
    /// Up to `len` bytes; fewer only if the input ends. Memory grows with what arrives, not
    /// with `len`.
    fn up_to(&mut self, len: u64) -> Result<Vec<u8>, ContainerError> {
        let mut bytes = Vec::with_capacity(len.min(1 << 16) as usize);
        self.input.by_ref().take(len).read_to_end(&mut bytes)?;
        self.at += bytes.len() as u64;
        Ok(bytes)
    }

    fn exact(&mut self, out: &mut [u8]) -> Result<(), ContainerError> {
        let bytes = self.up_to(out.len() as u64)?;
        if bytes.len() < out.len() {
            return Err(ContainerError::Truncated {
                needed: (out.len() - bytes.len()) as u64,
                at: self.at,
            });
        }
        out.copy_from_slice(&bytes);
        Ok(())
    }

    /// Moves on to byte `target`; `false` if the input ends before it.
    fn skip_to(&mut self, target: u64) -> Result<bool, ContainerError> {
        let Some(len) = target.checked_sub(self.at) else {
            return Err(ContainerError::Misuse { what: "the data has been read before".into() });
        };
        let there = len.min(self.end.saturating_sub(self.at));
        let skipped = if there == 0 { 0 } else { (self.skip)(&mut self.input, there)? };
        self.at += skipped;
        Ok(skipped == len)
    }
}

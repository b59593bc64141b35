//! The segments of a JPEG file: what each marker says, without entropy-coded data.
//!
//! In: file bytes. Out: [`Segment`]s in file order; tables are kept in [`Tables`]. Bit-exact: the
//! packer parses the same segments on both sides, so nothing here may depend on anything but the
//! bytes.
//!
//! Source: ITU-T T.81, annex B; Adobe technical note 5116 (APP14).

use super::frame::{Frame, NATURAL_FROM_ZIGZAG, ScanHeader, malformed, parse_frame, parse_scan};
use super::huffman::HuffmanTable;
use std::sync::Arc;
use tintype_codec::CodecError;

/// All tables that segments may set, as they stand at some point of the file.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Quantisation tables in natural order.
    pub quant: [Option<[u16; 64]>; 4],
    /// Huffman tables for DC.
    pub dc: [Option<Arc<HuffmanTable>>; 4],
    /// Huffman tables for AC.
    pub ac: [Option<Arc<HuffmanTable>>; 4],
    /// Arithmetic conditioning of DC: L and U.
    pub arithmetic_dc: [(u8, u8); 4],
    /// Arithmetic conditioning of AC: Kx.
    pub arithmetic_ac: [u8; 4],
    /// MCUs between restart markers, or 0.
    pub restart_interval: usize,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            quant: [None; 4],
            dc: Default::default(),
            ac: Default::default(),
            arithmetic_dc: [(0, 1); 4],
            arithmetic_ac: [5; 4],
            restart_interval: 0,
        }
    }
}

/// A segment that is more than tables.
#[derive(Clone, Debug)]
pub enum Segment {
    /// The frame header.
    Frame(Frame),
    /// A scan header; entropy-coded data starts at the walker's position.
    Scan(ScanHeader),
    /// Number of lines, which a frame of height 0 waits for.
    Lines(usize),
    /// An application or comment segment: marker code and the range of its body.
    Application(u8, std::ops::Range<usize>),
    /// End of image; the position is behind it.
    End,
}

/// Walks over the segments of a file.
#[derive(Clone, Debug)]
pub struct SegmentWalker<'a> {
    bytes: &'a [u8],
    /// Where the next segment is looked for.
    pub position: usize,
    /// The tables as of here.
    pub tables: Tables,
    /// Whether segments were skipped as malformed.
    pub damaged: bool,
    frame: Option<Frame>,
}

/// The big-endian number in the first two bytes.
fn word(body: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([body[0], body[1]]))
}

impl<'a> SegmentWalker<'a> {
    /// Starts behind the SOI marker.
    ///
    /// # Errors
    /// `Malformed` if there is none.
    pub fn new(bytes: &'a [u8]) -> Result<Self, CodecError> {
        if !bytes.starts_with(&[0xff, 0xd8]) {
            return Err(malformed("not a JPEG file: the start-of-image marker is missing", 0));
        }
        Ok(Self { bytes, position: 2, tables: Tables::default(), damaged: false, frame: None })
    }

    /// The next segment that is more than tables, or `None` at the end of the bytes.
    ///
    /// # Errors
    /// `Malformed`, `Unsupported` for segments without which nothing can be decoded.
    pub fn next_segment(&mut self) -> Result<Option<Segment>, CodecError> {
        loop {
            let Some(marker) = self.next_marker() else { return Ok(None) };
            match marker {
                0xd8 | 0x01 | 0xd0..=0xd7 => continue,
                0xd9 => return Ok(Some(Segment::End)),
                _ => {}
            }
            let start = self.position + 2;
            let Some(&[high, low]) = self.bytes.get(self.position..start) else {
                self.position = self.bytes.len();
                return Ok(None);
            };
            let length = usize::from(u16::from_be_bytes([high, low]));
            if length < 2 {
                self.damaged = true;
                self.position = start;
                continue;
            }
            let end = (self.position + length).min(self.bytes.len());
            self.damaged |= end < self.position + length;
            let body = &self.bytes[start.min(end)..end];
            self.position = end;
            match marker {
                0xdb => self.quant_tables(body),
                0xc4 => self.huffman_tables(body),
                0xcc => self.arithmetic_conditioning(body),
                0xdd if body.len() >= 2 => {
                    self.tables.restart_interval = word(body);
                }
                0xdc if body.len() >= 2 => return Ok(Some(Segment::Lines(word(body)))),
                0xc0..=0xcf if marker != 0xc8 => {
                    if self.frame.is_some() {
                        return Err(malformed("a second frame header", start));
                    }
                    let frame = parse_frame(marker, body, start)?;
                    self.frame = Some(frame.clone());
                    return Ok(Some(Segment::Frame(frame)));
                }
                0xda => {
                    let frame = self
                        .frame
                        .as_ref()
                        .ok_or_else(|| malformed("scan before frame header", start))?;
                    return Ok(Some(Segment::Scan(parse_scan(frame, body, start)?)));
                }
                0xe0..=0xef | 0xfe => {
                    return Ok(Some(Segment::Application(marker, start.min(end)..end)));
                }
                _ => {}
            }
        }
    }

    fn next_marker(&mut self) -> Option<u8> {
        loop {
            let found =
                self.bytes[self.position.min(self.bytes.len())..].iter().position(|b| *b == 0xff)?;
            self.damaged |= found > 0;
            self.position += found;
            while *self.bytes.get(self.position)? == 0xff {
                self.position += 1;
            }
            let code = self.bytes[self.position];
            self.position += 1;
            if code != 0 {
                return Some(code);
            }
        }
    }

    fn quant_tables(&mut self, mut body: &[u8]) {
        while let Some((head, rest)) = body.split_first() {
            let wide = head >> 4 != 0;
            let needed = if wide { 128 } else { 64 };
            let index = usize::from(head & 15);
            if index > 3 || rest.len() < needed {
                self.damaged = true;
                return;
            }
            let mut table = [0u16; 64];
            for (k, natural) in NATURAL_FROM_ZIGZAG.iter().enumerate() {
                table[usize::from(*natural)] = if wide {
                    u16::from_be_bytes([rest[2 * k], rest[2 * k + 1]])
                } else {
                    u16::from(rest[k])
                };
            }
            self.tables.quant[index] = Some(table);
            body = &rest[needed..];
        }
    }

    fn huffman_tables(&mut self, mut body: &[u8]) {
        while body.len() >= 17 {
            let (class, index) = (body[0] >> 4, usize::from(body[0] & 15));
            let counts: [u8; 16] = body[1..17].try_into().expect("sixteen bytes");
            let total: usize = counts.iter().map(|c| usize::from(*c)).sum();
            if class > 1 || index > 3 || total > 256 || body.len() < 17 + total {
                self.damaged = true;
                return;
            }
            let Some(table) = HuffmanTable::new(&counts, &body[17..17 + total], class == 1) else {
                self.damaged = true;
                return;
            };
            let slot = if class == 0 { &mut self.tables.dc } else { &mut self.tables.ac };
            slot[index] = Some(Arc::new(table));
            body = &body[17 + total..];
        }
    }

    fn arithmetic_conditioning(&mut self, body: &[u8]) {
        for pair in body.chunks_exact(2) {
            let index = usize::from(pair[0] & 15);
            match pair[0] >> 4 {
                0 if index < 4 && pair[1] & 15 <= pair[1] >> 4 => {
                    self.tables.arithmetic_dc[index] = (pair[1] & 15, pair[1] >> 4);
                }
                1 if index < 4 && (1..=63).contains(&pair[1]) => {
                    self.tables.arithmetic_ac[index] = pair[1]
                }
                _ => self.damaged = true,
            }
        }
    }
}

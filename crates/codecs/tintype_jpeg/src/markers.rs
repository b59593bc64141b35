//! The segments of a JPEG file: what each marker says, without entropy-coded data.
//!
//! In: file bytes. Out: [`Step`]s in file order with tables kept in [`Tables`]. Bit-exact: the repacker parses the
//! same segments on both sides, so nothing here may depend on anything but the bytes.
//!
//! Source: ITU-T T.81, annex B; Adobe technical note 5116 (APP14).

use super::huffman::HuffmanTable;
use std::sync::Arc;
use tintype_codec::CodecError;

/// Zigzag index to natural (row-major) index.
pub const NATURAL_FROM_ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// How the entropy-coded data of a frame is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// Sequential DCT (SOF0, SOF1, SOF9).
    Sequential,
    /// Progressive DCT (SOF2, SOF10).
    Progressive,
    /// Predictive, without DCT (SOF3).
    Lossless,
}

/// One component as the frame header gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComponentInfo {
    /// Identifier, any byte.
    pub id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub h: usize,
    /// Vertical sampling factor, 1 to 4.
    pub v: usize,
    /// Which quantisation table, 0 to 3.
    pub quant_index: usize,
}

/// The frame header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How scans are coded.
    pub process: Process,
    /// Arithmetic instead of Huffman coding.
    pub arithmetic: bool,
    /// Bits a sample: 8 or 12; 2 to 16 in lossless frames.
    pub precision: u8,
    /// Width in pixels, at least 1.
    pub width: usize,
    /// Height in pixels; 0 until a DNL segment tells it.
    pub height: usize,
    /// 1 to 4 components.
    pub components: Vec<ComponentInfo>,
}

impl Frame {
    /// Largest horizontal and vertical sampling factor.
    pub fn sampling_max(&self) -> (usize, usize) {
        let h = self.components.iter().map(|c| c.h).max().unwrap_or(1);
        (h, self.components.iter().map(|c| c.v).max().unwrap_or(1))
    }

    /// Number of MCUs across and down in an interleaved scan.
    pub fn mcus(&self) -> (usize, usize) {
        let (h, v) = self.sampling_max();
        (self.width.div_ceil(8 * h), self.height.div_ceil(8 * v))
    }

    /// Width and height of component `index` in samples.
    pub fn component_size(&self, index: usize) -> (usize, usize) {
        let (h, v) = self.sampling_max();
        let c = &self.components[index];
        ((self.width * c.h).div_ceil(h), (self.height * c.v).div_ceil(v))
    }
}

/// One component's part in a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanComponent {
    /// Index into the frame's components.
    pub index: usize,
    /// DC table, 0 to 3.
    pub dc_table: usize,
    /// AC table, 0 to 3.
    pub ac_table: usize,
}

/// The scan header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanHeader {
    /// 1 to 4 components.
    pub components: Vec<ScanComponent>,
    /// First zigzag index (spectral selection); the predictor in lossless frames.
    pub start: usize,
    /// Last zigzag index.
    pub end: usize,
    /// Successive approximation: previous point transform.
    pub high: u32,
    /// Successive approximation: this point transform.
    pub low: u32,
}

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

/// What the walker met next.
#[derive(Clone, Debug)]
pub enum Step {
    /// The frame header.
    Frame(Frame),
    /// A scan header; entropy-coded data starts at the walker's position.
    Scan(ScanHeader),
    /// Number of lines, which a frame of height 0 waits for.
    Lines(usize),
    /// An application or comment segment: marker code and the range of its body.
    Note(u8, std::ops::Range<usize>),
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

fn malformed(what: impl Into<String>, at: usize) -> CodecError {
    CodecError::Malformed { what: what.into(), at: Some(at) }
}

impl<'a> SegmentWalker<'a> {
    /// Starts behind the SOI marker.
    ///
    /// # Errors
    /// `Malformed` if there is none.
    pub fn new(bytes: &'a [u8]) -> Result<Self, CodecError> {
        if !bytes.starts_with(&[0xff, 0xd8]) {
            return Err(malformed("no JPEG: SOI marker missing", 0));
        }
        Ok(Self { bytes, position: 2, tables: Tables::default(), damaged: false, frame: None })
    }

    /// The next step, or `None` at the end of the bytes.
    ///
    /// # Errors
    /// `Malformed`, `Unsupported` for segments without which nothing can be decoded.
    pub fn next_step(&mut self) -> Result<Option<Step>, CodecError> {
        loop {
            let Some(marker) = self.next_marker() else { return Ok(None) };
            match marker {
                0xd8 | 0x01 | 0xd0..=0xd7 => continue,
                0xd9 => return Ok(Some(Step::End)),
                _ => {}
            }
            let start = self.position + 2;
            let Some(length) = self
                .bytes
                .get(self.position..start)
                .map(|b| usize::from(b[0]) << 8 | usize::from(b[1]))
            else {
                self.position = self.bytes.len();
                return Ok(None);
            };
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
                    self.tables.restart_interval = usize::from(body[0]) << 8 | usize::from(body[1]);
                }
                0xdc if body.len() >= 2 => {
                    return Ok(Some(Step::Lines(usize::from(body[0]) << 8 | usize::from(body[1]))));
                }
                0xc0..=0xcf if marker != 0xc8 => {
                    if self.frame.is_some() {
                        return Err(malformed("a second frame header", start));
                    }
                    let frame = parse_frame(marker, body, start)?;
                    self.frame = Some(frame.clone());
                    return Ok(Some(Step::Frame(frame)));
                }
                0xda => {
                    let frame = self
                        .frame
                        .as_ref()
                        .ok_or_else(|| malformed("scan before frame header", start))?;
                    return Ok(Some(Step::Scan(parse_scan(frame, body, start)?)));
                }
                0xe0..=0xef | 0xfe => return Ok(Some(Step::Note(marker, start.min(end)..end))),
                _ => {}
            }
        }
    }

    fn next_marker(&mut self) -> Option<u8> {
        loop {
            let found = self.bytes[self.position.min(self.bytes.len())..]
                .iter()
                .position(|b| *b == 0xff)?;
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

fn parse_frame(marker: u8, body: &[u8], at: usize) -> Result<Frame, CodecError> {
    let (process, arithmetic) = match marker {
        0xc0 | 0xc1 => (Process::Sequential, false),
        0xc2 => (Process::Progressive, false),
        0xc3 => (Process::Lossless, false),
        0xc9 => (Process::Sequential, true),
        0xca => (Process::Progressive, true),
        _ => {
            return Err(CodecError::Unsupported {
                what: format!("JPEG process SOF{}", marker & 15),
            });
        }
    };
    if body.len() < 6 {
        return Err(CodecError::Truncated { needed: 6 - body.len() });
    }
    let count = usize::from(body[5]);
    let (height, width) = (
        usize::from(body[1]) << 8 | usize::from(body[2]),
        usize::from(body[3]) << 8 | usize::from(body[4]),
    );
    if width == 0 || count == 0 {
        return Err(malformed(
            format!("frame of {width} × {height} pixels with {count} components"),
            at,
        ));
    }
    if count > 4 {
        return Err(CodecError::Unsupported {
            what: format!("JPEG of {count} components (at most 4)"),
        });
    }
    if body.len() < 6 + 3 * count {
        return Err(CodecError::Truncated { needed: 6 + 3 * count - body.len() });
    }
    let precision = body[0];
    let possible = if process == Process::Lossless {
        (2..=16).contains(&precision)
    } else {
        matches!(precision, 8 | 12)
    };
    if !possible {
        return Err(malformed(format!("{precision} bits a sample"), at));
    }
    let mut components = Vec::with_capacity(count);
    for c in body[6..6 + 3 * count].chunks_exact(3) {
        let (h, v) = (usize::from(c[1] >> 4), usize::from(c[1] & 15));
        if !(1..=4).contains(&h) || !(1..=4).contains(&v) || c[2] > 3 {
            return Err(malformed(
                format!("component with sampling {h} × {v}, table {}", c[2]),
                at,
            ));
        }
        components.push(ComponentInfo { id: c[0], h, v, quant_index: usize::from(c[2]) });
    }
    Ok(Frame { process, arithmetic, precision, width, height, components })
}

fn parse_scan(frame: &Frame, body: &[u8], at: usize) -> Result<ScanHeader, CodecError> {
    let count = usize::from(*body.first().ok_or(CodecError::Truncated { needed: 1 })?);
    if count == 0 || count > 4 || body.len() < 4 + 2 * count {
        return Err(malformed(format!("scan of {count} components in {} bytes", body.len()), at));
    }
    let mut components: Vec<ScanComponent> = Vec::with_capacity(count);
    for c in body[1..1 + 2 * count].chunks_exact(2) {
        let used = |i: usize| components.iter().any(|o| o.index == i);
        let found = frame.components.iter().enumerate().position(|(i, f)| f.id == c[0] && !used(i));
        let index =
            found.ok_or_else(|| malformed(format!("scan of unknown component {}", c[0]), at))?;
        let (dc_table, ac_table) = (usize::from(c[1] >> 4), usize::from(c[1] & 15));
        if dc_table > 3 || ac_table > 3 {
            return Err(malformed(format!("scan with tables {dc_table} and {ac_table}"), at));
        }
        components.push(ScanComponent { index, dc_table, ac_table });
    }
    let tail = &body[1 + 2 * count..];
    let (mut start, mut end) = (usize::from(tail[0]), usize::from(tail[1]));
    let (mut high, mut low) = (u32::from(tail[2] >> 4), u32::from(tail[2] & 15));
    match frame.process {
        Process::Sequential => (start, end, high, low) = (0, 63, 0, 0),
        Process::Progressive => {
            let fits =
                start <= end && end <= 63 && (start > 0 || end == 0) && (start == 0 || count == 1);
            if !fits || low > 13 || high > 13 {
                return Err(malformed(
                    format!("progressive scan {start}..{end}, bits {high} to {low}"),
                    at,
                ));
            }
        }
        Process::Lossless => {
            if !(1..=7).contains(&start) || low >= u32::from(frame.precision) {
                return Err(malformed(
                    format!("lossless predictor {start}, point transform {low}"),
                    at,
                ));
            }
        }
    }
    let blocks: usize =
        components.iter().map(|c| frame.components[c.index].h * frame.components[c.index].v).sum();
    if count > 1 && blocks > 16 {
        return Err(malformed(format!("{blocks} blocks in an MCU"), at));
    }
    Ok(ScanHeader { components, start, end, high, low })
}

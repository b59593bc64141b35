//! The frame header and the scan headers of a JPEG file.
//!
//! In: the body of a SOF or SOS segment. Out: [`Frame`], [`ScanHeader`]. Bit-exact: the packer
//! parses the same segments on both sides, so nothing here may depend on anything but the bytes.
//!
//! Source: ITU-T T.81, B.2.2 and B.2.3.

use tintype_codec::CodecError;

/// Zigzag index to natural (row-major) index.
pub const NATURAL_FROM_ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,
    6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45,
    38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
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

/// `Malformed` at a byte of the file.
pub fn malformed(what: impl Into<String>, at: usize) -> CodecError {
    CodecError::Malformed { what: what.into(), at: Some(at) }
}

/// The frame header in the body of SOF segment `marker`; `at` is where the body stands in the file.
///
/// # Errors
/// `Malformed`, `Truncated`, `Unsupported`.
pub fn parse_frame(marker: u8, body: &[u8], at: usize) -> Result<Frame, CodecError> {
    let (process, arithmetic) = match marker {
        0xc0 | 0xc1 => (Process::Sequential, false),
        0xc2 => (Process::Progressive, false),
        0xc3 => (Process::Lossless, false),
        0xc9 => (Process::Sequential, true),
        0xca => (Process::Progressive, true),
        _ => {
            return Err(CodecError::Unsupported { what: format!("JPEG process SOF{}", marker & 15) });
        }
    };
    if body.len() < 6 {
        return Err(CodecError::Truncated { needed: 6 - body.len() });
    }
    let count = usize::from(body[5]);
    let word = |at: usize| usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
    let (height, width) = (word(1), word(3));
    if width == 0 || count == 0 {
        return Err(malformed(
            format!("frame of {width} × {height} pixels with {count} components"),
            at,
        ));
    }
    if count > 4 {
        return Err(CodecError::Unsupported { what: format!("JPEG of {count} components (at most 4)") });
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
            return Err(malformed(format!("component with sampling {h} × {v}, table {}", c[2]), at));
        }
        components.push(ComponentInfo { id: c[0], h, v, quant_index: usize::from(c[2]) });
    }
    Ok(Frame { process, arithmetic, precision, width, height, components })
}

/// The scan header in the body of an SOS segment; `at` is where the body stands in the file.
///
/// # Errors
/// `Malformed`, `Truncated`.
pub fn parse_scan(frame: &Frame, body: &[u8], at: usize) -> Result<ScanHeader, CodecError> {
    let count = usize::from(*body.first().ok_or(CodecError::Truncated { needed: 1 })?);
    if count == 0 || count > 4 || body.len() < 4 + 2 * count {
        return Err(malformed(format!("scan of {count} components in {} bytes", body.len()), at));
    }
    let mut components: Vec<ScanComponent> = Vec::with_capacity(count);
    for c in body[1..1 + 2 * count].chunks_exact(2) {
        let used = |i: usize| components.iter().any(|o| o.index == i);
        let found = frame.components.iter().enumerate().position(|(i, f)| f.id == c[0] && !used(i));
        let index = found.ok_or_else(|| malformed(format!("scan of unknown component {}", c[0]), at))?;
        let (dc_table, ac_table) = (usize::from(c[1] >> 4), usize::from(c[1] & 15));
        if dc_table > 3 || ac_table > 3 {
            return Err(malformed(format!("scan with tables {dc_table} and {ac_table}"), at));
        }
        components.push(ScanComponent { index, dc_table, ac_table });
    }
    let tail = &body[1 + 2 * count..];
    let header = match frame.process {
        Process::Sequential => ScanHeader { components, start: 0, end: 63, high: 0, low: 0 },
        Process::Progressive | Process::Lossless => ScanHeader {
            components,
            start: usize::from(tail[0]),
            end: usize::from(tail[1]),
            high: u32::from(tail[2] >> 4),
            low: u32::from(tail[2] & 15),
        },
    };
    header.check(frame, at)?;
    Ok(header)
}

impl ScanHeader {
    /// Refuses parameters that the frame's process does not have.
    fn check(&self, frame: &Frame, at: usize) -> Result<(), CodecError> {
        let Self { start, end, high, low, .. } = *self;
        let count = self.components.len();
        if frame.process == Process::Progressive {
            let band = start <= end && end <= 63;
            let dc_apart = start > 0 || end == 0;
            let one_component = start == 0 || count == 1;
            if !(band && dc_apart && one_component) || low > 13 || high > 13 {
                let what = format!("progressive scan {start}..{end}, bits {high} to {low}");
                return Err(malformed(what, at));
            }
        }
        if frame.process == Process::Lossless
            && (!(1..=7).contains(&start) || low >= u32::from(frame.precision))
        {
            return Err(malformed(format!("lossless predictor {start}, point transform {low}"), at));
        }
        let blocks: usize = self
            .components
            .iter()
            .map(|c| frame.components[c.index].h * frame.components[c.index].v)
            .sum();
        if count > 1 && blocks > 16 {
            return Err(malformed(format!("{blocks} blocks in an MCU"), at));
        }
        Ok(())
    }
}

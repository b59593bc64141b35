//! Quantised DCT coefficients of a JPEG file, and the order in which scans visit their blocks.
//!
//! A component's blocks lie in rows; a block is 64 `i16` in natural order (row-major, vertical
//! frequency outside). Rows and columns are padded to whole MCUs. Bit-exact.

use super::frame::{Frame, ScanHeader};
use tintype_codec::CodecError;
use tintype_image::Limits;

/// One component's coefficients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentBlocks {
    /// Blocks in a row of storage (padded).
    pub stride: usize,
    /// Rows of blocks in storage (padded).
    pub rows: usize,
    /// Blocks across that a scan of this component alone visits.
    pub width: usize,
    /// Blocks down that a scan of this component alone visits.
    pub height: usize,
    /// The coefficients.
    pub blocks: Vec<[i16; 64]>,
}

impl ComponentBlocks {
    /// Component `index` of `frame` with `blocks`, in rows padded to whole MCUs.
    pub fn new(frame: &Frame, index: usize, blocks: Vec<[i16; 64]>) -> Self {
        let stride = frame.mcus().0 * frame.components[index].h;
        let (width, height) = frame.component_size(index);
        Self {
            stride,
            rows: blocks.len() / stride,
            width: width.div_ceil(8),
            height: height.div_ceil(8),
            blocks,
        }
    }

    /// `rows` rows of zeroed blocks.
    fn zeroed(frame: &Frame, index: usize, rows: usize) -> Self {
        let stride = frame.mcus().0 * frame.components[index].h;
        Self::new(frame, index, vec![[0; 64]; stride * rows])
    }

    /// The block in column `x` of row `y`.
    pub fn block(&self, x: usize, y: usize) -> &[i16; 64] {
        &self.blocks[y * self.stride + x]
    }
}

/// Whole rows of one component's blocks, borrowed.
pub struct BlockRows<'a> {
    /// Blocks in a row.
    pub stride: usize,
    /// Rows of blocks.
    pub rows: usize,
    /// The coefficients.
    pub blocks: &'a mut [[i16; 64]],
}

/// Zeroed coefficients for `frame`.
///
/// # Errors
/// `Limit` if the picture is larger than `limits`, or far larger than `data_bytes` bytes of data
/// can describe.
pub fn blocks_for_frame(
    frame: &Frame,
    data_bytes: usize,
    limits: &Limits,
) -> Result<Vec<ComponentBlocks>, CodecError> {
    check_frame(frame, data_bytes, limits)?;
    let (_, mcus_y) = frame.mcus();
    let zeroed = |(index, v)| ComponentBlocks::zeroed(frame, index, mcus_y * v);
    Ok(frame.components.iter().map(|c| c.v).enumerate().map(zeroed).collect())
}

/// Zeroed coefficients for one row of MCUs of `frame`, or one row of blocks if it has one
/// component.
pub fn row_for_frame(frame: &Frame) -> Vec<ComponentBlocks> {
    let single = frame.components.len() == 1;
    let rows = frame.components.iter().map(|c| if single { 1 } else { c.v });
    rows.enumerate().map(|(index, rows)| ComponentBlocks::zeroed(frame, index, rows)).collect()
}

/// Refuses a picture larger than `limits`, or far larger than `data_bytes` bytes of data can
/// describe.
///
/// # Errors
/// `Limit`.
pub fn check_frame(frame: &Frame, data_bytes: usize, limits: &Limits) -> Result<(), CodecError> {
    let side_max = u64::from(limits.side_px_max);
    if frame.width.max(frame.height) as u64 > side_max {
        return Err(CodecError::Limit { what: "picture side in pixels", max: side_max });
    }
    let (mcus_x, mcus_y) = frame.mcus();
    let per_mcu: usize = frame.components.iter().map(|c| c.h * c.v).sum();
    let total = (mcus_x * mcus_y * per_mcu) as u64;
    if total * 64 > limits.samples_max.saturating_mul(2) {
        return Err(CodecError::Limit { what: "number of samples", max: limits.samples_max });
    }
    // The shortest Huffman code is one bit a block; the arithmetic coder can go far below.
    let per_byte = if frame.arithmetic { 512 } else { 8 };
    let believable = (data_bytes as u64).saturating_mul(per_byte).saturating_add(1 << 16);
    if total > believable {
        return Err(CodecError::Limit { what: "blocks for so few bytes of data", max: believable });
    }
    Ok(())
}

/// The MCUs of a scan.
#[derive(Clone, Debug)]
pub struct ScanGeometry {
    /// MCUs in a row.
    pub mcus_x: usize,
    /// Rows of MCUs.
    pub mcus_y: usize,
    /// For each block of an MCU: index into the scan's components, and place inside the MCU.
    pub units: Vec<(usize, usize, usize)>,
    /// For each scan component: frame component, and blocks of an MCU across and down.
    pub steps: Vec<(usize, usize, usize)>,
}

impl ScanGeometry {
    /// The geometry of `header`'s scan: whole MCUs if interleaved, else the component's own blocks.
    pub fn new(frame: &Frame, header: &ScanHeader, components: &[ComponentBlocks]) -> Self {
        if let [only] = header.components.as_slice() {
            let c = &components[only.index];
            let steps = vec![(only.index, 1, 1)];
            return Self { mcus_x: c.width, mcus_y: c.height, units: vec![(0, 0, 0)], steps };
        }
        let (mcus_x, mcus_y) = frame.mcus();
        let (mut units, mut steps) = (Vec::new(), Vec::new());
        for (slot, part) in header.components.iter().enumerate() {
            let info = &frame.components[part.index];
            units.extend((0..info.h * info.v).map(|i| (slot, i % info.h, i / info.h)));
            steps.push((part.index, info.h, info.v));
        }
        Self { mcus_x, mcus_y, units, steps }
    }

    /// Number of MCUs.
    pub fn mcus(&self) -> usize {
        self.mcus_x * self.mcus_y
    }

    /// Frame component and storage index of unit `unit` in the MCU at (`x`, `y`).
    #[inline(always)]
    pub fn locate(
        &self,
        components: &[ComponentBlocks],
        unit: usize,
        x: usize,
        y: usize,
    ) -> (usize, usize) {
        let (slot, dx, dy) = self.units[unit];
        let (index, h, v) = self.steps[slot];
        (index, (y * v + dy) * components[index].stride + x * h + dx)
    }

    /// For each unit of the MCU numbered `mcu`: its place in the scan, frame component and storage index.
    #[inline(always)]
    pub fn blocks(&self, components: &[ComponentBlocks], mcu: usize) -> Vec<(usize, usize, usize)> {
        let (x, y) = (mcu % self.mcus_x, mcu / self.mcus_x);
        let block = |unit: usize| {
            let (index, place) = self.locate(components, unit, x, y);
            (self.units[unit].0, index, place)
        };
        (0..self.units.len()).map(block).collect()
    }
}

//! Segments of a packed file: groups of rows of MCUs that are coded apart, so that threads can
//! share them.

use crate::coefficients::{BlockRows, ComponentBlocks};
use crate::structure::Structure;

/// Entropy-coded bytes that one segment should hold at least: a segment learns anew. Not measured.
const SEGMENT_BYTES: usize = 1 << 20;
/// Most segments of a file.
pub const SEGMENTS_MAX: usize = 8;

/// How many segments a file with `scan_bytes` bytes of scans is packed in.
pub fn segment_count(scan_bytes: usize, mcu_rows: usize) -> usize {
    (scan_bytes / SEGMENT_BYTES).clamp(1, SEGMENTS_MAX).min(mcu_rows)
}

/// Rows of MCUs of segment `index` of `count`.
fn segment_rows(mcu_rows: usize, index: usize, count: usize) -> std::ops::Range<usize> {
    mcu_rows * index / count..mcu_rows * (index + 1) / count
}

/// Sampling factors of each component: its blocks in an MCU, across and down.
pub fn sampling(structure: &Structure) -> Vec<(usize, usize)> {
    structure.frame.components.iter().map(|c| (c.h, c.v)).collect()
}

/// The blocks of `count` segments, each with its part of every component.
pub fn segments<'a>(
    components: &'a mut [ComponentBlocks],
    sampling: &[(usize, usize)],
    mcu_rows: usize,
    count: usize,
) -> Vec<Vec<BlockRows<'a>>> {
    let mut parts: Vec<Vec<BlockRows<'a>>> = (0..count).map(|_| Vec::new()).collect();
    for (c, (_, v)) in components.iter_mut().zip(sampling) {
        let mut rest = &mut c.blocks[..];
        for (index, part) in parts.iter_mut().enumerate() {
            let rows = segment_rows(mcu_rows, index, count).len() * v;
            let (blocks, others) = rest.split_at_mut(rows * c.stride);
            part.push(BlockRows { stride: c.stride, rows, blocks });
            rest = others;
        }
    }
    parts
}

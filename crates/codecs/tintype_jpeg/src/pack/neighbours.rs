//! What a block is coded from: the states of its neighbours and the block of the reference
//! component.
//!
//! The reference component of a component is the one before it in the frame.

use super::edge_projection::EdgeProjection;
use super::expected_magnitudes::{Magnitudes, NeighbourMagnitudes, Weights};

/// What later blocks need of a coded block.
#[derive(Clone, Copy)]
pub struct NeighbourState {
    /// Projection to the bottom edge, by horizontal frequency.
    pub bottom: [i32; 8],
    /// Projection to the right edge, by vertical frequency.
    pub right: [i32; 8],
    /// Magnitudes of its coefficients.
    pub magnitudes: Magnitudes,
    /// Nonzero inner coefficients.
    pub inner: u8,
    /// Nonzero coefficients of the first row and of the first column, without DC.
    pub edges: [u8; 2],
    /// Magnitude bucket of the DC residual.
    pub dc_residual: u8,
    /// Whether the block exists.
    pub exists: bool,
    /// Whether it is flat: all AC coefficients are 0.
    pub flat: bool,
}

/// The state of a block that does not exist.
pub const ABSENT: NeighbourState = NeighbourState {
    bottom: [0; 8],
    right: [0; 8],
    magnitudes: [0; 64],
    inner: 0,
    edges: [0; 2],
    dc_residual: 0,
    exists: false,
    flat: true,
};

/// The neighbours of a block.
pub struct Neighbours<'a> {
    /// The block above.
    pub above: &'a NeighbourState,
    /// The block to the left.
    pub left: &'a NeighbourState,
    /// The block above left.
    pub above_left: &'a NeighbourState,
    /// The block above right.
    pub above_right: &'a NeighbourState,
    /// The block at the same place.
    pub reference: ReferenceBlock<'a>,
}

/// The reference component's block at the same place; zeros where a component has none.
#[derive(Clone, Copy)]
pub struct ReferenceBlock<'a> {
    /// Its coefficients.
    pub block: &'a [i16; 64],
    /// Their magnitudes.
    pub magnitudes: &'a Magnitudes,
    /// Its nonzero inner coefficients.
    pub inner: usize,
    /// Whether it is flat.
    pub flat: bool,
}

impl<'a> Neighbours<'a> {
    /// The magnitudes around, where a neighbour that does not exist is replaced by another, and
    /// whether all those blocks are flat.
    #[inline(always)]
    pub fn magnitudes(&self) -> (NeighbourMagnitudes<'a>, bool) {
        let above = if self.above.exists { self.above } else { self.left };
        let left = if self.left.exists { self.left } else { self.above };
        let above_left = if self.above_left.exists { self.above_left } else { above };
        let above_right = if self.above_right.exists { self.above_right } else { above };
        let magnitudes = NeighbourMagnitudes {
            above: &above.magnitudes,
            left: &left.magnitudes,
            above_left: &above_left.magnitudes,
            above_right: &above_right.magnitudes,
            reference: self.reference.magnitudes,
        };
        let neighbours_flat = above.flat && left.flat && above_left.flat && above_right.flat;
        (magnitudes, neighbours_flat && self.reference.flat)
    }
}

/// What the steps of coding a block take beside the block.
pub struct BlockInputs<'a> {
    /// The neighbours.
    pub around: Neighbours<'a>,
    /// The component's projection to edges.
    pub projection: &'a EdgeProjection,
    /// The component's weights.
    pub weights: &'a Weights,
}

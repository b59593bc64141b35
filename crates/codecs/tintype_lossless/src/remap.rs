//! Planes that use few of their values: the values are listed, and samples become places in the list.
//!
//! In: a plane whose samples lie in `0..2^bits`. Out: the same plane with samples in `0..count`, and the way back.
//! Eight bits stretched to sixteen, or twelve shifted up by four, cost no more than eight or twelve this way.
//! Bit-exact: integers. Source: histogram packing (A. Pinho, 2002), coding of the list our own.

use super::grid::Grid;
use tintype_codec::CodecError;
use tintype_entropy::{AdaptiveBit, BitWalk, IntModel};

/// A list of values pays when it is at most this part of the range.
const SPARSE: usize = 4;

/// The values that a plane uses, in rising order; empty when all are allowed.
#[derive(Clone, Debug, Default)]
pub(super) struct Remap {
    values: Vec<u16>,
}

impl Remap {
    /// The list for `grid`, if one pays.
    pub fn find(grid: &Grid, bits: u32) -> Self {
        let mut used = vec![false; 1 << bits];
        for y in 0..grid.height {
            for &v in grid.row(y) {
                used[v as usize] = true;
            }
        }
        let values: Vec<u16> = (0..used.len()).filter(|&v| used[v]).map(|v| v as u16).collect();
        let pays =
            values.len() * SPARSE <= used.len() && values.len() * 8 <= grid.width * grid.height;
        Self { values: if pays { values } else { Vec::new() } }
    }

    /// Codes the list; what it holds matters only when writing.
    ///
    /// # Errors
    /// `Malformed` for a list that leaves the range.
    pub fn code<W: BitWalk>(&mut self, walk: &mut W, bits: u32) -> Result<(), CodecError> {
        if walk.bits(u32::from(!self.values.is_empty()), 1) == 0 {
            self.values.clear();
            return Ok(());
        }
        let count = walk.bits((self.values.len() as u32).wrapping_sub(1), bits) as usize + 1;
        let mut same = AdaptiveBit::default();
        let mut gaps = IntModel::<8>::new(60);
        let (mut next, mut gap) = (0u32, 0u32);
        let mut read = Vec::with_capacity(count);
        for k in 0..count {
            let wanted = self.values.get(k).map_or(0, |&v| u32::from(v).wrapping_sub(next));
            if !same.code(walk, wanted == gap, 255) {
                gap = gaps.code(walk, wanted);
            }
            let value = next.saturating_add(gap);
            if value >> bits != 0 {
                return Err(CodecError::Malformed {
                    what: format!("list of values reaches {value}"),
                    at: None,
                });
            }
            read.push(value as u16);
            next = value + 1;
        }
        self.values = read;
        Ok(())
    }

    /// The largest sample after [`Remap::pack`].
    pub fn max(&self, bits: u32) -> i32 {
        if self.values.is_empty() { (1 << bits) - 1 } else { self.values.len() as i32 - 1 }
    }

    /// Turns samples into places in the list.
    pub fn pack(&self, grid: &mut Grid, bits: u32) {
        if self.values.is_empty() {
            return;
        }
        let mut places = vec![0; 1 << bits];
        for (place, &value) in self.values.iter().enumerate() {
            places[value as usize] = place as i32;
        }
        each(grid, |v| places[v as usize]);
    }

    /// Turns places in the list into samples.
    pub fn unpack(&self, grid: &mut Grid) {
        if !self.values.is_empty() {
            each(grid, |v| i32::from(self.values[v as usize]));
        }
    }
}

fn each(grid: &mut Grid, map: impl Fn(i32) -> i32) {
    for y in 0..grid.height {
        let at = grid.at(0, y);
        for v in &mut grid.data[at..][..grid.width] {
            *v = map(*v);
        }
    }
}

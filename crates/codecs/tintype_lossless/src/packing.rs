//! Histogram packing: the values that a plane uses are listed, and samples become indices in
//! the list.
//!
//! In: a plane whose samples lie in `0..2^bits`. Out: the same plane with samples in
//! `0..count`, and the way back. Eight bits stretched to sixteen, or twelve shifted up by
//! four, cost no more than eight or twelve this way.
//! Bit-exact: integers. Source: A. Pinho, Histogram packing (2002); the coding of the list is
//! our own.

use tintype_codec::CodecError;
use tintype_entropy::{AdaptiveBit, BitWalk, IntModel};
use tintype_image::Plane;

/// A list pays when it has at most this part of the values of the range: planes of photographs
/// have nearly all of theirs. Not tuned.
const SPARSE: usize = 4;

/// The values that a plane uses, in rising order; empty when samples are coded as they are.
#[derive(Clone, Debug, Default)]
pub(super) struct ValueList {
    values: Vec<u16>,
}

impl ValueList {
    /// The list for `plane`, if one pays.
    pub fn find(plane: &Plane<u16>, bits: u32) -> Self {
        let mut used = vec![false; 1 << bits];
        let most = (used.len() / SPARSE).min(plane.width() * plane.height() / 8);
        let mut count = 0;
        for row in plane.rows() {
            for &v in row {
                count += usize::from(!std::mem::replace(&mut used[usize::from(v)], true));
            }
            if count > most {
                return Self::default();
            }
        }
        let values = (0..used.len()).filter(|&v| used[v]).map(|v| v as u16).collect();
        Self { values }
    }

    /// Codes the list; its content matters only when writing.
    ///
    /// # Errors
    /// `Malformed` for a list that leaves the range.
    pub fn code<W: BitWalk>(&mut self, walk: &mut W, bits: u32) -> Result<(), CodecError> {
        if walk.bits(u32::from(!self.values.is_empty()), 1) == 0 {
            self.values.clear();
            return Ok(());
        }
        let count = walk.bits((self.values.len() as u32).wrapping_sub(1), bits) as usize + 1;
        // Lists are short and mostly regular, so the windows are short. Not tuned.
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
                    what: format!("value {value} in the list of a plane of {bits} bits"),
                    at: None,
                });
            }
            read.push(value as u16);
            next = value + 1;
        }
        self.values = read;
        Ok(())
    }

    /// The largest sample after [`ValueList::pack`].
    pub fn max(&self, bits: u32) -> i32 {
        if self.values.is_empty() { (1 << bits) - 1 } else { self.values.len() as i32 - 1 }
    }

    /// Turns samples into indices in the list.
    pub fn pack(&self, plane: &mut Plane<u16>, bits: u32) {
        if self.values.is_empty() {
            return;
        }
        let mut indices = vec![0; 1 << bits];
        for (index, &value) in self.values.iter().enumerate() {
            indices[usize::from(value)] = index as u16;
        }
        replace_each(plane, |v| indices[usize::from(v)]);
    }

    /// Turns indices in the list into samples.
    pub fn unpack(&self, plane: &mut Plane<u16>) {
        if !self.values.is_empty() {
            replace_each(plane, |v| self.values.get(usize::from(v)).copied().unwrap_or(0));
        }
    }
}

fn replace_each(plane: &mut Plane<u16>, map: impl Fn(u16) -> u16) {
    for y in 0..plane.height() {
        for v in plane.row_mut(y) {
            *v = map(*v);
        }
    }
}

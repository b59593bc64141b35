//! Between planes and rows of interleaved, packed samples, as most file formats store them.
//!
//! Packed rows hold samples most significant bit first (1, 2, 4 bits), as bytes, or as 16-bit
//! big-endian words.

use crate::colour::{scaled_sample, unassociated};
use crate::{ImageError, Picture, PlaneRole, Planes, Shape};
use std::borrow::Cow;

/// Unpacks samples of `bits` (1, 2, 4, 8 or 16) from a packed row until `out` is full.
///
/// `row` must hold enough bytes.
pub(super) fn unpack_row(row: &[u8], bits: u8, out: &mut [u16]) {
    match bits {
        16 => {
            for (sample, pair) in out.iter_mut().zip(row.chunks_exact(2)) {
                *sample = u16::from_be_bytes([pair[0], pair[1]]);
            }
        }
        8 => {
            for (sample, byte) in out.iter_mut().zip(row) {
                *sample = u16::from(*byte);
            }
        }
        _ => {
            let per_byte = 8 / usize::from(bits);
            let mask = (1u16 << bits) - 1;
            for (samples, byte) in out.chunks_mut(per_byte).zip(row) {
                for (index, sample) in samples.iter_mut().enumerate() {
                    *sample = (u16::from(*byte) >> (8 - usize::from(bits) * (index + 1))) & mask;
                }
            }
        }
    }
}

/// Packs samples of `bits` (1, 2, 4, 8 or 16) onto the end of `row`; the last byte is filled with
/// zero bits.
pub(super) fn pack_row(samples: &[u16], bits: u8, row: &mut Vec<u8>) {
    match bits {
        16 => row.extend(samples.iter().flat_map(|s| s.to_be_bytes())),
        8 => row.extend(samples.iter().map(|s| *s as u8)),
        _ => {
            for chunk in samples.chunks(8 / usize::from(bits)) {
                let mut byte = 0u16;
                for (index, sample) in chunk.iter().enumerate() {
                    byte |= sample << (8 - usize::from(bits) * (index + 1));
                }
                row.push(byte as u8);
            }
        }
    }
}

/// Bytes of one packed row of `samples` samples.
pub(super) fn packed_len_bytes(samples: usize, bits: u8) -> usize {
    (samples * usize::from(bits)).div_ceil(8)
}

/// Spreads one row of interleaved samples over row `y` of all planes of `planes`, in order.
pub(super) fn put_row(planes: &mut Planes, y: usize, row: &[u16]) {
    let count = planes.planes.len();
    for (index, plane) in planes.planes.iter_mut().enumerate() {
        for (sample, pixel) in plane.row_mut(y).iter_mut().zip(row.chunks_exact(count)) {
            *sample = pixel[index];
        }
    }
}

/// The planes of interleaved samples of 8 bits, whole rows without gaps.
pub(super) fn planes_from_bytes(shape: Shape, bytes: &[u8]) -> Planes {
    let row_len = shape.width_px * shape.planes.len();
    let mut planes = Planes::new(shape);
    let mut samples = vec![0; row_len];
    for (y, row) in bytes.chunks_exact(row_len).enumerate() {
        unpack_row(row, 8, &mut samples);
        put_row(&mut planes, y, &samples);
    }
    planes
}

/// Planes at full resolution in the order in which a format stores them.
pub(super) struct Interleaved<'a> {
    planes: Cow<'a, Planes>,
    /// Indices of the planes to store.
    pub order: Vec<usize>,
    /// The last of `order` is alpha.
    pub has_alpha: bool,
    /// The largest depth among them.
    pub bit_depth: u8,
}

impl<'a> Interleaved<'a> {
    /// Gray or RGB with or without alpha; YCbCr is turned into RGB. A single band or depth plane
    /// counts as gray.
    ///
    /// # Errors
    /// `Unsupported` for other planes.
    pub fn gray_or_rgb(picture: &'a Picture, format: &str) -> Result<Self, ImageError> {
        let mut planes = super::rgb_or_gray(picture)?;
        if let Some(own) = unassociated(&planes) {
            planes = Cow::Owned(own);
        }
        let roles = || planes.shape.planes.iter().map(|p| p.role);
        let extra = roles().filter(|r| !matches!(r, PlaneRole::Colour | PlaneRole::Alpha)).count();
        let alphas = roles().filter(|r| *r == PlaneRole::Alpha).count();
        let single = planes.planes.len() == 1;
        if !single && (extra > 0 || alphas > 1 || planes.shape.colour_planes() == 0) {
            let count = planes.planes.len();
            let what = format!("{format} cannot hold these {count} planes; use TIFF or PAM");
            return Err(ImageError::Unsupported { what });
        }
        let mut order: Vec<usize> = (0..planes.planes.len()).collect();
        order.sort_by_key(|i| planes.shape.planes[*i].role == PlaneRole::Alpha);
        Ok(Self::of(planes, order, alphas == 1 && !single))
    }

    /// All planes in their own order, which must all have full resolution.
    ///
    /// # Errors
    /// As colour conversion, for subsampled planes.
    pub fn all(picture: &'a Picture) -> Result<Self, ImageError> {
        let planes = super::rgb_or_gray(picture)?;
        let order: Vec<usize> = (0..planes.planes.len()).collect();
        let has_alpha =
            planes.shape.planes.last().is_some_and(|p| p.role == PlaneRole::Alpha) && order.len() > 1;
        Ok(Self::of(planes, order, has_alpha))
    }

    fn of(planes: Cow<'a, Planes>, order: Vec<usize>, has_alpha: bool) -> Self {
        let bit_depth = planes.shape.planes.iter().map(|p| p.bit_depth).max().unwrap_or(8);
        Self { planes, order, has_alpha, bit_depth }
    }

    /// The planes, after colour conversion.
    pub fn planes(&self) -> &Planes {
        &self.planes
    }

    /// Row `y`, interleaved, every sample scaled to `bit_depth` bits, into `out`.
    pub fn row(&self, y: usize, bit_depth: u8, out: &mut Vec<u16>) {
        let count = self.order.len();
        out.resize(self.planes.shape.width_px * count, 0);
        let row_of = |index: &usize| self.planes.planes[*index].row(y);
        let as_it_is = self.order.iter().all(|i| self.planes.shape.planes[*i].bit_depth == bit_depth);
        // The usual case in one pass.
        if let ([a, b, c], true) = (&self.order[..], as_it_is) {
            let rows = row_of(a).iter().zip(row_of(b)).zip(row_of(c));
            for (pixel, ((a, b), c)) in out.as_chunks_mut::<3>().0.iter_mut().zip(rows) {
                *pixel = [*a, *b, *c];
            }
            return;
        }
        for (slot, index) in self.order.iter().enumerate() {
            let from = self.planes.shape.planes[*index].bit_depth;
            for (pixel, sample) in out.chunks_exact_mut(count).zip(row_of(index)) {
                pixel[slot] =
                    if from == bit_depth { *sample } else { scaled_sample(*sample, from, bit_depth) };
            }
        }
    }
}

//! Pictures as the motion search sees them: 8 bits, with a margin, at half samples too, and small.

use super::difference::row_sad;
use crate::frame::Frame;
use fearless_simd::{Level, Simd, dispatch};
use tintype_image::Plane;

/// Samples around a picture.
pub const MARGIN: usize = 80;

/// Taps at a half, 7 fractional bits; those of the prediction.
const HALF: [i32; 8] = [-1, 7, -21, 79, 79, -21, 7, -1];

/// A plane of 8 bits with a margin of repeated samples.
#[derive(Clone, Debug)]
pub struct Look {
    stride: usize,
    samples: Vec<u8>,
}

impl Look {
    /// `side` samples in a row from a place, which may lie in the margin.
    #[inline(always)]
    pub fn row(&self, x: isize, y: isize, side: usize) -> &[u8] {
        let start = (y + MARGIN as isize) as usize * self.stride + (x + MARGIN as isize) as usize;
        &self.samples[start..start + side]
    }

    fn of(plane: &Plane<u16>, shift: u8) -> Self {
        let (width, height) = (plane.width(), plane.height());
        let stride = width + 2 * MARGIN;
        let mut samples = vec![0; stride * (height + 2 * MARGIN)];
        for (y, to) in samples.chunks_exact_mut(stride).enumerate() {
            let from = plane.row(y.saturating_sub(MARGIN).min(height - 1));
            let sample = |v: u16| (v >> shift).min(255) as u8;
            to[..MARGIN].fill(sample(from[0]));
            to[MARGIN..MARGIN + width].iter_mut().zip(from).for_each(|(to, &v)| *to = sample(v));
            to[MARGIN + width..].fill(sample(from[width - 1]));
        }
        Self { stride, samples }
    }

    /// Between each sample and the one to its right.
    fn half_across(&self) -> Self {
        let mut out = self.clone();
        for (to, from) in
            out.samples.chunks_exact_mut(self.stride).zip(self.samples.chunks_exact(self.stride))
        {
            for (to, from) in to[3..].iter_mut().zip(from.windows(8)) {
                let sum: i32 = from.iter().zip(HALF).map(|(&v, tap)| i32::from(v) * tap).sum();
                *to = ((sum + 64) >> 7).clamp(0, 255) as u8;
            }
        }
        out
    }

    /// Between each sample and the one below it.
    fn half_down(&self) -> Self {
        let mut out = self.clone();
        let rows: Vec<&[u8]> = self.samples.chunks_exact(self.stride).collect();
        for (y, to) in out.samples.chunks_exact_mut(self.stride).enumerate().skip(3) {
            let Some(from) = rows.get(y - 3..y + 5) else { break };
            let from: [&[u8]; 8] = std::array::from_fn(|k| &from[k][..to.len()]);
            for (x, to) in to.iter_mut().enumerate() {
                let mut sum = 64;
                for k in 0..8 {
                    sum += i32::from(from[k][x]) * HALF[k];
                }
                *to = (sum >> 7).clamp(0, 255) as u8;
            }
        }
        out
    }
}

/// Luma at whole and half samples: as it is, half to the right, half down, both.
#[derive(Clone, Debug)]
pub struct Halves {
    planes: [Look; 4],
}

impl Halves {
    /// Of a picture of `depth` bits.
    pub fn of(frame: &Frame, depth: u8) -> Self {
        let whole = Look::of(&frame.planes[0], depth - 8);
        let (across, down) = (whole.half_across(), whole.half_down());
        let both = down.half_across();
        Self { planes: [whole, across, down, both] }
    }

    /// At whole samples.
    pub fn whole(&self) -> &Look {
        &self.planes[0]
    }

    /// The two rows whose mean is the row at quarters (`x`, `y`).
    #[inline(always)]
    pub fn rows(&self, x: i32, y: i32, side: usize) -> [&[u8]; 2] {
        let pick = |x: i32, y: i32| {
            let plane = &self.planes[((x & 2) >> 1 | (y & 2)) as usize];
            plane.row((x >> 2) as isize, (y >> 2) as isize, side)
        };
        // Odd quarters lie between two halves; odd ones along both axes between the halves across.
        let (ox, oy) = (x & 1, y & 1);
        match (ox, oy) {
            (0, 0) => [pick(x, y), pick(x, y)],
            (1, 0) => [pick(x - 1, y), pick(x + 1, y)],
            (0, _) => [pick(x, y - 1), pick(x, y + 1)],
            _ => [pick(x - 1, y - 1), pick(x + 1, y + 1)],
        }
    }
}

/// Luma at a quarter of the size.
#[derive(Clone, Debug)]
pub struct Small {
    width: usize,
    height: usize,
    samples: Vec<u8>,
}

/// Side of the blocks of the coarse search, in small samples.
const COARSE: usize = 8;
/// Its range.
const RANGE: isize = 24;

impl Small {
    /// Of a picture of `depth` bits.
    pub fn of(frame: &Frame, depth: u8) -> Self {
        let plane = &frame.planes[0];
        let (width, height) = (plane.width() / 4, plane.height() / 4);
        let mut samples = Vec::with_capacity(width * height);
        for y in 0..height {
            let rows: [&[u16]; 4] = std::array::from_fn(|k| plane.row(4 * y + k));
            for x in 0..width {
                let sum: u32 =
                    rows.iter().flat_map(|row| &row[4 * x..4 * x + 4]).map(|&v| u32::from(v)).sum();
                samples.push(((sum >> (depth - 8)) >> 4).min(255) as u8);
            }
        }
        Self { width, height, samples }
    }

    /// For each 32 × 32 of the full picture, row by row, where it best came from in `other`, in whole
    /// samples of the full picture. `skims` takes every second place first, and then those around the best.
    pub fn coarse(&self, other: &Self, skims: bool, level: Level) -> Vec<(i16, i16)> {
        let mut out = Vec::new();
        dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
            for y in (0..self.height).step_by(COARSE) {
                for x in (0..self.width).step_by(COARSE) {
                    out.push(self.coarse_block(other, (x, y), skims));
                }
            }
        }));
        out
    }

    #[inline(always)]
    fn coarse_block(&self, other: &Self, (x, y): (usize, usize), skims: bool) -> (i16, i16) {
        let (wide, high) = (COARSE.min(self.width - x), COARSE.min(self.height - y));
        let bounds = |at: usize, size: usize, all: usize| {
            let (at, room) = (at as isize, (all - size) as isize);
            (-RANGE).max(-at)..=RANGE.min(room - at)
        };
        let mut best = (u32::MAX, 0, 0);
        let (across, down) = (bounds(x, wide, self.width), bounds(y, high, self.height));
        let visit = |best: &mut (u32, isize, isize), dx, dy| {
            let cost = self.cost(other, (x, y), (wide, high), (dx, dy), best.0);
            if cost < best.0 {
                *best = (cost, dx, dy);
            }
        };
        let step = if skims { 2 } else { 1 };
        for dy in down.clone().step_by(step) {
            for dx in across.clone().step_by(step) {
                visit(&mut best, dx, dy);
            }
        }
        if skims {
            let (_, x, y) = best;
            for dy in (y - 1).max(*down.start())..=(y + 1).min(*down.end()) {
                for dx in (x - 1).max(*across.start())..=(x + 1).min(*across.end()) {
                    visit(&mut best, dx, dy);
                }
            }
        }
        (best.1 as i16 * 4, best.2 as i16 * 4)
    }

    /// The difference of a block to what lies at a distance; some number above `limit` where it is above that.
    #[inline(always)]
    fn cost(
        &self,
        other: &Self,
        (x, y): (usize, usize),
        (wide, high): (usize, usize),
        (dx, dy): (isize, isize),
        limit: u32,
    ) -> u32 {
        let mut sum = (dx.unsigned_abs() + dy.unsigned_abs()) as u32 * 2;
        for row in 0..high {
            if row & 1 == 0 && sum >= limit {
                break;
            }
            let own = &self.samples[(y + row) * self.width + x..][..wide];
            let from = (y as isize + dy) as usize + row;
            let theirs = &other.samples[from * self.width + (x as isize + dx) as usize..][..wide];
            sum += match (own.first_chunk::<COARSE>(), theirs.first_chunk::<COARSE>()) {
                (Some(own), Some(theirs)) => row_sad(own, theirs),
                _ => row_sad(own, theirs),
            };
        }
        sum
    }

    /// Blocks of the coarse search in a row.
    pub fn across(&self) -> usize {
        self.width.div_ceil(COARSE)
    }
}

/// Whether `next` shows something else than `last`: even from where they best came from, its blocks differ more from
/// it than from their own means.
pub fn is_cut(last: &Small, next: &Small, level: Level) -> bool {
    let vectors = next.coarse(last, false, level);
    let (mut moved, mut own) = (0u64, 0u64);
    let across = next.across();
    for (number, &(dx, dy)) in vectors.iter().enumerate() {
        let (x, y) = (number % across * COARSE, number / across * COARSE);
        let size = (COARSE.min(next.width - x), COARSE.min(next.height - y));
        let vector = (isize::from(dx) / 4, isize::from(dy) / 4);
        moved += u64::from(next.cost(last, (x, y), size, vector, u32::MAX));
        let rows = || (0..size.1).flat_map(|row| &next.samples[(y + row) * next.width + x..][..size.0]);
        let sum: u32 = rows().map(|&v| u32::from(v)).sum();
        let mean = (sum / (size.0 * size.1) as u32) as u8;
        own += rows().map(|&v| u64::from(v.abs_diff(mean))).sum::<u64>();
    }
    // Neighbours in the two clips of data/video come to at most 0.7 of `own`, pictures of different clips to 1.8 and
    // more. Two grey levels for each sample are noise; not measured.
    let noise = 2 * (next.width * next.height) as u64;
    moved > own && moved > noise
}

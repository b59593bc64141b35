//! Prediction of a block from references. Bit-exact: integers.
//!
//! In: a plane of a reference, where the block lies there in eighths of its samples. Out: `13 - depth`
//! fractional bits; the samples of one prediction, or of the mean of two, are rounded from these.
//! Samples beyond the plane are those of its nearest column and row.
//!
//! Source: interpolation by windowed sincs of 8 taps, column after row, as in VP9 and AV1; the taps are
//! our own (a sinc under a cosine window of 4.25 samples to the power 1.6, not measured).

use fearless_simd::{Level, Simd, dispatch};
use tintype_image::Plane;

/// Side of the largest block.
pub const BLOCK: usize = 64;
/// Samples of a block.
pub const AREA: usize = BLOCK * BLOCK;
/// Bits of a prediction before it is rounded.
const PRECISION: u32 = 13;
/// Taps of a filter.
const TAPS: usize = 8;
/// Side of what a block's filter sees.
const SEEN: usize = BLOCK + TAPS - 1;

/// Taps at each eighth, 7 fractional bits.
const FILTERS: [[i16; TAPS]; 8] = [
    [0, 0, 0, 128, 0, 0, 0, 0],
    [-1, 4, -12, 124, 16, -5, 2, 0],
    [-2, 7, -19, 114, 36, -11, 4, -1],
    [-2, 8, -22, 98, 58, -17, 6, -1],
    [-1, 7, -21, 79, 79, -21, 7, -1],
    [-1, 6, -17, 58, 98, -22, 8, -2],
    [-1, 4, -11, 36, 114, -19, 7, -2],
    [0, 2, -5, 16, 124, -12, 4, -1],
];

/// Where a block is fetched.
#[derive(Clone, Copy, Debug)]
pub struct Fetch {
    /// First column and row, in eighths of a sample of the plane.
    pub at: (i32, i32),
    /// Columns and rows.
    pub size: (usize, usize),
}

/// The prediction of a block, `size.0` columns in a row of `out`.
pub fn predict(level: Level, reference: &Plane<u16>, fetch: Fetch, depth: u8, out: &mut [i16]) {
    let (x, y) = ((fetch.at.0 >> 3) as isize - 3, (fetch.at.1 >> 3) as isize - 3);
    let (wide, high) = (fetch.size.0 + TAPS - 1, fetch.size.1 + TAPS - 1);
    let inside = x >= 0
        && y >= 0
        && x as usize + wide <= reference.width()
        && y as usize + high <= reference.height();
    let copied;
    let seen = match reference.as_slice().filter(|_| inside) {
        Some(samples) => {
            let stride = reference.width();
            Seen { samples: &samples[y as usize * stride + x as usize..], stride }
        }
        None => {
            copied = window(reference, (x, y), (wide, high));
            Seen { samples: &copied, stride: wide }
        }
    };
    dispatch!(level, simd => simd.vectorize(#[inline(always)] || filter(seen, fetch, depth, out)));
}

/// What the filters see: rows that begin every `stride` samples.
#[derive(Clone, Copy)]
struct Seen<'a> {
    samples: &'a [u16],
    stride: usize,
}

#[inline(always)]
fn filter(seen: Seen<'_>, fetch: Fetch, depth: u8, out: &mut [i16]) {
    if fetch.size.0.max(fetch.size.1) <= 16 {
        filter_in(&mut [0; (16 + TAPS - 1) * 16], seen, fetch, depth, out);
    } else {
        filter_in(&mut [0; SEEN * BLOCK], seen, fetch, depth, out);
    }
}

/// Filters along a row; `from` begins three samples before `to`, whose length is a multiple of 4.
#[inline(always)]
fn filter_row(to: &mut [i16], from: &[u16], across: usize, raise: u32) {
    if across == 0 {
        for (to, from) in to.iter_mut().zip(&from[3..]) {
            *to = (*from << raise) as i16;
        }
        return;
    }
    let taps = FILTERS[across];
    let wide = to.len() / 16 * 16;
    let (head, rest) = to.split_at_mut(wide);
    for (to, at) in head.as_chunks_mut().0.iter_mut().zip((0..).step_by(16)) {
        across_chunk::<16>(to, &from[at..], taps, raise);
    }
    for (to, at) in rest.as_chunks_mut().0.iter_mut().zip((wide..).step_by(4)) {
        across_chunk::<4>(to, &from[at..], taps, raise);
    }
}

#[inline(always)]
fn across_chunk<const W: usize>(to: &mut [i16; W], from: &[u16], taps: [i16; TAPS], raise: u32) {
    let Some((from, _)) = from.split_at_checked(W + TAPS - 1) else { return };
    if raise == PRECISION - 8 {
        // Of 8 bits, less their middle, sums stay within 16 bits: 128 times 216, the magnitudes of all taps.
        let mut sums = [2i16; W];
        for k in 0..TAPS {
            for x in 0..W {
                let sample = (from[k + x] as i16).wrapping_sub(128);
                sums[x] = sums[x].wrapping_add(sample.wrapping_mul(taps[k]));
            }
        }
        for x in 0..W {
            to[x] = (sums[x] >> 2) + (128 << (PRECISION - 8));
        }
    } else {
        let shift = 7 - raise;
        let mut sums = [1i32 << (shift - 1); W];
        for k in 0..TAPS {
            for x in 0..W {
                sums[x] += i32::from(from[k + x] as i16) * i32::from(taps[k]);
            }
        }
        for x in 0..W {
            to[x] = (sums[x] >> shift) as i16;
        }
    }
}

/// Filters down columns: each row of `to` from eight of `rows`.
#[inline(always)]
fn down_chunk<const W: usize>(to: &mut [i16; W], rows: &[i16], width: usize, taps: [i16; TAPS]) {
    let mut sums = [64i32; W];
    for k in 0..TAPS {
        let Some(from) = rows[k * width..].first_chunk::<W>() else { return };
        for x in 0..W {
            sums[x] += i32::from(from[x]) * i32::from(taps[k]);
        }
    }
    for x in 0..W {
        to[x] = (sums[x] >> 7) as i16;
    }
}

#[inline(always)]
fn filter_in(rows: &mut [i16], seen: Seen<'_>, fetch: Fetch, depth: u8, out: &mut [i16]) {
    let (width, height) = fetch.size;
    let (across, down) = ((fetch.at.0 & 7) as usize, (fetch.at.1 & 7) as usize);
    let raise = PRECISION - u32::from(depth);
    if down == 0 {
        for (y, to) in out.chunks_exact_mut(width).take(height).enumerate() {
            filter_row(to, &seen.samples[(y + 3) * seen.stride..], across, raise);
        }
        return;
    }
    for (y, to) in rows.chunks_exact_mut(width).take(height + TAPS - 1).enumerate() {
        filter_row(to, &seen.samples[y * seen.stride..], across, raise);
    }
    let taps = FILTERS[down];
    for (y, to) in out.chunks_exact_mut(width).take(height).enumerate() {
        let rows = &rows[y * width..];
        let wide = width / 8 * 8;
        let (head, rest) = to.split_at_mut(wide);
        for (to, at) in head.as_chunks_mut().0.iter_mut().zip((0..).step_by(8)) {
            down_chunk::<8>(to, &rows[at..], width, taps);
        }
        for (to, at) in rest.as_chunks_mut().0.iter_mut().zip((wide..).step_by(4)) {
            down_chunk::<4>(to, &rows[at..], width, taps);
        }
    }
}

/// What the filters see, where that reaches beyond the plane.
fn window(reference: &Plane<u16>, (x, y): (isize, isize), (wide, high): (usize, usize)) -> Vec<u16> {
    let (last_x, last_y) = (reference.width() as isize - 1, reference.height() as isize - 1);
    let mut window = Vec::with_capacity(wide * high);
    for row in 0..high as isize {
        let from = reference.row((y + row).clamp(0, last_y) as usize);
        window.extend((0..wide as isize).map(|column| from[(x + column).clamp(0, last_x) as usize]));
    }
    window
}

/// The samples of one prediction.
pub fn round_one(level: Level, prediction: &[i16], depth: u8, out: &mut [u16]) {
    let (raise, max) = (PRECISION - u32::from(depth), (1 << depth) - 1);
    dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
        for (to, &from) in out.iter_mut().zip(prediction) {
            *to = ((i32::from(from) + (1 << (raise - 1))) >> raise).clamp(0, max) as u16;
        }
    }));
}

/// The samples of the mean of two predictions.
pub fn round_two(level: Level, first: &[i16], second: &[i16], depth: u8, out: &mut [u16]) {
    let (raise, max) = (PRECISION - u32::from(depth) + 1, (1 << depth) - 1);
    dispatch!(level, simd => simd.vectorize(#[inline(always)] || {
        for ((to, &a), &b) in out.iter_mut().zip(first).zip(second) {
            *to = ((i32::from(a) + i32::from(b) + (1 << (raise - 1))) >> raise).clamp(0, max) as u16;
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One sample of a prediction, written as docs/format/video.md says.
    fn twin(reference: &Plane<u16>, at: (i32, i32), depth: u8) -> i16 {
        let raise = 13 - i32::from(depth);
        let sample = |x: i32, y: i32| {
            let x = x.clamp(0, reference.width() as i32 - 1) as usize;
            i64::from(reference.row(y.clamp(0, reference.height() as i32 - 1) as usize)[x])
        };
        let tap = |phase: i32, k: i32| i64::from(FILTERS[phase as usize][k as usize]);
        let row = |y: i32| {
            let sum: i64 = (0..8).map(|k| sample((at.0 >> 3) + k - 3, y) * tap(at.0 & 7, k)).sum();
            (sum * 2i64.pow(raise as u32) + 64) >> 7
        };
        let sum: i64 = (0..8).map(|k| row((at.1 >> 3) + k - 3) * tap(at.1 & 7, k)).sum();
        ((sum + 64) >> 7) as i16
    }

    #[test]
    fn every_level_predicts_as_the_twin() {
        let mut random = fastrand::Rng::with_seed(3);
        for depth in [8u8, 10, 12] {
            let samples = (0..40 * 24).map(|_| random.u16(..1 << depth)).collect();
            let plane = Plane::from_vec(40, 24, samples).expect("40 × 24");
            for level in [Level::new(), Level::fallback()] {
                for _ in 0..60 {
                    let at = (random.i32(-400..700), random.i32(-300..500));
                    let size = [(4, 4), (8, 8), (16, 8), (64, 64)][random.usize(..4)];
                    let mut out = [0; AREA];
                    predict(level, &plane, Fetch { at, size }, depth, &mut out);
                    for (y, row) in out.chunks_exact(size.0).take(size.1).enumerate() {
                        for (x, &value) in row.iter().enumerate() {
                            let place = (at.0 + 8 * x as i32, at.1 + 8 * y as i32);
                            assert_eq!(value, twin(&plane, place, depth), "{at:?} {size:?} {depth}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn filters_sum_to_one() {
        assert!(FILTERS.iter().all(|taps| taps.iter().sum::<i16>() == 128));
    }
}

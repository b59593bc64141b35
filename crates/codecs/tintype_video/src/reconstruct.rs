//! Samples of a coded block: its prediction and what its levels add. Bit-exact.

use crate::compensate::{AREA, Fetch, predict, round_one, round_two};
use crate::frame::{Format, FrameState};
use crate::intra::{Borders, MEAN, PLANAR, Place};
use crate::leaf::{Leaf, Prediction, blocks};
use crate::motion::{Cell, Motion, Vector};
use crate::symbols::{Around, FROM_LUMA};
use crate::transform::{AREA_MAX, amplitude, inverse, waves};
use fearless_simd::Level;
use tintype_image::Plane;

/// What the samples of a picture's blocks depend on.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// What the symbols depend on.
    pub around: Around<'a>,
    /// Decoded pictures.
    pub references: &'a [&'a FrameState],
    /// Steps of luma and chroma, 6 fractional bits.
    pub steps: [i32; 2],
    /// SIMD level.
    pub level: Level,
}

impl Setting<'_> {
    /// The clip's format.
    #[inline(always)]
    pub fn format(&self) -> &Format {
        self.around.format
    }

    /// The step of a plane.
    #[inline(always)]
    pub fn step(&self, plane: usize) -> i32 {
        self.steps[usize::from(plane > 0)]
    }
}

/// Codes nothing: the samples of `leaf`, and its cells.
pub fn reconstruct(
    setting: &Setting<'_>,
    state: &mut FrameState,
    (at, side): ((usize, usize), usize),
    leaf: &Leaf,
) {
    let mut offset = 0;
    for plane in 0..setting.format().planes {
        if let Some(motion) = leaf.motion() {
            if side <= 16 {
                put_inter::<SMALL>(setting, state, &motion, plane, (at, side));
            } else {
                put_inter::<AREA>(setting, state, &motion, plane, (at, side));
            }
        }
        let (first, places) = blocks(setting.format(), plane, at, side, leaf.split);
        for (number, place) in places.enumerate() {
            if let Prediction::Intra { .. } = leaf.prediction {
                let mut samples = [0u16; AREA_MAX];
                predict_intra(setting, state, &place, &leaf.prediction, &mut samples);
                let samples = &samples[..place.side * place.side];
                put(&mut state.frame.planes[plane], place.at, place.side, samples);
            }
            let end = usize::from(leaf.ends[first + number]);
            if end > 0 {
                let levels = &leaf.levels[offset..][..place.side * place.side];
                add_residual(setting, &mut state.frame.planes[plane], &place, levels, end);
                offset += levels.len();
            }
        }
    }
    state.put_cells(at, side, cell_of(setting.format(), leaf, side));
}

fn put_inter<const N: usize>(
    setting: &Setting<'_>,
    state: &mut FrameState,
    motion: &Motion,
    plane: usize,
    (at, side): ((usize, usize), usize),
) {
    let mut samples = [0u16; N];
    let size = predict_inter(setting, motion, plane, (at, side), &mut samples);
    let (sub_x, sub_y) = setting.format().sub(plane);
    let at = (at.0 >> sub_x, at.1 >> sub_y);
    put(&mut state.frame.planes[plane], at, size.0, &samples[..size.0 * size.1]);
}

/// What is kept of a coded block.
pub fn cell_of(format: &Format, leaf: &Leaf, side: usize) -> Cell {
    let (_, mut places) = blocks(format, 0, (0, 0), side, leaf.split);
    let transform = places.next().map_or(side, |place| place.side);
    let mode = match leaf.prediction {
        Prediction::Intra { mode, .. } => mode,
        _ => 0,
    };
    Cell {
        coded: true,
        intra: leaf.motion().is_none(),
        skip: matches!(leaf.prediction, Prediction::Merge { .. }) && !leaf.has_levels(),
        levels: leaf.ends[..16].iter().any(|&end| end > 0),
        side_log2: side.ilog2() as u8,
        transform_log2: transform.ilog2() as u8,
        mode,
        motion: leaf.motion().unwrap_or_default(),
    }
}

/// Writes rows of `width` samples.
#[inline(always)]
pub fn put(plane: &mut Plane<u16>, (x, y): (usize, usize), width: usize, samples: &[u16]) {
    for (row, from) in samples.chunks_exact(width).enumerate() {
        plane.row_mut(y + row)[x..][..width].copy_from_slice(from);
    }
}

/// The prediction of a plane of the block of `side` at `at` (in luma samples) from references; its
/// columns and rows.
pub fn predict_inter(
    setting: &Setting<'_>,
    motion: &Motion,
    plane: usize,
    (at, side): ((usize, usize), usize),
    out: &mut [u16],
) -> (usize, usize) {
    let (sub_x, sub_y) = setting.format().sub(plane);
    let size = (side >> sub_x, side >> sub_y);
    let area = size.0 * size.1;
    if area <= SMALL {
        predict_parts::<SMALL>(setting, motion, plane, (at, size), out);
    } else {
        predict_parts::<AREA>(setting, motion, plane, (at, size), out);
    }
    size
}

/// Samples of a block that counts as small: arrays of its own size are cleared faster.
const SMALL: usize = 256;

fn predict_parts<const N: usize>(
    setting: &Setting<'_>,
    motion: &Motion,
    plane: usize,
    (at, size): ((usize, usize), (usize, usize)),
    out: &mut [u16],
) {
    let (sub_x, sub_y) = setting.format().sub(plane);
    let (depth, area) = (setting.format().depth, size.0 * size.1);
    let fetch = |part: (usize, Vector), to: &mut [i16]| {
        let eighths = |at: usize, vector: i16, sub: usize| {
            (((at >> sub) << 3) as i32) + (i32::from(vector) << (1 - sub))
        };
        let at = (eighths(at.0, part.1.x, sub_x), eighths(at.1, part.1.y, sub_y));
        predict(
            setting.level,
            &setting.references[part.0].frame.planes[plane],
            Fetch { at, size },
            depth,
            to,
        );
    };
    let mut parts = motion.parts();
    let mut first = [0i16; N];
    parts.by_ref().take(1).for_each(|part| fetch(part, &mut first));
    match parts.next() {
        Some(part) => {
            let mut second = [0i16; N];
            fetch(part, &mut second);
            round_two(setting.level, &first[..area], &second[..area], depth, &mut out[..area]);
        }
        None => round_one(setting.level, &first[..area], depth, &mut out[..area]),
    }
}

/// The prediction of a transform block from its own picture.
pub fn predict_intra(
    setting: &Setting<'_>,
    state: &FrameState,
    place: &Place,
    prediction: &Prediction,
    out: &mut [u16],
) {
    let &Prediction::Intra { mode, chroma, slopes } = prediction else { return };
    let borders = Borders::of(state, setting.format(), place);
    let mode = match (place.plane, chroma) {
        (0, _) | (_, 0) => mode,
        (_, 1 | FROM_LUMA) => MEAN,
        _ => PLANAR,
    };
    borders.predict(mode, out);
    if place.plane > 0 && chroma == FROM_LUMA {
        add_from_luma(setting.format(), &state.frame.planes[0], place, slopes[place.plane - 1], out);
    }
}

/// Adds a slope times the decoded luma over a chroma block, less its mean.
fn add_from_luma(format: &Format, luma: &Plane<u16>, place: &Place, slope: i8, out: &mut [u16]) {
    let mut sums = [0i32; AREA_MAX];
    let total = luma_over(format, luma, place, &mut sums);
    let area = place.side * place.side;
    let mean = (total + (area / 2) as i32) / area as i32;
    let shift = 3 + format.sub_x + format.sub_y;
    for (to, &sum) in out[..area].iter_mut().zip(&sums) {
        let change = (i32::from(slope) * (sum - mean) + (1 << (shift - 1))) >> shift;
        *to = (i32::from(*to) + change).clamp(0, format.sample_max()) as u16;
    }
}

/// Sums of the luma samples over each sample of a chroma block, and the sum of all.
pub fn luma_over(format: &Format, luma: &Plane<u16>, place: &Place, sums: &mut [i32]) -> i32 {
    let (across, down) = (1usize << format.sub_x, 1usize << format.sub_y);
    let mut total = 0;
    for y in 0..place.side {
        for x in 0..place.side {
            let (column, row) = ((place.at.0 + x) * across, (place.at.1 + y) * down);
            let sum = (0..down)
                .map(|k| {
                    luma.row(row + k)[column..][..across].iter().map(|&v| i32::from(v)).sum::<i32>()
                })
                .sum();
            sums[y * place.side + x] = sum;
            total += sum;
        }
    }
    total
}

/// Adds what `levels`, of which the last that is not 0 stands before `end` in the scan, stand for.
pub fn add_residual(
    setting: &Setting<'_>,
    plane: &mut Plane<u16>,
    place: &Place,
    levels: &[i16],
    end: usize,
) {
    if place.side <= 8 {
        add_residual_in::<64>(setting, plane, place, levels, end);
    } else {
        add_residual_in::<AREA_MAX>(setting, plane, place, levels, end);
    }
}

fn add_residual_in<const N: usize>(
    setting: &Setting<'_>,
    plane: &mut Plane<u16>,
    place: &Place,
    levels: &[i16],
    end: usize,
) {
    let side_log2 = place.side.ilog2() as usize;
    let step = setting.step(place.plane);
    let mut amplitudes = [0i32; N];
    let mut used = (0, 0);
    for &at in &waves(side_log2).scan[..end] {
        let level = levels[usize::from(at)];
        if level != 0 {
            let (u, v) = (usize::from(at) & (place.side - 1), usize::from(at) >> side_log2);
            used = (used.0.max(u + 1), used.1.max(v + 1));
            amplitudes[usize::from(at)] = amplitude(level, step);
        }
    }
    let mut differences = [0i32; N];
    inverse(setting.level, side_log2, &amplitudes, used, &mut differences);
    let max = setting.format().sample_max();
    for (y, from) in differences.chunks_exact(place.side).take(place.side).enumerate() {
        let row = &mut plane.row_mut(place.at.1 + y)[place.at.0..][..place.side];
        for (to, &difference) in row.iter_mut().zip(from) {
            *to = i32::from(*to).wrapping_add(difference).clamp(0, max) as u16;
        }
    }
}

//! Samples to internal planes and back.
//!
//! Internal samples are `i16` in 1/16 of an 8-bit step (deeper planes keep 12 bits), padded by
//! edge repetition to whole blocks of 16. RGB becomes luma and two colour differences after
//! ITU-R BT.601, the differences at half size or full; other planes stay as they are. The way
//! back is integer: bit-exact part.
//!
//! `tintype_block` has planes of the same kind. The ways differ: here samples are rounded once,
//! after colours and halving, and the way back is arithmetic of 16 bits, which vectors do fast.

use tintype_block::{PlaneKind, sample_from_internal};
use tintype_image::colour::fixed_point;
use tintype_image::{ColourModel, Plane, Planes, YCbCrMatrix};

const LUMA: [f64; 3] = YCbCrMatrix::Bt601.luma_weights();
const SCALES: [f64; 2] = YCbCrMatrix::Bt601.difference_scales();

/// Weights of Cr in red, of Cb and Cr in green, of Cb in blue.
const WEIGHTS: [f64; 4] = YCbCrMatrix::Bt601.inverse_weights();

/// The order in which planes are coded: colour differences first, so that luma can be turned into
/// colours as it is decoded.
pub fn order(kinds: &[PlaneKind]) -> impl Iterator<Item = usize> + '_ {
    let of = |chroma: bool| (0..kinds.len()).filter(move |&i| kinds[i].chroma == chroma);
    of(true).chain(of(false))
}

fn internal_from_sample(sample: u16, depth: u8) -> f32 {
    f32::from(sample) * (4080.0 / ((1u32 << depth) - 1) as f32)
}

/// The internal planes of `source`, padded.
pub fn internal_planes(source: &Planes, kinds: &[PlaneKind]) -> Vec<Plane<i16>> {
    let shape = &source.shape;
    let scaled = |i: usize| {
        let depth = shape.planes[i].bit_depth;
        let rows = source.planes[i].rows().flatten();
        rows.map(|&s| internal_from_sample(s, depth)).collect::<Vec<f32>>()
    };
    let mut planes: Vec<Vec<f32>> = (0..shape.planes.len()).map(scaled).collect();
    if shape.colour == ColourModel::Rgb
        && let [first, second, third, ..] = planes.as_mut_slice()
    {
        for ((r, g), b) in first.iter_mut().zip(second).zip(third) {
            let luma = LUMA[0] as f32 * *r + LUMA[1] as f32 * *g + LUMA[2] as f32 * *b;
            (*r, *g, *b) = (luma, (*b - luma) / SCALES[0] as f32, (*r - luma) / SCALES[1] as f32);
        }
    }
    let mut internal = Vec::with_capacity(planes.len());
    for (i, (plane, kind)) in planes.iter().zip(kinds).enumerate() {
        internal.push(pad(plane, shape.plane_size(i), *kind));
    }
    internal
}

/// Pads, and halves by means of four.
fn pad(plane: &[f32], (width, height): (usize, usize), kind: PlaneKind) -> Plane<i16> {
    let (across, down) = kind.padded((width, height), 16);
    let mut out = Plane::new(across, down);
    let at = |x: usize, y: usize| plane[y.min(height - 1) * width + x.min(width - 1)];
    for y in 0..down {
        for (x, value) in out.row_mut(y).iter_mut().enumerate() {
            let mean = if kind.half {
                let (x, y) = (2 * x, 2 * y);
                (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0
            } else {
                at(x, y)
            };
            *value = mean.round() as i16;
        }
    }
    out
}

/// `a · b / 2^15`, rounded, for `a` of at most 8191 either way: four times that, so that only
/// upper halves of products of 16 bits are needed, which vectors have.
#[inline(always)]
pub fn times(a: i16, b: i16) -> i16 {
    (((i32::from(a << 2) * i32::from(b)) >> 16) as i16 + 1) >> 1
}

/// One row of colour differences at twice the width, from the nearer and the farther row of the
/// smaller plane; all of at most 8191 either way.
#[inline(always)]
pub fn doubled_row(near: &[i16], far: &[i16], blend: &mut [i16], out: &mut [i16]) {
    let width = near.len();
    for ((b, n), f) in blend[1..=width].iter_mut().zip(near).zip(far) {
        *b = (*n * 3 + *f + 2) >> 2;
    }
    blend[0] = blend[1];
    blend[width + 1] = blend[width];
    let triples = blend[..width].iter().zip(&blend[1..=width]).zip(&blend[2..]);
    for (pair, ((left, own), right)) in out.as_chunks_mut::<2>().0.iter_mut().zip(triples) {
        let own = *own * 3 + 2;
        *pair = [(own + *left) >> 2, (own + *right) >> 2];
    }
}

/// Appends one row of red, green and blue of `depths` bits; the differences are of at most
/// 8191 either way.
#[inline(always)]
pub fn add_rgb_row(luma: &[i16], cb: &[i16], cr: &[i16], rgb: &mut [Vec<u16>; 3], depths: [u8; 3]) {
    let [red, green, blue] = rgb;
    if depths == [8; 3] {
        red.extend(luma.iter().zip(cr).map(|(luma, cr)| byte(red_of(*luma, *cr))));
        green
            .extend(luma.iter().zip(cb).zip(cr).map(|((luma, cb), cr)| byte(green_of(*luma, *cb, *cr))));
        blue.extend(luma.iter().zip(cb).map(|(luma, cb)| byte(blue_of(*luma, *cb))));
        return;
    }
    for ((luma, cb), cr) in luma.iter().zip(cb).zip(cr) {
        red.push(sample_from_internal(red_of(*luma, *cr).into(), depths[0]));
        green.push(sample_from_internal(green_of(*luma, *cb, *cr).into(), depths[1]));
        blue.push(sample_from_internal(blue_of(*luma, *cb).into(), depths[2]));
    }
}

/// `luma + 1.402 cr`: the fraction beyond 1 in 15 bits.
#[inline(always)]
fn red_of(luma: i16, cr: i16) -> i16 {
    const FRACTION: i16 = fixed_point(WEIGHTS[0] - 1.0, 15) as i16;
    luma.saturating_add(cr + times(cr, FRACTION))
}

/// `luma - 0.344 cb - 0.714 cr`, both weights in 15 bits.
#[inline(always)]
fn green_of(luma: i16, cb: i16, cr: i16) -> i16 {
    const CB: i16 = fixed_point(-WEIGHTS[1], 15) as i16;
    const CR: i16 = fixed_point(-WEIGHTS[2], 15) as i16;
    luma.saturating_sub(times(cb, CB) + times(cr, CR))
}

/// `luma + 1.772 cb`: what is missing to 2 in 15 bits.
#[inline(always)]
fn blue_of(luma: i16, cb: i16) -> i16 {
    const MISSING: i16 = fixed_point(2.0 - WEIGHTS[3], 15) as i16;
    luma.saturating_add(2 * cb - times(cb, MISSING))
}

#[inline(always)]
fn byte(value: i16) -> u16 {
    (value.saturating_add(8) >> 4).clamp(0, 255) as u16
}

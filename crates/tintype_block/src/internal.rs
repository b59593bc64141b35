//! Samples to internal planes and back.
//!
//! Internal samples are `i16` in 1/16 of an 8-bit step (planes of 9 to 16 bits are scaled to
//! the same range, so that at most 12 bits survive). RGB becomes luma and two chroma
//! differences after ITU-R BT.601 (JFIF's matrix); other planes stay as they are. The way back
//! is integer: bit-exact part. The way there is float: the encoder's choice.

use tintype_image::{ColourModel, Plane, PlaneInfo, Planes, Shape, YCbCrMatrix};

const LUMA: [f64; 3] = YCbCrMatrix::Bt601.luma_weights();
const SCALES: [f64; 2] = YCbCrMatrix::Bt601.difference_scales();

/// Fraction bits of the matrix that decoding uses.
const BITS: u32 = 14;

/// Weights of Cr in red, of Cb and Cr in green, of Cb in blue.
const WEIGHTS: [i32; 4] = YCbCrMatrix::Bt601.inverse_weights_fixed(BITS);

/// Largest magnitude of an internal sample.
pub const INTERNAL_MAX: i16 = 8191;
/// The internal value of the largest sample: 16 · 255.
const WHITE: i32 = 4080;
/// Half of it.
const GRAY: i32 = 2040;

/// What one internal plane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneKind {
    /// Second or third plane of a colour picture: coded under the model's chroma part.
    pub chroma: bool,
    /// Colour difference of RGB: its values are centred on 0.
    pub centred: bool,
    /// Coded with half the columns and rows of its plane.
    pub half: bool,
}

impl PlaneKind {
    /// The prediction where nothing is decoded.
    pub fn middle(self) -> i32 {
        if self.centred { 0 } else { GRAY }
    }

    /// Width and height of the internal plane for a plane of `size`, padded to `multiple`.
    pub fn padded(self, (width, height): (usize, usize), multiple: usize) -> (usize, usize) {
        let factor = if self.half { 2 } else { 1 };
        let side = |len: usize| len.div_ceil(factor).next_multiple_of(multiple);
        (side(width), side(height))
    }
}

/// The internal planes of a picture of `shape`, in coding order; with `half_chroma` the colour
/// differences of RGB have half the columns and rows.
pub fn plane_kinds(shape: &Shape, half_chroma: bool) -> Vec<PlaneKind> {
    let colour = matches!(shape.colour, ColourModel::Rgb | ColourModel::YCbCr(_));
    let rgb = shape.colour == ColourModel::Rgb;
    let kind = |index: usize| {
        let chroma = colour && (index == 1 || index == 2);
        PlaneKind { chroma, centred: chroma && rgb, half: chroma && rgb && half_chroma }
    };
    (0..shape.planes.len()).map(kind).collect()
}

/// One sample of at most `max`, scaled to internal units.
#[inline(always)]
fn internal_from_sample(sample: u16, max: u32) -> i16 {
    ((u32::from(sample) * WHITE as u32 + max / 2) / max) as i16
}

/// An internal value as a sample of `depth` bits, clamped to what such a sample can hold.
#[inline]
pub fn sample_from_internal(value: i32, depth: u8) -> u16 {
    sample_of(value, (1 << depth) - 1)
}

/// The same for samples of at most `max`: a few instructions where that is known.
#[inline(always)]
fn sample_of(value: i32, max: u32) -> u16 {
    let value = value.clamp(0, WHITE) as u32;
    if max == 255 {
        ((value + 8) >> 4) as u16
    } else {
        ((value * max + GRAY as u32) / WHITE as u32) as u16
    }
}

/// A number of at most 2^22, rounded to the next integer: a call of `round` cannot be done for many at
/// once.
#[inline(always)]
fn rounded(value: f32) -> i16 {
    /// Has no bits for fractions, and its low bits are those of the integer.
    const SHIFT: f32 = (3 << 22) as f32;
    (value + SHIFT).to_bits() as i16
}

/// The internal planes of `source` at full size, padded by edge repetition to multiples of 16.
pub fn internal_planes(source: &Planes) -> Vec<Plane<i16>> {
    let shape = &source.shape;
    let mut scaled: Vec<Plane<i16>> = Vec::with_capacity(shape.planes.len());
    for (plane, info) in source.planes.iter().zip(&shape.planes) {
        scaled.push(pad(plane, info));
    }
    if shape.colour == ColourModel::Rgb {
        let (first, rest) = scaled.split_at_mut(1);
        let (second, third) = rest.split_at_mut(1);
        for y in 0..first[0].height() {
            let (r, g, b) = (first[0].row_mut(y), second[0].row_mut(y), third[0].row_mut(y));
            for ((r, g), b) in r.iter_mut().zip(g).zip(b) {
                let (red, green, blue) = (f32::from(*r), f32::from(*g), f32::from(*b));
                let luma = LUMA[0] as f32 * red + LUMA[1] as f32 * green + LUMA[2] as f32 * blue;
                *r = rounded(luma);
                *g = rounded((blue - luma) * (1.0 / SCALES[0]) as f32);
                *b = rounded((red - luma) * (1.0 / SCALES[1]) as f32);
            }
        }
    }
    scaled
}

fn pad(plane: &Plane<u16>, info: &PlaneInfo) -> Plane<i16> {
    let (width, height) = (plane.width().next_multiple_of(16), plane.height().next_multiple_of(16));
    let mut out = Plane::new(width, height);
    for y in 0..height {
        let row = plane.row(y.min(plane.height() - 1));
        let (inner, padding) = out.row_mut(y).split_at_mut(row.len());
        let mut scale = |max: u32| {
            inner.iter_mut().zip(row).for_each(|(value, &v)| *value = internal_from_sample(v, max));
        };
        // Divisions by numbers that are known are multiplications.
        match info.bit_depth {
            8 => scale(255),
            16 => scale(65_535),
            depth => scale((1 << depth) - 1),
        }
        padding.fill(inner.last().copied().unwrap_or(0));
    }
    out
}

/// The picture of `shape` that decoded internal planes of full size make.
pub fn samples_from_internal(shape: &Shape, internal: &[Plane<i16>]) -> Planes {
    let mut out = Planes::new(shape.clone());
    let rgb = shape.colour == ColourModel::Rgb;
    if rgb {
        let [red, green, blue, ..] = out.planes.as_mut_slice() else { return out };
        for y in 0..shape.height_px {
            let rows = [internal[0].row(y), internal[1].row(y), internal[2].row(y)];
            let targets = [red.row_mut(y), green.row_mut(y), blue.row_mut(y)];
            match shape.planes[..3].iter().all(|plane| plane.bit_depth == 8) {
                true => rgb_row(rows, targets, |value, _| sample_of(value, 255)),
                false => rgb_row(rows, targets, |value, plane| {
                    sample_from_internal(value, shape.planes[plane].bit_depth)
                }),
            }
        }
    }
    for index in if rgb { 3 } else { 0 }..shape.planes.len() {
        let depth = shape.planes[index].bit_depth;
        let target = &mut out.planes[index];
        for y in 0..target.height() {
            let source = internal[index].row(y);
            for (value, &inner) in target.row_mut(y).iter_mut().zip(source) {
                *value = sample_from_internal(i32::from(inner), depth);
            }
        }
    }
    out
}

/// The inverse colour matrix in 14 fractional bits, rounded once.
/// `sample` makes a plane's sample of its internal value.
#[inline(always)]
fn rgb_row(rows: [&[i16]; 3], targets: [&mut [u16]; 3], sample: impl Fn(i32, usize) -> u16) {
    let [red, green, blue] = targets;
    let width = red.len();
    let ([luma, cb, cr], green, blue) =
        (rows.map(|row| &row[..width]), &mut green[..width], &mut blue[..width]);
    for x in 0..width {
        let (luma, cb, cr) = (i32::from(luma[x]), i32::from(cb[x]), i32::from(cr[x]));
        let value = |cb_part: i32, cr_part: i32| {
            luma + ((cb * cb_part + cr * cr_part + (1 << (BITS - 1))) >> BITS)
        };
        red[x] = sample(value(0, WEIGHTS[0]), 0);
        green[x] = sample(value(WEIGHTS[1], WEIGHTS[2]), 1);
        blue[x] = sample(value(WEIGHTS[3], 0), 2);
    }
}

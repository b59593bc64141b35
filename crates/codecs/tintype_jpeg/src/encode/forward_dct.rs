//! Samples to DCT coefficients: colour conversion, chroma subsampling, forward DCT in real numbers.
//!
//! In: planes of a picture. Out: [`Spectrum`]s: orthonormal 8×8 DCT coefficients of samples in
//! 0..255, centred on 0, in zigzag order, padded to whole MCUs by repeating the edge. Not
//! bit-exact: an encoder may choose.
//! Source: ITU-T T.81 A.3.3; JFIF for colour.

use super::layout::FrameLayout;
use crate::colour::ycbcr_from_rgb;
use crate::frame::NATURAL_FROM_ZIGZAG;
use fearless_simd::{Simd, dispatch};
use tintype_codec::{Exec, map_indexed};
use tintype_image::{ColourModel, Planes};

/// One component's coefficients before quantisation.
#[derive(Clone, Debug)]
pub struct Spectrum {
    /// Blocks in a row.
    pub stride: usize,
    /// Rows of blocks.
    pub rows: usize,
    /// Coefficients of each block.
    pub blocks: Vec<[f32; 64]>,
}

/// One component's samples, in 0..255 or centred on 0.
#[derive(Clone, Debug)]
pub struct Samples {
    /// Width.
    pub width: usize,
    /// Height.
    pub height: usize,
    /// Rows without gaps.
    pub values: Vec<f32>,
}

/// The components of a picture at full size, centred on 0.
pub fn components_from_planes(planes: &Planes, as_ycbcr: bool, exec: &Exec) -> Vec<Samples> {
    let (width, height) = (planes.shape.width_px, planes.shape.height_px);
    let count = planes.planes.len();
    let scale = |index: usize| 255.0 / f32::from(planes.shape.planes[index].sample_max());
    if !(as_ycbcr && planes.shape.colour == ColourModel::Rgb) {
        let parts = (0..count).map(|i| {
            let p = &planes.planes[i];
            let (w, h) = (p.width(), p.height());
            let (scale, mut values) = (scale(i), Vec::with_capacity(w * h));
            // Inks are stored the other way round: 0 is full ink.
            let (sign, offset) = if count == 4 { (-scale, 127.0) } else { (scale, -128.0) };
            p.rows().for_each(|row| values.extend(row.iter().map(|v| f32::from(*v) * sign + offset)));
            Samples { width: w, height: h, values }
        });
        return parts.collect();
    }
    let scale = scale(0);
    let bands = map_indexed(exec.threads, height.div_ceil(64), |band| {
        let rows = band * 64..(band * 64 + 64).min(height);
        let mut out: [Vec<f32>; 3] = std::array::from_fn(|_| vec![0.0; width * rows.len()]);
        let [oy, ob, or] = &mut out;
        dispatch!(exec.level, simd => simd.vectorize(#[inline(always)] || {
            for (line, y) in rows.clone().enumerate() {
                let [r, g, b] = [0, 1, 2].map(|i| planes.planes[i].row(y));
                let at = line * width..(line + 1) * width;
                let outs = oy[at.clone()].iter_mut().zip(&mut ob[at.clone()]).zip(&mut or[at]);
                for (((r, g), b), ((oy, ob), or)) in r.iter().zip(g).zip(b).zip(outs) {
                    let [y, cb, cr] = ycbcr_from_rgb(f32::from(*r) * scale, f32::from(*g) * scale, f32::from(*b) * scale);
                    (*oy, *ob, *or) = (y - 128.0, cb, cr);
                }
            }
        }));
        out
    });
    let join = |i: usize| {
        let parts: Vec<&[f32]> = bands.iter().map(|b| b[i].as_slice()).collect();
        Samples { width, height, values: parts.concat() }
    };
    (0..3).map(join).collect()
}

/// Means of `x` × `y` samples.
pub fn subsampled(source: &Samples, x: usize, y: usize) -> Samples {
    let (width, height) = (source.width.div_ceil(x), source.height.div_ceil(y));
    let mut values = Vec::with_capacity(width * height);
    let scale = 1.0 / (x * y) as f32;
    for row in 0..height {
        let line = |dy: usize| {
            &source.values[(row * y + dy).min(source.height - 1) * source.width..][..source.width]
        };
        for column in 0..width {
            let mut sum = 0.0;
            for dy in 0..y {
                let line = line(dy);
                for dx in 0..x {
                    sum += line[(column * x + dx).min(source.width - 1)];
                }
            }
            values.push(sum * scale);
        }
    }
    Samples { width, height, values }
}

/// Energy that subsampling and triangle upsampling of a full-size plane take away.
pub fn lost_by_sampling(plane: &Samples, x: usize, y: usize) -> f64 {
    let small = subsampled(plane, x, y);
    let at = |i: isize, j: isize| {
        let i = i.clamp(0, small.width as isize - 1) as usize;
        small.values[j.clamp(0, small.height as isize - 1) as usize * small.width + i]
    };
    let mut sum = 0.0f64;
    for j in 0..plane.height {
        for i in 0..plane.width {
            let (ci, cj) = ((i / x) as isize, (j / y) as isize);
            let side = |p: usize, f: usize, c: isize| {
                if f == 1 { c } else { c + if p.is_multiple_of(2) { -1 } else { 1 } }
            };
            let (ni, nj) = (side(i, x, ci), side(j, y, cj));
            let near = 0.75 * at(ci, cj) + 0.25 * at(ni, cj);
            let far = 0.75 * at(ci, nj) + 0.25 * at(ni, nj);
            let error = plane.values[j * plane.width + i] - (0.75 * near + 0.25 * far);
            sum += f64::from(error * error);
        }
    }
    sum
}

/// cos((2x+1) k π/16) / 2, with 1/√8 for k = 0: row k of the orthonormal DCT matrix.
pub const BASIS: [[f32; 8]; 8] = {
    const C: [f32; 8] = [
        0.353_553_39,
        0.490_392_64,
        0.461_939_77,
        0.415_734_8,
        0.353_553_39,
        0.277_785_12,
        0.191_341_72,
        0.097_545_16,
    ];
    let mut basis = [[0.0; 8]; 8];
    let mut k = 0;
    while k < 8 {
        let mut x = 0;
        while x < 8 {
            // The angle in units of π/16, folded into the first quadrant.
            let angle = ((2 * x + 1) * k) % 32;
            let folded = if angle > 16 { 32 - angle } else { angle };
            basis[k][x] = if k == 0 {
                C[0]
            } else if folded > 8 {
                -C[16 - folded]
            } else if folded == 8 {
                0.0
            } else {
                C[folded]
            };
            x += 1;
        }
        k += 1;
    }
    basis
};

/// C(0) stands for two different values, so angle 0 needs its own: cos 0 / 2.
#[inline(always)]
fn transform(samples: &[[f32; 8]; 8]) -> [[f32; 8]; 8] {
    let mut columns = [[0.0f32; 8]; 8];
    for k in 0..8 {
        for y in 0..8 {
            for x in 0..8 {
                columns[k][x] += BASIS[k][y] * samples[y][x];
            }
        }
    }
    let turned: [[f32; 8]; 8] = std::array::from_fn(|r| std::array::from_fn(|c| columns[c][r]));
    let mut out = [[0.0f32; 8]; 8];
    for k in 0..8 {
        for x in 0..8 {
            for v in 0..8 {
                out[k][v] += BASIS[k][x] * turned[x][v];
            }
        }
    }
    out
}

/// Transforms one component; `layout` says how many blocks its storage has.
pub fn spectrum(samples: &Samples, layout: &FrameLayout<'_>, index: usize, exec: &Exec) -> Spectrum {
    let (stride, rows) = layout.blocks(index);
    let lines = map_indexed(exec.threads, rows, |by| {
        let mut line = Vec::with_capacity(stride);
        dispatch!(exec.level, simd => simd.vectorize(#[inline(always)] || {
            for bx in 0..stride {
                line.push(block_at(samples, bx, by));
            }
        }));
        line
    });
    Spectrum { stride, rows, blocks: lines.concat() }
}

#[inline(always)]
fn block_at(samples: &Samples, bx: usize, by: usize) -> [f32; 64] {
    let mut block = [[0.0f32; 8]; 8];
    for (dy, line) in block.iter_mut().enumerate() {
        let row =
            &samples.values[(by * 8 + dy).min(samples.height - 1) * samples.width..][..samples.width];
        match row.get(bx * 8..bx * 8 + 8) {
            Some(whole) => line.copy_from_slice(whole),
            None => *line = std::array::from_fn(|dx| row[(bx * 8 + dx).min(samples.width - 1)]),
        }
    }
    // `out[u][v]`: horizontal frequency outside.
    let out = transform(&block);
    std::array::from_fn(|k| {
        let natural = usize::from(NATURAL_FROM_ZIGZAG[k]);
        out[natural % 8][natural / 8]
    })
}

#[cfg(test)]
mod tests {
    use super::{BASIS, transform};

    #[test]
    fn the_basis_is_orthonormal_and_made_of_cosines() {
        for k in 0..8 {
            for x in 0..8 {
                let scale = if k == 0 { 0.125f64.sqrt() } else { 0.5 };
                let should = scale * ((2 * x + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
                assert!((f64::from(BASIS[k][x]) - should).abs() < 1e-6, "{k} {x}");
            }
        }
        let mut ramp = [[0.0; 8]; 8];
        ramp.iter_mut().for_each(|row| *row = std::array::from_fn(|x| x as f32));
        let out = transform(&ramp);
        assert!((out[0][0] - 28.0).abs() < 1e-3 && out[1][0] < -10.0 && out[0][1].abs() < 1e-3);
    }
}

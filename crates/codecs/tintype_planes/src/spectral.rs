//! The spectral Karhunen–Loève transform: bands rotated to their principal axes, in whole numbers.
//!
//! In: planes of one size. Out: as many planes of one depth, each with an offset so that no
//! sample is negative; and back exactly. Bit-exact: integers. The fit (covariance over at most
//! a quarter of a million pixels) is float, and its result is part of the header.
//!
//! Bytes: the depth less 1 of the coded planes; for each of the `n (n - 1) / 2` pairs of bands
//! `i < j`, in that order, the factors `tan(a/2)` and `sin a` of their rotation in 1/4096
//! (`i16` little endian each; a rotation of zeros is no step); which bands are negated
//! (`u32`); the offset of each plane (`i32`).

use super::cursor::Cursor;
use fearless_simd::Level;
use tintype_codec::CodecError;
use tintype_image::{ColourModel, Plane, PlaneInfo, PlaneRole, Planes, Shape};
use tintype_transform::klt::{LiftStep, LiftedBasis, principal_axes};

/// Most pixels that the fit uses. Not measured.
const FIT_PIXELS: usize = 1 << 18;
/// Pixels transformed at a time.
const CHUNK: usize = 4096;

/// A transform.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spectral {
    basis: LiftedBasis,
    bands: usize,
    /// Of every coded plane.
    depth: u8,
    /// Added to each coded plane.
    offsets: Vec<i32>,
}

impl Spectral {
    /// The transform that suits `source`; `None` for one plane, planes of different
    /// sizes, or values that would not fit 16 bits.
    pub fn fit(source: &Planes) -> Option<Self> {
        let bands = source.planes.len();
        let size = (source.planes[0].width(), source.planes[0].height());
        if bands < 2 || source.planes.iter().any(|p| (p.width(), p.height()) != size) {
            return None;
        }
        let axes = principal_axes(&covariance(source), bands);
        let basis = LiftedBasis::from_rows(&axes.rows, bands)?;
        let mut spectral = Self { basis, bands, depth: 16, offsets: vec![0; bands] };
        let (mut low, mut high) = (vec![i32::MAX; bands], vec![i32::MIN; bands]);
        spectral.each_row(source, Level::new(), |row, _| {
            for (band, values) in row.chunks_exact(size.0).enumerate() {
                for &value in values {
                    low[band] = low[band].min(value);
                    high[band] = high[band].max(value);
                }
            }
        });
        let widest = low.iter().zip(&high).map(|(l, h)| h - l).max()?;
        spectral.depth = u8::try_from(widest.max(1).ilog2() + 1).ok().filter(|depth| *depth <= 16)?;
        spectral.offsets = low.iter().map(|l| -l).collect();
        Some(spectral)
    }

    /// Calls `work` with every transformed row (all bands one after the other) and its number.
    fn each_row(&self, source: &Planes, level: Level, mut work: impl FnMut(&[i32], usize)) {
        let mut row = Vec::with_capacity(self.bands * source.planes[0].width());
        for y in 0..source.planes[0].height() {
            row.clear();
            for plane in &source.planes {
                row.extend(plane.row(y).iter().map(|&v| i32::from(v)));
            }
            self.basis.forward(level, &mut row);
            work(&row, y);
        }
    }

    /// The shape of the transformed planes, for planes of `own` shape.
    pub fn coded_shape(&self, own: &Shape) -> Shape {
        let planes = vec![PlaneInfo::new(PlaneRole::Band, self.depth); self.bands];
        Shape { colour: ColourModel::Bands, planes, ..own.clone() }
    }

    /// The transformed planes.
    pub fn forward(&self, source: &Planes, level: Level) -> Planes {
        let mut out = Planes::new(self.coded_shape(&source.shape));
        let width = source.planes[0].width();
        self.each_row(source, level, |row, y| {
            for ((plane, values), &offset) in
                out.planes.iter_mut().zip(row.chunks_exact(width)).zip(&self.offsets)
            {
                for (to, &value) in plane.row_mut(y).iter_mut().zip(values) {
                    *to = value.wrapping_add(offset).clamp(0, 65_535) as u16;
                }
            }
        });
        out
    }

    /// The inverse, to planes of the depths in `shape`. Samples out of range, which only lossy
    /// coding makes, are clamped.
    pub fn inverse(&self, coded: &Planes, shape: &Shape, level: Level) -> Planes {
        let size = (coded.shape.width_px, coded.shape.height_px);
        let mut out = Planes::new(Shape { width_px: size.0, height_px: size.1, ..shape.clone() });
        out.planes.iter_mut().for_each(|p| *p = Plane::new(size.0, size.1));
        let mut part = Vec::with_capacity(self.bands * CHUNK);
        for y in 0..size.1 {
            for start in (0..size.0).step_by(CHUNK) {
                let end = (start + CHUNK).min(size.0);
                part.clear();
                for (plane, &offset) in coded.planes.iter().zip(&self.offsets) {
                    part.extend(
                        plane.row(y)[start..end].iter().map(|&v| i32::from(v).wrapping_sub(offset)),
                    );
                }
                self.basis.inverse(level, &mut part);
                for (index, values) in part.chunks_exact(end - start).enumerate() {
                    let max = i32::from(shape.planes[index].sample_max());
                    for (to, &value) in out.planes[index].row_mut(y)[start..end].iter_mut().zip(values) {
                        *to = value.clamp(0, max) as u16;
                    }
                }
            }
        }
        out
    }

    /// Appends the bytes of the transform.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(self.depth - 1);
        let (steps, negated) = self.basis.steps();
        let mut factors = vec![(0i16, 0i16); self.bands * self.bands];
        // Three shears a rotation: the first and third are alike.
        for rotation in steps.chunks_exact(3) {
            factors[usize::from(rotation[0].to) * self.bands + usize::from(rotation[0].from)] =
                (rotation[0].factor, rotation[1].factor);
        }
        for (i, j) in pairs(self.bands) {
            let (half_tangent, sine) = factors[i * self.bands + j];
            out.extend(half_tangent.to_le_bytes());
            out.extend(sine.to_le_bytes());
        }
        out.extend((negated as u32).to_le_bytes());
        for offset in &self.offsets {
            out.extend(offset.to_le_bytes());
        }
    }

    /// Reads the transform of planes of `own` shape.
    ///
    /// # Errors
    /// `Truncated`, `Malformed`.
    pub fn read(cursor: &mut Cursor<'_>, own: &Shape) -> Result<Self, CodecError> {
        let bands = own.planes.len();
        let full = (0..bands).all(|i| own.plane_size(i) == (own.width_px, own.height_px));
        let depth = cursor.byte()?;
        if bands < 2 || !full || depth > 15 {
            return Err(
                cursor.malformed(format!("spectral transform of {bands} planes to depth {depth} + 1"))
            );
        }
        let mut steps = Vec::new();
        for (i, j) in pairs(bands) {
            let (half_tangent, sine) =
                (i16::from_le_bytes(cursor.array()?), i16::from_le_bytes(cursor.array()?));
            if (half_tangent, sine) != (0, 0) {
                let (to, from) = (i as u8, j as u8);
                steps.push(LiftStep { to, from, factor: half_tangent });
                steps.push(LiftStep { to: from, from: to, factor: sine });
                steps.push(LiftStep { to, from, factor: half_tangent });
            }
        }
        let negated = u64::from(u32::from_le_bytes(cursor.array()?));
        let basis = LiftedBasis::from_steps(bands, steps, negated)
            .ok_or_else(|| cursor.malformed("spectral transform".into()))?;
        let offsets = (0..bands)
            .map(|_| Ok(i32::from_le_bytes(cursor.array()?)))
            .collect::<Result<_, CodecError>>()?;
        Ok(Self { basis, bands, depth: depth + 1, offsets })
    }
}

fn pairs(bands: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..bands).flat_map(move |i| (i + 1..bands).map(move |j| (i, j)))
}

/// Covariance of the bands over pixels evenly spread.
fn covariance(source: &Planes) -> Vec<f64> {
    let bands = source.planes.len();
    let (width, height) = (source.planes[0].width(), source.planes[0].height());
    let stride = (width * height).div_ceil(FIT_PIXELS).max(1);
    let mut sums = vec![0f64; bands];
    let mut products = vec![0f64; bands * bands];
    let mut pixel = vec![0f64; bands];
    let mut count = 0.0;
    for at in (0..width * height).step_by(stride) {
        for (value, plane) in pixel.iter_mut().zip(&source.planes) {
            *value = f64::from(plane.row(at / width)[at % width]);
        }
        for i in 0..bands {
            sums[i] += pixel[i];
            for j in 0..bands {
                products[i * bands + j] += pixel[i] * pixel[j];
            }
        }
        count += 1.0;
    }
    for i in 0..bands {
        for j in 0..bands {
            products[i * bands + j] = (products[i * bands + j] - sums[i] * sums[j] / count) / count;
        }
    }
    products
}

//! The default walk over a plane: predictions blended by their recent errors, residuals in a small tree of decisions.
//!
//! In: a plane of samples, up to two planes coded before and their residuals. Out: the plane's residuals in quarters.
//! `f32` additions, multiplications and divisions in a fixed order; see decision record 0001.

use super::blend::{Blend, predictions};
use super::grid::Grid;
use super::tree::{NODES, code_sample};
use fearless_simd::dispatch;
use tintype_entropy::{AdaptiveBit, BitWalk, Mixer, stretch};
use tintype_image::Level;

/// Counts at which adaptive windows stop growing.
const LIMIT: u32 = 120;

/// What the walk over one plane refers to and learns.
pub(super) struct PlaneWalk<'a> {
    max: i32,
    samples: Vec<&'a Grid>,
    errors: Vec<&'a Grid>,
    model: Model,
}

struct Model {
    energy: Vec<AdaptiveBit>,
    texture: Vec<AdaptiveBit>,
    pair: Vec<AdaptiveBit>,
    mixer: Mixer<3>,
    bias: Vec<(i32, i32)>,
}

/// Where a sample's decisions find their statistics.
struct Place {
    energy: usize,
    texture: usize,
    pair: usize,
    set: usize,
}

impl Model {
    fn new() -> Self {
        let bits = |contexts: usize| vec![AdaptiveBit::default(); contexts * NODES];
        Self {
            energy: bits(48),
            texture: bits(16 * 32),
            pair: bits(64 * 8),
            mixer: Mixer::with_weight(NODES * 24, 6, 22000),
            bias: vec![(0, 4); 4096],
        }
    }

    #[inline(always)]
    fn code<W: BitWalk>(&mut self, walk: &mut W, place: &Place, node: usize, bit: bool) -> bool {
        let a = &mut self.energy[place.energy + node];
        let b = &mut self.texture[place.texture + node];
        let c = &mut self.pair[place.pair + node];
        let inputs = [stretch(a.p1()), stretch(b.p1()), stretch(c.p1())];
        let bit = self.mixer.code(walk, bit, place.set + node, &inputs);
        a.update(bit, LIMIT);
        b.update(bit, LIMIT);
        c.update(bit, LIMIT);
        bit
    }
}

/// `4 log2(v + 2) - 4` in whole steps, at most `max`.
#[inline(always)]
pub(super) fn quarter_log(v: u32, max: u32) -> u32 {
    let v = v + 2;
    let octave = v.ilog2();
    (octave * 4 + ((v << 2 >> octave) & 3) - 4).min(max)
}

impl<'a> PlaneWalk<'a> {
    /// `samples` and `errors`: the planes coded last, of the same size, latest first, and their residuals.
    pub fn new(max: i32, samples: Vec<&'a Grid>, errors: Vec<&'a Grid>) -> Self {
        Self { max, samples, errors, model: Model::new() }
    }

    /// Codes `plane` and returns its residuals in quarters.
    pub fn run<W: BitWalk>(mut self, level: Level, walk: &mut W, plane: &mut Grid) -> Grid {
        dispatch!(level, _simd => self.code_rows(walk, plane))
    }

    #[inline(always)]
    fn code_rows<W: BitWalk>(&mut self, walk: &mut W, plane: &mut Grid) -> Grid {
        let (width, s, max) = (plane.width, plane.stride, self.max);
        let mut residuals = Grid::new(width, plane.height, 0);
        let mut blend = Blend::new(width);
        for y in 0..plane.height {
            plane.begin_row(y);
            residuals.begin_row(y);
            blend.begin_row();
            for x in 0..width {
                let i = plane.at(x, y);
                let predictions = predictions(&plane.data, &self.samples, s, i);
                let blended = blend.blend(x, &predictions) as i32;
                let (sample, residual) = self.code_at(walk, &plane.data, &residuals.data, s, i, blended, max);
                plane.data[i] = sample;
                residuals.data[i] = residual >> 2;
                blend.update(x, &predictions, sample);
            }
            plane.end_row(y);
            residuals.end_row(y);
        }
        residuals
    }

    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn code_at<W: BitWalk>(
        &mut self,
        walk: &mut W,
        d: &[i32],
        e: &[i32],
        s: usize,
        i: usize,
        blended: i32,
        max: i32,
    ) -> (i32, i32) {
        let (w, n, nw, ne) = (d[i - 1], d[i - s], d[i - s - 1], d[i - s + 1]);
        let (ew, en, enw, ene) = (e[i - 1].abs(), e[i - s].abs(), e[i - s - 1].abs(), e[i - s + 1].abs());
        let mut energy = (ew * 5 + en * 4 + enw * 2 + ene * 3 + e[i - 2].abs() + e[i - 2 * s].abs()) as u32;
        let (mut here, mut sign) = (0, 0);
        if let Some(errors) = self.errors.first() {
            let r = &errors.data;
            here = r[i].unsigned_abs();
            let around = r[i + 1].abs() + r[i + s].abs() + r[i - 1].abs() + r[i - s].abs();
            energy = (energy * 2 + here * 8 + around as u32 * 2) / 3;
            sign = usize::from(r[i] > 2) * 2 + usize::from(r[i] < -2);
        }
        let level = quarter_log(energy >> 3, 47);

        let steep_w = usize::from(2 * w - d[i - 2] > blended >> 4);
        let steep_n = usize::from(2 * n - d[i - 2 * s] > blended >> 4);
        let shape = usize::from(n > w) * 4 + usize::from(nw > n) * 2 + usize::from(ne > n);
        let bias = (((sign * 8 + shape) * 2 + steep_w) * 2 + steep_n) * 8 + (level as usize / 6).min(7);
        let (sum, count) = self.model.bias[bias];
        let prediction = (blended + sum / count).clamp(0, max << 4);
        let base = (prediction + 15) >> 4;
        let part = (((base << 4) - prediction) >> 2) as usize;

        let eighth = |v: i32| (quarter_log(v as u32 >> 1, 23) / 3).min(7) as usize;
        let (texture, mark) = if self.errors.is_empty() {
            let flat = (w - nw).abs() + (n - ne).abs() + (nw - n).abs();
            ((quarter_log(flat as u32, 31) / 4).min(7) as usize * 4 + part, usize::from(e[i - s] > 0))
        } else {
            (sign * 8 + (quarter_log(here >> 1, 31) / 4).min(7) as usize, part)
        };
        let mark = mark * 2 + usize::from(e[i - 1] > 0);
        let place = Place {
            energy: level as usize * NODES,
            texture: ((level as usize / 3) * 32 + texture) * NODES,
            pair: ((eighth(ew) * 8 + eighth(en)) * 8 + mark) * NODES,
            set: level as usize / 2 * NODES,
        };
        let shift = if level < 10 { 0 } else { ((level - 10) / 4).min(12) };
        let model = &mut self.model;
        let sample = code_sample(shift, base, max, d[i], |decision, bit| model.code(walk, &place, decision.node, bit));
        let residual = (sample << 4) - prediction;
        let bias = &mut self.model.bias[bias];
        *bias = (bias.0 + residual, bias.1 + 1);
        if bias.1 >= 128 {
            *bias = (bias.0 / 2, bias.1 / 2);
        }
        (sample, residual)
    }
}

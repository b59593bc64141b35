//! The dense walk over a plane: least-squares predictions, and every decision mixed from many opinions.
//!
//! In: a plane of samples, up to two planes coded before and their residuals. Out: the plane's residuals in quarters.
//! Each sample is predicted by least squares over three windows and by the default walk's blend; their error-weighted
//! mean stands in the middle of the tree of decisions. Each decision is mixed from what a logistic distribution round
//! each prediction says and from what adaptive bits say under several contexts.
//! Bit-exact: `f32` additions, multiplications and divisions in a fixed order (decision record 0001).
//! Source: our own; kin to TMW (B. Meyer, P. Tischer, 1997), Vanilc (I. Matsuda et al.) and M. Mahoney's mixing.

use super::blend::{Blend, predictions};
use super::grid::{Grid, PAD};
use super::memory::{Memory, step};
use super::opinions::{CONTEXTS, Opinions, Place, shift, split};
use super::squares::Squares;
use super::walk::quarter_log;
use fearless_simd::dispatch;
use tintype_entropy::BitWalk;
use tintype_image::Level;

/// Predictions that are kept apart: three by least squares, the blend, and their mean.
pub(super) const VOICES: usize = 5;
const PARTS: usize = VOICES - 1;

/// Own neighbours (dx, dy), nearest first.
const OWN: [(isize, isize); 20] = [
    (-1, 0),
    (0, -1),
    (-1, -1),
    (1, -1),
    (-2, 0),
    (0, -2),
    (-2, -1),
    (2, -1),
    (-1, -2),
    (1, -2),
    (-3, 0),
    (0, -3),
    (-2, -2),
    (2, -2),
    (-3, -1),
    (3, -1),
    (-1, -3),
    (1, -3),
    (-4, 0),
    (4, -1),
];
/// Neighbours in a plane coded before.
const OTHER: [(isize, isize); 13] = [
    (0, 0),
    (-1, 0),
    (0, -1),
    (1, 0),
    (0, 1),
    (-1, -1),
    (1, -1),
    (-1, 1),
    (1, 1),
    (-2, 0),
    (0, -2),
    (2, 0),
    (0, 2),
];

/// Where the features of one least-squares window come from.
struct Features {
    own: Vec<isize>,
    others: [Vec<isize>; 2],
}

impl Features {
    fn new(s: usize, own: usize, first: usize, second: usize) -> Self {
        let offsets =
            |list: &[(isize, isize)]| list.iter().map(|&(x, y)| y * s as isize + x).collect();
        Self {
            own: offsets(&OWN[..own]),
            others: [offsets(&OTHER[..first]), offsets(&OTHER[..second])],
        }
    }

    fn count(&self) -> usize {
        self.own.len() + self.others[0].len() + self.others[1].len()
    }

    #[inline(always)]
    fn gather<const NP: usize>(
        &self,
        d: &[i32],
        others: &[&Grid],
        bases: &[f32; 3],
        i: usize,
    ) -> [f32; NP] {
        let mut out = [0f32; NP];
        let mut k = 0;
        for &offset in &self.own {
            out[k] = d[i.wrapping_add_signed(offset)] as f32 - bases[0];
            k += 1;
        }
        for ((other, offsets), base) in others.iter().zip(&self.others).zip(&bases[1..]) {
            for &offset in offsets {
                out[k] = other.data[i.wrapping_add_signed(offset)] as f32 - base;
                k += 1;
            }
        }
        out
    }
}

/// What the dense walk over one plane refers to and learns.
pub(super) struct DenseWalk<'a> {
    level: Level,
    max: i32,
    samples: Vec<&'a Grid>,
    errors: Vec<&'a Grid>,
    blend: Blend,
    near: (Squares<16>, Features),
    middle: (Squares<24>, Features),
    far: (Squares<32>, Features),
    /// Absolute errors of each voice, row above and this row.
    wrong: [Vec<[f32; VOICES]>; 3],
    bias: [Vec<(f32, f32)>; 2],
    opinions: Opinions,
    memory: Memory,
}

impl<'a> DenseWalk<'a> {
    /// `samples` and `errors`: the planes coded last, of the same size, latest first, and their residuals.
    pub fn new(
        level: Level,
        max: i32,
        width: usize,
        samples: Vec<&'a Grid>,
        errors: Vec<&'a Grid>,
    ) -> Self {
        let s = width + 2 * PAD;
        let (near, middle, far) = match samples.len() {
            0 => ((12, 0, 0), (20, 0, 0), (20, 0, 0)),
            1 => ((6, 7, 0), (12, 9, 0), (18, 13, 0)),
            _ => ((5, 5, 4), (10, 7, 5), (14, 10, 7)),
        };
        let features =
            |(own, first, second): (usize, usize, usize)| Features::new(s, own, first, second);
        let (near, middle, far) = (features(near), features(middle), features(far));
        let row = vec![[0.0; VOICES]; s];
        Self {
            level,
            max,
            blend: Blend::new(width),
            near: (Squares::new(width, near.count(), 0.7, 0.3), near),
            middle: (Squares::new(width, middle.count(), 0.87, 0.3), middle),
            far: (Squares::new(width, far.count(), 0.965, 0.3), far),
            wrong: [row.clone(), row.clone(), row],
            bias: [vec![(0.0, 4.0); 8192], vec![(0.0, 4.0); 8192]],
            opinions: Opinions::new(max),
            memory: Memory::new(),
            samples,
            errors,
        }
    }

    /// Codes `plane` and returns its residuals in quarters.
    pub fn run<W: BitWalk>(mut self, walk: &mut W, plane: &mut Grid) -> Grid {
        let width = plane.width;
        let mut residuals = Grid::new(width, plane.height, 0);
        for y in 0..plane.height {
            plane.begin_row(y);
            residuals.begin_row(y);
            self.blend.begin_row();
            self.wrong.rotate_right(1);
            let (first, last) = (self.wrong[1][PAD], self.wrong[1][PAD + width - 1]);
            self.wrong[1][..PAD].fill(first);
            self.wrong[1][PAD + width..].fill(last);
            self.wrong[0][..PAD].fill(first);
            self.near.0.begin_row(self.level);
            self.middle.0.begin_row(self.level);
            self.far.0.begin_row(self.level);
            for x in 0..width {
                self.code_at(walk, plane, &mut residuals, x, y);
            }
            self.near.0.end_row(width);
            self.middle.0.end_row(width);
            self.far.0.end_row(width);
            plane.end_row(y);
            residuals.end_row(y);
        }
        residuals
    }

    #[inline(always)]
    fn code_at<W: BitWalk>(
        &mut self,
        walk: &mut W,
        plane: &mut Grid,
        residuals: &mut Grid,
        x: usize,
        y: usize,
    ) {
        let (i, s, max) = (plane.at(x, y), plane.stride, self.max);
        let d = &plane.data;
        let mut bases = [0.5 * (d[i - 1] + d[i - s]) as f32, 0.0, 0.0];
        for (base, other) in bases[1..].iter_mut().zip(&self.samples) {
            *base = 0.5 * (other.data[i - 1] + other.data[i - s]) as f32;
        }
        let mut near = self.near.1.gather::<16>(d, &self.samples, &bases, i);
        let mut middle = self.middle.1.gather::<24>(d, &self.samples, &bases, i);
        let mut far = self.far.1.gather::<32>(d, &self.samples, &bases, i);
        self.near.0.begin_sample(self.level, x);
        self.middle.0.begin_sample(self.level, x);
        self.far.0.begin_sample(self.level, x);
        self.near.0.factor(self.level);
        self.middle.0.factor(self.level);
        if x.is_multiple_of(2) {
            self.far.0.factor(self.level);
        }
        let simple = predictions(d, &self.samples, s, i);
        let blended = dispatch!(self.level, simd => self.blend.blend(simd, x, &simple)) * 0.0625;
        // Anything that is no number counts as 0.
        let limit = |v: f32| if v > 0.0 { v.min(max as f32) } else { 0.0 };
        let mut voices = [
            limit(bases[0] + self.near.0.predict(self.level, &near)),
            limit(bases[0] + self.middle.0.predict(self.level, &middle)),
            limit(bases[0] + self.far.0.predict(self.level, &far)),
            limit(blended),
            0.0,
        ];
        let local = self.local_errors(x + PAD);
        let (mut sum, mut weight) = (0f32, 0f32);
        for k in 0..PARTS {
            let e = local[k] + 0.1;
            let e = e * e;
            let w = 1.0 / (e * e);
            sum += w * voices[k];
            weight += w;
        }
        voices[PARTS] = sum / weight;
        let key = Memory::key(d, &self.samples, s, i);
        let mut place = self.place(d, &residuals.data, s, i, &voices, &local);
        let bias = [self.bias[0][place.bias[0]], self.bias[1][place.bias[1]]];
        voices[PARTS] =
            limit(voices[PARTS] + 0.5 * (bias[0].0 / bias[0].1 + bias[1].0 / bias[1].1));

        self.add_exact(&mut place, key, d, s, i, split(&voices));
        let sample = self.opinions.code(walk, &place, &voices, max, d[i]);
        self.memory.learn(key, sample);
        plane.data[i] = sample;
        let value = sample as f32;
        let error = value - voices[PARTS];
        residuals.data[i] = (error * 4.0) as i32;
        for k in 0..VOICES {
            self.wrong[0][x + PAD][k] = (value - voices[k]).abs();
        }
        for (table, &at) in self.bias.iter_mut().zip(&place.bias) {
            let entry = &mut table[at];
            *entry = (entry.0 + error, entry.1 + 1.0);
            if entry.1 > 200.0 {
                *entry = (entry.0 * 0.5, entry.1 * 0.5);
            }
        }
        let weight = 1.0 / (local[PARTS] * local[PARTS] + 3.0);
        near[15] = value - bases[0];
        middle[23] = near[15];
        far[31] = near[15];
        self.near.0.update(self.level, &near, weight);
        self.middle.0.update(self.level, &middle, weight);
        self.far.0.update(self.level, &far, weight);
        dispatch!(self.level, simd => self.blend.update(simd, x, &simple, sample));
    }

    /// The mean absolute error of each voice around `column`.
    #[inline(always)]
    fn local_errors(&self, column: usize) -> [f32; VOICES] {
        let [current, above, before] = &self.wrong;
        let mut out = [0f32; VOICES];
        for k in 0..VOICES {
            out[k] = (current[column - 1][k] * 5.0
                + current[column - 2][k] * 2.0
                + above[column][k] * 4.0
                + above[column - 1][k] * 2.0
                + above[column + 1][k] * 3.0
                + above[column + 2][k]
                + before[column][k])
                * (1.0 / 18.0);
        }
        out
    }

    /// Adds the contexts that look at exact values, which need the split `base`.
    #[inline(always)]
    fn add_exact(&self, place: &mut Place, key: usize, d: &[i32], s: usize, i: usize, base: i32) {
        let lies =
            |sample: i32| (((sample - base) >> shift(place.level)) + 16).clamp(0, 31) as usize;
        let step = |j: usize| (step(d, &self.samples, s, i, j).clamp(-7, 7) + 7) as usize;
        let remembered = self.memory.at(key);
        let (west, north, hits) = (step(i - 1), step(i - s), usize::from(remembered.hits));
        let exact = [
            west * 32 + lies(d[i - 1]),
            north * 32 + lies(d[i - s]),
            (hits * 32 + lies(i32::from(remembered.sample))) * 4 + (place.level / 6).min(3),
        ];
        place.contexts[CONTEXTS - 3..].copy_from_slice(&exact);
        place.sets[3] = hits * 8
            + usize::from(west == 7) * 4
            + usize::from(north == 7) * 2
            + usize::from(self.samples.is_empty());
    }

    /// Finds the contexts of the sample at `i`.
    #[inline(always)]
    fn place(
        &self,
        d: &[i32],
        e: &[i32],
        s: usize,
        i: usize,
        voices: &[f32; VOICES],
        local: &[f32; VOICES],
    ) -> Place {
        let (w, n, nw, ne) = (d[i - 1], d[i - s], d[i - s - 1], d[i - s + 1]);
        let (ww, nn) = (d[i - 2], d[i - 2 * s]);
        let mean = voices[PARTS];
        let mut energy = local[PARTS] * 16.0;
        let (mut here, mut sign, mut around) = (0u32, 0usize, 0u32);
        if let Some(errors) = self.errors.first() {
            let r = &errors.data;
            here = r[i].unsigned_abs();
            around = (r[i + 1].abs() + r[i + s].abs() + r[i - 1].abs() + r[i - s].abs()) as u32;
            energy = energy * 0.7 + (here * 2 + around / 2) as f32 * 0.6;
            sign = usize::from(r[i] > 2) * 2 + usize::from(r[i] < -2);
        }
        let second = self.errors.get(1).map_or(0, |r| r.data[i]);
        let level = quarter_log(energy as u32 >> 1, 39) as usize;
        let q = |v: u32, most: usize| (quarter_log(v, 255) as usize / 3).min(most);
        let side = |v: f32| {
            let t = if v.abs() < 0.3 {
                0
            } else if v.abs() < 1.0 {
                1
            } else if v.abs() < 3.0 {
                2
            } else {
                3
            };
            if v < 0.0 { 7 - t } else { t }
        };
        let flat = ((w - nw).abs() + (n - ne).abs() + (nw - n).abs()) as u32;
        let gap = |k: usize| side(voices[k] - mean);
        let signed = |v: i32| (v.clamp(-31, 31) / 4 + 8) as usize & 15;
        let coarse = level / 3;
        let spread = (voices[0] - voices[1]).abs()
            + (voices[2] - voices[1]).abs()
            + (voices[3] - voices[1]).abs();
        let doubt = q((spread * 4.0) as u32, 7);
        let shape = usize::from(n > w) * 4 + usize::from(nw > n) * 2 + usize::from(ne > n);
        let steep =
            usize::from((2 * w - ww) as f32 > mean) * 2 + usize::from((2 * n - nn) as f32 > mean);
        let contexts: [usize; CONTEXTS] = [
            level,
            coarse * 64 + gap(0) * 8 + gap(2),
            coarse * 64 + q(e[i - 1].unsigned_abs(), 7) * 8 + q(e[i - s].unsigned_abs(), 7),
            coarse * 64 + q(here, 7) * 8 + sign * 2 + usize::from(second > 0),
            (q(flat * 2, 7) * 8 + doubt) * 16 + signed(e[i - 1]),
            coarse * 64 + side(w as f32 - mean) * 8 + side(n as f32 - mean),
            (signed(e[i - s]) * 16 + signed(e[i - 1])) * 4 + sign,
            coarse * 64 + gap(3) * 8 + gap(1),
            0,
            0,
            0,
        ];
        Place {
            contexts,
            level,
            sets: [level / 2, doubt * 4 + sign, q(here + around / 4, 7) * 4 + q(flat, 7) / 2, 0],
            scales: [
                quarter_log((local[0] * 16.0) as u32, 47) as usize,
                quarter_log((local[1] * 16.0) as u32, 47) as usize,
                quarter_log((local[2] * 16.0) as u32, 47) as usize,
                quarter_log((local[3] * 16.0) as u32, 47) as usize,
                level,
                coarse * 16 + q(here, 15),
                coarse * 8 + doubt,
            ],
            bias: [
                (coarse.min(15) * 4 + sign) * 32 + shape * 4 + steep,
                ((doubt * 8 + gap(0)) * 8 + gap(2)) * 8 + gap(3),
            ],
        }
    }
}

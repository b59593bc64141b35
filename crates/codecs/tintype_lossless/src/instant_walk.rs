//! The instant walk: the median predictor on differences of planes, under static tables.
//!
//! In: the planes of a tile. Out: the same planes. A context needs rows above and planes before
//! only, so that all of a row's contexts are reckoned in vectors before its first token is read,
//! and no token waits for the sample before it.
//! Bit-exact: integers, differences modulo 2^16.
//! Source: the median predictor of LOCO-I (M. Weinberger, G. Seroussi, G. Sapiro, 2000); the rest
//! is our own, docs/format/lossless.md.

use super::static_code::NumberWalk;
use super::token::half_octaves;
use super::two_levels::two_levels;
use tintype_entropy::BitWalk;
use tintype_image::{Level, Plane};

/// Columns beside a row: contexts look two to the right.
const PAD: usize = 2;

/// Contexts of a plane: two an octave of activity.
const CLASSES: usize = 32;

/// Residuals count up to this in activities, which so stay below 2^16.
pub(super) const MAGNITUDE_MAX: u16 = 1800;

/// Every so many rows are looked at to choose a plane's difference. Not tuned.
const SAMPLED_ROWS: usize = 16;

/// What is taken off a plane: the number in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Difference {
    None = 0,
    /// The plane coded last.
    First = 1,
    /// The one before it.
    Second = 2,
    /// The mean of both, rounded down.
    Mean = 3,
}

impl Difference {
    const ALL: [Self; 4] = [Self::None, Self::First, Self::Second, Self::Mean];

    /// The differences that there are with so many planes to take off.
    fn possible(references: usize) -> &'static [Self] {
        &Self::ALL[..[1, 2, 4][references.min(2)]]
    }
}

/// One plane's part of the walk.
struct Band {
    width: usize,
    /// Half the range: samples are kept less this.
    middle: i16,
    difference: Difference,
    /// The latest two planes of this size in order, latest first.
    references: Vec<usize>,
    /// This row's samples less [`Self::middle`].
    samples: Vec<i16>,
    /// Differences of this row and the row above, each after the one to the left of it.
    row: Vec<i16>,
    above: Vec<i16>,
    /// The row's residuals in zigzag order.
    numbers: Vec<u16>,
    contexts: Vec<u8>,
    /// Residuals' magnitudes of this row and two above, with [`PAD`] columns on both sides.
    magnitudes: [Vec<u16>; 3],
}

/// How many contexts `planes` planes have.
pub(super) fn contexts(planes: usize) -> usize {
    planes * CLASSES
}

/// Planes in coding order, each with its bits and the positions in this order of its references.
pub(super) struct InstantWalk {
    bands: Vec<Band>,
}

impl InstantWalk {
    /// For planes of these widths and depths with these references, in coding order.
    pub fn new(planes: impl Iterator<Item = (usize, u32, Vec<usize>)>) -> Self {
        let band = |(width, bits, references)| Band {
            width,
            middle: (1u32 << (bits - 1)) as u16 as i16,
            difference: Difference::None,
            references,
            samples: vec![0; width],
            row: vec![0; width + 1],
            above: vec![0; width + 1],
            numbers: vec![0; width],
            contexts: vec![0; width],
            magnitudes: std::array::from_fn(|_| vec![0; width + 2 * PAD]),
        };
        Self { bands: planes.map(band).collect() }
    }

    /// Codes each plane's difference; `planes`, in coding order, matter only when writing.
    pub fn code_differences<W: BitWalk>(&mut self, walk: &mut W, planes: &[&Plane<u16>], level: Level) {
        for k in 0..self.bands.len() {
            let possible = Difference::possible(self.bands[k].references.len());
            let mut best = Difference::None;
            if !W::READS && possible.len() > 1 {
                best = two_levels!(level, _simd => self.best_difference(k, possible, planes));
            }
            let number = walk.bits(best as u32, possible.len().ilog2());
            self.bands[k].difference = possible[number as usize & (possible.len() - 1)];
        }
    }

    /// The difference with the least sum of absolute residuals in some of the rows.
    #[inline(always)]
    fn best_difference(
        &mut self,
        k: usize,
        possible: &[Difference],
        planes: &[&Plane<u16>],
    ) -> Difference {
        let references: Vec<usize> = self.bands[k].references.clone();
        let mut sums = vec![0u64; possible.len()];
        let height = planes[k].height();
        for y in (0..height).step_by(SAMPLED_ROWS) {
            for (sum, &difference) in sums.iter_mut().zip(possible) {
                for row in [y, y + 1] {
                    if row == height {
                        break;
                    }
                    for &j in references.iter().chain([&k]) {
                        self.bands[j].load(planes[j].row(row));
                    }
                    let (before, rest) = self.bands.split_at_mut(k);
                    rest[0].difference = difference;
                    rest[0].begin_row();
                    rest[0].take_off(before);
                    rest[0].residuals();
                    if row > y || height == 1 {
                        *sum += rest[0].numbers.iter().map(|&z| u64::from(z)).sum::<u64>();
                    }
                }
            }
        }
        for band in &mut self.bands {
            band.row.fill(0);
            band.above.fill(0);
        }
        let best = (0..sums.len()).min_by_key(|&i| sums[i]).unwrap_or(0);
        possible[best]
    }

    /// Codes all rows of `planes`, which are in coding order.
    pub fn run<W: NumberWalk>(&mut self, walk: &mut W, planes: &mut [Plane<u16>], level: Level) {
        two_levels!(level, _simd => self.code_rows(walk, planes));
    }

    #[inline(always)]
    fn code_rows<W: NumberWalk>(&mut self, walk: &mut W, planes: &mut [Plane<u16>]) {
        let rows = planes.iter().map(Plane::height).max().unwrap_or(0);
        for y in 0..rows {
            for k in 0..planes.len() {
                if y < planes[k].height() {
                    let (before, rest) = self.bands.split_at_mut(k);
                    rest[0].begin_row();
                    if !W::READS {
                        rest[0].load(planes[k].row(y));
                        rest[0].take_off(before);
                        rest[0].residuals();
                    }
                    rest[0].reckon_contexts(before);
                    rest[0].code_numbers(walk, k * CLASSES);
                }
            }
            if W::READS {
                self.restore_rows(y, planes);
            }
        }
    }

    /// Differences, samples and rows of planes from the numbers read.
    #[inline(always)]
    fn restore_rows(&mut self, y: usize, planes: &mut [Plane<u16>]) {
        let mut k = 0;
        while k < planes.len() {
            // Three planes at once hide that each sample waits for the one to the left.
            let width = self.bands[k].width;
            let three = k + 3 <= planes.len()
                && (k..k + 3).all(|j| y < planes[j].height() && self.bands[j].width == width);
            match &mut self.bands[k..] {
                [a, b, c, ..] if three => restore([a, b, c]),
                [a, ..] if y < planes[k].height() => restore([a]),
                _ => {}
            }
            k += if three { 3 } else { 1 };
        }
        for (k, plane) in planes.iter_mut().enumerate() {
            if y < plane.height() {
                let (before, rest) = self.bands.split_at_mut(k);
                rest[0].put_back(before);
                rest[0].store(plane.row_mut(y));
            }
        }
    }
}

impl Band {
    #[inline(always)]
    fn load(&mut self, row: &[u16]) {
        for (to, &from) in self.samples.iter_mut().zip(row) {
            *to = (from as i16).wrapping_sub(self.middle);
        }
    }

    #[inline(always)]
    fn store(&self, row: &mut [u16]) {
        for (to, &from) in row.iter_mut().zip(&self.samples) {
            *to = from.wrapping_add(self.middle) as u16;
        }
    }

    /// The row becomes the row above.
    #[inline(always)]
    fn begin_row(&mut self) {
        std::mem::swap(&mut self.row, &mut self.above);
        self.above[0] = self.above[1];
        self.row[0] = self.above[1];
        self.magnitudes.rotate_right(1);
    }

    /// For each sample of a row, what the difference takes off.
    #[inline(always)]
    fn taken<'a>(&self, before: &'a [Band]) -> Option<(&'a [i16], &'a [i16])> {
        let row = |which: usize| &before[self.references[which]].samples[..];
        match self.difference {
            Difference::None => None,
            Difference::First => Some((row(0), row(0))),
            Difference::Second => Some((row(1), row(1))),
            Difference::Mean => Some((row(0), row(1))),
        }
    }

    #[inline(always)]
    fn take_off(&mut self, before: &[Band]) {
        match self.taken(before) {
            None => self.row[1..].copy_from_slice(&self.samples),
            Some((a, b)) => {
                for (((to, s), a), b) in self.row[1..].iter_mut().zip(&self.samples).zip(a).zip(b) {
                    *to = s.wrapping_sub(mean(*a, *b));
                }
            }
        }
    }

    #[inline(always)]
    fn put_back(&mut self, before: &[Band]) {
        match self.taken(before) {
            None => self.samples.copy_from_slice(&self.row[1..]),
            Some((a, b)) => {
                for (((to, d), a), b) in self.samples.iter_mut().zip(&self.row[1..]).zip(a).zip(b) {
                    *to = d.wrapping_add(mean(*a, *b));
                }
            }
        }
    }

    /// The row's numbers from its differences.
    #[inline(always)]
    fn residuals(&mut self) {
        let width = self.width;
        let (row, above, out) =
            (&self.row[..width + 1], &self.above[..width + 1], &mut self.numbers[..width]);
        for x in 0..width {
            let residual = row[x + 1].wrapping_sub(median(row[x], above[x + 1], above[x]));
            out[x] = ((residual << 1) ^ (residual >> 15)) as u16;
        }
    }

    /// The class of each sample from the magnitudes above, and here of the plane before.
    #[inline(always)]
    fn reckon_contexts(&mut self, before: &[Band]) {
        let width = self.width;
        let [_, n, nn] = &self.magnitudes;
        let (n, nn, out) = (&n[..width + 4], &nn[..width + 4], &mut self.contexts[..width]);
        let own = |x: usize| 3 * n[x + 2] + 2 * (n[x + 1] + n[x + 3]) + n[x + 4] + nn[x + 2];
        match self.references.first() {
            None => {
                for x in 0..width {
                    out[x] = class(own(x));
                }
            }
            Some(&reference) => {
                let r = &before[reference].magnitudes[0][..width + 4];
                for x in 0..width {
                    let here = 4 * r[x + 2] + 2 * (r[x + 1] + r[x + 3]);
                    out[x] = class((3 * own(x) + here + 2) >> 2);
                }
            }
        }
    }

    #[inline(always)]
    fn code_numbers<W: NumberWalk>(&mut self, walk: &mut W, first_context: usize) {
        walk.numbers(first_context, &self.contexts, &mut self.numbers);
        let row = &mut self.magnitudes[0];
        for (to, &number) in row[PAD..].iter_mut().zip(&self.numbers) {
            *to = (number / 2 + number % 2).min(MAGNITUDE_MAX);
        }
        let (first, last) = (row[PAD], row[PAD + self.width - 1]);
        row[..PAD].fill(first);
        row[PAD + self.width..].fill(last);
    }
}

/// The mean of two samples, rounded down.
#[inline(always)]
fn mean(a: i16, b: i16) -> i16 {
    (a & b) + ((a ^ b) >> 1)
}

/// The median of `w`, `n` and `w + n - nw`.
#[inline(always)]
fn median(w: i16, n: i16, nw: i16) -> i16 {
    let (least, most) = (w.min(n), w.max(n));
    // Within the two others, so that no sum leaves 16 bits for good.
    w.wrapping_add(n).wrapping_sub(nw.max(least).min(most))
}

/// The class of an activity.
#[inline(always)]
fn class(activity: u16) -> u8 {
    half_octaves(u32::from(activity) + 1) as u8 & (CLASSES as u8 - 1)
}

/// Differences of a row of planes of one width from their numbers.
#[inline(always)]
fn restore<const N: usize>(bands: [&mut Band; N]) {
    let width = bands[0].width;
    let mut w = bands.each_ref().map(|band| band.row[0]);
    let mut nw = bands.each_ref().map(|band| band.above[0]);
    let mut rows = bands
        .map(|band| (&band.above[1..][..width], &band.numbers[..width], &mut band.row[1..][..width]));
    for x in 0..width {
        for (k, (above, numbers, row)) in rows.iter_mut().enumerate() {
            let residual = (numbers[x] >> 1) as i16 ^ ((numbers[x] & 1) as i16).wrapping_neg();
            w[k] = median(w[k], above[x], nw[k]).wrapping_add(residual);
            nw[k] = above[x];
            row[x] = w[k];
        }
    }
}

//! A tile through the filter. Bit-exact.
//!
//! Beyond the tile's edge its nearest sample stands: a tile needs nothing of its neighbours.

use super::padded::{LANES, Padded, Rows};
use super::{Blocks, FEATURES, Filter, GROUP, Groups, LIMITS, REACH, Switches, TAPS, WEIGHT_BITS};
use fearless_simd::{Simd, dispatch};
use tintype_block::INTERNAL_MAX;
use tintype_image::{Level, Plane};

/// Samples that these and their neighbours are.
#[cfg(target_arch = "x86_64")]
const AROUND: usize = LANES + 2 * REACH;
/// Pairs of features.
const PAIRS: usize = FEATURES / 2;

/// The limits of differences at `step`.
fn limits_of(step: i32) -> [i16; LIMITS.len()] {
    LIMITS.map(|limit| ((step * limit) >> 6).min(i16::MAX.into()) as i16)
}

/// The features of sample (`x`, `y`) of `plane` at `step`: for each of [`TAPS`] and each of [`LIMITS`].
pub fn features(plane: &Padded, (x, y): (usize, usize), step: i32) -> [i16; FEATURES] {
    features_in(&plane.rows(y), x, limits_of(step))
}

#[inline(always)]
fn features_in(rows: &Rows<'_>, x: usize, limits: [i16; LIMITS.len()]) -> [i16; FEATURES] {
    let at = |dx: isize, dy: isize| {
        rows[(REACH as isize + dy) as usize][((x + REACH) as isize + dx) as usize]
    };
    let mut out = [0; FEATURES];
    for ((dx, dy), features) in TAPS.into_iter().zip(out.as_chunks_mut::<{ LIMITS.len() }>().0) {
        let [a, b] = [at(dx, dy) - at(0, 0), at(-dx, -dy) - at(0, 0)];
        for (feature, limit) in features.iter_mut().zip(limits) {
            *feature = a.clamp(-limit, limit) + b.clamp(-limit, limit);
        }
    }
    out
}

/// What sixteen samples of a row are mended by.
#[derive(Clone, Copy)]
struct Mending {
    limits: [[i16; LANES]; LIMITS.len()],
    /// Two weights in a number, the first in its lower half; see [`slot`].
    weights: [[i32; LANES]; PAIRS],
}

/// Where the weights of group `group` of four stand: first those that a vector kernel needs for the
/// lower halves of its lanes of eight samples.
const fn slot(group: usize) -> usize {
    [0, 2, 1, 3][group] * GROUP
}

/// What each row of a row of groups is mended by.
struct RowOfGroups(Vec<Mending>);

impl RowOfGroups {
    fn new(width: usize) -> Self {
        let none = Mending { limits: [[0; LANES]; LIMITS.len()], weights: [[0; LANES]; PAIRS] };
        Self(vec![none; width.div_ceil(LANES)])
    }

    fn set(&mut self, filter: &Filter, chroma: bool, groups: &[(u16, i32)]) {
        for (groups, mending) in groups.chunks(LANES / GROUP).zip(&mut self.0) {
            for (group, &(class, step)) in groups.iter().enumerate() {
                for (row, limit) in mending.limits.iter_mut().zip(limits_of(step)) {
                    row[group * GROUP..][..GROUP].fill(limit);
                }
                let weights = filter.weights(chroma, class.into()).as_chunks::<2>().0;
                for (row, pair) in mending.weights.iter_mut().zip(weights) {
                    let both = i32::from(pair[0] as u16) | i32::from(pair[1]) << 16;
                    row[slot(group)..][..GROUP].fill(both);
                }
            }
        }
    }
}

impl Filter {
    /// As `run` with all switches on, for planes whose sides are multiples of 4.
    pub fn run_everywhere(&self, level: Level, planes: &mut [Plane<i16>], blocks: &Blocks<'_>) {
        let size = (planes[0].width(), planes[0].height());
        let all = Switches::all(true, size);
        self.run(level, planes, blocks, [&all, &all]);
    }

    /// Corrects `planes` (luma, or luma and two colour differences, all of one size whose sides are
    /// multiples of 4) where the switches, of luma and of the others, are on.
    pub(crate) fn run(
        &self,
        level: Level,
        planes: &mut [Plane<i16>],
        blocks: &Blocks<'_>,
        switches: [&Switches; 2],
    ) {
        let luma = Padded::of_plane(&planes[0]);
        let groups = Groups::of_luma(level, &luma, blocks);
        for (index, plane) in planes.iter_mut().enumerate() {
            let switches = switches[index.min(1)];
            if index == 0 && switches.any() {
                self.mend(level, (&luma, plane), false, &groups, switches);
            } else if switches.any() {
                self.mend(level, (&Padded::of_plane(plane), plane), true, &groups, switches);
            }
        }
    }

    fn mend(
        &self,
        level: Level,
        (from, to): (&Padded, &mut Plane<i16>),
        chroma: bool,
        groups: &Groups,
        switches: &Switches,
    ) {
        let mut row_of_groups = RowOfGroups::new(from.width());
        let mut mended = vec![0i16; from.width().next_multiple_of(LANES)];
        for (gy, list) in groups.list.chunks_exact(groups.across).enumerate() {
            if !switches.any_in_row(gy * GROUP) {
                continue;
            }
            row_of_groups.set(self, chroma, list);
            for y in gy * GROUP..(gy + 1) * GROUP {
                mend_row(level, &from.rows(y), &row_of_groups, &mut mended);
                for (x, range) in switches.on_in_row(y, from.width()) {
                    to.row_mut(y)[x..][..range].copy_from_slice(&mended[x..][..range]);
                }
            }
        }
    }
}

fn mend_row(level: Level, rows: &Rows<'_>, by: &RowOfGroups, out: &mut [i16]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = level.as_avx2() {
        return mend_avx2(avx2, rows, by, out);
    }
    dispatch!(level, simd => mend_plain(simd, rows, by, out));
}

#[inline(always)]
fn mend_plain<S: Simd>(simd: S, rows: &Rows<'_>, by: &RowOfGroups, out: &mut [i16]) {
    simd.vectorize(
        #[inline(always)]
        || {
            let places = (0..).step_by(LANES).zip(&by.0);
            for ((x, by), out) in places.zip(out.as_chunks_mut::<LANES>().0) {
                *out = mended(rows, x, by);
            }
        },
    );
}

/// [`LANES`] samples, in loops over them that the compiler makes vectors of: in WebAssembly they take a fifth
/// of the time that one sample after the other does.
#[inline(always)]
fn mended(rows: &Rows<'_>, x: usize, by: &Mending) -> [i16; LANES] {
    const LIMITED: usize = LIMITS.len();
    let at = |dx: isize, dy: isize| -> &[i16; LANES] {
        let row = rows[(REACH as isize + dy) as usize];
        row[((x + REACH) as isize + dx) as usize..].first_chunk().expect("padded rows")
    };
    let sample = at(0, 0);
    let mut sums = [1i32 << (WEIGHT_BITS - 1); LANES];
    for two in 0..TAPS.len() / 2 {
        let mut features = [[0i16; LANES]; 2 * LIMITED];
        for tap in 0..2 {
            let (dx, dy) = TAPS[2 * two + tap];
            let (a, b) = (at(dx, dy), at(-dx, -dy));
            for limit in 0..LIMITED {
                let (most, feature) = (&by.limits[limit], &mut features[LIMITED * tap + limit]);
                for lane in 0..LANES {
                    // `clamp` would look whether its ends are in order.
                    let a = (a[lane] - sample[lane]).min(most[lane]).max(-most[lane]);
                    let b = (b[lane] - sample[lane]).min(most[lane]).max(-most[lane]);
                    feature[lane] = a + b;
                }
            }
        }
        for pair in 0..LIMITED {
            let weights = &by.weights[LIMITED * two + pair];
            let (first, second) = (&features[2 * pair], &features[2 * pair + 1]);
            for group in 0..LANES / GROUP {
                for (lane, weights) in (group * GROUP..).zip(&weights[slot(group)..][..GROUP]) {
                    sums[lane] += i32::from(first[lane]) * i32::from(*weights as i16);
                    sums[lane] += i32::from(second[lane]) * (weights >> 16);
                }
            }
        }
    }
    let mut out = [0; LANES];
    let max = i32::from(INTERNAL_MAX);
    for lane in 0..LANES {
        let mended = i32::from(sample[lane]) + (sums[lane] >> WEIGHT_BITS);
        out[lane] = mended.min(max).max(-max) as i16;
    }
    out
}

// Loops throughout: closures in functions of arrays would stay calls here.
#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    fn mend_avx2(avx2: Avx2, rows: &Rows<'_>, by: &RowOfGroups, out: &mut [i16]) {
        use core::arch::x86_64::*;
        use fearless_simd::{SimdBase, SimdFrom, i16x16, i32x8};
        const LIMITED: usize = LIMITS.len();
        let zero = _mm256_setzero_si256();
        let half = _mm256_set1_epi32(1 << (WEIGHT_BITS - 1));
        let (top, bottom) = (_mm256_set1_epi16(INTERNAL_MAX), _mm256_set1_epi16(-INTERNAL_MAX));
        for (x, (by, out)) in (0..).step_by(LANES).zip(by.0.iter().zip(out.as_chunks_mut::<LANES>().0)) {
            let mut around = [&[0i16; AROUND]; 2 * REACH + 1];
            for (around, row) in around.iter_mut().zip(rows) {
                *around = row[x..].first_chunk().expect("padded rows");
            }
            let sample: __m256i = i16x16::from_slice(avx2, &around[REACH][REACH..][..LANES]).into();
            let mut most = [zero; LIMITED];
            let mut least = [zero; LIMITED];
            for limit in 0..LIMITED {
                most[limit] = i16x16::from_slice(avx2, &by.limits[limit]).into();
                least[limit] = _mm256_sub_epi16(zero, most[limit]);
            }
            // Of samples 0 to 3 and 8 to 11, and of the others, as unpacking leaves them.
            let (mut low, mut high) = (half, half);
            for two in 0..TAPS.len() / 2 {
                let mut features = [zero; 2 * LIMITED];
                for tap in 0..2 {
                    let (dx, dy) = TAPS[2 * two + tap];
                    let row = around[(REACH as isize + dy) as usize];
                    let a = &row[(REACH as isize + dx) as usize..][..LANES];
                    let row = around[(REACH as isize - dy) as usize];
                    let b = &row[(REACH as isize - dx) as usize..][..LANES];
                    let a = _mm256_sub_epi16(i16x16::from_slice(avx2, a).into(), sample);
                    let b = _mm256_sub_epi16(i16x16::from_slice(avx2, b).into(), sample);
                    for limit in 0..LIMITED {
                        let a = _mm256_max_epi16(_mm256_min_epi16(a, most[limit]), least[limit]);
                        let b = _mm256_max_epi16(_mm256_min_epi16(b, most[limit]), least[limit]);
                        features[LIMITED * tap + limit] = _mm256_add_epi16(a, b);
                    }
                }
                for pair in 0..LIMITED {
                    let weights = &by.weights[LIMITED * two + pair];
                    let of_low: __m256i = i32x8::from_slice(avx2, &weights[..8]).into();
                    let of_high: __m256i = i32x8::from_slice(avx2, &weights[8..]).into();
                    let (a, b) = (features[2 * pair], features[2 * pair + 1]);
                    let sum = _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), of_low);
                    low = _mm256_add_epi32(low, sum);
                    let sum = _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), of_high);
                    high = _mm256_add_epi32(high, sum);
                }
            }
            let low = _mm256_srai_epi32::<{ WEIGHT_BITS as i32 }>(low);
            let high = _mm256_srai_epi32::<{ WEIGHT_BITS as i32 }>(high);
            let mended = _mm256_adds_epi16(sample, _mm256_packs_epi32(low, high));
            let mended = _mm256_max_epi16(_mm256_min_epi16(mended, top), bottom);
            i16x16::simd_from(avx2, mended).store_slice(out);
        }
    }
);

//! Levels against each other and against a plain twin, switches, hostile bytes.

use super::{Blocks, CLASSES, FEATURES, Filter, Groups, Padded, chosen};
use tintype_block::Cell;
use tintype_image::{Level, Plane};

struct Random(u64);

impl Random {
    fn within(&mut self, max: i32) -> i32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % (2 * max as u64 + 1)) as i32 - max
    }
}

/// A filter with random weights.
fn random_filter() -> Filter {
    let mut random = Random(3);
    let bytes: Vec<u8> = (0..Filter::LEN).map(|_| random.within(127) as i8 as u8).collect();
    Filter::from_bytes(&bytes).unwrap()
}

/// A filter whose weights of small differences are all `byte`: above 0 it smooths.
pub(crate) fn even_filter(byte: i8) -> Filter {
    let bytes = (0..Filter::LEN).map(|at| if at % 3 == 0 { byte as u8 } else { 0 });
    Filter::from_bytes(&bytes.collect::<Vec<_>>()).unwrap()
}

fn planes(count: usize, width: usize, height: usize, reach: i32) -> Vec<Plane<i16>> {
    let mut random = Random(9);
    let mut plane = |slope: usize| {
        let value = |i: usize| {
            let ramp = (i % width * slope + i / width * 7) as i32 % 6000 - 3000;
            (ramp + random.within(reach)) as i16
        };
        Plane::from_vec(width, height, (0..width * height).map(value).collect()).unwrap()
    };
    (0..count).map(|index| plane(11 * index + 3)).collect()
}

/// Cells of different steps.
fn cells(width: usize, height: usize) -> Plane<Cell> {
    let mut cells = Plane::new(width.div_ceil(8), height.div_ceil(8));
    for y in 0..cells.height() {
        for (x, cell) in cells.row_mut(y).iter_mut().enumerate() {
            *cell = Cell { side: 8, step: (x + y) as i8 % 5 - 2, ..Cell::default() };
        }
    }
    cells
}

fn levels() -> Vec<Level> {
    let mut list = vec![Level::new(), Level::fallback()];
    #[cfg(target_arch = "x86_64")]
    list.extend(Level::new().as_avx2().map(Level::Avx2));
    list
}

/// The filter as docs/format/photo.md says it, sample by sample.
fn slow_twin(filter: &Filter, planes: &mut [Plane<i16>], cells: &Plane<Cell>, step: u16) {
    let bytes = filter.to_bytes();
    let (width, height) = (planes[0].width() as i64, planes[0].height() as i64);
    let decoded = planes.to_vec();
    let at = |plane: usize, x: i64, y: i64| -> i64 {
        let row = decoded[plane].row(y.clamp(0, height - 1) as usize);
        row[x.clamp(0, width - 1) as usize].into()
    };
    for (gx, gy) in (0..height / 4).flat_map(|gy| (0..width / 4).map(move |gx| (gx, gy))) {
        let index = cells.row(gy as usize / 2)[gx as usize / 2].step;
        let root = [4096, 4871, 5793, 6889][i64::from(index).rem_euclid(4) as usize];
        let shift = 12 - i64::from(index).div_euclid(4);
        let step = ((i64::from(step) * root + (1 << (shift - 1))) >> shift).clamp(1, 65_535);
        let mut sums = [0i64; 4];
        // Squares of 2 × 2 of the group and one around it, the nearest ones beyond the edge.
        for square in 0..16 {
            let qx = (2 * gx - 1 + square % 4).clamp(0, width / 2 - 1);
            let qy = (2 * gy - 1 + square / 4).clamp(0, height / 2 - 1);
            for (x, y) in [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| (2 * qx + x, 2 * qy + y)) {
                for (sum, (dx, dy)) in sums.iter_mut().zip([(1, 0), (0, 1), (1, 1), (-1, 1)]) {
                    *sum += (at(0, x + dx, y + dy) - at(0, x - dx, y - dy)).abs();
                }
            }
        }
        let [across, down, right, left] = sums;
        let steep = (across + down) * 181 / (1024 * step);
        let activity = i64::from(steep.max(1).ilog2().min(6));
        let [s, d] = [(across, down), (right, left)].map(|(a, b)| (a.max(b), a.min(b) + 5 * step / 4));
        let direction = if s.0 * d.1 >= d.0 * s.1 {
            if s.0 <= 2 * s.1 {
                0
            } else if across > down {
                1
            } else {
                2
            }
        } else if d.0 <= 2 * d.1 {
            0
        } else if right > left {
            3
        } else {
            4
        };
        let octave = (i64::from((2 * step * step).ilog2() / 2) - 4).clamp(0, 7);
        let class = ((octave * 7 + activity) * 5 + direction) as usize;
        let taps = [(1, 0), (0, 1), (1, 1), (-1, 1), (2, 0), (0, 2), (2, 1), (-2, 1), (1, 2), (-1, 2)];
        for plane in 0..planes.len() {
            let weights = &bytes[(plane.min(1) * CLASSES + class) * FEATURES..][..FEATURES];
            for (x, y) in (0..16).map(|i| (4 * gx + i % 4, 4 * gy + i / 4)) {
                let own = at(plane, x, y);
                let mut sum = 512;
                for (tap, (dx, dy)) in taps.into_iter().enumerate() {
                    let (a, b) = (at(plane, x + dx, y + dy) - own, at(plane, x - dx, y - dy) - own);
                    for (limit, shift) in [(10, 4), (32, 3), (128, 2)] {
                        let limit = ((limit * step) >> 6).min(32_767);
                        let kind = 4 - shift;
                        let weight = i64::from(weights[3 * tap + kind] as i8) << shift;
                        sum += weight * (a.clamp(-limit, limit) + b.clamp(-limit, limit));
                    }
                }
                let mended = (own + (sum >> 10)).clamp(-8191, 8191) as i16;
                planes[plane].row_mut(y as usize)[x as usize] = mended;
            }
        }
    }
}

#[test]
fn every_level_is_like_the_twin() {
    let filter = random_filter();
    for (count, width, height, step) in
        [(3, 64, 32, 200), (1, 36, 20, 40), (3, 16, 16, 2000), (3, 4, 4, 65_535)]
    {
        for reach in [40, 600, 5000] {
            let source = planes(count, width, height, reach);
            let cells = cells(width, height);
            let mut expected = source.clone();
            slow_twin(&filter, &mut expected, &cells, step);
            assert!(expected != source);
            for level in levels() {
                let mut made = source.clone();
                filter.run_everywhere(level, &mut made, &Blocks { cells: &cells, step });
                assert!(made == expected, "{count} {width} {height} {step} {reach} {level:?}");
            }
        }
    }
}

#[test]
fn bytes_come_back_and_others_are_refused() {
    let filter = random_filter();
    let bytes = filter.to_bytes();
    assert!(Filter::from_bytes(&bytes).unwrap() == filter);
    for len in [0, 1, Filter::LEN - 1] {
        assert!(Filter::from_bytes(&bytes[..len]).is_err());
    }
    assert!(Filter::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    let weights: Vec<f32> = (0..Filter::LEN)
        .map(|at| {
            f32::from(filter.weights(at >= Filter::LEN / 2, at / FEATURES % CLASSES)[at % FEATURES])
                / 1024.0
        })
        .collect();
    assert!(Filter::from_weights(&weights) == filter);
}

#[test]
fn switches_follow_the_smaller_error() {
    let size = (160, 80);
    let source = planes(3, size.0, size.1, 10);
    let mut plain = source.clone();
    let mut filtered = source.clone();
    // Luma's second square is nearer when filtered, the colours' first one.
    for y in 0..size.1 {
        plain[0].row_mut(y)[64..128].iter_mut().for_each(|v| *v += 9);
        filtered[0].row_mut(y)[..64].iter_mut().for_each(|v| *v += 9);
        plain[2].row_mut(y)[..64].iter_mut().for_each(|v| *v += 9);
    }
    let [luma, chroma] = chosen(&source, &plain, &filtered);
    let parts = |switches: &super::Switches| switches.on_in_row(70, 160).collect::<Vec<_>>();
    assert_eq!((parts(&luma), parts(&chroma)), (vec![(64, 64)], vec![(0, 64)]));
    assert!(luma.any_in_row(3) && !super::Switches::all(false, size).any_in_row(3));
    let all: Vec<_> = super::Switches::all(true, size).on_in_row(0, 160).collect();
    assert_eq!(all, [(0, 64), (64, 64), (128, 32)]);
}

#[test]
fn groups_see_steps_and_directions() {
    let plane = |value: fn(usize, usize) -> i16| {
        let samples = (0..32 * 32).map(|i| value(i % 32, i / 32)).collect();
        Padded::of_plane(&Plane::from_vec(32, 32, samples).unwrap())
    };
    let cells = Plane::from_vec(4, 4, vec![Cell::default(); 16]).unwrap();
    let blocks = Blocks { cells: &cells, step: 100 };
    let middle = |luma: &Padded| Groups::of_luma(Level::new(), luma, &blocks).list[8 * 4 + 4];
    let flat = middle(&plane(|_, _| 70));
    let across = middle(&plane(|x, _| x as i16 * 90));
    let down = middle(&plane(|_, y| y as i16 * 90));
    let diagonal = middle(&plane(|x, y| (x + y) as i16 * 90));
    assert_eq!(flat, (((3 * 7) * 5) as u16, 100));
    let direction = |(class, _): (u16, i32)| class % 5;
    assert_eq!([across, down, diagonal].map(direction), [1, 2, 3]);
    assert!(across.0 / 5 > flat.0 / 5);
}

//! Levels against each other and against a plain twin, switches, hostile bytes.

use super::{Blocks, CHANNELS, Filter, HIDDEN, INPUTS, MIDDLE, OUTPUTS, chosen, step_input};
use tintype_block::Cell;
use tintype_image::{Level, Plane};

struct Random(u64);

impl Random {
    fn within(&mut self, max: i32) -> i32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % (2 * max as u64 + 1)) as i32 - max
    }
}

/// The bytes of a filter with random weights.
pub(crate) fn random_filter(blocks: u8) -> Vec<u8> {
    let mut random = Random(3);
    let mut out = vec![blocks];
    let mut layer = |inputs: usize, outputs: usize, shift: u8| {
        out.extend(vec![shift; outputs]);
        (0..outputs).for_each(|_| out.extend(random.within(50_000).to_le_bytes()));
        let most = 16_000 / inputs as i32;
        (0..inputs * outputs).for_each(|_| out.extend((random.within(most) as i16).to_le_bytes()));
    };
    layer(9 * INPUTS, CHANNELS, 10);
    for _ in 0..blocks {
        layer(9, CHANNELS, 12);
        layer(CHANNELS, HIDDEN, 11);
        layer(HIDDEN, CHANNELS, 12);
    }
    layer(CHANNELS, OUTPUTS, 11);
    out
}

/// A filter that adds `by` 4096ths of the step to luma, whatever it reads.
pub(crate) fn constant_filter(by: i32) -> Filter {
    let mut bytes = random_filter(1);
    let last = bytes.len() - (5 + 2 * CHANNELS) * OUTPUTS;
    bytes[last..].fill(0);
    for output in [0, 3, 6, 9] {
        bytes[last + OUTPUTS + 4 * output..][..4].copy_from_slice(&by.to_le_bytes());
    }
    Filter::from_bytes(&bytes).unwrap()
}

fn planes(count: usize, width: usize, height: usize) -> Vec<Plane<i16>> {
    let mut random = Random(9);
    let mut plane = |middle: i32| {
        let samples = (0..width * height).map(|_| (middle + random.within(2000)) as i16).collect();
        Plane::from_vec(width, height, samples).unwrap()
    };
    (0..count).map(|index| plane(if index == 0 { MIDDLE.into() } else { 0 })).collect()
}

/// Cells of blocks of 8, 16 and 32 with different steps and energies.
pub(crate) fn cells(width: usize, height: usize) -> Plane<Cell> {
    let mut cells = Plane::new(width.div_ceil(8), height.div_ceil(8));
    for y in 0..cells.height() {
        for (x, cell) in cells.row_mut(y).iter_mut().enumerate() {
            let side = [8, 16, 32][(x / 4 + y / 4) % 3];
            *cell = Cell { side, step: (x + y) as i8 % 5 - 2, energy: (x * y) as u8, ..Cell::default() };
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

/// One layer at one position: `inputs` are its values.
fn plain(shift: &[u32], bias: &[i32], weights: &[i16], inputs: &[i16], floor: i64) -> Vec<i16> {
    let rows = weights.chunks_exact(inputs.len());
    let sums = rows.zip(bias).zip(shift).map(|((row, &bias), &shift)| {
        let sum: i64 = row.iter().zip(inputs).map(|(w, v)| i64::from(*w) * i64::from(*v)).sum();
        ((sum + i64::from(bias)) >> shift).clamp(floor, 32_767) as i16
    });
    sums.collect()
}

/// The filter as docs/format/photo.md says it, position by position.
fn slow_twin(filter: &Filter, planes: &mut [Plane<i16>], cells: &Plane<Cell>, step: u16) {
    let (w, h) = (planes[0].width() / 2, planes[0].height() / 2);
    let near = |map: &[Vec<i16>], x: usize, y: usize| -> Vec<Vec<i16>> {
        let places = (0..9).map(|t| ((x + t % 3).clamp(1, w) - 1, (y + t / 3).clamp(1, h) - 1));
        places.map(|(x, y)| map[y * w + x].clone()).collect()
    };
    let places: Vec<_> = (0..w * h).map(|i| (i % w, i / w)).collect();
    let inputs: Vec<Vec<i16>> = places
        .iter()
        .map(|&(x, y)| {
            let mut values = vec![0; INPUTS];
            for k in 0..4 {
                for (index, plane) in planes.iter().enumerate() {
                    let middle = if index == 0 { MIDDLE } else { 0 };
                    values[3 * k + index] = plane.row(2 * y + k / 2)[2 * x + k % 2] - middle;
                }
            }
            let cell = cells.row(y / 4)[x / 4];
            let side = usize::from(cell.side) / 2;
            values[12] = step_input(step) + 64 * i16::from(cell.step);
            values[13] = if [0, side - 1].contains(&(x % side)) { 512 } else { 0 };
            values[14] = if [0, side - 1].contains(&(y % side)) { 512 } else { 0 };
            let sum = f64::from(cell.energy);
            let class = if sum < 2.0 { sum } else { ((sum - 0.5).log2().floor() + 2.0).min(8.0) };
            values[15] = 128 * class as i16;
            values
        })
        .collect();
    let layer = |l: &tintype_nn::Pointwise, values: &[i16]| {
        let floor = if l.rectified() { 0 } else { -32_768 };
        plain(l.shift(), l.bias(), &l.weights(), values, floor)
    };
    let mut map: Vec<_> =
        places.iter().map(|&(x, y)| layer(&filter.first, &near(&inputs, x, y).concat())).collect();
    for block in &filter.blocks {
        let depthwise = &block.depthwise;
        let made = places.iter().map(|&(x, y)| {
            let near = near(&map, x, y);
            let spread: Vec<i16> = (0..CHANNELS)
                .flat_map(|c| {
                    let inputs: Vec<i16> = near.iter().map(|values| values[c]).collect();
                    let weights = &depthwise.weights()[9 * c..][..9];
                    plain(&depthwise.shift()[c..=c], &depthwise.bias()[c..=c], weights, &inputs, -32_768)
                })
                .collect();
            let by = layer(&block.narrow, &layer(&block.widen, &spread));
            map[y * w + x].iter().zip(by).map(|(v, by)| v.saturating_add(by)).collect()
        });
        map = made.collect();
    }
    for (&(x, y), values) in places.iter().zip(&map) {
        let outputs = layer(&filter.last, values);
        for k in 0..4 {
            for (index, plane) in planes.iter_mut().enumerate() {
                let sample = &mut plane.row_mut(2 * y + k / 2)[2 * x + k % 2];
                let by = (i32::from(outputs[3 * k + index]) * i32::from(step) + 2048) >> 12;
                *sample = (i32::from(*sample) + by).clamp(-8191, 8191) as i16;
            }
        }
    }
}

#[test]
fn every_level_gives_what_the_slow_twin_gives() {
    let filter = Filter::from_bytes(&random_filter(2)).unwrap();
    for (count, width, height) in [(3, 48, 16), (1, 16, 32), (3, 2, 2)] {
        let source = planes(count, width, height);
        let mut expected = source.clone();
        let cells = cells(width, height);
        slow_twin(&filter, &mut expected, &cells, 300);
        assert!(expected != source);
        for level in levels() {
            let mut made = source.clone();
            filter.run_everywhere(level, &mut made, &Blocks { cells: &cells, step: 300 });
            assert!(made == expected, "{count} planes of {width} × {height}, {level:?}");
        }
    }
}

#[test]
fn squares_that_are_off_stay_as_they_are() {
    let filter = Filter::from_bytes(&random_filter(1)).unwrap();
    let plain = planes(3, 144, 80);
    let size = (144, 80);
    let mut made = plain.clone();
    let cells = cells(144, 80);
    let blocks = Blocks { cells: &cells, step: 300 };
    filter.run_everywhere(Level::new(), &mut made, &blocks);
    // A source that is the filtered picture on the left and the plain one from column 64 on.
    let mut source = made.clone();
    for (source, plain) in source.iter_mut().zip(&plain) {
        for y in 0..size.1 {
            source.row_mut(y)[64..].copy_from_slice(&plain.row(y)[64..]);
        }
    }
    let switches = chosen(&source, &plain, &made);
    assert!(switches.is_on(0, 0) && switches.is_on(63, 79) && !switches.is_on(64, 0));
    let mut mixed = plain.clone();
    filter.run(Level::new(), &mut mixed, &blocks, &switches);
    assert!(mixed == source);
    assert!(!chosen(&plain, &plain, &made).any());
}

#[test]
fn damaged_filters_are_refused() {
    let bytes = random_filter(1);
    assert_eq!(Filter::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    for len in (0..bytes.len()).step_by(97) {
        assert!(Filter::from_bytes(&bytes[..len]).is_err(), "{len}");
    }
    assert!(Filter::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    for blocks in [0, 9, 255] {
        let mut changed = bytes.clone();
        changed[0] = blocks;
        assert!(Filter::from_bytes(&changed).is_err());
    }
    let mut shifted = bytes.clone();
    shifted[1] = 32;
    assert!(Filter::from_bytes(&shifted).is_err());
    let mut large = bytes;
    large[1 + 5 * CHANNELS..][..2 * 9 * INPUTS].fill(0x7F);
    assert!(Filter::from_bytes(&large).is_err());
}

#[test]
fn the_step_is_a_logarithm() {
    assert_eq!([64, 96, 128, 1264].map(step_input), [-256, -128, 0, 828]);
}

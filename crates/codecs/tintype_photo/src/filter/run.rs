//! A tile through the filter, row by row.
//!
//! A position is 2×2 samples. Every layer keeps its last three rows, so that memory does not
//! grow with the height and a row is still in the cache when the next layer reads it. Beyond
//! the tile's edge each layer repeats its nearest position: a tile needs nothing of its
//! neighbours. Bit-exact.

use super::{CHANNELS, Filter, HIDDEN, INPUTS, MIDDLE, OUTPUT_SHIFT, OUTPUTS, Switches, side_inputs};
use tintype_block::{Cell, INTERNAL_MAX};
use tintype_image::{Level, Plane};

/// What the filter knows of a tile's blocks.
#[derive(Clone, Copy, Debug)]
pub struct Blocks<'a> {
    /// Luma's cells.
    pub cells: &'a Plane<Cell>,
    /// Luma's step, internal units.
    pub step: u16,
}

/// The last three rows of a layer's results, each with one position more on either side.
struct Rows {
    rows: [Vec<i16>; 3],
    channels: usize,
}

impl Rows {
    fn new(width: usize, channels: usize) -> Self {
        Self { rows: std::array::from_fn(|_| vec![0; (width + 2) * channels]), channels }
    }

    /// Row `y` without the positions beyond the edge, to write to.
    fn inner_mut(&mut self, y: usize) -> &mut [i16] {
        let row = &mut self.rows[y % 3];
        let end = row.len() - self.channels;
        &mut row[self.channels..end]
    }

    /// Repeats the first and the last position of row `y`.
    fn repeat_edges(&mut self, y: usize) {
        let (row, by) = (&mut self.rows[y % 3], self.channels);
        let end = row.len();
        row.copy_within(by..2 * by, 0);
        row.copy_within(end - 2 * by..end - by, end - by);
    }

    /// Rows `y - 1`, `y` and `y + 1` of `height`.
    fn around(&self, y: usize, height: usize) -> [&[i16]; 3] {
        [y.saturating_sub(1), y, (y + 1).min(height - 1)].map(|y| &self.rows[y % 3][..])
    }
}

impl Filter {
    /// As `run` with all switches on, for planes of an even size.
    pub fn run_everywhere(&self, level: Level, planes: &mut [Plane<i16>], blocks: &Blocks<'_>) {
        let size = (planes[0].width(), planes[0].height());
        self.run(level, planes, blocks, &Switches::all(true, size));
    }

    /// Adds to `planes` (luma, or luma and two colour differences, all of one even size) what
    /// the network gives where `switches` are on.
    pub(crate) fn run(
        &self,
        level: Level,
        planes: &mut [Plane<i16>],
        blocks: &Blocks<'_>,
        switches: &Switches,
    ) {
        let Blocks { cells, step } = *blocks;
        let (width, height) = (planes[0].width() / 2, planes[0].height() / 2);
        let mut inputs = Rows::new(width, INPUTS);
        let mut maps: Vec<Rows> = (0..=self.blocks.len()).map(|_| Rows::new(width, CHANNELS)).collect();
        let mut patches = vec![0; width * 9 * INPUTS];
        let mut hidden = vec![0; width * HIDDEN];
        let mut spread = vec![0; width * CHANNELS];
        let mut corrections = vec![0; width * OUTPUTS];
        // Layer `s` is `s` rows behind the input, which it reads one row ahead.
        for time in 0..height + maps.len() {
            if time < height {
                gather(planes, time, inputs.inner_mut(time));
                let positions = inputs.inner_mut(time).as_chunks_mut::<INPUTS>().0;
                for (values, side) in positions.iter_mut().zip(side_inputs(cells, step, time)) {
                    values[OUTPUTS..].copy_from_slice(&side);
                }
                inputs.repeat_edges(time);
            }
            for layer in 0..maps.len() {
                let Some(y) = time.checked_sub(layer + 1).filter(|&y| y < height) else { continue };
                if layer == 0 {
                    three_by_three(inputs.around(y, height), &mut patches);
                    self.first.run_rows(level, &patches, maps[0].inner_mut(y));
                    maps[0].repeat_edges(y);
                    continue;
                }
                let block = &self.blocks[layer - 1];
                let (before, after) = maps.split_at_mut(layer);
                let around = before[layer - 1].around(y, height);
                block.depthwise.run_row(level, around, &mut spread).expect("rows of one width");
                block.widen.run_rows(level, &spread, &mut hidden);
                let out = after[0].inner_mut(y);
                block.narrow.run_rows(level, &hidden, out);
                for (o, &v) in out.iter_mut().zip(&around[1][CHANNELS..]) {
                    *o = o.saturating_add(v);
                }
                after[0].repeat_edges(y);
            }
            let last = maps.len() - 1;
            if let Some(y) = time.checked_sub(last + 1) {
                self.last.run_rows(level, maps[last].inner_mut(y), &mut corrections);
                correct(planes, y, step, &corrections, switches);
            }
        }
    }
}

/// The samples of row `y` of positions.
fn gather(planes: &[Plane<i16>], y: usize, out: &mut [i16]) {
    for (index, plane) in planes.iter().enumerate() {
        let middle = if index == 0 { MIDDLE } else { 0 };
        for half in 0..2 {
            let pairs = plane.row(2 * y + half).as_chunks::<2>().0;
            for (values, pair) in out.as_chunks_mut::<INPUTS>().0.iter_mut().zip(pairs) {
                values[6 * half + index] = pair[0] - middle;
                values[6 * half + 3 + index] = pair[1] - middle;
            }
        }
    }
}

/// The nine positions around each, row, column, input.
fn three_by_three(rows: [&[i16]; 3], out: &mut [i16]) {
    for (x, patch) in out.as_chunks_mut::<{ 9 * INPUTS }>().0.iter_mut().enumerate() {
        for (part, row) in patch.as_chunks_mut::<{ 3 * INPUTS }>().0.iter_mut().zip(rows) {
            part.copy_from_slice(&row[x * INPUTS..][..3 * INPUTS]);
        }
    }
}

/// Adds row `y` of corrections.
fn correct(planes: &mut [Plane<i16>], y: usize, step: u16, corrections: &[i16], switches: &Switches) {
    const HALF: i32 = 1 << (OUTPUT_SHIFT - 1);
    let max = i32::from(INTERNAL_MAX);
    for (index, plane) in planes.iter_mut().enumerate() {
        for half in 0..2 {
            let pairs = plane.row_mut(2 * y + half).as_chunks_mut::<2>().0;
            for (x, (pair, values)) in
                pairs.iter_mut().zip(corrections.as_chunks::<OUTPUTS>().0).enumerate()
            {
                if !switches.is_on(2 * x, 2 * y) {
                    continue;
                }
                for (sample, at) in pair.iter_mut().zip([6 * half + index, 6 * half + 3 + index]) {
                    let by = (i32::from(values[at]) * i32::from(step) + HALF) >> OUTPUT_SHIFT;
                    *sample = (i32::from(*sample) + by).clamp(-max, max) as i16;
                }
            }
        }
    }
}

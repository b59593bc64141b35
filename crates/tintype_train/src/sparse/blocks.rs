//! Blocks and their borders, as the `sparse` codec will see them.

use crate::random::Random;
use tintype_block::{Cell, PlaneState};
use tintype_image::Plane;
use tintype_sparse::BORDER_INPUTS;
use tintype_sparse::fitting::{CodedPlane, GRID_SIDES, SIDES, block_border, half_grid};

/// One picture: its planes, and the same as a decoder would have them.
#[derive(Clone, Debug)]
pub struct Source {
    /// Internal planes.
    pub planes: Vec<Plane<i16>>,
    /// What borders are taken from.
    pub borders: Vec<PlaneState>,
}

impl Source {
    /// Borders from the original samples.
    pub fn of_original(planes: Vec<Plane<i16>>, plans: &[CodedPlane]) -> Self {
        let borders = planes.iter().zip(plans).map(|(plane, plan)| {
            let mut state = PlaneState::new((plane.width(), plane.height()), plan.kind);
            state.samples = plane.clone();
            for y in 0..state.cells.height() {
                state.cells.row_mut(y).fill(Cell { side: 8, ..Cell::default() });
            }
            state
        });
        let borders = borders.collect();
        Self { planes, borders }
    }
}

/// Blocks of one set on their grid, in 8-bit units, the border's mean taken off.
#[derive(Clone, Debug)]
pub struct BlockSet {
    /// Values of one block.
    pub cells: usize,
    /// `count × BORDER_INPUTS`.
    pub borders: Vec<f32>,
    /// `count × cells`.
    pub blocks: Vec<f32>,
}

impl BlockSet {
    /// Number of blocks.
    pub fn count(&self) -> usize {
        self.blocks.len() / self.cells
    }

    /// Draws up to `count` blocks of set `set`, nearly flat ones passed over.
    pub fn draw(sources: &[Source], set: usize, count: usize, seed: u64) -> Self {
        let (size, chroma) = (set % 3, set >= 3);
        let (side, cells) = (SIDES[size], GRID_SIDES[size] * GRID_SIDES[size]);
        let mut random = Random::new(seed);
        let mut out = Self { cells, borders: Vec::new(), blocks: Vec::new() };
        for _ in 0..count * 2 {
            if out.count() == count || sources.is_empty() {
                break;
            }
            let source = &sources[random.below(sources.len())];
            let fitting: Vec<usize> =
                (0..source.planes.len()).filter(|&i| source.borders[i].kind.chroma == chroma).collect();
            if fitting.is_empty() {
                continue;
            }
            let index = fitting[random.below(fitting.len())];
            let (plane, state) = (&source.planes[index], &source.borders[index]);
            let (across, down) = (plane.width() / 8, plane.height() / 8);
            if across < side / 8 || down < side / 8 {
                continue;
            }
            let (x, y) =
                (8 * random.below(across + 1 - side / 8), 8 * random.below(down + 1 - side / 8));
            out.add(plane, state, x, y, side, if chroma { 2.0 } else { 12.0 });
        }
        out
    }

    fn add(
        &mut self,
        plane: &Plane<i16>,
        state: &PlaneState,
        x: usize,
        y: usize,
        side: usize,
        variance_min: f32,
    ) {
        let border = block_border(state, (x, y), side);
        let sample = |v: &i16| (i32::from(*v) - border.mean) as f32 / 16.0;
        let mut block: Vec<f32> =
            (0..side).flat_map(|r| plane.row(y + r)[x..][..side].iter().map(sample)).collect();
        if side * side != self.cells {
            block = half_grid(&block, side);
        }
        let mean = block.iter().sum::<f32>() / block.len() as f32;
        let variance = block.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / block.len() as f32;
        if variance >= variance_min {
            self.borders.extend(border.inputs.iter().map(|&v| v as f32 / 16.0));
            debug_assert_eq!(border.inputs.len(), BORDER_INPUTS);
            self.blocks.extend(block);
        }
    }
}

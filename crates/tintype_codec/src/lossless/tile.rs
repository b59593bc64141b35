//! One tile: which way it is coded, in which order its planes, and the planes themselves.

use super::grid::Grid;
use super::walk::PlaneWalk;
use tintype_entropy::BitWalk;

/// A plane's part of a tile.
#[derive(Clone, Debug)]
pub(super) struct TilePlane {
    /// Samples in `0..2^bits`.
    pub grid: Grid,
    pub bits: u32,
}

/// All planes' parts of a tile; some may be of another size than the rest.
#[derive(Clone, Debug)]
pub(super) struct Tile {
    pub planes: Vec<TilePlane>,
}

/// What the encoder decided on; the decoder's are read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TileSettings {
    /// Which walk: 0 the default one.
    pub kind: u32,
}

impl Tile {
    /// Settings for `effort`, 1 to 9.
    pub fn choose(&self, effort: u8) -> TileSettings {
        let _ = effort;
        TileSettings { kind: 0 }
    }

    /// Codes the tile; samples and settings matter only when writing.
    pub fn walk<W: BitWalk>(&mut self, walk: &mut W, settings: TileSettings) {
        let _kind = walk.bits(settings.kind, 3);
        let mut residuals: Vec<Grid> = Vec::new();
        let order = order(self.planes.len());
        for (place, &index) in order.iter().enumerate() {
            let size = (self.planes[index].grid.width, self.planes[index].grid.height);
            let same = |&k: &usize| (self.planes[order[k]].grid.width, self.planes[order[k]].grid.height) == size;
            // The two planes coded last, of this size.
            let references: Vec<usize> = (0..place).rev().filter(same).take(2).collect();
            let mut plane = std::mem::replace(&mut self.planes[index].grid, Grid::new(1, 1, 0));
            let samples: Vec<&Grid> = references.iter().map(|&k| &self.planes[order[k]].grid).collect();
            let errors: Vec<&Grid> = references.iter().map(|&k| &residuals[k]).collect();
            let coded = PlaneWalk::new(self.planes[index].bits, samples, errors).run(walk, &mut plane);
            residuals.push(coded);
            self.planes[index].grid = plane;
        }
    }
}

/// The order in which planes are coded: of the first three, the second first; it tells most of the other two.
fn order(planes: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..planes).collect();
    if planes >= 3 {
        order.swap(0, 1);
    }
    order
}

//! One tile: which way it is coded, in which order its planes, and the planes themselves.

use super::dense::DenseWalk;
use super::grid::Grid;
use super::quick;
use super::remap::Remap;
use super::screen::{PLANES_MAX, ScreenWalk};
use super::walk::{Model, PlaneWalk};
use tintype_codec::CodecError;
use tintype_entropy::FrequencyWalk;
use tintype_image::Level;

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

/// Which walk codes a tile; the number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The default one, see `walk`.
    Blend = 0,
    /// The one that mixes most, see `dense`.
    Dense = 1,
    /// Whole colours, see `screen`.
    Screen = 2,
    /// One prediction and one context, see `quick`.
    Quick = 3,
}

/// Bits that [`Kind`] takes.
const KIND_BITS: u32 = 3;

impl Tile {
    /// Whether pixels are colours of a few planes of one size.
    pub fn has_colours(&self) -> bool {
        let first = &self.planes[0].grid;
        let same = |p: &TilePlane| (p.grid.width, p.grid.height) == (first.width, first.height);
        self.planes.len() <= PLANES_MAX && self.planes.iter().all(same)
    }

    /// Codes the tile; samples and kind matter only when writing.
    ///
    /// # Errors
    /// `Malformed` for a kind that does not exist or does not fit the planes.
    pub fn walk<W: FrequencyWalk>(
        &mut self,
        walk: &mut W,
        kind: Kind,
        level: Level,
    ) -> Result<(), CodecError> {
        match walk.bits(kind as u32, KIND_BITS) {
            0 => self.walk_planes(walk, Kind::Blend, level)?,
            1 => self.walk_planes(walk, Kind::Dense, level)?,
            3 => self.walk_planes(walk, Kind::Quick, level)?,
            2 if self.has_colours() => self.walk_colours(walk, level),
            kind => {
                return Err(CodecError::Malformed {
                    what: format!("tile of kind {kind}"),
                    at: None,
                });
            }
        }
        Ok(())
    }

    fn walk_colours<W: FrequencyWalk>(&mut self, walk: &mut W, level: Level) {
        let mut grids: Vec<Grid> =
            self.planes.iter_mut().map(|p| std::mem::take(&mut p.grid)).collect();
        let depths = self.planes.iter().map(|p| p.bits).collect();
        ScreenWalk::new(depths, grids[0].width, grids[0].width * grids[0].height)
            .run(level, walk, &mut grids);
        for (plane, grid) in self.planes.iter_mut().zip(grids) {
            plane.grid = grid;
        }
    }

    fn walk_planes<W: FrequencyWalk>(
        &mut self,
        walk: &mut W,
        kind: Kind,
        level: Level,
    ) -> Result<(), CodecError> {
        let mut remaps = Vec::with_capacity(self.planes.len());
        for plane in &mut self.planes {
            let mut remap =
                if W::READS { Remap::default() } else { Remap::find(&plane.grid, plane.bits) };
            remap.code(walk, plane.bits)?;
            if !W::READS {
                remap.pack(&mut plane.grid, plane.bits);
            }
            remaps.push(remap);
        }
        let mut residuals: Vec<Grid> = Vec::new();
        let mut models = [Model::new(), Model::new()];
        let order = order(self.planes.len());
        for (place, &index) in order.iter().enumerate() {
            let size = (self.planes[index].grid.width, self.planes[index].grid.height);
            let same = |&k: &usize| {
                (self.planes[order[k]].grid.width, self.planes[order[k]].grid.height) == size
            };
            // The two planes coded last, of this size.
            let references: Vec<usize> = (0..place).rev().filter(same).take(2).collect();
            let mut plane = std::mem::take(&mut self.planes[index].grid);
            let samples: Vec<&Grid> =
                references.iter().map(|&k| &self.planes[order[k]].grid).collect();
            let errors: Vec<&Grid> = references.iter().map(|&k| &residuals[k]).collect();
            let max = remaps[index].max(self.planes[index].bits);
            let coded = match kind {
                Kind::Dense => {
                    DenseWalk::new(level, max, size.0, samples, errors).run(walk, &mut plane)
                }
                Kind::Quick => {
                    let other = samples.last().copied().zip(errors.last().copied());
                    quick::code_plane(walk, max, other, &mut plane)
                }
                _ => {
                    let model = &mut models[usize::from(!samples.is_empty())];
                    PlaneWalk::new(model, max, samples, errors).run(level, walk, &mut plane)
                }
            };
            residuals.push(coded);
            self.planes[index].grid = plane;
        }
        for (plane, remap) in self.planes.iter_mut().zip(&remaps) {
            remap.unpack(&mut plane.grid);
        }
        Ok(())
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
